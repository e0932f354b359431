"""Training: the study's own against a bare PyTorch loop, a tutorial's Lightning and bare products.

On a machine with a GPU, the training on it is compared with a bare loop on the same card, too.
"""

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
from ecosobriety.records.record import RunRecord
from ecosobriety.training.networks import build_network
from ecosobriety.training.recording import Training
from ecosobriety.training.train import TrainingSettings, train

Row = dict[str, Any]

REPEATS = 7
EPOCHS = 3
EXAMPLES, TEST_EXAMPLES = 60_000, 10_000
SHAPE, CLASSES, HIDDEN = (28, 28), 10, [256]
BATCH_SIZE, LEARNING_RATE = 128, 0.001
SQUARE = (2048, 2048, 2048)
LARGEST_LAYER = (BATCH_SIZE, math.prod(SHAPE), HIDDEN[0])
"""Shapes m, k, n of matrix products (m, k) x (k, n)."""
PRODUCT_S = 0.3


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


def train_ours(dataset: datasets.Dataset, folder: Path, accelerator: str = "cpu") -> RunRecord:
    """Train as a job does, measured."""
    return train(
        dataset,
        Training(
            model="mlp",
            class_path="mlp",
            init_args={"hidden": HIDDEN},
            n_train=EXAMPLES,
            seed=1,
            settings=TrainingSettings(EPOCHS, BATCH_SIZE, LEARNING_RATE, accelerator, "32-true"),
            threads=usable_cpus(),
            code_fingerprint="",
        ),
        meter=CodeCarbonMeter("FRA"),
        ledger=Ledger(folder),
    )


def _normalised(dataset: datasets.Dataset) -> tuple[torch.Tensor, torch.Tensor]:
    images = dataset.x_train.part(0, len(dataset.x_train))
    x = torch.from_numpy(images).to(torch.float32)
    return x.sub_(x.mean()).div_(x.std()), torch.from_numpy(dataset.y_train)


def _train_bare(x: torch.Tensor, y: torch.Tensor) -> float:
    """What anyone writes in ten lines, with the data in memory and the fused optimiser."""
    network = build_network("mlp", {"hidden": HIDDEN}, SHAPE, CLASSES).to(x.device)
    optimiser = torch.optim.AdamW(network.parameters(), lr=LEARNING_RATE, fused=True)
    started_at = perf_counter()
    for _ in range(EPOCHS):
        for chosen in torch.randperm(len(x), device=x.device).split(BATCH_SIZE):
            optimiser.zero_grad()
            cross_entropy(network(x[chosen]), y[chosen]).backward()
            optimiser.step()
    if x.is_cuda:
        torch.cuda.synchronize()
    return perf_counter() - started_at


def _multiply(m: int, k: int, n: int) -> float:
    """GFLOP/s of bare matrix products on the CPU; a multiply-accumulate is two FLOP."""
    a, b, out = torch.rand(m, k), torch.rand(k, n), torch.empty(m, n)
    products = 0
    started_at = perf_counter()
    while (duration_s := perf_counter() - started_at) < PRODUCT_S:
        torch.mm(a, b, out=out)
        products += 1
    return 2 * m * k * n * products / duration_s / 1e9


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


def _row(name: str, unit: str, ours: list[float], theirs: list[float], target: str) -> Row:
    return {
        "benchmark": name,
        "ratio": median(o / t for o, t in zip(ours, theirs, strict=True)),
        "unit": unit,
        "ours": median(ours),
        "baseline": median(theirs),
        "repeats": REPEATS,
        "target": target,
    }


def measure() -> Iterator[Row]:
    """Ratios of the measured window's duration, and of its GFLOP/s, to the baselines'."""
    torch.set_num_threads(usable_cpus())
    for name in ("pytorch_lightning", "pytorch_lightning.utilities.rank_zero"):
        logging.getLogger(name).setLevel(logging.ERROR)
    dataset = synthetic_images()
    x, y = _normalised(dataset)
    with TemporaryDirectory() as name, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        folder = Path(name)
        yield from _measure_on_cpu(dataset, x, y, folder)
        if torch.cuda.is_available():
            yield _measure_on_gpu(dataset, x.cuda(), y.cuda(), folder)


def _measure_on_cpu(
    dataset: datasets.Dataset, x: torch.Tensor, y: torch.Tensor, folder: Path
) -> Iterator[Row]:
    ours_s, bare_s, tutorial_s, ours_gflop_s, layer_gflop_s, square_gflop_s = ([] for _ in range(6))
    _train_bare(x, y)
    train_ours(dataset, folder)
    for _ in range(REPEATS):
        bare_s.append(_train_bare(x, y))
        record = train_ours(dataset, folder)
        ours_s.append(record.train_duration_s)
        ours_gflop_s.append((record.flop_train or math.nan) / record.train_duration_s / 1e9)
        layer_gflop_s.append(_multiply(*LARGEST_LAYER))
        square_gflop_s.append(_multiply(*SQUARE))
        tutorial_s.append(_train_tutorial(x, y, folder))
    yield _row("training against a bare PyTorch loop", "s", ours_s, bare_s, "at most 1.10")
    tutorial = "training against Lightning, DataLoader and CodeCarbon as in a tutorial"
    yield _row(tutorial, "s", ours_s, tutorial_s, "below 1")
    for what, gflop_s in (
        (f"of its largest layer's shape {LARGEST_LAYER}", layer_gflop_s),
        (f"that are square {SQUARE}", square_gflop_s),
    ):
        product = f"training's GFLOP/s against bare matrix products {what}"
        yield _row(product, "GFLOP/s", ours_gflop_s, gflop_s, "none: the machine's limit is 1")


def _measure_on_gpu(
    dataset: datasets.Dataset, x: torch.Tensor, y: torch.Tensor, folder: Path
) -> Row:
    ours_s, bare_s = [], []
    _train_bare(x, y)
    train_ours(dataset, folder, "gpu")
    for _ in range(REPEATS):
        bare_s.append(_train_bare(x, y))
        ours_s.append(train_ours(dataset, folder, "gpu").train_duration_s)
    on_gpu = f"training against a bare PyTorch loop, on {torch.cuda.get_device_name()}"
    return _row(on_gpu, "s", ours_s, bare_s, "at most 1.10")
