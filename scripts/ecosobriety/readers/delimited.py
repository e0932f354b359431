"""A CSV file's text, cell by cell as it stands there: nothing is guessed, skipped or filled in.

Fields are separated by commas; one that holds a comma, a quote or a line break stands in double
quotes, in which a quote is doubled (RFC 4180). Lines end as they do on any system.
"""

import csv
import io
import re
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from ecosobriety.datasets.findings import short
from ecosobriety.datasets.idx import idx_kind
from ecosobriety.errors import DataError
from ecosobriety.readers.header import like_header, may_be_repeated
from ecosobriety.readers.unpacking import reason

OTHER_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "bars"}
_BESIDE_NAMES = OTHER_DELIMITERS | {" ": "blanks"}
"""What separates names that stand in quotes."""
ROW_SHOWN = 60
"""Characters of a row in a message."""
SECOND_HEADER = "a second header, with other columns: were files put together?"
BLOCK_BYTES = 1 << 20
_MAX_BLOCK_BYTES = (1 << 31) - 1
_BLOCK_BYTES_PER_COLUMN = 1 << 12
_FOREIGN_STARTS = {
    # Before UTF-16, whose mark it begins with.
    b"\xff\xfe\0\0": "is written in UTF-32, but must be in UTF-8",
    b"\xff\xfe": "is written in UTF-16, but must be in UTF-8",
    b"\xfe\xff": "is written in UTF-16, but must be in UTF-8",
    b"PAR1": "is a Parquet file: set dataset.format to parquet",
    b"\x89HDF": "is an HDF5 file, but must be a table in CSV",
    b"\xd0\xcf\x11\xe0": "is a file of Excel, but must be a table in CSV",
    b"\x93NUMPY": "is a NumPy array, but must be a table in CSV",
    b"%PDF": "is a PDF file, but must be a table in CSV",
}
_OTHER_TEXTS = {
    rb"\s*[\[{]\s*[\[{\"]": "is JSON, but must be a table in CSV",
    rb"(?i)\s*<(!doctype|html|\?xml)\b": "is a web page or XML, but must be a table in CSV",
    rb"[\"]?sep=": 'begins with "sep=", which is meant for Excel alone: remove this line',
    rb"#[^,\r\n]*[\r\n]": 'begins with a line of remarks ("#"), but must begin with the header',
    rb"[ \t]*[\r\n]": "begins with an empty line, but must begin with the header",
    rb"[^\r\n]*\r\r\n": "has lines that end twice (CR CR LF), as files do whose line ends were "
    "converted twice: save it with one of them",
}
"""What a file begins with, and what it then is."""
_BOM = b"\xef\xbb\xbf"
MAX_EXACT_CHARACTERS = 17
"""Text of so many characters holds no more digits than float64 distinguishes."""
_LONG = r"[1-9](?:\.?[0-9]){17}"
_LINE_ENDS = b"\r\n"
_QUOTE = ord('"')
_BESIDE_QUOTES = np.isin(np.arange(256), [*b',\r\n"'])
_SEARCHED_BYTES = 1 << 20
"""So much is looked at at once, as it stays in the processor's cache."""


def parse(content: bytes) -> tuple[list[str], pa.Table, bool]:
    """Parse a table with a header.

    Args:
        content: the file's bytes, unpacked.

    Returns:
        The header's names as they stand there, the rows below as columns of text, and whether any
        number in them may have more digits than float64 keeps.

    Raises:
        DataError: there is no such table in it; names the row, counted from 1 without the header.
    """
    # Excel marks UTF-8 so; the mark belongs to no name.
    content = content.removeprefix(_BOM)
    # What ends as it should need not be copied.
    if not content.endswith(b"\n") or content[-2:-1] in (b"", b"\n", b"\r"):
        content = content.rstrip(_LINE_ENDS)
    _require_text(content)
    breaks = _places(content, b"\n")
    if b"\r" in content:
        breaks = np.sort(np.concatenate([breaks, _places(content, b"\r")]))
    breaks_quoted = _check_quotes(content, breaks)
    _require_no_empty_line(content, breaks)
    header = _header(content)
    table = _rows(content, header, breaks_quoted)
    _require_no_second_header(header, table)
    return header, table, _has_long_numbers(content, table)


def _places(content: bytes, byte: bytes) -> np.ndarray:
    """Where a byte stands."""
    data, step = np.frombuffer(content, np.uint8), _SEARCHED_BYTES
    starts = range(0, len(data), step)
    return np.concatenate([np.flatnonzero(data[i : i + step] == byte[0]) + i for i in starts])


def _has_long_numbers(content: bytes, table: pa.Table) -> bool:
    """Searched for in all cells at once, which takes a fraction of the time of one by one."""
    if not any(is_long(column) for column in table.columns):
        return False
    return bool(pc.match_substring_regex(_array_of(content, pa.large_binary()), _LONG)[0].as_py())


def is_long(column: pa.ChunkedArray) -> bool:
    """Whether a text may hold more digits than float64 distinguishes."""
    longest = pc.max(pc.binary_length(column)).as_py()
    return longest is not None and longest > MAX_EXACT_CHARACTERS


def _array_of(content: bytes, kind: pa.DataType) -> pa.Array:
    """An array of this one text; Arrow's own way to make one imports pandas."""
    ends = pa.py_buffer(np.array([0, len(content)], np.int64))
    return pa.Array.from_buffers(kind, 1, [None, ends, pa.py_buffer(content)])


def _require_text(content: bytes) -> None:
    if content[257:262] == b"ustar":
        raise DataError("is a tar archive, but must be a table in CSV: unpack it")
    if kind := idx_kind(content[:4]):
        raise DataError(f"is {kind}, but must be a table in CSV")
    for start, problem in _FOREIGN_STARTS.items():
        if content.startswith(start):
            raise DataError(problem)
    for pattern, problem in _OTHER_TEXTS.items():
        if re.match(pattern, content):
            raise DataError(problem)
    if all(content.find(end, 0, len(content) - 1) < 0 for end in (b"\n", b"\r")):
        raise DataError("holds no row: it must hold a header and, below it, rows")
    if (place := content.find(b"\0")) >= 0:
        raise DataError(f"holds a NUL byte in {_line(content, place)}, but must be text in UTF-8")
    if not content.isascii():
        try:
            content.decode()
        except UnicodeDecodeError as error:
            where = _line(content, error.start)
            raise DataError(f"is not written in UTF-8 in {where}, but must be") from error


def _check_quotes(content: bytes, breaks: np.ndarray) -> bool:
    """Refuse quotes that are no field's two ends; say whether fields hold line breaks."""
    if _QUOTE not in content:
        return False
    data = np.frombuffer(content, np.uint8)
    quotes = _places(content, b'"')
    # A doubled quote closes and opens again at once, so that both rules hold for it, too.
    opens, closes = quotes[::2], quotes[1::2]
    # What lies before the first byte and behind the last one ends a field too.
    end = np.frombuffer(_LINE_ENDS[:1], np.uint8)
    around = np.concatenate([end, data, end])
    wrong = np.concatenate(
        [opens[~_BESIDE_QUOTES[around[opens]]], closes[~_BESIDE_QUOTES[around[closes + 2]]]]
    )
    if not len(wrong) and len(quotes) % 2:
        raise DataError(f"the quote in {_line(content, int(quotes[-1]))} has no end")
    if len(wrong):
        _require_commas_between_quotes(content)
        first = int(wrong.min())
        opened = int(opens[opens <= first][-1])
        if np.isin(data[opened:first], np.frombuffer(_LINE_ENDS, np.uint8)).any():
            # What is taken for its end is another field's beginning.
            raise DataError(f"the quote in {_line(content, opened)} has no end")
        raise DataError(
            f"a quote occurs inside a field in {_line(content, first)}: put the whole "
            "field into quotes, and double each quote in it"
        )
    return bool((np.searchsorted(quotes, breaks) % 2).any())


def _require_commas_between_quotes(content: bytes) -> None:
    """Refuse a header of quoted names that something else than commas separates."""
    header = content.split(b"\n", 1)[0].split(b"\r", 1)[0].decode()
    for delimiter, problem in _BESIDE_NAMES.items():
        if f'"{delimiter}"' in header and '","' not in header:
            raise _other_delimiter(header, problem)


def _require_no_empty_line(content: bytes, breaks: np.ndarray) -> None:
    """Refuse an empty line that is not in quotes, which is no row whose fields are empty."""
    if not (np.diff(breaks) == 1).any():
        return
    if not any(blank in content for blank in (b"\n\n", b"\n\r\n", b"\r\r")):
        return
    quotes, counted = 0, 0
    for found in re.finditer(rb"\n(?=\r?\n)|\r(?=\r)", content):
        quotes += content.count(b'"', counted, found.start())
        counted = found.start()
        if quotes % 2 == 0:
            what = "remove it" if b"," in content.splitlines()[0] else "its value is missing"
            raise DataError(f"{_line(content, found.end())} is empty: {what}")


def _header(content: bytes) -> list[str]:
    lines = io.TextIOWrapper(io.BytesIO(content), encoding="utf-8", newline="")
    try:
        header = next(csv.reader(lines, strict=True))
    except csv.Error as error:
        raise DataError(f"the header cannot be read ({reason(error)})") from error
    if len(header) == 1:
        for delimiter, problem in OTHER_DELIMITERS.items():
            if delimiter in header[0]:
                raise _other_delimiter(header[0], problem)
    return header


def _other_delimiter(header: str, found: str) -> DataError:
    return DataError(
        f'its header "{short(header, ROW_SHOWN)}" has {found} between the names, but fields must '
        "be separated by commas, and decimals written with a point"
    )


def _rows(content: bytes, header: Sequence[str], breaks_quoted: bool) -> pa.Table:
    """The rows below the header, as text."""
    width = len(header)
    names = [f"f{i}" for i in range(width)]
    wrong: list[pa.csv.InvalidRow] = []

    def remember(row: pa.csv.InvalidRow) -> str:
        wrong.append(row)
        return "error"

    def read(block_bytes: int) -> pa.Table:
        return pa.csv.read_csv(
            pa.BufferReader(content),
            read_options=pa.csv.ReadOptions(
                # Only one thread counts the rows, and it is no slower.
                use_threads=False,
                block_size=block_bytes,
                autogenerate_column_names=True,
            ),
            parse_options=pa.csv.ParseOptions(
                newlines_in_values=breaks_quoted,
                ignore_empty_lines=False,
                invalid_row_handler=remember,
            ),
            convert_options=pa.csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                null_values=[],
                strings_can_be_null=False,
            ),
        )

    whole = min(len(content) + 1, _MAX_BLOCK_BYTES)
    # Each block of each column is an array of its own: many columns want many rows in each.
    block_bytes = min(max(BLOCK_BYTES, width * _BLOCK_BYTES_PER_COLUMN), whole)
    try:
        try:
            table = read(block_bytes)
        except pa.ArrowInvalid:
            if wrong or block_bytes == whole:
                raise
            # A row may be longer than a block.
            table = read(whole)
    except Exception as error:
        if wrong:
            raise DataError(_reported(wrong[0], header)) from error
        raise DataError(f"cannot be read as a table ({reason(error)})") from error
    return table.slice(1)


def _reported(row: pa.csv.InvalidRow, header: Sequence[str]) -> str:
    """What is wrong with a row that has not as many fields as the header has names."""
    number = f"row {row.number - 1}" if row.number else "a row"
    width = len(header)
    # No header is as long as what the reader refuses.
    begin = row.text[: csv.field_size_limit()]
    if like_header(next(csv.reader([begin]), []), header):
        return f"{number} (counted from 1, without the header) is {SECOND_HEADER}"
    problem = f'{number} (counted from 1, without the header) is "{short(row.text, ROW_SHOWN)}": '
    problem += f"it has {row.actual_columns} field(s), but the header {width}"
    if row.actual_columns > width:
        problem += "; decimals are written with a point, and each column needs a name"
    return problem


def _require_no_second_header(header: Sequence[str], table: pa.Table) -> None:
    """Refuse a row that repeats the header, as files do that were put one behind another."""
    if may_be_repeated(header):
        return
    rows = None
    for i, written in enumerate(header):
        column = table.column(i)
        name = _array_of(written.encode(), pa.large_string())[0]
        if rows is None:
            rows = pc.indices_nonzero(pc.equal(column, name))
        else:
            rows = rows.filter(pc.equal(column.take(rows), name))
        if not len(rows):
            return
    if rows is not None:
        raise DataError(
            f"row {rows[0].as_py() + 1} repeats the header: is the first row no header, or were "
            "files put together?"
        )


def _line(content: bytes, place: int) -> str:
    before = content[:place]
    ends = before.count(b"\n") or before.count(b"\r")
    return f"line {ends + 1}"
