"""A window's energy covers the window to its end, at any length: known powers, real time."""

import math
import time
from statistics import median

import pytest
import pytorch_lightning as pl
import torch
from codecarbon.external.hardware import SystemCPULoadMeter
from fake_counters import FakeCounter, nvml, powercap  # noqa: F401
from torch.utils.data import DataLoader, TensorDataset

from ecosobriety.metering import CodeCarbonMeter, EnergyCallback
from ecosobriety.metering.probing import GPU_STEP_S
from ecosobriety.units import joules_to_kwh, kwh_to_joules

pytestmark = pytest.mark.slow

RAM_W = 36.0
LENGTHS_S = [0.02, 0.03, 0.045, 0.05, 0.1, 0.5, 2.3, 10.0]
WINDOWS = 9
"""Another process may take the processor away in the midst of a reading: the median is right."""


def pass_time(seconds):
    """Pass exactly this time; `sleep` oversleeps, by less than what is waited for here, mostly."""
    until = time.perf_counter() + seconds
    time.sleep(max(seconds - 0.002, 0.0))
    while time.perf_counter() < until:
        pass


def powers_w(meter, length_s):
    """The power in W of each component, in windows of this length; their time is checked, too."""
    found = []
    for _ in range(WINDOWS if length_s < 0.2 else 1):
        before_s = time.perf_counter()
        meter.start()
        started_s = time.perf_counter()
        pass_time(length_s)
        ended_s = time.perf_counter()
        reading = meter.stop()
        assert ended_s - started_s <= reading.duration_s <= time.perf_counter() - before_s
        found.append({name: power_w(kwh, reading.duration_s) for name, kwh in parts(reading)})
    return {name: median(powers[name] for powers in found) for name in found[0]}


def parts(reading):
    named = {"cpu": reading.cpu_kwh, "gpu": reading.gpu_kwh, "ram": reading.ram_kwh}
    return [(name, kwh) for name, kwh in named.items() if kwh is not None]


def power_w(energy_kwh, duration_s):
    return kwh_to_joules(energy_kwh) / duration_s


def warm(cpu_power_w=None):
    meter = CodeCarbonMeter("FRA", interval_s=0.5, cpu_power_w=cpu_power_w, ram_power_w=RAM_W)
    meter.warm_up()
    return meter


def stub_load(monkeypatch, percent):
    monkeypatch.setattr(SystemCPULoadMeter, "percent", lambda self, prime_interval=0.05: percent)


@pytest.mark.parametrize("length_s", LENGTHS_S)
def test_the_load_model_gives_power_times_length(monkeypatch, length_s):
    stub_load(monkeypatch, 100.0)
    found = powers_w(warm(cpu_power_w=50.0), length_s)
    assert found == pytest.approx({"cpu": 50.0, "ram": RAM_W}, rel=0.01)


@pytest.mark.parametrize("length_s", LENGTHS_S)
def test_hardware_counters_give_power_times_length(powercap, nvml, length_s):  # noqa: F811
    powercap([FakeCounter(60.0), FakeCounter(90.0, start_j=7000.0)])
    nvml([FakeCounter(300.0, start_j=5e6)])
    meter = warm()
    found = powers_w(meter, length_s)
    assert found == pytest.approx({"cpu": 150.0, "gpu": 300.0, "ram": RAM_W}, rel=0.01)
    assert meter.components()["cpu"].quality == "measured"
    # A GPU's counter may move every 0.1 s alone.
    short = "estimated" if length_s < GPU_STEP_S else "measured"
    assert meter.components()["gpu"].quality == short


class Stepping(FakeCounter):
    """Moves every 0.1 s, by what was spent since, as NVML's does."""

    @property
    def joules(self):
        return self._base_j + self.power_w * math.floor(time.perf_counter() / 0.1) * 0.1


@pytest.mark.parametrize(("length_s", "within"), [(0.02, 0.01), (0.05, 0.01), (0.35, 0.2)])
def test_a_window_that_holds_a_step_by_chance_does_not_count_all_of_it(
    powercap,  # noqa: F811
    nvml,  # noqa: F811
    length_s,
    within,
):
    """A window of 0.35 s holds three or four of them, 0.3 or 0.4 s; on average that is right."""
    powercap([FakeCounter(60.0)])
    nvml([Stepping(300.0)])
    meter = warm()
    found = []
    for i in range(12):
        pass_time(0.1 * i / 12)
        meter.start()
        pass_time(length_s)
        reading = meter.stop()
        found.append(power_w(reading.gpu_kwh, reading.duration_s))
    assert found == pytest.approx([300.0] * 12, rel=within)


def test_a_read_within_a_window_takes_nothing_from_its_end(monkeypatch):
    stub_load(monkeypatch, 100.0)
    meter = warm(cpu_power_w=50.0)
    meter.start()
    pass_time(0.3)
    middle = meter.read()
    pass_time(0.03)
    end = meter.stop()
    assert kwh_to_joules((end - middle).cpu_kwh) == pytest.approx(
        50.0 * (end - middle).duration_s, rel=0.01
    )


class Steps(pl.LightningModule):
    """Each batch takes 5 ms."""

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(2, 1)

    def training_step(self, batch, batch_idx):
        pass_time(0.005)
        return self.layer(batch[0]).square().mean()

    def test_step(self, batch, batch_idx):
        pass_time(0.005)

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.01)


def train(callback, tmp_path, batches, epochs=20):
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
    module, data = Steps(), DataLoader(TensorDataset(torch.ones(batches * 4, 2)), batch_size=4)
    trainer.fit(module, data)
    trainer.test(module, data, verbose=False)
    return callback.result()


def test_no_size_is_favoured_and_no_epoch_is_zero(monkeypatch, tmp_path):
    stub_load(monkeypatch, 100.0)
    for batches in (1, 4, 20):
        result = train(EnergyCallback(warm(cpu_power_w=50.0)), tmp_path, batches)
        assert power_w(result.energy_kwh, result.train.duration_s) == pytest.approx(86.0, rel=0.01)
        for epoch in result.epochs:
            assert power_w(epoch.energy_kwh, epoch.duration_s) == pytest.approx(86.0, rel=0.01)
        evaluation = result.evaluation
        assert power_w(evaluation.energy_kwh, evaluation.duration_s) == pytest.approx(
            86.0, rel=0.01
        )


class Ends(EnergyCallback):
    """Knows how much time passes at most after the last epoch, however busy the machine is."""

    def on_train_epoch_end(self, trainer, pl_module):
        self.last_s = time.perf_counter()
        super().on_train_epoch_end(trainer, pl_module)

    def on_train_end(self, trainer, pl_module):
        super().on_train_end(trainer, pl_module)
        self.ended_s = time.perf_counter()


def test_epochs_add_up_to_the_training_whatever_the_load(tmp_path):
    callback = Ends(warm(cpu_power_w=50.0))
    result = train(callback, tmp_path, batches=2)
    assert len(result.epochs) == 20
    spent_kwh = sum(epoch.energy_kwh for epoch in result.epochs)
    assert spent_kwh <= result.energy_kwh
    # At full load.
    rest_kwh = joules_to_kwh(86.0 * (callback.ended_s - callback.last_s))
    assert result.energy_kwh - spent_kwh <= rest_kwh
