"""Training: the study's own against a bare PyTorch loop, and against a tutorial's Lightning."""

import logging
import math
import warnings
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from codecarbon import OfflineEmissionsTracker
from torch import nn
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, TensorDataset

from ecosobriety import datasets
from ecosobriety.hardware import usable_cpus
from ecosobriety.metering import CodeCarbonMeter, Ledger
from ecosobriety.models import build_network
from ecosobriety.training import TrainingSettings, train

REPEATS = 7
EPOCHS = 3
EXAMPLES, TEST_EXAMPLES = 60_000, 1_000
SHAPE, CLASSES, HIDDEN = (28, 28), 10, [256]
BATCH_SIZE, LEARNING_RATE = 128, 0.001
SETTINGS = TrainingSettings(EPOCHS, BATCH_SIZE, LEARNING_RATE, "cpu", "32-true")


def synthetic_images() -> datasets.Dataset:
    """As many images as Fashion-MNIST has, of random bytes: a network's speed knows no content."""
    rng = np.random.default_rng(1)
    parts = [
        (
            rng.integers(0, 256, (n, *SHAPE), dtype=np.uint8),
            rng.permutation(np.arange(n, dtype=np.int64) % CLASSES),
        )
        for n in (EXAMPLES, TEST_EXAMPLES)
    ]
    classes = tuple(str(i) for i in range(CLASSES))
    return datasets.Dataset.from_arrays("bench", *parts, classes=classes, origin="random")


def _train_ours(dataset: datasets.Dataset, folder: Path) -> float:
    record = train(
        dataset,
        model="mlp",
        class_path="mlp",
        init_args={"hidden": HIDDEN},
        n_train=EXAMPLES,
        seed=1,
        settings=SETTINGS,
        meter=CodeCarbonMeter("FRA"),
        ledger=Ledger(folder),
        threads=usable_cpus(),
        code_fingerprint="",
    )
    return record.train_duration_s


def _normalised(dataset: datasets.Dataset) -> tuple[torch.Tensor, torch.Tensor]:
    x = torch.from_numpy(dataset.x_train).to(torch.float32)
    return x.sub_(x.mean()).div_(x.std()), torch.from_numpy(dataset.y_train)


def _train_bare(x: torch.Tensor, y: torch.Tensor) -> float:
    """What anyone writes in ten lines, with the data in memory and the fused optimiser."""
    network = build_network("mlp", {"hidden": HIDDEN}, SHAPE, CLASSES)
    optimiser = torch.optim.AdamW(network.parameters(), lr=LEARNING_RATE, fused=True)
    started_at = perf_counter()
    for _ in range(EPOCHS):
        for chosen in torch.randperm(len(x)).split(BATCH_SIZE):
            optimiser.zero_grad()
            cross_entropy(network(x[chosen]), y[chosen]).backward()
            optimiser.step()
    return perf_counter() - started_at


class _Tutorial(pl.LightningModule):
    """The module of an introduction to Lightning."""

    def __init__(self) -> None:
        super().__init__()
        widths = [math.prod(SHAPE), *HIDDEN]
        layers = [layer for a, b in pairwise(widths) for layer in (nn.Linear(a, b), nn.ReLU())]
        self.network = nn.Sequential(nn.Flatten(), *layers, nn.Linear(widths[-1], CLASSES))

    def training_step(self, batch: list[torch.Tensor], batch_idx: int) -> torch.Tensor:
        x, y = batch
        loss = cross_entropy(self.network(x), y)
        self.log("train_loss", loss)
        return loss

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.AdamW(self.parameters(), lr=LEARNING_RATE)


def _train_tutorial(x: torch.Tensor, y: torch.Tensor, folder: Path) -> float:
    loader = DataLoader(TensorDataset(x, y), batch_size=BATCH_SIZE, shuffle=True)
    tracker = OfflineEmissionsTracker(country_iso_code="FRA", save_to_file=False, log_level="error")
    trainer = pl.Trainer(max_epochs=EPOCHS, accelerator="cpu", default_root_dir=folder)
    tracker.start()
    started_at = perf_counter()
    trainer.fit(_Tutorial(), loader)
    duration_s = perf_counter() - started_at
    tracker.stop()
    return duration_s


def measure() -> Iterator[dict[str, Any]]:
    """Ratios of the measured window's duration to the opponents' for the same training."""
    torch.set_num_threads(usable_cpus())
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    dataset = synthetic_images()
    x, y = _normalised(dataset)
    ours, bare, tutorial = [], [], []
    with TemporaryDirectory() as name, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        folder = Path(name)
        _train_bare(x, y)
        _train_ours(dataset, folder)
        for _ in range(REPEATS):
            bare.append(_train_bare(x, y))
            ours.append(_train_ours(dataset, folder))
            tutorial.append(_train_tutorial(x, y, folder))
    for opponent, durations_s, target in (
        ("a bare PyTorch loop", bare, "at most 1.10"),
        ("Lightning, DataLoader and CodeCarbon as in a tutorial", tutorial, "below 1"),
    ):
        yield {
            "benchmark": f"training against {opponent}",
            "ratio": median(o / d for o, d in zip(ours, durations_s, strict=True)),
            "unit": "s",
            "ours": median(ours),
            "opponent": median(durations_s),
            "repeats": REPEATS,
            "target": target,
        }
