"""Editions of the factors: which there are, which table counts, and what newer ones hold."""

import dataclasses
from pathlib import Path

import pandas as pd
import pytest
import synthetic
import yaml

from ecosobriety import claims
from ecosobriety.claims import editions as claims_editions
from ecosobriety.electricity import codecarbon_table, editions
from ecosobriety.electricity.countries import add_mix_intensity
from ecosobriety.electricity.ember import load_countries
from ecosobriety.electricity.sources import load_costs, load_sources
from ecosobriety.errors import DataError
from ecosobriety.footprint import Factors
from ecosobriety.reporting.editions import editions_table
from ecosobriety.texts import Texts

ROOT = Path(__file__).parents[2]
FACTORS = ROOT / "config/factors"
EMBER = FACTORS / "2025/country_intensity.csv"
# Ukraine, Saudi Arabia and the Emirates, whose values were revised after the years were read.
NO_YEAR = {"UKR", "SAU", "ARE"}


def central(edition, name, column):
    load = {"source_cost": load_costs, "source_intensity": load_sources}[name]
    table = load(editions.table_path(FACTORS, edition, name))
    return table.set_index("source")[column]


def test_the_schema_allows_the_editions_that_there_are():
    schema = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())
    allowed = schema["properties"]["factors"]["enum"]
    assert allowed == ["latest", "poster", *editions.dated_editions(FACTORS)]


def test_latest_is_the_newest_year():
    assert editions.resolve("latest", FACTORS) == editions.dated_editions(FACTORS)[-1] == 2026
    assert editions.resolve(None, FACTORS) == 2026
    assert editions.resolve(2025, FACTORS) == 2025
    assert editions.resolve("poster", FACTORS) == "poster"


def test_an_edition_takes_what_it_lacks_from_the_one_before(tmp_path):
    for year, names in ((2025, ("a", "b")), (2026, ("b",))):
        (tmp_path / str(year)).mkdir()
        for name in names:
            (tmp_path / str(year) / f"{name}.csv").touch()
    assert editions.table_path(tmp_path, 2026, "a") == tmp_path / "2025/a.csv"
    assert editions.table_path(tmp_path, 2026, "b") == tmp_path / "2026/b.csv"
    assert editions.table_path(tmp_path, 2025, "b") == tmp_path / "2025/b.csv"


@pytest.mark.parametrize(
    ("edition", "usd_per_kwh"),
    [
        # IRENA's global weighted averages for plants of 2020, 2024 and 2025.
        ("poster", (0.039, 0.084, 0.057, 0.108, 0.044, 0.071, 0.076)),
        (2025, (0.034, 0.079, 0.043, 0.092, 0.057, 0.060, 0.087)),
        (2026, (0.033, 0.078, 0.044, 0.115, 0.062, 0.089, 0.086)),
    ],
)
def test_costs_are_those_of_the_references(edition, usd_per_kwh):
    sources = ("wind_onshore", "wind_offshore", "solar_pv_utility", "solar_csp")
    sources += ("hydro", "geothermal", "biomass")
    costs = central(edition, "source_cost", "central_per_kwh")
    assert tuple(costs[[*sources]]) == usd_per_kwh


def test_existing_nuclear_plants_stand_beside_new_ones():
    costs = central(2026, "source_cost", "central_per_kwh")
    # EUR 60.3 per MWh of France's regulator beside 141 to 220 USD per MWh.
    assert costs["nuclear_existing"] == 0.0603
    assert costs["nuclear"] == pytest.approx((0.141 + 0.220) / 2)
    intensity = central(2026, "source_intensity", "central_g_per_kwh")
    assert intensity["nuclear_existing"] == intensity["nuclear"]


def test_no_factor_of_a_dated_edition_is_from_memory():
    for year in editions.dated_editions(FACTORS):
        for name in ("source_cost", "source_intensity"):
            assert "from memory" not in set(central(year, name, "verified"))


def test_intensities_of_sources_are_those_of_the_poster_edition():
    """AR6 has no table of its own: AR5's stays, with UNECE's range in words."""
    new, old = (central(e, "source_intensity", "central_g_per_kwh") for e in (2026, "poster"))
    pd.testing.assert_series_equal(new.drop("nuclear_existing"), old)
    assert "5.1 to 6.4" in central(2026, "source_intensity", "reference")["nuclear"]


class TestEmber:
    def test_france_is_that_of_2024(self):
        france = load_countries(EMBER).set_index("country_iso3").loc["FRA"]
        assert (france["intensity_g_per_kwh"], france["year"]) == (44.18, 2024)

    def test_it_knows_every_country_of_codecarbons_table(self):
        ours, theirs = load_countries(EMBER), codecarbon_table.load_countries()
        assert set(theirs["country_iso3"]) < set(ours["country_iso3"])

    def test_where_ember_has_no_value_there_is_none(self):
        table = load_countries(EMBER).set_index("country_iso3")
        unknown = table[table["intensity_g_per_kwh"].isna()]
        assert set(unknown.index) == {"BMU", "CAF", "ESH", "GIB", "SHN", "TLS"}
        assert unknown["flag"].notna().all()

    def test_years_that_are_not_known_are_null(self):
        table = load_countries(EMBER).set_index("country_iso3")
        known = table[table["intensity_g_per_kwh"].notna()]
        assert set(known.index[known["year"].isna()]) == NO_YEAR

    def test_it_differs_from_codecarbons_table_by_less_than_three_times(self):
        both = load_countries(EMBER).merge(codecarbon_table.load_countries(), on="country_iso3")
        ratio = (both["intensity_g_per_kwh_x"] / both["intensity_g_per_kwh_y"]).dropna()
        assert len(ratio) > 200
        assert ratio.between(1 / 3, 3).all()
        # Of two or three years, half of the countries moved by less than 3 %.
        assert ratio.median() == pytest.approx(1, abs=0.03)

    @pytest.mark.parametrize(
        ("row", "named"),
        [
            ("FRA,-1,2024", "intensity_g_per_kwh"),
            ("FRA,44,24", "year"),
            ("FRA,44,2024\nFRA,45,2023", "stands once"),
            ("FRA,44", "fields"),
        ],
    )
    def test_a_wrong_row_is_refused(self, tmp_path, row, named):
        path = tmp_path / "table.csv"
        path.write_text(f"country_iso3,intensity_g_per_kwh,year\n{row}\n")
        with pytest.raises(DataError, match=named):
            load_countries(path)


class TestCountrySettings:
    def test_the_provider_is_the_editions_unless_the_study_names_one(self):
        def provider(edition, **section):
            return editions.country_settings(section, FACTORS, edition)["provider"]

        assert provider("poster") == "codecarbon"
        assert provider(2026) == "ember"
        assert provider(2026, provider="codecarbon") == "codecarbon"
        assert provider("poster", provider="ember") == "ember"

    def test_embers_table_is_the_editions(self):
        for edition in (2025, 2026, "poster"):
            section = editions.country_settings({"provider": "ember"}, FACTORS, edition)
            assert Path(section["path"]) == EMBER


@pytest.fixture(scope="module")
def study():
    return synthetic.make_study()


@pytest.fixture(scope="module")
def newer(study):
    sources = load_sources(editions.table_path(FACTORS, 2026, "source_intensity"))
    costs = load_costs(editions.table_path(FACTORS, 2026, "source_cost"))
    return Factors(add_mix_intensity(load_countries(EMBER), sources), sources, costs)


@pytest.fixture(scope="module")
def table(study, newer):
    asked = claims.load_claims(
        ROOT / "config/claims.yaml", ROOT / "workflow/schemas/claims.schema.yaml"
    )
    studies = [study, claims_editions.under(study, newer)]
    return claims_editions.compare_editions(["poster", "2026"], studies, asked)


def test_the_same_factors_give_the_same_scenarios_to_the_last_digit(study):
    own = Factors(study.countries, study.sources, study.costs)
    again = claims_editions.under(study, own)
    pd.testing.assert_frame_equal(again.scenarios, study.scenarios, check_exact=True)
    pd.testing.assert_frame_equal(again.savings, study.savings, check_exact=True)


def test_of_a_country_that_an_edition_lacks_the_mix_is_unknown(study, newer):
    others = newer.countries[newer.countries["country_iso3"] != "FRA"]
    under = claims_editions.under(study, dataclasses.replace(newer, countries=others))
    found = claims_editions.compare_editions(["poster", "2026"], [study, under], [])
    values = found.set_index(["edition", "item", "model"])["value"]
    for item in ("grid_intensity", "emissions", "emissions_saved"):
        assert pd.isna(values["2026", item, "mlp"])
        assert values["poster", item, "mlp"] > 0
    assert values["2026", "cost_lowest", "mlp"] > 0


def test_emissions_move_as_the_countrys_intensity_does(table):
    values = table.set_index(["edition", "item", "model"])["value"]
    ratio = values["2026", "emissions", "mlp"] / values["poster", "emissions", "mlp"]
    assert ratio == pytest.approx(44.18 / 56.039)


def test_costs_move_as_those_of_their_sources_do(table):
    own = table[(table["item"] == "cost_lowest") & (table["model"] == "mlp")]
    own = own.set_index("edition")
    assert set(own["source"]) == {"wind_onshore"}
    ratio = own["value"]["2026"] / own["value"]["poster"]
    assert ratio == pytest.approx(0.033 / 0.039)


def test_claims_have_a_verdict_under_each(table):
    verdicts = table.set_index(["item", "edition"])["verdict"]
    # CodeCarbon's 56 g and Ember's 44 g are both far from the poster's 0.1 kg.
    assert verdicts["france_intensity", "poster"] == verdicts["france_intensity", "2026"]
    assert verdicts["accuracy_saturates", "poster"] == verdicts["accuracy_saturates", "2026"]
    assert len(table[table["verdict"].notna()]) == 2 * 9


def test_the_report_has_both(study, table):
    text = Texts.load("en", ROOT / "workflow/report/locale")
    shown = editions_table(dataclasses.replace(study, editions=table), None, text)
    assert [column.title for column in shown.columns] == [
        "Answer", "The poster’s edition (2020/21)", "Edition of 2026",
    ]  # fmt: skip
    written = {row[0].text: [cell.text for cell in row[1:]] for row in shown.rows}
    assert written["Carbon intensity of France’s mix"] == ["56.0 g/kWh", "44.2 g/kWh"]
