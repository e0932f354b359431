"""A table of countries as a CSV file: what a user writes, and what `refresh` downloads."""

import hashlib
import json
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pycountry

from ecosobriety.country_codes import is_country
from ecosobriety.electricity.countries import LOW_CARBON_SHARES, SHARES, finish_countries
from ecosobriety.electricity.country_names import country_hint, country_name
from ecosobriety.electricity.factor_tables import read_cells, read_number, read_year, require
from ecosobriety.electricity.plausibility import check_rows, remark_on
from ecosobriety.electricity.provider import Provided, Provider, Settings, facts
from ecosobriety.errors import DataError, quote
from ecosobriety.files import UnreadableError, home_expanded, open_atomically, read_text

REQUIRED = ("country_iso3", "intensity_g_per_kwh", "year")
OPTIONAL = ("country_name", "low_carbon_share", *SHARES)
COLUMNS = ("country_iso3", "country_name", "intensity_g_per_kwh", "year", *OPTIONAL[1:])
"""All columns, in the order in which `write_table_file` writes them."""

_KEY = "country_iso3"
_FIRST_YEAR = 1990
_MAX_NOTE_BYTES = 2**20


def read_user_table(path: Path, *, compare: bool = True) -> pd.DataFrame:
    """Read and check a table of countries.

    Args:
        path: a CSV file with the columns country_iso3 (ISO-3166 alpha-3, each once),
            intensity_g_per_kwh (g CO2e/kWh over the life cycle, empty where unknown) and year;
            where it has them, country_name, low_carbon_share and `countries.SHARES` (all 0-1, empty
            where unknown). Without low_carbon_share, it is the sum of the low-carbon sources.
        compare: whether odd intensities are flagged and logged, compared with CodeCarbon's.

    Returns:
        What `countries.finish_countries` gives.

    Raises:
        DataError: the file cannot be read, a column is missing or unknown, or a value is wrong;
            names the file, the row and the column.
    """
    rows = _read_rows(path)
    if compare:
        remark_on(rows)
    return finish_countries(rows)


def _read_rows(path: Path) -> list[dict[str, Any]]:
    table = read_cells(path)
    _check_columns(path, table)
    for column in (_KEY, "year"):
        require(path, table, _KEY, column, table[column].notna(), "a value")
    real = table[_KEY].map(is_country).astype(bool)
    if not real.all():
        hint = country_hint(
            table[_KEY][~real].iloc[0], [country.alpha_3 for country in pycountry.countries]
        )
        require(path, table, _KEY, _KEY, real, f"an ISO 3166 alpha-3 code, such as FRA{hint}")
    require(path, table, _KEY, _KEY, ~table[_KEY].duplicated(), "a country that stands once")
    read_number(
        path,
        table,
        _KEY,
        "intensity_g_per_kwh",
        lambda numbers: numbers >= 0,
        "a number from 0 up, or empty",
    )
    read_year(path, table, _KEY, "year", _FIRST_YEAR)
    for column in ("low_carbon_share", *SHARES):
        if column not in table:
            table[column] = None
        percent = pd.to_numeric(table[column], errors="coerce").between(1, 100, "right").any()
        allowed = "a share from 0 to 1, or empty" + (": 12 % is 0.12" if percent else "")
        read_number(path, table, _KEY, column, lambda numbers: numbers.between(0, 1), allowed)
    if "country_name" not in table:
        table["country_name"] = None
    rows = [_read_row(row) for row in table.to_dict("records")]
    check_rows(path, rows)
    return rows


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
        notes = json.loads(read_text(beside, _MAX_NOTE_BYTES))
    except (UnreadableError, ValueError, RecursionError) as error:
        raise DataError(f"{beside} is not the JSON that `refresh` writes: {error}") from error
    if not isinstance(notes, dict) or not all(isinstance(note, str) for note in notes.values()):
        return {}
    unchanged = notes.get("sha256") == hashlib.sha256(path.read_bytes()).hexdigest()
    return notes if unchanged else {}


def _check_columns(path: Path, table: pd.DataFrame) -> None:
    for column in REQUIRED:
        if column not in table:
            raise DataError(f"{path}: column {column} is missing; needed are {', '.join(REQUIRED)}")
    for column in table.columns:
        if column not in COLUMNS:
            allowed = ", ".join(COLUMNS)
            raise DataError(f"{path}: column {quote(column)} is unknown; allowed are {allowed}")
    if table.empty:
        raise DataError(f"{path} holds no country")


def _read_row(row: Mapping[Hashable, Any]) -> dict[str, Any]:
    known: dict[str, Any] = {
        str(name): None if pd.isna(value) else value for name, value in row.items()
    }
    low_carbon = [known[share] for share in LOW_CARBON_SHARES]
    if known["low_carbon_share"] is None and None not in low_carbon:
        known["low_carbon_share"] = min(1.0, sum(low_carbon))
    if known["country_name"] is None:
        known["country_name"] = country_name(known[_KEY])
    return {**known, "year": int(known["year"]), "remarks": []}


def provide(settings: Settings, _snapshots: Path) -> Provided:
    """A user's own file."""
    path = home_expanded(settings["path"])
    notes = read_notes(path)
    known = facts(notes.get("origin", str(path)), str(path), path)
    return read_user_table(path), {**known, "retrieved_on": notes.get("retrieved_on")}


def _known(settings: Settings) -> pd.DataFrame | None:
    path = settings.get("path")
    return read_user_table(home_expanded(path), compare=False) if isinstance(path, str) else None


PROVIDER = Provider("csv", provide, known=_known)
