"""A user's inputs: of which type they are read, what is refused, and how they are normalised.

Bytes are images, other whole numbers are numbers of things (of words, say), which keep their
meaning only as they are, and floats are measurements.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecosobriety.datasets.examples import Examples
from ecosobriety.datasets.findings import Finding, short
from ecosobriety.errors import DataError

NORMALISATIONS = ("auto", "none", "global", "feature", "channel")
MAX_EXACT = 2**53
"""Up to here every whole number is a float64."""
GAP = 10.0
"""Between one group of channels' deviations and the next, as a ratio, and between their means, in
deviations, or from all values' deviation to a channel's own: they have no common scale."""
MOST_NAMED = 64
"""Up to so many positions may each be a quantity of its own, as sensors are; more are places."""
ALIKE = 0.5
"""How far neighbours are apart of how far any two are, at most, where positions are places."""
NEARLY_ALL = (0.002, 0.998)
"""Quantiles of a channel's values: few that lie beyond them do not say on which scale it is."""
MOST_COLUMNS, UNLIKE_SPANS = 32, 10
"""Bytes of more columns are pixels; and how many times as far the values of one column go as those
of another, where they are not."""
SPATIAL = 8
"""From so many places on, an axis may be one of space or time."""
BACKGROUND = 0.9
"""Share of a border's values that are the background alone."""
VECTOR_DIMENSIONS, IMAGE_DIMENSIONS = 2, 3
GREY_OR_COLOURS = (1, 3)
MOST_CHANNELS = 4
"""What a last dimension may be for an image's channels, if nobody says where they are."""
_LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True, eq=False)
class Checked:
    """The inputs of one part, as they are read, with their smallest and largest value."""

    name: str
    x: Examples
    low: float
    high: float


def check(
    x: NDArray[Any] | Examples,
    labels: int | None,
    name: str,
    features: Sequence[str] | None = None,
) -> Checked:
    """Look at every value of a part's inputs.

    Args:
        x: What the user's file holds.
        labels: Number of labels; None: they have no number, which is reported elsewhere.
        name: What the part is called in a message.
        features: Names of the columns of a table.

    Raises:
        DataError: they are no examples, are of a type that training cannot read as it is, or hold a
            value that is missing, infinite or too large.
    """
    examples = Examples.of(x)
    _require_examples(examples, labels, name)
    examples = _read_as(examples, name).verify()
    low, high = _extremes(examples, name, features)
    if examples.dtype.kind == "u" and high > np.iinfo(np.int64).max:
        raise DataError(f"the inputs of {name} hold {high}, but must be at most 2^63 - 1")
    return Checked(name, examples, low, high)


def _require_examples(x: Examples, labels: int | None, name: str) -> None:
    if x.dtype.kind not in "buif":
        raise DataError(f"the inputs of {name} are {kind(x.dtype)}, but must be numbers")
    if x.ndim and not len(x):
        raise DataError(f"there is no example in {name}")
    if x.ndim < VECTOR_DIMENSIONS or 0 in x.shape[1:]:
        raise DataError(
            f"the inputs of {name} have the shape {x.shape}, but must have one row for each "
            "example and at least one value in it"
        )
    if labels is not None and len(x) != labels:
        raise DataError(f"{name} hold {len(x)} examples and {labels} labels, but must hold as many")


def _read_as(x: Examples, name: str) -> Examples:
    """The type that holds every value as it is: truth values become bytes."""
    if x.dtype.kind == "f" and x.dtype.itemsize > np.dtype(np.float64).itemsize:
        raise DataError(
            f"the inputs of {name} are {x.dtype}, but must be float64 or smaller: write them as "
            "float64"
        )
    return x.as_type(np.uint8) if x.dtype.kind == "b" else x


def _extremes(x: Examples, name: str, features: Sequence[str] | None) -> tuple[float, float]:
    low, high, done = [], [], 0
    for chunk in x.chunks():
        # A missing value makes both of them missing.
        ends = chunk.min(), chunk.max()
        if x.dtype.kind == "f" and not all(abs(float(end)) <= _LARGEST for end in ends):
            wide = chunk.reshape(len(chunk), -1).astype(np.float64)
            row, column = np.argwhere(~(np.abs(wide) <= _LARGEST))[0]
            value, place = wide[row, column], int(done + row)
            where = f"the inputs of {name} hold {value} in example {place} (counted from 0)"
            if features is not None:
                where = f'the column "{short(features[column])}" holds {value:g} in row {place + 1}'
                where += " (counted from 1, without the header)"
            raise DataError(f"{where}, but must hold finite numbers of at most {_LARGEST:.2g}")
        low.append(ends[0].item())
        high.append(ends[1].item())
        done += len(chunk)
    return min(low), max(high)


def kind(dtype: np.dtype[Any]) -> str:
    """What values of a type are called in a message."""
    kinds = {"U": "text", "S": "bytes", "O": "Python objects", "c": "complex numbers"}
    kinds |= {"M": "dates", "m": "durations", "V": "records"}
    return kinds.get(dtype.kind, str(dtype))


def of_one_type(train: Checked, test: Checked) -> tuple[Checked, Checked]:
    """Both parts in the one type that holds the values of both.

    Raises:
        DataError: one is bytes, other whole numbers or floats, and the other part is not; or their
            examples have two shapes.
    """
    shapes = [part.x.shape[1:] for part in (train, test)]
    if shapes[0] != shapes[1]:
        raise DataError(
            f"an example of {train.name} has the shape {shapes[0]}, one of {test.name} "
            f"{shapes[1]}, but all must have one shape"
        )
    types = [part.x.dtype for part in (train, test)]
    if types[0] == types[1]:
        return train, test
    families = {("bytes" if dtype == np.uint8 else dtype.kind) for dtype in types}
    if not (families == {"f"} or families <= {"i", "u"}):
        raise DataError(
            f"the inputs of {train.name} are {types[0]} and those of {test.name} {types[1]}, but "
            "must be of one type"
        )
    common = np.result_type(*types) if families == {"f"} else np.dtype(np.int64)
    one, other = (Checked(p.name, p.x.as_type(common), p.low, p.high) for p in (train, test))
    return one, other


def resolve(normalise: str, channels: str | None, train: Checked) -> str:
    """How the inputs are normalised: `none`, `global`, `feature` or `channel`.

    Args:
        normalise: One of `NORMALISATIONS`. `auto` takes `global` for bytes, `none` for other whole
            numbers, `feature` for vectors of floats, and `global` for other floats, if these have
            one scale.
        channels: Which dimension of an example the channels are: `first`, `last`, or None.
        train: The training part.

    Raises:
        DataError: it cannot be done, or `auto` cannot know.
    """
    x = train.x
    if channels is not None and x.ndim <= VECTOR_DIMENSIONS:
        raise DataError(
            f"dataset.channels is {channels}, but must be null: an example has the shape "
            f"{x.shape[1:]}"
        )
    if normalise == "auto":
        return _automatic(x)
    if normalise == "channel" and channels is None:
        raise DataError(
            "dataset.normalise is channel, which needs dataset.channels: first or last (an "
            f"example has the shape {x.shape[1:]})"
        )
    if normalise != "none" and x.dtype.kind in "iu" and max(-train.low, train.high) > MAX_EXACT:
        raise DataError(
            f"the inputs of {train.name} hold whole numbers beyond 2^53, which normalising would "
            "merge: dataset.normalise must be none"
        )
    if normalise == "none" and x.dtype == np.float64:
        _require_float32(x, train.name)
    return normalise


def _automatic(x: Examples) -> str:
    if x.dtype == np.uint8:
        _require_pixels(x)
        return "global"
    if x.dtype.kind in "iu":
        return "none"
    if x.ndim == VECTOR_DIMENSIONS:
        return "feature"
    sample = x.sample().reshape(-1, *x.shape[1:])
    for axis in range(1, x.ndim):
        values = np.moveaxis(sample, axis, 0).reshape(x.shape[axis], -1)
        # The sides of an image are alike, and hold places.
        named = x.shape[axis] <= MOST_NAMED and not (
            x.shape[axis] >= SPATIAL and x.shape[1:].count(x.shape[axis]) > 1
        )
        gap = _gap(values, named=named)
        if gap is None:
            continue
        few = _few_far_beyond(values, named=named)
        if few is not None:
            raise DataError(
                f"a few of the inputs' values go far beyond all others, such as {few[0]:.5g} where "
                f"nearly all are from {few[1]:.5g} to {few[2]:.5g}: correct them, or say "
                "dataset.normalise: feature, global or none"
            )
        where, ways = f"dimension {axis} (counted from 1)", "feature, global or none"
        for end, name in ((1, "first"), (x.ndim - 1, "last")):
            if axis == end:
                where = f"the {name} dimension"
                ways = f"channel (with dataset.channels: {name}), {ways}"
        raise DataError(
            f"along {where} of an example {x.shape[1:]}, {gap[0]} go from {gap[1]:.3g} to "
            f"{gap[2]:.3g}: say dataset.normalise: {ways}"
        )
    return "global"


def _require_pixels(x: Examples) -> None:
    """Refuse a table whose numbers were saved as bytes, and of which some hardly count as pixels.

    Raises:
        DataError: the examples are a few columns, and the values of some go far beyond others'.
    """
    # An axis of one place, as layers for series want it, makes no image.
    columns = math.prod(x.shape[1:])
    if columns not in x.shape[1:] or columns > MOST_COLUMNS:
        return
    values = x.sample().reshape(-1, columns)
    spans = np.ptp(values, axis=0)
    spans = spans[spans > 0]
    if len(spans) and spans.max() >= UNLIKE_SPANS * spans.min():
        raise DataError(
            f"the inputs are {columns} columns of bytes, whose values span {spans.min():g} to "
            f"{spans.max():g}: say dataset.normalise: feature, or global if they are pixels"
        )


def _gap(values: NDArray[np.float64], *, named: bool) -> tuple[str, float, float] | None:
    """What shows that rows have no common scale, deviations or means; its lowest and highest.

    They fall into groups far apart; or, where each may be a quantity of its own, one of them hardly
    varies beside all of them. Times and places follow each other: neighbours are alike.
    """
    deviations, means = values.std(axis=1), np.sort(values.mean(axis=1))
    # What is nearly always one value goes as far as its others, however rare these are.
    rare = _are_background(values) if len(values) >= SPATIAL else np.full(len(values), False)
    spreads = np.where(rare, np.ptp(values, axis=1), deviations)
    order = np.argsort(spreads)
    order = order[spreads[order] > 0]
    if len(means) < 2 or not len(order):
        return None
    by_means = "means", float(means[0]), float(means[-1])
    if np.diff(means).max() >= GAP * deviations.max():
        return by_means
    if len(order) < 2:
        return None
    by_deviations = "standard deviations", *_ends(deviations[order])
    ratios = spreads[order[1:]] / spreads[order[:-1]]
    place = int(ratios.argmax())
    if ratios[place] >= GAP:
        lower = order[: place + 1]
        return None if rare[lower].all() and _is_border(values, lower) else by_deviations
    narrow = order[spreads[order] <= values.std() / GAP]
    if not named or not len(narrow) or _is_border(values, narrow):
        return None
    alike = deviations.max() <= 2 * deviations.min()
    if _follow(values.mean(axis=1)) and (alike or _follow(deviations)):
        return None
    return by_means if np.ptp(means) > deviations.max() else by_deviations


def _follow(numbers: NDArray[np.float64]) -> bool:
    """Whether neighbours are alike, as a curve's are; of few numbers, nobody can say."""
    if len(numbers) < SPATIAL:
        return False
    apart = np.abs(numbers[:, None] - numbers).sum() / (len(numbers) * (len(numbers) - 1))
    return bool(np.abs(np.diff(numbers)).mean() <= ALIKE * apart)


def _ends(values: NDArray[np.float64]) -> tuple[float, float]:
    return float(values.min()), float(values.max())


def _are_background(rows: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether nearly all values of each row are its lowest, or its highest."""
    ends = (rows.min(axis=1, keepdims=True), rows.max(axis=1, keepdims=True))
    shares = np.maximum(*((rows == end).mean(axis=1) for end in ends))
    return np.asarray(shares >= BACKGROUND, np.bool_)


def _is_border(values: NDArray[np.float64], rows: NDArray[np.intp]) -> bool:
    """Whether rows are an image's border: at both ends, of a value that others hold as well."""
    varied = np.delete(values, rows, axis=0)
    varied = varied[np.ptp(varied, axis=1) > 0]
    background = np.median(values[rows])
    around = {0, len(values) - 1} <= {*np.flatnonzero(_are_background(values))}
    return bool(around and ((varied == background).mean(axis=1) >= 1 - BACKGROUND).all())


def _few_far_beyond(
    values: NDArray[np.float64], *, named: bool
) -> tuple[float, float, float] | None:
    """Of rows that fall apart by a few values alone, the farthest one, and where the others end."""
    low, high = np.quantile(values, NEARLY_ALL, axis=1, keepdims=True, method="nearest")
    few_alone = (low == high).ravel() & (np.ptp(values, axis=1) > 0)
    if few_alone.any() or _gap(np.clip(values, low, high), named=named) is not None:
        return None
    ends = float(low.min()), float(high.max())
    farthest = max(values.min(), values.max(), key=lambda value: abs(value - sum(ends) / 2))
    return float(farthest), *ends


def _require_float32(x: Examples, name: str) -> None:
    """Refuse float64 values of which float32 would merge many.

    Raises:
        DataError: of the different values of a feature, fewer than 99 % remain.
    """
    sample = x.sample()
    for column, values in enumerate(sample.T):
        before = len(np.unique(values))
        after = len(np.unique(values.astype(np.float32)))
        if after < 0.99 * before:
            raise DataError(
                f"float32 leaves {after} of {before} different values of the feature {column} of "
                f"{name}: dataset.normalise must not be none"
            )


def find_other_channels(shape: Sequence[int], channels: str | None) -> tuple[Finding, ...]:
    """Channels that were said to be at the wrong end of an example's shape.

    An image with a side of 1 or 3 pixels and many channels is none.
    """
    if channels is None or len(shape) != IMAGE_DIMENSIONS:
        return ()
    said, other = (shape[0], shape[-1]) if channels == "first" else (shape[-1], shape[0])
    if other not in GREY_OR_COLOURS or min(said, shape[1]) < SPATIAL:
        return ()
    right = "last" if channels == "first" else "first"
    shown = {"said": channels, "number": said, "other": other, "right": right}
    return (Finding("channels_elsewhere", True, shown),)


def image_shape(shape: Sequence[int], channels: str | None) -> tuple[int, int, int]:
    """Height, width and channels of an image.

    Args:
        shape: Shape of one example.
        channels: Which of its dimensions the channels are: `first`, `last`; None: not said.

    Raises:
        DataError: it is no image, or might be one in two ways.
    """
    sides = tuple(shape)
    if len(sides) == 2 and channels is None:
        return sides[0], sides[1], 1
    if len(sides) != 3:
        said = channels or "null"
        raise DataError(
            f"an example has the shape {sides}, but must be an image: (height, width) with "
            f"dataset.channels null, or one with channels (dataset.channels is {said})"
        )
    if channels is None and not sides[2] <= MOST_CHANNELS < sides[0]:
        raise DataError(
            f"an example has the shape {sides}: say in dataset.channels whether its channels are "
            "first or last"
        )
    height, width, depth = (*sides[1:], sides[0]) if channels == "first" else sides
    return height, width, depth
