"""Large archives: not copied, read in parts, and noticed when they change."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from ecosobriety.datasets import examples, load, save
from ecosobriety.datasets.archive import Archive
from ecosobriety.datasets.examples import Examples
from ecosobriety.errors import DataError
from ecosobriety.readers import obtain
from ecosobriety.training.batches import HELD_BYTES, FromFile, cut_batches, fit_normaliser
from ecosobriety.user_code.fingerprint import PACKAGE

pytestmark = pytest.mark.slow

SPEC = {"name": "npz", "format": None, "label": None, "features": None, "test_share": 0.2}
PEAK = """
def peak_mb(field):
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) / 1024 for line in file if line.startswith(field))
"""
PREPARE = f"""{PEAK}
import sys
from pathlib import Path
from ecosobriety import datasets, readers
before = peak_mb("VmRSS")
dataset = readers.obtain({SPEC!r} | {{"path": sys.argv[1]}}, scratch=Path(sys.argv[2]).parent)
datasets.save(dataset, Path(sys.argv[2]))
print(peak_mb("VmHWM") - before)
"""
FEED = f"""{PEAK}
import sys
from pathlib import Path
from ecosobriety.training import batches
from ecosobriety import datasets
before = peak_mb("VmRSS")
batches.HELD_BYTES, batches.TEST_BATCH = 0, 50
dataset = datasets.load(Path(sys.argv[1]))
task, train, test = batches.cut_batches(dataset, 100, 1, 32)
assert sum(len(y) for x, y in train) == 100
assert len(next(iter(test))[0]) == 50
print(peak_mb("VmHWM") - before)
"""
SHAPE = (64, 64, 12)
LARGE_MB = 200


def write(path: Path) -> Path:
    """An archive whose inputs take 200 MB."""
    part = np.random.default_rng(0).integers(0, 256, (408, *SHAPE)).astype(np.uint8)
    x = np.concatenate([part + np.uint8(i) for i in range(10)])
    assert x.nbytes > LARGE_MB * 1e6 * 0.99
    np.savez(path, x=x, y=np.arange(len(x)) % 7)
    return path


def growth_mb(program: str, *arguments: Path) -> float:
    """What a process takes at its peak beyond what it took at its start."""
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(PACKAGE.parent)},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)


def test_a_large_archive_is_neither_copied_nor_held_in_memory(tmp_path: Path) -> None:
    archive, kept = write(tmp_path / "a.npz"), tmp_path / "data/a.npz"
    assert growth_mb(PREPARE, archive, kept) < 0.7 * LARGE_MB
    assert kept.stat().st_size < 1e6
    assert growth_mb(FEED, kept) < 0.7 * LARGE_MB


@pytest.fixture
def referred(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """A user's archive that counts as large, and the data set's file that refers to it."""
    for module in ("examples", "archive", "store"):
        monkeypatch.setattr(f"ecosobriety.datasets.{module}.IN_MEMORY_BYTES", 100)
    x = np.random.default_rng(0).integers(0, 256, (50, 4, 3)).astype(np.uint8)
    np.savez(tmp_path / "a.npz", x=x, y=np.arange(50) % 2)
    save(obtain(SPEC | {"path": str(tmp_path / "a.npz")}), tmp_path / "kept.npz")
    return tmp_path / "a.npz", tmp_path / "kept.npz"


def test_a_data_set_reads_its_inputs_where_they_are(referred: tuple[Path, Path]) -> None:
    archive, kept = referred
    dataset, direct = load(kept), obtain(SPEC | {"path": str(archive)})
    assert dataset.x_train.in_file is not None
    assert dataset.x_train.in_file.path == archive
    for name in ("x_train", "y_train", "x_test", "y_test"):
        assert np.array_equal(getattr(dataset, name), getattr(direct, name))
    assert dataset.sha256 == direct.sha256


def test_a_file_that_a_command_reads_holds_all_arrays(referred: tuple[Path, Path]) -> None:
    archive, kept = referred
    dataset = obtain(SPEC | {"path": str(archive)})
    save(dataset, kept, copied=True)
    with np.load(kept) as arrays:
        for name in ("x_train", "y_train", "x_test", "y_test"):
            assert np.array_equal(arrays[name], np.asarray(getattr(dataset, name)))
    assert load(kept).sha256 == dataset.sha256


def test_a_large_compressed_archive_is_unpacked_and_kept(referred: tuple[Path, Path]) -> None:
    archive, _ = referred
    plain = obtain(SPEC | {"path": str(archive)})
    with np.load(archive) as arrays:
        np.savez_compressed(archive, **arrays)
    scratch = archive.parent / "scratch"
    dataset = obtain(SPEC | {"path": str(archive)}, scratch=scratch)
    assert isinstance(dataset.x_train.source, examples.Place)
    save(dataset, scratch / "a.npz")
    archive.unlink()
    assert load(scratch / "a.npz").sha256 == plain.sha256
    # Nothing else is left there.
    assert [file.name for file in scratch.iterdir()] == ["a.npz"]


def test_a_file_that_was_touched_is_hashed_again_and_one_that_changed_is_refused(
    referred: tuple[Path, Path],
) -> None:
    archive, kept = referred
    archive.touch()
    load(kept)
    content = bytearray(archive.read_bytes())
    content[len(content) // 3] ^= 1
    archive.write_bytes(content)
    with pytest.raises(DataError, match=r"a\.npz: .* it changed since the data set was prepared"):
        load(kept)
    archive.write_bytes(content[:-5])
    with pytest.raises(DataError, match=r"a\.npz: has .* bytes and had"):
        load(kept)
    archive.unlink()
    with pytest.raises(DataError, match=r"a\.npz: No such file .*kept\.npz refers to its arrays"):
        load(kept)


def test_a_damaged_value_in_a_large_archive_is_noticed(referred: tuple[Path, Path]) -> None:
    archive, _ = referred
    content = bytearray(archive.read_bytes())
    content[len(content) // 3] ^= 1
    archive.write_bytes(content)
    with pytest.raises(DataError, match=r"a\.npz: .*damaged"):
        obtain(SPEC | {"path": str(archive)})


def test_a_file_that_is_cut_while_it_is_read_ends_in_a_sentence(
    referred: tuple[Path, Path],
) -> None:
    archive, kept = referred
    dataset = load(kept)
    os.truncate(archive, 300)
    with pytest.raises(DataError, match=r"a\.npz: has been shortened"):
        cut_batches(dataset, 40, 0, 10)


@pytest.mark.parametrize("rows", [np.arange(50), np.array([49, 0, 7]), np.array([3, 4, 6, 5])])
@pytest.mark.parametrize("dtype", ["u1", "<f4", ">f8"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_rows_come_as_an_array_gives_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: np.ndarray, dtype: str, order: str
) -> None:
    for module in ("examples", "archive"):
        monkeypatch.setattr(f"ecosobriety.datasets.{module}.IN_MEMORY_BYTES", 10)
    monkeypatch.setattr(examples, "CHUNK_BYTES", 100)
    x = np.asarray(np.random.default_rng(1).integers(0, 99, (50, 2, 3)), dtype, order=order)  # type: ignore[call-overload]
    np.savez(tmp_path / "a.npz", x=x, y=np.arange(50) % 2)

    with Archive(tmp_path / "a.npz") as archive:
        found = archive.examples("x")
    assert isinstance(found.source, examples.Place)
    assert np.array_equal(found[:], x)
    assert np.array_equal(found.take(rows), x[rows])
    assert np.array_equal(found.select(rows).select(np.arange(len(rows))[::-1])[:], x[rows][::-1])


def test_rows_that_lie_all_over_a_small_file_are_read_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ecosobriety.datasets.archive.IN_MEMORY_BYTES", 10)
    monkeypatch.setattr(examples, "CHUNK_ROWS", 3)
    x = np.random.default_rng(1).integers(0, 256, (50, 2, 3), np.uint8)
    rows = np.random.default_rng(2).permutation(50)[:20]
    np.savez(tmp_path / "a.npz", x=x, y=np.arange(50) % 2)
    with Archive(tmp_path / "a.npz") as archive:
        found = archive.examples("x").select(rows)
    reads: list[int] = []
    preadv = os.preadv
    monkeypatch.setattr(os, "preadv", lambda *asked: reads.append(1) or preadv(*asked))

    assert [len(chunk) for chunk in found.chunks()] == [3] * 6 + [2]
    assert len(reads) == 1
    assert np.array_equal(np.concatenate([*found.chunks()]), x[rows])


def test_a_large_test_part_gives_the_same_batches_from_its_file() -> None:
    assert HELD_BYTES > 0
    for dtype in (np.uint8, np.float64, np.int32):
        x = Examples(np.random.default_rng(0).integers(0, 99, (40, 3)).astype(dtype))
        normaliser = None if dtype is np.int32 else fit_normaliser(x, "feature", None)
        lazy = FromFile(x, normaliser, False)
        whole = lazy.tensor()
        rows = np.array([3, 9, 5])

        assert torch.equal(lazy.index_select(0, torch.from_numpy(rows)), whole[rows])
        assert lazy.nbytes == whole.nbytes
