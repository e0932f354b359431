"""The order in which images join the training set."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ecosobriety.datasets import training_order

SEEDS = st.integers(0, 2**32)


@st.composite
def label_arrays(draw: st.DrawFn) -> np.ndarray:
    counts = draw(st.lists(st.integers(0, 60), min_size=1, max_size=12))
    labels = np.repeat(np.arange(len(counts)), counts).astype(np.int64)
    return np.random.default_rng(draw(SEEDS)).permutation(labels)


def largest_differences(labels: np.ndarray, order: np.ndarray) -> dict[int, float]:
    """Per class: the largest |count in order[:n] − n N_c / N| over all n."""
    n = np.arange(1, len(labels) + 1)
    return {
        int(c): float(np.abs(np.cumsum(labels[order] == c) - n * np.mean(labels == c)).max())
        for c in np.unique(labels)
    }


@given(label_arrays(), SEEDS)
def test_every_prefix_is_stratified_within_the_stated_bound(labels: np.ndarray, seed: int) -> None:
    k = len(np.unique(labels))
    for c, difference in largest_differences(labels, training_order(labels, seed)).items():
        share = np.mean(labels == c)
        assert difference <= (1 + (k - 2) * share) / 2 + 1e-9


@given(label_arrays(), SEEDS)
def test_order_is_a_permutation_that_the_seed_decides(labels: np.ndarray, seed: int) -> None:
    order = training_order(labels, seed)
    assert np.array_equal(np.sort(order), np.arange(len(labels)))
    assert np.array_equal(order, training_order(labels, seed))


@given(st.integers(2, 12), st.integers(1, 20), SEEDS)
def test_equal_classes_differ_by_less_than_one_image(k: int, per_class: int, seed: int) -> None:
    labels = np.repeat(np.arange(k), per_class)
    order = training_order(labels, seed)
    assert max(largest_differences(labels, order).values()) <= 1 - 1 / k + 1e-9
    # After each round of k images every class was drawn equally often.
    assert np.array_equal(
        np.sort(labels[order].reshape(per_class, k)), np.tile(np.arange(k), (per_class, 1))
    )


def test_order_of_classes_by_hand() -> None:
    # Keys of class 7 (two examples): 1/4, 3/4; of class 3 (one example): 1/2.
    labels = np.array([7, 3, 7])
    assert labels[training_order(labels, 0)].tolist() == [7, 3, 7]


def test_seeds_draw_different_images_and_different_class_rounds() -> None:
    labels = np.tile(np.arange(10), 100)
    orders = [training_order(labels, seed) for seed in range(5)]
    assert len({tuple(order[:100]) for order in orders}) == 5
    assert len({tuple(labels[order[:10]]) for order in orders}) == 5


def test_every_image_is_as_likely_to_be_drawn() -> None:
    labels = np.repeat([0, 1], [30, 10])
    drawn = np.zeros(40)
    for seed in range(2000):
        drawn[training_order(labels, seed)[:20]] += 1
    # Expected share 1/2; standard deviation sqrt(0.25 / 2000) = 0.011; 5 of them = 0.056.
    assert np.abs(drawn / 2000 - 0.5).max() < 0.056
