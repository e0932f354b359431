"""One cell of the grid size x country x source, with everything that its numbers were made from.

The tables hold every cell; this is for the reader who wants one, and wants to check it by hand.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ecosobriety.footprint.derive import Accounting, Factors, average_energy, derive_scenarios
from ecosobriety.footprint.equivalents import equivalents_of
from ecosobriety.records.adjusted import FACTOR
from ecosobriety.tables import GRID_SOURCE

FORMULAS: Mapping[str, str] = {
    "intensity_g_per_kwh": "coverage x source.central_g_per_kwh"
    " + (1 - coverage) x country.intensity_g_per_kwh",
    "emissions_g": "energy.energy_kwh x pue x intensity_g_per_kwh",
    "cost": "energy.energy_kwh x pue"
    " x (coverage x source_price_per_kwh + (1 - coverage) x grid_price_per_kwh)",
    "source_price_per_kwh": "source_cost.central_per_kwh / usd_per_unit, or source_cost."
    "central_per_kwh itself where it is in the study's currency",
    "low": "the same with energy.energy_kwh_low and the low values of the source; null where the "
    "source states no range; the country's intensity has none and enters as it is",
    "high": "the same with energy.energy_kwh_high and the high values of the source",
    "equivalents": "emissions_g, or energy.energy_kwh x pue, over the amount of one",
    "energy.energy_kwh": "mean over the seeds, of energies that hold the calibration factor"
    " where there is one; low and high are Student's t interval at "
    "energy.confidence, not below 0; null with one seed",
}
"""How each value is made from the inputs, by their names."""

_VIEWS = {0.0: "location-based", 1.0: "market-based"}
_VALUES = [
    name + bound
    for name in ("intensity_g_per_kwh", "emissions_g", "cost")
    for bound in ("", "_low", "_high")
]


def describe_cell(
    runs: pd.DataFrame,
    factors: Factors,
    accounting: Accounting,
    equivalents: pd.DataFrame,
    *,
    country: str,
    source: str,
) -> dict[str, Any]:
    """Derive one country's and source's emissions and cost of a training, with all inputs.

    Args:
        runs: the rows of the table `runs` of one data set, model and size; one per seed.
        factors: of countries and sources.
        accounting: coverage, PUE, prices, and the confidence of bounds.
        equivalents: as `equivalents.load_equivalents` gives it.
        country: ISO-3166 alpha-3 code.
        source: an energy source, or `grid` for the country's mix, which is at coverage 0 alone.

    Returns:
        Ready for JSON: `cell` (its key), `inputs` (energy with each seed's run; the country's, the
        source's and the cost's factor with their references; PUE, currency, prices), `formulas`,
        and `values`: one entry per coverage, with the values of the table `scenarios`, but by the
        size's own seeds where it lacks some of the reference's, and what they are like in everyday
        life. What is not known is null.

    Raises:
        ConfigError: the country or the source is unknown.
        DataError: a cost is in a third currency.
    """
    table = derive_scenarios(
        runs,
        factors,
        accounting,
        country_codes=[country],
        source_names=[] if source == GRID_SOURCE else [source],
    )
    rows = table[table["source"] == source]
    first = rows.iloc[0]
    used_kwh = float(first["energy_kwh"]) * accounting.pue
    return {
        "cell": {
            "dataset": str(first["dataset"]),
            "model": str(first["model"]),
            "n_train": int(first["n_train"]),
            "country_iso3": country,
            "source": source,
        },
        "inputs": {
            "energy": _energy(runs, accounting.confidence),
            "pue": accounting.pue,
            "country": _factor(factors.countries, "country_iso3", country),
            "source": _factor(factors.sources, "source", source),
            "source_cost": _factor(factors.costs, "source", source),
            "grid_price_per_kwh": accounting.grid_price_per_kwh.get(country),
            "currency": accounting.currency,
            "usd_per_unit": accounting.usd_per_unit,
        },
        "formulas": dict(FORMULAS),
        "values": [
            {
                "coverage": float(row["coverage"]),
                "view": _VIEWS.get(float(row["coverage"]), "partial contract"),
                **{name: plain(row[name]) for name in _VALUES},
                "equivalents": equivalents_of(plain(row["emissions_g"]), used_kwh, equivalents),
            }
            for _, row in rows.iterrows()
        ],
    }


def plain(value: Any) -> Any:
    """A table's value as JSON holds it: a missing one is null, a number is Python's own."""
    if pd.isna(value):
        return None
    return value.item() if hasattr(value, "item") else value


def _energy(runs: pd.DataFrame, confidence: float) -> dict[str, Any]:
    mean = average_energy(runs, confidence).iloc[0]
    shown = ["seed", "energy_kwh", "energy_quality", "energy_source", "attempt"]
    shown += [FACTOR] if FACTOR in runs else []
    return {
        **{name: plain(mean[name]) for name in ("energy_kwh", "energy_kwh_low", "energy_kwh_high")},
        "confidence": confidence,
        "runs": [{name: plain(run[name]) for name in shown} for _, run in runs.iterrows()],
    }


def _factor(table: pd.DataFrame, key: str, name: str) -> dict[str, Any] | None:
    """The row of a table of factors; None where it has none, as for the cost of a mix."""
    rows = table[table[key] == name]
    return {str(k): plain(v) for k, v in rows.iloc[0].items()} if len(rows) else None
