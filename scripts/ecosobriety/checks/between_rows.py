"""Rows that lie exactly between two others of their class, as SMOTE and its kin make them."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ecosobriety.checks.near_copies import evenly
from ecosobriety.checks.two_units import fits
from ecosobriety.datasets.findings import Finding, short

PLACES, NEIGHBOURS, MOST_OF_CLASS = 100, 60, 4096
"""Rows that are looked at, in each class; their neighbours; and rows of a class among them."""
FEWEST_COLUMNS, MOST_COLUMNS, MANY = 4, 32, 200
"""Measured columns, of so many different values: on fewer, rows lie on one line by chance."""
FINEST, RANK = 1e-6, 1e-6
"""Steps on which many rows lie between others; and a share of the largest singular value."""
SMALLEST = 1e-150
"""Deviation of a column."""
OPPOSITE = 1e-10
"""By what a cosine may differ from -1."""
SHARE, FEWEST = 0.2, 5
"""Rows, of those looked at in a class, and how many there must be."""


def find_between(
    x: NDArray[np.float64], y: NDArray[np.int64], classes: Sequence[str]
) -> Iterator[Finding]:
    """Find classes many of whose rows lie exactly between two others.

    A test row then lies between training rows, and the score is too good.

    Args:
        x: (n, d) all rows, before they are split.
        y: (n,) class indices.
        classes: names of the classes.
    """
    some = x[:: max(1, len(x) // MOST_OF_CLASS)]
    distinct = np.array([len(np.unique(column)) for column in some.T[: 4 * MOST_COLUMNS]])
    measured = np.flatnonzero(distinct > min(MANY, len(some) / 2))[:MOST_COLUMNS]
    deviation = some[:, measured].std(axis=0)
    # The square of smaller ones is 0.
    measured, deviation = (kept[deviation > SMALLEST] for kept in (measured, deviation))
    if len(measured) < FEWEST_COLUMNS:
        return
    found: dict[str, int] = {}
    for of in range(len(classes)):
        rows = x[np.ix_(np.flatnonzero(y == of)[:MOST_OF_CLASS], measured)]
        # Numbers in steps lie on one line by chance.
        fine = np.array([not fits(row, FINEST) for row in rows], bool)
        places = np.flatnonzero(fine)
        places = evenly(places, PLACES)
        if len(places) < FEWEST:
            continue
        scaled = (rows - rows.mean(axis=0)) / deviation
        sizes = np.linalg.svd(scaled, compute_uv=False)
        if np.count_nonzero(sizes > RANK * sizes[0]) < FEWEST_COLUMNS:
            continue
        between = sum(_is_between(scaled, place) for place in places.tolist())
        if between >= max(FEWEST, SHARE * len(places)):
            # Of the class; rows in steps are not looked at, and neither are far neighbours.
            found[short(classes[of])] = max(1, round(100 * fine.mean() * between / len(places)))
    if found:
        yield Finding("rows_between", True, {"names": found})


def _is_between(rows: NDArray[np.float64], place: int) -> bool:
    """Whether a row of (n, d) lies on the line from one of its neighbours to another."""
    away = rows - rows[place]
    squares = (away**2).sum(axis=1)
    near = np.argsort(squares, kind="stable")[: NEIGHBOURS + 1]
    # Rows of one person may differ by their year alone.
    near = near[np.count_nonzero(away[near], axis=1) >= FEWEST_COLUMNS]
    if len(near) < 2:
        return False
    ways = away[near] / np.sqrt(squares[near])[:, None]
    return bool((ways @ ways.T).min() <= OPPOSITE - 1)
