"""Columns whose rows belong together, as those of one patient or customer do, and are split apart.

The study splits rows. Where several rows of one person, whose labels are alike, fall into the
training and into the test part, the score says nothing of other persons, whether or not the network
gets the person's number.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecosobriety.checks.sorting import stable_order
from ecosobriety.datasets.findings import Finding

FIRST_ROWS = 1000
"""What is no whole number in these was measured, as the height of a person."""
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
    starts = np.flatnonzero(np.append(True, values[1:] != values[:-1]))
    distinct = len(starts)
    if not are_groups(distinct, n):
        return None
    sizes = np.diff(starts, append=n)
    # How many rows of each group have each class, whatever the order of the rows is.
    kinds = int(labels.max()) + 1
    cells, counts = _counted(np.repeat(np.arange(distinct), sizes) * kinds + classes)
    group = cells // kinds
    pairs = n - distinct
    within = float(np.sum(counts * (counts - 1) / sizes[group]) / pairs)
    by_chance = float(np.sum((np.bincount(labels) / n) ** 2))
    others, error = by_chance, 1 / pairs
    if ordered:
        # Of a row of one group and a row of the next.
        following = np.searchsorted(cells, cells + kinds)
        known = following < len(cells)
        alike = known & (cells[np.minimum(following, len(cells) - 1)] == cells + kinds)
        shared = counts[alike] / sizes[group[alike]]
        shared *= counts[following[alike]] / sizes[group[alike] + 1]
        others = max(by_chance, float(shared.sum()) / max(distinct - 1, 1))
        error += 1 / max(distinct - 1, 1)
    spread = math.sqrt(max(others * (1 - others), 1 / n) * error)
    if within - others < max(DISTANCE, STANDARD_ERRORS * spread):
        return None
    # What is decided by is not what is said: that is of any two rows.
    together, alike = _pairs(sizes), _pairs(counts)
    apart = _pairs(np.array([n])) - together
    said = alike / together, (_pairs(np.bincount(labels)) - alike) / apart
    # Of pairs, one large group may outweigh all others.
    return said if said[0] - said[1] >= DISTANCE else None


def _pairs(sizes: NDArray[np.int64]) -> float:
    """Pairs of two rows within groups of some sizes."""
    return float(np.sum(sizes * (sizes - 1.0)) / 2)


def _counted(keys: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Distinct keys in their order, and how often each is there; sorting is the fastest way."""
    ordered = np.sort(keys)
    starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
    return ordered[starts], np.diff(starts, append=len(ordered))


def of_examples(
    parts: Sequence[NDArray[np.str_]], labels: Sequence[NDArray[Any]], name: str
) -> Iterator[Finding]:
    """What is said of names that examples have beside their labels, in each of one or two parts."""
    groups = np.unique(np.concatenate([*parts]), return_inverse=True)[1].reshape(-1)
    targets = np.concatenate([label.reshape(len(label)) for label in labels])
    kinds, classes = np.unique(targets, return_inverse=True)
    if numeric := kinds.dtype.kind == "f" and len(kinds) > LARGEST_GROUPS:
        classes = as_classes(targets)
    found = shares(groups.astype(np.int64), classes.reshape(-1).astype(np.int64), ordered=False)
    if found is None:
        return
    if len(parts) == 1:
        yield said_of(name, found, numeric=numeric)
        return
    shared = float(np.isin(parts[1], parts[0]).mean())
    if shared >= SHARED:
        yield Finding("groups_shared", True, {"feature": name, "share": shared})


def said_of(name: str, found: tuple[float, float], *, numeric: bool) -> Finding:
    """What is said of groups that are split, by their `shares`.

    Args:
        name: the column that numbers them.
        found: their shares.
        numeric: whether the labels are targets, which were taken `as_classes`.
    """
    values = {"feature": name, "share": found[0], "share_others": found[1]}
    return Finding("groups_split_targets" if numeric else "groups_split", False, values)


def are_groups(distinct: int, n: int) -> bool:
    """Whether so many different values in n rows may number groups of rows."""
    return n - distinct >= SHARED * n and distinct >= max(FEWEST_GROUPS, n / LARGEST_GROUPS)


def has_a_crowd(values: NDArray[Any]) -> bool:
    """Whether numbers (n,) were measured, and one of them is too common to be that of a person."""
    first = values[:FIRST_ROWS]
    if (first == np.round(first)).all():
        return False
    return int(np.unique(values, return_counts=True)[1].max()) > len(values) / FEWEST_GROUPS


def as_classes(y: NDArray[np.float64]) -> NDArray[np.int64]:
    """The targets (n,) of a regression as two classes, above their median and not."""
    return (y > np.median(y)).astype(np.int64)
