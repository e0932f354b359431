"""The first page: short, true to the tables, and right for every kind of answer."""

import html
import re
from dataclasses import replace

import pandas as pd
import pytest
from page import Page
from synthetic import (
    REPORT_DIR,
    blank_svgs,
    decisions_at,
    make_claims,
    make_intake,
    make_provenance,
    make_runs,
    make_study,
)

from ecosobriety.decision import Usage
from ecosobriety.languages import REPORT_FILES
from ecosobriety.metrics import RMSE
from ecosobriety.reporting import SECTIONS, build_report
from ecosobriety.reporting.growth import study_cost
from ecosobriety.reporting.poster import kind_of_answer, poster
from ecosobriety.reporting.poster_bars import rounded_up
from ecosobriety.reporting.scale import at_scale
from ecosobriety.study.electricity_view import LISTED_COUNTRIES
from ecosobriety.tables import check_table
from ecosobriety.texts import Texts

pytestmark = pytest.mark.slow

MOST_WORDS = 350
LADDER = [5_000, 10_000, 20_000, 30_000, 40_000, 50_000, 60_000]


def three_models(**added):
    models = {"cnn": (4.0, 0.03), "linear": (0.3, -0.04), "mlp": (1.0, 0.0)}
    runs = pd.concat([make_runs(name, *rest) for name, rest in models.items()])
    return make_study(runs, **added)


def retail():
    """A study whose country's mix has the price that households pay."""
    priced = three_models(grid_price_per_kwh={"FRA": 0.3835})
    told = {"price_per_kwh": 0.3835, "period": "2025-S1", "verified": "secondary copies"}
    about = {"reference": "Eurostat", "year": 2025, "url": "https://ec.europa.eu/eurostat"}
    paid = {"country_iso3": "FRA", "currency": "EUR", "consumer": "households", **told, **about}
    cost = {**priced.config["cost"], "grid_price_per_kwh": {}}
    return replace(priced, prices=pd.DataFrame([paid]), config={**priced.config, "cost": cost})


def regression():
    runs = make_runs("linear").rename(columns={"test_accuracy": "test_rmse"})
    runs["test_rmse"] = 60 - 50 * (runs["test_rmse"] - 0.8)
    return make_study(check_table("runs", runs, metric=RMSE), metric=RMSE, margin=0.05)


def stopped(**added):
    """A study that grew to 40,000 examples and stopped there."""
    runs = make_runs()
    decisions = decisions_at((30_000, 40_000), runs, margin=0.015)
    runs = runs[runs["n_train"] <= 40_000].reset_index(drop=True)
    intake = make_intake(runs, test_examples=10_000)
    grown = {"decisions": decisions, "ladder": LADDER, "intake": intake, "margin": 0.015}
    return make_study(runs, **grown, **added)


KINDS = {
    "smaller": make_study,
    "models": three_models,
    "retail": retail,
    "regression": regression,
    "none": lambda: make_study(margin=0.001),
    "stopped": stopped,
    "one_size": lambda: make_study(make_runs().query("n_train == 60_000")),
    "baseline_not_beaten": lambda: make_study(make_runs(accuracy_shift=-0.79)),
    "too_few_seeds": lambda: make_study(make_runs().query("seed == 1")),
    "year": lambda: make_study(usage=Usage(2_000, None, None, 1.0)),
}


@pytest.fixture(scope="module", params=KINDS)
def study(request):
    return KINDS[request.param]()


@pytest.fixture(scope="module", params=REPORT_FILES)
def text(request):
    return Texts.load(request.param, REPORT_DIR / "locale")


def first_page(study, text):
    claims = None if "test_rmse" in study.runs else make_claims(study)
    page = build_report(
        study, claims, make_provenance(study), text.language, blank_svgs(study), REPORT_DIR
    )
    Page(page)  # well formed
    return page[page.index('<section id="poster"') : page.index('<nav id="contents"')]


def test_the_first_page_has_at_most_350_words(study, text):
    """Whatever a reader sees on it, numbers and the figures' letters among them."""
    words = html.unescape(re.sub(r"<[^>]+>", " ", first_page(study, text))).split()
    assert 100 < len(words) <= MOST_WORDS


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        ("smaller", "Yes: 67% of the training data is enough."),
        ("none", "No: no smaller training set is shown to be enough."),
        ("stopped", "Yes: it can stop at 40,000 of 60,000 examples."),
        ("one_size", "No answer: no size below 60,000 was trained."),
        ("too_few_seeds", "No answer: one seed cannot tell a loss from chance."),
        ("baseline_not_beaten", "No answer: it does not beat a constant guess."),
    ],
)
def test_each_kind_of_study_has_its_answer(kind, answer):
    text = Texts.load("en", REPORT_DIR / "locale")
    study = KINDS[kind]()
    assert kind_of_answer(study.cases()[0]) == kind
    assert f'<h2 id="answer">{answer}</h2>' in first_page(study, text)


@pytest.mark.parametrize("pue", [1.0, 1.5])
def test_the_energy_of_a_year_says_that_it_is_the_sites(pue):
    text = Texts.load("en", REPORT_DIR / "locale")
    study = make_study(usage=Usage(2_000, None, None, pue))
    study.config["metering"]["pue"] = pue
    (case,) = study.cases()
    words = poster(study, None, make_provenance(study), text)["numbers"][3]["words"]
    assert words.startswith(f"saved {'at the site ' * (pue > 1)}in a year of 2,000 trainings:")
    said = at_scale(case, text)[0]
    assert ("Wh at the site. The recommended size saves" in said.striptags()) == (pue > 1)


@pytest.mark.parametrize(
    ("most", "shown"), [(163.0, 170), (160.0, 160), (0.0995, 0.1), (9.91, 10), (0.0141, 0.015)]
)
def test_what_is_at_most_so_much_is_rounded_up(most, shown):
    assert rounded_up(most) == pytest.approx(shown)


def test_a_year_of_a_size_that_was_not_trained_names_it():
    text = Texts.load("en", REPORT_DIR / "locale")
    study = stopped(usage=Usage(2_000, None, None, 1.0))
    (case,) = study.cases()
    words = poster(study, None, make_provenance(study), text)["numbers"][3]["words"]
    assert words.startswith("used in a year of 2,000 trainings with 60,000 examples:")
    said = at_scale(case, text)[0].striptags()
    assert said.startswith("A year of 2,000 trainings with 60,000 examples takes ")
    assert "Wh (estimated from the study’s sizes)" in said


def test_the_four_numbers_are_the_tables():
    text, study = Texts.load("en", REPORT_DIR / "locale"), make_study()
    case = study.cases()[0]
    shown = poster(study, make_claims(study), make_provenance(study), text)
    saved = case.electricity.saving(40_000)
    cost = case.decision.result["study_cost"]
    assert [number["value"] for number in shown["numbers"]] == [
        "40,000",
        f"{saved['saved_share']:.0%}",
        # 17.6 trainings, of which each saves 32 %: after 55.4, and the 56th is whole.
        "56",
        "190\N{NO-BREAK SPACE}Wh",
    ]
    assert cost["payback_retrainings"] == pytest.approx(55.5, abs=0.6)
    # In Wh, of a thousand trainings, to two digits.
    assert saved["energy_saved_kwh"] * 1e6 == pytest.approx(190, abs=5)


def test_a_saving_that_may_be_none_says_so():
    runs = make_runs()
    noisy = runs["seed"] == 1
    runs.loc[noisy & (runs["n_train"] == 40_000), "energy_kwh"] *= 3
    study, text = make_study(runs), Texts.load("en", REPORT_DIR / "locale")
    case = study.cases()[0]
    assert case.decision.sufficient == 40_000
    assert case.decision.result["configured"]["energy_saved_share"]["ci_low"] < 0
    assert text("poster.spared.unsure") in first_page(study, text)
    assert text("poster.spared.unsure") not in first_page(make_study(), text)


def test_bars_are_the_tables_and_their_dark_part_is_what_enough_data_take():
    study, text = make_study(), Texts.load("en", REPORT_DIR / "locale")
    case = study.cases()[0]
    bars = poster(study, None, make_provenance(study), text)["figures"]["bars"]
    cells = case.electricity.country_cells.set_index("country_iso3")["emissions_g"]
    countries = {bar.key: bar for bar in bars["countries"]["bars"]}
    assert [bar.key for bar in bars["countries"]["bars"] if bar.own] == ["FRA"]
    longest = max(cells[code] for code in countries)
    for code, bar in countries.items():
        assert bar.share == pytest.approx(cells[code] / longest)
        assert bar.enough == pytest.approx(1 - case.electricity.saving(40_000)["saved_share"])
    costs = {bar.key: bar for bar in bars["cost"]["bars"]}
    for source, bar in costs.items():
        amount = case.electricity.at(source, 60_000)["cost"] * 1e6
        assert float(bar.value) == pytest.approx(amount, rel=0.05)
    assert "grid" in {bar.key for bar in bars["sources"]["bars"]}


def test_the_energies_in_the_figure_differ_by_what_the_page_says_is_saved():
    """0.102 and 0.065 Wh, not 0.10: a thousand such trainings save 37 Wh."""
    text, study = Texts.load("en", REPORT_DIR / "locale"), make_study(make_energies(0.102, 0.065))
    shown = poster(study, None, make_provenance(study), text)
    energies = {point["size"]: point["energy"] for point in shown["figures"]["size"]["points"]}
    assert (energies[60_000], energies[40_000]) == ("0.102", "0.065")
    assert shown["numbers"][3]["value"] == "37\N{NO-BREAK SPACE}Wh"


def make_energies(full_wh, sufficient_wh):
    runs = make_runs()
    others = full_wh * runs["n_train"] / 60_000
    known = runs["n_train"].map({60_000: full_wh, 40_000: sufficient_wh}).fillna(others)
    return runs.assign(energy_kwh=known / 1_000)


def test_the_countries_are_those_that_readers_know():
    """The ends of all countries are small states; a study that names its own shows those."""
    text, study = Texts.load("en", REPORT_DIR / "locale"), make_study()
    case = study.cases()[0]
    figure = poster(study, None, make_provenance(study), text)["figures"]["bars"]["countries"]
    assert {bar.key for bar in figure["bars"]} <= {"FRA", *LISTED_COUNTRIES}
    ranked = [c for c in case.electricity.ranked_countries["country_iso3"] if c in LISTED_COUNTRIES]
    assert {ranked[0], ranked[-1]} <= {bar.key for bar in figure["bars"]}

    table = study.countries
    few = make_study(countries=table[table["country_iso3"].isin(["FRA", "LUX", "EST", "PRT"])])
    figure = poster(few, None, make_provenance(few), text)["figures"]["bars"]["countries"]
    assert {bar.key for bar in figure["bars"]} == {"FRA", "LUX", "EST", "PRT"}


def test_a_single_bar_is_compared_with_nothing(text):
    """Not "France emits 1.0 times as much as France"."""
    table = make_study().countries
    alone = make_study(countries=table[table["country_iso3"] == "FRA"])
    scenarios = alone.scenarios
    scenarios.loc[scenarios["source"] != "hydro", "cost"] = float("nan")
    bars = poster(alone, None, make_provenance(alone), text)["figures"]["bars"]
    for figure in ("countries", "cost"):
        (bar,) = bars[figure]["bars"]
        name = bar.name[0].upper() + bar.name[1:]
        assert bars[figure]["caption"] == text("poster.figure.alone", name=name)


@pytest.mark.parametrize("quality", ["measured", "estimated", "mixed", "imported"])
def test_how_sure_the_energy_is_stands_beside_how_sure_the_score_is(quality, text):
    runs = make_runs().assign(energy_quality=quality)
    shown = poster(make_study(runs), None, make_provenance(make_study(runs)), text)
    assert shown["sure"][1] == text(f"poster.sure.energy.{quality}")


def test_each_claim_has_a_mark_that_leads_to_it(text):
    study = make_study()
    claims = make_claims(study)
    page = build_report(
        study, claims, make_provenance(study), text.language, blank_svgs(study), REPORT_DIR
    )
    first = page[page.index('<section id="poster"') : page.index('<nav id="contents"')]
    for one in claims:
        verdict, address = one.finding.verdict, f"claim-{one.claim['id']}"
        assert re.search(rf'<li class="{verdict}"><a href="#{address}"', first)
        assert f'id="{address}"' in page


def test_a_study_of_other_models_has_a_line_for_each(text):
    study = three_models()
    shown = poster(study, None, make_provenance(study), text)
    assert [
        line.split("\N{NO-BREAK SPACE}")[0].split(":")[0].strip() for line in shown["models"]
    ] == [
        "cnn",
        "linear",
    ]


def test_every_section_is_in_the_contents_and_open_without_a_script(text):
    study = make_study()
    page = build_report(
        study,
        make_claims(study),
        make_provenance(study),
        text.language,
        blank_svgs(study),
        REPORT_DIR,
    )
    contents = page[page.index('<nav id="contents"') : page.index('<div id="appendix"')]
    assert re.findall(r'href="#([^"]+)"', contents) == list(SECTIONS)
    appendix = page[page.index('<div id="appendix"') :]
    assert appendix.count("<details open>") == len(SECTIONS)
    for section in SECTIONS:
        assert re.search(
            rf'<section id="{section}"[^>]*>\s*<details open>\s*<summary><h2', appendix
        )


def test_what_nobody_has_looked_up_is_neither_ranked_nor_a_headline(text):
    """The poster's edition has costs from memory; the tables hold them, with a mark."""
    study = make_study(usage=Usage(2_000, 120.0, None, 1.0))
    (case,) = study.cases()
    page = poster(study, None, make_provenance(study), text.of(study.metric))
    unseen = set(study.costs.loc[study.costs["verified"] == "from memory", "source"])
    assert case.electricity.source_order("cost")[0] in unseen
    shown = [bar.key for bar in page["figures"]["bars"]["cost"]["bars"]]
    assert shown
    assert not unseen & set(shown)
    # The headline's money is that of the dearest of those.
    full = case.electricity.at(shown[0], case.decision.reference)
    saved = full["cost"] / full["energy_kwh"] * 2_000 * 120
    saved *= case.decision.result["configured"]["saving"]["share"]
    money = text.money(float(f"{saved:.1e}"), "EUR", 2)
    # Not the most: it says of what.
    named = text("poster.scale.cost_from", cost=money, source=text(f"source.{shown[0]}"))
    assert named in page["numbers"][3]["words"]


def test_a_model_among_several_pays_its_own_trainings_back(text):
    for study, key in ((make_study(margin=0.03), "after"), (three_models(), "after_model")):
        case = study.cases()[0]
        words = poster(study, None, make_provenance(study), text)["numbers"][2]["words"]
        cost = text.number(float(f"{case.decision.result['study_cost']['full_trainings']:.1e}"), 2)
        full = text.integer(case.decision.reference)
        values = {"full_trainings": cost, "full": full, "model": case.model}
        assert words == text(f"poster.paid_back.{key}", **values)


def test_a_study_that_grew_to_its_end_is_paid_back_by_the_size_that_is_enough(text):
    runs = make_runs()
    decisions = decisions_at((30_000, 40_000, 50_000, 60_000), runs, 1e-6)
    (case,) = make_study(runs, decisions=decisions, ladder=[30_000, 60_000], margin=0.03).cases()
    assert case.decision.smaller_suffices
    growth = case.decision.result["growth"]
    assert growth["stopped_n_train"] == 60_000
    pays = str(study_cost(case, text)).rpartition("<data")[0]
    assert f'<data value="{case.decision.sufficient}"' in pays
