"""Few numbers that a slip put far from all others: a lost point, 5 ft 11 written as 511."""

import math

import numpy as np
from numpy.typing import NDArray

CHANCE = 1e-5
"""Of a distribution with a tail as heavy as you like, so often does one value lie as far off."""
RARE = 1e-4
"""The same of values that lie far away, and may be right."""
FEWEST = 30
MOST_POINTS, SLACK = 3, 0.1
"""Places by which a point moves; and by what the mended number may exceed the others, as a
logarithm."""

FEWEST_OF_A_BELL, FEW_SHARE = 60, 0.01
DEVIATIONS, OF_A_BELL, EVEN, WILD = 12.0, 4.1, 2.2, 1e-2
"""Few values so many deviations away, farther than all others lie apart, are none of a bell's: one
whose second and 98th hundredth lie at most so many times as far apart as its quartiles, which lie
evenly about its middle; and that a tail as heavy as you like gives less often than the last."""
QUARTILES = 1.349
"""Their distance on a normal distribution, in deviations."""

WIDE, TIMES_ALONE = 100, 15.0
"""Columns from which on one far value among them all is no wonder, and how many ranges away it must
be then, for ten times as many twice as far."""


def may_be_chance(value: float, low: float, high: float, *, columns: int) -> bool:
    """Whether one of so many columns may have one value so far from its others, low to high."""
    if columns <= WIDE:
        return False
    ranges = max(low - value, value - high) / (high - low)
    return bool(ranges < TIMES_ALONE * (1 + math.log10(columns / WIDE)))


def find_lost_point(ordered: NDArray[np.float64]) -> bool | None:
    """Whether the highest value (True) or the lowest (False) is another one times a power of ten.

    The tail of a distribution is at most a power of its values: then, of n numbers, the logarithm
    of the largest exceeds that of the next by k times what that one exceeds the median by with a
    chance of (n/2)^-k, whatever the power.

    Args:
        ordered: (n,) positive numbers, from the lowest to the highest.

    Returns:
        None where it is neither.
    """
    n = len(ordered)
    if n < FEWEST or ordered[0] <= 0:
        return None
    times = math.log(1 / CHANCE) / math.log(n / 2)
    # Most columns end long before.
    ends = ordered[0], ordered[1], ordered[n // 2], ordered[-2], ordered[-1]
    lowest, second, middle, last, highest = (math.log(end) for end in ends)
    for is_highest, spread, gap, far in (
        (True, last - middle, highest - last, highest),
        (False, middle - second, second - lowest, lowest),
    ):
        if not 0 < times * spread <= gap:
            continue
        sign = -1 if is_highest else 1
        low, high = (lowest, last) if is_highest else (second, highest)
        mended = (far + sign * points * math.log(10) for points in range(1, MOST_POINTS + 1))
        # Once it is mended, it is one of the others, or their end.
        if not any(low - SLACK <= value <= high + SLACK for value in mended):
            continue
        # Near 0, what is measured with an error thins out more slowly.
        if is_highest or ordered[1] - ordered[0] >= ordered[-1] - ordered[1]:
            return is_highest
    return None


def is_tail(ordered: NDArray[np.float64], number: int) -> bool:
    """Whether the highest values, of some in their order, may be the end of a heavy tail.

    Args:
        ordered: (n,) from the lowest to the highest.
        number: how many of the highest there are.
    """
    n = len(ordered)
    middle, last, first = ordered[n // 2], ordered[-1 - number], ordered[-number]
    # Many are a group of their own.
    if n < FEWEST or not 0 < middle < last:
        return False
    return bool(
        math.log(first / last) * math.log(n / 2) < math.log(last / middle) * math.log(1 / RARE)
    )


def few_beyond(ordered: NDArray[np.float64]) -> int:
    """How many of the lowest values are few, and far from a distribution in the form of a bell.

    Args:
        ordered: (n,) from the lowest to the highest.
    """
    n = len(ordered)
    most = int(FEW_SHARE * n) or 1
    if n < FEWEST_OF_A_BELL or ordered[most] - ordered[0] < ordered[-1] - ordered[most]:
        return 0
    places = np.quantile(np.arange(n), [0.02, 0.25, 0.5, 0.75, 0.98]).astype(np.int64)
    low, first, middle, last, high = ordered[places].tolist()
    below, above = middle - first, last - middle
    if max(below, above) > EVEN * min(below, above) or high - low > OF_A_BELL * (last - first):
        return 0
    around = float(np.median(np.abs(ordered - middle)))
    for number in range(most, 0, -1):
        far, rest = middle - ordered[number - 1], ordered[number:]
        farthest = max(rest[-1] - middle, middle - rest[0])
        if (
            ordered[number] - ordered[number - 1] >= rest[-1] - rest[0]
            and far * QUARTILES >= DEVIATIONS * (last - first)
            and math.log(far / farthest) * math.log(n / 2)
            >= math.log(farthest / around) * math.log(1 / WILD)
        ):
            return number
    return 0
