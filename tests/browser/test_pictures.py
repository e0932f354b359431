"""Pictures answer back: by pointer, by keyboard and by touch; the calculator's choice is lit."""

import pytest

from ecosobriety.languages import REPORT_FILES

SAID = "#say"


def lit(page, within):
    return page.eval_on_selector_all(
        f"{within} .lit", "all => all.map(place => ({...place.dataset}))"
    )


def choose(page, **values):
    page.evaluate(
        """values => {
            for (const [name, value] of Object.entries(values)) {
                const field = document.getElementById(`whatif-${name}`);
                field.value = value;
                field.dispatchEvent(new Event("change", { bubbles: true }));
            }
        }""",
        values,
    )


def unfold(page):
    page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true; })")


@pytest.mark.parametrize("language", REPORT_FILES)
def test_what_the_calculator_is_set_to_is_lit_in_every_figure(open_page, language):
    page = open_page(language)
    choose(page, size="20000", country="POL", source="coal")
    assert [place["size"] for place in lit(page, "#poster-size")] == ["20000"]
    assert [place["country"] for place in lit(page, "#poster-countries")] == ["POL"]
    for name in ("sources", "cost"):
        assert {place["source"] for place in lit(page, f"#poster-{name}")} <= {"coal"}
    assert [place["size"] for place in lit(page, "#case1-accuracy_energy")] == ["20000"] * 2
    for name in ("country_emissions", "country_ranking"):
        assert [place["country"] for place in lit(page, f"#case1-{name}")] == ["POL"]
    (cell,) = lit(page, "#case1-emissions_map")
    assert (cell["country"], cell["source"]) == ("POL", "coal")
    for name in ("source_emissions", "source_cost"):
        assert {place["size"] for place in lit(page, f"#case1-{name}")} <= {"20000"}
    # Another choice puts these out.
    choose(page, size="60000", country="FRA", source="grid")
    assert [place["country"] for place in lit(page, "#poster-countries")] == ["FRA"]
    assert [place["size"] for place in lit(page, "#poster-size")] == ["60000"]
    # The mix of the study's own country is no other country's.
    assert lit(page, "#poster-sources") != []
    choose(page, country="POL")
    assert lit(page, "#poster-sources") == []


def test_what_is_pointed_at_says_its_value(open_page, site):
    page = open_page("en")
    bar = page.locator("#poster-countries li[data-key=POL]")
    bar.hover()
    said = page.text_content(SAID)
    assert said.startswith("Poland: ")
    assert bar.locator(".value").text_content() in said
    page.locator("h1").hover()
    assert page.text_content(SAID) == ""
    unfold(page)
    cell = page.locator("#case1-emissions_map .spots [data-country=POL][data-source=coal]")
    cell.scroll_into_view_if_needed()
    cell.hover()
    rows = site.study.scenarios
    grams = rows[
        (rows["country_iso3"] == "POL")
        & (rows["source"] == "coal")
        & (rows["n_train"] == 60_000)
        & (rows["coverage"] == site.study.cases()[0].electricity.heat_map_coverage)
    ]["emissions_g"].item()
    amount = site.texts["en"].mass(grams * site.study.emissions_batch)
    assert page.text_content(SAID).endswith(f": {amount}")
    page.keyboard.press("Escape")
    assert page.text_content(SAID) == ""


@pytest.mark.parametrize("width", [360, 1280])
def test_the_arrows_go_through_a_picture(open_page, width):
    page = open_page("fr", width)
    page.locator("#poster-size").focus()
    page.keyboard.press("Home")
    first = page.text_content(SAID)
    page.keyboard.press("ArrowRight")
    second = page.text_content(SAID)
    page.keyboard.press("End")
    last = page.text_content(SAID)
    assert len({first, second, last}) == 3
    assert "60\u202f000 exemples" in last
    box = page.locator(SAID).bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.keyboard.press("Tab")
    assert page.text_content(SAID) != last


def test_the_answer_of_a_picture_is_announced(open_page):
    page = open_page("en")
    assert page.get_attribute(SAID, "role") == "status"
    pictures = page.eval_on_selector_all(
        ".plot, #poster figure",
        "all => all.map(one => [one.tabIndex, one.querySelectorAll('[data-say]').length])",
    )
    assert len(pictures) >= 12
    assert all(tab == 0 for tab, places in pictures if places)


def test_touch_is_enough(open_page):
    page = open_page("en", 360, has_touch=True, is_mobile=True)
    bar = page.locator("#poster-countries li").first
    bar.scroll_into_view_if_needed()
    bar.tap()
    assert page.text_content(SAID) != ""
    page.locator("h1").tap()
    assert page.text_content(SAID) == ""


def test_without_script_each_place_keeps_its_title(open_page):
    page = open_page("en", java_script_enabled=False)
    titles = page.locator(".spots title")
    assert titles.count() > 300
    assert "examples: " in titles.first.text_content()
