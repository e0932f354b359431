"""The Lightning callback meters a training, and that alone, for any LightningModule."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from datetime import datetime, timedelta

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import ModelCheckpoint
from torch.utils.data import DataLoader, TensorDataset

from ecosobriety.errors import MeteringError
from ecosobriety.metering import (
    EnergyCallback,
    FakeMeter,
    Ledger,
    Reading,
    ReplayMeter,
    read_window,
    window_environment,
)
from ecosobriety.metering import callback as callback_module
from ecosobriety.metering import ledger as ledger_module
from ecosobriety.records.record import Component

pytestmark = pytest.mark.slow

POWER_W = 3600.0
"""1 s costs 1 Wh, so that energies in Wh are seconds of the clock."""


class Clock:
    """A clock that only the work moves, in s."""

    def __init__(self):
        self.now_s = 0.0

    def __call__(self):
        return self.now_s


class SomebodysModule(pl.LightningModule):
    """Somebody's own module: each training batch takes 1 s, each evaluation batch 10 s."""

    def __init__(self, clock, fail_at_step=None):
        super().__init__()
        self.layer = torch.nn.Linear(2, 1)
        self.clock = clock
        self.fail_at_step = fail_at_step

    def training_step(self, batch, batch_idx):
        if self.global_step == self.fail_at_step:
            raise ValueError("the loss is not a number")
        self.clock.now_s += 1.0
        loss = self.layer(batch[0]).square().mean()
        self.log("loss", loss, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch, batch_idx):
        self.clock.now_s += 10.0

    def test_step(self, batch, batch_idx):
        self.clock.now_s += 10.0

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.01)


def loader(batches):
    return DataLoader(TensorDataset(torch.ones(batches * 4, 2)), batch_size=4)


def trainer(callback, tmp_path, epochs=2, **options):
    return pl.Trainer(
        max_epochs=epochs,
        accelerator="cpu",
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=options.pop("enable_checkpointing", False),
        default_root_dir=tmp_path,
        callbacks=[callback],
        **options,
    )


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def meter(clock):
    return FakeMeter(cpu_w=POWER_W, clock=clock)


def wh(energy_kwh):
    return energy_kwh * 1000


def test_training_evaluation_and_epochs_are_apart(clock, meter, tmp_path):
    callback = EnergyCallback(meter)
    module = SomebodysModule(clock)
    runner = trainer(callback, tmp_path)
    runner.fit(module, loader(3), val_dataloaders=loader(2))
    runner.test(module, loader(1), verbose=False)
    result = callback.result()
    # 2 epochs x 3 batches x 1 s; sanity checks (2 x 10 s) are before the window
    assert wh(result.energy_kwh) == pytest.approx(6.0)
    # validation in each epoch 2 x 2 batches x 10 s, test 1 x 10 s
    assert wh(result.evaluation.energy_kwh) == pytest.approx(50.0)
    assert [wh(epoch.energy_kwh) for epoch in result.epochs] == pytest.approx([3.0, 3.0])
    assert [epoch.duration_s for epoch in result.epochs] == pytest.approx([3.0, 3.0])
    assert all("loss" in epoch.metrics for epoch in result.epochs)
    assert result.train.duration_s == pytest.approx(6.0)
    assert not result.short_window
    assert (result.quality, result.source) == ("estimated", "constant")
    assert result.started_at < result.ended_at


def test_the_ledger_follows_the_training(clock, meter, tmp_path):
    ledger = Ledger(tmp_path / "attempts")
    runner = trainer(EnergyCallback(meter, ledger), tmp_path)
    runner.fit(SomebodysModule(clock), loader(3))
    entry = json.loads(ledger.path.read_text())
    # Complete only when the record is written, which is not the callback's to do.
    assert entry["status"] == "running"
    assert wh(entry["energy_kwh"]) == pytest.approx(6.0)


def test_a_training_that_dies_leaves_its_energy(clock, meter, tmp_path):
    ledger = Ledger(tmp_path / "attempts")
    callback = EnergyCallback(meter, ledger)
    with pytest.raises(ValueError, match="not a number"):
        trainer(callback, tmp_path).fit(SomebodysModule(clock, fail_at_step=4), loader(3))
    entry = json.loads(ledger.path.read_text())
    assert entry["status"] == "failed"
    assert entry["error"] == "ValueError: the loss is not a number"
    assert wh(entry["energy_kwh"]) == pytest.approx(4.0)
    with pytest.raises(MeteringError, match="has not ended, or failed"):
        callback.result()


def test_a_test_alone_is_no_training(clock, meter, tmp_path):
    callback = EnergyCallback(meter)
    trainer(callback, tmp_path).test(SomebodysModule(clock), loader(1), verbose=False)
    with pytest.raises(MeteringError, match=r"no batch has been trained on: .* a test alone"):
        callback.result()


def test_a_resumed_training_reports_the_sum_of_its_parts(clock, meter, tmp_path):
    first = EnergyCallback(meter)
    runner = trainer(first, tmp_path, epochs=1)
    runner.fit(SomebodysModule(clock), loader(3))
    runner.save_checkpoint(tmp_path / "half.ckpt")
    clock.now_s += 1000.0  # the time between the two costs nothing
    second = EnergyCallback(meter)
    trainer(second, tmp_path, epochs=3).fit(
        SomebodysModule(clock), loader(3), ckpt_path=tmp_path / "half.ckpt", weights_only=False
    )
    result = second.result()
    assert wh(result.energy_kwh) == pytest.approx(9.0)
    assert [wh(epoch.energy_kwh) for epoch in result.epochs] == pytest.approx([3.0, 3.0, 3.0])
    assert [epoch.epoch for epoch in result.epochs] == [0, 1, 2]
    assert result.started_at == first.result().started_at


@pytest.mark.parametrize(("kept", "left"), [("step=2", 1), ("step=4", 2), ("step=6", 2)])
def test_an_epoch_that_is_open_at_a_checkpoint_keeps_what_it_has_spent(
    clock, meter, tmp_path, kept, left
):
    """Checkpoints at validations, in the middle of an epoch or before its end, as by default."""

    def fit(**options):
        callback = EnergyCallback(meter)
        saved = ModelCheckpoint(
            tmp_path,
            "{step}",
            every_n_train_steps=None,
            save_top_k=-1,
            save_on_train_epoch_end=False,
        )
        runner = trainer(
            callback, tmp_path, epochs=3, val_check_interval=0.5, enable_checkpointing=True
        )
        runner.callbacks.append(saved)
        runner.fit(SomebodysModule(clock), loader(4), loader(1), weights_only=False, **options)
        return callback.result()

    whole = fit()
    clock.now_s += 1000.0
    resumed = fit(ckpt_path=tmp_path / f"{kept}.ckpt")
    for result in (whole, resumed):
        assert [wh(epoch.energy_kwh) for epoch in result.epochs] == pytest.approx([4.0, 4.0, 4.0])
        assert wh(result.energy_kwh) == pytest.approx(12.0)
    assert resumed.epochs[left].duration_s == pytest.approx(4.0)


def test_a_command_that_catches_the_end_of_a_fit_has_its_energy(
    clock, meter, tmp_path, monkeypatch
):
    """A search whose second of two trainings is given up after 4 of 6 s."""
    path = tmp_path / "window.json"
    settings = {"metering.country": "FRA", "metering.interval_s": 1.0}
    settings |= {"metering.cpu_power_w": 20.0, "metering.ram_power_w": 5.0}
    for name, value in window_environment(path, settings).items():
        monkeypatch.setenv(name, value)
    trainer(EnergyCallback(meter), tmp_path).fit(SomebodysModule(clock), loader(3))
    with pytest.raises(ValueError, match="not a number"):
        trainer(EnergyCallback(meter), tmp_path).fit(
            SomebodysModule(clock, fail_at_step=4), loader(3)
        )
    both = read_window(path)
    assert wh(both.energy_kwh) == both.duration_s == pytest.approx(10.0)
    assert both.windows == 2


def test_of_a_training_that_had_ended_nothing_is_left(clock, meter, tmp_path):
    runner = trainer(EnergyCallback(meter), tmp_path)
    runner.fit(SomebodysModule(clock), loader(3))
    runner.save_checkpoint(tmp_path / "last.ckpt")
    again = EnergyCallback(meter)
    trainer(again, tmp_path).fit(
        SomebodysModule(clock), loader(3), ckpt_path=tmp_path / "last.ckpt", weights_only=False
    )
    with pytest.raises(MeteringError, match="had all its epochs already"):
        again.result()


def test_a_test_of_an_earlier_checkpoint_takes_nothing_away(clock, meter, tmp_path):
    """As of the best one, which Lightning tests by default."""
    callback = EnergyCallback(meter)
    runner = trainer(callback, tmp_path, epochs=1)
    module = SomebodysModule(clock)
    runner.fit(module, loader(3), val_dataloaders=loader(1))
    runner.save_checkpoint(tmp_path / "best.ckpt")
    runner.fit_loop.max_epochs = 3
    runner.fit(module, loader(3), val_dataloaders=loader(1))
    before = callback.result()
    runner.test(module, loader(1), ckpt_path=tmp_path / "best.ckpt", weights_only=False)
    after = callback.result()
    assert after.epochs == before.epochs
    assert after.started_at == before.started_at
    tested_kwh = after.evaluation.energy_kwh - before.evaluation.energy_kwh
    assert wh(tested_kwh) == pytest.approx(10.0)


def test_of_two_fits_the_result_is_that_of_the_last(clock, meter, tmp_path):
    callback = EnergyCallback(meter)
    for batches in (5, 2):
        runner = trainer(callback, tmp_path)
        runner.fit(SomebodysModule(clock), loader(batches), val_dataloaders=loader(1))
    runner.test(SomebodysModule(clock), loader(1), verbose=False)
    result = callback.result()
    assert [wh(epoch.energy_kwh) for epoch in result.epochs] == pytest.approx([2.0, 2.0])
    assert wh(result.energy_kwh) == result.train.duration_s == pytest.approx(4.0)
    assert wh(result.evaluation.energy_kwh) == pytest.approx(2 * 10 + 10)
    started, ended = map(datetime.fromisoformat, (result.started_at, result.ended_at))
    # By the machine's own clock, of which these fits take moments.
    assert ended - started < timedelta(seconds=30)
    # One Trainer may go on, and begins anew for the meter.
    runner.fit_loop.max_epochs = 4
    runner.fit(SomebodysModule(clock), loader(2))
    assert [epoch.epoch for epoch in callback.result().epochs] == [2, 3]
    assert wh(callback.result().energy_kwh) == pytest.approx(4.0)


@pytest.mark.parametrize("meter", ["FRA", FakeMeter, None, 3])
def test_what_is_no_meter_is_refused(meter):
    with pytest.raises(MeteringError, match=r"is no meter: CodeCarbonMeter\(\"FRA\"\) is one"):
        EnergyCallback(meter)


@pytest.mark.parametrize("energy_kwh", [0.0, -1e-9, float("nan"), float("inf")])
def test_an_energy_that_is_not_positive_and_finite_is_refused(clock, tmp_path, energy_kwh):
    callback = EnergyCallback(ReplayMeter([Reading(2.0, cpu_kwh=energy_kwh)]))

    def measure():
        trainer(callback, tmp_path, epochs=1).fit(SomebodysModule(clock), loader(1))
        return callback.result()

    # Such an epoch cannot even be noted, or the result is refused.
    with pytest.raises((MeteringError, ValueError)):
        measure()


def test_a_short_window_is_marked(clock, tmp_path):
    callback = EnergyCallback(ReplayMeter([Reading(0.4, cpu_kwh=1e-6)]))
    trainer(callback, tmp_path, epochs=1).fit(SomebodysModule(clock), loader(1))
    assert callback.result().short_window


def test_a_training_on_a_gpu_whose_energy_reads_zero_is_null_and_flagged(clock, tmp_path):
    components = {
        "cpu": Component(quality="measured", source="rapl"),
        "gpu": Component(quality="measured", source="nvml"),
        "ram": Component(quality=None, source=None, reason="not recorded"),
    }
    meter = ReplayMeter([Reading(2.0, cpu_kwh=1e-5, gpu_kwh=0.0)], components)
    callback = EnergyCallback(meter)
    trainer(callback, tmp_path, epochs=1).fit(SomebodysModule(clock), loader(1))
    assert callback.result().train.gpu_kwh == 0.0  # a GPU that was not used
    callback._on_gpu = True
    result = callback.result()
    assert result.train.gpu_kwh is None
    assert result.components["gpu"].quality is None
    assert "0 kWh" in result.components["gpu"].reason
    assert result.source == "rapl"


def test_a_full_disk_ends_the_training_and_leaves_its_energy_so_far(
    clock, meter, tmp_path, monkeypatch
):
    ledger = Ledger(tmp_path / "attempts")
    write = ledger_module.write_json
    writes = []

    def write_until_full(path, content):
        writes.append(path)
        if len(writes) > 3:  # the opening and two epochs
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        write(path, content)

    monkeypatch.setattr(ledger_module, "write_json", write_until_full)
    with pytest.raises(OSError, match="No space left on device"):
        trainer(EnergyCallback(meter, ledger), tmp_path, epochs=5).fit(
            SomebodysModule(clock), loader(3)
        )
    entry = json.loads(ledger.path.read_text())
    assert entry["status"] == "running"
    assert wh(entry["energy_kwh"]) == pytest.approx(6.0)


def test_the_share_of_other_processes_is_of_the_machines_busy_time(
    clock, meter, tmp_path, monkeypatch
):
    # At the start 5 s of ours in 100 s of the machine's; at the end 11 s in 108 s.
    clocks = iter([(5.0, 100.0), (11.0, 108.0)])
    monkeypatch.setattr(callback_module, "own_and_busy_cpu_s", lambda _: next(clocks))
    callback = EnergyCallback(meter)
    trainer(callback, tmp_path).fit(SomebodysModule(clock), loader(3))
    # Others took 2 s of 8 s.
    assert callback.result().other_cpu_share == pytest.approx(0.25)


def test_work_of_others_on_the_machine_is_told(clock, meter, tmp_path):
    class Busy(SomebodysModule):
        def training_step(self, batch, batch_idx):
            until = time.process_time() + 0.1
            while time.process_time() < until:
                pass
            return super().training_step(batch, batch_idx)

    # No child of ours, which would count as our own work. It takes as much time as we do, or more.
    loop = f"exec setsid {sys.executable} -c 'while True: pass' >/dev/null 2>&1 & echo $!"
    hog = int(subprocess.run(loop, shell=True, capture_output=True, check=True).stdout)
    callback = EnergyCallback(meter)
    try:
        trainer(callback, tmp_path).fit(Busy(clock), loader(4))
    finally:
        os.kill(hog, signal.SIGKILL)
    assert 0.3 < callback.result().other_cpu_share <= 1.0
