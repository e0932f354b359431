"""What a training and its evaluation are fed: batches cut from tensors in memory, normalised."""

import math
from collections.abc import Iterator
from itertools import islice
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ecosobriety import datasets
from ecosobriety.errors import DataError
from ecosobriety.models import Classification, Regression, Task

TEST_BATCH = 1000
BLOCK = 16
"""Batches that Lightning sees as one: its own work is then a few per cent of a small network's."""
GPU_SHARE = 0.5
"""Share of a GPU's free memory that data may take: the network needs the rest for its training."""

Place = Literal["cpu", "gpu", "streamed"]
"""Where data lie: in the host's memory beside the network, or in the GPU's, or in the host's, from
where each batch is streamed to the GPU."""


class Slices:
    """Batches cut out of tensors in memory, normalised, and shuffled anew each epoch by the seed.

    Gathering a whole batch at once costs a fraction of fetching and collating single examples, and
    the data stay in their own type: float32 images would take four times the memory of their bytes.
    Each epoch's order depends on seed and epoch alone, so that a resumed training sees the same
    batches. They come on the device that `lay` was given, and in the host's memory before.

    Args:
        x: (N, *input_shape) uint8 or float32 inputs.
        y: (N,) labels or targets.
        rows: (n,) the examples of which the batches are made.
        batch_size: Examples per batch; the last one may be smaller.
        mean: Subtracted from each input; a number, or one for each feature.
        deviation: Each input is then divided by it; of the same kind.
        shuffle_seed: None: the order of `rows`, in every epoch.
    """

    def __init__(
        self,
        x: Tensor,
        y: Tensor,
        rows: Tensor,
        batch_size: int,
        *,
        mean: float | Tensor,
        deviation: float | Tensor,
        shuffle_seed: int | None = None,
    ):
        self._x, self._y, self._rows = x, y, rows
        self._batch_size = batch_size
        self._mean, self._deviation = mean, deviation
        self._shuffle_seed = shuffle_seed
        self._epoch = 0
        self._device, self._streamed = torch.device("cpu"), False

    @property
    def nbytes(self) -> int:
        """Bytes of the examples of which the batches are made."""
        return len(self._rows) * (self._x[:1].nbytes + self._y[:1].nbytes)

    def lay(self, device: torch.device, place: Place) -> None:
        """Let the batches come on `device`, which is a GPU unless `place` is `cpu`."""
        self._device, self._streamed = device, place == "streamed"
        if place == "gpu":
            # Without the examples of which no batch is made.
            self._x, self._y = (t[self._rows].to(device) for t in (self._x, self._y))
            self._rows = torch.arange(len(self._rows))
        if isinstance(self._mean, Tensor):
            self._mean = self._mean.to(device)
        if isinstance(self._deviation, Tensor):
            self._deviation = self._deviation.to(device)

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose order comes next."""
        self._epoch = epoch

    def __len__(self) -> int:
        return math.ceil(len(self._rows) / self._batch_size)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        rows = self._rows
        if self._shuffle_seed is not None:
            sequence = np.random.SeedSequence([self._shuffle_seed, self._epoch])
            generator = torch.Generator().manual_seed(int(sequence.generate_state(1)[0]))
            rows = rows[torch.randperm(len(rows), generator=generator)]
        rows = rows.to(self._x.device)
        chosen, targets = (t.split(self._batch_size) for t in (rows, self._y[rows]))
        for i, y in zip(chosen, targets, strict=True):
            # It copies an example at once, which indexing with brackets does not; bytes reach the
            # device as bytes, and become float32 in the same pass that subtracts the mean.
            x = self._on_device(self._x.index_select(0, i))
            yield torch.sub(x, self._mean).div_(self._deviation), self._on_device(y)

    def _on_device(self, part: Tensor) -> Tensor:
        """Part of a batch; a copy from pinned memory runs beside the steps before it."""
        if self._streamed:
            part = part.pin_memory()
        return part.to(self._device, non_blocking=True)


class Blocks:
    """Several batches at a time, each made when its turn comes: see `models.Learner`."""

    def __init__(self, batches: Slices, size: int = BLOCK):
        self._batches = batches
        self._size = size

    def __len__(self) -> int:
        return math.ceil(len(self._batches) / self._size)

    def __iter__(self) -> Iterator[Iterator[tuple[Tensor, Tensor]]]:
        batches = iter(self._batches)
        for _ in range(len(self)):
            yield islice(batches, self._size)


def choose_place(data_bytes: int, free_gpu_bytes: int | None) -> Place:
    """Where the data of a training lie.

    Args:
        data_bytes: Bytes of all examples that it needs.
        free_gpu_bytes: Free memory of the GPU that trains; None: none does.
    """
    if free_gpu_bytes is None:
        return "cpu"
    return "gpu" if data_bytes <= GPU_SHARE * free_gpu_bytes else "streamed"


def lay(device: torch.device, *parts: Slices) -> Place:
    """Lay all data of a training where its device reads them best, and tell where they lie."""
    free_bytes = torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else None
    place = choose_place(sum(part.nbytes for part in parts), free_bytes)
    for part in parts:
        part.lay(device, place)
    return place


def cut_batches(
    dataset: datasets.Dataset, n_train: int, seed: int, batch_size: int
) -> tuple[Task, Slices, Slices]:
    """The task, and the batches to train and to test with.

    Inputs, and the targets of a regression, are normalised with the training subset's own mean and
    deviation: no leak from the test set.
    """
    chosen = datasets.training_order(dataset.y_train, seed)[:n_train]
    mean, deviation = mean_and_deviation(dataset.x_train, chosen)
    if isinstance(deviation, float) and deviation == 0.0:
        raise DataError(f"{dataset.name}: all {n_train} training inputs are the same")
    task, y_train, y_test = _targets(dataset, chosen)
    train = Slices(
        torch.from_numpy(dataset.x_train),
        torch.from_numpy(y_train),
        torch.from_numpy(chosen),
        batch_size,
        mean=mean,
        deviation=deviation,
        shuffle_seed=seed,
    )
    test = Slices(
        torch.from_numpy(dataset.x_test),
        torch.from_numpy(y_test),
        torch.arange(len(y_test)),
        TEST_BATCH,
        mean=mean,
        deviation=deviation,
    )
    return task, train, test


def _targets(
    dataset: datasets.Dataset, chosen: NDArray[np.int64]
) -> tuple[Task, NDArray[Any], NDArray[Any]]:
    """The task with its labels, or with its targets standardised by those of the subset.

    Targets to train on are float32 as the network's outputs, those to test with float64, so that
    the error is that of the targets as they are.
    """
    if dataset.classes:
        return Classification(len(dataset.classes)), dataset.y_train, dataset.y_test
    wanted = dataset.y_train[chosen].astype(np.float64)
    mean, deviation = float(wanted.mean()), float(wanted.std())
    if np.ptp(wanted) == 0:
        raise DataError(f"{dataset.name}: all {len(chosen)} training targets are the same")
    y_train, y_test = (
        (y.astype(np.float64) - mean) / deviation for y in (dataset.y_train, dataset.y_test)
    )
    return Regression(deviation), y_train.astype(np.float32), y_test


def mean_and_deviation(
    x: NDArray[Any], rows: NDArray[np.int64]
) -> tuple[float, float] | tuple[Tensor, Tensor]:
    """Mean and standard deviation of some examples, to normalise all with.

    The values of an image, and bytes of any shape, have one scale in common, and so one mean and
    one deviation. The features of a vector of float32 numbers, such as a table's row, have each
    their own; a feature that does not vary has the deviation 1.

    Args:
        x: (N, *input_shape) uint8 or float32.
        rows: (n,) the examples that count.

    Returns:
        Two numbers, or two tensors (d,) for float32 inputs of shape (N, d).
    """
    if x.dtype == np.uint8:
        # Counts of the 256 values are exact, and need no floating-point copy of the examples.
        counts = sum(
            np.bincount(x[part].ravel(), minlength=256)
            for part in np.array_split(rows, math.ceil(len(rows) / TEST_BATCH))
        )
        values = np.arange(256)
        mean = float(np.average(values, weights=counts))
        return mean, math.sqrt(np.average((values - mean) ** 2, weights=counts))
    chosen = torch.from_numpy(x[rows])
    if x.ndim == 2:
        deviations, means = torch.std_mean(chosen.double(), dim=0, correction=0)
        # Compared, as rounding can give a constant a tiny deviation.
        varies = chosen.amax(dim=0) > chosen.amin(dim=0)
        return means.float(), torch.where(varies, deviations, 1.0).float()
    deviation_and_mean = torch.std_mean(chosen, correction=0)
    return float(deviation_and_mean[1]), float(deviation_and_mean[0])
