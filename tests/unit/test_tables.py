"""A user's table: read as it was meant, or refused with row and column; what its gate finds."""

import bz2
import gzip
import io
import lzma
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from ecosobriety.datasets import Dataset
from ecosobriety.errors import DataError
from ecosobriety.readers import obtain, take_in

DEFAULTS = {"label": "kind", "features": None, "test_share": 0.2, "format": None}
VALUES = np.random.default_rng(0).permutation(400)[:40] / 100
ROWS = range(40)


def rows(make: Callable[[int], str], header: str = "x,kind") -> str:
    return "\n".join([header, *(make(i) for i in ROWS)]) + "\n"


def obtained(folder: Path, content: str | bytes, **keys: Any) -> Dataset:
    path = folder / "t.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return obtain({**DEFAULTS, "name": "csv", "path": str(path), **keys})


def refused(folder: Path, content: str | bytes, **keys: Any) -> str:
    with pytest.raises(DataError) as caught:
        obtained(folder, content, **keys)
    # What the run refuses, the check has refused.
    with pytest.raises(DataError):
        take_in({**DEFAULTS, "name": "csv", "path": str(folder / "t.csv"), **keys})
    message = str(caught.value)
    assert str(folder) in message
    assert len(message.splitlines()) == 1
    return message


def found(dataset: Dataset) -> dict[str, dict[str, Any]]:
    return {finding.id: dict(finding.values) for finding in dataset.findings}


def one_odd(name):
    """Fields in quotes, but one: an odd number of quotes in all."""
    names = [f'"no. {i}, used"' for i in ROWS]
    names[10] = name
    return rows(lambda i: f"{names[i]},{i % 2}")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (rows(lambda i: f"12,{i},1"), 'row 1 (counted from 1, without the header) is "12,0,1"'),
        (rows(lambda i: f"{i % 2},12,5", "kind,x"), "it has 3 field(s), but the header 2"),
        (rows(lambda i: f'"{i}",5,a', '"x","kind"'), "it has 3 field(s), but the header 2"),
        (rows(lambda i: f"{i},a") + "3\n", "row 41"),
        (rows(lambda i: f"{i},a") + "3" * 200_000 + "\n", 'is "33333'),
        (rows(lambda i: f"{VALUES[i]},{i % 2},a", "x,kind,kind"), 'are both named "kind"'),
        (rows(lambda i: f"{VALUES[i]},0,{i % 2}", "1.5,0,0"), 'numbers ("1.5", "0", "0"): is the'),
        (rows(lambda i: f"{VALUES[i]},0,{i % 2}", "1.5,0,1"), 'numbers ("1.5", "0", "1"): is the'),
        (rows(lambda i: f"{VALUES[i]},0,a", "700.5,701,class"), 'there is no column "kind"; the'),
        (rows(lambda i: f"{VALUES[i]},{i % 2},a", "x,kind, x "), 'are both named "x"'),
        (rows(lambda i: f"{i},{VALUES[i]},{i % 2}", ",x,kind"), "column 1 of 3 has no name"),
        (rows(lambda i: f"{VALUES[i]},{i % 2},", "x,kind,"), "column 3 of 3 has no name"),
        (rows(lambda i: f"{i},{VALUES[i]},a", "Unnamed: 0,x,kind"), '"Unnamed: 0" numbers the'),
        (rows(lambda i: f"{i + 1},{VALUES[i]},a", "id,x,kind"), '"id" numbers the rows'),
        (rows(lambda i: f"1,5;{i % 2}", "x;kind"), "has semicolons between the names"),
        (rows(lambda i: f"1,5\t{i % 2}", "x\tkind"), "has tabs between the names"),
        (rows(lambda i: f"{VALUES[i]},a") + "x,kind\n0.5,b\n", "row 41 repeats the header"),
        (rows(lambda i: f"{VALUES[i]},a", "0.5,a"), 'no column "kind"'),
        (rows(lambda i: f'5" pipe,{i % 2}'), "quote occurs inside a field in line 2"),
        (rows(lambda i: f"{i},a") + '"7,b\n', "the quote in line 42 has no end"),
        (one_odd('"12" single"'), "quote occurs inside a field in line 12"),
        (one_odd('12" single'), "quote occurs inside a field in line 12"),
        (one_odd('"a single'), "the quote in line 12 has no end"),
        (one_odd('a single"'), "quote occurs inside a field in line 12"),
        (rows(lambda i: f"{VALUES[i]},a").replace("a", "\xe9").encode("latin-1"), "UTF-8 in line"),
        (rows(lambda i: f"{VALUES[i]},a").encode("utf-16"), "is written in UTF-16"),
        (rows(lambda i: f"{VALUES[i]},a").encode("utf-32"), "is written in UTF-32"),
        (rows(lambda i: f"{VALUES[i]},a\0"), "holds a NUL byte in line 2"),
        ("x,kind\n", "holds no row"),
        (rows(lambda i: f"{VALUES[i]},a").replace("\n", "\n\n"), "line 2 is empty: remove it"),
        (b"PK\x03\x04broken", "the zip data are truncated or damaged"),
    ],
)
def test_what_is_no_table_is_refused_in_the_check(
    tmp_path: Path, content: str | bytes, told: str
) -> None:
    assert told in refused(tmp_path, content)


@pytest.mark.parametrize(
    "cell",
    ["1_000", "١٢", "1e400", "-inf", "0x10", "nan", "5%", "$5", '"1,5"', "true", "NA", "null", "",
     "1e-400", "2020-01-01", "1 000", "#N/A", "-", "1.2.3", "'1'", "１２"],
)  # fmt: skip
def test_a_cell_that_is_no_number_is_named(tmp_path: Path, cell: str) -> None:
    told = refused(tmp_path, rows(lambda i: f"{cell if i == 7 else VALUES[i]},{i % 2}"))
    assert '"x"' in told
    assert "row 8" in told or cell == "1e-400"


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\n", "\r"),
        lambda text: "\ufeff" + text,
        lambda text: text.rstrip("\n"),
        lambda text: text + "\n\n",
        lambda text: text.replace(",", " , "),
        lambda text: "\n".join(
            ",".join(f'"{cell}"' for cell in line.split(",")) for line in text.splitlines()
        ),
    ],
)
@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_spellings_of_one_table_are_one_table(
    tmp_path: Path, change: Callable[[str], str], pack: Callable[[bytes], bytes]
) -> None:
    text = rows(lambda i: f"{VALUES[i]},{'ab'[i % 2]}")
    dataset = obtained(tmp_path, pack(change(text).encode()))
    plain = obtained(tmp_path, text)
    assert (dataset.sha256, dataset.classes) == (plain.sha256, ("a", "b"))
    assert dataset.features == ("x",)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_damaged_compression_is_one_sentence(
    tmp_path: Path, pack: Callable[[bytes], bytes]
) -> None:
    packed = pack(rows(lambda i: f"{VALUES[i]},{'ab'[i % 2]}").encode())
    for damaged in (packed[:-9], packed[:30] + b"??" + packed[32:], packed[:8]):
        assert "data are truncated or damaged" in refused(tmp_path, damaged)


def test_large_numbers_that_differ_little_stay_apart(tmp_path: Path) -> None:
    seconds = 1_764_000_000 + np.arange(40) * 7 % 40
    dataset = obtained(tmp_path, rows(lambda i: f"{seconds[i]},{'ab'[i % 2]}"))
    assert set(np.asarray(dataset.x_train)[:, 0]) <= set(seconds)
    assert dataset.x_train.dtype == np.float64
    for digits in ("900719925474099", "1764000000.12345678"):
        told = refused(tmp_path, rows(lambda i, digits=digits: f"{digits}{2 + i % 2},{i % 3}"))
        assert "64-bit numbers cannot distinguish" in told


@pytest.mark.parametrize(
    ("names", "classes", "finding"),
    [
        (["cat", "cat ", "cat\u00a0", "dog", "\u200bdog"], ("cat", "dog"), "names_normalised"),
        (["café", "cafe\u0301", "thé"], ("café", "thé"), "names_normalised"),
        (["Cat", "cat"], ("Cat", "cat"), "classes_differ_by_case"),
        (["T shirt", "T\u00a0shirt"], ("T shirt", "T\u00a0shirt"), "classes_look_alike"),
        (["cat", "c\u0430t"], ("cat", "c\u0430t"), "classes_look_alike"),
        (["NA", "None", "null"], ("NA", "None", "null"), "classes_like_missing"),
        (["01", "1", "2"], ("01", "1", "2"), "classes_equal_as_numbers"),
        (["01000", "1000"], ("01000", "1000"), "classes_equal_as_numbers"),
        (["9", "10"], ("9", "10"), "features_used"),
        (["18446744073709551615", "-1"], ("-1", "18446744073709551615"), "features_used"),
    ],
)
def test_class_names_are_taken_as_written(
    tmp_path: Path, names: list[str], classes: tuple[str, ...], finding: str
) -> None:
    dataset = obtained(tmp_path, rows(lambda i: f"{VALUES[i]},{names[i % len(names)]}"))
    assert dataset.classes == classes
    assert finding in found(dataset)
    assert len(found(dataset)) <= 2


def test_a_feature_that_gives_the_label_away_is_named(tmp_path: Path) -> None:
    chosen = {
        "code": lambda i: i % 3 + 10,
        "is_b": lambda i: int(i % 3 == 1),
        "apart": lambda i: i % 3 + VALUES[i] / 5,
        "fair": lambda i: VALUES[i],
        "flat": lambda i: 7,
    }
    text = rows(
        lambda i: ",".join(str(make(i)) for make in chosen.values()) + f",{'abc'[i % 3]}",
        ",".join([*chosen, "kind"]),
    )
    told = {
        (finding.id, finding.values.get("feature")) for finding in obtained(tmp_path, text).findings
    }
    assert told == {
        ("label_copy", "code"),
        ("feature_follows_classes", "is_b"),
        ("feature_orders_classes", "apart"),
        ("features_constant", None),
        ("features_used", None),
    }
    # Of ten examples and many features, chance makes one do so.
    few = "\n".join(text.splitlines()[:9])
    wide = "\n".join(f"{line},{','.join(['0.5'] * 200)}" for line in few.splitlines()[1:])
    header = f"{few.splitlines()[0]},{','.join(f'v{i}' for i in range(200))}"
    assert "feature_orders_classes" not in found(obtained(tmp_path, f"{header}\n{wide}\n"))


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("https://host/t.csv", "https://host/t.csv is an address, but must be a path: download"),
        ("$HOME/t.csv", "$HOME is taken as it stands: write ~ for the home folder"),
        ("${DATA}/t.csv", "${DATA} is taken as it stands"),
        ("%USERPROFILE%/t.csv", "%USERPROFILE% is taken as it stands"),
    ],
)
def test_a_path_is_one(path: str, told: str) -> None:
    with pytest.raises(DataError) as caught:
        take_in({**DEFAULTS, "name": "csv", "path": path})
    assert told in str(caught.value)


def test_a_tar_archive_is_called_one(tmp_path: Path) -> None:
    table = tmp_path / "inside.csv"
    table.write_text(rows(lambda i: f"{i},a"))
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        archive.add(table, "t.csv")
    assert "is a tar archive, but must be a table in CSV: unpack" in refused(
        tmp_path, packed.getvalue()
    )


def test_a_row_number_that_is_asked_for_is_taken_and_named(tmp_path: Path) -> None:
    text = rows(lambda i: f"{i + 1},{VALUES[i]},{'ab'[i % 2]}", "id,x,kind")
    dataset = obtained(tmp_path, text, features=["id", "x"])
    assert found(dataset)["index_like_feature"] == {"feature": "id"}
    assert dataset.features == ("id", "x")
    shuffled = rows(lambda i: f"{i * 7 % 40},{VALUES[i]},{'ab'[i % 2]}", "id,x,kind")
    assert found(obtained(tmp_path, shuffled))["index_like_feature"] == {"feature": "id"}


def test_targets_with_a_large_offset_keep_their_differences(tmp_path: Path) -> None:
    text = rows(lambda i: f"{VALUES[i]},{1_764_000_000 + 3 * i}")
    dataset = obtained(tmp_path, text, task="regression")
    assert sorted([*dataset.y_train, *dataset.y_test]) == [1_764_000_000 + 3 * i for i in ROWS]


def parquet(folder: Path, task: str = "classification", **columns: Any) -> Dataset:
    path = folder / "t.parquet"
    pa.parquet.write_table(pa.table(columns), path)
    return obtain({**DEFAULTS, "name": "parquet", "path": str(path), "task": task})


@pytest.mark.parametrize(
    ("x", "told"),
    [
        (pa.array(["1"] * 40), "holds text, but must hold numbers"),
        (pa.array([None, *VALUES[1:]]), '"x" is empty in row 1'),
        (pa.array([2**53 + i for i in ROWS]), "64-bit numbers cannot distinguish"),
        (pa.array([0] * 40, pa.timestamp("ms")), "holds timestamp[ms], but must hold numbers"),
        (pa.array([[1]] * 40), "but must hold numbers"),
        (pa.array([b"1"] * 40), "holds binary, but must hold numbers"),
        (pa.nulls(40), '"x" is empty in row 1'),
    ],
)
def test_parquet_columns_that_are_no_numbers_are_refused(
    tmp_path: Path, x: pa.Array, told: str
) -> None:
    with pytest.raises(DataError) as caught:
        parquet(tmp_path, x=x, kind=["a", "b"] * 20)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "classes"),
    [
        (pa.array([2**64 - 1, 1] * 20, pa.uint64()), ("1", "18446744073709551615")),
        (pa.array([b"b", b"a"] * 20), ("a", "b")),
        (pa.array([True, False] * 20), ("False", "True")),
        (pa.array([2.0, 10.0] * 20), ("2", "10")),
        (pa.array(["b", "a"] * 20).dictionary_encode(), ("a", "b")),
        (pa.array(["NA", "None"] * 20, pa.large_string()), ("NA", "None")),
    ],
)
def test_parquet_labels_are_text_or_whole_numbers(
    tmp_path: Path, kind: pa.Array, classes: tuple[str, ...]
) -> None:
    assert parquet(tmp_path, x=VALUES, kind=kind).classes == classes


@pytest.mark.parametrize("kind", [[[1], [2]] * 20, [{"a": 1}, {"a": 2}] * 20])
def test_a_label_of_several_values_is_refused(tmp_path: Path, kind: list[Any]) -> None:
    with pytest.raises(DataError, match=r'the label "kind" holds .*, but must be whole numbers'):
        parquet(tmp_path, x=VALUES, kind=kind)


def test_a_page_that_is_not_as_its_checksum_says_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    table = pa.table({"x": VALUES, "kind": ["a", "b"] * 20})
    options = {"write_page_checksum": True, "compression": "none", "use_dictionary": False}
    pa.parquet.write_table(table, path, **options)
    place = path.read_bytes().index(VALUES.tobytes())
    content = bytearray(path.read_bytes())
    content[place + 6] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match="truncated, damaged or not a Parquet file"):
        obtain({**DEFAULTS, "name": "parquet", "path": str(path)})


def test_parquet_names_and_row_numbers_are_checked_as_those_of_csv(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    spec = {**DEFAULTS, "name": "parquet", "path": str(path)}
    arrays = [pa.array(VALUES), pa.array(VALUES), pa.array(["a", "b"] * 20)]
    twice = pa.Table.from_arrays(arrays, ["a", "a", "kind"])
    pa.parquet.write_table(twice, path)
    with pytest.raises(DataError, match='are both named "a"'):
        take_in(spec)
    with pytest.raises(DataError, match='"__index_level_0__" numbers the rows'):
        parquet(tmp_path, x=VALUES, __index_level_0__=VALUES[::-1], kind=["a", "b"] * 20)
    dotted = {"a.b": VALUES, "a": VALUES[::-1], "kind": ["a", "b"] * 20}
    assert parquet(tmp_path, **dotted).features == ("a.b", "a")


@pytest.mark.slow
def test_many_columns_are_read_in_linear_time(tmp_path: Path) -> None:
    def seconds(columns: int) -> float:
        names = [f"c{i}" for i in range(columns)]
        lines = [",".join([*(str(VALUES[i]) for _ in names), "ab"[i % 2]]) for i in range(4)]
        started = time.process_time()
        dataset = obtained(tmp_path, "\n".join([",".join([*names, "kind"]), *lines]))
        assert dataset.features == tuple(names)
        return time.process_time() - started

    seconds(500)
    # Quadratic time would be 36 times as much.
    assert seconds(6_000) < 18 * seconds(1_000)
