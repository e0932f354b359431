"""Classes that are numbered otherwise in the test part than in the training part.

Then the test examples of a class are, on average, those of another class: as close to its mean as
chance lets two means of one kind be, and far from the mean of their own.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecosobriety.datasets.examples import Examples
from ecosobriety.datasets.findings import MAX_LISTED, Finding, short

MOST_CLASSES, FEWEST = 100, 10
"""Classes, and examples of each in both parts."""
MOST_EXAMPLES, MOST_VALUES = 10_000, 2**23
"""Examples of a part, and values in them."""
AWAY, FITS = 3.5, 3.0
"""Squares of the distance by those that chance gives: of another class, and of the same."""


def find_swapped(
    train: Examples, test: Examples, labels: Sequence[NDArray[Any]], classes: Sequence[str]
) -> Iterator[Finding]:
    """Find classes whose test examples are those of another class.

    Args:
        train: (n, *shape) the training part.
        test: (m, *shape) the test part, which the user has split.
        labels: (n,) and (m,) class indices.
        classes: names of the classes.
    """
    if not 2 <= len(classes) <= MOST_CLASSES:
        return
    known, tested = (
        _means(part, y, len(classes)) for part, y in zip((train, test), labels, strict=True)
    )
    if known is None or tested is None:
        return
    scale = known[1].mean(axis=0) + tested[1].mean(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    # One class after another, as all pairs of large images are more than the memory holds.
    between = np.stack([((mean - known[0]) ** 2 / scale).sum(axis=1) for mean in tested[0]])
    chance = (tested[1] / scale).sum(axis=1)[:, None] + (known[1] / scale).sum(axis=1)[None]
    ratio = between / np.maximum(chance, 1e-12)
    nearest = ratio.argmin(axis=1)
    moved = [
        i
        for i, j in enumerate(nearest.tolist())
        if i != j and ratio[i, j] <= FITS and ratio[i, i] >= AWAY * max(ratio[i, j], 1.0)
    ]
    if len(moved) >= 2 and len({*nearest[moved].tolist()}) == len(moved):
        names = [short(classes[i]) for i in moved[:MAX_LISTED]]
        yield Finding("test_classes_swapped", True, {"number": len(moved), "names": names})


def _means(
    x: Examples, y: NDArray[Any], classes: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """(classes, values) the mean of each class, and its variance; None: a class has too few."""
    values = int(np.prod(x.shape[1:]))
    rows = x.evenly(max(1, min(len(x), MOST_EXAMPLES, MOST_VALUES // values)))
    some, labels = x.take(rows).reshape(len(rows), -1).astype(np.float64), y[rows]
    counts = np.bincount(labels, minlength=classes)[:, None]
    if counts.min() < FEWEST:
        return None
    sums, squares = np.zeros((classes, values)), np.zeros((classes, values))
    for i in range(classes):
        chosen = some[labels == i]
        sums[i], squares[i] = chosen.sum(axis=0), (chosen**2).sum(axis=0)
    means = sums / counts
    return means, np.maximum(squares / counts - means**2, 0) / counts
