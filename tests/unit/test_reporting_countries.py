"""What the report says about the data on countries: which, how old, how well they fit."""

import dataclasses

import pandas as pd
import pytest
from synthetic import (
    COUNTRY_DATA,
    REPORT_DIR,
    ROOT,
    blank_svgs,
    make_claims,
    make_provenance,
    make_study,
)

from ecosobriety.electricity.codecarbon_table import load_countries
from ecosobriety.electricity.countries import SHARES, add_mix_intensity
from ecosobriety.electricity.sources import load_sources
from ecosobriety.figures import draw
from ecosobriety.reporting import build_report
from ecosobriety.reporting.countries import country_section
from ecosobriety.texts import Texts

pytestmark = pytest.mark.slow

NBSP = "\N{NO-BREAK SPACE}"


@pytest.fixture(scope="module")
def study():
    return make_study()


@pytest.fixture(scope="module")
def texts():
    return {code: Texts.load(code, REPORT_DIR / "locale") for code in ("en", "fr")}


def section(study, text, **data):
    """The section; the study's last training is of 2025."""
    study = dataclasses.replace(study, country_data={**COUNTRY_DATA, **data})
    return country_section(study, make_provenance(study), text)


def with_years(study, years):
    """The study with the data of its first countries from these years, and the others' of 2024."""
    table = study.countries.assign(year=pd.array([2024] * len(study.countries), dtype="Int64"))
    for place, year in enumerate(years):
        table.loc[place, "year"] = year
    return dataclasses.replace(study, countries=table)


def test_data_in_use_are_named_with_their_years(study, texts):
    told = " ".join(section(study, texts["en"])["sentences"])
    assert "those that CodeCarbon 3.3.2 ships" in told
    assert "A carbon intensity is known for 212 of 213 countries" in told
    # By CodeCarbon's table: 1 country of 2009, 4 of 2021, 130 of 2022 (one of them without an
    # intensity) and 78 of 2023.
    assert "from 2009 to 2023, half of them from 2022 or earlier" in told


def test_each_provider_has_its_own_words(study, texts):
    snapshot = {"provider": "csv", "file": "config/countries/owid-2026-01-02.csv"}
    hours = {
        "first_hour": "2026-11-24T01:00:00+00:00",
        "last_hour": "2026-11-24T02:00:00+00:00",
    }
    told = {
        "own": section(study, texts["en"], provider="csv", origin="mine.csv"),
        "snapshot": section(
            study,
            texts["en"],
            **snapshot,
            origin="Our World in Data",
            retrieved_on="2026-01-02",
        ),
        "maps": section(study, texts["en"], provider="electricity_maps", **hours),
    }
    first = {name: parts["sentences"][0] for name, parts in told.items()}
    assert "the study’s own file, mine.csv" in first["own"]
    assert "owid-2026-01-02.csv: Our World in Data, as of January 2, 2026" in first["snapshot"]
    assert "Electricity Maps" in first["maps"]
    assert "one hour" in first["maps"]
    assert "imports included" in first["maps"]


def test_a_fallback_is_told_with_its_reason(study, texts):
    assert len(section(study, texts["en"])["warnings"]) == 1  # that on the age
    fallen = section(
        study, texts["en"], requested="electricity_maps", fallback_reason="it refused <us>"
    )
    assert "CodeCarbon’s table is used instead" in fallen["warnings"][0].text
    assert fallen["warnings"][0].remark.text == "it refused <us>"


@pytest.mark.parametrize(
    ("years", "told"),
    [
        ([], None),
        ([2022], None),  # three years before 2025
        ([2021], "data of 1 of 212 countries are more than 3 years older"),
        ([2021, 2019], "data of 2 of 212 countries are more than 3 years older"),
    ],
)
def test_data_over_three_years_old_are_warned_of(study, texts, years, told):
    warnings = section(with_years(study, years), texts["en"])["warnings"]
    assert (told is None) == (warnings == [])
    if told is not None:
        assert told in warnings[0].text
        assert "this study of 2025" in warnings[0].text
        assert str(min(years)) in warnings[0].text


def test_age_counts_from_the_study_and_not_from_today(study, texts):
    provenance = make_provenance(study)
    provenance["trainings"]["last_ended_at"] = "2012-03-01T08:12:30+00:00"
    assert country_section(study, provenance, texts["en"])["warnings"] == []
    provenance["trainings"]["last_ended_at"] = "2013-03-01T08:12:30+00:00"
    (warning,) = country_section(study, provenance, texts["en"])["warnings"]
    assert "1 of 212" in warning.text
    assert "2009" in warning.text


def test_countries_that_are_not_in_the_study_do_not_count(study, texts):
    few = study.scenarios[study.scenarios["country_iso3"].isin(["FRA", "POL"])]
    told = section(dataclasses.replace(study, scenarios=few), texts["en"])
    assert "known for 2 of 2 countries" in " ".join(told["sentences"])
    assert "All data are of the year 2023." in told["sentences"]
    assert told["warnings"] == []
    assert len(told["table"].rows) == 2


def test_the_table_lists_the_ten_that_differ_most(study, texts):
    rows = section(study, texts["en"])["table"].rows
    assert len(rows) == 10
    assert [cell.text for cell in rows[0][:5]] == ["Turkmenistan", "2022", "1,306", "490", "0.38"]
    assert rows[1][0].text == "Uzbekistan"


def test_french_says_the_same(study, texts):
    told = section(study, texts["fr"], fallback_reason="x")
    assert "connue pour 212 sur 213 pays" in " ".join(told["sentences"])
    assert f"La raison{NBSP}:" in told["warnings"][0].text
    assert "5 des 212 pays sont antérieures de plus de 3 ans" in told["warnings"][1].text
    assert told["table"].rows[0][0].text == "Turkménistan"


def test_an_intensity_without_its_mix_still_makes_a_report(texts):
    """As Electricity Maps gives them: one country, no shares; and no intensity at all elsewhere."""
    sources = load_sources(ROOT / "config/factors/poster/source_intensity.csv")
    bare = load_countries().assign(flag="no low-carbon share in the data")
    bare[["low_carbon_share", *SHARES]] = float("nan")
    bare.loc[bare["country_iso3"] != "FRA", "intensity_g_per_kwh"] = float("nan")
    study = make_study(countries=add_mix_intensity(bare, sources))
    for code, text in texts.items():
        page = build_report(
            study,
            make_claims(study),
            make_provenance(study),
            code,
            blank_svgs(study),
            REPORT_DIR,
        )
        assert text("countries.no_mix") in page
        drawn = draw("country_emissions-mlp", study, text)
        reason = text("figure.country_emissions.no_share")
        assert [part.get_text() for part in drawn.texts] == [reason]


def test_the_reason_of_a_fallback_is_escaped_and_told_as_english(study, texts):
    fallen = dataclasses.replace(
        study, country_data={**COUNTRY_DATA, "fallback_reason": "<b>401</b>"}
    )
    page = build_report(
        fallen,
        make_claims(fallen),
        make_provenance(fallen),
        "fr",
        blank_svgs(fallen),
        REPORT_DIR,
    )
    assert '<q lang="en">&lt;b&gt;401&lt;/b&gt;</q>' in page
    assert "<b>401" not in page
    assert "Données sur les pays" in page  # the provenance, with the table's hash
    assert "5e1f" in page
