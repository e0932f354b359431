"""The rows of a study's tables that belong to one of its results."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ecosobriety.decision.intervals import comparable_values, finite_or_none
from ecosobriety.tables import GRID_SOURCE


def rows_of(result: Mapping[str, Any], table: pd.DataFrame) -> pd.DataFrame:
    """Those of the result's data set and model."""
    own = (table["dataset"] == result["dataset"]) & (table["model"] == result["model"])
    rows: pd.DataFrame = table[own]
    return rows


def on_mix(result: Mapping[str, Any], scenarios: pd.DataFrame, country_iso3: str) -> pd.DataFrame:
    """Those of its trainings on a country's own mix, one for each size."""
    own = rows_of(result, scenarios)
    return own[(own["country_iso3"] == country_iso3) & (own["source"] == GRID_SOURCE)]


def mean_durations_s(result: Mapping[str, Any], runs: pd.DataFrame) -> dict[int, float | None]:
    """How long a training takes by size, in s; None where one of a size's runs does not say.

    A mean over the other seeds would be another mean. Where a size's seeds are not those of the
    reference, by `comparable_values`.
    """
    durations_s = comparable_values(
        rows_of(result, runs), "train_duration_s", result["reference_n_train"], ratio=True
    )
    return {size: finite_or_none(own_s.mean()) for size, own_s in durations_s.items()}
