"""Every remark that a record or a table can hold has its words in both languages."""

import dataclasses
import html
import re

import pytest
from synthetic import REPORT_DIR, blank_svgs, make_claims, make_provenance, make_study

from ecosobriety.catalogue import placeholders
from ecosobriety.electricity.countries import SHARES, finish_countries
from ecosobriety.electricity.plausibility import remark_on
from ecosobriety.errors import DataError
from ecosobriety.languages import REPORT_FILES
from ecosobriety.reasons import FILL, REASONS, reason, recognise
from ecosobriety.reporting import build_report
from ecosobriety.reporting.remarks import remark
from ecosobriety.texts import Texts

pytestmark = pytest.mark.slow

VALUES = {"counter": "GPU 0", "components": "CPU", "reason": "no GPU found", "share": "12.5%"}
VALUES |= {"day": "2025-03-01", "zone": "FR", "country": "FRA", "what": "the zone FR"}
VALUES |= dict.fromkeys(("status", "model", "device", "tracker", "variable", "name"), "X1")
VALUES |= dict.fromkeys(("year", "known_year"), "1998")


@pytest.fixture(scope="module")
def texts():
    return {code: Texts.load(code, REPORT_DIR / "locale") for code in REPORT_FILES}


def sentence(id_):
    """The sentence of an id with values for all of its placeholders."""
    names = placeholders(REASONS[id_]) - {"fill"}
    return reason(id_, **{name: VALUES.get(name, "1.5") for name in names})


@pytest.mark.parametrize("id_", REASONS)
def test_every_remark_is_told_in_both_languages(id_, texts):
    assert recognise(sentence(id_))[0] == id_
    english, french = (remark(sentence(id_), texts[code]) for code in ("en", "fr"))

    if "{day}" not in REASONS[id_]:
        assert english.replace("’", "'") == sentence(id_)
    assert french != english
    assert "1.5" not in french


@pytest.mark.parametrize("id_", REASONS)
def test_the_catalogues_hold_the_sentences_themselves(id_, texts):
    told = REASONS[id_].replace("{fill}", FILL)
    assert texts["en"].template(f"reason.{id_}").replace("’", "'") == told
    assert placeholders(texts["fr"].template(f"reason.{id_}")) <= placeholders(told)


def test_no_remark_stands_in_the_catalogues_alone(texts):
    keys = {key for key in texts["en"]._catalogue if key.startswith("reason.")}
    assert keys == {f"reason.{id_}" for id_ in REASONS}


def test_several_remarks_are_told_one_by_one(texts):
    ids = ("load_model", "stands_filled", "no_gpu")
    both = "; ".join(map(sentence, ids))
    parts = [remark(sentence(id_), texts["fr"]) for id_ in ids]

    assert remark(both, texts["fr"]) == "; ".join(parts)
    assert remark("part of it; no GPU found", texts["fr"]) is None


def test_a_reason_that_a_message_cuts_is_still_known(texts):
    why = reason("no_answer", url=f"https://{'a' * 400}", attempts=3, kind=reason("timed_out"))
    error = DataError(why)
    assert len(str(error)) < len(why)
    assert remark(error.whole, texts["fr"]).endswith("après 3 essais (délai dépassé)")


def test_numbers_and_remarks_within_a_remark_are_the_languages(texts):
    told = remark("the energy of CPU, GPU is missing: no GPU found", texts["fr"])
    assert told.endswith("aucun GPU trouvé")
    assert "1,5" in remark("GPU 0 was not readable for 1.5 of 12 s" + FILL, texts["fr"])


def test_a_french_page_holds_no_english_remark(texts):
    """A study of which everything has a remark: countries, components, provider, methods."""
    study = make_study()
    rows = study.countries.to_dict("records")
    for i, row in enumerate(rows):
        row["remarks"] = [reason("coarse", share="12%")] if i % 2 else []
        odd = [None, 0.0, 3_000.0][i % 3]
        row["intensity_g_per_kwh"] = 41.0 if row["country_iso3"] == "FRA" else odd
        row |= dict.fromkeys(SHARES, 0.5) if i % 5 == 0 else {}
        row["low_carbon_share"] = 0.4
    remark_on(rows)
    rows[0]["low_carbon_share"] = None
    flagged = finish_countries(rows)
    assert flagged["flag"].notna().sum() > 100
    study = make_study(countries=study.countries.assign(flag=flagged["flag"]))
    why = reason("server_fault", status=503, what=reason("zones"), attempts=3)
    study = dataclasses.replace(study, country_data={**study.country_data, "fallback_reason": why})
    provenance = make_provenance(study)
    parts = {"cpu": "load_model", "gpu": "no_gpu", "ram": "memory_size"}
    for part, id_ in parts.items():
        provenance["components"][0][part]["reason"] = sentence(id_)
    svgs = blank_svgs(study)

    page = build_report(study, make_claims(study), provenance, "fr", svgs, REPORT_DIR)

    for id_ in (*parts.values(), "hour_old"):
        told = remark(sentence(id_), texts["fr"])
        assert (told in html.unescape(page)) == (id_ in parts.values())
    assert "répond 503 pour la liste des zones" in page
    pieces = {max(re.split(r"\{\w+\}", told), key=len).strip(" ;,") for told in REASONS.values()}
    # Shorter ones stand in words of other languages.
    found = {piece for piece in pieces if len(piece) >= 10 and piece in html.unescape(page)}
    assert found == set()
    marked = set(re.findall(r'<(?:td|q) lang="en">(?:<a [^>]*>)?([^<]*)<', page))
    tables = (study.sources, study.costs, study.equivalents, study.method_inputs.constants)
    references = {html.escape(row) for table in tables for row in table["reference"]}
    assert {
        words for words in marked if html.escape(html.unescape(words)) not in references
    } == set()
