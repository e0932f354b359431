"""What the recommended sizes save, from whole tables."""

import copy
import json

import pandas as pd
import pytest

from ecosobriety.decision.savings import add_savings
from ecosobriety.errors import RecordError

ANSWER = {"margin": 0.01, "sufficient_n_train": 100}
RECOMMENDATION = {
    "margin": 0.01,
    "results": [
        {
            "dataset": "digits",
            "model": "mlp",
            "reference_n_train": 200,
            "configured": ANSWER,
            "ladder": [ANSWER, {"margin": 0.001, "sufficient_n_train": 200}],
            "target": None,
        }
    ],
}
# One training with 200 examples takes 2 kWh; in France 50 g/kWh on the mix.
ELECTRICITY = {
    ("grid", 0.0): (50.0, None),  # g CO2e/kWh, money per kWh
    ("hydro", 0.5): (37.0, None),
    ("hydro", 1.0): (24.0, 0.25),
    ("coal", 1.0): (820.0, 0.75),
    ("gas", 1.0): (490.0, 0.5),
    ("oil", 1.0): (650.0, None),
}


def make_tables(electricity=ELECTRICITY, half_kwh=1.5):
    """The tables `scenarios` and `savings` of two sizes: 2 kWh, and `half_kwh` at half of it."""
    rows = [
        {
            "dataset": "digits",
            "model": "mlp",
            "n_train": n_train,
            "country_iso3": "FRA",
            "source": source,
            "coverage": coverage,
            "emissions_g": None if intensity is None else energy_kwh * intensity,
            "cost": None if price is None else energy_kwh * price,
            "currency": "EUR",
            "energy_saved_kwh": 2.0 - energy_kwh,
            "emissions_saved_g": None if intensity is None else (2.0 - energy_kwh) * intensity,
            "cost_saved": None if price is None else (2.0 - energy_kwh) * price,
            "saved_share": 1 - energy_kwh / 2.0,
        }
        for n_train, energy_kwh in ((100, half_kwh), (200, 2.0))
        for (source, coverage), (intensity, price) in electricity.items()
    ]
    table = pd.DataFrame(rows).astype({"emissions_saved_g": float, "cost_saved": float})
    return table, table


def saving(**tables):
    found = add_savings(RECOMMENDATION, *make_tables(**tables), "FRA")
    return json.loads(json.dumps(found, allow_nan=False))["results"][0]["configured"]["saving"]


def test_a_saving_by_hand():
    assert saving() == {
        "country_iso3": "FRA",
        "share": 0.25,  # 0.5 kWh of 2 kWh
        "energy_kwh": 0.5,
        "emissions_g": 25.0,  # 0.5 kWh x 50 g/kWh
        "cost": {
            "currency": "EUR",
            "cheapest": {"source": "hydro", "amount": 0.125},  # 0.5 kWh x 0.25 EUR/kWh
            "dearest": {"source": "coal", "amount": 0.375},
            "grid": None,
            "reason": None,
        },
    }


def test_a_configured_price_of_the_grid_is_told():
    assert saving(electricity={**ELECTRICITY, ("grid", 0.0): (50.0, 0.2)})["cost"]["grid"] == 0.1


def test_the_cheapest_source_is_the_cheapest_also_where_the_smaller_size_costs_more():
    cost = saving(half_kwh=3.0)["cost"]

    assert cost["cheapest"] == {"source": "hydro", "amount": -0.25}  # -1 kWh x 0.25 EUR/kWh
    assert cost["dearest"] == {"source": "coal", "amount": -0.75}


@pytest.mark.parametrize(
    ("left", "reason"),
    [
        ([("grid", 0.0), ("oil", 1.0)], "no_known_price"),
        ([("grid", 0.0), ("hydro", 0.5)], "no_full_contract"),
    ],
)
def test_without_a_price_the_cost_says_why(left, reason):
    cost = saving(electricity={key: ELECTRICITY[key] for key in left})["cost"]

    assert (cost["cheapest"], cost["dearest"], cost["reason"]) == (None, None, reason)


def test_an_unknown_intensity_gives_no_emissions():
    assert saving(electricity={("grid", 0.0): (None, None)})["emissions_g"] is None


def test_every_answer_has_its_saving_and_a_target_that_was_reached_too():
    asked = copy.deepcopy(RECOMMENDATION)
    asked["results"][0]["target"] = {"accuracy": 0.9, "n_train": 100, "reason": None}
    (result,) = add_savings(asked, *make_tables(), "FRA")["results"]

    assert [answer["saving"]["share"] for answer in result["ladder"]] == [0.25, 0.0]
    assert result["target"]["saving"] == result["configured"]["saving"]


def test_a_target_that_was_not_reached_saves_nothing_that_could_be_told():
    asked = copy.deepcopy(RECOMMENDATION)
    asked["results"][0]["target"] = {"accuracy": 0.9, "n_train": None, "reason": "not_reached"}

    assert add_savings(asked, *make_tables(), "FRA")["results"][0]["target"]["saving"] is None


def test_the_recommendation_given_is_left_alone():
    before = copy.deepcopy(RECOMMENDATION)
    add_savings(RECOMMENDATION, *make_tables(), "FRA")

    assert before == RECOMMENDATION


def test_a_country_outside_the_tables_is_refused_by_name():
    with pytest.raises(RecordError, match=r"no row of mlp on digits.*grid in DEU \(metering"):
        add_savings(RECOMMENDATION, *make_tables(), "DEU")
