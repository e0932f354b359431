"""Test images that were read otherwise than the training images: turned, inverted, colours swapped.

The mean of many images shows it: it fits that of the training part once it is turned back, as well
as chance lets two means of one kind fit, and does not as it is.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ecosobriety.datasets.examples import Examples
from ecosobriety.datasets.findings import Finding
from ecosobriety.datasets.inputs import SPATIAL, VECTOR_DIMENSIONS

MOST_IMAGES, MOST_VALUES, FEWEST = 2000, 2**24, 30
"""Images of a part that are averaged, values in them, and images that say something."""
AWAY, FITS = 6.0, 2.0
"""Squares of the distance by those that chance gives: other means, and the same."""


def find_turned(train: Examples, test: Examples, channels: int | None) -> Iterator[Finding]:
    """Find what brings the test part's mean image to that of the training part.

    Args:
        train: (n, *shape) the training part.
        test: (m, *shape) the test part, which the user has split.
        channels: which dimension of an image (counted from 1) holds its colours.
    """
    shape = train.shape[1:]
    sides = [side for place, side in enumerate(shape, start=1) if place != channels]
    if min(len(train), len(test)) < FEWEST or len(sides) != VECTOR_DIMENSIONS:
        return
    if min(sides) < SPATIAL or not (train.dtype == np.uint8 or train.dtype.kind == "f"):
        return
    (one, noise, ends), (other, more, _) = (_mean(part, channels) for part in (train, test))
    chance = noise + more
    if chance <= 0 or _squares(one, other) < AWAY * chance:
        return
    ways = {
        "test_colours_swapped": [other[::-1]] if len(other) > 1 else [],
        "test_images_inverted": [ends - other],
        "test_images_turned": [
            np.rot90(side, turns, axes=(1, 2))
            for side in (other, other[:, :, ::-1])
            for turns in range(4)
        ][1:],
    }
    fits = {
        id: min((_squares(one, way) for way in made if way.shape == one.shape), default=np.inf)
        for id, made in ways.items()
    }
    best = min(fits, key=lambda id: fits[id])
    if fits[best] <= FITS * chance:
        yield Finding(best, True, {})


def _mean(part: Examples, channels: int | None) -> tuple[NDArray[np.float64], float, float]:
    """(channels, height, width) the mean of some images, its variances' sum, and that of the ends.

    The ends are the lowest and the highest of all values.
    """
    values = int(np.prod(part.shape[1:]))
    rows = part.evenly(max(1, min(len(part), MOST_IMAGES, MOST_VALUES // values)))
    total = np.zeros(part.shape[1:])
    squares = np.zeros(part.shape[1:])
    low, high = np.inf, -np.inf
    for chunk in part.select(rows).chunks():
        low, high = min(low, float(chunk.min())), max(high, float(chunk.max()))
        total += chunk.sum(axis=0, dtype=np.float64)
        squares += (chunk.astype(np.float64) ** 2).sum(axis=0)
    mean = total / len(rows)
    variance = float((squares / len(rows) - mean**2).sum()) / len(rows)
    shaped = mean[None] if channels is None else np.moveaxis(mean, channels - 1, 0)
    return shaped, variance, low + high


def _squares(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    return float(((one - other) ** 2).sum())
