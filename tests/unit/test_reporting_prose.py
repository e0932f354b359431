"""Each number in the prose of the finished page is its table's, as a reader sees it."""

import html
import re

import pytest
from synthetic import (
    REPORT_DIR,
    blank_svgs,
    make_claims,
    make_provenance,
    make_runs,
    make_study,
)

from ecosobriety.claims import as_table
from ecosobriety.claims.finding import in_words
from ecosobriety.decision import Usage
from ecosobriety.languages import REPORT_FILES
from ecosobriety.reporting import build_report
from ecosobriety.texts import Texts, is_known
from ecosobriety.units import ENERGY_UNITS, MASS_UNITS

pytestmark = pytest.mark.slow

NBSP = "\N{NO-BREAK SPACE}"
UNITS = {
    **{unit.symbol: unit.size for unit in ENERGY_UNITS},
    **{f"{unit.symbol} CO₂e": unit.size for unit in MASS_UNITS},
    **dict.fromkeys(("%", "point", "points"), 0.01),
    **dict.fromkeys(("", "€"), 1.0),
}


@pytest.fixture(scope="module")
def study():
    return make_study()


@pytest.fixture(scope="module", params=REPORT_FILES)
def told(request, study):
    """The page's text without tags, its source, and its language."""
    text = Texts.load(request.param, REPORT_DIR / "locale")
    page = build_report(
        study,
        make_claims(study),
        make_provenance(study),
        request.param,
        blank_svgs(study),
        REPORT_DIR,
    )
    return page, text


def plain(markup):
    return html.unescape(re.sub(r"<[^>]+>", "", markup))


def shown_value(written, text):
    """A number as it is written, in the table's unit, and half of its last digit."""
    symbols = text.locale.number_symbols["latn"]
    match = re.search(r"([−\d][\d.,\N{NARROW NO-BREAK SPACE}]*)\s*(\D*)$", written)
    digits = match[1].replace(symbols["group"], "").replace(symbols["decimal"], ".")
    decimals = len(digits.partition(".")[2])
    size = UNITS[match[2].strip()]
    return float(digits.replace("−", "-")) * size, 0.51 * 10**-decimals * size


def check_values(page, text):
    """Each number with a value shows it, or that it is below the number shown; returns which."""
    below = text.template("unit.less_than").partition("{")[0]
    bounds = []
    for value, written in re.findall(r'<data value="([^"]+)">(.*?)</data>', page):
        written = html.unescape(written)
        shown, half = shown_value(written, text)
        if written.startswith((below, "p < ")):
            assert 0 <= float(value) < shown, (value, written)
            bounds.append(written)
            continue
        # A saving is told as an amount, its direction in words.
        near = pytest.approx(float(value), abs=half)
        assert near in (shown, -shown), (value, written)
    return bounds


def test_what_the_page_shows_is_the_value_that_it_carries(told):
    page, text = told
    check_values(page, text)
    assert page.count("<data ") >= 5


@pytest.mark.parametrize("code", REPORT_FILES)
def test_an_amount_below_a_cent_is_shown_as_below_it(code):
    """A study of 0.0002 of the default's energy, and its user's year of two trainings."""
    text = Texts.load(code, REPORT_DIR / "locale")
    study = make_study(make_runs(energy_factor=2e-4), usage=Usage(2, None, None, 1.0))
    page = build_report(
        study, make_claims(study), make_provenance(study), code, blank_svgs(study), REPORT_DIR
    )
    cent = text("unit.less_than", amount=text.money(0.01, "EUR", 1))
    year, cost = (study.cases()[0].decision.result[name] for name in ("yearly", "study_cost"))
    assert 0 < year["dearest"]["amount"] < cost["dearest"]["amount"] < 0.01
    # The study's own cost and the year's; the page says each once.
    assert check_values(page, text).count(cent) >= 2


def test_captions_tell_the_curves_ends(told, study):
    page, text = told
    (caption,) = re.findall(
        r'<figure id="case1-accuracy_energy"[^>]*>.*?<figcaption id="[^"]*">(.*?)</figcaption>',
        page,
        re.DOTALL,
    )
    curve = study.cases()[0].decision.curve
    for size in (5_000, 60_000):
        for written in (
            text.integer(size),
            text.share(float(curve["accuracy_mean"][size]), 1),
            text.energy(float(curve["energy_kwh_mean"][size])),
        ):
            assert written in plain(caption)


def test_captions_tell_the_ends_of_emissions_and_costs(told, study):
    page, text = told
    case = study.cases()[0]
    (caption,) = re.findall(
        r'<figure id="case1-source_cost"[^>]*>.*?<figcaption id="[^"]*">(.*?)</figcaption>',
        page,
        re.DOTALL,
    )
    costs = study.scenarios[
        (study.scenarios["country_iso3"] == "FRA")
        & (study.scenarios["coverage"] == 1)
        & (study.scenarios["n_train"] == case.decision.reference)
    ]["cost"].dropna()
    for cost in (costs.min(), costs.max()):
        assert text.money(cost * case.electricity.cost_batch, "EUR") in plain(caption)


def test_claims_tell_the_tables_values(told, study):
    page, text = told
    compared = 0
    for checked, row in zip(
        make_claims(study), as_table(make_claims(study)).to_dict("records"), strict=True
    ):
        (card,) = re.findall(
            rf'<article class="claim {row["verdict"]}" id="claim-{row["claim_id"]}".*?</article>',
            page,
            re.DOTALL,
        )
        assert in_words(checked.claim, checked.finding, checked.case, text)[1] in plain(card)
        _, measured, _ = re.findall(r"<dd>(.*?)</dd>", card, re.DOTALL)
        if not is_known(row["measured_value"]):
            assert measured == text("claims.no_value")
            continue
        value = row["measured_value"]
        ways = {text.number(value), text.energy(value), text.share(value, 1), text.points(value)}
        assert any(plain(measured).startswith(way) for way in ways), (row["claim_id"], measured)
        compared += 1
    assert compared >= 5
