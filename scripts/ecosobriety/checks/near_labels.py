"""Features that are the label itself in nearly all rows: a copy that somebody has corrected since.

What is the label in all rows is found by `gate`.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ecosobriety.checks.sums import (
    NEARLY_SUM,
    ROUNDED,
    SOME_TARGETS,
    as_sum,
    mostly_sum,
    rounding,
)
from ecosobriety.datasets.findings import MAX_LISTED, Finding, short

NEARLY = 0.95
"""Share of the rows in which a feature gives the class away."""
FEWER_ERRORS = 0.25
"""Of those of always answering the commonest class: where that is right in 94 % of the rows, 95 %
are nothing."""
RARE = 0.035
"""Share of the rows of a class that need not be given away, if all such classes are few rows."""
VALUES_PER_CLASS = 3
"""A feature with more values is no other spelling of the label."""
TWO, FEWEST_MARKED, MOST_CLASSES = 2, 3, 100
"""Classes that features of two values may mark, each its own."""
MOST_PARTED = 20
"""Classes that thresholds may part."""
BY_THRESHOLD, SURELY, ERRORS = 0.98, 0.995, 0.05
"""Share of the rows in which thresholds give the class away, to be named or to stand beside the
answer; and what is left of the errors of always answering the commonest class."""
SAMPLED, SAMPLE_FEWEST = 2**16, 20
"""Rows that say so, and rows of each class."""
DIGITS = 9
"""Of two ratios that are one."""
COPIED = 0.5
"""Share of the rows in which a target is the same multiple of a feature."""
LIKE, VERY_LIKE, EXACTLY = 0.995, 0.999, 1e-10
"""Share of the target's variance that one feature, or a weighted sum of them, says: to be named, to
stand beside the answer, and what is left of it if that is a formula."""
SUMS = ("target_is_sum", "target_like_sum")
MOST_SUMMED = 64
SAMPLE, MOST_VALUES = 4096, 2**22
"""Rows, and values in them, that rule most features out."""


def find_near_classes(
    names: Sequence[str],
    block: NDArray[np.float64],
    labels: NDArray[np.int64],
    distinct: NDArray[np.int64],
) -> Iterator[Finding]:
    """Find features of few values that are another spelling of the class in nearly all rows.

    Args:
        names: of d features.
        block: (d, n) their values.
        labels: (n,) classes, from 0 on.
        distinct: (d,) how many different values each has.
    """
    every, classes = block, labels
    block, labels = _without_rare(block, labels)
    counts = np.bincount(labels)
    if len(counts) > MOST_CLASSES:
        return
    most = 1 - FEWER_ERRORS * (1 - counts.max() / len(labels))
    some = slice(None, None, max(1, len(labels) // SAMPLE))
    few = (distinct >= len(counts)) & (distinct <= VALUES_PER_CLASS * len(counts))
    for i in np.flatnonzero(few).tolist():
        if _agreement(block[i, some], labels[some], len(counts)) < NEARLY - 0.05:
            continue
        share = _agreement(block[i], labels, len(counts))
        # What is said holds of all rows.
        table = _table(every[i], classes, int(classes.max()) + 1)
        of_all = float(table.max(axis=1).sum() / len(classes))
        if max(NEARLY, most) <= share and of_all < 1:
            yield Finding("label_nearly", True, {"feature": short(names[i]), "share": of_all})


def _without_rare(
    block: NDArray[np.float64], labels: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The rows of common classes: what holds in nearly all of these, a few slips cannot hide.

    Returns:
        Values (d, m) and classes (m,) from 0 on.
    """
    counts = np.bincount(labels)
    common = counts > RARE * len(labels)
    if common.all() or common.sum() < TWO or counts[common].sum() < NEARLY * len(labels):
        return block, labels
    kept = common[labels]
    return block[:, kept], (np.cumsum(common) - 1)[labels[kept]]


def find_thresholds(
    names: Sequence[str],
    block: NDArray[np.float64],
    labels: NDArray[np.int64],
    distinct: NDArray[np.int64],
) -> Iterator[Finding]:
    """Find features whose thresholds part the classes in nearly all rows; as above.

    So does the score of another model, a clock, or what is known after the label only.
    """
    every, classes = block, labels
    block, labels = _without_rare(block, labels)
    counts = np.bincount(labels)
    if not TWO <= len(counts) <= MOST_PARTED or counts.min() < SAMPLE_FEWEST:
        return
    least = max(BY_THRESHOLD, 1 - ERRORS * (1 - counts.max() / len(labels)))
    some, more = (slice(None, None, max(1, len(labels) // n)) for n in (SAMPLE, SAMPLED))
    for i in np.flatnonzero(distinct > VALUES_PER_CLASS * len(counts)).tolist():
        if _parted(block[i, some], labels[some], len(counts)) < least - 0.02:
            continue
        share = _parted(block[i, more], labels[more], len(counts))
        of_all = _parted(every[i], classes, int(classes.max()) + 1)
        if least <= share and of_all < 1:
            values = {"feature": short(names[i]), "share": of_all}
            yield Finding("feature_nearly_orders", share >= SURELY, values)


def _parted(values: NDArray[np.float64], labels: NDArray[np.int64], classes: int) -> float:
    """The share of rows that the best thresholds put between those of their class."""
    parts = [np.sort(values[labels == of]) for of in range(classes)]
    parts = sorted((part for part in parts if len(part)), key=lambda part: part[len(part) // 2])
    wrong = 0
    for low, high in pairwise(parts):
        ends = np.concatenate([low, high])
        above = len(low) - np.searchsorted(low, ends, side="right")
        wrong += int((above + np.searchsorted(high, ends, side="right")).min())
    return 1 - wrong / len(labels)


def find_one_hot(
    x: NDArray[np.float64], labels: NDArray[np.int64], features: Sequence[str]
) -> Iterator[Finding]:
    """Find features of two values, one for each of three classes or more, that mark the classes.

    Args:
        x: (n, d) numbers.
        labels: (n,) classes, from 0 on.
        features: names of the d columns.
    """
    counts = np.bincount(labels)
    if len(counts) == TWO:
        yield from _others_marked(x, labels, features)
    if not FEWEST_MARKED <= len(counts) <= MOST_CLASSES:
        return
    step = max(1, len(x) // max(1, min(SAMPLE, MOST_VALUES // x.shape[1])))
    marks = _marks(x[::step], labels[::step], len(counts), NEARLY - 0.15)
    # Of the last class, no feature need say anything.
    if len(marks) < len(counts) - 1:
        return
    places = [place for place, _ in marks.values()]
    some = x[:, places]
    exact = _marks(some, labels, len(counts), NEARLY - 0.1)
    if len(exact) < len(counts) - 1:
        return
    said = np.full(len(x), next(iter({*range(len(counts))} - {*exact}), 0))
    for of, (place, high) in exact.items():
        said[(some[:, place] == some[:, place].max()) == high] = of
    share = float((said == labels).mean())
    if share >= max(NEARLY, 1 - FEWER_ERRORS * (1 - counts.max() / len(labels))):
        names = [short(features[places[place]]) for place, _ in exact.values()]
        yield Finding("label_one_hot", True, {"names": names, "share": share})


def _others_marked(
    x: NDArray[np.float64], labels: NDArray[np.int64], features: Sequence[str]
) -> Iterator[Finding]:
    """Find marks of all classes but one, where the label says whether it is that one."""
    step = max(1, len(x) // max(1, min(SAMPLE, MOST_VALUES // x.shape[1])))
    some, known = x[::step], labels[::step]
    two = np.flatnonzero(((some == 0) | (some == 1)).all(axis=0) & (some.max(axis=0) == 1))
    for one in (0, 1):
        chosen = known == one
        # A mark of another class is never set where the label says one.
        never = two[~some[:, two][chosen].any(axis=0)]
        if len(never) < TWO or not (some[:, never].sum(axis=1) == ~chosen).mean() >= NEARLY:
            continue
        share = float((x[:, never].sum(axis=1) == (labels != one)).mean())
        if share >= NEARLY:
            names = [short(features[i]) for i in never.tolist()]
            yield Finding("label_one_hot", True, {"names": names, "share": share})
            return


def _marks(
    x: NDArray[np.float64], labels: NDArray[np.int64], classes: int, least: float
) -> dict[int, tuple[int, bool]]:
    """By class, the column of two values that marks it, and whether its higher value does."""
    ends = x.min(axis=0), x.max(axis=0)
    two = np.flatnonzero(((x == ends[0]) | (x == ends[1])).all(axis=0) & (ends[0] < ends[1]))
    rows = np.eye(classes)[labels]
    found: dict[int, tuple[float, int, bool]] = {}
    for high in (True, False):
        marked = (x[:, two] == (ends[1] if high else ends[0])[two]).astype(np.float64)
        both = marked.T @ rows
        # Of those marked, of the class, and of the class those marked: as many as both.
        larger = np.maximum(marked.sum(axis=0)[:, None], rows.sum(axis=0)[None])
        shares = both / np.maximum(larger, 1)
        for of in range(classes if len(two) else 0):
            best = int(shares[:, of].argmax())
            if shares[best, of] >= max(least, found.get(of, (0.0,))[0]):
                found[of] = (float(shares[best, of]), int(two[best]), high)
    return {of: (place, high) for of, (_, place, high) in found.items()}


def _agreement(values: NDArray[np.float64], labels: NDArray[np.int64], classes: int) -> float:
    """The share of rows whose class is the commonest one of their value, of different values."""
    table = _table(values, labels, classes)
    if len({*table.argmax(axis=1).tolist()}) < classes:
        return 0.0
    return float(table.max(axis=1).sum() / len(labels))


def _table(
    values: NDArray[np.float64], labels: NDArray[np.int64], classes: int
) -> NDArray[np.int64]:
    """(different values, classes) how many rows have both."""
    known, place = np.unique(values, return_inverse=True)
    table = np.bincount(place.reshape(-1) * classes + labels, minlength=len(known) * classes)
    return table.reshape(len(known), classes)


def find_near_targets(
    names: Sequence[str], block: NDArray[np.float64], y: NDArray[np.float64]
) -> Iterator[Finding]:
    """Find features of which the target is one and the same multiple in most rows.

    Args:
        names: of d features.
        block: (d, n) their values.
        y: (n,) targets.
    """
    some = np.arange(0, len(y), max(1, len(y) // SAMPLE))
    rows = some[y[some] != 0]
    targets = y[rows]
    if len(rows) < SOME_TARGETS:
        return
    for i, name in enumerate(names):
        values = block[i, rows]
        known = values != 0
        ratios = _to_digits(np.divide(targets, values, out=np.ones(len(rows)), where=known))
        same, counts = np.unique(ratios[known], return_counts=True)
        if not len(counts) or counts.max() < COPIED * len(rows):
            continue
        alike = known & (ratios == same[counts.argmax()])
        # Of all rows: a target of 0 is a multiple of 0 alone.
        nothing = np.count_nonzero((y[some] == 0) & (block[i, some] == 0))
        share = float(alike.sum() + nothing) / len(some)
        # What is so in all rows is in their order, which is found elsewhere.
        if len(np.unique(targets[alike])) >= SOME_TARGETS and share < 1:
            yield Finding("target_nearly", True, {"feature": short(name), "share": share})


def _to_digits(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rounded to as many digits, whatever their size; none is 0."""
    last = 10.0 ** (np.floor(np.log10(np.abs(values))) + 1 - DIGITS)
    found: NDArray[np.float64] = np.round(values / last)
    return found * last


def explained(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """(d,) the share of the variance of targets (n,) that each of (n, d) columns says."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        about = y - y.mean()
        centred = x - x.mean(axis=0)
        said = (about @ centred) ** 2 / ((centred**2).sum(axis=0) * (about**2).sum())
    return np.where(np.isfinite(said), said, 0.0)


def find_like_targets(
    names: Sequence[str], x: NDArray[np.float64], y: NDArray[np.float64]
) -> Iterator[Finding]:
    """Find a feature that says nearly all of the target, and features whose sum it is.

    Args:
        names: of d features.
        x: (n, d) numbers.
        y: (n,) targets.
    """
    rows = np.arange(0, len(y), max(1, len(y) // SAMPLE))
    some, targets = x[rows], y[rows]
    if len(rows) < SOME_TARGETS or len(np.unique(targets)) < SOME_TARGETS:
        return
    said = explained(some, targets)
    alike = np.flatnonzero((said >= LIKE) & (said < 1 - EXACTLY)).tolist()
    for i in alike:
        shown = {"feature": short(names[i]), "share": float(said[i])}
        yield Finding("feature_like_target", bool(said[i] >= VERY_LIKE), shown)
    d = x.shape[1]
    if alike or said.max(initial=0.0) >= 1 - EXACTLY or not 2 <= d <= MOST_SUMMED:
        return
    if len(rows) < 3 * d:
        return
    parts, left = as_sum(some, targets)
    exactly = share = 0.0
    if left <= 1 - NEARLY_SUM:
        found, exactly, share = mostly_sum(some, targets, rounding(some, targets))
        parts = found if exactly >= NEARLY_SUM else parts
    chosen = np.flatnonzero(parts > 1e-3 * parts.max())
    if len(chosen) < 2 or (exactly < NEARLY_SUM and left > ROUNDED):
        return
    most = chosen[np.argsort(-parts[chosen], kind="stable")][:MAX_LISTED]
    listed = [short(names[i]) for i in most.tolist()]
    if exactly >= NEARLY_SUM:
        yield Finding("target_is_sum", True, {"names": listed, "share": share})
    else:
        yield Finding("target_like_sum", True, {"names": listed, "share": 1 - left})
