"""A test part that is the later part of a series is taken, on whichever scale the series is."""

from pathlib import Path

import numpy as np
import pytest
from test_datasets_conventions import DEFAULTS

from ecosobriety.errors import DataError
from ecosobriety.readers import obtain

LAGS = 6
RANDOM = np.random.default_rng(0)
SERIES = np.linspace(315, 371, 400) + 3 * np.sin(np.arange(400) * np.pi / 6)
SERIES += RANDOM.normal(0, 0.3, 400)
GROWN = np.exp(np.linspace(0, 3, 400)) + RANDOM.normal(0, 0.05, 400)


def parts(
    path: Path, series: np.ndarray, shape: tuple[int, ...], *, shuffled: bool = False
) -> dict:
    x = np.stack([series[i : len(series) - LAGS + i] for i in range(LAGS)], axis=1)
    y, cut = series[LAGS:], 300
    rows = RANDOM.permutation(cut) if shuffled else np.arange(cut)
    x = x.reshape(-1, *shape)
    np.savez(path, x_train=x[:cut][rows], y_train=y[:cut][rows], x_test=x[cut:], y_test=y[cut:])
    return {**DEFAULTS, "name": "npz", "path": str(path), "task": "regression"}


@pytest.mark.parametrize("shape", [(LAGS,), (LAGS, 1)])
@pytest.mark.parametrize("series", [SERIES, GROWN])
def test_it_may_be_standardised_by_the_training_part(tmp_path, series, shape):
    standardised = (series - series[:300].mean()) / series[:300].std()
    for values in (series, standardised):
        dataset = obtain(parts(tmp_path / "a.npz", values, shape))
        assert (len(dataset.x_train), len(dataset.x_test)) == (300, 94)


@pytest.mark.parametrize("shape", [(LAGS,), (LAGS, 1)])
def test_one_part_alone_may_not(tmp_path, shape):
    """The later part as it was measured, beside a standardised training part."""
    standardised = (SERIES - SERIES[:300].mean()) / SERIES[:300].std()
    mixed = np.concatenate([standardised[:306], SERIES[306:] / 371])
    with pytest.raises(DataError, match=r"[Ss]cale both alike|on one scale"):
        obtain(parts(tmp_path / "a.npz", mixed, shape))


@pytest.mark.parametrize("shape", [(LAGS,), (LAGS, 1)])
def test_its_training_rows_may_be_in_no_order(tmp_path, shape):
    """Windows of one series do not say how they were scaled: they are taken with a warning."""
    standardised = (SERIES - SERIES[:300].mean()) / SERIES[:300].std()
    dataset = obtain(parts(tmp_path / "a.npz", standardised, shape, shuffled=True))
    warned = {finding.id for finding in dataset.findings if finding.headline}
    assert warned & {"features_shifted", "parts_differ"}


def test_a_winter_is_not_standardised(tmp_path):
    """Degrees of many days in no order, below 0 in the training part's winters alone."""
    warmest = np.array([9.0, 12.0, 6.0])
    days = RANDOM.normal(0, 3, (500, 3)) + warmest - 8 * (np.arange(500) < 400)[:, None]
    days[400:] = np.abs(days[400:])
    y = days @ [1.0, -1.0, 0.0]
    rows = RANDOM.permutation(400)
    np.savez(
        tmp_path / "a.npz", x_train=days[rows], y_train=y[rows], x_test=days[400:], y_test=y[400:]
    )
    dataset = obtain(
        {**DEFAULTS, "name": "npz", "path": str(tmp_path / "a.npz"), "task": "regression"}
    )
    assert len(dataset.x_test) == 100


def test_features_in_units_of_their_own_are_beside_standardised_ones_refused(tmp_path):
    flowers = RANDOM.normal([5.8, 3.0, 3.7, 1.2], [0.8, 0.43, 1.7, 0.3], (500, 4)).clip(0.1)
    y = flowers @ [1.0, 2.0, 3.0, 4.0]
    train = (flowers[:400] - flowers[:400].mean(axis=0)) / flowers[:400].std(axis=0)
    np.savez(
        tmp_path / "a.npz", x_train=train, y_train=y[:400], x_test=flowers[400:], y_test=y[400:]
    )
    with pytest.raises(DataError, match="scales that do not fit"):
        obtain({**DEFAULTS, "name": "npz", "path": str(tmp_path / "a.npz"), "task": "regression"})


STEPS = np.arange(900)
FAILING = 0.1 + np.where(STEPS > 700, 0.1 * np.expm1((STEPS - 700) / 60), 0)
FAILING += RANDOM.normal(0, 0.008, 900)
SEASON = RANDOM.poisson(30 + 970 * np.exp(-(((np.arange(300) - 200) / 25.0) ** 2))).astype(float)


@pytest.mark.parametrize(("series", "cut"), [(FAILING, 720), (SEASON, 160)])
def test_it_may_begin_to_rise_just_before_the_cut(tmp_path, series, cut):
    """A bearing before it fails; the visitors of an open-air bath before its season."""
    x = np.lib.stride_tricks.sliding_window_view(series, 8)
    y, x = x[:, 7], x[:, :7]
    arrays = {"x_train": x[:cut], "y_train": y[:cut], "x_test": x[cut:], "y_test": y[cut:]}
    np.savez(tmp_path / "a.npz", **arrays)
    given = {**DEFAULTS, "name": "npz", "path": str(tmp_path / "a.npz"), "task": "regression"}
    assert len(obtain(given).x_test) == len(x) - cut
    # In another unit it does not go on.
    np.savez(tmp_path / "a.npz", **{**arrays, "x_test": 1000 * x[cut:], "y_test": 1000 * y[cut:]})
    with pytest.raises(DataError, match=r"one scale|[Ss]cale both alike"):
        obtain(given)


def test_that_it_lies_elsewhere_may_be_said(tmp_path):
    """Of heating in winter and in summer, in no order, nothing else tells it."""
    cold = np.concatenate([RANDOM.gamma(9, 1, 300), RANDOM.gamma(1, 0.1, 100)])[:, None]
    y = 8 + 7 * cold[:, 0]
    np.savez(
        tmp_path / "a.npz", x_train=cold[:300], y_train=y[:300], x_test=cold[300:], y_test=y[300:]
    )
    given = {**DEFAULTS, "name": "npz", "path": str(tmp_path / "a.npz"), "task": "regression"}
    with pytest.raises(DataError, match=r"set dataset\.test_shifted: true"):
        obtain(given)
    dataset = obtain({**given, "test_shifted": True})
    warned = {finding.id for finding in dataset.findings if finding.headline}
    assert {"features_shifted", "targets_shifted"} <= warned
