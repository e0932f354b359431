"""Single values that a column's name rules out: a month 13, a year to come, a person of 450 years.

A name alone says little: `age` may be that of a house. So the end counts only where nearly all
values keep to it, and those beyond are what a slip leaves behind.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from ecosobriety.checks.mistakes import SEVERAL, plain
from ecosobriety.datasets.findings import Finding, short

FEW_SHARE = 0.01
"""Share of the values that may lie beyond; more of them, and the name means something else."""
ROUNDING = 1e-6
OLDEST, OLD = 110.0, 104.0
"""No age of people that a table is likely to hold; houses, trees and firms have ages between."""
NEXT_YEARS, FORESEEN = 1, 100
"""Cars and calendars are of the next year; what is foreseen or planned is of these."""
FIRST_YEAR, MOSTLY = 1000, 0.6
"""Before it, years have two digits; and the share of the rows that are to be years for sure."""
_OF = (
    r"((start|end|begin|birth|pickup|dropoff|arrival|departure|arr|dep|sched|sale|sold|order|event"
    r"|purchase|date|datetime|timestamp|time|created|signup|admission|discharge|release|accident"
    r"|crash|incident|visit|local|utc|obs)[-_ .]?)?"
)
"""What calendar and clock may be of."""
CALENDAR, SPREAD = frozenset({4, 12, 24, 31, 60}), 0.25
"""Ends of calendar and clock, and the share of them between the quartiles: counts and durations,
which have such names as well, are closer together."""
AGES, YEARS = (0.0, OLDEST), (float(FIRST_YEAR), 9999.0)
SHARES = (-ROUNDING, 1 + ROUNDING)
COUNTED = (4.0, 7.0, 12.0, 24.0, 31.0, 60.0)
"""Ends of calendar and clock that are counted from 0 or from 1, and never from both."""
AS_FREQUENT = 0.8
PRESENT = 0.8
"""Share of these numbers that occur; doses and visits are at fewer hours and months."""
_AGE = (
    r"((patient|person|subject|client|customer|employee|driver|passenger|mother|father)s?[-_ .]?)?"
    r"age([-_ .]?(in[-_ .]?)?(years?|yrs?|y))?|âge|alter|edad"
)
_YEAR = (
    r"(birth|model|sale|build|built|publication|construction|registration|release|start)?[-_ .]?"
    r"(year|yr)([-_ .]?(of[-_ .]?)?(birth|built|build|sold|publication|construction|release))?"
    r"|(yr|year)[-_ .][a-z]+|yob|ann[ée]e|jahr|geburtsjahr|baujahr|año"
)
_WORDS: Mapping[str, tuple[float, float]] = {
    r"lat(itude)?": (-90, 90),
    r"lo?ng(itude)?": (-180, 360),
    _OF + r"(months?|mnth|mth|mon)([-_ .]?(of[-_ .]?year|no|nr|num(ber)?))?|mois|monat": (0, 12),
    _OF + r"(hour|hr|hh)([-_ .]?of[-_ .]?day)?|heure|stunde": (0, 24),
    _OF + r"(day|dd|dom)|jour|tag": (0, 31),
    _OF + r"(minute|second)([-_ .]?of[-_ .]?(hour|minute))?|seconde": (0, 60),
    _OF + r"(quarter|qtr)|trimestre|quartal": (0, 4),
    r"(day[-_ .]?of[-_ .]?week|week[-_ .]?day|dow|jour[-_ .]?semaine|wochentag)": (0, 7),
    r"day[-_ .]?of[-_ .]?month": (0, 31),
    r"day[-_ .]?of[-_ .]?year|doy|yday": (0, 366),
    r"(week[-_ .]?of[-_ .]?year|iso[-_ .]?week|calendar[-_ .]?week)": (0, 53),
    r"ph([-_ .]?value)?": (0, 14),
    r"((relative[-_ .]?)?humidity|rel[-_ .]?hum|humidité)([-_ .]?(pct|percent|perc))?": (0, 110),
    r"(sp|sa)o2([-_ .]?(pct|percent))?|oxygen[-_ .]?saturation": (0, 100),
    r"wind[-_ .]?dir(ection)?([-_ .]?deg(rees)?)?": (-180, 360),
    r"battery([-_ .]?level)?[-_ .]?(pct|percent)": (0, 100),
    r"temp(erature)?[-_ .]?k(elvin)?": (1, 1e9),
    r"(correlation|ndvi|cos(ine)?[-_ .]?(theta|similarity))": (-1 - ROUNDING, 1 + ROUNDING),
    _AGE: AGES,
    _YEAR: YEARS,
    r"prob(ability)?([-_ .]\w+)?|fraction|proportion|share|p[-_ .]?val(ue)?s?": SHARES,
    r"percent(age)?s?|pct": (-ROUNDING, 100 + ROUNDING),
    r"(?!.*(change|diff|delta|log|net|dev|resid|anomal|norm|scaled|std|gain|loss|excess|rel))"
    r"((.*[-_ .])?(counts?|distance|length|height|width|area|weight|mass|volume|speed|rain(fall)?"
    r"|precipitation|duration|freq(uency)?|population|children|visits|clicks|views)"
    r"([-_ .](km|m|cm|mm|kg|g|lbs?|ml|l|s|sec|seconds|min|minutes|ms|h|hours|hz|khz|mhz|kmh|mph"
    r"|m2|sqm|sqft))?|(n|num|number)[-_ .](of[-_ .])?[a-z_]+)": (0, np.inf),
}
"""Names, and between which numbers their values lie."""
_RANGES = [(re.compile(name, re.IGNORECASE), ends) for name, ends in _WORDS.items()]


def find_beyond_names(
    names: Sequence[str], parts: Sequence[NDArray[np.float64]], named: Collection[str]
) -> Iterator[Finding]:
    """Find values outside of what the name of their column allows.

    Args:
        names: of d columns.
        parts: (n, d) the rows of the training part, and of the test part.
        named: columns whose far values are named already.
    """
    for i, name in enumerate(names):
        ends, most = _ends(name), FEW_SHARE
        if ends is None or short(name) in named:
            continue
        values = np.sort(np.concatenate([part[:, i] for part in parts]))
        if np.count_nonzero(np.diff(values)) < SEVERAL:
            continue
        if ends[1] in COUNTED and (twice := _counted_twice(name, values, ends[1])):
            yield twice
            continue
        if ends == YEARS:
            # Of years to come, there may be some; of those of another calendar, none is meant.
            ends, most = _years(values)
        # Where values thin out towards the end, none says where they must stop.
        elif ends == AGES and np.diff(np.searchsorted(values, [OLD, OLDEST], side="right"))[0]:
            continue
        first = int(np.searchsorted(values, ends[0], side="left"))
        last = int(np.searchsorted(values, ends[1], side="right"))
        beyond = first + len(values) - last
        lower, upper = np.quantile(values, [0.25, 0.75])
        if ends[1] in CALENDAR and (upper - lower < SPREAD * ends[1] or upper > ends[1]):
            continue
        if not 1 <= beyond <= max(1, most * len(values)):
            continue
        value = plain(float(values[-1] if last < len(values) else values[0]))
        top = float(values[-1]) if ends[1] == np.inf else ends[1]
        low, high = (plain(round(end, 3)) for end in (ends[0], top))
        shown = {"feature": short(name), "number": beyond, "value": value}
        yield Finding("values_beyond_name", most > FEW_SHARE, {**shown, "low": low, "high": high})


def _counted_twice(name: str, values: NDArray[np.float64], end: float) -> Finding | None:
    """Values, in their order, that are counted from 0 in some rows, from 1 to the end in others.

    Months from 0 to 12, say, of which the first or the last are no more than the others.
    """
    if values[0] != 0 or values[-1] != end or (values != np.round(values)).any():
        return None
    counts = np.bincount(values.astype(np.int64))
    few = int(min(counts[0], counts[-1]))
    if (counts > 0).mean() < PRESENT or max(counts[0], counts[-1]) > counts[1:-1].max():
        return None
    # Where both ends are as frequent as others, it is the time since a start.
    if few >= AS_FREQUENT * counts[1:-1].mean():
        return None
    first = int(counts[0] <= counts[-1])
    ends = {"low": first, "high": int(end) - 1 + first}
    value = 0 if first else int(end)
    shown = {"feature": short(name), "number": few, "value": value}
    return Finding("values_beyond_name", False, shown | ends)


def _ends(name: str) -> tuple[float, float] | None:
    """Between which numbers values lie; None: their column's name does not say it."""
    return next((ends for words, ends in _RANGES if words.fullmatch(name.strip())), None)


def _years(values: NDArray[np.float64]) -> tuple[tuple[float, float], float]:
    """Between which numbers years lie, and which share of some, in their order, may lie beyond."""
    if (values != np.round(values)).any():
        return (-np.inf, np.inf), 0.0
    now = datetime.now(UTC).year + NEXT_YEARS
    few = (FIRST_YEAR, now)
    wide = (FIRST_YEAR, now + FORESEEN)
    inside = np.subtract(*np.searchsorted(values, wide[::-1])) / len(values)
    return (wide, 1 - MOSTLY) if MOSTLY <= inside < 1 - FEW_SHARE else (few, FEW_SHARE)
