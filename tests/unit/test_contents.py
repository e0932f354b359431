"""Examples are the same in any order and but for rounding, and in nothing else."""

import numpy as np
import pytest

from ecosobriety.readers import contents
from ecosobriety.readers.contents import same_examples

RNG = np.random.default_rng(0)
X = (RNG.normal(50, 12, size=(1200, 6)) * [1, 1e-3, 1, 1e4, 1, 1]).astype(np.float32)
Y = RNG.integers(0, 2, size=1200)


def standardised(order):
    x = X[order]
    return (x - x.mean(0)) / x.std(0), Y[order]


@pytest.mark.parametrize("scaled", [False, True])
def test_another_order_is_the_same(scaled):
    order = RNG.permutation(1200)
    one, other = standardised(np.arange(1200)), standardised(order)
    if not scaled:
        one, other = (X, Y), (X[order], Y[order])
    else:
        assert {row.tobytes() for row in one[0]} != {row.tobytes() for row in other[0]}
    batches = [(other[0][i : i + 100], other[1][i : i + 100]) for i in range(0, 1200, 100)]
    assert same_examples(one, batches) == (True, 1200)
    assert same_examples(one, batches[:-1]) == (False, 1100)


@pytest.mark.parametrize("column", range(6))
def test_other_values_are_others_whatever_their_scale(column):
    one = standardised(np.arange(1200))
    for x, y in ((X, Y), one):
        other = x.copy()
        other[7, column] += 0.01 * x[:, column].std()
        assert not same_examples((x, y), [(other, y)])[0]


def test_other_labels_are_others_whatever_the_features():
    large = X * 1e3
    other = Y.copy()
    other[[3, 4]] = 1 - other[[3, 4]]
    assert not same_examples((large, Y), [(large, other)])[0]
    target = RNG.normal(size=1200).astype(np.float32)
    changed = target.copy()
    changed[5] += 0.01
    assert not same_examples((large, target), [(large, changed)])[0]
    assert same_examples((large, target), [(large[::-1], target[::-1])])[0]


def test_another_split_is_another():
    order = RNG.permutation(1200)
    taken = X[:800], Y[:800]
    assert not same_examples(taken, [(X[order[:800]], Y[order[:800]])])[0]
    whole = RNG.integers(0, 255, size=(50, 8), dtype=np.uint8)
    assert not same_examples((whole, Y[:50]), [(whole + 1, Y[:50])])[0]


@pytest.mark.parametrize(("kind", "constant"), [("f8", 0.1), ("f4", 1e6), ("f4", 0.0), ("f8", 1e9)])
def test_a_column_that_hardly_varies_hides_nothing(kind, constant):
    draw = np.random.default_rng(1)
    x = np.column_stack([draw.normal(size=(800, 3)), np.full(800, constant)]).astype(kind)
    y = draw.integers(0, 2, size=800)
    one, other = (x[:400], y[:400]), (x[400:], y[:400])
    assert not same_examples(one, [other])[0]
    noisy = x[:400] + draw.normal(scale=0.5, size=(400, 4)).astype(kind)
    assert not same_examples(one, [(noisy, y[:400])])[0]
    order = draw.permutation(400)
    rounded = x[:400] * (1 + 1e-7)
    assert same_examples(one, [(rounded[order].astype(kind), y[:400][order])])[0]


def test_many_values_are_looked_at_some_at_a_time(monkeypatch):
    monkeypatch.setattr(contents, "BLOCK", 50)
    one, order = standardised(np.arange(1200)), RNG.permutation(1200)
    assert same_examples(one, [standardised(order)])[0]
    scale = contents._Views(one)._scale
    assert scale == pytest.approx(one[0].std(axis=0), rel=1e-5)


def test_targets_are_rounded_beside_whole_numbers_too():
    x = RNG.integers(0, 255, size=(1200, 8), dtype=np.uint8)
    age = RNG.gamma(5, 7, 1200).round(1).astype(np.float32)
    order = RNG.permutation(1200)
    one, other = (a * np.float32(1 + eps) for a, eps in ((age, 0), (age, 2e-7)))
    assert same_examples((x, one), [(x[order], other[order])])[0]
    wrong = x.copy()
    wrong[3, 2] ^= 1
    assert not same_examples((x, one), [(wrong, other)])[0]
