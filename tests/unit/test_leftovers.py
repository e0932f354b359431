"""What a study that is run again with less leaves behind."""

import pytest

from ecosobriety.study.figure_names import figure_ids
from ecosobriety.study.leftovers import find_leftovers


@pytest.fixture
def folders(tmp_path):
    """A study of two models in two languages, as a run leaves it, and a user's own files."""
    results, reports = tmp_path / "results/s", tmp_path / "reports/s"
    for folder in (results / "figures", results / "tables", reports):
        folder.mkdir(parents=True)
    for figure in figure_ids(["mlp", "my-net"]):
        for language in ("en", "fr"):
            for suffix in ("svg", "png"):
                (results / f"figures/{figure}.{language}.{suffix}").touch()
    for name in ("report.html", "rapport.html", "my notes.html"):
        (reports / name).touch()
    for name in ("figures/mine.en.svg", "figures/pareto.en.pdf", "tables/claims.csv"):
        (results / name).touch()
    return results, reports


def names(found):
    return {path.name for path in found}


def test_a_study_that_is_the_same_has_no_leftovers(folders):
    asked = {"models": ["mlp", "my-net"], "languages": ["en", "fr"], "claims": True}
    assert find_leftovers(*folders, **asked) == []


def test_a_removed_language_leaves_its_report_and_its_figures(folders):
    found = find_leftovers(*folders, models=["mlp", "my-net"], languages=["en"], claims=True)

    assert "rapport.html" in names(found)
    assert all(".fr." in name for name in names(found) - {"rapport.html"})
    assert len(found) == 1 + 2 * len(figure_ids(["mlp", "my-net"]))


def test_a_removed_model_leaves_its_figures_alone(folders):
    found = find_leftovers(*folders, models=["mlp"], languages=["en", "fr"], claims=True)

    assert found
    assert all("-my-net." in name for name in names(found))


def test_claims_that_are_judged_no_more_leave_their_table(folders):
    asked = {"models": ["mlp", "my-net"], "languages": ["en", "fr"], "claims": False}
    assert names(find_leftovers(*folders, **asked)) == {"claims.csv"}


def test_nothing_was_ever_run(tmp_path):
    asked = {"models": ["mlp"], "languages": ["en"], "claims": False}
    assert find_leftovers(tmp_path / "a", tmp_path / "b", **asked) == []
