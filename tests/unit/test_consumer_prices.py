"""What households pay for electricity: Eurostat's figures, and when they count."""

from dataclasses import replace
from pathlib import Path

import pytest
from synthetic import REPORT_DIR, blank_svgs, make_claims, make_provenance, make_study

from ecosobriety import provenance
from ecosobriety.electricity.consumer_prices import TABLE, grid_prices, load_consumer_prices
from ecosobriety.electricity.editions import table_path
from ecosobriety.errors import ConfigError, DataError
from ecosobriety.reporting import build_context
from ecosobriety.reporting.grid_prices import consumer_tables
from ecosobriety.reporting.headline import ladder
from ecosobriety.reporting.poster_bars import cost_bars
from ecosobriety.reporting.sentences import captions
from ecosobriety.tables import GRID_SOURCE
from ecosobriety.texts import Texts

FACTORS = Path(__file__).parents[2] / "config/factors"
PATH = table_path(FACTORS, 2026, TABLE)
COST = {"currency": "EUR", "grid_price_per_kwh": {"FRA": 0.25}, "consumer_prices": "households"}


def test_prices_are_eurostats():
    # EUR per 100 kWh of the first half of 2025: 38.35, 35.71, 34.85, 32.91, 10.40, 12.44, 13.00.
    assert grid_prices({**COST, "grid_price_per_kwh": {}}, PATH) == {
        **{"DEU": 0.3835, "BEL": 0.3571, "DNK": 0.3485, "ITA": 0.3291},
        **{"HUN": 0.1040, "MLT": 0.1244, "BGR": 0.1300},
    }
    # The report says so of all of them, beside each one's own reference.
    table = load_consumer_prices(PATH)
    assert table["reference"].str.fullmatch("Eurostat .*, all taxes and levies").all()
    assert set(table["period"]) == {"2025-S1"}


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
    [
        ("BEL", "BEE", "country_iso3"),
        ("EUR", "USD", "currency"),
        ("0.3571", "0", "price_per_kwh"),
        ("2025-S1", "2025", "period"),
    ],
)
def test_a_wrong_value_is_refused(tmp_path, old, new, named):
    path = tmp_path / "electricity_price.csv"
    path.write_text(PATH.read_text().replace(old, new, 1))
    with pytest.raises(DataError, match=named):
        load_consumer_prices(path)


def test_the_provenance_has_the_factors_that_count_and_not_the_studys_own():
    own = {**COST, "grid_price_per_kwh": {"FRA": 0.25, "DEU": 0.2}}
    told = {row["country_iso3"]: row for row in provenance._consumer_prices(own, [FACTORS, PATH])}
    assert set(told) == {"BEL", "DNK", "ITA", "HUN", "MLT", "BGR"}
    assert told["ITA"]["price_per_kwh"] == 0.3291
    assert (told["ITA"]["consumer"], told["ITA"]["period"]) == ("households", "2025-S1")
    assert told["ITA"]["reference"].startswith("Eurostat nrg_pc_204")
    assert told["ITA"]["verified"] == "secondary copies"
    assert provenance._consumer_prices({**own, "consumer_prices": None}, [FACTORS]) is None


RETAIL = {
    "en": {
        "caption": "The price of France’s mix, €0.384 per kWh ‡, is what households pay, taxes "
        "included (Eurostat, first half of 2025): a retail price, not a cost of production.",
        "own": "from the configuration (cost.grid_price_per_kwh), per kWh: Poland €0.200.",
        "factor": "not from the configuration but from the tables of factors "
        "(cost.consumer_prices), per kWh: France €0.384 ‡. They are what households pay, taxes "
        "included (Eurostat, first half of 2025)",
        "row": ["France", "0.3835 ‡", "EUR", "households, taxes included", "first half of 2025"],
        "poster": "The mix is at households’ price with taxes, sources at cost of production.",
        "compares": "times as much as",
        "ladder": "On France’s mix, costs are at the price that households pay",
        "configured": "is the configuration’s",
    },
    "fr": {
        "caption": "Le prix du mix électrique (France), 0,384 € par kWh ‡, est celui que paient "
        "les ménages, taxes comprises (Eurostat, premier semestre 2025) : un prix de détail, et "
        "non un coût de production.",
        "own": "d’après la configuration (cost.grid_price_per_kwh), par kWh : Pologne 0,200 €.",
        "factor": "tirés non de la configuration mais des tableaux de facteurs "
        "(cost.consumer_prices), par kWh : France 0,384 € ‡. C’est ce que paient les ménages, "
        "taxes comprises (Eurostat, premier semestre 2025)",
        "row": ["France", "0,3835 ‡", "EUR", "ménages, taxes comprises", "premier semestre 2025"],
        "poster": "Mix : prix TTC des ménages. Sources : production.",
        "compares": "Un facteur",
        "ladder": "Avec le mix électrique (France), les coûts sont au prix que paient les ménages",
        "configured": "est celui de la configuration",
    },
}


@pytest.fixture(scope="module")
def priced():
    """A study that prices France's and Poland's mix itself, and the same one without France's."""
    table = load_consumer_prices(PATH)
    # As if Germany's row were France's, where the study is metered.
    table = table[table["country_iso3"] == "DEU"].assign(country_iso3="FRA")
    own = make_study(grid_price_per_kwh={"FRA": 0.3835, "POL": 0.2})
    cost = {**own.config["cost"], "grid_price_per_kwh": {"POL": 0.2}}
    retail = replace(own, prices=table, config={**own.config, "cost": cost})
    return {"own": own, "retail": retail}


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "fr"])
def test_what_households_pay_is_told_apart_from_the_studys_own_price(priced, language):
    text, said = Texts.load(language, REPORT_DIR / "locale"), RETAIL[language]
    told = {}
    for kind, study in priced.items():
        (case,) = study.cases()
        facts, claims = make_provenance(study), make_claims(study)
        context = build_context(study, claims, facts, blank_svgs(study), text)
        told[kind] = {
            "caption": captions(case, text)["source_cost"],
            "notes": " ".join(context["factor_notes"]),
            "whatif": " ".join(context["whatif"]["notes"]),
            "poster": cost_bars(case, 1.0, text)["caption"],
            "ladder": " ".join(ladder(case, text).notes),
            "config": context["config_yaml"],
            "tables": [table.key for table in context["factors"]],
        }
        told[kind] = {key: _spaced(one) for key, one in told[kind].items()}
    own, retail = told["own"], told["retail"]
    assert said["caption"] in retail["caption"]
    assert said["own"] in retail["notes"]
    for place in ("notes", "whatif"):
        assert said["factor"] in retail[place]
    # No retail price is so many times a cost of production.
    assert retail["poster"] == said["poster"]
    assert said["compares"] in own["poster"]
    assert said["ladder"] in retail["ladder"]
    assert "factor-consumer" in retail["tables"]
    assert "0.3835" not in retail["config"]
    # The price that the user has written is the configuration's.
    assert said["configured"] in own["caption"]
    assert not [word for word in ("Eurostat", "‡, est", "ménages", "ousehold") if word in str(own)]


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_factor_stands_with_its_reference_and_its_mark(priced, language):
    text = Texts.load(language, REPORT_DIR / "locale")
    (table,) = consumer_tables(priced["retail"], text)
    (row,) = table.rows
    cells = [_spaced(cell.text) for cell in row]
    assert cells[:5] == RETAIL[language]["row"]
    assert cells[5].startswith("Eurostat nrg_pc_204, households of 2,500 to 5,000 kWh a year")
    assert row[5].href.startswith("https://ec.europa.eu/eurostat/")
    assert cells[6] == "2025"
    assert cells[7].endswith("‡")
    assert consumer_tables(priced["own"], text) == []
    # In figures, tables and captions the mix has the mark of its price.
    marks = [study.cases()[0].electricity.cost_mark(GRID_SOURCE) for study in priced.values()]
    assert marks == ["", "‡"]


def _spaced(written):
    plain = str.maketrans("\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}", "  ")
    return written.translate(plain) if isinstance(written, str) else written
