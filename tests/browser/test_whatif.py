"""The what-if calculator says what the tables say, driven by script and by keyboard."""

import math
import random

import pytest

from ecosobriety.languages import REPORT_FILES
from ecosobriety.reporting.water import written_litres
from ecosobriety.units import MASS_UNITS

KEY = ["dataset", "model", "n_train", "country_iso3", "source", "coverage"]
ANSWERS = {"energy": "energy_kwh", "emissions": "emissions_g", "cost": "cost"}
CELLS = 50
PAGE = 3  # options that Chromium skips in a list that is not open


@pytest.fixture(scope="module")
def cells(site):
    """Random cells, some of them on a country's own mix, with what they save."""
    table = site.study.scenarios.merge(site.study.savings, on=KEY, validate="one_to_one")
    grid = table[table["source"] == "grid"].sample(8, random_state=3)
    priced = table[table["country_iso3"] == "FRA"].sample(6, random_state=3)
    others = table[table["source"] != "grid"].sample(CELLS - 14, random_state=3)
    return [row._asdict() for part in (grid, priced, others) for row in part.itertuples(False)]


LISTS = {
    **{"dataset": "dataset", "model": "model", "size": "n_train"},
    **{"country": "country_iso3", "source": "source"},
}
"""Which column each list of the calculator chooses."""


def choose(page, cell):
    """Choose as a script does: by values and the events that a browser would send."""
    chosen = {name: str(cell[column]) for name, column in LISTS.items()}
    page.evaluate(
        """chosen => {
          for (const [name, value] of Object.entries(chosen)) {
            const field = document.querySelector(`#whatif-${name}`);
            field.value = value;
            if (field.value !== value && field.type !== "range") throw new Error(name + value);
            for (const event of field.type === "range" ? ["input"] : ["input", "change"])
              field.dispatchEvent(new Event(event, {bubbles: true}));
          }
        }""",
        {**chosen, "coverage": str(cell["coverage"])},
    )


def press_until(page, name, value):
    """Move a focused list's choice by keys alone, from its top, its end or where it is."""
    values, now = page.eval_on_selector(
        f"#whatif-{name}",
        """list => {
          list.focus();
          return [[...list.options].map(option => option.value), list.selectedIndex];
        }""",
    )
    wanted, starts = values.index(value), {None: now, "Home": 0, "End": len(values) - 1}
    key, start = min(starts.items(), key=lambda item: abs(wanted - item[1]))
    if key:
        page.keyboard.press(key)
    pages, lines = divmod(abs(wanted - start), PAGE)
    way = "Down" if wanted > start else "Up"
    for key in [f"Page{way}"] * pages + [f"Arrow{way}"] * lines:
        page.keyboard.press(key)


def choose_by_keyboard(page, cell):
    for name, column in LISTS.items():
        press_until(page, name, str(cell[column]))
    page.focus("#whatif-coverage")
    tenths = round(cell["coverage"] * 10)
    if round(float(page.input_value("#whatif-coverage")) * 10, 6) == tenths:
        return
    page.keyboard.press("Home" if tenths < 6 else "End")
    for key in ["PageUp"] * tenths if tenths < 6 else ["PageDown"] * (10 - tenths):
        page.keyboard.press(key)


def read(page, name, attribute="data-value"):
    return number(page.get_attribute(f"#whatif-{name}", attribute))


def number(written):
    return float(written) if written else math.nan


def assert_answers_are(page, cell):
    # All at once, as each question to the page takes its time.
    shown = page.evaluate(
        """names => names.map(name => ({...document.getElementById(`whatif-${name}`).dataset}))""",
        [*ANSWERS, "saving"],
    )
    for (name, column), answer in zip(ANSWERS.items(), shown[:-1], strict=True):
        for attribute, bound in (("value", ""), ("low", "_low"), ("high", "_high")):
            if column + bound not in cell:
                continue
            found = number(answer[attribute])
            expected = cell[column + bound]
            assert found == pytest.approx(expected, rel=1e-6, nan_ok=True), (cell, name, bound)
    saving = number(shown[-1]["value"])
    assert saving == pytest.approx(cell["saved_share"], rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("language", REPORT_FILES)
def test_driven_by_script_it_equals_the_table_and_writes_as_the_rest_of_the_page(
    open_page, site, cells, language
):
    page, text = open_page(language, section="whatif"), site.texts[language]
    assert len(cells) == CELLS
    for cell in cells:
        choose(page, cell)
        assert_answers_are(page, cell)
        shown = page.evaluate(
            """names => Object.fromEntries(
              names.map(name => [name, document.getElementById(`whatif-${name}`).textContent])
            )""",
            [*ANSWERS, "saving"],
        )
        assert shown["energy"].startswith(text.energy(cell["energy_kwh"]))
        assert shown["emissions"].startswith(text.mass(cell["emissions_g"]))
        assert shown["cost"].startswith(text.money(cell["cost"], "EUR"))
        assert shown["saving"].startswith(text.share(cell["saved_share"]))


def test_driven_by_keyboard_it_equals_the_table(open_page, cells):
    page = open_page("fr", section="whatif")
    # What is shown is laid out anew after each of hundreds of keys.
    page.add_style_tag(content="#poster, #appendix > :not(#whatif) { display: none }")
    countries = page.eval_on_selector_all("#whatif-country option", "all => all.map(o => o.value)")
    # Along the list: each key makes the page calculate.
    for cell in sorted(cells, key=lambda cell: countries.index(cell["country_iso3"])):
        choose_by_keyboard(page, cell)
        assert_answers_are(page, cell)


@pytest.mark.parametrize("language", REPORT_FILES)
def test_hardware_and_water_are_the_tables(open_page, site, language):
    page, text, (case,) = (
        open_page(language, section="whatif"),
        site.texts[language],
        site.study.cases(),
    )
    found = case.decision.result
    for made, water in zip(found["embodied"]["sizes"], found["water"]["sizes"], strict=True):
        page.select_option("#whatif-size", str(made["n_train"]))
        amounts = {"embodied": made["embodied_g"]}
        amounts |= {f"water_{place}": water[f"{place}_l"] for place in ("site", "source")}
        for name, bounds in amounts.items():
            for attribute, bound in (("value", "central"), ("low", "low"), ("high", "high")):
                expected = math.nan if bounds[bound] is None else bounds[bound]
                shown = read(page, name, f"data-{attribute}")
                assert shown == pytest.approx(expected, rel=1e-9, nan_ok=True), (name, bound)
        written = page.text_content("#whatif-embodied")
        assert written.startswith(text.mass(made["embodied_g"]["central"]))
        for place in ("site", "source"):
            written = page.text_content(f"#whatif-water_{place}")
            assert written == written_litres(water[f"{place}_l"], 1, text)


def test_what_is_unknown_says_why(open_page):
    page = open_page("en", section="whatif")
    page.select_option("#whatif-country", "CAF")
    assert page.text_content("#whatif-emissions") == "unknown"
    assert "Central African Republic" in page.text_content("#whatif-emissions-note")
    assert "gives no price for the mix" in page.text_content("#whatif-cost-note")
    page.select_option("#whatif-source", "oil")
    assert page.text_content("#whatif-cost-note") == "No cost is known for this source (oil)."
    assert "no published range" in page.text_content("#whatif-emissions-note")
    page.select_option("#whatif-source", "hydro")
    assert "no published range" in page.text_content("#whatif-cost-note")


def test_between_the_tables_coverages_it_holds_too(open_page, site):
    page = open_page("en", section="whatif")
    rng = random.Random(5)
    table = site.study.scenarios
    full = table[(table["coverage"] == 1) & (table["n_train"] == 30_000)]
    grid = table[(table["source"] == "grid") & (table["n_train"] == 30_000)]
    by_country = grid.set_index("country_iso3")["emissions_g"]
    for row in full.dropna(subset="emissions_g").sample(10, random_state=1).to_dict("records"):
        share = rng.random()
        choose(page, row | {"coverage": share})
        own = by_country[row["country_iso3"]]
        expected = share * row["emissions_g"] + (1 - share) * own
        assert read(page, "emissions") == pytest.approx(expected, rel=1e-6, nan_ok=True)


def test_equivalents_follow_the_emissions(look_at, site):
    page = look_at("en")
    car = site.study.equivalents.set_index("equivalent")["amount"]["car_km"]
    trainings = float(f"{car / read(page, 'emissions'):.2e}")
    first = page.text_content("#whatif-equivalents li")
    assert f"{trainings:,.0f} such trainings" in first


def test_without_script_there_is_a_table_instead(look_at, site):
    page = look_at("en", java_script_enabled=False)
    assert page.is_hidden("#whatif-calculator")
    assert page.is_visible("#whatif-table1")
    assert page.is_hidden("#case1-country-search")
    case = site.study.cases()[0]
    largest = float(case.electricity.source_cells["emissions_g"].max())
    unit = next(unit for unit in MASS_UNITS if largest >= unit.size)
    coal = site.texts["en"].number(
        float(case.electricity.at("coal", 5_000)["emissions_g"]) / unit.size
    )
    assert coal in page.text_content("#whatif-table1")


def test_with_script_the_calculator_stands_in_the_tables_place(open_page):
    page = open_page("en", section="whatif")
    assert page.is_visible("#whatif-calculator")
    assert page.is_hidden("#whatif-table1")
    page.emulate_media(media="print")
    assert page.is_hidden("#whatif-calculator")
    assert page.is_visible("#whatif-table1")


def test_a_years_amounts_follow_the_choice_and_the_users_own_figure(open_page, site):
    page = open_page("en", section="whatif")
    case = site.study.cases()[0]
    small, full = sorted(case.decision.curve.index)[0], case.decision.reference
    page.select_option("#whatif-size", str(small))
    page.select_option("#whatif-source", "grid")
    assert page.get_attribute("#whatif-year", "data-value") == ""
    page.fill("#whatif-trainings", "365")
    used = {n: case.electricity.at("grid", n) for n in (small, full)}
    assert read(page, "year") == pytest.approx(365 * used[small]["energy_kwh"])
    assert read(page, "year", "data-emissions") == pytest.approx(365 * used[small]["emissions_g"])
    # 120 kWh at the reference size by the user's own meter.
    page.fill("#whatif-training", "120")
    ratio = used[small]["energy_kwh"] / used[full]["energy_kwh"]
    assert read(page, "year") == pytest.approx(365 * 120 * ratio)
    assert read(page, "year", "data-saved") == pytest.approx(365 * 120 * (1 - ratio))


@pytest.fixture
def page_of(context_of, tmp_path):
    """Opens the calculator of a study of some runs."""

    def opened(*runs):
        import pandas as pd
        from synthetic import REPORT_DIR, blank_svgs, make_provenance, make_study

        from ecosobriety.reporting import build_report

        study = make_study(pd.concat(runs, ignore_index=True))
        path, complaints = tmp_path / "report.html", []
        page_text = build_report(
            study, None, make_provenance(study), "en", blank_svgs(study), REPORT_DIR
        )
        path.write_text(page_text, encoding="utf-8")
        page = context_of().new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{path.as_uri()}#whatif")
        return page, study, complaints

    return opened


def test_a_model_offers_the_sizes_that_it_was_trained_on(page_of):
    """A budget may have left out those of another model."""
    from synthetic import make_runs

    page, study, complaints = page_of(
        make_runs(), make_runs("cnn", energy_factor=3.0).query("n_train >= 50_000")
    )
    page.select_option("#whatif-model", "mlp")
    page.select_option("#whatif-size", "5000")
    page.select_option("#whatif-model", "cnn")
    assert page.input_value("#whatif-size") == "60000"
    offered = "options => options.filter(one => !one.disabled).map(one => one.value)"
    assert page.eval_on_selector_all("#whatif-size option", offered) == ["50000", "60000"]
    used = study.runs.query("model == 'cnn' and n_train == 60_000")["energy_kwh"].mean()
    assert read(page, "energy") == pytest.approx(used)
    page.select_option("#whatif-model", "mlp")
    page.select_option("#whatif-size", "5000")
    assert not complaints
    page.close()


def test_seeds_that_ran_at_one_size_alone_are_not_compared(page_of):
    """A budget may have left some out, which took more than the others."""
    from synthetic import make_runs

    runs = make_runs()
    runs["energy_kwh"] *= 1 + runs["seed"]
    page, study, complaints = page_of(runs[(runs["n_train"] != 5000) | (runs["seed"] > 1)])
    page.select_option("#whatif-size", "5000")
    page.select_option("#whatif-source", "grid")
    page.fill("#whatif-trainings", "100")
    case = study.cases()[0]
    small, full = (runs.loc[runs["n_train"] == n, "energy_kwh"] for n in (5000, 60000))
    row, pue = case.electricity.saving(5000), study.config["metering"]["pue"]
    # The means of either size's own seeds are of others.
    assert row["saved_share"] != pytest.approx(1 - small[1:].mean() / full.mean(), rel=1e-3)
    assert read(page, "saving") == pytest.approx(row["saved_share"])
    assert read(page, "year", "data-saved") == pytest.approx(100 * pue * row["energy_saved_kwh"])
    assert not complaints


@pytest.mark.parametrize(("size_kwh", "written"), [(0.0041, "99.6%"), (0.9972, "0.3%")])
def test_only_all_of_the_energy_is_100_percent_and_only_nothing_is_0(page_of, size_kwh, written):
    from synthetic import make_runs

    runs = make_runs()
    for column in ("energy_kwh", "energy_cpu_kwh", "energy_ram_kwh"):
        full = runs.loc[runs["n_train"] == 60000, column].mean()
        runs.loc[runs["n_train"] == 5000, column] = size_kwh * full
        runs.loc[runs["n_train"] == 60000, column] = full
    page, _, _ = page_of(runs)
    page.select_option("#whatif-size", "5000")
    shown = page.text_content("#whatif-saving")
    assert shown.startswith(f"{written} ({written} to {written})")
