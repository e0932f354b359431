"""What is likely a mistake in a table: marks of missing values, slips of a unit, copies, splits."""

import hashlib
import math
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecosobriety.datasets.findings import MAX_LISTED, Finding, short

HEADLINE_SHARE = 0.05
"""From this share of rows on, far values stand beside the answer."""
MINUS_ONE = -1.0
"""As far from the other values as they are from each other, by no means."""
BELOW = frozenset(-float(int("9" * digits)) for digits in range(1, 7)) | {-32768.0}
ABOVE = frozenset(float(int("9" * digits)) for digits in range(2, 7)) | {32767.0, 65535.0}
"""What programs and surveys write for a missing number."""
TIMES_ABOVE = 3.0
"""A price may be 999: above the others, a mark lies so many of their ranges away, or more."""
TIMES_ANY = 10.0
"""So far away is no value that occurs several times, whichever it is."""
TIMES_FEW = 100.0
"""So far away are no few values of any distribution that is measured."""
FEW_SHARE = 0.01
SEVERAL, SOME = 3, 10
"""Distinct values that make a range, and that make a distribution."""
FIRST_ROWS = 1000
"""What does not hold in these need not be looked for in the others."""
MOST_PARTS = 20
"""Parts of a split, or folds."""
_PART = re.compile(
    r"(is|in)[-_ .]?(train|test|val|valid|dev)(ing|idation)?([-_ .]?set)?"
    r"|(train|test|val|valid|dev)(ing|idation)?[-_ .]?(set|split|flag|mask|fold|or[-_ .]?test)"
    r"|(train|test)[-_ .]?(and[-_ .]?)?(train|test|val|valid)"
    r"|((data|cv|k|train|test)[-_ .]?)?(split|folds?|subset|partition)([-_ .]?(id|no|nr|num))?",
    re.IGNORECASE,
)
"""Names of columns that say which part of a split a row is from."""


def find_far_values(
    names: Sequence[str], ordered: NDArray[np.float64], distinct: NDArray[np.int64]
) -> Iterator[Finding]:
    """Find values that lie so far from the others of their column that they mean something else.

    Args:
        names: of d columns.
        ordered: (d, n) the values of each, from the lowest to the highest.
        distinct: (d,) how many different ones there are.
    """
    for i, number, value, low, high in _far_values(ordered, distinct):
        share = number / ordered.shape[1]
        values = {"feature": short(names[i]), "value": plain(value), "number": number}
        ends = {"low": plain(low), "high": plain(high)}
        yield Finding("values_far_away", share >= HEADLINE_SHARE, {**values, **ends})


def find_far_targets(y: NDArray[np.float64]) -> tuple[Finding, ...]:
    """The same for the targets (n,) of a regression; they decide its error."""
    ordered = np.sort(y)[None]
    distinct = 1 + np.count_nonzero(np.diff(ordered, axis=1), axis=1)
    return tuple(
        Finding(
            "targets_far_away",
            True,
            {"value": plain(value), "number": number, "low": plain(low), "high": plain(high)},
        )
        for _, number, value, low, high in _far_values(ordered, distinct)
    )


def plain(number: float) -> int | float:
    """A whole number without a point, for a sentence."""
    whole = abs(number) < 2**53 and number == int(number)
    return int(number) if whole else float(f"{number:.6g}")


def _far_values(
    ordered: NDArray[np.float64], distinct: NDArray[np.int64]
) -> Iterator[tuple[int, int, float, float, float]]:
    """The column, how many values are far, the farthest, and the lowest and highest other one."""
    # Upside down, the highest values are the lowest.
    ends = ((ordered, 1.0, _marks_below), (-ordered[:, ::-1], -1.0, _marks_above))
    for i in np.flatnonzero(distinct >= SEVERAL).tolist():
        for values, sign, marks in ends:
            number = _few_far(values[i], int(distinct[i])) or marks(values[i], int(distinct[i]))
            if number:
                others = sorted((sign * values[i, number], sign * values[i, -1]))
                yield i, number, sign * float(values[i, 0]), float(others[0]), float(others[1])


def _few_far(values: NDArray[np.float64], distinct: int) -> int:
    """How many of the lowest values are few, and far away from all others."""
    if distinct <= SOME:
        return 0
    most = max(1, int(FEW_SHARE * len(values)))
    lowest = values[: most + 1]
    ranges = values[-1] - lowest[1:]
    found = np.flatnonzero((np.diff(lowest) >= TIMES_FEW * ranges) & (ranges > 0))
    return int(found[-1]) + 1 if len(found) else 0


def _marks_below(values: NDArray[np.float64], distinct: int) -> int:
    """How often the lowest value stands, if it marks what is missing."""
    number, gap, spread = _lowest(values)
    value, low = values[0], values[number]
    if value in BELOW and (gap >= spread or (low >= 0 and number > 1)):
        return number
    if value == MINUS_ONE and low >= 0 and number > 1 and distinct > SOME:
        # The lower end of a count or of a score would thin out.
        thins_out = number <= np.searchsorted(values, low, side="right") - number
        return 0 if low < 1 and thins_out else number
    return _marks_any(value, number, gap, spread, distinct)


def _marks_above(values: NDArray[np.float64], distinct: int) -> int:
    """The same for the highest value; the values come with the other sign."""
    number, gap, spread = _lowest(values)
    value = -values[0]
    far = gap >= TIMES_ANY * spread or (gap >= TIMES_ABOVE * spread and number > 1)
    if value in ABOVE and far:
        return number
    return _marks_any(value, number, gap, spread, distinct)


def _marks_any(value: float, number: int, gap: float, spread: float, distinct: int) -> int:
    # Nothing is 0, and often far from something.
    marks = number >= SEVERAL and gap >= TIMES_ANY * spread and distinct > SEVERAL
    return number if marks and value != 0 else 0


def _lowest(values: NDArray[np.float64]) -> tuple[int, float, float]:
    """How often the lowest value stands, how far away the next is, and how far apart the others."""
    number = int(np.searchsorted(values, values[0], side="right"))
    return number, float(values[number] - values[0]), float(values[-1] - values[number])


def find_copies(x: NDArray[np.float64], features: Sequence[str]) -> tuple[Finding, ...]:
    """Find columns of (n, d) that are equal row by row, by no chance; constants are by chance."""
    groups: list[Sequence[int]] = [range(x.shape[1])]
    # Most columns do not even begin alike.
    for rows in (x[:FIRST_ROWS], x):
        groups = [alike for places in groups for alike in _alike(rows, places)]
    named = [places for places in groups if _is_no_chance(x[:, places[0]], x.shape[1])]
    if not named:
        return ()
    # Beside the first group, the others are only counted.
    names = [short(features[i]) for i in named[0][:MAX_LISTED]]
    return (Finding("features_identical", False, {"number": sum(map(len, named)), "names": names}),)


def _alike(x: NDArray[np.float64], places: Sequence[int]) -> list[list[int]]:
    """Those columns, of some, that are equal to another one."""
    together: dict[bytes, list[int]] = defaultdict(list)
    for i in places:
        # Zero has two signs, and is one number.
        column = np.ascontiguousarray(x[:, i]) + 0.0
        together[hashlib.blake2b(column.tobytes(), digest_size=16).digest()].append(i)
    return [alike for alike in together.values() if len(alike) > 1]


def _is_no_chance(column: NDArray[np.float64], d: int) -> bool:
    """Whether two of d columns with these counts of values would hardly ever be equal."""
    counts = np.unique(column, return_counts=True)[1]
    log_orders = math.lgamma(len(column) + 1) - sum(map(math.lgamma, (counts + 1).tolist()))
    return bool(log_orders > 2 * math.log(d) - math.log(0.01))


def find_splits(features: Sequence[str], distinct: NDArray[np.int64]) -> Iterator[Finding]:
    """Find columns that say which part of a split a row is from, by their names."""
    for name, number in zip(features, distinct.tolist(), strict=True):
        if number <= MOST_PARTS and _PART.fullmatch(name):
            yield Finding("feature_is_split", True, {"feature": short(name)})


def is_dense(values: NDArray[Any], columns: int) -> bool:
    """Whether whole numbers that are all different lie too close for measurements to be so.

    Of n numbers drawn from N, none comes twice with a chance of exp(-n (n - 1) / 2N) at most,
    whatever their distribution is. What numbers things, with gaps or in another order, does so.

    Args:
        values: (n,) the numbers.
        columns: of the table, each of which has the chance.
    """
    # Most columns do not even begin so.
    for part in (values[:FIRST_ROWS], values):
        n = len(part)
        if n < SOME or (part != np.round(part)).any() or len(np.unique(part)) < n:
            return False
    span = float(values.max() - values.min()) + 1
    return n * (n - 1) / 2 / span > math.log(columns) - math.log(0.001)
