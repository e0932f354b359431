"""Open a Python prompt with the `snakemake` object of a job, to run its script by hand.

python tools/debug_script.py results/digits/recommendation.json
"""

import code
import json
import runpy
import sys
import tempfile
from pathlib import Path

from snakemake.api import (
    ConfigSettings,
    DAGSettings,
    OutputSettings,
    ResourceSettings,
    SnakemakeApi,
)
from snakemake.exceptions import RuleException, WorkflowError
from snakemake.jobs import Job
from snakemake.script import Snakemake
from snakemake.settings.enums import Quietness

HELP = """
{script} makes {output}.
`snakemake` is the object that the script gets. run() runs the script: it overwrites the output, and
the names that the script defines are then defined here."""


def study_config(output: Path) -> dict[str, object]:
    """The configuration of the finished study that an output belongs to.

    Raises:
        SystemExit: the output is none of a finished study.
    """
    # results/{study}/..., reports/{study}/...
    provenance = Path("results", *output.parts[1:2], "provenance.json")
    if len(output.parts) < 3 or not provenance.is_file():
        raise SystemExit(
            f"error: {output} belongs to no finished study here: name an output as it is written "
            "below results/ or reports/, such as results/digits/recommendation.json"
        )
    config: dict[str, object] = json.loads(provenance.read_text(encoding="utf-8"))["config"]
    return config


def plan_job(output: Path, config: dict[str, object]) -> Job:
    """The job that makes an output, as Snakemake plans it; nothing is run.

    Raises:
        SystemExit: no job makes it.
    """
    with (
        tempfile.TemporaryDirectory() as folder,
        SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api,
    ):
        # As it was used: the study's file may have changed since.
        used = Path(folder, "used.json")
        used.write_text(json.dumps(config), encoding="utf-8")
        workflow_api = api.workflow(
            ResourceSettings(cores=1),
            ConfigSettings(configfiles=[used]),
            snakefile=Path("Snakefile"),
        )
        targets = {str(output)}
        dag = workflow_api.dag(DAGSettings(targets=targets, forcerun=targets))
        try:
            dag.execute_workflow(executor="dryrun")
        except (RuleException, WorkflowError) as error:
            raise SystemExit(f"error: {output}: {error}") from error
        jobs = [job for job in workflow_api._workflow.dag.jobs if str(output) in job.output]
    if not jobs:
        raise SystemExit(f"error: no job makes {output}")
    return jobs[0]


def main(output: Path) -> None:
    """Open the prompt."""
    job = plan_job(output, study_config(output))
    script = Path("scripts", Path(job.rule.script).name)
    snakemake = Snakemake(
        job.input._plainstrings(),
        job.output._plainstrings(),
        job.params,
        job.wildcards,
        job.threads,
        job.resources,
        job.log._plainstrings(),
        job.rule.workflow.config,
        job.rule.name,
        None,
        str(script.parent.absolute()),
    )
    sys.path.insert(0, str(script.parent))
    names: dict[str, object] = {"snakemake": snakemake}

    def run() -> None:
        # As Snakemake does before a job.
        for path in (*snakemake.output, *snakemake.log):
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        names.update(runpy.run_path(str(script), init_globals=names))

    names["run"] = run
    code.interact(HELP.format(script=script, output=output), local=names, exitmsg="")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
