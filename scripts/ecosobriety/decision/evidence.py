"""What a study can recommend at all, and what lies beyond the end of its curve.

A size that is not worse than the reference is worth a recommendation only where the reference
itself is worth something: a network that always gives the same answer is never worse than another
one. And a margin finer than what one test example is worth cannot be distinguished from none.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from ecosobriety.datasets.intake import Intake
from ecosobriety.decision.growth import NETWORK_Z, bound_growth
from ecosobriety.decision.intervals import Floats, one_sided_t_test, share_bound
from ecosobriety.decision.non_inferiority import (
    ACCURACY_DECIMALS,
    ROUNDING,
    allowed_shares,
    finest_step,
)
from ecosobriety.metrics import Metric
from ecosobriety.study_config.plan import POOLED_GAINS

Obstacle = Literal[
    "margin_unresolved",
    "baseline_not_beaten",
    "margin_too_wide",
    "full_size_untrained",
    "too_few_seeds",
]

GAINS_OF_NOISE = POOLED_GAINS
"""The rule takes the noise from the last three steps of the ladder."""


@dataclass(frozen=True)
class TestPart:
    """What a decision needs to know of the data.

    Attributes:
        baseline: the score of always giving the answer that the training part suggests; None: it is
            not known of the study's metric.
        test_examples: how many examples the scores rest on; None: not known.
        train_examples: how many there are to learn from, those that no size uses among them.
        class_counts: how many of the test examples each class has; None: not known, or no classes.
    """

    __test__ = False  # no test for pytest

    baseline: float | None
    test_examples: int | None
    train_examples: int
    class_counts: Sequence[int] | None = None

    @classmethod
    def of(cls, known: Intake, metric: Metric) -> "TestPart":
        """What a study that ran knows of its data."""
        assert known.train_examples is not None
        counts = (known.class_counts or {}).get("test")
        baseline = known.baseline_score(metric)
        return cls(baseline, known.test_examples, known.train_examples, counts)

    def counted(self, metric: Metric) -> float | None:
        """As `Metric.counted`."""
        return metric.counted(self.test_examples, self.class_counts)


def resolves(margin: float, counted: float | None) -> bool:
    """Whether one test example is worth no more than the margin, in the metric's unit.

    An error that is averaged, such as the RMSE, has no smallest step.
    """
    return counted is None or margin * counted >= 1 - ROUNDING


def find_obstacle(
    reference: Floats,
    data: TestPart,
    margin: float,
    confidence: float,
    metric: Metric,
    *,
    untrained: bool = False,
) -> Obstacle | None:
    """Why no size can be recommended at a margin; None where one can.

    A baseline that is known is treated as if it were a size: it must be shown to be worse than the
    reference by more than the margin, by the one-sided t test that the sizes are put to. Where it
    is not, the margin lets pass what has learnt nothing: it is too wide, if the reference is shown
    to beat the baseline at all. Where the seeds differ by less than one test example is worth, the
    test part's own sampling bounds what they show.

    A reference that is not the full size of a study that grows shows nothing about that, and one
    seed shows nothing about others; whether it beats the baseline is then judged by its mean.

    Args:
        reference: the score of each seed at the reference size, none missing.
        data: what is known of the data.
        margin: a share of 1, or of the reference's mean where the metric's margin is relative.
        confidence: of the test, 0 to 1.
        metric: what the scores are.
        untrained: whether the full size is larger than the reference, and was not trained.
    """
    allowed = (
        allowed_shares(reference, margin)
        if metric.relative_margin
        else np.full_like(reference, margin)
    )
    loss, counted = metric.allowed_loss(float(reference.mean()), margin), data.counted(metric)
    if not resolves(loss, counted):
        return "margin_unresolved"
    untested: Obstacle | None = "too_few_seeds" if reference.size < 2 else None
    if untrained:
        untested = "full_size_untrained"
    if data.baseline is None:
        return untested
    gain = metric.sign * (reference - data.baseline)
    if untested:
        if gain.mean() <= 0:
            return "baseline_not_beaten"
        return untested if (gain - allowed).mean() > 0 else "margin_too_wide"
    if _is_shown(gain - allowed, loss, counted, confidence, metric):
        return None
    beaten = _is_shown(gain, 0.0, counted, confidence, metric)
    return "margin_too_wide" if beaten else "baseline_not_beaten"


def _is_shown(
    gain: Floats, loss: float, counted: float | None, confidence: float, metric: Metric
) -> bool:
    """Whether a gain over the baseline, beyond a loss that is allowed, is above 0 on average.

    Args:
        gain: of each seed, in the metric's unit, without the loss.
        loss: in the same unit.
        counted: as `Metric.counted`.
        confidence: of the test.
        metric: what the scores are.
    """
    if metric.highest is not None:
        gain = gain.round(ACCURACY_DECIMALS)
    test = one_sided_t_test(gain[:, np.newaxis], 0.0, confidence)
    shown = bool(test.lower[0] > 0)
    if shown and counted and test.sd[0] < (1 - ROUNDING) * finest_step(metric, counted):
        won = float(test.mean[0]) + loss
        if loss == 0:
            # Any share is above 0: by the sign test, of so many examples won and none lost.
            return bool(0.5 ** (won * counted) < 1 - confidence)
        shown = share_bound(won, counted, confidence) > loss
    return shown


def curve_end(
    scores: pd.DataFrame, data: TestPart, metric: Metric, z: float = NETWORK_Z
) -> dict[str, Any]:
    """Bound what all the data there are would bring, as `more_data` does for other factors.

    Where the largest size is all of them, one more doubling is asked about.
    """
    factor = max(data.train_examples / int(scores.index.max()), 1.0)
    return more_data(scores, data, metric, factor if factor > 1 else 2.0, z)


def more_data(
    scores: pd.DataFrame, data: TestPart, metric: Metric, factor: float, z: float
) -> dict[str, Any]:
    """Bound what more data than the largest size would bring.

        gain_at_most = R max(g, 0) + z SE

    with g the mean gain of the last step of the ladder per doubling, paired by seed, R = log2 of
    the factor, and SE the root mean square of the standard errors of the last three gains (of a
    single seed, read off the curve's roughness). The form is that of the stopping rule of
    `growth`; gains per doubling usually shrink, so that R g says too much. A curve that jumps later
    exceeds it.

    Args:
        scores: shape (sizes, seeds), index n_train rising, NaN where a run is missing.
        data: what is known of the data.
        metric: what the scores are.
        factor: how many times more data than the largest size.
        z: standard errors to add.

    Returns:
        `n_train`, the largest size; `factor`; `z`; `gain_per_doubling`, `standard_error` and
        `gain_at_most` in the metric's unit, more being better; these are null with a `reason`:
        `one_size` or `too_few_pairs`.
    """
    answer: dict[str, Any] = {
        "n_train": int(scores.index.max()),
        "factor": float(factor),
        "z": z,
        "gain_per_doubling": None,
        "standard_error": None,
        "gain_at_most": None,
        "reason": None,
    }
    if len(scores) < 2:
        return answer | {"reason": "one_size"}
    found = _last_gain(scores, metric)
    if found is None:
        return answer | {"reason": "too_few_pairs"}
    gain, error = found
    bound = math.log2(factor) * max(gain, 0.0) + z * error
    bound = min(bound, metric.most_gain(float(np.nanmean(scores.to_numpy()[-1]))))
    # Less than one test example cannot be seen, whatever the seeds say, nor at a perfect score.
    bound = max(bound, finest_step(metric, data.counted(metric)))
    return answer | {
        "gain_per_doubling": gain,
        "standard_error": error,
        "gain_at_most": bound,
    }


def _last_gain(scores: pd.DataFrame, metric: Metric) -> tuple[float, float] | None:
    """The last step's gain per doubling and its standard error; None: it cannot be known."""
    sizes = scores.index.to_numpy(dtype=float)
    doublings = np.diff(np.log2(sizes))[:, np.newaxis]
    gains = metric.sign * np.diff(scores.to_numpy(), axis=0) / doublings
    pairs = np.isfinite(gains).sum(axis=1)
    if pairs[-1] < 2 or (pairs[:-1] < 2).any():
        # The rule reads a single one that ran at every size, and others that ran at the last two.
        ran = scores.count().sort_values(ascending=False, kind="stable").index
        for seeds in (ran, ran[scores[ran].iloc[-1].notna()], ran[:1]):
            few = metric.sign * scores[seeds].to_numpy()
            bound = bound_growth(sizes, few, np.array(sizes[-1]), NETWORK_Z)
            gain, error = float(bound.gain_per_doubling[-1]), float(bound.standard_error[-1])
            if np.isfinite([gain, error]).all():
                return gain, error
    if pairs[-1] < 2:
        return None
    last = gains[-GAINS_OF_NOISE:][pairs[-GAINS_OF_NOISE:] >= 2]
    errors = [row.std(ddof=1) / math.sqrt(row.size) for row in (r[np.isfinite(r)] for r in last)]
    return float(np.nanmean(gains[-1])), float(np.sqrt(np.mean(np.square(errors))))
