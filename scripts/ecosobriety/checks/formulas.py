"""Features that were made of the label, or of which the target is a formula."""

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ecosobriety.checks.sums import FAR, NEARLY_SUM, SINGLE, half_step, mostly_sum
from ecosobriety.datasets.findings import MAX_LISTED, Finding, short
from ecosobriety.datasets.spread import vary

AGREE, EXACT = 0.95, 1e-3
"""Share of the rows whose label has the mean that their feature says; and how far both may be off,
in deviations of the label: such means are rounded."""
FEWEST = 5
"""Different means."""
BIN, CHANCE = 5, 0.01
"""Rows of a bin on average; and features that would look like bins by chance."""
BESIDE, GAP = 10, 2.0
"""Steps between targets of a bin and of the next, beside its end; of values at random, one is so
many times as large as the largest of those beside it in one of 1,000 cases."""
HALF, MEDIANS = 0.45, 100
"""Share of the rows on either side of a median, or on it; and rows whose values are looked at."""
SAMPLE, MOST_FACTORS, FEWEST_TARGETS = 4096, 64, 20
NOTHING = 1e-10
"""Share of a logarithm's variance that is left of what is a product."""
MOST_OF_THEM = 4
"""Columns of a product that is not exact: with more, a sum of trends is one, too."""
PRUNED = 512
"""Rows that say which columns such a product takes."""
HIGHEST_POWER, COARSEST, NEVER_OFF = 3.0, 0.1, 0.99
"""Of a product that was rounded, the highest power, all being whole; what its rounding
may be of its logarithm's deviation; and the share of rows that keep to it, but for slips."""


def find_group_means(
    names: Sequence[str], x: NDArray[np.float64], y: NDArray[np.float64]
) -> Iterator[Finding]:
    """Find features each of whose values is the mean of the label over its rows, or the median.

    So does an encoding of categories by the label, of all rows, with those of the test.

    Args:
        names: of d features.
        x: (n, d) all rows, before they are split.
        y: (n,) the targets of a regression, or 0 and 1 for two classes.
    """
    spread = float(y.std())
    middles = x.mean(axis=0)
    measured = len(np.unique(y[: FEWEST_TARGETS**2])) >= FEWEST_TARGETS
    for i, name in enumerate(names):
        if spread == 0:
            return
        # The mean of the means is that of the label.
        targets = [t for t in (y, 1 - y) if abs(middles[i] - t.mean()) <= EXACT * spread]
        if (targets and _are_means(x[:, i], targets[0], spread)) or (
            measured and _are_medians(x[:, i], y, spread)
        ):
            yield Finding("feature_is_group_mean", True, {"feature": short(name)})


def _are_means(values: NDArray[np.float64], y: NDArray[np.float64], spread: float) -> bool:
    """Whether nearly all values (n,) that come several times are the mean of y (n,) there."""
    order = np.argsort(values)
    ordered = values[order]
    starts = np.flatnonzero(np.append(True, np.diff(ordered) > 0))
    sizes = np.diff(starts, append=len(ordered))
    several = sizes > 1
    if several.sum() < FEWEST or 2 * len(starts) > len(ordered):
        return False
    means = np.add.reduceat(y[order], starts) / sizes
    alike = np.abs(means - ordered[starts]) <= EXACT * spread
    return bool(sizes[alike & several].sum() >= AGREE * sizes[several].sum())


def _are_medians(values: NDArray[np.float64], y: NDArray[np.float64], spread: float) -> bool:
    """Whether each of some values (n,) is the median of y (n,) in its rows, which are several."""
    # Half of the rows are on either side of their median, or on it.
    if min((values <= y).mean(), (values >= y).mean()) < HALF:
        return False
    # Of measured targets one at most is the very median of its rows. Of those in steps many are,
    # and the value before, or what was planned, is their median without being made of them.
    if np.count_nonzero(values == y) > 2 * len(np.unique(values)):
        return False
    known = np.unique(values[:: max(1, len(values) // MEDIANS)])
    for value in known:
        there = y[values == value]
        if len(there) < 2 or abs(np.median(there) - value) > EXACT * spread:
            return False
    return len(known) >= FEWEST


def find_products(
    names: Sequence[str], x: NDArray[np.float64], y: NDArray[np.float64]
) -> Iterator[Finding]:
    """Find a target that is a product of powers of features, such as a ratio of two.

    Args:
        names: of d features.
        x: (n, d) numbers.
        y: (n,) targets.
    """
    rows = np.arange(0, len(y), max(1, len(y) // SAMPLE))
    some, targets = x[rows], y[rows]
    low, high = some.min(axis=0), some.max(axis=0)
    positive = np.flatnonzero((low > 0) & vary(low, high))
    if not 2 <= len(positive) <= MOST_FACTORS or targets.min() <= 0:
        return
    if len(np.unique(targets)) < FEWEST_TARGETS or len(rows) < 3 * len(positive):
        return
    logs, about = np.log(some[:, positive]), np.log(targets)
    logs, about = logs - logs.mean(axis=0), about - about.mean()
    scaled = logs / logs.std(axis=0)
    factors, *_ = np.linalg.lstsq(scaled, about, rcond=None)
    rest = about - scaled @ factors
    parts = np.abs(factors)
    share = 1.0
    if (rest**2).sum() <= NOTHING * (about**2).sum():
        chosen = _needed(scaled[:PRUNED], about[:PRUNED], np.argsort(parts, kind="stable"))
    else:
        powers = np.round(factors / logs.std(axis=0))
        chosen = np.flatnonzero(powers)
        share = _but_for_rounding(some[:, positive[chosen]], powers[chosen], targets)
    if not share:
        # Numbers of things are not rounded, and their product is exact where nothing else counts.
        parts, exactly, share = mostly_sum(logs, about, _rounding(targets[:, None])[:, 0])
        chosen = np.flatnonzero(parts > 1e-3 * parts.max())
        share = share if exactly >= NEARLY_SUM and len(chosen) <= MOST_OF_THEM else 0.0
    if len(chosen) > 1 and share:
        named = [short(names[positive[i]]) for i in chosen[:MAX_LISTED]]
        yield Finding("target_is_product", True, {"names": named, "share": share})


def _needed(
    x: NDArray[np.float64], y: NDArray[np.float64], order: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Which columns of (n, d) it takes to say (n,), where all of them do.

    Where columns are products of each other, all of them seem to have a part.

    Args:
        x: (n, d) numbers.
        y: (n,) numbers.
        order: (d,) the columns, from what most likely is not needed on.
    """
    needed = np.ones(x.shape[1], bool)
    for i in order.tolist():
        needed[i] = False
        factors, *_ = np.linalg.lstsq(x[:, needed], y, rcond=None)
        needed[i] = ((y - x[:, needed] @ factors) ** 2).sum() > NOTHING * (y**2).sum()
    return np.flatnonzero(needed)


def _but_for_rounding(
    x: NDArray[np.float64], powers: NDArray[np.float64], y: NDArray[np.float64]
) -> float:
    """The share of targets (n,) that are a multiple of powers of (n, d), but for being rounded.

    Of what is no such multiple, it is 0.

    Args:
        x: (n, d) positive numbers.
        powers: (d,) of each column.
        y: (n,) positive numbers.
    """
    if not 0 < len(powers) <= MOST_OF_THEM or np.abs(powers).max() > HIGHEST_POWER:
        return 0.0
    about = np.log(y)
    rest = about - np.log(x) @ powers
    off = np.abs(rest - np.median(rest))
    allowed = _rounding(y[:, None])[:, 0] + _rounding(x) @ np.abs(powers)
    # Of coarse numbers, much is a product.
    fine = np.sqrt((allowed**2).mean()) <= COARSEST * about.std()
    share = float((off <= allowed).mean())
    # Rounding is never farther off than it may be; an error of measurement is, in some rows, and
    # seldom far.
    near = float(((off > allowed) & (off <= FAR * allowed)).mean())
    slips = share >= NEARLY_SUM and near <= (1 - share) / 2
    return share if fine and (share >= NEVER_OFF or slips) else 0.0


def _rounding(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, d) by what logarithms of positive numbers may be off, as their columns are rounded."""
    steps = np.array([half_step(column) for column in x.T])
    half: NDArray[np.float64] = np.log1p(steps / x) + SINGLE
    return half


def find_bins(
    names: Sequence[str], x: NDArray[np.float64], y: NDArray[np.float64]
) -> Iterator[Finding]:
    """Find features that are the target in bins, such as rounded, above its median or its decile.

    Each of their values stands for targets of a range of its own, and where one range ends, the
    next begins: kinds of things whose targets differ leave a gap.

    Args:
        names: of d features.
        x: (n, d) numbers.
        y: (n,) targets.
    """
    order = np.argsort(y, kind="stable")
    known, place = np.unique(y, return_inverse=True)
    place, gaps = place.reshape(-1)[order], np.diff(known)
    for i, name in enumerate(names):
        column = x[order, i]
        ends = np.flatnonzero(np.diff(column) != 0)
        number = len(ends) + 1
        if not 2 <= number <= len(y) / BIN or len(np.unique(column)) < number:
            continue
        ranks, others = place[ends], math.lgamma(len(y) + 1) - math.lgamma(number + 1)
        sizes = np.diff(ends, prepend=-1, append=len(y) - 1)
        by_chance = sum(map(math.lgamma, sizes + 1)) - others + math.log(len(names))
        # Equal targets are in one bin.
        if by_chance > math.log(CHANCE) or (place[ends + 1] == ranks).any():
            continue
        if _go_on(gaps, ranks):
            shown = {"feature": short(name), "number": number}
            yield Finding("feature_bins_target", True, shown)


def _go_on(gaps: NDArray[np.float64], ends: NDArray[np.int64]) -> bool:
    """Whether the ranges that known targets are parted into begin where the one before ends.

    Args:
        gaps: (k,) steps from each target to the next.
        ends: Which of the steps lead from one range to the next.
    """
    steps, is_large = [], []
    for low, at, high in zip([-1, *ends], ends, [*ends[1:], len(gaps)], strict=False):
        beside = gaps[max(low + 1, at - BESIDE) : at], gaps[at + 1 : min(high, at + 1 + BESIDE)]
        steps.append(gaps[at] / max(np.concatenate(beside).max(initial=0.0), NOTHING * gaps[at]))
        is_large.append(min(at - low, high - at) >= BIN)
    # The first and the last bin of what was rounded hold few targets, which lie far apart.
    sizes = np.array(steps)[is_large if any(is_large) else slice(None)] - NOTHING
    return bool((sizes <= GAP).all() and (sizes <= 1).mean() > 1 / 2)
