"""One table of several studies: what each of their models takes and reaches, and by how much.

Each model has two rows: `same_size`, the largest size that it has in common with its baseline, and
`sufficient`, the size that is enough for each. Its baseline is the first study's model of the same
name, or else the first study's first.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from ecosobriety.decision import mean_interval
from ecosobriety.decision.intervals import Floats, comparable_values
from ecosobriety.decision.ratios import (
    UNKNOWN,
    Bounded,
    ScoreDifference,
    difference_of_scores,
    ratio_of_means,
)
from ecosobriety.studies import comparable
from ecosobriety.studies.comparable import Allowed
from ecosobriety.studies.finished import Finished
from ecosobriety.tables import GRID_SOURCE, check_table, table_schema

SAME_SIZE, SUFFICIENT = "same_size", "sufficient"
_FULL_COVERAGE = 1.0


@dataclass(frozen=True)
class Member:
    """One model of a study, at its own reference and sufficient sizes."""

    study: Finished
    result: Mapping[str, Any]

    @property
    def model(self) -> str:
        """The model's name."""
        return str(self.result["model"])

    @property
    def reference(self) -> int:
        """The reference size."""
        return int(self.result["reference_n_train"])

    @property
    def sufficient(self) -> int | None:
        """The size that is enough; None: no size can be recommended."""
        size = self.result["configured"]["sufficient_n_train"]
        return None if size is None else int(size)

    @property
    def learns_nothing(self) -> str | None:
        """Why a model as good as this one may have learnt nothing; None: it has learnt more."""
        obstacle = self.result["configured"]["no_recommendation"]
        return str(obstacle) if obstacle in comparable.OF_A_CONSTANT_GUESS else None

    @cached_property
    def runs(self) -> pd.DataFrame:
        """The model's trainings."""
        runs = self.study.runs
        return runs[runs["model"] == self.model]

    def by_seed(self, column: str, n_train: int) -> pd.Series:
        """A column at a size, index seed, without what is missing."""
        rows = self.runs[self.runs["n_train"] == n_train]
        return rows.set_index("seed")[column].dropna().astype(float)

    def comparable(self, column: str, n_train: int | None, *, ratio: bool) -> Floats:
        """A column at a size, as the study's own tables average it; empty without a size."""
        if n_train is None:
            return np.empty(0)
        found = comparable_values(self.runs, column, self.reference, ratio=ratio)
        values = found.get(n_train, np.empty(0))
        return values[~np.isnan(values)]

    def cell(self, n_train: int, source: str) -> pd.Series:
        """What a training of a size emits and costs on a source; NaN where there is none."""
        table, coverage = self.study.scenarios, 0.0 if source == GRID_SOURCE else _FULL_COVERAGE
        rows = table[
            (table["model"] == self.model)
            & (table["n_train"] == n_train)
            & (table["country_iso3"] == self.study.country)
            & (table["source"] == source)
            & (table["coverage"] == coverage)
        ]
        return rows.iloc[0] if len(rows) else pd.Series(math.nan, index=table.columns, dtype=object)


def compare(studies: Sequence[Finished]) -> pd.DataFrame:
    """Put studies side by side.

    Args:
        studies: two or more; the first one has the baselines.

    Returns:
        The table `comparison`, in the order of the studies and of their results.
    """
    members = [
        Member(study, result) for study in studies for result in study.recommendation["results"]
    ]
    source = common_source(members)
    rows = [
        _row(member, _baseline_of(member, members), at, source)
        for at in (SAME_SIZE, SUFFICIENT)
        for member in members
    ]
    columns = list(table_schema("comparison").columns)
    return check_table("comparison", pd.DataFrame(rows)[columns], "the comparison")


def common_source(members: Sequence[Member]) -> str | None:
    """The electricity that costs are stated for: a source whose price all of them know.

    The countries' own mixes, where each has a price; else the source that costs the first study
    most at full coverage. None: no source is priced in all of them.
    """
    priced: list[set[str]] = []
    for member in members:
        table = member.study.scenarios
        own = table[(table["country_iso3"] == member.study.country) & table["cost"].notna()]
        whole = own[(own["source"] == GRID_SOURCE) | (own["coverage"] == _FULL_COVERAGE)]
        priced.append({str(source) for source in whole["source"]})
    common = set.intersection(*priced)
    if GRID_SOURCE in common or not common:
        return GRID_SOURCE if common else None
    first = members[0]
    return max(sorted(common), key=lambda s: float(first.cell(first.reference, s)["cost"]))


def _baseline_of(member: Member, members: Sequence[Member]) -> Member:
    first = [one for one in members if one.study is members[0].study]
    return next((one for one in first if one.model == member.model), first[0])


def _sizes(member: Member, baseline: Member, at: str) -> tuple[int | None, int | None]:
    """The sizes of a row and of its baseline; None: there is none."""
    if at == SUFFICIENT:
        return member.sufficient, baseline.sufficient
    common = {*member.runs["n_train"]} & {*baseline.runs["n_train"]}
    largest = int(max(common)) if common else None
    return largest, largest


def _row(member: Member, baseline: Member, at: str, source: str | None) -> dict[str, Any]:
    size, other = _sizes(member, baseline, at)
    study = member.study
    row: dict[str, Any] = {
        "study": study.name,
        "dataset": str(member.result["dataset"]),
        "model": member.model,
        "at": at,
        "baseline_study": baseline.study.name,
        "baseline_model": baseline.model,
        "n_train": size,
        "metric": study.metric.name,
        "country_iso3": study.country,
        "currency": str(study.config["cost"]["currency"]),
        "cost_source": source,
        "same_question": comparable.questions_agree(study, baseline.study),
    }
    row |= _amounts(member, size, source)
    if member is baseline:
        return row | _nothing_compared(None, member)
    if size is None or other is None:
        return row | _nothing_compared("no_answer" if at == SUFFICIENT else "no_common_size")
    return row | _compared(member, size, baseline, other, source)


def _amounts(member: Member, size: int | None, source: str | None) -> dict[str, Any]:
    """What a training of a size takes and reaches; all null without one."""
    metric, confidence = member.study.metric, float(member.study.recommendation["confidence"])
    found: dict[str, Any] = {"n_seeds": 0}
    for name, column, (lowest, highest) in (
        ("score", metric.test_column, (metric.lowest, metric.highest)),
        ("energy_kwh", "energy_kwh", (0.0, None)),
        ("duration_s", "train_duration_s", (0.0, None)),
    ):
        values = member.comparable(column, size, ratio=name != "score")
        found["n_seeds"] = max(found["n_seeds"], len(values))
        ends = (
            mean_interval(values, confidence, lowest=lowest, highest=highest)
            if len(values)
            else (math.nan,) * 3
        )
        found |= dict(zip((name, f"{name}_low", f"{name}_high"), ends, strict=True))
    mix = member.cell(size or 0, GRID_SOURCE)
    priced = member.cell(size or 0, source) if source else None
    for end in ("", "_low", "_high"):
        found[f"emissions_g{end}"] = mix[f"emissions_g{end}"]
        found[f"cost{end}"] = math.nan if priced is None else priced[f"cost{end}"]
    qualities = sorted(set(member.runs["energy_quality"]))
    found["energy_quality"] = qualities[0] if len(qualities) == 1 else "mixed"
    return found


def _nothing_compared(remark: str | None, baseline: Member | None = None) -> dict[str, Any]:
    """The columns of a row that has no ratio: the baseline's own, or one without a size."""
    itself = baseline is not None
    return {
        "is_baseline": itself,
        **_score(ScoreDifference(UNKNOWN, None), remark, itself),
        **{
            key: value
            for name in ("energy", "duration", "emissions", "cost")
            for key, value in _ratio(name, UNKNOWN, remark, itself).items()
        },
        "n_pairs": 0,
    }


def _score(found: ScoreDifference, remark: str | None, may_be: bool) -> dict[str, Any]:
    return {
        "score_comparable": may_be,
        "score_remark": remark,
        "score_diff": found.difference.value,
        "score_diff_lower": found.difference.low,
        "score_diff_upper": found.difference.high,
        "score_verdict": found.verdict,
    }


def _ratio(name: str, found: Bounded, remark: str | None, may_be: bool) -> dict[str, Any]:
    return {
        f"{name}_comparable": may_be,
        f"{name}_remark": remark,
        f"{name}_ratio": found.value,
        f"{name}_ratio_low": found.low,
        f"{name}_ratio_high": found.high,
    }


def _compared(
    member: Member, size: int, baseline: Member, other: int, source: str | None
) -> dict[str, Any]:
    study, theirs = member.study, baseline.study
    pair = comparable.pairs_by_seed(study, theirs)
    confidence = float(theirs.recommendation["confidence"])
    metric, scores = theirs.metric, comparable.scores_compare(study, theirs)
    found = ScoreDifference(UNKNOWN, None)
    if scores.may_be:
        found = difference_of_scores(
            member.by_seed(metric.test_column, size),
            baseline.by_seed(metric.test_column, other),
            float(theirs.recommendation["margin"]),
            confidence,
            metric,
            theirs.intake.counted(metric),
            pair=pair,
        )
        if baseline.learns_nothing is not None:
            # What a constant guess passes says nothing.
            found = replace(found, verdict=None)
            scores = replace(scores, remark=baseline.learns_nothing)
    energies = comparable.energies_compare(study, member.model, theirs, baseline.model)
    row: dict[str, Any] = {"is_baseline": False, "n_pairs": found.difference.pairs}
    row |= _score(found, scores.remark, scores.may_be)
    taken: dict[str, Bounded] = {}
    for name, column, allowed in (
        ("energy", "energy_kwh", energies),
        (
            "duration",
            "train_duration_s",
            comparable.durations_compare(study, member.model, theirs, baseline.model),
        ),
    ):
        taken[name] = UNKNOWN
        if allowed.may_be:
            sides = member.by_seed(column, size), baseline.by_seed(column, other)
            taken[name] = ratio_of_means(*sides, confidence, pair=pair)
        row["n_pairs"] = max(row["n_pairs"], taken[name].pairs)
        row |= _ratio(name, taken[name], allowed.remark, allowed.may_be)
    for name, column, allowed, electricity in (
        ("emissions", "emissions_g", comparable.emissions_compare(energies, study, theirs), "grid"),
        ("cost", "cost", comparable.costs_compare(energies, study, theirs, source), source),
    ):
        row |= _derived(
            name,
            _rates(member, size, baseline, other, (column, electricity)),
            taken["energy"],
            allowed,
        )
    return row


def _rates(
    member: Member, size: int, baseline: Member, other: int, what: tuple[str, str | None]
) -> float:
    """How many times as much a kWh emits or costs as one of the baseline's, the PUE included."""
    column, source = what
    if source is None:
        return math.nan
    ours, theirs = member.cell(size, source), baseline.cell(other, source)
    per_kwh = [
        float(cell[column]) / float(cell["energy_kwh"]) if cell["energy_kwh"] else math.nan
        for cell in (ours, theirs)
    ]
    return per_kwh[0] / per_kwh[1] if per_kwh[1] else math.nan


def _derived(name: str, rate: float, energy: Bounded, allowed: Allowed) -> dict[str, Any]:
    """The ratio of emissions or cost: that of the energies, at each side's own rate.

    Its bounds are those of the energies' ratio; how well a rate is known is not in them.
    """
    if not allowed.may_be:
        return _ratio(name, UNKNOWN, allowed.remark, may_be=False)
    if math.isnan(rate):
        missing = "intensity" if name == "emissions" else "price"
        return _ratio(name, UNKNOWN, missing, may_be=False)
    ends = (energy.value * rate, energy.low * rate, energy.high * rate)
    return _ratio(name, Bounded(*ends), allowed.remark, may_be=True)
