"""Countries, sources, prices and runs whose scenarios are worked by hand."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from ecosobriety.footprint.derive import Accounting, Factors, derive_scenarios

FACTORS = Path(__file__).parents[2] / "config/factors"
KEY = ["dataset", "model", "n_train", "country_iso3", "source", "coverage"]

COUNTRIES = pd.DataFrame(
    {
        "country_iso3": ["AAA", "BBB", "NUL"],
        "country_name": ["A", "B", "Null"],
        "intensity_g_per_kwh": [100.0, 700.0, None],
        "low_carbon_share": [0.9, 0.2, None],
        "year": pd.array([2023, 2022, None], dtype="Int64"),
        "flag": pd.array([None, None, "no intensity in the table"], dtype="str"),
    }
)
# Coal has a range everywhere, oil none and no cost, hydro a range of intensity alone.
SOURCES = pd.DataFrame(
    {
        "source": ["coal", "hydro", "oil"],
        "low_g_per_kwh": [700.0, 10.0, None],
        "central_g_per_kwh": [800.0, 20.0, 650.0],
        "high_g_per_kwh": [900.0, 40.0, None],
    }
)
COSTS = pd.DataFrame(
    {
        "source": ["coal", "hydro"],
        "low_per_kwh": [0.06, None],
        "central_per_kwh": [0.12, 0.05],
        "high_per_kwh": [0.18, None],
        "currency": ["USD", "USD"],
    }
)


def make_runs(energies_kwh: dict[int, Iterable[float]], model: str = "mlp") -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"dataset": "d", "model": model, "n_train": n, "seed": seed, "energy_kwh": energy}
            for n, energies in energies_kwh.items()
            for seed, energy in enumerate(energies)
        ]
    )


def derive(runs: pd.DataFrame, **changes: Any) -> pd.DataFrame:
    arguments: dict[str, Any] = {
        "countries": COUNTRIES,
        "sources": SOURCES,
        "costs": COSTS,
        "country_codes": ["AAA", "BBB", "NUL"],
        "source_names": ["coal", "hydro", "oil"],
        "coverage": [0.5, 1.0],
        "confidence": 0.95,
        "pue": 1.5,
        "currency": "EUR",
        "usd_per_unit": 1.25,
    }
    named = arguments | changes
    factors = Factors(*(named.pop(name) for name in ("countries", "sources", "costs")))
    asked = {name: named.pop(name) for name in ("country_codes", "source_names")}
    return derive_scenarios(runs, factors, Accounting(**named), **asked)


def pick(table: pd.DataFrame, country: str, source: str, coverage: float) -> pd.Series:
    chosen = table["country_iso3"].eq(country) & table["source"].eq(source)
    (row,) = (row for _, row in table[chosen & table["coverage"].eq(coverage)].iterrows())
    return row
