"""What a user's loader gives: which examples, in which order, and whether they stay the same."""

import copy
import operator
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecosobriety.errors import DataError
from ecosobriety.readers.contents import Pair, same_examples
from ecosobriety.user_code.lightnings import imported

MOST_COMPARED = 256
"""Rows that show whether two data sets are one."""


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of a data set of the user's: `Subset` and `ConcatDataset` are looked through."""

    dataset: Any
    indices: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Reading:
    """Two ways through the same examples.

    Attributes:
        first: batches that are taken.
        second: batches that must hold the same examples; None: there is one way alone.
        ordered: whether both ways have one order.
        workers: processes that share the first way; the second is read by one. 0: neither is.
        streamed: whether only their end says how many there are, if there is one.
        rows: which rows of their data set they are, where that is known.
    """

    first: Iterable[Any]
    second: Iterable[Any] | None
    ordered: bool = False
    workers: int = 0
    streamed: bool = False
    rows: Sequence[Rows] = ()


def readings(loader: Any, name: str) -> Reading:
    """How to read each example of a loader once, and once more.

    Args:
        loader: what the user's method gave.
        name: that method, for the messages.

    Raises:
        DataError: there is no one answer to which examples these are.
    """
    from torch.utils.data import DataLoader, IterableDataset

    parts: Sequence[Any] = ()
    if isinstance(loader, list | tuple | dict):
        parts = [*loader.values()] if isinstance(loader, dict) else loader
    if len(parts) == 1 and isinstance(parts[0], DataLoader):
        if name == "test_dataloader" and not isinstance(loader, dict):
            # Lightning gives its batches as if it stood alone.
            return readings(parts[0], name)
        raise DataError(
            f"{name} gives one loader in a {type(loader).__name__}, of which Lightning would put "
            "each batch into another: return the loader itself"
        )
    combined = tuple(package.utilities.CombinedLoader for package in imported())
    if isinstance(loader, combined) or any(isinstance(part, DataLoader) for part in parts):
        raise DataError(
            f"{name} gives several loaders, but must give one: torch.utils.data.ConcatDataset "
            "joins data sets"
        )
    if not isinstance(loader, DataLoader):
        once = isinstance(loader, Iterator)
        return Reading(loader, None if once else loader, streamed=not hasattr(loader, "__len__"))
    if isinstance(loader.dataset, IterableDataset):
        alone, batches = copy.copy(loader), copy.copy(loader.batch_sampler)
        if batches is not None:
            vars(batches).update(batch_size=_other_size(loader.batch_size or 1))
        # What is set here cannot be set on a loader; it is a copy, and reads nothing yet.
        vars(alone).update(num_workers=0, timeout=0, prefetch_factor=None, drop_last=False)
        vars(alone).update(batch_sampler=batches)
        return Reading(loader, alone, workers=loader.num_workers, streamed=True)
    if type(loader) is not DataLoader:
        return Reading(loader, loader, streamed=True)
    indices = _indices(loader, name)
    # With a batch sampler, the loader has no size of its own.
    size: int | None = getattr(loader.batch_sampler, "batch_size", None)
    return Reading(
        _in_order(loader, indices, size),
        # What depends on the other examples of its batch is another example in another batch.
        _in_order(loader, indices, size and _other_size(min(size, len(indices)))),
        ordered=True,
        rows=_rows(loader.dataset, indices),
    )


def _other_size(size: int) -> int:
    """Examples of a batch that is another one than a batch of so many, and hardly slower."""
    return size - 1 if size > 1 else 2


def _in_order(loader: Any, indices: Sequence[Any], batch_size: int | None) -> Any:
    """The loader with all that it has, but in this order and to the last example."""
    from torch.utils.data import DataLoader

    workers = {}
    if loader.num_workers:
        names = ("multiprocessing_context", "prefetch_factor", "timeout")
        workers = {name: getattr(loader, name) for name in names}
    return DataLoader(
        loader.dataset,
        batch_size=batch_size,
        sampler=indices,
        collate_fn=loader.collate_fn,
        num_workers=loader.num_workers,
        worker_init_fn=loader.worker_init_fn,
        generator=loader.generator,
        **workers,
    )


def _indices(loader: Any, name: str) -> Sequence[Any]:
    """The rows that a loader visits, each once.

    Raises:
        DataError: it visits some twice, others each time, or never.
    """
    from torch.utils.data import (
        BatchSampler,
        RandomSampler,
        SequentialSampler,
        WeightedRandomSampler,
    )

    batches = loader.batch_sampler
    if batches is not None and type(batches) is not BatchSampler:
        raise DataError(
            f"{name} has a batch_sampler ({type(batches).__name__}), but the study cuts its own "
            "batches: leave it out"
        )
    sampler = loader.sampler if batches is None else batches.sampler
    if isinstance(sampler, BatchSampler):
        raise DataError(
            f"{name} has a sampler ({type(sampler).__name__}) of whole batches and no batch_size, "
            "but a study reads each example by itself: give the loader a batch_size in its place"
        )
    count = len(loader.dataset)
    if (replicas := getattr(sampler, "num_replicas", None) or 1) > 1:
        raise DataError(
            f"{name} has a sampler ({type(sampler).__name__}) that gives one of {replicas} "
            f"processes its share of the {count} examples alone: leave the sampler out"
        )
    indices: Sequence[Any]
    if type(sampler) is SequentialSampler and len(sampler) == count:
        indices, shuffled = range(count), False
    elif type(sampler) is RandomSampler and not sampler.replacement and len(sampler) == count:
        indices, shuffled = range(count), True
    else:
        # One that never ends comes back to a row sooner.
        first, second = (list(map(_row, islice(sampler, count + 1))) for _ in range(2))
        weighted = isinstance(sampler, WeightedRandomSampler)
        if weighted or len(set(first)) < len(first) or set(first) != set(second):
            raise DataError(
                f"{name} has a sampler ({type(sampler).__name__}) that draws some examples twice "
                "or others each time; allowed is one that visits the same examples once in every "
                "epoch, such as SubsetRandomSampler"
            )
        indices, shuffled = sorted(first), first != second
    drop_last = loader.drop_last if batches is None else batches.drop_last
    size = loader.batch_size if batches is None else batches.batch_size
    left_out = len(indices) % size if drop_last and size else 0
    # Shuffled, the examples left out of a training are others in each epoch.
    if left_out and not (shuffled and name == "train_dataloader"):
        raise DataError(
            f"{name} has drop_last, which always leaves out {left_out} of {len(indices)} "
            "examples: set it to False"
        )
    return indices


def _row(index: Any) -> Any:
    """What a sampler gives: a whole number, though as a tensor, or a key of the data set's own."""
    try:
        return operator.index(index)
    except TypeError:
        return index


def _rows(dataset: Any, indices: Any) -> list[Rows]:
    from torch.utils.data import ConcatDataset, Subset

    try:
        rows = np.asarray(indices, dtype=np.int64)
        if type(dataset) is Subset:
            return _rows(dataset.dataset, np.asarray(dataset.indices, dtype=np.int64)[rows])
    # Keys that are no numbers.
    except (TypeError, ValueError):
        return []
    if type(dataset) is not ConcatDataset:
        return [Rows(dataset, rows)]
    ends, found = [0, *dataset.cumulative_sizes], list[Rows]()
    for part, begin, end in zip(dataset.datasets, ends, ends[1:], strict=False):
        found += _rows(part, rows[(rows >= begin) & (rows < end)] - begin)
    return found


def require_apart(train: Sequence[Rows], test: Sequence[Rows]) -> None:
    """Refuse a test on what was trained on, as far as rows of a data set show it.

    Raises:
        DataError: both parts hold the same rows of one data set, or of one that was made twice.
    """
    for one, other in product(train, test):
        shared = np.intersect1d(one.indices, other.indices)
        if len(shared) and (one.dataset is other.dataset or _made_twice(one, other, shared)):
            raise DataError(
                f"train_dataloader and test_dataloader share {len(shared)} rows of one data set, "
                f"the first of them {shared[0]} (counted from 0), but must have none in common"
            )


def require_others(train: Pair, test: Pair) -> None:
    """Refuse a test part that is the training part.

    Raises:
        DataError: both hold the same examples.
    """
    if same(train, test):
        raise DataError(
            "test_dataloader gives the same examples as train_dataloader, but must give others"
        )


def same(one: Pair, other: Pair) -> bool:
    """Whether two parts hold the same examples, in any order."""
    return len(one[1]) == len(other[1]) and same_examples(one, [other])[0]


def begins_alike(taken: Pair, batch: Pair, start: int) -> bool:
    """Whether a batch holds the examples that a part holds from `start` on, but for rounding."""
    end = start + len(batch[1])
    return all(_alike(a[start:end], b) for a, b in zip(taken, batch, strict=True))


def _made_twice(first: Rows, second: Rows, rows: NDArray[np.int64]) -> bool:
    """Whether two data sets have one source, whatever each makes of it.

    That is so if they are of one kind and length, were not told otherwise (of another folder, say),
    and keep something for each row that is more than its label and the same in both: names of
    files, say, or values. What only counts the rows is the same in any two of one length: it says
    something where a whole is split, and nothing else that they keep for each row differs.
    """
    one, other = first.dataset, second.dataset
    if type(one) is not type(other) or len(one) != len(other) or _told(one) != _told(other):
        return False
    counted_once = any(len(part.indices) < len(one) for part in (first, second))
    numbered = differ = False
    for name, kept in _attributes(one).items():
        columns = [kept, _attributes(other).get(name)]
        if isinstance(kept, list | tuple) and len(kept) != len(one):
            # As of a TensorDataset.
            columns = [column[0] if column else None for column in columns]
        try:
            if any(len(column) != len(one) for column in columns):
                continue
            cells = [[_bytes(column[i]) for i in rows[:MOST_COMPARED]] for column in columns]
        # Anything may be an attribute.
        except (TypeError, ValueError, LookupError, AttributeError):
            continue
        half = len(rows[:MOST_COMPARED]) / 2
        if len(set(cells[0])) <= half:
            continue  # It is no more than a label.
        if cells[0] == cells[1]:
            if not _counts(columns[0], len(one)):
                return True
            numbered = counted_once
        differ = differ or sum(a != b for a, b in zip(*cells, strict=True)) > half
    return numbered and not differ


def _counts(column: Any, rows: int) -> bool:
    """Whether a row's place alone decides what is kept for it: 0, 1, 2, or names with a number."""
    looked_at = range(min(rows, MOST_COMPARED))
    cells = [column[i] for i in looked_at]
    try:
        numbers = np.array([float(cell) for cell in cells])
    # A name, in which a number stands last.
    except (TypeError, ValueError):
        found = [re.fullmatch(r"(.*?)(\d+)(\D*)", str(cell), re.DOTALL) for cell in cells]
        around = {match and match.group(1, 3) for match in found}
        if found[0] is None or len(around) > 1 or {*"/\\"} & {*found[0][1]}:
            return False
        numbers = np.array([float(match[2]) for match in found if match])
    steps = np.diff(numbers)
    return len(steps) > 0 and bool(np.allclose(steps, steps[0], rtol=1e-3, atol=0))


def _told(dataset: Any) -> dict[str, Any]:
    plain = str | Path | int | float | None
    return {key: value for key, value in _attributes(dataset).items() if isinstance(value, plain)}


def _attributes(dataset: Any) -> dict[str, Any]:
    # A list will do as a data set, and has none.
    return getattr(dataset, "__dict__", {})


def _bytes(cell: Any) -> bytes:
    if hasattr(cell, "__array__"):
        return np.asarray(cell).tobytes()
    return repr(cell).encode(errors="replace")


def require_same(taken: Pair, again: Iterable[Pair], reading: Reading, name: str) -> None:
    """Refuse examples that are others when they are read once more.

    Args:
        taken: inputs (n, *input_shape) and labels (n,) of the first way.
        again: batches of the second; they are not kept.
        reading: both ways.
        name: the user's method, for the messages.

    Raises:
        DataError: the second way does not give what the first gave.
    """
    if reading.ordered:
        place = _first_difference(taken, again)
        if place is None:
            return
        raise DataError(
            f"{name}: example {place} (counted from 0) differs when it is read again in a batch of "
            "another size (random augmentation? a mean over the batch?): put that into the "
            "network's forward"
        )
    alike, count_again = same_examples(taken, again)
    if alike:
        return
    count = len(taken[1])
    if reading.workers:
        raise DataError(
            f"{name} gives {count} examples as it is and {count_again} without drop_last and "
            f"num_workers ({reading.workers}): share them out with "
            "torch.utils.data.get_worker_info, or leave both out"
        )
    raise DataError(
        f"{name} gives {count} examples, and {count_again} when it is read again, not the same: "
        "a study needs the same ones each time, without random augmentation, sampling, drop_last "
        "or statistics over a batch"
    )


def _first_difference(taken: Pair, again: Iterable[Pair]) -> int | None:
    """The first example that is another one; equal but for rounding is equal."""
    start = 0
    for batch in again:
        ours = taken[0][start : start + len(batch[1])], taken[1][start : start + len(batch[1])]
        if not all(_alike(a, b) for a, b in zip(ours, batch, strict=True)):
            return start + _first_in_batch(ours, batch)
        start += len(batch[1])
    return None if start == len(taken[1]) else start


def _alike(a: NDArray[Any], b: NDArray[Any]) -> bool:
    return a.shape == b.shape and np.allclose(a, b, rtol=1e-4, atol=1e-6, equal_nan=True)


def _first_in_batch(ours: Pair, batch: Pair) -> int:
    for i in range(min(len(ours[1]), len(batch[1]))):
        if not all(_alike(a[i], b[i]) for a, b in zip(ours, batch, strict=True)):
            return i
    return 0
