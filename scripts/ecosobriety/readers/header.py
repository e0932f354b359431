"""Whether the first row of a table is its header, and whether another row is one once more."""

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from ecosobriety.checks.placeholders import NUMBER
from ecosobriety.datasets.findings import short
from ecosobriety.errors import DataError
from ecosobriety.readers.class_names import Coded, normalised

MAX_LISTED = 10
"""Names in a message, or columns that are looked at besides."""
_FEW_COLUMNS = 3
"""In so many, a row of data may be the numbers of the columns."""
_MOSTLY, _FEWEST_DECIMAL = 0.9, 2
"""Share of a column's values that have decimals, and so many columns that no first row is meant."""


def listed(names: Sequence[str]) -> str:
    """Names of columns, for a message."""
    shown = ", ".join(f'"{short(name)}"' for name in names[:MAX_LISTED])
    return shown + (", …" if len(names) > MAX_LISTED else "")


def like_header(fields: Sequence[str], header: Sequence[str]) -> bool:
    """Whether most fields of a row are names of the header, if not in its order."""
    names = {name.strip() for name in header} - {""}
    return len(names) > 1 and 2 * sum(field.strip() in names for field in fields) > len(fields)


def may_be_repeated(header: Sequence[str]) -> bool:
    """Whether a row that equals the header may be one of data.

    It may be the columns' numbers, where these are its names, and a label that of its column.
    """
    return len(header) == 1 or (len(header) <= _FEW_COLUMNS and all(map(str.isdecimal, header)))


def require_no_numbers(names: Sequence[str]) -> None:
    """Name the cause where what is wrong with names is that there are none."""
    if 2 * sum(bool(NUMBER.fullmatch(name)) for name in names) > len(names):
        raise DataError(
            f"the names of most columns are numbers ({listed(names)}): is the header missing?"
        )


def require_header(names: Sequence[str], features: Collection[str], label: str, y: Coded) -> None:
    """Refuse a table whose first row was taken for its header, as far as one can know."""
    # Of few columns, a first row may look like a count.
    if len(names) > _FEW_COLUMNS and are_column_numbers(names):
        return
    if label in {normalised(str(value)) for value in y.values} and all(
        NUMBER.fullmatch(name) for name in features
    ):
        raise DataError(
            f'"{short(label)}" is the name of the label\'s column and a label, and all other names '
            "are numbers: is the header missing?"
        )


def require_names(names: Sequence[str], read: Sequence[NDArray[np.float64]]) -> None:
    """Refuse names of a table of numbers that may be its first row.

    Args:
        names: of its columns.
        read: the columns that are read, each (rows,).
    """
    if not all(NUMBER.fullmatch(name) for name in names) or are_column_numbers(names):
        return
    # Two whole numbers above columns of decimals are no row of these.
    decimals = sum(bool((column % 1 != 0).mean() >= _MOSTLY) for column in read)
    if all(map(str.isdecimal, names)) and decimals >= _FEWEST_DECIMAL:
        return
    raise DataError(
        f"the names of all columns are numbers ({listed(names)}): is the header missing?"
    )


def are_column_numbers(names: Sequence[str]) -> bool:
    """Whether names are those of a table without any: 0, 1, 2 or 1, 2, 3, in any order.

    Of more than a few columns some may be missing, where the others are in their order.
    """
    if not all(map(str.isdecimal, names)):
        return False
    numbers = [int(name) for name in names]
    if len(names) > _FEW_COLUMNS and numbers == sorted(set(numbers)):
        return True
    return sorted(numbers) in (list(range(len(names))), list(range(1, len(names) + 1)))
