"""What is known of a data set before any training: sizes, classes, baseline, findings.

The check before a run and the run itself describe the data with the same class, so that the one
knows what the other will. `prepare_dataset` writes it beside the data, and every later step reads
that small file instead of the arrays.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecosobriety.datasets.findings import MAX_LISTED, Finding, short
from ecosobriety.datasets.sampling import training_order
from ecosobriety.datasets.store import Dataset
from ecosobriety.errors import DataError
from ecosobriety.files import open_atomically

NOT_IN_THE_FILE = "y_train"
DUPLICATES_FROM = 0.05
"""From this share of test examples that are training examples, that stands beside the answer."""
UNTESTED_FROM = 0.05
"""The same for the share of training examples whose class no test example has."""
ROUNDING = 1e-9
"""A margin of 0.01 is what one of 100 test examples is worth, whatever the last digit says."""


@dataclass(frozen=True, eq=False)
class Baseline:
    """The score of a network that has learnt nothing, on the test part.

    Attributes:
        metric: `accuracy` (share that is right) or `rmse` (in the unit of the targets).
        score: that of always answering `constant`.
        constant: the training part's commonest class, or the mean of its targets.
    """

    metric: str
    score: float
    constant: str | float


@dataclass(frozen=True, eq=False)
class Intake:
    """A data set as it came in. What only the run itself can know is None in the check.

    Attributes:
        dataset: the data set's name in the configuration.
        task: `classification` or `regression`.
        train_examples: number of training examples.
        test_examples: number of test examples.
        classes: names of the classes, in the order of their indices; none for a regression.
        class_counts: examples of each class in the parts `train` and `test`.
        baseline: what a network must beat.
        features: names of the columns that are learnt from; None: the data have no columns.
        normalise: how the inputs are normalised.
        test_duplicates: test examples of which the very input is a training example too.
        findings: what a reader of the results should know.
        input_shape: shape of one example.
        whole_numbers: whether networks get the inputs as whole numbers.
        y_train: (n,) class indices or targets, to check subsets with; not in the file.
    """

    dataset: str
    task: str
    train_examples: int | None = None
    test_examples: int | None = None
    classes: tuple[str, ...] | None = None
    class_counts: dict[str, list[int]] | None = None
    baseline: Baseline | None = None
    features: tuple[str, ...] | None = None
    normalise: str | None = None
    test_duplicates: int | None = None
    findings: tuple[Finding, ...] = ()
    input_shape: tuple[int, ...] | None = None
    whole_numbers: bool | None = None
    y_train: NDArray[Any] | None = None

    def as_json(self) -> dict[str, Any]:
        """What the file holds."""
        values = {k: v for k, v in self.__dict__.items() if k != NOT_IN_THE_FILE}
        return {
            **values,
            "baseline": self.baseline and dict(self.baseline.__dict__),
            "findings": [finding.as_json() for finding in self.findings],
        }


def describe(dataset: Dataset, task: str) -> Intake:
    """Take in a data set as it was obtained."""
    counts = None
    if dataset.classes:
        counts = {
            part: np.bincount(y, minlength=len(dataset.classes)).tolist()
            for part, y in (("train", dataset.y_train), ("test", dataset.y_test))
        }
    return Intake(
        dataset=dataset.name,
        task=task,
        train_examples=len(dataset.y_train),
        test_examples=len(dataset.y_test),
        classes=dataset.classes,
        class_counts=counts,
        baseline=baseline(dataset.y_train, dataset.y_test, dataset.classes),
        features=dataset.features,
        normalise=dataset.normalise,
        input_shape=dataset.x_train.shape[1:],
        whole_numbers=dataset.whole_numbers,
        test_duplicates=dataset.test_duplicates,
        findings=(*dataset.findings, *_duplicates(dataset), *_untested(dataset.classes, counts)),
        y_train=dataset.y_train,
    )


def baseline(y_train: NDArray[Any], y_test: NDArray[Any], classes: Sequence[str]) -> Baseline:
    """Score the constant answer that the training part suggests.

    Args:
        y_train: (n,) class indices, or the targets of a regression.
        y_test: (m,) of the same kind.
        classes: names of the classes; none for a regression.
    """
    if classes:
        commonest = int(np.bincount(y_train).argmax())
        return Baseline("accuracy", float(np.mean(y_test == commonest)), classes[commonest])
    mean = float(y_train.astype(np.float64).mean())
    error = y_test.astype(np.float64) - mean
    return Baseline("rmse", float(np.sqrt(np.mean(error**2))), mean)


def unfit_subsets(
    intake: Intake, sizes: Sequence[int], seeds: Sequence[int]
) -> Iterator[tuple[int, int, str]]:
    """Each training of which the subset teaches nothing: size, seed, and what is wrong with it.

    Of a data set whose labels are not known, nothing is said.
    """
    y = intake.y_train
    if y is None:
        return
    smallest = sorted(size for size in sizes if size < _surely_fit(y, bool(intake.classes)))
    for seed in seeds if smallest else ():
        order = training_order(y, seed)
        for size in smallest:
            subset = y[order[:size]]
            if (subset != subset[0]).any():
                # The larger subsets of this seed hold this one.
                break
            what = "the targets are all the same"
            if intake.classes:
                what = f'all are of the class "{short(intake.classes[int(subset[0])])}"'
            yield size, seed, what


def unresolved(intake: Intake, margin: float) -> str | None:
    """Why the test part cannot resolve a margin: the end of a sentence that begins with its key.

    Returns:
        None where it can, where the scores have no smallest step, or where the test part is not
        known.
    """
    test = intake.test_examples
    if intake.task != "classification" or not test or margin * test >= 1 - ROUNDING:
        return None
    # To two digits, rounded up: what is named must be allowed.
    scale = 10 ** (1 - math.floor(math.log10(1 / test)))
    return (
        f"is {margin:g}, but must be at least {math.ceil(scale / test) / scale:g}, what one of the "
        f"{test} test examples is worth: a smaller loss cannot be seen; take more test examples "
        "(dataset.test_share) or a wider margin"
    )


def require_margin(intake: Intake, margin: float) -> None:
    """Refuse a margin that the test part cannot resolve.

    Raises:
        DataError: with the sentence of `unresolved`.
    """
    sentence = unresolved(intake, margin)
    if sentence is not None:
        raise DataError(f"analysis.margin {sentence}")


def _surely_fit(y: NDArray[Any], classes: bool) -> int:
    """A size from which on every subset holds two different labels, without drawing any."""
    counts = np.sort(np.unique(y, return_counts=True)[1])[::-1]
    if not classes or len(counts) < 2:
        return int(counts[0]) + 1
    # How many of the commonest class come before the first of the next (see `training_order`), and
    # two more for ties and rounding.
    return int(counts[0] / (2 * counts[1]) + 0.5) + 3


def _duplicates(dataset: Dataset) -> list[Finding]:
    number = dataset.test_duplicates
    share = number / len(dataset.y_test)
    values = {"number": number, "share": share}
    return [Finding("train_test_duplicates", share > DUPLICATES_FROM, values)] if number else []


def _untested(classes: Sequence[str], counts: Mapping[str, Sequence[int]] | None) -> list[Finding]:
    """Classes that the scores say nothing of."""
    if counts is None:
        return []
    pairs = zip(classes, counts["train"], counts["test"], strict=True)
    untested = [(short(name), trained) for name, trained, tested in pairs if not tested]
    if not untested:
        return []
    share = sum(number for _, number in untested) / sum(counts["train"])
    one_alone = len(untested) == len(classes) - 1
    values = {"number": len(untested), "names": dict(untested[:MAX_LISTED])}
    return [Finding("classes_untested", one_alone or share > UNTESTED_FROM, values)]


def write(intake: Intake, path: Path) -> None:
    """Write an intake as JSON, atomically."""
    text = json.dumps(intake.as_json(), ensure_ascii=False, indent=2, allow_nan=False)
    with open_atomically(path) as file:
        file.write(f"{text}\n".encode())


def read(path: Path) -> Intake:
    """Read what `write` wrote.

    Raises:
        DataError: the file is missing, damaged or foreign.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        values["baseline"] = values["baseline"] and Baseline(**values["baseline"])
        values["findings"] = tuple(Finding(**finding) for finding in values["findings"])
        for name in ("classes", "features", "input_shape"):
            values[name] = None if values[name] is None else tuple(values[name])
        return Intake(**values)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise DataError(
            f"{path}: cannot be read as a description of the data ({error}); "
            "delete it and prepare the data set again"
        ) from error
