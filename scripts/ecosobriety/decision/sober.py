"""A sober study's decisions: from the trainings so far to the next size, to more seeds, or to stop.

`growth` holds the rule. Here it meets the runs of a study: which scores it gets, what a look with
one seed may leave open, and where the test part is too small to decide at all.
"""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from ecosobriety.decision.evidence import TestPart, curve_end, more_data
from ecosobriety.decision.fewer_epochs import EpochScores
from ecosobriety.decision.growth import NETWORK_Z, TAME_Z, decide_growth
from ecosobriety.decision.intervals import by_size_and_seed
from ecosobriety.decision.non_inferiority import finest_step
from ecosobriety.decision.rows import rows_of
from ecosobriety.metrics import ACCURACY, Metric

ADAPTIVE_Z = 1.5
"""In place of `TAME_Z` where seeds are added to some sizes only."""
FALSE_STOPS = {TAME_Z: 0.05, ADAPTIVE_Z: 0.05, NETWORK_Z: 0.038}
"""At most this share of all curves ends falsely: of LCDB's; with `NETWORK_Z`, of its MLPs'."""


@dataclass(frozen=True)
class GrowthRule:
    """What a study that grows decides by, besides its runs.

    Attributes:
        full_n_train: the size that one would train on otherwise, in examples; None: that of
            all the data, in a study that does not grow.
        margin: the loss that one accepts, of the metric, or a share of its mean where it is
            relative.
        z: standard errors to add; None: as many as `standard_errors` says.
        tame: whether the network's curves are like those that the smaller z was chosen on.
        adaptive: whether seeds are added where the noise alone forbids to stop.
        may_add_seeds: whether more seeds can still be trained for this decision.
        all_epochs: those of a training on the full size, where others may have fewer; None: all
            have as many.
    """

    full_n_train: int | None
    margin: float
    z: float | None
    tame: bool
    adaptive: bool
    may_add_seeds: bool
    all_epochs: int | None = None

    @property
    def standard_errors(self) -> float:
        """The z of the rule for a network."""
        if self.z is not None:
            return self.z
        if not self.tame:
            return NETWORK_Z
        return ADAPTIVE_Z if self.adaptive else TAME_Z


def decide(
    runs: pd.DataFrame,
    rule: GrowthRule,
    *,
    test_examples: float | None,
    epochs: pd.DataFrame | None = None,
    shortened: Collection[int] = (),
    metric: Metric = ACCURACY,
) -> dict[str, Any]:
    """Decide at the largest size that was trained.

    Args:
        runs: rows of the table `runs` of one data set and model. The first seed of the table's
            order, or each, has run at every size; others at the last two sizes only.
        rule: with a full size.
        test_examples: how many examples of equal weight a score is the share of; None: it is none.
        epochs: the rows of the table `epochs` of these runs; needed with `rule.all_epochs`.
        shortened: the sizes that were given fewer than all epochs.
        metric: what the scores are.

    Returns:
        `dataset`, `model`, what `growth.decide_growth` gives, and `sizes` and `scores` (of each
        size, by seed), from which the numbers follow, `test_standard_error`, that of the score
        for the sampling of the test part alone, null where the score is no share, and `rule`.
        The margin and the gains are in the metric's unit. Two more things may be decided:
        `more_seeds` (`noise_alone`: without the standard error it would stop), and `undecided` with
        the reason `test_part_too_small` (its own standard error, or what one test example is
        worth, is above the margin). And `epochs`, null without `all_epochs`::

            {all, trained, loss, next, reason}

        `trained` and `next` are the epochs of this size and of the next one; `loss` is the part of
        the bound for epochs that this one did without, null where that is not known; `reason` says
        why no epoch but the last was tested, null where others were.
    """
    assert rule.full_n_train is not None
    full_n_train = rule.full_n_train
    scores = by_size_and_seed(runs, metric.test_column)
    # The seed that ran at every size first: the noise is read off its curve.
    scores = scores[scores.count().sort_values(ascending=False, kind="stable").index]
    score = float(scores.iloc[-1].mean())
    allowed = metric.allowed_loss(score, rule.margin)
    sizes = [int(size) for size in scores.index]
    finest = finest_step(metric, test_examples)
    gains = metric.sign * scores
    of_epochs: dict[str, Any] | None = None
    lost: float | None = 0.0
    if rule.all_epochs is not None:
        assert epochs is not None, "needed with all_epochs"
        tested = EpochScores.of(epochs, metric.test_column, metric.sign, rule.all_epochs, shortened)
        gains, lost = tested.at_equal_epochs(gains), tested.losses[sizes[-1]]
        of_epochs = tested.describe(allowed, _why_untested(epochs, sizes[-1]))
    found = decide_growth(
        sizes, gains.to_numpy(), full_n_train, allowed, rule.standard_errors, finest, lost
    )
    error = _test_standard_error(score, test_examples if finest else None)
    if found["decision"] in ("stop", "grow") and sizes[-1] < full_n_train:
        if error is not None and max(error, finest) > allowed:
            found |= {"decision": "undecided", "reason": "test_part_too_small"}
        elif rule.may_add_seeds and _noise_alone_forbids(found, allowed, lost):
            found |= {"decision": "more_seeds", "reason": "noise_alone"}
    return {
        **{name: str(runs[name].iloc[0]) for name in ("dataset", "model")},
        **found,
        "test_standard_error": error,
        "epochs": of_epochs,
        "rule": asdict(rule),
        "sizes": sizes,
        "scores": {
            str(size): {
                str(seed): float(value)
                for seed, value in zip(scores.columns, row, strict=True)
                if not np.isnan(value)
            }
            for size, row in zip(sizes, scores.to_numpy(), strict=True)
        },
    }


def undecided(dataset: str, model: str, n_train: int, rule: GrowthRule) -> dict[str, Any]:
    """The decision on a model none of whose trainings a budget had room for."""
    return {
        **{"dataset": dataset, "model": model, "n_train": n_train, "epochs": None},
        **{"decision": "undecided", "reason": "budget", "rule": asdict(rule)},
    }


def _why_untested(epochs: pd.DataFrame, n_train: int) -> str | None:
    """Why no epoch but the last was tested at a size; None: others were."""
    whys = epochs.loc[epochs["n_train"] == n_train, "only_last_reason"].dropna()
    return None if whys.empty else str(whys.iloc[0])


def _noise_alone_forbids(found: Mapping[str, Any], allowed: float, lost: float | None) -> bool:
    """Whether a study that goes on would stop without the standard error."""
    if found["decision"] != "grow" or lost is None:
        return False
    to_come = found["doublings_left"] * max(found["gain_per_doubling"], 0.0)
    return bool(to_come + lost <= allowed)


def _test_standard_error(score: float, test_examples: float | None) -> float | None:
    """Of a share of the test examples; None: it is not known of how many.

    Two right and two wrong answers are added (Agresti and Coull, 1998): without them, a score of
    100 % on ten examples would have no error at all.
    """
    if test_examples is None:
        return None
    share = (float(np.clip(score, 0.0, 1.0)) * test_examples + 2) / (test_examples + 4)
    return math.sqrt(share * (1 - share) / (test_examples + 4))


def add_growth(
    recommendation: Mapping[str, Any],
    decisions: Sequence[Mapping[str, Any]],
    runs: pd.DataFrame,
    rules: Mapping[str, GrowthRule],
    *,
    data: TestPart,
    metric: Metric = ACCURACY,
    ladder: Sequence[int] = (),
    epochs: pd.DataFrame | None = None,
) -> dict[str, Any]:
    """Add the rule's bounds to each result of a recommendation, and the answer it stopped with.

    Args:
        recommendation: as `recommend` gives it.
        decisions: all that `decide` gave, in the order of the sizes; none: the study does not grow.
        runs: the table `runs`.
        rules: for each model.
        data: what is known of the data.
        metric: what the scores are.
        ladder: the sizes that a study that grows may train.
        epochs: the table `epochs`; needed where a rule has `all_epochs`.

    Returns:
        A copy in which each result has `bounds`, a DECISION for each size up to the full one: that
        which was made, else what the rule says of the seeds that ran at every size. And `growth`,
        null without decisions, else::

            {full_n_train, stopped_n_train, gain_at_most, z, margin, decisions: [DECISION],
             untrained: [SIZE], error_rate: {false_of_all, reason}}

        `stopped_n_train` is null where the study ended before it could stop; `gain_at_most` is the
        bound of the last decision on what the full size would bring, or what a perfect score would,
        if that is less; null where there is none. A DECISION is one of the arguments without its
        rule and scores. `untrained` are the sizes of the ladder beyond the last decision.
        `error_rate` is the share of all curves of the backtest that the rule stopped falsely, null
        where the study chose its own z.
    """
    results = []
    for result in recommendation["results"]:
        case = (result["dataset"], result["model"])
        own = [found for found in decisions if (found["dataset"], found["model"]) == case]
        # What a study that did not grow might have done is told of all of the data, as one that
        # grows has them.
        most = max(int(result["reference_n_train"]), data.train_examples)
        full = rules[result["model"]].full_n_train or most
        rule = replace(rules[result["model"]], full_n_train=full)
        finest = finest_step(metric, data.counted(metric))
        growth = _growth(own, rows_of(result, runs), metric, ladder, finest) if own else None
        tested = None if epochs is None else rows_of(result, epochs)
        at = partial(decide, rule=rule, test_examples=data.counted(metric), metric=metric)
        bounds = _bounds(rows_of(result, runs), tested, own, at, full)
        moved = _at_equal_epochs(rows_of(result, runs), tested, own, rule, metric)
        beyond = {} if moved is None else _beyond(result, moved, data, metric)
        results.append({**result, **beyond, "bounds": bounds, "growth": growth})
    return {**recommendation, "results": results}


def _at_equal_epochs(
    runs: pd.DataFrame,
    epochs: pd.DataFrame | None,
    decisions: Sequence[Mapping[str, Any]],
    rule: GrowthRule,
    metric: Metric,
) -> pd.DataFrame | None:
    """The scores (sizes, seeds) as the decisions take them; None: all sizes had as many epochs."""
    of_epochs = {found["n_train"]: found.get("epochs") for found in decisions}
    shortened = [n for n, each in of_epochs.items() if each and each["trained"] < each["all"]]
    if epochs is None or rule.all_epochs is None or not shortened:
        return None
    column, sign = metric.test_column, metric.sign
    tested = EpochScores.of(epochs, column, sign, rule.all_epochs, shortened)
    return sign * tested.at_equal_epochs(sign * by_size_and_seed(runs, column))


def _beyond(
    result: Mapping[str, Any], scores: pd.DataFrame, data: TestPart, metric: Metric
) -> dict[str, Any]:
    """What more data would bring, from other scores than those of the trainings' ends."""
    more = [
        {**one, **more_data(scores, data, metric, one["factor"], one["z"])}
        for one in result["more_data"]
    ]
    end = result["curve_end"]
    return {"more_data": more, "curve_end": curve_end(scores, data, metric, end["z"])}


def _bounds(
    runs: pd.DataFrame,
    epochs: pd.DataFrame | None,
    decisions: Sequence[Mapping[str, Any]],
    decide_at: Callable[..., Mapping[str, Any]],
    full_n_train: int,
) -> list[dict[str, Any]]:
    """What the rule says at each size, from the smallest up."""
    made = {decision["n_train"]: decision for decision in decisions}
    sizes = sorted(int(size) for size in runs["n_train"].unique())
    ran = runs.groupby("seed")["n_train"].nunique()
    everywhere = runs[runs["seed"].isin(ran.index[ran == len(sizes)])]
    if everywhere.empty:
        return [_without_scores(decision) for decision in decisions]
    return [
        _without_scores(
            made.get(size)
            or decide_at(
                everywhere[everywhere["n_train"] <= size],
                epochs=None if epochs is None else epochs[epochs["n_train"] <= size],
            )
        )
        for size in sizes
        if size <= full_n_train
    ]


def _without_scores(decision: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in decision.items() if key not in ("rule", "sizes", "scores")}


def _growth(
    decisions: Sequence[Mapping[str, Any]],
    runs: pd.DataFrame,
    metric: Metric,
    ladder: Sequence[int],
    finest: float,
) -> dict[str, Any]:
    last, gain_at_most = decisions[-1], 0.0
    if last["n_train"] < last["full_n_train"]:
        reached = runs.loc[runs["n_train"] == last["n_train"], metric.test_column].mean()
        # No score is better than the best one, and no test part sees less than an example.
        most = max(metric.most_gain(float(reached)), finest)
        gain_at_most = last["bound"] and min(last["bound"], most)
    rate = FALSE_STOPS.get(last["z"])
    return {
        "full_n_train": last["full_n_train"],
        "stopped_n_train": last["n_train"] if last["decision"] == "stop" else None,
        "gain_at_most": gain_at_most,
        "z": last["z"],
        "margin": last["margin"],
        "decisions": [_without_scores(decision) for decision in decisions],
        "untrained": [size for size in ladder if size > last["n_train"]],
        "error_rate": {"false_of_all": rate, "reason": None if rate else "own_z"},
    }
