"""Test rows that have a twin in the training part: one thing that was measured several times.

Of what is measured anew, the nearest of ten rows lies as far from a row as the dimension says that
the rows fill: of m, it is within r times the tenth's distance with a chance of about 9 r^m. Farther
rows, among which there is no twin, say what m is.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ecosobriety.datasets.findings import Finding

NEAR, FAR = 10, 30
"""Neighbours whose distances are compared, and those that say how many dimensions rows fill."""
FEWEST_TRAINED, FEWEST_TESTED, FEWEST_COLUMNS = 100, 20, 3
CHANCE = 0.01
"""Of all rows with the same tenth neighbour, the share that is as near as a twin: so near is the
nearest one of a row in a tenth of the cases, as there are nine before the tenth."""
REPORTED, HEADLINE = 0.6, 0.7
"""Shares of the rows with a twin; clusters leave up to 0.5."""
EQUAL = 1e-6
"""Of the tenth's distance: what is equal is named as that."""


def find_twins(
    groups: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]],
) -> Iterator[Finding]:
    """Find out whether most test rows (m, d) have a twin among the training rows (n, d).

    Args:
        groups: Training and test rows that are compared, all scaled alike.
    """
    found = [_neighbours(*group) for group in groups]
    distances = np.concatenate(found)
    if len(distances) < FEWEST_TESTED:
        return
    first, tenth, last = np.log(distances).T
    spread = float((last - tenth).mean())
    # Between the tenth and the thirtieth, a logarithm grows by so much for each dimension.
    expected = sum(1 / k for k in range(NEAR, FAR))
    if spread <= 0:
        return
    share = float(((first - tenth) * expected / spread <= np.log(CHANCE)).mean())
    if share >= REPORTED:
        yield Finding("rows_have_twins", share >= HEADLINE, {"share": share})


def _neighbours(train: NDArray[np.float64], test: NDArray[np.float64]) -> NDArray[np.float64]:
    """(m, 3) the distances of rows from their first, tenth and thirtieth neighbour."""
    if len(train) < FEWEST_TRAINED or train.shape[1] < FEWEST_COLUMNS:
        return np.empty((0, 3))
    squares = (test**2).sum(axis=1)[:, None] + (train**2).sum(axis=1) - 2 * test @ train.T
    nearest = np.sort(np.partition(squares, FAR, axis=1)[:, :FAR], axis=1)
    distances = np.sqrt(np.maximum(nearest[:, [0, NEAR - 1, FAR - 1]], 0))
    measured: NDArray[np.float64] = distances[distances[:, 0] > EQUAL * distances[:, 1]]
    return measured
