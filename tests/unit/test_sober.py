"""A sober study's decisions and costs, by hand."""

import numpy as np
import pandas as pd
import pytest

from ecosobriety.decision import GrowthRule, TestPart, add_growth, add_study_cost
from ecosobriety.decision import decide as decide_by
from ecosobriety.decision.sober import ADAPTIVE_Z
from ecosobriety.decision.study_cost import _energy_at, _energy_by
from ecosobriety.records.tracker_runs import TrackerRun

SIZES = [256, 512, 1024, 2048, 4096, 8192]
DATA = TestPart(baseline=None, test_examples=10_000, train_examples=16_384)
RULE = {"margin": 0.01, "z": 1.0, "tame": True, "adaptive": True, "test_examples": 10_000}


def runs_of(scores, energy_per_example=1e-6):
    """Rows of the table `runs`: scores by size and seed."""
    rows = [
        {
            "dataset": "d",
            "model": "m",
            "n_train": n,
            "seed": seed,
            "test_accuracy": score,
            "energy_kwh": n * energy_per_example,
            "lost_energy_kwh": 0.0,
            "steps": n // 128 + 1,
            "epochs": 1.0,
        }
        for n, by_seed in scores.items()
        for seed, score in by_seed.items()
    ]
    return pd.DataFrame(rows)


def decide(runs, *, test_examples=None, **rule):
    """A decision by the keys of a rule."""
    return decide_by(runs, GrowthRule(**rule), test_examples=test_examples)


def one_seed(values):
    return {n: {1: value} for n, value in zip(SIZES, values, strict=True)}


ROUGH = one_seed([0.70, 0.76, 0.78, 0.82, 0.826, 0.83])


def test_noise_alone_asks_for_more_seeds_where_they_may_be_added():
    found = decide(runs_of(ROUGH), full_n_train=16_384, may_add_seeds=True, **RULE)
    # One doubling left at 0.004; the bends -0.04, 0.02, -0.034, -0.002 are the noise.
    noise = np.mean(np.square([-0.04, 0.02, -0.034, -0.002])) / 6
    assert found["gain_per_doubling"] == pytest.approx(0.004)
    assert found["standard_error"] == pytest.approx(np.sqrt(2 * noise))
    assert (found["decision"], found["reason"]) == ("more_seeds", "noise_alone")
    last = decide(runs_of(ROUGH), full_n_train=16_384, may_add_seeds=False, **RULE)
    assert (last["decision"], last["reason"]) == ("grow", "bound_above_margin")
    assert last["bound"] == found["bound"]


def test_seeds_at_the_last_two_sizes_halve_the_noise():
    scores = {n: dict(by_seed) for n, by_seed in ROUGH.items()}
    scores[4096] |= {2: 0.824, 3: 0.825}
    scores[8192] |= {2: 0.828, 3: 0.828}
    found = decide(runs_of(scores), full_n_train=16_384, may_add_seeds=False, **RULE)
    gains = [0.004, 0.004, 0.003]
    bends = 2 * np.mean(np.square([-0.04, 0.02, -0.034, -0.002])) / 6
    variance = (4 * bends + 2 * np.var(gains, ddof=1)) / 6
    assert found["seeds"] == 3
    assert found["gain_per_doubling"] == pytest.approx(np.mean(gains))
    assert found["standard_error"] == pytest.approx(np.sqrt(variance / 3))


def test_a_test_part_too_small_for_the_margin_decides_nothing():
    rule = RULE | {"test_examples": 400}
    found = decide(runs_of(ROUGH), full_n_train=16_384, may_add_seeds=True, **rule)
    # Two right and two wrong answers are added to the 400.
    share = (0.83 * 400 + 2) / 404
    assert found["test_standard_error"] == pytest.approx(np.sqrt(share * (1 - share) / 404))
    assert (found["decision"], found["reason"]) == ("undecided", "test_part_too_small")


@pytest.mark.parametrize(
    ("test_examples", "reason"),
    [
        (20, "test_part_too_small"),
        (100, "test_part_too_small"),
        (150, "bound_within_margin"),
    ],
)
def test_a_perfect_score_on_a_tiny_test_part_decides_nothing(test_examples, reason):
    perfect = runs_of(one_seed([1.0] * len(SIZES)))
    rule = RULE | {"test_examples": test_examples}
    found = decide(perfect, full_n_train=16_384, may_add_seeds=False, **rule)
    # 152 of 154: 0.92 points; 102 of 104: 1.35 points; the margin is one.
    assert found["reason"] == reason
    # No bend, no gain, and yet no less than one of the test examples can be seen.
    assert found["bound"] == pytest.approx(1 / test_examples)


@pytest.mark.parametrize(
    ("tame", "adaptive", "chosen", "z"),
    [
        (True, False, None, 1.25),
        (True, True, None, ADAPTIVE_Z),
        (False, True, None, 2.5),
        (False, False, 1.0, 1.0),
    ],
)
def test_networks_are_given_more_caution(tame, adaptive, chosen, z):
    rule = GrowthRule(1024, 0.01, chosen, tame, adaptive, may_add_seeds=False)
    assert rule.standard_errors == z


def study(scores, configured, decisions, ladder=(), beside_plan=None, tracked=()):
    """A recommendation with what the study took; a kWh emits 50 g and costs 0.04 to 0.2."""
    runs = runs_of(scores)
    recommendation = {
        "results": [
            {
                "dataset": "d",
                "model": "m",
                "reference_n_train": int(runs["n_train"].max()),
                "configured": configured,
                "more_data": [{"factor": 2.0}, {"factor": 4.0}],
            }
        ]
    }
    largest = runs["n_train"].max()
    place = {"dataset": "d", "model": "m", "n_train": largest, "country_iso3": "FRA"}
    cells = [
        ("grid", 0.0, 100.0, np.nan),
        ("coal", 1.0, 1600.0, 0.4),
        ("hydro", 1.0, 20.0, 0.08),
        ("wind_onshore", 0.5, 60.0, 0.01),  # for a part of the electricity only
    ]
    scenarios = pd.DataFrame(
        [
            {**place, "source": source, "coverage": coverage, "energy_kwh": 2.0}
            | {"emissions_g": emissions, "cost": cost, "currency": "EUR"}
            for source, coverage, emissions, cost in cells
        ]
    )
    full = decisions[0]["full_n_train"] if decisions else None
    rule = GrowthRule(full, 0.01, 1.0, tame=True, adaptive=True, may_add_seeds=False)
    rules = {"m": rule}
    grown = add_growth(recommendation, decisions, runs, rules, data=DATA, ladder=ladder)
    costed = add_study_cost(grown, runs, scenarios, "FRA", beside_plan, tracked=tracked)
    return {**costed["results"][0], "other_models": costed["other_models"]}


UNTRAINED = {
    "no_recommendation": "full_size_untrained",
    "smaller_than_reference": False,
    "sufficient_n_train": None,
}


def test_a_study_that_stops_says_what_it_took_and_when_that_is_paid_for():
    decision = decide(
        runs_of(ROUGH), full_n_train=16_384, may_add_seeds=False, **RULE | {"margin": 0.1}
    )
    result = study(ROUGH, UNTRAINED, [decision], ladder=[*SIZES, 16_384])
    assert result["growth"]["stopped_n_train"] == 8192
    assert result["growth"]["gain_at_most"] == decision["bound"]
    cost = result["study_cost"]
    # 256 + ... + 8,192 examples at 1e-6 kWh; a full training takes twice the last one's.
    assert cost["energy_kwh"] == pytest.approx(16_128e-6)
    assert cost["full_training_kwh"] == pytest.approx(16_384e-6)
    assert cost["full_training_estimated"]
    assert cost["full_trainings"] == pytest.approx(16_128 / 16_384)
    assert cost["payback_retrainings"] == pytest.approx(16_128 / 8192)
    assert cost["emissions_g"] == pytest.approx(50 * 16_128e-6)
    assert cost["cost"] is None
    assert cost["cheapest"] == {"source": "hydro", "amount": pytest.approx(0.04 * 16_128e-6)}
    assert cost["dearest"] == {"source": "coal", "amount": pytest.approx(0.2 * 16_128e-6)}
    unspent = result["growth"]["unspent"]
    assert (unspent["sizes"], unspent["trainings"]) == ([16_384], 1)
    assert unspent["energy_kwh"] == pytest.approx(16_384e-6)
    assert unspent["emissions_g"] == pytest.approx(50 * 16_384e-6)
    assert unspent["dearest"]["amount"] == pytest.approx(0.2 * 16_384e-6)
    assert [more["energy_kwh"] for more in result["more_data"]] == pytest.approx(
        [8192e-6, 3 * 8192e-6]
    )
    assert [more["dearest"]["amount"] for more in result["more_data"]] == pytest.approx(
        [0.2 * 8192e-6, 0.2 * 3 * 8192e-6]
    )
    # The decision that was made, and at each size before it why there was none.
    assert [found["n_train"] for found in result["bounds"]] == SIZES
    assert result["bounds"][-1]["decision"] == "stop"
    assert {found["reason"] for found in result["bounds"][:-1]} == {"too_few_sizes"}


def test_what_more_data_would_take_is_read_off_the_line_through_the_sizes():
    def at(size, *kwh):
        by = _energy_by(None, by_size=True, sizes=len(kwh))
        return _energy_at(pd.Series(kwh, index=[100, 200, 400][: len(kwh)]), size, by)

    assert at(800, 1.0, 2.0, 4.0) == pytest.approx(8.0)
    # A start of 1 kWh, and 0.01 for each example; and the same at all sizes, or less.
    assert at(800, 2.0, 3.0, 5.0) == pytest.approx(9.0)
    assert at(1200, 2.0, 3.0, 5.0) == pytest.approx(13.0)
    assert at(800, 2.0, 2.0, 2.0) == pytest.approx(2.0)
    assert at(800, 2.0, 2.0, 1.9) == 1.9
    assert at(200, 3.0) == 6.0
    # Between two that were measured, by these.
    assert at(300, 2.0, 3.0, 5.0) == 4.0
    grown = pd.Series([2.0, 3.0, 5.0], index=[100, 200, 400])
    assert _energy_at(grown, 800, "examples") == 10.0
    assert _energy_at(grown, 800, "steps") == 5.0


@pytest.mark.parametrize(
    ("trained", "by_size", "wanted"),
    [((8, 8), True, "line"), ((8, 6), True, "examples"), ((8, 8), False, "steps")],
)
def test_the_line_holds_where_all_sizes_had_all_epochs(trained, by_size, wanted):
    """As with `plan.epochs` adaptive, where a decision names its epochs in any case."""
    growth = {"decisions": [{"epochs": {"trained": float(one), "all": 8}} for one in trained]}
    assert _energy_by(growth, by_size=by_size, sizes=4) == wanted
    assert _energy_by({"decisions": [{"epochs": None}]}, by_size=True, sizes=4) == "line"


def test_what_was_trained_beyond_a_stop_is_not_called_unspent():
    decision = decide(
        runs_of(ROUGH), full_n_train=32_768, may_add_seeds=False, **RULE | {"margin": 0.2}
    )
    beside = pd.DataFrame(
        [("d", "m", 32_768, 1, 0.03, 0.0)],
        columns=["dataset", "model", "n_train", "trainings", "energy_kwh", "lost_energy_kwh"],
    )
    ladder = [*SIZES, 16_384, 32_768]
    result = study(ROUGH, UNTRAINED, [decision], ladder=ladder, beside_plan=beside)
    cost, unspent = result["study_cost"], result["growth"]["unspent"]
    assert (cost["full_training_kwh"], cost["full_training_estimated"]) == (0.03, False)
    assert (unspent["sizes"], unspent["trainings"], unspent["trained_before"]) == ([16_384], 1, 1)
    # A third of the way from 8,192 examples, which took 0.008192 kWh, to those 32,768.
    assert unspent["energy_kwh"] == pytest.approx(0.008192 + (0.03 - 0.008192) / 3)
    assert result["growth"]["untrained"] == [16_384]


def test_what_a_retraining_saves_is_that_of_the_seeds_that_ran_at_both():
    scores = {4096: {1: 0.9, 2: 0.9}, 8192: {1: 0.9, 2: 0.9, 3: 0.9}}
    configured = {
        "no_recommendation": None,
        "smaller_than_reference": True,
        "sufficient_n_train": 4096,
    }
    cost = study(scores, configured, [])["study_cost"]
    # At 1e-6 kWh for each example, whatever the seed.
    assert cost["saved_kwh"] == pytest.approx(4096e-6)


def test_a_study_that_saves_nothing_never_pays():
    configured = {
        "no_recommendation": None,
        "smaller_than_reference": False,
        "sufficient_n_train": 8192,
    }
    cost = study(ROUGH, configured, [])["study_cost"]
    assert (cost["payback_retrainings"], cost["reason"]) == (None, "nothing_saved")
    assert not cost["full_training_estimated"]


def test_an_exhaustive_study_pays_by_the_sufficient_size():
    configured = {
        "no_recommendation": None,
        "smaller_than_reference": True,
        "sufficient_n_train": 4096,
    }
    result = study(ROUGH, configured, [])
    assert result["growth"] is None
    assert result["study_cost"]["payback_retrainings"] == pytest.approx(16_128 / 4096)
    # What a study that grows would have decided: the data hold 16,384, which none has trained.
    assert [found["full_n_train"] for found in result["bounds"]] == [16_384] * len(SIZES)
    assert result["bounds"][-1]["reason"] != "full_size"


def test_what_the_plan_no_longer_asks_for_was_paid_for_all_the_same():
    beside = pd.DataFrame(
        [
            ("d", "m", 16_384, 1, 0.01, 0.002),
            ("d", "m", 32_768, 0, 0.0, 0.005),
            ("d", "other", 64, 1, 1.0, 1.0),
            ("before", "m", 64, 1, 0.5, 0.25),
        ],
        columns=["dataset", "model", "n_train", "trainings", "energy_kwh", "lost_energy_kwh"],
    )
    found = study(ROUGH, UNTRAINED, [], beside_plan=beside)
    assert found["other_models"] == {
        "models": ["before/m", "other"],
        "trainings": 2,
        "energy_kwh": 1.5,
        "lost_energy_kwh": 1.25,
    }
    cost = found["study_cost"]
    assert cost["beside_plan_kwh"] == pytest.approx(0.01)
    assert cost["lost_energy_kwh"] == cost["lost_beside_plan_kwh"] == pytest.approx(0.007)
    assert cost["energy_kwh"] == pytest.approx(16_128e-6 + 0.017)
    assert cost["trainings"] == len(SIZES) + 1
    assert cost["emissions_g"] == pytest.approx(50 * (16_128e-6 + 0.017))


def test_what_other_trackers_trained_again_is_part_of_the_cost():
    """At 8,192 examples; the second has no end, and the third is another model's."""
    about = {"version": "1", "dataset": "d", "model": "m", "seed": 1, "train_duration_s": 3.0}
    tracked = [
        TrackerRun(tracker="eco2ai", n_train=8192, **about),
        TrackerRun(tracker="eco2ai", n_train=64, **about | {"train_duration_s": None}),
        TrackerRun(tracker="eco2ai", n_train=8192, **about | {"model": "other"}),
    ]
    cost = study(ROUGH, UNTRAINED, [], tracked=tracked)["study_cost"]
    assert cost["trackers_kwh"] == pytest.approx(8192e-6)
    assert cost["energy_kwh"] == pytest.approx(16_128e-6 + 8192e-6)


def test_no_bound_goes_beyond_a_perfect_score():
    """99 % are reached, and the noise of one seed alone says 3 points more."""
    nearly = {n: {1: 0.99 - 0.01 * (i % 2)} for i, n in enumerate(reversed(SIZES))}
    runs = runs_of(nearly)
    decision = decide(runs, full_n_train=16_384, may_add_seeds=False, **RULE | {"margin": 0.2})
    growth = study(nearly, UNTRAINED, [decision])["growth"]
    assert decision["bound"] > 0.01
    assert growth["gain_at_most"] == pytest.approx(0.01)
    perfect = {n: {1: 1.0 - 0.01 * (n < 8192)} for n in SIZES}
    decision = decide(
        runs_of(perfect), full_n_train=16_384, may_add_seeds=False, **RULE | {"margin": 0.2}
    )
    result = study(perfect, UNTRAINED, [decision])
    # All are right of as many as the test part has: one of them more or less is not seen.
    assert result["growth"]["gain_at_most"] == pytest.approx(1 / DATA.test_examples)
