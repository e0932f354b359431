"""The table of countries that CodeCarbon ships, the default of a study.

Its data are Our World in Data's (Ember and the Energy Institute; life-cycle intensities), so that a
study's grid emissions are CodeCarbon's own.
"""

import json
from collections.abc import Mapping
from importlib.metadata import distribution, version
from pathlib import Path
from typing import Any

import pandas as pd

from ecosobriety.electricity.countries import SHARES, finish_countries
from ecosobriety.electricity.provider import Provided, Provider, Settings, facts
from ecosobriety.reasons import reason
from ecosobriety.units import grams_to_kg

MIX_FILE = "codecarbon/data/private_infra/global_energy_mix.json"
"""The table that CodeCarbon ships, below its installation."""
_DIRECT_SHARES = {
    "coal_share": "coal_TWh",
    "gas_share": "gas_TWh",
    "oil_share": "oil_TWh",
    "nuclear_share": "nuclear_TWh",
    "hydro_share": "hydroelectricity_TWh",
    "solar_share": "solar_TWh",
    "wind_share": "wind_TWh",
}
# The table's emissions (Mt) and productions (TWh) are rounded to two decimals.
_HALF_LAST_DIGIT = 0.005
_COARSE_FROM = 0.10


def load_countries() -> pd.DataFrame:
    """Load every country of CodeCarbon's table, without importing CodeCarbon and without network.

    Returns:
        What `build_countries` gives for the installed CodeCarbon's table.
    """
    return build_countries(json.loads(mix_path().read_text(encoding="utf-8")))


def mix_path() -> Path:
    """Where the installed CodeCarbon keeps its table of national mixes."""
    # importlib.resources would import the package, and with it the tracker and its hardware probe.
    return Path(str(distribution("codecarbon").locate_file(MIX_FILE)))


def build_countries(mix: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """Turn CodeCarbon's table of national mixes into one row per country and check each.

    The table's intensities are emissions rounded to 0.01 Mt over production rounded to 0.01 TWh,
    so that a very small producer (the Central African Republic: 0.15 TWh, all hydropower) is
    rounded down to 0.

    Args:
        mix: for each ISO-3166 alpha-3 code, the production by source in TWh, `carbon_intensity` in
            g CO2e/kWh, `country_name` and `year`.

    Returns:
        What `finish_countries` gives.
    """
    return finish_countries([_read_country(code, entry) for code, entry in sorted(mix.items())])


def _read_country(code: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    total_twh, low_carbon_twh = entry.get("total_TWh"), entry.get("low_carbon_TWh")
    share = low_carbon_twh / total_twh if total_twh and low_carbon_twh is not None else None
    return {
        "country_iso3": code,
        "country_name": entry["country_name"],
        "intensity_g_per_kwh": entry.get("carbon_intensity"),
        "low_carbon_share": share,
        "year": entry.get("year"),
        **_read_shares(entry),
        "remarks": _find_coarseness(entry),
    }


def _read_shares(entry: Mapping[str, Any]) -> dict[str, float | None]:
    total_twh = entry.get("total_TWh")
    if not total_twh:
        return dict.fromkeys(SHARES)
    others_twh = entry.get("other_renewable_TWh") or 0.0
    # Of what is counted among the other renewables, a part is bioenergy.
    not_bioenergy_twh = min(entry.get("other_renewable_exc_biofuel_TWh") or 0.0, others_twh)
    produced_twh = {share: entry.get(name) or 0.0 for share, name in _DIRECT_SHARES.items()} | {
        "bioenergy_share": others_twh - not_bioenergy_twh,
        "other_renewable_share": not_bioenergy_twh,
    }
    return {share: twh / total_twh for share, twh in produced_twh.items()}


def _find_coarseness(entry: Mapping[str, Any]) -> list[str]:
    intensity, total_twh = entry.get("carbon_intensity"), entry.get("total_TWh")
    if not (total_twh and intensity and intensity > 0):
        return []
    emissions_mt = grams_to_kg(intensity) * total_twh  # 1 kg/kWh is 1 Mt/TWh
    uncertainty = _HALF_LAST_DIGIT / emissions_mt + _HALF_LAST_DIGIT / total_twh
    if uncertainty <= _COARSE_FROM:
        return []
    return [reason("coarse", share=f"{uncertainty:.0%}")]


def provide(_settings: Settings, _snapshots: Path) -> Provided:
    """The table that CodeCarbon ships."""
    return load_countries(), facts(f"CodeCarbon {version('codecarbon')}", MIX_FILE, mix_path())


PROVIDER = Provider("codecarbon", provide)
