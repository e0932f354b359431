"""Series of the test part that go on from one of the training part, as windows that overlap do."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ecosobriety.datasets.examples import Examples
from ecosobriety.datasets.findings import Finding

REPORTED, HEADLINE = 0.01, 0.05
"""Shares of the test examples from which on they are named, and stand beside the answer."""
FEWEST, MOST_TESTED, BLOCKS = 8, 300, 10
"""Test series that say something, those that are looked at, and in how many places."""
RUN = 8
"""Values in their order that are equal by no chance, where each differs from the one before."""
SHORTEST, BY_CHANCE = 4, 0.5
"""The same of short series, where so few of them would be equal if each value were by itself."""
TIMES_CHANCE = 10
"""So many times what chance brings about is none, as of genotypes, letters and boards."""
MOST_WINDOWED = 2**21
"""Values of series that others may begin in."""


def find_overlaps(train: Examples, test: Examples) -> Iterator[Finding]:
    """Find series of the test part that begin within one of the training part.

    Args:
        train: (n, time), (n, channels, time) or (n, time, channels).
        test: The same of the test part.
    """
    if train.ndim not in (2, 3) or train.dtype.kind != "f":
        return
    # Time is the longer one.
    time = 1 + int(np.argmax(train.shape[1:]))
    length = train.shape[time]
    run = min(RUN, max(SHORTEST, length // 2))
    if length <= run:
        return
    known_rows, asked_rows = _rows(len(train), len(test), max(1, MOST_WINDOWED // length))
    series = []
    for part, chosen in ((train, known_rows), (test, asked_rows)):
        # A row of its own for each channel would only repeat what the first one says.
        rows = part.take(chosen)
        rows = np.moveaxis(rows, time, 1).reshape(len(rows), length, -1)[:, :, 0]
        series.append(np.ascontiguousarray(rows.astype(np.float64)))
    known, asked = series
    if run < RUN and _equal_by_chance(known, run) * len(asked) > BY_CHANCE:
        return
    first, last = asked[:, :run], asked[:, -run:]
    # What stands still is the same anywhere.
    moves = [(np.diff(end, axis=1) != 0).all(axis=1) for end in (first, last)]
    runs = _keys(np.lib.stride_tricks.sliding_window_view(known, run, axis=1))
    inner = np.sort(runs[:, 1:].reshape(-1)), np.sort(runs[:, :-1].reshape(-1))
    found = np.zeros(len(asked), bool)
    for end, moving, others in zip((first, last), moves, inner, strict=True):
        keys = _keys(end)
        places = np.minimum(np.searchsorted(others, keys), len(others) - 1)
        found |= (others[places] == keys) & moving
    share = float(found.mean())
    if found.sum() < max(FEWEST, TIMES_CHANCE * len(asked) * _equal_by_chance(known, run)):
        return
    if share >= REPORTED:
        yield Finding("windows_overlap", share >= HEADLINE, {"share": share})


def _equal_by_chance(known: NDArray[np.float64], run: int) -> float:
    """How many runs of series (n, time) begin as any other does and go on as it, by chance.

    Where most are equal stands for all places: a vector may be an age and some answers from 1 to 5.
    """
    begins, goes_on = (
        max(float(((np.unique(at, return_counts=True)[1] / len(at)) ** 2).sum()) for at in places)
        for places in (known.T, np.diff(known, axis=1).T)
    )
    return 2 * known.size * begins * goes_on ** (run - 1)


def _keys(runs: NDArray[np.float64]) -> NDArray[np.uint64]:
    """A number for each run (..., values), equal for equal ones alone, but by chance."""
    draw = np.random.default_rng(0)
    factors = draw.integers(1, 2**63, (runs.shape[-1],), dtype=np.uint64) | np.uint64(1)
    found = np.zeros(runs.shape[:-1], np.uint64)
    for i, factor in enumerate(factors):
        bits = np.ascontiguousarray(runs[..., i] + 0.0).view(np.uint64)
        found += (bits ^ (bits >> np.uint64(29))) * factor
    return found


def _rows(trained: int, tested: int, most: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Places of so many training series, and of test series, evenly over all.

    Of more training series, those that follow each other are taken in some places, and the test
    series in the same places: what overlaps mostly lies so.
    """
    if trained <= most:
        asked = np.linspace(0, tested - 1, min(tested, MOST_TESTED)).astype(np.int64)
        return np.arange(trained), asked
    return _blocks(trained, most), _blocks(tested, MOST_TESTED)


def _blocks(number: int, most: int) -> NDArray[np.int64]:
    if number <= most:
        return np.arange(number)
    each = max(1, most // BLOCKS)
    starts = np.linspace(0, number - each, BLOCKS).astype(np.int64)
    return np.unique(starts[:, None] + np.arange(each))
