# Which finished studies `snakemake compare` puts side by side.
from ecosobriety.languages import COMPARISON_FILES

# A name has no `+`.
COMPARISON = f"reports/compare/{'+'.join(COMPARED or [STUDY])}"


def compared_digests(_=None):
    """That all that are compared have their results, and of which content these are."""
    # Every job parses this, and only a comparison needs it.
    from ecosobriety import studies as compared_studies

    try:
        names = compared_studies.names_to_compare(*ASKED_TO_COMPARE)
        return compared_studies.require_finished(names, Path("results"), Path("config"))
    except EcosobrietyError as error:
        raise WorkflowError(str(error))


if workflow.is_main_process and workflow.config_settings.config.get("studies"):
    # Asked for now: here an error is one sentence, and a job's would say where it was raised too.
    try:
        compared_digests()
    except WorkflowError as error:
        sys.exit(f"error: {error}")
