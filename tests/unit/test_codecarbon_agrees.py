"""The callback's energy is that of a CodeCarbon tracker wrapped around the same training."""

import time

import pytest
import pytorch_lightning as pl
import torch
from codecarbon import OfflineEmissionsTracker
from codecarbon.external.hardware import SystemCPULoadMeter
from pytorch_lightning.callbacks import LambdaCallback
from torch.utils.data import DataLoader, TensorDataset

from ecosobriety.metering import CodeCarbonMeter, EnergyCallback

pytestmark = pytest.mark.slow

AT_LEAST_S = 5.0


class Slow(pl.LightningModule):
    """Waits until the time is over."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.randn(4, 4))

    def training_step(self, batch, batch_idx):
        time.sleep(AT_LEAST_S / 100)
        return (self.weight @ self.weight).mean()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=1e-6)


def test_callback_and_wrapped_tracker_agree_within_5_percent(tmp_path, monkeypatch):
    # As the power goes by the cube of the load, that of others, seen by each at other moments,
    # would make them differ.
    monkeypatch.setattr(SystemCPULoadMeter, "percent", lambda _: 50.0)
    meter = CodeCarbonMeter("FRA")
    callback = EnergyCallback(meter)
    # As a user of CodeCarbon alone would write it, with CodeCarbon's own periodic measurement.
    tracker = OfflineEmissionsTracker(
        country_iso_code="FRA", measure_power_secs=1, output_methods=[], log_level="error"
    )
    # Around the callback's window and not around `fit`, whose own set-up takes long on a busy
    # machine: it is part of no training, and neither of the two is to count it.
    begins = LambdaCallback(on_train_start=lambda *_: tracker.start())
    ends = LambdaCallback(on_train_end=lambda *_: tracker.stop())
    trainer = pl.Trainer(
        max_epochs=10,
        accelerator="cpu",
        callbacks=[begins, callback, ends],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=tmp_path,
    )
    meter.warm_up()
    trainer.fit(Slow(), DataLoader(TensorDataset(torch.zeros(10, 1))))
    result = callback.result()
    assert result.train.duration_s >= AT_LEAST_S
    assert result.energy_kwh == pytest.approx(
        tracker.final_emissions_data.energy_consumed, rel=0.05
    )
