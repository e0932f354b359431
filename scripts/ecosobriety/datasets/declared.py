"""A data set that the study neither reads nor prepares: its user says how many examples it has.

A command that finds its data by itself needs no more. Where the labels are given, the subsets of
its rows are stratified by them, as for data that the study has prepared.
"""

import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecosobriety.datasets import store
from ecosobriety.datasets.archive import Archive, write
from ecosobriety.datasets.findings import Finding
from ecosobriety.errors import DataError
from ecosobriety.files import open_atomically

_FORMAT = "ecosobriety declared data set 1"
_LABELS = "y_train"
_DESCRIBED = ("name", "n_examples", "classes", "sha256")


@dataclass(frozen=True, eq=False)
class Declared:
    """The number of examples, and their classes where the user gives them.

    Attributes:
        name: the data set's name in the configuration.
        n_examples: how many training examples there are.
        labels: (n_examples,) class indices, int64; None: not given.
        classes: names of the classes; none where they are not given.
        sha256: over all of this but the name.
        findings: what was found in the labels; `intake` keeps them, not the file of `save`.
    """

    name: str
    n_examples: int
    labels: NDArray[np.int64] | None
    classes: tuple[str, ...]
    sha256: str
    findings: tuple[Finding, ...] = ()

    @property
    def origin(self) -> str:
        """One line that says where it was obtained."""
        return "declared: the study has not read it"

    @property
    def y_train(self) -> NDArray[Any]:
        """(n_examples,) what `training_order` takes: where there are no labels, numbers."""
        if self.labels is not None:
            return self.labels
        return np.broadcast_to(np.float64(0), self.n_examples)

    def require_size(self, n_train: int) -> None:
        """As `Dataset.require_size`."""
        store.require_size(self.name, self.n_examples, n_train)


def is_declared(spec: Mapping[str, Any]) -> bool:
    """Whether the section `dataset` says how many examples there are instead of where they are."""
    return spec.get("n_examples") is not None


def save(declared: Declared, path: Path) -> None:
    """Write it to an uncompressed .npz file, atomically."""
    metadata = {"format": _FORMAT, **{name: getattr(declared, name) for name in _DESCRIBED}}
    with open_atomically(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        write(archive, "metadata", np.array(json.dumps(metadata)))
        if declared.labels is not None:
            write(archive, _LABELS, declared.labels)


def load(path: Path) -> Declared | None:
    """Read what `save` wrote; None: it is the file of a data set that was prepared.

    Raises:
        DataError: the file is missing, damaged or foreign.
    """
    try:
        with Archive(path) as archive:
            metadata = json.loads(str(archive.whole("metadata")))
            if metadata.pop("format") != _FORMAT:
                return None
            metadata["classes"] = tuple(metadata["classes"])
            labels = archive.whole(_LABELS) if metadata["classes"] else None
            return Declared(labels=labels, **metadata)
    # Damaged bytes make the zip and npy readers raise a dozen kinds of error, all the same here.
    except Exception as error:
        raise DataError(
            f"{path}: missing, damaged or not a data set file of ecosobriety ({error}); delete it "
            "and prepare the data set again"
        ) from error
