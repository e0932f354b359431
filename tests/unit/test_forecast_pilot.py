"""Batches that are measured say what whole trainings take: of a network that owns the clock."""

import json
from dataclasses import replace
from importlib import import_module
from types import SimpleNamespace

import pytest
from torch import nn

from ecosobriety.forecast import pilot, turns
from ecosobriety.forecast.amounts import cold_cost, training_cost
from ecosobriety.metering import FakeMeter, Ledger
from ecosobriety.training import Training, train
from ecosobriety.training.fitting import TrainingSettings

pytestmark = pytest.mark.slow

POWER_W = 36.0
STEP_S = 0.25
LOADING_S = 3.0
"""What the first batch of a process takes more."""
STARTUP_S = 2.0
SHAPING_S = 0.5
"""What the first batch of each training takes more."""


@pytest.fixture
def clock(monkeypatch):
    """Time passes in batches alone; what else works on this machine takes none of it."""
    now = SimpleNamespace(s=0.0, loaded=False, slow=lambda s: False, turns=0)
    counted = SimpleNamespace(perf_counter=lambda: now.s, time=lambda: 0.0)
    monkeypatch.setattr(pilot, "time", counted)
    # The garbage of a test's process is none of its business.
    monkeypatch.setattr(pilot, "settle", lambda: None)
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
                pace = 2 if clock.slow(clock.s) else 1
                clock.s += (
                    STEP_S * pace + (not self.begun) * SHAPING_S + (not clock.loaded) * LOADING_S
                )
                self.begun = clock.loaded = True
            return super().forward(x.flatten(1))

    for module in ("forecast.pilot", "training.train"):
        monkeypatch.setattr(import_module(f"ecosobriety.{module}"), "build_network", Slow)
    # It calls the network before the training, without being a part of it.
    monkeypatch.setattr(
        import_module("ecosobriety.training.train"), "count_flops", lambda *_: (1, 1)
    )
    settings = TrainingSettings(
        epochs=4, batch_size=16, learning_rate=0.01, accelerator="cpu", precision="32-true"
    )
    return Training("mlp", "mlp", {}, 96, 1, settings, 1, "0123456789abcdef")


@pytest.fixture
def measured(digits, slow, clock, tmp_path):
    def run(*sizes, training=slow):
        meter = FakeMeter(cpu_w=POWER_W, clock=lambda: clock.s)

        def turn(batches):
            """As in a process of its own, which loads all anew and begins in no time."""
            clock.loaded = False
            clock.turns += 1
            ledger = lambda: Ledger(tmp_path / "forecast")  # noqa: E731
            found = pilot.measure_turn(digits, training, batches, meter, ledger, None)
            return replace(found, startup_s=STARTUP_S)

        return turns.measure(turn, sizes)

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
    # Of epochs of 1.5 s, and of 18 s, four batches are 1 s; 2 s of them make a turn, and three
    # turns are long enough.
    assert (small["batches"], small["counted_batches"], small["counted_epochs"]) == (6, 4, 6)
    assert (large["batches"], large["counted_batches"], large["counted_epochs"]) == (72, 4, 6)
    spent_s = 3 * LOADING_S + 9 * SHAPING_S + (3 * 4 + 6 * 12) * STEP_S
    assert found["energy_kwh"] == pytest.approx(POWER_W * spent_s / 3.6e6)
    entries = [json.loads(path.read_bytes()) for path in (tmp_path / "forecast").glob("*.json")]
    assert [entry["status"] for entry in entries] == ["complete"] * 9
    assert sum(entry["energy_kwh"] for entry in entries) == pytest.approx(found["energy_kwh"])


def test_a_size_is_measured_until_it_is_enough(measured, tmp_path):
    # Of 16 examples, four epochs of one batch are a whole training of 1.5 s: each turn has one.
    small, large = measured(16, 1152)["sizes"]
    assert (small["counted_epochs"], large["counted_epochs"]) == (4 * 3, 3 * 2)
    assert len([*(tmp_path / "forecast").glob("*.json")]) == 4 + 4 + 3


def test_trainings_that_are_shorter_than_a_start_are_measured_by_one_process(clock, measured):
    # 1.5 s against a start of 2 s; then 2.5 s.
    measured(16, 16)
    assert clock.turns == 1
    measured(16, 32)
    assert clock.turns > 2


def test_processes_that_have_paces_of_their_own_are_averaged(clock, measured):
    """Every other process takes twice as long for each batch."""
    clock.slow = lambda s: clock.turns % 2 == 0
    small, large = measured(96, 1152)["sizes"]
    assert clock.turns == 3
    # Though the slow one has fewer epochs in its time.
    for found in (small, large):
        assert found["epoch_s"] / found["batches"] == pytest.approx((1 + 2 + 1) / 3 * STEP_S)


def test_sizes_take_turns_so_that_a_slow_time_hits_both(clock, measured):
    """For 9 s each batch takes twice as long: in the first turn of both sizes, of three."""
    clock.slow = lambda s: 6 <= s < 15
    small, large = measured(96, 1152)["sizes"]
    assert small["epoch_s"] / 6 == pytest.approx(4 / 3 * STEP_S)
    assert large["epoch_s"] / 72 == pytest.approx(4 / 3 * STEP_S)


def test_no_short_training_pays_for_what_was_loaded_before_it(measured, monkeypatch, tmp_path):
    begun = []
    entries = tmp_path / "forecast"
    monkeypatch.setattr(pilot, "settle", lambda: begun.append(len([*entries.glob("*.json")])))
    measured(96, 1152)
    # As before each of a study's trainings.
    assert begun == [*range(9)]


def test_each_epoch_takes_other_examples(digits, slow, clock, measured, monkeypatch):
    first = []
    network = pilot.build_network

    def build(*given, **named):
        built = network(*given, **named)
        built.register_forward_pre_hook(lambda module, x: first.append(x[0].sum().item()))
        return built

    monkeypatch.setattr(pilot, "build_network", build)
    measured(1152, 1152)
    # Turns of a warm-up and three epochs of four batches, which begin with the same order.
    begins = [first[16 * turn + 4 + 4 * epoch] for turn in range(2) for epoch in range(3)]
    assert len({*begins[:3]}) == 3
    assert begins[:3] == begins[3:]


def test_one_size_one_epoch_and_a_budget_of_steps(digits, slow, clock, measured, tmp_path):
    for settings in (replace(slow.settings, epochs=1), replace(slow.settings, max_steps=30)):
        own = replace(slow, settings=settings)
        found = measured(480, 480, training=own)
        taken_s = trained_s(digits, replace(own, n_train=480), clock, tmp_path)
        assert training_cost(found, 480).duration_s == pytest.approx(taken_s)
