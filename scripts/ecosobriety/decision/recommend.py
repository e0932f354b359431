"""The study's answer: the sufficient size at several margins, and what it saves.

Plain JSON, without NaN; shares of 1, sizes in training examples. Keys with `accuracy` are
named by the metric of the runs; where lower is better, `lower` is `upper`::

    {reference_n_train, margin, confidence, target, power: as asked,
     metric: {name, better, margin, unit},
     baseline, test_examples, train_examples: of `data`; without a baseline, `baseline_reason`,
     results: [one per dataset and model:
       {dataset, model, reference_n_train: size, full_n_train, n_seeds,
        configured: ANSWER at `margin`,
        ladder: [ANSWER at each of `margins`, rising],
        target: null without a target, else
          {accuracy, n_train, accuracy_mean, accuracy_lower, larger_sizes_reach, reason},
        curve_end: what `evidence.curve_end` gives,
        more_data: what `evidence.more_data` gives for each of `FACTORS`,
        power_law: the fields of `PowerLaw`}]}

ANSWER::

    {margin, no_recommendation, sufficient_n_train, smaller_than_reference,
     accuracy_diff: {mean, lower, p_value},
     energy_saved_kwh, energy_saved_share, duration_saved_s, duration_saved_share:
       each {mean, ci_low, ci_high, n_pairs},
     seeds_needed: {n_train, verdict, seeds, reason}}

`no_recommendation` is null, or why no size can be recommended at this margin
(`find_obstacle`); all else but the margin is then null, false or without a value.

A saving is the mean over seeds of reference minus sufficient size, paired; a share is the
mean saving over the mean of the reference runs, that of the table `savings`. The intervals
are two-sided t, a share's by the usual linearisation of a ratio (Cochran, 1977). Where
nothing smaller passes, the sufficient size is the reference, all savings are 0 and
`accuracy_diff` has no bound and no p, because nothing is compared.

`seeds_needed` is about the next size below the sufficient one, where the sequence stopped:
the total number of seeds that gives 80 % power for that size alone, if the observed mean
and SD of the differences were the true ones. From few seeds that is a rough guide. `seeds`
is null with a `reason`: `no_smaller_size`, `too_few_pairs`, `difference_beyond_margin` (at
or below -margin, where more seeds are not expected to help), `too_few_test_examples` (the
seeds differ by less than one of them is worth: more of them would help, not more seeds) or
`over_1000_seeds`.

`target` names the smallest size whose one-sided lower bound of the mean accuracy reaches
the target; where the seeds differ by less than one test example is worth, the bound is at least
as wide as the test part's own sampling makes it. `larger_sizes_reach` is false where some
larger size does not, so that the size may owe its place to chance. Without one, `reason` is
`not_reached` or `too_few_seeds`.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from ecosobriety.decision.criteria import Criteria
from ecosobriety.decision.evidence import TestPart, curve_end, find_obstacle, more_data
from ecosobriety.decision.growth import NETWORK_Z
from ecosobriety.decision.intervals import (
    Floats,
    by_size_and_seed,
    comparable_scores,
    finite_or_none,
    linearised_ratio,
    mean_interval,
    one_sided_t_power,
    one_sided_t_test,
    share_bound,
)
from ecosobriety.decision.non_inferiority import (
    ROUNDING,
    compare_with_reference,
    finest_step,
    reference_size,
    sufficient_size,
)
from ecosobriety.decision.power_law import fit_scores
from ecosobriety.metrics import ACCURACY, Metric, spec_of

MARGINS = (0.0025, 0.005, 0.01, 0.02, 0.03)
"""Margins of a metric of at most 1 that the answer is shown for beside the study's own."""
RELATIVE_MARGINS = (0.01, 0.02, 0.05, 0.1, 0.2)
"""The same for a metric whose margin is a share of the reference's mean."""
MULTIPLES = (0.25, 0.5, 1.0, 2.0, 3.0)
"""The same for a metric in a unit, as multiples of the study's own margin."""
FACTORS = (2.0, 4.0)
"""How many times more data than the largest size the answer says the worth of."""
POWER = 0.8
"""The usual chance of success that a study is planned for (Cohen, 1988)."""

MAX_SEEDS = 1000
"""A need above this is only called above it: the power then depends on the last digits."""


def recommend(
    runs: pd.DataFrame,
    criteria: Criteria,
    *,
    data: TestPart,
    metric: Metric = ACCURACY,
    margins: Sequence[float] | None = None,
    z_of: Mapping[str, float] | None = None,
) -> dict[str, Any]:
    """Say for each dataset and model how much data is enough, and what that saves.

    Args:
        runs: the table `runs`.
        criteria: what the study judges by.
        data: what is known of the data; `find_obstacle` and `curve_end` need it.
        metric: what the scores are.
        margins: other margins, to show how the answer depends on it; None: those of
            `other_margins`.
        z_of: for each model, the standard errors that `more_data` adds; None: as many as for
            neural networks.

    Returns:
        What this module's text describes.

    Raises:
        DataError: a dataset and model has no run of the reference size.
    """
    margin, confidence = criteria.margin, criteria.confidence
    if margins is None:
        margins = other_margins(metric, margin)
    z_of, results = z_of or {}, []
    for (dataset, model), group in runs.groupby(["dataset", "model"], sort=True):
        scores = by_size_and_seed(group, metric.test_column)
        reference = reference_size(scores, criteria.reference_n_train)
        full = criteria.full_n_train or reference
        z = z_of.get(str(model), NETWORK_Z)
        moved = comparable_scores(scores, reference)
        answers = [
            _answer(group, metric, reference, m, confidence, data, untrained=reference < full)
            for m in (margin, *sorted(margins))
        ]
        results.append(
            {
                "dataset": str(dataset),
                "model": str(model),
                "reference_n_train": reference,
                "full_n_train": full,
                "n_seeds": scores.shape[1],
                "configured": answers[0],
                "ladder": answers[1:],
                "target": _target(moved, metric, criteria.target, confidence, data),
                "curve_end": curve_end(scores, data, metric, z),
                "more_data": [more_data(scores, data, metric, f, z) for f in FACTORS],
                "power_law": asdict(fit_scores(moved, metric)),
            }
        )
    return {
        "reference_n_train": criteria.reference_n_train,
        "margin": margin,
        "confidence": confidence,
        "target": criteria.target,
        "power": POWER,
        "metric": spec_of(metric),
        "baseline": data.baseline,
        "baseline_reason": "own_metric" if data.baseline is None else None,
        "test_examples": data.test_examples,
        "train_examples": data.train_examples,
        "results": results,
    }


def other_margins(metric: Metric, margin: float) -> tuple[float, ...]:
    """The margins that an answer is shown for beside the study's own, rising."""
    if metric.relative_margin:
        return RELATIVE_MARGINS
    if metric.highest is None:
        return tuple(multiple * margin for multiple in MULTIPLES)
    return MARGINS


def _answer(
    runs: pd.DataFrame,
    metric: Metric,
    reference: int,
    margin: float,
    confidence: float,
    data: TestPart,
    *,
    untrained: bool,
) -> dict[str, Any]:
    scores = by_size_and_seed(runs, metric.test_column)
    at_reference = scores.loc[reference].dropna().to_numpy()
    obstacle = find_obstacle(at_reference, data, margin, confidence, metric, untrained=untrained)
    if obstacle is not None:
        return _no_answer(metric, margin, obstacle)
    comparison = compare_with_reference(
        scores, reference, margin, confidence, metric, data.counted(metric)
    )
    chosen = sufficient_size(comparison.reset_index())
    row = comparison.loc[chosen]
    return {
        "margin": float(margin),
        "no_recommendation": None,
        "sufficient_n_train": chosen,
        "smaller_than_reference": chosen < reference,
        f"{metric.name}_diff": {
            "mean": finite_or_none(row[f"{metric.name}_diff_mean"]),
            metric.bound: finite_or_none(row[f"{metric.name}_diff_{metric.bound}"]),
            "p_value": finite_or_none(row["p_value"]),
        },
        **_savings(runs, chosen, reference, confidence),
        "seeds_needed": _seeds_needed(
            comparison,
            chosen,
            0.0 if metric.relative_margin else margin,
            confidence,
            finest_step(metric, data.counted(metric)),
        ),
    }


def _no_answer(metric: Metric, margin: float, obstacle: str) -> dict[str, Any]:
    """An answer in which nothing is recommended."""
    nothing = {"mean": None, "ci_low": None, "ci_high": None, "n_pairs": 0}
    return {
        "margin": float(margin),
        "no_recommendation": obstacle,
        "sufficient_n_train": None,
        "smaller_than_reference": False,
        f"{metric.name}_diff": {"mean": None, metric.bound: None, "p_value": None},
        **{
            f"{name}_saved_{unit}": dict(nothing)
            for name, units in (("energy", ("kwh", "share")), ("duration", ("s", "share")))
            for unit in units
        },
        "seeds_needed": {
            **dict.fromkeys(("n_train", "verdict", "seeds")),
            "reason": "no_recommendation",
        },
    }


def _savings(
    runs: pd.DataFrame, chosen: int, reference: int, confidence: float
) -> dict[str, dict[str, Any]]:
    savings = {}
    for column, name, unit in (
        ("energy_kwh", "energy", "kwh"),
        ("train_duration_s", "duration", "s"),
    ):
        used = by_size_and_seed(runs, column)
        full, enough = used.loc[reference].to_numpy(), used.loc[chosen].to_numpy()
        savings[f"{name}_saved_{unit}"] = _estimate(full - enough, confidence)
        # Nothing takes less than nothing, so that no more than all is saved.
        savings[f"{name}_saved_share"] = _estimate(
            linearised_ratio(full - enough, full), confidence, highest=1.0
        )
    return savings


def _estimate(per_seed: Floats, confidence: float, highest: float | None = None) -> dict[str, Any]:
    paired = per_seed[~np.isnan(per_seed)]
    if not len(paired):
        # Of imported runs a duration need not be known.
        return {"mean": None, "ci_low": None, "ci_high": None, "n_pairs": 0}
    mean, low, high = mean_interval(paired, confidence, highest=highest)
    return {
        "mean": finite_or_none(mean),
        "ci_low": finite_or_none(low),
        "ci_high": finite_or_none(high),
        "n_pairs": len(paired),
    }


def _seeds_needed(
    comparison: pd.DataFrame, chosen: int, margin: float, confidence: float, step: float
) -> dict[str, Any]:
    smaller = comparison[comparison.index < chosen]
    if smaller.empty:
        return {"n_train": None, "verdict": None, "seeds": None, "reason": "no_smaller_size"}
    stopped = smaller.iloc[-1]
    seeds, reason = _seeds_for_power(stopped, margin, confidence, step)
    return {
        "n_train": int(smaller.index[-1]),
        "verdict": str(stopped["verdict"]),
        "seeds": seeds,
        "reason": reason,
    }


def _seeds_for_power(
    stopped: pd.Series, margin: float, confidence: float, step: float
) -> tuple[int | None, str | None]:
    if stopped["n_pairs"] < 2:
        return None, "too_few_pairs"
    distance = stopped["gain_mean"] + margin
    if distance <= 0:
        return None, "difference_beyond_margin"
    if stopped["gain_sd"] < (1 - ROUNDING) * step:
        return None, "too_few_test_examples"
    candidates = np.arange(2, MAX_SEEDS + 1)
    power = one_sided_t_power(distance / stopped["gain_sd"], candidates, confidence)
    enough = candidates[power >= POWER]
    return (int(enough[0]), None) if enough.size else (None, f"over_{MAX_SEEDS}_seeds")


def _target(
    scores: pd.DataFrame,
    metric: Metric,
    target: float | None,
    confidence: float,
    data: TestPart,
) -> dict[str, Any] | None:
    if target is None:
        return None
    # Of gains, so that more is better: what reaches the target has its lower bound above it.
    lower = (metric.sign * scores).apply(
        _lower_bound, axis=1, args=(confidence, metric, data.counted(metric))
    )
    reached = lower >= metric.sign * target
    mean, bound = f"{metric.name}_mean", f"{metric.name}_{metric.bound}"
    answer: dict[str, Any] = {metric.name: target, "n_train": None, mean: None}
    answer |= {bound: None, "larger_sizes_reach": None}
    if not reached.any():
        reason = "too_few_seeds" if lower.isna().all() else "not_reached"
        return answer | {"reason": reason}
    size = lower.index[reached].min()
    return {
        metric.name: target,
        "n_train": int(size),
        mean: float(scores.loc[size].mean().clip(*metric.ends)),
        bound: float(metric.sign * lower[size].clip(*metric.gain_ends)),
        # One that ran with a single seed has no bound; its score may miss the target all the same.
        "larger_sizes_reach": bool(
            reached.where(lower.notna(), metric.sign * scores.mean(axis=1) >= metric.sign * target)[
                lower.index > size
            ].all()
        ),
        "reason": None,
    }


def _lower_bound(
    scores: pd.Series, confidence: float, metric: Metric, test_examples: float | None
) -> float:
    """One-sided bound of the mean of a size's scores, of which more is better.

    Where they differ by less than one test example is worth, the test part's own sampling bounds
    what they show, as in `non_inferiority`.
    """
    values = scores.dropna().to_numpy()
    if values.size < 2:
        return math.nan
    test = one_sided_t_test(values[:, np.newaxis], 0.0, confidence)
    bound = float(test.lower[0])
    if test_examples and test.sd[0] < (1 - ROUNDING) * finest_step(metric, test_examples):
        bound = min(bound, share_bound(float(test.mean[0]), test_examples, confidence))
    return bound
