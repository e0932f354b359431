"""Names of columns that are numbers, and are names all the same."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import csv

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
