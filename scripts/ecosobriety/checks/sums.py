"""Targets that are a weighted sum of features, but for rounding or in nearly all rows."""

import numpy as np
from numpy.typing import NDArray

from ecosobriety.checks.two_units import fits

SOME_TARGETS = 20
"""Of fewer distinct ones, a feature can have many by chance."""
STEPS = tuple(10.0**power / part for power in range(2, -7, -1) for part in (1, 2, 4))
SINGLE = 3e-7
"""Of what numbers are rounded to; and what 32 bits leave of the largest."""
ROUNDED = 1e-5
"""What is left of the variance of a sum whose parts, or whose result, are rounded."""
NEARLY_SUM, ROUNDS, FAR, COLLINEAR = 0.8, 20, 3.0, 1e-6
"""Share of the rows in which a target is such a sum; steps of the search for it; times that a
rounding is exceeded by what is none; and what rounding leaves of a sum of columns that is 0."""
EACH_COLUMN = 10
"""Rows for each column that such a search takes."""
TINY = float(np.finfo(np.float64).tiny)


def rounding(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """By what a weighted sum (n,) of columns (n, d) may be off, as all of them are rounded.

    Whole numbers in a column count things, and are not rounded. What is off by more than next to
    nothing of how targets vary is no rounding, however coarse they are.
    """
    centred = x - x.mean(axis=0)
    spread = np.sqrt((centred**2).sum(axis=0))
    spread = np.where(spread > 0, spread, 1.0)
    factors, *_ = np.linalg.lstsq(centred / spread, y - y.mean(), rcond=COLLINEAR)
    halves = np.array([half_step(column) for column in x.T])
    halves[halves >= 1 / 2] = 0
    allowed = half_step(y) + np.abs(factors / spread) @ halves
    low, high = np.quantile(y, [0.25, 0.75])
    most = np.sqrt(ROUNDED) * (high - low)
    return float(min(allowed, most) + SINGLE * np.abs(y).max())


def half_step(values: NDArray[np.float64]) -> float:
    """By what values were rounded at most, as they are written; 0: none shows it."""
    return next((step / 2 for step in STEPS if fits(values, step)), 0.0)


def mostly_sum(
    x: NDArray[np.float64], y: NDArray[np.float64], allowed: float | NDArray[np.float64]
) -> tuple[NDArray[np.float64], float, float]:
    """Targets (n,) as a weighted sum of columns (n, d) that is exact but in a few rows.

    Args:
        x: The columns.
        y: The targets.
        allowed: By what exact ones (n,), or each, may be off, as they are rounded.

    Returns:
        (d,) how large the part of each is; the share of the rows that keep to it among those whose
        target is not the commonest, such as a least price; and among all. 0: there is no such sum.
    """
    known, counts = np.unique(y, return_counts=True)
    # Nothing is the sum of nothings.
    kept = y != known[counts.argmax()]
    others, commonest = x[~kept], known[counts.argmax()]
    limits = np.maximum(np.broadcast_to(allowed, y.shape), TINY)
    x, y, limit = x[kept], y[kept], limits[kept]
    none = np.zeros(x.shape[1]), 0.0, 0.0
    # Of many columns that rise together, some sum is near most of few targets.
    if len(y) < EACH_COLUMN * x.shape[1] or len(known) < SOME_TARGETS:
        return none
    middle, spread = x.mean(axis=0), x.std(axis=0)

    def as_scaled(rows: NDArray[np.float64]) -> NDArray[np.float64]:
        scaled = (rows - middle) / np.where(spread > 0, spread, 1)
        return np.column_stack([scaled, np.ones(len(rows))])

    scaled = as_scaled(x)
    weights = np.ones(len(y))
    for _ in range(ROUNDS):
        # Of columns that are sums of each other but for rounding, factors would be anything.
        factors, *_ = np.linalg.lstsq(scaled * weights[:, None], y * weights, rcond=COLLINEAR)
        off = np.abs(y - scaled @ factors)
        # So weighted, the sizes of the errors count and not their squares.
        weights = 1 / np.sqrt(np.maximum(off, limit))
    share = float((off <= limit).mean())
    # A slip is far off; of an error of measurement, most are near.
    between = float(((off > limit) & (off <= FAR * limit)).mean())
    if between > (1 - share) / 2:
        return none
    of_others = np.abs(commonest - as_scaled(others) @ factors) <= limits[~kept]
    of_all = (share * len(y) + of_others.sum()) / (len(y) + len(others))
    return np.abs(factors[:-1]), share, float(of_all)


def as_sum(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Targets (n,) as the weighted sum of columns (n, d) that is nearest to them.

    Returns:
        (d,) how large the part of each is, and the share of the targets' variance that is left.
    """
    centred, about = x - x.mean(axis=0), y - y.mean()
    with np.errstate(over="ignore"):
        spread = np.sqrt((centred**2).sum(axis=0))
    scaled = centred / np.where(spread > 0, spread, 1.0)
    factors, *_ = np.linalg.lstsq(scaled, about, rcond=None)
    left = ((about - scaled @ factors) ** 2).sum() / max(float((about**2).sum()), TINY)
    return np.abs(factors), float(left)
