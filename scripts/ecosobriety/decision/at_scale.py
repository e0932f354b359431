"""A year's amounts, and what the machine's time costs: ratios at the scale of the reader."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ecosobriety.decision.rows import mean_durations_s
from ecosobriety.units import seconds_to_hours


@dataclass(frozen=True)
class Usage:
    """How a training is used.

    Attributes:
        trainings_per_year: how often it runs; None: not said.
        energy_per_training_kwh: electricity of one training on the full size by the user's own
            meter or bill, the site's share included; None: what the study found.
        machine_price_per_hour: price of the machine that trains, in the study's currency; None: not
            said.
        pue: energy of the site over IT energy.
    """

    trainings_per_year: float | None
    energy_per_training_kwh: float | None
    machine_price_per_hour: float | None
    pue: float


def add_scale(
    recommendation: Mapping[str, Any], runs: pd.DataFrame, usage: Usage
) -> dict[str, Any]:
    """Add to each result a year's amounts and the cost of the machine's time.

    A year's energy on the full size is

        trainings_per_year x energy_per_training_kwh

    or, without the latter, x the study's energy x PUE. What it emits and costs follows by the
    rates of `study_cost`; what the recommended size saves of all of them is the saved share, which
    a power model gives better than amounts. Its bounds are those of the share's interval.

    Args:
        recommendation: as `add_study_cost` gives it.
        runs: the table `runs`.
        usage: how a training is used.

    Returns:
        A copy in which each result has::

            yearly: {trainings, training_kwh, training_kwh_from, share: {mean, low, high},
                     energy_kwh, emissions_g, cost, cheapest, dearest, currency}
            machine: {price_per_hour, currency, full, recommended, saved}

        `training_kwh_from` is `usage` or `study`. Amounts are those of a year on the full size;
        multiplied by `share`, which is null where no smaller size is recommended, they are what is
        saved. `yearly` is null without trainings_per_year, `machine` without a price or where a
        duration is not known; its `recommended` and `saved` are null like `share`.
    """
    results = [
        {
            **result,
            "yearly": _yearly(result, usage),
            "machine": _machine(result, runs, usage.machine_price_per_hour),
        }
        for result in recommendation["results"]
    ]
    return {**recommendation, "results": results}


def _yearly(result: Mapping[str, Any], usage: Usage) -> dict[str, Any] | None:
    if usage.trainings_per_year is None:
        return None
    spent = result["study_cost"]
    own_kwh = usage.energy_per_training_kwh
    training_kwh = spent["full_training_kwh"] * usage.pue if own_kwh is None else own_kwh
    year_kwh = usage.trainings_per_year * training_kwh
    # The study's amounts are for its IT energy and hold the PUE; a year's energy is the site's.
    it_kwh = year_kwh / usage.pue
    rate = it_kwh / spent["energy_kwh"] if spent["energy_kwh"] else None
    return {
        "trainings": usage.trainings_per_year,
        "training_kwh": training_kwh,
        "training_kwh_from": "study" if own_kwh is None else "usage",
        "share": _saved_share(result),
        "energy_kwh": year_kwh,
        "emissions_g": _times(spent["emissions_g"], rate),
        "cost": _times(spent["cost"], rate),
        **{
            end: None
            if spent[end] is None
            else {"source": spent[end]["source"], "amount": _times(spent[end]["amount"], rate)}
            for end in ("cheapest", "dearest")
        },
        "currency": spent["currency"],
    }


def _saved_share(result: Mapping[str, Any]) -> dict[str, float | None] | None:
    answer = result["configured"]
    if not answer["smaller_than_reference"] or answer["saving"]["share"] is None:
        return None
    interval = answer["energy_saved_share"]
    bounds = {"low": interval["ci_low"], "high": interval["ci_high"]}
    return {"mean": answer["saving"]["share"], **bounds}


def _machine(
    result: Mapping[str, Any], runs: pd.DataFrame, price_per_hour: float | None
) -> dict[str, Any] | None:
    if price_per_hour is None:
        return None
    costs = {
        size: None if duration_s is None else seconds_to_hours(duration_s) * price_per_hour
        for size, duration_s in mean_durations_s(result, runs).items()
    }
    full = costs[result["reference_n_train"]]
    if full is None:
        return None
    answer = result["configured"]
    recommended = saved = None
    if answer["smaller_than_reference"]:
        size = answer["sufficient_n_train"]
        if (own := costs[size]) is not None:
            recommended, saved = own, full - own
    return {
        "price_per_hour": price_per_hour,
        "currency": result["study_cost"]["currency"],
        "full": full,
        "recommended": recommended,
        "saved": saved,
    }


def _times(amount: float | None, rate: float | None) -> float | None:
    return None if amount is None or rate is None else amount * rate
