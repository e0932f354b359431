"""A counter that fails during a window is never called measured: it is refused or told."""

import json
import threading
import time
from datetime import datetime, timedelta

import fake_counters
import psutil
import pytest
import pytorch_lightning as pl
import torch
from codecarbon.external.hardware import SystemCPULoadMeter
from fake_counters import FakeCounter, StandingClock, nvml, powercap, readable, unreadable  # noqa: F401
from torch.utils.data import DataLoader, TensorDataset

from ecosobriety.errors import MeteringError
from ecosobriety.metering import (
    CodeCarbonMeter,
    EnergyCallback,
    Ledger,
    Reading,
    ReplayMeter,
    codecarbon_meter,
    probing,
)
from ecosobriety.metering import callback as callback_module
from ecosobriety.reasons import recognise
from ecosobriety.units import kwh_to_joules

pytestmark = pytest.mark.slow

POWER_W = 100.0
WINDOW_S = 2.0


@pytest.fixture
def measure(monkeypatch):
    """A window in which things happen, each at its time in s, and its energy.

    No time passes but what the window takes: a busy machine changes nothing, and nobody waits.
    """
    clock = StandingClock()
    for module in (codecarbon_meter, probing, fake_counters):
        monkeypatch.setattr(module, "time", clock)
    # Its own thread would wait for real time: it is read here instead.
    monkeypatch.setattr(CodeCarbonMeter, "_tick", lambda *_: None)

    def measure(meter, *events, length_s=WINDOW_S):
        meter.start()
        started_s, interval_s = clock.now_s, meter.describe()["interval_s"]
        readings = [(n * interval_s, meter.read) for n in range(1, int(length_s / interval_s))]
        for at_s, happen in sorted([*events, *readings], key=lambda event: event[0]):
            clock.now_s = started_s + at_s
            happen()
        clock.now_s = started_s + length_s
        return meter.stop()

    return measure


def joules(kwh):
    return None if kwh is None else kwh_to_joules(kwh)


def warm(interval_s=0.2):
    meter = CodeCarbonMeter("FRA", interval_s=interval_s, ram_power_w=10.0)
    meter.warm_up()
    return meter


def expect(reading, meter, name="cpu", power_w=POWER_W):
    """The energy is right, and what is said of it."""
    kwh = getattr(reading, f"{name}_kwh")
    if kwh is not None:
        assert joules(kwh) == pytest.approx(power_w * reading.duration_s, rel=0.01)
    part = meter.components()[name]
    assert (kwh is None) == (part.quality is None)
    return part


@pytest.fixture(params=["powercap", "nvml"])
def one(request, powercap, nvml, measure):  # noqa: F811
    """One counter of 100 W, the component that it is of, and how it can be made to fail."""
    counter = FakeCounter(POWER_W, start_j=5000.0)
    if request.param == "powercap":
        powercap([counter])
    else:
        powercap([FakeCounter(50.0)])
        nvml([counter])
    return counter, "cpu" if request.param == "powercap" else "gpu"


def test_a_counter_that_works_is_measured(one, measure):
    _, name = one
    meter = warm()
    part = expect(measure(meter), meter, name)
    assert (part.quality, part.reason) == ("measured", None)


def test_samples_that_are_skipped_lose_nothing(one, measure):
    counter, name = one
    meter = warm()
    events = ((0.5, lambda: unreadable(counter)), (1.1, lambda: readable(counter)))
    assert expect(measure(meter, *events), meter, name).quality == "measured"


def test_a_counter_that_goes_near_the_end_is_filled_in_and_told(one, measure):
    counter, name = one
    meter = warm()
    part = expect(measure(meter, (1.4, lambda: unreadable(counter))), meter, name)
    assert part.quality == "estimated"
    assert "not readable for 0." in part.reason
    assert recognise(part.reason)[0] == "unreadable_filled"


@pytest.mark.parametrize("at_s", [0.0, 0.3])
def test_a_counter_that_goes_early_has_no_energy(one, at_s, measure):
    counter, name = one
    meter = warm()
    part = expect(measure(meter, (at_s, lambda: unreadable(counter))), meter, name)
    assert part.quality is None
    assert "not readable" in part.reason


def test_gone_between_the_warm_up_and_the_window(one, measure):
    counter, name = one
    meter = warm()
    counter.readable = False
    assert expect(measure(meter), meter, name).quality is None
    counter.readable = True
    # The next window is judged for itself.
    assert expect(measure(meter), meter, name).quality == "measured"


def test_a_counter_that_comes_late_is_told(one, measure):
    counter, name = one
    meter = warm()
    counter.readable = False
    part = expect(measure(meter, (0.5, lambda: readable(counter))), meter, name)
    assert part.quality == "estimated"


def test_a_dead_counter_has_no_energy(one, measure):
    counter, name = one
    meter = warm()
    counter.freeze()
    part = expect(measure(meter), meter, name)
    assert part.quality is None
    assert "stood still" in part.reason


def test_a_counter_that_stands_still_for_a_while_is_told(one, measure):
    counter, name = one
    meter = warm(interval_s=0.1)
    part = expect(measure(meter, (0.3, counter.freeze), (1.1, counter.thaw)), meter, name)
    assert part.quality == "estimated"
    assert "stood still" in part.reason


def test_a_counter_that_dies_is_told(one, measure):
    counter, name = one
    meter = warm()
    part = expect(measure(meter, (1.2, counter.freeze)), meter, name)
    assert part.quality == "estimated"


@pytest.mark.parametrize("to_j", [0.0, 2000.0])
def test_a_counter_that_is_set_back_is_told(one, to_j, measure):
    counter, name = one
    meter = warm()
    part = expect(measure(meter, (0.9, lambda: counter.reset(to_j))), meter, name)
    assert part.quality == "estimated"
    assert "set back" in part.reason


@pytest.mark.parametrize("by_j", [400.0, 262_033.0])
def test_a_counter_that_jumps_is_told(one, by_j, measure):
    counter, name = one
    meter = warm()
    part = expect(measure(meter, (0.9, lambda: counter.jump(by_j))), meter, name)
    assert part.quality == "estimated"
    # A jump by a whole range looks like a step back.
    assert "jumped" in part.reason or "set back" in part.reason


def test_a_small_jump_is_told_though_its_energy_may_be_right(powercap, measure):  # noqa: F811
    counter = FakeCounter(POWER_W)
    powercap([counter])
    meter = warm()
    reading = measure(meter, (0.9, lambda: counter.jump(150.0)))
    part = meter.components()["cpu"]
    assert part.quality == "estimated"
    assert recognise(part.reason)[0] == "uneven"
    assert joules(reading.cpu_kwh) > POWER_W * reading.duration_s


@pytest.mark.parametrize("range_j", [262_143.328850, 65_532.6, 2000.0])
def test_a_counter_that_starts_again_at_its_range_is_measured(powercap, range_j, measure):  # noqa: F811
    counter = FakeCounter(POWER_W, start_j=range_j - 100.0, range_j=range_j)
    powercap([counter])
    meter = warm()
    assert expect(measure(meter), meter).quality == "measured"


@pytest.mark.parametrize("says", ["nan\n", "-5\n", "inf\n", "1e400\n", "no number\n", ""])
def test_a_counter_that_says_no_number_has_no_energy(powercap, says, measure):  # noqa: F811
    counter = FakeCounter(POWER_W)
    powercap([counter])
    meter = warm()
    counter.says = says
    assert expect(measure(meter), meter).quality is None


def test_one_package_of_two_is_never_taken_for_both(powercap, measure):  # noqa: F811
    first, second = FakeCounter(POWER_W), FakeCounter(POWER_W, start_j=9000.0)
    powercap([first, second])
    meter = warm()
    assert expect(measure(meter), meter, power_w=2 * POWER_W).quality == "measured"
    second.readable = False
    part = expect(measure(meter), meter)
    assert part.quality is None
    assert "intel-rapl:1" in part.reason
    assert "intel-rapl:0" not in part.reason


def test_one_package_of_two_that_goes_near_the_end(powercap, measure):  # noqa: F811
    first, second = FakeCounter(POWER_W), FakeCounter(POWER_W, start_j=9000.0)
    powercap([first, second])
    meter = warm()
    reading = measure(meter, (1.5, lambda: unreadable(second)))
    assert expect(reading, meter, power_w=2 * POWER_W).quality == "estimated"


def test_a_gpu_without_a_counter_is_an_estimate(powercap, nvml, measure):  # noqa: F811
    powercap([FakeCounter(50.0)])
    nvml([FakeCounter(POWER_W)], has_energy=False)
    meter = warm()
    part = expect(measure(meter), meter, "gpu")
    assert (part.quality, part.source) == ("estimated", "nvml")


def test_a_gpu_whose_counter_did_not_move_yet_is_taken_at_its_power(powercap, nvml, measure):  # noqa: F811
    powercap([FakeCounter(50.0)])
    counter = FakeCounter(POWER_W)
    nvml([counter])
    meter = warm()
    counter.freeze()
    part = expect(measure(meter, length_s=0.05), meter, "gpu")
    assert part.quality == "estimated"
    assert "so short a window" in part.reason


class Slow(pl.LightningModule):
    """Four batches, of 0.3 s where it matters; something happens in one of them."""

    def __init__(self, at_step=None, happen=None, wait_s=0.3):
        super().__init__()
        self.layer = torch.nn.Linear(2, 1)
        self.at_step, self.happen, self.wait_s = at_step, happen, wait_s

    def training_step(self, batch, batch_idx):
        if self.global_step == self.at_step:
            self.happen()
        time.sleep(self.wait_s)
        return self.layer(batch[0]).square().mean()

    def test_step(self, batch, batch_idx):
        time.sleep(self.wait_s)

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.01)


def train(callback, tmp_path, module, epochs=1):
    trainer = pl.Trainer(
        max_epochs=epochs,
        accelerator="cpu",
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
        default_root_dir=tmp_path,
        callbacks=[callback],
    )
    data = DataLoader(TensorDataset(torch.ones(16, 2)), batch_size=4)
    trainer.fit(module, data)
    return trainer, data


def test_a_training_ends_but_its_record_is_refused(powercap, tmp_path):  # noqa: F811
    first, second = FakeCounter(POWER_W), FakeCounter(POWER_W, start_j=9000.0)
    powercap([first, second])
    callback = EnergyCallback(warm(), Ledger(tmp_path / "attempts"))
    # What is finished stays finished: only the result is refused.
    train(callback, tmp_path, Slow(1, lambda: unreadable(second)))
    with pytest.raises(MeteringError, match="intel-rapl:1 was not readable") as refused:
        callback.result()
    assert len(str(refused.value)) <= 300
    (entry,) = (tmp_path / "attempts").glob("*.json")
    assert 0 <= json.loads(entry.read_text())["energy_kwh"] < 1e-4


def test_an_evaluation_whose_counter_failed_is_null_with_the_reason(powercap, tmp_path):  # noqa: F811
    counter = FakeCounter(POWER_W)
    powercap([counter])
    callback = EnergyCallback(warm())
    trainer, data = train(callback, tmp_path, Slow())
    counter.readable = False
    trainer.test(Slow(), data, verbose=False)
    result = callback.result()
    assert result.components["cpu"].quality == "measured"
    assert result.evaluation.energy_kwh is None
    assert "not readable" in result.missing["eval_energy_kwh"]


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -1e-9])
def test_what_no_energy_is_becomes_one_sentence(tmp_path, bad):
    callback = EnergyCallback(ReplayMeter([Reading(2.0, cpu_kwh=bad)]))
    with pytest.raises(MeteringError, match=r"the meter gave .* kWh for the CPU"):
        train(callback, tmp_path, Slow(wait_s=0.0))


def test_a_falling_meter_becomes_one_sentence(tmp_path):
    class Falling(ReplayMeter):
        def read(self):
            self.value = getattr(self, "value", 5e-6) - 1e-6
            return Reading(1.0, cpu_kwh=self.value)

    callback = EnergyCallback(Falling([Reading(2.0, cpu_kwh=1e-6)]))
    with pytest.raises(MeteringError, match="fell from 4e-06 to 3e-06 kWh"):
        train(callback, tmp_path, Slow(wait_s=0.0), epochs=2)


def test_a_load_that_is_no_number_becomes_one_sentence(monkeypatch):
    monkeypatch.setattr(SystemCPULoadMeter, "percent", lambda self: float("nan"))
    meter = CodeCarbonMeter("FRA", cpu_power_w=50.0)
    with pytest.raises(MeteringError, match="gave nan W"):
        meter.warm_up()


def test_a_stepped_clock_changes_neither_duration_nor_order(tmp_path, monkeypatch):
    step = [timedelta(0)]

    class Stepped(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + step[0]

    class Bracketed(EnergyCallback):
        """Knows how much time passes at most, however busy the machine is."""

        def on_train_start(self, trainer, pl_module):
            self.began_s = time.perf_counter()
            super().on_train_start(trainer, pl_module)

        def on_train_end(self, trainer, pl_module):
            super().on_train_end(trainer, pl_module)
            self.ended_s = time.perf_counter()

    monkeypatch.setattr(callback_module, "datetime", Stepped)
    callback = Bracketed(CodeCarbonMeter("FRA", cpu_power_w=50.0))
    back = Slow(1, lambda: step.__setitem__(0, timedelta(hours=-3)), wait_s=0.05)
    train(callback, tmp_path, back)
    result = callback.result()
    lasted = datetime.fromisoformat(result.ended_at) - datetime.fromisoformat(result.started_at)
    assert 0.2 <= result.train.duration_s <= lasted.total_seconds()
    assert lasted.total_seconds() <= callback.ended_s - callback.began_s


def test_a_system_that_tells_no_cpu_time_ends_no_training(tmp_path, monkeypatch):
    def refuse(*_):
        raise psutil.AccessDenied

    callback = EnergyCallback(ReplayMeter([Reading(2.0, cpu_kwh=1e-6)]))
    monkeypatch.setattr(psutil, "cpu_times", refuse)
    train(callback, tmp_path, Slow(wait_s=0.0))
    result = callback.result()
    assert result.other_cpu_share is None
    assert "does not report its CPU time" in result.missing["other_cpu_share"]


def test_a_meter_is_read_by_two_threads_at_once(powercap):  # noqa: F811
    counter = FakeCounter(POWER_W)
    powercap([counter])
    meter = warm(interval_s=0.01)
    meter.start()
    readers = [
        threading.Thread(target=lambda: [meter.read() for _ in range(100)]) for _ in range(3)
    ]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert expect(meter.stop(), meter).quality == "measured"
