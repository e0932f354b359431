"""The table `curve` and the recommendation, from whole tables of runs."""

import json
import math
import time

import numpy as np
import pandas as pd
import pytest
from scipy.special import betaincinv
from statsmodels.stats.power import TTestPower

from ecosobriety.decision import Criteria, TestPart, fit_curves, fit_power_law, recommend
from ecosobriety.errors import DataError
from ecosobriety.tables import SCHEMAS, check_table

NUMBERS = {"reference_n_train": "max", "margin": 0.01, "confidence": 0.95}


DATA = TestPart(baseline=0.1, test_examples=10_000, train_examples=60_000)
"""Of ten even classes, whose answers no size gives by chance."""


def recommended(runs, data=DATA, **asked):
    others = {name: asked.pop(name) for name in ("margins", "z_of", "metric") if name in asked}
    return recommend(runs, Criteria(**asked), data=data, **others)


def make_runs(accuracy, model="mlp", energy_per_example_kwh=1e-7):
    """Runs from {n_train: accuracy per seed (None: no run)}.

    Energy is proportional to n_train and to 1 + seed / 100; 1,000 examples take one second.
    """
    return pd.DataFrame(
        [
            {
                "dataset": "fashion-mnist",
                "model": model,
                "n_train": n_train,
                "seed": seed,
                "test_accuracy": value,
                "energy_kwh": n_train * energy_per_example_kwh * (1 + seed / 100),
                "train_duration_s": n_train / 1000,
            }
            for n_train, values in accuracy.items()
            for seed, value in enumerate(values, start=1)
            if value is not None
        ]
    )


def random_runs(n_seeds, model="mlp", seed=0):
    rng = np.random.default_rng(seed)
    sizes = [5000, 10_000, 20_000, 30_000, 40_000, 50_000, 60_000]
    return make_runs(
        {n: 0.95 - 2 * n**-0.35 + rng.normal(0, 0.002, n_seeds).round(4) for n in sizes}, model
    )


THREE_SEEDS = {
    20_000: [0.860, 0.866, 0.850],
    30_000: [0.896, 0.903, 0.885],
    60_000: [0.900, 0.910, 0.890],
}


def finite(content):
    """No NaN or infinity anywhere: what strict JSON can hold."""
    return json.loads(json.dumps(content, allow_nan=False))


def only(content):
    (result,) = finite(content)["results"]
    return result


def test_the_curve_follows_the_contract():
    runs = pd.concat([random_runs(3, "mlp"), random_runs(3, "cnn", seed=1)])
    curve = fit_curves(runs.sample(frac=1, random_state=0), **NUMBERS)
    assert list(curve.columns) == list(SCHEMAS["curve"].columns)
    pd.testing.assert_frame_equal(curve, check_table("curve", curve))
    keys = curve[["dataset", "model", "n_train"]]
    pd.testing.assert_frame_equal(keys, keys.sort_values(list(keys)).reset_index(drop=True))
    assert curve["model"].tolist() == ["cnn"] * 7 + ["mlp"] * 7


def test_one_models_curve_does_not_depend_on_another():
    mlp, cnn = random_runs(4, "mlp"), random_runs(4, "cnn", seed=1)
    both = fit_curves(pd.concat([mlp, cnn]), **NUMBERS)
    alone = fit_curves(mlp, **NUMBERS)
    pd.testing.assert_frame_equal(both[both["model"] == "mlp"].reset_index(drop=True), alone)


def test_the_curve_by_hand():
    curve = fit_curves(make_runs(THREE_SEEDS), **NUMBERS).set_index("n_train")
    half = curve.loc[30_000]
    assert half["n_seeds"] == 3
    # Accuracies 0.896, 0.903, 0.885: mean 2.684 / 3; deviations 0.0013333, 0.0083333, -0.0096667;
    # SD = sqrt(1.64667e-4 / 2) = 0.0090738; half width 4.30265 x SD / sqrt(3) = 0.0225407.
    assert half["accuracy_mean"] == pytest.approx(0.8946667, abs=1e-7)
    assert half["accuracy_sd"] == pytest.approx(0.0090738, abs=1e-7)
    assert half["accuracy_ci_low"] == pytest.approx(0.8721260, abs=1e-6)
    assert half["accuracy_ci_high"] == pytest.approx(0.9172073, abs=1e-6)
    # 30,000 x 1e-7 kWh x (1.01, 1.02, 1.03): mean 0.00306; SD 3e-5; half width 7.45241e-5 kWh.
    assert half["energy_kwh_mean"] == pytest.approx(0.00306)
    assert half["energy_kwh_ci_low"] == pytest.approx(0.00306 - 7.45241e-5, abs=1e-9)
    assert half["energy_kwh_ci_high"] == pytest.approx(0.00306 + 7.45241e-5, abs=1e-9)
    assert half["duration_s_mean"] == 30
    # From 20,000 (mean 2.576 / 3) to 30,000 examples: 0.036 more for 0.00102 kWh more.
    assert half["marginal_accuracy_per_kwh"] == pytest.approx(0.036 / 0.00102)
    assert math.isnan(curve.loc[20_000, "marginal_accuracy_per_kwh"])
    assert curve["verdict"].to_dict() == {
        20_000: "inferior",
        30_000: "non_inferior",
        60_000: "reference",
    }
    assert curve.loc[60_000, "accuracy_diff_mean"] == 0


def test_energy_that_does_not_rise_has_no_marginal_accuracy():
    curve = fit_curves(make_runs(THREE_SEEDS, energy_per_example_kwh=0), **NUMBERS)
    assert curve["marginal_accuracy_per_kwh"].isna().all()


def test_the_fitted_columns_are_the_fitted_law():
    runs = random_runs(5)
    curve = fit_curves(runs, **NUMBERS)
    law = fit_power_law(curve["n_train"], 1 - curve["accuracy_mean"])
    assert curve["fitted_accuracy"].tolist() == pytest.approx(1 - law.error(curve["n_train"]))
    assert (curve["fitted_ci_low"] < curve["fitted_accuracy"]).all()
    assert (curve["fitted_accuracy"] < curve["fitted_ci_high"]).all()


def test_three_sizes_have_no_fitted_curve():
    curve = fit_curves(make_runs(THREE_SEEDS), **NUMBERS)
    assert curve[["fitted_accuracy", "fitted_ci_low", "fitted_ci_high"]].isna().all(axis=None)


def test_a_size_with_one_run_has_a_mean_and_no_interval():
    runs = make_runs({30_000: [0.89, None, None], 60_000: [0.90, 0.91, 0.89]})
    row = fit_curves(runs, **NUMBERS).iloc[0]
    assert (row["n_seeds"], row["accuracy_mean"]) == (1, 0.89)
    assert row[["accuracy_sd", "accuracy_ci_low", "energy_kwh_ci_high"]].isna().all()
    assert row["verdict_reason"] == "too_few_pairs"


def test_seven_sizes_of_ten_seeds_take_less_than_two_seconds():
    runs = random_runs(10)
    start = time.process_time()
    fit_curves(runs, **NUMBERS)
    assert time.process_time() - start < 2


@pytest.mark.parametrize("function", [fit_curves, recommended])
def test_an_unknown_reference_size_is_refused(function):
    with pytest.raises(DataError, match="reference_n_train is 50000"):
        function(make_runs(THREE_SEEDS), **(NUMBERS | {"reference_n_train": 50_000}))


def test_the_recommendation_by_hand():
    result = only(recommended(make_runs(THREE_SEEDS), **NUMBERS, margins=(0.02, 0.005)))
    assert (result["dataset"], result["model"]) == ("fashion-mnist", "mlp")
    assert (result["reference_n_train"], result["n_seeds"]) == (60_000, 3)
    answer = result["configured"]
    assert (answer["margin"], answer["sufficient_n_train"]) == (0.01, 30_000)
    assert answer["smaller_than_reference"] is True
    # The differences of test_three_seeds_by_hand: -0.004, -0.007, -0.005.
    assert answer["accuracy_diff"] == {
        "mean": pytest.approx(-0.0053333, abs=1e-7),
        "lower": pytest.approx(-0.0079085, abs=1e-7),
        "p_value": pytest.approx(0.016954, abs=1e-6),
    }
    # Saved per seed: 30,000 x 1e-7 kWh x (1.01, 1.02, 1.03), as in the energy of 30,000 examples.
    assert answer["energy_saved_kwh"] == {
        "mean": pytest.approx(0.00306),
        "ci_low": pytest.approx(0.00306 - 7.45241e-5, abs=1e-9),
        "ci_high": pytest.approx(0.00306 + 7.45241e-5, abs=1e-9),
        "n_pairs": 3,
    }
    half = pytest.approx(0.5)
    assert answer["energy_saved_share"] == {
        "mean": half, "ci_low": half, "ci_high": half, "n_pairs": 3
    }  # fmt: skip
    assert answer["duration_saved_s"]["mean"] == 30
    assert answer["duration_saved_share"]["mean"] == half
    # At 20,000 examples the mean difference is -0.0413: no number of seeds makes that -0.01.
    assert answer["seeds_needed"] == {
        "n_train": 20_000,
        "verdict": "inferior",
        "seeds": None,
        "reason": "difference_beyond_margin",
    }
    assert [(a["margin"], a["sufficient_n_train"]) for a in result["ladder"]] == [
        (0.005, 60_000),
        (0.02, 30_000),
    ]
    assert result["power_law"]["reason"] == "too_few_sizes"
    assert result["target"] is None


def test_where_nothing_smaller_passes_nothing_is_saved():
    answer = only(recommended(make_runs(THREE_SEEDS), **(NUMBERS | {"margin": 0.002})))[
        "configured"
    ]
    assert answer["sufficient_n_train"] == 60_000
    assert answer["smaller_than_reference"] is False
    assert answer["accuracy_diff"] == {"mean": 0, "lower": None, "p_value": None}
    nothing = {"mean": 0, "ci_low": 0, "ci_high": 0, "n_pairs": 3}
    assert answer["energy_saved_kwh"] == answer["energy_saved_share"] == nothing
    assert answer["duration_saved_s"] == answer["duration_saved_share"] == nothing
    # Of the two sizes that fail, the larger is where the sequence stopped.
    assert answer["seeds_needed"]["n_train"] == 30_000


def test_savings_count_only_seeds_that_ran_at_both_sizes():
    runs = make_runs({30_000: [0.899, 0.909, None], 60_000: [0.900, 0.9105, 0.890]})
    saved = only(recommended(runs, **NUMBERS))["configured"]["energy_saved_kwh"]
    # Seeds 1 and 2: 0.00303 and 0.00306 kWh.
    assert (saved["mean"], saved["n_pairs"]) == (pytest.approx(0.003045), 2)


def seeds_needed(differences, smaller=None):
    """Seeds needed when 30,000 examples differ so from the reference's 0.9."""
    runs = make_runs(
        (smaller or {})
        | {
            30_000: [None if d is None else 0.9 + d for d in differences],
            60_000: [0.9] * len(differences),
        }
    )
    return only(recommended(runs, **NUMBERS))["configured"]["seeds_needed"]


def test_seeds_needed_are_the_fewest_that_give_eighty_percent_power():
    differences = [-0.016, 0.004, -0.006, -0.002]  # mean -0.005, SD 0.0084063
    answer = seeds_needed(differences, smaller={10_000: [0.5, 0.6, 0.5, 0.4]})
    assert (answer["n_train"], answer["verdict"]) == (30_000, "inconclusive")
    exact = TTestPower().solve_power(
        effect_size=(np.mean(differences) + 0.01) / np.std(differences, ddof=1),
        alpha=0.05,
        power=0.8,
        alternative="larger",
    )
    # About (1.645 + 0.842)^2 / 0.5948^2 = 17.5 from the normal, and one or two more for t.
    assert answer["seeds"] == math.ceil(exact) == 19


@pytest.mark.parametrize(
    ("differences", "reason"),
    [
        ([-0.001, -0.0015, -0.001], "no_smaller_size"),
        ([-0.001, None, None], "too_few_pairs"),
        ([-0.011, -0.014, -0.009], "difference_beyond_margin"),
        ([-0.012, -0.012, -0.012], "difference_beyond_margin"),  # no variance at all
        ([-0.0, -0.01999, -0.01], "over_1000_seeds"),  # mean -0.0099967, SD 0.01
    ],
)
def test_where_no_number_of_seeds_can_be_given(differences, reason):
    answer = seeds_needed(differences)
    assert (answer["seeds"], answer["reason"]) == (None, reason)


def target(accuracy, wanted, data=DATA):
    return only(recommended(make_runs(accuracy), data, **NUMBERS, target=wanted))["target"]


def test_the_smallest_size_that_reaches_a_target():
    # Bound at 30,000: 0.8946667 - 2.919986 x 0.0090738 / sqrt(3) = 0.8793697.
    answer = target(THREE_SEEDS, 0.879)
    assert answer == {
        "accuracy": 0.879,
        "n_train": 30_000,
        "accuracy_mean": pytest.approx(0.8946667, abs=1e-7),
        "accuracy_lower": pytest.approx(0.8793697, abs=1e-6),
        "larger_sizes_reach": True,
        "reason": None,
    }
    assert target(THREE_SEEDS, 0.88)["n_train"] == 60_000


def test_a_target_reached_against_a_larger_size_says_so():
    answer = target({30_000: [0.9, 0.901], 60_000: [0.90, 0.85]}, 0.89)
    assert (answer["n_train"], answer["larger_sizes_reach"]) == (30_000, False)


def test_seeds_that_agree_are_no_surer_of_a_target_than_the_test_part():
    # 57 of 57 right in each seed: the exact lower bound is 0.05^(1/57) = 0.948800.
    data = TestPart(baseline=0.1, test_examples=57, train_examples=60_000)
    answer = target({30_000: [1.0, 1.0, 1.0], 60_000: [1.0, 1.0, 1.0]}, 0.948, data)
    assert (answer["n_train"], answer["accuracy_mean"]) == (30_000, 1.0)
    assert answer["accuracy_lower"] == pytest.approx(0.05 ** (1 / 57))
    assert target({30_000: [1.0] * 3, 60_000: [1.0] * 3}, 0.949, data)["reason"] == "not_reached"
    # 7,000 of 10,000, by Clopper and Pearson: 0.6923643.
    answer = target({30_000: [0.7] * 3, 60_000: [0.8] * 3}, 0.69)
    assert answer["accuracy_lower"] == pytest.approx(betaincinv(7000, 3001, 0.05))
    assert target({30_000: [0.7] * 3, 60_000: [0.8] * 3}, 0.7)["n_train"] == 60_000


@pytest.mark.parametrize(
    ("accuracy", "reason"),
    [(THREE_SEEDS, "not_reached"), ({30_000: [0.99], 60_000: [0.99]}, "too_few_seeds")],
)
def test_a_target_that_nothing_reaches(accuracy, reason):
    answer = target(accuracy, 0.95)
    assert answer == {
        "accuracy": 0.95,
        "n_train": None,
        "accuracy_mean": None,
        "accuracy_lower": None,
        "larger_sizes_reach": None,
        "reason": reason,
    }


@pytest.mark.parametrize(
    "accuracy",
    [
        THREE_SEEDS,
        {30_000: [0.8], 60_000: [0.9]},
        {60_000: [0.9, 0.8]},
        {30_000: [None, 0.8], 60_000: [0.9, None]},
        {n: [0.9, 0.9] for n in (10, 20, 30, 40)},
        {10: [1.0, 1.0], 20: [0.9, 0.9], 30: [0.8, 0.8], 40: [0.7, 0.7]},
    ],
)
@pytest.mark.filterwarnings("error")
def test_degenerate_studies_give_json_and_a_table_without_warnings(accuracy):
    runs = make_runs(accuracy)
    content = finite(recommended(runs, **NUMBERS, target=0.85))
    assert content["margin"] == 0.01
    curve = fit_curves(runs, **NUMBERS)
    assert (curve["verdict"] == "reference").sum() == 1
    no_bound = curve["accuracy_diff_lower"].isna() & (curve["verdict"] != "reference")
    assert (curve.loc[no_bound, "verdict_reason"] == "too_few_pairs").all()
