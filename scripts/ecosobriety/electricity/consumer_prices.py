"""What consumers pay for electricity, taxes and networks included, by country."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from ecosobriety.country_codes import is_country
from ecosobriety.electricity.factor_tables import read_factors, require, require_between
from ecosobriety.errors import ConfigError

TABLE = "electricity_price"
CURRENCY = "EUR"
PLAUSIBLE_PRICE = (0.001, 5.0)
"""Euros for a kWh: households of some countries pay tenths of a cent."""


def load_consumer_prices(path: Path) -> pd.DataFrame:
    """Read the consumers' prices by country.

    Args:
        path: a CSV file with the columns below.

    Returns:
        country_iso3, price_per_kwh, currency (EUR), consumer (`households`), period (such as
        2025-S1, of a half of a year), and reference, year, url, verified.

    Raises:
        DataError: the file cannot be read or holds a wrong value; names the row and the column.
    """
    key = "country_iso3"
    texts = ["currency", "consumer", "period"]
    table = read_factors(path, key=key, numbers=["price_per_kwh"], texts=texts)
    require(path, table, key, key, table[key].map(is_country).astype(bool), "an ISO 3166 code")
    require(path, table, key, "currency", table["currency"] == CURRENCY, CURRENCY)
    require_between(path, table, key, "price_per_kwh", PLAUSIBLE_PRICE, "EUR/kWh")
    require(path, table, key, "consumer", table["consumer"] == "households", "households")
    halves = table["period"].str.fullmatch("[0-9]{4}-S[12]")
    require(path, table, key, "period", halves, "a half of a year, such as 2025-S1")
    return table


def unpriced_by(own: Mapping[str, float], table: pd.DataFrame) -> pd.DataFrame:
    """The consumers' prices that count: of countries for which the study has no price of its own.

    Args:
        own: the study's prices, by country code.
        table: as `load_consumer_prices` gives it.
    """
    return table[~table["country_iso3"].isin(own)].reset_index(drop=True)


def merged(own: Mapping[str, float], table: pd.DataFrame) -> dict[str, float]:
    """The price of each country's own mix: the study's, else the consumers'."""
    prices = zip(table["country_iso3"], table["price_per_kwh"], strict=True)
    return {**{str(country): float(price) for country, price in prices}, **own}


def grid_prices(cost: Mapping[str, Any], path: Path) -> dict[str, float]:
    """The price of each country's own mix: the study's, else the consumers' where it asks for it.

    Args:
        cost: the completed section `cost` of the configuration.
        path: of the consumers' prices; the poster's edition has none.

    Raises:
        ConfigError: the study's currency is another one, or its edition has no such prices.
    """
    own: dict[str, float] = dict(cost["grid_price_per_kwh"])
    if cost["consumer_prices"] is None:
        return own
    if not path.exists():
        raise ConfigError("must be null with factors: poster, which has no such prices")
    if cost["currency"] != CURRENCY:
        raise ConfigError(
            f"must be null with the currency {cost['currency']}: the prices are in {CURRENCY}"
        )
    return merged(own, load_consumer_prices(path))
