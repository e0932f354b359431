"""Channels of no common scale are not normalised as one, and what only looks like them is."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dataset_cases import refusal

from ecosobriety.readers import obtain

RNG = np.random.default_rng(0)


def archive(folder: Path, train: np.ndarray, test: np.ndarray, **keys: Any) -> dict[str, Any]:
    path = folder / "a.npz"
    labels = [np.arange(len(part)) % 2 for part in (train, test)]
    np.savez(path, x_train=train, y_train=labels[0], x_test=test, y_test=labels[1])
    given = {"label": "kind", "features": None, "test_share": 0.2, "format": None}
    return {**given, "name": "npz", "path": str(path), **keys}


JENA = (
    [989, 9.5, 283, 5, 76, 13.6, 9.5, 4, 6, 9.6, 1216, 2.1, 3.5, 175],
    [8.4, 8.4, 8.5, 6.7, 16.5, 7.7, 4.2, 4.9, 2.7, 4.2, 40, 1.5, 2.3, 87],
)
"""Means and deviations of the weather in Jena, in the columns of the file that is often taken."""
VITAL = [80, 97, 37, 120, 77, 18, 138, 2], [16, 2.9, 0.77, 20, 12, 5, 57, 1.5]
BODY = [107, 32, 0, 0, 0, 0, 0, 0], [25, 1, 5, 5, 5, 1, 1, 1]


@pytest.mark.parametrize(("means", "deviations"), [JENA, VITAL, BODY])
@pytest.mark.parametrize("first", [True, False])
def test_channels_that_hardly_vary_beside_others_are_not_one_scale(
    tmp_path: Path, means: list[float], deviations: list[float], first: bool
) -> None:
    parts = [means + np.array(deviations) * RNG.normal(size=(n, 24, len(means))) for n in (60, 40)]
    if first:
        parts = [np.moveaxis(part, 1, 2) for part in parts]
    end = "first" if first else "last"
    assert f"(with dataset.channels: {end})" in refusal(archive(tmp_path, *parts))
    obtain(archive(tmp_path, *parts, normalise="channel", channels=end))
    # Each on its own scale.
    alike = [RNG.normal(size=part.shape) for part in parts]
    assert obtain(archive(tmp_path, *alike)).normalise == "global"


def test_a_channel_of_rare_events_among_many_is_no_other_scale(tmp_path: Path) -> None:
    parts = [RNG.normal(size=(n, 24, 12)) for n in (300, 100)]
    for part in parts:
        part[..., 5] = RNG.random((len(part), 24)) < 0.005
    assert obtain(archive(tmp_path, *parts)).normalise == "global"


@pytest.mark.parametrize("first", [True, False])
def test_an_hour_in_columns_of_its_own_is_no_border(tmp_path: Path, first: bool) -> None:
    def load(n: int) -> np.ndarray:
        hours = RNG.integers(0, 24, n)[:, None] + np.arange(6)
        measured = 28000 + 4000 * RNG.normal(size=(n, 6, 1))
        x = np.concatenate([measured, np.eye(24)[hours % 24]], axis=2)
        return x if first else x[..., ::-1]

    assert "along the last dimension of an example (6, 25), standard" in refusal(
        archive(tmp_path, load(300), load(100))
    )


def test_planes_of_pieces_beside_a_number_are_no_common_scale(tmp_path: Path) -> None:
    def boards(n: int) -> np.ndarray:
        x = (RNG.random((n, 18, 8, 8)) < 0.02).astype(np.float64)
        x[:, 17] = RNG.integers(0, 80, (n, 1, 1))
        return x

    assert "along the first dimension" in refusal(archive(tmp_path, boards(60), boards(40)))


def _day(n: int) -> np.ndarray:
    """One quantity, hour by hour."""
    hours = np.sin(2 * np.pi * np.arange(24) / 24)[:, None]
    return hours + 0.05 * RNG.normal(size=(n, 24, 1))


def _growth(n: int) -> np.ndarray:
    curve = 100 / (1 + np.exp(-(np.arange(20) - 10) / 2))[:, None]
    return curve * (1 + 0.03 * RNG.normal(size=(n, 1, 1))) + RNG.normal(size=(n, 20, 1))


def _paths(n: int) -> np.ndarray:
    return RNG.normal(size=(n, 30, 2)).cumsum(axis=1)


@pytest.mark.parametrize("draw", [_day, _growth, _paths])
@pytest.mark.parametrize("first", [True, False])
def test_times_that_follow_each_other_are_no_channels(
    tmp_path: Path, draw: Any, first: bool
) -> None:
    parts = [draw(n) if first else np.moveaxis(draw(n), 1, 2) for n in (300, 100)]
    assert obtain(archive(tmp_path, *parts)).normalise == "global"


def test_a_few_sensors_in_the_order_of_their_levels_are_channels(tmp_path: Path) -> None:
    parts = [12 * np.arange(6) + 2 * RNG.normal(size=(n, 40, 6)) for n in (60, 40)]
    assert "(with dataset.channels: last)" in refusal(archive(tmp_path, *parts))


def test_a_row_with_an_axis_of_one_place_is_asked_about(tmp_path: Path) -> None:
    scales = np.array([15, 20, 90, 600, 0.1, 0.1, 0.09, 0.05, 0.2, 0.06, 0.4, 1.2, 3, 40, 0.007])
    parts = [scales * np.exp(0.4 * RNG.normal(size=(n, 15))) for n in (300, 100)]
    assert "(15, 1)" in refusal(archive(tmp_path, *(part[..., None] for part in parts)))
    assert obtain(archive(tmp_path, *parts)).normalise == "feature"


def test_flags_at_both_ends_of_other_numbers_are_no_border(tmp_path: Path) -> None:
    parts = [np.round(20 * RNG.normal(size=(n, 24, 12))) for n in (300, 100)]
    for part in parts:
        part[..., [0, 11]] = RNG.random((len(part), 24, 2)) < 0.02
    assert "along the last dimension of an example (24, 12)" in refusal(archive(tmp_path, *parts))
