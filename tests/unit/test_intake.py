"""What is known of a data set before any training, and the file that keeps it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ecosobriety.datasets import Dataset, Finding, intake
from ecosobriety.datasets.subsets import unfit_subsets
from ecosobriety.errors import DataError
from ecosobriety.metrics import ACCURACY, BALANCED_ACCURACY, MACRO_F1, RMSE, ROC_AUC, Metric

X = np.arange(12, dtype=np.float32).reshape(6, 2)


def test_the_baseline_answers_the_training_parts_commonest_class() -> None:
    # The test part's own commonest class would be b.
    found = intake.baselines(np.array([0, 0, 0, 1]), np.array([1, 1, 0, 1]), ("a", "b"))
    assert {(one.constant, one.kind) for one in found.values()} == {("a", "class")}
    scores = {name: one.score for name, one in found.items()}
    # F1 of a: 2 x 1 / (1 + 4); of b: 0.
    assert scores == {"accuracy": 0.25, "balanced_accuracy": 0.5, "macro_f1": 0.2, "roc_auc": 0.5}


def test_a_regressions_baseline_answers_the_constant_that_its_metric_asks_for() -> None:
    found = intake.baselines(np.array([0.0, 1.0, 5.0]), np.array([1.0, 4.0]), ())
    answers = {name: (one.constant, one.kind) for name, one in found.items()}
    assert answers == {"rmse": (2.0, "mean"), "mae": (1.0, "median"), "r2": (2.0, "mean")}
    assert found["rmse"].score == pytest.approx(2.5**0.5)
    assert found["mae"].score == 1.5
    # Around the test part's own mean, 2.5, the squares add to 4.5, around 2 to 5.
    assert found["r2"].score == pytest.approx(1 - 5 / 4.5)


def require_fit(known: intake.Intake, margin: float, metric: Metric, *sizes: int) -> None:
    intake.require_fit(known, margin, metric, {"n_train": sizes, "seeds": [1, 2]})


def test_a_size_whose_subset_teaches_nothing_is_refused_once_the_data_are_read() -> None:
    y = np.array([0] * 95 + [1] * 5)
    train, test = (X[:1].repeat(100, 0), y), (X[:4], y[93:97])
    dataset = Dataset.from_arrays("d", train, test, ("a", "b"), "o")
    known = intake.describe(dataset, "classification")
    require_fit(known, 0.3, BALANCED_ACCURACY, 50, 100)
    with pytest.raises(DataError, match=r"^grid\.n_train is 4, but must be .* seed 1 draws, all"):
        require_fit(known, 0.3, BALANCED_ACCURACY, 4, 100)


def test_a_metric_without_a_score_on_the_test_part_is_refused() -> None:
    y = np.array([0, 0, 1, 1, 0, 0])
    dataset = Dataset.from_arrays("d", (X[:4], y[:4]), (X[4:], y[4:]), ("no", "yes"), "o")
    known = intake.describe(dataset, "classification")
    require_fit(known, 0.5, ACCURACY)
    with pytest.raises(DataError, match=r'^metric\.name is "roc_auc", but .* has no test example'):
        require_fit(known, 0.5, ROC_AUC)


def test_rare_classes_make_the_balanced_accuracy_of_fewer_examples() -> None:
    y = np.array([0] * 90 + [1] * 10)
    dataset = Dataset.from_arrays(
        "d", (np.ones((4, 2)), y[-4:]), (np.ones((100, 2)), y), ("a", "b"), "o"
    )
    known = intake.describe(dataset, "classification")
    assert known.counted(ACCURACY) == 100
    # 4 / (1/90 + 1/10)
    assert known.counted(BALANCED_ACCURACY) == pytest.approx(36)
    assert known.counted(MACRO_F1) is None
    require_fit(known, 0.01, ACCURACY)
    with pytest.raises(
        DataError,
        match=r"^analysis\.margin is 0\.01, but must be at least 0\.028: as some "
        r"classes are rare, the 100 test examples tell no more than 36 of equal classes would",
    ):
        require_fit(known, 0.01, BALANCED_ACCURACY)


def test_a_margin_that_the_constant_answer_meets_at_any_score_is_refused_before_a_training() -> (
    None
):
    y = np.array([0] * 95 + [1] * 5)
    x = np.ones((100, 2), np.float32)
    dataset = Dataset.from_arrays("d", (X[:5], y[93:98]), (x, y), ("a", "b"), "o")
    known = intake.describe(replace(dataset, y_train=np.array([0, 0, 0, 1, 1])), "classification")
    require_fit(known, 0.04, ACCURACY)
    words = (
        r'^analysis\.margin is 0\.05, but must be below 0\.05: the accuracy of always answering "a"'
    )
    with pytest.raises(DataError, match=words):
        require_fit(known, 0.05, ACCURACY)
    # Of the balanced accuracy, the same answer has a half.
    require_fit(known, 0.4, BALANCED_ACCURACY)
    with pytest.raises(DataError, match=r"must be below 0\.5"):
        require_fit(known, 0.6, BALANCED_ACCURACY)
    relative = replace(ACCURACY, relative_margin=True)
    with pytest.raises(DataError, match=r"must be below 0\.05"):
        require_fit(known, 0.1, relative)


def test_an_error_can_always_fall_by_a_share_of_itself_but_not_below_nothing() -> None:
    targets = np.array([0.0, 2.0, 4.0, 6.0])
    dataset = Dataset.from_arrays("d", (X[:4], targets), (X[:4], targets), (), "o")
    known = intake.describe(dataset, "regression")
    require_fit(known, 0.9, RMSE)
    require_fit(known, 2.2, replace(RMSE, relative_margin=False))
    with pytest.raises(
        DataError, match=r"is 2\.3, but must be below 2\.2: the rmse of always answering 3"
    ):
        require_fit(known, 2.3, replace(RMSE, relative_margin=False))


def test_a_large_offset_does_not_blur_the_baseline() -> None:
    targets = 1_764_000_000 + np.array([0.0, 3.0])
    assert intake.baselines(targets, targets, ())["rmse"].score == 1.5


def test_an_intake_comes_back_from_its_file(tmp_path: Path) -> None:
    y = np.array([0, 0, 1, 1, 0, 0])
    finding = Finding("features_used", False, {"count": 2, "names": ["a", "b"]})
    dataset = Dataset.from_arrays("d", (X[:4], y[:4]), (X[4:], y[4:]), ("no", "oui é"), "o")
    dataset = replace(dataset, features=("a", "b"), findings=(finding,))
    told = intake.describe(dataset, "classification")
    intake.write(told, tmp_path / "d.json")
    back = intake.read(tmp_path / "d.json")
    assert back.as_json() == told.as_json()
    assert (back.train_examples, back.test_examples, back.classes) == (4, 2, ("no", "oui é"))
    assert back.class_counts == {"train": [2, 2], "test": [2, 0]}
    assert back.findings[0] == finding
    assert back.findings[1].values == {"number": 1, "names": {"oui é": 2}}


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"dataset": 1}'])
def test_a_damaged_file_is_refused_in_one_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / "d.json").write_text(text)
    with pytest.raises(DataError, match=r"d\.json: cannot be read as a description"):
        intake.read(tmp_path / "d.json")


def test_a_finding_is_one_english_sentence() -> None:
    def said(id: str, **values: object) -> str:
        return Finding(id, False, values).sentence()

    assert said("features_used", count=2, names=["a", "b"]) == (
        'the network learns from these features (2): "a", "b"'
    )
    assert said("train_test_duplicates", number=3, share=0.25) == (
        "test examples that are training examples too: 3 (25.0%)"
    )
    assert said("classes_differ_by_case", groups=[{"Cat": 3, "cat": 1}, {"A": 1, "a": 1}]) == (
        'classes differ by capitals alone: "Cat" (3), "cat" (1); "A" (1), "a" (1)'
    )
    long = said("features_used", count=1000, names=["long name " * 3] * 1000)
    assert len(long) == 300
    assert long.endswith("…")


def test_the_check_knows_a_subset_that_teaches_nothing() -> None:
    def unfit(y: np.ndarray, classes: tuple[str, ...], *sizes: int) -> set[tuple[int, str]]:
        told = intake.Intake("d", "", classes=classes, y_train=y)
        return {(size, what) for size, _, what in unfit_subsets(told, sizes, range(1, 6))}

    rare = np.array([0.0] * 95 + [1.0] * 5)
    assert unfit(rare, (), 1, 96) == {(1, "the targets are all the same")}
    assert (3, "the targets are all the same") in unfit(rare, (), 3)
    # Ten come from one class before the first of the other does.
    classes = np.array([0] * 95 + [1] * 5)
    found = unfit(classes, ("no", "yes"), 2, 9, 10, 11, 20)
    assert found == {(size, 'all are of the class "no"') for size in (2, 9, 10)}
    assert unfit(np.arange(4.0), (), 2) == set()
