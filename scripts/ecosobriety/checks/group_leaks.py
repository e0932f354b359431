"""Features that say whose row it is: a person's number, say, when each person has one class.

Rows of one person fall into the training and into the test part, and a network that has learnt the
number knows the class. What was measured separates classes as well, but by neighbourhood: values
next to each other then mostly have one class. A number's neighbours have any class.
"""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecosobriety.checks.sorting import stable_order

CHANCE = 0.01
"""One of all features would be named by chance so often at most."""
SHARED = 0.1
"""Rows that are not the first of their value: fewer are ties, and no groups."""
SAMPLE = 4096
"""Rows that rule most features out."""


def find_group_leaks(
    block: NDArray[np.float64],
    labels: NDArray[np.int64],
    distinct: NDArray[np.int64],
    x: NDArray[np.float64],
    *,
    classes: bool,
) -> Iterator[tuple[int, bool]]:
    """Find features of which each value occurs with one label alone, by no chance.

    That w pairs of rows with one value all agree has the chance q^w, where two rows agree with the
    chance q: that of any two rows, or, where it is larger, that of two neighbouring values.

    Args:
        block: (d, n) some features.
        labels: (n,) classes, or the ranks of a regression's distinct targets.
        distinct: (d,) how many different values each of these features has.
        x: (n, all features) all of them, in which rows may repeat.
        classes: whether the labels are classes.

    Yields:
        The feature's place in the block, and whether it is certain: its neighbouring values agree
        too seldom for a measured quantity.
    """
    n = len(labels)
    by_chance = float(np.sum((np.bincount(labels) / n) ** 2))
    # A feature with as many values as classes is the label itself, which is found elsewhere.
    most_values = int(labels.max()) + 1 if classes else 1
    candidates = np.flatnonzero((distinct > most_values) & (n - distinct >= SHARED * n)).tolist()
    some = slice(None, None, max(1, n // SAMPLE))
    rows: int | None = None
    for i in candidates:
        if _classes_by_value(block[i, some], labels[some]) is None:
            continue
        by_value = _classes_by_value(block[i], labels)
        if by_value is None:
            continue
        # A row that is there twice says nothing of a group.
        rows = distinct_rows(x) if rows is None else rows
        pairs = rows - len(by_value)
        agreeing = int(np.count_nonzero(by_value[1:] == by_value[:-1]))
        neighbours = (agreeing + 1) / (len(by_value) + 1)
        if pairs >= SHARED * n and _is_no_chance(by_chance, pairs, x.shape[1]):
            yield i, _is_no_chance(max(by_chance, neighbours), pairs, x.shape[1])


def _is_no_chance(agreement: float, pairs: int, features: int) -> bool:
    return math.log(features) + pairs * math.log(agreement) < math.log(CHANCE)


def _classes_by_value(
    values: NDArray[np.float64], labels: NDArray[np.int64]
) -> NDArray[np.int64] | None:
    """The one label of each distinct value, in the values' order; None: some value has two."""
    order = stable_order(values)
    values, labels = values[order], labels[order]
    same = values[1:] == values[:-1]
    if (same & (labels[1:] != labels[:-1])).any():
        return None
    first: NDArray[np.int64] = labels[np.append(True, ~same)]
    return first


def distinct_rows(x: NDArray[Any]) -> int:
    """How many of the rows (n, d) are different."""
    rows = np.ascontiguousarray(x)
    return len(np.unique(rows.view(f"V{rows.strides[0]}")))
