"""The learning curve error(n) = a n^-b + c: recovered, or refused with a reason."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.optimize import curve_fit

from ecosobriety.decision.power_law import PowerLaw, bootstrap_band, fit_power_law

SIZES = np.array([5000, 10_000, 20_000, 30_000, 40_000, 50_000, 60_000])


def noisy(seeds=1, sd=0.002):
    """Errors of the law 2 n^-0.4 + 0.05 with noise, shape (sizes, seeds)."""
    noise = np.random.default_rng(7).normal(0, sd, (len(SIZES), seeds))
    return 2 * SIZES[:, np.newaxis] ** -0.4 + 0.05 + noise


@settings(max_examples=50, deadline=None)
@given(
    st.floats(0.02, 0.3),  # the part of the error at 60,000 examples that more data would remove
    st.floats(0.1, 1.5),
    st.floats(0.01, 0.2),
)
@example(0.25, 1.5, 0.015625)  # the scan's best c lies on its bound, the law's does not
@example(0.0234375, 0.2109375, 0.01171875)  # nearly a straight line
def test_a_law_without_noise_is_recovered(amplitude, b, c):
    errors = amplitude * (SIZES / 60_000) ** -b + c
    law = fit_power_law(SIZES, errors)
    assert law.converged
    assert law.b == pytest.approx(b, rel=0.01)
    assert law.a == pytest.approx(amplitude * 60_000**b, rel=0.1)
    assert law.error(SIZES) == pytest.approx(errors, rel=1e-4)


def test_by_hand():
    # 100 n^-0.5 + 0.1: n = 10,000: 1 / 1 + 0.1 = 1.1; 40,000: 0.6; 160,000: 0.35; 640,000: 0.225.
    law = fit_power_law([10_000, 40_000, 160_000, 640_000], [1.1, 0.6, 0.35, 0.225])
    assert (law.a, law.b, law.c) == pytest.approx((100, 0.5, 0.1), rel=1e-5)
    assert law.error(2_560_000) == pytest.approx(0.1625)


def test_standard_errors_equal_a_fit_in_the_original_units():
    errors = noisy()[:, 0]
    law = fit_power_law(SIZES, errors)
    _, covariance = curve_fit(
        lambda n, a, b, c: a * n**-b + c, SIZES.astype(float), errors, p0=(law.a, law.b, law.c)
    )
    expected = np.sqrt(np.diag(covariance))
    assert (law.a_se, law.b_se, law.c_se) == pytest.approx(expected, rel=1e-3)


def test_a_law_without_a_floor_has_no_standard_error_of_the_floor():
    law = fit_power_law(SIZES, 2.0 * SIZES**-0.4)
    assert (law.a, law.b, law.c) == pytest.approx((2, 0.4, 0))
    assert law.converged
    assert law.c_se is None


def test_the_floor_does_not_exceed_the_smallest_error():
    errors = [0.2, 0.12, 0.1, 0.11, 0.11, 0.11, 0.11]
    law = fit_power_law(SIZES, errors)
    assert law.converged
    assert law.c == 0.1
    assert law.c_se is None


def test_a_perfect_score_leaves_no_floor():
    law = fit_power_law(SIZES, [0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0])
    assert law.converged
    assert law.c == 0


@pytest.mark.parametrize(
    ("sizes", "errors", "reason"),
    [
        (SIZES[:3], [0.3, 0.2, 0.1], "too_few_sizes"),
        (SIZES, [0.1] * 7, "not_decreasing"),
        (SIZES, [0.1, 0.11, 0.12, 0.13, 0.14, 0.15, 0.16], "not_decreasing"),
        (SIZES, [0.5, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1], "exponent_at_bound"),
        # A law so flat that a and c cannot be separated.
        (SIZES, 0.3 * SIZES**-0.001 + 0.05, "singular_covariance"),
    ],
)
def test_what_cannot_be_fitted_says_why(sizes, errors, reason):
    law = fit_power_law(sizes, errors)
    assert law == PowerLaw(reason=reason)
    assert np.isnan(law.error(sizes)).all()


def test_a_solver_that_gives_up_says_so(monkeypatch):
    def give_up(*_args, **_kwargs):
        raise RuntimeError("Optimal parameters not found")

    monkeypatch.setattr("scipy.optimize.curve_fit", give_up)
    assert fit_power_law(SIZES, noisy()[:, 0]).reason == "no_convergence"


def test_the_band_holds_the_fit_and_repeats_itself():
    error = pd.DataFrame(noisy(seeds=10), index=SIZES)
    low, high = bootstrap_band(error, 0.95)
    fitted = fit_power_law(SIZES, error.mean(axis=1)).error(SIZES)
    assert (low < fitted).all()
    assert (fitted < high).all()
    assert [low.tolist(), high.tolist()] == [b.tolist() for b in bootstrap_band(error, 0.95)]
    # The standard error of a fitted value is at most that of the mean of ten seeds at one size,
    # 0.002 / sqrt(10), so that a 95 % band is narrower than twice 1.96 of it (with room for the
    # estimate of the SD), and no line either.
    width = high - low
    assert (width < 1.3 * 2 * 1.96 * 0.002 / math.sqrt(10)).all()
    assert (width > 0.0003).all()


@pytest.mark.parametrize(
    "errors",
    [
        2 * SIZES**-0.4 + 0.05,
        # Bent so that c lies on its lower and on its upper bound.
        np.array([0.50, 0.45, 0.40, 0.36, 0.33, 0.31, 0.10]),
        np.array([0.20, 0.12, 0.10, 0.11, 0.11, 0.11, 0.11]),
    ],
)
def test_the_band_of_equal_seeds_is_the_fit(errors):
    low, high = bootstrap_band(pd.DataFrame(dict.fromkeys(range(4), errors), index=SIZES), 0.95)
    assert low == pytest.approx(fit_power_law(SIZES, errors).error(SIZES), rel=1e-3)
    assert high == pytest.approx(low)


def test_the_band_takes_the_same_share_from_both_ends():
    error = pd.DataFrame(noisy(seeds=5), index=SIZES)
    low, high = bootstrap_band(error, 0.0)
    assert low.tolist() == high.tolist()
    widths = [np.subtract(*bootstrap_band(error, confidence)[::-1]) for confidence in (0.5, 0.95)]
    assert (widths[0] < widths[1]).all()


def test_a_missing_run_leaves_a_band():
    error = pd.DataFrame(noisy(seeds=5), index=SIZES)
    whole = np.subtract(*bootstrap_band(error, 0.95)[::-1])
    error.iloc[2, 3] = math.nan
    width = np.subtract(*bootstrap_band(error, 0.95)[::-1])
    assert width == pytest.approx(whole, rel=0.5)


@pytest.mark.parametrize("seeds", [1, 2])
def test_few_seeds_have_no_band(seeds):
    low, high = bootstrap_band(pd.DataFrame(noisy(seeds), index=SIZES), 0.95)
    assert np.isnan(low).all()
    assert np.isnan(high).all()
