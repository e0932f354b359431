"""Names of columns that are numbers, and are names all the same."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import csv

from ecosobriety.errors import DataError
from ecosobriety.readers import obtain

DEFAULTS = {"label": "kind", "features": None, "test_share": 0.2, "format": None}
RNG = np.random.default_rng(0)


def spec(path: Path, file_format: str, **keys: Any) -> dict[str, Any]:
    return {**DEFAULTS, "name": file_format, "path": str(path), **keys}


@pytest.mark.parametrize("file_format", ["csv", "parquet"])
def test_columns_may_be_counted_and_one_of_the_numbers_be_a_class(
    tmp_path: Path, file_format: str
) -> None:
    table = pa.table(
        {"0": [i % 2 for i in range(40)]} | {str(i): RNG.normal(size=40) for i in range(1, 6)}
    )
    path = tmp_path / f"t.{file_format}"
    (csv.write_csv if file_format == "csv" else pq.write_table)(table, path)
    assert obtain(spec(path, file_format, label="0")).classes == ("0", "1")


@pytest.mark.parametrize("file_format", ["csv", "parquet"])
def test_columns_that_are_numbered_may_be_chosen(tmp_path: Path, file_format: str) -> None:
    table = pa.table({str(i): RNG.normal(size=40) for i in (0, 2, 3, 9)} | {"34": ["g", "b"] * 20})
    path = tmp_path / f"t.{file_format}"
    (csv.write_csv if file_format == "csv" else pq.write_table)(table, path)
    assert len(obtain(spec(path, file_format, label="34")).features or ()) == 4


def test_three_columns_of_a_parquet_file_may_be_numbered(tmp_path: Path) -> None:
    table = pa.table({"0": [0, 1] * 20, "1": RNG.normal(size=40), "2": RNG.normal(size=40)})
    pq.write_table(table, tmp_path / "t.parquet")
    assert obtain(spec(tmp_path / "t.parquet", "parquet", label="0")).classes == ("0", "1")


def test_some_columns_of_a_parquet_file_may_be_years(tmp_path: Path) -> None:
    years = {str(year): RNG.normal(5, 1, size=40) for year in range(2014, 2021)}
    path = tmp_path / "y.parquet"
    pq.write_table(pa.table({"country": [f"C{i}" for i in range(40)], **years}), path)
    given = spec(path, "parquet", label="2020", task="regression")
    given["features"] = [str(year) for year in range(2014, 2020)]
    assert len(obtain(given).features or ()) == 6


@pytest.mark.parametrize("order", [(0, 2, 4), (4, 0, 2, 3), (3, 0, 4, 1)])
def test_numbered_columns_may_lie_in_any_order_under_the_names_of_no_class(
    tmp_path: Path, order: tuple[int, ...]
) -> None:
    columns = {str(i): RNG.normal(size=40).round(1) for i in range(4)} | {"4": ["g", "b"] * 20}
    csv.write_csv(pa.table({str(i): columns[str(i)] for i in order}), tmp_path / "t.csv")
    given = spec(tmp_path / "t.csv", "csv", label="4")
    assert obtain(given).classes == ("b", "g")
    # A class that is the name of its column is the first row's.
    columns["4"] = ["4", "2"] * 20
    csv.write_csv(pa.table({str(i): columns[str(i)] for i in order}), tmp_path / "t.csv")
    with pytest.raises(DataError, match="is the header missing"):
        obtain(given)


@pytest.mark.parametrize("label", ["1.0", "7"])
def test_a_first_row_with_decimals_is_no_header_of_classes_either(
    tmp_path: Path, label: str
) -> None:
    columns = dict(zip(("5.1", "3.5", "1.4"), RNG.normal(size=(3, 40)).round(1), strict=True))
    csv.write_csv(pa.table(columns | {label: [0, 1] * 20}), tmp_path / "t.csv")
    with pytest.raises(DataError, match="the names of all columns are numbers"):
        obtain(spec(tmp_path / "t.csv", "csv", label=label))


def test_whole_numbers_above_decimals_name_the_columns_of_a_regression(tmp_path: Path) -> None:
    def read(columns: dict[str, Any]) -> Any:
        csv.write_csv(pa.table(columns), tmp_path / "t.csv")
        return obtain(spec(tmp_path / "t.csv", "csv", label=[*columns][-1], task="regression"))

    decimals = [RNG.normal(size=40).round(2) for _ in range(3)]
    assert read(dict(zip(("2", "5", "3"), decimals, strict=True))).features == ("2", "5")
    for columns in (
        dict(zip(("2.5", "0.1", "3"), decimals, strict=True)),
        {str(i): RNG.integers(0, 50, size=40) for i in (3, 9, 4)},
    ):
        with pytest.raises(DataError, match="the names of all columns are numbers"):
            read(columns)
