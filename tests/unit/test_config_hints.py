"""A message on a wrong value says what was probably meant, or nothing."""

import pytest
from config_cases import SMALLEST, complete, put, refusal


@pytest.mark.parametrize(
    ("key", "value", "hint"),
    [
        (("grid", "countries"), "FRA", "(write [FRA])"),
        (("grid", "n_train"), 300, "(write [300])"),
        (("grid", "coverage"), 0.5, "(write [0.5])"),
        (("languages",), "fr", "(write [fr])"),
        (("models",), {"name": "linear"}, "(write [{name: linear}])"),
        (("models",), ["linear"], "(write {name: linear})"),
        (("dataset",), "digits", "(write {name: digits})"),
    ],
)
def test_one_item_in_place_of_a_list_is_told_how_to_be_written(key, value, hint):
    assert refusal(put(key, value)).endswith(hint)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (("title",), ""),
        (("languages",), ["de"]),
        (("training", "accelerator"), "cuda"),
        (("cost",), {"currency": "BTC", "usd_per_unit": 1}),
        (("grid", "seeds"), 3),
    ],
)
def test_no_name_is_called_the_nearest_that_is_not_near(key, value):
    message = refusal(put(key, value))
    assert "the nearest" not in message
    assert "(write" not in message


def test_a_wrong_country_is_named_among_right_ones():
    message = refusal(put(("grid", "countries"), ["FRA", False, "France"]))
    assert "grid.countries[1] is false" in message


def test_a_wrong_currency_comes_before_the_rate_that_it_asks_for():
    assert 'cost.currency is "euro"' in refusal(put(("cost",), {"currency": "euro"}))
    message = refusal(put(("cost",), {"currency": "USD"}))
    assert "cost.usd_per_unit is missing" in message
    assert message.endswith(', as cost.currency is "USD"')


def test_the_default_currency_needs_no_rate():
    assert complete(put(("cost",), {"currency": "EUR"})) == complete(SMALLEST)
    assert complete(put(("cost",), {"currency": "EUR", "usd_per_unit": 1.1}))["cost"]
    assert "cost.usd_per_unit is missing" in refusal(put(("cost",), {"currency": "GBP"}))
