"""What households pay for electricity: Eurostat's figures, and when they count."""

from pathlib import Path

import pytest

from ecosobriety.electricity.consumer_prices import TABLE, grid_prices, load_consumer_prices
from ecosobriety.electricity.editions import table_path
from ecosobriety.errors import ConfigError, DataError

FACTORS = Path(__file__).parents[2] / "config/factors"
PATH = table_path(FACTORS, 2026, TABLE)
COST = {"currency": "EUR", "grid_price_per_kwh": {"FRA": 0.25}, "consumer_prices": "households"}


def test_prices_are_eurostats():
    # EUR per 100 kWh of the first half of 2025: 38.35, 35.71, 34.85, 32.91, 10.40, 12.44, 13.00.
    assert load_consumer_prices(PATH) == {
        **{"DEU": 0.3835, "BEL": 0.3571, "DNK": 0.3485, "ITA": 0.3291},
        **{"HUN": 0.1040, "MLT": 0.1244, "BGR": 0.1300},
    }


def test_the_studys_own_price_comes_first():
    own = {**COST, "grid_price_per_kwh": {"FRA": 0.25, "DEU": 0.2}}
    prices = grid_prices(own, PATH)
    assert (prices["FRA"], prices["DEU"], prices["HUN"]) == (0.25, 0.2, 0.1040)


def test_unless_asked_for_they_do_not_count():
    assert grid_prices({**COST, "consumer_prices": None}, PATH) == {"FRA": 0.25}


def test_prices_in_euro_are_not_taken_for_another_currency():
    with pytest.raises(ConfigError, match="currency USD: the prices are in EUR"):
        grid_prices({**COST, "currency": "USD"}, PATH)


def test_the_posters_edition_has_none():
    with pytest.raises(ConfigError, match="factors: poster"):
        grid_prices(COST, table_path(FACTORS, "poster", TABLE))


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [("BEL", "BEE", "country_iso3"), ("EUR", "USD", "currency"), ("0.3571", "0", "price_per_kwh")],
)
def test_a_wrong_value_is_refused(tmp_path, old, new, named):
    path = tmp_path / "electricity_price.csv"
    path.write_text(PATH.read_text().replace(old, new, 1))
    with pytest.raises(DataError, match=named):
        load_consumer_prices(path)
