"""What a study that grows shows: the bound at each size, where it stopped, and what that spared."""

import re

import matplotlib as mpl
import numpy as np
import pytest
from synthetic import (
    REPORT_DIR,
    blank_svgs,
    decisions_at,
    make_claims,
    make_intake,
    make_many_runs,
    make_provenance,
    make_runs,
    make_study,
)

from ecosobriety.figures import draw, svg
from ecosobriety.reporting import build_report
from ecosobriety.texts import Texts

pytestmark = pytest.mark.slow

LADDER = [5_000, 10_000, 20_000, 30_000, 40_000, 50_000, 60_000]


@pytest.fixture(scope="module", params=["en", "fr"])
def text(request):
    return Texts.load(request.param, REPORT_DIR / "locale")


def grown(margin, largest, test_examples=10_000, energy_factor=1.0):
    """A study that has grown up to a size; it decides from 30,000 examples on."""
    runs = make_runs(energy_factor=energy_factor)
    sizes = [size for size in (30_000, 40_000, 50_000, 60_000) if size <= largest]
    decisions = decisions_at(sizes, runs, margin, test_examples)
    runs = runs[runs["n_train"] <= largest].reset_index(drop=True)
    intake = make_intake(runs, test_examples=test_examples)
    return make_study(runs, decisions=decisions, ladder=LADDER, intake=intake, margin=margin)


def words(figure):
    return {text.get_text() for axes in figure.axes for text in axes.texts}


def test_of_many_sizes_it_shows_the_seeds_where_a_size_is_marked(text):
    runs = make_many_runs(60, 3)
    _, score = draw("growth-mlp", make_study(runs), text).axes
    dots, mean, *_ = score.lines
    assert (dots.get_marker(), mean.get_marker()) == (".", "o")
    marked = mean.get_xdata()[:: mean.get_markevery()]
    assert len(mean.get_xdata()) == 60
    assert len(marked) == 20
    assert sorted(dots.get_xdata()) == sorted([*marked] * 3)


def test_it_shows_each_decision_and_the_gain_that_is_still_possible(text):
    study = grown(0.015, 40_000)
    case = study.cases()[0]
    bound, score = draw("growth-mlp", study, text).axes
    (drawn,) = (line for line in bound.lines if line.get_marker() == "D")
    made = case.decision.result["growth"]["decisions"]
    assert list(drawn.get_xdata()) == [decision["n_train"] for decision in made]
    np.testing.assert_allclose(
        drawn.get_ydata(), [100 * decision["bound"] for decision in made]
    )  # points
    assert bound.get_ylim()[0] < 1.5 < bound.get_ylim()[1]
    # From the last score up to what the full size may reach.
    (possible,) = score.collections
    at, most = case.decision.scores[40_000], made[-1]["bound"]
    corners = possible.get_paths()[0].vertices
    assert corners[:, 0].max() == 60_000
    assert corners[:, 1].max() == pytest.approx(100 * (at + most))
    labels = [tick.get_text() for tick in bound.get_yticklabels()]
    assert len(set(labels)) == len(labels) >= 2


def test_it_says_where_the_study_stopped_and_that_the_full_size_is_none_of_it(text):
    study = grown(0.015, 40_000)
    stopped = text("figure.growth.stop", n_train=text.integer(40_000))
    assert stopped in words(draw("growth-mlp", study, text))
    accuracy = words(draw("accuracy_energy-mlp", study, text))
    assert stopped in accuracy
    # Nothing was compared with a reference.
    assert not [word for word in accuracy if text.margin(0.015) in word]


def test_a_study_of_all_sizes_shows_where_a_sober_one_would_stop(text):
    found = words(draw("growth-mlp", make_study(margin=0.015), text))
    assert text("figure.growth.would_stop", n_train=text.integer(40_000)) in found
    found = words(draw("growth-mlp", make_study(margin=0.001), text))
    assert text("figure.growth.would_not_stop") in found


def test_too_few_sizes_have_no_bound(text):
    runs = make_runs()
    few = runs[runs["n_train"].isin([5_000, 60_000])].reset_index(drop=True)
    study = make_study(few)
    assert text("figure.growth.no_bound") in words(draw("growth-mlp", study, text))
    page = page_of(study, text)
    assert text("caption.growth.no_bound") in page
    assert 'id="case1-bounds"' not in page


def page_of(study, text):
    return build_report(
        study,
        make_claims(study),
        make_provenance(study),
        text.language,
        blank_svgs(study),
        REPORT_DIR,
    )


def shown(page, start, end):
    part = page[page.index(start) : page.index(end, page.index(start))]
    return {float(value) for value in re.findall(r'<data value="([^"]+)">', part)}


def test_amounts_of_money_below_a_cent_say_no_more_than_that(text):
    study = grown(0.015, 40_000)
    page = page_of(study, text)
    screen = page[page.index('class="answer"') : page.index("<table")]
    dearest = study.cases()[0].decision.result["study_cost"]["dearest"]["amount"]
    assert 0 < dearest < 0.01
    assert dearest in shown(page, 'class="answer"', "<table")
    assert text.money(0.01, "EUR", 1) in screen


def test_the_report_says_what_was_not_spent_in_energy_emissions_and_money(text):
    study = grown(0.015, 40_000, energy_factor=1000.0)
    result = study.cases()[0].decision.result
    unspent = result["growth"]["unspent"]
    assert unspent["sizes"] == [50_000, 60_000]
    values = shown(page_of(study, text), 'class="answer"', "<table")
    for price in (unspent, result["study_cost"]):
        assert {price["energy_kwh"], price["emissions_g"]} <= values
        assert {price["cheapest"]["amount"], price["dearest"]["amount"]} <= values
    assert result["growth"]["gain_at_most"] in values


def test_the_table_of_more_data_has_points_energy_emissions_and_money(text):
    study = make_study()
    page = page_of(study, text)
    table = page[page.index('id="case1-more"') :]
    table = table[: table.index("</table>")]
    case = study.cases()[0]
    for found in case.decision.result["more_data"]:
        money = found["dearest"]["amount"] * case.electricity.cost_batch
        for written in (
            text.points(found["gain_at_most"]),
            text.energy(found["energy_kwh"]),
            text.mass(found["emissions_g"] * case.emissions_batch),
            text.money(money, "EUR", 2),
        ):
            assert written in table, written


def test_a_refusal_has_the_test_parts_own_error_beside_it(text):
    study = grown(0.02, 50_000, test_examples=200)
    refused = study.cases()[0].decision.rule[50_000]
    assert refused["reason"] == "test_part_too_small"
    error = text.points(refused["test_standard_error"])
    page = page_of(study, text)
    sentence = text("growth.reason.test_part_too_small", error=error)
    assert sentence in page[page.index('class="answer"') : page.index("<table")]
    assert sentence in page[page.index('id="case1-bounds"') :]


def test_a_study_that_could_not_decide_before_its_end_does_not_say_that_too_much_was_left(text):
    study = grown(0.02, 60_000, test_examples=200)
    page = page_of(study, text)
    error = text.points(study.cases()[0].decision.rule[50_000]["test_standard_error"])
    reason = text("growth.reason.test_part_too_small", error=error)
    full = text.integer(60_000)
    said = text("growth.full_undecided", full=full, reason=reason)
    answer = page[page.index('class="answer"') : page.index("<table")]
    assert said in re.sub("<[^>]+>", "", answer)


def test_what_a_user_sets_for_other_figures_reaches_none_of_ours(text):
    study = make_study()
    ours = svg(draw("growth-mlp", study, text))
    with mpl.rc_context({"text.usetex": True, "axes.linewidth": 9.0, "figure.autolayout": True}):
        assert svg(draw("growth-mlp", study, text)) == ours
