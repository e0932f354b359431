"""What was paid for and is no longer part of the answer stays part of the cost."""

import json

import pandas as pd
import pytest

from ecosobriety.decision.beside_plan import read_beside_plan
from ecosobriety.metering import Ledger
from ecosobriety.records.adjusted import FACTOR
from ecosobriety.records.collecting import Asked
from ecosobriety.records.record import RUN_KEY


@pytest.fixture
def asked(tmp_path):
    """Of 16 epochs; at 512 examples it was decided that 768 need 15."""
    (tmp_path / "growth/m").mkdir(parents=True)
    decision = {"epochs": {"next": 15, "all": 16}}
    (tmp_path / "growth/m/n512.json").write_text(json.dumps(decision))
    at = {"768": 512, "1024": 768}
    return Asked(
        dataset_sha256="d",
        networks={"m": {"training": {"training.epochs": 16}}},
        parameters={},
        code_fingerprint="c",
        decided_epochs={
            "folder": str(tmp_path / "growth"),
            "decided_at": at,
            "all_epochs": {"m": 16},
        },
    )


def runs(*keys):
    return pd.DataFrame(keys, columns=list(RUN_KEY))


def attempt(folder, key, identity, kwh, *, complete=True):
    dataset, model, n_train, seed = key
    ledger = Ledger(folder / f"attempts/{dataset}/{model}/n{n_train}/seed{seed}", identity=identity)
    ledger.open()
    if complete:
        ledger.complete(kwh, 1.0)
    else:
        ledger.close("failed", kwh, 1.0, error="killed")


def test_trainings_for_other_epochs_stay_part_of_the_cost(tmp_path, asked):
    planned, left = ("d", "m", 768, 1), ("d", "m", 1024, 1)
    all_epochs, fewer = asked.identities_ever(planned)[0], asked.identity(planned)
    assert fewer != all_epochs
    # Under the margin before, of 16 and 12 epochs; then 768 was trained for 15, after a failure.
    attempt(tmp_path, planned, all_epochs, 4.0)
    attempt(tmp_path, left, asked.identities_ever(left)[12], 6.0)
    attempt(tmp_path, planned, fewer, 0.5, complete=False)
    attempt(tmp_path, planned, fewer, 3.5)
    # Another learning rate is another study.
    attempt(tmp_path, planned, "other", 100.0)
    paid = read_beside_plan(tmp_path, [left], asked, runs(planned).assign(**{FACTOR: 2.0}))
    assert paid.sort_values("n_train")[["n_train", "trainings", "energy_kwh"]].values.tolist() == [
        [768, 1, 8.0],
        [1024, 1, 12.0],
    ]
    assert paid["lost_energy_kwh"].sum() == 0


def test_models_that_are_gone_were_paid_for(tmp_path, asked):
    """Whatever their settings were: one training of 4 kWh after a failure, and one that failed."""
    attempt(tmp_path, ("d", "gone", 64, 1), "any", 1.0, complete=False)
    attempt(tmp_path, ("d", "gone", 64, 1), "any", 4.0)
    attempt(tmp_path, ("d", "gone", 128, 1), "any", 0.5, complete=False)
    attempt(tmp_path, ("d", "m", 768, 1), asked.identity(("d", "m", 768, 1)), 2.0)
    paid = read_beside_plan(tmp_path, [], asked, runs(("d", "m", 768, 1)))
    assert set(paid["model"]) == {"gone"}
    assert paid[["trainings", "energy_kwh", "lost_energy_kwh"]].sum().tolist() == [1, 4.0, 1.5]


def test_a_study_whose_epochs_are_fixed_has_none(tmp_path, asked):
    fixed = Asked("d", asked.networks, {}, "c")
    key = ("d", "m", 768, 1)
    attempt(tmp_path, key, fixed.identity(key), 4.0)
    assert read_beside_plan(tmp_path, [], fixed, runs(key)).empty
