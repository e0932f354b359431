"""Whoever runs without the profile: two studies at once on one machine still measure in turns."""

from itertools import pairwise

import pytest

from ecosobriety.records.record import read_record

from .conftest import copy_workflow


@pytest.fixture(scope="module")
def two_at_once(tmp_path_factory):
    workflows = [copy_workflow(tmp_path_factory.mktemp("study")) for _ in range(2)]
    for workflow in workflows:
        workflow.with_config(lambda c: c["grid"].update(n_train=[1400], seeds=[1, 2]))
    # Without the profile, and with more cores than there are.
    options = ["--workflow-profile", "none", "--cores", "8", "--", "results/digits/tables/runs.csv"]
    processes = [workflow.start(*options, config="config/changed.yaml") for workflow in workflows]
    for process in processes:
        assert process.wait(timeout=600) == 0
    return workflows


def test_measured_windows_never_overlap(two_at_once):
    records = [
        read_record(path)
        for workflow in two_at_once
        for path in workflow.results("runs").rglob("*.json")
    ]
    assert len(records) == 4
    windows = sorted((record.started_at, record.ended_at) for record in records)
    for (_, ended_at), (started_at, _) in pairwise(windows):
        assert ended_at <= started_at


def test_threads_are_those_that_the_process_may_use(two_at_once):
    for path in two_at_once[0].results("runs").rglob("*.json"):
        record = read_record(path)
        assert record.threads == min(8, record.hardware["cpus_affinity"])
