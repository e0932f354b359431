"""A study of a user's command through Slurm: each training is a job of its own, on its own node."""

import pytest
import yaml

from ecosobriety.records.record import read_record
from workflow.conftest import copy_workflow

from .cluster import CPUS
from .conftest import said, start

CONFIG = "config/mine.yaml"
STUDY = {
    "study": "mine",
    "dataset": {"name": "mine", "n_examples": 400},
    "models": [
        {
            "name": "forest",
            "command": "sleep 2; test -s {subset}; echo {threads} $SLURM_JOB_ID; "
            """echo '{{"accuracy": 0.9}}' > {result}""",
        }
    ],
    "grid": {"n_train": [400], "seeds": [1, 2], "countries": ["FRA"]},
}


@pytest.fixture(scope="module")
def through_slurm(cluster, tmp_path_factory):
    study = copy_workflow(tmp_path_factory.mktemp("commands"))
    (study.folder / CONFIG).write_text(yaml.safe_dump(STUDY))
    arguments = ("--configfile", CONFIG, "--", "results/mine/tables/runs.csv")
    process = start(cluster, study, *arguments)
    assert process.wait(timeout=240) == 0, said(study)
    return study


def test_each_training_is_a_job_that_measures_its_command(cluster, through_slurm):
    jobs = cluster.jobs()
    folder = through_slurm.folder / "results/mine/runs/mine/forest/n400"
    records = [read_record(folder / f"seed{seed}.json") for seed in (1, 2)]
    assert len({record.job["slurm_job_id"] for record in records}) == 2
    for record in records:
        job = jobs[record.job["slurm_job_id"]]
        assert record.job["node"] == job["node"]
        assert record.window == "process"
        assert record.train_duration_s >= 2
        assert record.threads == CPUS
        log = f"logs/mine/run_command/mine/forest/n400/seed{record.seed}.log"
        written = (through_slurm.folder / log).read_text()
        assert f"{CPUS} {record.job['slurm_job_id']}\n" in written
