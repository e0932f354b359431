"""Tables of factors: CSV files in which every value stands beside its reference.

A table is read as it is written or refused: no field is dropped, filled, cut, or turned into a
number that it does not look like.
"""

import csv
import io
import math
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pandas as pd

from ecosobriety.errors import DataError, quote
from ecosobriety.files import UnreadableError, read_text

MAX_BYTES = 32 * 2**20
"""A table of all countries has some 20 KB."""
MAX_COLUMNS = 1000
FIRST_YEAR = 1900

VERIFIED = ("seen", "secondary copies", "second-hand", "from memory")
"""How a factor was verified; the report marks all but the first."""
MOST_APART = 300.0
"""Times the central value, or one part in so many of it: a bound farther off is of another unit.
Hydropower's highest emissions are 92 times its central ones (IPCC AR5)."""
_PROVENANCE = ["reference", "year", "url", "verified"]
NUMBER = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?")


def read_factors(
    path: Path,
    *,
    key: str,
    numbers: Sequence[str],
    optional: Sequence[str] = (),
    texts: Sequence[str] = (),
    from_0: bool = False,
) -> pd.DataFrame:
    """Read a table of factors and check each value.

    Args:
        path: a CSV file with the columns below, and perhaps others.
        key: the column that names a row; each name once, whatever its capitals.
        numbers: columns of numbers above 0.
        optional: those of `numbers` that may be empty.
        texts: further columns of text.
        from_0: whether a number may be 0.

    Returns:
        The key, `numbers` (float64, null where empty), `texts`, and reference, year (int64), url
        and verified, in this order.

    Raises:
        DataError: the file cannot be read, a column is missing, or a value is missing, repeated,
            not a number above 0, no web address or none of `VERIFIED`; names the file, the row
            and the column.
    """
    table = read_cells(path)
    columns = [key, *numbers, *texts, *_PROVENANCE]
    for column in columns:
        if column not in table:
            raise DataError(f"{path}: column {column} is missing; needed are {', '.join(columns)}")
    if table.empty:
        raise DataError(f"{path} has a header alone, but must have a row for each {key}")
    for column in (name for name in columns if name not in optional):
        require(path, table, key, column, table[column].notna(), "a value")
    require(
        path, table, key, key, ~table[key].str.casefold().duplicated(), "a name that stands once"
    )
    given = (lambda found: found >= 0, "0 or a number above 0") if from_0 else ()
    for column in numbers:
        read_number(path, table, key, column, *given)
    read_year(path, table, key, "year", FIRST_YEAR)
    words = f"{', '.join(VERIFIED[:-1])} or {VERIFIED[-1]}"
    require(path, table, key, "verified", table["verified"].isin(VERIFIED), words)
    good = table["url"].map(is_web_address).astype(bool)
    require(path, table, key, "url", good, "an address that begins with https:// or http://")
    return table[columns]


def read_ranges(
    path: Path,
    *,
    key: str,
    unit: str,
    numbers: Sequence[str] = (),
    texts: Sequence[str] = (),
    from_0: bool = False,
) -> pd.DataFrame:
    """As `read_factors`, of factors with a central value, and low and high where they are stated.

    Args:
        path: a CSV file with low_{unit}, central_{unit} and high_{unit} beside the others.
        key: as `read_factors` takes it.
        unit: of the three.
        numbers: further columns of numbers above 0.
        texts: as `read_factors` takes it.
        from_0: likewise.

    Raises:
        DataError: as `read_factors`, or the three are out of order or too far apart.
    """
    low, central, high = (f"{bound}_{unit}" for bound in ("low", "central", "high"))
    columns = [low, central, high, *numbers]
    table = read_factors(
        path, key=key, numbers=columns, optional=[low, high], texts=texts, from_0=from_0
    )
    for column, good, allowed in (
        (low, ~(table[low] > table[central]), f"at most {central}"),
        (high, ~(table[high] < table[central]), f"at least {central}"),
    ):
        require(path, table, key, column, good, allowed)
    for bound in (low, high):
        ratio = table[bound] / table[central]
        good = ratio.between(1 / MOST_APART, MOST_APART) | ~(ratio > 0) | (table[central] == 0)
        allowed = f"in the unit of {central}, at most {MOST_APART:g} times as much or as little"
        require(path, table, key, bound, good, allowed)
    return table


def read_cells(path: Path) -> pd.DataFrame:
    """Read a CSV file: fields between commas, UTF-8, a header.

    Returns:
        One column of text for each name of the header, null where a field is empty.

    Raises:
        DataError: the file cannot be read, a name is missing or occurs twice, a row has more or
            fewer fields than the header, or blanks stand around a field.
    """
    try:
        text = read_text(path, MAX_BYTES)
    except UnreadableError as error:
        raise DataError(str(error)) from error
    return parse_cells(path, text)


def parse_cells(path: Path | str, text: str) -> pd.DataFrame:
    """As `read_cells`, of a text that was read already; `path` is what messages call it."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[list[str]] = []
    try:
        for row in reader:
            if not row:
                continue
            _check_row(path, rows[0] if rows else row, row, len(rows))
            rows.append(row)
    except csv.Error as error:
        raise DataError(f"{path}, line {reader.line_num} is no CSV: {error}") from error
    if not rows:
        raise DataError(f"{path} is empty, but must be a CSV file with a header")
    header, *body = rows
    columns = {name: [row[i] or None for row in body] for i, name in enumerate(header)}
    return pd.DataFrame(columns, dtype="str")


def _check_row(path: Path | str, header: Sequence[str], row: Sequence[str], number: int) -> None:
    where = f"{path}, row {number} ({quote(row[0])})" if number else f"{path}, header"
    if number == 0:
        for separator, called in ((";", "semicolons"), ("\t", "tabs")):
            if len(header) == 1 and separator in header[0]:
                raise DataError(f"{path}: fields are separated by {called}, but must be by commas")
        if len(header) > MAX_COLUMNS:
            raise DataError(f"{path} has {len(header)} columns, which no table of factors has")
        if "" in header:
            raise DataError(f"{path}: column {header.index('') + 1} has no name in the header")
        if len(set(header)) < len(header):
            seen: set[str] = set()
            twice = next(name for name in header if name in seen or seen.add(name))  # type: ignore[func-returns-value]
            raise DataError(f"{path}: the column {quote(twice)} occurs twice in the header")
    if len(row) != len(header):
        raise DataError(
            f"{where} has {len(row)} fields, but the header {len(header)}: decimals have a point, "
            "and a text with a comma needs quotes"
        )
    for name, field in zip(header, row, strict=True):
        hidden = not field.replace("\xa0", "").replace("\u202f", "").isprintable()
        if hidden or field != field.strip():
            why = "invisible characters" if hidden else "blanks around it"
            raise DataError(f"{where}, column {quote(name)}: {quote(field)} has {why}")


def read_number(
    path: Path,
    table: pd.DataFrame,
    key: str,
    column: str,
    good: Callable[[pd.Series], pd.Series] | None = None,
    allowed: str = "a number above 0",
) -> None:
    """Turn a column of text into numbers, in place; null stays null.

    Args:
        path: the table's file, for the message.
        table: its text.
        key: the column that names a row.
        column: the column to turn.
        good: which of the numbers are allowed; without it, those above 0.
        allowed: that in words.

    Raises:
        DataError: a value is not such a number.
    """
    known = table[column].notna()
    written = table[column].fillna("")
    numbers = written.map(lambda text: float(text) if NUMBER.fullmatch(text) else math.nan)
    fine = np.isfinite(numbers) & (numbers > 0 if good is None else good(numbers))
    if not (~known | fine).all():
        comma = written[~(~known | fine)].iloc[0]
        if re.fullmatch(r"[-+]?[0-9]+,[0-9]+", comma):
            allowed += " with a point for its decimals"
    require(path, table, key, column, ~known | fine, allowed)
    table[column] = numbers.astype("float64")


def read_year(path: Path, table: pd.DataFrame, key: str, column: str, first: int) -> None:
    """Turn a column of text into whole years up to this one, in place; int64.

    Raises:
        DataError: a value is no such year.
    """
    last = datetime.now(UTC).year
    whole = table[column].fillna("").str.fullmatch("[0-9]{4}")
    years = table[column].where(whole, "0").astype("int64")
    good = whole & years.between(first, last)
    require(path, table, key, column, good, f"a year from {first} to {last}")
    table[column] = years


def is_web_address(text: object) -> bool:
    """Whether a text can be followed as a link on the web, and is nothing that a browser runs."""
    if not isinstance(text, str) or not re.fullmatch(r"https?://[!-~]+", text):
        return False
    try:
        parts = urlsplit(text)
        named = re.fullmatch(r"[A-Za-z0-9.-]+(:[0-9]{1,5})?", parts.netloc)
    except ValueError:
        return False
    return named is not None and not re.search(r"[\"'<>\\^`{|}]", text)


def require_between(
    path: Path, table: pd.DataFrame, key: str, column: str, limits: tuple[float, float], unit: str
) -> None:
    """Refuse the first row whose number is of another unit, as no such quantity is so small or big.

    Args:
        path: the table's file, for the message.
        table: its values.
        key: the column that names a row.
        column: of numbers; null is allowed.
        limits: the lowest and the highest.
        unit: of these, for the message.

    Raises:
        DataError: a number lies outside the limits.
    """
    low, high = limits
    good = table[column].between(low, high) | table[column].isna()
    require(path, table, key, column, good, f"{low:g} to {high:g} {unit}")


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
        number = isinstance(value, int | float)
        shown = "empty" if pd.isna(value) else f"{value:.15g}" if number else quote(value)
        where = f"{path}, row {row + 1} ({'' if pd.isna(name) else quote(name)})"
        raise DataError(f"{where}, column {column} is {shown}, but must be {allowed}")
