"""Values of the test part that lie far outside of the training part's."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ecosobriety.checks.lost_points import few_beyond, find_lost_point, is_tail, may_be_chance
from ecosobriety.checks.mistakes import SOME, plain, times_away
from ecosobriety.datasets.findings import Finding, short

BEYOND = 1.5
"""Times the highest value of the training part, or the lowest by that: nearer is no lost point."""


def find_far_in_test(
    train: NDArray[np.float64], test: NDArray[np.float64], features: Sequence[str]
) -> Iterator[Finding]:
    """Find columns of (n, d) and (m, d) whose test values lie far outside of the training part's.

    Standardised by the training part, one of them may decide the error of the whole test part.
    """
    low, high = train.min(axis=0), train.max(axis=0)
    ends = test.min(axis=0), test.max(axis=0)
    reach = high - low
    beyond = (ends[1] > high + reach) | (ends[0] < low - reach)
    lost = (low > 0) & (ends[0] > 0) & ((ends[1] > BEYOND * high) | (ends[0] < low / BEYOND))
    for i in np.flatnonzero((beyond | lost) & (high > low)).tolist():
        ordered = np.sort(train[:, i])
        if 1 + np.count_nonzero(np.diff(ordered)) <= SOME:
            continue
        far = _far(ordered, test[:, i])
        number = int(np.count_nonzero(far))
        if number == 0:
            continue
        away = np.maximum(low[i] - test[far, i], test[far, i] - high[i])
        farthest = float(test[far, i][away.argmax()])
        # Others may lie just outside.
        alone = np.count_nonzero(away >= reach[i]) <= 1
        if alone and may_be_chance(farthest, low[i], high[i], columns=len(features)):
            continue
        values = {"feature": short(features[i]), "value": plain(farthest)}
        ends_of = {"low": plain(float(low[i])), "high": plain(float(high[i]))}
        yield Finding("test_values_far_away", True, {**values, "number": number, **ends_of})


def _far(ordered: NDArray[np.float64], test: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(m,) which values of the test part lie far away from those of the training part."""
    low, high = float(ordered[0]), float(ordered[-1])
    reach = times_away(ordered) * (high - low)
    above, below = test > high + reach, test < low - reach
    if above.sum() == 1 and is_tail(np.append(ordered, test[above]), 1):
        above[:] = False
    if not (above.any() or below.any()):
        whole = np.sort(np.concatenate([ordered, test]))
        highest = find_lost_point(whole)
        if highest or (highest is None and few_beyond(-whole[::-1])):
            above = _beyond(test, high)
        elif highest is not None or few_beyond(whole):
            below = _beyond(-test, -low)
    found: NDArray[np.bool_] = above | below
    return found


def _beyond(values: NDArray[np.float64], high: float) -> NDArray[np.bool_]:
    """(m,) which values lie behind the widest gap above the highest one of the training part."""
    above = np.sort(values[values > high])
    if not len(above):
        return np.zeros(len(values), bool)
    first = above[int(np.diff(above, prepend=high).argmax())]
    found: NDArray[np.bool_] = values >= first
    return found
