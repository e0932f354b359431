"""Which lever saves most without a worse score: fewer examples, fewer epochs, another model?

A setting is a model, a number of training examples and a number of epochs. It is compared with one
reference: the study's first model on the reference size, trained to its end. A setting that has one
difference to it belongs to that lever; one that differs in several is `combined`. What is
tested is non-inferiority by paired seeds, as of sizes (`non_inferiority`).

The chance of recommending any setting that is worse by more than the margin is at most
1 - confidence over the whole grid:

- Along each lever, settings are tested in a fixed sequence by descending energy (of examples and
  epochs, by their number), up to the first that fails.
- The levers share the error by Holm's procedure. The first test of each of L levers is at
  error / L; a lever whose whole sequence passes leaves its share to the others (the graphical
  procedure of Bretz, Maurer, Brannath and Posch, 2009, whose sequences of length one are Holm's,
  1979).
- There are too many combined settings to test them all. With `SEEDS_TO_CONFIRM` seeds or more, a
  third of the seeds choose one of them, and the others, which had no part in the choice, test it:
  with one half of the error, and the levers share the other half. On the way from the reference to
  the chosen setting one lever is changed after the other; the combined settings on this way are
  tested in this order, as a fixed sequence.

The settings of one training at several epochs are no trainings of their own, but that does no harm:
the pairs of a test are seeds, and seeds are independent.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np

from ecosobriety.decision.intervals import Floats
from ecosobriety.decision.non_inferiority import (
    allowed_shares,
    compare_scores,
    fixed_sequence,
)
from ecosobriety.metrics import ACCURACY, Metric
from ecosobriety.study_config.levers import REFERENCE, SEVERAL

SEEDS_TO_CONFIRM = 6
"""From so many seeds on, some choose a combined setting and the others test it."""
EXAMPLES, EPOCHS, COMBINED = "examples", "epochs", "combined"
"""Levers beside those of the models."""

_ENDS = ("lower", "upper")


class Setting(NamedTuple):
    """What is trained; `stop` is the epoch after which it is scored, 0 for its last one."""

    model: str
    n_train: int
    stop: int


@dataclass(frozen=True)
class Grid:
    """The settings of one data set, and what every seed of each came to.

    Args:
        settings: all of them.
        scores: shape (settings, seeds), none missing.
        energy_kwh: the training energy, same shape.
        reference: the setting that all are compared with.
        lever_of: the lever that each model is; `several` where it differs in more than one respect.
        epochs: how many each setting took; of one without, its `stop` says it.
    """

    settings: Sequence[Setting]
    scores: Floats
    energy_kwh: Floats
    reference: Setting
    lever_of: Mapping[str, str]
    epochs: Mapping[Setting, float] = field(default_factory=dict)

    @cached_property
    def score_of(self) -> dict[Setting, Floats]:
        """The scores of each setting, shape (seeds,)."""
        return dict(zip(self.settings, self.scores, strict=True))

    @cached_property
    def mean_energy_kwh(self) -> dict[Setting, float]:
        """Of each setting, over its seeds."""
        return dict(zip(self.settings, self.energy_kwh.mean(axis=1).tolist(), strict=True))

    @cached_property
    def levers(self) -> dict[Setting, str]:
        """What each setting differs in from the reference."""
        return {setting: self._lever(setting) for setting in self.settings}

    @cached_property
    def sequences(self) -> dict[str, list[Setting]]:
        """Each lever's settings by descending energy, without those that take no less of it.

        Fewer examples and fewer epochs are less work: they are all there, in the order of their
        work, and not of energies that a machine's other load has disturbed.
        """
        energy = self.mean_energy_kwh
        work = {EXAMPLES: lambda one: one.n_train, EPOCHS: self._epochs}
        found: dict[str, list[Setting]] = {}
        for setting, lever in self.levers.items():
            amount = work.get(lever, energy.__getitem__)
            if lever != REFERENCE and amount(setting) < amount(self.reference):
                found.setdefault(lever, []).append(setting)
        return {
            lever: sorted(own, key=work.get(lever, energy.__getitem__), reverse=True)
            for lever, own in found.items()
        }

    def _epochs(self, setting: Setting) -> float:
        # The last of a training whose epochs are not known comes after all others.
        return self.epochs.get(setting, setting.stop) or math.inf

    def _lever(self, setting: Setting) -> str:
        changed = [
            lever
            for lever, own, reference in zip(
                (self.lever_of[setting.model], EXAMPLES, EPOCHS),
                setting,
                self.reference,
                strict=True,
            )
            if own != reference
        ]
        if not changed:
            return REFERENCE
        return COMBINED if len(changed) > 1 or SEVERAL in changed else changed[0]


@dataclass(frozen=True)
class Tested:
    """What a test of one setting against the reference found.

    `diff_mean` and `diff_lower` say how much better the setting is, in the metric's unit.
    """

    verdict: str
    verdict_reason: str | None
    n_seeds: int
    confidence: float
    diff_mean: float
    diff_lower: float


@dataclass(frozen=True)
class Rule:
    """By what settings are tested: the margin, and what is needed to apply it."""

    margin: float
    confidence: float
    metric: Metric = ACCURACY
    test_examples: float | None = None

    def test(
        self, grid: Grid, sequence: Sequence[Setting], seeds: slice, error: float
    ) -> dict[Setting, Tested]:
        """Test settings of a grid in a fixed sequence against its reference.

        Args:
            grid: the settings.
            sequence: those to test, in this order.
            seeds: the columns of the scores to test them by.
            error: the chance of passing any that is worse by more than the margin.
        """
        reference, sign = grid.score_of[grid.reference][seeds], self.metric.sign
        found = [
            compare_scores(
                grid.score_of[setting][seeds],
                reference,
                self.margin,
                1 - error,
                self.metric,
                self.test_examples,
            )
            for setting in sequence
        ]
        lower, upper = (np.array([getattr(c, f"gain_{end}") for c in found]) for end in _ENDS)
        verdicts = fixed_sequence(lower, upper, 0.0 if self.metric.relative_margin else self.margin)
        stopped = np.logical_or.accumulate(verdicts != "non_inferior")
        return {
            setting: Tested(
                str(verdict),
                "sequence_stopped" if later and verdict == "inconclusive" else None,
                one.n_pairs,
                1 - error,
                sign * one.diff_mean,
                sign * getattr(one, f"diff_{self.metric.bound}"),
            )
            for setting, one, verdict, later in zip(
                sequence, found, verdicts, [False, *stopped[:-1]], strict=True
            )
        }

    def gains(self, scores: Floats, reference: Floats) -> Floats:
        """How far each score is above the margin, in the metric's unit, shape (settings, seeds)."""
        allowed = (
            allowed_shares(reference, self.margin) if self.metric.relative_margin else self.margin
        )
        return np.asarray(self.metric.sign * (scores - reference) + allowed)


def run_tests(grid: Grid, rule: Rule) -> dict[Setting, Tested]:
    """Test the levers of a study, and one combined setting where there are seeds enough.

    Returns:
        The settings that were tested. The chance that any `non_inferior` among them is worse by
        more than the margin is at most 1 - rule.confidence.
    """
    error, n_seeds = 1 - rule.confidence, grid.scores.shape[1]
    sequences = {name: own for name, own in grid.sequences.items() if name != COMBINED}
    confirming = COMBINED in grid.sequences and n_seeds >= SEEDS_TO_CONFIRM
    tested = _test_levers(grid, rule, sequences, error / 2 if confirming else error)
    if confirming:
        choosing = max(2, n_seeds // 3)
        way = choose_way(grid, rule, choosing, error / 2)
        combined = [setting for setting in way if grid.levers[setting] == COMBINED]
        if combined:
            tested |= rule.test(grid, combined, slice(choosing, None), error / 2)
    return tested


def _test_levers(
    grid: Grid, rule: Rule, sequences: Mapping[str, Sequence[Setting]], error: float
) -> dict[Setting, Tested]:
    """Test each lever's sequence, those that pass as a whole leaving their share to the others."""
    waiting = dict(sequences)
    passed: dict[Setting, Tested] = {}
    while waiting:
        found = {
            name: rule.test(grid, settings, slice(None), error / len(waiting))
            for name, settings in waiting.items()
        }
        whole = [n for n, own in found.items() if _all_pass(own)]
        for name in whole or waiting:
            passed |= found[name]
        if not whole:
            break
        waiting = {name: own for name, own in waiting.items() if name not in whole}
    return passed


def _all_pass(tested: Mapping[Setting, Tested]) -> bool:
    return all(one.verdict == "non_inferior" for one in tested.values())


def choose_way(grid: Grid, rule: Rule, choosing: int, error: float) -> list[Setting]:
    """Choose a combined setting by some of the seeds, and the way to it from the reference.

    It is the cheapest that the other seeds would confirm if their mean were one standard error
    below that of these. The spread is one for all settings, as two seeds of one show little.

    Args:
        grid: the settings.
        rule: what they will be tested by.
        choosing: so many seeds choose, the first ones; two or more. The others test.
        error: of that test.

    Returns:
        The settings on the way, in which one lever is changed after the other, each time the one
        that leaves the best score; without those that were not trained. Empty where none is worth
        a test.
    """
    from scipy.special import stdtrit

    combined, testing = grid.sequences[COMBINED], grid.scores.shape[1] - choosing
    scores = np.array([grid.score_of[setting][:choosing] for setting in combined])
    gains = rule.gains(scores, grid.score_of[grid.reference][:choosing])
    spread = math.sqrt(gains.var(axis=1, ddof=1).mean())
    reach = stdtrit(testing - 1, 1 - error) / math.sqrt(testing)
    slack = math.sqrt(1 / choosing + 1 / testing)
    promising = np.flatnonzero(gains.mean(axis=1) > spread * (reach + slack))
    if not promising.size:
        return []
    means = {setting: float(own[:choosing].mean()) for setting, own in grid.score_of.items()}
    return way_between(grid.reference, combined[promising[-1]], means, rule.metric)


def way_between(
    reference: Setting, chosen: Setting, scores: Mapping[Setting, float], metric: Metric
) -> list[Setting]:
    """From the reference to a setting, one lever after the other: what leaves the best score first.

    Args:
        reference: where the way begins.
        chosen: where it ends.
        scores: the score of each setting that was trained.
        metric: what the scores are.

    Returns:
        The settings after the reference; one that was not trained is left out.
    """
    way, here = [], reference
    while here != chosen:
        further = [
            here._replace(**{field: value})
            for field, value in chosen._asdict().items()
            if getattr(here, field) != value
        ]
        here = max(
            further, key=lambda one: metric.sign * scores[one] if one in scores else -math.inf
        )
        if here in scores:
            way.append(here)
    return way
