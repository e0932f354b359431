"""The electricity of countries and of energy sources: carbon intensity, low-carbon share, cost.

Countries come by default from the table that CodeCarbon ships (Our World in Data: Ember and the
Energy Institute; life-cycle intensities), so that a study's grid emissions are CodeCarbon's own;
`country_data` has the other providers, and all of them are checked here. The tables of sources and
of costs are CSV files in which every value stands beside its reference.
"""

import json
import math
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pandas as pd
import pycountry

from ecosobriety.country_names import country_hint
from ecosobriety.errors import ConfigError, quote
from ecosobriety.factors import FIRST_YEAR, read_factors, read_year, require
from ecosobriety.reasons import reason
from ecosobriety.tables import GRID_SOURCE
from ecosobriety.units import grams_to_kg

MIX_FILE = "codecarbon/data/private_infra/global_energy_mix.json"
"""The table that CodeCarbon ships, below its installation."""

FOSSIL_SHARES = ("coal_share", "gas_share", "oil_share")
LOW_CARBON_SHARES = (
    *("nuclear_share", "hydro_share", "solar_share", "wind_share"),
    *("bioenergy_share", "other_renewable_share"),
)
SHARES = (*FOSSIL_SHARES, *LOW_CARBON_SHARES)
"""Columns of a country's mix: disjoint, and together its whole production."""

MIX_SOURCES: Mapping[str, str] = {
    "coal_share": "coal",
    "gas_share": "gas",
    "oil_share": "oil",
    "nuclear_share": "nuclear",
    "hydro_share": "hydro",
    # Most of the world's solar electricity is from large plants, most of its wind from land.
    "solar_share": "solar_pv_utility",
    "wind_share": "wind_onshore",
    "bioenergy_share": "biomass",
    # Geothermal, wave and tidal: geothermal is nearly all of it.
    "other_renewable_share": "geothermal",
}
"""The source of `config/factors/source_intensity.csv` that stands for each share of a mix."""

PLAUSIBLE_MIX = (2.0, 1500.0)
"""The life-cycle intensity of a country's mix, in g CO2e/kWh: hydropower alone has about 24, the
worst mix of CodeCarbon's table 1,306. In kg/kWh, no mix reaches the lower bound."""
PLAUSIBLE_SOURCE = (1.0, 3000.0)
"""That of an energy source, by the lowest and highest values of IPCC AR5 WG3 Annex III."""

_DIRECT_SHARES = {
    "coal_share": "coal_TWh",
    "gas_share": "gas_TWh",
    "oil_share": "oil_TWh",
    "nuclear_share": "nuclear_TWh",
    "hydro_share": "hydroelectricity_TWh",
    "solar_share": "solar_TWh",
    "wind_share": "wind_TWh",
}
_SHARE_TOLERANCE = 0.02
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


def finish_countries(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Check each country of a provider and put all into one form.

    An intensity that is missing, 0 or less becomes null. A life-cycle intensity is never 0:
    hydropower alone has about 24 g/kWh (IPCC AR5 WG3 Annex III). We do not put a guess in its
    place. All other flaws are told in `flag` and the value is kept.

    Args:
        rows: for each country, country_iso3, country_name, intensity_g_per_kwh, year,
            low_carbon_share and each of `SHARES` (0-1), None where unknown; `remarks`: what its
            provider tells about it. A country without intensity may say the reason there.

    Returns:
        Sorted by code: country_iso3, country_name, intensity_g_per_kwh (life-cycle, null where
        unusable), low_carbon_share (0-1: renewables and nuclear over production, null where
        unknown), year (Int64), each of `SHARES` (null where unknown), flag (why a value is null or
        to be taken with care; null if sound).
    """
    finished = [
        {
            "country_iso3": row["country_iso3"],
            "country_name": row["country_name"],
            "intensity_g_per_kwh": intensity if (intensity or 0) > 0 else None,
            "low_carbon_share": row["low_carbon_share"],
            "year": row["year"],
            **{share: row[share] for share in SHARES},
            "flag": "; ".join([*_find_flaws(row), *row["remarks"]]) or None,
        }
        for row in rows
        for intensity in [row["intensity_g_per_kwh"]]
    ]
    table = pd.DataFrame(finished).astype(
        {
            **dict.fromkeys(("intensity_g_per_kwh", "low_carbon_share", *SHARES), "float64"),
            "year": "Int64",
            "flag": "str",
        }
    )
    return table.sort_values("country_iso3", ignore_index=True)


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


def _find_flaws(row: Mapping[str, Any]) -> list[str]:
    intensity, shares = row["intensity_g_per_kwh"], [row[share] for share in SHARES]
    known = None not in shares
    flaws = []
    if intensity is None and not row["remarks"]:
        flaws.append(reason("no_intensity"))
    elif intensity is not None and intensity <= 0:
        fossil = sum(row[share] for share in FOSSIL_SHARES) if known else 0.0
        id_ = "fossil_zero" if fossil else "impossible"
        flaws.append(reason(id_, intensity=f"{intensity:g}", share=f"{fossil:.1%}"))
    if row["low_carbon_share"] is None:
        flaws.append(reason("no_low_carbon"))
    if known and abs(sum(shares) - 1) > _SHARE_TOLERANCE:
        flaws.append(reason("shares_sum", share=f"{sum(shares):.1%}"))
    return flaws


def _find_coarseness(entry: Mapping[str, Any]) -> list[str]:
    intensity, total_twh = entry.get("carbon_intensity"), entry.get("total_TWh")
    if not (total_twh and intensity and intensity > 0):
        return []
    emissions_mt = grams_to_kg(intensity) * total_twh  # 1 kg/kWh is 1 Mt/TWh
    uncertainty = _HALF_LAST_DIGIT / emissions_mt + _HALF_LAST_DIGIT / total_twh
    if uncertainty <= _COARSE_FROM:
        return []
    return [reason("coarse", share=f"{uncertainty:.0%}")]


def add_mix_intensity(countries: pd.DataFrame, sources: pd.DataFrame) -> pd.DataFrame:
    """Put beside each country's intensity what its mix would have with the sources' own factors.

        mix_intensity = sum over the shares of share x I_source     g CO2e/kWh

    The two differ where a country's plants differ from the literature's middle, or where a table
    errs. Sources are the literature's, so that imports, losses and ageing plants are not in it.

    Args:
        countries: as `finish_countries` gives it.
        sources: as `load_sources` gives it.

    Returns:
        The countries with mix_intensity_g_per_kwh (null where a share or a factor is unknown) and
        mix_ratio: that over intensity_g_per_kwh, null where either is.
    """
    factors = sources.set_index("source")["central_g_per_kwh"].reindex(list(MIX_SOURCES.values()))
    mix = (countries[list(MIX_SOURCES)] * factors.to_numpy()).sum(axis=1, skipna=False)
    ratio = mix / countries["intensity_g_per_kwh"]
    return countries.assign(mix_intensity_g_per_kwh=mix, mix_ratio=ratio)


def most_differing(countries: pd.DataFrame, number: int) -> pd.DataFrame:
    """The countries whose mix and intensity differ most, by their ratio, in either direction.

    Args:
        countries: as `add_mix_intensity` gives it.
        number: how many countries at most.
    """
    known = countries[countries["mix_ratio"] > 0]
    distance = known["mix_ratio"].map(math.log).abs()
    order = distance.sort_values(ascending=False, kind="stable").index
    return known.loc[order].head(number).reset_index(drop=True)


def select_countries(countries: pd.DataFrame, codes: Iterable[str]) -> pd.DataFrame:
    """Take the rows of the given ISO-3166 alpha-3 codes, each once, sorted by code.

    Raises:
        ConfigError: a code is unknown; names it, and the country that was probably meant.
    """
    known = set(countries["country_iso3"])
    wanted = set(codes)
    for code in sorted(wanted - known):
        raise ConfigError(
            f"grid.countries: {quote(code)} is no country of the country data, but must be an "
            f"ISO 3166 alpha-3 code{country_hint(code, known)}"
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
            f"grid.sources: {quote(name)} is not a known energy source; the nearest is "
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
    low, high = PLAUSIBLE_SOURCE
    central = table["central_g_per_kwh"]
    allowed = f"{low:g} to {high:g} g/kWh over the life cycle"
    require(path, table, "source", "central_g_per_kwh", central.between(low, high), allowed)
    named = table["source"].str.fullmatch("[a-z0-9][a-z0-9_]*") & (table["source"] != GRID_SOURCE)
    allowed = f"a name of a-z, 0-9 and _ that is not {GRID_SOURCE}"
    require(path, table, "source", "source", named, allowed)
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
    real = table["currency"].map(lambda code: pycountry.currencies.get(alpha_3=code) is not None)
    upper = table["currency"].str.fullmatch("[A-Z]{3}")
    require(path, table, "source", "currency", upper & real, "a code of ISO 4217, such as USD")
    read_year(path, table, "source", "price_year", FIRST_YEAR)
    return table


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
