"""A user's NumPy archive: `x_train`, `y_train`, `x_test`, `y_test`, or `x`, `y`."""

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ecosobriety.datasets.arrays import Part
from ecosobriety.errors import DataError

T = TypeVar("T")

SPLIT = ("x_train", "y_train", "x_test", "y_test")
WHOLE = ("x", "y")


def count(path: Path) -> tuple[int, bool]:
    """Number of examples to train with, and whether the test part is still to be taken from them.

    Reads the archive's headers alone.

    Raises:
        DataError: the file is no such archive.
    """
    return _guarded(path, _count)


def read(path: Path) -> tuple[Part, Part | None]:
    """The training part and the test part, or all examples and None.

    Raises:
        DataError: the file is no such archive, or holds Python objects, which are never read.
    """
    return _guarded(path, _read)


def _guarded(path: Path, action: Callable[[Path], T]) -> T:
    try:
        return action(path)
    except DataError:
        raise
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
    # Damaged bytes make the zip and npy readers raise a dozen kinds of error, all the same here.
    except Exception as error:
        raise DataError(f"{path}: truncated, damaged or no archive of NumPy ({error})") from error


def _has_split(path: Path, names: list[str]) -> bool:
    found = ", ".join(names) or "nothing"
    if set(SPLIT) <= set(names):
        return True
    if set(WHOLE) <= set(names):
        return False
    raise DataError(
        f"{path}: holds {found}, but must hold the arrays {', '.join(SPLIT)}, or "
        f"{' and '.join(WHOLE)}"
    )


def _count(path: Path) -> tuple[int, bool]:
    with zipfile.ZipFile(path) as archive:
        names = [name.removesuffix(".npy") for name in archive.namelist()]
        split = _has_split(path, names)
        with archive.open("y_train.npy" if split else "y.npy") as file:
            version = np.lib.format.read_magic(file)
            read_header = {
                (1, 0): np.lib.format.read_array_header_1_0,
                (2, 0): np.lib.format.read_array_header_2_0,
            }[version]
            shape, _, _ = read_header(file)
    return (int(shape[0]) if shape else 0), not split


def _read(path: Path) -> tuple[Part, Part | None]:
    # A pickle that is no archive would be refused for the wrong reason.
    with path.open("rb") as file:
        if not zipfile.is_zipfile(file):
            raise DataError(f"{path}: truncated, damaged or no archive of NumPy")
    with np.load(path, allow_pickle=False) as archive:
        if not _has_split(path, archive.files):
            x, y = (_array(path, archive, name) for name in WHOLE)
            return Part(x, y, "x and y"), None
        x, y, x_test, y_test = (_array(path, archive, name) for name in SPLIT)
    return Part(x, y, "x_train and y_train"), Part(x_test, y_test, "x_test and y_test")


def _array(path: Path, archive: Any, name: str) -> NDArray[Any]:
    try:
        array: NDArray[Any] = archive[name]
    except ValueError as error:
        raise DataError(
            f"{path}: the array {name} cannot be read ({error}); arrays of Python objects are "
            "never unpickled: store numbers, and labels as numbers or text"
        ) from error
    # A member that is no array comes as its bytes.
    if not isinstance(array, np.ndarray):
        raise DataError(f"{path}: {name} is no array of NumPy")
    return array
