"""The table `curve`: one row per dataset, model and training-set size."""

import numpy as np
import pandas as pd

from ecosobriety.decision.intervals import (
    Floats,
    by_size_and_seed,
    comparable_scores,
    comparable_values,
    mean_interval,
)
from ecosobriety.decision.non_inferiority import (
    ReferenceSize,
    compare_with_reference,
    reference_size,
)
from ecosobriety.decision.power_law import bootstrap_band, fit_scores
from ecosobriety.metrics import ACCURACY, Metric
from ecosobriety.tables import check_table, table_schema


def fit_curves(
    runs: pd.DataFrame,
    *,
    reference_n_train: ReferenceSize,
    margin: float,
    confidence: float,
    metric: Metric = ACCURACY,
    test_examples: float | None = None,
    full_n_train: int | None = None,
) -> pd.DataFrame:
    """Put metric, energy, verdict and fitted learning curve side by side for every size.

    Columns are named by the metric, here accuracy. Means are over the seeds, and by
    `comparable_values` where a size's seeds are not those of the reference. Intervals of means are
    two-sided Student t intervals over seeds, cut where the metric or the energy cannot be.
    `accuracy_diff_lower` is a one-sided bound (where lower is better, it is `_diff_upper`),
    `precision` its distance from the mean difference. The verdicts are those of
    `compare_with_reference`. `marginal_accuracy_per_kwh` is the change of the metric per
    additional kWh since the next smaller size: null at the smallest, and where the energy did
    not rise. The fitted columns are null where `fit_scores` gives a reason; the band also with
    fewer than three seeds.

    Args:
        runs: the table `runs`.
        reference_n_train: the size to compare with, in examples, or `max`: the largest of each
            dataset and model.
        margin: non-inferiority margin: a difference of the metric, or a share of the reference's
            mean where the metric's margin is relative.
        confidence: of every interval and bound, 0 to 1.
        metric: what the scores are.
        test_examples: as for `compare_with_reference`.
        full_n_train: the full size of a study that may end below it. Where it was not trained,
            nothing is compared: every verdict but the reference's is `inconclusive`,
            `full_size_untrained`.

    Returns:
        The table `curve`, sorted by dataset, model and n_train.

    Raises:
        DataError: a dataset and model has no run of the reference size.
        RecordError: the result does not follow the contract.
    """
    curves = {
        key: _curve_of(group, metric, reference_n_train, margin, confidence, test_examples)
        for key, group in runs.groupby(["dataset", "model"], sort=True)
    }
    table = pd.concat(curves, names=["dataset", "model", "n_train"]).reset_index()
    if full_n_train is not None:
        table = _without_comparison(table, metric, full_n_train)
    ours = table[list(table_schema("curve", metric).columns)]
    return check_table("curve", ours, "the fitted curve", metric)


def _without_comparison(table: pd.DataFrame, metric: Metric, full_n_train: int) -> pd.DataFrame:
    """Take back verdicts against a reference that is not the full size."""
    largest = table.groupby(["dataset", "model"])["n_train"].transform("max")
    untrained = (largest < full_n_train) & (table["n_train"] < largest)
    compared = ["p_value", "precision", f"{metric.name}_diff_{metric.bound}"]
    table.loc[untrained, compared] = np.nan
    table.loc[untrained, ["verdict", "verdict_reason"]] = ["inconclusive", "full_size_untrained"]
    return table


def _curve_of(
    runs: pd.DataFrame,
    metric: Metric,
    reference_n_train: ReferenceSize,
    margin: float,
    confidence: float,
    test_examples: float | None,
) -> pd.DataFrame:
    scores = by_size_and_seed(runs, metric.test_column)
    reference = reference_size(scores, reference_n_train)
    table = compare_with_reference(scores, reference, margin, confidence, metric, test_examples)
    table["n_seeds"] = scores.count(axis=1)
    table[f"{metric.name}_sd"] = scores.std(axis=1, ddof=1)
    for column, name, lowest, highest, ratio in (
        (metric.test_column, metric.name, metric.lowest, metric.highest, False),
        ("energy_kwh", "energy_kwh", 0.0, None, True),
    ):
        intervals = [
            mean_interval(values, confidence, lowest=lowest, highest=highest)
            for values in comparable_values(runs, column, reference, ratio=ratio).values()
        ]
        names = [f"{name}_mean", f"{name}_ci_low", f"{name}_ci_high"]
        table[names] = np.array(intervals)
    durations_s = comparable_values(runs, "train_duration_s", reference, ratio=True)
    table["duration_s_mean"] = [
        float(np.nanmean(own_s)) if not np.isnan(own_s).all() else np.nan
        for own_s in durations_s.values()
    ]
    additional_kwh = table["energy_kwh_mean"].diff()
    gained = table[f"{metric.name}_mean"].diff() / additional_kwh.where(additional_kwh > 0)
    table[f"marginal_{metric.name}_per_kwh"] = gained
    moved = comparable_scores(scores, reference)
    return table.join(_fitted_curve(moved, metric, confidence))


def _fitted_curve(scores: pd.DataFrame, metric: Metric, confidence: float) -> pd.DataFrame:
    sizes, name = scores.index, f"fitted_{metric.name}"
    law = fit_scores(scores, metric)
    if not law.converged:
        unknown = dict.fromkeys((name, "fitted_ci_low", "fitted_ci_high"), np.nan)
        return pd.DataFrame(unknown, index=sizes)

    def score(error: Floats) -> Floats:
        found: Floats = np.clip(metric.error(error), *metric.ends)
        return found

    ends = [score(end) for end in bootstrap_band(metric.error(scores), confidence)]
    bands = {"fitted_ci_low": np.minimum(*ends), "fitted_ci_high": np.maximum(*ends)}
    return pd.DataFrame({name: score(law.error(sizes)), **bands}, index=sizes)
