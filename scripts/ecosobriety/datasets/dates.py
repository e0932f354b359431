"""Features that are dates written as one number, such as 20240131: their distances are no days."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ecosobriety.datasets.findings import MAX_LISTED, Finding, short

FIRST_ROWS = 1000
FEWEST, FIRST_YEAR, LAST_YEAR = 20, 1900, 2100
"""Different dates, and between which years they lie."""
MONTHS, DAYS = 12, 31
Parts = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]


def find_dates(names: Sequence[str], x: NDArray[np.float64]) -> Iterator[Finding]:
    """Find columns of (n, d) all of whose values are dates, by no chance."""
    found = [short(name) for i, name in enumerate(names) if _are_dates(x[:, i])]
    if found:
        values = {"count": len(found), "names": found[:MAX_LISTED]}
        yield Finding("features_like_dates", False, values)


def find_date_targets(y: NDArray[np.float64]) -> tuple[Finding, ...]:
    """The same of targets (n,)."""
    return (Finding("targets_like_dates", True, {}),) if _are_dates(y) else ()


def _are_dates(values: NDArray[np.float64]) -> bool:
    # What does not hold in a few need not be looked for in all.
    first = values[:FIRST_ROWS]
    if len(np.unique(first)) < FEWEST or not any(_fits(first, way) for way in range(4)):
        return False
    return any(_fits(values, way) for way in range(4))


def _fits(values: NDArray[np.float64], way: int) -> bool:
    """Whether values are years, months and days in one of four orders, in more than one month."""
    if values.min() < 1e5 or values.max() >= 1e8 or (values != np.round(values)).any():
        return False
    year, month, day = _parts(values.astype(np.int64), way)
    return bool(
        ((year >= FIRST_YEAR) & (year <= LAST_YEAR)).all()
        and ((month >= 1) & (month <= MONTHS) & (day >= 1) & (day <= DAYS)).all()
        and len(np.unique(month)) > 1
    )


def _parts(values: NDArray[np.int64], way: int) -> Parts:
    first, second, third = values // 10_000, values // 100 % 100, values % 100
    if way == 0:
        return first, second, third
    if way == 1:  # Of months alone.
        return values // 100, third, np.ones_like(values)
    begin, middle, year = values // 1_000_000, values // 10_000 % 100, values % 10_000
    return (year, middle, begin) if way == 2 else (year, begin, middle)
