"""MNIST's idx format: a magic number, the dimensions, then the values, big-endian."""

import gzip
import math
import zlib

import numpy as np
from numpy.typing import NDArray

from ecosobriety.errors import DataError

_GZIP_MAGIC = b"\x1f\x8b"
_UNSIGNED_BYTE = 0x08
_TYPES = {
    **{_UNSIGNED_BYTE: "unsigned bytes", 0x09: "signed bytes", 0x0B: "16-bit whole numbers"},
    **{0x0C: "32-bit whole numbers", 0x0D: "32-bit floats", 0x0E: "64-bit floats"},
}
_MOST_DIMENSIONS = 8


def decompress(content: bytes, name: str) -> bytes:
    """Undo gzip where the content is compressed; an idx file itself starts with two zero bytes.

    Args:
        content: a file's bytes.
        name: what an error calls the file.

    Raises:
        DataError: the gzip data are truncated or damaged.
    """
    if not content.startswith(_GZIP_MAGIC):
        return content
    try:
        return gzip.decompress(content)
    except (EOFError, OSError, zlib.error) as error:
        raise DataError(f"{name}: the gzip data are truncated or damaged ({error})") from error


def idx_kind(start: bytes) -> str | None:
    """What an idx file holds, by its first four bytes; None: they begin no such file."""
    if len(start) < 4:
        return None
    (zeros, kind, ndim), order = (start[:2], start[2], start[3]), ""
    if start[2:4] == b"\0\0":
        (ndim, kind), zeros, order = start[:2], start[2:4], ", written in the other order of bytes"
    if zeros != b"\0\0" or kind not in _TYPES or not 1 <= ndim <= _MOST_DIMENSIONS:
        return None
    return f"an idx file of {_TYPES[kind]} in {ndim} dimension(s){order}"


def parse_idx(content: bytes, ndim: int, name: str) -> NDArray[np.uint8]:
    """Read an idx file of unsigned bytes.

    Args:
        content: the uncompressed file.
        ndim: expected number of dimensions: 1 for labels, 3 for images (n, rows, columns).
        name: what an error calls the file.

    Returns:
        An array of the file's own shape.

    Raises:
        DataError: the magic number, the dimensions or the length is not what it should be.
    """
    magic = bytes([0, 0, _UNSIGNED_BYTE, ndim])
    if content[:4] != magic:
        found = idx_kind(content[:4])
        is_it = f": it is {found}, and" if found else ": it"
        raise DataError(
            f"{name}: not an idx file of unsigned bytes in {ndim} dimension(s){is_it} starts with "
            f"{content[:4].hex(' ') or 'nothing'}, allowed is {magic.hex(' ')}"
        )
    header_length = 4 + 4 * ndim
    if len(content) < header_length:
        raise DataError(f"{name}: truncated within its header of {header_length} bytes")
    shape = tuple(int(size) for size in np.frombuffer(content, ">u4", count=ndim, offset=4))
    values = np.frombuffer(content, np.uint8, offset=header_length)
    claimed = math.prod(shape)
    if values.size != claimed:
        swapped = np.frombuffer(content, "<u4", count=ndim, offset=4).tolist()
        why = "truncated or damaged" if values.size < claimed else "bytes too many, or damaged"
        if math.prod(swapped) == values.size:
            why = f"its sizes are in the other order of bytes: {tuple(swapped)}"
        raise DataError(
            f"{name}: its header claims {shape}, that is {claimed} bytes, "
            f"but {values.size} follow ({why})"
        )
    return values.reshape(shape).copy()
