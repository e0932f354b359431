"""MNIST's idx format: a magic number, the dimensions, then the values, big-endian."""

import gzip
import math
import zlib

import numpy as np
from numpy.typing import NDArray

from ecosobriety.errors import DataError

_GZIP_MAGIC = b"\x1f\x8b"
_UNSIGNED_BYTE = 0x08


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
        raise DataError(
            f"{name}: not an idx file of unsigned bytes in {ndim} dimension(s): it starts with "
            f"{content[:4].hex(' ') or 'nothing'}, allowed is {magic.hex(' ')}"
        )
    header_length = 4 + 4 * ndim
    if len(content) < header_length:
        raise DataError(f"{name}: truncated within its header of {header_length} bytes")
    shape = tuple(int(size) for size in np.frombuffer(content, ">u4", count=ndim, offset=4))
    values = np.frombuffer(content, np.uint8, offset=header_length)
    claimed = math.prod(shape)
    if values.size != claimed:
        raise DataError(
            f"{name}: its header claims {shape}, that is {claimed} bytes, "
            f"but {values.size} follow (truncated or damaged)"
        )
    return values.reshape(shape).copy()
