"""What a training and its evaluation are fed: batches cut from tensors in memory, normalised."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from ecosobriety import datasets
from ecosobriety.datasets.examples import Examples
from ecosobriety.datasets.spread import vary
from ecosobriety.errors import DataError
from ecosobriety.training.tasks import Classification, Regression, Task

TEST_BATCH = 1000
HELD_BYTES = 2**29
"""A test part up to this lies in memory; of a larger one each batch is read when its turn comes."""
BLOCK = 16
"""Batches that Lightning sees as one: its own work is then a few per cent of a small network's."""
GPU_SHARE = 0.5
"""Share of a GPU's free memory that data may take: the network needs the rest for its training."""

Place = Literal["cpu", "gpu", "streamed"]
"""Where data lie: in the host's memory beside the network, or in the GPU's, or in the host's, from
where each batch is streamed to the GPU."""


class OneByOne(Dataset[tuple[Tensor, Tensor]]):
    """The examples of an epoch, as a module finds them in `trainer.train_dataloader.dataset`.

    Args:
        pick: Gives the inputs (n, *input_shape) and targets (n,) at n places.
        count: Examples.
    """

    def __init__(self, pick: Callable[[Tensor], tuple[Tensor, Tensor]], count: int):
        self._pick, self._count = pick, count

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, place: int) -> tuple[Tensor, Tensor]:
        x, y = self._pick(torch.tensor([range(self._count)[place]]))
        return x[0], y[0]

    @property
    def tensors(self) -> tuple[Tensor, Tensor]:
        """All inputs and all targets, as of a `TensorDataset`."""
        return self._pick(torch.arange(self._count))


class Slices:
    """Batches cut out of tensors in memory, normalised, and shuffled again each epoch by the seed.

    Gathering a whole batch at once costs a fraction of fetching and collating single examples, and
    the data stay in their own type: float32 images would take four times the memory of their bytes.
    Each epoch's order depends on seed and epoch alone, so that a resumed training sees the same
    batches. They come on the device that `lay` was given, and in the host's memory before.

    Args:
        x: (N, *input_shape) inputs, in memory or in a file.
        y: (N,) labels or targets.
        rows: (n,) the examples of which the batches are made.
        batch_size: Examples per batch; the last one may be smaller.
        mean: Subtracted from each input; None: the inputs are taken as they are.
        deviation: Each input is then divided by it.
        shuffle_seed: None: the order of `rows`, in every epoch.
    """

    def __init__(
        self,
        x: "Tensor | FromFile",
        y: Tensor,
        rows: Tensor,
        batch_size: int,
        *,
        mean: float | None = None,
        deviation: float = 1.0,
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

    @property
    def examples(self) -> int:
        """How many examples the batches are made of."""
        return len(self._rows)

    @property
    def targets(self) -> Tensor:
        """Of these examples."""
        return self._y[self._rows.to(self._y.device)].cpu()

    @property
    def dataset(self) -> OneByOne:
        """These examples, in an order of their own and in the host's memory."""
        return OneByOne(self._pick, len(self._rows))

    def lay(self, device: torch.device, place: Place) -> None:
        """Let the batches come on `device`, which is a GPU unless `place` is `cpu`."""
        self._device, self._streamed = device, place == "streamed"
        if place == "gpu":
            # Without the examples of which no batch is made.
            self._x, self._y = (t[self._rows].to(device) for t in (self._x, self._y))
            self._rows = torch.arange(len(self._rows))

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
            yield self._normalised(x), self._on_device(y)

    def _pick(self, places: Tensor) -> tuple[Tensor, Tensor]:
        rows = self._rows[places]
        x = self._x.index_select(0, rows.to(self._x.device)).cpu()
        return self._normalised(x), self._y[rows.to(self._y.device)].cpu()

    def _normalised(self, x: Tensor) -> Tensor:
        return x if self._mean is None else torch.sub(x, self._mean).div_(self._deviation)

    def _on_device(self, part: Tensor) -> Tensor:
        """Part of a batch; a copy from pinned memory runs beside the steps before it."""
        if self._streamed:
            part = part.pin_memory()
        return part.to(self._device, non_blocking=True)


class Blocks:
    """Several batches at a time, each made when its turn comes: see `learner.Learner`."""

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
    """Lay all data of a training where its device reads them best, and say where they are."""
    free_bytes = torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else None
    place = choose_place(sum(part.nbytes for part in parts), free_bytes)
    for part in parts:
        part.lay(device, place)
    return place


def cut_batches(
    dataset: datasets.Dataset, n_train: int, seed: int, batch_size: int
) -> tuple[Task, Slices, Slices]:
    """The task, and the batches to train and to test with; their examples are then in memory.

    Inputs, and the targets of a regression, are normalised with the training subset's own mean and
    deviation: no leak from the test set.

    Raises:
        DataError: the subset's inputs, or targets, are all the same.
    """
    chosen = datasets.training_order(dataset.y_train, seed)[:n_train]
    x_train, x_test = dataset.x_train.select(chosen), dataset.x_test
    task, y_train, y_test = _targets(dataset, chosen)
    normaliser = fit_normaliser(x_train, dataset.normalise, dataset.channels)
    if normaliser is not None and not (normaliser.deviation > 0).any():
        raise DataError(f"{dataset.name}: all {n_train} training inputs are the same")
    scale = {}
    if normaliser is not None and dataset.x_train.dtype == np.uint8 and normaliser.mean.ndim == 0:
        # Bytes stay bytes until their turn comes: as floats they would take four times the memory.
        scale = {"mean": float(normaliser.mean), "deviation": float(normaliser.deviation)}
        normaliser = None
    train, test = (
        FromFile(x_train, normaliser, bool(scale)),
        FromFile(x_test, normaliser, bool(scale)),
    )
    tested = test if test.nbytes > HELD_BYTES else test.tensor()
    return (
        task,
        _whole(train.tensor(), y_train[chosen], batch_size, shuffle_seed=seed, **scale),
        _whole(tested, y_test, TEST_BATCH, **scale),
    )


def _whole(x: "Tensor | FromFile", y: NDArray[Any], batch_size: int, **options: Any) -> Slices:
    """Batches of all of some examples."""
    return Slices(x, torch.from_numpy(y), torch.arange(len(y)), batch_size, **options)


class FromFile:
    """Inputs as a network takes them, read when they are asked for; used like a tensor of them.

    They are float32, int64 where they are whole numbers and stay so, or bytes.

    Args:
        x: The examples.
        normaliser: How they are normalised; None: not here.
        as_bytes: Whether bytes stay bytes.
    """

    device = torch.device("cpu")

    def __init__(self, x: Examples, normaliser: "Normaliser | None", as_bytes: bool):
        self._x, self._normaliser = x, normaliser
        whole_numbers = normaliser is None and x.dtype.kind in "iu"
        self._dtype = x.dtype if as_bytes else np.dtype(np.int64 if whole_numbers else np.float32)

    @property
    def nbytes(self) -> int:
        """Bytes of all of them in memory."""
        return math.prod(self._x.shape) * self._dtype.itemsize

    def __getitem__(self, rows: slice | Tensor) -> Tensor:
        places = torch.arange(len(self._x))[rows]
        return FromFile(
            self._x.select(places.numpy()), self._normaliser, self._dtype == np.uint8
        ).tensor()

    def index_select(self, dim: int, rows: Tensor) -> Tensor:
        """As of a tensor; of the first dimension."""
        return self[rows]

    def tensor(self) -> Tensor:
        """All of them in memory."""
        whole = np.empty(self._x.shape, self._dtype)
        done = 0
        for chunk in self._x.chunks():
            part = chunk if self._normaliser is None else self._normaliser.apply(chunk)
            whole[done : done + len(chunk)] = part
            done += len(chunk)
        return torch.from_numpy(whole)


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
    if not vary(wanted.min(), wanted.max()):
        raise DataError(f"{dataset.name}: all {len(chosen)} training targets are the same")
    y_train, y_test = (
        (y.astype(np.float64) - mean) / deviation for y in (dataset.y_train, dataset.y_test)
    )
    return Regression(deviation), y_train.astype(np.float32), y_test


@dataclass(frozen=True)
class Normaliser:
    """Subtracts a mean and divides by a standard deviation.

    Attributes:
        mean: One for all values, or an array that fits an example; float64.
        deviation: Of the same shape; infinite for a feature or a channel that does not vary:
            nothing is learnt of it, and in a test it is 0 as well, in whichever unit it is.
    """

    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]

    def apply(self, x: NDArray[Any]) -> NDArray[Any]:
        """(n, *input_shape) normalised; in float64, or in float32 where the inputs are that.

        In float32, large numbers that differ little (seconds since 1970, say) would merge before
        their mean is subtracted. What is float32 already has lost no more by it.
        """
        dtype = np.float32 if x.dtype == np.float32 else np.float64
        mean, deviation = self.mean.astype(dtype), self.deviation.astype(dtype)
        normalised: NDArray[Any] = np.subtract(x, mean, dtype=dtype)
        normalised /= deviation
        return normalised


def fit_normaliser(x: Examples, normalise: str, channels: str | None) -> Normaliser | None:
    """Mean and standard deviation of some examples, to normalise all with.

    Args:
        x: The examples.
        normalise: What has a mean and a deviation of its own: `feature` (each value of an example),
            `channel`, or `global` (nothing); `none`: the inputs stay as they are.
        channels: For `channel`, which dimension of an example they are: `first` or `last`.

    Returns:
        None for `none`.
    """
    if normalise == "none":
        return None
    if normalise == "global" and x.dtype == np.uint8:
        return _of_bytes(x)
    dimensions = tuple(range(x.ndim))
    kept = {"feature": dimensions[1:], "global": ()}.get(normalise)
    if kept is None:
        kept = (1,) if channels == "first" else (x.ndim - 1,)
    others = tuple(i for i in dimensions if i not in kept)
    count = math.prod(x.shape[i] for i in others)
    sums, lows, highs = [], [], []
    for chunk in x.chunks():
        sums.append(_sums(chunk, others))
        lows.append(chunk.min(axis=others, keepdims=True))
        highs.append(chunk.max(axis=others, keepdims=True))
    mean = np.sum(sums, axis=0) / count
    squares = np.sum([_sums((chunk - mean) ** 2, others) for chunk in x.chunks()], axis=0)
    # Compared, as rounding can give a constant a tiny deviation.
    varies = vary(np.min(lows, axis=0), np.max(highs, axis=0))
    deviation = np.where(varies, np.sqrt(squares / count), 0.0)
    if normalise == "global":
        return Normaliser(mean.reshape(()), deviation.reshape(()))
    return Normaliser(mean[0], np.where(varies, deviation, np.inf)[0])


def _sums(values: NDArray[Any], axes: tuple[int, ...]) -> NDArray[np.float64]:
    total: NDArray[np.float64] = values.sum(axis=axes, dtype=np.float64, keepdims=True)
    return total


def _of_bytes(x: Examples) -> Normaliser:
    """As `fit_normaliser`: counts of the 256 values are exact."""
    counts = sum(np.bincount(chunk.ravel(), minlength=256) for chunk in x.chunks())
    values = np.arange(256)
    mean = np.average(values, weights=counts)
    variance = np.average((values - float(mean)) ** 2, weights=counts)
    return Normaliser(np.asarray(mean), np.asarray(math.sqrt(variance)))
