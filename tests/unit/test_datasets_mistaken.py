"""Files that are something else than they are named, and parts that do not belong together."""

import os
import signal
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from dataset_cases import refusal
from PIL import Image

from ecosobriety.datasets import Dataset
from ecosobriety.errors import DataError
from ecosobriety.readers import obtain

DEFAULTS = {"label": "kind", "features": None, "test_share": 0.2, "format": None}
RNG = np.random.default_rng(0)
POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'4d7a' * 16}\nsize 12345\n"
ROWS = [f"{i * 37 % 100},{i * 53 % 71},{'uv'[i % 2]}" for i in range(20)]
CSV = "\n".join(["a,b,kind", *ROWS])


def spec(path: Path | str, name: str, **keys: Any) -> dict[str, Any]:
    return {**DEFAULTS, "name": name, "path": str(path), **keys}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("\n" + CSV, "begins with an empty line"),
        (" \t\n" + CSV, "begins with an empty line"),
        (CSV.replace("\n", "\n\n", 2), "line 2 is empty: remove it"),
        (CSV.replace("\n", "\r\n").replace("v\r\n", "v\r\n\r\n", 1), "line 4 is empty"),
        (CSV.replace("\n", "\r").replace("u\r", "u\r\r", 1), "line 3 is empty"),
        (CSV.replace("u\n", '"u\n\n"\n\n', 1), "line 5 is empty"),
        ("sep=,\n" + CSV, 'begins with "sep=", which is meant for Excel alone'),
        ('"sep=;"\n' + CSV, 'begins with "sep="'),
        ("# of the year 2020\n" + CSV, 'begins with a line of remarks ("#")'),
        (CSV.replace("\n", "\r\r\n"), "has lines that end twice (CR CR LF)"),
        ('{"a": 1, "kind": "u"}\n{"a": 2, "kind": "v"}\n', "is JSON"),
        ('[\n{"a": 1, "kind": "u"},\n{"a": 2, "kind": "v"}]\n', "is JSON"),
        ("<!DOCTYPE html>\n<html></html>\n", "is a web page or XML"),
        (POINTER, "is a pointer of Git LFS, and the data themselves are missing"),
    ],
)
def test_a_text_that_is_no_table_is_named_as_what_it_is(
    tmp_path: Path, content: str, said: str
) -> None:
    (tmp_path / "t.csv").write_text(content, newline="")
    assert said in refusal(spec(tmp_path / "t.csv", "csv"))


def test_an_empty_line_in_quotes_is_text(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(CSV.replace(",u", ',"u\n\nw"'))
    assert obtain(spec(tmp_path / "t.csv", "csv")).classes == ("u\n\nw", "v")


def test_a_header_may_begin_as_remarks_do(tmp_path: Path) -> None:
    # As NumPy's savetxt writes it.
    (tmp_path / "t.csv").write_text(f"# {CSV}")
    assert obtain(spec(tmp_path / "t.csv", "csv")).features == ("# a", "b")


@pytest.mark.parametrize("name", ["parquet", "npz"])
def test_a_pointer_of_git_lfs_is_no_data(tmp_path: Path, name: str) -> None:
    (tmp_path / "data").write_text(POINTER)
    assert "is a pointer of Git LFS" in refusal(spec(tmp_path / "data", name))


def test_an_image_may_be_a_pointer(tmp_path: Path) -> None:
    for label in "ab":
        (tmp_path / label).mkdir()
        (tmp_path / label / "1.png").write_text(POINTER)
    with pytest.raises(DataError, match=r"a/1\.png: is a pointer of Git LFS"):
        obtain(spec(tmp_path, "image-folder"))


@pytest.fixture
def at_most_20_s() -> Iterator[None]:
    def end(*_: Any) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, end)
    signal.alarm(20)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.usefixtures("at_most_20_s")
@pytest.mark.parametrize("name", ["csv", "parquet", "npz"])
def test_what_never_ends_is_not_read(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", "/dev/zero"):
        assert "is no regular file, but must be a file" in refusal(spec(path, name))


@pytest.mark.parametrize("task", ["regression", "classification"])
def test_a_table_without_a_header_is_noticed(tmp_path: Path, task: str) -> None:
    rows = [f"{i * 0.37:.2f},{i * 1.7 % 3 + 4:.1f},{i % 7 + 8}" for i in range(30)]
    (tmp_path / "t.csv").write_text("\n".join(rows))
    assert "is the header missing?" in refusal(
        spec(tmp_path / "t.csv", "csv", label="8", task=task)
    )


@pytest.mark.parametrize("first", [0, 1])
def test_columns_may_be_counted(tmp_path: Path, first: int) -> None:
    names = ",".join(str(first + i) for i in range(3))
    rows = [f"{i * 0.37:.2f},{i * 1.7 % 3:.1f},{i * 0.9:.1f}" for i in range(30)]
    (tmp_path / "t.csv").write_text("\n".join([names, *rows]))
    given = spec(tmp_path / "t.csv", "csv", label=str(first + 2), task="regression")
    assert len(obtain(given).features or ()) == 2


def write(path: Path, **columns: Any) -> dict[str, Any]:
    pq.write_table(pa.table({"a": RNG.normal(size=20), "kind": ["u", "v"] * 10, **columns}), path)
    return spec(path, "parquet")


@pytest.mark.parametrize("column", ["m", "kind"])
def test_a_type_that_means_more_than_it_stores_is_refused(tmp_path: Path, column: str) -> None:
    types = {
        "arrow.uuid": (
            pa.uuid(),
            pa.array([bytes([i % 2] * 16) for i in range(20)], pa.binary(16)),
        ),
        "arrow.json": (pa.json_(), pa.array(["1", "2"] * 10)),
        "arrow.bool8": (pa.bool8(), pa.array([0, 1] * 10, pa.int8())),
    }
    for name, (kind, values) in types.items():
        array = pa.ExtensionArray.from_storage(kind, values)
        given = write(tmp_path / "t.parquet", **{column: array})
        assert f'the column "{column}" is of the type {name}' in refusal(given)
    frame = pd.DataFrame({"a": RNG.normal(size=20), "kind": ["u", "v"] * 10})
    frame[column] = [*pd.period_range("2020-01", periods=20, freq="M")]
    frame.to_parquet(tmp_path / "t.parquet")
    said = refusal(spec(tmp_path / "t.parquet", "parquet"))
    assert f'the column "{column}" is of the type pandas.period' in said


def test_a_type_is_known_where_nobody_has_told_arrow(tmp_path: Path) -> None:
    # As of months that pandas wrote, where pandas is not imported.
    metadata = {b"ARROW:extension:name": b"some.month", b"ARROW:extension:metadata": b""}
    field = pa.field("m", pa.int64(), metadata=metadata)
    fields = [pa.field("a", pa.float64()), field, pa.field("kind", pa.string())]
    arrays = [RNG.normal(size=20), [*range(100, 120)], ["u", "v"] * 10]
    pq.write_table(pa.table(arrays, schema=pa.schema(fields)), tmp_path / "t.parquet")
    said = refusal(spec(tmp_path / "t.parquet", "parquet"))
    assert 'the column "m" is of the type some.month' in said


@pytest.mark.parametrize("kind", [pa.decimal32(5, 2), pa.decimal64(10, 2)])
def test_short_decimals_are_numbers(tmp_path: Path, kind: pa.DataType) -> None:
    values = pa.array([Decimal("1.25"), Decimal("2.50")] * 10, kind)
    x = obtain(write(tmp_path / "t.parquet", m=values)).x_train[:]
    assert set(x[:, 1]) == {1.25, 2.5}
    whole = pa.array([Decimal("1.00"), Decimal("2.00")] * 10, kind)
    assert obtain(write(tmp_path / "t.parquet", kind=whole)).classes == ("1", "2")


def test_long_decimals_are_read_exactly_or_refused(tmp_path: Path) -> None:
    near = pa.array([Decimal(10**30 + i % 2) for i in range(20)])
    coded = obtain(write(tmp_path / "t.parquet", kind=near))
    assert coded.classes == (str(10**30), str(10**30 + 1))
    said = refusal(write(tmp_path / "t.parquet", m=near))
    assert 'the column "m" holds 1' in said
    assert "64-bit numbers cannot distinguish" in said


def test_categories_of_text_are_no_numbers(tmp_path: Path) -> None:
    given = write(tmp_path / "t.parquet", m=pa.array(["1", "2"] * 10).dictionary_encode())
    assert 'the column "m" holds text' in refusal(given)


def test_an_index_is_called_what_it_is(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": RNG.normal(size=20), "kind": ["u", "v"] * 10})
    frame.set_index(pd.Index(RNG.permutation(20) * 3, name="person")).to_parquet(tmp_path / "t")
    assert 'the column "person" is the index of the rows' in refusal(
        spec(tmp_path / "t", "parquet")
    )


def archive(folder: Path, train: np.ndarray, test: np.ndarray, **keys: Any) -> dict[str, Any]:
    path = folder / "a.npz"
    labels = [np.arange(len(part)) % 2 for part in (train, test)]
    np.savez(path, x_train=train, y_train=labels[0], x_test=test, y_test=labels[1])
    return spec(path, "npz", **keys)


OFFSETS = np.array([0, 1000, -500, 3])


@pytest.mark.parametrize(
    ("shape", "change", "said"),
    [
        ((4, 50), OFFSETS[:, None], "the first dimension"),
        ((50, 4), OFFSETS, "the last dimension"),
        ((20, 4, 16), OFFSETS[:, None], "dimension 2 (counted from 1)"),
        ((4, 1, 16), OFFSETS[:, None, None], "the first dimension"),
    ],
)
def test_channels_with_other_offsets_are_not_one_scale(
    tmp_path: Path, shape: tuple[int, ...], change: np.ndarray, said: str
) -> None:
    train, test = ((RNG.normal(size=(n, *shape)) + change).astype("f4") for n in (60, 40))
    message = refusal(archive(tmp_path, train, test))
    assert f"along {said} of an example {shape}, means go from -500 to 1e+03" in message
    for normalise in ("feature", "global", "none"):
        obtain(archive(tmp_path, train, test, normalise=normalise))


def test_a_middle_axis_may_hold_other_scales(tmp_path: Path) -> None:
    factors = np.array([1, 1e4, 1, 1])[:, None]
    train, test = (RNG.normal(size=(n, 20, 4, 16)) * factors for n in (60, 40))
    assert "along dimension 2 (counted from 1)" in refusal(archive(tmp_path, train, test))


@pytest.mark.parametrize("shape", [(2, 50), (1, 50), (12, 12)])
@pytest.mark.parametrize("value", [1e6, -999.0])
def test_one_value_far_beyond_is_not_taken_for_another_scale(
    tmp_path: Path, shape: tuple[int, ...], value: float
) -> None:
    train, test = (RNG.normal(size=(n, *shape)) for n in (300, 100))
    train[(7, *(size // 2 for size in shape))] = value
    message = refusal(archive(tmp_path, train, test))
    assert f"values go far beyond all others, such as {value:.5g} where nearly all are" in message
    obtain(archive(tmp_path, train, test, normalise="global"))


def test_rare_events_of_a_channel_are_another_scale(tmp_path: Path) -> None:
    train, test = (RNG.normal(size=(n, 2, 100)) for n in (300, 100))
    for part in (train, test):
        part[:, 1] = RNG.random((len(part), 100)) < 0.001
    assert "along the first dimension of an example (2, 100), standard" in refusal(
        archive(tmp_path, train, test)
    )


def _digits(n: int) -> np.ndarray:
    x = np.zeros((n, 28, 28))
    x[:, 6:22, 8:20] = RNG.random((n, 16, 12)) * (RNG.random((n, 16, 12)) > 0.4)
    return x


def _spectra(n: int) -> np.ndarray:
    peak = 5e4 * np.exp(-(((np.arange(200) - 70) / 30) ** 2))
    return peak * (1 + 0.05 * RNG.normal(size=(n, 1, 1))) + RNG.normal(size=(n, 1, 200))


def _trends(n: int) -> np.ndarray:
    return np.linspace(0, 100, 100)[:, None] + RNG.normal(size=(n, 100, 2))


@pytest.mark.parametrize(
    "make",
    [
        _digits,
        _spectra,
        _trends,
        lambda n: RNG.random((n, 28, 28, 3)),
        lambda n: RNG.normal(size=(n, 3, 50)) * np.array([1, 3, 5])[:, None],
        lambda n: 20 + RNG.normal(size=(n, 3, 50)),
    ],
)
def test_ordinary_images_and_series_have_one_scale(
    tmp_path: Path, make: Callable[[int], np.ndarray]
) -> None:
    assert obtain(archive(tmp_path, make(60), make(40))).normalise == "global"


@pytest.mark.parametrize("dtype", [np.int64, np.uint8])
def test_whole_numbers_of_two_scales_are_noticed(tmp_path: Path, dtype: type) -> None:
    train, test = (RNG.integers(0, end, (50, 8, 8)).astype(dtype) for end in (256, 2))
    given = archive(tmp_path, train, test, normalise="none")
    assert "on scales that do not fit together" in refusal(given)


def test_tokens_are_one_scale(tmp_path: Path) -> None:
    train, test = (np.minimum(RNG.zipf(1.3, (n, 20)), 30_000) for n in (200, 60))
    assert obtain(archive(tmp_path, train, test)).whole_numbers


@pytest.mark.parametrize("dtype", [np.float64, np.int64, np.uint8])
@pytest.mark.parametrize("shape", [(8,), (8, 8)])
def test_a_test_part_of_one_example_is_noticed(tmp_path: Path, dtype: type, shape: Any) -> None:
    train = RNG.integers(0, 256, (60, *shape)).astype(dtype)
    for test in (np.zeros((40, *shape), dtype), np.repeat(train[:1], 40, axis=0)):
        assert "all 40 examples of x_test and y_test are the same" in refusal(
            archive(tmp_path, train, test)
        )


def test_a_feature_that_stands_still_in_the_test_is_named(tmp_path: Path) -> None:
    train, test = RNG.normal(size=(60, 8)), RNG.normal(size=(40, 8))
    test[:, 3] = train[:, 3].mean()
    found = obtain(archive(tmp_path, train, test)).findings
    assert [(one.id, dict(one.values)) for one in found] == [
        ("features_shifted", {"number": 1, "first": 3})
    ]


def test_rare_features_may_be_missing_in_the_test(tmp_path: Path) -> None:
    train, test = np.zeros((300, 9)), np.zeros((30, 9))
    train[:, 0], test[:, 0] = RNG.normal(size=300), RNG.normal(size=30)
    train[:3, 1] = 1
    assert not obtain(archive(tmp_path, train, test)).findings


def folders(path: Path, *names: str) -> dict[str, Any]:
    for i, name in enumerate(names):
        (path / name).mkdir(parents=True)
        for j in range(4):
            pixels = np.full((4, 4), 50 * i + j, np.uint8)
            Image.fromarray(pixels).save(path / name / f"{j}.png")
    return spec(path, "image-folder")


@pytest.mark.parametrize(
    "names",
    [
        "trainA testA",
        "trainA trainB testA testB",
        "train_a test_b",
        "train extra",
        "train unlabeled",
        "train cross-validation",
        "fold1 fold2",
        "Fold_1 Fold_2 Fold_10",
        "split0 split1",
        "images masks",
        "imgs labels",
        "Image GT",
        "query gallery train",
        "labeled unlabelled",
    ],
)
def test_parts_of_a_data_set_are_no_classes(tmp_path: Path, names: str) -> None:
    assert "but must hold train and test alone" in refusal(folders(tmp_path / "i", *names.split()))


def test_a_third_folder_beside_two_parts_is_named(tmp_path: Path) -> None:
    given = folders(tmp_path / "i", "train", "test", "sample_submission")
    assert "holds the folders sample_submission, test, train, but" in refusal(given)


def test_a_hidden_folder_of_images_may_be_a_class(tmp_path: Path) -> None:
    given = folders(tmp_path / "i", "java", "c++", ".net", ".ipynb_checkpoints")
    (found,) = [one for one in obtain(given).findings if one.id == "files_unused"]
    assert found.values == {"number": 1, "names": [".net/"]}


@pytest.mark.parametrize(
    "names",
    [
        "car train bus",
        "train plane",
        "with_mask without_mask",
        "mask nomask",
        "extra normal",
        "image portrait",
        "part1 part2",
        "devil angel",
        "vale hill",
    ],
)
def test_classes_may_be_called_so(tmp_path: Path, names: str) -> None:
    dataset: Dataset = obtain(folders(tmp_path / "i", *names.split()))
    assert set(dataset.classes) == set(names.split())


def test_a_palette_is_read_as_people_see_it(tmp_path: Path) -> None:
    for i, label in enumerate("ab"):
        (tmp_path / label).mkdir()
        for j in range(4):
            image = Image.fromarray(np.full((4, 4), (i + j) % 3, np.uint8))
            image.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255])
            image.save(tmp_path / label / f"{j}.png")
    x = obtain(spec(tmp_path, "image-folder")).x_train[:]
    assert x.shape[1:] == (4, 4, 3)
    assert {tuple(pixel) for pixel in x.reshape(-1, 3)} <= {(255, 0, 0), (0, 255, 0), (0, 0, 255)}
