"""The learning curve error(n) = a n^-b + c: for display, never for the decision.

The form, with an irreducible error c, is the usual one (Cortes et al., 1994; Hestness et al.,
2017).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from ecosobriety.decision.intervals import Floats
from ecosobriety.metrics import Metric

MIN_SIZES = 4
"""With as many sizes as parameters the curve goes through every point and says nothing."""

MAX_EXPONENT = 5.0
"""Published exponents are below 2; a fit that wants more has seen a step and no power law."""

EXPONENTS = np.geomspace(1e-3, MAX_EXPONENT, 500)

_OFF_BOUND = 0.01
PRECISION = 1e-12
"""Where a search ends: on nearly a straight line, three parameters make up for one another, and
SciPy's 1e-8 leaves the errors 0.01 % off."""
BOUND_TOLERANCE = 1e-3
"""A parameter closer than this share of its range to a bound counts as lying on it."""

MAX_CONDITION = 1e12
"""Above this condition number a correlation matrix has lost nearly all of its 16 digits."""

RESAMPLES = 200
MIN_BAND_SEEDS = 3
"""Two seeds can be drawn in three ways only: no band can be read off that."""

BOOTSTRAP_SEED = 2022


@dataclass(frozen=True)
class PowerLaw:
    """A fitted error(n) = a n^-b + c, with n in training examples; the error as `Metric.error`.

    Where there is no usable fit, `converged` is false, the numbers are null and `reason` says why:
    `no_best_score` (nothing from which an error counts), `negative_error`, `too_few_sizes`,
    `not_decreasing`, `no_convergence`, `exponent_at_bound` or `singular_covariance`. Where
    c lies on one of its bounds, 0 or the smallest error, it is taken as known: `c_se` is null, and
    the other standard errors hold for that c.
    """

    a: float | None = None
    b: float | None = None
    c: float | None = None
    a_se: float | None = None
    b_se: float | None = None
    c_se: float | None = None
    converged: bool = False
    reason: str | None = None

    def error(self, n_train: ArrayLike) -> Floats:
        """The fitted error at training-set sizes, in its own unit; NaN without a usable fit."""
        sizes = np.asarray(n_train, dtype=float)
        if self.a is None or self.b is None or self.c is None:
            return np.full(sizes.shape, np.nan)
        return _power_law(sizes, self.a, self.b, self.c)


def fit_scores(scores: pd.DataFrame, metric: Metric) -> PowerLaw:
    """Fit the errors of mean scores.

    Args:
        scores: shape (sizes, seeds), index n_train, NaN where a run is missing.
        metric: what they are.
    """
    if not metric.has_error:
        return PowerLaw(reason="no_best_score")
    return fit_power_law(scores.index, metric.error(scores).mean(axis=1))


def fit_power_law(n_train: ArrayLike, error: ArrayLike) -> PowerLaw:
    """Fit error(n) = a n^-b + c by least squares, with a > 0, 0 < b <= 5, 0 <= c <= min error.

    Args:
        n_train: training-set sizes in examples, shape (sizes,).
        error: mean test error at each size (1 - accuracy, or the RMSE), same shape; one below 0 is
            no error.
    """
    sizes, errors = np.asarray(n_train, dtype=float), np.asarray(error, dtype=float)
    if errors.min() < 0:
        return PowerLaw(reason="negative_error")
    if len(np.unique(sizes)) < MIN_SIZES:
        return PowerLaw(reason="too_few_sizes")
    if np.polyfit(np.log(sizes), errors, 1)[0] > -np.finfo(float).eps:
        return PowerLaw(reason="not_decreasing")
    # Sizes in shares of the largest keep a and b from trading off over many orders of magnitude.
    scale = sizes.max()
    try:
        (a, b, c), covariance = _least_squares(sizes / scale, errors)
    except RuntimeError:  # how SciPy says that it ran out of evaluations
        return PowerLaw(reason="no_convergence")
    if b > MAX_EXPONENT * (1 - BOUND_TOLERANCE):
        return PowerLaw(reason="exponent_at_bound")
    if not _well_determined(covariance):
        return PowerLaw(reason="singular_covariance")
    # The delta method for a = a' scale^b, where a' belongs to the sizes as shares.
    gradient = scale**b * np.array([1.0, a * np.log(scale)])
    return PowerLaw(
        a=float(a * scale**b),
        b=float(b),
        c=float(c),
        a_se=float(np.sqrt(gradient @ covariance[:2, :2] @ gradient)),
        b_se=float(np.sqrt(covariance[1, 1])),
        c_se=float(np.sqrt(covariance[2, 2])) if len(covariance) == 3 else None,
        converged=True,
    )


def bootstrap_band(error: pd.DataFrame, confidence: float) -> tuple[Floats, Floats]:
    """Percentile band of the fitted error at each size, from seeds drawn with replacement.

    All sizes of a seed are drawn together, because they share their data and initialisation. With
    few seeds such a band is too narrow, by about sqrt((seeds - 1) / seeds).

    Args:
        error: shape (sizes, seeds), index n_train, NaN where a run is missing; two sizes at least.
        confidence: coverage of the band.

    Returns:
        (low, high), each of shape (sizes,), in the unit of the error; NaN where there are fewer
        than three seeds, or where no resample has a run at every size.
    """
    n_sizes, n_seeds = error.shape
    drawn = np.random.default_rng(BOOTSTRAP_SEED).integers(n_seeds, size=(RESAMPLES, n_seeds))
    values = error.to_numpy()[:, drawn]
    present = np.isfinite(values).sum(axis=2)
    means = np.nansum(values, axis=2) / np.where(present, present, np.nan)
    means = means[:, np.isfinite(means).all(axis=0)]
    if n_seeds < MIN_BAND_SEEDS or means.shape[1] == 0:
        return np.full(n_sizes, np.nan), np.full(n_sizes, np.nan)
    sizes = error.index.to_numpy(dtype=float)
    shares = sizes / sizes.max()
    curves = _power_law(shares[:, np.newaxis], *_scan_exponents(shares, means))
    tail = (1 - confidence) / 2
    low, high = np.quantile(curves, [tail, 1 - tail], axis=1)
    return low, high


def _power_law(x: Floats, a: float | Floats, b: float | Floats, c: float | Floats) -> Floats:
    return a * x**-b + c


def _scan_exponents(x: Floats, errors: Floats) -> tuple[Floats, Floats, Floats]:
    """The best bounded (a, b, c) over `EXPONENTS`, for many curves at once.

    For a given b the model is linear in a and c, and its least squares are a closed form; clipping
    c to its bounds and then solving for a is exact, because the loss is convex in c.

    Args:
        x: sizes, shape (sizes,).
        errors: shape (sizes, curves).

    Returns:
        a, b and c, each of shape (curves,).
    """
    powers = x[:, np.newaxis] ** -EXPONENTS
    centred = powers - powers.mean(axis=0)
    slope = centred.T @ errors / (centred**2).sum(axis=0)[:, np.newaxis]
    floor = errors.mean(axis=0) - slope * powers.mean(axis=0)[:, np.newaxis]
    c = np.clip(floor, 0, errors.min(axis=0))
    a = powers.T @ errors - c * powers.sum(axis=0)[:, np.newaxis]
    a /= (powers**2).sum(axis=0)[:, np.newaxis]
    residuals = powers[:, :, np.newaxis] * a + c - errors[:, np.newaxis, :]
    best = (residuals**2).sum(axis=0).argmin(axis=0)
    curve = np.arange(errors.shape[1])
    return a[best, curve], EXPONENTS[best], c[best, curve]


def _least_squares(x: Floats, errors: Floats) -> tuple[Floats, Floats]:
    """(a, b, c) and their covariance; that of (a, b) alone where c lies on a bound."""
    # Imported where it is needed: most steps read fitted curves and fit none.
    from scipy.optimize import curve_fit

    start = np.concatenate(_scan_exponents(x, errors[:, np.newaxis]))
    lowest = errors.min()
    margin = BOUND_TOLERANCE * lowest

    def inside(c: float) -> bool:
        return bool(margin < c < lowest - margin)

    def free(c: float) -> tuple[Floats, Floats]:
        bounds = ([0, 0, 0], [np.inf, MAX_EXPONENT, lowest])
        p0 = [*start[:2], c]
        ftol = xtol = gtol = PRECISION
        return curve_fit(
            _power_law, x, errors, p0=p0, bounds=bounds, ftol=ftol, xtol=xtol, gtol=gtol
        )

    if inside(start[2]):
        return free(start[2])
    c = 0.0 if start[2] <= margin else lowest
    parameters, covariance = curve_fit(
        lambda x, a, b: _power_law(x, a, b, c),
        x,
        errors,
        p0=start[:2],
        bounds=([0, 0], [np.inf, MAX_EXPONENT]),
    )
    pinned = np.append(parameters, c)
    if lowest == 0:
        return pinned, covariance
    # The scan's exponents are coarse: between two of them the best c may lie off its bound.
    try:
        found = free(abs(c - _OFF_BOUND * lowest))
    except RuntimeError:
        return pinned, covariance
    loss = [float(((_power_law(x, *one) - errors) ** 2).sum()) for one in (found[0], pinned)]
    return found if inside(found[0][2]) and loss[0] < loss[1] else (pinned, covariance)


def _well_determined(covariance: Floats) -> bool:
    if not np.isfinite(covariance).all():
        return False
    deviations = np.sqrt(np.diag(covariance))
    if not deviations.any():
        # The curve goes through every point, to the last digit.
        return True
    correlation = covariance / np.outer(deviations, deviations)
    return bool(np.linalg.cond(correlation) <= MAX_CONDITION)
