"""What a study of a regression shows: no word of accuracy, and lower is better throughout."""

import html
import re
from functools import cache

import numpy as np
import pandas as pd
import pytest
from synthetic import (
    REPORT_DIR,
    draw_svgs,
    make_claims,
    make_provenance,
    make_runs,
    make_study,
)

from ecosobriety.claims import as_table
from ecosobriety.claims.finding import in_words
from ecosobriety.figures import draw
from ecosobriety.metrics import RMSE
from ecosobriety.reporting import build_report
from ecosobriety.study.study import pareto_front
from ecosobriety.tables import check_table
from ecosobriety.texts import Texts

pytestmark = pytest.mark.slow

OF_ACCURACY = (
    r"accura|exactitude|plus exact|aussi exact|, points?\b|\d[.,]\d+ points?\b|\b1 point\b"
)


def regression_runs(**options):
    """An RMSE of 64 at 5,000 examples that falls to 46 at 60,000."""
    runs = make_runs(**options)
    runs["test_accuracy"] = 400 * (1 - runs["test_accuracy"])
    return check_table("runs", runs.rename(columns={"test_accuracy": "test_rmse"}), metric=RMSE)


def study_at(margin):
    return make_study(regression_runs(), metric=RMSE, margin=margin, target=50)


@pytest.fixture(scope="module")
def study():
    return study_at(0.1)


def text_of(language, study):
    return Texts.load(language, REPORT_DIR / "locale").of(study.metric)


@cache
def report(margin, language):
    """The words of the report, without the poster's claims and the configuration."""
    study = study_at(margin)
    text = text_of(language, study)
    svgs = draw_svgs(study, text)
    page = build_report(
        study, make_claims(study), make_provenance(study), language, svgs, REPORT_DIR
    )
    claims = r'<article.*?</article>|<div class="verdicts">.*?</div>'
    page = re.sub(rf"<style.*?</style>|{claims}|<pre.*?</pre>", "", page, flags=re.S)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page)))


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("margin", [0.001, 0.1])
def test_no_section_speaks_of_accuracy(language, margin):
    words = report(margin, language)
    found = [words[max(0, m.start() - 60) : m.end() + 40] for m in re.finditer(OF_ACCURACY, words)]
    assert found == []
    assert "RMSE" in words


def test_the_answer_is_told_in_the_targets_unit(study):
    case = study.cases()[0]
    rmse = study.curve.set_index("n_train")["rmse_mean"]
    words = report(0.1, "en")
    found, reference = case.decision.sufficient, case.decision.reference
    assert found < reference
    assert f"enough: test RMSE {rmse[found]:.1f}, against {rmse[reference]:.1f} with all" in words
    assert "rising by no more than 10% of the reference’s RMSE?" in words
    bound = float(case.decision.bounds[found])
    assert f"by at most {bound:.2f}" in words
    assert bound < 0.1 * rmse[reference]
    assert "To reach a test RMSE of 50.0" in words


def test_the_front_is_that_of_the_lowest_errors():
    energy, rmse = pd.Series([1.0, 2.0, 3.0, 3.0]), pd.Series([60.0, 61.0, 50.0, 55.0])
    assert pareto_front(energy, rmse, RMSE).tolist() == [True, False, True, False]


def test_the_figure_draws_the_margin_above_the_reference(study):
    text = text_of("en", study)
    score = draw("accuracy_energy-mlp", study, text).axes[1]
    mean = float(study.curve["rmse_mean"].iloc[-1])
    lines = [line.get_ydata() for line in score.lines]
    flat = [y[0] for y in lines if len(y) == 2 and y[0] == y[1]]
    assert flat == [pytest.approx(1.1 * mean)]
    assert score.get_ylabel() == "Test RMSE (unit of the target)"
    # The scores themselves, not in percent.
    assert any(np.allclose(y, study.curve["rmse_mean"]) for y in lines if len(y) == 7)


def test_the_smallest_error_is_the_best_one(study):
    assert study.cases()[0].decision.most_accurate == 60_000


def test_claims_on_accuracy_are_inconclusive_for_a_regression(study):
    checked = make_claims(study)
    claims = as_table(checked).set_index("claim_id")
    on_accuracy = claims[claims["test"].isin(["non_inferiority", "saving_and_non_inferiority"])]
    assert len(on_accuracy) == 2
    assert (on_accuracy["verdict"] == "inconclusive").all()
    assert on_accuracy["measured_value"].isna().all()
    for language, said in (("en", "predicts numbers"), ("fr", "prédit des nombres")):
        text = Texts.load(language, REPORT_DIR / "locale").of(RMSE)
        for one in checked:
            if one.claim["id"] in on_accuracy.index:
                assert said in in_words(one.claim, one.finding, one.case, text)[1]
    # Countries and energy do not hang on the metric.
    assert claims["verdict"]["low_carbon_countries"] != "inconclusive"


def test_margins_are_written_as_shares_of_the_reference():
    text = Texts.load("en", REPORT_DIR / "locale").of(RMSE)
    assert [text.margin(m) for m in (0.05, 0.1, 0.0025, 0.075)] == ["5%", "10%", "0.25%", "7.5%"]
