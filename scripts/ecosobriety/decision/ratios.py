"""Ratios and differences of two sets of trainings, paired by seed where their seeds pair."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ecosobriety.decision.intervals import Floats, linearised_ratio, mean_interval
from ecosobriety.decision.non_inferiority import ACCURACY_DECIMALS, compare_with_reference
from ecosobriety.metrics import Metric


@dataclass(frozen=True)
class Bounded:
    """A value and its bounds; NaN where it, or they, cannot be known.

    `pairs` is the number of seeds that were paired; 0: the two sets are independent.
    """

    value: float
    low: float
    high: float
    pairs: int = 0


UNKNOWN = Bounded(math.nan, math.nan, math.nan)
_BASELINE, _OTHER = 2, 1
"""Rows of the table that `compare_with_reference` takes: its sequence runs downwards."""


def ratio_of_means(
    others: pd.Series, baselines: pd.Series, confidence: float, *, pair: bool
) -> Bounded:
    """How many times the baseline's mean another mean is, with its two-sided interval.

    Paired: of the seeds that both have, by the linearisation of a ratio of paired means (Cochran,
    1977). Else both means vary independently: var(R) = (v_o + R^2 v_b) / mean_b^2 to first order,
    v each mean's squared standard error, with Welch's and Satterthwaite's degrees of freedom.

    Args:
        others: one value of each seed, index seed, none missing and none negative.
        baselines: the same of what is divided by, in the same unit.
        confidence: of the interval, 0 to 1.
        pair: whether equal seeds belong together; those without a partner are then left out.

    Returns:
        Without unit. Without bounds where a side, or the pairs, are fewer than two; NaN where the
        baseline's mean is 0.
    """
    if pair:
        both = others.index.intersection(baselines.index)
        if len(both) >= 2:
            values = linearised_ratio(others[both].to_numpy(), baselines[both].to_numpy())
            if np.isnan(values).any():
                return UNKNOWN
            return Bounded(*mean_interval(values, confidence, lowest=0.0), pairs=len(both))
    if others.empty or baselines.empty or baselines.mean() == 0:
        return UNKNOWN
    ratio = float(others.mean() / baselines.mean())
    whole = float(baselines.mean())
    reach = _reach(
        [others.to_numpy() / whole, ratio * baselines.to_numpy() / whole], (1 + confidence) / 2
    )
    return Bounded(ratio, max(ratio - reach, 0.0), ratio + reach)


@dataclass(frozen=True)
class ScoreDifference:
    """The other's mean score minus the baseline's, with two one-sided bounds and a verdict.

    `verdict` is `non_inferior`, `inferior` or `inconclusive`, of the other against the baseline at
    the margin; None where nothing could be tested.
    """

    difference: Bounded
    verdict: str | None


def difference_of_scores(
    others: pd.Series,
    baselines: pd.Series,
    margin: float,
    confidence: float,
    metric: Metric,
    test_examples: float | None,
    *,
    pair: bool,
) -> ScoreDifference:
    """Whether another mean score is not worse than the baseline's by more than the margin.

    Paired seeds are put to the study's own test (`compare_with_reference`), with the same care
    where the test part is coarser than the seeds' spread. Independent ones are put to Welch's.

    Args:
        others: the score of each seed, index seed, none missing.
        baselines: the same of the baseline.
        margin: non-inferiority margin, a difference or a share of the baseline's mean.
        confidence: of each one-sided bound.
        metric: what the scores are.
        test_examples: as for `compare_with_reference`.
        pair: whether equal seeds belong together.
    """
    both = others.index.intersection(baselines.index)
    if pair and len(both) >= 2:
        scores = pd.DataFrame([others[both], baselines[both]], index=[_OTHER, _BASELINE])
        table = compare_with_reference(scores, _BASELINE, margin, confidence, metric, test_examples)
        row, name = table.loc[[_OTHER]].iloc[0], metric.name
        mean, lower, upper = (
            float(row[f"{name}_diff_{end}"]) for end in ("mean", "lower", "upper")
        )
        return ScoreDifference(Bounded(mean, lower, upper, len(both)), str(row["verdict"]))
    return _welch(others, baselines, margin, confidence, metric)


def _welch(
    others: pd.Series, baselines: pd.Series, margin: float, confidence: float, metric: Metric
) -> ScoreDifference:
    if others.empty or baselines.empty:
        return ScoreDifference(UNKNOWN, None)
    difference = round(float(others.mean() - baselines.mean()), ACCURACY_DECIMALS)
    reach = _reach([others.to_numpy(), baselines.to_numpy()], confidence)
    found = Bounded(difference, difference - reach, difference + reach)
    if math.isnan(reach) or reach == 0:
        # Without any spread the t distribution would be certain of what few seeds cannot show.
        return ScoreDifference(Bounded(difference, math.nan, math.nan), None)
    # A relative margin is one of the baseline's own mean, whose error counts too.
    allowed = metric.allowed_loss(float(baselines.mean()), margin)
    if metric.relative_margin:
        widened = baselines.to_numpy() * (1 - metric.sign * margin)
        reach = _reach([others.to_numpy(), widened], confidence)
    gain = metric.sign * difference
    if gain - reach > -allowed:
        return ScoreDifference(found, "non_inferior")
    return ScoreDifference(found, "inferior" if gain + reach < -allowed else "inconclusive")


def _reach(samples: list[Floats], quantile: float) -> float:
    """From the sum or difference of independent means to its bound; NaN with a single value."""
    if min(map(len, samples)) < 2:
        return math.nan
    from scipy.special import stdtrit

    parts = [float(sample.var(ddof=1)) / len(sample) for sample in samples]
    total = sum(parts)
    if total == 0:
        return 0.0
    freedom = total**2 / sum(
        part**2 / (len(sample) - 1) for part, sample in zip(parts, samples, strict=True)
    )
    return float(stdtrit(freedom, quantile) * math.sqrt(total))
