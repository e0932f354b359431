"""What the order of a table's rows gives away, before they are split: series, shifts, standstills.

A study draws its test rows at random. Of a series in time or space, or of persons with several rows
each, test rows then have their neighbours in the training part, which look like them.
"""

import math
import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecosobriety.checks.mistakes import SEVERAL, SOME, is_dense, plain
from ecosobriety.datasets.examples import Examples
from ecosobriety.datasets.findings import MAX_LISTED, Finding, short

FEWEST_ROWS, APART, PLACES = 200, 25, 4096
"""Rows of a table; rows between two that are compared with neighbours; and such pairs."""
FOLLOWS, STAYS = 0.3, 0.2
"""Squares of differences between neighbours, by those of rows apart; and these by those of any two
rows: of a table that is sorted by a feature, rows apart are alike, too."""
_CALENDAR = re.compile(
    r"(.*[-_ .])?(year|yr|quarter|month|mnth|week|weekday|wday|wd|dow|doy|day|hour|hr|minute|season"
    r"|holiday)(s?[-_ .]?of[-_ .]?\w+)?",
    re.IGNORECASE,
)
"""Names of columns that say when a row is of, such as a weekday, which changes in each of them."""
FEWEST_PAIRS = 100
MOST_PAIRS, MOST_VALUES, NEARER = 1000, 1024, 0.25
"""Pairs of examples that are compared, values of each, and the share of pairs that are much nearer
than chance, less the share that are much farther: where the order says nothing, both are one."""
PERSONS = (1, 2, 3)
"""Rows of one person, one after another; from four on, most neighbours are of one."""
SHIFTED, FIRST_ROWS, FEWEST_TARGETS = 0.95, 1000, 20
"""Share of the rows in which a feature is the target of another row; those that rule most out; and
different targets."""
MOST_LAG, PIECE = 31, 8
"""Rows between these two, and a piece of a feature that is looked for among the targets."""
CHANCE = 1e-6
SHORTEST, STEADY, SORTED = 10, 0.2, 0.9
"""Rows of a standstill; share of equal neighbours elsewhere; and of steps in one direction."""


def examine(
    x: NDArray[np.float64], y: NDArray[np.float64], names: Sequence[str], *, classes: bool
) -> Iterator[Finding]:
    """Look at all rows of a table in their order.

    Args:
        x: (n, d) numbers.
        y: (n,) class indices, or the targets of a regression.
        names: of the d columns.
        classes: whether `y` holds classes.
    """
    if len(x) < FEWEST_ROWS:
        return
    yield from _series(x, y, names, classes=classes)
    if not classes:
        yield from _shifted(x, y, names)
    yield from _lagged(x, names)
    for i, name in enumerate(names):
        if (found := _standstill(x[:, i])) is not None:
            number, value = found
            shown = {"feature": short(name), "number": number, "value": plain(value)}
            yield Finding("feature_stands_still", False, shown)


def find_following(x: Examples, classes: NDArray[Any] | None) -> Iterator[Finding]:
    """Images or signals like the next of their class: frames of a video, or several of one thing.

    Args:
        x: (n, *shape) all examples, in the order of their files or rows.
        classes: (n,) class indices; None: of a regression.
    """
    if x.dtype != np.uint8 and x.dtype.kind != "f":
        return
    random = np.random.default_rng(0)
    pairs = []
    for one in [None] if classes is None else np.unique(classes):
        rows = np.arange(len(x)) if one is None else np.flatnonzero(classes == one)
        n = len(rows)
        if n > SEVERAL:
            # Any other one of the class but the neighbours.
            away = (np.arange(n - 1) + random.integers(2, n - 1, n - 1)) % n
            pairs.append(np.stack([rows[:-1], rows[1:], rows[away]]))
    together = np.concatenate([*pairs, np.empty((3, 0), np.int64)], axis=1)
    number = together.shape[1]
    if number < FEWEST_ROWS:
        return
    chosen = together[:, np.linspace(0, number - 1, min(number, MOST_PAIRS)).astype(np.int64)]
    here, near, far = (_shapes(x.select(rows)) for rows in chosen)
    one, other = ((there - here) ** 2 for there in (near, far))
    nearer, farther = one.sum(axis=1), other.sum(axis=1)
    alike = (nearer < farther) & (nearer <= FOLLOWS * farther)
    unlike = (farther < nearer) & (farther <= FOLLOWS * nearer)
    if alike.mean() - unlike.mean() < NEARER:
        return
    # What is sorted goes in one direction, and is no series.
    along = np.linalg.svd(here - here.mean(axis=0), full_matrices=False)[2][0]
    rises = (((far - here) @ along > 0) == (chosen[2] > chosen[0])).mean()
    if max(rises, 1 - rises) < SORTED:
        yield Finding("examples_follow", False, {"share": float(alike.mean())})


def _shapes(x: Examples) -> NDArray[np.float64]:
    """(n, values) some values of each example, less their mean: light alone makes no two alike."""
    values = int(np.prod(x.shape[1:]))
    places = np.linspace(0, values - 1, min(values, MOST_VALUES)).astype(np.int64)
    some = [chunk.reshape(len(chunk), -1)[:, places].astype(np.float64) for chunk in x.chunks()]
    found = np.concatenate(some)
    shapes: NDArray[np.float64] = found - found.mean(axis=1, keepdims=True)
    return shapes


def find_counting_targets(y: NDArray[np.float64]) -> tuple[Finding, ...]:
    """Targets (n,) that number the rows, or things: an identifier, most likely."""
    steps = np.diff(y)
    steady = len(y) > SOME and steps[0] != 0 and bool((steps == steps[0]).all())
    return (Finding("target_like_index", True, {}),) if steady or is_dense(y, 1) else ()


def _series(
    x: NDArray[np.float64], y: NDArray[np.float64], names: Sequence[str], *, classes: bool
) -> Iterator[Finding]:
    """Features whose neighbouring rows are alike, where rows a bit apart are not."""
    n = len(x)
    varies = np.array([len(np.unique(column[:: max(1, n // PLACES)])) > SEVERAL for column in x.T])
    found = np.zeros(x.shape[1], bool)
    for apart in (APART, n // 10):
        found |= _follow(x, y if classes else None, apart)
    measured = varies & ~np.array([_CALENDAR.fullmatch(name) is not None for name in names])
    for kept in (varies, measured):
        follows = kept & found
        # What changes in each row is no series, as where a few factors are varied one by one.
        if follows.sum() >= max(1, 2 / 3 * kept.sum()):
            listed = [short(names[i]) for i in np.flatnonzero(follows)[:MAX_LISTED]]
            yield Finding("rows_follow", False, {"names": listed})
            return


def _follow(
    x: NDArray[np.float64], labels: NDArray[np.float64] | None, apart: int
) -> NDArray[np.bool_]:
    """(d,) whether neighbouring rows of one class are much more alike than rows so far apart."""
    n = len(x)
    places = np.unique(np.linspace(0, n - 1 - apart, min(PLACES, n - apart)).astype(np.int64))
    some = x[places]
    # A few values far away would decide all squares.
    low, high = np.quantile(some, [0.02, 0.98], axis=0)
    same = [np.ones(len(places), bool)] * 2
    if labels is not None:
        same = [labels[places] == labels[places + lag] for lag in (1, apart)]
    none: NDArray[np.bool_] = np.zeros(x.shape[1], bool)
    if min(chosen.sum() for chosen in same) < FEWEST_PAIRS:
        return none
    here, near, far = (np.clip(x[places + lag], low, high) for lag in (0, 1, apart))
    near_by = (near - here) ** 2
    far_off = ((far - here)[same[1]] ** 2).mean(axis=0)
    # Of two or three rows of one person, the last is followed by another one's.
    begins = [places % rows == first for rows in PERSONS for first in range(rows)]
    chosen = [pairs for begin in begins if (pairs := begin & same[0]).sum() >= FEWEST_PAIRS]
    alike = np.any([near_by[pairs].mean(axis=0) <= FOLLOWS * far_off for pairs in chosen], axis=0)
    # What a table is sorted by goes in one direction, and is no series.
    rises = (far >= here).mean(axis=0)
    turns = np.maximum(rises, 1 - rises) < SORTED
    found: NDArray[np.bool_] = turns & alike & (far_off >= STAYS * 2 * here.var(axis=0))
    return found


def _shifted(
    x: NDArray[np.float64], y: NDArray[np.float64], names: Sequence[str]
) -> Iterator[Finding]:
    """Features that are the target of an earlier row, or of a later one."""
    if len(np.unique(y[:FIRST_ROWS])) < FEWEST_TARGETS:
        return
    places = (MOST_LAG, len(y) // 2, len(y) - MOST_LAG - PIECE)
    known: dict[tuple[int, bytes], int] = {}
    for lag in sorted({*range(-MOST_LAG, MOST_LAG + 1)} - {0}, key=abs):
        for at in places:
            known.setdefault((at, _bytes(y[at + lag : at + lag + PIECE])), lag)
    for i, name in enumerate(names):
        column = x[:, i]
        lags = {known.get((at, _bytes(column[at : at + PIECE])), 0) for at in places} - {0}
        for lag in lags:
            later = lag > 0
            parts = (column[:-lag], y[lag:]) if later else (column[-lag:], y[:lag])
            # Where targets stay as they are, it is the target itself.
            if (parts[0] == parts[1]).mean() >= SHIFTED > (column == y).mean():
                id = "feature_is_next_target" if later else "feature_is_last_target"
                yield Finding(id, later, {"feature": short(name)})
                break


def _bytes(values: NDArray[np.float64]) -> bytes:
    """The same for equal values: zero has two signs, and is one number."""
    return (values + 0.0).tobytes()


def _lagged(x: NDArray[np.float64], names: Sequence[str]) -> Iterator[Finding]:
    """A feature that is another one of the row before, as where windows of a series overlap."""
    first = x[:FIRST_ROWS]
    known = {_bytes(column[:-1]): j for j, column in enumerate(first.T)}
    for i, column in enumerate(first.T):
        j = known.get(_bytes(column[1:]), i)
        # What stays as it is is equal to itself.
        if j == i or len(np.unique(column)) < FEWEST_TARGETS or (x[1:, i] != x[:-1, j]).any():
            continue
        if (x[:, i] != x[:, j]).any():
            named = {"feature": short(names[i]), "other": short(names[j])}
            yield Finding("feature_is_lagged", False, named)
            return


def _standstill(values: NDArray[np.float64]) -> tuple[int, float] | None:
    """How many rows one after another have one value, if that is no chance, and which one."""
    n = len(values)
    changes = np.flatnonzero(np.diff(values) != 0)
    if len(changes) < (1 - STEADY) * n - n / 2:
        return None
    starts = np.concatenate([[0], changes + 1])
    lengths = np.diff(starts, append=n)
    longest = int(lengths.argmax())
    number, value = int(lengths[longest]), float(values[starts[longest]])
    others = n - number
    # Nothing at all stays for long.
    if number < SHORTEST or others < FEWEST_ROWS / 2 or value == 0:
        return None
    equal = (n - len(starts) - (number - 1)) / others
    chance = max(equal, 1 / others)
    if equal > STEADY or n * chance ** (number - 1) > CHANCE:
        return None
    steps = np.diff(values)[changes]
    # A column that is sorted has all equal values side by side.
    one_way = max((steps > 0).mean(), (steps < 0).mean())
    elsewhere = int(np.count_nonzero(values == value)) - number
    if one_way >= SORTED or elsewhere > STEADY * number or not math.isfinite(value):
        return None
    return number, value
