"""A user's arrays made into a data set: types, labels, split, and what is refused."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ecosobriety.checks import (
    array_targets,
    between_rows,
    class_means,
    class_targets,
    dates,
    far_in_test,
    formulas,
    gate,
    looks,
    marks,
    mistakes,
    named_values,
    near_copies,
    near_labels,
    noisy_copies,
    odd_values,
    row_order,
    scaled_apart,
    scales,
    turned,
    two_units,
)
from ecosobriety.datasets import inputs as own_inputs
from ecosobriety.datasets.examples import Examples
from ecosobriety.datasets.findings import Finding, counted
from ecosobriety.datasets.inputs import kind
from ecosobriety.datasets.sampling import training_order
from ecosobriety.datasets.store import Dataset
from ecosobriety.errors import DataError
from ecosobriety.readers import class_names
from ecosobriety.readers.class_names import Coded

SPLIT_SEED = 0
"""Decides which examples are held out for the test, once and for all trainings."""
SMALLEST_TARGETS, LARGEST_TARGETS = 1e-100, 1e100
"""Targets whose squares, and sums of them, are float64."""
FEWEST_ALIKE = 20
"""Examples, all of whose values are one number by no chance."""
SWAPPED = 2
"""Times as many test examples as training examples."""
HIDDEN = 1e-6
"""Targets of a test part are all one by chance less often than that."""
ALIKE = ("feature_like_target", "feature_orders_target")
"""Findings of a feature that says nearly all of a target."""


@dataclass(frozen=True, eq=False)
class Part:
    """Examples and labels as a file holds them.

    Attributes:
        x: (n, *input_shape) numbers, in memory or in a file.
        y: (n,) whole numbers, truth values or text; for a regression numbers.
        name: what the part is called in a message, such as "x_train and y_train".
        features: names of the columns of a table.
        findings: what its reader found.
        formats: (n,) the format of each image's file.
        label: name of a table's column of labels.
    """

    x: NDArray[Any] | Examples
    y: NDArray[Any] | Coded
    name: str
    features: tuple[str, ...] | None = None
    findings: tuple[Finding, ...] = ()
    formats: NDArray[np.str_] | None = None
    label: str | None = None

    @property
    def label_shape(self) -> tuple[int, ...]:
        """Shape of the labels."""
        return self.y.index.shape if isinstance(self.y, Coded) else self.y.shape


def training_share(examples: int, test_share: float) -> int:
    """Training examples that remain when a share is held out; both parts hold one at least."""
    return examples - min(max(round(examples * test_share), 1), examples - 1)


@dataclass(frozen=True)
class DataOptions:
    """What a configuration says of a user's data besides where they are.

    Attributes:
        task: `classification`, or `regression`, which takes the labels as numbers.
        normalise: how the inputs are normalised, as for `inputs.resolve`.
        channels: which dimension of an example the channels are: `first`, `last`, or None.
        test_share: share of the examples that is held out where there is no test part.
        test_shifted: whether the test part is meant to lie elsewhere than the training part.
    """

    task: str = "classification"
    normalise: str = "auto"
    channels: str | None = None
    test_share: float = 0.5
    test_shifted: bool = False

    @classmethod
    def of(cls, spec: Mapping[str, Any]) -> Self:
        """Those of the section `dataset` with the study's `task`."""
        return cls(**{one.name: spec[one.name] for one in fields(cls) if one.name in spec})


def build(
    name: str,
    origin: str,
    train: Part,
    test: Part | None,
    options: DataOptions,
    *,
    file: str,
    findings: tuple[Finding, ...] = (),
) -> Dataset:
    """Check a user's arrays and make them a data set.

    Args:
        name: the data set's name in the configuration.
        origin: one line that says where it was obtained.
        train: the examples; of all of them where there is no test part.
        test: the test part; None: a stratified share of `train` is held out, always the same.
        options: what the configuration says of the data.
        file: the user's file or folder, for the messages.
        findings: what was found already.

    Raises:
        DataError: the arrays are no data for the task; names the file and the reason.
    """
    parts = [train] if test is None else [train, test]
    try:
        checked = [_inputs(part) for part in parts]
        if train.features is None:
            _require_some_values(checked[0])
        classes, labels, reported = _labels(parts, options.task)
        findings += (*train.findings, *reported)
        checked = checked if test is None else [*own_inputs.of_one_type(*checked)]
        looked = looks.looked_at(checked)
        findings += marks.examine(looked, labels, classes, options.channels)
        findings += marks.examine_formats([part.formats for part in parts], labels, classes)
        names = train.features or looks.names(looked[0], checked[0].x.shape)
        following = looks.find_following(looked, labels, classes)
        if test is None:
            (whole,), (y,) = checked, labels
            if names is not None:
                findings += tuple(_of_all_rows(looked[0], y, names, classes))
            kept = _split(y, options.test_share)
            checked = [replace(whole, x=whole.x.select(rows)) for rows in kept]
            looked = [looked[0].select(rows) for rows in kept]
            labels = [y[rows] for rows in kept]
        if options.task == "regression":
            _require_different(*labels, held_out=test is None, shifted=options.test_shifted)
        else:
            _require_trained_classes(classes, *labels, held_out=test is None)
        one, other = checked
        resolved = own_inputs.resolve(options.normalise, options.channels, one)
        if test is not None:
            found = scales.compare_scales(one, other, resolved, shifted=options.test_shifted)
            findings += (*found, *_between_parts(looked, labels, classes, options.channels))
        if names is not None:
            x, tested = one.x[:], other.x[:]
            # What is in memory now need not be picked from the whole table again.
            one, other = replace(one, x=Examples.of(x)), replace(other, x=Examples.of(tested))
            both = looks.as_columns(x), looks.as_columns(tested)
            findings += () if test is None else scaled_apart.find_scaled_apart(*both)
            findings += (*_of_features(train.features, names, both, labels[0], classes, findings),)
        if train.features is None:
            shown = looks.examine(looked, labels[0], classes, options.channels, one.x.shape)
            findings += looks.without_doubles(shown, following)
            if test is not None and "parts_scaled_apart" not in {found.id for found in findings}:
                findings += scaled_apart.find_examples_scaled_apart(one.x, other.x)
        dataset = Dataset.from_arrays(
            name,
            train=(one.x, labels[0]),
            test=(other.x, labels[1]),
            classes=classes,
            origin=origin,
            normalise=resolved,
            channels=options.channels,
        )
        # Of one part, copies are named as the training's, and as those that are in both.
        known = (f for f in dataset.findings if test is not None or f.id != "test_repeats")
        return replace(dataset, features=train.features, findings=(*known, *counted(findings)))
    except DataError as error:
        raise DataError(f"{file}: {error}") from error


def _between_parts(
    looked: Sequence[Examples],
    labels: Sequence[NDArray[Any]],
    classes: tuple[str, ...],
    channels: str | None,
) -> Iterator[Finding]:
    """What is another in the user's test part than in the training part."""
    one, other = looked
    colours = marks.colours(one.shape[1:], channels)
    if not (turns := [*turned.find_turned(one, other, colours)]):
        yield from class_means.find_swapped(one, other, labels, classes)
    yield from turns
    yield from () if classes else scales.compare_targets(*labels)
    yield from _larger_test(len(labels[0]), len(labels[1]))


def _inputs(part: Part) -> own_inputs.Checked:
    count = part.label_shape[0] if part.label_shape else None
    return own_inputs.check(part.x, count, part.name, part.features)


def _labels(
    parts: Sequence[Part], task: str
) -> tuple[tuple[str, ...], list[NDArray[Any]], tuple[Finding, ...]]:
    """The names of the classes, none in a regression, the labels of each part, and what is odd."""
    labels: list[NDArray[Any]]
    if task == "regression":
        labels = [_targets(part.y, part.name) for part in parts]
        together = np.concatenate(labels)
        found = two_units.find_target_units(together) or mistakes.find_far_targets(together)
        found += class_targets.find_class_targets(together, parts[0].label)
        found += odd_values.find_odd_targets(together, parts[0].label or "")
        found += row_order.find_counting_targets(together) + dates.find_date_targets(together)
        return (), labels, found
    classes, labels, reported = class_names.encode(
        [part.y for part in parts], [part.name for part in parts]
    )
    return classes, labels, tuple(reported)


def _split(y: NDArray[Any], test_share: float) -> tuple[NDArray[Any], NDArray[Any]]:
    """The rows to train on, and those that are held out, both ascending."""
    order = training_order(y, SPLIT_SEED)
    n_train = training_share(len(y), test_share)
    return np.sort(order[:n_train]), np.sort(order[n_train:])


def _of_features(
    columns: Sequence[str] | None,
    names: Sequence[str],
    parts: tuple[NDArray[np.float64], NDArray[np.float64]],
    y: NDArray[Any],
    classes: Sequence[str],
    known: Sequence[Finding],
) -> Iterator[Finding]:
    """What the features of both parts give away, by themselves and beside the labels of the first.

    Args:
        columns: names of a table's columns; None: they are places of an array.
        names: of the d features.
        parts: (n, d) and (m, d) the training part and the test part.
        y: (n,) class indices or targets.
        classes: names of the classes; none for a regression.
        known: what all rows in their order have shown.
    """
    x, tested = parts
    # What was before is known, and says nearly all of what goes on from it.
    lags = {one.values["feature"] for one in known if one.id == "feature_is_last_target"}
    found = [*gate.examine(x, y, names, classes=bool(classes))]
    found = [one for one in found if one.id not in ALIKE or one.values["feature"] not in lags]
    found += () if columns else mistakes.find_row_numbers(names, x)
    found += far_in_test.find_far_in_test(x, tested, names)
    found += dates.find_dates(names, x)
    if not classes:
        targets = y.astype(np.float64, copy=False)
        # The sum of two that are alike is nearly a product, too.
        if all(one.id not in near_labels.SUMS for one in found):
            found += formulas.find_products(names, x, targets)
        alone = {one.values["feature"] for one in found if one.id == "feature_orders_target"}
        bins = formulas.find_bins(names, x, targets)
        found += [one for one in bins if one.values["feature"] not in alone]
    if not columns:
        # Places of an array that are not filled are no columns that somebody has named, and its
        # targets are looked for as those of images are.
        other = {"features_constant", ALIKE[0]}
        if not classes and array_targets.goes_on(x, y):
            other |= {*ALIKE, *near_labels.SUMS}
        found = [one for one in found if one.id not in other]
    far = {one.values["feature"] for one in found if one.id.endswith("values_far_away")}
    found += named_values.find_beyond_names(names, parts, far)
    near = [*near_copies.find_near_copies(x, tested, names)]
    yield from (*found, *(near or noisy_copies.find_noisy_rows(x, tested)))


def _of_all_rows(
    x: Examples, y: NDArray[Any], names: Sequence[str], classes: Sequence[str]
) -> Iterator[Finding]:
    """What only all rows in their order show, before they are split."""
    rows = x[:].astype(np.float64, copy=False)
    yield from row_order.examine(rows, y, names, classes=bool(classes))
    yield from between_rows.find_between(rows, y, classes)
    if len(classes) in (0, 2):
        yield from formulas.find_group_means(names, rows, y.astype(np.float64))


def _require_some_values(part: own_inputs.Checked) -> None:
    # Of few examples, they may be so by chance.
    if part.low == part.high and len(part.x) >= FEWEST_ALIKE:
        raise DataError(
            f"all inputs of {part.name} are {part.low + 0.0:g}, so that there is nothing to learn "
            "from: were they read or written wrongly?"
        )


def _larger_test(train: int, test: int) -> tuple[Finding, ...]:
    """A test part that is so much larger than the training part that both may be swapped."""
    if test < SWAPPED * train:
        return ()
    return (Finding("parts_swapped", False, {"train": train, "test": test}),)


def _targets(y: NDArray[Any] | Coded, name: str) -> NDArray[np.float64]:
    """Targets of a regression as float64; none may be missing, infinite or merge with another."""
    if isinstance(y, Coded):
        raise DataError(f"the targets of {name} are labels, but must be numbers")
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim != 1:
        raise DataError(f"the targets of {name} have the shape {y.shape}, but must be one a row")
    if y.dtype.kind not in "uif":
        raise DataError(f"the targets of {name} are {kind(y.dtype)}, but must be numbers")
    with np.errstate(over="ignore"):
        converted = y.astype(np.float64)
    bad = np.flatnonzero(~np.isfinite(converted))
    if len(bad):
        raise DataError(
            f"the targets of {name} hold {y[bad[0]]} in example {bad[0]} (counted from 0), but "
            "must hold finite numbers"
        )
    if y.dtype.itemsize >= 8 and y.dtype != np.float64:
        before, after = len(np.unique(y)), len(np.unique(converted))
        if after < before:
            raise DataError(
                f"the targets of {name} hold {before} different numbers, of which only {after} "
                "stay different as 64-bit floats: subtract a constant"
            )
    return converted


def _left(train: int, test: int, *, held_out: bool) -> str:
    """What a study's own split leaves, where too few examples may be why nothing can be learnt."""
    left = f" (dataset.test_share leaves {train} of {train + test} examples to train on)"
    return left if held_out else ""


def _require_different(
    targets: NDArray[Any], tested: NDArray[Any], *, held_out: bool, shifted: bool
) -> None:
    low, high = targets.min(), targets.max()
    if low == high:
        left = _left(len(targets), len(tested), held_out=held_out)
        raise DataError(f"all training targets are {low}: there is nothing to learn{left}")
    largest = max(np.abs(targets).max(), np.abs(tested).max())
    if high / 2 - low / 2 < SMALLEST_TARGETS or largest > LARGEST_TARGETS:
        raise DataError(
            f"the targets go from {low:g} to {high:g}, which 64-bit numbers cannot square: use "
            "another unit"
        )
    share = max(float((targets == tested[0]).mean()), 1 / (len(targets) + 1))
    if not held_out and (tested == tested[0]).all() and share ** len(tested) < HIDDEN:
        raise DataError(
            f"all {len(tested)} test targets are {tested[0] + 0.0:g}, and the training part's "
            "are not: are they hidden, or was the test part written wrongly?"
        )
    # A random split of one part has one scale.
    if not (held_out or shifted) and scales.targets_apart(targets, tested):
        spreads = [np.subtract(*np.percentile(part, [75, 25])) for part in (targets, tested)]
        raise DataError(
            f"the targets of train have the median {np.median(targets):g} and the quartiles "
            f"{spreads[0]:g} apart, those of test {np.median(tested):g} and {spreads[1]:g}: "
            f"both must be on one scale, or {scales.SHIFTED}"
        )


def _require_trained_classes(
    classes: Sequence[str],
    y_train: NDArray[np.int64],
    y_test: NDArray[np.int64],
    *,
    held_out: bool,
) -> None:
    """Refuse a test part that training cannot prepare for."""
    unseen = [classes[i] for i in np.setdiff1d(y_test, y_train)]
    examples = len(y_train) + len(y_test)
    if unseen and held_out and 2 * len(classes) > examples:
        raise DataError(
            f"the {examples} examples hold {len(classes)} classes, too many to learn: name another "
            "column or array as the label, or, for numbers to predict, set task to regression"
        )
    if unseen:
        trained = [classes[i] for i in np.unique(y_train)]
        listed = class_names.listed_beside(unseen, trained)
        left = _left(len(y_train), len(y_test), held_out=held_out)
        raise DataError(f"the test part alone holds {listed}, which nothing can learn{left}")
