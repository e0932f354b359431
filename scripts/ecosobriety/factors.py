"""Tables of factors: CSV files in which every value stands beside its reference."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from ecosobriety.errors import DataError, one_line

_PROVENANCE = ["reference", "year", "url", "verified"]


def read_factors(
    path: Path,
    *,
    key: str,
    numbers: Sequence[str],
    optional: Sequence[str] = (),
    texts: Sequence[str] = (),
) -> pd.DataFrame:
    """Read a table of factors and check each value.

    Args:
        path: a CSV file with the columns below.
        key: the column that names a row; each name once.
        numbers: columns of numbers above 0.
        optional: those of `numbers` that may be empty.
        texts: further columns of text.

    Returns:
        The key, `numbers` (float64, null where empty), `texts`, and reference, year (int64), url
        and verified, in this order.

    Raises:
        DataError: the file cannot be read, a column is missing, or a value is missing, repeated or
            not a number above 0; names the file, the row and the column.
    """
    try:
        table = pd.read_csv(path, dtype="str", keep_default_na=False, na_values=[""])
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read as a table of factors: {error}") from error
    columns = [key, *numbers, *texts, *_PROVENANCE]
    for column in columns:
        if column not in table:
            raise DataError(f"{path}: column {column} is missing; needed are {', '.join(columns)}")
    for column in (name for name in columns if name not in optional):
        require(path, table, key, column, table[column].notna(), "a value")
    require(path, table, key, key, ~table[key].duplicated(), "each name once")
    for column in (*numbers, "year"):
        read_number(path, table, key, column)
    return table[columns].astype({"year": "int64"})


def read_number(path: Path, table: pd.DataFrame, key: str, column: str) -> None:
    """Turn a column of text into numbers above 0, in place; null stays null.

    Raises:
        DataError: a value is not such a number.
    """
    parsed = pd.to_numeric(table[column], errors="coerce")
    good = table[column].isna() | (np.isfinite(parsed) & (parsed > 0))
    require(path, table, key, column, good, "a number above 0")
    table[column] = parsed.astype("float64")


def require(
    path: Path, table: pd.DataFrame, key: str, column: str, good: pd.Series, allowed: str
) -> None:
    """Refuse the first row that is not good, by file, row and column.

    Raises:
        DataError: a row is not good.
    """
    if not good.all():
        row = int(np.flatnonzero(~good)[0])
        name, value = table[key].iloc[row], table[column].iloc[row]
        told = f"{path}, row {row + 1} ({name}), column {column}: {value}; allowed is {allowed}"
        raise DataError(one_line(told))
