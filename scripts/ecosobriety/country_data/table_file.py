"""A table of countries as a CSV file: what a user writes, and what `refresh` downloads."""

import hashlib
import json
import math
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pycountry

from ecosobriety.errors import DataError, one_line
from ecosobriety.factors import require
from ecosobriety.files import open_atomically
from ecosobriety.grid import LOW_CARBON_SHARES, SHARES, finish_countries

REQUIRED = ("country_iso3", "intensity_g_per_kwh", "year")
OPTIONAL = ("country_name", "low_carbon_share", *SHARES)
COLUMNS = ("country_iso3", "country_name", "intensity_g_per_kwh", "year", *OPTIONAL[1:])
"""All columns, in the order in which `write_table_file` writes them."""

_KEY = "country_iso3"
_YEARS = (1990, 2100)


def read_user_table(path: Path) -> pd.DataFrame:
    """Read and check a table of countries.

    Args:
        path: a CSV file with the columns country_iso3 (ISO-3166 alpha-3, each once),
            intensity_g_per_kwh (g CO2e/kWh over the life cycle, empty where unknown) and year;
            where it has them, country_name, low_carbon_share and `grid.SHARES` (all 0-1, empty
            where unknown). Without low_carbon_share, it is the sum of the low-carbon sources.

    Returns:
        What `grid.finish_countries` gives.

    Raises:
        DataError: the file cannot be read, a column is missing or unknown, or a value is wrong;
            names the file, the row and the column.
    """
    try:
        # With a byte order mark, as spreadsheets write it, or without. "NA" is no null.
        table = pd.read_csv(
            path, dtype="str", encoding="utf-8-sig", keep_default_na=False, na_values=[""]
        )
    except (OSError, ValueError) as error:
        why = " ".join(str(error).split())
        told = f"{path} cannot be read as a table of countries: {why}"
        raise DataError(one_line(told)) from error
    _check_columns(path, table)
    for column in (_KEY, "year"):
        require(path, table, _KEY, column, table[column].notna(), "a value")
    real = table[_KEY].map(lambda code: pycountry.countries.get(alpha_3=code) is not None)
    upper = table[_KEY].str.fullmatch("[A-Z]{3}")
    require(path, table, _KEY, _KEY, upper & real, "an ISO 3166 alpha-3 code, such as FRA")
    require(path, table, _KEY, _KEY, ~table[_KEY].duplicated(), "each country once")
    _read_numbers(path, table, "intensity_g_per_kwh", (0, math.inf), "a number from 0 up, or empty")
    _read_numbers(path, table, "year", _YEARS, f"a year from {_YEARS[0]} to {_YEARS[1]}")
    whole = table["year"] % 1 == 0
    require(path, table, _KEY, "year", whole, f"a year from {_YEARS[0]} to {_YEARS[1]}")
    for column in ("low_carbon_share", *SHARES):
        if column not in table:
            table[column] = np.nan
        _read_numbers(path, table, column, (0, 1), "a share from 0 to 1, or empty")
    if "country_name" not in table:
        table["country_name"] = None
    return finish_countries([_read_row(row) for row in table.to_dict("records")])


def write_table_file(
    path: Path, rows: list[dict[str, Any]], origin: str, sha256: str, retrieved_on: str
) -> None:
    """Write a table that `read_user_table` reads, and beside it a note on where it comes from.

    Args:
        path: the CSV file; the note is the same with the ending .json.
        rows: values by the names of `COLUMNS`.
        origin: where the data were taken from.
        sha256: of what was taken from there.
        retrieved_on: the date, ISO 8601.
    """
    text = pd.DataFrame(rows, columns=list(COLUMNS)).to_csv(index=False, lineterminator="\n")
    notes = {
        "origin": origin,
        "origin_sha256": sha256,
        "retrieved_on": retrieved_on,
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
    }
    for target, content in (
        (path.with_suffix(".json"), json.dumps(notes, indent=2) + "\n"),
        (path, text),
    ):
        with open_atomically(target) as file:
            file.write(content.encode())


def read_notes(path: Path) -> Mapping[str, str]:
    """The note beside a table; empty without one, or where the table was changed since."""
    beside = path.with_suffix(".json")
    if path.suffix != ".csv" or not beside.is_file():
        return {}
    try:
        notes = json.loads(beside.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(f"{beside} is not the JSON that `refresh` writes: {error}") from error
    unchanged = (
        isinstance(notes, dict)
        and notes.get("sha256") == hashlib.sha256(path.read_bytes()).hexdigest()
    )
    return notes if unchanged else {}


def _check_columns(path: Path, table: pd.DataFrame) -> None:
    for column in REQUIRED:
        if column not in table:
            raise DataError(f"{path}: column {column} is missing; needed are {', '.join(REQUIRED)}")
    for column in table.columns:
        if column not in COLUMNS:
            allowed = ", ".join(COLUMNS)
            raise DataError(one_line(f"{path}: column {column} is unknown; allowed are {allowed}"))
    if table.empty:
        raise DataError(f"{path} holds no country")


def _read_numbers(
    path: Path, table: pd.DataFrame, column: str, bounds: tuple[float, float], allowed: str
) -> None:
    """Turn a column of text into numbers, in place; null stays null."""
    parsed = pd.to_numeric(table[column], errors="coerce")
    low, high = bounds
    good = table[column].isna() | (np.isfinite(parsed) & (parsed >= low) & (parsed <= high))
    require(path, table, _KEY, column, good, allowed)
    table[column] = parsed.astype("float64")


def _read_row(row: Mapping[Hashable, Any]) -> dict[str, Any]:
    known: dict[str, Any] = {
        str(name): None if pd.isna(value) else value for name, value in row.items()
    }
    low_carbon = [known[share] for share in LOW_CARBON_SHARES]
    if known["low_carbon_share"] is None and None not in low_carbon:
        known["low_carbon_share"] = min(1.0, sum(low_carbon))
    country = pycountry.countries.get(alpha_3=known[_KEY])
    if known["country_name"] is None and country is not None:
        known["country_name"] = country.name
    return {**known, "year": int(known["year"]), "remarks": []}
