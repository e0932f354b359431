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


def equal_energies():
    """As with a fixed number of steps: a small set takes as much as all of the data."""
    from synthetic import make_runs, make_study

    return make_study(make_runs().assign(energy_kwh=1e-4))


def errors():
    """A regression: its curve falls, so its highest point is at the left."""
    from synthetic import make_runs, make_study

    from ecosobriety.metrics import RMSE
    from ecosobriety.tables import check_table

    runs = make_runs().rename(columns={"test_accuracy": "test_rmse"})
    runs["test_rmse"] = 60 - 50 * (runs["test_rmse"] - 0.8)
    return make_study(check_table("runs", runs, metric=RMSE), metric=RMSE, margin=0.05)


def steep_energies():
    """The smallest set's energy has many digits beside the next one's column."""
    from synthetic import make_runs, make_study

    runs = make_runs()
    return make_study(runs.assign(energy_kwh=1.02e-4 * (runs["n_train"] / 60_000) ** 1.2))


def nothing_smaller():
    """A size that fails is labelled too, near the margin's line."""
    from synthetic import make_study

    return make_study(margin=0.001)


@pytest.mark.parametrize("made", [equal_energies, errors, nothing_smaller, steep_energies])
def test_no_label_of_the_first_picture_touches_another_or_a_column(browser, tmp_path, made):
    from synthetic import REPORT_DIR, blank_svgs, make_provenance

    from ecosobriety.reporting import build_report

    study = made()
    built = build_report(study, None, make_provenance(study), "en", blank_svgs(study), REPORT_DIR)
    (tmp_path / "report.html").write_text(built, encoding="utf-8")
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto((tmp_path / "report.html").as_uri())
    boxes = page.eval_on_selector_all(
        "#poster-size :is(text, rect.column)",
        """all => all.map(one => {
            const {left, right, top, bottom} = one.getBoundingClientRect();
            return {text: one.textContent.trim(), left, right, top, bottom};
        })""",
    )
    page.close()
    labels = [box for box in boxes if box["text"]]
    assert len(labels) >= 9
    touching = [
        (label["text"], box["text"])
        for label in labels
        for box in boxes
        if box is not label
        and min(label["right"], box["right"]) - max(label["left"], box["left"]) > 0.5
        # A line of text is higher than its figures.
        and min(label["bottom"], box["bottom"]) - max(label["top"], box["top"]) > 4
    ]
    assert touching == []


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


def test_the_answer_of_a_picture_is_announced(look_at):
    page = look_at("en")
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


def test_without_script_each_place_keeps_its_title(look_at):
    page = look_at("en", java_script_enabled=False)
    titles = page.locator(".spots title")
    assert titles.count() > 300
    assert "examples: " in titles.first.text_content()
