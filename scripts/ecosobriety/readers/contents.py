"""Whether batches hold the same examples in any order, but for rounding."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Pair = tuple[NDArray[Any], NDArray[Any]]
WAYS = 3
"""Directions in which examples are compared: two sets that are alike in a few are one."""
NEAR = 1e-5
"""Of a column's deviation: a mean that is summed in another order moves it by less."""
ROUNDED = 8 * float(np.finfo(np.float32).eps)
"""Of a value, what it may be rounded by."""
BLOCK = 2**22
"""Values that are looked at together."""


def same_examples(taken: Pair, others: Iterable[Pair]) -> tuple[bool, int]:
    """Compare examples with those in batches, which are not kept.

    Args:
        taken: inputs (n, *input_shape) and labels (n,).
        others: batches of the same form.

    Returns:
        Whether they are the same, and how many there are in the batches.
    """
    views = _Views(taken)
    first, second = views.of([taken]), views.of(others)
    alike = first.digests == second.digests or (views.rounds and first.near(second))
    return alike, second.digests.total()


class _Views:
    """What examples look like from some sides; their columns count alike, as taken first."""

    def __init__(self, taken: Pair):
        xs, ys = taken
        # A label that is a whole number stands for itself: it is not rounded.
        self._labelled = ys.dtype.kind != "f"
        self.rounds = len(ys) > 0 and (xs.dtype.kind == "f" or not self._labelled)
        if self.rounds:
            self._scale = _scale(self._blocks(xs, ys))
            drawn = np.random.default_rng(0).normal(size=(len(self._scale), WAYS))
            self._ways = drawn / np.linalg.norm(drawn, axis=0)

    def of(self, batches: Iterable[Pair]) -> "_Seen":
        """What batches hold."""
        seen = _Seen()
        for xs, ys in batches:
            seen.digests.update(
                hashlib.blake2b(x.tobytes() + y.tobytes(), digest_size=16).digest()
                for x, y in zip(xs, ys, strict=True)
            )
            if self.rounds and len(ys):
                labels = ys if self._labelled else np.zeros(len(ys))
                placed = [rows / self._scale @ self._ways for rows in self._blocks(xs, ys)]
                seen.ways.append(
                    np.column_stack([labels.reshape(len(ys), -1)[:, 0], np.concatenate(placed)])
                )
        return seen

    def _blocks(self, xs: NDArray[Any], ys: NDArray[Any]) -> Iterator[NDArray[np.float64]]:
        """Some examples at a time, as these are four times as large so."""
        parts = [xs] if self._labelled else [xs, ys]
        flat = [part.reshape(len(ys), -1) for part in parts]
        step = max(1, BLOCK // sum(part.shape[1] for part in flat))
        for i in range(0, len(ys), step):
            yield np.column_stack([part[i : i + step] for part in flat]).astype(np.float64)


def _scale(blocks: Iterable[NDArray[np.float64]]) -> NDArray[np.float64]:
    """What each column is compared by: its deviation, or more, where it hardly varies.

    What is rounded then is below `NEAR`, also of a constant.
    """
    count, first = 0, None
    for rows in blocks:
        if first is None:
            first, sums, squares = rows[0], 0.0, 0.0
            largest = np.zeros(rows.shape[1])
        count += len(rows)
        away = rows - first
        sums, squares = sums + away.sum(axis=0), squares + (away**2).sum(axis=0)
        largest = np.fmax(largest, np.abs(rows).max(axis=0))
    variance = np.maximum(squares / count - (sums / count) ** 2, 0.0)
    scale = np.fmax(np.sqrt(variance), largest * (ROUNDED / NEAR))
    found: NDArray[np.float64] = np.where(scale > 0, scale, 1.0)
    return found


class _Seen:
    """How often each example comes; its label, and its place in each way."""

    def __init__(self) -> None:
        self.digests = Counter[bytes]()
        self.ways: list[NDArray[np.float64]] = []

    def near(self, other: "_Seen") -> bool:
        """Whether all places are alike; of what is no number, nothing is."""
        ours, theirs = (np.concatenate([np.empty((0, 1 + WAYS)), *s.ways]) for s in (self, other))
        if ours.shape != theirs.shape:
            return False
        for way in range(1, 1 + WAYS):
            one, two = (p[np.lexsort((p[:, way], p[:, 0]))][:, [0, way]] for p in (ours, theirs))
            if not (np.array_equal(one[:, 0], two[:, 0]) and (np.abs(one - two) <= 2 * NEAR).all()):
                return False
        return True
