"""What a rule would have done on curves whose ends are known, and how often that is wrong."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backtest.curves import Curves, Floats
from backtest.rules import FEWEST_SIZES, Rule, first_seed_then_more

BOOTSTRAPS = 1000
CONFIDENCE = 0.95


@dataclass(frozen=True, eq=False)
class Replay:
    """Of each draw of seeds and curve, shape (D, C).

    Attributes:
        stopped: the rule stopped below the full size.
        false: it did, although the true gain from there to the full size exceeds the margin.
        price: share of the whole ladder's training time that was spent; of one seed's ladder where
            seeds are added.
        full_trainings: what was spent, in trainings at the full size of one seed.
        saved: what each later training on the size of the stop saves, in the same unit.
    """

    stopped: NDArray[np.bool_]
    false: NDArray[np.bool_]
    price: Floats
    full_trainings: Floats
    saved: Floats

    @property
    def payback(self) -> float:
        """Mean of what a study spends over the mean of what each later training then saves."""
        return float(self.full_trainings.mean() / self.saved.mean())


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
    return _ended(curves, stops, np.full(scores.shape[:3], scores.shape[-1]), margin)


def replay_adaptive(curves: Curves, scores: Floats, z: float, margin: float) -> Replay:
    """The same with one seed, to which the others are added where noise alone blocks the stop.

    Args:
        curves: C curves.
        scores: (D, C, K, S) the scores of the seeds that may be trained.
        z: standard errors that the rule adds.
        margin: the loss in score that is accepted.
    """
    with np.errstate(invalid="ignore"):
        stops, more = first_seed_then_more(curves.sizes, scores, margin, z)
    at = _first(curves, stops)
    beyond = np.arange(stops.shape[-1]) > at[..., np.newaxis]
    # What would be asked for beyond the stop is never trained; the size before gets the seeds too.
    asked = more & ~beyond
    trained = asked.copy()
    trained[..., :-1] |= asked[..., 1:]
    return _ended(curves, stops, np.where(trained, scores.shape[-1], 1), margin)


def _first(curves: Curves, stops: NDArray[np.bool_]) -> NDArray[np.intp]:
    """(D, C) where each curve is stopped; at the full size nothing is left to spare."""
    stops = stops & (np.isfinite(curves.sizes).cumsum(axis=1) >= FEWEST_SIZES)
    stops[..., -1] = True
    return stops.argmax(axis=-1)


def _ended(
    curves: Curves, stops: NDArray[np.bool_], seeds: NDArray[np.int_], margin: float
) -> Replay:
    """Check the stops; `seeds` (D, C, K) were trained at each size."""
    at = _first(curves, stops)
    rows = np.arange(len(curves.full))
    left = curves.truth[:, -1] - curves.truth[rows, at]
    stopped = at < curves.sizes.shape[1] - 1
    one_seed = np.nansum(curves.seconds, axis=1)
    spent = np.nancumsum(seeds * curves.seconds, axis=-1)
    spent = np.take_along_axis(spent, at[..., np.newaxis], axis=-1)[..., 0]
    full = curves.seconds[:, -1]
    return Replay(
        stopped,
        stopped & (left > margin),
        spent / (seeds[..., 0] * one_seed),
        spent / full,
        1.0 - curves.seconds[rows, at] / full,
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
