"""What metering costs: the same training with and without the callback, in turns."""

from collections.abc import Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch

from ecosobriety.metering import CodeCarbonMeter, EnergyCallback, Ledger
from ecosobriety.training.batches import Blocks, Slices
from ecosobriety.training.fitting import TrainingSettings
from ecosobriety.training.learner import Learner
from ecosobriety.training.networks import build_network
from ecosobriety.training.tasks import Classification

SETTINGS = TrainingSettings(3, 128, 0.001, "cpu", "32-true")
REPEATS = 15
EPOCHS = 3
EXAMPLES = 60_000


class _Window(pl.Callback):
    """Times the training from its first epoch's start to its end, in s."""

    duration_s = 0.0

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._started_at = perf_counter()

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.duration_s = perf_counter() - self._started_at


def _train(callbacks: list[pl.Callback]) -> float:
    window = _Window()
    pl.seed_everything(1, verbose=False)
    rng = np.random.default_rng(1)
    x = torch.from_numpy(rng.standard_normal((EXAMPLES, 28, 28), dtype=np.float32))
    y = torch.from_numpy(rng.integers(0, 10, EXAMPLES))
    pl.Trainer(
        max_epochs=EPOCHS,
        accelerator="cpu",
        callbacks=[window, *callbacks],
        logger=False,
        enable_checkpointing=False,
        enable_model_summary=False,
        enable_progress_bar=False,
    ).fit(
        Learner(
            build_network("mlp", {"hidden": [256]}, (28, 28), 10), Classification(10), SETTINGS
        ),
        Blocks(Slices(x, y, torch.arange(EXAMPLES), 128, mean=0, deviation=1, shuffle_seed=1)),
    )
    return window.duration_s


def measure() -> Iterator[dict[str, Any]]:
    """The ratio of a metered training's duration to that of a bare one, and both medians in s."""
    meter = CodeCarbonMeter("FRA", interval_s=1.0)
    bare, metered = [], []
    _train([])
    with TemporaryDirectory() as folder:
        for _ in range(REPEATS):
            bare.append(_train([]))
            metered.append(_train([EnergyCallback(meter, Ledger(Path(folder)))]))
    yield {
        "benchmark": "metered training against the same one without a meter",
        "ratio": median(m / b for m, b in zip(metered, bare, strict=True)),
        "unit": "s",
        "ours": median(metered),
        "baseline": median(bare),
        "repeats": REPEATS,
        "target": "at most 1.02",
    }
