"""The decision told: ladder, target, warnings, efficiency and claims, and all that can go wrong."""

import dataclasses
import functools
import re

import pandas as pd
import pytest
from matplotlib.text import Text
from synthetic import (
    REPORT_DIR,
    blank_svgs,
    make_claims,
    make_intake,
    make_provenance,
    make_runs,
    make_study,
)

from ecosobriety.claims import as_table
from ecosobriety.figures import draw
from ecosobriety.languages import REPORT_FILES
from ecosobriety.reporting import build_context, build_report, sentences
from ecosobriety.reporting.cautions import warnings
from ecosobriety.reporting.claims import SYMBOLS
from ecosobriety.reporting.growth import below_a_cent
from ecosobriety.reporting.headline import _cost, headline, target
from ecosobriety.reporting.poster_bars import _ends
from ecosobriety.reporting.sentences import data
from ecosobriety.study.figure_names import figure_ids
from ecosobriety.study.wording import country_name
from ecosobriety.tables import CLAIM_VERDICTS
from ecosobriety.texts import Texts

pytestmark = pytest.mark.slow

RUNS = make_runs()
AT_50_000 = RUNS["n_train"] == 50_000
DEGENERATE = {
    "zero variance": RUNS.assign(test_accuracy=0.85),
    "two seeds": RUNS[RUNS["seed"] <= 2],
    "a missing run": RUNS[~(AT_50_000 & (RUNS["seed"] == 2))],
    "one pair": RUNS[~(AT_50_000 & (RUNS["seed"] != 2))],
    "no pair": RUNS[(RUNS["seed"] <= 2) == (RUNS["n_train"] == 60_000)],
    "falling": RUNS.assign(test_accuracy=(0.95 - RUNS["n_train"] / 1e6).round(4)),
    "one size": RUNS[RUNS["n_train"] == 60_000],
    "constant energy": RUNS.assign(energy_kwh=1e-4),
}


@pytest.fixture(scope="module")
def texts():
    return {code: Texts.load(code, REPORT_DIR / "locale") for code in REPORT_FILES}


@pytest.fixture(scope="module")
def study():
    return make_study(target=0.87)


@pytest.fixture(scope="module")
def svgs(study, texts):
    """Drawn once; what they show does not matter here."""
    return {code: blank_svgs(study) for code, text in texts.items()}


@pytest.fixture(scope="module")
def context_of(svgs, texts):
    def context_of(study, language="en"):
        provenance = make_provenance(study)
        return build_context(study, make_claims(study), provenance, svgs[language], texts[language])

    return context_of


@pytest.fixture(scope="module")
def context(study, context_of):
    return context_of(study)


def plain(html):
    """The words of a page, without style, figures and tags."""
    html = re.sub(r"<(style|svg)\b.*?</\1>", "", html, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def cells(table):
    return [[cell.text for cell in row] for row in table.rows]


@functools.cache
def degenerate(name):
    return make_study(DEGENERATE[name], target=0.9)


@pytest.mark.parametrize("name", DEGENERATE)
@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_a_degenerate_study_is_told_without_holes(svgs, name):
    study = degenerate(name)
    claims, provenance = make_claims(study), make_provenance(study)
    for code, figures in svgs.items():
        words = plain(build_report(study, claims, provenance, code, figures, REPORT_DIR))

        assert not re.findall(r".{0,40}\b(?:nan|NaN|None|inf|NaT|<NA>)\b", words)


@pytest.mark.parametrize("name", DEGENERATE)
@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_a_degenerate_study_is_drawn_without_holes(texts, name):
    for figure in figure_ids(["mlp"]):
        words = draw(figure, degenerate(name), texts["en"]).findobj(Text)

        assert not [text for text in words if re.search(r"nan|None|inf\b", text.get_text())]


@pytest.mark.parametrize(
    ("name", "answer", "warning"),
    [
        ("zero variance", "5,000 training examples are enough", "the same with every seed"),
        ("two seeds", "50,000 training examples are enough", "has only 2 seeds"),
        (
            "a missing run",
            "40,000 training examples are enough",
            "With 50,000 examples, some seeds",
        ),
        ("one pair", "No smaller training set is shown", "fewer than two seeds ran both there"),
        ("falling", "5,000 training examples are enough", "does not always rise with the size"),
    ],
)
def test_a_degenerate_study_has_a_verdict_and_a_warning(context_of, texts, name, answer, warning):
    study = degenerate(name)

    assert plain(headline(study.cases()[0], texts["en"])[0]).strip().startswith(answer)
    assert warning in " ".join(context_of(study)["cases"][0]["warnings"])


def test_what_was_not_tested_is_not_called_sure(context_of, texts):
    study = degenerate("one pair")
    certainty = headline(study.cases()[0], texts["en"])[2]

    assert plain(certainty).startswith("How sure: not at all. Fewer than two seeds ran both with")
    assert "Not at all: fewer than two seeds" in context_of(study)["poster"]["sure"][0]


def test_a_machine_that_changed_its_pace_is_told(context_of):
    runs = make_runs()
    slow = runs["n_train"] == 30_000
    runs.loc[slow, "energy_kwh"] *= 1.5
    (warning, _) = context_of(make_study(runs))["cases"][0]["warnings"]
    # 313 steps an epoch instead of 469 at the sufficient size of 40,000.
    assert re.search(r"1\.[45]\d? times as much energy .* 40,000 examples save 33%", warning)


def test_a_sound_study_has_no_warning_but_that_its_curve_still_rises(context):
    (warning,) = context["cases"][0]["warnings"]

    assert "The curve still rises at its end" in warning
    assert "twice as much data" in warning


def test_how_sure_counts_the_seeds_that_were_compared(context_of, texts):
    missing = ~((RUNS["n_train"] == 40_000) & (RUNS["seed"] == 2))
    study = make_study(RUNS[missing], margin=0.012)
    answer, _, certainty = headline(study.cases()[0], texts["en"])

    assert plain(answer).strip().startswith("40,000")
    assert plain(certainty).startswith("How sure: seed by seed, over 4 seeds")
    assert context_of(study)["poster"]["sure"][0].startswith("Over 4 seeds")


def test_the_ladder_states_the_recommendations_numbers(study, context):
    ladder = cells(context["cases"][0]["ladder"])
    answers = study.cases()[0].decision.answers
    own = next(answer for answer in answers if answer["margin"] == 0.01)
    saving = own["saving"]

    assert [row[0] for row in ladder] == ["0.25", "0.5", "1 (this study)", "2", "3"]
    assert ladder[0][1:7] == ["none smaller", *["–"] * 5]
    assert ladder[1][7] == "50,000: about 10"
    assert ladder[2][1] == "40,000"
    assert ladder[2][2].startswith(f"{saving['share']:.0%} (")
    assert float(ladder[2][3]) == pytest.approx(saving["energy_kwh"] * 1e3, rel=0.005)  # Wh
    assert float(ladder[2][4]) == pytest.approx(saving["emissions_g"] * 1e3, rel=0.005)  # mg
    low, high = map(float, ladder[2][5].split(" to "))
    cost = saving["cost"]  # for 1,000,000 trainings
    assert low == pytest.approx(cost["cheapest"]["amount"] * 1e6, rel=0.005)
    assert high == pytest.approx(cost["dearest"]["amount"] * 1e6, rel=0.005)
    lower = own["accuracy_diff"]["lower"] * 100
    assert ladder[2][6] == f"{lower:.2f} (p = {own['accuracy_diff']['p_value']:.3f})".replace(
        "-", "−"
    )
    assert ladder[2][7] == "30,000: beyond the margin"


def test_the_ladder_and_the_headline_state_the_same_saving(study):
    case = study.cases()[0]
    answer = case.decision.result["configured"]

    assert answer["saving"]["share"] == case.electricity.saving(40_000)["saved_share"]
    assert answer["saving"]["share"] == pytest.approx(answer["energy_saved_share"]["mean"])


def test_a_margin_of_its_own_joins_the_ladder(context_of):
    ladder = cells(context_of(make_study(margin=0.015))["cases"][0]["ladder"])

    assert [row[0] for row in ladder] == ["0.25", "0.5", "1", "1.5 (this study)", "2", "3"]


def test_a_ladder_without_prices_says_why(context_of):
    ladder = context_of(make_study(coverage=(0.5,)))["cases"][0]["ladder"]

    assert cells(ladder)[-1][5] == "unknown"
    assert any("no contract for all of the electricity" in note for note in ladder.notes)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_an_interval_of_seeds_that_share_a_process_says_what_it_leaves_out(
    context_of, texts, language
):
    text = texts[language]
    left_out = text("table.ladder.shared_process"), text("poster.spared.shared")
    apart = RUNS.assign(attempt=[f"20260101T000000Z-a-b-{pid}-00ab0f" for pid in range(len(RUNS))])
    unknown = RUNS.assign(attempt=None)
    for runs, shared in ((RUNS, True), (apart, False), (unknown, False)):
        context = context_of(make_study(runs), language)
        assert (left_out[0] in context["cases"][0]["ladder"].notes) is shared
        assert (left_out[1] in str(context["poster"]["numbers"][1])) is shared


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (0.87, "40,000 training examples are enough: the mean accuracy is 87.7%"),
        (0.883, "That is the reference size itself"),
        (0.95, "No size of this study reaches a test accuracy of 95.0%"),
    ],
)
def test_a_wanted_accuracy_is_answered(texts, wanted, words):
    case = make_study(target=wanted).cases()[0]

    assert words in plain(target(case, texts["en"]))


def test_no_wanted_accuracy_no_answer(texts):
    assert target(make_study().cases()[0], texts["en"]) is None


def test_efficiency_stands_side_by_side(study, context):
    row = study.efficiency.query("n_train == 10000").iloc[0]
    told = cells(context["efficiency"]["table"])[1]

    assert told[:3] == ["mlp", "10,000", f"{row['accuracy_mean'] * 100:.2f}"]
    assert float(told[3]) == pytest.approx(4.0)  # s
    assert float(told[4]) == pytest.approx(row["energy_kwh_mean"] * 1e3, rel=0.005)  # Wh
    assert float(told[5]) == pytest.approx(row["emissions_g"] * 1e3, rel=0.005)  # mg CO2e
    # Points of accuracy per Wh are 100 x 0.001 of the share per kWh.
    assert float(told[6]) == pytest.approx(row["marginal_accuracy_per_kwh"] * 0.1, rel=0.005)
    assert told[7] == "yes"


def test_a_fixed_budget_buys_more_trainings_of_the_smaller_size(study, context):
    case = study.cases()[0]
    table = cells(context["efficiency"]["access"][0])
    full, enough = (float(number.replace(",", "")) for number in table[0][1:])

    assert [row[0] for row in table] == [
        "1\N{NO-BREAK SPACE}kWh of electricity",
        "€1 of electricity, onshore wind\N{NO-BREAK SPACE}‡",
        "€1 of electricity, nuclear\N{NO-BREAK SPACE}†",
    ]
    assert full == pytest.approx(1 / case.decision.curve["energy_kwh_mean"][60_000], rel=0.005)
    assert enough == pytest.approx(1 / case.decision.curve["energy_kwh_mean"][40_000], rel=0.005)
    nuclear = float(table[2][1].replace(",", ""))
    assert nuclear == pytest.approx(1 / case.electricity.at("nuclear", 60_000)["cost"], rel=0.005)


@pytest.mark.parametrize(
    ("budget", "words"),
    [("epochs", "less data costs less"), ("steps", "is therefore expected to fail here")],
)
def test_the_training_budget_is_told_with_why_it_matters(study, context_of, budget, words):
    training = {**study.config["training"], "budget": budget}
    other = dataclasses.replace(study, config={**study.config, "training": training})

    assert words in " ".join(context_of(other)["efficiency"]["budget"])


def test_models_are_compared_and_the_beaten_one_is_named(texts):
    wasteful = make_runs("cnn", energy_factor=20.0, accuracy_shift=-0.05)
    study = make_study(pd.concat([make_runs("mlp"), wasteful]))
    context = build_context(
        study,
        make_claims(study),
        make_provenance(study),
        blank_svgs(study),
        texts["en"],
    )
    caption = context["efficiency"]["figure"]["caption"]

    assert "No size of cnn is on it" in caption
    assert {row[7] for row in cells(context["efficiency"]["table"]) if row[0] == "cnn"} == {"no"}
    assert context["efficiency"]["figure"]["number"] == 15  # after seven of each model


@pytest.mark.parametrize("language", REPORT_FILES)
def test_every_claim_is_told_with_its_paragraph_and_a_verdict_in_words(
    study, svgs, texts, language
):
    claims = make_claims(study)
    provenance = make_provenance(study)
    page = build_report(study, claims, provenance, language, svgs[language], REPORT_DIR)
    section = re.search(r'<section id="claims".*?</section>', page, re.DOTALL)[0]

    assert section.count('<article class="claim ') == len(claims) > 0
    for claim in as_table(claims).itertuples():
        article = re.search(rf'id="claim-{claim.claim_id}".*?</article>', section, re.DOTALL)[0]
        words = plain(article)
        assert texts[language](f"claim_verdict.{claim.verdict}") in words
        assert SYMBOLS[claim.verdict] in words
    assert texts[language]("claims.poster") in section


def test_claims_state_the_tables_values(study, context):
    claims = as_table(make_claims(study)).set_index("claim_id")
    cards = {card.id: card for card in context["claims"]}

    difference = claims["measured_value"]["accuracy_saturates"]
    assert cards["claim-accuracy_saturates"].measured.startswith(f"−{-difference * 100:.2f} points")
    assert cards["claim-energy_surplus"].poster == "436\N{NO-BREAK SPACE}kWh"
    assert cards["claim-france_intensity"].poster == "0.100 kg of CO₂e per kWh"
    assert cards["claim-money_saved"].measured.startswith("49.9% (")
    assert cards["claim-flights"].poster == "125 return flights"
    assert [card.id for card in context["claims"]] == [f"claim-{name}" for name in claims.index]


def test_the_first_page_counts_every_claim(study, context):
    counts = as_table(make_claims(study))["verdict"].value_counts()
    told = [int(re.search(r"\d+", one["words"])[0]) for one in context["poster"]["tally"]]

    assert told == [counts[v] for v in CLAIM_VERDICTS if v in counts]
    assert len(context["poster"]["marks"]) == counts.sum()


def test_one_source_with_a_price_is_not_compared_with_itself(study, texts, monkeypatch):
    case = study.cases()[0]
    one = case.electricity.source_order("cost")[:1]
    monkeypatch.setattr(type(case.electricity), "source_order", lambda *_: one)
    ends = {"amount": 2.0, "source": one[0]}
    cost = {"cheapest": ends, "dearest": ends, "grid": None, "reason": None}
    for text in texts.values():
        sentence = sentences._source_cost(case, text)[0]
        assert sentence.count(text.name("source", one[0])) == 1
        assert _cost(cost, 10, text) == text.number(20)
        assert _cost(cost | {"grid": 1.0}, 10, text).startswith(f"{text.number(20)}")
        assert _cost(cost | {"dearest": ends | {"amount": 3.0}}, 10, text).count("20") == 1


def test_a_price_of_zero_has_no_ratio(texts):
    for text, said in ((texts["en"], "Mix: 0, by the"), (texts["fr"], "Mix\N{NO-BREAK SPACE}: 0")):
        rows = [("hydro", "Hydro", 2.0, False), ("grid", "Mix", 0.0, True)]
        assert str(_ends("cost", rows, text)).startswith(said)
        assert below_a_cent(0.0, "EUR", text) == data(0.0, text.money(0, "EUR"))


@pytest.mark.parametrize(
    ("test_examples", "said"), [(10_000, "those of the test part"), (None, "the difference itself")]
)
def test_without_a_test_part_equal_differences_have_no_bound(texts, test_examples, said):
    runs = DEGENERATE["zero variance"]
    study = make_study(runs, intake=make_intake(runs, test_examples=test_examples))
    cautions = [one for one in warnings(study.cases()[0], texts["en"]) if "same with every" in one]
    assert len(cautions) == 1
    assert said in cautions[0]


@pytest.mark.parametrize(
    ("code", "said"), [("USA", "the United States"), ("FRA", "France"), ("NLD", "the Netherlands")]
)
def test_a_countrys_name_has_its_article_in_a_sentence(study, texts, monkeypatch, code, said):
    case = study.cases()[0]
    monkeypatch.setattr(type(case.electricity), "country", code)
    assert country_name(case, texts["en"]).startswith(said)
    assert "the" not in country_name(case, texts["fr"]).split()


def test_the_first_model_of_the_study_comes_first():
    study = make_study(pd.concat([make_runs("cnn"), make_runs("mlp")]))
    for order in (["mlp", "cnn"], ["cnn", "mlp"]):
        models = [{**study.config["models"][0], "name": name} for name in order]
        own = dataclasses.replace(study, config={**study.config, "models": models})
        assert [case.model for case in own.cases()] == order
