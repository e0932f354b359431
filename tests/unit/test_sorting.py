"""What is sorted faster is sorted as before."""

import numpy as np
import pytest

from ecosobriety.checks.sorting import stable_order
from ecosobriety.datasets.sampling import training_order


@pytest.mark.parametrize("scale", [1.0, 0.5, 1e15, 1e300])
@pytest.mark.parametrize("kind", [np.float64, np.int64])
def test_equal_values_keep_their_order(scale: float, kind: type) -> None:
    draw = np.random.default_rng(1)
    values = draw.integers(-9, 9, 500) * (scale if kind is np.float64 else 3)
    assert np.array_equal(stable_order(values), np.argsort(values, kind="stable"))


def test_an_order_of_training_is_what_its_definition_says() -> None:
    for seed in range(50):
        draw = np.random.default_rng(seed)
        labels = draw.integers(0, draw.integers(1, 6), draw.integers(1, 300))
        chance = np.random.default_rng(seed)
        shuffled = chance.permutation(len(labels))
        by_class = shuffled[np.argsort(labels[shuffled], kind="stable")]
        of = labels[by_class]
        rank = np.array([np.count_nonzero(of[:i] == own) for i, own in enumerate(of)])
        key = (rank + 0.5) / np.bincount(labels)[of]
        expected = by_class[np.lexsort((chance.random(len(labels)), key))]
        assert np.array_equal(training_order(labels, seed), expected)
