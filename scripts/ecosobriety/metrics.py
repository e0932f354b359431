"""What a study's test score is: its name, its direction, and what its margin is a share of.

A task has one metric. The columns of the tables, the tests, the figures and the texts follow it,
and a table's header shows which one it has.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Metric:
    """A score on the test set, at least 0.

    Attributes:
        name: as columns and texts name it.
        higher_is_better: the direction.
        highest: the largest value that is possible; None: there is none.
        relative_margin: the non-inferiority margin is a share of the reference's mean, and not a
            difference of the metric itself.
        display_factor: what a reader sees is the value times this; 100 for percent.
    """

    name: str
    higher_is_better: bool
    highest: float | None
    relative_margin: bool
    display_factor: float

    @property
    def sign(self) -> int:
        """1 where higher is better, else -1: times this, a difference is a gain."""
        return 1 if self.higher_is_better else -1

    @property
    def bound(self) -> str:
        """The bound of a difference that non-inferiority rests on, that of the worse: its name."""
        return "lower" if self.higher_is_better else "upper"

    @property
    def test_column(self) -> str:
        """The column of the table `runs`."""
        return f"test_{self.name}"

    @property
    def target_key(self) -> str:
        """The key of the section `analysis` that holds a value to reach."""
        return f"target_{self.name}"

    @property
    def gain_range(self) -> tuple[float | None, float | None]:
        """The smallest and the largest value of `sign` times the metric; None: there is none."""
        if self.higher_is_better:
            return 0.0, self.highest
        return None if self.highest is None else -self.highest, 0.0

    def error(self, score: Any) -> Any:
        """What falls as the score gets better: the score itself, or what it lacks to the highest.

        Its own inverse. Takes a number, an array or a table.
        """
        return score if self.highest is None else self.highest - score

    def threshold(self, reference_mean: float, margin: float) -> float:
        """The worst mean that is still not worse than the reference by more than the margin."""
        allowed = margin * reference_mean if self.relative_margin else margin
        return reference_mean - self.sign * allowed


ACCURACY = Metric("accuracy", True, highest=1.0, relative_margin=False, display_factor=100.0)
"""The share of the test set that is classified correctly, 0 to 1; its margin is in points."""

RMSE = Metric("rmse", False, highest=None, relative_margin=True, display_factor=1.0)
"""The root of the mean squared error on the test set, in the target's unit."""

METRICS: Mapping[str, Metric] = {metric.name: metric for metric in (ACCURACY, RMSE)}
TASK_METRICS: Mapping[str, Metric] = {"classification": ACCURACY, "regression": RMSE}
"""The metric of each task of the configuration."""


def metric_of(columns: Iterable[str]) -> Metric:
    """The metric of a table `runs` or `curve`, by its columns.

    Returns:
        Accuracy where no column says so: a table without it does not follow the contract.
    """
    names = set(columns)
    for metric in METRICS.values():
        if {metric.test_column, f"{metric.name}_mean"} & names:
            return metric
    return ACCURACY
