"""A model that a budget had no training for: named with the reason wherever models are shown."""

import dataclasses

import pandas as pd
import pytest
from disclosure_cases import TEXTS, disclosed_of
from synthetic import blank_svgs, make_claims, make_provenance, make_runs, make_study

from ecosobriety.claims.editions import under
from ecosobriety.decision import GrowthRule, undecided
from ecosobriety.exporting import disclose, figure_tables, pictures_of
from ecosobriety.figures import draw
from ecosobriety.footprint import Factors
from ecosobriety.reporting import build_context
from ecosobriety.study.figure_names import figure_ids
from ecosobriety.study_config.levers import levers_by_reference

pytestmark = pytest.mark.slow
LOST = {"dataset": "fashion-mnist", "model": "lost", "sufficient_n_train": None, "reason": "budget"}
BUDGET = {"energy_kwh": 0.5, "spent_kwh": 0.4, "left_out": []}


@pytest.fixture(scope="module")
def study():
    """The made-up study, and before its model another one that has no training."""
    found = make_study()
    models = [{"name": "lost", "init_args": {}}, *found.config["models"]]
    return dataclasses.replace(
        found,
        config={**found.config, "models": models},
        recommendation={**found.recommendation, "budget": BUDGET, "untrained": [LOST]},
    )


@pytest.fixture(scope="module", params=TEXTS, ids=lambda text: text.language)
def shown(study, request):
    text = request.param.of(study.metric)
    blank = next(iter(blank_svgs(study).values()))
    svgs = dict.fromkeys(figure_ids(model["name"] for model in study.config["models"]), blank)
    return text, build_context(study, make_claims(study), make_provenance(study), svgs, text)


def test_the_first_page_and_the_tables_name_it_and_the_reason(study, shown):
    text, context = shown
    why = text("figure.untrained", model="lost")
    assert context["poster"]["models"] == [text("poster.untrained", models="lost")]
    (one,) = context["untrained"]
    assert (one["name"], one["why"]) == (text("case", model="lost", dataset="fashion-mnist"), why)
    assert text.energy(0.5) in one["sentence"]
    assert text.energy(0.4) in one["sentence"]
    table = context["efficiency"]["table"]
    assert why in table.notes
    assert [cell.text for cell in table.rows[-1]] == ["lost", *["–"] * (len(table.columns) - 1)]
    assert len(context["cases"]) == 1


def test_the_claims_are_put_to_the_next_model(study):
    assert {one.case.model for one in make_claims(study)} == {study.cases()[0].model}


def test_its_figures_say_why_they_are_empty_and_are_not_exported(study, tmp_path):
    text = TEXTS[0].of(study.metric)
    (words,) = draw("growth-lost", study, text).texts
    assert words.get_text() == text("figure.untrained", model="lost")
    assert not any("lost" in name for name in figure_tables(study))
    mine = tmp_path / f"growth-{study.cases()[0].model}.en.svg"
    assert pictures_of(study, [tmp_path / "growth-lost.en.svg", mine]) == [mine]


def test_disclosures_list_it_among_what_they_leave_out(study):
    forms = disclose(disclosed_of(study))
    for name in ("ai_act_annex_xi.{}.md", "afnor_spec_2314.{}.md"):
        for text in TEXTS:
            # Markdown escapes some marks.
            written = forms[name.format(text.language)].replace("\\", "")
            assert text("figure.untrained", model="lost") in written
    for name in ("sci_ai.json", "paper.txt"):
        assert TEXTS[0]("figure.untrained", model="lost") in forms[name]


def test_the_next_model_is_the_reference_of_the_levers():
    first = {"name": "a", "class_path": "x", "init_args": {}}
    models = [first, {**first, "name": "b", "class_path": "y"}, {**first, "name": "c"}]
    config = {"training": {"epochs": 1}, "models": models}
    assert levers_by_reference(config) == [
        {"a": "reference", "b": "model", "c": "model"},
        {"b": "reference", "c": "model"},
        {"c": "reference"},
    ]


def test_a_study_that_grows_decides_nothing_on_it():
    rule = GrowthRule(1000, 0.01, None, tame=False, adaptive=False, may_add_seeds=False)
    found = undecided("digits", "lost", 125, rule)
    assert (found["decision"], found["reason"], found["epochs"]) == ("undecided", "budget", None)
    assert found["rule"] == dataclasses.asdict(rule)


def test_models_with_other_largest_sizes_have_answers_under_both_editions():
    runs = make_runs()
    smaller = runs[runs["n_train"] < 60_000].assign(model="small")
    both = make_study(runs)
    one = make_study(smaller.reset_index(drop=True))
    study = _together(both, one)
    factors = Factors(study.countries, study.sources, study.costs)
    savings = under(study, factors).savings
    largest = savings[savings["saved_share"] == 0].groupby("model")["n_train"].max()
    assert largest.to_dict() == {both.cases()[0].model: 60_000, "small": 50_000}


def _together(first, second):
    """Two studies of one model each, as one of two models."""
    tables = {
        name: pd.concat([getattr(first, name), getattr(second, name)], ignore_index=True)
        for name in ("runs", "curve", "scenarios", "savings")
    }
    results = [*first.recommendation["results"], *second.recommendation["results"]]
    return dataclasses.replace(
        first, **tables, recommendation={**first.recommendation, "results": results}
    )
