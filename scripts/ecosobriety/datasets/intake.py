"""What is known of a data set before any training: sizes, classes, baseline, findings.

The check before a run and the run itself describe the data with the same class, so that the one
knows what the other will. `prepare_dataset` writes it beside the data, and every later step reads
that small file instead of the arrays.
"""

import hashlib
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from ecosobriety import scoring
from ecosobriety.datasets.declared import Declared
from ecosobriety.datasets.findings import MAX_LISTED, Finding, short
from ecosobriety.datasets.store import Dataset
from ecosobriety.datasets.subsets import no_size, unfit_subsets
from ecosobriety.errors import DataError
from ecosobriety.files import open_atomically
from ecosobriety.metrics import OF_A_CONSTANT, Metric

NOT_IN_THE_FILE = "y_train"
UNTESTED_FROM = 0.05
"""From this share of training examples whose class no test example has, the answer says so."""
OF_FEW = ("roc_auc", "macro_f1")
"""Metrics that rest on the examples of the rarest class, and are no count of them."""
ROUNDING = 1e-9
"""A margin of 0.01 is what one of 100 test examples is worth, whatever the last digit says."""


@dataclass(frozen=True, eq=False)
class Baseline:
    """The score of a network that has learnt nothing, on the test part.

    Attributes:
        score: that of always answering `constant`; None: there is none.
        constant: the training part's commonest class, or the mean or median of its targets.
        kind: which of these it is: `class`, `mean` or `median`.
    """

    score: float | None
    constant: str | float
    kind: str


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
        baselines: what a network must beat, by the name of each metric of the task.
        features: names of the columns that are learnt from; None: the data have no columns.
        normalise: how the inputs are normalised.
        test_duplicates: test examples of which the very input is a training example too.
        findings: what a reader of the results should know.
        input_shape: shape of one example.
        whole_numbers: whether networks get the inputs as whole numbers.
        declared: whether the study has neither read nor prepared the data.
        unit: what the user calls the examples, such as images; None: examples.
        source: digest of the configuration and of the files that it was prepared from.
        y_train: (n,) class indices or targets, to check subsets with; not in the file.
    """

    dataset: str
    task: str
    train_examples: int | None = None
    test_examples: int | None = None
    classes: tuple[str, ...] | None = None
    class_counts: dict[str, list[int]] | None = None
    baselines: dict[str, Baseline] | None = None
    features: tuple[str, ...] | None = None
    normalise: str | None = None
    test_duplicates: int | None = None
    findings: tuple[Finding, ...] = ()
    input_shape: tuple[int, ...] | None = None
    whole_numbers: bool | None = None
    declared: bool = False
    unit: str | None = None
    source: str | None = None
    y_train: NDArray[Any] | None = None

    def baseline_score(self, metric: Metric) -> float | None:
        """The score of the constant answer; None: of this metric it is not known."""
        found = (self.baselines or {}).get(metric.name)
        return OF_A_CONSTANT.get(metric.name) if found is None else found.score

    def counted(self, metric: Metric) -> float | None:
        """As `Metric.counted`; None where the test part is not known."""
        if self.test_examples is None:
            return None
        return metric.counted(self.test_examples, (self.class_counts or {}).get("test"))

    def as_json(self) -> dict[str, Any]:
        """What the file holds."""
        values = {k: v for k, v in self.__dict__.items() if k != NOT_IN_THE_FILE}
        return {
            **values,
            "baselines": self.baselines
            and {name: dict(one.__dict__) for name, one in self.baselines.items()},
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
        baselines=baselines(dataset.y_train, dataset.y_test, dataset.classes),
        features=dataset.features,
        normalise=dataset.normalise,
        input_shape=dataset.x_train.shape[1:],
        whole_numbers=dataset.whole_numbers,
        test_duplicates=dataset.test_duplicates,
        findings=(*dataset.findings, *_untested(dataset.classes, counts)),
        y_train=dataset.y_train,
    )


def describe_declared(declared: Declared, spec: Mapping[str, Any]) -> Intake:
    """The same of data that the study does not read; `spec` is the section `dataset` with `task`.

    No constant answer has a score where the test part is not known.
    """
    return Intake(
        dataset=declared.name,
        task=spec["task"],
        train_examples=declared.n_examples,
        test_examples=spec.get("test_examples"),
        classes=declared.classes or None,
        findings=declared.findings,
        declared=True,
        unit=spec.get("unit"),
        y_train=declared.labels,
    )


def baselines(
    y_train: NDArray[Any], y_test: NDArray[Any], classes: Sequence[str]
) -> dict[str, Baseline]:
    """Score the constant answer that the training part suggests, by every metric of the task.

    Args:
        y_train: (n,) class indices, or the targets of a regression.
        y_test: (m,) of the same kind.
        classes: names of the classes; none for a regression.
    """
    if classes:
        commonest = int(np.bincount(y_train).argmax())
        sure = np.zeros(len(classes))
        sure[commonest] = 1.0
        answers = np.broadcast_to(sure, (len(y_test), len(classes)))
        scores, _ = scoring.score("classification", y_test, answers)
        return {n: Baseline(score, classes[commonest], "class") for n, score in scores.items()}
    known, targets = y_train.astype(np.float64), y_test.astype(np.float64)
    found = dict[str, Baseline]()
    for kind, constant in (("mean", float(known.mean())), ("median", float(np.median(known)))):
        scores, _ = scoring.score("regression", targets, np.full(len(targets), constant))
        # The median has the smallest absolute error of all constants, as the mean has of squares.
        of_kind = [name for name in scores if (name == "mae") == (kind == "median")]
        found |= {name: Baseline(scores[name], constant, kind) for name in of_kind}
    return found


def unresolved(intake: Intake, margin: float, metric: Metric) -> str | None:
    """Why the test part cannot resolve a margin: the end of a sentence that begins with its key.

    Returns:
        None where it can, where the scores have no smallest step, or where the test part is not
        known.
    """
    test, counted = intake.test_examples, intake.counted(metric)
    # A share of a reference of at most 1 is no more than that share of 1.
    if not counted or margin * counted >= 1 - ROUNDING:
        return None
    # Of data that come with a test part, nobody knows here what makes it larger.
    key = "test_examples" if intake.declared else "test_share, if the study splits them off"
    least = f"is {margin:g}, but must be at least {_two_digits(1 / counted, math.ceil):g}"
    if metric.counts == "classes":
        return (
            f"{least}: as some classes are rare, the {test} test examples tell no more than "
            f"{counted:.0f} of equal classes would; take more of the rarest class "
            f"(dataset.{key}), or a wider margin"
        )
    return (
        f"{least}, what one of the {test} test examples is worth: a smaller loss cannot be seen; "
        f"take more test examples (dataset.{key}) or a wider margin"
    )


def hardly_resolved(intake: Intake, margin: float, metric: Metric) -> str | None:
    """Why a test part hardly resolves a margin, in words, where its scores have no smallest step.

    Returns:
        None where it does, or where that is not known.
    """
    test = intake.test_examples
    error = metric.sampling_error(test) if test and metric.relative_margin else None
    if error is not None:
        if margin >= error:
            return None
        return (
            f"analysis.margin is {margin:g}: on another test part of {test} examples the "
            f"{metric.name} would differ by about {error:.2g} of itself (standard error)"
        )
    counts = (intake.class_counts or {}).get("test")
    if metric.name not in OF_FEW or not counts or margin * min(counts) >= 1:
        return None
    rarest = min(range(len(counts)), key=counts.__getitem__)
    name = f'"{short((intake.classes or ())[rarest])}"'
    step = 1 / max(counts[rarest], 1)
    return (
        f"analysis.margin is {margin:g}: the class {name} has {counts[rarest]} of the {test} test "
        f"examples, one of which may change the {metric.name} by up to {step:.2g}"
    )


def unanswerable(intake: Intake, margin: float, metric: Metric) -> str | None:
    """Why a margin lets every model pass: the end of a sentence that begins with its key.

    The best score that is possible must beat the constant answer by more than the margin, or what
    has learnt nothing passes as not worse.

    Returns:
        None where it does, or where the best score or the constant answer's is not known.
    """
    baseline, best = (intake.baselines or {}).get(metric.name), metric.gain_ends[1]
    if baseline is None or baseline.score is None or math.isinf(best):
        return None
    best *= metric.sign
    gain = metric.sign * (best - baseline.score)
    if gain <= 0 or metric.allowed_loss(best, margin) < gain * (1 - ROUNDING):
        return None
    answer = baseline.constant
    shown = f'"{short(answer)}"' if isinstance(answer, str) else f"{answer:.4g}"
    most = gain / abs(best) if metric.relative_margin else gain
    return (
        f"is {margin:g}, but must be below {_two_digits(most, math.floor):g}: the {metric.name} of "
        f"always answering {shown} is {baseline.score:.4g}, which no model beats by more than "
        f"{gain:.2g}, so that a model that has learnt nothing would pass as not worse"
    )


def _two_digits(value: float, whole: Callable[[float], int]) -> float:
    """A value above 0, rounded up (math.ceil) or down (math.floor)."""
    scale: float = 10.0 ** (1 - math.floor(math.log10(value)))
    # 0.05 may be 0.0500001, for want of digits.
    return whole(round(scale * value, 6)) / scale


def unscored(intake: Intake, metric: Metric) -> str | None:
    """Why the test part has no such score: the end of a sentence that begins with its key."""
    found = (intake.baselines or {}).get(metric.name)
    if found is None or found.score is not None:
        return None
    return f'is "{metric.name}", but must be another metric: {scoring.REASONS[metric.name]}'


def require_fit(
    intake: Intake, margin: float, metric: Metric, grid: Mapping[str, Sequence[int]]
) -> None:
    """Refuse what a study asks of data that they do not fit, once they are read.

    Args:
        intake: with the labels.
        margin: of the study.
        metric: what it judges by.
        grid: its `n_train` and `seeds`.

    Raises:
        DataError: with the first sentence of `unfit`, or on a subset that teaches nothing.
    """
    for key, sentence in unfit(intake, margin, metric):
        raise DataError(f"{key} {sentence}")
    for size, seed, what in unfit_subsets(intake, grid["n_train"], grid["seeds"]):
        raise DataError(f"grid.n_train is {size}, {no_size(seed, what)}")


def unfit(intake: Intake, margin: float, metric: Metric) -> Iterator[tuple[str, str]]:
    """Each key that the data do not fit, and the end of a sentence that begins with it."""
    for key, sentence in (
        ("metric.name", unscored(intake, metric)),
        ("analysis.margin", unresolved(intake, margin, metric)),
        ("analysis.margin", unanswerable(intake, margin, metric)),
    ):
        if sentence is not None:
            yield key, sentence


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


def source_of(spec: str, files: str | None) -> str:
    """A digest of what a data set is prepared from.

    Args:
        spec: the section `dataset` and the task, as JSON with sorted keys.
        files: as `readers.stamp` gives it.
    """
    return hashlib.sha256(f"{spec} {files}".encode()).hexdigest()[:16]


def with_labels(intake: Intake, path: Path) -> Intake:
    """The same with the labels of the prepared data, an archive, if that is there."""
    try:
        with np.load(path) as archive:
            return replace(intake, y_train=archive[NOT_IN_THE_FILE])
    # Some of these are of an archive that is cut off.
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return intake


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
        known = values["baselines"]
        values["baselines"] = known and {name: Baseline(**one) for name, one in known.items()}
        values["findings"] = tuple(Finding(**finding) for finding in values["findings"])
        for name in ("classes", "features", "input_shape"):
            values[name] = None if values[name] is None else tuple(values[name])
        return Intake(**values)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise DataError(
            f"{path}: cannot be read as a description of the data ({error}); "
            "delete it and prepare the data set again"
        ) from error
