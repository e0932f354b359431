"""The decision: paired one-sided tests, the fixed sequence, and the degenerate cases."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats
from statsmodels.stats.power import TTestPower

from ecosobriety.decision.intervals import mean_interval, one_sided_t_power
from ecosobriety.decision.non_inferiority import (
    compare_with_reference,
    reference_size,
    sufficient_size,
)
from ecosobriety.errors import DataError

MARGIN = 0.01
NAN = math.nan


def compare(rows, reference=None, margin=MARGIN, confidence=0.95):
    """`rows`: {n_train: accuracy of each seed}; the reference is the largest unless told."""
    accuracy = pd.DataFrame(rows).T.sort_index().rename_axis("n_train")
    return compare_with_reference(accuracy, reference or max(rows), margin, confidence)


few = settings(max_examples=25, deadline=None)
accuracies = hnp.arrays(
    float,
    st.tuples(st.integers(2, 6), st.integers(2, 8)),
    # Correct answers of 10,000 test images: between 80 % and 90 %.
    elements=st.integers(8000, 9000).map(lambda correct: correct / 10_000),
)


def test_mean_interval_by_hand():
    # Mean 2, SD 1, standard error 1/sqrt(3) = 0.57735, t(0.975; 2) = 4.30265: 2 -+ 2.48414.
    assert mean_interval([1, 2, 3], 0.95) == pytest.approx((2, -0.48414, 4.48414), abs=1e-5)


def test_mean_interval_of_one_value_has_no_bounds():
    mean, low, high = mean_interval([0.7], 0.95)
    assert mean == 0.7
    assert math.isnan(low)
    assert math.isnan(high)


def test_mean_interval_of_equal_values_is_that_value():
    assert mean_interval([0.1] * 3, 0.95) == (0.1, 0.1, 0.1)


@pytest.mark.parametrize("values", [[], [0.8, NAN]])
def test_mean_interval_refuses_gaps(values):
    with pytest.raises(DataError, match="without gaps"):
        mean_interval(values, 0.95)


@few
@given(hnp.arrays(float, st.integers(2, 10), elements=st.floats(0, 1, width=16)))
def test_mean_interval_equals_scipy(values):
    scale = stats.sem(values)
    expected = (
        stats.t.interval(0.9, len(values) - 1, values.mean(), scale)
        if np.ptp(values)
        else (values[0], values[0])
    )
    assert mean_interval(values, 0.9)[1:] == pytest.approx(expected, abs=1e-12)


@few
@given(st.floats(0.01, 2.0), st.integers(2, 500), st.sampled_from([0.8, 0.95, 0.99]))
def test_power_equals_statsmodels(effect_size, seeds, confidence):
    expected = TTestPower().power(effect_size, seeds, 1 - confidence, alternative="larger")
    power = one_sided_t_power(effect_size, np.array([seeds]), confidence)
    # Near 1, neither can tell.
    assert power == pytest.approx([expected], abs=1e-9, nan_ok=True)


def test_three_seeds_by_hand():
    row = compare({30_000: [0.896, 0.903, 0.885], 60_000: [0.900, 0.910, 0.890]}).loc[30_000]
    # Differences: -0.004, -0.007, -0.005; mean -0.016 / 3 = -0.0053333.
    # Squared deviations: 1.7778e-6 + 2.7778e-6 + 0.1111e-6 = 4.6667e-6; SD = sqrt(half) =
    # 0.0015275.
    # Standard error: SD / sqrt(3) = 0.00088192; t(0.95; 2) = 2.919986; bound's width 0.0025752.
    # t = (-0.0053333 + 0.01) / 0.00088192 = 5.2915 = sqrt(28); with two degrees of freedom
    # p = 1/2 - t / (2 sqrt(2 + t^2)) = 1/2 - sqrt(28 / 30) / 2 = 0.016954.
    assert row["accuracy_diff_mean"] == pytest.approx(-0.0053333, abs=1e-7)
    assert row["accuracy_diff_sd"] == pytest.approx(0.0015275, abs=1e-7)
    assert row["precision"] == pytest.approx(0.0025752, abs=1e-7)
    assert row["accuracy_diff_lower"] == pytest.approx(-0.0079085, abs=1e-7)
    assert row["accuracy_diff_upper"] == pytest.approx(-0.0027581, abs=1e-7)
    assert row["p_value"] == pytest.approx(0.016954, abs=1e-6)
    assert row["verdict"] == "non_inferior"
    assert pd.isna(row["verdict_reason"])


@few
@given(accuracies, st.sampled_from([0.002, 0.01, 0.03]), st.sampled_from([0.8, 0.95]))
def test_tests_equal_scipy(values, margin, confidence):
    table = compare_with_reference(
        pd.DataFrame(values, index=range(1, len(values) + 1)), len(values), margin, confidence
    )
    for index, row in enumerate(values[:-1]):
        difference = np.round(row - values[-1], 12)
        if np.ptp(difference) == 0:
            continue
        result = stats.ttest_1samp(difference, -margin, alternative="greater")
        below = stats.ttest_1samp(difference, -margin, alternative="less")
        got = table.loc[index + 1]
        assert got["p_value"] == pytest.approx(result.pvalue, abs=1e-9)
        lower = result.confidence_interval(confidence).low
        assert got["accuracy_diff_lower"] == pytest.approx(lower, abs=1e-9)
        upper = below.confidence_interval(confidence).high
        assert got["accuracy_diff_upper"] == pytest.approx(upper, abs=1e-9)


@few
@given(accuracies)
def test_no_size_below_a_failed_one_is_non_inferior(values):
    table = compare_with_reference(
        pd.DataFrame(values, index=range(1, len(values) + 1)), len(values), MARGIN, 0.95
    )
    downwards = (table["verdict"] == "non_inferior").tolist()[-2::-1]
    assert downwards == sorted(downwards, reverse=True)
    stopped = table["verdict_reason"] == "sequence_stopped"
    assert (table.loc[stopped, "verdict"] == "inconclusive").all()


@pytest.mark.slow
@few
@given(accuracies)
def test_a_wider_margin_never_asks_for_more_data(values):
    accuracy = pd.DataFrame(values, index=range(1, len(values) + 1)).rename_axis("n_train")
    sizes = [
        sufficient_size(compare_with_reference(accuracy, len(values), m, 0.95).reset_index())
        for m in (0.001, 0.01, 0.05)
    ]
    assert sizes == sorted(sizes, reverse=True)


@pytest.mark.slow
@few
@given(accuracies, st.randoms(use_true_random=False))
def test_the_order_of_seeds_does_not_matter(values, random):
    accuracy = pd.DataFrame(values, index=range(1, len(values) + 1))
    order = list(accuracy.columns)
    random.shuffle(order)
    pd.testing.assert_frame_equal(
        compare_with_reference(accuracy, len(values), MARGIN, 0.95),
        compare_with_reference(accuracy[order], len(values), MARGIN, 0.95),
    )


def test_the_sequence_stops_at_the_first_failure():
    table = compare(
        {
            10_000: [0.80, 0.80, 0.801],  # ten points worse: clearly inferior
            20_000: [0.90, 0.91, 0.891],  # as good as the reference, but below the failure
            30_000: [0.88, 0.91, 0.88],  # noisy: mean -0.01, inconclusive; stops the sequence
            40_000: [0.899, 0.910, 0.889],
            60_000: [0.900, 0.910, 0.890],
        }
    )
    assert table["verdict"].to_dict() == {
        10_000: "inferior",
        20_000: "inconclusive",
        30_000: "inconclusive",
        40_000: "non_inferior",
        60_000: "reference",
    }
    assert table["verdict_reason"].dropna().to_dict() == {20_000: "sequence_stopped"}
    assert sufficient_size(table.reset_index()) == 40_000


def test_nothing_smaller_passes():
    table = compare({1000: [0.7, 0.71], 2000: [0.8, 0.82], 3000: [0.9, 0.91]})
    assert sufficient_size(table.reset_index()) == 3000


@pytest.mark.parametrize(
    ("difference", "p_value", "verdict"),
    [
        (-0.004, 0, "non_inferior"),
        (-0.02, 1, "inferior"),
        (-0.01, 1, "inconclusive"),  # exactly on the margin: neither better nor worse than it
    ],
)
def test_the_same_difference_in_every_seed(difference, p_value, verdict):
    reference = np.array([0.90, 0.89, 0.87])
    row = compare({30: reference + difference, 60: reference}).loc[30]
    assert row["accuracy_diff_lower"] == row["accuracy_diff_upper"] == row["accuracy_diff_mean"]
    assert row["accuracy_diff_mean"] == difference
    assert row["accuracy_diff_sd"] == row["precision"] == 0
    assert row["p_value"] == p_value
    assert (row["verdict"], row["verdict_reason"]) == (verdict, "zero_variance")


def small_test(rows, test_examples, margin):
    accuracy = pd.DataFrame(rows).T.sort_index() / test_examples
    return compare_with_reference(
        accuracy, max(rows), margin, 0.95, test_examples=test_examples
    ).loc[min(rows)]


def test_two_seeds_without_variance_prove_nothing_on_twelve_test_examples():
    row = small_test({30: [11, 12], 60: [11, 12]}, 12, 0.1)
    # No loss in 12: the loss is below 1 - 0.05^(1/12) = 0.2209, the rule of three.
    assert row["accuracy_diff_lower"] == pytest.approx(-(1 - 0.05 ** (1 / 12)))
    assert row["accuracy_diff_upper"] == pytest.approx(1 - 0.05 ** (1 / 12))
    assert row["p_value"] == pytest.approx(0.9**12)
    assert (row["verdict"], row["verdict_reason"]) == ("inconclusive", "zero_variance")


@pytest.mark.parametrize(
    ("lost", "test_examples", "margin", "verdict"),
    [
        (0, 290, 0.01, "inconclusive"),
        (0, 300, 0.01, "non_inferior"),
        (0, 10_000, 0.01, "non_inferior"),
        (40, 10_000, 0.01, "non_inferior"),
        (80, 10_000, 0.01, "non_inferior"),
        (97, 10_000, 0.01, "inconclusive"),
        (120, 10_000, 0.01, "inferior"),
        (1, 12, 0.1, "inconclusive"),
        (10, 12, 0.1, "inferior"),
        (-3, 12, 0.1, "inconclusive"),
        (-3, 12, 0.3, "non_inferior"),
    ],
)
def test_without_variance_the_test_part_decides(lost, test_examples, margin, verdict):
    right = [0.9 * test_examples // 1] * 3 if lost > 0 else [test_examples // 2] * 3
    row = small_test({30: np.array(right) - lost, 60: np.array(right)}, test_examples, margin)
    assert row["verdict"] == verdict
    # As for the t test, the p is below 0.05 just where the bound is within the margin.
    assert (
        (row["p_value"] < 0.05)
        == (row["accuracy_diff_lower"] > -margin)
        == (verdict == "non_inferior")
    )


def test_a_difference_of_less_than_one_test_example_is_no_variance():
    # Of 20 seeds one differs: SD 1/20 of a share of 1/50.
    row = small_test({30: [45] * 19 + [44], 60: [45] * 20}, 50, 0.03)
    assert (row["verdict"], row["verdict_reason"]) == ("inconclusive", "zero_variance")


def test_two_seeds_are_tested():
    row = compare({30: [0.899, 0.889], 60: [0.900, 0.8895]}).loc[30]
    # Differences -0.0010 and -0.0005: mean -0.00075, SD 0.00035355, standard error 0.00025;
    # t(0.95; 1) = 6.313752; lower -0.00075 - 0.00157844 = -0.00232844.
    assert row["accuracy_diff_lower"] == pytest.approx(-0.00232844, abs=1e-8)
    assert row["verdict"] == "non_inferior"


def test_only_seeds_that_ran_at_both_sizes_count():
    gap = compare({30: [0.896, 0.903, 0.885, NAN], 60: [0.900, 0.910, 0.890, 0.500]})
    whole = compare({30: [0.896, 0.903, 0.885], 60: [0.900, 0.910, 0.890]})
    numbers = ["accuracy_diff_mean", "accuracy_diff_lower", "p_value", "n_pairs"]
    assert gap.loc[30, numbers].tolist() == whole.loc[30, numbers].tolist()
    assert gap.loc[30, "verdict_reason"] == "missing_pairs"


def test_one_pair_is_too_few_and_stops_the_sequence():
    table = compare({20: [0.90, 0.91, 0.891], 30: [0.896, NAN, NAN], 60: [0.900, 0.910, 0.890]})
    row = table.loc[30]
    assert row["accuracy_diff_mean"] == pytest.approx(-0.004)
    assert row[["accuracy_diff_lower", "accuracy_diff_sd", "p_value", "precision"]].isna().all()
    assert (row["verdict"], row["verdict_reason"]) == ("inconclusive", "too_few_pairs")
    assert table.loc[20, "verdict_reason"] == "sequence_stopped"


def test_no_pair_at_all():
    row = compare({30: [0.9, NAN], 60: [NAN, 0.9]}).loc[30]
    assert math.isnan(row["accuracy_diff_mean"])
    assert (row["verdict"], row["verdict_reason"]) == ("inconclusive", "too_few_pairs")


def test_accuracy_that_falls_with_size_makes_less_data_sufficient():
    table = compare({10: [0.95, 0.96, 0.951], 30: [0.92, 0.93, 0.919], 60: [0.9, 0.91, 0.89]})
    assert table["verdict"].tolist() == ["non_inferior", "non_inferior", "reference"]
    assert sufficient_size(table.reset_index()) == 10


def test_sizes_above_the_reference_are_no_part_of_the_sequence():
    table = compare(
        {
            30: [0.899, 0.909, 0.8895],
            60: [0.900, 0.910, 0.890],
            80: [0.70, 0.71, 0.701],  # a failed training: no reason to stop the sequence below
            90: [0.91, 0.92, 0.899],
        },
        reference=60,
    )
    assert table["verdict"].tolist() == ["non_inferior", "reference", "inferior", "non_inferior"]
    reasons = table["verdict_reason"].dropna().to_dict()
    assert reasons == {80: "above_reference", 90: "above_reference"}
    assert sufficient_size(table.reset_index()) == 30


def test_the_reference_size_must_have_run():
    accuracy = pd.DataFrame({1: [0.8, 0.9]}, index=[30_000, 60_000])
    assert reference_size(accuracy, "max") == 60_000
    assert reference_size(accuracy, 30_000) == 30_000
    with pytest.raises(DataError, match=r"reference_n_train is 50000.*30000, 60000, or max"):
        reference_size(accuracy, 50_000)


def test_the_sufficient_size_is_asked_of_one_curve():
    two = pd.DataFrame({"n_train": [30, 60], "verdict": ["reference", "reference"]})
    with pytest.raises(DataError, match="have 2"):
        sufficient_size(two)
