"""What is known of a data set before any training, and the file that keeps it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ecosobriety.datasets import Dataset, Finding, intake
from ecosobriety.errors import DataError

X = np.arange(12, dtype=np.float32).reshape(6, 2)


def test_the_baseline_answers_the_training_parts_commonest_class() -> None:
    # The test part's own commonest class would be b.
    found = intake.baseline(np.array([0, 0, 0, 1]), np.array([1, 1, 0, 1]), ("a", "b"))
    assert (found.metric, found.score, found.constant) == ("accuracy", 0.25, "a")


def test_a_regressions_baseline_answers_the_mean() -> None:
    found = intake.baseline(np.array([1.0, 3.0]), np.array([2.0, 5.0]), ())
    assert (found.metric, found.score, found.constant) == ("rmse", pytest.approx(4.5**0.5), 2.0)


def test_a_large_offset_does_not_blur_the_baseline() -> None:
    targets = 1_764_000_000 + np.array([0.0, 3.0])
    assert intake.baseline(targets, targets, ()).score == 1.5


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
        return {(size, what) for size, _, what in intake.unfit_subsets(told, sizes, range(1, 6))}

    rare = np.array([0.0] * 95 + [1.0] * 5)
    assert unfit(rare, (), 1, 96) == {(1, "the targets are all the same")}
    assert (3, "the targets are all the same") in unfit(rare, (), 3)
    # Ten come from one class before the first of the other does.
    classes = np.array([0] * 95 + [1] * 5)
    found = unfit(classes, ("no", "yes"), 2, 9, 10, 11, 20)
    assert found == {(size, 'all are of the class "no"') for size in (2, 9, 10)}
    assert unfit(np.arange(4.0), (), 2) == set()
