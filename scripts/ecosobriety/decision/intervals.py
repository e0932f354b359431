"""Means over seeds with Student's t: two-sided intervals and the one-sided test."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ecosobriety.errors import DataError

Floats = NDArray[np.float64]
Values = Sequence[float] | Floats | pd.Series


def mean_interval(
    values: Values,
    confidence: float,
    lowest: float | None = None,
    highest: float | None = None,
) -> tuple[float, float, float]:
    """Mean of independent values and its two-sided Student t interval.

    The interval is cut where the mean cannot be: an accuracy is no more than 1, an energy no less
    than 0. The true mean lies within these ends, so that the cut interval covers it exactly as
    often as the whole one. So is a mean that `comparable_values` has moved there.

    Args:
        values: one value per seed, in any unit; none missing.
        confidence: coverage of the interval, 0 to 1.
        lowest: the smallest mean that is possible, in the unit of the values; None: there is none.
        highest: the largest one.

    Returns:
        (mean, low, high) in the unit of the values; NaN bounds where there is only one value.

    Raises:
        DataError: there is no value, or one is missing.
    """
    sample = np.asarray(values, dtype=float)
    if sample.size == 0 or np.isnan(sample).any():
        raise DataError(f"a mean needs values without gaps, and got {sample.tolist()}")
    ends = (
        -math.inf if lowest is None else lowest,
        math.inf if highest is None else highest,
    )
    if np.ptp(sample) == 0:
        alone = float(np.clip(sample[0], *ends))
        return (alone, math.nan, math.nan) if sample.size == 1 else (alone, alone, alone)
    # Imported where it is needed, as most steps only read its results; statsmodels and scipy.stats,
    # which have the interval as a whole, take half a second more.
    from scipy.special import stdtrit

    mean, error = float(sample.mean()), _standard_error(sample)
    reach = float(stdtrit(sample.size - 1, (1 + confidence) / 2) * error)
    mean, low, high = np.clip((mean, mean - reach, mean + reach), *ends).tolist()
    return mean, low, high


def _standard_error(sample: Floats) -> Any:
    """Of the mean over the first axis: s / sqrt(n)."""
    return sample.std(axis=0, ddof=1) / math.sqrt(len(sample))


def linearised_ratio(parts: Floats, wholes: Floats) -> Floats:
    """Values, one per seed, with the ratio of the means as their mean and its error as theirs.

    The usual linearisation of a ratio of paired means (Cochran, 1977), so that `mean_interval` of
    the values is the ratio's own.

    Args:
        parts: one value per seed, in any unit; NaN where a run is missing.
        wholes: what each is a part of, same shape and unit, their mean not 0.

    Returns:
        Same shape, without unit; NaN where a part is missing.
    """
    missing = np.isnan(parts)
    mean_whole = 0.0 if missing.all() else wholes[~missing].mean()
    if mean_whole == 0:
        # Of nothing, or of what nobody knows, nothing can be saved or spent: no share.
        return np.full(parts.shape, np.nan)
    ratio = parts[~missing].mean() / mean_whole
    return np.asarray(ratio + (parts - ratio * wholes) / mean_whole)


@dataclass(frozen=True)
class OneSidedTest:
    """Result of `one_sided_t_test`: each field has the shape (comparisons,).

    `lower` and `upper` are two one-sided bounds of the mean, each at the test's confidence;
    `p_value` is for H0: mean <= null value. `constant` marks comparisons without any variance,
    whose bounds are the mean itself and whose p is 0 or 1.
    """

    mean: Floats
    sd: Floats
    lower: Floats
    upper: Floats
    p_value: Floats
    constant: NDArray[np.bool_]


def one_sided_t_test(sample: Floats, null_value: float, confidence: float) -> OneSidedTest:
    """Test H0: mean <= null value against H1: mean > null value, column by column.

    Args:
        sample: shape (seeds, comparisons), at least two seeds, none missing.
        null_value: the mean under H0, in the unit of the sample.
        confidence: 1 - alpha.
    """
    from scipy.special import stdtr, stdtrit

    constant = np.ptp(sample, axis=0) == 0
    # A mean of equal numbers can be off in its last digit; the number itself is not.
    mean = np.where(constant, sample[0], sample.mean(axis=0))
    error, freedom = _standard_error(sample), len(sample) - 1
    reach = stdtrit(freedom, confidence) * error
    with np.errstate(divide="ignore", invalid="ignore"):
        p_value = stdtr(freedom, (null_value - mean) / error)
    certain = np.where(mean > null_value, 0.0, 1.0)
    return OneSidedTest(
        mean=mean,
        sd=np.where(constant, 0.0, sample.std(axis=0, ddof=1)),
        lower=np.where(constant, mean, mean - reach),
        upper=np.where(constant, mean, mean + reach),
        p_value=np.where(constant, certain, p_value),
        constant=constant,
    )


def ratio_bounds(gain: Floats, reference: Floats, confidence: float) -> tuple[float, float] | None:
    """One-sided bounds of a mean gain as a share of the reference's mean, by paired seeds.

    Of all shares q for which the mean of gain - q reference could be 0 by the one-sided t test
    (Fieller, 1954), the lowest and the highest; times the reference's mean.

    Args:
        gain: one value per seed, at least two, none missing.
        reference: same shape and unit, its mean above 0.
        confidence: of each bound.

    Returns:
        Lower and upper bound, in the unit of the gain; None where the reference's own mean is not
        shown to be above 0, so that no share has bounds.
    """
    from scipy.special import stdtrit

    seeds = len(gain)
    reach = float(stdtrit(seeds - 1, confidence)) ** 2 / seeds
    mean, whole = float(gain.mean()), float(reference.mean())
    (own, both), (_, other) = np.cov(gain, reference)
    leading = whole**2 - reach * other
    if leading <= 0:
        return None
    middle = mean * whole - reach * both
    root = math.sqrt(max(middle**2 - leading * (mean**2 - reach * own), 0.0))
    return (middle - root) / leading * whole, (middle + root) / leading * whole


def test_part_bounds(gain: float, test_examples: float, confidence: float) -> tuple[float, float]:
    """One-sided bounds of a gain that only the test part's own sampling blurs.

    A gain of w test examples, or a loss of l, is taken for as many examples that one network gets
    right and the other wrong, and none the other way round: the fewest that give this difference.
    The bounds are exact (Clopper and Pearson, 1934); without any loss, with 95 % confidence, the
    lower one is about -3 / test examples, the rule of three (Hanley and Lippman-Hand, 1983).

    Args:
        gain: mean difference of two shares of the same test examples, a share of 1.
        test_examples: how many there are.
        confidence: of each bound.

    Returns:
        Lower and upper bound, shares of 1.
    """
    from scipy.special import betaincinv

    won = gain * test_examples
    lost = max(-won, 0.0)
    lower = -float(betaincinv(lost + 1, max(test_examples - lost, 1e-9), confidence))
    if won >= 0:
        return lower, float(betaincinv(won + 1, max(test_examples - won, 1e-9), confidence))
    return lower, -float(betaincinv(lost, test_examples - lost + 1, 1 - confidence))


def share_bound(share: float, test_examples: float, confidence: float) -> float:
    """Exact one-sided lower bound of a share of test examples (Clopper and Pearson, 1934)."""
    from scipy.special import betaincinv

    right = share * test_examples
    if right <= 0:
        return 0.0
    return float(betaincinv(right, test_examples - right + 1, 1 - confidence))


def one_sided_t_power(effect_size: float, seeds: NDArray[np.int64], confidence: float) -> Floats:
    """How probably `one_sided_t_test` finds a true effect, by the noncentral t distribution.

    Source: Cohen, 1988, Statistical power analysis for the behavioral sciences.

    Args:
        effect_size: the true mean's distance from the null value over the standard deviation.
        seeds: numbers of seeds, each at least two, in any shape.
        confidence: 1 - alpha of the test.

    Returns:
        Same shape as `seeds`, 0 to 1; NaN where it is too near 1 to be computed.
    """
    from scipy.special import nctdtr, stdtrit

    freedom = seeds - 1
    missed = nctdtr(freedom, effect_size * np.sqrt(seeds), stdtrit(freedom, confidence))
    return np.asarray(1 - missed)


def by_size_and_seed(runs: pd.DataFrame, column: str) -> pd.DataFrame:
    """One column of one dataset's and model's runs: a row per n_train (rising), a column per seed.

    NaN where a run is missing.
    """
    return runs.pivot(index="n_train", columns="seed", values=column).sort_index().astype(float)


def comparable_values(
    runs: pd.DataFrame, column: str, reference: int, *, ratio: bool
) -> dict[int, Floats]:
    """The values of each size, one per seed, moved so that their means compare.

    Where a size lacks seeds of the reference, means of either would hold what distinguishes the
    seeds. The mean of such a size is the reference's, changed as the seeds change that ran at both.
    With none of these, it stays as it is. Amounts change so where it has more seeds, too: what is
    saved is a share of the reference's.

    Args:
        runs: of one data set and model.
        column: the values, in any unit.
        reference: the reference size, in examples; it need not have been trained.
        ratio: whether an amount changes, by a ratio, or a score, by a difference.
    """
    by_size = {
        int(str(size)): rows.set_index("seed")[column].astype(float)
        for size, rows in runs.groupby("n_train")
    }
    whole = by_size.get(reference, pd.Series(dtype=float))
    found = {}
    for size, own in by_size.items():
        values: Floats = np.asarray(own, dtype=np.float64)
        both = own.index.intersection(whole.index)
        then, now = float(whole[both].mean()), float(own[both].mean())
        if ratio and {*own.index} != {*whole.index} and then > 0 and own.mean() > 0:
            values = values * (now / then * whole.mean() / own.mean())
        elif not ratio and len(both) and not {*own.index} >= {*whole.index}:
            values = values + (now - then + whole.mean() - own.mean())
        found[size] = values
    return found


def comparable_scores(scores: pd.DataFrame, reference: int) -> pd.DataFrame:
    """A table of scores, a row per size and a column per seed, moved as by `comparable_values`."""
    runs = scores.reset_index().melt("n_train", var_name="seed", value_name="score").dropna()
    runs = runs.sort_values(["n_train", "seed"])
    moved = comparable_values(runs, "score", reference, ratio=False)
    runs["score"] = np.concatenate([*moved.values()])
    return by_size_and_seed(runs, "score")


def finite_or_none(value: Any) -> float | None:
    """A number as JSON can hold it: null where it is missing."""
    return float(value) if np.isfinite(value) else None
