"""A study that grows, through Slurm: the same decisions as on a workstation."""

import pytest

from workflow.conftest import copy_workflow

from .cluster import CPUS
from .conftest import said, start

CONFIG = "config/sober.yaml"
STUDY = """\
study: sober
dataset: {name: digits}
models: [{name: linear}]
grid: {countries: [FRA], sources: [hydro]}
plan: {mode: sober, seeds: [1, 2]}
training: {epochs: 3, accelerator: cpu, process: size}
analysis: {margin: 0.03}
"""
ANSWER = "results/sober/recommendation.json"


@pytest.fixture(scope="module")
def studies(cluster, tmp_path_factory):
    """The study through Slurm, and on a workstation."""
    found = {}
    for name in ("slurm", "workstation"):
        found[name] = copy_workflow(tmp_path_factory.mktemp(name))
        (found[name].folder / CONFIG).write_text(STUDY)
    process = start(cluster, found["slurm"], "--configfile", CONFIG, "--", ANSWER)
    assert process.wait(timeout=420) == 0, said(found["slurm"])
    found["workstation"].snakemake("--cores", str(CPUS), "--", ANSWER, config=CONFIG)
    return found


def decisions(study):
    folder = study.folder / "results/sober/growth"
    return {path.name: path.read_bytes() for path in folder.rglob("n*.json")}


def test_it_decides_as_on_a_workstation_to_the_last_digit(studies):
    assert decisions(studies["slurm"]) == decisions(studies["workstation"])
    assert "n512.json" in decisions(studies["slurm"])


def test_only_trainings_became_jobs_and_no_more_than_it_grew(cluster, studies):
    study = studies["slurm"]
    jobs = [job for job in cluster.jobs().values() if job["folder"] == str(study.folder)]
    sizes = {path.parent.name[1:] for path in study.folder.glob("results/sober/runs/*/*/n*/*.json")}
    wanted = [f"rule_train_model_wildcards_digits_linear_{size}" for size in sizes]
    assert sorted(job["comment"] for job in jobs) == sorted(wanted)
