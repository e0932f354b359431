"""Values of a table that stand out by how often they occur, by their sign or by their unit.

Like those of `mistakes`, each is what a slip leaves behind and what measurements hardly give.
"""

import re
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ecosobriety.checks.mistakes import (
    BELOW,
    SEVERAL,
    SOME,
    TIMES_OFTEN,
    find_zeros,
    plain,
)
from ecosobriety.checks.two_units import FEWEST, OFTEN, SAMPLE, are_alike, distinct_of, fits
from ecosobriety.datasets.findings import Finding, short

LOOKED_AT = 5
TIMES_OTHERS, TIMES_NEARBY, TIMES_NUMBERS = 3.0, 4.0, 2.0
"""So many times more often than any other value, or than those beside it; the last for numbers such
as 99, which nobody rounds to."""
NEIGHBOURS = 10
MEASURED = 4
"""Targets that are measured differ in more than one of so many rows."""
SAMPLED, MOST_FILLED, FEWEST_FILLED = 2**15, 20, 30
"""Rows, classes and rows of each that show middles which were filled in by class."""
MOSTLY, HARDLY, COMMON = 0.9, 0.05, 0.1
"""Shares of a class's rows, and of all others, that have a value which stands for the class; others
that have one such value themselves, as counts and codes do, are no measurements."""
GRIDS = (1000.0, 100.0, 10.0, 1.0, 0.5, 0.1, 0.05, 0.01, 0.005, 0.001)
"""Steps in which people write numbers."""
ROUND = 5
"""Multiples of so many steps are answers that people give most."""
MIDDLE, STANDARD_ERRORS = 0.25, 3.0
"""Deviations from the mean or median within which a value that fits no step is a middle; one that
fits lies within so many standard errors of either."""
STANDARDISED = 0.03
"""How far the deviation of values that were standardised may be from 1."""
INSIDE = 0.15
"""Share of the others on either side; most counts begin with their commonest."""
ENDS_ABOVE = frozenset({99.0, 999.0, 9999.0, 99.9, 999.9, 99.99})
ENDS_BELOW = frozenset({1900.0, 1800.0, 1970.0})
"""What is written for a missing number or year, where others come near it: 1970 is 0 in seconds."""
FAR_BEFORE = 0.4
"""Ranges of the others between them and such a year."""
NO_GAP = 0.01
"""Of the range of the others: to a mark, it is farther."""
FAR_FROM_ZERO = 0.2
"""Of the largest size: nearer to 0 values of both signs are nothing special."""
_LATITUDE, _LONGITUDE = re.compile(r"lat(itude)?", re.I), re.compile(r"lo?ng?(itude)?", re.I)
_IS_LONGITUDE = re.compile(r"(.*[-_ .])?(lon|lng|long|longitude)([-_ .].*)?", re.IGNORECASE)
AROUND = 3.0
"""Places lie within so many median distances from their middle."""
_PREDICTION = re.compile(
    r"y[-_ .]?(hat|pred\w*)|predicted[-_ .]\w+|(\w+[-_ .])?pred(s|ict|icted|iction|ictions)?"
    r"([-_ .]?(\d+|class|label|proba?|score|y|target|value))?|(\w+[-_ .])?(logit|proba)s?"
    r"([-_ .]?\d+)?|(model|classifier|clf)[-_ .]?(score|output|prob\w*)"
    r"|vorhersage|pr[ée]diction|pr[ée]dit|ground[-_ .]?truth([-_ .]?\w+)?"
    r"|(label|target|outcome)[-_ .]?(id|idx|index|code|encoded|enc)|y[-_ .]?true"
    r"|(probas?|logits?)[-_ .]\w+|prob[-_ .]?\d+|annotator[-_ .]?\d*"
    r"|(label|prediction|pred|class|model)[-_ .]?confidence",
    re.IGNORECASE,
)
"""Names of columns that another model has filled, or that hold the label once more."""


def find_odd_values(
    names: Sequence[str], ordered: NDArray[np.float64], distinct: NDArray[np.int64]
) -> Iterator[Finding]:
    """Find values that were filled in, mark what is missing, or have lost their sign.

    Args:
        names: of d columns.
        ordered: (d, n) the values of each, from the lowest to the highest.
        distinct: (d,) how many different ones there are.
    """
    for i in np.flatnonzero(distinct > SEVERAL).tolist():
        values, feature = ordered[i], {"feature": short(names[i])}
        many = bool(distinct[i] > 2 * SOME)
        spikes = [*_spikes(values)]
        for value, number in spikes:
            shown = feature | {"value": plain(value), "share": number / len(values)}
            # What fills each group with its own middle leaves several.
            filled = [other for other, _ in spikes if other != value]
            if _is_filled(values, value, number, filled if many else None):
                yield Finding("feature_filled", False, shown)
                break
            if many and _is_end(values, value, number):
                yield Finding("mark_at_end", False, shown)
                break
        if not many:
            continue
        # Of places, the same longitude lies east and west.
        signs = None if _IS_LONGITUDE.fullmatch(names[i]) else _two_signs(values)
        if signs is not None:
            yield Finding("feature_of_two_signs", True, feature | signs)


def find_odd_targets(y: NDArray[np.float64], name: str) -> tuple[Finding, ...]:
    """Find the same in the targets (n,) of a regression, and zeros far below others."""
    said_of_targets = {
        "zeros_apart": "targets_zero_apart",
        "feature_filled": "targets_filled",
        "mark_at_end": "targets_mark_at_end",
        "feature_of_two_signs": "targets_of_two_signs",
    }
    ordered = np.sort(y)[None]
    distinct = 1 + np.count_nonzero(np.diff(ordered, axis=1), axis=1)
    found = [*find_zeros([""], ordered, distinct), *find_odd_values([name], ordered, distinct)]
    return tuple(
        Finding(
            said_of_targets[one.id],
            one.headline,
            {k: v for k, v in one.values.items() if k != "feature"},
        )
        for one in found
        if one.id in said_of_targets
        and (one.id != "feature_filled" or _is_hardly_measured(ordered[0], one.values["value"]))
    )


def _is_hardly_measured(values: NDArray[np.float64], value: float) -> bool:
    """Whether a middle is no answer that most people give, as twelve years at school are.

    Of such targets few differ, and the middle is in the same steps as the others; or all but the
    middle have many digits, as a share of 0.8 among others.
    """
    others = values[~np.isclose(values, value, rtol=1e-5, atol=0)]
    step = next((grid for grid in GRIDS if fits(others, grid)), None)
    if step is None:
        return float(f"{value:.3g}") != value
    # Between two steps lies what some answer, too.
    off = not fits(np.array([value]), step / 2)
    return off or MEASURED * distinct_of(others) >= len(others)


def find_filled_by_class(
    names: Sequence[str], block: NDArray[np.float64], labels: NDArray[np.int64]
) -> Iterator[Finding]:
    """Find features that are filled in by class: with its middle, or with a value of its own.

    Args:
        names: of d features.
        block: (d, n) their values.
        labels: (n,) classes, from 0 on.
    """
    some = slice(None, None, max(1, len(labels) // SAMPLED))
    classes = np.bincount(labels[some])
    if len(classes) > MOST_FILLED:
        return
    rows = [np.flatnonzero(labels[some] == of) for of in np.flatnonzero(classes >= FEWEST_FILLED)]
    for i, name in enumerate(names):
        by_class = [np.sort(block[i, some][of]) for of in rows]
        found = (_filled(values) for values in by_class)
        middles = {middle for middle in found if middle is not None}
        if len(middles) > 1:
            low, high = plain(min(middles)), plain(max(middles))
            ends = {"low": low, "high": high}
            yield Finding("feature_filled_by_class", True, {"feature": short(name), **ends})
        elif (value := _of_one_class(by_class)) is not None:
            shown = {"feature": short(name), "value": plain(value)}
            yield Finding("value_of_one_class", True, shown)


def _of_one_class(by_class: Sequence[NDArray[np.float64]]) -> float | None:
    """The value of nearly all rows of a class, where others have neither it nor another such one.

    Args:
        by_class: of each class the values in their order.
    """
    for place, values in enumerate(by_class):
        value = float(values[len(values) // 2])
        if _count(values, value) < MOSTLY * len(values) or len(by_class) < 2:
            continue
        others = np.sort(np.concatenate([*by_class[:place], *by_class[place + 1 :]]))
        if distinct_of(others) <= 2 * SOME or _runs(others)[1].max() > COMMON * len(others):
            continue
        if _count(others, value) <= HARDLY * len(others):
            return value
    return None


def _filled(values: NDArray[np.float64]) -> float | None:
    """The middle of some values, in their order, that missing ones were filled in with."""
    many = distinct_of(values) > 2 * SOME
    spikes = _spikes(values) if many else ()
    return next((value for value, number in spikes if _is_filled(values, value, number, ())), None)


def _spikes(values: NDArray[np.float64]) -> Iterator[tuple[float, int]]:
    """The values that occur most often, and how often, where that is often."""
    some = values[:: max(1, len(values) // SAMPLE)]
    known, counts = _runs(some)
    for place in np.argsort(-counts, kind="stable")[:LOOKED_AT].tolist():
        if counts[place] < OFTEN / 2 * len(some):
            return
        value = float(known[place])
        number = _count(values, value)
        if number >= max(FEWEST, OFTEN * len(values)):
            yield value, number


def _runs(ordered: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    starts = np.flatnonzero(np.diff(ordered, prepend=-np.inf) > 0)
    return ordered[starts], np.diff(starts, append=len(ordered))


def _count(ordered: NDArray[np.float64], value: float) -> int:
    first, last = (np.searchsorted(ordered, value, side=side) for side in ("left", "right"))
    return int(last - first)


def _is_filled(
    values: NDArray[np.float64], value: float, number: int, filled: Sequence[float] | None
) -> bool:
    """Whether a value is the middle of the others, and no number that one would measure so often.

    Args:
        values: In their order.
        value: One of them.
        number: How often it is there.
        filled: Other values that are there often; None: there are few different ones.
    """
    first = int(np.searchsorted(values, value))
    others = np.concatenate([values[:first], values[first + number :]])
    below = first / len(others) if len(others) else 0.0
    if len(others) < SOME or not INSIDE <= below <= 1 - INSIDE:
        return False
    mean, deviation = float(others.mean()), float(others.std())
    some = others[:: max(1, len(others) // SAMPLE)]
    measured = some[~np.isin(some, filled or ())]
    step = next((grid for grid in GRIDS if fits(measured, grid)), None)
    error = STANDARD_ERRORS / np.sqrt(len(others))
    # 0 may be what has not changed, where nothing says that the values were standardised.
    if value == 0 and not (step is None and abs(deviation - 1) <= STANDARDISED):
        return False
    # A ratio is 1 wherever two numbers are equal.
    if value == 1 and step is None:
        return False
    if step is not None and not fits(np.array([value]), step):
        # Few values that are far apart, such as doses of 0, 0.1 and 1, are answers in no steps.
        if filled is None and np.ptp(others) > 2 * step * len(np.unique(others)):
            return False
        median = float(others[len(others) // 2])
        return min(abs(value - mean), abs(value - median)) <= MIDDLE * deviation
    central = abs(value - mean) <= error * deviation or abs(below - 0.5) <= error / 2
    rounded = step is not None and fits(np.array([value]), ROUND * step)
    if filled is None or not central or rounded:
        return False
    known, counts = _runs(some)
    beside = np.argsort(np.abs(known - value), kind="stable")[:NEIGHBOURS]
    scale = len(others) / len(some)
    nearby = max(float(counts[beside].mean()) * scale, 1.0)
    return number >= max(TIMES_NEARBY * nearby, TIMES_OTHERS * float(counts.max()) * scale)


def _is_end(values: NDArray[np.float64], value: float, number: int) -> bool:
    """Whether the highest or the lowest value is one that marks what is missing."""
    highest = value == values[-1] and value in ENDS_ABOVE
    if not (highest or (value == values[0] and value in ENDS_BELOW)):
        return False
    others = values[:-number] if highest else values[number:]
    # No year is so far from all others, and several times the same.
    if not highest and others[0] - value >= FAR_BEFORE * (others[-1] - others[0]):
        return True
    # A sensor ends there, whose values go on up to it: a humidity of 99.9.
    if highest and value % 1 and value - others[-1] <= NO_GAP * (others[-1] - others[0]):
        return False
    # What lies far away is named as that.
    if highest and value - others[-1] >= TIMES_OFTEN * (others[-1] - others[0]):
        return False
    some = others[:: max(1, len(others) // SAMPLE)]
    most = float(_runs(some)[1].max()) * len(others) / len(some)
    return number >= (TIMES_NUMBERS if highest else TIMES_OTHERS) * most


def _two_signs(values: NDArray[np.float64]) -> dict[str, float] | None:
    """Two groups, of which the one is the other with the other sign, and nothing around 0."""
    number = int(np.searchsorted(values, 0.0))
    if 1 <= number <= SOME and _lost_sign(values, number):
        ends = {"low": plain(values[number]), "high": plain(values[-1])}
        return {"share": number / len(values), **ends}
    if min(number, len(values) - number) < max(SOME, OFTEN / 4 * len(values)):
        return None
    low, high = -values[:number][::-1], values[number:]
    nearest, farthest = min(low[0], high[0]), max(low[-1], high[-1])
    if nearest < FAR_FROM_ZERO * farthest or min(map(distinct_of, (low, high))) <= SEVERAL:
        return None
    if not are_alike(low, high):
        return None
    return {"share": number / len(values), "low": plain(nearest), "high": plain(farthest)}


def _lost_sign(values: NDArray[np.float64], number: int) -> bool:
    """Whether the few values below 0 are, with the other sign, among others far from 0."""
    others, few, sizes = values[number:], values[:number], -values[:number]
    end = len(others) // 20
    low, middle, high = others[end], others[len(others) // 2], others[-1]
    return bool(
        others[0] >= FAR_FROM_ZERO * middle > 0
        and 10 * number <= len(values)
        and low <= np.median(sizes)
        and ((sizes >= FAR_FROM_ZERO * middle) & (sizes <= high)).all()
        and not np.isin(few, [*BELOW]).any()
    )


def find_swapped(x: NDArray[np.float64], features: Sequence[str]) -> Iterator[Finding]:
    """Find pairs of columns of (n, d), by their names, whose latitude and longitude are swapped.

    That is so in rows that lie far from all others, or at no place, and close to them if swapped.
    """
    places = {name.casefold(): i for i, name in enumerate(features)}
    for name, i in places.items():
        match = _LATITUDE.search(name)
        if match is None:
            continue
        around = name[: match.start()], name[match.end() :]
        for other, j in places.items():
            found = _LONGITUDE.search(other, len(around[0]))
            if found is None or (other[: found.start()], other[found.end() :]) != around:
                continue
            number = _swapped(x[:, i], x[:, j])
            if number:
                named = [short(features[i]), short(features[j])]
                yield Finding("coordinates_swapped", True, {"names": named, "number": number})


def _swapped(latitude: NDArray[np.float64], longitude: NDArray[np.float64]) -> int:
    """How many rows lie in the place of all others only if their numbers are swapped."""
    both = np.stack([latitude, longitude])
    middles = np.median(both, axis=1)
    reach = AROUND * np.median(np.abs(both - middles[:, None]), axis=1)
    # Where both go over the same numbers, none says which it is.
    if abs(middles[0] - middles[1]) <= reach.sum():
        return 0
    here = (np.abs(latitude - middles[0]) > reach[0]) & (np.abs(longitude - middles[1]) > reach[1])
    there = (np.abs(longitude - middles[0]) <= reach[0]) & (
        np.abs(latitude - middles[1]) <= reach[1]
    )
    return int(np.count_nonzero(here & there))


def find_predictions(features: Sequence[str]) -> Iterator[Finding]:
    """Find columns that another model has filled, by their names."""
    for name in features:
        if _PREDICTION.fullmatch(name):
            yield Finding("feature_is_prediction", False, {"feature": short(name)})
