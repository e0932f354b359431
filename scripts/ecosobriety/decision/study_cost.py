"""What the study itself costs, after how many retrainings that is paid for, and more data's price.

Everything is in the energy of the measured trainings, of which emissions and money follow by the
country's mix, as in the table `scenarios`.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd

from ecosobriety.decision.beside_plan import COLUMNS
from ecosobriety.decision.intervals import comparable_values, finite_or_none
from ecosobriety.decision.rows import rows_of
from ecosobriety.decision.savings import FULL_COVERAGE
from ecosobriety.records.adjusted import factor_in
from ecosobriety.records.record import RUN_KEY, RunKey
from ecosobriety.records.tracker_runs import TrackerRun
from ecosobriety.tables import GRID_SOURCE

EnergyBy = Literal["line", "examples", "steps"]
"""How what a larger training takes follows from the measured ones."""


def add_study_cost(
    recommendation: Mapping[str, Any],
    runs: pd.DataFrame,
    scenarios: pd.DataFrame,
    country_iso3: str,
    beside_plan: pd.DataFrame | None = None,
    forecast_kwh: Mapping[str, float] | None = None,
    tracked: Sequence[TrackerRun] = (),
) -> dict[str, Any]:
    """Add to each result what its trainings cost, and to `more_data` what larger ones would.

    Args:
        recommendation: as `recommend`, `add_savings` and `add_growth` have made it.
        runs: the table `runs`.
        scenarios: the table `scenarios`.
        country_iso3: the country where the trainings were metered.
        beside_plan: as `read_beside_plan` gives it: what was paid for and is no longer asked for.
        forecast_kwh: for each model, what measuring batches for a forecast took, as it was metered;
            None: nothing was.
        tracked: what other trackers stated of trainings that they ran around once more.

    Returns:
        A copy with `other_models: {models, trainings, energy_kwh, lost_energy_kwh}`, what the
        study has spent on models that it no longer has, or on other data (`digits/linear`), in
        which each result has::

            study_cost: {trainings, energy_kwh, lost_energy_kwh, lost_beside_plan_kwh,
                         beside_plan_kwh, forecast_kwh, trackers_kwh, PRICE, full_n_train,
                         full_training_kwh, full_training_estimated, full_trainings, saved_kwh,
                         payback_retrainings, reason}

        PRICE is `emissions_g`, `cost`, `cheapest`, `dearest` and `currency`: what the energy emits
        and costs on the country's mix, null where that is not known, and {source, amount} of the
        sources with the cheapest and the most expensive electricity, null without a known price.

        `energy_kwh` is that of all trainings, failed ones (`lost_energy_kwh`, and of it that of
        trainings that the plan no longer asks for, `lost_beside_plan_kwh`) and those included
        that the plan no longer asks for and that ended (`beside_plan_kwh`), and of the batches that
        were measured for a forecast (`forecast_kwh`). Each training around which another tracker
        ran is taken to have used as much as the very same one of the study (`trackers_kwh`).
        `full_trainings` is the same in units of one training on the full size, the reference. Where
        a study that grows has not trained that, not beside its plan either, its energy is estimated
        (`full_training_estimated`) by those that were trained, in the way that `energy_by` names.
        `saved_kwh` is what a retraining on the recommended size, or on the size where the study
        stopped, saves against the full one; `payback_retrainings` how many of them it takes to
        save what the study took, null with the `reason` `nothing_saved`.

        Each of `more_data` gets `energy_kwh`, `energy_by` and PRICE: what one training on so much
        data would take more than one on the largest size. `growth`, where it is not null, gets
        `unspent: {sizes, trainings, trained_before, energy_kwh, PRICE}`: what the rest of the
        ladder would have taken with the seeds that ran at every size, less the trainings beside the
        plan that were done there (`trained_before`); its `untrained` loses the sizes of those.
    """
    beside = pd.DataFrame(columns=list(COLUMNS)) if beside_plan is None else beside_plan
    results, factor = [], factor_in(runs)
    for result in recommendation["results"]:
        own_runs, own_beside = rows_of(result, runs), rows_of(result, beside)
        prices = Prices(result, scenarios, country_iso3)
        further_kwh = {
            "forecast_kwh": (forecast_kwh or {}).get(result["model"], 0.0) * factor,
            "trackers_kwh": _again_kwh(own_runs, [run.key for run in tracked if run.trained]),
        }
        results.append(_with_cost(result, own_runs, own_beside, prices, further_kwh))
    kept = {(result["dataset"], result["model"]) for result in results}
    of_others = [key not in kept for key in zip(beside["dataset"], beside["model"], strict=True)]
    others = beside.loc[pd.Series(of_others, index=beside.index, dtype=bool)]
    own_data = {dataset for dataset, _ in kept}
    gone = {
        "models": sorted(
            {
                model if dataset in own_data else f"{dataset}/{model}"
                for dataset, model in zip(others["dataset"], others["model"], strict=True)
            }
        ),
        "trainings": int(others["trainings"].sum()),
        "energy_kwh": float(others["energy_kwh"].sum()),
        "lost_energy_kwh": float(others["lost_energy_kwh"].sum()),
    }
    return {**recommendation, "results": results, "other_models": gone}


class Prices:
    """Emissions and money of a kWh in a country; None where they are not known.

    Args:
        result: `dataset`, `model` and `reference_n_train` of the rows of `scenarios` to read.
        scenarios: the table `scenarios`.
        country_iso3: the country.
    """

    def __init__(
        self, result: Mapping[str, Any], scenarios: pd.DataFrame, country_iso3: str
    ) -> None:
        own = rows_of(result, scenarios)
        cells = own[
            (own["country_iso3"] == country_iso3)
            & (own["n_train"] == result["reference_n_train"])
            & (own["energy_kwh"] > 0)
        ]
        self._currency = str(scenarios["currency"].iloc[0])
        mix = cells[cells["source"] == GRID_SOURCE]
        self._per_kwh = {
            name: finite_or_none(float((mix[name] / mix["energy_kwh"]).iloc[0]))
            if len(mix)
            else None
            for name in ("emissions_g", "cost")
        }
        contracts = cells[
            (cells["source"] != GRID_SOURCE) & (cells["coverage"] == FULL_COVERAGE)
        ].dropna(subset="cost")
        rates = contracts.set_index("source")["cost"] / contracts["energy_kwh"].to_numpy()
        self._contracts = rates.sort_index().sort_values(kind="stable")

    def of(self, energy_kwh: float) -> dict[str, Any]:
        """PRICE of an energy, as `add_study_cost` describes it."""
        amounts = {
            name: None if rate is None else rate * energy_kwh
            for name, rate in self._per_kwh.items()
        }
        ends = {
            end: {
                "source": str(self._contracts.index[place]),
                "amount": float(self._contracts.iloc[place]) * energy_kwh,
            }
            if len(self._contracts)
            else None
            for end, place in (("cheapest", 0), ("dearest", -1))
        }
        return {**amounts, **ends, "currency": self._currency}


def _with_cost(
    result: Mapping[str, Any],
    runs: pd.DataFrame,
    beside: pd.DataFrame,
    prices: Prices,
    further_kwh: Mapping[str, float],
) -> dict[str, Any]:
    taken = runs.groupby("n_train")[["steps", "epochs"]].mean().nunique()
    # The same steps at every size, in epochs that differ: then more data cost nothing more. Of
    # sizes that fit into one batch, steps are equal without that. Commands report none.
    by_size = not (taken["steps"] == 1 and taken["epochs"] > 1)
    reference, growth = int(result["reference_n_train"]), result["growth"]
    energies = pd.Series(
        {
            size: own_kwh.mean()
            for size, own_kwh in comparable_values(
                runs, "energy_kwh", reference, ratio=True
            ).items()
        }
    )
    full = int((growth or result).get("full_n_train", reference))
    before = beside[beside["trainings"] > 0]
    at_full_kwh = before.loc[before["n_train"] == full, "energy_kwh"].mean()
    full_kwh = float(energies.get(full, at_full_kwh))
    energy_by = _energy_by(growth, by_size=by_size, sizes=len(energies))
    if estimated := math.isnan(full_kwh):
        shortened = growth["decisions"][-1]["epochs"] if growth else None
        epochs = shortened["all"] / shortened["trained"] if shortened else 1.0
        full_kwh = epochs * _energy_at(energies, full, energy_by)
    known = energies.copy()
    known[full] = full_kwh
    lost_beside_kwh = float(beside["lost_energy_kwh"].sum())
    lost_kwh = float(runs["lost_energy_kwh"].sum()) + lost_beside_kwh
    beside_kwh = float(beside["energy_kwh"].sum())
    used_kwh = float(runs["energy_kwh"].sum()) + lost_kwh + beside_kwh
    used_kwh += math.fsum(further_kwh.values())
    size = _recommended(result)
    saved_kwh = 0.0
    if size is not None:
        saved_kwh = full_kwh - float(energies[size])
    pays = saved_kwh > 0
    largest = int(energies.index.max())
    extra = _energy_at(energies, 2 * largest, energy_by) - float(energies[largest])
    return {
        **result,
        "growth": None
        if growth is None
        else {
            **growth,
            "untrained": [n for n in growth["untrained"] if n not in set(before["n_train"])],
            "unspent": _unspent(growth, runs, before, known, energy_by, prices),
        },
        "more_data": [
            {
                **answer,
                "energy_kwh": (answer["factor"] - 1) * extra,
                "energy_by": energy_by,
                **prices.of((answer["factor"] - 1) * extra),
            }
            for answer in result["more_data"]
        ],
        "study_cost": {
            "trainings": len(runs) + int(beside["trainings"].sum()),
            "energy_kwh": used_kwh,
            "lost_energy_kwh": lost_kwh,
            "lost_beside_plan_kwh": lost_beside_kwh,
            "beside_plan_kwh": beside_kwh,
            **further_kwh,
            **prices.of(used_kwh),
            "full_n_train": full,
            "full_training_kwh": full_kwh,
            "full_training_estimated": estimated,
            "full_trainings": used_kwh / full_kwh if full_kwh else None,
            "saved_kwh": saved_kwh if pays else 0.0,
            "payback_retrainings": used_kwh / saved_kwh if pays else None,
            "reason": None if pays else "nothing_saved",
        },
    }


def _again_kwh(runs: pd.DataFrame, keys: Iterable[RunKey]) -> float:
    """What trainings took that were done once more, by the energies of the runs that they equal."""
    by_key = runs.set_index(list(RUN_KEY))["energy_kwh"]
    return math.fsum(float(by_key[key]) for key in keys if key in by_key.index)


def _energy_by(growth: Mapping[str, Any] | None, *, by_size: bool, sizes: int) -> EnergyBy:
    """How a larger training's energy follows from those that were measured.

    Args:
        growth: as of a result.
        by_size: whether a larger size takes more steps.
        sizes: how many were measured.
    """
    if not by_size:
        return "steps"
    # Then sizes differ in more than their examples.
    epochs = [decision["epochs"] for decision in (growth or {}).get("decisions", ())]
    fewer = any(one and one["trained"] != one["all"] for one in epochs)
    return "examples" if fewer or sizes == 1 else "line"


def _energy_at(energies: pd.Series, size: int, energy_by: EnergyBy) -> float:
    """What one training on a size takes, in kWh, from those on others.

    Args:
        energies: the mean of each size, in kWh.
        size: in training examples.
        energy_by: `line`: by the line through all sizes, from the largest one on; below it by its
            neighbours; `examples`: in proportion to these; `steps`: as all sizes take the same.
    """
    largest = int(energies.index.max())
    if energy_by == "steps":
        return float(energies[largest])
    if energy_by == "examples":
        return float(energies[largest]) * size / largest
    ordered = energies.sort_index()
    sizes, kwh = ordered.index.to_numpy(np.float64), ordered.to_numpy(np.float64)
    slope = max(float(np.polyfit(sizes, kwh, 1)[0]), 0.0)
    return float(np.interp(size, sizes, kwh)) + slope * max(size - largest, 0)


def _unspent(
    growth: Mapping[str, Any],
    runs: pd.DataFrame,
    before: pd.DataFrame,
    energies: pd.Series,
    energy_by: EnergyBy,
    prices: Prices,
) -> dict[str, Any]:
    """What the sizes that were not trained would have taken; `energies` has the full one too."""
    ran = runs.groupby("seed")["n_train"].nunique()
    seeds = int((ran == runs["n_train"].nunique()).sum())
    done = {size: int((before["n_train"] == size).sum()) for size in growth["untrained"]}
    missing = {size: seeds - count for size, count in done.items() if count < seeds}
    energy_kwh = math.fsum(
        trainings * _energy_at(energies, size, energy_by) for size, trainings in missing.items()
    )
    return {
        "sizes": list(missing),
        "trainings": sum(missing.values()),
        "trained_before": sum(done.values()),
        "energy_kwh": energy_kwh,
        **prices.of(energy_kwh),
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
