"""What a study can recommend at all, and what lies beyond the end of its curve.

A size that is not worse than the reference is worth a recommendation only where the reference
itself is worth something: a network that always gives the same answer is never worse than another
one. And a margin finer than what one test example is worth cannot be distinguished from none.
"""

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from ecosobriety.decision.intervals import Floats, one_sided_t_test, share_bound
from ecosobriety.decision.non_inferiority import ACCURACY_DECIMALS, ROUNDING, finest_step
from ecosobriety.metrics import Metric

Obstacle = Literal["margin_unresolved", "baseline_not_beaten"]

NOISE_FACTOR = 2.5
"""z of the stopping rule for neural networks; see `more_data`."""

GAINS_OF_NOISE = 3
"""The rule takes the noise from the last three steps of the ladder."""


@dataclass(frozen=True)
class TestPart:
    """What a decision needs to know of the data.

    Attributes:
        baseline: the score of always giving the answer that the training part suggests.
        test_examples: how many examples the scores rest on.
        train_examples: how many there are to learn from, those that no size uses among them.
    """

    __test__ = False  # no test for pytest

    baseline: float
    test_examples: int
    train_examples: int


def resolves(margin: float, test_examples: int, metric: Metric) -> bool:
    """Whether one test example is worth no more than the margin.

    An error that is averaged, such as the RMSE, has no smallest step.
    """
    return metric.highest is None or margin * test_examples >= 1 - ROUNDING


def find_obstacle(
    reference: Floats, data: TestPart, margin: float, confidence: float, metric: Metric
) -> Obstacle | None:
    """Why no size can be recommended at a margin; None where one can.

    The baseline is treated as if it were a size: it must be shown to be worse than the reference by
    more than the margin, by the one-sided t test that the sizes are put to. Where it is not, the
    margin lets pass what has learnt nothing. One seed shows nothing; and where the seeds differ by
    less than one test example is worth, the test part's own sampling bounds what they show.

    Args:
        reference: the score of each seed at the reference size, none missing.
        data: what is known of the data.
        margin: a share of 1, or of the reference's mean where the metric's margin is relative.
        confidence: of the test, 0 to 1.
        metric: what the scores are.
    """
    if not resolves(margin, data.test_examples, metric):
        return "margin_unresolved"
    if reference.size < 2:
        return "baseline_not_beaten"
    allowed = margin * reference if metric.relative_margin else np.full_like(reference, margin)
    gain = metric.sign * (reference - data.baseline) - allowed
    if metric.highest is not None:
        gain = gain.round(ACCURACY_DECIMALS)
    test = one_sided_t_test(gain[:, np.newaxis], 0.0, confidence)
    shown = bool(test.lower[0] > 0)
    if shown and test.sd[0] < (1 - ROUNDING) * finest_step(metric, data.test_examples):
        better = float(test.mean[0]) + margin
        shown = share_bound(better, data.test_examples, confidence) > margin
    return None if shown else "baseline_not_beaten"


def more_data(scores: pd.DataFrame, data: TestPart, metric: Metric) -> dict[str, Any]:
    """Bound what more data than the largest size would bring.

        gain_at_most = R max(g, 0) + z SE

    with g the mean gain of the last step of the ladder per doubling, paired by seed, R the
    doublings from the largest size to all the data there are (one more doubling where the largest
    size is all of them), SE the root mean square of the standard errors of the last three gains,
    and z = 2.5. The form is that of a stopping rule that was calibrated on 1,722 learning curves
    (LCDB 1.0, Mohr et al., 2022); gains per doubling usually shrink, so that R g says too much. A
    curve that jumps later exceeds it.

    Args:
        scores: shape (sizes, seeds), index n_train rising, NaN where a run is missing.
        data: what is known of the data.
        metric: what the scores are.

    Returns:
        `n_train`, the largest size; `factor`, how many times more data it is about;
        `gain_per_doubling`, `standard_error` and `gain_at_most` in the metric's unit, more being
        better; these are null with a `reason`: `one_size` or `too_few_pairs`.
    """
    largest = int(scores.index.max())
    factor = max(data.train_examples / largest, 1.0)
    factor = factor if factor > 1 else 2.0
    answer: dict[str, Any] = {
        "n_train": largest,
        "factor": factor,
        "gain_per_doubling": None,
        "standard_error": None,
        "gain_at_most": None,
        "reason": None,
    }
    if len(scores) < 2:
        return answer | {"reason": "one_size"}
    doublings = np.diff(np.log2(scores.index.to_numpy(dtype=float)))[:, np.newaxis]
    gains = metric.sign * np.diff(scores.to_numpy(), axis=0) / doublings
    pairs = np.isfinite(gains).sum(axis=1)
    if pairs[-1] < 2:
        return answer | {"reason": "too_few_pairs"}
    last = gains[-GAINS_OF_NOISE:][pairs[-GAINS_OF_NOISE:] >= 2]
    errors = [row.std(ddof=1) / math.sqrt(row.size) for row in (r[np.isfinite(r)] for r in last)]
    gain = float(np.nanmean(gains[-1]))
    error = float(np.sqrt(np.mean(np.square(errors))))
    bound = math.log2(factor) * max(gain, 0.0) + NOISE_FACTOR * error
    if metric.highest is not None:
        # Less than one test example cannot be seen, whatever the seeds say.
        bound = max(bound, 1 / data.test_examples)
        bound = min(bound, metric.highest - float(np.nanmean(scores.to_numpy()[-1])))
    return answer | {
        "gain_per_doubling": gain,
        "standard_error": error,
        "gain_at_most": bound,
    }
