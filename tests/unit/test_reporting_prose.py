"""Each number in the prose of the finished page is its table's, as a reader sees it."""

import html
import re

import pytest
from synthetic import REPORT_DIR, blank_svgs, make_claims, make_provenance, make_study

from ecosobriety.claims import as_table
from ecosobriety.claims.finding import in_words
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


def test_what_the_headline_shows_is_the_value_that_it_carries(told):
    page, text = told
    found = re.findall(r'<data value="([^"]+)">(.*?)</data>', page)
    assert len(found) >= 11
    for value, written in found:
        shown, half = shown_value(html.unescape(written), text)
        expected = float(value)
        # A saving is told as an amount, its direction in words.
        near = pytest.approx(expected, abs=half)
        assert shown == near or -shown == near or "<" in html.unescape(written), (value, written)


def test_captions_tell_the_curves_ends(told, study):
    page, text = told
    (caption,) = re.findall(
        r'<figure id="case1-accuracy_energy">.*?<figcaption>(.*?)</figcaption>', page, re.DOTALL
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
        r'<figure id="case1-source_cost">.*?<figcaption>(.*?)</figcaption>', page, re.DOTALL
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
