"""Examples that are equal, value by value: within each part, and across both."""

import math
import secrets
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecosobriety.datasets.examples import Examples
from ecosobriety.datasets.findings import Finding

MOST_MIXED_BYTES = 1024
"""Longer examples have their bytes hashed one by one."""
REPEATS_FROM = 0.05
"""From this share of a part's examples that are equal to another one, that is reported."""
HEADLINE = 0.2
"""The same of test examples, for a place beside the answer: the test says less than its size."""
CONTRADICTIONS_FROM = 0.001
"""The same of those whose equal has another label."""
DUPLICATES_FROM = 0.05
"""From this share of test examples that are training examples, the answer says so."""
AGREE, NEAR = 0.6, 0.1
"""How well the answers of copies agree, at least; and deviations between numbers that do."""
MOST_COLUMNS = 64
"""Values of an example that say how often two are equal by chance."""
TIMES, TIMES_AGREEING = 10, 2
"""So many times what chance brings about is none: columns depend on each other, and so more are
equal; where the answers agree as well, fewer say it."""
MANY_ROWS = 0.25
"""Share of rows that differ, from which on they say how often values are equal by chance."""
FEWEST_SAMPLED = 100
ROWS_AT_ONCE = 4096
_ROUNDS = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))


def count_duplicates(
    x_train: Examples, y_train: NDArray[Any], x_test: Examples, y_test: NDArray[Any]
) -> tuple[int, int, int, int, float]:
    """Inputs that are equal to another one, value by value.

    Returns:
        Those of the test that are training inputs; those of the training, without the first of
        equal ones; those of the training that are equal to one with another label; those of the
        test that are equal to one of the test, without the first; and how well the answers of the
        first of these four agree with their equals', from 0, as by chance, to 1.
    """
    # Of 10^7 examples two hashes collide by chance once in 10^5 data sets.
    key = secrets.randbits(64)
    hashes = np.concatenate([np.empty(0, np.uint64), *_hashes(x_train, key)])
    # Sorted first: NumPy's unique would build a table, which takes many times longer.
    trained = np.sort(hashes)
    trained = trained[np.diff(trained, prepend=~trained[:1]) != 0]
    repeats, contradicting = len(x_train) - len(trained), 0
    place = np.searchsorted(trained, hashes) if repeats else None
    if place is not None:
        low, high = np.full(len(trained), np.inf), np.full(len(trained), -np.inf)
        np.minimum.at(low, place, y_train)
        np.maximum.at(high, place, y_train)
        contradicting = int(np.count_nonzero((low < high)[place]))
    if not (len(x_test) and len(trained)):
        return 0, repeats, contradicting, 0, 0.0
    tested = np.concatenate([*_hashes(x_test, key)])
    places = np.minimum(np.searchsorted(trained, tested), len(trained) - 1)
    shared = trained[places] == tested
    agree = 0.0
    if shared.any():
        place = np.searchsorted(trained, hashes) if place is None else place
        agree = _agreement(place, y_train, places[shared], y_test[shared])
    tested = np.sort(tested)
    within = int(np.count_nonzero(tested[1:] == tested[:-1]))
    return int(np.count_nonzero(shared)), repeats, contradicting, within, agree


def _agreement(
    own: NDArray[np.int64], y: NDArray[Any], asked: NDArray[np.int64], answers: NDArray[Any]
) -> float:
    """How well answers (m,) at groups (m,) agree with those (n,) of the groups (n,): 0 to 1.

    Of classes, how often an equal one has the same, beyond chance; of numbers, how many are near
    the mean of the equal ones.
    """
    sizes = np.bincount(own)
    if y.dtype.kind == "f":
        means = np.bincount(own, weights=y) / sizes
        return float((np.abs(answers - means[asked]) <= NEAR * y.std()).mean())
    k = int(max(y.max(), answers.max())) + 1
    codes, counts = np.unique(own * k + y, return_counts=True)
    wanted = asked * k + answers
    at = np.minimum(np.searchsorted(codes, wanted), len(codes) - 1)
    same = float((np.where(codes[at] == wanted, counts[at], 0) / sizes[asked]).mean())
    chance = float(((np.bincount(y) / len(y)) ** 2).sum())
    return max(same - chance, 0.0) / (1 - chance) if chance < 1 else 1.0


def find_copies(repeats: int, contradicting: int, x: Examples) -> tuple[Finding, ...]:
    """Copies that make a size look larger than it is, where they are many, or that contradict.

    Rows of few values are equal by chance: of pairs, as often as all their values are.
    """
    many = repeats > 0 and repeats >= REPEATS_FROM * len(x)
    contradict = contradicting > 0 and contradicting >= CONTRADICTIONS_FROM * len(x)
    if not (many or contradict) or _are_by_chance(repeats, x):
        return ()
    found = [("train_repeats", repeats, False)] if many else []
    if contradict:
        headline = contradicting >= REPEATS_FROM * len(x)
        found.append(("labels_contradict", contradicting, headline))
    return tuple(
        Finding(id, headline, {"number": number, "share": number / len(x)})
        for id, number, headline in found
    )


def find_test_copies(repeats: int, x: Examples) -> tuple[Finding, ...]:
    """Copies within the test part, which make the test look larger than it is."""
    if repeats == 0 or repeats < REPEATS_FROM * len(x) or _are_by_chance(repeats, x):
        return ()
    share = repeats / len(x)
    return (Finding("test_repeats", share >= HEADLINE, {"number": repeats, "share": share}),)


def find_shared(number: int, agree: float, x: Examples, tested: int) -> tuple[Finding, ...]:
    """Test inputs that are training inputs too: copies, or things that are alike or judged again.

    Args:
        number: how many.
        agree: how well their answers do, as `count_duplicates` gives it.
        x: the training inputs.
        tested: how many test inputs there are.
    """
    if not number:
        return ()
    values = {"number": number, "share": number / tested}
    # Whoever knows them by heart is right where the answers agree alone.
    if agree < AGREE or _are_by_chance(number, x, tested, TIMES_AGREEING):
        return (Finding("inputs_shared", False, values),)
    return (Finding("train_test_duplicates", values["share"] > DUPLICATES_FROM, values),)


def _are_by_chance(
    repeats: int, x: Examples, others: int | None = None, times: int = TIMES
) -> bool:
    """Whether so many rows may be equal, to each other or to as many others, as values are few."""
    # Of a few large images, each value would seem to be all that there is.
    sample = x.sample(FEWEST_SAMPLED)
    # Those that vary most: the border of an image is the same in all.
    varying = np.argsort(-(sample != sample[:1]).mean(axis=0), kind="stable")[:MOST_COLUMNS]
    # Of equal rows once: many copies of one make its values common.
    some = np.unique(sample[:, varying], axis=0)
    counts = [np.unique(column, return_counts=True)[1] for column in some.T]
    log_chance = sum(math.log(_equal_share(each, counts, len(sample))) for each in counts)
    pairs = len(x) * (len(x) if others is None else others)
    return math.log(pairs) + log_chance > math.log(repeats / times)


def _equal_share(
    own: NDArray[np.int64], counts: Sequence[NDArray[np.int64]], sampled: int
) -> float:
    """The share of pairs of different rows that have one value in a column.

    Args:
        own: how often the column has each of its values, in rows each of which is there once.
        counts: the same of all columns.
        sampled: rows, with equal ones.
    """
    rows = int(own.sum())
    # Where other columns vary by themselves, rows that have one value in this one differ there:
    # if none do, its values tell rows apart. Else, few rows are all that there are.
    apart = rows >= MANY_ROWS * sampled and any(1 < len(each) < rows for each in counts)
    if not apart:
        return float(np.sum((own / rows) ** 2))
    return max(int(np.sum(own * (own - 1))), 2) / (rows * (rows - 1))


def _hashes(x: Examples, key: int) -> Iterator[NDArray[np.uint64]]:
    """A keyed hash of 64 bits of each example's bytes, chunk by chunk."""
    for chunk in x.chunks():
        rows = chunk.reshape(len(chunk), -1)
        if rows.dtype.kind == "f":
            # Zero has two signs, and is one number.
            rows = rows + rows.dtype.type(0)
        if x.row_bytes % 8 == 0 and x.row_bytes <= MOST_MIXED_BYTES:
            yield _mixed(np.ascontiguousarray(rows).view(np.uint64), key)
        else:
            # Python's own, which is keyed too, and as fast where rows are long.
            found = map(hash, rows.view(f"V{x.row_bytes}").ravel().tolist())
            yield np.fromiter(found, np.int64, len(rows)).view(np.uint64)


def _mixed(words: NDArray[np.uint64], key: int) -> NDArray[np.uint64]:
    """Mix each row's words into one, by the finaliser of SplitMix64 (Steele et al., 2014)."""
    states = np.full(len(words), key, np.uint64)
    # So few rows stay in the processor's cache.
    for start in range(0, len(words), ROWS_AT_ONCE):
        state = states[start : start + ROWS_AT_ONCE]
        for word in np.ascontiguousarray(words[start : start + ROWS_AT_ONCE].T):
            state ^= word
            for shift, factor in _ROUNDS:
                state ^= state >> np.uint64(shift)
                state *= np.uint64(factor)
            state ^= state >> np.uint64(31)
    return states
