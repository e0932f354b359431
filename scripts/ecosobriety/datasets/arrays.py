"""A user's arrays made into a data set: types, labels, split, and what is refused."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecosobriety.datasets import inputs as own_inputs
from ecosobriety.datasets.examples import Examples
from ecosobriety.datasets.findings import Finding
from ecosobriety.datasets.inputs import kind
from ecosobriety.datasets.sampling import training_order
from ecosobriety.datasets.store import Dataset
from ecosobriety.errors import DataError

SPLIT_SEED = 0
"""Decides which examples are held out for the test, once and for all trainings."""
MAX_NAMED = 5
"""More classes than this are not listed in a message."""


@dataclass(frozen=True, eq=False)
class Part:
    """Examples and labels as a file holds them.

    Attributes:
        x: (n, *input_shape) numbers, in memory or in a file.
        y: (n,) whole numbers, truth values or text; for a regression numbers.
        name: what the part is called in a message, such as "x_train and y_train".
    """

    x: NDArray[Any] | Examples
    y: NDArray[Any]
    name: str


def training_share(examples: int, test_share: float) -> int:
    """Training examples that remain when a share is held out; both parts hold one at least."""
    return examples - min(max(round(examples * test_share), 1), examples - 1)


def build(
    name: str,
    origin: str,
    train: Part,
    test: Part | None,
    *,
    file: str,
    test_share: float,
    task: str = "classification",
    normalise: str = "auto",
    channels: str | None = None,
    findings: tuple[Finding, ...] = (),
) -> Dataset:
    """Check a user's arrays and make them a data set.

    Args:
        name: the data set's name in the configuration.
        origin: one line that says where it was obtained.
        train: the examples; of all of them where there is no test part.
        test: the test part; None: a stratified share of `train` is held out, always the same.
        file: the user's file or folder, for the messages.
        test_share: share of the examples that is then held out, above 0 and below 1.
        task: `classification`, or `regression`, which takes the labels as numbers.
        normalise: how the inputs are normalised, as for `inputs.resolve`.
        channels: which dimension of an example the channels are: `first`, `last`, or None.
        findings: what was found already.

    Raises:
        DataError: the arrays are no data for the task; names the file and the reason.
    """
    parts = [train] if test is None else [train, test]
    try:
        checked = [
            own_inputs.check(part.x, len(part.y) if part.y.ndim else None, part.name)
            for part in parts
        ]
        classes: tuple[str, ...] = ()
        labels: list[NDArray[Any]]
        if task == "regression":
            labels = [_targets(part.y, part.name) for part in parts]
        else:
            classes, labels = _encode([part.y for part in parts], [part.name for part in parts])
        if test is None:
            (whole,), (y,) = checked, labels
            order = training_order(y, SPLIT_SEED)
            n_train = training_share(len(y), test_share)
            first, held_out = np.sort(order[:n_train]), np.sort(order[n_train:])
            checked = [replace(whole, x=whole.x.select(rows)) for rows in (first, held_out)]
            labels = [y[first], y[held_out]]
        if task == "regression":
            _require_different(labels[0])
        else:
            _require_trained_classes(classes, *labels)
        one, other = own_inputs.of_one_type(*checked)
        resolved = own_inputs.resolve(normalise, channels, one)
        if test is not None:
            findings += own_inputs.compare_scales(one, other, resolved)
        return Dataset.from_arrays(
            name,
            train=(one.x, labels[0]),
            test=(other.x, labels[1]),
            classes=classes,
            origin=origin,
            normalise=resolved,
            channels=channels,
            findings=findings,
        )
    except DataError as error:
        raise DataError(f"{file}: {error}") from error


def _targets(y: NDArray[Any], name: str) -> NDArray[Any]:
    """Targets of a regression as float32; none may be missing or infinite."""
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim != 1:
        raise DataError(f"the targets of {name} have the shape {y.shape}, but must be one a row")
    if y.dtype.kind not in "uif":
        raise DataError(f"the targets of {name} are {kind(y.dtype)}, but must be numbers")
    with np.errstate(over="ignore"):
        converted = y.astype(np.float32)
    bad = np.flatnonzero(~np.isfinite(converted))
    if len(bad):
        raise DataError(
            f"the targets of {name} hold {y[bad[0]]} in example {bad[0]} (counted from 0), but "
            "must hold finite numbers"
        )
    return converted


def _require_different(targets: NDArray[Any]) -> None:
    if np.ptp(targets) == 0:
        raise DataError(
            f"all training targets are {targets[0]}: there is nothing to learn from them"
        )


def _encode(
    parts: Sequence[NDArray[Any]], names: Sequence[str]
) -> tuple[tuple[str, ...], list[NDArray[np.int64]]]:
    """Class names in their order (numbers by value, text by letters), and indices of them."""
    whole = [_labels(y, name) for y, name in zip(parts, names, strict=True)]
    if len({y.dtype.kind for y in whole}) > 1:
        raise DataError(f"the labels of {' and '.join(names)} are numbers and text, not one kind")
    classes, indices = np.unique(np.concatenate(whole), return_inverse=True)
    if len(classes) < 2:
        raise DataError(
            f"the labels hold the one class {classes[0]} alone, but must hold at least two"
        )
    ends = np.cumsum([len(y) for y in whole])[:-1]
    labels = np.split(indices.reshape(-1).astype(np.int64), ends)
    return tuple(str(name) for name in classes), labels


def _labels(y: NDArray[Any], name: str) -> NDArray[Any]:
    """Labels as whole numbers or as text."""
    if y.ndim != 1:
        raise DataError(f"the labels of {name} have the shape {y.shape}, but must be one a row")
    if y.dtype.kind == "f":
        whole = np.isfinite(y) & (y == np.round(y))
        if not whole.all():
            raise DataError(
                f"the labels of {name} hold {y[~whole][0]}, but must be whole numbers or text"
            )
        return y.astype(np.int64)
    if y.dtype.kind in "bU":
        return y.astype(str)
    if y.dtype.kind in "ui":
        return y.astype(np.int64)
    raise DataError(f"the labels of {name} are {kind(y.dtype)}, but must be whole numbers or text")


def _require_trained_classes(
    classes: Sequence[str], y_train: NDArray[np.int64], y_test: NDArray[np.int64]
) -> None:
    unseen = [classes[i] for i in np.setdiff1d(y_test, y_train)]
    if unseen:
        listed = ", ".join(unseen[:MAX_NAMED]) + (", …" if len(unseen) > MAX_NAMED else "")
        raise DataError(f"the test part alone holds the class {listed}, which nothing can learn")
