"""A sober study's decisions and costs, by hand."""

import numpy as np
import pandas as pd
import pytest

from ecosobriety.decision import add_growth, add_study_cost, decide
from ecosobriety.decision.sober import ADAPTIVE_Z, standard_errors

SIZES = [256, 512, 1024, 2048, 4096, 8192]
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
        }
        for n, by_seed in scores.items()
        for seed, score in by_seed.items()
    ]
    return pd.DataFrame(rows)


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
    assert found["test_standard_error"] == pytest.approx(np.sqrt(0.83 * 0.17 / 400))
    assert (found["decision"], found["reason"]) == ("undecided", "test_part_too_small")


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
    assert standard_errors(tame=tame, adaptive=adaptive, chosen=chosen) == z


def study(scores, configured, decisions):
    """A recommendation with what the study took."""
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
    scenarios = pd.DataFrame(
        [
            {
                **{"dataset": "d", "model": "m", "n_train": largest, "country_iso3": "FRA"},
                **{"source": "grid", "energy_kwh": 2.0, "emissions_g": 100.0, "cost": np.nan},
                "currency": "EUR",
            }
        ]
    )
    added = add_study_cost(add_growth(recommendation, decisions), runs, scenarios, "FRA")
    return added["results"][0]


UNTRAINED = {
    "no_recommendation": "full_size_untrained",
    "smaller_than_reference": False,
    "sufficient_n_train": None,
}


def test_a_study_that_stops_says_what_it_took_and_when_that_is_paid_for():
    decision = decide(
        runs_of(ROUGH), full_n_train=16_384, may_add_seeds=False, **RULE | {"margin": 0.1}
    )
    result = study(ROUGH, UNTRAINED, [decision])
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
    assert [more["energy_kwh"] for more in result["more_data"]] == pytest.approx(
        [8192e-6, 3 * 8192e-6]
    )


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
