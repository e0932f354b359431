"""A file's bytes, unpacked where it is compressed: known by its content, not by its name."""

import gzip
import io
import lzma
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pyarrow as pa

from ecosobriety.datasets.findings import short
from ecosobriety.errors import DataError
from ecosobriety.files import require_data

_DOCUMENTS = {
    "xl/workbook.xml": "is a workbook of Excel",
    "xl/workbook.bin": "is a workbook of Excel",
    "content.xml": "is a document of LibreOffice",
}
"""Files in the zip archives that programs keep their documents in."""
MAX_REASON = 80
"""Characters of a foreign reader's words in a message."""


def read_bytes(path: Path) -> bytes:
    """The whole content of a regular file, without its compression.

    Raises:
        DataError: the file cannot be read or unpacked.
    """
    require_data(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
    for magic, (kind, unpack) in _UNPACKERS.items():
        if content.startswith(magic):
            try:
                return unpack(content)
            except DataError as error:
                raise DataError(f"{path}: {error}") from error
            # Damaged bytes make the unpackers raise a dozen kinds of error, all the same here.
            except Exception as error:
                raise DataError(
                    f"{path}: the {kind} data are truncated or damaged ({reason(error)})"
                ) from error
    return content


def reason(error: Exception) -> str:
    """A foreign error's words on one line, cut."""
    words = " ".join(str(error).split())
    return short(words or type(error).__name__, MAX_REASON)


def _unzip(content: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = [item.filename for item in archive.infolist() if not item.is_dir()]
        for name, what in _DOCUMENTS.items():
            if name in names:
                raise DataError(f"{what}: save the table as CSV, in UTF-8 and with commas")
        names = [name for name in names if not _is_left_by_a_system(name)]
        if len(names) != 1:
            raise DataError(f"the zip archive holds {len(names)} files, but must hold one table")
        return archive.read(names[0])


def _is_left_by_a_system(name: str) -> bool:
    parts = name.split("/")
    return parts[0] == "__MACOSX" or parts[-1].startswith(".")


def _unxz(content: bytes) -> bytes:
    """All streams of an xz file; `lzma.decompress` would pass over a damaged second one."""
    parts, rest = [], content
    while rest:
        stream = lzma.LZMADecompressor()
        parts.append(stream.decompress(rest))
        if not stream.eof:
            raise EOFError("the last stream has no end")
        rest = stream.unused_data.lstrip(b"\0")
    return b"".join(parts)


def _unpack_with_arrow(codec: str) -> Callable[[bytes], bytes]:
    def unpack(content: bytes) -> bytes:
        with pa.CompressedInputStream(pa.BufferReader(content), codec) as stream:
            return bytes(stream.read())

    return unpack


_UNPACKERS: Mapping[bytes, tuple[str, Callable[[bytes], bytes]]] = {
    b"\x1f\x8b": ("gzip", gzip.decompress),
    b"BZh": ("bzip2", _unpack_with_arrow("bz2")),
    b"\xfd7zXZ\x00": ("xz", _unxz),
    b"PK\x03\x04": ("zip", _unzip),
    b"\x28\xb5\x2f\xfd": ("Zstandard", _unpack_with_arrow("zstd")),
}
