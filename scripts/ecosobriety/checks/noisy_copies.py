"""Test examples that are training examples but for noise, brightness, compression or a turn.

Whatever is measured fills some dimensions: within a quarter of a distance there are a quarter of
the pairs, or fewer. Copies are another kind of pair: as many are within a distance as within four
times that. Such a step is no chance, whatever the data are.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecosobriety.checks.near_copies import evenly, rare_values
from ecosobriety.checks.twins import find_twins
from ecosobriety.datasets.examples import Examples
from ecosobriety.datasets.findings import Finding

STEP, SAME = 4.0, 2.0
"""Between two distances, and between the numbers of pairs within each: more are no step."""
FINER = 4
"""Distances from one to that of a step from it."""
FEWEST, CROWD = 8, 0.05
"""Pairs that say something; and the share of one part that is near one example, if they are of one
kind by their nature, as signals of one shape and little noise are."""
REPORTED, HEADLINE = 0.01, 0.05
"""Shares of the test examples from which on copies are named, and stand beside the answer."""
MOST_TRAINED, MOST_TESTED = 10_000, 300
"""Examples of either part that are compared."""
BANDS = 10
"""Places of a larger table that are looked at."""
MOST_VALUES = 2**27
AT_ONCE = 64
"""Examples whose means are computed at the same time."""
MANY = 0.7
"""Share of different examples; where there are fewer, they are equal by their nature."""
FEWEST_COLUMNS, MOST_COLUMNS = 3, 64
CONTINUOUS, FEWEST_CONTINUOUS = 0.3, 2
"""Share of different values in a column that goes on without steps, and how many such columns."""
PADDED = 0.01
"""Share of the values of series that are what they were padded with."""
SIDE = 8
"""Cells of an image, in each direction, whose means are compared."""
TABLE_DISTANCES = 1e-5 * STEP ** (np.arange(7 * FINER + 1) / FINER)
"""By the root of the number of columns, of values that are scaled by `_scaled`."""
SIGNAL_DISTANCES = 0.004 * STEP ** (np.arange(3.5 * FINER + 1) / FINER)
"""Between examples that have the mean 0 and the norm 1."""

Equal = Callable[[NDArray[np.int64], NDArray[np.int64]], NDArray[np.bool_]]
"""Which pairs, by their places, are equal or differ otherwise, and so are no noisy copies."""


@dataclass(frozen=True)
class _Group:
    """What is compared: (n, k) known ones, and each (m, k) those asked for, in one of the ways."""

    known: NDArray[Any]
    ways: Sequence[NDArray[Any]]
    equal: Equal


def find_noisy_rows(train: NDArray[np.float64], test: NDArray[np.float64]) -> Iterator[Finding]:
    """Find rows of a table, (n, d) and (m, d), that are copies but for small differences."""
    d = train.shape[1]
    if not FEWEST_COLUMNS <= d <= MOST_COLUMNS:
        return
    some = evenly(train, MOST_TESTED)
    distinct = np.array([len(np.unique(column)) for column in some.T])
    measured = distinct >= CONTINUOUS * len(some)
    if measured.sum() < FEWEST_CONTINUOUS:
        return
    by = evenly(train, MOST_TRAINED)
    groups, shares = [], []
    for known, asked, share in _bands(train, test, int(np.argmax(distinct))):
        shares.append(share / max(1, len(asked)))
        # Rows of common values, such as many zeros, lie close together by their nature.
        asked = asked[rare_values(known, asked).sum(axis=1) >= FEWEST_CONTINUOUS]
        groups.append(_Group(_scaled(by, known), [_scaled(by, asked)], _one_differs(known, asked)))
    if not any(len(group.ways[0]) for group in groups):
        return
    distances = TABLE_DISTANCES * np.sqrt(d)
    counts, _ = _copied(groups, distances, asked_within=distances[-1])
    # Where few settings were tried, rows meet even if each column is put into another order.
    if found := sum(counts):
        draw = np.random.default_rng(0)
        mixed = [
            _Group(draw.permuted(group.known, axis=0), group.ways, lambda i, j: i < 0)
            for group in groups
        ]
        if 2 * sum(_copied(mixed, distances)[0]) >= found:
            return
    # Of each band, as many are of all test rows as lie about there.
    copied = sum(count * share for count, share in zip(counts, shares, strict=True))
    named = [*_named("rows_noisy_copies", copied)]
    # Rows of one category lie together, however they were measured.
    yield from named or find_twins(
        [(group.known[:, measured], group.ways[0][:, measured]) for group in groups]
    )


def _one_differs(known: NDArray[np.float64], asked: NDArray[np.float64]) -> Equal:
    """Rows that are equal but for one value: a thing at another time, or under another setting."""
    return lambda i, j: np.count_nonzero(asked[i] != known[j], axis=1) <= 1


def _scaled(by: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Columns whose middles have one width; of heavy tails, the ends are drawn in."""
    middle = np.median(by, axis=0)
    away = np.abs(by - middle)
    width = np.quantile(away, 0.9, axis=0)
    # What is mostly one value has the width of the others.
    width = np.where(width > 1e-6 * away.max(axis=0), width, away.mean(axis=0))
    width = np.where(width > 0, width, 1.0)
    found: NDArray[np.float64] = np.arcsinh((values - middle) / width)
    return found


def _bands(
    train: NDArray[np.float64], test: NDArray[np.float64], column: int
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64], float]]:
    """Training rows that are close in one column, test rows in their midst, and their share of all.

    Of a copy, the original is in its band. The bands lie evenly, so that what is found in them
    holds of all test rows: what was copied need not be the usual.
    """
    if len(train) <= MOST_TRAINED:
        yield train, evenly(test, MOST_TESTED), 1.0
        return
    order = np.argsort(train[:, column], kind="stable")
    ranks = np.searchsorted(train[order, column], test[:, column]) / len(train)
    half = MOST_TRAINED / 2 / len(train)
    # Farther from the midst, the original may be in no band.
    inner = min(half, 1 / BANDS) / 2
    for centre in (np.arange(BANDS) + 0.5) / BANDS:
        low, high = (int(len(train) * end) for end in (centre - half, centre + half))
        midst = test[np.abs(ranks - centre) <= inner]
        share = float((np.abs(ranks - centre) <= 1 / BANDS / 2).mean())
        yield train[order[max(low, 0) : high]], evenly(midst, MOST_TESTED // BANDS), share


def find_noisy_examples(
    train: Examples, test: Examples, channels: int | None, labels: NDArray[Any] | None = None
) -> Iterator[Finding]:
    """Find images or signals of the test part that are copies, as they are, mirrored or turned.

    Args:
        train: The training part.
        test: The test part, of one type and shape with it.
        channels: Which dimension of an image (counted from 1) holds its colours.
        labels: (n,) the classes of the training part; None: of a regression.
    """
    values = int(np.prod(train.shape[1:]))
    sides = _without(train.shape[1:], channels)
    image = len(sides) == 2 and min(sides) >= SIDE
    if (
        values < MOST_COLUMNS
        or train.dtype.kind == "i"
        or (train.dtype.kind == "u" and train.dtype != np.uint8)
    ):
        return
    # Of series that were padded with -999, the length alone makes some alike.
    if train.dtype.kind == "f" and not image and _is_padded(train.sample()):
        return
    rows = [
        part.evenly(max(1, min(len(part), most, MOST_VALUES // values)))
        for part, most in ((train, MOST_TRAINED), (test, MOST_TESTED))
    ]
    parts = [part.select(chosen) for part, chosen in zip((train, test), rows, strict=True)]
    cells = [
        np.concatenate(
            [
                # A mean of bytes takes four times their memory: of some examples at a time.
                _cells(chunk[first : first + AT_ONCE], channels, image=image)
                for chunk in part.chunks()
                for first in range(0, len(chunk), AT_ONCE)
            ]
        )
        for part in parts
    ]
    (known, kept), (asked, tested) = (_normalised(part) for part in cells)
    if min(len(known), len(asked)) < FEWEST or len(np.unique(known, axis=0)) < MANY * len(known):
        return
    turned = [asked]
    if image:
        squares = asked.reshape(-1, SIDE, SIDE)
        turned = [
            np.rot90(side, turns, axes=(1, 2)).reshape(len(asked), -1)
            for side in (squares, squares[:, :, ::-1])
            for turns in range(4)
        ]

    def equal(i: NDArray[np.int64], j: NDArray[np.int64]) -> NDArray[np.bool_]:
        pairs = zip(parts[1].take(tested[i]), parts[0].take(kept[j]), strict=True)
        return np.array([np.array_equal(a, b) for a, b in pairs], bool)

    (found,), within = _copied([_Group(known, turned, equal)], SIGNAL_DISTANCES)
    if found and labels is not None and _are_one_kind(known, labels[rows[0]][kept], within):
        return
    share = found / len(asked)
    yield from _named("examples_noisy_copies", share, len(train) / len(rows[0]))


def _is_padded(some: NDArray[np.float64]) -> bool:
    """Whether an end of all values stands apart, and comes in many of them."""
    low, high = some.min(), some.max()
    for end in (low, high):
        others = some[some != end]
        if len(others) <= (1 - PADDED) * some.size and len(others):
            return bool(np.abs(others - end).min() > np.ptp(others))
    return False


def _without(shape: Sequence[int], channels: int | None) -> Sequence[int]:
    return [n for i, n in enumerate(shape, start=1) if i != channels]


def _cells(chunk: NDArray[Any], channels: int | None, *, image: bool) -> NDArray[np.float32]:
    """(n, cells) the means of parts of each example."""
    if not image:
        whole = chunk.reshape(len(chunk), -1)
        return _means(whole, 1, SIDE * SIDE)
    if channels is not None:
        chunk = chunk.mean(axis=channels, dtype=np.float32)
    return _means(_means(chunk, 1, SIDE), 2, SIDE).reshape(len(chunk), -1)


def _means(values: NDArray[Any], axis: int, parts: int) -> NDArray[Any]:
    n = values.shape[axis]
    starts = np.linspace(0, n, min(n, parts), endpoint=False).astype(np.int64)
    # Those of a mirrored image must be the mirrored ones.
    after = len(starts) // 2 + 1
    starts[after:] = n - starts[1 : len(starts) - after + 1][::-1]
    sizes = np.diff(starts, append=n).astype(np.float32)
    sums = np.add.reduceat(values, starts, axis=axis, dtype=np.float32)
    shape = [1] * values.ndim
    shape[axis] = len(starts)
    return sums / sizes.reshape(shape)


def _normalised(cells: NDArray[np.float32]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Examples of the mean 0 and the norm 1, and which they are; what is even has no norm."""
    centred = cells.astype(np.float64) - cells.mean(axis=1, keepdims=True, dtype=np.float64)
    norms = np.sqrt((centred**2).sum(axis=1))
    kept = np.flatnonzero(np.isfinite(norms) & (norms > 1e-6 * np.abs(cells).max(axis=1)))
    return (centred[kept] / norms[kept, None]).astype(np.float32), kept


def _copied(
    groups: Sequence[_Group], distances: NDArray[Any], asked_within: float | None = None
) -> tuple[list[int], float]:
    """How many of those asked for are copies of a known one, in each group; and how near.

    Args:
        groups: What is compared.
        distances: From the smallest to the largest, `FINER` of them for each step.
        asked_within: Which are equal is asked of pairs within this distance; None: the smallest.
    """
    pairs, most = np.zeros(len(distances), np.int64), 0
    nearest = []
    for group in groups:
        within, near = _near(group, distances, asked_within or distances[0])
        pairs += within
        nearest.append(near)
        most = max(most, len(group.known))
    for place in range(len(distances) - FINER):
        if pairs[place] >= FEWEST and pairs[place + FINER] <= SAME * pairs[place]:
            copied = [int(np.count_nonzero(near <= place + FINER)) for near in nearest]
            if pairs[place + FINER] > max(1, CROWD * most) * sum(copied):
                break
            return copied, float(distances[place + FINER])
    return [0] * len(groups), 0.0


def _near(
    group: _Group, distances: NDArray[Any], asked_within: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """How many pairs are within each distance, and where the nearest of each one asked for is."""
    pairs, known = np.zeros(len(distances), np.int64), group.known
    nearest = np.full(len(group.ways[0]), len(distances))
    sizes = (known**2).sum(axis=1)
    for way in group.ways:
        for first in range(0, len(way), 100):
            part = way[first : first + 100]
            squares = part @ known.T
            squares *= -2
            squares += sizes
            squares += (part**2).sum(axis=1)[:, None]
            within = squares <= distances[-1] ** 2
            i, j = np.nonzero(within)
            near = squares[i, j]
            if way is group.ways[0]:
                close = near <= asked_within**2
                differs = np.ones(len(near), bool)
                differs[close] = ~group.equal(first + i[close], j[close])
                i, near = i[differs], near[differs]
            places = np.searchsorted(distances**2, near)
            pairs += np.cumsum(np.bincount(places, minlength=len(distances))[: len(distances)])
            np.minimum.at(nearest, first + i, places)
    return pairs, nearest


def _are_one_kind(known: NDArray[Any], labels: NDArray[Any], within: float) -> bool:
    """Whether most examples of a class are as near to each other, as scans of one letter are."""
    some = known[:: max(1, len(known) // MOST_TESTED)]
    own = labels[:: max(1, len(known) // MOST_TESTED)][:, None] == labels
    squares = (some**2).sum(axis=1)[:, None] + (known**2).sum(axis=1) - 2 * some @ known.T
    near = (squares <= within**2) & own
    # Each is near to itself.
    shares = (near.sum(axis=1) - 1) / np.maximum(own.sum(axis=1) - 1, 1)
    return bool(np.median(shares) >= 1 / 2)


def _named(id: str, share: float, times: float = 1.0) -> Iterator[Finding]:
    # How many copies one has is not known: `times` as many may have theirs among all, or no more.
    if share * times >= REPORTED:
        yield Finding(id, share * times >= HEADLINE, {"share": share})
