import base64
import copy
import dataclasses
import hashlib
import itertools
import re

import pandas as pd
import pytest
from page import FETCHING, Page
from synthetic import REPORT_DIR, draw_svgs, make_claims, make_provenance, make_runs, make_study

from ecosobriety.languages import REPORT_FILES
from ecosobriety.reporting import SCRIPTS, SECTIONS, build_context, build_report
from ecosobriety.reporting.headline import headline
from ecosobriety.study.electricity_view import ElectricityView
from ecosobriety.study.figure_names import MODEL_FIGURES, figure_ids
from ecosobriety.texts import Texts

pytestmark = pytest.mark.slow

HOSTILE = "<script>alert(1)</script>\"'&"
ENOUGH = 40_000  # the sufficient size of the made-up study at a margin of one point


@pytest.fixture(scope="module")
def texts():
    return {code: Texts.load(code, REPORT_DIR / "locale") for code in REPORT_FILES}


@pytest.fixture(scope="module")
def study():
    return make_study()


@pytest.fixture(scope="module")
def svgs(study, texts):
    """The study's figures; other studies borrow them where it does not matter what they show."""
    return {code: draw_svgs(study, text) for code, text in texts.items()}


def of(study):
    """What a report is made of, besides its language and figures."""
    return study, make_claims(study), make_provenance(study)


@pytest.fixture(scope="module")
def contexts(study, svgs, texts):
    return {code: build_context(*of(study), svgs[code], texts[code]) for code in REPORT_FILES}


@pytest.fixture(scope="module")
def reports(study, svgs):
    return {code: build_report(*of(study), code, svgs[code], REPORT_DIR) for code in REPORT_FILES}


@pytest.fixture(scope="module")
def pages(reports):
    return {code: Page(html) for code, html in reports.items()}


def rendered(study, svgs, language="en"):
    return build_report(
        study, make_claims(study), make_provenance(study), language, svgs[language], REPORT_DIR
    )


def headline_of(study, texts, language="en"):
    """What is said of a model that the first page does not show."""
    return headline(study.cases()[0], texts[language])


def table_of(context, key):
    return next(table for table in context["cases"][0]["tables"] if table.key == key)


@pytest.mark.parametrize("code", REPORT_FILES)
def test_page_is_well_formed_and_says_its_language(pages, code):
    assert next(attrs for tag, attrs in pages[code].elements if tag == "html")["lang"] == code


@pytest.mark.parametrize("code", REPORT_FILES)
def test_headings_are_in_order_and_name_the_sections(pages, texts, code):
    levels = [level for level, _ in pages[code].headings]

    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    # The first page's is the answer.
    _, *titles = [title for level, title in pages[code].headings if level == 2]
    assert titles == [texts[code](f"section.{section}") for section in SECTIONS]


@pytest.mark.parametrize("code", REPORT_FILES)
def test_no_request_leaves_the_page(pages, reports, code):
    links = {"https://", "#", *REPORT_FILES.values()}
    for tag, attrs in pages[code].elements:
        for name, value in attrs.items():
            if name in FETCHING:
                assert name == "href" or tag == "use", (tag, name)
                if tag != "a":
                    assert value.startswith("#"), (tag, value)
                assert value.startswith(tuple(links)), (tag, value)
            assert not re.search(r"url\((?!#)", value or ""), (tag, value)
        assert tag not in ("link", "iframe", "object", "embed", "img", "base", "form")
    style = re.search(r"<style>(.*?)</style>", reports[code], re.DOTALL)[1]
    assert "url(" not in style
    assert "@import" not in style


@pytest.mark.parametrize("code", REPORT_FILES)
def test_content_security_policy_forbids_the_network(pages, code):
    policies = [
        attrs["content"]
        for tag, attrs in pages[code].elements
        if tag == "meta" and attrs.get("http-equiv") == "Content-Security-Policy"
    ]

    assert len(policies) == 1
    assert policies[0].startswith("default-src 'none';")
    assert "http" not in policies[0]


@pytest.mark.parametrize("code", REPORT_FILES)
def test_no_script_runs_but_the_pages_own(pages, reports, code):
    policy = next(attrs["content"] for tag, attrs in pages[code].elements if "content" in attrs)
    allowed = re.search(r"script-src ([^;]*);", policy)[1].split()
    scripts = re.findall(r"<script>(.*?)</script>", reports[code], re.DOTALL)
    digests = [base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in scripts]

    assert allowed == [f"'sha256-{digest}'" for digest in digests]
    assert len(scripts) == len(SCRIPTS)
    kinds = [attrs.get("type") for tag, attrs in pages[code].elements if tag == "script"]
    assert sorted(kinds, key=str) == [*[None] * len(SCRIPTS), "application/json"]


@pytest.mark.parametrize("code", REPORT_FILES)
def test_ids_are_unique_and_every_reference_has_its_target(pages, code):
    ids = [attrs["id"] for _, attrs in pages[code].elements if "id" in attrs]
    used = set()
    for _, attrs in pages[code].elements:
        used |= {value[1:] for name, value in attrs.items() if name == "href" and value[0] == "#"}
        used |= set(re.findall(r"url\(#([^)]+)\)", " ".join(str(v) for v in attrs.values())))
        for name in ("aria-labelledby", "aria-describedby"):
            used |= set(attrs.get(name, "").split())

    assert len(ids) == len(set(ids))
    assert used <= set(ids)


def test_same_report_twice_is_the_same(study, svgs, reports):
    assert rendered(study, svgs) == reports["en"]


def test_hostile_words_from_config_and_data_are_escaped(study, svgs):
    config = copy.deepcopy(study.config)
    config["title"] = HOSTILE
    evil = dataclasses.replace(
        study,
        config=config,
        runs=study.runs.assign(device=HOSTILE),
        countries=study.countries.assign(flag=HOSTILE),
        sources=study.sources.assign(reference=HOSTILE, url="javascript:alert(1)"),
    )
    html = rendered(evil, svgs)
    page = Page(html)

    assert len([tag for tag, _ in page.elements if tag == "script"]) == len(SCRIPTS) + 1
    assert "<script>alert" not in html
    assert (1, HOSTILE) in page.headings
    assert not [attrs for _, attrs in page.elements if "javascript" in attrs.get("href", "")]


def test_hostile_names_of_a_model_and_of_classes_are_text(study, svgs):
    evil = make_study(make_runs(HOSTILE))
    provenance = make_provenance(evil)
    provenance["dataset"]["classes"] = [HOSTILE, "</script><script>alert(2)</script>"]
    drawn = zip(figure_ids([HOSTILE]), svgs["en"].values(), strict=True)
    html = build_report(evil, make_claims(study), provenance, "en", dict(drawn), REPORT_DIR)
    page = Page(html)

    assert "<script>alert" not in html
    assert (3, f"{HOSTILE} on fashion-mnist") in page.headings
    options = [attrs["value"] for tag, attrs in page.elements if tag == "option"]
    assert HOSTILE in options


def test_headline_states_the_tables_numbers(study, svgs, texts):
    case = study.cases()[0]
    answer, saving, certainty = (
        [float(value) for value in re.findall(r'<data value="([^"]+)">', sentence)]
        for sentence in headline_of(study, texts)
    )
    curve, saved = case.decision.curve, case.electricity.saving(ENOUGH)

    assert answer == [
        *(ENOUGH, curve["accuracy_mean"][ENOUGH], curve["accuracy_mean"][60_000], 60_000, 0.01),
        case.decision.baseline,
    ]
    amounts = [saved[k] * case.emissions_batch for k in ("energy_saved_kwh", "emissions_saved_g")]
    contracts = case.electricity.saved_by_contract(ENOUGH) * case.emissions_batch
    # Onshore wind's 11 g/kWh to biomass' 230 g/kWh, instead of the mix's 56 g/kWh.
    assert (contracts.index[0], contracts.index[-1]) == ("wind_onshore", "biomass")
    assert contracts["wind_onshore"] / amounts[1] == pytest.approx(11 / 56.039)
    assert saving == [saved["saved_share"], *amounts, contracts.iloc[0], contracts.iloc[-1]]
    assert certainty == [
        *(curve["accuracy_diff_mean"][ENOUGH], curve["accuracy_diff_lower"][ENOUGH]),
        curve["p_value"][ENOUGH],
    ]


def test_a_single_contract_is_no_range(study, texts, monkeypatch):
    several = ElectricityView.saved_by_contract
    monkeypatch.setattr(ElectricityView, "saved_by_contract", lambda *given: several(*given)[:1])
    for language, said in (("en", "differ by "), ("fr", "diffèrent de ")):
        saving = headline_of(study, texts, language)[1]
        assert f"{said}<data" in saving
        assert saving.count("onshore" if language == "en" else "terrestre") == 1


def test_headline_is_read_as_three_sentences(study, svgs, texts):
    plain = [re.sub(r"<[^>]+>", "", sentence) for sentence in headline_of(study, texts)]

    assert plain[0].startswith("40,000 training examples are enough: mlp on fashion-mnist")
    assert plain[1].startswith("Stopping there saves 32% of a training’s energy")
    assert "for 1,000 trainings, 193" in plain[1]
    assert "g CO₂e (from a power model" in plain[1]
    assert plain[2].startswith("How sure: seed by seed, over 5 seeds")


@pytest.mark.parametrize(
    ("margin", "verdict", "words"),
    [
        (0.002, "inconclusive", "shown to be neither as good nor worse"),
        (0.001, "inferior", "the loss is shown to exceed the margin"),
    ],
)
def test_headline_says_that_nothing_smaller_suffices(svgs, texts, margin, verdict, words):
    study = make_study(margin=margin)
    case = study.cases()[0]
    answer, saving, certainty = headline_of(study, texts)

    assert case.decision.curve["verdict"][50_000] == verdict
    assert answer.startswith("No smaller training set is shown to be enough")
    assert '<data value="30000">30,000</data>' in saving  # half of the reference
    assert words in certainty


def test_headline_of_a_single_size_compares_nothing(svgs, texts):
    runs = make_runs()
    study = make_study(runs[runs["n_train"] == 60_000])

    answer, *others = headline_of(study, texts)
    assert answer == (
        'This study has no size below the reference of <data value="60000">60,000</data> '
        "examples, so there is nothing to compare."
    )
    assert not any("saves" in sentence or "p = " in sentence for sentence in others)


def test_headline_of_a_country_without_intensity_invents_no_emissions(study, svgs, texts):
    config = copy.deepcopy(study.config)
    config["metering"]["country"] = "CAF"  # its table says 0 g/kWh, which is no value
    _, saving, *_ = headline_of(dataclasses.replace(study, config=config), texts)

    assert "an unknown amount of CO₂e" in saving
    assert "0 g" not in saving


def test_no_saving_is_called_one(svgs, texts):
    runs = make_runs()
    busy = runs["n_train"] == ENOUGH  # as if another program had used the machine meanwhile
    runs.loc[busy, "energy_kwh"] *= 3
    study = make_study(runs)
    context = build_context(
        study, make_claims(study), make_provenance(study), svgs["en"], texts["en"]
    )["cases"][0]
    saved = study.cases()[0].electricity.saving(ENOUGH)
    more = f"{-saved['saved_share']:.0%}"

    assert saved["saved_share"] < -0.9
    assert f"{more}</data> more on average" in headline_of(study, texts)[1]
    assert "saves no energy" in headline_of(study, texts)[1]
    captions = dict(
        zip(MODEL_FIGURES, (figure["caption"] for figure in context["figures"]), strict=True)
    )
    assert f"it costs {more} more with every source" in captions["source_cost"]
    assert f"(change: +{more})" in table_of({"cases": [context]}, "source").caption


def test_captions_state_numbers(contexts):
    figures = contexts["en"]["cases"][0]["figures"]
    captions = {
        name: figure["caption"] for name, figure in zip(MODEL_FIGURES, figures, strict=True)
    }

    assert "from 84.0% to 88.5%" in captions["accuracy_energy"]
    assert "18 countries are not drawn" in captions["country_emissions"]
    assert "2,200 g/kWh, against a central value of 24 g/kWh" in captions["source_emissions"]
    assert "No cost is known for oil, rooftop solar." in captions["source_cost"]
    assert "†: from memory" in captions["source_cost"]


def test_curve_table_has_the_curves_rows(contexts):
    table = table_of(contexts["en"], "curve")
    row = next(row for row in table.rows if row[0].text == "40,000")

    assert [cell.text for cell in row[1:6]] == [
        *("87.66 (87.47 to 87.86)", "−0.81", "−0.98", "0.040", "not worse")
    ]
    # The seven sizes, and what needs no training.
    assert [row[0].text for row in table.rows][7:] == ["always “class 0”"]
    assert [len(row) for row in table.rows] == [len(table.columns)] * 8


def test_source_table_keeps_every_mark(contexts):
    rows = {
        row[0].text: [cell.text for cell in row] for row in table_of(contexts["en"], "source").rows
    }

    assert rows["coal"][1] == "820 (740 to 910)\N{NO-BREAK SPACE}‡"
    assert all(cell.endswith("†") for cell in rows["nuclear"][4:])  # costs from memory
    assert all(cell.endswith("‡") for cell in rows["hydropower"][1:])
    assert rows["oil"][4:] == ["unknown", "unknown"]
    assert rows["France’s mix"][1] == "56"  # g CO2e/kWh, not from a marked factor


def test_country_table_has_every_country_and_no_guess(study, contexts):
    table = table_of(contexts["en"], "country")
    rows = {row[0].text: [cell.text for cell in row] for row in table.rows}

    assert len(table.rows) == len(study.countries)
    assert rows["Central African Republic"][3:5] == ["unknown", "unknown"]
    assert rows["France"][1:4] == ["92%", "2023", "56.0"]
    # 56.039 g/kWh times the mean energy at 60,000 examples, in mg
    energy_kwh = study.cases()[0].decision.curve["energy_kwh_mean"][60_000]
    assert float(rows["France"][4]) == pytest.approx(56.039 * energy_kwh * 1e3, abs=0.05)


def test_countries_are_sorted_in_the_readers_language(contexts):
    names = [row[0].text for row in table_of(contexts["fr"], "country").rows]

    assert names.index("Estonie") < names.index("États-Unis") < names.index("Finlande")


def test_how_it_was_measured_tells_components_short_windows_and_losses(contexts):
    measurement = contexts["en"]["measurement"]
    told = " ".join(measurement["sentences"])
    components = [[cell.text for cell in row] for row in measurement["components"].rows]

    assert "35 trainings (models × sizes × seeds: 1 × 7 × 5)" in told
    assert "1 of 35 trainings was shorter than 1 s" in told
    assert "every size is trained for 10 epochs" in told
    assert components[0][:3] == ["Processor", "estimated", "power model from the processor’s load"]
    assert components[1] == ["Graphics processor", "not read", "–", "no GPU found", "–"]
    assert [row[4] for row in components] == ["60%", "–", "40%"]


def test_lost_energy_is_told_with_its_trainings(contexts):
    lost = contexts["en"]["lost"]

    assert "They used 0.0500\N{NO-BREAK SPACE}Wh" in lost["sentence"]
    assert [[cell.text for cell in row] for row in lost["table"].rows] == [
        ["mlp", "20,000", "3", "0.0500"]
    ]


def test_several_models_have_their_own_answers_and_ids(svgs):
    study = make_study(pd.concat([make_runs("cnn"), make_runs("mlp")]))
    figures = {
        figure: svgs["en"][figure.replace("cnn", "mlp")] for figure in figure_ids(["cnn", "mlp"])
    }
    page = Page(build_report(*of(study), "en", figures, REPORT_DIR))
    ids = [attrs["id"] for _, attrs in page.elements if "id" in attrs]

    models = ["mlp on fashion-mnist", "cnn on fashion-mnist"]
    titles = [title for level, title in page.headings if level == 3 and title in models]
    assert titles[:2] == models
    assert len(ids) == len(set(ids))


def test_reports_link_to_each_other_where_both_are_built(study, svgs, pages):
    links = {
        code: [attrs["href"] for tag, attrs in page.elements if tag == "a" and "hreflang" in attrs]
        for code, page in pages.items()
    }
    alone = dataclasses.replace(study, config={**study.config, "languages": ["en"]})

    assert links == {"en": ["rapport.html"], "fr": ["report.html"]}
    assert "rapport.html" not in rendered(alone, svgs)


def test_french_report_writes_numbers_and_names_in_french(reports):
    report = reports["fr"]

    assert "<strong>40\N{NARROW NO-BREAK SPACE}000</strong> exemples sur 60" in report
    assert "88,5\N{NO-BREAK SPACE}%" in report
    assert "Allemagne" in report
    assert "Germany" not in report
