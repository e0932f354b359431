"""The glossary of each language: one place, 25 terms, in alphabetical order."""

import pytest
import yaml
from synthetic import REPORT_DIR

from ecosobriety.metrics import METRICS
from ecosobriety.reporting.glossary import glossary
from ecosobriety.reporting.tables import collate
from ecosobriety.texts import Texts

LOCALE = REPORT_DIR / "locale"


@pytest.mark.parametrize("metric", METRICS.values(), ids=lambda metric: metric.name)
@pytest.mark.parametrize("language", ["en", "fr"])
def test_25_terms_in_order_none_of_them_twice(language, metric):
    entries = glossary(Texts.load(language, LOCALE).of(metric))
    terms = [term for term, _ in entries]
    assert len(set(terms)) == len(terms) == 25
    assert terms == sorted(terms, key=collate)
    assert all(len(meaning.split()) > 5 for _, meaning in entries)


def test_a_regression_has_its_own_score_and_margin():
    text = Texts.load("en", LOCALE)
    accuracy, rmse = (dict(glossary(text.of(METRICS[name]))) for name in ("accuracy", "rmse"))
    assert accuracy.keys() - rmse.keys() == {"Accuracy"}
    assert rmse.keys() - accuracy.keys() == {"RMSE"}
    margin = "Non-inferiority margin"
    assert accuracy[margin] != rmse[margin]


@pytest.mark.parametrize("language", ["en", "fr"])
def test_terms_are_defined_in_one_file(language):
    files = {
        path.name
        for path in (LOCALE / language).glob("*.yaml")
        if "definition" in (content := yaml.safe_load(path.read_text(encoding="utf-8")))
        or "definition" in content.get("lower", {})
    }
    assert files == {"glossary.yaml"}
