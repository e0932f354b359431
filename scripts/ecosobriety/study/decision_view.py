"""What is shown of a decision: the sizes that the report speaks of, and what they reach."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from ecosobriety.metrics import Metric


@dataclass(frozen=True)
class DecisionView:
    """Which size of one data set and model is enough, and beside which others.

    Args:
        runs: its rows of the table `runs`.
        curve: its rows of the table `curve`, from the smallest size up, indexed by n_train.
        result: its result of `decision.add_savings`.
        recommendation: all of that answer: margin, confidence and baseline are the study's.
        metric: what the trainings are scored by.
    """

    runs: pd.DataFrame
    curve: pd.DataFrame
    result: Mapping[str, Any]
    recommendation: Mapping[str, Any]
    metric: Metric

    @property
    def scores(self) -> pd.Series:
        """The mean score of each size."""
        return self.curve[f"{self.metric.name}_mean"]

    @property
    def differences(self) -> pd.Series:
        """The mean difference of each size to the reference."""
        return self.curve[f"{self.metric.name}_diff_mean"]

    @property
    def bounds(self) -> pd.Series:
        """The one-sided bound of each size's difference, that of the worse."""
        return self.curve[f"{self.metric.name}_diff_{self.metric.bound}"]

    @property
    def answers(self) -> list[Mapping[str, Any]]:
        """The answers at every margin, the study's own among them, from the smallest margin up."""
        own = self.result["configured"]
        others = [answer for answer in self.result["ladder"] if answer["margin"] != own["margin"]]
        return sorted([own, *others], key=lambda answer: float(answer["margin"]))

    @cached_property
    def reference(self) -> int:
        """The reference size."""
        return int(self.result["reference_n_train"])

    @cached_property
    def sufficient(self) -> int:
        """The smallest size that is not worse; the reference itself if no smaller one is.

        Also where nothing can be recommended at all.
        """
        size = self.result["configured"]["sufficient_n_train"]
        return self.reference if size is None else int(size)

    @property
    def no_recommendation(self) -> str | None:
        """Why no size can be recommended, as `decision.evidence` names it; None where one can."""
        reason = self.result["configured"]["no_recommendation"]
        return None if reason is None else str(reason)

    @property
    def baseline(self) -> float | None:
        """The score of always giving the same answer; None: not known of the study's metric."""
        score = self.recommendation["baseline"]
        return None if score is None else float(score)

    @property
    def smaller_suffices(self) -> bool:
        """Whether a size below the reference is enough."""
        return self.sufficient < self.reference

    @cached_property
    def stop(self) -> int | None:
        """The size whose saving is shown: the sufficient one, or else the one nearest to half.

        The poster stopped at half the reference. None where no size lies below the reference, or
        where the study stopped growing: its reference is no full size to save from.
        """
        if self.full_size_untrained:
            return None
        return self.sufficient if self.smaller_suffices else self.nearest_to_half

    @property
    def grows(self) -> bool:
        """Whether the study grows: it trains a size only where the ones before make it worth it."""
        return self.result["growth"] is not None

    @property
    def full_size_untrained(self) -> bool:
        """Whether the study ended below its full size: it has no reference to compare with."""
        return self.full > self.reference

    @property
    def stopped(self) -> bool:
        """Whether the study grew, stopped below its full size and beats the baseline."""
        untrained = self.no_recommendation == "full_size_untrained"
        return self.grows and untrained and self.rule_stop == self.reference

    @property
    def full(self) -> int:
        """The size that one would train on otherwise; perhaps larger than any that was trained."""
        return int((self.result["growth"] or self.result)["full_n_train"])

    @property
    def rule_full(self) -> int:
        """What the rule takes for the full size: all the data, where the study does not grow."""
        return max([self.full, *(int(found["full_n_train"]) for found in self.rule.values())])

    @cached_property
    def rule(self) -> dict[int, Mapping[str, Any]]:
        """What the rule of a study that grows says at each size, from the smallest up."""
        return {int(found["n_train"]): found for found in self.result["bounds"]}

    @property
    def rule_stop(self) -> int | None:
        """The size below the full one at which the rule stops; None: it stops at none."""
        stops = (n for n, found in self.rule.items() if found["decision"] == "stop")
        return next((n for n in stops if n < self.rule_full), None)

    @property
    def nearest_to_half(self) -> int | None:
        """The size below the reference that is nearest to its half; the smaller one of two."""
        below = [int(size) for size in self.curve.index if size < self.reference]
        return min(below, key=lambda size: abs(size - self.reference / 2), default=None)

    @property
    def first_failing(self) -> int | None:
        """The largest size below the sufficient one: where the sequence of tests stopped."""
        below = [int(size) for size in self.curve.index if size < self.sufficient]
        return max(below, default=None)

    @property
    def most_accurate(self) -> int:
        """The size with the best mean score, the smallest of them where several have it."""
        gain = self.metric.sign * self.scores
        return int(self.curve["n_train"].iloc[int(gain.argmax())])

    def passes_saved_share(self, n_train: int) -> float:
        """Share (0-1) of the examples that pass in a training on the reference size that it saves.

        An example passes once in each epoch.
        """
        epochs = self.runs.groupby("n_train")["epochs"].mean()
        passed, whole = (float(epochs[size]) * size for size in (n_train, self.reference))
        return 1 - passed / whole

    def pairs(self, n_train: int) -> int:
        """How many seeds ran at a size and at the reference."""
        seeds = [
            set(self.runs.loc[self.runs["n_train"] == size, "seed"])
            for size in (n_train, self.reference)
        ]
        return len(seeds[0] & seeds[1])

    @property
    def margin(self) -> float:
        """The non-inferiority margin, a share of 1 or of the reference's mean."""
        return float(self.recommendation["margin"])

    @property
    def allowed_loss(self) -> float:
        """The margin in the metric's own unit."""
        return self.metric.allowed_loss(float(self.scores[self.reference]), self.margin)

    @property
    def confidence(self) -> float:
        """The confidence of intervals and tests, a share of 1."""
        return float(self.recommendation["confidence"])
