"""Whether batches hold the same examples in any order, but for rounding."""

import hashlib
from collections import Counter
from collections.abc import Iterable
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
        # Whole numbers are not rounded.
        self.rounds = xs.dtype.kind == "f"
        # A label that is one stands for itself.
        self._labelled = ys.dtype.kind != "f"
        if self.rounds:
            rows = self._rows(xs, ys)
            self._scale = rows.std(axis=0)
            self._scale[~(self._scale > 0)] = 1.0
            drawn = np.random.default_rng(0).normal(size=(rows.shape[1], WAYS))
            self._ways = drawn / np.linalg.norm(drawn, axis=0)

    def of(self, batches: Iterable[Pair]) -> "_Seen":
        """What batches hold."""
        seen = _Seen()
        for xs, ys in batches:
            seen.digests.update(
                hashlib.blake2b(x.tobytes() + y.tobytes(), digest_size=16).digest()
                for x, y in zip(xs, ys, strict=True)
            )
            if self.rounds:
                rows = self._rows(xs, ys) / self._scale
                labels = ys if self._labelled else np.zeros(len(ys))
                seen.ways.append(
                    np.column_stack([labels.reshape(len(ys), -1)[:, 0], rows @ self._ways])
                )
                seen.most = max(seen.most, float(np.abs(rows).max(initial=0.0)))
        return seen

    def _rows(self, xs: NDArray[Any], ys: NDArray[Any]) -> NDArray[np.float64]:
        parts = [xs] if self._labelled else [xs, ys]
        return np.column_stack([part.reshape(len(ys), -1) for part in parts]).astype(np.float64)


class _Seen:
    """How often each example comes; each label (n,) and place in each way; the largest value."""

    def __init__(self) -> None:
        self.digests = Counter[bytes]()
        self.ways: list[NDArray[np.float64]] = []
        self.most = 0.0

    def near(self, other: "_Seen") -> bool:
        """Whether all places are alike; of what is no number, nothing is."""
        ours, theirs = (np.concatenate([np.empty((0, 1 + WAYS)), *s.ways]) for s in (self, other))
        if ours.shape != theirs.shape:
            return False
        within = NEAR + ROUNDED * self.most
        for way in range(1, 1 + WAYS):
            one, two = (p[np.lexsort((p[:, way], p[:, 0]))][:, [0, way]] for p in (ours, theirs))
            if not (np.array_equal(one[:, 0], two[:, 0]) and (np.abs(one - two) <= within).all()):
                return False
        return True
