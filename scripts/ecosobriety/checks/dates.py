"""Features that are dates written as one number, such as 20240131: their distances are no days."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ecosobriety.datasets.findings import MAX_LISTED, Finding, short

FIRST_ROWS = 1000
FEWEST, FIRST_YEAR, LAST_YEAR = 20, 1900, 2100
"""Different dates, and between which years they lie."""
FIRST_SERIAL, LAST_SERIAL = 20_000, 80_000
"""Days since 1900, of 1954 to 2119."""
MONTHS, DAYS, HOURS, SIXTY = 12, 31, 24, 60
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
    return all(_fit(part) for part in (values[:FIRST_ROWS], values))


def _fit(values: NDArray[np.float64]) -> bool:
    """Whether all values are dates, each in one of several forms, in more than one month."""
    if values.min() < FIRST_SERIAL or (values != np.round(values)).any():
        return False
    distinct = values
    values = _without_clock(values)
    if values.max() >= 1e8:
        return False
    # Spreadsheets count days, which alone are a number as good as any.
    serial, months = values <= LAST_SERIAL, set[int]()
    known = serial.copy()
    for way in range(4):
        year, month, day = _parts(values.astype(np.int64), way)
        fits = (year >= FIRST_YEAR) & (year <= LAST_YEAR) & (day >= 1) & (day <= DAYS)
        fits &= (month >= 1) & (month <= MONTHS) & (values >= 1e5)
        known |= fits
        months |= {*np.unique(month[fits]).tolist()}
    return bool(known.all() and len(months) > 1 and len(np.unique(distinct[~serial])) >= FEWEST)


def _without_clock(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Dates without the hours, minutes and seconds behind them, where all have them."""
    for pairs in (1, 2, 3):
        hour, clock = 100.0 ** (pairs - 1), 100.0**pairs
        if values.min() < FIRST_YEAR * 1e4 * clock or values.max() > (LAST_YEAR + 1) * 1e4 * clock:
            continue
        seconds, minutes = values % 100, values // 100 % 100
        sixty = [minutes, seconds][3 - pairs :]
        if (values % clock // hour <= HOURS).all() and all((part < SIXTY).all() for part in sixty):
            return np.floor(values / clock)
    return values


def _parts(values: NDArray[np.int64], way: int) -> Parts:
    first, second, third = values // 10_000, values // 100 % 100, values % 100
    if way == 0:
        return first, second, third
    if way == 1:  # Of months alone.
        return values // 100, third, np.ones_like(values)
    begin, middle, year = values // 1_000_000, values // 10_000 % 100, values % 10_000
    return (year, middle, begin) if way == 2 else (year, begin, middle)
