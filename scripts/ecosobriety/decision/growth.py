"""May a study stop growing? The bound on what the sizes still to come can bring.

From an eighth of the full size on, suppose that every doubling still to come brings as much as the
last one did, and add z standard errors for the luck of the seeds. If that is no more than the
margin, stop. `docs/backtest.md` shows how often the rule is wrong on real learning curves.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ecosobriety.study_config.plan import (
    FIRST_SHARE,
    POOLED_BENDS,
    POOLED_GAINS,
    SMALLEST_DECIDED,
)

Floats = NDArray[np.float64]

TAME_Z = 1.25
"""Standard errors to add for learners that LCDB covers well: at most 5 % of curves end falsely."""
NETWORK_Z = 2.5
"""For neural networks: on LCDB's few, 1.25 errs more often."""
Decision = Literal["stop", "grow", "undecided"]


@dataclass(frozen=True, eq=False)
class GrowthBound:
    """What a ladder of sizes says at each of its sizes; NaN where too few sizes were measured.

    Attributes:
        gain_per_doubling: mean gain of the last doubling, in the score's unit.
        doublings_left: log2(full size / size).
        standard_error: of that gain, pooled over the last three doublings.
        bound: doublings_left * max(gain_per_doubling, 0) + z * standard_error.
    """

    gain_per_doubling: Floats
    doublings_left: Floats
    standard_error: Floats
    bound: Floats


def bound_growth(n_train: Floats, scores: Floats, full_n_train: Floats, z: float) -> GrowthBound:
    """Bound what growing to the full size can bring, at each size of a ladder.

    Args:
        n_train: (..., K) ascending sizes; NaN in front where a ladder is shorter.
        scores: (..., K, S) the score of each size and seed, the higher the better; the sets of one
            seed are nested, so that gains are paired by seed. The first seed ran at every size;
            where others are NaN, they ran at the last two alone.
        full_n_train: (...) the size that one would train on otherwise.
        z: standard errors to add.

    Returns:
        Arrays (..., K).
    """
    log_sizes = np.log2(n_train)
    doublings_left = np.log2(full_n_train)[..., np.newaxis] - log_sizes
    gains = np.diff(scores, axis=-2) / np.diff(log_sizes, axis=-1)[..., np.newaxis]
    if scores.shape[-1] == 1:
        gain, standard_error = _pad(gains[..., 0], 1), _from_bends(scores)
    elif np.isnan(scores[..., 0, 1:]).all() and np.isfinite(scores[..., 0, 0]).any():
        gain, standard_error = _of_pair(scores, gains)
    else:
        gain, standard_error = _pad(gains.mean(axis=-1), 1), _standard_error(gains)
    bound = doublings_left * np.maximum(gain, 0.0) + z * standard_error
    return GrowthBound(gain, doublings_left, standard_error, bound)


def may_decide(n_train: Floats, full_n_train: Floats) -> NDArray[np.bool_]:
    """Where a ladder is long enough for a decision: (..., K), as for `bound_growth`."""
    enough = n_train >= FIRST_SHARE * np.asarray(full_n_train)[..., np.newaxis]
    return np.asarray(enough & (n_train >= SMALLEST_DECIDED))


def decide_growth(
    n_train: list[int],
    scores: Floats,
    full_n_train: int,
    margin: float,
    z: float,
    finest: float = 0.0,
    lost: float | None = 0.0,
) -> dict[str, Any]:
    """Decide at the largest size of a ladder whether the next one is worth training.

    Args:
        n_train: the K sizes that are trained, ascending.
        scores: (K, S) the score of each size and seed, the higher the better; as for
            `bound_growth`.
        full_n_train: the size that one would train on otherwise.
        margin: the loss in score that one accepts.
        z: standard errors to add for the luck of the seeds.
        finest: what one test example is worth. The bound is at least that: on few test examples,
            seeds agree whether or not there is a gain.
        lost: what the scores may lack for other reasons than the size, as for fewer epochs; it is
            part of the bound. None: that is not known, and no bound is.

    Returns:
        The numbers of the decision: `n_train`, `full_n_train`, `seeds`, `gain_per_doubling`,
        `doublings_left`, `standard_error`, `z`, `bound`, `margin`, `decision` and `reason`. What
        cannot be known yet is null; the decision is then `undecided`.
    """
    sizes, full = np.array(n_train, float), np.array(full_n_train, float)
    found = bound_growth(sizes, scores, full, z)
    numbers = {
        name: float(values[-1]) if np.isfinite(values[-1]) else None
        for name, values in vars(found).items()
    }
    bound = None
    if numbers["bound"] is not None and lost is not None:
        bound = max(numbers["bound"], finest) + lost
    decision: Decision
    if sizes[-1] >= full:
        decision, reason = "stop", "full_size"
    elif numbers["bound"] is None:
        # As where a budget ended: of the other seeds, some lack there.
        lone = scores.shape[-1] > 1 > int(np.isfinite(scores[-1, 1:]).sum())
        decision, reason = "undecided", "too_few_seeds" if lone else "too_few_sizes"
    elif not may_decide(sizes, full)[-1]:
        small = sizes[-1] < SMALLEST_DECIDED
        decision, reason = "undecided", "too_few_examples" if small else "below_an_eighth"
    elif bound is None:
        decision, reason = "grow", "epochs_unknown"
    elif bound <= margin:
        decision, reason = "stop", "bound_within_margin"
    else:
        decision, reason = "grow", "bound_above_margin"
    return {
        "n_train": n_train[-1],
        "full_n_train": full_n_train,
        "seeds": int(np.isfinite(scores[-1]).sum()),
        "gain_per_doubling": numbers["gain_per_doubling"],
        "doublings_left": numbers["doublings_left"],
        "standard_error": numbers["standard_error"],
        "z": z,
        "bound": bound,
        "margin": margin,
        "decision": decision,
        "reason": reason,
    }


def _standard_error(gains: Floats) -> Floats:
    """Root of the mean of the last three gains' squared standard errors, (..., K-1, S) to (..., K).

    One luck is estimated three times rather than once: with few seeds a single one is often small
    by chance.
    """
    squared = gains.var(axis=-1, ddof=1) / gains.shape[-1]
    if squared.shape[-1] < POOLED_GAINS:
        return np.full((*squared.shape[:-1], squared.shape[-1] + 1), np.nan)
    pooled = sliding_window_view(squared, POOLED_GAINS, axis=-1).mean(axis=-1)
    return _pad(np.sqrt(pooled), POOLED_GAINS)


def _from_bends(scores: Floats) -> Floats:
    """The same of a single seed, off the curve's roughness, (..., K, 1) to (..., K).

    A smooth curve hardly bends from one doubling to the next; what bends is noise. The second
    difference of three scores has six times the variance of one, and a gain has twice.
    """
    mean = scores[..., 0]
    if mean.shape[-1] < POOLED_BENDS + 2:
        return np.full(mean.shape, np.nan)
    noise = np.diff(mean, n=2, axis=-1) ** 2 / 6
    pooled = sliding_window_view(noise, POOLED_BENDS, axis=-1).mean(axis=-1)
    return _pad(np.sqrt(2 * pooled), POOLED_BENDS + 1)


def _of_pair(scores: Floats, gains: Floats) -> tuple[Floats, Floats]:
    """Gain and standard error where only the last two sizes have more seeds than the first one.

    The variance of one seed's gain is known from two sides: the first seed's roughness, which
    counts as `POOLED_BENDS` degrees of freedom, and the seeds of the last gain, one less than
    there are.
    """
    seeds = scores.shape[-1]
    bends = _from_bends(scores[..., :1]) ** 2
    of_seeds = gains[..., -1, :].var(axis=-1, ddof=1)
    pooled = (POOLED_BENDS * bends[..., -1] + (seeds - 1) * of_seeds) / (POOLED_BENDS + seeds - 1)
    gain, error = _pad(gains[..., 0], 1), np.sqrt(bends)
    gain[..., -1], error[..., -1] = gains[..., -1, :].mean(axis=-1), np.sqrt(pooled / seeds)
    return gain, error


def _pad(values: Floats, places: int) -> Floats:
    """Put NaN in front of the last axis."""
    empty = np.full((*values.shape[:-1], places), np.nan)
    return np.concatenate([empty, values], axis=-1)
