"""A year's amounts and the machine's cost, worked by hand."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest
import synthetic

from ecosobriety.decision import Usage, add_scale
from ecosobriety.reporting import growth
from ecosobriety.reporting.scale import _money, at_scale
from ecosobriety.texts import Texts

ROOT = Path(__file__).parents[2]

# A study of 0.5 kWh (IT) that emits 30 g and costs 0.05 to 0.10 EUR with a PUE of 1.2 inside.
SPENT = {
    "energy_kwh": 0.5,
    "emissions_g": 30.0,
    "cost": None,
    "cheapest": {"source": "wind_onshore", "amount": 0.05},
    "dearest": {"source": "nuclear", "amount": 0.10},
    "currency": "EUR",
    "full_training_kwh": 0.1,
}
ANSWER = {
    "smaller_than_reference": True,
    "sufficient_n_train": 500,
    "saving": {"share": 0.4},
    "energy_saved_share": {"ci_low": 0.3, "ci_high": 0.5},
}
RUNS = pd.DataFrame(
    {
        "dataset": "d",
        "model": "m",
        "n_train": [500, 500, 1000, 1000],
        "seed": [1, 2, 1, 2],
        "train_duration_s": [1700.0, 1900.0, 3500.0, 3700.0],
    }
)


def scaled(runs=RUNS, answer=ANSWER, spent=SPENT, **usage):
    result = {"dataset": "d", "model": "m", "reference_n_train": 1000}
    result |= {"configured": answer, "study_cost": spent}
    names = ("trainings_per_year", "energy_per_training_kwh", "machine_price_per_hour")
    used = Usage(**{**dict.fromkeys(names), "pue": 1.2, **usage})
    (one,) = add_scale({"results": [result]}, runs, used)["results"]
    json.dumps(one)
    return one


def test_nothing_is_said_that_was_not_asked():
    one = scaled()
    assert (one["yearly"], one["machine"]) == (None, None)


def test_a_years_amounts_follow_from_the_studys_energy():
    year = scaled(trainings_per_year=365)["yearly"]
    # 0.1 kWh of the machine is 0.12 kWh of the site; 365 of them are 43.8 kWh.
    assert year["training_kwh"] == pytest.approx(0.12)
    assert year["energy_kwh"] == pytest.approx(43.8)
    # The study: 30 g for 0.5 x 1.2 = 0.6 kWh of the site, which is 50 g/kWh.
    assert year["emissions_g"] == pytest.approx(43.8 * 50)
    # And 0.05 / 0.6 EUR per kWh.
    assert year["cheapest"]["amount"] == pytest.approx(43.8 * 0.05 / 0.6)
    assert year["dearest"] == {"source": "nuclear", "amount": pytest.approx(43.8 * 0.1 / 0.6)}
    assert year["cost"] is None
    assert year["share"] == {"mean": 0.4, "low": 0.3, "high": 0.5}
    assert year["training_kwh_from"] == "study"


def test_the_users_own_figure_holds_the_sites_share_already():
    year = scaled(trainings_per_year=10, energy_per_training_kwh=120)["yearly"]
    assert year["energy_kwh"] == pytest.approx(1200)
    assert year["emissions_g"] == pytest.approx(1200 * 50)
    assert year["training_kwh_from"] == "usage"


def test_without_an_answer_there_is_no_share():
    none = {**ANSWER, "smaller_than_reference": False, "sufficient_n_train": None, "saving": None}
    one = scaled(answer=none, trainings_per_year=1, machine_price_per_hour=2.0)
    assert one["yearly"]["share"] is None
    assert one["yearly"]["energy_kwh"] == pytest.approx(0.12)
    assert one["machine"]["recommended"] is None
    assert one["machine"]["saved"] is None


def test_unknown_intensities_and_prices_stay_unknown():
    spent = {**SPENT, "emissions_g": None, "cheapest": None, "dearest": None}
    year = scaled(spent=spent, trainings_per_year=2)["yearly"]
    assert (year["emissions_g"], year["cheapest"], year["dearest"]) == (None, None, None)
    assert year["energy_kwh"] == pytest.approx(0.24)


def test_the_machines_hours_cost_its_price():
    machine = scaled(machine_price_per_hour=2.5)["machine"]
    # 3,600 s and 1,800 s on average.
    assert machine["full"] == pytest.approx(2.5)
    assert machine["recommended"] == pytest.approx(1.25)
    assert machine["saved"] == pytest.approx(1.25)


def test_a_duration_that_is_not_known_gives_no_cost():
    runs = RUNS.assign(train_duration_s=[1700.0, 1900.0, 3500.0, None])
    assert scaled(runs=runs, machine_price_per_hour=2.5)["machine"] is None
    runs = RUNS.assign(train_duration_s=[None, 1900.0, 3500.0, 3700.0])
    machine = scaled(runs=runs, machine_price_per_hour=2.5)["machine"]
    assert (machine["full"], machine["saved"]) == (pytest.approx(2.5), None)


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_report_says_it_in_sentences(language):
    usage = Usage(365.0, 120.0, 2.5, 1.0)
    (case,) = synthetic.make_study(usage=usage).cases()
    text = Texts.load(language, ROOT / "workflow/report/locale").of(case.metric)
    year, machine = at_scale(case, text)
    values = [float(value) for value in re.findall(r'value="([^"]+)"', year)]
    share = case.decision.result["configured"]["saving"]["share"]
    assert 365 * 120 in values
    assert any(value == pytest.approx(365 * 120 * share) for value in values)
    assert "µ" not in year + machine
    assert "usage.energy_per_training_kwh" in year
    # The contract beside the mix, with what it is worth: 11 g/kWh of onshore wind.
    assert any(value == pytest.approx(365 * 120 * share * 11) for value in values)
    assert {"en": "not hour by hour", "fr": "non heure par heure"}[language] in year


@pytest.mark.slow
def test_the_report_says_nothing_of_what_it_was_not_told():
    (case,) = synthetic.make_study().cases()
    text = Texts.load("en", ROOT / "workflow/report/locale").of(case.metric)
    assert at_scale(case, text) == []


@pytest.mark.slow
def test_a_size_that_takes_more_saves_nothing():
    (case,) = synthetic.make_study(usage=Usage(365.0, 120.0, None, 1.0)).cases()
    case.decision.result["yearly"]["share"] = {"mean": -0.1, "low": -0.12, "high": -0.05}
    text = Texts.load("en", ROOT / "workflow/report/locale")
    said = at_scale(case, text)[0].striptags().replace("\N{NO-BREAK SPACE}", " ")
    assert "The recommended size takes 4.38 MWh more (2.19 MWh to 5.26 MWh), " in said


@pytest.mark.slow
def test_a_price_of_the_machine_without_hours_is_named():
    study = synthetic.make_study()
    study.config["cost"]["machine_price_per_hour"] = 3.0
    text = Texts.load("en", ROOT / "workflow/report/locale")
    (said,) = at_scale(study.cases()[0], text)
    assert said.startswith("The machine’s price of €3.00 an hour is not counted, because how long")


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_single_source_is_no_range_of_prices(language):
    text = Texts.load(language, ROOT / "workflow/report/locale")
    hydro = {"source": "hydro", "amount": 2.5}
    gas = {"source": "gas", "amount": 9.0}
    price = {"energy_kwh": 1.0, "emissions_g": 5.0, "cost": None, "currency": "EUR"}
    one = {**price, "cheapest": hydro, "dearest": hydro}
    two = {**price, "cheapest": hydro, "dearest": gas}
    for told in (lambda of: _money(of, 1.0, text), lambda of: growth._money_cell(of, text)):
        for source, times in (("hydro", (1, 1)), ("gas", (0, 1))):
            named = [str(told(price)).count(text.name("source", source)) for price in (one, two)]
            assert tuple(named) == times
