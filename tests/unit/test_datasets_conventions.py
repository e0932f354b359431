"""What people's files take for granted: read as it is meant, or refused in one sentence."""

import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dataset_cases import refusal, require_read_or_refused
from PIL import Image

from ecosobriety.errors import DataError
from ecosobriety.readers import obtain

DEFAULTS = {"format": None, "label": None, "features": None, "test_share": 0.2}
RNG = np.random.default_rng(0)
BYTES = RNG.integers(0, 256, (60, 6, 5)).astype(np.uint8)
LABELS = np.arange(60) % 2


def archive(path: Path, **arrays: Any) -> dict[str, Any]:
    np.savez(path, **arrays)
    return DEFAULTS | {"name": "npz", "path": str(path)}


def split(path: Path, x_train: Any, x_test: Any, **keys: Any) -> dict[str, Any]:
    parts = {"y_train": LABELS[: len(x_train)], "y_test": LABELS[: len(x_test)]}
    return archive(path, x_train=x_train, x_test=x_test, **parts) | keys


@pytest.mark.parametrize(
    ("train", "test"),
    [
        (BYTES, BYTES / 255),
        (BYTES.astype(np.float32), BYTES / np.float32(255)),
        (BYTES / 255, BYTES.astype(np.float64)),
        (BYTES.astype(np.int64), BYTES),
        ((BYTES - BYTES.mean()) / BYTES.std(), BYTES / 255),
        (BYTES / 255, (BYTES - BYTES.mean()) / BYTES.std()),
        (BYTES, BYTES // 128),
        (BYTES.astype(np.float64) * 257, BYTES.astype(np.float64)),
        (BYTES.reshape(60, 30) * 1.0, BYTES.reshape(60, 30) / 255),
    ],
)
def test_parts_on_two_scales_are_refused(tmp_path: Path, train: Any, test: Any) -> None:
    message = refusal(split(tmp_path / "a.npz", train, test[::2]))
    assert "must be of one type" in message or "do not fit together" in message


def test_parts_that_fit_are_taken_and_told_if_they_differ_somewhat(tmp_path: Path) -> None:
    same = obtain(split(tmp_path / "a.npz", BYTES, BYTES[::3])).findings
    assert [finding.id for finding in same] == ["train_test_duplicates"]
    darker = (BYTES[::3] // 3).astype(np.uint8)
    (finding,) = obtain(split(tmp_path / "b.npz", BYTES, darker)).findings
    assert (finding.id, finding.headline) == ("parts_differ", True)
    assert "(mean 130.7), those of the test part from 0 to 85 (mean" in finding.sentence()
    vectors = RNG.normal(size=(60, 4))
    shifted = vectors[::3] + np.array([0, 0, 20, 0])
    found = {f.id: f for f in obtain(split(tmp_path / "c.npz", vectors, shifted)).findings}
    assert found["features_shifted"].values["first"] == 2
    # They are training examples, but for that.
    assert found.keys() == {"features_shifted", "rows_nearly_equal"}


def test_one_type_holds_the_values_of_both_parts(tmp_path: Path) -> None:
    x = RNG.normal(size=(60, 3))
    dataset = obtain(split(tmp_path / "a.npz", x, x.astype(np.float32)[::2]))
    assert dataset.x_test.dtype == np.float64
    tokens = RNG.integers(0, 9, (60, 3))
    dataset = obtain(split(tmp_path / "b.npz", tokens.astype(np.uint16), tokens[::2]))
    assert dataset.x_train.dtype == np.int64
    assert dataset.normalise == "none"


SERIES = RNG.normal(size=(60, 3, 40)) * [[[1.0], [1e5], [1.0]]]


@pytest.mark.parametrize(
    ("train", "test", "refused"),
    [
        (lambda y: (y - y.mean()) / y.std(), lambda y: y, True),
        (lambda y: y, lambda y: y * 1000, True),
        (lambda y: y, lambda y: y + 500, True),
        (lambda y: y, lambda y: y, False),
        # Another unit around 0.
        (lambda y: y - 60, lambda y: (y - 60) * 1000, True),
        # Drift, a part that varies less, outliers: read as they are.
        (lambda y: y, lambda y: y * 1.3 + 20, False),
        (lambda y: y, lambda y: 60 + (y - 60) / 3, False),
        (lambda y: np.append(y[1:], 1e6), lambda y: y, False),
    ],
)
def test_targets_on_two_scales_are_refused(
    tmp_path: Path, train: Any, test: Any, refused: bool
) -> None:
    x, y = RNG.normal(size=(60, 4)), RNG.normal(60, 12, 60)
    parts = {"x_train": x, "x_test": x + 0.1, "y_train": train(y), "y_test": test(y[::-1])}
    given = archive(tmp_path / "a.npz", **parts) | {"task": "regression"}
    if refused:
        assert "both must be on one scale" in refusal(given)
    else:
        obtain(given)


def test_negative_values_in_one_part_by_chance_are_no_other_scale(tmp_path: Path) -> None:
    x = np.arange(72, dtype=np.float32).reshape(24, 3)
    # Two of 24 examples, which one split in six puts into a test part of ten.
    test = [0, 1, 3, 5, 7, 12, 15, 17, 18, 19]
    train = [i for i in range(24) if i not in test]
    parts = {"x_train": x[train] - 5, "x_test": x[test] - 5}
    labels = {"y_train": np.arange(14) % 2, "y_test": np.arange(10) % 2}
    obtain(archive(tmp_path / "a.npz", **parts, **labels))
    # All of them are no chance.
    raw = x[train] * np.float32([1, 2, 3])
    parts = {"x_train": raw, "x_test": x[test] / raw.std(axis=0) - 1}
    assert "do not fit together" in refusal(archive(tmp_path / "b.npz", **parts, **labels))


def test_a_table_saved_as_bytes_is_not_normalised_as_an_image(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    table = [rng.integers(0, high, 24) for high in (95, 2, 101, 5)]
    given = archive(tmp_path / "a.npz", x=np.stack(table, axis=1).astype(np.uint8), y=LABELS[:24])
    assert "4 columns of bytes, whose values span 1 to" in refusal(given)
    assert obtain(given | {"normalise": "feature"}).normalise == "feature"
    series = np.stack(table, axis=1).astype(np.uint8)[..., None]
    shaped = archive(tmp_path / "d.npz", x=series, y=LABELS[:24])
    assert "4 columns of bytes, whose values span 1 to" in refusal(shaped)
    pixels = rng.integers(0, 256, (24, 16)).astype(np.uint8)
    assert obtain(archive(tmp_path / "b.npz", x=pixels, y=LABELS[:24])).normalise == "global"
    one_hot = np.eye(9, dtype=np.uint8)[rng.integers(0, 9, 24)]
    assert obtain(archive(tmp_path / "c.npz", x=one_hot, y=LABELS[:24])).normalise == "global"


def test_channels_of_no_common_scale_are_not_normalised_together(tmp_path: Path) -> None:
    given = archive(tmp_path / "a.npz", x=SERIES, y=LABELS)
    assert "say dataset.normalise: channel (with dataset.channels: first)" in refusal(given)
    last = archive(tmp_path / "b.npz", x=np.moveaxis(SERIES, 1, 2), y=LABELS)
    assert "(with dataset.channels: last)" in refusal(last)
    chosen = obtain(given | {"normalise": "channel", "channels": "first"})
    assert (chosen.normalise, chosen.channels) == ("channel", "first")
    for normalise in ("global", "feature", "none"):
        other = obtain(given | {"normalise": normalise})
        assert other.normalise == normalise
        assert other.sha256 != chosen.sha256
    assert "needs dataset.channels" in refusal(given | {"normalise": "channel"})
    alike = archive(tmp_path / "c.npz", x=SERIES / [[[1.0], [1e5], [1.0]]], y=LABELS)
    assert obtain(alike).normalise == "global"


def test_the_black_border_of_grey_images_is_no_channel(tmp_path: Path) -> None:
    images = np.zeros((60, 12, 12), np.float32)
    images[:, 3:9, 3:9] = RNG.random((60, 6, 6))
    images[3, 0, 5] = 0.01
    assert obtain(archive(tmp_path / "a.npz", x=images, y=LABELS)).normalise == "global"


@pytest.mark.parametrize(
    ("x", "normalise", "reason"),
    [
        (RNG.normal(size=(60, 3)).astype(np.longdouble), "auto", "must be float64 or smaller"),
        (BYTES[:, 0].astype(complex), "auto", "are complex numbers, but must be numbers"),
        (BYTES[:, 0].astype("M8[s]"), "auto", "are dates, but must be numbers"),
        (BYTES[:, 0].astype("S3"), "auto", "are bytes, but must be numbers"),
        (np.zeros(60, [("a", "f4"), ("b", "f4")]), "auto", "is an array of records"),
        (np.full((60, 2), 2**63, np.uint64), "auto", "at most 2"),
        (2**60 + np.arange(120).reshape(60, 2), "feature", "beyond 2.53, which normalising would"),
        (1.764e9 + np.arange(60.0)[:, None], "none", "float32 leaves 1 of 48 different values"),
        (np.zeros((60, 0, 3)), "auto", "at least one value in it"),
        (np.float64(3.0), "auto", "have the shape"),
    ],
)
def test_inputs_that_no_training_reads_as_they_are_are_refused(
    tmp_path: Path, x: Any, normalise: str, reason: str
) -> None:
    given = archive(tmp_path / "a.npz", x=x, y=LABELS) | {"normalise": normalise}
    with pytest.raises(DataError, match=reason):
        obtain(given)
    refusal(given)


@pytest.mark.parametrize("dtype", [">f4", ">f8", ">i2", "f2", "i1"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_values_stay_whatever_the_bytes_order(tmp_path: Path, dtype: str, order: Any) -> None:
    x = np.asarray(RNG.integers(0, 100, (60, 3, 2, 4)), dtype=dtype, order=order)
    for save in (np.savez, np.savez_compressed):
        save(tmp_path / "a.npz", x=x, y=LABELS)
        dataset = obtain(DEFAULTS | {"name": "npz", "path": str(tmp_path / "a.npz")})
        assert dataset.x_train.dtype == np.dtype(dtype).newbyteorder("=")
        assert set(map(bytes, dataset.x_train[:])) <= set(
            map(bytes, x.astype(dataset.x_train.dtype))
        )
        assert len(dataset.x_train) + len(dataset.x_test) == 60


def test_arrays_that_are_not_read_are_named(tmp_path: Path) -> None:
    (finding,) = obtain(archive(tmp_path / "a.npz", x=BYTES, y=LABELS, x_val=BYTES)).findings
    assert finding.sentence() == 'arrays of the archive that are not read: "x_val"'
    both = {"x_train": BYTES, "y_train": LABELS, "x_test": BYTES, "y_test": LABELS}
    assert "and also x and y" in refusal(archive(tmp_path / "b.npz", x=BYTES, y=LABELS, **both))
    with (
        zipfile.ZipFile(tmp_path / "a.npz", "a") as twice,
        pytest.warns(UserWarning, match="Duplicate name"),
    ):
        twice.writestr("x.npy", b"")
    assert 'holds "x" twice' in refusal(DEFAULTS | {"name": "npz", "path": str(tmp_path / "a.npz")})


def test_a_single_array_and_a_pickle_are_no_archive(tmp_path: Path) -> None:
    with (tmp_path / "a.npz").open("wb") as file:
        np.save(file, BYTES)
    given = DEFAULTS | {"name": "npz", "path": str(tmp_path / "a.npz")}
    assert "is a single array (.npy), but must be an archive" in refusal(given)
    (tmp_path / "a.npz").write_bytes(pickle.dumps({"x": 1}))
    assert "not a NumPy archive" in refusal(given)


def images(folder: Path, names: tuple[str, ...] = ("cat", "dog")) -> dict[str, Any]:
    for name in names:
        (folder / name).mkdir(parents=True)
        for i in range(6):
            Image.fromarray(RNG.integers(0, 256, (6, 5, 3)).astype(np.uint8)).save(
                folder / name / f"{i}.png"
            )
    return DEFAULTS | {"name": "image-folder", "path": str(folder)}


def colour(value: int = 9) -> Image.Image:
    return Image.new("RGB", (5, 6), (value, 2, 3))


def frames(path: Path) -> None:
    Image.new("L", (5, 6)).save(path, save_all=True, append_images=[Image.new("L", (5, 6), 9)])


def see_through(path: Path) -> None:
    image = Image.new("P", (5, 6), 1)
    image.putpixel((0, 0), 0)
    image.save(path, transparency=0)


def deep(path: Path) -> None:
    """An image of 16 bits a colour, which Pillow cannot write itself."""
    import struct
    import zlib

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    rows = b"".join(b"\0" + bytes(5 * 6) for _ in range(6))
    header = struct.pack(">IIBBBBB", 5, 6, 16, 2, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts))


@pytest.mark.parametrize(
    ("name", "write", "reason"),
    [
        ("a.gif", frames, "holds 2 images, but must hold one"),
        ("a.tif", frames, "holds 2 images, but must hold one"),
        ("a.png", see_through, "is transparent in places"),
        ("b.png", lambda p: colour().convert("RGBA").save(p), None),
        ("c.png", lambda p: Image.new("RGBA", (5, 6), (1, 2, 3, 254)).save(p), "is transparent"),
        ("a.jpg", lambda p: Image.new("CMYK", (5, 6)).save(p), "has the mode CMYK"),
        ("d.png", deep, "has the mode RGB of 16 bits"),
        ("e.png", lambda p: Image.new("I;16", (5, 6)).save(p), "has the mode I;16"),
        ("f.png", lambda p: colour().save(p, "JPEG"), None),
        ("f.JPG", lambda p: colour().save(p, "JPEG"), None),
        ("f.jfif", lambda p: colour().save(p, "JPEG"), None),
        ("f.jpe", lambda p: colour().save(p, "JPEG"), None),
        ("f.ppm", lambda p: colour().save(p, "PPM"), None),
        ("f.pgm", lambda p: colour().convert("L").save(p, "PPM"), None),
        ("f.avif", lambda p: colour().save(p, "AVIF"), "has the ending .avif, but"),
        ("f", lambda p: colour().save(p, "PNG"), "has no ending, but"),
        ("g.png", lambda p: p.write_text("<svg/>"), "cannot be read as an image"),
        ("h.png", lambda p: p.symlink_to("elsewhere.png"), "is a link to a file that is not there"),
        ("i.png", lambda p: p.symlink_to("0.png"), None),
        ("deeper", lambda p: p.mkdir(), "is a folder in the folder of the class cat"),
        ("notes.txt", lambda p: p.write_text("x"), "has the ending .txt, but"),
        ("Thumbs.db", lambda p: p.write_text("x"), None),
        ("desktop.ini", lambda p: p.write_text("x"), None),
        ("._0.png", lambda p: p.write_text("x"), None),
    ],
)
def test_files_among_the_images_are_read_as_people_see_them_or_refused(
    tmp_path: Path, name: str, write: Callable[[Path], Any], reason: str | None
) -> None:
    given = images(tmp_path / "pets")
    write(tmp_path / "pets/cat" / name)
    require_read_or_refused(given, name, reason)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda p: p.symlink_to("/nowhere/birds"), "is a link to a file that is not there"),
        (os.mkfifo, "is neither a file nor a folder"),
    ],
)
def test_a_class_that_is_not_there_is_not_left_out(
    tmp_path: Path, make: Callable[[Path], Any], reason: str
) -> None:
    """Another disk that is not mounted, say."""
    given = images(tmp_path / "pets")
    make(tmp_path / "pets/birds")
    assert f"birds: {reason}" in refusal(given)


def test_a_camera_held_sideways_turns_the_image(tmp_path: Path) -> None:
    given = images(tmp_path / "pets")
    upright = RNG.integers(0, 256, (6, 5, 3)).astype(np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 8  # To be turned by 90 degrees.
    turned = Image.fromarray(np.rot90(upright, -1).copy())
    turned.save(tmp_path / "pets/cat/side.png", exif=exif)
    dataset = obtain(given)
    whole = [*dataset.x_train[:], *dataset.x_test[:]]
    assert any(np.array_equal(x, upright) for x in whole)


@pytest.mark.parametrize(
    "parts",
    [
        ("train", "val"),
        ("train", "test1"),
        ("training", "validation"),
        ("train", "val", "test"),
        ("Train", "Valid"),
        ("training_set", "test_set"),
    ],
)
def test_parts_that_are_no_training_and_test_are_refused(
    tmp_path: Path, parts: tuple[str, ...]
) -> None:
    for part in parts:
        images(tmp_path / "pets" / part)
    given = DEFAULTS | {"name": "image-folder", "path": str(tmp_path / "pets")}
    assert f"holds the folders {', '.join(sorted(parts))}, but must hold train and" in refusal(
        given
    )


@pytest.mark.parametrize("parts", [("train", "test"), ("Train", "TEST"), ("training", "testing")])
def test_a_split_is_one_in_any_capitals(tmp_path: Path, parts: tuple[str, str]) -> None:
    for part in parts:
        images(tmp_path / "pets" / part)
    (tmp_path / "pets/__MACOSX").mkdir()
    dataset = obtain(DEFAULTS | {"name": "image-folder", "path": str(tmp_path / "pets")})
    assert (len(dataset.y_train), len(dataset.y_test)) == (12, 12)
    assert dataset.classes == ("cat", "dog")


def test_folders_that_are_not_laid_out_by_class_are_refused(tmp_path: Path) -> None:
    for part in ("train", "test1"):
        (tmp_path / "kaggle" / part).mkdir(parents=True)
        colour().save(tmp_path / "kaggle" / part / "cat.0.jpg")
    kaggle = DEFAULTS | {"name": "image-folder", "path": str(tmp_path / "kaggle")}
    assert "holds the folders test1, train, but must hold train and test" in refusal(kaggle)
    images(tmp_path / "deep/pets")
    deep_one = DEFAULTS | {"name": "image-folder", "path": str(tmp_path / "deep")}
    assert "if pets is no class, name it in dataset.path" in refusal(deep_one)
    given = images(tmp_path / "stray")
    colour().save(tmp_path / "stray/loose.png")
    assert "is an image outside the classes' folders" in refusal(given)
    (tmp_path / "stray/loose.png").rename(tmp_path / "stray/labels.csv")
    (finding,) = obtain(given).findings
    assert finding.sentence() == 'files of the folder that are not read as images (1): "labels.csv"'
    # A class may be called so.
    assert obtain(images(tmp_path / "vehicles", ("bus", "train"))).classes == ("bus", "train")


def test_names_of_any_bytes_are_read_or_refused(tmp_path: Path) -> None:
    given = images(tmp_path / "pets")
    latin = os.fsdecode(b"caf\xe9")
    (tmp_path / "pets/cat/0.png").rename(tmp_path / f"pets/cat/{latin}.png")
    assert obtain(given).classes == ("cat", "dog")
    (tmp_path / "pets/cat").rename(tmp_path / "pets" / latin)
    assert "a class's name must be printable, in UTF-8" in refusal(given)


def test_images_beside_the_first_are_reported(tmp_path: Path) -> None:
    for i in range(12):
        (tmp_path / "ab"[i % 2]).mkdir(exist_ok=True)
        pixels = RNG.integers(0, 256, (8, 8, 3)).astype(np.uint8)
        first, second = Image.fromarray(pixels), Image.fromarray(255 - pixels)
        path = tmp_path / "ab"[i % 2] / f"{i}.jpg"
        first.save(path, "MPO", save_all=True, append_images=[second])
    (finding,) = obtain(DEFAULTS | {"name": "image-folder", "path": str(tmp_path)}).findings
    assert (finding.id, finding.values, finding.headline) == (
        "images_unread",
        {"number": 12},
        False,
    )
    assert finding.sentence() == "files of several images, of which the first is read: 12"
