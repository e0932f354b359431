"""The report as people meet it: every width, both schemes, the keyboard, a hostile title."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe

from ecosobriety.languages import REPORT_FILES

from .conftest import unfold


@pytest.mark.parametrize("language", REPORT_FILES)
def test_nothing_has_to_be_scrolled_sideways(look_at, language):
    page = look_at(language, unfolded=True)
    for width in (360, 1280, 2560):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        # Nor is a name or a number of the first page cut off.
        cut = page.eval_on_selector_all(
            ".bars span, .number strong",
            "all => all.filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.textContent)",
        )
        assert (width, cut) == (width, [])


@pytest.mark.parametrize("language", REPORT_FILES)
def test_on_paper_no_table_is_wider_than_the_sheet(look_at, language):
    """A4 within its margins of 16 mm is 178 mm wide: 673 pixels."""
    page = look_at(language, 673, "print")
    wider = page.eval_on_selector_all(
        "table, pre, figure",
        "all => all.filter(e => e.getBoundingClientRect().right > 674).map(e => e.id)",
    )
    assert wider == []


def test_numbers_in_tables_are_as_large_as_words(look_at):
    """The first page's large numbers have a style of their own, and only they."""
    page = look_at("en", unfolded=True)
    sizes = page.eval_on_selector_all(
        "#case1-country :is(td, th)", "all => all.map(cell => getComputedStyle(cell).fontSize)"
    )
    assert len(set(sizes)) == 1


# Of what a picture draws, and of the rows of a table, the entries of a list and the parts of a
# figure, all but the first two that differ by their texts and values alone.
ALIKE = r"""() => {
  const thin = (parts) => {
    const found = {};
    for (const part of parts) {
      const form = part.outerHTML
        .replace(/>[^<]+/g, ">")
        .replace(/ (?!class|style)([\w:-]+)="[^"]*"/g, " $1");
      found[form] = (found[form] ?? 0) + 1;
      if (found[form] > 2) part.remove();
    }
  };
  const all = (selector) => document.querySelectorAll(selector);
  for (const picture of all("svg")) thin(picture.querySelectorAll("use, path"));
  for (const whole of all("tbody, ul, dl, select, svg g")) thin([...whole.children]);
}"""


@pytest.mark.parametrize("language", REPORT_FILES)
def test_axe_finds_no_serious_violation(open_page, language):
    page = open_page(language)
    # A country's row is as the next one's, and what passes is not described: axe takes its time.
    page.evaluate(ALIKE)
    unfold(page)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        found = Axe().run(page, options={"resultTypes": ["violations"]}).response
        serious = [one for one in found["violations"] if one["impact"] in ("serious", "critical")]
        named = [(scheme, one["id"], one["nodes"][0]["html"][:200]) for one in serious]
        assert named == []


@pytest.mark.parametrize("language", REPORT_FILES)
def test_a_hostile_title_is_text(look_at, site, language):
    page = look_at(language)
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
    page = open_page("en", section="tables")
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
    page = open_page("fr", section="tables")
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
    unfold(page)
    for selector in ("#whatif-country", "#whatif-coverage", "#case1-country thead button"):
        page.keyboard.press("Tab")  # by keyboard, as :focus-visible asks
        page.locator(selector).first.focus()
        width = page.locator(selector).first.evaluate("e => getComputedStyle(e).outlineWidth")
        assert width == "3px", selector


def test_an_a4_page_cuts_no_figure(look_at):
    page = look_at("en", 673, "print")  # A4 less its margins, at 96 dpi
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


FOLDED = "#appendix > section > details"


def opened(page):
    return page.eval_on_selector_all(
        f"{FOLDED}[open]", "all => all.map(part => part.parentElement.id)"
    )


@pytest.mark.parametrize("address", ["factors", "case1-country", "claim-flights"])
def test_an_address_opens_its_section_and_no_other(open_page, address):
    page = open_page("en", section=address)
    (section,) = opened(page)
    assert page.locator(f"#{section}:has(#{address}), #{section}#{address}").count() == 1
    assert page.locator(f"#{address}").first.is_visible()


def test_the_contents_and_the_marks_open_what_they_lead_to(open_page):
    page = open_page("en")
    assert opened(page) == []
    page.click("#contents a[href='#method']")
    # The browser says afterwards that the address has changed.
    page.wait_for_selector("#method > details[open]")
    assert opened(page) == ["method"]
    # Folded by hand, the same link opens it again, though the address is what it was.
    page.click("#method summary")
    page.click("#contents a[href='#method']")
    assert opened(page) == ["method"]
    page.click("#poster a[href='#claim-flights']")
    page.wait_for_selector("#claims > details[open]")
    assert opened(page) == ["claims", "method"]


def test_all_is_open_without_a_script(look_at):
    page = look_at("en", java_script_enabled=False)
    assert page.locator(f"{FOLDED}:not([open])").count() == 0
    assert page.locator("#folding").is_hidden()
    assert page.locator("#whatif-tables").is_visible()


def test_the_contents_stay_in_view_where_there_is_room(look_at):
    page = look_at("en", 1440, unfolded=True)
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    box = page.locator("#contents").bounding_box()
    assert 0 <= box["y"] < 900
    assert box["x"] + box["width"] <= page.locator("#appendix").bounding_box()["x"]


@pytest.mark.parametrize("language", REPORT_FILES)
def test_the_poster_is_the_first_sheet_and_the_only_thing_on_it(open_page, language):
    """One sheet of it is as many sheets as without the appendix."""
    page = open_page(language)
    page.add_style_tag(content="#contents, #appendix { display: none }")
    for paper in ("A4", "A3", "A1"):
        printed = page.pdf(format=paper)
        assert (paper, len(re.findall(rb"/Type\s*/Page\b", printed))) == (paper, 1)
        assert b"/Subtype /Image" not in printed  # vectors only


def test_the_appendix_begins_on_a_sheet_of_its_own(look_at):
    page = look_at("en", media="print")
    style = "e => getComputedStyle(e).breakAfter"
    assert page.locator("#poster").evaluate(style) == "page"
