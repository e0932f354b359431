"""A CSV file of runs, cell by cell: each fault names the file, the row and the column."""

import difflib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import NoReturn

from ecosobriety.errors import DataError, quote, row, shorten

MAX_WHOLE = 2**53
"""Up to here a float64 holds whole numbers exactly."""
MAX_NAMED = 6
"""So many columns of a file are named in a message."""
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_HINTS = {
    re.compile(r"[+-]?[1-9]\d{0,2}([, '’_\u00a0\u202f]\d{3})+(\.\d+)?"): (
        "write thousands without a separator, and decimals with a point"
    ),
    re.compile(r"[+-]?[\d.]+,\d+"): "decimals are written with a point",
}
"""What to say of numbers written in another way."""
_ABSENT = frozenset({"nan", "none", "null", "n/a", "na", "nat", "<na>"})
"""What pandas and exports write for a missing number or time, in small letters."""
_OTHER_FILES = {b"PAR1": "Parquet", b"\x1f\x8b": "gzip", b"PK\x03\x04": "zip or Excel"}


class RunsError(DataError):
    """A fault of imported runs: the key of the model that it is about, and the end of a sentence.

    The sentence begins with that key.
    """

    def __init__(self, key: str, text: str) -> None:
        super().__init__(f"{key} {text}")
        self.key, self.text = key, text


@dataclass(frozen=True)
class Sheet:
    """A table of runs, or CodeCarbon's file.

    Attributes:
        key: of the study's file that names it.
        path: as the study's file has it.
        names: of its columns, in their order.
        cells: of each column, its text row by row.
        rows: how many there are.
    """

    key: str
    path: str
    names: Sequence[str]
    cells: Mapping[str, Sequence[str]]
    rows: int

    def fault(self, text: str) -> RunsError:
        """What is wrong with the file."""
        return RunsError(self.key, f"is {quote(self.path)}, but {text}")

    def column(self, name: str) -> "Column":
        """One of its columns.

        Raises:
            RunsError: two columns have that name.
        """
        if self.names.count(name) > 1:
            raise self.fault(f"has {self.names.count(name)} columns with the name {quote(name)}")
        return Column(self, name, self.cells[name])


@dataclass(frozen=True)
class Column:
    """A column in use; its values are read strictly, and blanks around them left out.

    Attributes:
        sheet: its table.
        name: in the table.
        cells: what it holds, by row.
        optional: by which key the study's file may leave it out; None: it is needed.
    """

    sheet: Sheet
    name: str
    cells: Sequence[str]
    optional: str | None = None

    def text(self, place: int) -> str | None:
        """What stands in a row (from 0); None: nothing."""
        return self.cells[place].strip() or None

    def given(self, place: int) -> str | None:
        """As `text`; None, too, where it says in a word that there is nothing."""
        written = self.text(place)
        return None if written is None or written.casefold() in _ABSENT else written

    def number(self, place: int) -> float | None:
        """The number in a row; None: there is none.

        Raises:
            RunsError: it is none, or no finite one.
        """
        written = self.given(place)
        if written is None:
            return None
        if not _NUMBER.fullmatch(written):
            hints = [f" ({hint})" for form, hint in _HINTS.items() if form.fullmatch(written)]
            self.refuse(place, f"must be a finite number{''.join(hints[:1])}")
        value = float(written)
        if not math.isfinite(value):
            self.refuse(place, "must be a finite number")
        return value

    def whole(self, place: int, least: int, most: float = MAX_WHOLE) -> int | None:
        """As `number`, of a whole one from a smallest one on: 1000, 1000.0 and 1e3 are the same.

        Args:
            place: the row, from 0.
            least: the smallest allowed.
            most: the largest allowed.
        """
        if self.number(place) is None:
            return None
        value = Decimal(self.cells[place].strip())
        if value != value.to_integral_value() or not least <= value <= most:
            up_to = f"from {least} to {most:.3g}" if value > most else f"of at least {least}"
            self.refuse(place, f"must be a whole number {up_to}")
        return int(value)

    def refuse(self, place: int, must: str) -> NoReturn:
        """Refuse what stands in a row.

        Raises:
            RunsError: names the row, the column and the value.
        """
        written = self.text(place)
        shown = "empty" if written is None else quote(shorten(written, 40))
        way_out = f" (columns.{self.optional}: null leaves it out)" if self.optional else ""
        raise self.sheet.fault(f"in {row(place)} {quote(self.name)} is {shown}: it {must}{way_out}")


def read_sheet(key: str, path: str, folder: Path) -> Sheet:
    """Read a CSV file with a header.

    Args:
        key: of the study's file that names it, for the messages.
        path: as the study's file has it.
        folder: where a relative path begins.

    Raises:
        RunsError: it cannot be read, or is no such table.
    """
    # Imported here, as it takes long: every job of every study reads this module.
    from ecosobriety.readers import delimited
    from ecosobriety.readers.header import like_header

    content = read_bytes(key, path, folder)
    for start, kind in _OTHER_FILES.items():
        if content.startswith(start):
            raise RunsError(key, f"is {quote(path)}, a {kind} file, but must be a table in CSV")
    try:
        header, table, _ = delimited.parse(content)
    except DataError as error:
        raise RunsError(key, f"is {quote(path)}, but {error}") from error
    names = [name.strip() for name in header]
    for place, cells_of_row in enumerate(zip(*table.to_pydict().values(), strict=True)):
        if like_header(cells_of_row, names):
            raise RunsError(key, f"is {quote(path)}, but {row(place)} is {delimited.SECOND_HEADER}")
    cells = {name: table.column(i).to_pylist() for i, name in enumerate(names)}
    return Sheet(key, path, names, cells, table.num_rows)


def read_bytes(key: str, path: str, folder: Path) -> bytes:
    """The content of a file that the study's file names.

    Raises:
        RunsError: it cannot be read.
    """
    try:
        return (folder / Path(path).expanduser()).read_bytes()
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise RunsError(key, f"is {quote(path)}, but cannot be read: {why}") from error


def is_number(text: str | None) -> bool:
    """Whether a cell holds one, if any in words (nan)."""
    try:
        float(text or "nan")
    except ValueError:
        return False
    return True


def alike(name: str, names: Sequence[str]) -> str:
    """A hint in brackets at the column that a name was probably meant for; empty: none is like it.

    Exports put a prefix before names, as in `params.seed`.
    """
    ends = [known for known in names if known.rpartition(".")[2] == name]
    close = ends[:1] or difflib.get_close_matches(name, names, n=1)
    return f" (did you mean {quote(close[0])}?)" if close else ""


def listed(names: Sequence[str]) -> str:
    """Some names for a message."""
    more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
    return ", ".join(quote(shorten(name, 24)) for name in names[:MAX_NAMED]) + more
