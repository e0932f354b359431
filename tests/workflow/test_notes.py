"""What was deleted is made again, Snakemake's notes among it, and nothing is trained for that."""

import json
import shutil

import pytest

from .conftest import Workflow
from .test_reruns import FROM_RUNS, planned


@pytest.fixture
def without_notes(workflow):
    """As where `.snakemake` was deleted, or left out of a copy."""
    shutil.rmtree(workflow.folder / ".snakemake")
    return workflow


def test_what_is_derived_is_made_again_and_nothing_is_trained(without_notes):
    derived = {"prepare_countries": 1, "collect_runs": 1, **FROM_RUNS}
    assert planned(without_notes, analysis={"margin": 0.02}) == derived
    # Whoever compares times alone has asked for no settings.
    mtime = without_notes.snakemake("--dry-run", "--cores", "2", "--rerun-triggers", "mtime")
    assert "Nothing to be done" in mtime.stdout + mtime.stderr
    answer = without_notes.results("recommendation.json")
    before = answer.read_text()
    done = without_notes.snakemake("--cores", "2")
    assert "results/digits (" in done.stderr
    assert ".snakemake does not say by which settings it was made" in done.stderr
    assert answer.read_text() == before
    assert not without_notes.planned()


@pytest.mark.parametrize(
    ("deleted", "job"),
    [
        ("recommendation.json", "recommend_size"),
        ("provenance.json", "write_provenance"),
        ("method_ranks.json", "compare_methods"),
        ("figures/methods.en.png", "plot_figures"),
    ],
)
def test_what_was_deleted_is_made_again(workflow, deleted, job):
    workflow.results(deleted).unlink()
    assert workflow.planned()[job] == 1


def test_results_that_are_copied_over_others_are_derived_again(workflow, tmp_path):
    shutil.copytree(workflow.folder, tmp_path / "other", symlinks=True)
    other = Workflow(tmp_path / "other")
    finer = other.with_config(lambda config: config["analysis"].update(margin=0.02))
    other.snakemake("--cores", "2", config=finer)
    shutil.copytree(other.results(""), workflow.results(""), dirs_exist_ok=True)
    planned = workflow.planned()
    assert planned["recommend_size"] == planned["build_report"] == 1
    assert "train_model" not in planned
    workflow.snakemake("--cores", "2")
    answer = json.loads(workflow.results("recommendation.json").read_text())
    assert answer["margin"] != 0.02
    assert not workflow.planned()


def test_data_that_are_prepared_otherwise_are_prepared_again(without_notes):
    jobs = planned(without_notes, dataset={"normalise": "none"})
    assert (jobs["prepare_dataset"], jobs["train_model"]) == (1, 3)
