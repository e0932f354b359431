"""Frames of videos, or several images of one thing, are named where a split would part them."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sklearn.datasets
from hypothesis import given, settings
from hypothesis import strategies as st
from test_datasets_slips import found
from test_marks import archive

from ecosobriety.checks import row_order
from ecosobriety.datasets.examples import Examples

N = 600
RNG = np.random.default_rng(6)
TARGETS = RNG.uniform(1, 9, N).round(3)


@cache
def photographs() -> Any:
    return sklearn.datasets.load_sample_images().images


def images(number: int, each: int, seed: int = 0) -> Any:
    """(n, 16, 16, 3) pieces of two photographs: of each place some that are a pixel further on."""
    random = np.random.default_rng(seed)
    found = []
    for _ in range(number // each):
        whole = photographs()[random.integers(0, 2)]
        top, left = (random.integers(0, side - 48 - each) for side in whole.shape[:2])
        frames = [whole[top + i : top + i + 48 : 3, left : left + 48 : 3] for i in range(each)]
        found += [frame + random.normal(0, 2, frame.shape) for frame in frames]
    return np.clip(found, 0, 255).astype(np.uint8)


@pytest.mark.slow
@pytest.mark.parametrize("each", [2, 20])
@pytest.mark.parametrize("label", ["of two", "of one", "target"])
def test_frames_of_videos_are_named(tmp_path: Path, each: int, label: str) -> None:
    x = images(400, each)
    y = {"of two": np.arange(400) // each % 2, "of one": np.arange(400) // 200, "target": TARGETS}
    spec = {"normalise": "global", "task": "regression" if label == "target" else "classification"}
    told = found(archive(tmp_path, x, y[label][:400]) | spec)
    assert not told["examples_follow"].headline
    mixed = RNG.permutation(400)
    assert not {*found(archive(tmp_path, x[mixed], y[label][mixed]) | spec)} & {"examples_follow"}


@pytest.mark.parametrize("target", [True, False])
def test_signals_that_are_sorted_are_no_frames(tmp_path: Path, target: bool) -> None:
    amount = np.sort(RNG.random(N))
    peak = np.exp(-(((np.linspace(0, 1, 100) - 0.5) / 0.1) ** 2))
    x = 5 * amount[:, None] * peak + RNG.normal(0, 0.05, (N, 100))
    y = amount if target else (amount > 0.5).astype(int)
    spec = {"normalise": "global", "task": "regression" if target else "classification"}
    assert "examples_follow" not in found(archive(tmp_path, x, y) | spec)


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32), spread=st.floats(0.01, 4), classes=st.integers(1, 3))
def test_an_order_by_chance_names_none(seed: int, spread: float, classes: int) -> None:
    random = np.random.default_rng(seed)
    size = np.exp(spread * random.normal(size=(300, 1, 1)))
    x = Examples(size * random.normal(size=(300, 6, 6)))
    y = random.integers(0, classes, 300) if classes > 1 else None
    assert not [*row_order.find_following(x, y)]
