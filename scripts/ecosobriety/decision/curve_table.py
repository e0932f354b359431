"""The table `curve`: one row per dataset, model and training-set size."""

import numpy as np
import pandas as pd

from ecosobriety.decision.intervals import by_size_and_seed, mean_interval
from ecosobriety.decision.non_inferiority import (
    ReferenceSize,
    compare_with_reference,
    reference_size,
)
from ecosobriety.decision.power_law import bootstrap_band, fit_power_law
from ecosobriety.metrics import Metric, metric_of
from ecosobriety.tables import check_table, table_schema


def fit_curves(
    runs: pd.DataFrame,
    *,
    reference_n_train: ReferenceSize,
    margin: float,
    confidence: float,
    test_examples: int | None = None,
    full_n_train: int | None = None,
) -> pd.DataFrame:
    """Put metric, energy, verdict and fitted learning curve side by side for every size.

    Columns are named by the metric of the runs, here accuracy. Intervals of means are two-sided
    Student t intervals over seeds, cut where the metric or the energy cannot be.
    `accuracy_diff_lower` is a one-sided bound (where lower is better, it is `_diff_upper`),
    `precision` its distance from the mean difference. The verdicts are those of
    `compare_with_reference`. `marginal_accuracy_per_kwh` is the change of the metric per
    additional kWh since the next smaller size: null at the smallest, and where the energy did
    not rise. The fitted columns are null where `fit_power_law` gives a reason; the band also
    with fewer than three seeds.

    Args:
        runs: the table `runs`.
        reference_n_train: the size to compare with, in examples, or `max`: the largest of each
            dataset and model.
        margin: non-inferiority margin, a share of 1 (0.01 = one accuracy point, or 1 % of the
            reference's mean RMSE).
        confidence: of every interval and bound, 0 to 1.
        test_examples: how many examples the scores rest on; None: not known.
        full_n_train: the full size of a study that grows. Where it was not trained, nothing is
            compared: every verdict but the reference's is `inconclusive`, `full_size_untrained`.

    Returns:
        The table `curve`, sorted by dataset, model and n_train.

    Raises:
        DataError: a dataset and model has no run of the reference size.
        RecordError: the result does not follow the contract.
    """
    metric = metric_of(runs.columns)
    curves = {
        key: _curve_of(group, metric, reference_n_train, margin, confidence, test_examples)
        for key, group in runs.groupby(["dataset", "model"], sort=True)
    }
    table = pd.concat(curves, names=["dataset", "model", "n_train"]).reset_index()
    if full_n_train is not None:
        table = _without_comparison(table, metric, full_n_train)
    return check_table(
        "curve", table[list(table_schema("curve", metric).columns)], "the fitted curve"
    )


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
    test_examples: int | None,
) -> pd.DataFrame:
    scores = by_size_and_seed(runs, metric.test_column)
    reference = reference_size(scores, reference_n_train)
    table = compare_with_reference(scores, reference, margin, confidence, metric, test_examples)
    table["n_seeds"] = scores.count(axis=1)
    table[f"{metric.name}_sd"] = scores.std(axis=1, ddof=1)
    by_size = runs.groupby("n_train")
    for column, name, highest in (
        (metric.test_column, metric.name, metric.highest),
        ("energy_kwh", "energy_kwh", None),
    ):
        intervals = [
            mean_interval(values, confidence, lowest=0.0, highest=highest)
            for _, values in by_size[column]
        ]
        names = [f"{name}_mean", f"{name}_ci_low", f"{name}_ci_high"]
        table[names] = np.array(intervals)
    table["duration_s_mean"] = by_size["train_duration_s"].mean()
    additional_kwh = table["energy_kwh_mean"].diff()
    gained = table[f"{metric.name}_mean"].diff() / additional_kwh.where(additional_kwh > 0)
    table[f"marginal_{metric.name}_per_kwh"] = gained
    return table.join(_fitted_curve(metric.error(scores), metric, confidence))


def _fitted_curve(error: pd.DataFrame, metric: Metric, confidence: float) -> pd.DataFrame:
    law = fit_power_law(error.index, error.mean(axis=1))
    scores = metric.error(law.error(error.index)).clip(0, metric.highest)
    fitted = pd.DataFrame({f"fitted_{metric.name}": scores}, index=error.index)
    if not law.converged:
        return fitted.assign(fitted_ci_low=np.nan, fitted_ci_high=np.nan)
    ends = [metric.error(end).clip(0, metric.highest) for end in bootstrap_band(error, confidence)]
    return fitted.assign(fitted_ci_low=np.minimum(*ends), fitted_ci_high=np.maximum(*ends))
