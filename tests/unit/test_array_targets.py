"""Targets that are among the values of an array's examples, or made of them, are named."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from test_datasets_slips import DEFAULTS, found
from test_marks import archive

RANDOM = np.random.default_rng(21)


@pytest.mark.parametrize("shape", [(24, 1), (24, 3), (3, 24), (8, 8)])
def test_a_target_among_the_values_of_a_series_is_named(
    tmp_path: Path, shape: tuple[int, ...]
) -> None:
    x = RANDOM.normal(size=(200, *shape))
    y = 2 * x[:, -1, -1] + 0.01 * RANDOM.normal(size=200)
    spec = {"normalise": "global", "task": "regression"}
    assert "feature_like_target" in found(archive(tmp_path, x, y) | spec)
    assert "feature_like_target" not in found(archive(tmp_path, x, RANDOM.permutation(y)) | spec)


@pytest.mark.parametrize("shape", [(1, 9, 9), (9, 9, 1), (1, 6), (80, 1)])
def test_a_place_is_called_as_in_the_users_array(tmp_path: Path, shape: tuple[int, ...]) -> None:
    random = np.random.default_rng(6)
    x = random.normal(size=(200, *shape))
    place = tuple(side // 2 for side in shape)
    y = x[:, *place] + 0.01 * random.normal(size=200)
    told = found(archive(tmp_path, x, y) | {"normalise": "global", "task": "regression"})
    called = f"x[:, {', '.join(map(str, place))}]"
    assert told["feature_like_target"].values["feature"] == called


@pytest.mark.slow
@pytest.mark.parametrize("axis", [1, 2])
def test_what_comes_next_is_no_leak_of_what_was_last(tmp_path: Path, axis: int) -> None:
    random = np.random.default_rng(6)
    series = random.normal(size=(20_000, 5)).cumsum(axis=0)
    series += np.linspace(0, 200, len(series))[:, None]
    first = range(0, len(series) - 60, 66)
    x = np.stack([series[i : i + 60] for i in first])
    spec = {"normalise": "global", "task": "regression"}
    for y, headline in (
        (series[[i + 60 for i in first], 0], False),
        (2 * x[:, -1, 0] + 1, True),
        (x[:, 30, 0] + 0.01 * random.normal(size=len(x)), True),
    ):
        told = found(archive(tmp_path, np.moveaxis(x, 1, axis), y) | spec)
        assert told["feature_like_target"].headline == headline


SAID = {"feature_like_target", "feature_orders_target", "target_is_sum"}


@pytest.mark.slow
@pytest.mark.parametrize("width", [12, 30, 80])
@pytest.mark.parametrize("back", [False, True])
def test_a_series_that_goes_on_gives_no_target_away(tmp_path: Path, width: int, back: bool) -> None:
    random = np.random.default_rng(6)
    times = np.arange(3000)
    spec = {"normalise": "global", "task": "regression"}
    for series in (
        random.exponential(size=3000).cumsum(),
        random.normal(size=3000).cumsum() + 0.2 * times,
        np.sin(0.1 * times),
        np.sin(0.9 * times),
        np.sin(0.1 * times) + 0.5 * np.sin(0.037 * times),
    ):
        first = range(0, 3000 - width, width + 1)
        x = np.stack([series[i : i + width] for i in first])
        y = series[[i + width for i in first]]
        told = found(archive(tmp_path, x[:, ::-1] if back else x, y) | spec)
        assert not {id for id in SAID & {*told} if told[id].headline}
        y = x[:, 5] + 1e-3 * random.normal(size=len(x))
        assert "feature_like_target" in found(archive(tmp_path, x, y) | spec)


def test_what_was_before_gives_no_target_away(tmp_path: Path) -> None:
    counter = np.random.default_rng(6).exponential(size=600).cumsum().round(2)
    columns = {"lag_1": counter[1:-1], "lag_2": counter[:-2], "kind": counter[2:]}
    path = tmp_path / "lags.csv"
    np.savetxt(path, np.stack([*columns.values()], 1), "%.2f", ",", header=",".join(columns))
    path.write_text(path.read_text()[2:])
    spec = DEFAULTS | {"name": "csv", "path": str(path), "label": "kind", "task": "regression"}
    told = found(spec)
    assert "feature_is_last_target" in told
    assert not SAID & {*told}


@pytest.mark.parametrize("shape", [(24,), (90,), (40, 3), (3, 40), (1, 9, 9)])
@pytest.mark.parametrize("level", [np.mean, np.sum, np.max, np.min, np.std])
def test_a_target_that_is_a_level_of_a_signal_is_named(
    tmp_path: Path, shape: tuple[int, ...], level: Callable[..., NDArray[Any]]
) -> None:
    random = np.random.default_rng(6)
    x = random.normal(size=(200, *shape))
    spec = {"normalise": "global", "task": "regression"}
    axes = tuple(range(1, x.ndim))
    called = {np.sum: "mean"}.get(level, level.__name__)
    told = found(archive(tmp_path, x, 2 * level(x, axis=axes) + 1) | spec)["feature_like_target"]
    shown = axes[0] if len(axes) == 1 else axes
    assert (told.headline, told.values["feature"]) == (True, f"x.{called}(axis={shown})")
    if len(shape) == 2:
        y = level(x[:, :, 1], axis=1)
        told = found(archive(tmp_path, x, y) | spec)["feature_like_target"]
        assert told.values["feature"] == f"x[:, :, 1].{called}(axis=1)"
    half = x.reshape(200, -1)[:, : x[0].size // 2]
    told = found(archive(tmp_path, x, level(half, axis=1) + random.normal(size=200)) | spec)
    assert "feature_like_target" not in told
