"""Columns whose values are in two units: metres among millimetres, inches among centimetres.

Two kinds of one thing have two humps as well. In two units, the higher hump is the lower one times
a known factor, as closely as chance lets two samples of one distribution be.
"""

import math
import re
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ecosobriety.checks.lost_points import is_tail
from ecosobriety.checks.mistakes import FEW_SHARE, SEVERAL, SOME, plain
from ecosobriety.datasets.findings import Finding, short

SAMPLE = 4096
"""Values, evenly over their order."""
OFTEN, FEWEST = 0.02, 5
"""Share, and number, of rows that are not few."""
RATIO_OF_UNITS = 5.0
"""Between the values in one unit and the next in another one; each of the two lies closer together
than that."""
ANY_RATIO = 50.0
"""No two kinds of one thing differ by so much, with nothing between."""
PERCENT = 100.0
THINNER = 10.0
"""Percents from 1 to 1.5 are so many times rarer than shares from 0.5 to 1."""
FREEZING, PER_KELVIN = 32.0, 1.8
"""Degrees Fahrenheit at 0 degrees Celsius, and for each of those."""
FACTORS = (2.54, 2.20462, 10.0, 12.0, 18.016, 60.0, 100.0, 1000.0)
"""Centimetres in an inch, pounds in a kilogram, a point that was lost, inches in a foot, mg/dl of
glucose in a mmol/l, minutes in an hour, and what the metric system has."""
FOOT = 3.28084
TIGHT = (1.609344, FOOT, 3.6, 3.78541, 4.184, 7.50062, 10.7639, 14.5038, 28.3495)
"""Kilometres in a mile, feet in a metre, kilometres an hour in metres a second, litres in a gallon,
joules in a calorie, millimetres of mercury in a kilopascal, square feet in a square metre, pounds a
square inch in a bar, grams in an ounce."""
FAR = (7.0, 16.0, 24.0, 25.4, 30.48, 36.0, 39.3701, 88.57, 365.25, 453.592, 3600.0, 86400.0)
"""Days in a week, ounces in a pound, hours in a day, millimetres in an inch, centimetres in a foot,
inches in a yard and in a metre, mg/dl of triglycerides in a mmol/l, days in a year, grams in a
pound, seconds in an hour and in a day."""
TIGHT_OFF, METRES_OFF = 0.01, 0.03
"""How far the medians of small factors may be off, as two kinds of one thing are often so far
apart; and those of people's heights in metres and feet."""
OFF, STANDARD_ERRORS, SPREAD_ERRORS, MEDIAN = 0.01, 2.5, 3.0, 1.2533
"""How far others may be off, besides so many standard errors; how many of these their spreads may;
and that of a median, as a multiple of that of a mean."""
CLOSE, CLOSE_OFF = 5.0, 0.03
"""Two kinds of one thing often differ by less: such factors may be off by the second at most."""
FLATTEST = 1.8
"""Kurtosis of a uniform distribution."""
VALLEY, DISTANCE = 0.1, 2.0
"""How many values there may be between both groups, of those around either; and how far apart both
distributions, in units of what chance gives."""
SOME_OF_EACH = 20
METRES = (1.2, 2.3)
"""Between which grown people are tall."""
KELVIN = 273.15
WIDER = 2.0
"""A gap between two groups than any within one."""
BASES = (np.e, 10.0, 2.0)
"""Of logarithms."""
HOURS, MINUTES, LAST = 24, 60, 2359
_AGE = re.compile(
    r"(.*[-_ .])?(ages?|years?|alter|[âa]ge|edad|età|jahre)([-_ .].*)?", re.IGNORECASE
)
"""Names of ages: the young and the old of a study are as far apart as feet and metres are."""

Units = dict[str, float] | None


def find_units(
    names: Sequence[str], ordered: NDArray[np.float64], distinct: NDArray[np.int64]
) -> Iterator[Finding]:
    """Find columns whose values are in two units.

    Args:
        names: of d columns.
        ordered: (d, n) the values of each, from the lowest to the highest.
        distinct: (d,) how many different ones there are.
    """
    for i in np.flatnonzero(distinct > 2 * SOME).tolist():
        of_age = _AGE.fullmatch(names[i]) is not None
        units = _far(ordered[i]) if of_age else _two_units(ordered[i])
        if units:
            yield Finding("feature_of_two_units", True, {"feature": short(names[i]), **units})


def find_target_units(y: NDArray[np.float64]) -> tuple[Finding, ...]:
    """The same for the targets (n,) of a regression."""
    ordered = np.sort(y)
    units = _two_units(ordered) if distinct_of(ordered) > 2 * SOME else None
    return (Finding("targets_of_two_units", True, units),) if units else ()


def _two_units(values: NDArray[np.float64]) -> Units:
    """What says that values, in their order, are in two units."""
    for look in (_far, _temperatures, _shares, _clocks, _factors, _tight, _logarithms):
        if units := look(values):
            return units
    return None


def _ends(low: NDArray[np.float64], high: NDArray[np.float64]) -> dict[str, float]:
    share = len(low) / (len(low) + len(high))
    return {"share": share, "low": plain(float(low[-1])), "high": plain(float(high[0]))}


def _far(values: NDArray[np.float64]) -> Units:
    """Two groups with nothing between, of which one is far from the other."""
    if values[0] <= 0:
        return None
    ratios = values[1:] / values[:-1]
    number = int(ratios.argmax()) + 1
    ratio = ratios[number - 1]
    least = max(SEVERAL, FEW_SHARE * len(values))
    parts = values[:number], values[number:]
    if ratio < RATIO_OF_UNITS or any(
        len(part) < least or part[-1] / part[0] >= ratio or distinct_of(part) < SEVERAL
        for part in parts
    ):
        return None
    low, high = (np.log(part) for part in parts)
    apart = float(np.median(high) - np.median(low))
    known = next(_multiples(low, high, (*FACTORS, *TIGHT, *FAR)), None)
    if known or (apart >= np.log(ANY_RATIO) and are_alike(low + apart, high)):
        return _ends(*parts)
    return None


def _multiples(
    low: NDArray[np.float64], high: NDArray[np.float64], factors: Sequence[float]
) -> Iterator[float]:
    """The factors by which the higher of two groups may be the lower one.

    Args:
        low: The logarithms of one group, in their order.
        high: Those of the other one.
        factors: To try.
    """
    n, m = len(low), len(high)
    spread = math.sqrt((n * low.var() + m * high.var()) / (n + m))
    error = MEDIAN * spread * math.sqrt((n + m) / (n * m))
    apart = float(np.median(high) - np.median(low))
    for factor in factors:
        most_off = min(OFF + STANDARD_ERRORS * error, CLOSE_OFF if factor < CLOSE else math.inf)
        near = abs(apart - math.log(factor)) <= most_off
        if near and _vary_alike(low, high) and are_alike(low + math.log(factor), high):
            yield factor


def _vary_alike(low: NDArray[np.float64], high: NDArray[np.float64]) -> bool:
    """Whether two groups are as wide: of two kinds of one thing, one mostly is wider."""
    if min(low.std(), high.std()) == 0:
        return True
    wider = abs(math.log(high.std() / low.std()))
    return bool(wider <= SPREAD_ERRORS * np.hypot(_spread_error(low), _spread_error(high)))


def _spread_error(values: NDArray[np.float64]) -> float:
    """The standard error of the logarithm of their standard deviation, whatever their tails are."""
    squares = (values - values.mean()) ** 2
    kurtosis = max(float((squares**2).mean() / squares.mean() ** 2), FLATTEST)
    return float(np.sqrt((kurtosis - 1) / 4 / len(values)))


def _temperatures(values: NDArray[np.float64]) -> Units:
    """Two groups of which the higher, as degrees Fahrenheit, are the lower in degrees Celsius."""
    # Between them a tenth of all the range is empty, and more.
    tenths = np.searchsorted(values, np.linspace(values[0], values[-1], 11))
    if (np.diff(tenths) > 0).all():
        return None
    gaps = np.diff(values)
    number = int(gaps.argmax()) + 1
    celsius, fahrenheit = values[:number], (values[number:] - FREEZING) / PER_KELVIN
    least = max(SEVERAL, FEW_SHARE * len(values))
    if min(len(celsius), len(fahrenheit)) < least or gaps[number - 1] < 2 * np.ptp(celsius):
        return None
    if is_tail(values, len(fahrenheit)):
        return None
    middles, reach = (np.median(celsius), np.median(fahrenheit)), np.ptp(celsius)
    alike = abs(middles[0] - middles[1]) <= reach / 4
    within = np.ptp(fahrenheit) <= 2 * reach and np.ptp(fahrenheit) >= reach / 10
    if not (alike and within and len(np.unique(celsius)) > SOME):
        return None
    low, high = plain(float(celsius[-1])), plain(float(values[number]))
    return {"share": number / len(values), "low": low, "high": high}


def _shares(values: NDArray[np.float64]) -> Units:
    """Two groups of which the lower, as shares of 1, are the higher in percent."""
    if values[0] < 0 or not 1 < values[-1] <= PERCENT:
        return None
    number = int(np.searchsorted(values, 1.0, side="right"))
    shares, percent = values[:number] * PERCENT, values[number:]
    least = max(SOME, FEW_SHARE * len(values))
    if min(number, len(percent)) < least or len(np.unique(shares)) <= SOME:
        return None
    # What goes on over 1 has about as many values there as below it.
    below = number - np.searchsorted(values, 0.5, side="right")
    above = np.searchsorted(values, 1.5, side="right") - number
    if below < max(SOME, THINNER * above):
        return None
    ends = [np.quantile(part, [0.25, 0.5, 0.75]) for part in (shares, percent)]
    spread = max(ends[0][2] - ends[0][0], ends[1][2] - ends[1][0])
    if np.abs(ends[0] - ends[1]).max() > spread / 2:
        return None
    low, high = plain(float(values[number - 1])), plain(float(percent[0]))
    return {"share": number / len(values), "low": low, "high": high}


def _clocks(values: NDArray[np.float64]) -> Units:
    """Hours of a day, such as 13, among hours with minutes, such as 1300."""
    if values[0] < 0 or values[-1] > LAST or values[-1] < LAST / 2:
        return None
    number, after = np.searchsorted(values, [HOURS, 100]).tolist()
    least = max(SOME, OFTEN / 4 * len(values))
    hours, times = values[:number], values[after:]
    if number != after or min(len(hours), len(times)) < least or not fits(values, 1.0):
        return None
    if (times % 100 >= MINUTES).any() or distinct_of(hours) < FEWEST or distinct_of(times) < SOME:
        return None
    return {"share": number / len(values), "low": plain(hours[-1]), "high": plain(times[0])}


def _factors(values: NDArray[np.float64]) -> Units:
    """Two groups with a valley between, of which the higher is the lower times a known factor."""
    if values[0] <= 0:
        return None
    # Little is between two groups, which most columns show by their tenths.
    some = np.log(values[:: max(1, len(values) // SAMPLE)])
    split = (some[0] + some[-1]) / 2
    for _ in range(SOME):
        place = int(np.searchsorted(some, split))
        if min(place, len(some) - place) < max(SOME_OF_EACH, OFTEN * len(some)):
            return None
        split = float(some[place // 2] + some[(place + len(some)) // 2]) / 2
    # Between both middles, where the widest gap is.
    between = slice(place // 2, (place + len(some)) // 2)
    gap = int(np.diff(some[between]).argmax()) + place // 2
    split, place = float(some[gap] + some[gap + 1]) / 2, gap + 1
    low, high = some[:place], some[place:]
    middles = (float(np.median(low)), float(np.median(high)))
    for factor in _multiples(low, high, FACTORS):
        window = np.log(factor) / 6
        around = [
            int(np.subtract(*np.searchsorted(some, [middle + window, middle - window])))
            for middle in (*middles, split)
        ]
        if around[2] <= VALLEY * min(around[:2]):
            # What is said holds of all rows.
            first = int(np.searchsorted(values, np.exp(split)))
            return _ends(values[:first], values[first:])
    return None


def _tight(values: NDArray[np.float64]) -> Units:
    """Two groups with nothing between, of which the higher is the lower in another unit."""
    number = _widest_gap(values)
    if number is None:
        return None
    low, high = values[:number], values[number:]
    if distinct_of(low) <= SOME or distinct_of(high) <= SOME:
        return None
    alike = False
    if low[0] > 0:
        ratio = float(np.median(high) / np.median(low))
        heights = METRES[0] <= low[0] <= low[-1] <= METRES[1]
        logs = np.log(low), np.log(high)
        for factor in TIGHT:
            off = abs(ratio / factor - 1)
            if heights and factor == FOOT and off <= METRES_OFF:
                alike = alike or are_alike(low * factor, high)
            elif factor > CLOSE or off <= TIGHT_OFF:
                alike = alike or any(_multiples(*logs, [factor]))
    if abs(np.median(high) - np.median(low) - KELVIN) <= np.ptp(low) / 4:
        alike = alike or are_alike(low + KELVIN, high)
    return _ends(low, high) if alike else None


def _widest_gap(values: NDArray[np.float64]) -> int | None:
    """How many values lie below a gap that is wider than what lies on either side of it."""
    # Most columns have none, which their tenths show.
    tenths = np.searchsorted(values, np.linspace(values[0], values[-1], 11))
    if (np.diff(tenths) > 0).all():
        return None
    gaps = np.diff(values)
    number = int(gaps.argmax()) + 1
    least = max(SOME_OF_EACH, OFTEN * len(values))
    if min(number, len(values) - number) < least:
        return None
    inside = max(gaps[: number - 1].max(), gaps[number:].max())
    return number if gaps[number - 1] >= WIDER * inside else None


def _logarithms(values: NDArray[np.float64]) -> Units:
    """Two groups far apart, of which the lower is the logarithm of the higher."""
    if values[-1] <= 1:
        return None
    for base in BASES:
        top = float(np.log(values[-1]) / np.log(base))
        number = int(np.searchsorted(values, 2 * top, side="right"))
        low, high = values[:number], values[number:]
        if min(len(low), len(high)) < max(SOME_OF_EACH, OFTEN / 2 * len(values)):
            continue
        if high[0] < max(CLOSE * low[-1], 1) or distinct_of(low) <= SOME:
            continue
        if are_alike(low, np.log(high) / np.log(base)):
            ends = {"low": plain(float(low[-1])), "high": plain(float(high[0]))}
            return {"share": number / len(values), **ends}
    return None


def are_alike(one: NDArray[np.float64], other: NDArray[np.float64]) -> bool:
    """Whether two samples, each in its order, may be of one distribution (Kolmogorov-Smirnov)."""
    values = np.concatenate([one, other])
    shares = [np.searchsorted(part, values, side="right") / len(part) for part in (one, other)]
    distance = float(np.abs(shares[0] - shares[1]).max())
    return bool(distance <= DISTANCE * np.sqrt(len(values) / (len(one) * len(other))))


def distinct_of(ordered: NDArray[np.float64]) -> int:
    """How many different values there are, of some in their order."""
    return 1 + int(np.count_nonzero(np.diff(ordered)))


def fits(values: NDArray[np.float64], step: float) -> bool:
    """Whether all values are multiples of a step."""
    multiples = values / step
    return bool((np.abs(multiples - np.round(multiples)) <= 1e-6).all())
