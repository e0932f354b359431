"""The callback's energy is that of a CodeCarbon tracker wrapped around the same training."""

import time

import pytest
import pytorch_lightning as pl
import torch
from codecarbon import OfflineEmissionsTracker
from torch.utils.data import DataLoader, TensorDataset

from ecosobriety.metering import CodeCarbonMeter, EnergyCallback

pytestmark = pytest.mark.slow

AT_LEAST_S = 10.0


class Busy(pl.LightningModule):
    """Multiplies matrices until the time is over."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.randn(400, 400))

    def training_step(self, batch, batch_idx):
        until = time.perf_counter() + AT_LEAST_S / 100
        while time.perf_counter() < until:
            product = self.weight @ self.weight
        return product.mean()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=1e-6)


def test_callback_and_wrapped_tracker_agree_within_5_percent(tmp_path):
    meter = CodeCarbonMeter("FRA")
    callback = EnergyCallback(meter)
    trainer = pl.Trainer(
        max_epochs=10,
        accelerator="cpu",
        callbacks=[callback],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=tmp_path,
    )
    meter.warm_up()
    # As a user of CodeCarbon alone would write it, with CodeCarbon's own periodic measurement.
    tracker = OfflineEmissionsTracker(
        country_iso_code="FRA", measure_power_secs=1, output_methods=[], log_level="error"
    )
    tracker.start()
    trainer.fit(Busy(), DataLoader(TensorDataset(torch.zeros(10, 1))))
    tracker.stop()
    result = callback.result()
    assert result.train.duration_s >= AT_LEAST_S
    assert result.energy_kwh == pytest.approx(
        tracker.final_emissions_data.energy_consumed, rel=0.05
    )
