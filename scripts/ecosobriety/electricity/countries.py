"""The electricity of countries: carbon intensity, low-carbon share and mix, in one form for all.

Several providers give it (`providers`); all of them are checked here.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from ecosobriety.electricity.country_names import country_hint
from ecosobriety.errors import ConfigError, quote
from ecosobriety.reasons import reason

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
"""The source of `source_intensity.csv` that stands for each share of a mix."""
PLAUSIBLE_MIX = (2.0, 1500.0)
"""The life-cycle intensity of a country's mix, in g CO2e/kWh: hydropower alone has about 24, the
worst mix of CodeCarbon's table 1,306. In kg/kWh, no mix reaches the lower bound."""
_SHARE_TOLERANCE = 0.02


def finish_countries(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Check each country of a provider and put all into one form.

    An intensity that is missing, 0 or less becomes null. A life-cycle intensity is never 0:
    hydropower alone has about 24 g/kWh (IPCC AR5 WG3 Annex III). We do not put a guess in its
    place. All other flaws are named in `flag` and the value is kept.

    Args:
        rows: for each country, country_iso3, country_name, intensity_g_per_kwh, year,
            low_carbon_share and each of `SHARES` (0-1), None where unknown; `remarks`: what its
            provider says about it. A country without intensity may say the reason there.

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


def fossil_of(row: Mapping[str, Any]) -> float:
    """What a row says of coal, gas and oil; at least so much is fossil."""
    return float(sum(row[share] or 0.0 for share in FOSSIL_SHARES))


def low_carbon_of(row: Mapping[str, Any]) -> float:
    """The same of low-carbon electricity, by its sources or as one share."""
    known = sum(row[share] or 0.0 for share in LOW_CARBON_SHARES)
    return float(max(known, row["low_carbon_share"] or 0.0))


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
    # Of some of them, only that they are too many.
    total = sum(shares) if known else fossil_of(row) + low_carbon_of(row)
    if total > 1 + _SHARE_TOLERANCE or (known and total < 1 - _SHARE_TOLERANCE):
        flaws.append(reason("shares_sum", share=f"{total:.1%}"))
    return flaws


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
