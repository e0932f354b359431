"""A user's table in CSV or Parquet: one row for each example, one column with its label."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

from ecosobriety.checks import row_numbers, shared_groups
from ecosobriety.checks.placeholders import NUMBER
from ecosobriety.checks.two_numbers import are_two_numbers
from ecosobriety.datasets.findings import Finding, short
from ecosobriety.errors import DataError
from ecosobriety.files import require_data
from ecosobriety.readers import columns, delimited
from ecosobriety.readers.arrays import Part
from ecosobriety.readers.class_names import Coded, normalised
from ecosobriety.readers.codes import is_like_codes
from ecosobriety.readers.header import (
    MAX_LISTED,
    listed,
    require_header,
    require_names,
    require_no_numbers,
)
from ecosobriety.readers.unpacking import read_bytes, reason

ROWS_AT_ONCE = 4096
PARQUET = b"PAR1"
"""How a file begins."""


def read(
    path: Path, file_format: str, label: str, features: Sequence[str] | None, task: str
) -> Part:
    """All rows: the features as float64, the labels as they are written.

    Args:
        path: the file.
        file_format: `csv` (a header; `.csv.gz` and the like are unpacked) or `parquet`.
        label: the column with the labels.
        features: the columns to learn from; None: all others.
        task: `classification`, or `regression`, of which the label is a number.

    Raises:
        DataError: the file is no such table, lacks a column, or has a cell that is no number.
    """
    try:
        return _read(path, file_format, label, features, task)
    except DataError as error:
        message = str(error)
        raise DataError(
            message if message.startswith(str(path)) else f"{path}: {message}"
        ) from error


def read_labels(path: Path, label: str | None, rows: int) -> Coded:
    """The labels alone, of a CSV file with one row for each example.

    Args:
        path: the file.
        label: the column with the labels; None: the only one.
        rows: how many examples there are.

    Raises:
        DataError: the file is no such table, lacks the column, or has a cell that is no label.
    """
    content = read_bytes(path)
    if content.startswith(PARQUET):
        raise DataError("is a Parquet file, but must be a CSV file")
    header, table, _ = delimited.parse(content)
    names = _names(header)
    chosen = names[0] if label is None else _clean(label)
    if label is None and len(names) > 1:
        raise DataError(
            f"has the columns {listed(names)}: name the one with the labels in dataset.label"
        )
    if chosen not in names:
        raise _no_column(chosen, names)
    y = columns.labels(table.column(names.index(chosen)), chosen)
    if len(y.index) != rows:
        require_header(names, [name for name in names if name != chosen], chosen, y)
    return y


def _read(
    path: Path, file_format: str, label: str, features: Sequence[str] | None, task: str
) -> Part:
    indexes, lossy = frozenset[str](), False
    if file_format == "csv":
        header, table, lossy = delimited.parse(read_bytes(path))
        all_names = names = _names(header)
        chosen = _features(names, label, features)
        known = {*chosen, _clean(label)}
        rest = [name for name in names if name not in known]
        left = {name: table.column(names.index(name)) for name in rest[:MAX_LISTED]}
    else:
        with _opened(path) as file:
            all_names = names = _names(file.schema_arrow.names)
            chosen = _features(names, label, features)
            indexes = _indexes(file.schema_arrow)
            place = {name: i for i, name in enumerate(names)}
            read = [*chosen, _clean(label)]
            table = _parquet(file, [place[name] for name in read], names)
            left = _left_out(file, names, {*read})
            names = read
    place = {name: i for i, name in enumerate(names)}
    found = [
        Finding(
            "features_used",
            False,
            {"count": len(chosen), "names": [short(name) for name in chosen]},
        )
    ]
    codes: list[str] = []
    features_read: list[np.ndarray] = []
    for name in chosen:
        column = table.column(place[name])
        numbers = columns.numbers(column, name, lossy=lossy)
        features_read.append(numbers)
        found += row_numbers.examine(
            name,
            numbers,
            column,
            is_index=name in indexes,
            asked_for=features is not None,
            columns=len(chosen),
        )
        if is_like_codes(name, column, numbers):
            codes.append(short(name))
        if are_two_numbers(column, numbers):
            found.append(Finding("feature_of_two_numbers", False, {"feature": short(name)}))
    if codes:
        values = {"count": len(codes), "names": codes}
        found.append(Finding("features_like_codes", False, values))
    column = table.column(place[_clean(label)])
    # No header is missing in Parquet, though a row of decimals may have been taken for one before.
    may_lack_header = file_format == "csv" or not all(map(str.isdecimal, all_names))
    y: Coded | np.ndarray
    if task == "regression":
        y = columns.numbers(column, _clean(label), target=True, lossy=lossy)
        found += [Finding("targets_of_two_numbers", True, {})] if are_two_numbers(column, y) else []
        if may_lack_header:
            require_names(all_names, [*features_read, y])
    else:
        y = columns.labels(column, _clean(label))
        if may_lack_header:
            require_header(all_names, chosen, _clean(label), y)
            if not all(map(str.isdecimal, all_names)):
                require_names(all_names, ())
    found += _groups_left_out(left, y)
    x = _side_by_side(features_read)
    return Part(x, y, "the table", tuple(chosen), tuple(found), label=_clean(label))


def _side_by_side(read: Sequence[np.ndarray]) -> np.ndarray:
    """Columns as (rows, columns), some rows at a time, as these stay in the processor's cache."""
    x = np.empty((len(read[0]), len(read)))
    for i in range(0, len(x), ROWS_AT_ONCE):
        part = slice(i, i + ROWS_AT_ONCE)
        np.stack([values[part] for values in read], axis=1, out=x[part])
    return x


def _left_out(
    file: pyarrow.parquet.ParquetFile, names: Sequence[str], read: Collection[str]
) -> dict[str, pa.ChunkedArray]:
    """Columns of text or whole numbers that are not learnt from."""
    found: dict[str, pa.ChunkedArray] = {}
    for name, field in zip(names, file.schema_arrow, strict=True):
        kinds = (pa.types.is_string, pa.types.is_large_string, pa.types.is_integer)
        # The reader takes a point for a path into nested columns.
        plain = "." not in field.name and any(is_kind(field.type) for is_kind in kinds)
        if name not in read and plain and len(found) < MAX_LISTED:
            # What is damaged here is not learnt from.
            with suppress(Exception):
                found[name] = file.read([field.name]).column(0)
    return found


def _groups_left_out(
    left: Mapping[str, pa.ChunkedArray], y: Coded | np.ndarray
) -> Iterator[Finding]:
    """Columns that are not learnt from and say which rows belong together."""
    numeric = not isinstance(y, Coded)
    labels = y.index if isinstance(y, Coded) else shared_groups.as_classes(y)
    for name, column in left.items():
        codes = pc.dictionary_encode(column.combine_chunks()).indices.fill_null(-1).to_numpy()
        shares = shared_groups.shares(codes, labels, ordered=False)
        if shares is not None:
            yield shared_groups.said_of(short(name), shares, numeric=numeric)


def _clean(name: str) -> str:
    return normalised(name)


def _names(written: Sequence[str]) -> list[str]:
    """Names of the columns: each once and not empty."""
    names, seen = [_clean(name) for name in written], dict[str, int]()
    for i, name in enumerate(names, start=1):
        if not name:
            cause, way_out = ", as row numbers have that were written along", ""
            if not any(names[i - 1 :]):
                cause, way_out = "", " (do all lines end with a comma?)"
            raise DataError(
                f"column {i} of {len(names)} has no name{cause}: name it or leave it out of the "
                f"file{way_out}"
            )
        if name in seen:
            require_no_numbers(names)
            raise DataError(
                f'columns {seen[name]} and {i} are both named "{short(name)}", but each must have '
                "a name of its own"
            )
        seen[name] = i
    return names


def _features(names: Sequence[str], label: str, features: Sequence[str] | None) -> list[str]:
    """The columns to learn from, all of them known."""
    known, label = set(names), _clean(label)
    wanted = None if features is None else [_clean(name) for name in features]
    for name in (label, *(wanted or ())):
        if name not in known:
            raise _no_column(name, names)
    chosen = wanted if wanted is not None else [name for name in names if name != label]
    if not chosen:
        raise DataError(f'there is no column besides the label "{short(label)}"')
    if label in chosen or len(set(chosen)) < len(chosen):
        raise DataError(
            f'dataset.features names a column twice, or the label "{short(label)}" itself'
        )
    return chosen


def _no_column(name: str, names: Sequence[str]) -> DataError:
    if all(NUMBER.fullmatch(one) for one in names):
        require_no_numbers(names)
    return DataError(f'there is no column "{short(name)}"; the columns are {listed(names)}')


def _opened(path: Path) -> pyarrow.parquet.ParquetFile:
    require_data(path)
    try:
        # A file of Python's: a name could also be an address.
        return pyarrow.parquet.ParquetFile(
            path.open("rb"),
            # Where the file has them; without, damaged values are values.
            page_checksum_verification=True,
        )
    except OSError as error:
        if error.errno is not None:
            raise DataError(f"cannot be read: {error.strerror}") from error
        raise DataError(f"is truncated, damaged or not a Parquet file ({reason(error)})") from error
    # Damaged bytes make the reader raise several kinds of error, all the same here.
    except Exception as error:
        raise DataError(f"is truncated, damaged or not a Parquet file ({reason(error)})") from error


def _parquet(
    file: pyarrow.parquet.ParquetFile, places: Sequence[int], names: Sequence[str]
) -> pa.Table:
    """The wanted columns, in the order asked for."""
    # Made anew for each column, they would take as long as there are columns.
    fields = [*file.schema_arrow]
    written = [field.name for field in fields]
    for i in places:
        _require_plain(fields[i])
    # The reader takes a point for a path into nested columns.
    places_of_all = any("." in written[i] or fields[i].type.num_fields for i in places)
    try:
        table = file.read() if places_of_all else file.read([written[i] for i in places])
    except Exception as error:
        raise DataError(f"is truncated, damaged or not a Parquet file ({reason(error)})") from error
    picked = [columns.plain(table.column(written[i])) for i in places]
    # Text of a Parquet file is no number, whatever it spells; a CSV file's cells are all text.
    picked = [
        column.cast(pa.large_string()) if pa.types.is_string(column.type) else column
        for column in picked
    ]
    return pa.table(picked, names=[names[i] for i in places])


def _require_plain(field: pa.Field) -> None:
    """Refuse values that mean something else than they are stored as, such as months as numbers.

    Whether Arrow knows the type depends on what else has been imported.
    """
    name = (field.metadata or {}).get(b"ARROW:extension:name", b"").decode(errors="replace")
    if isinstance(field.type, pa.BaseExtensionType):
        name = field.type.extension_name
    if name:
        raise DataError(
            f'the column "{short(field.name)}" is of the type {short(name)}, which is neither a '
            "number nor text: write it as one of them, or leave it out of dataset.features"
        )


def _indexes(schema: pa.Schema) -> frozenset[str]:
    """The columns that pandas wrote as the index of its rows."""
    try:
        written = json.loads((schema.metadata or {}).get(b"pandas", b"{}"))["index_columns"]
        return frozenset(_clean(name) for name in written if isinstance(name, str))
    except (ValueError, KeyError, TypeError):
        return frozenset()
