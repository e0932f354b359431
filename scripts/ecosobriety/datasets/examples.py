"""The inputs of a data set, in memory or in a file, of which only what is asked for is read."""

import math
import os
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ecosobriety.errors import DataError

CHUNK_BYTES = 2**24
"""How much is read at once."""
CHUNK_ROWS = 2048
"""How many chosen examples are read at once."""
DENSE = 4
"""Chosen examples are read with those between them if these are fewer than so many times as many:
one long reading is faster than many short ones."""
SAMPLED_EXAMPLES = 2000
SAMPLED_VALUES = 2**22
"""A sample has so many examples and values at most."""
IN_MEMORY_BYTES = 2**26
"""What is larger stays in its file, and what has none goes to a temporary one."""


@dataclass(frozen=True, eq=False)
class Place:
    """Where an array's values lie in a file, the last index varying fastest.

    They are read, not mapped: what a map has touched counts as the process's memory.

    Attributes:
        file: The file, open for reading: what later takes its name is another one.
        path: What messages call it.
        offset: Bytes before the first value.
        shape: (n, *input_shape).
        dtype: Type of the values, with their byte order.
        checked: First byte, number of bytes, and their CRC-32, of what is to be checked before the
            values are used; None: nothing.
        state: Size in bytes and time of change (ns since 1970) of the file when it was opened;
            None: it has no name, and nobody changes it.
    """

    file: IO[bytes]
    path: Path
    offset: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    checked: tuple[int, int, int] | None = None
    state: tuple[int, int] | None = None

    def rows(self, start: int, stop: int) -> NDArray[Any]:
        """(stop - start, *input_shape) the values of examples that follow each other."""
        part = np.empty((stop - start, *self.shape[1:]), self.dtype)
        self._fill(part, start * (part.nbytes // max(1, len(part))))
        return part

    def chosen(self, rows: NDArray[np.int64]) -> NDArray[Any]:
        """(len(rows), *input_shape) the values of some examples."""
        first, last = int(rows.min()), int(rows.max())
        if _are_dense(first, last, len(rows)):
            return self.rows(first, last + 1)[rows - first]
        part = np.empty((len(rows), *self.shape[1:]), self.dtype)
        row_bytes = part.nbytes // len(part)
        for example, row in zip(part, rows.tolist(), strict=True):
            self._fill(example, row * row_bytes)
        return part

    def _fill(self, part: NDArray[Any], start: int) -> None:
        """Read into an array, from `start` bytes behind the first value."""
        left = memoryview(part.reshape(-1).view(np.uint8).data)
        place = self.offset + start
        while left:
            done = os.preadv(self.file.fileno(), [left], place)
            if done == 0:
                raise DataError(f"{self.path}: has been shortened since it was opened")
            left, place = left[done:], place + done

    def verify(self) -> None:
        """Compare the bytes with their checksum.

        Raises:
            DataError: they are damaged.
        """
        if self.checked is None:
            return
        start, left, expected = self.checked
        self.file.seek(start)
        found = 0
        while left and (piece := self.file.read(min(left, CHUNK_BYTES))):
            found, left = zlib.crc32(piece, found), left - len(piece)
        if left or found != expected:
            raise DataError(f"{self.path}: truncated or damaged: a checksum is not as it should be")


def _are_dense(first: int, last: int, number: int) -> bool:
    """Whether so many examples are read faster with those between them."""
    return last - first < DENSE * number


class Examples:
    """(n, *input_shape) inputs, read chunk by chunk or by their rows.

    Args:
        source: All values, in memory or in a file.
        rows: The examples of the source that count, in their order; None: all.
        dtype: The type in which they are read, which must hold every value; None: their own, in the
            machine's byte order.
    """

    def __init__(
        self,
        source: NDArray[Any] | Place,
        rows: NDArray[np.int64] | None = None,
        dtype: DTypeLike | None = None,
    ) -> None:
        self.source, self.rows = source, rows
        own = source.dtype
        if dtype is None and own.names is None:
            dtype = own.newbyteorder("=")
        self.dtype: np.dtype[Any] = np.dtype(own if dtype is None else dtype)

    @classmethod
    def of(cls, source: "NDArray[Any] | Place | Examples") -> "Examples":
        """Examples as they are, or an array as such."""
        return source if isinstance(source, Examples) else cls(source)

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, *input_shape)."""
        whole = self.source.shape
        return whole if self.rows is None else (len(self.rows), *whole[1:])

    @property
    def ndim(self) -> int:
        """Dimensions, that of the examples among them."""
        return len(self.shape)

    @property
    def row_bytes(self) -> int:
        """Bytes of one example."""
        return int(np.prod(self.shape[1:], dtype=np.int64)) * self.dtype.itemsize

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def in_file(self) -> Place | None:
        """Where the values lie, if a file holds them just as they are."""
        place = self.source if isinstance(self.source, Place) else None
        return place if place is not None and place.dtype == self.dtype else None

    def select(self, rows: NDArray[np.int64]) -> "Examples":
        """Some of the examples, which are not read for that."""
        chosen = rows if self.rows is None else self.rows[rows]
        return Examples(self.source, chosen, self.dtype)

    def reshaped(self, shape: tuple[int, ...]) -> "Examples":
        """All values of the source in another shape."""
        source = self.source
        whole = replace(source, shape=shape) if isinstance(source, Place) else source.reshape(shape)
        return Examples(whole, None, self.dtype)

    def as_type(self, dtype: DTypeLike) -> "Examples":
        """The same examples, read in another type."""
        return Examples(self.source, self.rows, dtype)

    def chunks(self) -> Iterator[NDArray[Any]]:
        """All examples in their order, some at a time; each array is only to be read."""
        size = max(1, CHUNK_BYTES // max(1, self.row_bytes))
        if self.rows is not None:
            size = min(size, CHUNK_ROWS)
        near = self._near()
        for start in range(0, len(self), size):
            yield np.ascontiguousarray(near.part(start, start + size), dtype=self.dtype)

    def _near(self) -> "Examples":
        """The same examples, with their part of the file in memory where that is faster.

        Those of a chunk may lie all over the file, while all of them together lie densely in it.
        """
        source, rows = self.source, self.rows
        if rows is None or len(rows) == 0 or not isinstance(source, Place):
            return self
        first, last = int(rows.min()), int(rows.max())
        part_bytes = math.prod((last + 1 - first, *source.shape[1:])) * source.dtype.itemsize
        if part_bytes > IN_MEMORY_BYTES or not _are_dense(first, last, len(rows)):
            return self
        return Examples(source.rows(first, last + 1), rows - first, self.dtype)

    def part(self, start: int, stop: int) -> NDArray[Any]:
        """The examples from `start` to before `stop`, only to be read."""
        source = self.source
        if self.rows is None:
            stop = min(stop, len(self))
            return source.rows(start, stop) if isinstance(source, Place) else source[start:stop]
        rows = self.rows[start:stop]
        return source.chosen(rows) if isinstance(source, Place) else source[rows]

    def take(self, rows: NDArray[np.int64]) -> NDArray[Any]:
        """(len(rows), *input_shape) copies of some examples, in memory."""
        return self.select(rows)._gathered()

    def sample(self, fewest: int = 0) -> NDArray[np.float64]:
        """(m, values of an example) some examples, evenly over all.

        At least `fewest`, if there are so many: of large ones, one of so many values each.
        """
        values = max(1, self.row_bytes // self.dtype.itemsize)
        number = max(1, min(len(self), SAMPLED_EXAMPLES, SAMPLED_VALUES // values))
        if SAMPLED_VALUES // values < fewest:
            rows = self.evenly(min(fewest, len(self)))
            step = math.ceil(fewest * values / SAMPLED_VALUES)
            # Else all would be of one colour, or of some columns.
            while math.gcd(step, values) > 1:
                step += 1
            thinned = [self.take(rows[i : i + 1]).reshape(-1)[::step] for i in range(len(rows))]
            return np.stack(thinned).astype(np.float64)
        return self.take(self.evenly(number)).reshape(number, -1).astype(np.float64)

    def evenly(self, number: int) -> NDArray[np.int64]:
        """Places of so many examples, evenly over all."""
        return np.linspace(0, len(self) - 1, number).astype(np.int64)

    def _gathered(self) -> NDArray[Any]:
        if not isinstance(self.source, Place):
            rows = slice(None) if self.rows is None else self.rows
            return np.array(
                self.source[rows], self.dtype, order="C", copy=self.rows is None or None
            )
        whole = np.empty(self.shape, self.dtype)
        done = 0
        for chunk in self.chunks():
            whole[done : done + len(chunk)] = chunk
            done += len(chunk)
        return whole

    def __getitem__(self, key: Any) -> NDArray[Any]:
        """What an array of all examples would give; reads them all."""
        found: NDArray[Any] = np.asarray(self)[key]
        return found

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        return self._gathered().astype(self.dtype if dtype is None else dtype, copy=False)

    def verify(self) -> Self:
        """Check the file that the values lie in, if it has a checksum.

        Raises:
            DataError: it is damaged.
        """
        if isinstance(self.source, Place):
            self.source.verify()
        return self


def place_name(place: int, shape: Sequence[int]) -> str:
    """What one value of each example is called, as NumPy writes it.

    Args:
        place: of the value, counted from 0 over all those of an example.
        shape: (n, *input_shape) of the user's array.
    """
    return f"x[:, {', '.join(map(str, np.unravel_index(place, tuple(shape[1:]))))}]"


def kept(
    pieces: Iterable[bytes | memoryview],
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    scratch: Path | None = None,
) -> Examples:
    """Keep values that come piece by piece: in memory, or in a temporary file if they are large.

    Args:
        pieces: The bytes of the values; as many as the shape says.
        shape: (n, *input_shape).
        dtype: Type of the values.
        scratch: Folder for the temporary file, which vanishes with the process; None: the system's.
    """
    if math.prod(shape) * dtype.itemsize <= IN_MEMORY_BYTES:
        return Examples(np.frombuffer(bytearray().join(pieces), dtype).reshape(shape))
    if scratch is not None:
        scratch.mkdir(parents=True, exist_ok=True)
    file = tempfile.TemporaryFile(dir=scratch)  # noqa: SIM115 (it lives as long as the examples)
    for piece in pieces:
        file.write(piece)
    file.flush()
    return Examples(Place(file, Path("temporary file"), 0, shape, dtype))


def turned(x: Examples, scratch: Path | None = None) -> Examples:
    """Values in which the first index varies fastest, made such that the last one does.

    Args:
        x: (values of an example, the last of its indices first; n) as the file holds them.
        scratch: As for `kept`.

    Returns:
        (n, *input_shape).
    """
    *backwards, n = x.shape
    values = math.prod(backwards)
    flat = x.reshaped((values * n,))
    size = max(1, CHUNK_BYTES // max(1, values * x.dtype.itemsize))

    def pieces() -> Iterator[memoryview]:
        for start in range(0, n, size):
            stop = min(start + size, n)
            columns = [flat.part(i * n + start, i * n + stop) for i in range(values)]
            chunk = np.stack(columns).reshape(*backwards, stop - start).T
            yield np.ascontiguousarray(chunk).data

    return kept(pieces(), (n, *backwards[::-1]), x.dtype, scratch)
