"""Every metric of our own loop: worked by hand, and compared with two libraries."""

import tracemalloc
import warnings

import numpy as np
import pytest
import torch
import torchmetrics.functional as tm
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sk

from ecosobriety.metrics import METRICS, metrics_of
from ecosobriety.scoring import REASONS, SCORES, score


def sure(answers, classes):
    """Outputs of a network that is sure of its answers."""
    return np.eye(classes)[answers] * 9


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_every_metric_of_a_task_is_computed_and_described(task):
    assert list(SCORES[task]) == [metric.name for metric in metrics_of(task)]


def test_unequal_classes_by_hand():
    """8 of class 0, 2 of class 1; all of the first are right and one of the second."""
    labels = np.array([0] * 8 + [1] * 2)
    scores, reasons = score("classification", labels, sure([0] * 9 + [1], 2))

    assert scores["accuracy"] == 0.9
    assert scores["balanced_accuracy"] == (1 + 0.5) / 2
    # F1 = 2 right / (tested + answered): 16 / 17 and 2 / 3.
    assert scores["macro_f1"] == pytest.approx((16 / 17 + 2 / 3) / 2, rel=1e-15)
    # Of the 16 pairs, 8 are in order and 8 are ties.
    assert scores["roc_auc"] == 0.75
    assert reasons == {}


def test_an_answer_for_thousands_of_classes_takes_little_memory():
    labels = np.arange(12000) % 1000
    outputs = np.broadcast_to(np.eye(1000)[1], (12000, 1000))
    tracemalloc.start()
    scores, _ = score("classification", labels, outputs)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert scores["accuracy"] == 1 / 1000
    assert scores["roc_auc"] == 0.5
    # All outputs at once would take 96 MB.
    assert peak_bytes < 60e6


def test_always_the_same_answer_by_hand():
    labels = np.array([0, 0, 0, 1, 1, 2])
    scores, _ = score("classification", labels, sure([0] * 6, 3))

    assert scores["accuracy"] == 0.5
    assert scores["balanced_accuracy"] == pytest.approx(1 / 3, rel=1e-15)
    assert scores["macro_f1"] == pytest.approx((2 / 3) / 3, rel=1e-15)
    assert scores["roc_auc"] == 0.5


def test_a_class_without_test_example_has_no_roc_auc():
    scores, reasons = score("classification", np.array([0, 1, 1]), sure([0, 1, 2], 3))

    assert scores["roc_auc"] is None
    assert reasons == {"roc_auc": REASONS["roc_auc"]}
    assert scores["balanced_accuracy"] == 0.75
    # Class 2 occurs as an answer, and is never right.
    assert scores["macro_f1"] == pytest.approx((1 + 2 / 3 + 0) / 3, rel=1e-15)


def test_predictions_by_hand():
    scores, reasons = score("regression", np.array([1.0, 2.0, 6.0]), np.array([1.0, 4.0, 5.0]))

    assert scores["rmse"] == pytest.approx((5 / 3) ** 0.5, rel=1e-15)
    assert scores["mae"] == 1.0
    # Around their mean, 3, the targets' squares add to 14.
    assert scores["r2"] == pytest.approx(1 - 5 / 14, rel=1e-15)
    assert reasons == {}


def test_targets_that_are_all_the_same_have_no_r2():
    scores, reasons = score("regression", np.full(3, 2.0), np.array([1.0, 2.0, 3.0]))

    assert scores["r2"] is None
    assert reasons == {"r2": REASONS["r2"]}


@st.composite
def classified(draw):
    """Labels of up to five classes and outputs, of which many give the same probabilities.

    They do where only a shift is between them, which is exact for these numbers: where it is
    rounded, as between tenths, it is chance in which library two probabilities are equal.
    """
    classes = draw(st.integers(2, 5))
    labels = draw(st.lists(st.integers(0, classes - 1), min_size=1, max_size=30))
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    different = rng.integers(-(2**20), 2**20, (draw(st.integers(1, 30)), classes)) / 2**18
    shifts = rng.integers(-4, 5, (len(labels), 1))
    return np.array(labels), different[rng.integers(len(different), size=len(labels))] + shifts


@pytest.mark.slow
@given(classified())
def test_a_classification_is_scored_as_by_the_libraries(example):
    labels, outputs = example
    scores, _ = score("classification", labels, outputs)
    answers, classes = outputs.argmax(axis=1), outputs.shape[1]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # A class that is an answer and no truth.
        balanced = sk.balanced_accuracy_score(labels, answers)
    assert scores["accuracy"] == sk.accuracy_score(labels, answers)
    assert scores["balanced_accuracy"] == pytest.approx(balanced, rel=1e-12)
    f1 = sk.f1_score(labels, answers, average="macro", zero_division=0.0)
    assert scores["macro_f1"] == pytest.approx(f1, rel=1e-12)
    y, given_answers = torch.tensor(labels), torch.tensor(answers)
    other = tm.classification.multiclass_f1_score(given_answers, y, classes, average="macro")
    assert scores["macro_f1"] == pytest.approx(float(other), rel=1e-5)
    if len(set(labels)) < classes:
        assert scores["roc_auc"] is None
        return
    probabilities = torch.softmax(torch.tensor(outputs), dim=1)
    binary = classes == 2
    theirs = sk.roc_auc_score(
        labels, probabilities[:, 1] if binary else probabilities, multi_class="ovr"
    )
    assert scores["roc_auc"] == pytest.approx(theirs, rel=1e-12)
    area = tm.classification.multiclass_auroc(probabilities, y, classes)
    assert scores["roc_auc"] == pytest.approx(float(area), rel=1e-5)


@given(
    st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)), min_size=2, max_size=30).filter(
        lambda pairs: np.ptp([target for target, _ in pairs]) > 1e-3
    )
)
def test_a_regression_is_scored_as_by_scikit_learn(pairs):
    targets, predictions = np.array(pairs).T
    scores, _ = score("regression", targets, predictions)

    assert scores["rmse"] == pytest.approx(sk.root_mean_squared_error(targets, predictions))
    assert scores["mae"] == pytest.approx(sk.mean_absolute_error(targets, predictions))
    assert scores["r2"] == pytest.approx(sk.r2_score(targets, predictions))


def test_scores_are_within_the_ranges_of_their_metrics():
    rng = np.random.default_rng(0)
    labels, outputs = np.arange(40) % 4, rng.normal(size=(40, 4))
    found = score("classification", labels, outputs)[0]
    found |= score("regression", rng.normal(size=40), rng.normal(size=40))[0]

    assert found.keys() == METRICS.keys()
    for name, value in found.items():
        low, high = METRICS[name].ends
        assert low <= value <= high
