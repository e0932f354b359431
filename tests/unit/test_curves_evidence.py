"""What cannot be recommended, what lies beyond the curve, and where intervals end."""

import math
from functools import partial

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecosobriety.decision import Criteria, TestPart, fit_curves, mean_interval, recommend
from ecosobriety.decision.evidence import curve_end, find_obstacle, resolves
from ecosobriety.metrics import ACCURACY, RMSE

pytestmark = pytest.mark.slow

NUMBERS = {"reference_n_train": "max", "margin": 0.01, "confidence": 0.95}
DATA = TestPart(baseline=0.98, test_examples=1_000, train_examples=400)


def make_runs(scores, column="test_accuracy"):
    """Runs from {n_train: score per seed}; energy grows with the size."""
    return pd.DataFrame(
        [
            {
                "dataset": "churn",
                "model": "mlp",
                "n_train": n_train,
                "seed": seed,
                column: value,
                "energy_kwh": n_train * 1e-7 * (1 + seed / 100),
                "train_duration_s": n_train / 1000,
            }
            for n_train, values in scores.items()
            for seed, value in enumerate(values, start=1)
        ]
    )


def only(recommendation):
    (result,) = recommendation["results"]
    return result


def table(scores):
    return pd.DataFrame.from_dict(scores, orient="index").rename_axis("n_train").astype(float)


ALWAYS_NO = {200: [0.98] * 3, 400: [0.98] * 3}


def test_a_network_that_always_says_no_is_recommended_at_no_size():
    answer = only(recommend(make_runs(ALWAYS_NO), Criteria(**NUMBERS), data=DATA))["configured"]

    assert answer["no_recommendation"] == "baseline_not_beaten"
    assert answer["sufficient_n_train"] is None
    assert answer["smaller_than_reference"] is False
    assert answer["energy_saved_share"]["mean"] is None


@pytest.mark.parametrize(
    ("reference", "obstacle"),
    [
        ([0.992, 0.991, 0.993], None),
        # Better than always the same answer, but not by the margin: that answer would pass too.
        ([0.985, 0.986, 0.984], "margin_too_wide"),
        ([0.99, 0.99, 0.99], "margin_too_wide"),
        # Better by one test example of 1,000, in each seed: on others it may be none.
        ([0.981, 0.981, 0.981], "baseline_not_beaten"),
        # Better on average, but one seed is not.
        ([0.999, 0.999, 0.975], "baseline_not_beaten"),
        ([0.5, 0.5, 0.5], "baseline_not_beaten"),
        # One seed shows nothing about others, but may lie so low itself.
        ([0.999], "too_few_seeds"),
        ([0.985], "margin_too_wide"),
        ([0.97], "baseline_not_beaten"),
    ],
)
def test_the_reference_must_beat_the_baseline_by_more_than_the_margin(reference, obstacle):
    assert find_obstacle(np.array(reference), DATA, 0.01, 0.95, ACCURACY) == obstacle


@pytest.mark.parametrize(
    ("reference", "obstacle"),
    [([50.0, 51.0, 49.0], None), ([76.0, 75.0, 77.0], "baseline_not_beaten"), ([80.0, 81.0], "x")],
)
def test_an_error_must_be_lower_than_that_of_the_mean(reference, obstacle):
    data = TestPart(baseline=77.0, test_examples=4, train_examples=400)

    found = find_obstacle(np.array(reference), data, 0.05, 0.95, RMSE)
    assert found == ("baseline_not_beaten" if obstacle else None)


@given(
    st.lists(st.floats(0, 1), min_size=2, max_size=8),
    st.floats(0, 1),
    st.floats(0.001, 0.2),
)
def test_a_study_no_better_than_the_baseline_is_never_recommended(scores, baseline, margin):
    reference = np.array(scores)
    data = TestPart(baseline=baseline, test_examples=10_000, train_examples=400)

    if find_obstacle(reference, data, margin, 0.95, ACCURACY) is None:
        assert reference.mean() > baseline + margin


def test_a_margin_wider_than_what_was_learnt_is_named_as_the_cause():
    # The RMSE of 50 is far below that of the mean, 77; a loss of 60 % would reach it.
    data = TestPart(baseline=77.0, test_examples=100, train_examples=400)
    reference = np.array([50.0, 51.0, 49.0])
    assert find_obstacle(reference, data, 0.6, 0.95, RMSE) == "margin_too_wide"
    assert find_obstacle(reference, data, 0.4, 0.95, RMSE) is None
    # A study that grew and stopped is judged by its mean.
    stopped = partial(find_obstacle, reference, data, confidence=0.95, metric=RMSE, untrained=True)
    assert stopped(margin=0.6) == "margin_too_wide"
    assert stopped(margin=0.4) == "full_size_untrained"


def test_a_margin_below_one_test_example_decides_nothing():
    data = TestPart(baseline=0.0, test_examples=4, train_examples=400)
    runs = make_runs({200: [1.0] * 3, 400: [1.0] * 3})

    result = only(recommend(runs, Criteria(**NUMBERS), data=data, margins=(0.25, 0.3)))
    assert result["configured"]["no_recommendation"] == "margin_unresolved"
    assert [answer["no_recommendation"] for answer in result["ladder"]] == [None, None]


def test_a_margin_of_exactly_one_test_example_is_resolved():
    assert resolves(0.01, ACCURACY.counted(100, None))
    assert not resolves(0.01, ACCURACY.counted(99, None))
    assert all(resolves(1 / n, n) for n in range(1, 2_000))
    assert resolves(0.01, RMSE.counted(4, None))


def test_a_rising_curve_is_bounded_by_hand():
    scores = table({10_000: [0.80, 0.81, 0.79], 20_000: [0.83, 0.85, 0.82]})

    found = curve_end(scores, TestPart(0.1, 10_000, 80_000), ACCURACY)
    gains = np.array([0.03, 0.04, 0.03])
    error = gains.std(ddof=1) / math.sqrt(3)
    assert (found["n_train"], found["factor"], found["reason"]) == (20_000, 4.0, None)
    assert found["gain_per_doubling"] == pytest.approx(gains.mean())
    assert found["standard_error"] == pytest.approx(error)
    # Two doublings are left, and the noise is paid for once.
    assert found["gain_at_most"] == pytest.approx(min(2 * gains.mean() + 2.5 * error, 1 - 2.5 / 3))


def test_beyond_all_the_data_one_doubling_is_told():
    scores = table({20: [3.0, 3.1], 40: [2.0, 2.1]})

    found = curve_end(scores, TestPart(9.0, 10, 40), RMSE)
    assert found["factor"] == 2.0
    assert found["gain_per_doubling"] == pytest.approx(1.0)
    assert found["gain_at_most"] == pytest.approx(1.0)


def test_a_step_of_no_doubling_is_counted_as_its_share():
    scores = table({50_000: [0.880, 0.881], 60_000: [0.884, 0.885]})

    found = curve_end(scores, TestPart(0.1, 10_000, 60_000), ACCURACY)
    assert found["gain_per_doubling"] == pytest.approx(0.004 / math.log2(1.2))


@pytest.mark.parametrize(
    ("scores", "reason"),
    [({10: [0.5, 0.6]}, "one_size"), ({10: [0.5, math.nan], 20: [0.5, 0.6]}, "too_few_pairs")],
)
def test_where_a_rise_cannot_be_told_the_reason_is(scores, reason):
    assert curve_end(table(scores), DATA, ACCURACY)["reason"] == reason


@given(st.lists(st.floats(0, 1), min_size=2, max_size=6), st.floats(0.51, 0.999))
def test_an_interval_stays_where_an_accuracy_can_be(values, confidence):
    mean, low, high = mean_interval(values, confidence, lowest=0.0, highest=1.0)

    assert 0 <= low <= mean + 1e-12
    assert mean - 1e-12 <= high <= 1


score = st.integers(0, 1000).map(lambda thousandths: thousandths / 1000)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(score, score), min_size=2, max_size=4), st.floats(0.51, 0.999))
def test_no_interval_of_a_curve_leaves_what_is_possible(pairs, confidence):
    small, full = zip(*pairs, strict=True)
    numbers = NUMBERS | {"confidence": confidence}
    runs = make_runs({100: small, 200: full})
    noise = np.random.default_rng(1).uniform(0.1, 30, len(runs))
    runs["energy_kwh"] *= noise

    curve = fit_curves(runs, **numbers)
    assert curve["accuracy_ci_low"].between(0, 1).all()
    assert curve["accuracy_ci_high"].between(0, 1).all()
    assert (curve["energy_kwh_ci_low"] >= 0).all()
    assert (curve["accuracy_diff_lower"].dropna() >= -1).all()
    result = only(recommend(runs, Criteria(**numbers), data=TestPart(0.0, 1_000, 200)))
    for answer in (result["configured"], *result["ladder"]):
        for name in ("energy", "duration"):
            share = answer[f"{name}_saved_share"]
            assert share["ci_high"] is None or share["ci_high"] <= 1


@settings(deadline=None, max_examples=25)
@given(st.lists(st.floats(0.001, 1e6), min_size=2, max_size=5))
def test_no_error_is_below_zero(errors):
    runs = make_runs({100: errors, 200: errors}, "test_rmse")
    curve = fit_curves(runs, **NUMBERS, metric=RMSE)

    assert (curve["rmse_ci_low"] >= 0).all()
    assert np.isfinite(curve["rmse_ci_high"]).all()


TINY = TestPart(baseline=0.5, test_examples=12, train_examples=400)


def test_nothing_is_enough_where_twelve_test_examples_differ_in_none():
    runs = make_runs({200: [11 / 12] * 2, 400: [11 / 12] * 2})
    result = only(recommend(runs, Criteria(**{**NUMBERS, "margin": 0.1}), data=TINY))
    answer = result["configured"]
    assert answer["sufficient_n_train"] in (None, 400)
    assert not answer["smaller_than_reference"]
    assert result["curve_end"]["gain_at_most"] >= 1 / 12


def test_more_seeds_do_not_help_where_the_test_part_is_too_small():
    runs = make_runs({200: [1.0] * 3, 400: [1.0] * 3})
    answer = only(recommend(runs, Criteria(**{**NUMBERS, "margin": 0.1}), data=TINY))["configured"]
    assert answer["no_recommendation"] is None
    assert answer["sufficient_n_train"] == 400
    assert answer["seeds_needed"]["reason"] == "too_few_test_examples"


def test_twelve_test_examples_do_not_show_that_the_baseline_is_beaten():
    # One example better, in both seeds: on other examples it may be none.
    assert find_obstacle(np.array([8 / 12] * 2), TINY, 0.1, 0.95, ACCURACY) == (
        "baseline_not_beaten"
    )
    assert find_obstacle(np.array([1.0] * 2), TINY, 0.1, 0.95, ACCURACY) is None
