"""Which lever saves most at equal performance: by hand, and by simulated studies."""

import json
import math
from dataclasses import fields

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ecosobriety.decision import Criteria, TestPart
from ecosobriety.decision.lever_answers import add_levers
from ecosobriety.decision.levers import Grid, Setting
from ecosobriety.decision.levers_table import compare_levers
from ecosobriety.errors import DataError
from ecosobriety.metrics import METRICS
from ecosobriety.study_config.levers import lever_of_models

LEVERS = {"wide": "reference", "narrow": "model"}
DATA = TestPart(0.1, 10_000, 100, None)
SEEDS = (1, 2, 3, 4, 5)
NOISE = {1: 0.001, 2: -0.001, 3: 0.002, 4: -0.002, 5: 0.0}


def make_study(loss, seeds=SEEDS, noise=NOISE, epochs=2):
    """Runs and epochs of two models and two sizes; 1 kWh per example and epoch, or half of it.

    The reference scores 0.9; `loss(model, n_train, epoch)` is what the others lie below it, beside
    the seeds' noise.
    """
    rows = []
    for model, n_train, seed in (
        (model, n_train, seed) for model in LEVERS for n_train in (50, 100) for seed in seeds
    ):
        for epoch in range(1, epochs + 1):
            energy_kwh = n_train * epoch * (1.0 if model == "wide" else 0.5)
            reference = (model, n_train, epoch) == ("wide", 100, epochs)
            gain = 0.0 if reference else noise[seed] - loss(model, n_train, epoch)
            rows.append(
                {
                    "dataset": "d",
                    "model": model,
                    "n_train": n_train,
                    "seed": seed,
                    "epoch": epoch,
                    "epochs": float(epochs),
                    "test_accuracy": 0.9 + gain,
                    "energy_kwh": energy_kwh,
                    "train_duration_s": 2 * energy_kwh,
                }
            )
    table = pd.DataFrame(rows)
    runs = table[table["epoch"] == epochs].drop(columns="epoch")
    return runs, table.drop(columns="epochs")


def make_scenarios():
    """100 g and 0.30 euros per kWh on the mix; 0.10 and 0.40 euros with the contracts."""
    common = {
        "dataset": "d",
        "model": "wide",
        "n_train": 100,
        "country_iso3": "FRA",
        "energy_kwh": 200.0,
        "currency": "EUR",
    }
    return pd.DataFrame(
        [
            {**common, "source": source, "coverage": share, "emissions_g": 2e4, "cost": price}
            for source, share, price in (
                ("grid", 0.0, 60.0),
                ("hydro", 1.0, 20.0),
                ("gas", 1.0, 80.0),
                ("gas", 0.5, 70.0),
                ("tidal", 1.0, math.nan),
            )
        ]
    )


CRITERIA = [field.name for field in fields(Criteria)]


def compare(runs, epochs, **settings):
    usual = {"country_iso3": "FRA", "lever_of": LEVERS, "data": DATA}
    criteria = {"reference_n_train": "max", "margin": 0.01, "confidence": 0.95}
    criteria |= {name: settings.pop(name) for name in CRITERIA if name in settings}
    asked = {**usual, **settings}
    return compare_levers(runs, epochs, make_scenarios(), Criteria(**criteria), **asked)


def levers(loss, data=DATA, **study):
    return compare(*make_study(loss, **study), data=data)


def row_of(table, model, n_train, stop):
    return table.set_index(["model", "n_train", "stop"]).loc[(model, n_train, stop)]


def test_each_setting_is_of_the_lever_that_it_changes():
    table = levers(lambda *_: 0.0)
    found = {(row.model, row.n_train, row.stop): row.lever for row in table.itertuples(index=False)}
    assert found == {
        ("wide", 100, 0): "reference",
        ("wide", 100, 1): "epochs",
        ("wide", 50, 0): "examples",
        ("wide", 50, 1): "combined",
        ("narrow", 100, 0): "model",
        ("narrow", 100, 1): "combined",
        ("narrow", 50, 0): "combined",
        ("narrow", 50, 1): "combined",
    }


def test_bounds_and_savings_are_those_worked_by_hand():
    """Three levers with one setting each share 5 %: each bound is at 1 - 0.05 / 3, or higher."""
    table = levers(lambda model, n_train, epoch: 0.004 if n_train == 50 else 0.02)
    examples = row_of(table, "wide", 50, 0)
    # Differences: -0.004 + (1, -1, 2, -2, 0) thousandths; sd = sqrt(10 / 4) thousandths.
    reach = stats.t.ppf(1 - 0.05 / 3, 4) * math.sqrt(2.5) * 1e-3 / math.sqrt(5)
    assert examples["diff_mean"] == pytest.approx(-0.004)
    assert examples["diff_lower"] == pytest.approx(-0.004 - reach)
    assert examples["verdict"] == "non_inferior"
    # 50 of 100 examples: 100 of 200 kWh, 10 of 20 kg, 200 of 400 s; 30, 10 and 40 of twice as much.
    assert examples["energy_kwh_mean"] == 100
    assert examples["saved_share"] == 0.5
    assert examples["duration_s_mean"] == 200
    assert examples["emissions_g_mean"] == pytest.approx(1e4)
    prices = examples[["cost_grid", "cost_cheapest", "cost_dearest"]]
    assert list(prices) == pytest.approx([30, 10, 40])
    # The others are two points worse; their share is larger once the examples have passed.
    for setting in (("wide", 100, 1), ("narrow", 100, 0)):
        row = row_of(table, *setting)
        assert row["verdict"] == "inferior"
        assert row["confidence"] == pytest.approx(1 - 0.05 / 2)


def test_a_lever_that_passes_leaves_its_share_to_the_others():
    """At 0.05 / 3 the epochs fail; the examples pass, and at 0.05 / 2 the epochs pass too."""
    sd = math.sqrt(2.5) * 1e-3 / math.sqrt(5)
    strict, shared = (stats.t.ppf(1 - 0.05 / levers, 4) * sd for levers in (3, 2))
    loss = 0.01 - (strict + shared) / 2

    def lost(model, n_train, epoch):
        if model == "narrow":
            return 0.05
        return loss if n_train == 100 else 0.0

    assert row_of(levers(lost), "wide", 100, 1)["verdict"] == "non_inferior"

    def lost_without(model, n_train, epoch):
        return 0.05 if n_train == 50 else lost(model, n_train, epoch)

    assert row_of(levers(lost_without), "wide", 100, 1)["verdict"] == "inconclusive"


def test_a_sequence_stops_at_the_first_setting_that_fails():
    """Of four epochs the third is two points worse: what the second reaches is not believed."""

    def lost(model, n_train, epoch):
        return 0.02 if (model, n_train, epoch) == ("wide", 100, 3) else 0.0

    table = levers(lost, epochs=4)
    assert row_of(table, "wide", 100, 3)["verdict"] == "inferior"
    second = row_of(table, "wide", 100, 2)
    assert (second["verdict"], second["verdict_reason"]) == ("inconclusive", "sequence_stopped")


def test_fewer_epochs_are_tested_by_their_number_whatever_a_busy_machine_measured():
    """The third epoch's energy is disturbed, and two epochs are worse: three are enough still."""
    runs, epochs = make_study(lambda m, n, epoch: 0.02 if epoch < 3 else 0.0, epochs=4)
    epochs.loc[(epochs["epoch"] == 3) & (epochs["n_train"] == 100), "energy_kwh"] /= 3
    table = compare(runs, epochs)
    assert row_of(table, "wide", 100, 3)["verdict"] == "non_inferior"
    assert row_of(table, "wide", 100, 2)["verdict"] == "inferior"


def trained_for(epochs, wide):
    """The study whose other model is the first one, trained for another number of epochs."""
    runs, scored = wide
    scored = scored[(scored["model"] == "wide") | (scored["epoch"] == 1)]
    runs.loc[runs["model"] == "narrow", "epochs"] = float(epochs)
    scored.loc[scored["model"] == "narrow", ["epoch", "epochs"]] = float(epochs)
    return runs, scored


def test_a_training_of_fewer_epochs_has_its_place_among_them():
    """Three of four epochs are tested before two, though a training of its own ends there."""
    losses = {("wide", 4): 0.0, ("narrow", 4): 0.001, ("wide", 3): 0.002}
    study = make_study(lambda model, _, epoch: losses.get((model, epoch), 0.03), epochs=4)
    table = compare(*trained_for(3, study), lever_of={"wide": "reference", "narrow": "epochs"})
    assert row_of(table, "wide", 100, 2)["verdict"] == "inferior"
    assert row_of(table, "wide", 100, 1)["verdict"] == "inferior"
    short = row_of(table, "narrow", 100, 0)
    assert (short["lever"], short["verdict"]) == ("epochs", "non_inferior")


def test_more_epochs_and_more_examples_save_nothing_and_are_not_tested():
    study = make_study(lambda *_: 0.0)
    table = compare(*trained_for(6, study), lever_of={"wide": "reference", "narrow": "epochs"})
    longer = row_of(table, "narrow", 100, 0)
    assert pd.isna(longer["verdict"])
    # Here it took less energy, as beside other work: it is no fewer epochs for that.
    assert longer["verdict_reason"] == "saves_nothing"
    sizes = [Setting("wide", n_train, 0) for n_train in (20, 50, 100)]
    busy = Grid(sizes, np.ones((3, 2)), np.full((3, 2), 7.0), sizes[1], {"wide": "reference"})
    assert busy.sequences == {"examples": sizes[:1]}


def test_combined_settings_wait_for_six_seeds():
    table = levers(lambda *_: 0.0)
    combined = table[table["lever"] == "combined"]
    assert combined["verdict"].isna().all()
    assert set(combined["verdict_reason"]) == {"too_few_seeds"}
    # The recommended one changes one lever: half of the energy, by either.
    assert table.loc[table["path_step"] == 1, "lever"].item() in ("examples", "epochs", "model")


def test_a_combined_setting_is_tested_by_the_seeds_that_did_not_choose_it():
    """Six seeds: two choose, four test; the recommended setting changes all three levers."""
    seeds = (1, 2, 3, 4, 5, 6)
    noise = {**NOISE, 6: 0.001}
    table = levers(lambda *_: 0.001, seeds=seeds, noise=noise)
    chosen = row_of(table, "narrow", 50, 1)
    assert chosen["verdict"] == "non_inferior"
    assert chosen["n_seeds"] == 4
    values = np.array([noise[seed] for seed in seeds[2:]]) - 0.001
    reach = stats.t.ppf(0.975, 3) * values.std(ddof=1) / 2
    assert chosen["diff_lower"] == pytest.approx(values.mean() - reach)
    # 25 of 200 kWh.
    assert chosen["saved_share"] == 0.875
    way = table[table["path_step"].notna()].sort_values("path_step")
    assert list(way["path_step"]) == [0, 1, 2, 3]
    assert way["lever"].iloc[0] == "reference"
    assert (way["energy_kwh_mean"].diff().dropna() < 0).all()
    # Another combined setting was neither chosen nor on the way.
    assert "not_chosen" in set(table["verdict_reason"].dropna())


def test_what_choosing_seeds_like_and_others_do_not_is_not_recommended():
    """Combined settings are good at the two seeds that choose and bad at the four that test."""
    seeds = (1, 2, 3, 4, 5, 6)
    noise = {1: 0.0, 2: 0.0005, 3: -0.03, 4: -0.031, 5: -0.029, 6: -0.03}
    table = levers(lambda *_: 0.0, seeds=seeds, noise=noise)
    combined = table[(table["lever"] == "combined") & table["verdict"].notna()]
    assert set(combined["verdict"]) <= {"inferior", "inconclusive"}
    assert len(combined) >= 1
    assert list(table.loc[table["path_step"].notna(), "lever"]) == ["reference"]


def test_a_setting_that_takes_more_energy_saves_nothing():
    runs, epochs = make_study(lambda *_: 0.0)
    for table in (runs, epochs):
        table.loc[table["model"] == "narrow", "energy_kwh"] *= 4
    table = compare(runs, epochs, reference_n_train=100)
    row = row_of(table, "narrow", 100, 0)
    assert row["verdict_reason"] == "saves_nothing"
    assert pd.isna(row["verdict"])
    assert row["saved_share"] == pytest.approx(-1)


def test_nothing_is_recommended_where_the_reference_learnt_nothing():
    table = levers(lambda *_: 0.0, data=TestPart(0.9, 10_000, 100, None))
    others = table[table["lever"] != "reference"]
    assert others["verdict"].isna().all()
    assert set(others["verdict_reason"]) == {"baseline_not_beaten"}
    (answer,) = add_levers({}, table, make_study(lambda *_: 0.0)[1])["levers"]
    assert answer["recommended"] is None
    assert {one["reason"] for one in answer["by_lever"]} == {"baseline_not_beaten"}


def test_a_setting_without_all_seeds_is_left_out():
    runs, epochs = make_study(lambda *_: 0.0)
    lost = (epochs["n_train"] == 50) & (epochs["seed"] == 3) & (epochs["epoch"] == 1)
    table = compare(runs, epochs[~lost])
    stops = table.loc[(table["model"] == "wide") & (table["n_train"] == 50), "stop"]
    assert list(stops) == [0]


def test_answers_say_what_each_lever_alone_saves():
    def lost(model, n_train, epoch):
        return 0.02 if model == "narrow" else 0.0

    answered = add_levers({"margin": 0.01}, levers(lost), make_study(lost)[1])
    assert answered["margin"] == 0.01
    (answer,) = json.loads(json.dumps(answered))["levers"]
    assert answer["reference"] == {"model": "wide", "n_train": 100, "epochs": 2.0}
    by_lever = {one["lever"]: one for one in answer["by_lever"]}
    assert by_lever["epochs"]["setting"] == {"model": "wide", "n_train": 100, "epochs": 1.0}
    assert by_lever["epochs"]["saved"]["energy_kwh"] == 100
    assert by_lever["epochs"]["saved"]["emissions_g"] == pytest.approx(1e4)
    assert by_lever["epochs"]["saved"]["duration_s"] == 200
    assert by_lever["epochs"]["saved"]["cost_dearest"] == pytest.approx(40)
    assert by_lever["model"]["setting"] is None
    assert by_lever["model"]["reason"] == "inferior"
    assert answer["by_lever"][-1]["lever"] == "combined"
    assert answer["by_lever"][-1]["reason"] == "too_few_seeds"
    assert answer["recommended"]["saved"]["share"]["mean"] == 0.5


def test_without_scores_of_epochs_the_answer_says_why():
    runs, epochs = make_study(lambda *_: 0.0)
    last = epochs[epochs["epoch"] == 2].assign(only_last_reason="a schedule of the learning rate")
    (answer,) = add_levers({}, compare(runs, last), last)["levers"]
    (found,) = [one for one in answer["by_lever"] if one["lever"] == "epochs"]
    assert found == {
        "lever": "epochs",
        "setting": None,
        "diff": None,
        "saved": None,
        "reason": "a schedule of the learning rate",
    }


def test_lower_is_better_where_the_metric_says_so():
    """Half the size has an RMSE 3 % above the reference's: within 10 % and not within 1 %."""
    rmse = METRICS["rmse"]
    runs, epochs = make_study(lambda *_: 0.0)
    for table in (runs, epochs):
        own = np.where(table["n_train"] == 50, 1.03, 1.0)
        table["test_rmse"] = own * (1 + table.pop("test_accuracy") - 0.9)
    for margin, verdict in ((0.1, "non_inferior"), (0.01, "inferior")):
        table = compare(
            runs, epochs, margin=margin, data=TestPart(5.0, 1_000, 100, None), metric=rmse
        )
        row = row_of(table, "wide", 50, 0)
        assert row["verdict"] == verdict
        # 0.03 worse: a gain below 0, with its bound below it.
        assert row["diff_mean"] == pytest.approx(-0.03, abs=1e-9)
        assert row["diff_lower"] < row["diff_mean"]


def test_the_reference_must_have_been_trained():
    runs, epochs = make_study(lambda *_: 0.0)
    with pytest.raises(DataError, match="no run has that size"):
        compare(runs, epochs, reference_n_train=70)


@pytest.mark.parametrize(
    ("model", "lever"),
    [
        ({"init_args": {"hidden": [64]}}, "model"),
        ({"class_path": "my.Net"}, "model"),
        ({"training": {"precision": "bf16-mixed"}}, "precision"),
        ({"training": {"batch_size": 512}}, "batch_size"),
        ({"training": {"batch_size": 512, "precision": "32-true"}}, "batch_size"),
        ({"training": {"batch_size": 512, "learning_rate": 0.004}}, "several"),
        ({"init_args": {"hidden": [64]}, "training": {"epochs": 5}}, "several"),
        ({}, "model"),
    ],
)
def test_a_models_lever_is_what_it_changes(model, lever):
    first = {"name": "mlp", "class_path": None, "init_args": {"hidden": [256]}}
    config = {
        "training": {
            "epochs": 10,
            "batch_size": 128,
            "learning_rate": 0.001,
            "precision": "32-true",
        },
        "models": [first, {**first, "class_path": "mlp", **model, "name": "other"}],
    }
    assert lever_of_models(config) == {"mlp": "reference", "other": lever}


def test_nothing_is_compared_where_the_full_size_was_not_trained():
    runs, epochs = make_study(lambda *_: 0.0)
    table = compare(runs, epochs, full_n_train=2 * int(runs["n_train"].max()))
    assert set(table["verdict"].dropna()) == {"reference"}
    assert "full_size_untrained" in set(table["verdict_reason"])
