"""Where lower is better: the RMSE against a share of the reference, by hand and by its laws."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ecosobriety.decision import Criteria, TestPart, fit_curves, recommend
from ecosobriety.decision.intervals import ratio_bounds
from ecosobriety.decision.non_inferiority import compare_with_reference
from ecosobriety.errors import RecordError
from ecosobriety.metrics import ACCURACY, RMSE, metric_from
from ecosobriety.tables import read_table, write_table


def compare(rows, margin, confidence=0.95):
    scores = pd.DataFrame(rows).T.sort_index().rename_axis("n_train")
    return compare_with_reference(scores, max(rows), margin, confidence, RMSE)


def test_non_inferiority_of_an_rmse_by_hand():
    # Reference 50, 52, 54 (mean 52); at 100 examples 51, 53.5, 54.5: d = 1, 1.5, 0.5, mean 1.
    # With a margin of 10 % the gains are 5 - 1, 5.2 - 1.5, 5.4 - 0.5 = 4, 3.7, 4.9: mean 4.2,
    # SD sqrt((0.04 + 0.25 + 0.49) / 2) = 0.6245, standard error 0.36056, t(0.95; 2) = 2.91999.
    table = compare({100: [51, 53.5, 54.5], 200: [50, 52, 54]}, margin=0.1)
    row = table.loc[100]
    assert row["rmse_diff_mean"] == pytest.approx(1.0)
    assert row["rmse_diff_sd"] == pytest.approx(0.5)
    assert row["gain_mean"] == pytest.approx(4.2)
    assert row["gain_sd"] == pytest.approx(math.sqrt(0.39))
    assert row["gain_lower"] == pytest.approx(4.2 - 2.91999 * 0.360555, abs=1e-4)
    # The smallest margin that would be met, by Fieller: the share q of the reference for which
    # q (50, 52, 54) - (1, 1.5, 0.5) has a mean of 2.91999 standard errors. With t2 / 3 = 2.842105:
    # (52 q - 1)^2 = 2.842105 (0.25 + 1.0 q + 4 q^2), as the covariance is -0.5: 2692.6316 q^2
    # - 106.842105 q + 0.289473 = 0, whose roots are 0.0029250 and 0.0367545.
    assert row["rmse_diff_upper"] == pytest.approx(52 * 0.0367545, abs=1e-4)
    assert row["rmse_diff_lower"] == pytest.approx(52 * 0.0029250, abs=1e-4)
    assert row["precision"] == pytest.approx(row["rmse_diff_upper"] - 1)
    assert row["verdict"] == "non_inferior"
    # t = 4.2 / 0.36056 = 11.649; with two degrees of freedom P(T > t) = (1 - t / sqrt(t2 + 2)) / 2.
    t = 4.2 / math.sqrt(0.39 / 3)
    assert row["p_value"] == pytest.approx((1 - t / math.sqrt(t**2 + 2)) / 2)


def test_a_higher_rmse_is_worse_and_a_lower_one_is_not():
    table = compare({50: [80, 81, 80.5], 100: [40, 41, 40.5], 200: [50, 51.5, 50.5]}, margin=0.02)
    assert table["verdict"].tolist() == ["inferior", "non_inferior", "reference"]
    assert (table["rmse_diff_lower"] <= table["rmse_diff_upper"]).loc[[50, 100]].all()


def test_a_margin_of_the_reference_is_not_taken_as_known():
    """Where the size does not vary, all variation is that of the reference, margin included."""
    row = compare({100: [52, 52, 52], 200: [50, 52, 54]}, margin=0.5).loc[100]
    assert row["rmse_diff_sd"] == pytest.approx(2.0)
    assert row["gain_sd"] == pytest.approx(1.5 * 2.0)


scores = hnp.arrays(
    float,
    st.tuples(st.integers(2, 5), st.integers(2, 6)),
    elements=st.integers(100, 999).map(lambda tenths: tenths / 10),
)


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(scores, st.sampled_from([2.0**-20, 4.0, 2.0**20]), st.sampled_from([0.01, 0.1, 0.3]))
def test_the_targets_unit_decides_nothing(values, unit, margin):
    rows = {100 * (i + 1): row for i, row in enumerate(values)}
    table = compare(rows, margin)
    scaled = compare({size: row * unit for size, row in rows.items()}, margin)
    assert table["verdict"].tolist() == scaled["verdict"].tolist()
    for name in ("rmse_diff_mean", "rmse_diff_upper", "precision"):
        np.testing.assert_allclose(scaled[name], table[name] * unit, rtol=1e-12)
    np.testing.assert_allclose(scaled["p_value"], table["p_value"], rtol=1e-9)


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(scores, st.sampled_from([0.01, 0.1]))
def test_a_wider_margin_never_makes_a_size_worse(values, margin):
    rows = {100 * (i + 1): row for i, row in enumerate(values)}
    narrow, wide = compare(rows, margin), compare(rows, 2 * margin)
    # The mean gain rises by the margin; the bound can only lose by the reference's own variation.
    assert (wide["gain_mean"].dropna() > narrow["gain_mean"].dropna()).all()


@settings(max_examples=200, deadline=None)
@given(scores, st.sampled_from([0.01, 0.1, 0.3]))
def test_the_bound_is_the_smallest_margin_that_is_met_whichever_is_asked_about(values, margin):
    rows = {100 * (i + 1): row for i, row in enumerate(values)}
    reference = values[-1]
    table, other = compare(rows, margin), compare(rows, 0.2)
    for size, row in table.drop(max(rows)).iterrows():
        below = row["gain_lower"] > 0
        distance = margin * reference.mean() - row["rmse_diff_upper"]
        assert below == (distance > 0) or abs(distance) < 1e-9 * reference.mean()
        if ratio_bounds(np.subtract(reference, rows[size]), reference, 0.95) is not None:
            assert row["rmse_diff_upper"] == pytest.approx(other["rmse_diff_upper"][size])
            assert row["rmse_diff_lower"] == pytest.approx(other["rmse_diff_lower"][size])


def test_a_reference_that_is_hardly_known_has_no_ratio():
    # Two seeds, 20 and 40: the standard error is 10, and t(0.95; 1) = 6.31 of them are above 30.
    assert ratio_bounds(np.array([1.0, 2.0]), np.array([20.0, 40.0]), 0.95) is None
    row = compare({100: [21, 38], 200: [20, 40]}, margin=0.1).loc[100]
    assert row["rmse_diff_upper"] == pytest.approx(3 - row["gain_lower"])


def make_runs(**columns):
    """RMSE falls as 40 + 200 / sqrt(n); energy is 1 Wh per 1,000 examples."""
    rows = [
        {
            "dataset": "diabetes",
            "model": "linear",
            "n_train": n,
            "seed": seed,
            "test_rmse": 40 + 200 / math.sqrt(n) + offset,
            "energy_kwh": n * 1e-6,
            "train_duration_s": n * 1e-3,
        }
        for n in (25, 100, 400, 1600)
        for seed, offset in ((1, -0.5), (2, 0.0), (3, 0.5))
    ]
    return pd.DataFrame(rows).assign(**columns)


DATA = TestPart(baseline=1_000.0, test_examples=10_000, train_examples=800)
DECISION = {"reference_n_train": "max", "margin": 0.15, "confidence": 0.95, "metric": RMSE}


def recommended(runs, **asked):
    criteria = Criteria("max", margin=0.15, confidence=0.95, **asked)
    return recommend(runs, criteria, data=DATA, metric=RMSE)


def test_the_curve_of_a_regression_follows_its_metric(tmp_path):
    curve = fit_curves(make_runs(), **DECISION).set_index("n_train")
    assert not [name for name in curve if "accuracy" in name]
    assert curve["rmse_mean"].tolist() == pytest.approx([80, 60, 50, 45])
    # 15 % of 45 is 6.75: only 400 examples, with a difference of 5 in every seed, are near enough.
    # Their gains are 0.15 x (44.5, 45, 45.5) - 5 = 1.675, 1.75, 1.825: SD 0.075.
    assert curve["verdict"].tolist() == ["inferior", "inferior", "non_inferior", "reference"]
    # By Fieller: 5 is the share q of (44.5, 45, 45.5) of which 45 q - 5 is 2.91999 errors of 0.5 q.
    upper = 45 * 5 / (45 - 2.91999 * 0.5 / math.sqrt(3))
    assert curve["rmse_diff_upper"][400] == pytest.approx(upper, abs=1e-4)
    # From 25 to 100 examples: -20 for 75e-6 kWh.
    assert curve["marginal_rmse_per_kwh"][100] == pytest.approx(-20 / 75e-6)
    assert curve["fitted_rmse"].tolist() == pytest.approx([80, 60, 50, 45], rel=1e-3)
    assert (curve["fitted_ci_low"] <= curve["fitted_ci_high"]).all()
    write_table(
        "curve",
        curve.reset_index()[["dataset", "model", "n_train", *curve.columns[2:]]],
        tmp_path / "curve.csv",
        RMSE,
    )
    assert len(read_table("curve", tmp_path / "curve.csv", RMSE)) == 4
    with pytest.raises(RecordError, match="rmse_mean"):
        read_table("curve", tmp_path / "curve.csv")


def test_the_recommendation_of_a_regression():
    answer = recommended(make_runs(), target=62)
    assert answer["target"] == 62
    assert metric_from(answer["metric"]) == RMSE
    (result,) = answer["results"]
    assert result["configured"]["sufficient_n_train"] == 400
    assert result["configured"]["energy_saved_share"]["mean"] == pytest.approx(0.75)
    assert set(result["configured"]["rmse_diff"]) == {"mean", "upper", "p_value"}
    assert [step["margin"] for step in result["ladder"]] == [0.01, 0.02, 0.05, 0.1, 0.2]
    # The mean difference at 100 examples, 15, is beyond the margin of 6.75.
    assert result["configured"]["seeds_needed"]["reason"] == "difference_beyond_margin"
    law = result["power_law"]
    assert (law["a"], law["b"], law["c"]) == pytest.approx((200, 0.5, 40), rel=1e-3)
    # 60 + 2.91999 x 0.5 / sqrt(3) = 60.843 is below 62; at 25 examples the mean of 80 is not.
    assert result["target"]["n_train"] == 100
    assert result["target"]["rmse"] == 62
    assert result["target"]["rmse_mean"] == pytest.approx(60)
    assert result["target"]["rmse_upper"] == pytest.approx(60.843, abs=1e-3)
    assert result["target"]["larger_sizes_reach"]


@pytest.mark.parametrize("unit", [1e-3, 1e6])
def test_the_learning_curve_knows_no_unit(unit):
    noise = 1 + 0.01 * np.random.default_rng(3).normal(size=12)
    runs = make_runs()
    runs["test_rmse"] *= noise
    (law,) = (r["power_law"] for r in recommended(runs)["results"])
    runs["test_rmse"] *= unit
    (scaled,) = (r["power_law"] for r in recommended(runs)["results"])
    assert law["converged"]
    assert scaled["b"] == pytest.approx(law["b"], rel=1e-3)
    assert scaled["c"] == pytest.approx(law["c"] * unit, rel=1e-3)


def test_a_target_rmse_that_no_size_reaches():
    (result,) = recommended(make_runs(), target=45)["results"]
    assert result["target"]["n_train"] is None
    assert result["target"]["reason"] == "not_reached"


def test_a_metric_says_what_is_still_not_worse():
    assert ACCURACY.threshold(0.9, 0.01) == pytest.approx(0.89)
    assert RMSE.threshold(50.0, 0.1) == pytest.approx(55.0)
    assert ACCURACY.error(0.9) == pytest.approx(0.1)
    assert RMSE.error(50.0) == 50.0
