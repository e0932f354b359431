"""Batches that are measured say what whole trainings take: of a network that owns the clock."""

import json
import os
import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest
from torch import nn

from ecosobriety.forecast import pilot
from ecosobriety.forecast.amounts import cold_cost, training_cost
from ecosobriety.metering import FakeMeter, Ledger
from ecosobriety.training import Training, train
from ecosobriety.training.fitting import TrainingSettings

pytestmark = pytest.mark.slow

POWER_W = 36.0
STEP_S = 0.25
LOADING_S = 3.0
"""What the first batch of a process takes more."""
SHAPING_S = 0.5
"""What the first batch of each training takes more."""


@pytest.fixture
def clock(monkeypatch):
    """Time passes in batches alone; what else works on this machine takes none of it."""
    now = SimpleNamespace(s=0.0, loaded=False)
    counted = SimpleNamespace(perf_counter=lambda: now.s, time=lambda: 0.0)
    monkeypatch.setattr(pilot, "time", counted)
    monkeypatch.setattr("ecosobriety.metering.lock.METER", f"forecast-test-{os.getpid()}")
    return now


@pytest.fixture
def slow(clock, monkeypatch):
    """What is trained: batches of 16 examples, 4 epochs."""

    class Slow(nn.Linear):
        def __init__(self, *_, **__):
            super().__init__(64, 10)
            self.begun = False

        def forward(self, x):
            if self.training:
                clock.s += STEP_S + (not self.begun) * SHAPING_S + (not clock.loaded) * LOADING_S
                self.begun = clock.loaded = True
            return super().forward(x.flatten(1))

    for module in ("forecast.pilot", "training.train"):
        monkeypatch.setattr(sys.modules[f"ecosobriety.{module}"], "build_network", Slow)
    # It calls the network before the training, without being a part of it.
    monkeypatch.setattr(sys.modules["ecosobriety.training.train"], "count_flops", lambda *_: (1, 1))
    settings = TrainingSettings(
        epochs=4, batch_size=16, learning_rate=0.01, accelerator="cpu", precision="32-true"
    )
    return Training("mlp", "mlp", {}, 96, 1, settings, 1, "0123456789abcdef")


@pytest.fixture
def measured(digits, slow, clock, tmp_path):
    def run(*sizes, training=slow):
        meter = FakeMeter(cpu_w=POWER_W, clock=lambda: clock.s)
        return pilot.measure(
            digits, training, sizes, meter, lambda: Ledger(tmp_path / "forecast"), None
        )

    return run


def trained_s(digits, training, clock, tmp_path):
    meter = FakeMeter(cpu_w=POWER_W, clock=lambda: clock.s)
    ledger = Ledger(tmp_path / str(training.n_train), identity="x")
    return train(digits, training, meter=meter, ledger=ledger).train_duration_s


def test_all_sizes_are_forecast_from_the_smallest_and_the_largest(
    digits, slow, clock, measured, tmp_path
):
    found = measured(96, 1152)
    for n_train in (96, 480, 1152):
        batches = 4 * n_train / 16
        taken_s = trained_s(digits, replace(slow, n_train=n_train), clock, tmp_path)
        assert taken_s == pytest.approx(batches * STEP_S + SHAPING_S)
        expected = training_cost(found, n_train)
        assert expected.duration_s == pytest.approx(taken_s)
        assert expected.energy_kwh == pytest.approx(POWER_W * taken_s / 3.6e6)
    # The very first batch of the process is no part of any of these.
    assert cold_cost(found).duration_s == pytest.approx(LOADING_S)


def test_long_epochs_are_cut_and_all_that_was_measured_is_in_the_ledger(measured, tmp_path):
    found = measured(96, 1152)
    small, large = found["sizes"]
    # Of epochs of 1.5 s, and of 18 s, six batches are 1.5 s; 3 s of them are enough.
    assert (small["batches"], small["counted_batches"], small["counted_epochs"]) == (6, 6, 2)
    assert (large["batches"], large["counted_batches"], large["counted_epochs"]) == (72, 6, 2)
    spent_s = LOADING_S + 3 * SHAPING_S + (4 + 18 + 18) * STEP_S
    assert found["energy_kwh"] == pytest.approx(POWER_W * spent_s / 3.6e6)
    entries = [json.loads(path.read_bytes()) for path in (tmp_path / "forecast").glob("*.json")]
    assert [entry["status"] for entry in entries] == ["complete"] * 3
    assert sum(entry["energy_kwh"] for entry in entries) == pytest.approx(found["energy_kwh"])


def test_one_size_one_epoch_and_a_budget_of_steps(digits, slow, clock, measured, tmp_path):
    for settings in (replace(slow.settings, epochs=1), replace(slow.settings, max_steps=30)):
        own = replace(slow, settings=settings)
        found = measured(480, 480, training=own)
        taken_s = trained_s(digits, replace(own, n_train=480), clock, tmp_path)
        assert training_cost(found, 480).duration_s == pytest.approx(taken_s)
