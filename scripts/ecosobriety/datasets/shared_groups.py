"""Columns whose rows belong together, as those of one patient or customer do, and are split apart.

The study splits rows. Where several rows of one person, whose labels are alike, fall into the
training and into the test part, the score says nothing of other persons, whether or not the network
gets the person's number.
"""

import math

import numpy as np
from numpy.typing import NDArray

from ecosobriety.datasets.sorting import stable_order

FIRST_ROWS = 1000
"""What is no whole number in these numbers nothing."""
FEWEST_GROUPS, LARGEST_GROUPS = 20, 50
"""Fewer groups, or larger ones on average, are categories."""
SHARED = 0.1
"""Rows that are not the first of their group: fewer are ties."""
DISTANCE, STANDARD_ERRORS = 0.15, 5.0
"""By which rows of one group have one class more often than others; no chance, whatever column."""


def shares(
    groups: NDArray[np.float64] | NDArray[np.int64], labels: NDArray[np.int64], *, ordered: bool
) -> tuple[float, float] | None:
    """How often two rows of one group have one class, and how often others do.

    Args:
        groups: (n,) a number for each row's group.
        labels: (n,) classes, from 0 on.
        ordered: Whether the numbers may measure something, so that neighbours are alike, too; else
            any two rows are compared with.

    Returns:
        Two shares; None: the first is not larger, but by chance, or these are no groups.
    """
    n = len(labels)
    order = stable_order(groups)
    values, classes = groups[order], labels[order]
    same = values[1:] == values[:-1]
    pairs = int(np.count_nonzero(same))
    distinct = n - pairs
    if not are_groups(distinct, n):
        return None
    agree = classes[1:] == classes[:-1]
    within = float(agree[same].mean())
    by_chance = float(np.sum((np.bincount(labels) / n) ** 2))
    others, error = by_chance, 1 / pairs
    if ordered:
        others = max(by_chance, float(agree[~same].mean()))
        error += 1 / max(distinct - 1, 1)
    spread = math.sqrt(max(others * (1 - others), 1 / n) * error)
    if within - others < max(DISTANCE, STANDARD_ERRORS * spread):
        return None
    return within, others


def are_groups(distinct: int, n: int) -> bool:
    """Whether so many different values in n rows may number groups of rows."""
    return n - distinct >= SHARED * n and distinct >= max(FEWEST_GROUPS, n / LARGEST_GROUPS)


def as_classes(y: NDArray[np.float64]) -> NDArray[np.int64]:
    """The targets (n,) of a regression as two classes, above their median and not."""
    return (y > np.median(y)).astype(np.int64)
