"""What a study that is run again with less leaves behind."""

import json

import pytest

from ecosobriety.study.figure_names import figure_ids
from ecosobriety.study.leftovers import find_beside_plan, find_leftovers, find_old_decisions


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


def test_trainings_that_the_plan_no_longer_asks_for_are_found_by_record_or_attempt(tmp_path):
    for name in (
        "runs/d/m/n512/seed1.json",
        "runs/d/m/n1024/seed1.json",
        "runs/d/m/n2048/seed1.json.refused",
        "runs/d/gone/n2048/seed1.json",
        "attempts/d/m/n512/seed1/a.json",
        "attempts/d/m/n4096/seed2/a.json",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    found = find_beside_plan(tmp_path, "d", ["m"], {("d", "m", 512, 1)})
    assert found == [("d", "m", 1024, 1), ("d", "m", 4096, 2)]


def test_decisions_by_another_rule_or_beyond_a_stop_are_old(tmp_path):
    rule, other = {"margin": 0.01}, {"margin": 0.02}
    for name, made_by, decision in (
        ("n512.json", rule, "grow"),
        ("n1024.json", rule, "stop"),
        ("n2048.json", rule, "grow"),
        ("n4096.json", other, "grow"),
        ("n300.json", rule, "grow"),
    ):
        path = tmp_path / "d/m" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"rule": made_by, "decision": decision}))
    sizes = ("n512.json", "n1024.json", "n2048.json", "n4096.json")
    found = find_old_decisions(tmp_path, {"d/m": dict.fromkeys(sizes, rule)})
    assert names(found) == {"n300.json", "n2048.json", "n4096.json"}
    # A study that grows no longer has no decisions.
    assert len(find_old_decisions(tmp_path, {})) == 5
