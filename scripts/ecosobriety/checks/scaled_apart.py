"""Parts of which each was scaled by itself: by its own mean and deviation, or its own ends."""

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecosobriety.datasets.examples import Examples
from ecosobriety.datasets.findings import Finding

FEW = 10
"""Of fewer examples a part says nothing about its scale."""
ITSELF = 1e-6
"""What 32 bits leave of a mean of 0, of a deviation of 1, and of these ends."""
FLOATS_OFF, MOST_VALUES = 1e-5, 2**27
"""The same of many values; parts with more of them are not read once more."""


def find_scaled_apart(train: NDArray[np.float64], test: NDArray[np.float64]) -> tuple[Finding, ...]:
    """Find out whether each part was scaled by its own mean and deviation, or its own ends.

    Args:
        train: (n, d) the training part.
        test: (m, d) the test part, which the user has split.
    """
    if min(len(train), len(test)) < FEW:
        return ()
    varies = (np.ptp(test, axis=0) > 0) & (np.ptp(train, axis=0) > 0)
    for way in (_is_standardised, _is_between_0_and_1, _is_robust, _is_by_largest):
        # Whatever was scaled as a whole is not so in a part of it.
        number = int((varies & way(train) & way(test)).sum())
        if number >= max(1, varies.sum() / 2):
            return (Finding("parts_scaled_apart", True, {"number": number}),)
    return ()


def find_examples_scaled_apart(train: Examples, test: Examples) -> tuple[Finding, ...]:
    """The same of images and signals, by the mean of all values, or of each in its place.

    Args:
        train: the training part.
        test: the test part, which the user has split.
    """
    small = max(prod(part.shape) for part in (train, test)) <= MOST_VALUES
    if min(len(train), len(test)) < FEW or train.dtype.kind != "f" or not small:
        return ()
    parts = [test, train]
    # Where each example was scaled by itself, all of them together are, too.
    if any(_is_centred(part[:FEW]) for part in parts):
        return ()
    centred = np.ones(train.shape[1:], bool)
    for part in parts:
        centred &= _centred_places(part)
        # Few parts are centred, so that the second is seldom read.
        if not centred.any():
            return ()
    return (Finding("parts_scaled_apart", True, {"number": int(centred.sum())}),)


def _is_centred(x: NDArray[Any]) -> bool:
    """Whether each of some examples has the mean 0."""
    rows = x.reshape(len(x), -1).astype(np.float64)
    return bool((np.abs(rows.mean(axis=1)) <= FLOATS_OFF * rows.std(axis=1)).all())


def _centred_places(part: Examples) -> NDArray[np.bool_]:
    """Which places of an example vary about 0, where most do, or where all together do."""
    total, squares = np.zeros(part.shape[1:]), np.zeros(part.shape[1:])
    for chunk in part.chunks():
        values = chunk.astype(np.float64)
        total += values.sum(axis=0)
        squares += (values**2).sum(axis=0)
    means, powers = total / len(part), squares / len(part)
    deviations = np.sqrt(np.maximum(powers - means**2, 0))
    varies = deviations > 0
    of_each: NDArray[np.bool_] = varies & (np.abs(means) <= FLOATS_OFF * deviations)
    if 2 * of_each.sum() >= varies.sum():
        return of_each
    deviation = np.sqrt(powers.mean() - means.mean() ** 2)
    return varies & bool(abs(means.mean()) <= FLOATS_OFF * deviation)


def _is_robust(x: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(d,) whether columns have the median 0 and quartiles that are 1 apart, as few counts have."""
    low, middle, high = np.percentile(x, [25, 50, 75], axis=0)
    scaled = (np.abs(middle) <= ITSELF) & (np.abs(high - low - 1) <= ITSELF)
    found: NDArray[np.bool_] = scaled & ~(x == np.round(x)).all(axis=0)
    return found


def _is_by_largest(x: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(d,) whether one value has the largest size, which is 1, and some are below 0."""
    sizes = np.abs(x)
    largest = np.abs(sizes.max(axis=0) - 1) <= ITSELF
    single = (sizes >= 1 - ITSELF).sum(axis=0) == 1
    found: NDArray[np.bool_] = largest & single & (x.min(axis=0) < 0)
    return found


def _is_standardised(x: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(d,) whether columns have the mean 0 and the deviation 1, in either way to count it."""
    one = np.abs(x.std(axis=0) - 1) <= 1 / len(x) + ITSELF
    found: NDArray[np.bool_] = one & (np.abs(x.mean(axis=0)) <= ITSELF)
    return found


def _is_between_0_and_1(x: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(d,) whether one value is the lowest, 0, and one the highest, 1."""
    ends = (np.abs(x.min(axis=0)) <= ITSELF) & (np.abs(x.max(axis=0) - 1) <= ITSELF)
    single = ((x <= ITSELF).sum(axis=0) == 1) & ((x >= 1 - ITSELF).sum(axis=0) == 1)
    found: NDArray[np.bool_] = ends & single
    return found
