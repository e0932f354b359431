# The steps are in workflow/Snakefile, where the workflow catalogue and modules look for them.
include: "workflow/Snakefile"


# An included file does not decide it.
workflow.default_target = "all"
