"""The digits study, really run through Slurm: the same results, and what ran where."""

import json
from itertools import pairwise

import pytest

from ecosobriety.records.record import RunRecord, read_record
from ecosobriety.tables import read_table
from workflow.conftest import copy_workflow

from .cluster import CPUS, NODES
from .conftest import said, start

DIGITS = ("--configfile", "config/digits.yaml")


@pytest.fixture(scope="module")
def through_slurm(cluster, tmp_path_factory):
    study = copy_workflow(tmp_path_factory.mktemp("slurm"))
    process = start(cluster, study, *DIGITS)
    assert process.wait(timeout=420) == 0, said(study)
    return study


@pytest.fixture(scope="module")
def on_workstation(cluster, tmp_path_factory):
    """The same trainings by `--cores 2`; the cluster is asked for so that both skip together."""
    study = copy_workflow(tmp_path_factory.mktemp("workstation"))
    study.snakemake("--cores", str(CPUS), "--", "results/digits/tables/runs.csv")
    return study


def records(study) -> list[RunRecord]:
    return [read_record(path) for path in sorted(study.results("runs").rglob("*.json"))]


def test_its_results_are_those_of_a_workstation_to_the_last_digit(through_slurm, on_workstation):
    scores = ["n_train", "seed", "epochs", "steps", "test_accuracy", "test_loss", "threads"]
    expected, found = (
        read_table("runs", study.results("tables/runs.csv"))[scores]
        for study in (on_workstation, through_slurm)
    )
    assert len(found) == 9
    assert found.to_dict("list") == expected.to_dict("list")


def test_the_report_is_built(through_slurm):
    assert (through_slurm.folder / "reports/digits/report.html").stat().st_size > 100_000


def test_only_trainings_became_jobs_each_once(cluster, through_slurm):
    jobs = [j for j in cluster.jobs().values() if j["folder"] == str(through_slurm.folder)]
    sizes = sorted({record.n_train for record in records(through_slurm)})
    wanted = [f"rule_train_model_wildcards_digits_mlp_{size}" for size in sizes]
    assert sorted(job["comment"] for job in jobs) == sorted(wanted)
    assert {job["state"] for job in jobs} == {"COMPLETED"}


def test_both_nodes_take_part_and_each_record_names_its_own(cluster, through_slurm):
    jobs = cluster.jobs()
    for record in records(through_slurm):
        job = jobs[record.job["slurm_job_id"]]
        assert record.job["node"] == job["node"]
        assert f"_{record.n_train}" in job["comment"]
        assert record.job["slurm_cpus_on_node"] == str(CPUS)
        assert record.threads == CPUS
    assert {record.job["node"] for record in records(through_slurm)} == set(NODES)


def test_a_training_has_its_node_for_itself(cluster, through_slurm):
    """By Slurm's own log of what ran where and when."""
    log = (cluster.folder / "log/jobcomp.log").read_text().splitlines()
    fields = [dict(part.split("=", 1) for part in line.split() if "=" in part) for line in log]
    ours = [job for job in fields if job["WorkDir"] == str(through_slurm.folder)]
    assert len(ours) == 3
    assert {job["ProcCnt"] for job in ours} == {str(CPUS)}
    for node in NODES:
        here = sorted((job["StartTime"], job["EndTime"]) for job in ours if job["NodeList"] == node)
        assert all(ended <= started for (_, ended), (started, _) in pairwise(here))


def test_windows_on_one_machine_never_overlap_though_it_stands_for_two_nodes(through_slurm):
    windows = sorted((record.started_at, record.ended_at) for record in records(through_slurm))
    assert all(ended <= started for (_, ended), (started, _) in pairwise(windows))


def test_every_training_has_one_attempt_that_names_its_job(through_slurm):
    for record in records(through_slurm):
        folder = f"digits/mlp/n{record.n_train}/seed{record.seed}"
        (attempt,) = (through_slurm.results("attempts") / folder).glob("*.json")
        entry = json.loads(attempt.read_text())
        assert entry["status"] == "complete"
        assert entry["slurm_job_id"] == record.job["slurm_job_id"]


def test_run_again_it_has_nothing_to_do(cluster, through_slurm):
    before = cluster.jobs()
    assert start(cluster, through_slurm, *DIGITS).wait(timeout=120) == 0
    assert "Nothing to be done" in said(through_slurm)
    assert cluster.jobs().keys() == before.keys()
