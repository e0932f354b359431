"""Nothing paid for is lost: a study that is killed again and again ends as an undisturbed one."""

import json
import sys
import time

import pandas as pd
import psutil
import pytest

from ecosobriety.records.record import read_record
from ecosobriety.tables import read_table
from warm import warm_executable

from .conftest import copy_workflow
from .killing import kill_again_and_again, wait_for_training

KILLS = 20
TABLES = ("runs", "curve", "scenarios", "savings")
MEASURED = {
    "attempt",
    "duration_s_mean",
    "eval_energy_kwh",
    "lost_energy_kwh",
    "peak_memory_mb",
    "short_window",
    "train_duration_s",
    "saved_share",
    "marginal_accuracy_per_kwh",
}
"""Columns beside energies, emissions and costs that differ between two runs of the same study."""


def undisturbed_columns(table: pd.DataFrame) -> pd.DataFrame:
    changing = ("energy_", "emissions_", "cost", "power_")
    kept = [c for c in table.columns if c not in MEASURED and not c.startswith(changing)]
    return table[[*kept, *(c for c in ("energy_quality", "energy_source") if c in table)]]


@pytest.fixture(scope="module")
def disturbed(tmp_path_factory):
    """The digits study, killed with -9 again and again: in turn anywhere and within a training.

    Trainings take less than a second each among the start-up of their processes, so that moments
    chosen at random alone may meet none. The moments are early enough for the study not to end
    long before the last kill.
    """
    workflow = copy_workflow(tmp_path_factory.mktemp("disturbed"))

    def wait(process, kill, moments):
        if kill % 2:
            wait_for_training(process, workflow.results("attempts"))
            time.sleep(moments.uniform(0, 0.1))
        else:
            time.sleep(moments.uniform(0.2, 1.8))

    kill_again_and_again(workflow, "config/digits.yaml", KILLS, wait)
    tables = (f"results/digits/tables/{name}.csv" for name in TABLES)
    workflow.snakemake("--cores", "2", "--", *tables)
    return workflow


def test_the_tables_equal_those_of_an_undisturbed_study(finished, disturbed):
    for name in TABLES:
        expected, found = (
            undisturbed_columns(read_table(name, study.results(f"tables/{name}.csv")))
            for study in (finished, disturbed)
        )
        pd.testing.assert_frame_equal(found, expected)


def test_the_dead_attempts_add_up(disturbed):
    runs = read_table("runs", disturbed.results("tables/runs.csv"))
    lost = []
    for path in disturbed.results("runs").rglob("*.json"):
        record = read_record(path)
        folder = disturbed.results("attempts") / path.relative_to(disturbed.results("runs"))
        entries = [json.loads(file.read_text()) for file in folder.with_suffix("").glob("*.json")]
        others = [entry for entry in entries if entry["attempt"] != record.attempt]
        assert len(others) == len(entries) - 1
        assert sum(e["energy_kwh"] for e in others) == pytest.approx(record.lost_energy_kwh)
        lost += others
    # A kill costs the one training that was at work, or none.
    assert 0 < len(lost) <= KILLS
    assert sum(entry["energy_kwh"] for entry in lost) == pytest.approx(
        runs["lost_energy_kwh"].sum()
    )


def test_no_training_outlives_a_killed_run(tmp_path):
    """`kill -9` of Snakemake alone: its training ends, and the next run trains alone."""
    workflow = copy_workflow(tmp_path)
    workflow.python = sys.executable
    target = "results/digits/runs/digits/mlp/n1400/seed1.json"
    workflow.with_config(
        lambda c: c.update(training=c["training"] | {"epochs": 2000, "process": "run"})
    )
    process = workflow.start("--cores", "2", "--", target, config="config/changed.yaml")
    attempts = workflow.results("attempts")
    wait_for_training(process, attempts)
    family = psutil.Process(process.pid).children(recursive=True)
    assert any("python" in member.name() for member in family)
    process.kill()
    process.wait()
    _, left = psutil.wait_procs(family, timeout=30)
    assert not left
    workflow.with_config(
        lambda c: c.update(training=c["training"] | {"epochs": 20, "process": "run"})
    )
    workflow.python = warm_executable()
    workflow.snakemake("--cores", "2", "--", target, config="config/changed.yaml")
    record = read_record(workflow.folder / target)
    entries = [json.loads(path.read_text()) for path in attempts.rglob("*.json")]
    (dead,) = (entry for entry in entries if entry["attempt"] != record.attempt)
    # It was asked to end, and had the time to write down what it had spent.
    assert dead["status"] == "failed"
    assert record.lost_energy_kwh == pytest.approx(dead["energy_kwh"])
    assert dead["energy_kwh"] > 0
    assert len(entries) == 2


def test_no_half_written_file_stays_behind(disturbed):
    assert not list(disturbed.results("runs").rglob(".*"))
