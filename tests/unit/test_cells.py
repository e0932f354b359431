import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ecosobriety.electricity.codecarbon_table import load_countries
from ecosobriety.electricity.sources import load_costs, load_sources
from ecosobriety.errors import ConfigError
from ecosobriety.footprint.cell import describe_cell
from ecosobriety.footprint.derive import Accounting, Factors, derive_scenarios
from ecosobriety.footprint.equivalents import load_equivalents
from ecosobriety.readers import take_in
from ecosobriety.study_config.cells import cell_runs

FACTORS = Path(__file__).parents[2] / "config/factors"
SETTINGS: dict[str, Any] = {
    "coverage": [0.5, 1.0],
    "confidence": 0.95,
    "pue": 1.5,
    "currency": "EUR",
    "usd_per_unit": 1.25,
    "grid_price_per_kwh": {"FRA": 0.2},
}


def make_runs(*energies_kwh: float) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "dataset": "d",
            "model": "mlp",
            "n_train": 1000,
            "seed": range(1, len(energies_kwh) + 1),
            "energy_kwh": energies_kwh,
            "energy_quality": "estimated",
            "energy_source": "cpu_load",
            "attempt": "a",
        }
    )


def tables() -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    return (
        load_countries(),
        load_sources(FACTORS / "poster" / "source_intensity.csv"),
        load_costs(FACTORS / "poster" / "source_cost.csv"),
    )


def describe(country: str, source: str, *energies_kwh: float, **changes: Any) -> dict[str, Any]:
    runs = make_runs(*(energies_kwh or (2.0, 3.0, 4.0)))
    equivalents = load_equivalents(FACTORS / "equivalents.csv")
    accounting = Accounting(**{**SETTINGS, **changes})
    cell = describe_cell(
        runs, Factors(*tables()), accounting, equivalents, country=country, source=source
    )
    return json.loads(json.dumps(cell, allow_nan=False))


def test_a_cell_can_be_recomputed_by_hand_from_what_it_holds() -> None:
    cell = describe("FRA", "hydro")
    inputs, (half, full) = cell["inputs"], cell["values"]
    assert inputs["energy"]["energy_kwh"] == pytest.approx(3.0)  # mean of 2, 3, 4 kWh
    assert inputs["country"]["intensity_g_per_kwh"] == pytest.approx(56.039)
    assert inputs["source"]["central_g_per_kwh"] == 24
    assert full["view"] == "market-based"
    counts = {entry["equivalent"]: entry["count"] for entry in full["equivalents"]}
    assert counts["car_km"] == pytest.approx(108 / 175)  # 108 g over 175 g/km
    assert counts["french_household_day"] == pytest.approx(4.5 / 13.5)  # 3 kWh x 1.5 over 13.5 kWh
    assert full["emissions_g"] == pytest.approx(108.0)  # 3 kWh x 1.5 x 24 g/kWh
    assert full["cost"] == pytest.approx(0.1584)  # 3 x 1.5 x 0.044 USD/kWh / 1.25 USD/EUR
    assert half["view"] == "partial contract"
    assert half["intensity_g_per_kwh"] == pytest.approx(40.0195)  # (24 + 56.039) / 2 g/kWh
    # 3 kWh x 1.5 x (0.044 / 1.25 + 0.2) / 2 EUR/kWh
    assert half["cost"] == pytest.approx(0.5292)
    # Student t(0.975, 2) = 4.302653: 3 -/+ 2.484138 kWh; hydropower from 1 to 2,200 g/kWh.
    assert full["emissions_g_low"] == pytest.approx(0.515862 * 1.5 * 1.0, rel=1e-6)
    assert full["emissions_g_high"] == pytest.approx(5.484138 * 1.5 * 2200, rel=1e-6)


def test_every_factor_stands_beside_its_reference() -> None:
    inputs = describe("FRA", "hydro")["inputs"]
    for factor in ("source", "source_cost"):
        assert inputs[factor]["reference"]
        assert inputs[factor]["url"].startswith("https://")
    assert inputs["source_cost"]["price_year"] == 2020
    assert inputs["country"]["year"] == 2023
    assert [run["seed"] for run in inputs["energy"]["runs"]] == [1, 2, 3]


def test_the_grid_has_one_value_and_no_source() -> None:
    cell = describe("FRA", "grid")
    (value,) = cell["values"]
    assert (value["coverage"], value["view"]) == (0.0, "location-based")
    assert value["emissions_g"] == pytest.approx(252.1755)  # 3 kWh x 1.5 x 56.039 g/kWh
    assert value["cost"] == pytest.approx(0.9)  # 3 kWh x 1.5 x 0.2 EUR/kWh
    assert cell["inputs"]["source"] is None
    assert cell["inputs"]["source_cost"] is None


def test_what_is_not_known_is_null() -> None:
    (value,) = describe("CAF", "grid", 3.0)["values"]
    assert value["emissions_g"] is None
    assert value["cost"] is None
    (_, full) = describe("CAF", "oil", 3.0)["values"]
    assert full["emissions_g"] == pytest.approx(2925.0)  # 3 kWh x 1.5 x 650 g/kWh
    assert full["cost"] is None
    assert full["emissions_g_low"] is None


def test_values_are_those_of_the_table() -> None:
    table = derive_scenarios(
        make_runs(2.0, 3.0, 4.0),
        Factors(*tables()),
        Accounting(**SETTINGS),
        country_codes=["POL", "FRA"],
        source_names=["coal", "hydro"],
    ).set_index(["country_iso3", "source", "coverage"])
    for country in ("POL", "FRA"):
        for source in ("coal", "hydro", "grid"):
            for value in describe(country, source)["values"]:
                row = table.loc[(country, source, value["coverage"])]
                for name in ("intensity_g_per_kwh", "emissions_g", "emissions_g_high", "cost"):
                    expected = None if pd.isna(row[name]) else row[name]
                    assert value[name] == expected


def test_a_cells_trainings_are_every_seed_of_the_first_model_at_its_size() -> None:
    config = {
        "task": "classification",
        "dataset": {"name": "digits"},
        "models": [{"name": "mlp"}, {"name": "linear"}],
        "grid": {"n_train": [200], "seeds": [1, 7]},
    }
    known = {"countries": ["FRA", "POL"], "sources": ["coal", "grid"], "take_in": take_in}
    runs = cell_runs(config, "n300/FRA/grid", **known)
    assert runs == [("digits", "mlp", 300, 1), ("digits", "mlp", 300, 7)]
    for name, said in {
        "n1401/FRA/coal": "1401, but must be from 1 to 1400",
        "n300/fra/coal": "small letters are used: write FRA",
        "n300/FRX/coal": "the cell's country is .FRX., but must be an ISO 3166 alpha-3 code",
        "n300/FRA/coil": "must be one of coal, grid .the nearest is coal",
        "300/FRA/coal": "is no cell, but must be n{n_train}/",
        "n300/FRA": "is no cell",
        "n300/FRA/coal/coal": "is no cell",
    }.items():
        with pytest.raises(ConfigError, match=said):
            cell_runs(config, name, **known)
