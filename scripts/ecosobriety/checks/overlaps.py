"""Series of the test part that go on from one of the training part, as windows that overlap do."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ecosobriety.checks.near_copies import evenly
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
AROUND, MOST_BYTES = 2000, 2**23
"""Test series about those, in one place, and their size: a split at random moves them."""


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
    most = max(1, MOST_WINDOWED // length)
    if whole := len(train) <= most:
        known_rows, asked = np.arange(len(train)), evenly(np.arange(len(test)), MOST_TESTED)[None]
    else:
        # Those that lie about as far in their part as the known ones in theirs.
        around = min(len(test) // BLOCKS, AROUND, MOST_BYTES // test.row_bytes)
        # Of the longest series, there may be room for fewer; and there may be few.
        places = min(BLOCKS, most, len(test))
        known_rows = _blocks(len(train), most // places, places).reshape(-1)
        asked = _blocks(len(test), around, places)
    known = _first_channel(train, known_rows, time)
    if run < RUN and _equal_by_chance(known, run) * asked.size > BY_CHANCE:
        return
    runs = _keys(np.lib.stride_tricks.sliding_window_view(known, run, axis=1))
    inner = np.sort(runs[:, 1:].reshape(-1)), np.sort(runs[:, :-1].reshape(-1))
    found = np.stack([_go_on(_first_channel(test, rows, time), run, inner) for rows in asked])
    number = int(found.sum())
    if number < max(FEWEST, TIMES_CHANCE * asked.size * _equal_by_chance(known, run)):
        return
    share = float(found.mean())
    if not whole:
        # As many of the test series as of the training series; those that are found are of these.
        expected = min(asked.shape[1], most / places * len(test) / len(train))
        share = number / sum(max(_span(block), expected) for block in found)
    share = min(share, 1.0)
    if share >= REPORTED:
        yield Finding("windows_overlap", share >= HEADLINE, {"share": share})


def _blocks(number: int, each: int, blocks: int) -> NDArray[np.int64]:
    """(blocks, rows) so many places that follow each other, in blocks that lie evenly over all."""
    each = max(1, each)
    starts = np.linspace(0, number - each, blocks).astype(np.int64)
    return np.asarray(starts[:, None] + np.arange(each))


def _span(found: NDArray[np.bool_]) -> int:
    """From the first one that was found to the last one."""
    places = np.flatnonzero(found)
    return int(np.ptp(places)) + 1 if len(places) else 0


def _first_channel(x: Examples, rows: NDArray[np.int64], time: int) -> NDArray[np.float64]:
    """(m, time) some series; one for each channel would only repeat what the first one says."""
    some = np.moveaxis(x.take(rows), time, 1).reshape(len(rows), x.shape[time], -1)[:, :, 0]
    return np.ascontiguousarray(some.astype(np.float64))


def _go_on(
    asked: NDArray[np.float64], run: int, inner: tuple[NDArray[np.uint64], NDArray[np.uint64]]
) -> NDArray[np.bool_]:
    """(m,) which series begin, or end, as there are runs within others."""
    found = np.zeros(len(asked), bool)
    for end, others in zip((asked[:, :run], asked[:, -run:]), inner, strict=True):
        keys = _keys(end)
        places = np.minimum(np.searchsorted(others, keys), len(others) - 1)
        # What stands still is the same anywhere.
        found |= (others[places] == keys) & (np.diff(end, axis=1) != 0).all(axis=1)
    return found


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
