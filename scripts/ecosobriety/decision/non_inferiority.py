"""Is a smaller training set not worse than the reference, by more than the margin?

For each size n below the reference, d_s = accuracy(n, s) - accuracy(reference, s) is paired by
seed, and H0: mean d <= -margin is tested by a one-sided paired t test. A difference that is "not
significant" would prove nothing; rejecting this H0 does.

Where lower is better, as with the RMSE, the loss is d_s = rmse(n, s) - rmse(reference, s). Where
the margin m is a share of the reference, as it is of the RMSE by default, H0: mean d >= m mean
rmse(reference). Both means are estimated with the same seeds, so that what is tested is
mean(rmse(n, s) - (1 + m) rmse(reference, s)) >= 0, again by a one-sided paired t test: the test of
a ratio of paired means (Sasabuchi, 1988; Hauschke, Kieser and Hothorn, 1999). A margin taken as
known would be called met too often. The bounds of the difference are then those of the ratio
(Fieller, 1954), times the reference's mean: the smallest margin that the test would call met, which
does not depend on the one that is asked about.

The sizes are tested in a fixed sequence, from the largest below the reference downwards, and the
sequence stops at the first that fails. The chance of ever calling a size non-inferior that is not
so is then at most 1 - confidence over all sizes together, without a correction for their number
(Maurer, Hothorn and Lehmacher, 1995; Westfall and Krishen, 2001).

Where the seeds' accuracies differ by less than one test example is worth, the t test would be
certain of what the test part cannot show: two seeds with 12 test examples right each prove little.
The bounds are then at least as wide as the test part's own sampling makes them
(`intervals.test_part_bounds`): with 95 % confidence, a loss below 3 / test examples is never shown.
Of the balanced accuracy, whose examples weigh differently, there are as many as equal weights would
give the same variance (Kish, 1965). Of other metrics the seeds alone say what is shown.

What the bounds cover is otherwise the variation between seeds, on one test set. Seeds draw
overlapping training sets, and at the full size the same one, so that the variation between fresh
data sets is larger than what is seen here (Nadeau and Bengio, 2003; Bouthillier et al., 2021).
"""

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ecosobriety.decision.intervals import (
    Floats,
    one_sided_t_test,
    ratio_bounds,
    test_part_bounds,
)
from ecosobriety.errors import DataError
from ecosobriety.metrics import ACCURACY, Metric

ReferenceSize = int | Literal["max"]

ACCURACY_DECIMALS = 12
"""Accuracies are shares of test images; beyond this a difference is floating-point noise, which
would hide that it is the same in every seed, or that it lies exactly on the margin."""
ROUNDING = 1e-9
"""A deviation of one test example is one, whatever the last digit says."""


def reference_size(scores: pd.DataFrame, reference_n_train: ReferenceSize) -> int:
    """The reference size among the rows of a size x seed table.

    Raises:
        DataError: no run has the reference size.
    """
    if reference_n_train == "max":
        return int(scores.index.max())
    if reference_n_train not in scores.index:
        sizes = ", ".join(str(size) for size in scores.index)
        raise DataError(
            f"analysis.reference_n_train is {reference_n_train}, but no run has that size: "
            f"choose one of {sizes}, or max"
        )
    return int(reference_n_train)


def fixed_sequence(lower: Floats, upper: Floats, margin: float) -> NDArray[np.str_]:
    """Verdicts of sizes tested from the largest down, stopping at the first that fails.

    `inferior` is not part of the sequence: it says that this size alone is worse by more than the
    margin, at the bounds' confidence.

    Args:
        lower: one-sided lower bounds of the mean gain (what is better than at the reference), shape
            (sizes, ...), the largest size first; NaN where there is none, which fails.
        upper: one-sided upper bounds, same shape.
        margin: the loss that is still called not worse, in the unit of the bounds.

    Returns:
        `non_inferior`, `inferior` or `inconclusive`, same shape.
    """
    unbroken = np.logical_and.accumulate(lower > -margin, axis=0)
    return np.select([unbroken, upper < -margin], ["non_inferior", "inferior"], "inconclusive")


def compare_with_reference(
    scores: pd.DataFrame,
    reference: int,
    margin: float,
    confidence: float,
    metric: Metric = ACCURACY,
    test_examples: float | None = None,
) -> pd.DataFrame:
    """Compare every size with the reference size: bounds, p and verdict.

    A size above the reference saves nothing and so is no part of the sequence: it is tested on its
    own and marked `above_reference`.

    `verdict_reason`, the first that holds: `too_few_pairs` (fewer than two seeds ran at both sizes:
    no test), `above_reference`, `sequence_stopped` (inconclusive because a larger size failed),
    `zero_variance` (the same difference in every seed, to less than one test example: the bounds
    are the test part's own, or without it the mean, with p 0 or 1),
    `missing_pairs` (some seeds did not run at both sizes), else null.

    Args:
        scores: shape (sizes, seeds), index n_train rising, NaN where a run is missing.
        reference: the reference size, one of the index.
        margin: non-inferiority margin; in the metric's unit, or a share of the reference's mean
            where the metric's margin is relative.
        confidence: of the one-sided bounds.
        metric: what the scores are.
        test_examples: how many examples of equal weight a metric that counts them is the share of;
            None: not known.

    Returns:
        Index n_train; columns `n_pairs`, `p_value`, `precision` (from the mean difference to the
        bound of the worse), `verdict`, `verdict_reason`; after the metric's name `_diff_mean`,
        `_diff_lower`, `_diff_upper`, `_diff_sd`; `gain_mean`, `gain_sd`, `gain_lower`, `gain_upper`
        of what is tested (the gain over the reference, to which a relative margin is added:
        above 0 is then not worse). Numbers are NaN without a test; the reference has only
        its mean difference, 0.
    """
    gain_margin = 0.0 if metric.relative_margin else margin
    among = scores.loc[reference].to_numpy()
    rows = [
        _compare(own, among, margin, confidence, metric, test_examples)
        if size != reference
        else Comparison(n_pairs=int(np.isfinite(among).sum()), diff_mean=0.0)
        for size, own in zip(scores.index, scores.to_numpy(), strict=True)
    ]
    table = pd.DataFrame(rows, index=scores.index)
    table["precision"] = metric.sign * (table["diff_mean"] - table[f"diff_{metric.bound}"])
    table["verdict"] = _verdicts(table, reference, gain_margin)
    table["verdict_reason"] = _reasons(
        table, reference, scores.shape[1], finest_step(metric, test_examples)
    )
    return table.rename(columns=lambda name: name.replace("diff_", f"{metric.name}_diff_"))


def sufficient_size(curve: pd.DataFrame) -> int:
    """The smallest size in the unbroken chain: the reference itself if nothing smaller passes.

    Args:
        curve: rows of the table `curve` of one dataset and model.

    Returns:
        n_train, in training examples.

    Raises:
        DataError: the rows hold more than one reference size, or none.
    """
    references = curve.loc[curve["verdict"] == "reference", "n_train"]
    if len(references) != 1:
        raise DataError(
            "the sufficient size is asked of one dataset and model with one reference size, "
            f"and these rows of `curve` have {len(references)}"
        )
    return int(curve.loc[curve["verdict"].isin(["reference", "non_inferior"]), "n_train"].min())


@dataclass(frozen=True)
class Comparison:
    """Of scores with those of the reference, as `compare_with_reference` has them in columns."""

    n_pairs: int
    diff_mean: float = math.nan
    diff_lower: float = math.nan
    diff_upper: float = math.nan
    diff_sd: float = math.nan
    p_value: float = math.nan
    gain_mean: float = math.nan
    gain_sd: float = math.nan
    gain_lower: float = math.nan
    gain_upper: float = math.nan


def finest_step(metric: Metric, test_examples: float | None) -> float:
    """What one test example is worth; 0: nothing is too fine."""
    return 1 / test_examples if metric.counts and test_examples else 0.0


def _compare(
    own: Floats,
    reference: Floats,
    margin: float,
    confidence: float,
    metric: Metric,
    test_examples: float | None,
) -> Comparison:
    """Compare a size with the reference in the seeds that ran at both; NaN: it did not run."""
    both = ~(np.isnan(own) | np.isnan(reference))
    return compare_scores(own[both], reference[both], margin, confidence, metric, test_examples)


def compare_scores(
    own: Floats,
    reference: Floats,
    margin: float,
    confidence: float,
    metric: Metric = ACCURACY,
    test_examples: float | None = None,
) -> Comparison:
    """Compare scores with those of the reference at the same seeds.

    Args:
        own: shape (seeds,), none missing.
        reference: same shape.
        margin: as for `compare_with_reference`, like the rest.
        confidence: of each one-sided bound.
        metric: what the scores are.
        test_examples: how many examples of equal weight a metric that counts them is the share of.
    """
    difference = own - reference
    if metric.highest is not None:
        difference = difference.round(ACCURACY_DECIMALS)
    if difference.size < 2:
        return Comparison(difference.size, *difference)
    # The reference's share, added to each gain.
    added = (
        allowed_shares(reference, margin) if metric.relative_margin else np.zeros_like(reference)
    )
    test = one_sided_t_test(
        (metric.sign * difference + added)[:, np.newaxis],
        0.0 if metric.relative_margin else -margin,
        confidence,
    )
    lower, upper, p_value = float(test.lower[0]), float(test.upper[0]), float(test.p_value[0])
    share = float(added.mean())
    ends = lower - share, upper - share
    if metric.relative_margin and np.ptp(reference):
        # Of the smallest margin that would be met, whichever is asked about.
        ends = (
            ratio_bounds(metric.sign * difference, allowed_shares(reference, 1.0), confidence)
            or ends
        )
    if test_examples and test.sd[0] < (1 - ROUNDING) * finest_step(metric, test_examples):
        gain, allowed = float(test.mean[0]) - share, share if metric.relative_margin else margin
        floor, ceiling = test_part_bounds(gain, test_examples, confidence)
        lower, upper = min(lower, floor + share), max(upper, ceiling + share)
        ends = min(ends[0], floor), max(ends[1], ceiling)
        p_value = max(p_value, _chance_of_loss(gain, test_examples, allowed))
    bounds = metric.sign * np.array(ends)
    if metric.span is not None:
        # No two scores differ by more; a margin is below that, so no verdict depends on it.
        bounds = bounds.clip(-metric.span, metric.span)
    return Comparison(
        n_pairs=difference.size,
        diff_mean=metric.sign * (test.mean[0] - share),
        diff_lower=bounds.min(),
        diff_upper=bounds.max(),
        diff_sd=0.0 if np.ptp(difference) == 0 else difference.std(ddof=1),
        p_value=p_value,
        gain_mean=test.mean[0],
        gain_sd=test.sd[0],
        gain_lower=lower,
        gain_upper=upper,
    )


def allowed_shares(reference: Floats, margin: float) -> Floats:
    """A relative margin of each seed's reference; their mean is that of the mean, and not negative.

    Args:
        reference: a score for each seed, in the metric's unit.
        margin: a share of their mean.
    """
    return margin * (reference if reference.mean() >= 0 else -reference)


def _chance_of_loss(gain: float, test_examples: float, margin: float) -> float:
    """How often no more test examples are lost than here, if the loss is the margin: the p."""
    from scipy.special import betainc

    lost = max(-gain * test_examples, 0.0)
    return float(betainc(max(test_examples - lost, 1e-9), lost + 1, 1 - margin))


def _verdicts(table: pd.DataFrame, reference: int, margin: float) -> Any:
    size = table.index.to_numpy()
    lower, upper = table["gain_lower"].to_numpy(), table["gain_upper"].to_numpy()
    verdicts = np.full(size.shape, "reference", dtype=object)
    below, above = size < reference, size > reference
    downwards = fixed_sequence(lower[below][::-1], upper[below][::-1], margin)
    verdicts[below] = downwards[::-1]
    # A new first axis of length one: each of these sizes is a sequence of its own.
    verdicts[above] = fixed_sequence(lower[np.newaxis, above], upper[np.newaxis, above], margin)[0]
    return verdicts


def _reasons(table: pd.DataFrame, reference: int, n_seeds: int, step: float) -> pd.Series:
    """The first that holds, of each size; none of the reference."""
    size, verdict = table.index.to_numpy(), table["verdict"].to_numpy()
    pairs, sd = table["n_pairs"].to_numpy(), table["gain_sd"].to_numpy()
    failed = size[(size < reference) & (verdict != "non_inferior")]
    after_failure = size < failed.max(initial=0)
    reasons = {
        "too_few_pairs": pairs < 2,
        "above_reference": size > reference,
        "sequence_stopped": after_failure & (verdict == "inconclusive"),
        "zero_variance": (sd == 0) | (sd < (1 - ROUNDING) * step),
        "missing_pairs": pairs < n_seeds,
    }
    of_others = [holds & (size != reference) for holds in reasons.values()]
    first = np.argmax([*of_others, np.full(size.shape, True)], axis=0)
    return pd.Series(np.array([*reasons, None])[first], table.index, dtype="str")
