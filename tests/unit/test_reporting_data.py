"""What the report says of the study's data."""

import pytest
from synthetic import REPORT_DIR, blank_svgs, make_claims, make_provenance, make_study

from ecosobriety.datasets import Finding
from ecosobriety.reasons import reason
from ecosobriety.reporting import build_context
from ecosobriety.reporting.cautions import finding_text, warnings
from ecosobriety.texts import Texts

pytestmark = pytest.mark.slow

DUPLICATES = {
    0: {
        "en": "None of the 10,000 test examples is a training example too.",
        "fr": "Aucun des 10 000 exemples de test n’est aussi un exemple d’entraînement.",
    },
    1: {
        "en": "1 of 10,000 test examples is, value by value, a training example too",
        "fr": "1 exemple de test sur 10 000 est aussi",
    },
    25: {
        "en": "25 of 10,000 test examples (0.25%) are, value by value, training examples too",
        "fr": "25 exemples de test sur 10 000 (0,25 %) sont aussi",
    },
}


@pytest.mark.parametrize("language", ["en", "fr"])
def test_duplicates_between_training_and_test_are_told(language: str) -> None:
    study = make_study()
    text = Texts.load(language, REPORT_DIR / "locale")
    claims, svgs = make_claims(study), blank_svgs(study)
    for number, expected in DUPLICATES.items():
        provenance = make_provenance(study)
        provenance["dataset"]["test_duplicates"] = number
        context = build_context(study, claims, provenance, svgs, text)
        sentences = " ".join(context["measurement"]["sentences"])
        plain = sentences.replace("\N{NO-BREAK SPACE}", " ").replace(
            "\N{NARROW NO-BREAK SPACE}", " "
        )
        assert expected[language] in plain


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", "The emissions rest on an unusual figure for France’s electricity mix: 8.2 times"),
        ("fr", "Les émissions reposent sur un chiffre inhabituel du mix électrique (France)"),
    ],
)
def test_an_odd_intensity_of_the_metering_country_stands_beside_the_headline(
    language: str, told: str
) -> None:
    countries = make_study().countries
    france = countries["country_iso3"] == "FRA"
    text = Texts.load(language, REPORT_DIR / "locale")

    def said(rows: object, flag: str) -> str:
        study = make_study(countries=countries.assign(flag=countries["flag"].mask(rows, flag)))
        return " ".join(warnings(study.cases()[0], text)).replace("\N{NO-BREAK SPACE}", " ")

    odd = reason("times_codecarbon", times="8.2", expected="41.1")
    coarse = reason("coarse", share="12%")
    assert told in said(france, f"{coarse}; {odd}")
    assert told not in said(france, coarse)
    assert told not in said(~france, odd)


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", "its name hardly allows, as they lie outside of 1000 to 2027: 1,200, such as 2099."),
        ("fr", "ne permet guère, car hors de 1000 à 2027 : 1 200, comme 2099. Sont-elles"),
    ],
)
def test_years_and_identifiers_are_written_in_one_piece(language: str, told: str) -> None:
    text = Texts.load(language, REPORT_DIR / "locale")
    values = {"feature": "year", "number": 1200, "value": 2099, "low": 1000, "high": 2027}
    written = finding_text(Finding("values_beyond_name", False, values), text)
    for blank in ("\N{NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}"):
        written = written.replace(blank, " ")
    assert told in written
    assert text.datum(-1234567) == "−1234567"
    assert text.datum(1e20) == text.number(1e20)


@pytest.mark.parametrize("key", ["sha256", "identity"])
def test_what_tells_declarations_apart_is_shown_as_no_digest_of_the_data(key: str) -> None:
    study = make_study()
    provenance, svgs = make_provenance(study), blank_svgs(study)
    digest = provenance["dataset"].pop("sha256")
    provenance["dataset"][key] = digest
    for language in ("en", "fr"):
        text = Texts.load(language, REPORT_DIR / "locale")
        context = build_context(study, make_claims(study), provenance, svgs, text)
        assert (digest in context["provenance"]["dataset"].values()) is (key == "sha256")
