"""Whether a test part is the later part of a series, which may lie elsewhere on the same scale."""

import numpy as np
from numpy.typing import NDArray

END, FEWEST_AT_END, AT_CUT, JUMP = 0.1, 3, 5, 0.5
"""A series goes on where its training part ends: of this share of the rows there, or of so few at
the cut, the means of both sides are nearer than this share of the distance between those of all."""
SMOOTH = 0.5
"""Steps from row to row by the spread of all rows: 1.4 where they are in no order."""


def goes_on(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(d,) whether columns are those of a series, of which the other part (m, d) is the later.

    Args:
        one: (n, d) the training part.
        other: (m, d) the test part.
    """
    at_end, at_start = (max(FEWEST_AT_END, int(END * len(part))) for part in (one, other))
    found: NDArray[np.bool_] = _no_jump(one, other, at_end, at_start) | runs_on(one, other)
    return found


def runs_on(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(d,) the same by the rows next to the cut, where each row lies near the one before it."""
    both = np.concatenate([one, other])
    smooth = np.diff(both, axis=0).std(axis=0) <= SMOOTH * both.std(axis=0)
    # What is in another unit has other steps.
    ends = one[-AT_CUT:], other[:AT_CUT]
    step = np.minimum(*(np.abs(np.diff(end, axis=0)).mean(axis=0) for end in ends))
    near = np.abs(np.subtract(*(end.mean(axis=0) for end in ends))) <= 2 * AT_CUT * step
    found: NDArray[np.bool_] = smooth & near & _no_jump(one, other, AT_CUT, AT_CUT)
    return found


def _no_jump(
    one: NDArray[np.float64], other: NDArray[np.float64], before: int, after: int
) -> NDArray[np.bool_]:
    apart = np.abs(one.mean(axis=0) - other.mean(axis=0))
    jump = np.abs(one[-before:].mean(axis=0) - other[:after].mean(axis=0))
    found: NDArray[np.bool_] = jump <= JUMP * apart
    return found
