"""What a study's test score is: its direction, its range, and what its margin is a share of.

A study has one metric. Those in `METRICS` are computed in our own loop (`scoring`); one with any
other name is the user's, and comes with the trainings that bring their score themselves. Columns,
tests, figures and texts follow the metric.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

FLOAT32 = 2.0**-23
"""What a score that was one of 32 bits may be off by."""


@dataclass(frozen=True)
class Metric:
    """A score on the test set.

    Attributes:
        name: as columns and the study's file name it.
        higher_is_better: the direction.
        lowest: the smallest value that is possible; None: there is none, or it is not known.
        highest: the largest one, likewise.
        relative_margin: the non-inferiority margin is a share of the reference's mean, and not a
            difference of the metric itself.
        percent: readers see it in percent, and its differences in points.
        unit: the unit that readers see; None: none.
        task: the task that it is computed for; None: it is declared in the study's file.
        counts: what it is a mean of over the test examples, each right or wrong: all `examples`
            alike, or all `classes` alike; None: it is no such mean.
        normal_error: standard error of the score for the sampling of n test examples, as a share
            of the score and times the root of n, where errors are normally distributed; None: not
            known.
    """

    name: str
    higher_is_better: bool
    lowest: float | None = None
    highest: float | None = None
    relative_margin: bool = False
    percent: bool = False
    unit: str | None = None
    task: str | None = None
    counts: Literal["examples", "classes"] | None = None
    normal_error: float | None = None

    @property
    def sign(self) -> int:
        """1 where higher is better, else -1: times this, a difference is a gain."""
        return 1 if self.higher_is_better else -1

    def most_gain(self, score: float) -> float:
        """What a score can still gain at most; infinite where the best one is not known."""
        best = self.highest if self.higher_is_better else self.lowest
        return math.inf if best is None else abs(best - score)

    @property
    def bound(self) -> str:
        """The bound of a difference that non-inferiority rests on, that of the worse: its name."""
        return "lower" if self.higher_is_better else "upper"

    @property
    def test_column(self) -> str:
        """The column of the table `runs`."""
        return f"test_{self.name}"

    @property
    def display_factor(self) -> float:
        """What a reader sees is the value times this."""
        return 100.0 if self.percent else 1.0

    @property
    def ends(self) -> tuple[float, float]:
        """The smallest and the largest value, infinite where there is none."""
        low = -math.inf if self.lowest is None else self.lowest
        return low, math.inf if self.highest is None else self.highest

    def impossible(self, value: float) -> str | None:
        """Why a score cannot be: the end of a sentence that begins with it; None: it can."""
        low, high = self.ends
        if low <= value <= high:
            return None
        # A hair above 1 is rounding, and no percentage.
        meant = value > 1.1 and low <= value / 100 <= high
        hint = f" (did you mean {value / 100:g}?)" if meant else ""
        return f"must be from {low:g} to {high:g}{hint}"

    @property
    def gain_ends(self) -> tuple[float, float]:
        """The same of `sign` times the metric."""
        low, high = self.ends
        return (low, high) if self.higher_is_better else (0.0 - high, 0.0 - low)

    @property
    def span(self) -> float | None:
        """How far two scores can differ at most; None: without limit."""
        if self.lowest is None or self.highest is None:
            return None
        return self.highest - self.lowest

    @property
    def has_error(self) -> bool:
        """Whether there is a best value, from which an error can be counted."""
        return self.highest is not None or not self.higher_is_better

    def counted(
        self, test_examples: int | None, class_counts: Sequence[int] | None
    ) -> float | None:
        """How many test examples of equal weight the metric is the share of; None: it is no share.

        Where all classes count alike, an example of a rare one weighs more. So many examples of
        equal weight, k^2 / sum(1 / n_c), give a share the same variance (Kish, 1965).

        Args:
            test_examples: how many there are; None: not known.
            class_counts: how many of them each class has; None: not known.
        """
        if self.counts == "examples":
            return test_examples
        tested = [count for count in class_counts or () if count]
        if self.counts is None or not tested:
            return None
        return len(tested) ** 2 / sum(1 / count for count in tested)

    def uncounted(self, scores: Sequence[float], test_examples: int | None) -> int | None:
        """The place of the first score that is no count of the test examples.

        Args:
            scores: of one source, as it wrote them.
            test_examples: how many there are; None: not known.

        Returns:
            None where each may be one, or where they are rounded too much to say.
        """
        if self.counts != "examples" or not test_examples or not scores:
            return None
        step = 10.0 ** -max(map(_decimals, scores))
        # A count that is rounded or cut lies within a step; where steps are as wide, all scores do.
        if test_examples * step >= 1 / 2:
            return None
        off = test_examples * (step + FLOAT32)
        for place, score in enumerate(scores):
            right = score * test_examples
            if abs(right - round(right)) > off:
                return place
        return None

    def error(self, score: Any) -> Any:
        """What falls as the score gets better: the score itself, or what it lacks to the highest.

        Its own inverse. Takes a number, an array or a table; only where `has_error`.
        """
        return self.highest - score if self.higher_is_better else score

    def sampling_error(self, test_examples: int) -> float | None:
        """Standard error of a score for the sampling of the test part, as a share of the score.

        None where that is not known, as where errors are no numbers.
        """
        if self.normal_error is None:
            return None
        return self.normal_error / math.sqrt(test_examples)

    def allowed_loss(self, reference_mean: float, margin: float) -> float:
        """The margin in the metric's own unit."""
        return margin * abs(reference_mean) if self.relative_margin else margin

    def threshold(self, reference_mean: float, margin: float) -> float:
        """The worst mean that is still not worse than the reference by more than the margin."""
        return reference_mean - self.sign * self.allowed_loss(reference_mean, margin)


ACCURACY = Metric(
    "accuracy", True, 0.0, 1.0, percent=True, task="classification", counts="examples"
)
"""The share of the test set that is classified correctly; its margin is in points."""
BALANCED_ACCURACY = replace(ACCURACY, name="balanced_accuracy", counts="classes")
"""The same share of each class, averaged over the classes (the mean recall)."""
MACRO_F1 = replace(ACCURACY, name="macro_f1", counts=None)
"""The harmonic mean of precision and recall of each class, averaged over the classes."""
ROC_AUC = Metric("roc_auc", True, 0.0, 1.0, task="classification")
"""The area under the ROC curve; of several classes the mean of each against the rest."""

_NORMAL_RMSE = 1 / math.sqrt(2)
"""Of the root of a mean of squares: sd(e²) / mean(e²) / 2."""
_NORMAL_MAE = math.sqrt(math.pi / 2 - 1)
"""Of a mean of absolute values: sd(|e|) / mean(|e|)."""
RMSE = Metric(
    *("rmse", False, 0.0),
    relative_margin=True,
    task="regression",
    normal_error=_NORMAL_RMSE,
)
"""The root of the mean squared error on the test set, in the target's unit."""
MAE = replace(RMSE, name="mae", normal_error=_NORMAL_MAE)
"""The mean absolute error, in the target's unit."""
R2 = Metric("r2", True, None, 1.0, task="regression")
"""The share of the targets' variance on the test set that is predicted; negative: worse than their
mean."""

METRICS: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (ACCURACY, BALANCED_ACCURACY, MACRO_F1, ROC_AUC, RMSE, MAE, R2)
}
"""Those that are computed in our own loop, by name; of a task the first is its default."""

OF_A_CONSTANT: Mapping[str, float] = {"roc_auc": 0.5, "r2": 0.0}
"""What a constant answer scores at best, whatever the data; of other metrics it depends on them."""

RESERVED = (
    *("ci_high", "ci_low", "duration_s", "energy_kwh", "examples", "fitted", "loss", "n_train"),
    "reason",
)
"""Names that no metric may have, as columns and keys made of them mean something else."""


def _decimals(value: float) -> int:
    """How many decimals a number is written with."""
    mantissa, _, exponent = repr(float(value)).partition("e")
    return max(len(mantissa.partition(".")[2].rstrip("0")) - int(exponent or 0), 0)


def metrics_of(task: str) -> list[Metric]:
    """The metrics that our own loop computes for a task, the default first."""
    return [metric for metric in METRICS.values() if metric.task == task]


def metric_from(spec: Mapping[str, Any]) -> Metric:
    """The metric of a completed section `metric`.

    Args:
        spec: `name` and `better` (`higher` or `lower`); where they matter, `margin` (`absolute` or
            `relative`) and `unit`.
    """
    known = METRICS.get(spec["name"]) or Metric(spec["name"], spec["better"] == "higher")
    relative = spec["margin"] == "relative" if "margin" in spec else known.relative_margin
    return replace(known, relative_margin=relative, unit=spec.get("unit"))


def spec_of(metric: Metric) -> dict[str, str | None]:
    """The inverse of `metric_from`."""
    return {
        "name": metric.name,
        "better": "higher" if metric.higher_is_better else "lower",
        "margin": "relative" if metric.relative_margin else "absolute",
        "unit": metric.unit,
    }
