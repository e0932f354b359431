"""The table `curve`: one row per dataset, model and training-set size."""

import numpy as np
import pandas as pd

from ecosobriety.curves.intervals import by_size_and_seed, mean_interval
from ecosobriety.curves.non_inferiority import (
    ReferenceSize,
    compare_with_reference,
    reference_size,
)
from ecosobriety.curves.power_law import bootstrap_band, fit_power_law
from ecosobriety.tables import SCHEMAS, check_table


def fit_curves(
    runs: pd.DataFrame, *, reference_n_train: ReferenceSize, margin: float, confidence: float
) -> pd.DataFrame:
    """Put accuracy, energy, the verdict and the fitted learning curve side by side for every size.

    Intervals of means are two-sided Student t intervals over seeds. `accuracy_diff_lower` is a
    one-sided bound, `precision` its distance from the mean difference. The verdicts are those of
    `compare_with_reference`. `marginal_accuracy_per_kwh` is the accuracy gained per additional kWh
    since the next smaller size: null at the smallest, and where the energy did not rise. The fitted
    columns are null where `fit_power_law` gives a reason; the band also with fewer than three
    seeds.

    Args:
        runs: the table `runs`.
        reference_n_train: the size to compare with, in examples, or `max`: the largest of each
            dataset and model.
        margin: non-inferiority margin, a share of 1 (0.01 = one accuracy point).
        confidence: of every interval and bound, 0 to 1.

    Returns:
        The table `curve`, sorted by dataset, model and n_train.

    Raises:
        DataError: a dataset and model has no run of the reference size.
        RecordError: the result does not follow the contract.
    """
    groups = runs.groupby(["dataset", "model"], sort=True)
    curves = {key: _curve_of(group, reference_n_train, margin, confidence) for key, group in groups}
    table = pd.concat(curves, names=["dataset", "model", "n_train"]).reset_index()
    return check_table("curve", table[list(SCHEMAS["curve"].columns)], "the fitted curve")


def _curve_of(
    runs: pd.DataFrame, reference_n_train: ReferenceSize, margin: float, confidence: float
) -> pd.DataFrame:
    accuracy = by_size_and_seed(runs, "test_accuracy")
    reference = reference_size(accuracy, reference_n_train)
    table = compare_with_reference(accuracy, reference, margin, confidence)
    table["n_seeds"] = accuracy.count(axis=1)
    table["accuracy_sd"] = accuracy.std(axis=1, ddof=1)
    by_size = runs.groupby("n_train")
    for column, name in (("test_accuracy", "accuracy"), ("energy_kwh", "energy_kwh")):
        intervals = [mean_interval(values, confidence) for _, values in by_size[column]]
        names = [f"{name}_mean", f"{name}_ci_low", f"{name}_ci_high"]
        table[names] = np.array(intervals)
    table["duration_s_mean"] = by_size["train_duration_s"].mean()
    table["marginal_accuracy_per_kwh"] = _marginal_accuracy(table)
    return table.join(_fitted_curve(1 - accuracy, confidence))


def _marginal_accuracy(table: pd.DataFrame) -> pd.Series:
    additional_kwh = table["energy_kwh_mean"].diff()
    return table["accuracy_mean"].diff() / additional_kwh.where(additional_kwh > 0)


def _fitted_curve(error: pd.DataFrame, confidence: float) -> pd.DataFrame:
    law = fit_power_law(error.index, error.mean(axis=1))
    fitted = pd.DataFrame({"fitted_accuracy": 1 - law.error(error.index)}, index=error.index)
    if not law.converged:
        return fitted.assign(fitted_ci_low=np.nan, fitted_ci_high=np.nan)
    low, high = bootstrap_band(error, confidence)
    return fitted.assign(fitted_ci_low=1 - high, fitted_ci_high=1 - low)
