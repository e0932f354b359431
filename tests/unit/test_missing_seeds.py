"""Where a size lacks seeds of the reference, all that is said of it rests on those of both."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from synthetic import REPORT_DIR, make_runs, make_study

from ecosobriety.decision.criteria import Criteria
from ecosobriety.decision.curve_table import fit_curves
from ecosobriety.decision.evidence import _last_gain
from ecosobriety.decision.intervals import comparable_values, mean_interval
from ecosobriety.decision.power_law import fit_power_law
from ecosobriety.decision.recommend import TestPart, _target, recommend
from ecosobriety.metrics import ACCURACY
from ecosobriety.reporting.levers import levers_section
from ecosobriety.reporting.whatif import factors
from ecosobriety.texts import Texts

PACE = {1: 3.0, 2: 1.2, 3: 1.1, 4: 1.0, 5: 2.8}
"""How many times the energy and the time of others some seeds take, at every size."""
SIZE, REFERENCE = 30_000, 60_000


def runs_of(model: str = "mlp", **given: float) -> pd.DataFrame:
    runs = make_runs(model, **given)
    pace = runs["seed"].map(PACE)
    for column in ("energy_kwh", "energy_cpu_kwh", "energy_ram_kwh", "train_duration_s"):
        runs[column] *= pace
    runs["test_accuracy"] = (runs["test_accuracy"] + 0.002 * runs["seed"]).round(4)
    return runs


def without(runs: pd.DataFrame, model: str = "mlp") -> pd.DataFrame:
    """As where a budget ended before two seeds, the sparing ones, of a size."""
    lacks = (runs["model"] == model) & (runs["n_train"] == SIZE) & runs["seed"].isin([2, 4])
    return runs[~lacks].reset_index(drop=True)


@pytest.fixture(scope="module")
def study():
    return make_study(without(runs_of()))


def test_means_are_those_of_the_reference_changed_as_the_seeds_of_both_change() -> None:
    runs = pd.DataFrame(
        {"n_train": [1, 1, 2, 2, 2], "seed": [1, 2, 1, 2, 3], "kwh": [6.0, 8.0, 10.0, 20.0, 90.0]}
    )
    # 7 kWh for 15; of the 40 of all seeds, 7 / 15.
    amounts = comparable_values(runs, "kwh", 2, ratio=True)
    assert amounts[1].mean() == pytest.approx(40 * 7 / 15)
    assert amounts[1][1] / amounts[1][0] == pytest.approx(8 / 6)
    assert amounts[2].tolist() == [10.0, 20.0, 90.0]
    # As scores, 8 less than the 40.
    scores = comparable_values(runs, "kwh", 2, ratio=False)
    assert scores[1].tolist() == pytest.approx([31.0, 33.0])
    # None in common, and no reference.
    apart = runs.assign(seed=[4, 5, 1, 2, 3])
    for unchanged in (apart, runs[runs["n_train"] == 1]):
        assert comparable_values(unchanged, "kwh", 2, ratio=True)[1].tolist() == [6.0, 8.0]


def test_a_mean_that_is_moved_stays_where_means_can_be() -> None:
    assert mean_interval([1.01], 0.95, lowest=0, highest=1)[0] == 1
    assert mean_interval([1.02, 1.02], 0.95, lowest=0, highest=1) == (1, 1, 1)
    mean, low, high = mean_interval([0.99, 1.05], 0.95, lowest=0, highest=1)
    assert (mean, high) == (1, 1)
    assert 0 < low < 1


def test_a_size_with_more_seeds_keeps_its_scores() -> None:
    runs = pd.DataFrame({"n_train": [1, 1, 1, 2], "seed": [1, 2, 3, 1], "v": [3.0, 4.0, 5.0, 6.0]})
    assert comparable_values(runs, "v", 2, ratio=False)[1].tolist() == [3.0, 4.0, 5.0]
    # What is saved is the share of its pair: half of 6.
    assert comparable_values(runs, "v", 2, ratio=True)[1].mean() == pytest.approx(3.0)


def test_a_larger_size_with_a_single_seed_is_none_that_misses_the_target() -> None:
    scores = pd.DataFrame(
        {1: [0.74, 0.741, 0.788], 2: [0.735, 0.765, np.nan], 3: [0.738, 0.768, np.nan]},
        index=[256, 512, 1024],
    )
    found = _target(scores, ACCURACY, 0.73, 0.95, TestPart(None, 10_000, None))
    assert (found["n_train"], found["larger_sizes_reach"]) == (256, True)
    # Neither is known to reach it, nor to miss it, but for its score.
    single = scores.assign(**{"1": scores[1]}).drop(columns=1)
    single.loc[1024, "1"] = 0.50
    assert not _target(single, ACCURACY, 0.73, 0.95, TestPart(None, 10_000, None))[
        "larger_sizes_reach"
    ]
    # One that was tested and misses it.
    scores.loc[1024, [2, 3]] = [0.60, 0.61]
    found = _target(scores, ACCURACY, 0.73, 0.95, TestPart(None, 10_000, None))
    assert (found["n_train"], found["larger_sizes_reach"]) == (256, False)


def test_the_target_and_the_fitted_curve_are_of_the_same_means_as_the_curve() -> None:
    runs = without(runs_of())
    criteria = Criteria("max", 0.005, 0.95)
    curve = fit_curves(runs, reference_n_train="max", margin=0.005, confidence=0.95)
    means = curve.set_index("n_train")["accuracy_mean"]
    (answer,) = recommend(runs, criteria, data=TestPart(0.1, 10_000, 60_000))["results"]
    for target in means:
        # So far below that the seeds' spread leaves the size's bound above it.
        asked = replace(criteria, target=target - 0.02)
        (found,) = recommend(runs, asked, data=TestPart(0.1, 10_000, 60_000))["results"]
        reached = found["target"]["n_train"]
        assert found["target"]["accuracy_mean"] == pytest.approx(means[reached])
    law = fit_power_law(means.index, 1 - means)
    assert answer["power_law"]["a"] == pytest.approx(law.a, rel=1e-6)
    fitted = curve.set_index("n_train")["fitted_accuracy"]
    assert fitted.to_numpy() == pytest.approx(1 - law.error(means.index))


def test_seeds_that_did_not_run_at_the_largest_size_take_no_bound_away() -> None:
    first = [0.70, 0.72, 0.74, 0.741, 0.777, 0.785, 0.788]
    sizes = [64 * 2**i for i in range(7)]
    alone = pd.DataFrame({1: first}, index=sizes)
    added = alone.assign(**{"2": [np.nan] * 4 + [0.78, 0.79, np.nan]})
    assert _last_gain(alone, ACCURACY) == pytest.approx((0.003, 0.014127), rel=1e-3)
    middle = alone.assign(**{"2": [np.nan] * 3 + [0.75, np.nan, np.nan, 0.79]})
    for more in (added, middle):
        assert _last_gain(more, ACCURACY) == _last_gain(alone, ACCURACY)


@pytest.mark.slow
def test_every_amount_of_the_size_is_of_the_seeds_of_both(study) -> None:
    (case,) = study.cases()
    pairs = case.runs.pivot(index="seed", columns="n_train", values="energy_kwh")
    ran = pairs[SIZE].notna()
    share = 1 - float(pairs[SIZE].sum() / pairs.loc[ran, REFERENCE].sum())
    scores = case.runs.pivot(index="seed", columns="n_train", values="test_accuracy")
    change = float((scores[SIZE] - scores[REFERENCE]).mean())
    reference_kwh = float(pairs[REFERENCE].mean())
    curve = case.decision.curve
    assert curve["energy_kwh_mean"][SIZE] == pytest.approx((1 - share) * reference_kwh)
    assert curve["duration_s_mean"][SIZE] == pytest.approx(curve["duration_s_mean"][REFERENCE] / 2)
    assert case.decision.scores[SIZE] == pytest.approx(scores[REFERENCE].mean() + change)
    at = study.scenarios[study.scenarios["n_train"] == SIZE]
    assert at["energy_kwh"].to_numpy() == pytest.approx((1 - share) * reference_kwh)
    saved = case.electricity.saving(SIZE)
    assert saved["saved_share"] == pytest.approx(share)
    assert saved["energy_saved_kwh"] == pytest.approx(share * reference_kwh)
    sizes = factors(study, Texts.load("en", REPORT_DIR / "locale"))["cases"][0]["sizes"]
    assert sizes[str(SIZE)]["energy_kwh"][0] == pytest.approx((1 - share) * reference_kwh)
    # A year of this size, and what it saves, are a year of the reference.
    assert sizes[str(SIZE)]["energy_kwh"][0] + share * sizes[str(REFERENCE)]["energy_kwh"][
        0
    ] == pytest.approx(reference_kwh)


@pytest.mark.slow
def test_twice_the_data_cost_what_they_do_with_all_seeds(study) -> None:
    (lacking,), (whole,) = study.cases(), make_study(runs_of()).cases()
    for before, after in zip(
        whole.decision.result["more_data"], lacking.decision.result["more_data"], strict=True
    ):
        assert after["energy_kwh"] == pytest.approx(before["energy_kwh"], rel=0.03)


@pytest.mark.slow
@pytest.mark.parametrize(("language", "said"), [("en", "Left out here"), ("fr", "de côté ici")])
def test_levers_name_the_settings_that_lack_seeds(language: str, said: str) -> None:
    text = Texts.load(language, REPORT_DIR / "locale")
    runs = pd.concat([runs_of(), runs_of("cnn", energy_factor=1.5)], ignore_index=True)
    whole, lacking = (levers_section(make_study(one), text) for one in (runs, without(runs)))
    assert said not in whole["answer"]
    assert said in lacking["answer"]
    assert "mlp (30" in lacking["answer"].split(said)[1]
