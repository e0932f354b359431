"""What a table's features give away: one that is the label, or that loses its values on the way."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecosobriety.checks import shared_groups
from ecosobriety.checks.group_leaks import distinct_rows, find_group_leaks
from ecosobriety.checks.mistakes import (
    find_copies,
    find_far_values,
    find_splits,
    find_weights,
    find_zeros,
)
from ecosobriety.checks.near_labels import (
    find_like_targets,
    find_near_classes,
    find_near_targets,
    find_one_hot,
    find_thresholds,
)
from ecosobriety.checks.odd_values import (
    find_filled_by_class,
    find_odd_values,
    find_predictions,
    find_swapped,
)
from ecosobriety.checks.two_units import find_units
from ecosobriety.datasets.findings import Finding, short
from ecosobriety.datasets.spread import vary
from ecosobriety.errors import DataError

CHANCE = 0.01
"""A feature that fits the labels is named if chance would make one do so less often than this."""
FEW_VALUES = 20
"""A feature with fewer values puts no targets in their order."""
ROUNDING = 1e-13
"""What computing leaves of 64 bits, of a column's largest size."""
LOST_SHARE = 0.1
"""Share of a feature's distinct values that may merge in float32 before it is named."""
MAX_NAMED = 5
"""Features that are the same in all rows."""
BLOCK_VALUES = 1 << 21
"""Values that are looked at at once, which bounds the memory."""


@dataclass(frozen=True, eq=False)
class _Groups:
    """Rows in the order of their labels, and where each distinct label starts."""

    order: NDArray[np.int64]
    starts: NDArray[np.int64]

    @property
    def sizes(self) -> NDArray[np.int64]:
        return np.diff(self.starts, append=len(self.order))


def examine(
    x: NDArray[Any], y: NDArray[Any], features: Sequence[str], *, classes: bool
) -> tuple[Finding, ...]:
    """Look at every feature of the training part.

    Args:
        x: (n, d) numbers.
        y: (n,) class indices, or the targets of a regression.
        features: names of the d columns.
        classes: whether `y` holds classes.
    """
    groups = _grouped(y)
    labels = np.empty(len(y), np.int64)
    labels[groups.order] = np.repeat(np.arange(len(groups.starts)), groups.sizes)
    halves = shared_groups.as_classes(y)
    width = max(1, BLOCK_VALUES // len(x))
    found: list[Finding] = []
    constant: list[str] = []
    for first in range(0, x.shape[1], width):
        block = np.ascontiguousarray(x[:, first : first + width].T)
        names = features[first : first + width]
        low, high = _ranges(block, groups)
        varies = vary(low.min(axis=1), high.max(axis=1))
        constant += [name for name, v in zip(names, varies, strict=True) if not v]
        if classes:
            reported = [*_of_classes(names, low, high, groups, x.shape[1])]
        else:
            reported = [*_of_targets(names, low, high, groups, x.shape[1], varies)]
        ordered = np.sort(block.astype(np.float64), axis=1)
        distinct = 1 + np.count_nonzero(np.diff(ordered, axis=1), axis=1)
        slips = [*find_far_values(names, ordered, distinct), *find_units(names, ordered, distinct)]
        slips += [*find_zeros(names, ordered, distinct), *find_weights(names)]
        slips += [*find_odd_values(names, ordered, distinct), *find_predictions(names)]
        found += [*slips, *find_splits(names, distinct)]
        # What says all by itself is named already.
        known = {finding.values["feature"] for finding in reported}
        ordering: set[str] = set()
        if classes:
            near = [*find_near_classes(names, block, labels, distinct)]
            orders = [*find_thresholds(names, block, labels, distinct)]
            ordering, near = {one.values["feature"] for one in orders}, near + orders
            found += [finding for finding in near if finding.values["feature"] not in known]
            found += find_filled_by_class(names, block, labels)
        else:
            found += find_near_targets(names, block, y)
        lost = _losses(names, ordered, distinct)
        leaks = [*find_group_leaks(block, labels, distinct, x, classes=classes)]
        kinds = labels if classes else halves
        found += _groups(names, block, kinds, distinct, leaks, x, numeric=not classes)
        found += reported + lost
        found += [
            Finding("values_of_one_class", certain, {"feature": name, "values": int(distinct[i])})
            for i, certain in leaks
            if (name := short(names[i])) not in known and (certain or name not in ordering)
        ]
    found += [*find_copies(x, features), *find_swapped(x, features)]
    if classes:
        found += find_one_hot(x, labels, features)
    else:
        known_alone = {finding.values.get("feature") for finding in found if finding.headline}
        found += [
            finding
            for finding in find_like_targets(features, x, y)
            if finding.values.get("feature", "") not in known_alone
        ]
    if constant:
        values = {"count": len(constant), "names": [short(name) for name in constant[:MAX_NAMED]]}
        found.append(Finding("features_constant", False, values))
    return tuple(found)


def _groups(
    names: Sequence[str],
    block: NDArray[Any],
    classes: NDArray[np.int64],
    distinct: NDArray[np.int64],
    leaks: Sequence[tuple[int, bool]],
    x: NDArray[Any],
    *,
    numeric: bool,
) -> Iterator[Finding]:
    """Features (d, n) that number groups of rows, but those that leak the label altogether."""
    leaking = {i for i, _ in leaks}
    rows: int | None = None
    for i, name in enumerate(names):
        if i in leaking or not shared_groups.are_groups(int(distinct[i]), len(classes)):
            continue
        if shared_groups.has_a_crowd(block[i]):
            continue
        if (found := shared_groups.shares(block[i], classes, ordered=True)) is not None:
            # A row that is there twice says nothing of a group.
            rows = distinct_rows(x) if rows is None else rows
            if not shared_groups.are_groups(int(distinct[i]), rows):
                continue
            yield shared_groups.said_of(short(name), found, numeric=numeric)


def standing_apart(x: NDArray[np.float64], y: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Which of some numbers (n, d) have a range of its own in a class of (n,), by no chance.

    Returns:
        Places of numbers, each with such a class.
    """
    groups = _grouped(y)
    if len(groups.starts) < 2:
        return []
    low, high = _ranges(np.ascontiguousarray(x.T), groups)
    above, below = low > _highest_other(high), high < -_highest_other(-low)
    classes, ways = y[groups.order[groups.starts]], math.log(2 * len(groups.starts))
    no_chance = [
        _is_no_chance(ways, np.array([size, len(y) - size]), x.shape[1]) for size in groups.sizes
    ]
    found = np.argwhere((above | below) & no_chance).tolist()
    return [(place, int(classes[i])) for place, i in found]


def _highest_other(values: NDArray[Any]) -> NDArray[Any]:
    """(d, groups) the highest value of all groups but one, for each."""
    highest, others = values.max(axis=1, keepdims=True), np.sort(values, axis=1)[:, -2:-1]
    return np.where(np.arange(values.shape[1]) == values.argmax(axis=1)[:, None], others, highest)


def _grouped(y: NDArray[Any]) -> _Groups:
    order = np.argsort(y, kind="stable")
    return _Groups(order, np.flatnonzero(np.diff(y[order], prepend=np.nan) != 0))


def _ranges(block: NDArray[Any], groups: _Groups) -> tuple[NDArray[Any], NDArray[Any]]:
    """(d, groups) the lowest and the highest value of each feature in each group."""
    ordered = block[:, groups.order]
    return (
        np.minimum.reduceat(ordered, groups.starts, axis=1),
        np.maximum.reduceat(ordered, groups.starts, axis=1),
    )


def _of_classes(
    names: Sequence[str], low: NDArray[Any], high: NDArray[Any], groups: _Groups, d: int
) -> Iterator[Finding]:
    """Features that have one value in each class, or a range of its own for each class."""
    by_low = np.argsort(low, axis=1, kind="stable")
    lows, highs = (np.take_along_axis(a, by_low, axis=1) for a in (low, high))
    apart = (highs[:, :-1] < lows[:, 1:]).all(axis=1)
    pure = (low == high).all(axis=1)
    for i in np.flatnonzero(apart | pure).tolist():
        distinct, place = np.unique(low[i], return_inverse=True)
        if len(distinct) < 2:
            continue
        sizes = np.bincount(place.reshape(-1), weights=groups.sizes)
        ways = len(groups.sizes) * math.log(len(distinct)) if pure[i] else 0.0
        if not pure[i]:
            sizes, ways = groups.sizes, math.lgamma(len(groups.sizes) + 1)
        if not _is_no_chance(ways, sizes, d):
            continue
        if not pure[i]:
            id = "feature_orders_classes"
        else:
            id = "label_copy" if len(distinct) == len(groups.sizes) else "feature_follows_classes"
        yield Finding(id, True, {"feature": short(names[i])})


def _of_targets(
    names: Sequence[str],
    low: NDArray[Any],
    high: NDArray[Any],
    groups: _Groups,
    d: int,
    varies: NDArray[np.bool_],
) -> Iterator[Finding]:
    """Features that only grow, or only fall, as the target grows."""
    if len(groups.sizes) < 2 or not _is_no_chance(math.log(2), groups.sizes, d):
        return
    grows = (high[:, :-1] <= low[:, 1:]).all(axis=1)
    falls = (low[:, :-1] >= high[:, 1:]).all(axis=1)
    # A feature with few values orders few targets.
    distinct = np.array([len(np.unique(row)) for row in low]) if (grows | falls).any() else None
    for i in np.flatnonzero((grows | falls) & varies).tolist():
        if distinct is not None and distinct[i] >= min(FEW_VALUES, len(groups.sizes) / 2):
            yield Finding("feature_orders_target", True, {"feature": short(names[i])})


def _is_no_chance(log_ways: float, sizes: NDArray[Any], d: int) -> bool:
    """Whether labels in a random order would hardly ever fit one of d features so.

    Of all orders of labels with these counts, that is the share of those that fit.
    """
    log_orders = math.lgamma(sizes.sum() + 1) - sum(math.lgamma(size + 1) for size in sizes)
    return math.log(d) + log_ways - log_orders < math.log(CHANCE)


def _losses(
    names: Sequence[str], values: NDArray[np.float64], before: NDArray[np.int64]
) -> list[Finding]:
    """Features whose values merge when, standardised, they become float32.

    Args:
        names: of d features.
        values: (d, n) of each, from the lowest to the highest; they are standardised in place.
        before: (d,) how many different ones there are.
    """
    with np.errstate(over="ignore"):
        mean, deviation = values.mean(axis=1, keepdims=True), values.std(axis=1, keepdims=True)
    for i in np.flatnonzero(~np.isfinite(mean[:, 0]) | ~np.isfinite(deviation[:, 0])).tolist():
        raise DataError(
            f'the column "{short(names[i])}" goes from {values[i, 0]:g} to {values[i, -1]:g}, '
            "which is too far for a mean and a deviation: use another unit"
        )
    largest = np.abs(values[:, [0, -1]]).max(axis=1)
    values -= mean
    values /= np.where(deviation > 0, deviation, 1.0)
    after = 1 + np.count_nonzero(np.diff(values.astype(np.float32), axis=1), axis=1)
    found = []
    for i in np.flatnonzero(after < (1 - LOST_SHARE) * before).tolist():
        # 0.1 + 0.2 is 0.30000000000000004: what was computed differs by its rounding.
        same = ROUNDING * largest[i] / (deviation[i, 0] or 1.0)
        different, left = 1 + int(np.count_nonzero(np.diff(values[i]) > same)), int(after[i])
        if left < (1 - LOST_SHARE) * different:
            values_of = {"feature": short(names[i]), "before": different, "after": left}
            found.append(Finding("feature_values_merge", left * 2 < different, values_of))
    return found
