"""A forecast by hand: from measured batches to the energy of all trainings, and what came of it."""

import json
from functools import partial

import pandas as pd
import pytest

from ecosobriety.errors import MeteringError
from ecosobriety.forecast import kept, words
from ecosobriety.forecast.amounts import Cost, outcome_of, past_cost, rows_of, training_cost
from ecosobriety.forecast.forecast import add_outcome, make_forecast
from ecosobriety.forecast.samples import Fit, sample_of

# Batches of 100: 10 of them in 0.5 s at 36 W, 100 of them in 3.2 s at 72 W; 2 s around them.
PILOT = {
    "sizes": [
        {"n_train": 1000, "batches": 10, "epoch_s": 0.5, "fixed_s": 2.0, "power_w": 36.0},
        {"n_train": 10_000, "batches": 100, "epoch_s": 3.2, "fixed_s": 2.0, "power_w": 72.0},
    ],
    **{"cold_s": 4.0, "cold_kwh": 4 * 36 / 3.6e6, "startup_s": 10.0},
    **{"epochs": 10, "max_steps": None, "batch_size": 100},
    **{"measured_at": "2026-11-26T18:00:00+00:00", "device": "a processor"},
}


def test_small_sizes_carry_their_fixed_cost_and_sizes_between_lie_on_a_line():
    # 2 s + 10 epochs of 0.5 s, at 36 W; 2 s + 10 epochs of 3.2 s, at 72 W.
    assert training_cost(PILOT, 1000) == Cost(7 * 36 / 3.6e6, pytest.approx(7.0))
    assert training_cost(PILOT, 10_000) == Cost(34 * 72 / 3.6e6, pytest.approx(34.0))
    # 55 batches are half-way: (7 + 34) / 2 s, and the same of the energies.
    assert training_cost(PILOT, 5500).duration_s == pytest.approx(20.5)
    assert training_cost(PILOT, 5500).energy_kwh == pytest.approx((252 + 2448) / 2 / 3.6e6)
    # A last batch may be smaller: 1,001 examples are 11 batches.
    assert training_cost(PILOT, 1001).duration_s == pytest.approx(7.0 + 27 / 90)


def test_sizes_that_fit_into_one_batch_lie_on_a_line_in_examples():
    small, large = ({**size, "batches": 1} for size in PILOT["sizes"])
    one = PILOT | {"sizes": [small, large], "batch_size": 10_000}
    # Half a batch, a whole one, and ten: 0.5, 1 and 10 batches of 2,000 examples.
    mixed = PILOT | {"batch_size": 2000, "sizes": [small, PILOT["sizes"][1] | {"n_train": 20_000}]}
    assert training_cost(mixed, 2000).duration_s == pytest.approx(7.0 + 27 * 0.5 / 9.5)
    durations_s = [training_cost(one, n).duration_s for n in (1000, 5500, 10_000)]
    assert durations_s == pytest.approx([7.0, 20.5, 34.0])
    two = PILOT | {
        "batch_size": 9999,
        "sizes": [small | {"n_train": 10_100}, large | {"n_train": 11_100}],
    }
    assert training_cost(two, 10_600).duration_s == pytest.approx(20.5)
    alone = one | {"sizes": [small, small]}
    assert training_cost(alone, 1000).duration_s == pytest.approx(7.0)


def test_with_a_budget_of_steps_a_size_has_as_many_epochs_as_fit_into_it():
    steps = PILOT | {"max_steps": 200}
    # 20 epochs of 10 batches, or 2 epochs of 100.
    assert training_cost(steps, 1000).duration_s == pytest.approx(2 + 20 * 0.5)
    assert training_cost(steps, 10_000).duration_s == pytest.approx(2 + 2 * 3.2)


def test_the_first_training_of_a_process_takes_more_and_seeds_may_share_it():
    counts = {1000: 5, 10_000: 5}
    shared = rows_of("mlp", counts, by_size=True, pilot=PILOT)
    alone = rows_of("mlp", counts, by_size=False, pilot=PILOT)
    assert [row.duration_s for row in shared] == pytest.approx([5 * 7 + 4, 5 * 34 + 4])
    assert [row.duration_s for row in alone] == pytest.approx([5 * 11, 5 * 38])


def test_a_command_is_forecast_from_its_own_trainings_or_not_at_all():
    past = {1000: Cost(1.0, 10.0), 3000: Cost(2.0, 20.0)}
    assert past_cost(past, 500) == Cost(1.0, 10.0)
    assert past_cost(past, 2000) == Cost(1.5, 15.0)
    assert past_cost(past, 6000) == Cost(4.0, 40.0)
    (row,) = rows_of("forest", {1000: 3}, by_size=True)
    assert (row.energy_kwh, row.duration_s) == (None, None)


def test_warm_up_does_not_count_and_a_cut_epoch_is_carried_on_by_its_step():
    # The first epoch took 9 s; the others 1 s, of which 20 of 100 batches.
    fit = Fit(20, [9.0, 1.0, 1.0], [(18, 8.0), (18, 0.72), (18, 0.72)], 12.0, 12 * 50 / 3.6e6)
    sample = sample_of([fit], n_train=1000, batches=100)
    assert sample.epoch_s == pytest.approx(1.0 + 80 * 0.04)
    # 12 s less three epochs of 1 s: the begin, the end, and what the first epoch took more.
    assert (sample.fixed_s, sample.power_w) == (pytest.approx(9.0), pytest.approx(50.0))


def test_each_turn_counts_alike_however_many_epochs_it_had_time_for():
    """A slow process of a study has as many epochs as a fast one."""
    fast = Fit(20, [1.5, *[1.0] * 4], [], 6.5, 6.5 * 50 / 3.6e6)
    slow = Fit(20, [2.0, 2.0], [], 5.0, 5.0 * 80 / 3.6e6)
    sample = sample_of([fast, slow], n_train=1000, batches=20)
    assert (sample.epoch_s, sample.counted_epochs) == (pytest.approx((1.0 + 2.0) / 2), 5)
    # 0.5 s and 1 s beyond their own epochs.
    assert sample.fixed_s == pytest.approx((1.5 + 1.0) / 2)
    assert sample.power_w == pytest.approx((6.5 * 50 + 5.0 * 80) / 11.5)
    # The energy of a turn that is too short is not known, of all turns it must be.
    short = Fit(20, [0.1], [], 0.1, None)
    assert sample_of([fast, short], 1000, 20).power_w == pytest.approx(50.0)
    with pytest.raises(MeteringError, match="the meter gave no energy"):
        sample_of([short], 1000, 20)


class _Prices:
    def of(self, energy_kwh):
        ends = {"cheapest": None, "dearest": None}
        return {"emissions_g": 50 * energy_kwh, "cost": 0.2 * energy_kwh, **ends, "currency": "EUR"}


def forecast(models, **settings):
    chosen = {"by_size": True, "machine_price_per_hour": 3.6, **settings}
    return make_forecast(models, _Prices(), **chosen)


COUNTS = {1000: 5, 10_000: 5}
OWN = {"counts": COUNTS, "least": COUNTS, "pilot": PILOT}


def test_energy_time_emissions_and_money_of_all_trainings():
    found = forecast({"mlp": OWN})
    seconds = 5 * 7 + 4 + 5 * 34 + 4
    joules = 36 * (5 * 7 + 4) + 72 * 5 * 34 + 36 * 4
    assert found["duration_s"] == pytest.approx(seconds)
    assert found["energy_kwh"] == pytest.approx(joules / 3.6e6)
    assert found["emissions_g"] == pytest.approx(50 * joules / 3.6e6)
    assert found["cost"] == pytest.approx(0.2 * joules / 3.6e6)
    assert found["machine_cost"] == pytest.approx(seconds / 1000)
    assert (found["trainings"], found["processes"], found["startup_s"]) == (10, 2, 20.0)
    assert found["least"] is None


def test_what_one_model_takes_unknown_leaves_the_sum_unknown():
    found = forecast({"mlp": OWN, "forest": {"counts": COUNTS, "least": COUNTS, "past": {}}})
    assert found["energy_kwh"] is found["emissions_g"] is found["cost"] is None
    assert found["models"][1]["basis"] is None
    said = " / ".join(words.lines(found, "s", "FRA", None, []))
    assert "forest: no forecast, as a command of your own has no batches" in said


@pytest.mark.parametrize(
    ("amounts", "said"),
    [
        ({"cost": 1.8e-6}, "less than €0.01 of electricity"),
        ({"cost": 0.0}, "€0 of electricity"),
        ({"cheapest": 2e-6, "dearest": 3e-4}, "less than €0.01 to generate the electricity"),
        ({"cheapest": 0.001, "dearest": 0.2}, "less than €0.01 (hydro) to €0.20 (oil) to generate"),
        ({"cheapest": 1.5, "dearest": 1.5}, "money      €1.5 (hydro) to generate the electricity"),
        (
            {"cost": 3.0, "machine_cost": 1e-9},
            "€3.0 of electricity, less than €0.01 for the machine",
        ),
    ],
)
def test_amounts_below_a_cent_are_no_figures_and_one_source_is_named_once(amounts, said):
    found = {**forecast({"mlp": OWN}), "cost": None, "machine_cost": None, **amounts}
    one = amounts.get("cheapest") == amounts.get("dearest")
    for end, source in (("cheapest", "hydro"), ("dearest", "hydro" if one else "oil")):
        found[end] = {"source": source, "amount": amounts[end]} if end in amounts else None
    assert said in "\n".join(words.lines(found, "s", "FRA", None, []))


def test_a_study_that_grows_has_a_least_and_a_most():
    found = forecast({"mlp": {**OWN, "least": {1000: 1}}})
    assert (found["least"]["trainings"], found["trainings"]) == (1, 10)
    assert found["least"]["duration_s"] == pytest.approx(7 + 4)
    said = " / ".join(words.lines(found, "s", "FRA", None, []))
    assert "10 trainings at most" in said
    assert "it may stop after 1 training" in said


def test_forecast_and_outcome_are_of_the_same_trainings():
    rows = forecast({"mlp": OWN})["rows"]
    # Two of the five small trainings have ended.
    found = outcome_of(rows, {("mlp", 1000): (2, Cost(0.001, 12.0))})
    assert found["forecast_s"] == pytest.approx(39 * 2 / 5)
    assert found["duration_ratio"] == pytest.approx(12 / 15.6)
    assert outcome_of(rows, {}) is None


def test_the_outcome_is_that_of_the_energies_as_they_were_metered():
    made = forecast({"mlp": OWN})
    # The table is scaled by a calibration, the forecast is not.
    own = [("mlp", n, seed, 0.004, 7.0, 2.0) for n in COUNTS for seed in range(5)]
    columns = ["model", "n_train", "seed", "energy_kwh", "train_duration_s", "calibration_factor"]
    runs = pd.DataFrame(own, columns=columns)
    outcome = add_outcome({}, made, runs)["forecast"]["outcome"]
    assert outcome["energy_kwh"] == pytest.approx(10 * 0.002)
    assert outcome["energy_ratio"] == pytest.approx(0.02 / made["energy_kwh"])
    assert add_outcome({"results": []}, None, runs) == {"results": [], "forecast": None}


def test_past_forecasts_are_those_of_other_studies_that_have_an_outcome(tmp_path):
    ratios = {"a": 0.9, "b": 1.2, "c": 1.0, "own": 9.0}
    for study, ratio in ratios.items():
        content = {"forecast": {"outcome": {"energy_ratio": ratio}}}
        (tmp_path / study).mkdir()
        (tmp_path / study / "recommendation.json").write_text(json.dumps(content))
    for study, content in (("none", {"forecast": None}), ("old", {}), ("odd", [])):
        (tmp_path / study).mkdir()
        (tmp_path / study / "recommendation.json").write_text(json.dumps(content))
    found = kept.past_forecasts(tmp_path, ["own"])
    assert found == {"studies": 3, "low": 0.9, "median": 1.0, "high": 1.2}
    assert kept.past_forecasts(tmp_path, [*ratios]) is None


def test_a_forecast_of_another_configuration_is_none(tmp_path):
    path = tmp_path / "forecast.json"
    look = partial(kept.kept_forecast, path)
    assert look("x") is None
    path.write_text('{"asked": "x"}')
    assert look("x") == {"asked": "x"}
    assert look("y") is None
    path.write_text("[]")
    assert look("x") is None


def test_what_is_left_is_shown_where_some_has_ended():
    found = forecast({"mlp": OWN})
    ended = [("digits", "mlp", 10_000, seed) for seed in range(5)]
    said = " / ".join(words.lines(found, "s", "FRA", None, ended))
    said = said.replace("\N{NO-BREAK SPACE}", " ")
    assert "5 trainings left: 0.390 Wh, 39 s" in said
