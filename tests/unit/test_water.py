"""Water that trainings consume, worked by hand."""

import json
from pathlib import Path

import pandas as pd
import pytest
from config_cases import put, refusal
from synthetic import make_study

from ecosobriety.footprint.water import add_water
from ecosobriety.reporting.water import water_table
from ecosobriety.texts import Texts

ROOT = Path(__file__).parents[2]
SCENARIOS = pd.DataFrame(
    {
        "dataset": "d",
        "model": "m",
        "n_train": [1000, 500, 1000, 1000],
        "country_iso3": ["FRA", "FRA", "FRA", "POL"],
        "source": ["grid", "grid", "coal", "grid"],
        "energy_kwh": [2.0, 0.5, 2.0, 2.0],
    }
)
RANGE = {"low": 1, "central": 2.5, "high": 18}


def water(site=None, source=None, pue=1.2):
    section = {"site_l_per_kwh": site, "source_l_per_kwh": source}
    found = {"results": [{"dataset": "d", "model": "m"}]}
    (result,) = add_water(found, SCENARIOS, "FRA", section, pue)["results"]
    json.dumps(result)
    return result["water"]


def test_water_is_left_out_without_figures():
    assert water() is None


def test_the_site_counts_its_computers_and_the_source_all_that_the_site_takes():
    small, large = water(0.5, RANGE)["sizes"]
    assert (small["n_train"], large["n_train"]) == (500, 1000)
    # 0.5 kWh x 0.5 L; 2 kWh x 0.5 L, without the PUE of 1.2
    assert small["site_l"] == {"low": None, "central": 0.25, "high": None}
    assert large["site_l"]["central"] == 1.0
    # 2 kWh x 1.2 x 1, 2.5 and 18 L
    assert large["source_l"] == pytest.approx({"low": 2.4, "central": 6.0, "high": 43.2})


def test_a_place_without_a_figure_is_null():
    found = water(source=2.5)
    assert found["site_l_per_kwh"] is None
    assert [size["site_l"] for size in found["sizes"]] == [None, None]


@pytest.mark.slow
def test_no_water_is_a_figure_too():
    assert water(site=0)["sizes"][0]["site_l"]["central"] == 0.0
    (case,) = make_study(water={"site_l_per_kwh": 0, "source_l_per_kwh": None}).cases()
    text = Texts.load("en", ROOT / "workflow/report/locale")
    assert water_table(case, text).rows[0][1].text.startswith("0")


@pytest.mark.parametrize("key", ["site_l_per_kwh", "source_l_per_kwh"])
def test_a_range_in_another_order_is_refused(key):
    section = {key: {"low": 3, "central": 2, "high": 4}}
    told = f"water.{key} is "
    said = refusal(put(("water",), section))
    assert told in said
    assert "in the order low, central, high" in said


@pytest.mark.slow
def test_the_report_has_the_litres_of_each_size():
    given = {"site_l_per_kwh": 0.5, "source_l_per_kwh": RANGE}
    study = make_study(water=given)
    (case,) = study.cases()
    sizes = case.decision.result["water"]["sizes"]
    for code in ("en", "fr"):
        text = Texts.load(code, ROOT / "workflow/report/locale").of(study.metric)
        table = water_table(case, text)
        assert len(table.rows) == len(sizes)
        assert len(table.columns) == 3
        assert "(" not in table.rows[0][1].text
        assert "(" in table.rows[0][2].text
    only = make_study(water={"site_l_per_kwh": None, "source_l_per_kwh": 2})
    assert len(water_table(only.cases()[0], text).columns) == 2
    assert water_table(make_study().cases()[0], text) is None


def test_a_year_takes_water_for_the_energy_of_the_site():
    # 120 kWh of the site are 100 kWh of its computers at a PUE of 1.2.
    year = {"trainings": 10, "training_kwh_from": "usage", "energy_kwh": 120.0}
    found = {"results": [{"dataset": "d", "model": "m", "yearly": year}]}
    section = {"site_l_per_kwh": 0.5, "source_l_per_kwh": RANGE}
    (result,) = add_water(found, SCENARIOS, "FRA", section, 1.2)["results"]
    assert result["yearly"]["site_l"]["central"] == pytest.approx(50.0)
    assert result["yearly"]["source_l"] == pytest.approx({"low": 120, "central": 300, "high": 2160})
