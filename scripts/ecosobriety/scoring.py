"""How well a model does on its test part: every metric of `metrics` that its task has.

All of them are computed of each training, so that a study that changes its metric trains nothing
again. They are counted here in 64 bits, as scikit-learn gives them to the last digits (a test
compares): to import that takes a second of each training and of each start of a study.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Score = Callable[[Any, Any], float | None]
"""Of the truth and the answers; None: the test part has none."""
Scores = dict[str, float | None]
"""By the metric's name; None: there is none."""

AT_ONCE = 2**20
"""Outputs of which the largest are looked for at once."""
REASONS: Mapping[str, str] = {
    "roc_auc": "a class has no test example",
    "r2": "the targets of the test part are all the same",
}
"""Why a test part has no such score, by the metric's name."""


def accuracy(labels: Ints, outputs: Floats) -> float:
    """Share (0 to 1) of the examples whose class has the largest output."""
    return float(np.mean(_answers(outputs) == labels))


def balanced_accuracy(labels: Ints, outputs: Floats) -> float:
    """Mean over the classes that are tested of the accuracy within each: 0 to 1.

    Source: Brodersen et al., 2010, The balanced accuracy and its posterior distribution.
    """
    right, tested, _ = _counts(labels, outputs)
    return float(np.mean(right[tested > 0] / tested[tested > 0]))


def macro_f1(labels: Ints, outputs: Floats) -> float:
    """Mean of F1 over the classes that occur as truth or answer: 0 to 1.

    F1 is the harmonic mean of precision and recall, and 0 where nothing is right.
    Source: Opitz and Burst, 2019, Macro F1 and Macro F1; of its two, the mean of the classes' F1.
    """
    right, tested, answered = _counts(labels, outputs)
    occurs = tested + answered > 0
    return float(np.mean(2 * right[occurs] / (tested + answered)[occurs]))


def roc_auc(labels: Ints, outputs: Floats) -> float | None:
    """Area under the ROC curve: 0 to 1, and 0.5 by chance; None where a class is not tested.

    How probably an example of a class has a larger probability of it than one of another class; of
    several classes, the mean over each against the rest.
    Source: Fawcett, 2006, An introduction to ROC analysis.
    """
    classes = outputs.shape[1]
    if len(np.unique(labels)) < classes:
        return None
    # Of all of thousands of classes at once, they take gigabytes.
    high = outputs.max(axis=1)
    parts = zip(_parts(outputs), np.array_split(high, len(_parts(outputs))), strict=True)
    total = np.concatenate([np.exp(part - top[:, None]).sum(axis=1) for part, top in parts])
    asked = [1] if classes == 2 else range(classes)
    probabilities = (np.exp(outputs[:, of] - high) / total for of in asked)
    areas = [_area(labels == of, own) for of, own in zip(asked, probabilities, strict=True)]
    return float(np.mean(areas))


def rmse(targets: Floats, predictions: Floats) -> float:
    """Root of the mean squared error, in the targets' unit."""
    return float(np.sqrt(np.mean((predictions - targets) ** 2)))


def mae(targets: Floats, predictions: Floats) -> float:
    """Mean absolute error, in the targets' unit."""
    return float(np.mean(np.abs(predictions - targets)))


def r2(targets: Floats, predictions: Floats) -> float | None:
    """Coefficient of determination: 1 for perfect, 0 for always the targets' own mean.

    None where the targets are all the same.
    """
    if np.ptp(targets) == 0:
        return None
    of_mean = np.sum((targets - targets.mean()) ** 2)
    return float(1 - np.sum((predictions - targets) ** 2) / of_mean)


SCORES: Mapping[str, Mapping[str, Score]] = {
    "classification": {
        "accuracy": accuracy,
        "balanced_accuracy": balanced_accuracy,
        "macro_f1": macro_f1,
        "roc_auc": roc_auc,
    },
    "regression": {"rmse": rmse, "mae": mae, "r2": r2},
}
"""The metrics of each task; a new one has its description in `metrics`."""


def score(task: str, truth: Ints | Floats, answers: Floats) -> tuple[Scores, dict[str, str]]:
    """Every metric of a task.

    Args:
        task: `classification` or `regression`.
        truth: labels (n,), or targets (n,) in their unit.
        answers: logits (n, classes), or predictions (n,) in the targets' unit.

    Returns:
        The scores, and by its name why a score is missing.
    """
    scores = {name: compute(truth, answers) for name, compute in SCORES[task].items()}
    return scores, {name: REASONS[name] for name, found in scores.items() if found is None}


def _parts(outputs: Floats) -> list[Floats]:
    """The outputs of some examples at a time: the same answer for all may lie in no memory."""
    return np.array_split(outputs, 1 + outputs.size // AT_ONCE)


def _answers(outputs: Floats) -> Ints:
    return np.concatenate([part.argmax(axis=1) for part in _parts(outputs)])


def _counts(labels: Ints, outputs: Floats) -> tuple[Ints, Ints, Ints]:
    """Of each class, how many are right, how many are tested and how often it is the answer."""
    classes, answers = outputs.shape[1], _answers(outputs)
    kinds = (labels[labels == answers], labels, answers)
    right, tested, answered = (np.bincount(kind, minlength=classes) for kind in kinds)
    return right, tested, answered


def _area(own: NDArray[np.bool_], scores: Floats) -> float:
    """The Mann-Whitney statistic over all pairs of one of its own and one other; a tie is half."""
    _, place, equal = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(equal) - (equal - 1) / 2)[place]
    number = int(own.sum())
    above = ranks[own].sum() - number * (number + 1) / 2
    return float(above / (number * (len(own) - number)))
