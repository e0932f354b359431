"""Inputs as the checks look at them: without axes of one place, and whole numbers as what they are.

A grey image may have an axis for its one channel, and bytes may be kept in a wider type.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecosobriety.checks import row_order
from ecosobriety.checks.array_targets import find_array_targets
from ecosobriety.checks.marks import MANY_VALUES, colours
from ecosobriety.checks.noisy_copies import find_noisy_examples
from ecosobriety.checks.overlaps import find_overlaps
from ecosobriety.datasets.examples import Examples, Place, place_name
from ecosobriety.datasets.findings import Finding
from ecosobriety.datasets.inputs import MAX_EXACT, VECTOR_DIMENSIONS, Checked, find_other_channels

BYTE = 255
NEIGHBOURS = frozenset({"examples_noisy_copies", "windows_overlap"})
"""Findings that say of neighbours more than that they are alike."""


def looked_at(parts: Sequence[Checked]) -> list[Examples]:
    """The inputs of parts of one type and shape, as the checks of images and signals look at them.

    Whole numbers in several dimensions are floats, as images and signals of any range may be kept
    so; in one, those beyond a byte may be words and stay as they are.
    """
    found = [_without_single_places(part.x) for part in parts]
    low, high = min(part.low for part in parts), max(part.high for part in parts)
    if found[0].dtype.kind not in "iu":
        return found
    if low >= 0 and high <= BYTE:
        return [x.as_type(np.uint8) for x in found]
    if found[0].ndim > VECTOR_DIMENSIONS and max(-low, high) <= MAX_EXACT:
        return [x.as_type(np.float64) for x in found]
    return found


def examine(
    looked: Sequence[Examples],
    y: NDArray[Any],
    classes: Sequence[str],
    channels: str | None,
    shape: Sequence[int],
) -> Iterator[Finding]:
    """What images, signals and vectors of both parts show.

    Args:
        looked: as `looked_at` gives them.
        y: (n,) class indices or targets of the training part.
        classes: names of the classes; none for a regression.
        channels: which dimension of an example the channels are; None: not said.
        shape: (n, *input_shape) of the user's array.
    """
    one, other = looked
    # Few measurements are looked at as the columns of a table.
    if not are_columns(one):
        colour, labels = colours(one.shape[1:], channels), y if classes else None
        yield from find_noisy_examples(one, other, colour, labels)
    yield from find_other_channels(shape[1:], channels)
    if not classes:
        yield from find_array_targets(one, y, shape)
    yield from find_overlaps(one, other)


def find_following(
    looked: Sequence[Examples], labels: Sequence[NDArray[Any]], classes: Sequence[str]
) -> Iterator[Finding]:
    """What the order of images, signals and vectors shows that are still to be split.

    Args:
        looked: as `looked_at` gives them: all examples, or those of parts that the user has split.
        labels: (n,) class indices or targets of each.
        classes: names of the classes; none for a regression.
    """
    if len(looked) == 1 and not are_columns(looked[0]):
        yield from row_order.find_following(looked[0], labels[0] if classes else None)


def without_doubles(found: Iterator[Finding], following: Iterator[Finding]) -> tuple[Finding, ...]:
    """Both, but what follows each other only where no other finding says why."""
    said = tuple(found)
    return said if NEIGHBOURS & {one.id for one in said} else (*said, *following)


def are_columns(x: Examples) -> bool:
    """Whether each of the few values of an example is a measurement of its own kind."""
    # Whole numbers are no measurements, and many values are one signal or image.
    return x.ndim == VECTOR_DIMENSIONS and x.shape[1] < MANY_VALUES and x.dtype.kind == "f"


def names(x: Examples, shape: Sequence[int]) -> tuple[str, ...] | None:
    """What the measurements of an array are called, where each is one of its own kind.

    Args:
        x: as `looked_at` gives it.
        shape: (n, *input_shape) of the user's array.
    """
    return tuple(place_name(i, shape) for i in range(x.shape[1])) if are_columns(x) else None


def as_columns(x: NDArray[Any]) -> NDArray[np.float64]:
    """(n, …) numbers as (n, d)."""
    return x.reshape(len(x), -1).astype(np.float64, copy=False)


def _without_single_places(x: Examples) -> Examples:
    """(n, …) the same values without axes of one place, but for the last one that there is."""
    if x.ndim <= VECTOR_DIMENSIONS or 1 not in x.shape[1:]:
        return x
    source = x.source
    shape = source.shape[0], *([side for side in source.shape[1:] if side > 1] or [1])
    whole = replace(source, shape=shape) if isinstance(source, Place) else source.reshape(shape)
    return Examples(whole, x.rows, x.dtype)
