"""A table's columns as numbers or as labels: exactly what stands there, or refused by name."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ecosobriety.checks.placeholders import NUMBER
from ecosobriety.datasets.findings import short
from ecosobriety.errors import DataError, row
from ecosobriety.readers.class_names import Coded, normalised
from ecosobriety.readers.delimited import is_long

EXACT_WHOLE = 2.0**53
"""From here on float64 passes over whole numbers."""


@dataclass(frozen=True)
class _Role:
    """What a column is called in a message, and what can be done about it."""

    phrase: str
    way_out: str


def numbers(
    column: pa.ChunkedArray, name: str, *, target: bool = False, lossy: bool = True
) -> NDArray[np.float64]:
    """A column as float64, in which no two different numbers become one.

    Args:
        column: text as a CSV file holds it, or numbers or truth values as Parquet has them.
        name: its name, for the messages.
        target: whether it is what a regression predicts, and no feature.
        lossy: whether text may hold more digits than float64 keeps; see `delimited.parse`.

    Raises:
        DataError: a cell is empty, no finite number, or equal to another one as float64.
    """
    role = _Role(f"the column {_quoted(name)}", "or leave it out of dataset.features")
    if target:
        role = _Role(f"the target {_quoted(name)}", "or set task to classification")
    column = plain(column)
    if column.null_count:
        raise DataError(
            f"{role.phrase} is empty in {row(int(pc.is_null(column).to_numpy().argmax()))}"
        )
    if _is_cell_text(column):
        values = _cast_text(column, role)
    elif pa.types.is_boolean(column.type):
        values = column.cast(pa.uint8()).to_numpy().astype(np.float64)
    elif pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        values = column.to_numpy().astype(np.float64)
    elif pa.types.is_decimal(column.type):
        values = np.array([float(value) for value in column.to_pylist()])
    else:
        raise _no_numbers(role, _kind(column.type))
    bad = np.flatnonzero(~np.isfinite(values))
    if len(bad):
        shown = _shown(column, int(bad[0]))
        raise DataError(f"{role.phrase} has no finite number in {row(int(bad[0]))}: {shown}")
    _require_distinct(column, values, role, lossy)
    return values


def labels(column: pa.ChunkedArray, name: str) -> Coded:
    """A column as labels: text as it is written, or whole numbers.

    Raises:
        DataError: a label is missing, or neither text nor a whole number.
    """
    column = plain(column)
    if pa.types.is_nested(column.type):
        raise DataError(
            f"the label {_quoted(name)} holds {_kind(column.type)}, but must be whole numbers or "
            "text"
        )
    missing = pc.is_null(column).to_numpy()
    if missing.any():
        raise DataError(f"the label {_quoted(name)} is empty in {row(int(missing.argmax()))}")
    encoded = column.dictionary_encode().unify_dictionaries()
    index = np.concatenate(
        [np.zeros(0, np.int64), *(chunk.indices.to_numpy() for chunk in encoded.chunks)]
    ).astype(np.int64)
    distinct = encoded.chunk(0).dictionary.to_pylist() if encoded.num_chunks else []
    values = [_label(value, name) for value in distinct]
    for i, value in enumerate(values):
        if not normalised(str(value)):
            where = row(int((index == i).argmax()))
            raise DataError(f"the label {_quoted(name)} is empty in {where}")
    return Coded(values, index)


def plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Without dictionaries, run lengths and short decimals, which are only ways to store values."""
    if pa.types.is_dictionary(column.type):
        return plain(column.cast(column.type.value_type))
    if pa.types.is_run_end_encoded(column.type):
        return plain(pc.run_end_decode(column))
    if pa.types.is_decimal32(column.type) or pa.types.is_decimal64(column.type):
        # Of these, Arrow finds no distinct values.
        return column.cast(pa.decimal128(column.type.precision, column.type.scale))
    return column


def _label(value: Any, name: str) -> Any:
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, int | str):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    # Decimal's own division fails beyond 28 digits.
    if isinstance(value, Decimal) and value == int(value):
        return int(value)
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError as error:
            shown = short(repr(value))
            raise DataError(
                f"the label {_quoted(name)} holds {shown}, but bytes must be text in UTF-8"
            ) from error
    raise DataError(
        f"the label {_quoted(name)} holds {short(repr(value))}, but must be whole numbers or text"
    )


def _is_cell_text(column: pa.ChunkedArray) -> bool:
    """Only a CSV file's cells are of this type; the text of a Parquet file is made another."""
    return bool(pa.types.is_string(column.type))


def _cast_text(column: pa.ChunkedArray, role: _Role) -> NDArray[np.float64]:
    values: NDArray[np.float64]
    try:
        values = column.cast(pa.float64()).to_numpy()
        return values
    except pa.ArrowInvalid:
        # Blanks around a number mean nothing; Arrow takes them for a part of it.
        trimmed = pc.ascii_trim(column, " \t")
    try:
        values = trimmed.cast(pa.float64()).to_numpy()
        return values
    except pa.ArrowInvalid as error:
        for i, text in enumerate(trimmed.to_pylist()):
            if not text:
                raise DataError(f"{role.phrase} is empty in {row(i)}") from error
            if not NUMBER.fullmatch(text):
                raise _no_numbers(role, f'"{short(text)}" in {row(i)}') from error
        raise _no_numbers(role, short(str(error))) from error


def _require_distinct(
    column: pa.ChunkedArray, values: NDArray[np.float64], role: _Role, lossy: bool
) -> None:
    """Refuse two different numbers that became one."""
    large = len(values) > 0 and max(values.max(), -values.min()) >= EXACT_WHOLE
    if _is_cell_text(column):
        if not (large or (lossy and is_long(column)) or _vanishes(column, values)):
            return
        exact = [Decimal(text.strip(" \t")) for text in column.unique().to_pylist()]
    elif pa.types.is_decimal(column.type) or (pa.types.is_integer(column.type) and large):
        exact = [Decimal(value) for value in column.unique().to_pylist()]
    else:
        return
    known: dict[float, Decimal] = {}
    for number in exact:
        if number != 0 and float(number) == 0:
            raise DataError(
                f"{role.phrase} holds {short(str(number))}, which 64-bit numbers take for 0"
            )
        other = known.setdefault(float(number), number)
        if other != number:
            raise DataError(
                f"{role.phrase} holds {short(str(other))} and {short(str(number))}, which 64-bit "
                f"numbers cannot distinguish: subtract a constant, {role.way_out}"
            )


def _vanishes(column: pa.ChunkedArray, values: NDArray[np.float64]) -> bool:
    """Whether a number that is written as other than 0 became 0."""
    zeros = values == 0
    if not zeros.any():
        return False
    # Arrow's own way to make an array imports pandas.
    bits = pa.py_buffer(np.packbits(zeros, bitorder="little"))
    chosen = pa.Array.from_buffers(pa.bool_(), len(zeros), [None, bits])
    spellings = column.filter(chosen).unique()
    return bool(pc.any(pc.match_substring_regex(spellings, r"^[^eE]*[1-9]")).as_py())


def _no_numbers(role: _Role, what: str) -> DataError:
    return DataError(
        f"{role.phrase} holds {what}, but must hold numbers: write it as numbers, {role.way_out}"
    )


def _kind(arrow_type: pa.DataType) -> str:
    if pa.types.is_large_string(arrow_type) or pa.types.is_string_view(arrow_type):
        return "text"
    return short(str(arrow_type))


def _shown(column: pa.ChunkedArray, place: int) -> str:
    value = column[place].as_py()
    return f'"{short(value)}"' if isinstance(value, str) else short(str(value))


def _quoted(name: str) -> str:
    return f'"{short(name)}"'
