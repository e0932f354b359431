"""A data set in memory and in one file."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ecosobriety.datasets.findings import Finding
from ecosobriety.errors import DataError
from ecosobriety.files import open_atomically

_FORMAT = "ecosobriety data set 1"
_ARRAYS = ("x_train", "y_train", "x_test", "y_test")


@dataclass(frozen=True, eq=False)
class Dataset:
    """A data set with its fixed split: to learn classes from, or numbers.

    Attributes:
        name: the data set's name in the configuration.
        x_train: (n, *input_shape) uint8 or float32 training examples, as stored.
        y_train: (n,) class indices 0..k-1, int64; or the targets of a regression, float32.
        x_test: (m, *input_shape) test examples, of the same type and shape.
        y_test: (m,) of the same kind.
        classes: names of the k classes; none for a regression.
        sha256: over the content of the four arrays (type, shape, values), the same on all machines.
        origin: one line that says where it was obtained.
        test_duplicates: test examples of which the very input is a training example too.
        features: names of the columns, where the examples are rows of a table.
        normalise: how the inputs are normalised.
        findings: what the gate found; `intake` keeps them, not the file of `save`.

    Raises:
        DataError: the arrays do not fit together.
    """

    name: str
    x_train: NDArray[Any]
    y_train: NDArray[Any]
    x_test: NDArray[Any]
    y_test: NDArray[Any]
    classes: tuple[str, ...]
    sha256: str
    origin: str
    test_duplicates: int
    features: tuple[str, ...] | None = None
    normalise: str = "auto"
    findings: tuple[Finding, ...] = ()

    def __post_init__(self) -> None:
        for part, x, y in (
            ("train", self.x_train, self.y_train),
            ("test", self.x_test, self.y_test),
        ):
            self._require(x.dtype in (np.uint8, np.float32), f"x_{part} is {x.dtype}")
            kind = np.int64 if self.classes else np.float32
            self._require(y.dtype == kind and y.ndim == 1, f"y_{part} is {y.dtype}, {y.ndim}-d")
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
                "(float32 targets where there are none) as uint8 or float32 examples, of one type "
                "and shape in both parts"
            )

    def require_size(self, n_train: int) -> None:
        """Refuse a training-set size that the data set has not.

        Raises:
            DataError: there are fewer training examples than `n_train`.
        """
        if n_train > len(self.y_train):
            raise DataError(
                f"{self.name} has {len(self.y_train)} training examples, fewer than {n_train}"
            )

    @classmethod
    def from_arrays(
        cls,
        name: str,
        train: tuple[NDArray[Any], NDArray[Any]],
        test: tuple[NDArray[Any], NDArray[Any]],
        classes: tuple[str, ...],
        origin: str,
        *,
        features: tuple[str, ...] | None = None,
        findings: tuple[Finding, ...] = (),
    ) -> Self:
        """Build a data set from (examples, labels) of both parts and take its digest."""
        digest = _content_sha256((*train, *test))
        return cls(
            name,
            *train,
            *test,
            classes=classes,
            sha256=digest,
            origin=origin,
            test_duplicates=_count_duplicates(train[0], test[0]),
            features=features,
            findings=findings,
        )


def _count_duplicates(x_train: NDArray[Any], x_test: NDArray[Any]) -> int:
    """Test inputs that are equal to a training input, byte by byte."""
    known = {hashlib.blake2b(example.tobytes(), digest_size=16).digest() for example in x_train}
    return sum(
        hashlib.blake2b(example.tobytes(), digest_size=16).digest() in known for example in x_test
    )


def _content_sha256(arrays: tuple[NDArray[Any], ...]) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        little_endian = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
        digest.update(f"{little_endian.dtype.str} {little_endian.shape}\n".encode())
        digest.update(little_endian.data)
    return digest.hexdigest()


def save(dataset: Dataset, path: Path) -> None:
    """Write a data set to an uncompressed .npz file, atomically."""
    metadata = json.dumps(
        {
            "format": _FORMAT,
            "name": dataset.name,
            "classes": dataset.classes,
            "sha256": dataset.sha256,
            "origin": dataset.origin,
            "test_duplicates": dataset.test_duplicates,
        }
    )
    arrays = {name: getattr(dataset, name) for name in _ARRAYS}
    with open_atomically(path) as file:
        np.savez(file, metadata=np.array(metadata), **arrays)


def load(path: Path) -> Dataset:
    """Read a data set written by `save`; the content is checked against its digest.

    Raises:
        DataError: the file is missing, truncated, damaged or foreign.
    """
    if not path.exists():
        raise DataError(f"{path}: there is no such data set file")
    try:
        dataset = _read(path)
    # Damaged bytes make the zip and npy readers raise a dozen kinds of error, all the same here.
    except Exception as error:
        raise DataError(
            f"{path}: truncated, damaged or not a data set file of ecosobriety ({error}); "
            "delete it and prepare the data set again"
        ) from error
    found = _content_sha256((dataset.x_train, dataset.y_train, dataset.x_test, dataset.y_test))
    if found != dataset.sha256:
        raise DataError(
            f"{path}: the content's sha256 is {found}, expected {dataset.sha256}; "
            "delete it and prepare the data set again"
        )
    return dataset


def _read(path: Path) -> Dataset:
    with np.load(path, allow_pickle=False) as archive:
        metadata = json.loads(str(archive["metadata"]))
        if metadata.pop("format") != _FORMAT:
            raise DataError(f"its format is not {_FORMAT!r}")
        metadata["classes"] = tuple(metadata["classes"])
        return Dataset(**{name: archive[name] for name in _ARRAYS}, **metadata)
