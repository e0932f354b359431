"""Under a relative margin, too, the bound that is told is that of the difference."""

import numpy as np
import pytest

from ecosobriety.decision.non_inferiority import compare_scores
from ecosobriety.metrics import MAE

SMALL, LARGE = np.array([2.619168, 2.639519, 2.687472]), np.array([2.672797, 2.696010, 2.765682])


@pytest.mark.parametrize("margin", [0.01, 0.1, 0.2])
def test_it_is_the_same_at_each_margin(margin):
    """-0.062777 + 2.91999 x 0.013442 / sqrt(3) = -0.04011; the test is of 1 + margin."""
    found = compare_scores(SMALL, LARGE, margin, 0.95, MAE)
    assert MAE.relative_margin
    assert found.diff_upper == pytest.approx(-0.0401149, abs=1e-6)
    assert found.diff_mean == pytest.approx(-0.0627767, abs=1e-6)
    # What is tested depends on it.
    gains = (1 + margin) * LARGE - SMALL
    least = gains.mean() - 2.9199856 * gains.std(ddof=1) / np.sqrt(3)
    assert found.gain_lower == pytest.approx(least, abs=1e-6)
