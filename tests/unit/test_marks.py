"""Marks by which a class's images can be told apart are named; shapes are none."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits
from test_datasets_slips import DEFAULTS, found

RNG = np.random.default_rng(5)


def _write(
    folder: Path, make: Callable[[int, int], Any], suffix: Callable[[int, int], str]
) -> None:

    for label in range(2):
        (folder / "ab"[label]).mkdir(parents=True)
        for i in range(20):
            path = folder / "ab"[label] / f"{i}.{suffix(label, i)}"
            Image.fromarray(make(label, i)).save(path, quality=95)


def colours(grey: bool) -> Any:
    pixels = RNG.integers(0, 256, (8, 8, 1 if grey else 3), dtype=np.uint8)
    return np.repeat(pixels, 3, axis=2) if grey else pixels


def images(folder: Path) -> dict[str, Any]:
    return {**DEFAULTS, "name": "image-folder", "path": str(folder), "label": None}


@pytest.mark.parametrize("stored", ["RGB", "L"])
def test_grey_images_of_one_class_are_named(tmp_path: Path, stored: str) -> None:
    def make(label: int, i: int) -> Any:
        pixels = colours(grey=label == 0)
        return pixels[..., 0] if label == 0 and stored == "L" else pixels

    _write(tmp_path / "i", make, lambda label, i: "png")
    told = found(images(tmp_path / "i"))["images_grey_by_class"]
    assert told.headline
    assert told.values == {"names": {"a": 100, "b": 0}}


def test_grey_images_of_one_part_are_named(tmp_path: Path) -> None:
    for part in ("train", "test"):
        _write(
            tmp_path / "i" / part,
            lambda label, i, part=part: colours(grey=part == "test" and i < 15),
            lambda label, i: "png",
        )
    told = found(images(tmp_path / "i"))["images_grey_by_part"]
    assert told.headline
    assert told.values == {"train": 0, "test": 75}


def test_another_format_in_one_class_is_named(tmp_path: Path) -> None:
    _write(
        tmp_path / "i",
        lambda label, i: colours(grey=False),
        lambda label, i: "jpg" if label and i else "png",
    )
    told = found(images(tmp_path / "i"))["image_format_by_class"]
    assert told.headline
    assert told.values == {"format": "JPEG", "names": {"b": 95, "a": 0}}


def test_images_mixed_at_random_are_sound(tmp_path: Path) -> None:
    _write(
        tmp_path / "i",
        lambda label, i: colours(grey=i % 3 == 0),
        lambda label, i: "jpg" if i % 2 else "png",
    )
    assert not found(images(tmp_path / "i"))


def archive(folder: Path, x: Any, y: Any) -> dict[str, Any]:
    np.savez(folder / "a.npz", x=x, y=y)
    return {**DEFAULTS, "name": "npz", "path": str(folder / "a.npz"), "label": None}


LABELS = RNG.integers(0, 3, 120)


@pytest.mark.parametrize("axis", [1, 3])
@pytest.mark.parametrize("normalised", [False, True])
def test_grey_images_of_an_archive_are_named(tmp_path: Path, axis: int, normalised: bool) -> None:
    x = RNG.random((120, 3, 9, 9))
    x[LABELS == 1] = x[LABELS == 1, :1]
    if normalised:
        x = (x - np.array([0.5, 0.4, 0.3])[:, None, None]) / np.array([0.2, 0.3, 0.1])[
            :, None, None
        ]
    x = np.moveaxis(x, 1, axis).astype(np.float32)
    told = found(archive(tmp_path, x, LABELS))["images_grey_by_class"]
    assert told.values == {"names": {"1": 100, "0": 0, "2": 0}}


@pytest.mark.parametrize("shape", [(8, 8), (8, 8, 3), (784,)])
def test_a_class_on_another_scale_is_named(tmp_path: Path, shape: tuple[int, ...]) -> None:
    x = RNG.integers(0, 256, (120, *shape)).astype(np.float32)
    assert not found(archive(tmp_path, x, LABELS))
    x[LABELS == 2] /= 255
    told = found(archive(tmp_path, x, LABELS))["scale_by_class"]
    assert told.headline
    assert told.values["names"] == {"2": 100, "0": 0, "1": 0}
    x[:60] = 7 * RNG.random((60, *shape))
    x[60:] = 255 * RNG.random((60, *shape)) + 9
    told = found(archive(tmp_path, x, LABELS))["scales_mixed"]
    assert told.headline
    assert told.values["share"] == 0.5


@pytest.mark.parametrize(("factor", "headline"), [(60, True), (51, True), (20, None)])
def test_one_example_far_beyond_all_others_is_named(
    tmp_path: Path, factor: float, headline: bool | None
) -> None:
    x = RNG.normal(0, 1, (120, 3, 50)).astype(np.float32)
    x[7] *= factor * np.abs(x).max() / np.abs(x[7]).max()
    told = found(archive(tmp_path, x, LABELS)).get("scales_mixed")
    assert (told and told.headline) == headline


@pytest.mark.parametrize(
    "change",
    [
        lambda x: 2 * x - 1,
        lambda x: (x - 0.5) / 0.29,
        lambda x: x + 5,
        lambda x: 3 * x,
        lambda x: -x,
    ],
)
def test_a_class_that_was_prepared_otherwise_is_named(tmp_path: Path, change: Any) -> None:
    x = RNG.random((120, 12, 12))
    x[LABELS == 2] = change(x[LABELS == 2])
    told = found(archive(tmp_path, x, LABELS))["level_orders_classes"]
    assert told.headline
    assert told.values == {"names": ["2"]}


@pytest.mark.parametrize("each", [20, 24, 40, 150])
def test_shapes_that_part_at_a_place_bear_no_mark(tmp_path: Path, each: int) -> None:
    digits = load_digits()
    for kinds in ((0, 1), (1, 7), (0, 6), (0, 1, 2)):
        rows = np.concatenate([np.flatnonzero(digits.target == kind)[:each] for kind in kinds])
        x = digits.images[rows].astype(np.uint8)
        assert "place_orders_classes" not in found(archive(tmp_path, x, digits.target[rows]))


@pytest.mark.parametrize("kinds", [LABELS, (LABELS == 2).astype(int)])
def test_a_mark_in_the_image_of_a_class_is_named(tmp_path: Path, kinds: Any) -> None:
    x = RNG.integers(0, 200, (120, 12, 12)).astype(np.uint8)
    x[:, 0, 0], x[LABELS == 2, 3, 4] = 255, 250
    told = found(archive(tmp_path, x, kinds))["place_orders_classes"].values
    assert (told["number"], told["place"], str(kinds.max()) in told["names"]) == (1, 40, True)


@pytest.mark.parametrize("front", [False, True])
@pytest.mark.parametrize("padding", [0.0, -999.0])
def test_a_length_that_separates_classes_is_named(
    tmp_path: Path, front: bool, padding: float
) -> None:
    random = np.random.default_rng(5)
    series, classes = random.normal(size=(300, 80)), random.integers(0, 3, 300)
    by_class = 25 + 15 * classes + random.integers(-5, 6, 300)

    def padded(lengths: Any) -> Any:
        x = np.where(np.arange(80) < np.reshape(lengths, (-1, 1)), series, padding)
        return x[:, ::-1] if front else x

    assert "level_orders_classes" in found(archive(tmp_path, padded(by_class), classes))
    lengths = random.permutation(by_class)
    told = found(archive(tmp_path, padded(lengths), classes))
    assert not {"level_orders_classes", "examples_noisy_copies"} & {*told}


@pytest.mark.parametrize(
    ("shape", "said", "right"),
    [
        ((3, 24, 32), "last", "first"),
        ((32, 32, 3), "first", "last"),
        ((1, 28, 28), "last", "first"),
        ((13, 16, 16), "first", None),
        ((3, 32, 32), "first", None),
        ((24, 3, 4), "first", None),
        ((8, 8, 3), "last", None),
    ],
)
def test_channels_at_the_other_end_are_named(
    tmp_path: Path, shape: tuple[int, ...], said: str, right: str | None
) -> None:
    x = RNG.integers(0, 256, (40, *shape)).astype(np.uint8)
    told = found(archive(tmp_path, x, np.arange(40) % 2) | {"channels": said})
    named = told.get("channels_elsewhere")
    assert (named and named.values["right"]) == right


@pytest.mark.parametrize("axis", [1, 2])
def test_a_channel_that_stands_still_in_one_class_is_named(tmp_path: Path, axis: int) -> None:
    series = RNG.normal(size=(120, 48, 3)) + np.array([0, 5, 1])
    still = series.copy()
    still[LABELS == 2, :, 1] = 0
    for x, names in ((still, ["2"]), (series, None)):
        told = found(archive(tmp_path, np.moveaxis(x, 1, axis), LABELS) | {"normalise": "global"})
        assert names is None or told["level_orders_classes"].values["names"] == names
        assert names is not None or "level_orders_classes" not in told
