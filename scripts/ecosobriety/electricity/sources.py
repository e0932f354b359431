"""Energy sources: their life-cycle carbon intensity and the cost of their electricity.

Both are CSV files in which every value stands beside its reference.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

import pandas as pd
import pycountry

from ecosobriety.electricity.factor_tables import (
    FIRST_YEAR,
    read_ranges,
    read_year,
    require,
    require_between,
)
from ecosobriety.errors import ConfigError, quote
from ecosobriety.tables import GRID_SOURCE

PLAUSIBLE_COST, _LIKE_A_EURO = (1e-3, 5.0), ("CHF", "EUR", "GBP", "USD")
"""What a kWh costs, and the currencies in which it does so."""
HIGHEST_LOW_CARBON = 400.0
"""In g/kWh: between biomass and gas."""
PLAUSIBLE_SOURCE = (1.0, 3000.0)
"""That of an energy source, by the lowest and highest values of IPCC AR5 WG3 Annex III."""


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
    table = read_ranges(path, key="source", unit="g_per_kwh", texts=["low_carbon"])
    unit = "g/kWh over the life cycle"
    require_between(path, table, "source", "central_g_per_kwh", PLAUSIBLE_SOURCE, unit)
    named = table["source"].str.fullmatch("[a-z0-9][a-z0-9_]*") & (table["source"] != GRID_SOURCE)
    allowed = f"a name of a-z, 0-9 and _ that is not {GRID_SOURCE}"
    require(path, table, "source", "source", named, allowed)
    written = table["low_carbon"].str.casefold()
    require(path, table, "source", "low_carbon", written.isin(["true", "false"]), "true or false")
    table["low_carbon"] = written == "true"
    good = ~table["low_carbon"] | (table["central_g_per_kwh"] <= HIGHEST_LOW_CARBON)
    allowed = f"false above {HIGHEST_LOW_CARBON:g} g CO2e per kWh"
    require(path, table, "source", "low_carbon", good, allowed)
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
    table = read_ranges(path, key="source", unit="per_kwh", texts=["currency", "price_year"])
    real = table["currency"].map(lambda code: pycountry.currencies.get(alpha_3=code) is not None)
    upper = table["currency"].str.fullmatch("[A-Z]{3}")
    require(path, table, "source", "currency", upper & real, "a code of ISO 4217, such as USD")
    read_year(path, table, "source", "price_year", FIRST_YEAR)
    low, high = PLAUSIBLE_COST
    plausible = table["central_per_kwh"].between(low, high) | ~table["currency"].isin(_LIKE_A_EURO)
    allowed = f"{low:g} to {high:g} per kWh: a thousandth of what it is per MWh"
    require(path, table, "source", "central_per_kwh", plausible, allowed)
    return table
