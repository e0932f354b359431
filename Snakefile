# Ecosobriety: how little training data gives the same accuracy, and what that saves.
import gc
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.utils import min_version

min_version("9.0")

# The plan of ten thousand jobs is millions of objects that all stay: the collector's usual pace
# searches them in vain, for a tenth of the time that planning takes.
gc.set_threshold(100_000, 50, 100)

sys.path.insert(0, str(Path(workflow.basedir) / "scripts"))


# A study's file stands alone: it replaces the default one, it is not laid over it.
if not workflow.overwrite_configfiles:
    # Ours first: Snakemake's reader runs Python where a file says so.
    from ecosobriety import study_files
    from ecosobriety.errors import ConfigError

    try:
        study_files.read(Path("config/config.yaml"))
    except ConfigError as error:
        sys.exit(f"error: {error}")

    configfile: "config/config.yaml"


include: "workflow/rules/common.smk"


if workflow.is_main_process and not workflow.dryrun:
    running = lock_folder()


onstart:
    # The lock says that no other run is at work here: what still is, has lost its run.
    if workflow.executor_plugin.name == "slurm":
        slurm.cancel_jobs_of(Path.cwd())


# On a cluster, only what takes long is worth a job; nor do its nodes often reach the network.
localrules:
    all,
    build_report,
    check_claims,
    collect_runs,
    compare_methods,
    derive_cell,
    derive_scenarios,
    export_study,
    fit_curves,
    plot_figures,
    prepare_countries,
    prepare_dataset,
    recommend_size,
    refresh,
    refresh_countries,
    write_provenance,


wildcard_constraints:
    dataset=r"[a-z0-9][a-z0-9_-]*",
    model=r"[A-Za-z0-9][A-Za-z0-9_-]*",
    n_train=r"\d+",
    seed=r"\d+",
    language=r"[a-z]{2}",


include: "workflow/rules/prepare.smk"
include: "workflow/rules/countries.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/tools.smk"
include: "workflow/rules/analyse.smk"
include: "workflow/rules/cell.smk"
include: "workflow/rules/plot.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/export.smk"


rule all:
    default_target: True
    input:
        reports(),
        # Named here so that one that was deleted is made again.
        [table_files(name) for name in TABLES],
