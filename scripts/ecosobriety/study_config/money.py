"""What is wrong, or odd, with the currency, its rate and the prices of a study's file."""

from collections.abc import Iterator, Mapping
from typing import Any

from ecosobriety.study_config.schema import show

MOST_USD_PER_KWH = 5.0
"""The dearest grids of the world, on small islands, ask less than a dollar."""
_DEARER = frozenset({"EUR", "GBP", "CHF", "KWD", "BHD", "OMR", "JOD", "KYD", "GIP", "FKP", "SHP"})
"""Currencies that are worth more than a US dollar; a few are worth one, and all others less."""
_ABOUT_ONE = 1.03
"""The dollars of the Commonwealth were worth as much for a while, and the franc as little."""


def inverse_rate(cost: Mapping[str, Any]) -> str | None:
    """A rate that is probably written the wrong way round, in words; None: it is not.

    Args:
        cost: of a completed configuration.
    """
    currency, rate = cost["currency"], cost["usd_per_unit"]
    if not (rate < 1 / _ABOUT_ONE if currency in _DEARER else rate > _ABOUT_ONE):
        return None
    return (
        f"cost.usd_per_unit is {rate:g}: 1 {currency} is {rate:g} US dollars. If 1 US dollar is "
        f"{rate:g} {currency}, it must be {1 / rate:.4g}"
    )


def price_contradictions(cost: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the key and the fault of each price that no grid asks."""
    most = MOST_USD_PER_KWH / cost["usd_per_unit"]
    for country, price in cost["grid_price_per_kwh"].items():
        if price > most:
            yield (
                f"cost.grid_price_per_kwh.{country}",
                f"is {price:g}, but must be at most {most:.3g} {cost['currency']} per kWh "
                f"({MOST_USD_PER_KWH:g} USD): {price:g} cents are {price / 100:g}, and a price per "
                f"MWh of {price:g} is {price / 1000:g}",
            )


def currency_contradictions(currency: str) -> Iterator[tuple[str, str]]:
    """Yield the key and the fault of a currency that is not in use."""
    from babel.core import get_global
    from babel.numbers import get_territory_currencies

    places = get_global("territory_currencies")
    used = {code for place in places for code in get_territory_currencies(place)}
    if currency not in used:
        # Codes of three letters are all alike, so that none is the nearest.
        allowed = "the ISO 4217 code of a currency in use, such as EUR"
        yield "cost.currency", f"is {show(currency)}, but must be {allowed}"
