"""Whether all examples are on one scale: the training part beside the test part, and all of one."""

from math import lgamma, log, prod, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecosobriety.checks.mistakes import plain
from ecosobriety.checks.scaled_apart import FEW, find_scaled_apart
from ecosobriety.checks.series import goes_on, runs_on
from ecosobriety.datasets.examples import Examples
from ecosobriety.datasets.findings import Finding
from ecosobriety.datasets.inputs import VECTOR_DIMENSIONS, Checked
from ecosobriety.errors import DataError

SHIFTED = "set dataset.test_shifted: true"
"""Where the test part is meant to lie elsewhere."""
LOOKED_AT = 50
"""So many of large examples are looked at."""
REFUSED_RATIO, REPORTED_RATIO = 8.0, 2.0
"""Between the spreads of training and test part: refused as another scale, or reported."""
REFUSED_SHIFT, REPORTED_SHIFT = 4.0, 1.0
"""The same for the distance of their means, in standard deviations."""
MOVED, SPREAD = 0.25, 1.5
"""Deviations, and a ratio of them, by which what was standardised differs from what was not."""
NEGATIVE_SHARE = 0.1
"""Of one part's values where the other has none: one of them was standardised."""
STANDARDISED = (0.2, 2.0)
"""Deviations of what was standardised, by whatever means, or scaled to -1 to 1."""
CHANCE = 1e-3
"""Unless a random split would put all of them into one part this often."""
SPREAD_FROM = 20
"""Targets of a part from which on its quartiles say on which scale they are."""
FACTOR_APART = 4.0
"""Targets of two parts whose spreads differ by more are on two scales; so are medians that lie more
than so many spreads apart."""
SHARE_APART, TARGETS_CHANCE = 0.25, 1e-6
"""Unless their distributions lie closer (Kolmogorov and Smirnov's distance), or one distribution
gives two parts so far apart this often: of many zeros or a heavy tail, quartiles vary by chance."""


def compare_scales(
    train: Checked, test: Checked, normalise: str, *, shifted: bool = False
) -> tuple[Finding, ...]:
    """Look whether training and test part are on one scale.

    Args:
        train: The training part.
        test: The test part, of the same type and shape.
        normalise: As `resolve` gives it.
        shifted: Whether the test part is meant to lie elsewhere, so that nothing is refused.

    Raises:
        DataError: they are not: one is scaled or standardised, say, and the other is not.
    """
    if min(len(train.x), len(test.x)) < FEW or train.x.shape[1:] != test.x.shape[1:]:
        return ()
    lines = one, other = train.x.sample(LOOKED_AT), test.x.sample(LOOKED_AT)
    in_order, at_cut = goes_on(one, other), runs_on(one, other)
    same = [(part == other[0]).all(axis=1, keepdims=True) for part in (one, other)]
    if _stuck(*same).all():
        raise DataError(
            f"all {len(test.x)} examples of {test.name} are the same, and those of {train.name} "
            "are not: was the test part read or written wrongly?"
        )
    by_feature = train.x.ndim == VECTOR_DIMENSIONS and train.x.dtype.kind == "f"
    width = 1
    if not by_feature:
        width = one.shape[1]
        one, other = one.reshape(-1, 1), other.reshape(-1, 1)
        in_order, at_cut = (np.array([found.mean() >= 1 / 2]) for found in (in_order, at_cut))
    refused = _differ(one, other, REFUSED_RATIO, REFUSED_SHIFT)
    if by_feature:
        refused &= _none_by_chance(one, other, refused, CHANCE)
    else:
        # The values of an image are not by themselves: some are taken by day, and some at night.
        no_chance = _examples_differ(*lines)
        refused &= no_chance
    standardised = np.zeros(one.shape[1], bool)
    if normalise != "none" or train.x.dtype.kind == "f":
        # Noise on one part alone moves neither middle nor spread.
        standardised = _one_standardised(one, other, width) & _moved(one, other)
        refused |= standardised & _may_be_standardised(one, other)
    if max(train.x.shape[1:]) == prod(train.x.shape[1:]) and _one_quantity(lines):
        refused &= ~standardised | _differ(one, other, REFUSED_RATIO, REFUSED_SHIFT)
    # A series that rises is elsewhere in its later part, which is no other scale.
    refused &= ~in_order | (_differ(one, other, REFUSED_RATIO, np.inf) & ~at_cut)
    if shifted:
        refused[:] = False
    if refused.mean() >= 1 / 2 and by_feature:
        first = int(refused.argmax())
        ranges = [f"{part[:, first].min():g} to {part[:, first].max():g}" for part in (one, other)]
        raise DataError(
            f"{int(refused.sum())} of {len(refused)} features are on scales that do not fit "
            f"together, such as that at place {first}: {ranges[0]} in {train.name}, {ranges[1]} in "
            f"{test.name}. Scale both alike, or {SHIFTED}"
        )
    if refused.mean() >= 1 / 2:
        raise DataError(
            f"the inputs of {train.name} go from {train.low:g} to {train.high:g} and those of "
            f"{test.name} from {test.low:g} to {test.high:g}, on scales that do not fit together: "
            f"scale both alike, or {SHIFTED}"
        )
    reported = _differ(one, other, REPORTED_RATIO, REPORTED_SHIFT)
    if by_feature:
        reported &= _none_by_chance(one, other, reported, CHANCE / one.shape[1])
        reported |= _stuck(one, other)
    else:
        reported &= no_chance
    reported |= standardised
    if not reported.any():
        return ()
    ends = {"train_low": train.low, "train_high": train.high, "test_low": test.low}
    if by_feature:
        values = {"number": int(reported.sum()), "first": int(reported.argmax())}
        return (Finding("features_shifted", True, values),)
    means = {"train_mean": _mean(train.x), "test_mean": _mean(test.x)}
    return (Finding("parts_differ", True, {**ends, "test_high": test.high, **means}),)


def _mean(x: Examples) -> Any:
    """Of all values, as it is shown."""
    total = sum(float(chunk.sum(dtype=np.float64)) for chunk in x.chunks())
    return plain(float(f"{total / prod(x.shape):.4g}"))


def _examples_differ(one: NDArray[np.float64], other: NDArray[np.float64]) -> bool:
    """Whether the means or the deviations of examples (n, d) and (m, d) differ by no chance."""
    return any(
        _by_no_chance(level(one, axis=1), level(other, axis=1), CHANCE)
        for level in (np.mean, np.std)
    )


def compare_targets(train: NDArray[Any], test: NDArray[Any]) -> tuple[Finding, ...]:
    """Look whether the targets (n,) and (m,) of a user's two parts are on one scale.

    So different that none of it is right, they are refused by `targets_apart`.
    """
    one, other = (part.astype(np.float64)[:, None] for part in (train, test))
    if min(len(one), len(other)) < FEW:
        return ()
    if find_scaled_apart(one, other):
        return (Finding("targets_scaled_apart", True, {}),)
    asked = _differ(one, other, REPORTED_RATIO, REPORTED_SHIFT)
    if not _none_by_chance(one, other, asked, CHANCE).any():
        return ()
    values = {
        f"{name}_{what}": plain(float(f"{count(part):.4g}"))
        for name, part in (("train", one), ("test", other))
        for what, count in (("mean", np.mean), ("deviation", np.std))
    }
    return (Finding("targets_shifted", True, values),)


def targets_apart(one: NDArray[np.float64], other: NDArray[np.float64]) -> bool:
    """Whether the targets (n,) and (m,) of two parts are on two scales, by no chance."""
    n, m = len(one), len(other)
    if min(n, m) < SPREAD_FROM or goes_on(one[:, None], other[:, None])[0]:
        return False
    spreads = [np.subtract(*np.percentile(part, [75, 25])) for part in (one, other)]
    shift = abs(np.median(one) - np.median(other))
    if min(spreads) == 0 or (
        max(spreads) <= FACTOR_APART * min(spreads) and shift <= FACTOR_APART * max(spreads)
    ):
        return False
    return _by_no_chance(one, other, TARGETS_CHANCE)


def _by_no_chance(one: NDArray[np.float64], other: NDArray[np.float64], chance: float) -> bool:
    """Whether one distribution gives values (n,) and (m,) so different less often than by chance.

    Kolmogorov and Smirnov's test, in its asymptotic form, which here is cautious.
    """
    middle = np.median(np.concatenate([one, other]))
    # Two units around one middle differ in the distances from it, and, where most values are 0, in
    # the others.
    views = ((one, other), (abs(one - middle), abs(other - middle)))
    for a, b in (*views, (one[one != 0], other[other != 0])):
        if min(len(a), len(b)) == 0:
            continue
        least = sqrt(log(2 / chance) / 2 * (len(a) + len(b)) / (len(a) * len(b)))
        if _distance(a, b) >= max(SHARE_APART, least):
            return True
    return False


def _none_by_chance(
    one: NDArray[np.float64],
    other: NDArray[np.float64],
    asked: NDArray[np.bool_],
    chance: float,
) -> NDArray[np.bool_]:
    """(d,) the same for the columns that are asked for."""
    found = asked.copy()
    for i in np.flatnonzero(asked):
        found[i] = _by_no_chance(one[:, i], other[:, i], chance)
    return found


def _distance(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """The largest difference of the two cumulative distributions."""
    values = np.concatenate([one, other])
    shares = [np.searchsorted(np.sort(p), values, side="right") / len(p) for p in (one, other)]
    return float(abs(shares[0] - shares[1]).max())


def _may_be_standardised(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(d,) whether the part with values below 0 is about 0 and some units wide, as no winter is."""
    has = (one < 0).any(axis=0)
    mean = np.where(has, one.mean(axis=0), other.mean(axis=0))
    deviation = np.where(has, one.std(axis=0), other.std(axis=0))
    low, high = STANDARDISED
    found: NDArray[np.bool_] = (np.abs(mean) <= 1) & (low <= deviation) & (deviation <= high)
    return found


def _one_quantity(parts: tuple[NDArray[np.float64], NDArray[np.float64]]) -> bool:
    """Whether all columns of both parts are alike, as in windows of a series.

    Of a series whose later part is elsewhere, rows in no order do not say how it was scaled.
    """
    return all(
        np.ptp(part.mean(axis=0)) <= MOVED * part.std(axis=0).min()
        and part.std(axis=0).max() <= SPREAD * part.std(axis=0).min()
        for part in parts
    )


def _stuck(one: NDArray[Any], other: NDArray[Any]) -> NDArray[np.bool_]:
    """(d,) whether columns of the other part have one value, by no chance."""
    share = np.maximum((one == other[0]).mean(axis=0), 1 / (len(one) + 1))
    no_chance = len(other) * np.log(share) < log(CHANCE / other.shape[1])
    found: NDArray[np.bool_] = (other == other[0]).all(axis=0) & no_chance
    return found


def _differ(
    one: NDArray[np.float64], other: NDArray[np.float64], ratio: float, shift: float
) -> NDArray[np.bool_]:
    """(d,) whether the columns have another spread or another mean; constants have none."""
    deviations = np.stack([one.std(axis=0), other.std(axis=0)])
    ends = [np.quantile(part, [0.01, 0.99], axis=0) for part in (one, other)]
    ranges = np.stack([high - low for low, high in ends])
    sizes = np.stack([np.abs(part).max(axis=0) for part in (one, other)])
    # Few values other than zero: a quantile says nothing.
    ranges = np.where((ranges > 0).all(axis=0), ranges, sizes)
    distance = np.abs(one.mean(axis=0) - other.mean(axis=0))
    varies = (deviations > 0).all(axis=0)
    scaled = (_ratio(deviations) >= ratio) & (_ratio(ranges) >= ratio)
    found: NDArray[np.bool_] = varies & (scaled | (distance > shift * deviations.max(axis=0)))
    return found


def _moved(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(d,) whether columns have clearly another mean or another deviation."""
    deviations = np.stack([one.std(axis=0), other.std(axis=0)])
    distance = np.abs(one.mean(axis=0) - other.mean(axis=0))
    moved = distance > MOVED * deviations.max(axis=0)
    found: NDArray[np.bool_] = moved | (_ratio(deviations) >= SPREAD)
    return found


def _ratio(pairs: NDArray[np.float64]) -> NDArray[np.float64]:
    """(d,) the larger of two numbers by the smaller, where both are above 0; else 1."""
    low, high = pairs.min(axis=0), pairs.max(axis=0)
    ratio: NDArray[np.float64] = np.divide(high, low, out=np.ones_like(high), where=low > 0)
    return ratio


def _one_standardised(
    one: NDArray[np.float64], other: NDArray[np.float64], values: int
) -> NDArray[np.bool_]:
    """(d,) whether many values of the one are below 0, and none of the other, by no chance.

    Args:
        one: (n, d) values of the one part.
        other: (m, d) values of the other.
        values: How many rows come from one example: these go into one part together.
    """
    below = np.stack([(part < 0).sum(axis=0) for part in (one, other)])
    sizes = np.array([[len(one)], [len(other)]])
    # Of all ways to choose the part without them from both parts' examples, the share of those that
    # avoid all examples with values below 0.
    whole, without = sizes.sum() / values, sizes / values
    marked = below.max(axis=0) / values
    without = np.where(below == 0, without, 0).max(axis=0)
    log_chance = np.array(
        [
            lgamma(whole - k + 1)
            - lgamma(max(whole - k - m, 0) + 1)
            - lgamma(whole + 1)
            + lgamma(whole - m + 1)
            for k, m in zip(marked, without, strict=True)
        ]
    )
    found: NDArray[np.bool_] = (
        (below.min(axis=0) == 0)
        & ((below / sizes).max(axis=0) >= NEGATIVE_SHARE)
        & (log_chance < log(CHANCE))
    )
    return found
