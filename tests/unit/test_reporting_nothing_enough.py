"""What the report says where nothing is recommended, or where the study ends below all its data."""

import html
import re

import pytest
from synthetic import (
    REPORT_DIR,
    blank_svgs,
    make_claims,
    make_intake,
    make_provenance,
    make_runs,
    make_study,
)

from ecosobriety.datasets.findings import Finding
from ecosobriety.datasets.inputs import NORMALISATIONS
from ecosobriety.datasets.intake import Baseline
from ecosobriety.languages import REPORT_FILES
from ecosobriety.reporting import build_report
from ecosobriety.reporting.cautions import warnings
from ecosobriety.reporting.efficiency import efficiency_table
from ecosobriety.reporting.headline import headline
from ecosobriety.reporting.poster import _answer, _enough
from ecosobriety.texts import Texts

pytestmark = pytest.mark.slow

RUNS = make_runs()
FEATURES = ("girth", "height")
ENOUGH = re.compile(r"(?:is|are) enough|suffi(?:t|sent)\b")


@pytest.fixture(scope="module")
def texts():
    return {code: Texts.load(code, REPORT_DIR / "locale") for code in REPORT_FILES}


@pytest.fixture(scope="module")
def hopeless():
    """98 % of the test part are of one class, and no model reaches that."""
    found = Finding("features_used", False, {"count": 2, "names": list(FEATURES)})
    intake = make_intake(
        RUNS,
        baselines={"accuracy": Baseline(0.98, "no", "class")},
        features=FEATURES,
        normalise="feature",
        findings=(found,),
    )
    return make_study(intake=intake)


@pytest.fixture(scope="module", params=REPORT_FILES)
def page(request, hopeless, texts):
    """The sections of the page of a study without a recommendation, by their ids."""
    code = request.param
    provenance, claims = make_provenance(hopeless), make_claims(hopeless)
    svgs = blank_svgs(hopeless)
    whole = build_report(hopeless, claims, provenance, code, svgs, REPORT_DIR)
    parts = re.split(r'<section id="(\w+)"[^>]*>', whole)
    return code, dict(zip(parts[1::2], map(plain, parts[2::2]), strict=True))


def plain(markup):
    """The words without style, figures, scripts and tags."""
    markup = re.sub(r"<(style|svg|script)\b.*?</\1>", "", markup, flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", "", markup)))


def test_the_headline_recommends_nothing(page):
    code, sections = page
    answer = sections["headline"]

    assert {"en": "No recommendation", "fr": "Pas de recommandation"}[code] in answer
    assert {"en": "98.0%", "fr": "98,0 %"}[code] in answer.replace("\xa0", " ")
    assert not ENOUGH.search(answer)


def test_the_provenance_tells_features_normalisation_and_findings(page, texts):
    code, sections = page
    told = sections["provenance"]

    assert all(name in told for name in FEATURES)
    assert plain(texts[code]("data.normalise.feature")) in told
    assert texts[code]("findings.title") in told


def test_every_normalisation_has_its_words(texts):
    for text in texts.values():
        words = {text(f"data.normalise.{name}") for name in NORMALISATIONS if name != "auto"}
        assert len(words) == len(NORMALISATIONS) - 1


def test_the_baseline_stands_in_the_table_of_efficiency(hopeless, texts):
    last = [cell.text for cell in efficiency_table(hopeless, texts["en"]).rows[-1]]

    assert "no" in last[0]
    assert last[1:] == ["–", "98.00", *["–"] * 5]


@pytest.mark.parametrize("slope", [0.0, 1e-6, -1e-7])
@pytest.mark.parametrize(("known", "told"), [(60_000, False), (60_001, True), (200_000, True)])
def test_enough_is_of_the_sizes_tried_where_the_study_ends_below_its_data(
    texts, slope, known, told
):
    runs = RUNS.assign(test_accuracy=(0.8 + slope * RUNS["n_train"] + RUNS["seed"] / 1e4).round(6))
    (case,) = make_study(runs, intake=make_intake(runs, train_examples=known)).cases()
    number = {"en": f"up to 60,000 of {known:,}", "fr": f"jusqu’à 60 000 des {known:,}"}
    for code, text in texts.items():
        answer = plain(headline(case, text)[0]).replace("\u202f", " ")
        written = number[code] if code == "en" else number[code].replace(",", " ")
        assert (written in answer) == told
        if told:
            assert answer.index(written) < re.search("enough|suffi", answer).start()


@pytest.mark.parametrize(
    ("known", "reference", "said", "added"),
    [
        (60_000, "max", ("of the training data is", "with all."), ""),
        (90_000, "max", ("of 60,000 examples are", "with 60,000."), " The data hold 90,000."),
        (60_000, 50_000, ("of 50,000 examples are", "with 50,000."), " 60,000 reach 86.2%."),
    ],
)
def test_the_first_page_calls_a_reference_all_only_where_it_is(
    texts, known, reference, said, added
):
    runs = RUNS.assign(test_accuracy=(0.8 + RUNS["n_train"] / 1e6 + RUNS["seed"] / 2e3).round(6))
    given = make_intake(runs, train_examples=known)
    for margin, kind in ((0.03, "Yes"), (0.001, "No")):
        (case,) = make_study(runs, intake=given, margin=margin, reference_n_train=reference).cases()
        answer, enough = _answer(case, texts["en"]), _enough(case, texts["en"])
        assert answer.startswith(kind)
        assert enough["words"].endswith(added)
        if kind == "Yes":
            assert said[0] in answer
            assert said[1] in enough["words"]
        else:
            assert ("all of them" in enough["words"]) == (said[1] == "with all.")
        assert _answer(case, texts["fr"])
        assert _enough(case, texts["fr"])


@pytest.mark.parametrize(("classes", "told"), [(59_999, False), (60_000, False), (60_001, True)])
def test_a_reference_with_fewer_examples_than_classes_is_told(texts, classes, told):
    names = tuple(map(str, range(classes)))
    counts = {"train": [2] * classes, "test": [9] * classes}
    (case,) = make_study(intake=make_intake(RUNS, classes=names, class_counts=counts)).cases()
    for code, start in (("en", "The reference has 60,000"), ("fr", "La référence a 60 000")):
        sentences = [w.replace("\u202f", " ") for w in warnings(case, texts[code])]
        assert any(w.startswith(start) for w in sentences) == told


def test_trainings_that_a_module_ended_early_are_named(texts):
    def said(runs, own):
        study = make_study(runs)
        for model in study.config["models"]:
            model |= own
        case = study.cases()[0]
        return {code: " ".join(warnings(case, text)) for code, text in texts.items()}

    # The study asks for ten epochs.
    short = RUNS.assign(epochs=RUNS["epochs"].where(RUNS["seed"] > 1, 2.5))
    number = (short["epochs"] == 2.5).sum() // short["model"].nunique()
    own = {"class_path": "mine.Net"}
    told = said(short, own)
    assert f"{number} of {5 * number} trainings took fewer than 10 epochs" in told["en"]
    assert "the shortest 2.50 epochs" in told["en"]
    assert "ont duré moins de 10" in told["fr"].replace("\xa0", " ")
    assert "fewer than" not in said(RUNS, own)["en"]
    assert "fewer than" not in said(short, {})["en"]
    assert "fewer than 2 epochs" not in said(short, own | {"training": {"epochs": 2}})["en"]
