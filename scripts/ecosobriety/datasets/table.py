"""A user's table in CSV or Parquet: one row for each example, one column with its label."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd
import pyarrow.parquet

from ecosobriety.datasets.arrays import Part
from ecosobriety.errors import DataError

T = TypeVar("T")

MAX_LISTED = 20


def count(path: Path, file_format: str, label: str, features: Sequence[str] | None) -> int:
    """Number of rows; reads the label's column of a CSV file, and the footer of a Parquet file.

    Raises:
        DataError: the file is no such table, or lacks a column.
    """
    return _guarded(path, lambda: _count(path, file_format, label, features))


def read(path: Path, file_format: str, label: str, features: Sequence[str] | None) -> Part:
    """All rows: the features as float32, the labels as they are.

    Args:
        path: the file.
        file_format: `csv` (a header; `.csv.gz` and the like are unpacked) or `parquet`.
        label: the column with the labels.
        features: the columns to learn from; None: all others.

    Raises:
        DataError: the file is no such table, lacks a column, or has a cell that is no number.
    """
    table = _guarded(path, lambda: _load(path, file_format))
    columns = _features(path, list(table.columns), label, features)
    labels = table[label]
    if labels.isna().any():
        raise DataError(f"{path}: the label {label!r} is empty in {_row(labels.isna())}")
    inputs = np.column_stack([_numbers(path, table[column]) for column in columns])
    is_text = not pd.api.types.is_numeric_dtype(labels.dtype)
    y = np.array([str(value) for value in labels]) if is_text else labels.to_numpy()
    return Part(inputs, y, "the table")


def _guarded(path: Path, action: Callable[[], T]) -> T:
    try:
        # pandas would take a name such as https://… for an address.
        with path.open("rb"):
            return action()
    except DataError:
        raise
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: is not written in UTF-8 ({error.reason})") from error
    except (OSError, EOFError, ValueError, pyarrow.ArrowException) as error:
        reason = " ".join(str(getattr(error, "strerror", None) or error).split())
        raise DataError(f"{path}: cannot be read as a table ({reason})") from error


def _load(path: Path, file_format: str) -> pd.DataFrame:
    if file_format == "csv":
        return pd.read_csv(path, low_memory=False, index_col=False)
    # A file object: a name could also be an address.
    with path.open("rb") as file:
        table: pd.DataFrame = pyarrow.parquet.read_table(file).to_pandas(ignore_metadata=True)
    return table


def _count(path: Path, file_format: str, label: str, features: Sequence[str] | None) -> int:
    if file_format == "csv":
        header = list(pd.read_csv(path, nrows=0, index_col=False).columns)
        _features(path, header, label, features)
        return len(pd.read_csv(path, usecols=[label], dtype=str, index_col=False))
    with path.open("rb") as file:
        parquet = pyarrow.parquet.ParquetFile(file)
        _features(path, parquet.schema_arrow.names, label, features)
        return int(parquet.metadata.num_rows)


def _features(
    path: Path, columns: Sequence[str], label: str, features: Sequence[str] | None
) -> list[str]:
    """The columns to learn from, all of them known."""
    chosen = [column for column in columns if column != label] if features is None else features
    for column in (label, *chosen):
        if column not in columns:
            listed = ", ".join(columns[:MAX_LISTED]) + (", …" if len(columns) > MAX_LISTED else "")
            raise DataError(f"{path}: there is no column {column!r}; the columns are {listed}")
    if not chosen:
        raise DataError(f"{path}: there is no column besides the label {label!r}")
    return list(chosen)


def _numbers(path: Path, column: pd.Series) -> np.ndarray:
    """One column as float32."""
    if not pd.api.types.is_numeric_dtype(column.dtype):
        known = pd.to_numeric(column, errors="coerce")
        bad = column[known.isna() & column.notna()]
        shown = repr(bad.iloc[0]) if len(bad) else column.dtype
        raise DataError(
            f"{path}: the column {column.name!r} holds {shown}, but must hold numbers: write it as "
            "numbers, or leave it out of dataset.features"
        )
    if column.isna().any():
        raise DataError(f"{path}: the column {column.name!r} is empty in {_row(column.isna())}")
    with np.errstate(over="ignore"):
        numbers = column.to_numpy(np.float32)
    if not np.isfinite(numbers).all():
        where = _row(pd.Series(~np.isfinite(numbers)))
        raise DataError(f"{path}: the column {column.name!r} has no finite number in {where}")
    return numbers


def _row(marked: pd.Series) -> str:
    return f"row {int(marked.to_numpy().argmax()) + 1} (counted from 1, without the header)"
