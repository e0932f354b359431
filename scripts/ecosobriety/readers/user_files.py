"""A user's own files: what they hold, what is known of them, and what decides them."""

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ecosobriety.datasets.findings import Finding
from ecosobriety.datasets.formats import TABLES, format_of
from ecosobriety.datasets.intake import Intake, describe
from ecosobriety.datasets.store import Dataset
from ecosobriety.errors import DataError, one_line
from ecosobriety.files import home_expanded
from ecosobriety.readers import arrays, image_folder, npz
from ecosobriety.user_code import fingerprint

CHECKED_BYTES = 2**26
"""A larger archive is read by the run alone: the check takes a few seconds."""
READ_BYTES = 2**27
"""Up to so many bytes of values the check reads them all, which takes a second or two."""
PIXELS_PER_BYTE = 8
"""What an image's file is taken to hold."""


@contextmanager
def reported_on_one_line() -> Iterator[None]:
    """Escape what a user's file puts into a message: column names, say, with a line break."""
    try:
        yield
    except DataError as error:
        raise DataError(one_line(str(error))) from error


def own_is_read_early(spec: Mapping[str, Any]) -> bool:
    """Whether `take_in_own` reads a user's own files: tables, and others of up to `READ_BYTES`."""
    path, file_format = _path(spec), format_of(spec)
    if file_format in TABLES:
        return True
    if file_format == "npz":
        if path.is_file() and path.stat().st_size <= CHECKED_BYTES:
            return True
        return npz.inputs_header(path)[1] <= READ_BYTES
    # Pixels take more than the files that they are compressed in, and longer to read.
    nbytes = sum(file.stat().st_size for file in image_folder.listing(path))
    return nbytes * PIXELS_PER_BYTE <= READ_BYTES


def take_in_own(spec: Mapping[str, Any]) -> Intake:
    """What can be known of a user's own files before anything is run, in a few seconds.

    What `own_is_read_early` is read and checked as `read_own` does it. Of larger files the examples
    are counted.

    Args:
        spec: the configuration's section `dataset`, with one of `FORMATS`, and the study's `task`.

    Raises:
        DataError: the file or folder is missing or is not what the format says.
    """
    file_format, name, task = format_of(spec), spec["name"], spec.get("task", "classification")
    if own_is_read_early(spec):
        return describe(read_own(spec), task)
    path, known = _path(spec), dict[str, Any]()
    if file_format == "npz":
        header, _ = npz.inputs_header(path)
        examples, whole = npz.count(path)
        measured = spec.get("normalise", "auto") not in ("auto", "none")
        whole_numbers = header.dtype.kind in "iu" and header.dtype != np.uint8 and not measured
        known = {"input_shape": header.shape[1:], "whole_numbers": whole_numbers}
    else:
        examples, whole = image_folder.count(path)
    if examples < 2:
        raise DataError(f"{path}: holds {examples} examples, but must hold at least two")
    if not whole:
        return Intake(name, task, train_examples=examples, **known)
    train = arrays.training_share(examples, spec["test_share"])
    return Intake(name, task, train_examples=train, test_examples=examples - train, **known)


# What cannot be computed is refused in a sentence, beside which NumPy's own warnings say nothing.
@np.errstate(over="ignore", invalid="ignore")
@reported_on_one_line()
def read_own(spec: Mapping[str, Any], scratch: Path | None = None) -> Dataset:
    """Read and check a user's own files.

    Args:
        spec: the configuration's section `dataset`, and the study's `task`.
        scratch: folder for what must be unpacked and is too large for the memory.

    Raises:
        DataError: they are not what the format says, or no data to learn from.
    """
    path, file_format, test = _path(spec), format_of(spec), None
    findings: tuple[Finding, ...] = ()
    if file_format in TABLES:
        # Imported where it is needed: a training waits for no Arrow.
        from ecosobriety.readers import table

        task = spec.get("task", "classification")
        train = table.read(path, file_format, spec["label"], spec["features"], task)
    elif file_format == "npz":
        train, test, findings = npz.read(path, scratch)
    else:
        train, test, findings = image_folder.read(path, scratch)
    return arrays.build(
        spec["name"],
        f"{file_format} {spec['path']}",
        train,
        test,
        arrays.DataOptions.of(spec),
        file=str(path),
        findings=findings,
    )


def input_files(spec: Mapping[str, Any]) -> list[str]:
    """The user's one file, for the workflow's graph; a folder of images has too many to list."""
    if spec.get("labels") is not None:
        return [str(home_expanded(spec["labels"]))]
    return [str(_path(spec))] if format_of(spec) in ("npz", *TABLES) else []


def stamp(spec: Mapping[str, Any]) -> str | None:
    """What changes with a user's data: their files' names, sizes and times, or their class's code.

    Returns:
        A digest; None: the data set is no user's own.
    """
    file_format = format_of(spec)
    class_path = spec.get("class_path")
    if class_path:
        return fingerprint.class_fingerprint(class_path, Path.cwd())
    if file_format == "image-folder":
        files = image_folder.listing(_path(spec))
    else:
        files = [Path(file) for file in input_files(spec)]
    if not files:
        return None
    digest = hashlib.sha256()
    for file in files:
        if file.exists():
            state = file.stat()
            digest.update(os.fsencode(f"{file} {state.st_size} {state.st_mtime_ns}\n"))
    return digest.hexdigest()[:16]


def _path(spec: Mapping[str, Any]) -> Path:
    return home_expanded(spec["path"])
