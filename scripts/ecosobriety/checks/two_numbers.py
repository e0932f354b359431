"""Columns of two numbers around a point: 5.11 for five feet eleven, 7.30 for half past seven, 1.10.

As one number they are in another order: version 1.10 comes before 1.9, and 7.30 is not the middle
between 7 and 8.
"""

import math
import re
from collections import defaultdict
from collections.abc import Iterable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

FIRST_ROWS = 1000
"""What does not hold in these need not be looked for in the others."""
_NUMBER = re.compile(r"\s*-?([0-9]{1,4})(?:\.([0-9]{1,2}))?\s*")
CHANCE = 1e-6
"""So seldom do what is after the point of decimal numbers end so early."""
DENSE, FEWEST_TENTHS = 0.8, 6
"""Share of the numbers up to the highest that are there; and those of one digit among them."""
END, FEWEST_PARTS, FEWEST_WHOLE, FEWEST_EACH = 0.6, 4, 4, 3
"""Minutes end at 59, and overs at 5 of six balls; different ones; and whole numbers, the first and
the last left out, each with so many different ones."""
FEWEST_LONG, THINNING = 2, 2.5
"""Whole numbers that will do, where the logarithm of chance is so many times as far down."""
TURNS = ({0, 30}, {0, 10, 20})
"""Halves of hours, and thirds of innings."""


def are_two_numbers(column: pa.ChunkedArray, values: NDArray[np.float64]) -> bool:
    """Whether what stands before and after the point of a column's numbers are two numbers.

    Args:
        column: as it is written, text or numbers.
        values: (n,) what was read of it.
    """
    first = np.abs(values[:FIRST_ROWS])
    if not len(first) or first.max() >= 1e4:
        return False
    hundredths = 100 * first
    whole = np.round(hundredths)
    # Most columns have more digits, or end in 75 or 99.
    if (np.abs(hundredths - whole) > 1e-6).any():
        return _are_degrees(first) and _are_degrees(np.abs(values))
    after = whole % 100
    if not after.any() or ((after >= 100 * END) & (after % 10 > 0)).any():
        return False
    if not pa.types.is_string(column.type):
        return _are_two(map(repr, np.unique(values).tolist()))
    if not (after % 10).any() and (after >= 100 * END).any():
        # Of tenths, only 5.10 says so.
        written = column.slice(0, FIRST_ROWS).to_pylist()
        if not any(text.rstrip().endswith("0") and "." in text[:-2] for text in written):
            return False
    return _are_two(column.unique().to_pylist())


def _are_two(texts: Iterable[str]) -> bool:
    """The same of the distinct numbers."""
    pairs: set[tuple[int, str]] = set()
    for text in texts:
        found = _NUMBER.fullmatch(text)
        if found is None:
            return False
        pairs.add((int(found[1]), found[2] or ""))
    return _count_on(pairs) or _end_early(pairs)


def _count_on(pairs: set[tuple[int, str]]) -> bool:
    """Whether a 10 or an 11 follows the 9, as of versions, chapters, inches or months."""
    after = {part for _, part in pairs}
    long = [(whole, part) for whole, part in pairs if len(part) == 2]
    # Decimals are written as 5.05, too, and end where they please.
    if len({whole for whole, _ in long}) < 2 or any(part[0] == "0" for _, part in long):
        return False
    numbers = {int(part) for part in after if part}
    top, tenths = max(numbers), len({part for part in after if len(part) == 1 and part != "0"})
    # Where 5.10 became 5.1, it is not to be seen.
    dense = len(numbers | {10}) >= DENSE * top and tenths >= FEWEST_TENTHS
    share = (top - 9) / 90
    return dense and len(long) * math.log(share) < math.log(CHANCE) / 2 if share < 1 else False


def _end_early(pairs: set[tuple[int, str]]) -> bool:
    """Whether nothing lies above 59 of a hundred, whatever the whole number before it."""
    by_whole: dict[int, set[int]] = defaultdict(set)
    for whole, part in pairs:
        by_whole[whole].add(int(part.ljust(2, "0")))
    # The first and the last may begin or end anywhere.
    inner = [by_whole[whole] for whole in sorted(by_whole)[1:-1]]
    parts = set().union(*inner)
    if not parts or max(parts) >= 100 * END:
        return False
    if parts in TURNS:
        return sum(found == parts for found in inner) >= FEWEST_WHOLE
    whole = sum(len(found) >= FEWEST_EACH for found in inner)
    if len(parts) < FEWEST_PARTS or whole < FEWEST_LONG:
        return False
    step = math.gcd(100, *parts)
    share = (math.floor(max(parts) / step) + 1) / (100 // step)
    # Where values thin out, few of each whole number lie above it.
    times = 1.0 if whole >= FEWEST_WHOLE else THINNING
    return sum(map(len, inner)) * math.log(share) < times * math.log(CHANCE)


def _are_degrees(values: NDArray[np.float64]) -> bool:
    """Whether four digits after the point are minutes and seconds, as in 48.5130 for 48°51'30"."""
    digits = np.unique(np.round(10_000 * values))
    if (np.abs(10_000 * values - np.round(10_000 * values)) > 1e-4).any():
        return False
    minutes, seconds = digits // 100 % 100, digits % 100
    if (minutes >= 100 * END).any() or (seconds >= 100 * END).any():
        return False
    return bool(np.count_nonzero(seconds % 10) * 2 * math.log(END) < math.log(CHANCE))
