"""Rules that say at which size to stop; every rule sees the sizes up to there and nothing else.

Each is a function of (sizes (C, K), scores (D, C, K, S), margin) that gives (D, C, K) truth values:
whether it would stop at that size.
"""

import warnings
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from ecosobriety.decision.growth import bound_growth, may_decide

Floats = NDArray[np.float64]
Stops = NDArray[np.bool_]
Rule = Callable[[Floats, Floats, float], Stops]

FEWEST_SIZES = 4
"""No rule is asked before it has seen so many."""
EXPONENTS = np.geomspace(0.02, 2.0, 60)
"""Of the power law a * n^-b + c."""
TIME_CONSTANTS = np.geomspace(0.02, 5.0, 60)
"""Of the exponential a * exp(-n / (t N)) + c, in full sizes N."""


def sober(z: float) -> Rule:
    """The rule of this software, with z standard errors."""

    def rule(sizes: Floats, scores: Floats, margin: float) -> Stops:
        full = sizes[:, -1]
        found = bound_growth(sizes, scores, full, z)
        return (found.bound <= margin) & may_decide(sizes, full)

    return rule


def sober_twice(z: float) -> Rule:
    """The same, where two sizes in a row must pass."""

    def rule(sizes: Floats, scores: Floats, margin: float) -> Stops:
        full = sizes[:, -1]
        passed = bound_growth(sizes, scores, full, z).bound <= margin
        return passed & _before(passed) & may_decide(sizes, full)

    return rule


def first_seed_then_more(
    sizes: Floats, scores: Floats, margin: float, z: float
) -> tuple[Stops, Stops]:
    """The rule with adaptive seeds, as `decision.sober` applies it at each size.

    One seed runs at every size. Where its bound exceeds the margin for the noise alone, the others
    are added at that size and the one before, for this decision.

    Returns:
        Whether it stops, and whether it asks for more seeds: (D, C, K) each.
    """
    full = sizes[:, -1]
    once = bound_growth(sizes, scores[..., :1], full, z)
    allowed = may_decide(sizes, full)
    stops = (once.bound <= margin) & allowed
    gain = np.maximum(once.gain_per_doubling, 0.0)
    more = (once.bound > margin) & (once.doublings_left * gain <= margin) & allowed
    # At the full size there is nothing left to decide.
    more[..., -1] = False
    for k in np.flatnonzero(more.any(axis=(0, 1))):
        begins = int(np.isfinite(sizes[:, : k + 1]).any(axis=0).argmax())
        seen = scores[..., begins : k + 1, :].copy()
        seen[..., :-2, 1:] = np.nan
        found = bound_growth(sizes[:, begins : k + 1], seen, full, z)
        stops[..., k] |= more[..., k] & (found.bound[..., -1] <= margin)
    return stops, more


def last_doubling(sizes: Floats, scores: Floats, margin: float) -> Stops:
    """The last doubling gained at most the margin."""
    return _last_gain(scores) <= margin


def last_two_doublings(sizes: Floats, scores: Floats, margin: float) -> Stops:
    """The last two doublings gained at most the margin each."""
    small = last_doubling(sizes, scores, margin)
    return small & _before(small)


def without_noise(sizes: Floats, scores: Floats, margin: float) -> Stops:
    """What is left, at the last doubling's rate."""
    return _left_at(sizes, _per_doubling(sizes, _last_gain(scores))) <= margin


def mean_slope(sizes: Floats, scores: Floats, margin: float) -> Stops:
    """The convex bound, as in LCCV: what is left, at the last step's slope per example."""
    mean = scores.mean(axis=-1)
    slope = _last_gain(scores) / _pad(np.diff(sizes, axis=-1))
    known = np.isfinite(mean)
    return known & (slope * (sizes[:, -1:] - sizes) <= margin)


def optimistic_ends(sizes: Floats, scores: Floats, margin: float) -> Stops:
    """The same per doubling, from the low end of the size before to the high end of this one."""
    seeds = scores.shape[-1]
    if seeds == 1:
        return np.zeros(scores.shape[:-1], bool)
    half = stdtrit(seeds - 1, 0.975) * scores.std(axis=-1, ddof=1) / np.sqrt(seeds)
    gain = _last_gain(scores) + half + np.concatenate([half[..., :1], half[..., :-1]], axis=-1)
    return _left_at(sizes, _per_doubling(sizes, gain)) <= margin


def power_law(sizes: Floats, scores: Floats, margin: float) -> Stops:
    """A power law through all sizes so far, extrapolated to the full one."""
    at_full, _, now = _fit(sizes, scores, _powers(sizes))
    return now - at_full <= margin


def power_law_asymptote(sizes: Floats, scores: Floats, margin: float) -> Stops:
    """Within the margin of the power law's asymptote."""
    _, asymptote, now = _fit(sizes, scores, _powers(sizes))
    return now - asymptote <= margin


def exponential_asymptote(sizes: Floats, scores: Floats, margin: float) -> Stops:
    """Within the margin of an exponential's asymptote."""
    relative = sizes / sizes[:, -1:]
    _, asymptote, now = _fit(sizes, scores, np.exp(-relative / TIME_CONSTANTS[:, None, None]))
    return now - asymptote <= margin


def knee(log_sizes: bool) -> Rule:
    """A knee finder (kneed), on log2 n or on n, has found a knee in the sizes so far."""

    def rule(sizes: Floats, scores: Floats, margin: float) -> Stops:
        from kneed import KneeLocator

        mean = scores.mean(axis=-1)
        stops = np.zeros(mean.shape, bool)
        x_of = np.log2(sizes) if log_sizes else sizes
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for draw, curve in np.ndindex(mean.shape[:2]):
                known = np.flatnonzero(np.isfinite(mean[draw, curve]))
                x, y = x_of[curve][known], mean[draw, curve][known]
                for k in range(FEWEST_SIZES, len(known)):
                    found = KneeLocator(x[:k], y[:k], curve="concave", direction="increasing").knee
                    if found is not None:
                        stops[draw, curve, known[k - 1]] = True
                        break
        return stops

    return rule


def share_of_full(share: float) -> Rule:
    """Always the same share of the data, up to a doubling."""

    def rule(sizes: Floats, scores: Floats, margin: float) -> Stops:
        reached = np.log2(sizes / sizes[:, -1:]) >= np.log2(share) - 0.5
        return np.broadcast_to(reached, scores.shape[:-1])

    return rule


RULES: dict[str, Rule] = {
    "the last doubling gained at most m": last_doubling,
    "the same, twice in a row": last_two_doublings,
    "knee (kneed, x = log2 n)": knee(log_sizes=True),
    "knee (kneed, x = n)": knee(log_sizes=False),
    "power law extrapolated to N": power_law,
    "within m of the power law's asymptote": power_law_asymptote,
    "within m of the exponential's asymptote": exponential_asymptote,
    "R * g without a noise term": without_noise,
    "convex bound, mean slope (as in LCCV)": mean_slope,
    "convex bound, optimistic 95 % ends": optimistic_ends,
    "always N/4": share_of_full(1 / 4),
    "always N/2": share_of_full(1 / 2),
    "**the rule, z = 1.25**": sober(1.25),
    "the rule, z = 1.25, twice in a row": sober_twice(1.25),
    "the rule, z = 2.5": sober(2.5),
}


def _last_gain(scores: Floats) -> Floats:
    return _pad(np.diff(scores.mean(axis=-1), axis=-1))


def _per_doubling(sizes: Floats, gain: Floats) -> Floats:
    return gain / _pad(np.diff(np.log2(sizes), axis=-1))


def _left_at(sizes: Floats, gain: Floats) -> Floats:
    return np.log2(sizes[:, -1:] / sizes) * np.maximum(gain, 0.0)


def _pad(values: Floats) -> Floats:
    return np.concatenate([np.full((*values.shape[:-1], 1), np.nan), values], axis=-1)


def _before(passed: Stops) -> Stops:
    """Whether the size before passed."""
    return np.concatenate([np.zeros((*passed.shape[:-1], 1), bool), passed[..., :-1]], axis=-1)


def _powers(sizes: Floats) -> Floats:
    return np.asarray(sizes ** -EXPONENTS[:, None, None])


def _fit(sizes: Floats, scores: Floats, basis: Floats) -> tuple[Floats, Floats, Floats]:
    """Least squares of error = a x + c with a, c >= 0, for the best x of a grid, at each prefix.

    Args:
        sizes: (C, K).
        scores: (D, C, K, S).
        basis: (B, C, K) the candidates for x.

    Returns:
        The error now, less what the fit says of the full size and of its asymptote: as errors
        (D, C, K) at the full size, at the asymptote, and measured.
    """
    error = 1.0 - scores.mean(axis=-1)
    known = np.isfinite(error)
    y = np.where(known, error, 0.0)
    counted = known.cumsum(axis=-1)
    best = np.full(error.shape, np.inf)
    at_full, asymptote = np.full(error.shape, np.nan), np.full(error.shape, np.nan)
    for candidate in basis:
        x = np.where(known, candidate, 0.0)
        n = np.maximum(counted, 1)
        sum_x, sum_y = x.cumsum(axis=-1), y.cumsum(axis=-1)
        sum_xx, sum_xy = (x * x).cumsum(axis=-1), (x * y).cumsum(axis=-1)
        spread = sum_xx - sum_x**2 / n
        a = np.where(spread > 0, (sum_xy - sum_x * sum_y / n) / np.where(spread > 0, spread, 1), 0)
        a = np.maximum(a, 0.0)
        c = (sum_y - a * sum_x) / n
        through_origin = c < 0
        a = np.where(through_origin, sum_xy / np.where(sum_xx > 0, sum_xx, 1), a)
        c = np.where(through_origin, 0.0, c)
        squares = (y * y).cumsum(axis=-1) - 2 * (a * sum_xy + c * sum_y)
        squares += a * a * sum_xx + 2 * a * c * sum_x + n * c * c
        better = squares < best
        best = np.where(better, squares, best)
        at_full = np.where(better, a * candidate[:, -1:] + c, at_full)
        asymptote = np.where(better, c, asymptote)
    few = counted < FEWEST_SIZES
    return np.where(few, -np.inf, at_full), np.where(few, -np.inf, asymptote), error
