"""Rows of a table that are copies but for one value, such as a time, a number or a rounding."""

import math
import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecosobriety.datasets.findings import Finding, short

MOST_TRAINED, MOST_TESTED, MOST_COLUMNS = 50_000, 5_000, 64
"""Rows of either part, evenly over it, and columns that are looked at."""
FEWEST_COLUMNS = 4
UNIQUE = 0.3
"""A column with this share of different values is one that hides copies."""
REPORTED, HEADLINE = 0.01, 0.05
"""Shares of the test rows from which on copies are named, and stand beside the answer."""
FEWEST = 3
RARE, MARGIN = 3, 10.0
"""A copy has a value that no more training rows have; without one, as where all answers are of few
kinds and depend on each other, the logarithm of the chance is smaller by that."""
_NUMBERS = re.compile(
    r"(.*[-_ .])?(times?(stamp)?|days?|dates?|hours?|weeks?|months?|minutes?|seconds?|visit|step"
    r"|id|idx|index|nr|no|num|number|row|record|sample|obs)([-_ .].*)?",
    re.IGNORECASE,
)
"""Names of what tells one row of a person or thing from its others."""

Hashes = NDArray[np.uint64]


def find_near_copies(
    train: NDArray[np.float64], test: NDArray[np.float64], features: Sequence[str]
) -> Iterator[Finding]:
    """Find the column but for which most test rows (m, d) are training rows (n, d), by no chance.

    Rows that are equal in all columns are counted elsewhere.
    """
    d = train.shape[1]
    if not FEWEST_COLUMNS <= d <= MOST_COLUMNS:
        return
    known, asked = evenly(train, MOST_TRAINED), evenly(test, MOST_TESTED)
    counts = [np.unique(column, return_counts=True)[1] for column in known.T]
    # How often two rows have one value: at least once in so many rows as there are.
    shares = [max(float(np.sum((n / len(known)) ** 2)), 1 / len(known)) for n in counts]
    hiding = [i for i, n in enumerate(counts) if len(n) >= UNIQUE * len(known)]
    factors = np.random.default_rng(0).integers(1, 2**63, d, dtype=np.uint64) | np.uint64(1)
    mixed = [_mixed(part) * factors for part in (known, asked)]
    whole = [part.sum(axis=1, dtype=np.uint64) for part in mixed]
    equal = _are_in(whole[1], whole[0])
    # Of fewer training rows, so many fewer test rows have their copy among them, if each has one.
    part = len(known) / len(train)
    best, number = None, 0
    for i in hiding:
        rest = [all_of_it - one[:, i] for all_of_it, one in zip(whole, mixed, strict=True)]
        copies = _are_in(rest[1], rest[0]) & ~equal
        found = int(np.count_nonzero(copies))
        log_chance = sum(math.log(share) for j, share in enumerate(shares) if j != i)
        pairs = math.log(len(known)) + math.log(len(asked)) + log_chance
        if found <= number or pairs >= math.log(found / 10):
            continue
        if pairs >= math.log(found / 10) - MARGIN and not _NUMBERS.fullmatch(features[i]):
            rare = np.delete(rare_values(known, asked[copies]), i, axis=1)
            if rare.any(axis=1).mean() <= 1 / 2:
                continue
        best, number = i, found
    share = number / len(asked)
    if best is not None and number >= FEWEST and share / part >= REPORTED:
        values = {"feature": short(features[best]), "share": share}
        yield Finding("rows_nearly_equal", share / part >= HEADLINE, values)


def rare_values(known: NDArray[np.float64], rows: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which values of some rows (m, d) few of the known rows (n, d) have in the same column."""
    rare = np.zeros(rows.shape, bool)
    for j in range(known.shape[1]):
        values, counts = np.unique(known[:, j], return_counts=True)
        places = np.minimum(np.searchsorted(values, rows[:, j]), len(values) - 1)
        rare[:, j] = (values[places] != rows[:, j]) | (counts[places] <= RARE)
    return rare


def _are_in(asked: Hashes, known: Hashes) -> NDArray[np.bool_]:
    """Which are among the known; NumPy's own way builds tables, which takes ten times longer."""
    ordered = np.sort(known)
    found: NDArray[np.bool_] = (
        ordered[np.minimum(np.searchsorted(ordered, asked), len(ordered) - 1)] == asked
    )
    return found


def evenly(rows: NDArray[Any], most: int) -> NDArray[Any]:
    """So many of some rows at most, evenly over all."""
    if len(rows) <= most:
        return rows
    return rows[np.linspace(0, len(rows) - 1, most).astype(np.int64)]


def _mixed(values: NDArray[np.float64]) -> Hashes:
    """Each value's bits, spread over 64 (the finaliser of SplitMix64, Steele et al., 2014)."""
    # Zero has two signs, and is one number.
    state = (np.ascontiguousarray(values) + 0.0).view(np.uint64).copy()
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        state ^= state >> np.uint64(shift)
        state *= np.uint64(factor)
    state ^= state >> np.uint64(31)
    return state
