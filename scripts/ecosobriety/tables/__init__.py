"""The contract of the output tables: columns, types, units, ranges; reading and writing them.

Every table is checked when it is written and again when it is read, so that a step fails at its
own door and not in the next one's arithmetic. CSV: UTF-8, comma, header, decimal points, full
precision; an empty field is null.
"""

from pathlib import Path

import pandas as pd
import pyarrow
from pandera.errors import SchemaErrors
from pyarrow import csv

from ecosobriety.errors import RecordError
from ecosobriety.metrics import ACCURACY, Metric
from ecosobriety.tables.contract import (
    ADJUSTED,
    CLAIM_VERDICTS,
    GRID_SOURCE,
    SCHEMAS,
    VERDICTS,
    number,
    table_schema,
)

__all__ = [
    "CLAIM_VERDICTS",
    "CSV_UP_TO_ROWS",
    "GRID_SOURCE",
    "LARGE_TABLES",
    "SCHEMAS",
    "VERDICTS",
    "check_table",
    "read_table",
    "table_schema",
    "table_suffixes",
    "write_large_table",
    "write_table",
]

LARGE_TABLES = ("scenarios", "savings")
"""Tables that grow with sizes x countries x sources x coverages: Parquet, and CSV while small."""
CSV_UP_TO_ROWS = 100_000
"""Up to so many rows a large table's CSV stands beside its Parquet; above, Parquet is alone."""


def check_table(
    name: str, table: pd.DataFrame, where: str = "the table", metric: Metric = ACCURACY
) -> pd.DataFrame:
    """Check a table against the contract and return it with the contract's types.

    Args:
        name: of the table.
        table: its rows. Of `runs` and `epochs`, the scores that the study does not judge by follow
            the contract's columns, and of `runs` after them what is derived from the energies.
        where: what a message calls it.
        metric: the study's; only `runs`, `epochs` and `curve` depend on it.

    Raises:
        RecordError: a column is missing, unknown or out of order, a key is repeated or a value is
            out of range; names the table, the column and the first value at fault.
    """
    try:
        schema = table_schema(name, metric)
        if name in ("runs", "epochs"):
            further = [column for column in table.columns if column not in schema.columns]
            known = {of: number(nullable=True) for of in further if of.startswith("test_")}
            if name == "runs":
                known |= {of: column for of, column in ADJUSTED.items() if of in further}
            schema = schema.add_columns(known)
        # pandera stumbles over a repeated index when it reports a repeated key.
        return schema.validate(table.reset_index(drop=True), lazy=True)
    except SchemaErrors as error:
        first = error.failure_cases.iloc[0]
        raise RecordError(
            f"{where} does not follow the contract of `{name}`: column {first['column']}, "
            f"check {first['check']}, value {first['failure_case']}"
        ) from error


def write_table(name: str, table: pd.DataFrame, path: Path, metric: Metric = ACCURACY) -> None:
    """Check a table and write it as CSV, or as Parquet where `path` ends in .parquet."""
    _write_checked(name, check_table(name, table, str(path), metric), path)


def _write_checked(name: str, checked: pd.DataFrame, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".parquet":
        checked.to_parquet(path, index=False)
    elif name in LARGE_TABLES:
        # Ten times as fast as pandas' writer; it puts every text in quotes.
        csv.write_csv(pyarrow.Table.from_pandas(checked, preserve_index=False), path)
    else:
        checked.to_csv(path, index=False)


def table_suffixes(name: str, rows: int) -> tuple[str, ...]:
    """The kinds of file of a table with so many rows; the first is the one that steps read."""
    if name not in LARGE_TABLES:
        return (".csv",)
    return (".parquet", ".csv") if rows <= CSV_UP_TO_ROWS else (".parquet",)


def write_large_table(name: str, table: pd.DataFrame, path: Path) -> None:
    """Write a large table as Parquet, and as CSV beside it while it is small.

    Args:
        name: one of `LARGE_TABLES`.
        table: its rows.
        path: the Parquet file. A CSV beside it from when the table was smaller is removed: it would
            belong to another study.
    """
    wanted = table_suffixes(name, len(table))
    checked = check_table(name, table, str(path))
    for suffix in wanted:
        _write_checked(name, checked, path.with_suffix(suffix))
    if ".csv" not in wanted:
        path.with_suffix(".csv").unlink(missing_ok=True)


def read_table(name: str, path: Path, metric: Metric = ACCURACY) -> pd.DataFrame:
    """Read a table that `write_table` wrote, and check it."""
    table = (
        pd.read_parquet(path)
        if path.suffix == ".parquet"
        # "NA" is Namibia's ISO code in two letters and no null: only an empty field is.
        else pd.read_csv(path, keep_default_na=False, na_values=[""])
    )
    return check_table(name, table, str(path), metric)
