"""Data sets in memory and in their file: digest, refusal of what does not fit, damage."""

import hashlib
import pickle
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecosobriety.datasets import Dataset, load, save, store
from ecosobriety.datasets.examples import Examples
from ecosobriety.errors import DataError


def tiny_dataset(**changes: object) -> Dataset:
    fields: dict[str, object] = {
        "train": (np.arange(12, dtype=np.uint8).reshape(3, 2, 2), np.array([0, 1, 1])),
        "test": (np.full((1, 2, 2), 9, np.uint8), np.array([0])),
        "classes": ("mug", "tôt"),
        "origin": "made by hand",
    }
    return Dataset.from_arrays("tiny", **(fields | changes))  # type: ignore[arg-type]


def test_digest_is_over_type_shape_and_values_in_little_endian() -> None:
    expected = hashlib.sha256(
        b"|u1 (3, 2, 2)\n" + bytes(range(12)) + b"<i8 (3,)\n" + bytes(8) + 2 * (b"\1" + bytes(7))
        + b"|u1 (1, 2, 2)\n" + bytes([9] * 4) + b"<i8 (1,)\n" + bytes(8)
    )  # fmt: skip
    assert tiny_dataset().sha256 == expected.hexdigest()


def test_digest_does_not_depend_on_memory_layout_but_on_content() -> None:
    dataset = tiny_dataset()
    x, y = dataset.x_train[:], dataset.y_train
    backwards = np.array(y[::-1])
    assert tiny_dataset(train=(np.asfortranarray(x), backwards[::-1])).sha256 == dataset.sha256
    flat = tiny_dataset(
        train=(x.reshape(3, 4), y), test=(dataset.x_test[:].reshape(1, 4), dataset.y_test)
    )
    assert flat.sha256 != dataset.sha256
    assert tiny_dataset(train=(x, y[::-1])).sha256 != dataset.sha256
    assert tiny_dataset(origin="elsewhere").sha256 == dataset.sha256


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"train": (np.zeros((3, 2, 2)), np.zeros(3, np.int64))}, "x_train is float64"),
        ({"test": (np.zeros((1, 2, 2), np.uint8), np.zeros(1, np.uint8))}, "y_test is uint8"),
        ({"test": (np.zeros((2, 2, 2), np.uint8), np.array([0]))}, "2 x_test and 1 y_test"),
        ({"test": (np.zeros((0, 2, 2), np.uint8), np.zeros(0, np.int64))}, "0 x_test and 0"),
        ({"test": (np.zeros((1, 2, 2), np.uint8), np.array([2]))}, r"labels outside 0\.\.1"),
        ({"test": (np.zeros((1, 2, 2), np.uint8), np.array([-1]))}, "outside"),
        ({"test": (np.zeros((1, 3), np.uint8), np.array([0]))}, r"x_test uint8 \(3,\)"),
        ({"test": (np.zeros((1, 2, 2), np.float32), np.array([0]))}, "x_test float32"),
    ],
)  # fmt: skip
def test_arrays_that_do_not_fit_are_refused(changes: dict[str, object], problem: str) -> None:
    with pytest.raises(DataError, match=problem):
        tiny_dataset(**changes)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_save_then_load_gives_the_same_data_set(tmp_path: Path, dtype: type) -> None:
    x: np.ndarray = (np.arange(12).reshape(3, 4) / 2).astype(dtype)
    dataset = tiny_dataset(train=(x, np.array([0, 1, 1])), test=(x[:1], np.array([1])))
    path = tmp_path / "new" / "tiny.npz"
    save(dataset, path)
    again = load(path)
    for name in ("x_train", "y_train", "x_test", "y_test"):
        assert getattr(again, name).dtype == getattr(dataset, name).dtype
        assert np.array_equal(getattr(again, name), getattr(dataset, name))
    for name in ("name", "classes", "sha256", "origin"):
        assert getattr(again, name) == getattr(dataset, name)
    assert {part.compress_type for part in zipfile.ZipFile(path).infolist()} == {zipfile.ZIP_STORED}
    assert [file.name for file in path.parent.iterdir()] == ["tiny.npz"]


def test_an_interrupted_save_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "tiny.npz"
    save(tiny_dataset(origin="old"), path)

    def write_half(archive: zipfile.ZipFile, name: str, _array: object) -> None:
        archive.writestr(name, b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(store, "write", write_half)
    with pytest.raises(KeyboardInterrupt):
        save(tiny_dataset(origin="new"), path)
    assert load(path).origin == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["tiny.npz"]


def test_every_truncated_or_damaged_file_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "tiny.npz"
    save(tiny_dataset(), path)
    whole = path.read_bytes()
    for cut in range(0, len(whole), 37):
        path.write_bytes(whole[:cut])
        with pytest.raises(DataError, match=r"tiny\.npz: "):
            load(path)
    # The values 0..11 of x_train.
    start = whole.index(bytes(range(12)))
    path.write_bytes(whole[:start] + b"\x63" + whole[start + 1 :])
    with pytest.raises(DataError, match=r"tiny\.npz: "):
        load(path)


def test_changed_values_in_a_sound_file_are_noticed(tmp_path: Path) -> None:
    path = tmp_path / "tiny.npz"
    dataset = tiny_dataset()
    changed = np.array(dataset.x_train)
    changed[0, 0, 0] = 99
    save(replace(dataset, x_train=Examples(changed)), path)
    path.touch()
    with pytest.raises(DataError, match=rf"tiny\.npz: .*sha256 .* expected {dataset.sha256[:12]}"):
        load(path)


class Trap:
    """Unpickling it would create a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.path,)


def test_foreign_files_are_refused_and_nothing_is_unpickled(tmp_path: Path) -> None:
    trap = np.array([Trap(tmp_path / "sprung")], dtype=object)
    np.savez(tmp_path / "pickle-inside.npz", metadata=trap, x_train=trap)
    np.savez(tmp_path / "other-arrays.npz", x=np.zeros(3))
    np.savez(tmp_path / "other-format.npz", metadata=np.array('{"format": "other"}'))
    np.save(tmp_path / "array.npy", np.zeros(3))
    (tmp_path / "pickle.npz").write_bytes(pickle.dumps(Trap(tmp_path / "sprung")))
    (tmp_path / "text.npz").write_text("no archive", encoding="utf-8")
    (tmp_path / "empty.npz").write_bytes(b"")
    files = sorted(tmp_path.iterdir())
    assert len(files) == 7
    for path in files:
        with pytest.raises(DataError, match=path.name):
            load(path)
    assert not (tmp_path / "sprung").exists()
    with pytest.raises(DataError, match=r"absent\.npz: there is no such"):
        load(tmp_path / "absent.npz")


@given(
    st.integers(1, 12),
    st.sampled_from([np.uint8, np.int64, np.float64, np.float32]),
    st.integers(0, 2**32 - 1),
)
def test_duplicates_are_those_that_a_loop_finds(width: int, dtype: type, seed: int) -> None:
    generator = np.random.default_rng(seed)
    train, test = (generator.integers(0, 3, (n, width)).astype(dtype) for n in (40, 15))
    known = {row.tobytes() for row in train}
    dataset = Dataset.from_arrays(
        "d", (train, np.arange(40) % 2), (test, np.arange(15) % 2), ("a", "b"), "o"
    )
    assert dataset.test_duplicates == sum(row.tobytes() in known for row in test)


def test_copies_are_counted_and_rows_of_few_values_are_not():
    generator, labels = np.random.default_rng(0), np.arange(40) % 2
    for width in (1, 2, 3):
        few = generator.integers(0, 3, (40, width))
        dataset = Dataset.from_arrays("d", (few, labels), (few[:2], labels[:2]), ("a", "b"), "o")
        assert {found.id for found in dataset.findings} <= {"inputs_shared"}
    copied = np.repeat(generator.random((20, 5)), 2, axis=0)
    dataset = Dataset.from_arrays("d", (copied, labels), (copied[:2], labels[:2]), ("a", "b"), "o")
    # Both test inputs are there, with either answer.
    assert [found.values["number"] for found in dataset.findings] == [20, 40, 2]
    assert dataset.findings[-1].id == "inputs_shared"
    agreeing = np.repeat(np.arange(20) % 2, 2)
    dataset = Dataset.from_arrays("d", (copied, agreeing), (copied[:2], labels[:2]), "ab", "o")
    assert [found.values["number"] for found in dataset.findings] == [20, 2]
    dataset = Dataset.from_arrays("d", (copied, agreeing), (copied[:2], agreeing[:2]), "ab", "o")
    assert dataset.findings[-1].id == "train_test_duplicates"


def test_zero_of_either_sign_is_one_number_where_duplicates_are_counted():
    x, y = np.zeros((2, 3), np.float32), np.array([0, 1])
    dataset = Dataset.from_arrays("a", (x, y), (-x, y), classes=("a", "b"), origin="made")
    assert dataset.test_duplicates == 2
