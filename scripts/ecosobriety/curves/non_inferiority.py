"""Is a smaller training set not worse than the reference, by more than the margin?

For each size n below the reference, d_s = accuracy(n, s) - accuracy(reference, s) is paired by
seed, and H0: mean d <= -margin is tested by a one-sided paired t test. A difference that is "not
significant" would prove nothing; rejecting this H0 does.

The sizes are tested in a fixed sequence, from the largest below the reference downwards, and the
sequence stops at the first that fails. The chance of ever calling a size non-inferior that is not
so is then at most 1 - confidence over all sizes together, without a correction for their number
(Maurer, Hothorn and Lehmacher, 1995; Westfall and Krishen, 2001).

What the bounds cover is the variation between seeds, on one test set. Seeds draw overlapping
training sets, and at the full size the same one, so that the variation between fresh data sets is
larger than what is seen here (Nadeau and Bengio, 2003; Bouthillier et al., 2021).
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ecosobriety.curves.intervals import Floats, one_sided_t_test
from ecosobriety.errors import DataError

ReferenceSize = int | Literal["max"]

ACCURACY_DECIMALS = 12
"""Accuracies are shares of test images; beyond this a difference is floating-point noise, which
would hide that it is the same in every seed, or that it lies exactly on the margin."""


def reference_size(accuracy: pd.DataFrame, reference_n_train: ReferenceSize) -> int:
    """The reference size among the rows of a size x seed table.

    Raises:
        DataError: no run has the reference size.
    """
    if reference_n_train == "max":
        return int(accuracy.index.max())
    if reference_n_train not in accuracy.index:
        sizes = ", ".join(str(size) for size in accuracy.index)
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
        lower: one-sided lower bounds of the mean accuracy difference, shape (sizes, ...), the
            largest size first; NaN where there is none, which fails.
        upper: one-sided upper bounds, same shape.
        margin: the non-inferiority margin, a share of 1.

    Returns:
        `non_inferior`, `inferior` or `inconclusive`, same shape.
    """
    unbroken = np.logical_and.accumulate(lower > -margin, axis=0)
    return np.select([unbroken, upper < -margin], ["non_inferior", "inferior"], "inconclusive")


def compare_with_reference(
    accuracy: pd.DataFrame, reference: int, margin: float, confidence: float
) -> pd.DataFrame:
    """Compare every size with the reference size: bounds, p and verdict.

    A size above the reference saves nothing and so is no part of the sequence: it is tested on its
    own and marked `above_reference`.

    `verdict_reason`, the first that holds: `too_few_pairs` (fewer than two seeds ran at both sizes:
    no test), `above_reference`, `sequence_stopped` (inconclusive because a larger size failed),
    `zero_variance` (the same difference in every seed: the bound is the mean, p is 0 or 1),
    `missing_pairs` (some seeds did not run at both sizes), else null.

    Args:
        accuracy: shape (sizes, seeds), index n_train rising, NaN where a run is missing.
        reference: the reference size, one of the index.
        margin: non-inferiority margin, a share of 1.
        confidence: of the one-sided bounds.

    Returns:
        Index n_train; columns `n_pairs`, `accuracy_diff_mean`, `_lower`, `_upper`, `_sd`,
        `p_value`, `precision` (mean - lower), `verdict`, `verdict_reason`. Numbers are NaN without
        a test; the reference has only its mean difference, 0.
    """
    rows = {
        size: _compare(accuracy.loc[size] - accuracy.loc[reference], margin, confidence)
        for size in accuracy.index
    }
    rows[reference] = _Comparison(n_pairs=rows[reference].n_pairs, accuracy_diff_mean=0.0)
    table = pd.DataFrame(list(rows.values()), index=accuracy.index)
    table["precision"] = table["accuracy_diff_mean"] - table["accuracy_diff_lower"]
    table["verdict"] = _verdicts(table, reference, margin)
    table["verdict_reason"] = _reasons(table, reference, accuracy.shape[1])
    return table


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
class _Comparison:
    n_pairs: int
    accuracy_diff_mean: float = math.nan
    accuracy_diff_lower: float = math.nan
    accuracy_diff_upper: float = math.nan
    accuracy_diff_sd: float = math.nan
    p_value: float = math.nan


def _compare(difference: pd.Series, margin: float, confidence: float) -> _Comparison:
    pairs = difference.dropna().to_numpy().round(ACCURACY_DECIMALS)
    if pairs.size < 2:
        return _Comparison(pairs.size, *pairs)
    test = one_sided_t_test(pairs[:, np.newaxis], -margin, confidence)
    return _Comparison(
        n_pairs=pairs.size,
        accuracy_diff_mean=test.mean[0],
        accuracy_diff_lower=test.lower[0],
        accuracy_diff_upper=test.upper[0],
        accuracy_diff_sd=test.sd[0],
        p_value=test.p_value[0],
    )


def _verdicts(table: pd.DataFrame, reference: int, margin: float) -> pd.Series:
    size = table.index.to_numpy()
    lower = table["accuracy_diff_lower"].to_numpy()
    upper = table["accuracy_diff_upper"].to_numpy()
    verdicts = pd.Series("reference", index=table.index)
    below, above = size < reference, size > reference
    downwards = fixed_sequence(lower[below][::-1], upper[below][::-1], margin)
    verdicts[below] = downwards[::-1]
    # A new first axis of length one: each of these sizes is a sequence of its own.
    verdicts[above] = fixed_sequence(lower[np.newaxis, above], upper[np.newaxis, above], margin)[0]
    return verdicts


def _reasons(table: pd.DataFrame, reference: int, n_seeds: int) -> pd.Series:
    size = table.index
    failed = size[(size < reference) & (table["verdict"] != "non_inferior")]
    first_failure = failed.max() if len(failed) else 0
    reasons = pd.Series(index=size, dtype="str")
    reasons[table["n_pairs"] < n_seeds] = "missing_pairs"
    reasons[table["accuracy_diff_sd"] == 0] = "zero_variance"
    reasons[(size < first_failure) & (table["verdict"] == "inconclusive")] = "sequence_stopped"
    reasons[size > reference] = "above_reference"
    reasons[table["n_pairs"] < 2] = "too_few_pairs"
    reasons[reference] = None
    return reasons
