"""What is shown of a study's levers."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from ecosobriety.study.study import Study, pareto_front
from ecosobriety.study_config.levers import REFERENCE

SHOWN_MARGINS = 8.0
"""Settings that lose more than so many margins are left out of the figure."""


@dataclass(frozen=True)
class LeversView:
    """The settings of a study's data set beside the reference.

    Args:
        study: the study.
        table: its table `levers`.
        answer: what `decision.add_levers` says of it.
    """

    study: Study
    table: pd.DataFrame
    answer: Mapping[str, Any]

    @classmethod
    def of(cls, study: Study) -> "LeversView | None":
        """Of a study's one data set; None where it has no lever but the number of examples."""
        if study.levers is None:
            return None
        if set(study.levers["lever"]) <= {REFERENCE, "examples"}:
            return None
        (answer,) = study.recommendation["levers"]
        return cls(study, study.levers, answer)

    @property
    def reference(self) -> pd.Series:
        """The row of the reference."""
        return self.table.iloc[0]

    @property
    def left_out(self) -> list[tuple[str, int]]:
        """Models and sizes that lack seeds of the reference, as after a budget's end."""
        trained, compared = (
            set(table[["model", "n_train"]].itertuples(index=False, name=None))
            for table in (self.study.runs, self.table)
        )
        return sorted(trained - compared)

    @cached_property
    def way(self) -> pd.DataFrame:
        """From the reference to the recommended setting; the reference alone without one."""
        return self.table[self.table["path_step"].notna()].sort_values("path_step")

    @property
    def allowed_loss(self) -> float:
        """The margin in the metric's own unit."""
        margin = float(self.study.recommendation["margin"])
        return self.study.metric.allowed_loss(float(self.reference["score_mean"]), margin)

    @property
    def worst_score(self) -> float:
        """The score below which (where lower is better, above which) a setting is worse."""
        return float(self.reference["score_mean"]) - self.study.metric.sign * self.allowed_loss

    @cached_property
    def shown(self) -> pd.DataFrame:
        """The settings that a figure has room for: those that lose not too much, and the way."""
        loss = self.study.metric.sign * (self.reference["score_mean"] - self.table["score_mean"])
        near = loss <= SHOWN_MARGINS * self.allowed_loss
        rows: pd.DataFrame = self.table[near | self.table["path_step"].notna()]
        return rows

    @cached_property
    def on_front(self) -> pd.Series:
        """Whether nothing else is as good with as little energy."""
        table = self.table
        found = pareto_front(table["energy_kwh_mean"], table["score_mean"], self.study.metric)
        return pd.Series(found, index=table.index)
