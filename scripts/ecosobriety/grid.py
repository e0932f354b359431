"""The electricity of countries and of energy sources: carbon intensity, low-carbon share, cost.

Countries come from the table that CodeCarbon ships (Our World in Data: Ember and the Energy
Institute; life-cycle intensities), so that a study's grid emissions are CodeCarbon's own. Sources
and costs come from CSV files in which every value stands beside its reference.
"""

import json
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pandas as pd

from ecosobriety.errors import ConfigError
from ecosobriety.factors import read_factors, read_number, require
from ecosobriety.units import grams_to_kg

_MIX_FILE = "codecarbon/data/private_infra/global_energy_mix.json"
# Disjoint, and together the whole production: "other renewable" includes bioenergy.
_NAMED_SOURCES_TWH = (
    "coal_TWh",
    "gas_TWh",
    "oil_TWh",
    "nuclear_TWh",
    "hydroelectricity_TWh",
    "solar_TWh",
    "wind_TWh",
    "other_renewable_TWh",
)
_SHARE_TOLERANCE = 0.02
# The table's emissions (Mt) and productions (TWh) are rounded to two decimals.
_HALF_LAST_DIGIT = 0.005
_COARSE_FROM = 0.10


def load_countries() -> pd.DataFrame:
    """Load every country of CodeCarbon's table, without importing CodeCarbon and without network.

    Returns:
        What `build_countries` gives for the installed CodeCarbon's table.
    """
    # importlib.resources would import the package, and with it the tracker and its hardware probe.
    path = Path(str(distribution("codecarbon").locate_file(_MIX_FILE)))
    return build_countries(json.loads(path.read_text(encoding="utf-8")))


def build_countries(mix: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """Turn the table of national mixes into one row per country and check each.

    A mix whose intensity is missing or 0 has a null intensity. A life-cycle intensity is never 0:
    hydropower alone has about 24 g/kWh (IPCC AR5 WG3 Annex III). The table's intensities are
    emissions rounded to 0.01 Mt over production rounded to 0.01 TWh, so that a very small producer
    (the Central African Republic: 0.15 TWh, all hydropower) is rounded down to 0. We do not put a
    guess in its place. All other flaws are told in `flag` and the value is kept.

    Args:
        mix: for each ISO-3166 alpha-3 code, the production by source in TWh, `carbon_intensity` in
            g CO2e/kWh, `country_name` and `year`.

    Returns:
        Sorted by code: country_iso3, country_name, intensity_g_per_kwh (life-cycle, null where
        unusable), low_carbon_share (0-1: renewables and nuclear over production, null where
        unknown), year (Int64), flag (why a value is null or to be taken with care; null if sound).
    """
    rows = [_read_country(code, entry) for code, entry in sorted(mix.items())]
    return pd.DataFrame(rows).astype(
        {
            "intensity_g_per_kwh": "float64",
            "low_carbon_share": "float64",
            "year": "Int64",
            "flag": "str",
        }
    )


def _read_country(code: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    intensity, total_twh = entry.get("carbon_intensity"), entry.get("total_TWh")
    low_carbon_twh = entry.get("low_carbon_TWh")
    share = low_carbon_twh / total_twh if total_twh and low_carbon_twh is not None else None
    return {
        "country_iso3": code,
        "country_name": entry["country_name"],
        "intensity_g_per_kwh": intensity if intensity and intensity > 0 else None,
        "low_carbon_share": share,
        "year": entry.get("year"),
        "flag": "; ".join(_find_flaws(entry, share is not None)) or None,
    }


def _find_flaws(entry: Mapping[str, Any], share_known: bool) -> list[str]:
    intensity, total_twh = entry.get("carbon_intensity"), entry.get("total_TWh")
    flaws = []
    if intensity is None:
        flaws.append("no intensity in the table")
    elif intensity <= 0:
        flaws.append(f"intensity {intensity:g} in the table, which no mix has over its life cycle")
    if not share_known:
        flaws.append("no production in the table, so no low-carbon share")
    if total_twh:
        named = sum(entry.get(source) or 0.0 for source in _NAMED_SOURCES_TWH) / total_twh
        if abs(named - 1) > _SHARE_TOLERANCE:
            flaws.append(f"sources add to {named:.1%} of the production")
    if total_twh and intensity and intensity > 0:
        emissions_mt = grams_to_kg(intensity) * total_twh  # 1 kg/kWh is 1 Mt/TWh
        uncertainty = _HALF_LAST_DIGIT / emissions_mt + _HALF_LAST_DIGIT / total_twh
        if uncertainty > _COARSE_FROM:
            flaws.append(f"small producer: rounding alone moves the intensity by {uncertainty:.0%}")
    return flaws


def select_countries(countries: pd.DataFrame, codes: Iterable[str]) -> pd.DataFrame:
    """Take the rows of the given ISO-3166 alpha-3 codes, each once, sorted by code.

    Raises:
        ConfigError: a code is unknown; names it and the nearest known country.
    """
    names = dict(zip(countries["country_iso3"], countries["country_name"], strict=True))
    wanted = set(codes)
    for code in sorted(wanted - names.keys()):
        by_text = {text.casefold(): iso3 for iso3, name in names.items() for text in (iso3, name)}
        nearest = by_text[_nearest(code.casefold(), by_text)]
        raise ConfigError(
            f"grid.countries: {code!r} is not a known ISO-3166 alpha-3 code; "
            f"the nearest is {nearest} ({names[nearest]})"
        )
    chosen = countries[countries["country_iso3"].isin(wanted)]
    return chosen.sort_values("country_iso3", ignore_index=True)


def select_sources(sources: pd.DataFrame, names: Iterable[str]) -> pd.DataFrame:
    """Take the rows of the given energy sources, each once, sorted by name.

    Raises:
        ConfigError: a source is unknown; names it, the nearest known one and all that are allowed.
    """
    known, wanted = list(sources["source"]), set(names)
    for name in sorted(wanted - set(known)):
        raise ConfigError(
            f"grid.sources: {name!r} is not a known energy source; the nearest is "
            f"{_nearest(name, known)}; allowed are {', '.join(sorted(known))}"
        )
    return sources[sources["source"].isin(wanted)].sort_values("source", ignore_index=True)


def _nearest(text: str, known: Iterable[str]) -> str:
    return get_close_matches(text, known, n=1, cutoff=0.0)[0]


def load_sources(path: Path) -> pd.DataFrame:
    """Read the life-cycle carbon intensities of energy sources.

    Args:
        path: a CSV file with the columns below.

    Returns:
        source; low_g_per_kwh, central_g_per_kwh, high_g_per_kwh (g CO2e/kWh, low and high null
        where the reference states no range); low_carbon (bool); reference, year, url, verified.

    Raises:
        DataError: the file cannot be read, or a value is missing, repeated, not positive or out of
            order; names the file, the row and the column.
    """
    table = _read_ranges(path, "g_per_kwh", ["low_carbon"])
    told = table["low_carbon"].str.casefold()
    require(path, table, "source", "low_carbon", told.isin(["true", "false"]), "true or false")
    table["low_carbon"] = told == "true"
    return table


def load_costs(path: Path) -> pd.DataFrame:
    """Read the costs of electricity by energy source (LCOE: levelised cost of electricity).

    Args:
        path: a CSV file with the columns below.

    Returns:
        source; low_per_kwh, central_per_kwh, high_per_kwh (in `currency`, low and high null where
        the reference states no range); currency (ISO-4217), price_year; reference, year, url,
        verified.

    Raises:
        DataError: the file cannot be read, or a value is missing, repeated, not positive or out of
            order; names the file, the row and the column.
    """
    table = _read_ranges(path, "per_kwh", ["currency", "price_year"])
    read_number(path, table, "source", "price_year")
    return table.astype({"price_year": "int64"})


def _read_ranges(path: Path, unit: str, texts: list[str]) -> pd.DataFrame:
    """Factors by source with a central value, and low and high where the reference states them."""
    low, central, high = (f"{bound}_{unit}" for bound in ("low", "central", "high"))
    table = read_factors(
        path, key="source", numbers=[low, central, high], optional=[low, high], texts=texts
    )
    for column, good, allowed in (
        (low, ~(table[low] > table[central]), f"at most {central}"),
        (high, ~(table[high] < table[central]), f"at least {central}"),
    ):
        require(path, table, "source", column, good, allowed)
    return table
