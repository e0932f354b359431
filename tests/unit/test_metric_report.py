"""A report calls the study's metric by its name, whatever it is, in both languages."""

import html
import re
from dataclasses import replace
from functools import cache

import pytest
from synthetic import REPORT_DIR, blank_svgs, make_intake, make_provenance, make_runs, make_study

from ecosobriety.datasets import Intake
from ecosobriety.datasets.intake import hardly_resolved
from ecosobriety.figures import draw
from ecosobriety.metric_words import METRIC_WORDS, metric_words
from ecosobriety.metrics import MACRO_F1, MAE, METRICS, R2, RMSE, ROC_AUC, Metric
from ecosobriety.reporting import build_report
from ecosobriety.reporting.cautions import warnings
from ecosobriety.tables import check_table
from ecosobriety.texts import Texts

CASES = {
    "macro_f1": (MACRO_F1, 0.01, ("macro-F1", "macro-F1")),
    "relative": (replace(MACRO_F1, relative_margin=True), 0.01, ("macro-F1", "du macro-F1")),
    "roc_auc": (ROC_AUC, 0.01, ("ROC AUC", "AUC ROC")),
    "r2": (R2, 0.01, ("R²", "Le R²")),
    "mae": (replace(MAE, relative_margin=False, unit="mg/L"), 4.0, ("mg/L", "mg/L")),
    "own": (Metric("bleu", True), 0.01, ("“bleu”", "« bleu »")),
    "own_error": (Metric("loss_x", False, relative_margin=True), 0.1, ("“loss_x”", "« loss_x »")),
}
OTHERS = r"\baccura|exactitude|\bplus exact|\baussi exact|RMSE|\{\w+\}|\[\w+\|"


@cache
def study_of(metric, margin):
    runs = make_runs()
    if not metric.higher_is_better:
        runs["test_accuracy"] = 400 * (1 - runs["test_accuracy"])
    runs = runs.rename(columns={"test_accuracy": metric.test_column})
    runs = check_table("runs", runs, metric=metric)
    intake = make_intake(runs, class_counts=None, baselines={})
    return make_study(runs, metric=metric, margin=margin, intake=intake)


@pytest.mark.slow
@pytest.mark.parametrize("language", [0, 1], ids=["en", "fr"])
@pytest.mark.parametrize("case", CASES)
def test_a_report_speaks_of_its_metric_and_of_no_other(case, language):
    metric, margin, words = CASES[case]
    study = study_of(metric, margin)
    code = ("en", "fr")[language]
    page = build_report(study, None, make_provenance(study), code, blank_svgs(study), REPORT_DIR)
    page = re.sub(r"<style.*?</style>|<script.*?</script>|<pre.*?</pre>", "", page, flags=re.S)
    said = re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page)))
    found = [said[max(0, m.start() - 60) : m.end() + 40] for m in re.finditer(OTHERS, said)]
    assert found == []
    assert words[language] in said


@pytest.mark.slow
@pytest.mark.parametrize("case", ["own", "mae"])
def test_a_figure_is_drawn_with_the_metrics_own_label(case):
    metric, margin, words = CASES[case]
    study = study_of(metric, margin)
    figure = draw("accuracy_energy-mlp", study, Texts.load("en", REPORT_DIR / "locale"))
    assert any(words[0] in axes.get_ylabel() for axes in figure.axes)


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("name", METRICS)
def test_every_metric_has_its_forms_in_every_language(name, language):
    text = Texts.load(language, REPORT_DIR / "locale")
    words = metric_words(text._catalogue, METRICS[name])
    assert words.keys() == {*METRIC_WORDS}
    named = ("metric", "a_metric", "the_metric", "of_metric", "definition")
    assert all(words[word] for word in named)
    assert not {*"“«"} & {*words["metric"]}


def test_french_agrees_with_the_metrics_gender():
    texts = {name: Texts.load("fr", REPORT_DIR / "locale").of(METRICS[name]) for name in METRICS}
    half = "table.budget.half"
    values = {"n_train": "10", "ratio": "2"}
    assert texts["macro_f1"](half, **values).endswith("que le macro-F1 serait aussi bon.")
    assert texts["mae"](half, **values).endswith("que la MAE serait aussi bonne.")


def test_a_value_is_written_in_the_metrics_own_way():
    text = Texts.load("en", REPORT_DIR / "locale")
    nbsp = "\N{NO-BREAK SPACE}"
    assert text.of(MACRO_F1).score(0.876) == "87.6%"
    assert text.of(ROC_AUC).score(0.9876) == "0.988"
    # As of an accuracy, only 1 is 1.
    assert text.of(ROC_AUC).score(0.99996) == "0.99996"
    unit = replace(RMSE, unit="mg/L", relative_margin=False)
    assert text.of(unit).score(12.3456) == f"12.3{nbsp}mg/L"
    assert text.of(unit).margin(0.25) == f"0.25{nbsp}mg/L"
    assert text.of(RMSE).margin(0.25) == "25%"


@pytest.mark.slow
@pytest.mark.parametrize(("largest", "said"), [(1_900, True), (1_000, False)])
def test_an_accuracy_of_unequal_classes_says_what_it_hides(largest, said):
    runs = make_runs().assign(test_balanced_accuracy=0.7, test_macro_f1=0.65)
    runs = check_table("runs", runs)
    rest = [(10_000 - largest) // 9] * 9
    counts = {"train": [6_000] * 10, "test": [largest, *rest]}
    study = make_study(runs, intake=make_intake(runs, class_counts=counts))
    (case,) = study.cases()
    accuracy = float(case.decision.scores[60_000])
    for code, words in (("en", "points below), and the macro-F1 65.0%"), ("fr", "de moins)")):
        text = Texts.load(code, REPORT_DIR / "locale")
        found = [sentence for sentence in warnings(case, text) if "macro" in sentence]
        assert bool(found) == said
        if said:
            assert words in found[0]
            assert text.score(accuracy) in found[0]
            assert text.points(accuracy - 0.7) in found[0]


def test_a_constant_answer_scores_the_same_on_any_data_by_some_metrics():
    unseen = Intake("d", "classification", declared=True)
    assert unseen.baseline_score(METRICS["roc_auc"]) == 0.5
    assert unseen.baseline_score(METRICS["r2"]) == 0
    assert unseen.baseline_score(METRICS["accuracy"]) is None


@pytest.mark.parametrize(
    ("metric", "counts", "test", "margin", "said"),
    [
        ("roc_auc", [197, 3], 200, 0.02, 'the class "b" has 3 of the 200 test examples'),
        ("macro_f1", [197, 3], 200, 0.02, "may change the macro_f1 by up to 0.33"),
        ("roc_auc", [150, 50], 200, 0.02, None),
        ("accuracy", [197, 3], 200, 0.02, None),
        # Of normally distributed errors, 1 / sqrt(2 n).
        ("rmse", None, 4, 0.02, "the rmse would differ by about 0.35 of itself"),
        ("rmse", None, 5000, 0.02, None),
        ("rmse", None, None, 0.02, None),
    ],
)
def test_what_a_test_part_hardly_resolves_is_known_before(metric, counts, test, margin, said):
    known = Intake("d", "any", test_examples=test, classes=("a", "b"))
    known = replace(known, class_counts=counts and {"train": counts, "test": counts})
    found = hardly_resolved(known, margin, METRICS[metric])
    assert (found is None) if said is None else said in found


def test_a_perfect_score_of_a_small_test_part_is_not_sure():
    """All of 120 are right: 0.05^(1/120) = 97.53 % at least."""
    runs = make_runs().assign(test_accuracy=1.0)
    study = make_study(runs, intake=make_intake(runs, test_examples=120))
    said = " ".join(warnings(study.cases()[0], Texts.load("en", REPORT_DIR / "locale")))
    assert "its true accuracy may be 2.47 points lower (95% confidence)" in said
    assert "standard error" not in said
