"""What is likely a mistake in a table: marks of missing values, slips of a unit, copies, splits."""

import hashlib
import math
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecosobriety.checks.lost_points import few_beyond, find_lost_point, is_tail, may_be_chance
from ecosobriety.datasets.findings import MAX_LISTED, Finding, short

HEADLINE_SHARE = 0.05
"""From this share of rows on, far values stand beside the answer."""
MINUS_ONE = -1.0
BELOW = frozenset(-float(digit * times) for digit in "789" for times in range(1, 7))
BELOW |= {-32768.0, MINUS_ONE, -273.0, -273.1, -273.15, -273.2, -459.67}
ABOVE = frozenset(float(digit * times) for digit in "789" for times in range(2, 7))
ABOVE |= {97.0, 98.0, 997.0, 998.0, 32767.0, 65535.0, 99.9, 999.9, 99.99}
"""What programs and surveys write for a missing number, several of them for several reasons."""
TIMES_ONCE, TIMES_OFTEN = 10.0, 0.75
"""A price may be 999: above the others, a mark lies so many of their ranges away, or more; the
second if it stands there often."""
TIMES_ANY, TIMES_NOTHING = 5.0, 20.0
"""So far away is no value that occurs several times, whichever it is; nothing at all (0) may be."""
TIMES_BEYOND = 1e6
"""So far away, even one is none, as 1e30 among lengths."""
TIMES_TAIL, TIMES_LEAST, TIMES_FEW = 5.0, 10.0, 100.0
"""So many ranges away are no few values of any distribution that is measured: the first times the
range in quartiles' distances, which says how heavy its tails are, between the second and third."""
FEW_SHARE = 0.01
SMALL_MARKS, MOST_MARKS, NEAR = frozenset({-1.0, -2.0, -3.0}), 3, 0.1
"""What several reasons are numbered by, where nothing else is below 1; how many marks there may be;
and how far apart, as a share of the gap behind them."""
CHANCES = 1.5
"""Standard errors."""
TIMES_BELOW = 20.0
"""The next value, of one that stands often."""
STEP_OF_DOSES = 1.5
"""Of 0.1, 1 and 10, none lies far away; of steps such as 0.3, 1 and 3, one may be a bit wider."""
UNKNOWN = frozenset({7.0, 8.0, 9.0, 77.0, 88.0, 99.0})
LAST_CODE, FEWEST_CODES, NINES, UNKNOWN_SHARE = 6.0, 2, (9.0, 99.0), 0.25
"""What is written for codes that are unknown or not said, where others are counted to six at most;
how many; what is written at least; and the share of rows above which it is one of the answers."""
BY_CHANCE = 1e-4
"""Places of a count are empty with at least this chance, or it has ended."""
SEVERAL, SOME = 3, 10
"""Distinct values that make a range, and that make a distribution."""
FIRST_ROWS = 1000
"""What does not hold in these need not be looked for in the others."""
_PERHAPS_PART, FEWEST_PARTS = (
    re.compile(r"(data[-_ .]?)?set|usage|part|train(ing)?|is[-_ .]?valid", re.IGNORECASE),
    3,
)
"""Such names say so only where they have as few values as train, test and validation, and may say
something else: who was trained for a job, whose card is valid."""
NOTHING_SHARE, FAR_FROM_NOTHING = 0.5, 0.2
"""Zeros of more rows are what a feature mostly is; others that start above this share of where they
end do not reach down to 0."""
MOST_PARTS = 20
"""Parts of a split, or folds."""
_WEIGHT = re.compile(
    r"(sample|instance|case|survey|sampling|row|example|observation|training|train|final|class)"
    r"[-_ .]?(weights?|wt|wgt)|fnlwgt|pweight|sampweight",
    re.IGNORECASE,
)
"""Names of columns that say how much a row counts."""
_PART = re.compile(
    r"(is|in)[-_ .]?(train|test|val|dev)(ing|idation)?([-_ .]?set)?"
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
        if number == 1 and may_be_chance(value, low, high, columns=len(ordered)):
            continue
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
    """To six digits, and a whole number without a point, for a sentence."""
    rounded = number if number == round(number) else float(f"{number:.6g}")
    return int(rounded) if abs(rounded) < 2**53 and rounded == int(rounded) else rounded


def _far_values(
    ordered: NDArray[np.float64], distinct: NDArray[np.int64]
) -> Iterator[tuple[int, int, float, float, float]]:
    """The column, how many values are far, the farthest, and the lowest and highest other one."""
    ends = ((ordered, 1.0, _marks_below), (-ordered[:, ::-1], -1.0, _marks_above))
    for i in np.flatnonzero(distinct >= SEVERAL).tolist():
        if distinct[i] > SOME and (highest := find_lost_point(ordered[i])) is not None:
            rest = ordered[i, :-1] if highest else ordered[i, 1:]
            far = float(ordered[i, -1 if highest else 0])
            yield i, 1, far, float(rest[0]), float(rest[-1])
            continue
        for values, sign, marks in ends:
            number = _few_far(values[i], int(distinct[i]))
            tail = number > 0 > sign and is_tail(ordered[i], number)
            number = (0 if tail else number) or marks(values[i], int(distinct[i]))
            number = number or (few_beyond(values[i]) if distinct[i] > SOME else 0)
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
    far = times_away(values) * ranges
    found = np.flatnonzero((np.diff(lowest) >= far) & (ranges > 0))
    return int(found[-1]) + 1 if len(found) else 0


def times_away(ordered: NDArray[np.float64]) -> float:
    """How many ranges away is too far for few values, of some in their order."""
    n = len(ordered)
    middle, few = ordered[3 * n // 4] - ordered[n // 4], int(FEW_SHARE * n)
    whole = ordered[n - 1 - few] - ordered[few]
    if middle <= 0:
        return TIMES_FEW
    return float(np.clip(TIMES_TAIL * whole / middle, TIMES_LEAST, TIMES_FEW))


def _marks_below(values: NDArray[np.float64], distinct: int) -> int:
    """How often the lowest values stand, if they mark what is missing."""
    number, gap, spread = _lowest(values, BELOW)
    value, low = values[0], values[number]
    if several := _small_marks(values, distinct):
        return several
    if value == MINUS_ONE:
        return number if _is_mark(values, number, distinct) else 0
    alone = low >= 0 and value < 0
    if value in BELOW and (gap >= spread or (alone and number > 1)):
        return number
    number, gap, spread = _lowest(values)
    if number >= SEVERAL and values[number] >= 0 and value < 0 and gap >= spread:
        return number
    if distinct > SOME and _is_far_below(values, number):
        return number
    return _marks_any(values, distinct)


def _is_far_below(values: NDArray[np.float64], number: int) -> bool:
    """Whether a price of 1, say, that stands often is none, beside others that are far above it."""
    value, low, middle = values[0], values[number], values[(number + len(values)) // 2]
    often = SEVERAL <= number <= NOTHING_SHARE * len(values)
    if not (often and value > 0 and low >= TIMES_BELOW * value):
        return False
    return bool(0 < 2 * math.log(middle / low) <= math.log(low / value))


def _is_mark(values: NDArray[np.float64], number: int, distinct: int) -> bool:
    """Whether so many -1 are no values, beside others from 0 on."""
    low = values[number]
    if low < 0 or number < 2 or distinct <= 2 * SEVERAL:
        return False
    at_zero, to_one = np.searchsorted(values, [0.0, 1.0], side="right") - number
    if values[-1] != np.round(values[-1]) or low >= 1 or to_one == at_zero:
        return bool(low >= 1 or number > at_zero)
    # The lower end of a count or of a score thins out, ever faster, but for chance.
    counts = np.array([number, at_zero, to_one - at_zero])
    least = math.log(1.2) + CHANCES * math.sqrt((np.array([1, 4, 1]) / np.maximum(counts, 1)).sum())
    return bool(at_zero == 0 or np.log(counts) @ [1, -2, 1] > least)


def _marks_above(values: NDArray[np.float64], distinct: int) -> int:
    """The same for the highest values; all come with the other sign."""
    number, gap, spread = _lowest(values, frozenset(-mark for mark in ABOVE))
    often = number >= max(SEVERAL, FEW_SHARE * len(values))
    # Of years with two digits, all others are nearly as large.
    outside = values[-1] > values[0] / 2
    if outside and -values[0] in ABOVE and gap >= (TIMES_OFTEN if often else TIMES_ONCE) * spread:
        return number
    unknown, apart, _ = _lowest(values, frozenset(-mark for mark in UNKNOWN))
    often = max(SEVERAL, FEW_SHARE * len(values)) <= unknown <= UNKNOWN_SHARE * len(values)
    if often and -values[0] in NINES and apart > 1 and _are_codes(-values[unknown:]):
        return 0 if _thin_out(-values[unknown:], unknown, round(apart) - 1) else unknown
    return _marks_any(values, distinct)


def _are_codes(values: NDArray[np.float64]) -> bool:
    """Whether values are whole numbers counted from 0 or 1 to a few."""
    known = np.unique(values)
    few = known[0] in (0, 1) and known[-1] <= LAST_CODE and len(known) >= FEWEST_CODES
    return bool(few and (known == np.arange(known[0], known[0] + len(known))).all())


def _thin_out(values: NDArray[np.float64], number: int, gap: int) -> bool:
    """Whether so many more behind so many empty places are the end of a count that falls on."""
    *_, more, last = np.unique(values, return_counts=True)[1].tolist()
    if last >= more:
        return False
    falls = last / more
    missing = sum(last * falls**place for place in range(1, gap + 1))
    return bool(number <= last * falls / (1 - falls) and math.exp(-missing) >= BY_CHANCE)


def _small_marks(values: NDArray[np.float64], distinct: int) -> int:
    """How many of some values are -1, -2 or -3, if nothing else is below 1, and there are few."""
    number = int(np.searchsorted(values, 0.0))
    few = 2 <= number <= NOTHING_SHARE * len(values) and distinct > 2 * SEVERAL
    if not few or values[number] < 1:
        return 0
    return number if np.isin(values[:number], [*SMALL_MARKS]).all() else 0


def _lowest_few(values: NDArray[np.float64]) -> tuple[int, float, float]:
    """As `_lowest`, of one value, or of a few that are close together and come several times."""
    best, number = _lowest(values), 0
    for _ in range(MOST_MARKS):
        following = int(np.searchsorted(values, values[number], side="right"))
        if following - number < SEVERAL or following == len(values):
            break
        number = following
        gap = float(values[number] - values[number - 1])
        if gap > best[1] and values[number - 1] - values[0] <= NEAR * gap:
            best = number, gap, float(values[-1] - values[number])
    return best


def _marks_any(values: NDArray[np.float64], distinct: int) -> int:
    number, gap, spread = _lowest_few(values)
    times = TIMES_ANY if values[0] else TIMES_NOTHING
    often = number >= SEVERAL or gap >= TIMES_BEYOND * spread
    if not often or gap < times * spread or distinct <= SEVERAL:
        return 0
    # What stands about as often as each of few others is one of the levels of an experiment, which
    # are taken more than once.
    repeated = 2 * (distinct - 1) <= len(values) - number
    as_often = repeated and 2 * number * distinct >= len(values)
    planned = distinct <= SOME and (as_often or _are_doses(values))
    return 0 if planned else number


def _are_doses(values: NDArray[np.float64]) -> bool:
    """Whether the largest of few sizes is as many times the next as that is the one before."""
    sizes = np.unique(np.abs(values))
    sizes = sizes[sizes > 0]
    if values[0] * values[-1] < 0 or len(sizes) < SEVERAL:
        return False
    ratios = sizes[1:] / sizes[:-1]
    return bool(ratios[-1] <= STEP_OF_DOSES * ratios[:-1].max())


def _lowest(
    values: NDArray[np.float64], marks: frozenset[float] = frozenset()
) -> tuple[int, float, float]:
    """How often the lowest value stands, how far away the next is, and how far apart the others.

    Of marks, all that follow each other are lowest.
    """
    number = int(np.searchsorted(values, values[0], side="right"))
    while values[number - 1] in marks and number < len(values) and values[number] in marks:
        following = int(np.searchsorted(values, values[number], side="right"))
        if following == len(values):
            break
        number = following
    return number, float(values[number] - values[number - 1]), float(values[-1] - values[number])


def find_zeros(
    names: Sequence[str], ordered: NDArray[np.float64], distinct: NDArray[np.int64]
) -> Iterator[Finding]:
    """Find columns (d, n), in their order, in which 0 stands far below all other values."""
    for i in np.flatnonzero((ordered[:, 0] == 0) & (distinct > 2 * SOME)).tolist():
        if (number := _zeros(ordered[i])) is not None:
            values = {"feature": short(names[i]), "share": number / ordered.shape[1]}
            ends = {"low": plain(ordered[i, number]), "high": plain(ordered[i, -1])}
            yield Finding("zeros_apart", False, {**values, **ends})


def _zeros(values: NDArray[np.float64]) -> int | None:
    """How many there are, if they are some and the others do not thin out towards them."""
    number = int(np.searchsorted(values, 0.0, side="right"))
    others = values[number:]
    if not SEVERAL <= number <= NOTHING_SHARE * len(values):
        return None
    low, high = others[len(others) // 100], others[-1 - len(others) // 100]
    # Near 0 there would be some, as the lowest of them lie close together.
    thin = others[0] > 2 * (low - others[0]) and others[0] > low / 4
    return number if low >= FAR_FROM_NOTHING * high and thin else None


def find_weights(features: Sequence[str]) -> Iterator[Finding]:
    """Find columns that say how much a row counts, by their names."""
    for name in features:
        if _WEIGHT.fullmatch(name):
            yield Finding("feature_is_weight", False, {"feature": short(name)})


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
        surely = number <= MOST_PARTS and _PART.fullmatch(name) is not None
        if surely or (number <= FEWEST_PARTS and _PERHAPS_PART.fullmatch(name)):
            yield Finding("feature_is_split", surely, {"feature": short(name)})


def find_row_numbers(names: Sequence[str], x: NDArray[np.float64]) -> Iterator[Finding]:
    """Find columns of (n, d) that number the rows, or things; of tables, it is found before."""
    for i, name in enumerate(names):
        if is_dense(x[:, i], len(names)):
            yield Finding("index_like_feature", True, {"feature": short(name)})


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
