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


def test_of_rows_in_no_order_nothing_is_known(tmp_path):
    standardised = (SERIES - SERIES[:300].mean()) / SERIES[:300].std()
    with pytest.raises(DataError, match="scales that do not fit"):
        obtain(parts(tmp_path / "a.npz", standardised, (LAGS,), shuffled=True))
