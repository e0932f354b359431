"""A user's NumPy archive: `x_train`, `y_train`, `x_test`, `y_test`, or `x`, `y`."""

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import numpy as np

from ecosobriety.checks import shared_groups
from ecosobriety.datasets.archive import Archive, Header
from ecosobriety.datasets.findings import Finding, short
from ecosobriety.errors import DataError, one_line
from ecosobriety.readers.arrays import Part

T = TypeVar("T")
Read = tuple[Part, Part | None, tuple[Finding, ...]]

SPLIT = ("x_train", "y_train", "x_test", "y_test")
WHOLE = ("x", "y")
MAX_LISTED = 8
"""More arrays than this are not listed in a message."""
MAX_REASON = 100
"""Characters of a reader's own words in a message."""


def count(path: Path) -> tuple[int, bool]:
    """Number of examples to train with, and whether the test part is still to be taken from them.

    Reads the archive's headers alone.

    Raises:
        DataError: the file is no such archive.
    """
    return _guarded(path, _count)


def inputs_header(path: Path) -> tuple[Header, int]:
    """What the header of the training inputs says, and the bytes of all arrays that are read.

    Raises:
        DataError: the file is no such archive.
    """
    return _guarded(path, _inputs_header)


def read(path: Path, scratch: Path | None = None) -> Read:
    """The training part and the test part, or all examples and None; and what was found.

    Large inputs that the archive holds as they are stay there, and are read when they are needed.

    Args:
        path: The archive.
        scratch: Folder for a temporary file, which large compressed inputs are unpacked into.

    Raises:
        DataError: the file is no such archive, or holds Python objects, which are never read.
    """
    return _guarded(path, lambda path: _read(path, scratch))


def _guarded(path: Path, action: Callable[[Path], T]) -> T:
    try:
        return action(path)
    except DataError:
        raise
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
    # Damaged bytes make the zip and npy readers raise a dozen kinds of error, all the same here.
    except Exception as error:
        why = one_line(" ".join(str(error).split()))
        why = why if len(why) <= MAX_REASON else f"{why[: MAX_REASON - 1]}…"
        raise DataError(f"{path}: truncated, damaged or not a NumPy archive ({why})") from error


def _is_split(archive: Archive) -> bool:
    names = archive.names
    split, whole = set(SPLIT) <= set(names), set(WHOLE) <= set(names)
    if split != whole:
        return split
    if split:
        raise DataError(
            f"{archive.path}: holds {', '.join(SPLIT)} and also {' and '.join(WHOLE)}, but must "
            "hold one set or the other"
        )
    found = ", ".join(short(name) for name in names[:MAX_LISTED]) or "nothing"
    raise DataError(
        f"{archive.path}: holds {found}{', …' if len(names) > MAX_LISTED else ''}, but must hold "
        f"the arrays {', '.join(SPLIT)}, or {' and '.join(WHOLE)}"
    )


def _groups(archive: Archive, left: Sequence[str], parts: Sequence[Part]) -> list[Finding]:
    """Arrays that are not read and say which examples belong together."""
    lengths = [
        len(part.y) if isinstance(part.y, np.ndarray) and part.y.ndim else 0 for part in parts
    ]
    found: list[Finding] = []
    for name in left[:MAX_LISTED]:
        stem = re.sub(r"_?train_?", "", name) if len(parts) > 1 else name
        others = [other for other in left if re.sub(r"_?test_?", "", other) == stem != name]
        chosen = [name, *others[:1]] if len(parts) > 1 else [name]
        # What is damaged here is not learnt from.
        with suppress(Exception):
            headers = [archive.header(one) for one in chosen]
            if [header.shape for header in headers] != [(length,) for length in lengths]:
                continue
            if any(header.dtype.kind not in "iuUS" for header in headers):
                continue
            arrays = [archive.whole(one).astype(str) for one in chosen]
            labels = [np.asarray(part.y) for part in parts]
            found += shared_groups.of_examples(arrays, labels, short(stem))
    return found


def _count(path: Path) -> tuple[int, bool]:
    with Archive(path) as archive:
        split = _is_split(archive)
        shape = archive.header("y_train" if split else "y").shape
    return (shape[0] if shape else 0), not split


def _inputs_header(path: Path) -> tuple[Header, int]:
    with Archive(path) as archive:
        names = SPLIT if _is_split(archive) else WHOLE
        headers = [archive.header(name) for name in names]
        return headers[0], sum(header.nbytes for header in headers)


def _read(path: Path, scratch: Path | None) -> Read:
    with Archive(path) as archive:
        names = SPLIT if _is_split(archive) else WHOLE
        parts = [
            Part(archive.examples(x, scratch), archive.whole(y), f"{x} and {y}")
            for x, y in zip(names[::2], names[1::2], strict=True)
        ]
        left = [name for name in archive.names if name not in names]
        groups = _groups(archive, left, parts)
    unused = [short(name) for name in left]
    if unused:
        groups = [Finding("arrays_unused", False, {"names": unused}), *groups]
    return parts[0], (parts[1] if len(parts) > 1 else None), tuple(groups)
