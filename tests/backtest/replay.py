"""What a rule would have done on curves whose ends are known, and how often that is wrong."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backtest.curves import Curves, Floats
from backtest.rules import FEWEST_SIZES, Rule

BOOTSTRAPS = 1000
CONFIDENCE = 0.95


@dataclass(frozen=True, eq=False)
class Replay:
    """Of each draw of seeds and curve, shape (D, C).

    Attributes:
        stopped: the rule stopped below the full size.
        false: it did, although the true gain from there to the full size exceeds the margin.
        price: share of the whole ladder's training time that was spent.
        full_trainings: what was spent, in trainings at the full size of one seed.
    """

    stopped: NDArray[np.bool_]
    false: NDArray[np.bool_]
    price: Floats
    full_trainings: Floats


def replay(curves: Curves, scores: Floats, rule: Rule, margin: float) -> Replay:
    """Stop each curve where the rule first says so, from its fourth size on, and check it.

    Args:
        curves: C curves.
        scores: (D, C, K, S) the scores that the rule sees.
        rule: see `rules`.
        margin: the loss in score that is accepted.
    """
    with np.errstate(invalid="ignore"):
        stops = np.array(rule(curves.sizes, scores, margin))
    stops &= np.isfinite(curves.sizes).cumsum(axis=1) >= FEWEST_SIZES
    # At the full size nothing is left to spare.
    stops[..., -1] = True
    at = stops.argmax(axis=-1)
    rows = np.arange(len(curves.full))
    left = curves.truth[:, -1] - curves.truth[rows, at]
    stopped = at < curves.sizes.shape[1] - 1
    spent = np.nancumsum(curves.seconds, axis=1)
    return Replay(
        stopped,
        stopped & (left > margin),
        spent[rows, at] / spent[:, -1],
        scores.shape[-1] * spent[rows, at] / curves.seconds[:, -1],
    )


def interval(values: Floats, groups: NDArray[np.int64], seed: int = 0) -> tuple[float, float]:
    """Bootstrap interval of a mean over curves, with whole data sets drawn.

    Curves of one data set rise and fall together: each of them is no evidence of its own.

    Args:
        values: (C,) of each curve.
        groups: (C,) its data set.
        seed: decides the draws.
    """
    _, group = np.unique(groups, return_inverse=True)
    sums, counts = np.bincount(group, values), np.bincount(group)
    drawn = np.random.default_rng(seed).integers(len(counts), size=(BOOTSTRAPS, len(counts)))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    low, high = np.quantile(means, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)
