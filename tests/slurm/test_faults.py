"""Whatever happens to nodes, jobs, the controller and the command: a study ends as if undisturbed.

One study goes through all of it, one fault after another, each in the middle of a training.
"""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from ecosobriety.records.record import read_record
from ecosobriety.tables import read_table
from workflow.conftest import Workflow, copy_workflow

from .cluster import CPUS, Cluster, wait_until
from .conftest import said, start

SIZES, SEEDS = [160, 200], [1, 2]
TARGET = "results/digits/tables/runs.csv"
DELAY_S = 0.2
WITHIN_S = 150.0


def slow_study(folder: Path, *, delay_s: float) -> Workflow:
    """Four trainings, of a few seconds each if there is a delay."""
    study = copy_workflow(folder)
    shutil.copy(Path(__file__).with_name("slow.py"), folder)
    network = {"name": "slow", "class_path": "slow.Slow", "init_args": {"delay_s": delay_s}}

    def change(config):
        config["models"] = [network]
        config["grid"].update(n_train=SIZES, seeds=SEEDS)
        config["training"].update(epochs=8)

    study.with_config(change)
    return study


@dataclass
class Faults:
    """What was done to a study: the ids of the Slurm jobs that it met, by the fault's name."""

    cluster: Cluster
    study: Workflow
    met: dict[str, str] = field(default_factory=dict)

    def attempts(self) -> list[dict]:
        paths = self.study.results("attempts").rglob("*.json")
        return [json.loads(path.read_text()) for path in paths]

    def job_in_training(self, fault: str, *, spent: bool = False, stopped: bool = False) -> str:
        """Wait until a job that met no fault yet trains.

        With `spent`, the ledger has its energy; with `stopped`, it gets no further.
        """

        def found() -> list[dict]:
            running = self.cluster.jobs("RUNNING")
            return [
                entry
                for entry in self.attempts()
                if entry["status"] == "running"
                and entry["slurm_job_id"] in running.keys() - self.met.values()
                and (entry["energy_kwh"] > 0 or not spent)
            ]

        # One at a time: both nodes are one machine, on which trainings are measured in turns.
        (entry,) = wait_until(found, f"a training for {fault}", WITHIN_S)
        if stopped:
            os.kill(entry["pid"], signal.SIGSTOP)
        self.met[fault] = entry["slurm_job_id"]
        return self.met[fault]

    def state(self, job: str) -> str:
        return self.cluster.jobs()[job]["state"]

    def wait_for(self, job: str, state: str) -> None:
        wait_until(lambda: self.state(job) == state, f"job {job} {state}", WITHIN_S)

    @contextmanager
    def run(self) -> Iterator[subprocess.Popen]:
        config = ("--configfile", "config/changed.yaml")
        process = start(self.cluster, self.study, *config, "--", TARGET)
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()


def node_set_down(faults: Faults) -> None:
    job = faults.job_in_training("node set down", spent=True, stopped=True)
    node = faults.cluster.jobs()[job]["node"]
    update = ("scontrol", "update", f"nodename={node}")
    faults.cluster.ask(*update, "state=down", "reason=test")
    faults.wait_for(job, "NODE_FAIL")
    faults.cluster.ask(*update, "state=resume")


def daemons_killed(faults: Faults) -> None:
    """Neither the controller's end nor the slurmd's takes the job with it."""
    job = faults.job_in_training("slurmctld and slurmd killed")
    node = faults.cluster.jobs()[job]["node"]
    faults.cluster.kill("slurmctld")
    faults.cluster.kill(f"slurmd-{node}")
    time.sleep(2)
    faults.cluster.start_controller(recover=True)
    faults.cluster.start_node(node)
    faults.wait_for(job, "COMPLETED")


def command_killed(faults: Faults, process: subprocess.Popen) -> None:
    faults.job_in_training("snakemake killed", spent=True, stopped=True)
    process.kill()
    process.wait()


def cancelled_by_hand(faults: Faults) -> None:
    job = faults.job_in_training("cancelled by hand")
    faults.cluster.ask("scancel", job)
    faults.wait_for(job, "CANCELLED")


def interrupted(faults: Faults, process: subprocess.Popen) -> None:
    faults.job_in_training("snakemake interrupted")
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=WITHIN_S) != 0
    wait_until(lambda: not faults.cluster.active(), "no job stays behind an interrupted run")


def over_its_time(faults: Faults) -> None:
    """It hangs, and its end is set to a moment from now: no limit is shorter than a minute."""
    job = faults.job_in_training("over its time limit", stopped=True)
    soon = datetime.now() + timedelta(seconds=1)
    faults.cluster.ask("scontrol", "update", f"jobid={job}", f"EndTime={soon:%Y-%m-%dT%H:%M:%S}")
    faults.wait_for(job, "TIMEOUT")


@pytest.fixture(scope="module")
def faults(cluster, tmp_path_factory):
    faults = Faults(cluster, slow_study(tmp_path_factory.mktemp("faults"), delay_s=DELAY_S))
    try:
        with faults.run() as process:
            node_set_down(faults)
            daemons_killed(faults)
            command_killed(faults, process)
        with faults.run() as process:
            interrupted(faults, process)
        with faults.run() as process:
            cancelled_by_hand(faults)
            over_its_time(faults)
            assert process.wait(timeout=WITHIN_S) == 0
    except (AssertionError, TimeoutError) as error:
        pytest.fail(f"{error!r}; so far {faults.met}, {cluster.jobs()}\n{said(faults.study)}")
    return faults


@pytest.fixture(scope="module")
def undisturbed(cluster, tmp_path_factory):
    study = slow_study(tmp_path_factory.mktemp("undisturbed"), delay_s=0.0)
    study.snakemake("--cores", str(CPUS), "--", TARGET, config="config/changed.yaml")
    return study


def test_its_results_are_those_of_an_undisturbed_study(faults, undisturbed):
    scores = ["n_train", "seed", "epochs", "steps", "test_accuracy", "test_loss", "threads"]
    expected, found = (
        read_table("runs", study.results("tables/runs.csv"))[scores]
        for study in (undisturbed, faults.study)
    )
    assert len(found) == len(SIZES) * len(SEEDS)
    pd.testing.assert_frame_equal(found, expected, check_exact=True)


def test_each_fault_met_a_job_and_ended_it_as_slurm_says(faults):
    assert {fault: faults.state(job) for fault, job in faults.met.items()} == {
        "node set down": "NODE_FAIL",
        "slurmctld and slurmd killed": "COMPLETED",
        "snakemake killed": "CANCELLED",
        "cancelled by hand": "CANCELLED",
        "snakemake interrupted": "CANCELLED",
        "over its time limit": "TIMEOUT",
    }


def test_a_job_that_failed_comes_back_with_more_memory_and_time(cluster, faults):
    log = (cluster.folder / "log/jobcomp.log").read_text().splitlines()
    fields = [dict(part.split("=", 1) for part in line.split() if "=" in part) for line in log]
    ours = {job["JobId"]: job for job in fields if job["WorkDir"] == str(faults.study.folder)}
    first, last = ours[faults.met["node set down"]], ours[max(ours, key=int)]
    assert (first["TimeLimit"], last["TimeLimit"]) == ("60", "120")
    assert "mem=2000M" in first["Tres"]
    assert "mem=4000M" in last["Tres"]


def test_every_lost_attempt_is_in_the_ledger_and_counted_once(faults):
    survived = faults.met["slurmctld and slurmd killed"]
    lost_jobs = set(faults.met.values()) - {survived}
    lost = [entry for entry in faults.attempts() if entry["status"] != "complete"]
    jobs = [entry["slurm_job_id"] for entry in lost]
    assert lost_jobs <= set(jobs)
    assert len(jobs) == len(set(jobs))
    # The other node's job may have begun its training in the moment between.
    assert {faults.state(job) for job in set(jobs) - lost_jobs} <= {"CANCELLED"}
    runs = read_table("runs", faults.study.results("tables/runs.csv"))
    lost_kwh = sum(entry["energy_kwh"] for entry in lost)
    assert lost_kwh > 0
    assert runs["lost_energy_kwh"].sum() == pytest.approx(lost_kwh)


def test_every_training_is_complete_once_and_its_energy_that_of_its_own_attempt(faults):
    complete = [entry for entry in faults.attempts() if entry["status"] == "complete"]
    energies = {entry["attempt"]: entry["energy_kwh"] for entry in complete}
    records = [read_record(path) for path in faults.study.results("runs").rglob("*.json")]
    assert len(complete) == len(records) == len(SIZES) * len(SEEDS)
    assert {record.attempt: record.energy_kwh for record in records} == energies


def test_no_job_and_no_half_written_file_stays_behind(cluster, faults):
    assert cluster.active() == {}
    assert not list(faults.study.results("runs").rglob(".*"))
