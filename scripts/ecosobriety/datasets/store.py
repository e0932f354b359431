"""A data set: its labels in memory, its inputs in memory or in a file, and the file it is kept in.

Inputs that lie in a large file of the user's stay there: the data set's file then says where, and
how the user's file looked when its content was hashed.
"""

import hashlib
import json
import os
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Self

import numpy as np
from numpy.typing import NDArray

from ecosobriety.datasets.archive import Archive, write
from ecosobriety.datasets.copies import (
    count_duplicates,
    find_copies,
    find_shared,
    find_test_copies,
)
from ecosobriety.datasets.examples import IN_MEMORY_BYTES, Examples, Place
from ecosobriety.datasets.findings import Finding
from ecosobriety.errors import DataError
from ecosobriety.files import open_atomically

_FORMAT = "ecosobriety data set 2"
_INPUTS = ("x_train", "x_test")
_LABELS = ("y_train", "y_test")
_DESCRIBED = (
    *("name", "classes", "sha256", "origin", "test_duplicates"),
    *("features", "normalise", "channels"),
)


@dataclass(frozen=True, eq=False)
class Dataset:
    """A data set with its fixed split: to learn classes from, or numbers.

    Attributes:
        name: the data set's name in the configuration.
        x_train: (n, *input_shape) training examples, as stored: bytes, whole numbers or floats.
        y_train: (n,) class indices 0..k-1, int64; or the targets of a regression, floats.
        x_test: (m, *input_shape) test examples, of the same type and shape.
        y_test: (m,) of the same kind.
        classes: names of the k classes; none for a regression.
        sha256: over the content of the four arrays (type, shape, values), the same on all machines,
            and over how the inputs are read, where that is not by default.
        origin: one line that says where it was obtained.
        test_duplicates: test examples of which the very input is a training example too.
        features: names of the columns, where the examples are rows of a table.
        normalise: how the inputs are normalised: `none`, or with one mean and deviation for all
            (`global`), for each value of an example (`feature`) or for each `channel`.
        channels: which dimension of an example the channels are: `first`, `last`; None: not said.
        findings: what the gate found; `intake` keeps them, not the file of `save`.

    Raises:
        DataError: the arrays do not fit together.
    """

    name: str
    x_train: Examples
    y_train: NDArray[Any]
    x_test: Examples
    y_test: NDArray[Any]
    classes: tuple[str, ...]
    sha256: str
    origin: str
    test_duplicates: int
    features: tuple[str, ...] | None = None
    normalise: str = "global"
    channels: str | None = None
    findings: tuple[Finding, ...] = ()

    def __post_init__(self) -> None:
        for part, x, y in (
            ("train", self.x_train, self.y_train),
            ("test", self.x_test, self.y_test),
        ):
            # An array will do as well.
            object.__setattr__(self, f"x_{part}", Examples.of(x))
            self._require(x.dtype.kind in "uif", f"x_{part} is {x.dtype}")
            kinds = (np.int64,) if self.classes else (np.float32, np.float64)
            self._require(y.dtype in kinds and y.ndim == 1, f"y_{part} is {y.dtype}, {y.ndim}-d")
            self._require(len(x) == len(y) > 0, f"{len(x)} x_{part} and {len(y)} y_{part}")
            if self.classes:
                self._require(
                    y.min() >= 0 and y.max() < len(self.classes),
                    f"y_{part} has labels outside 0..{len(self.classes) - 1}",
                )
            else:
                self._require(bool(np.isfinite(y).all()), f"y_{part} has targets not finite")
        self._require(
            self.x_train.shape[1:] == self.x_test.shape[1:]
            and self.x_train.dtype == self.x_test.dtype,
            f"x_train is {self.x_train.dtype} {self.x_train.shape[1:]}, "
            f"x_test {self.x_test.dtype} {self.x_test.shape[1:]}",
        )

    def _require(self, holds: bool, problem: str) -> None:
        if not holds:
            raise DataError(
                f"data set {self.name}: {problem}; needed are as many int64 labels of the classes "
                "(float targets where there are none) as examples of numbers, of one type and "
                "shape in both parts"
            )

    @property
    def whole_numbers(self) -> bool:
        """Whether networks get the inputs as int64, not as float32."""
        return self.normalise == "none" and self.x_train.dtype.kind in "iu"

    def require_size(self, n_train: int) -> None:
        """Refuse a training-set size that the data set has not.

        Raises:
            DataError: there are fewer training examples than `n_train`.
        """
        require_size(self.name, len(self.y_train), n_train)

    @classmethod
    def from_arrays(
        cls,
        name: str,
        train: tuple[NDArray[Any] | Examples, NDArray[Any]],
        test: tuple[NDArray[Any] | Examples, NDArray[Any]],
        classes: tuple[str, ...],
        origin: str,
        *,
        normalise: str | None = None,
        channels: str | None = None,
    ) -> Self:
        """Build a data set from (examples, labels) of both parts and take its digest.

        `normalise` is as the attribute; None: as such inputs are by default.
        """
        x_train, x_test = Examples.of(train[0]), Examples.of(test[0])
        normalise = normalise or default_normalisation(x_train)
        both, trained, contradicting, tested, agree = count_duplicates(
            x_train, train[1], x_test, test[1]
        )
        return cls(
            name,
            x_train,
            train[1],
            x_test,
            test[1],
            classes=classes,
            sha256=_sha256((x_train, train[1], x_test, test[1]), normalise, channels),
            origin=origin,
            test_duplicates=both,
            findings=(
                *find_copies(trained, contradicting if classes else 0, x_train),
                *find_test_copies(tested, x_test),
                *find_shared(both, agree, x_train, len(test[1])),
            ),
            normalise=normalise,
            channels=channels,
        )


def require_size(name: str, available: int, n_train: int) -> None:
    """As `Dataset.require_size`, of so many training examples."""
    if n_train > available:
        raise DataError(f"{name} has {available} training examples, fewer than {n_train}")


def default_normalisation(x: Examples) -> str:
    """How inputs are normalised where nothing else is said.

    Bytes, and floats of several dimensions, have one scale in common; the features of a vector have
    each their own; whole numbers are no measurements.
    """
    if x.dtype == np.uint8:
        return "global"
    if x.dtype.kind in "iu":
        return "none"
    return "feature" if x.ndim <= 2 else "global"


def _sha256(
    arrays: tuple[Examples, NDArray[Any], Examples, NDArray[Any]],
    normalise: str,
    channels: str | None,
) -> str:
    digest = hashlib.sha256()
    for array in (Examples.of(array) for array in arrays):
        dtype = array.dtype.newbyteorder("<")
        digest.update(f"{dtype.str} {array.shape}\n".encode())
        for chunk in array.chunks():
            digest.update(np.ascontiguousarray(chunk, dtype=dtype).data)
    if normalise != default_normalisation(arrays[0]):
        digest.update(f"normalise {normalise}\n".encode())
    if channels is not None:
        digest.update(f"channels {channels}\n".encode())
    return digest.hexdigest()


def save(dataset: Dataset, path: Path, *, copied: bool = False) -> None:
    """Write a data set to an uncompressed .npz file, atomically; large files stay where they are.

    The file's time is in it, so that who reads it later sees whether it was touched.

    Args:
        dataset: what is kept.
        path: the file.
        copied: whether it holds all arrays, as what is read by others must.
    """
    metadata: dict[str, Any] = {name: getattr(dataset, name) for name in _DESCRIBED}
    metadata |= {"format": _FORMAT, "mtime_ns": time.time_ns(), "elsewhere": {}}
    arrays: dict[str, NDArray[Any] | Examples] = {}
    for name in _INPUTS:
        x: Examples = getattr(dataset, name)
        reference = None if copied else _reference(x)
        if reference is None:
            arrays[name] = x
            continue
        metadata["elsewhere"][name] = reference
        if x.rows is not None:
            arrays[f"{name}_rows"] = x.rows
    arrays |= {name: getattr(dataset, name) for name in _LABELS}
    with open_atomically(path) as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            write(archive, "metadata", np.array(json.dumps(metadata)))
            for name, array in arrays.items():
                write(archive, name, array)
        file.flush()
        os.utime(file.fileno(), ns=(metadata["mtime_ns"],) * 2)


def _reference(x: Examples) -> dict[str, Any] | None:
    """Where the examples lie, if they need not be copied."""
    place = x.in_file
    large = place is not None and place.dtype.itemsize * np.prod(place.shape) > IN_MEMORY_BYTES
    if place is None or not large or place.state is None:
        return None
    return {
        "path": str(place.path),
        "offset": place.offset,
        "dtype": place.dtype.str,
        "shape": place.shape,
        "size": place.state[0],
        "mtime_ns": place.state[1],
    }


def load(path: Path) -> Dataset:
    """Open a data set written by `save`; its inputs are not read yet.

    Where neither the file nor the user's file that it names was touched since, the content is not
    hashed again.

    Raises:
        DataError: a file is missing, truncated, damaged, changed or foreign.
    """
    if not path.exists():
        raise DataError(f"{path}: there is no such data set file")
    try:
        dataset, touched = _read(path)
    except DataError:
        raise
    # Damaged bytes make the zip and npy readers raise a dozen kinds of error, all the same here.
    except Exception as error:
        raise DataError(
            f"{path}: truncated, damaged or not a data set file of ecosobriety ({error}); "
            "delete it and prepare the data set again"
        ) from error
    if touched is None:
        return dataset
    arrays = (dataset.x_train, dataset.y_train, dataset.x_test, dataset.y_test)
    found = _sha256(arrays, dataset.normalise, dataset.channels)
    if found != dataset.sha256:
        raise DataError(
            f"{touched}: the content's sha256 is {found[:12]}…, expected {dataset.sha256[:12]}…: "
            f"it changed since the data set was prepared; delete {path} and prepare it again"
        )
    return dataset


def _read(path: Path) -> tuple[Dataset, Path | None]:
    """The data set, and the file that was touched since it was prepared, if one was."""
    with Archive(path) as archive:
        metadata = json.loads(str(archive.whole("metadata")))
        if metadata.pop("format") != _FORMAT:
            raise ValueError(f"its format is not {_FORMAT!r}")
        elsewhere, mtime_ns = metadata.pop("elsewhere"), metadata.pop("mtime_ns")
        for name in ("classes", "features"):
            metadata[name] = None if metadata[name] is None else tuple(metadata[name])
        arrays: dict[str, Any] = {name: archive.whole(name) for name in _LABELS}
        touched = None if path.stat().st_mtime_ns == mtime_ns else path
        for name in _INPUTS:
            if name not in elsewhere:
                arrays[name] = Examples(archive.place(name))
                continue
            place, changed = _elsewhere(path, elsewhere[name])
            touched = changed or touched
            rows = f"{name}_rows"
            chosen = archive.whole(rows) if rows in archive.names else None
            arrays[name] = Examples(place, chosen)
    return Dataset(**arrays, **metadata), touched


def _elsewhere(path: Path, reference: dict[str, Any]) -> tuple[Place, Path | None]:
    """Where the inputs lie in the user's file, and this file if it was touched."""
    source = Path(reference["path"])
    try:
        file: IO[bytes] = source.open("rb")
    except OSError as error:
        raise DataError(
            f"{source}: {error.strerror}, but {path} refers to its arrays: put it back, or prepare "
            "the data set again"
        ) from error
    state = os.fstat(file.fileno())
    dtype, shape = np.dtype(reference["dtype"]), tuple(reference["shape"])
    if state.st_size != reference["size"]:
        raise DataError(
            f"{source}: has {state.st_size} bytes and had {reference['size']} when the data set "
            f"was prepared; delete {path} and prepare it again"
        )
    touched = None if state.st_mtime_ns == reference["mtime_ns"] else source
    return Place(file, source, reference["offset"], shape, dtype), touched
