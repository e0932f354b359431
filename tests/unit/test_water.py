"""Water that trainings consume, worked by hand."""

import json
from pathlib import Path

import pandas as pd
import pytest
from config_cases import complete, put, refusal
from synthetic import REPORT_DIR, make_study

from ecosobriety.decision import Usage
from ecosobriety.electricity.water_factors import figures, load_water
from ecosobriety.errors import ConfigError
from ecosobriety.footprint.water import add_water
from ecosobriety.reporting.scale import at_scale
from ecosobriety.reporting.water import water_table, written_litres
from ecosobriety.texts import Texts

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "config/factors/2025/source_water.csv"
L_PER_KWH = 3.785411784 / 1000
"""Of a gallon per MWh."""
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


@pytest.mark.parametrize(
    ("key", "litres", "most"), [("site_l_per_kwh", 1800, 200), ("source_l_per_kwh", 68_000, 4000)]
)
def test_litres_for_a_mwh_are_refused(key, litres, most):
    assert f"water.{key} is {litres}, but must be a number from 1e-06 to {most}" in refusal(
        put(("water",), {key: litres})
    )


def test_a_reservoirs_litres_are_taken():
    """245 on average: Mekonnen and Hoekstra 2012, HESS 16."""
    given = complete(put(("water",), {"source_l_per_kwh": 245}))
    assert given["water"]["source_l_per_kwh"] == 245


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


@pytest.mark.parametrize(
    ("source", "low", "median"),
    [
        # Macknick et al. 2012, gal/MWh of plants with cooling towers; low: cooled once through.
        ("coal", 250, 687),
        ("gas", 100, 205),
        ("biomass", 300, 553),
        ("nuclear", 269, 672),
        ("nuclear_existing", 269, 672),
        ("solar_pv_utility", None, 1),
        ("wind_onshore", None, 0),
    ],
)
def test_the_water_of_a_source_is_the_references(source, low, median):
    row = load_water(TABLE).set_index("source").loc[source]
    assert row["central_l_per_kwh"] == pytest.approx(median * L_PER_KWH, rel=5e-4)
    if low is None:
        assert pd.isna(row["low_l_per_kwh"])
    else:
        assert row["low_l_per_kwh"] == pytest.approx(low * L_PER_KWH, rel=5e-4)
        assert f"once-through cooling ({low} gal/MWh)" in row["reference"]
    assert pd.isna(row["high_l_per_kwh"])
    assert f"({median} gal/MWh)" in row["reference"]
    # Read in copies alone.
    assert row["verified"] == "second-hand"


def test_hydropower_has_no_figure_as_it_would_have_no_range():
    assert "hydro" not in set(load_water(TABLE)["source"])


def test_a_source_stands_for_its_figures():
    section = {"site_l_per_kwh": 0.5, "source_l_per_kwh": "nuclear"}
    found = {"results": [{"dataset": "d", "model": "m"}]}
    (result,) = add_water(found, SCENARIOS, "FRA", figures(section, TABLE), 1.2)["results"]
    json.dumps(result)
    assert result["water"]["source_of"]["source"] == "nuclear"
    assert result["water"]["source_of"]["verified"] == "second-hand"
    # 2 kWh x 1.2 x 1.018 and 2.544 L
    expected = {"low": 2.4432, "central": 6.1056, "high": None}
    assert result["water"]["sizes"][1]["source_l"] == pytest.approx(expected)
    assert water(0.5, RANGE)["source_of"] is None
    assert figures({**section, "source_l_per_kwh": 2}, TABLE)["source_l_per_kwh"] == 2


@pytest.mark.parametrize(
    ("name", "path", "told"),
    [
        ("hydro", TABLE, '"hydro" is not among them: allowed are coal, gas, biomass, nuclear, '),
        ("coal", TABLE.with_name("none.csv"), "a figure of your own with factors: poster"),
    ],
)
def test_a_source_without_figures_is_refused(name, path, told):
    with pytest.raises(ConfigError, match=told):
        figures({"site_l_per_kwh": None, "source_l_per_kwh": name}, path)


@pytest.mark.slow
def test_the_report_says_whose_figures_they_are():
    section = {"site_l_per_kwh": None, "source_l_per_kwh": "nuclear"}
    (case,) = make_study(water=figures(section, TABLE)).cases()
    for code, word in (("en", "(nuclear, second-hand)"), ("fr", "(nucléaire, ")):
        (note,) = water_table(case, Texts.load(code, ROOT / "workflow/report/locale")).notes
        assert word in note
        assert "Macknick et al. 2012" in note
        assert "https://doi.org/10.1088/1748-9326/7/4/045802" in note


@pytest.mark.slow
def test_water_that_nobody_has_read_in_its_source_is_no_headline():
    text = Texts.load("en", ROOT / "workflow/report/locale")
    for given, told in (("nuclear", 0), (2.5, 1)):
        section = figures({"site_l_per_kwh": None, "source_l_per_kwh": given}, TABLE)
        usage = Usage(365, 120, None, pue=1.0)
        (case,) = make_study(water=section, usage=usage).cases()
        assert sum("water" in str(one) for one in at_scale(case, text)) == told


def test_a_low_end_alone_stands_beside_the_figure():
    text = Texts.load("en", REPORT_DIR / "locale")
    written = written_litres({"low": 1.0, "central": 2.5, "high": None}, 1, text)
    assert written.replace("\xa0", " ") == "2.50 L (from 1.00 L)"
