"""The poster's figures from elsewhere, each against its own source."""

import math

import pytest
from claim_cases import (
    CONTEXT,
    COUNTRIES,
    NBSP,
    assert_unchecked,
    claim_of,
    facts_of,
    tiny_study,
)

from ecosobriety.claims import check_claims
from ecosobriety.electricity.codecarbon_table import load_countries

KG_PER_POUND = 0.45359237  # exact, by definition of the pound


class TestContext:
    def test_all_are_corrected(self, poster_claims):
        table = poster_claims.set_index("claim_id").loc[CONTEXT]

        assert set(table["verdict"]) == {"corrected"}
        assert table["measured_value"].notna().all()
        assert table["ci_low"].isna().all()

    def test_figure_that_agrees_with_its_source_is_supported(self, poster_study, poster):
        claims = [
            {**claim, "corrected": claim["poster"]["value"]}
            for claim in poster
            if claim["id"] == "flights"
        ]

        table = check_claims(poster_study, claims)

        assert table["verdict"].tolist() == ["supported"]

    def test_france_is_that_of_the_studys_table(self, poster_claims):
        france = load_countries().set_index("country_iso3").loc["FRA"]
        row = poster_claims.set_index("claim_id").loc["france_intensity"]

        assert row["measured_value"] == pytest.approx(france["intensity_g_per_kwh"] / 1000)
        assert row["poster_value"] == 0.1
        assert f"0.056{NBSP}kg CO₂e/kWh" in row["explanation_en"]
        assert f"0,056{NBSP}kg CO₂e/kWh" in row["explanation_fr"]
        assert f"for {france['year']};" in row["explanation_en"]

    @pytest.mark.parametrize("factor", [None, (None, 0.9)])
    def test_country_without_an_intensity_corrects_nothing(self, poster, factor):
        countries = {**COUNTRIES, "FRA": factor} if factor else COUNTRIES

        row = claim_of(tiny_study(countries=countries), poster, "france_intensity")

        assert_unchecked(row)
        assert "France" in row["explanation_en"]

    def test_compute_figures_fit_each_other(self, poster):
        facts = facts_of(poster, "compute_doubling")

        # +300,000 % is the whole and 3,000 times as much again.
        assert facts["poster"] == 1 + facts["poster_percent"] / 100
        assert facts["doublings"] == pytest.approx(math.log2(facts["corrected"]), abs=0.05)
        assert facts["doublings"] * facts["months"] == pytest.approx(facts["total_months"], abs=0.5)

    def test_emission_figures_fit_each_other(self, poster):
        facts = facts_of(poster, "nlp_emissions")

        assert round(facts["press_pounds"] * KG_PER_POUND) == facts["poster"]
        assert round(facts["pounds"] * KG_PER_POUND) == facts["corrected"]
        assert round(78_468 * KG_PER_POUND) == facts["project"]  # lb of the whole project
        assert round(626_155 * KG_PER_POUND) == facts["search"]  # lb of the architecture search
        assert round(0.954 * KG_PER_POUND * 1000) == facts["intensity_g"]  # lb/kWh of the USA

    def test_flight_figures_fit_each_other(self, poster):
        facts, emissions = facts_of(poster, "flights"), facts_of(poster, "nlp_emissions")

        assert facts["per_flight"] == facts["article"] / facts["poster"]
        assert facts["project"] == emissions["project"]
        assert facts["search"] == emissions["search"]
        assert facts["corrected"] == round(facts["project"] / facts["per_flight"])
        assert facts["search_flights"] == round(facts["search"] / facts["per_flight"])
        assert emissions["corrected"] / facts["per_flight"] == pytest.approx(0.25, abs=0.03)

    def test_sources_and_their_marks_are_told(self, poster, poster_claims):
        told = poster_claims.set_index("claim_id")["explanation_en"]

        for claim in poster:
            if claim["id"] in CONTEXT:
                for part in ("reference", "url"):
                    assert claim["source"][part] in told[claim["id"]]
                assert f"({claim['source']['year']})" in told[claim["id"]]
        assert "from memory" in told["flights"]
        assert "secondary copies" in told["nlp_emissions"]
        assert "read in the source itself" in told["france_intensity"]
