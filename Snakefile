# Ecosobriety: how little training data gives the same accuracy, and what that saves.
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.utils import min_version

min_version("9.0")

sys.path.insert(0, str(Path(workflow.basedir) / "scripts"))


# A study's file stands alone: it replaces the default one, it is not laid over it.
if not workflow.overwrite_configfiles:

    configfile: "config/config.yaml"


include: "workflow/rules/common.smk"


if workflow.is_main_process and not workflow.dryrun:
    running = lock_folder()


localrules:
    all,
    # The nodes of a cluster seldom reach the network.
    prepare_countries,
    refresh,
    refresh_countries,


wildcard_constraints:
    dataset=r"[a-z0-9][a-z0-9_-]*",
    model=r"[A-Za-z0-9][A-Za-z0-9_-]*",
    n_train=r"\d+",
    seed=r"\d+",
    figure="|".join(FIGURES),
    language=r"[a-z]{2}",


include: "workflow/rules/prepare.smk"
include: "workflow/rules/countries.smk"
include: "workflow/rules/train.smk"
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
