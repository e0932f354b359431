"""A user's own files: what works where a user would expect it, and what is refused by name."""

import gzip
import os
import pickle
import socket
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from dataset_cases import refusal
from PIL import Image

from ecosobriety.datasets import Dataset
from ecosobriety.errors import DataError
from ecosobriety.readers import input_files, obtain, stamp, table, take_in

DEFAULTS = {"format": None, "label": None, "features": None, "test_share": 0.2}
IMAGES = np.random.default_rng(0).integers(0, 256, (20, 4, 5)).astype(np.uint8)
LABELS = np.arange(20) % 2
TABLE = pd.DataFrame(
    {"height": np.arange(10.0) * 1.5, "legs": [2, 4] * 5, "kind": ["bird", "beast"] * 5}
)


def spec(name: str, path: Path, **keys: Any) -> dict[str, Any]:
    return DEFAULTS | {"name": name, "path": str(path)} | keys


def write_npz(path: Path, **arrays: Any) -> dict[str, Any]:
    np.savez(path, **arrays)
    return spec("npz", path)


def write_table(path: Path, table: pd.DataFrame, **keys: Any) -> dict[str, Any]:
    if path.suffix == ".parquet":
        table.to_parquet(path)
        return spec("parquet", path, label="kind", **keys)
    table.to_csv(path, index=False)
    return spec("csv", path, label="kind", **keys)


def write_images(folder: Path, images: np.ndarray = IMAGES) -> dict[str, Any]:
    for i, image in enumerate(images):
        (folder / f"class{i % 2}").mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / f"class{i % 2}" / f"{i:02}.png")
    return spec("image-folder", folder)


def same_data(one: Dataset, other: Dataset) -> bool:
    return one.sha256 == other.sha256 and one.classes == other.classes


def test_an_archive_with_a_split_keeps_it(tmp_path: Path) -> None:
    given = write_npz(
        tmp_path / "a.npz",
        x_train=IMAGES[:12],
        y_train=LABELS[:12],
        x_test=IMAGES[12:],
        y_test=LABELS[12:],
    )
    dataset = obtain(given)
    assert take_in(given).train_examples == 12
    assert np.array_equal(dataset.x_train, IMAGES[:12])
    assert np.array_equal(dataset.y_test, LABELS[12:])
    assert dataset.classes == ("0", "1")
    assert dataset.x_train.dtype == np.uint8
    assert dataset.origin == f"npz {tmp_path / 'a.npz'}"


def test_without_a_split_a_stratified_share_is_held_out(tmp_path: Path) -> None:
    given = write_npz(tmp_path / "a.npz", x=IMAGES, y=LABELS) | {"test_share": 0.3}
    dataset = obtain(given)
    assert take_in(given).train_examples == len(dataset.y_train) == 14
    assert np.bincount(dataset.y_test).tolist() == [3, 3]
    again = np.concatenate([dataset.x_train, dataset.x_test]).reshape(20, -1)
    assert sorted(map(tuple, again)) == sorted(map(tuple, IMAGES.reshape(20, -1)))
    assert same_data(dataset, obtain(given))


@pytest.mark.parametrize(("task", "y"), [("classification", LABELS), ("regression", LABELS * 1.5)])
def test_a_share_that_leaves_too_little_is_named(tmp_path: Path, task: str, y: np.ndarray) -> None:
    given = write_npz(tmp_path / "a.npz", x=IMAGES, y=y) | {"test_share": 0.999, "task": task}
    with pytest.raises(DataError, match=r"dataset\.test_share leaves 1 of 20 examples to train on"):
        obtain(given)


@pytest.mark.parametrize(
    ("y", "classes"),
    [
        (np.array(["mug", "tôt"] * 10), ("mug", "tôt")),
        (np.array([10, 9] * 10), ("9", "10")),
        (np.array([True, False] * 10), ("False", "True")),
        (np.array([-1.0, 3.0] * 10), ("-1", "3")),
    ],
)
def test_labels_are_text_or_whole_numbers(
    tmp_path: Path, y: np.ndarray, classes: tuple[str, str]
) -> None:
    dataset = obtain(write_npz(tmp_path / "a.npz", x=IMAGES, y=y))
    assert dataset.classes == classes
    assert set(dataset.y_train) == {0, 1}


@pytest.mark.parametrize("dtype", [np.float64, np.float16, np.int32, bool])
@pytest.mark.parametrize("shape", [(20, 3), (20, 2, 3, 2, 2)])
def test_other_numbers_of_any_shape_stay_what_they_are(
    tmp_path: Path, dtype: type, shape: tuple[int, ...]
) -> None:
    x = np.random.default_rng(0).integers(0, 2, shape).astype(dtype)
    dataset = obtain(write_npz(tmp_path / "a.npz", x=x, y=LABELS))
    # Truth values are read as the bytes 0 and 1.
    assert dataset.x_train.dtype == (np.uint8 if dtype is bool else dtype)
    assert dataset.x_test.shape[1:] == shape[1:]
    whole = np.concatenate([dataset.x_train, dataset.x_test])
    assert sorted(map(bytes, whole)) == sorted(map(bytes, x.astype(whole.dtype)))


def test_duplicates_between_training_and_test_are_counted(tmp_path: Path) -> None:
    parts = {"x_train": IMAGES[:12], "y_train": LABELS[:12], "y_test": LABELS[12:]}
    twice = IMAGES[[0, 0, 5, 12, 13, 14, 15, 16]]
    assert obtain(write_npz(tmp_path / "a.npz", **parts, x_test=IMAGES[12:])).test_duplicates == 0
    assert obtain(write_npz(tmp_path / "b.npz", **parts, x_test=twice)).test_duplicates == 3


def with_nan(shape: tuple[int, ...]) -> np.ndarray:
    x = np.zeros(shape, np.float32)
    x[7, 2] = np.nan
    return x


@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        ({"x": with_nan((20, 4)), "y": LABELS}, r"hold nan in example 7"),
        ({"x": np.full((20, 4), 1e39), "y": LABELS}, "hold 1e.39 in example 0"),
        ({"x": IMAGES, "y": np.zeros(20)}, 'the one class "0" alone'),
        ({"x": IMAGES, "y": np.arange(20) / 2}, "hold 0.5, but must be whole numbers or text"),
        ({"x": IMAGES, "y": np.array([np.nan, 1] * 10)}, "hold nan, but must be whole numbers"),
        ({"x": IMAGES, "y": LABELS[:-1]}, "20 examples and 19 labels"),
        ({"x": IMAGES[:10], "y": LABELS.reshape(10, 2)}, r"the shape \(10, 2\), but must be one"),
        ({"x": IMAGES[:, 0, 0], "y": LABELS}, r"have the shape \(20,\), but must have one row"),
        ({"x": np.array(["a", "b"] * 10), "y": LABELS}, "are text, but must be numbers"),
        ({"x": IMAGES, "z": LABELS}, "holds x, z, but must hold the arrays x_train, y_train"),
        ({}, "holds nothing, but must hold the arrays"),
        ({"x": IMAGES[:0], "y": LABELS[:0]}, "there is no example in x and y"),
        (
            {
                "x_train": IMAGES[:9],
                "y_train": np.zeros(9),
                "x_test": IMAGES[9:],
                "y_test": LABELS[9:],
            },
            'the test part alone holds the class "1"',
        ),
        (
            {
                "x_train": IMAGES[:9],
                "y_train": np.array(["ash", "oak", "elm"] * 3),
                "x_test": IMAGES[9:],
                "y_test": np.array(["Ash", "oak", "fir"] * 4)[:11],
            },
            r'holds the classes "Ash" \("ash" in the training part\), "fir", which',
        ),
        (
            {
                "x_train": IMAGES[:9],
                "y_train": LABELS[:9],
                "x_test": IMAGES[9:],
                "y_test": LABELS[9:].astype(str),
            },
            "are numbers and text, not one kind",
        ),
        (
            {
                "x_train": IMAGES[:9],
                "y_train": LABELS[:9],
                "x_test": IMAGES[9:, 1:],
                "y_test": LABELS[9:],
            },
            r"x_train and y_train has the shape \(4, 5\)",
        ),
    ],
)  # fmt: skip
def test_arrays_that_nothing_can_learn_from_are_refused(
    tmp_path: Path, arrays: dict[str, Any], reason: str
) -> None:
    with pytest.raises(DataError, match=reason):
        obtain(write_npz(tmp_path / "a.npz", **arrays))
    refusal(spec("npz", tmp_path / "a.npz"))


class Trap:
    """Unpickling it would create a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.path,)


def test_a_pickle_is_refused_and_never_opened(tmp_path: Path) -> None:
    trap = np.array([Trap(tmp_path / "sprung")] * 2, dtype=object)
    given = write_npz(tmp_path / "inside.npz", x=trap, y=np.arange(2))
    assert "arrays of Python objects are never unpickled" in refusal(given)
    given = write_npz(tmp_path / "labels.npz", x=IMAGES[:2], y=trap)
    assert "the array y cannot be read" in refusal(given)
    assert "store numbers (y.astype(float)), or text for labels" in refusal(given)
    (tmp_path / "bare.npz").write_bytes(pickle.dumps(Trap(tmp_path / "sprung")))
    assert "not a NumPy archive" in refusal(spec("npz", tmp_path / "bare.npz"))
    (tmp_path / "bare.parquet").write_bytes(pickle.dumps(Trap(tmp_path / "sprung")))
    refusal(spec("parquet", tmp_path / "bare.parquet", label="kind"))
    with zipfile.ZipFile(tmp_path / "raw.npz", "w") as archive:
        for name in ("x.npy", "y.npy"):
            archive.writestr(name, pickle.dumps(Trap(tmp_path / "sprung")))
    with pytest.raises(DataError, match=r"raw\.npz"):
        take_in(spec("npz", tmp_path / "raw.npz"))
    refusal(spec("npz", tmp_path / "raw.npz"))
    assert not (tmp_path / "sprung").exists()


def test_every_truncated_archive_is_refused(tmp_path: Path) -> None:
    given = write_npz(tmp_path / "a.npz", x=IMAGES, y=LABELS)
    whole = (tmp_path / "a.npz").read_bytes()
    for cut in range(0, len(whole), 61):
        (tmp_path / "a.npz").write_bytes(whole[:cut])
        refusal(given)
        with pytest.raises(DataError, match=r"a\.npz"):
            take_in(given)


@pytest.mark.parametrize("file", ["a.csv", "a.csv.gz", "a.parquet"])
def test_a_table_has_a_label_column_and_numbers(tmp_path: Path, file: str) -> None:
    given = write_table(tmp_path / file, TABLE)
    dataset = obtain(given)
    assert take_in(given).train_examples == len(dataset.y_train) == 8
    assert dataset.classes == ("beast", "bird")
    assert dataset.x_train.shape == (8, 2)
    assert dataset.x_train.dtype == np.float64
    # Column 1 has the legs: what has four is a beast, the class 0.
    assert ((dataset.x_train[:, 1] == 4) == (dataset.y_train == 0)).all()
    one = obtain(given | {"features": ["legs"]})
    assert one.x_train.shape == (8, 1)


def test_rows_may_be_told_apart_by_whole_numbers(tmp_path: Path) -> None:
    dataset = obtain(write_table(tmp_path / "a.csv", TABLE.assign(kind=[7, 12] * 5)))
    assert dataset.classes == ("7", "12")


@pytest.mark.parametrize("file", ["a.csv", "a.parquet"])
@pytest.mark.parametrize(
    ("table", "keys", "reason"),
    [
        (TABLE.assign(height=[1.0, None] * 5), {}, '"height" is empty in row 2'),
        (TABLE.assign(height=[np.inf, 1.0] * 5), {}, '"height" has no finite number in row 1'),
        (TABLE.assign(kind=["bird", None] * 5), {}, 'the label "kind" is empty in row 2'),
        (TABLE.assign(legs=["two", "4"] * 5), {}, 'the column "legs" holds'),
        (TABLE.assign(kind="bird"), {}, 'the one class "bird" alone'),
        (TABLE[["kind"]], {}, "no column besides the label"),
        (
            TABLE,
            {"features": ["wings"]},
            'no column "wings"; the columns are "height", "legs", "kind"',
        ),
        (TABLE.rename(columns={"kind": "Kind"}), {}, 'no column "kind"; the columns are'),
        (TABLE[:0], {}, ""),
    ],
)
def test_a_table_that_is_none_is_refused(
    tmp_path: Path, file: str, table: pd.DataFrame, keys: dict[str, Any], reason: str
) -> None:
    assert reason in refusal(write_table(tmp_path / file, table, **keys))


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe\x00", b'kind,a\n"open', b"kind,a\nx,1\ny,2,3,4\n"]
)
def test_a_file_that_is_no_table_is_refused(tmp_path: Path, content: bytes) -> None:
    for name in ("csv", "parquet"):
        (tmp_path / f"a.{name}").write_bytes(content)
        refusal(spec(name, tmp_path / f"a.{name}", label="kind"))


def test_many_columns_of_a_parquet_file_are_read_in_linear_time(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    wide = pd.DataFrame({f"v{i}": [1.5, 0.5, 2.5] for i in range(1000)}).assign(
        kind=["a", "b", "a"]
    )
    wide.to_parquet(path)
    begin = time.process_time()
    assert table.read(path, "parquet", "kind", None, "classification").x.shape == (3, 1000)
    # When the schema was made anew for each column, these were 2 s.
    assert time.process_time() - begin < 0.8


def test_a_truncated_gzip_is_refused(tmp_path: Path) -> None:
    whole = gzip.compress(TABLE.to_csv(index=False).encode())
    (tmp_path / "a.csv.gz").write_bytes(whole[: len(whole) // 2])
    given = spec("csv", tmp_path / "a.csv.gz", label="kind")
    assert "the gzip data are truncated or damaged (Compressed file ended" in refusal(given)
    with pytest.raises(DataError, match=r"a\.csv\.gz"):
        take_in(given)


def test_a_folder_has_a_folder_for_each_class(tmp_path: Path) -> None:
    given = write_images(tmp_path / "images")
    (tmp_path / "images/class0/.DS_Store").write_bytes(b"hidden")
    dataset = obtain(given)
    assert take_in(given).train_examples == len(dataset.y_train) == 16
    assert dataset.classes == ("class0", "class1")
    assert dataset.x_train.shape == (16, 4, 5)
    images = {image.tobytes(): i % 2 for i, image in enumerate(IMAGES)}
    assert [images[x.tobytes()] for x in dataset.x_train] == dataset.y_train.tolist()


def test_a_folder_may_be_split_and_have_colours(tmp_path: Path) -> None:
    colours = np.random.default_rng(0).integers(0, 256, (6, 4, 5, 3)).astype(np.uint8)
    write_images(tmp_path / "images/train", colours)
    write_images(tmp_path / "images/test")
    dataset = obtain(spec("image-folder", tmp_path / "images"))
    assert take_in(spec("image-folder", tmp_path / "images")).train_examples == 6
    assert dataset.x_train.shape == (6, 4, 5, 3)
    # A grey image among coloured ones has three equal colours.
    assert (dataset.x_test[..., 0] == dataset.x_test[..., 2]).all()


def test_a_folder_that_is_not_one_of_images_is_refused(tmp_path: Path) -> None:
    given = write_images(tmp_path / "images")
    added = tmp_path / "images/class0/x"
    cases = {
        "x.txt: has the ending .txt, but": lambda: added.with_suffix(".txt").write_text("x"),
        "x.png: cannot be read as an image": lambda: added.with_suffix(".png").write_bytes(b"x"),
        "x.jpg: has 3 x 9 pixels and": lambda: Image.new("L", (3, 9)).save(f"{added}.jpg"),
        "x.tif: has the mode I;16": lambda: Image.new("I;16", (5, 4)).save(f"{added}.tif"),
        "class2: is empty": lambda: (tmp_path / "images/class2").mkdir(),
    }
    for reason, spoil in cases.items():
        spoil()
        assert reason in refusal(given)
        for file in (tmp_path / "images/class0").glob("x.*"):
            file.unlink()
    (tmp_path / "images/class2").rmdir()
    whole = (tmp_path / "images/class0/00.png").read_bytes()
    (tmp_path / "images/class0/00.png").write_bytes(whole[:-30])
    assert "00.png: cannot be read as an image" in refusal(given)
    (tmp_path / "empty").mkdir()
    assert "holds no folder" in refusal(spec("image-folder", tmp_path / "empty"))
    one = write_images(tmp_path / "one", IMAGES[:1])
    assert 'the one class "class0" alone' in refusal(one)


@pytest.mark.parametrize("name", ["npz", "csv", "parquet", "image-folder"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    given = spec(name, tmp_path / "none", label="kind")
    assert "No such file or directory" in refusal(given)
    with pytest.raises(DataError, match="none: cannot be read"):
        take_in(given)


@pytest.mark.parametrize("path", ["https://127.0.0.1:9/a.csv", "~no-such-user/a.csv"])
def test_a_path_is_never_an_address_and_an_unknown_home_is_told(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: object) -> None:
        raise AssertionError("the network was touched")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    for name in ("csv", "parquet", "npz", "image-folder"):
        given = DEFAULTS | {"name": name, "path": path, "label": "kind"}
        with pytest.raises(DataError, match=r"127\.0\.0\.1:9|~no-such-user"):
            take_in(given)
        with pytest.raises(DataError, match=r"127\.0\.0\.1:9|~no-such-user"):
            obtain(given)
    with pytest.raises(DataError, match=r"127\.0\.0\.1:9|~no-such-user"):
        obtain({"name": "mnist", "path": path})


def test_a_changed_file_changes_the_stamp(tmp_path: Path) -> None:
    given = write_table(tmp_path / "a.csv", TABLE)
    assert input_files(given) == [given["path"]]
    before = stamp(given)
    assert stamp(given) == before
    # Replaced by an older file.
    os.utime(given["path"], (1, 1))
    assert stamp(given) != before
    images = write_images(tmp_path / "images")
    before = stamp(images)
    assert input_files(images) == []
    Image.new("L", (5, 4)).save(tmp_path / "images/class0/03.png")
    assert stamp(images) != before
    assert stamp({"name": "digits"}) is None
    assert take_in({"name": "digits"}).train_examples == 1400
