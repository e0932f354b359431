"""The report as people meet it: every width, both schemes, the keyboard, a hostile title."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from ecosobriety.languages import REPORT_FILES


@pytest.mark.parametrize("language", REPORT_FILES)
@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_has_to_be_scrolled_sideways(open_page, language, width):
    page = open_page(language, width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", REPORT_FILES)
def test_axe_finds_no_serious_violation(open_page, language, scheme):
    page = open_page(language, color_scheme=scheme)
    violations = Axe().run(page).response["violations"]
    serious = [found for found in violations if found["impact"] in ("serious", "critical")]
    assert [(found["id"], found["nodes"][0]["html"][:200]) for found in serious] == []


@pytest.mark.parametrize("language", REPORT_FILES)
def test_a_hostile_title_is_text(open_page, site, language):
    page = open_page(language)
    title = site.study.config["title"]
    assert "<script>" in title
    assert page.text_content("h1") == title
    assert page.title() == title


def test_the_languages_link_to_each_other(open_page):
    page = open_page("en")
    page.click(".languages a")
    assert page.get_attribute("html", "lang") == "fr"
    page.click(".languages a")
    assert page.get_attribute("html", "lang") == "en"


def names(page):
    return page.eval_on_selector_all(
        "#case1-country tbody tr:not([hidden]) th", "all => all.map(cell => cell.textContent)"
    )


def test_the_country_table_is_sorted_by_keyboard(open_page, site):
    page = open_page("en")
    header = page.locator("#case1-country thead th").nth(3)
    header.locator("button").focus()
    cells = site.study.cases()[0].electricity.country_cells
    known = cells.dropna(subset="intensity_g_per_kwh")
    for direction, end in (("ascending", "idxmin"), ("descending", "idxmax")):
        page.keyboard.press("Enter")
        assert header.get_attribute("aria-sort") == direction
        first = known.loc[getattr(known["intensity_g_per_kwh"], end)()]
        expected = site.texts["en"].country(first["country_iso3"], first["country_name"])
        assert names(page)[0] == expected
        # What is unknown is at the end in either direction.
        row = page.locator("#case1-country tbody tr").last
        assert row.locator("td").nth(2).text_content() == "unknown"
    assert len(names(page)) == len(cells)


def test_the_country_table_is_searched_without_accents(open_page):
    page = open_page("fr")
    page.fill("#case1-country-field", "etats-unis")
    found = names(page)
    assert "États-Unis" in found
    assert all("États-Unis" in name for name in found)
    told = page.text_content("#case1-country-search [role=status]")
    assert told.endswith(f": {len(found)}")
    page.fill("#case1-country-field", "")
    assert len(names(page)) > 200


def test_focus_is_seen(open_page):
    page = open_page("en")
    for selector in ("#whatif-country", "#whatif-coverage", "#case1-country thead button"):
        page.keyboard.press("Tab")  # by keyboard, as :focus-visible asks
        page.locator(selector).first.focus()
        width = page.locator(selector).first.evaluate("e => getComputedStyle(e).outlineWidth")
        assert width == "3px", selector


def test_an_a4_page_cuts_no_figure(open_page):
    page = open_page("en", width=673)  # A4 less its margins, at 96 dpi
    page.emulate_media(media="print")
    boxes = page.eval_on_selector_all(
        "figure",
        """all => all.map(f => [
          f.offsetHeight, f.scrollWidth - f.clientWidth, getComputedStyle(f).breakInside
        ])""",
    )
    assert boxes
    for height, too_wide, inside in boxes:
        assert height < 1001  # what an A4 page holds between its margins, at 96 dpi
        assert too_wide <= 0
        assert inside == "avoid"
