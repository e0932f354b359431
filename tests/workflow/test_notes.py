"""What was deleted is made again, Snakemake's notes among it, and nothing is trained for that."""

import shutil

import pytest

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
    assert "it is not known by which settings it was made" in done.stderr
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


def test_data_that_are_prepared_otherwise_are_prepared_again(without_notes):
    jobs = planned(without_notes, dataset={"normalise": "none"})
    assert (jobs["prepare_dataset"], jobs["train_model"]) == (1, 3)
