"""A long training that is killed and run again goes on where it stopped."""

import json
import time

import pytest

from ecosobriety.records.record import read_record

from .conftest import copy_workflow
from .killing import kill_all

RUN = "digits/mlp/n1400/seed1"
TARGET = f"results/digits/runs/{RUN}.json"


def long_study(folder):
    workflow = copy_workflow(folder)
    workflow.with_config(lambda c: c["training"].update(epochs=50, checkpoint=True, process="run"))
    return workflow


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    workflow = long_study(tmp_path_factory.mktemp("uninterrupted"))
    workflow.snakemake("--cores", "2", "--", TARGET, config="config/changed.yaml")
    return workflow


@pytest.fixture(scope="module")
def resumed(tmp_path_factory):
    workflow = long_study(tmp_path_factory.mktemp("resumed"))
    process = workflow.start("--cores", "2", "--", TARGET, config="config/changed.yaml")
    until = time.monotonic() + 120
    while not list(workflow.results("checkpoints").rglob("*.ckpt")):
        assert process.poll() is None
        assert time.monotonic() < until
        time.sleep(0.02)
    time.sleep(0.3)
    kill_all(process)
    workflow.snakemake("--cores", "2", "--", TARGET, config="config/changed.yaml")
    return workflow


def test_it_ends_as_the_uninterrupted_one(uninterrupted, resumed):
    expected, found = (
        read_record(study.results(f"runs/{RUN}.json")) for study in (uninterrupted, resumed)
    )
    assert found.scores["accuracy"] == expected.scores["accuracy"]
    assert found.test_loss == expected.test_loss
    assert [e.metrics for e in found.epoch_log] == [e.metrics for e in expected.epoch_log]


def test_it_has_the_energy_of_both_parts(resumed):
    record = read_record(resumed.results(f"runs/{RUN}.json"))
    entries = {
        entry["attempt"]: entry
        for path in resumed.results(f"attempts/{RUN}").glob("*.json")
        if (entry := json.loads(path.read_text()))
    }
    own = entries.pop(record.attempt)
    (dead,) = entries.values()
    assert own["status"] == "complete"
    assert dead["status"] == "running"
    assert own["carried_energy_kwh"] > 0
    assert record.energy_kwh == pytest.approx(own["energy_kwh"] + own["carried_energy_kwh"])
    # The ledger may be some epochs older than the checkpoint.
    assert record.lost_energy_kwh == pytest.approx(
        max(dead["energy_kwh"] - own["carried_energy_kwh"], 0.0)
    )


def test_no_checkpoint_stays_behind(resumed):
    assert not list(resumed.results("checkpoints").rglob("*.ckpt"))
