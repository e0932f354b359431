"""Arrays in a zip archive: their headers, where they lie, their values, and their writing."""

import math
import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Self

import numpy as np
from numpy.typing import NDArray

from ecosobriety.datasets.examples import (
    CHUNK_BYTES,
    IN_MEMORY_BYTES,
    Examples,
    Place,
    kept,
    turned,
)
from ecosobriety.datasets.idx import idx_kind
from ecosobriety.errors import DataError, one_line
from ecosobriety.files import require_data

_ENCRYPTED = 1
_LOCAL_HEADER_BYTES = 30


@dataclass(frozen=True)
class Header:
    """What an array's header says: the values' type, shape and order, and the header's length."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    fortran: bool
    length: int

    @property
    def nbytes(self) -> int:
        """Bytes of the values that follow the header."""
        return math.prod(self.shape) * self.dtype.itemsize

    @property
    def stored_shape(self) -> tuple[int, ...]:
        """The shape with the index last that varies fastest."""
        return self.shape[::-1] if self.fortran else self.shape


class Archive:
    """A NumPy archive (.npz), of which nothing is read before it is asked for, and no object ever.

    Args:
        path: The file.

    Raises:
        DataError: it is no file, no archive, or holds a name twice.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        require_data(path)
        with path.open("rb") as file:
            # Checked first: `np.load` would take a pickle for one, and a single array for another.
            start = file.read(6)
            if start == b"\x93NUMPY":
                raise DataError(
                    f"{path}: is a single array (.npy), but must be an archive: write it with "
                    "np.savez(path, x=..., y=...)"
                )
            if kind := idx_kind(start):
                raise DataError(
                    f"{path}: is {kind}, but must be an archive: read it and write it with "
                    "np.savez(path, x=..., y=...)"
                )
            if not zipfile.is_zipfile(file):
                raise DataError(f"{path}: truncated, damaged or not a NumPy archive")
        self._zip = zipfile.ZipFile(path)
        self._members: dict[str, zipfile.ZipInfo] = {}
        for member in self._zip.infolist():
            name = member.filename.removesuffix(".npy")
            if name in self._members:
                shown = one_line(name)[:50]
                raise DataError(f'{path}: holds "{shown}" twice, but must hold each array once')
            self._members[name] = member

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._zip.close()

    @property
    def names(self) -> list[str]:
        """The arrays' names, in the order of the file."""
        return list(self._members)

    def header(self, name: str) -> Header:
        """An array's header.

        Raises:
            DataError: it is none, or its values are Python objects or records.
        """
        with self._opened(name) as (_, header):
            return header

    def whole(self, name: str) -> NDArray[Any]:
        """An array, read into memory.

        Raises:
            DataError: as `header`.
        """
        with self._opened(name) as (file, header):
            values = bytearray().join(_pieces(file, header.nbytes))
        array = np.frombuffer(values, header.dtype).reshape(header.stored_shape)
        return array.T if header.fortran else array

    def place(self, name: str, *, checked: bool = False) -> Place:
        """Where the values of an array lie that is not compressed.

        Args:
            name: The array's name.
            checked: Whether `Place.verify` compares them with the archive's checksum.

        Raises:
            DataError: as `header`, or the array is truncated.
        """
        with self._opened(name) as (_, header):
            self._require_whole(name, header)
        member = self._members[name]
        file = self.path.open("rb")
        file.seek(member.header_offset)
        local = file.read(_LOCAL_HEADER_BYTES)
        # The name and the extra field, of which the local header has its own lengths, follow it.
        lengths = (int.from_bytes(local[i : i + 2], "little") for i in (26, 28))
        start = member.header_offset + _LOCAL_HEADER_BYTES + sum(lengths)
        state = os.fstat(file.fileno())
        return Place(
            file,
            self.path,
            start + header.length,
            header.stored_shape,
            header.dtype,
            checked=(start, member.file_size, member.CRC) if checked else None,
            state=(state.st_size, state.st_mtime_ns),
        )

    def examples(self, name: str, scratch: Path | None = None) -> Examples:
        """An array: where it lies, if it is large and not compressed; else read.

        Args:
            name: The array's name.
            scratch: Folder for the temporary file that a large compressed one is unpacked into.

        Raises:
            DataError: as `header`, or the array is truncated.
        """
        with self._opened(name) as (file, header):
            self._require_whole(name, header)
            stored = self._members[name].compress_type == zipfile.ZIP_STORED
            if stored and header.nbytes > IN_MEMORY_BYTES:
                found = Examples(self.place(name, checked=True))
            else:
                pieces = _pieces(file, header.nbytes)
                found = kept(pieces, header.stored_shape, header.dtype, scratch)
            return turned(found.verify(), scratch) if header.fortran else found

    @contextmanager
    def _opened(self, name: str) -> Iterator[tuple[IO[bytes], Header]]:
        """An array's header, and the file that stands at its first value."""
        member = self._members[name]
        if member.flag_bits & _ENCRYPTED:
            raise DataError(f"{self.path}: the array {name} is encrypted, but must be readable")
        with self._zip.open(member) as file:
            yield file, self._header(name, file)

    def _header(self, name: str, file: IO[bytes]) -> Header:
        try:
            version = np.lib.format.read_magic(file)
        except ValueError as error:
            raise DataError(f"{self.path}: {name} is no array of NumPy") from error
        readers = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }
        records = f"{self.path}: {name} is an array of records, but must be one of plain values"
        if version not in readers:
            # Only names of fields need a later one.
            raise DataError(records)
        shape, fortran, dtype = readers[version](file)
        if dtype.hasobject:
            raise DataError(
                f"{self.path}: the array {name} cannot be read: arrays of Python objects are "
                f"never unpickled: store numbers ({name}.astype(float)), or text for labels "
                f"({name}.astype(str))"
            )
        if dtype.names is not None or dtype.subdtype is not None:
            raise DataError(records)
        return Header(dtype, shape, fortran, file.tell())

    def _require_whole(self, name: str, header: Header) -> None:
        found = self._members[name].file_size - header.length
        if found != header.nbytes:
            raise DataError(
                f"{self.path}: truncated or damaged: {name} claims {header.nbytes} bytes and has "
                f"{found}"
            )


def _pieces(file: IO[bytes], nbytes: int) -> Iterator[bytes]:
    """The bytes that follow a header; reading past the last of them checks the checksum."""
    left = nbytes
    while left > 0:
        piece = file.read(min(left, CHUNK_BYTES))
        if not piece:
            raise EOFError(f"its values end {left} bytes early")
        left -= len(piece)
        yield piece
    file.read(1)


def write(archive: zipfile.ZipFile, name: str, array: NDArray[Any] | Examples) -> None:
    """Write an array into an archive, chunk by chunk."""
    header = {"descr": array.dtype.str, "fortran_order": False, "shape": array.shape}
    with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
        np.lib.format.write_array_header_2_0(member, header)
        chunks = array.chunks() if isinstance(array, Examples) else [np.ascontiguousarray(array)]
        for chunk in chunks:
            member.write(chunk.tobytes() if chunk.ndim == 0 else chunk.data)
