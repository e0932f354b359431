"""What the study itself costs, after how many retrainings that is paid for, and more data's price.

Everything is in the energy of the measured trainings, of which emissions and money follow by the
country's mix, as in the table `scenarios`.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ecosobriety.decision.intervals import finite_or_none
from ecosobriety.tables import GRID_SOURCE


def add_study_cost(
    recommendation: Mapping[str, Any],
    runs: pd.DataFrame,
    scenarios: pd.DataFrame,
    country_iso3: str,
) -> dict[str, Any]:
    """Add to each result what its trainings cost, and to `more_data` what larger ones would.

    Args:
        recommendation: as `recommend`, `add_savings` and `add_growth` have made it.
        runs: the table `runs`.
        scenarios: the table `scenarios`.
        country_iso3: the country where the trainings were metered.

    Returns:
        A copy in which each result has::

            study_cost: {trainings, energy_kwh, lost_energy_kwh, emissions_g, cost, currency,
                         full_n_train, full_training_kwh, full_training_estimated, full_trainings,
                         saved_kwh, payback_retrainings, reason}

        `energy_kwh` is that of all trainings, failed ones included (`lost_energy_kwh`);
        `full_trainings` the same in units of one training on the full size, the reference. Where a
        study that grows has not trained that, its energy is estimated from the largest one by the
        number of optimiser steps (`full_training_estimated`). `saved_kwh` is what a retraining on
        the recommended size, or on the size where the study stopped, saves against the full one;
        `payback_retrainings` how many of them it takes to save what the study took, null with the
        `reason` `nothing_saved`.

        Each of `more_data` gets `energy_kwh`, `emissions_g` and `cost`: what one training on so
        much data would take more than one on the largest size.
    """
    results = []
    for result in recommendation["results"]:
        own = (runs["dataset"] == result["dataset"]) & (runs["model"] == result["model"])
        results.append(_with_cost(result, runs[own], _Mix(result, scenarios, country_iso3)))
    return {**recommendation, "results": results}


class _Mix:
    """Emissions and money of a kWh on a country's mix; None where they are not known."""

    def __init__(
        self, result: Mapping[str, Any], scenarios: pd.DataFrame, country_iso3: str
    ) -> None:
        row = scenarios[
            (scenarios["dataset"] == result["dataset"])
            & (scenarios["model"] == result["model"])
            & (scenarios["country_iso3"] == country_iso3)
            & (scenarios["source"] == GRID_SOURCE)
            & (scenarios["n_train"] == result["reference_n_train"])
        ].iloc[0]
        self.currency = str(row["currency"])
        energy_kwh = float(row["energy_kwh"])
        self._per_kwh = {
            name: finite_or_none(float(row[name]) / energy_kwh) if energy_kwh else None
            for name in ("emissions_g", "cost")
        }

    def of(self, energy_kwh: float) -> dict[str, float | None]:
        """`emissions_g` and `cost` of an energy."""
        return {
            name: None if rate is None else rate * energy_kwh
            for name, rate in self._per_kwh.items()
        }


def _with_cost(result: Mapping[str, Any], runs: pd.DataFrame, mix: _Mix) -> dict[str, Any]:
    energies = runs.groupby("n_train")["energy_kwh"].mean()
    steps = runs.groupby("n_train")["steps"].mean()
    # The same steps at every size: then more data cost nothing more.
    by_size = len(steps) < 2 or steps.nunique() > 1
    reference, growth = int(result["reference_n_train"]), result["growth"]
    full = reference if growth is None else int(growth["full_n_train"])
    at_reference = float(energies[reference])
    full_kwh = at_reference * (full / reference if by_size else 1.0)
    lost_kwh = float(runs["lost_energy_kwh"].sum())
    used_kwh = float(runs["energy_kwh"].sum()) + lost_kwh
    size = _recommended(result)
    saved_kwh = 0.0 if size is None else full_kwh - float(energies[size])
    pays = saved_kwh > 0
    largest = int(energies.index.max())
    extra = float(energies[largest]) if by_size else 0.0
    return {
        **result,
        "more_data": [
            {
                **answer,
                "energy_kwh": (answer["factor"] - 1) * extra,
                **mix.of((answer["factor"] - 1) * extra),
            }
            for answer in result["more_data"]
        ],
        "study_cost": {
            "trainings": len(runs),
            "energy_kwh": used_kwh,
            "lost_energy_kwh": lost_kwh,
            **mix.of(used_kwh),
            "currency": mix.currency,
            "full_n_train": full,
            "full_training_kwh": full_kwh,
            "full_training_estimated": full != reference,
            "full_trainings": used_kwh / full_kwh if full_kwh else None,
            "saved_kwh": saved_kwh if pays else 0.0,
            "payback_retrainings": used_kwh / saved_kwh if pays else None,
            "reason": None if pays else "nothing_saved",
        },
    }


def _recommended(result: Mapping[str, Any]) -> int | None:
    """The size that one would train on after the study; None: it names none below the full one."""
    if result["configured"]["smaller_than_reference"]:
        return int(result["configured"]["sufficient_n_train"])
    growth = result["growth"]
    if growth is None or result["configured"]["no_recommendation"] != "full_size_untrained":
        return None
    stopped = growth["stopped_n_train"]
    return None if stopped is None else int(stopped)
