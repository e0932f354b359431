"""The decision's error rates and power, where the truth is known.

Accuracies are simulated in shares of 1 with a paired SD of 0.003 (0.3 points) and decided by the
library's own test and sequence, all repetitions at once.
"""

import numpy as np
import pandas as pd
import pytest

from ecosobriety.decision.intervals import one_sided_t_test
from ecosobriety.decision.non_inferiority import compare_with_reference, fixed_sequence

pytestmark = pytest.mark.slow

PAIRED_SD = 0.003
CONFIDENCE = 0.95


def simulate(true_differences, n_seeds, repetitions, seed):
    """Differences to a shared reference, shape (seeds, sizes, repetitions), largest size first."""
    rng = np.random.default_rng(seed)
    sizes = np.asarray(true_differences)[:, np.newaxis]
    # A difference of two runs has twice the variance of one; the reference is common to all sizes.
    noise = rng.normal(0, PAIRED_SD / np.sqrt(2), (n_seeds, len(sizes) + 1, repetitions))
    return sizes + noise[:, :-1] - noise[:, -1:]


def decide(differences, margin):
    """Verdicts and lower bounds, shape (sizes, repetitions)."""
    n_seeds, *shape = differences.shape
    test = one_sided_t_test(differences.reshape(n_seeds, -1), -margin, CONFIDENCE)
    lower, upper = test.lower.reshape(shape), test.upper.reshape(shape)
    return fixed_sequence(lower, upper, margin), lower


def standard_error(rate, repetitions):
    return np.sqrt(rate * (1 - rate) / repetitions)


def test_false_non_inferiority_over_all_sizes_stays_below_five_percent():
    repetitions, margin = 1000, 0.005
    allowed = 0.05 + 2.5 * standard_error(0.05, repetitions)
    differences = simulate([-margin] * 6, n_seeds=5, repetitions=repetitions, seed=1)
    verdicts, lower = decide(differences, margin)
    false_rate = (verdicts == "non_inferior").any(axis=0).mean()
    assert 0.05 - 2.5 * standard_error(0.05, repetitions) <= false_rate <= allowed
    # Were each size tested on its own, the same data would break the promise.
    assert (lower > -margin).any(axis=0).mean() > allowed


def test_false_non_inferiority_behind_sizes_that_truly_pass():
    repetitions, margin = 1000, 0.005
    truth = np.array([0, 0, -margin, -margin, -2 * margin])
    differences = simulate(truth, n_seeds=5, repetitions=repetitions, seed=2)
    verdicts, _ = decide(differences, margin)
    false_rate = (verdicts[truth <= -margin] == "non_inferior").any(axis=0).mean()
    assert false_rate <= 0.05 + 2.5 * standard_error(0.05, repetitions)
    assert (verdicts[0] == "non_inferior").mean() > 0.8


def test_false_inferiority_of_one_size_stays_below_five_percent():
    repetitions, margin = 1000, 0.005
    verdicts, _ = decide(simulate([-margin], 5, repetitions, seed=3), margin)
    assert (verdicts == "inferior").mean() <= 0.05 + 2.5 * standard_error(0.05, repetitions)


@pytest.mark.parametrize(
    ("true_difference", "n_seeds", "power"),
    [(0, 3, 0.59), (0, 5, 0.92), (-0.002, 3, 0.32), (-0.002, 5, 0.58), (-0.002, 10, 0.90)],
)
def test_power_at_a_margin_of_half_a_point(true_difference, n_seeds, power):
    repetitions = 4000
    verdicts, _ = decide(simulate([true_difference], n_seeds, repetitions, seed=4), margin=0.005)
    # The predictions are rounded to whole percents.
    tolerance = 0.005 + 2.5 * standard_error(power, repetitions)
    assert (verdicts == "non_inferior").mean() == pytest.approx(power, abs=tolerance)


def test_what_is_simulated_is_what_a_study_decides():
    margin = 0.005
    differences = simulate([0, -0.003, -0.006, -0.003], n_seeds=5, repetitions=20, seed=5)
    verdicts, _ = decide(differences, margin)
    for repetition in range(differences.shape[2]):
        accuracy = 0.88 + np.vstack([differences[:, ::-1, repetition].T, np.zeros(5)])
        table = compare_with_reference(
            pd.DataFrame(accuracy, index=[1, 2, 3, 4, 5]), 5, margin, CONFIDENCE
        )
        assert table["verdict"].tolist()[-2::-1] == verdicts[:, repetition].tolist()
