"""Currencies and prices in a study's file."""

import pytest
from config_cases import complete, put, refusal

from ecosobriety.study_config.money import inverse_rate


@pytest.mark.parametrize("currency", ["XXQ", "DEM", "XXX", "XTS", "BTC"])
def test_a_currency_that_is_not_in_use_is_refused(currency):
    cost = {"currency": currency, "usd_per_unit": 2}
    assert f'cost.currency is "{currency}", but must be' in refusal(put(("cost",), cost))


@pytest.mark.parametrize("currency", ["CHF", "XOF", "JPY", "GBP"])
def test_a_currency_in_use_is_taken(currency):
    cost = {"currency": currency, "usd_per_unit": 0.5}
    assert complete(put(("cost",), cost))["cost"]["currency"] == currency


@pytest.mark.parametrize(("currency", "rate"), [("JPY", 149), ("KRW", 1300), ("CHF", 11)])
def test_an_inverse_rate_is_refused(currency, rate):
    cost = {"currency": currency, "usd_per_unit": rate}
    assert f"cost.usd_per_unit is {rate}" in refusal(put(("cost",), cost))


@pytest.mark.parametrize(
    ("currency", "rate", "other"),
    [
        *(("EUR", 0.88, "1.136"), ("GBP", 0.785, "1.274"), ("CHF", 0.9, "1.111")),
        *(("CAD", 1.36, "0.7353"), ("PLN", 3.95, "0.2532"), ("KWD", 0.307, "3.257")),
        *(("EUR", 1.142, None), ("EUR", 1.0, None), ("CHF", 1.0, None), ("USD", 1.0, None)),
        *(("AUD", 1.02, None), ("JPY", 0.0067, None), ("KWD", 3.3, None), ("BMD", 1.0, None)),
    ],
)
def test_a_rate_that_may_be_the_inverse_is_said_in_words(currency, rate, other):
    found = inverse_rate({"currency": currency, "usd_per_unit": rate})
    assert (found is None) == (other is None)
    assert other is None or f"1 {currency} is {rate:g} US dollars" in found
    assert other is None or found.endswith(f"it must be {other}")


@pytest.mark.parametrize(
    ("cost", "told"),
    [
        ({}, "is 25, but must be at most 4.38 EUR per kWh (5 USD): 25 cents are 0.25"),
        ({"currency": "XOF", "usd_per_unit": 0.0017}, None),
        ({"currency": "USD", "usd_per_unit": 1}, "is 25, but must be at most 5 USD per kWh"),
    ],
)
def test_a_price_that_no_grid_asks_is_refused(cost, told):
    written = put(("cost",), {**cost, "grid_price_per_kwh": {"FRA": 25}})
    if told is None:
        assert complete(written)["cost"]["grid_price_per_kwh"] == {"FRA": 25}
    else:
        assert f"cost.grid_price_per_kwh.FRA {told}" in refusal(written)


def test_electricity_may_be_free():
    completed = complete(put(("cost", "grid_price_per_kwh", "FRA"), 0))
    assert completed["cost"]["grid_price_per_kwh"] == {"FRA": 0}
