"""Marks by which single examples of several dimensions can be told apart: colours, scale, format.

Where grey images are of one class and colour images of another, a network learns colours. Such a
mark is named where its share differs between classes, or between the training and the test part.
"""

from collections.abc import Callable, Iterator, Sequence
from math import log
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecosobriety.checks import gate
from ecosobriety.datasets.examples import Examples
from ecosobriety.datasets.findings import MAX_LISTED, Finding, short
from ecosobriety.datasets.inputs import VECTOR_DIMENSIONS

SAMPLED_EXAMPLES, SAMPLED_VALUES = 20_000, 2**24
"""Marks are looked for in so many examples and values of a part at most."""
REPORTED, HEADLINE = 0.1, 0.3
"""Between the shares of a mark in a class and in the others: to report, and beside the answer."""
CHANCE = 1e-3
COLOURS, FEW_PLACES = 3, 256
GREY = 1 - 1e-6
"""Correlation of two colours of an image that has none, however each was normalised."""
SCALE_GAP = 8.0
"""Between the largest values of examples of one scale and of the next, as a ratio."""
ALONE_GAP = 50.0
"""The same of a single example beyond all others. Where its square exceeds the number of examples,
the deviation by which all are normalised is mostly that example's."""
SCALE_SHARE, MANY = 0.01, 0.05
"""Examples of a scale: fewer are exceptions, and more stand beside the answer."""
MARK, AROUND, SAMPLED_PLACES = 0.03, 0.05, 2**18
"""How far a mark's values are apart (JPEG changes them), of all that there are; and the share from
which on the commonest value is that around things, in so many values."""
SIGNAL_DIMENSIONS, LONGER = 3, 4
"""Of series of several channels; and how many times longer than wide they are, at least."""
FEWEST_MARKED = 30
"""Examples of a class: of fewer, all may be as bright as can be somewhere."""
AT_ONCE = 64
"""Examples whose levels are computed at the same time."""
MANY_VALUES = 64
"""Vectors of fewer values are features, each of its own scale."""

Labels = Sequence[NDArray[np.int64]]


def examine(
    parts: Sequence[Examples], labels: Labels, classes: Sequence[str], channels: str | None
) -> tuple[Finding, ...]:
    """Look at some examples of each part, which must be of one type and shape.

    Args:
        parts: The training part and the test part; or all, where the study splits them.
        labels: (n,) class indices of each part.
        classes: Names of the classes.
        channels: Which dimension of an example the channels are; None: not said.
    """
    x = parts[0]
    images = colours(x.shape[1:], channels) if x.dtype.kind in "uf" else None
    scaled = x.dtype == np.uint8 or x.dtype.kind == "f"
    scaled = scaled and (x.ndim > VECTOR_DIMENSIONS or x.shape[1] >= MANY_VALUES)
    if not (images is not None or scaled):
        return ()
    found: list[Finding] = []
    if images is not None:
        grey, chosen = _marked(
            parts,
            labels,
            lambda chunk: _grey(chunk, images),
            lambda some, y: any(_compare("images_grey", some, y, classes, {})),
        )
        found += _compare("images_grey", grey, chosen, classes, {})
    if scaled:
        peaks, chosen = _marked(
            parts, labels, _peaks, lambda some, y: any(_scales(some, y, classes))
        )
        scales = [*_scales(peaks, chosen, classes)]
        # What the scale says, a level says as well.
        found += scales or _levels(parts[0], labels[0], classes)
    return tuple(found)


def _marked(
    parts: Sequence[Examples],
    labels: Labels,
    measure: Callable[[NDArray[Any]], NDArray[Any]],
    is_told: Callable[[Sequence[NDArray[Any]], Labels], bool],
) -> tuple[list[NDArray[Any]], Labels]:
    """What is measured of the examples of each part, and their classes.

    Of some of them; and where these tell something, of all, for which it is said.
    """
    values = [max(1, part.row_bytes // part.dtype.itemsize) for part in parts]
    rows = [
        part.evenly(max(1, min(len(part), SAMPLED_EXAMPLES, SAMPLED_VALUES // each)))
        for part, each in zip(parts, values, strict=True)
    ]
    some = [part.select(chosen) for part, chosen in zip(parts, rows, strict=True)]
    of_some = [y[chosen] for y, chosen in zip(labels, rows, strict=True)]
    measured = [np.concatenate([measure(chunk) for chunk in part.chunks()]) for part in some]
    whole = all(len(chosen) == len(part) for chosen, part in zip(rows, parts, strict=True))
    if whole or not is_told(measured, of_some):
        return measured, of_some
    return [np.concatenate([measure(chunk) for chunk in part.chunks()]) for part in parts], labels


def _levels(x: Examples, labels: NDArray[np.int64], classes: Sequence[str]) -> Iterator[Finding]:
    """One number that separates a class: of all values of an example, or one of them."""
    if not classes:
        return
    some, shape = x.sample(), x.shape[1:]
    y = labels[x.evenly(len(some))]
    whole = len(some) == len(x)
    apart = gate.standing_apart(_of_levels(some, shape), y)
    if apart and not whole:
        # In a few large images, chance alone puts none on the wrong side.
        levels = _from_all(x, lambda rows: _of_levels(rows, shape))
        apart = gate.standing_apart(levels, labels)
    if apart:
        names = [short(classes[i]) for i in sorted({i for _, i in apart})[:MAX_LISTED]]
        yield Finding("level_orders_classes", True, {"names": names})
        return
    found = [*filter(_is_mark(some, y), gate.standing_apart(some, y))]
    if found and not whole:
        places = sorted({place for place, _ in found})
        marks = _from_all(x, lambda rows: rows[:, places])
        of_all = {(places[i], one) for i, one in gate.standing_apart(marks, labels)}
        found = [one for one in found if one in of_all]
    if found:
        number, place = len({place for place, _ in found}), found[0][0]
        names = [short(classes[i]) for i in sorted({i for _, i in found})[:MAX_LISTED]]
        shown = {"names": names, "number": number, "place": place}
        yield Finding("place_orders_classes", True, shown)


def _of_levels(rows: NDArray[np.float64], shape: Sequence[int]) -> NDArray[np.float64]:
    """(n, levels) numbers that are of all values (n, d) of an example, of such a shape."""
    levels = [measure(rows, axis=1) for measure in (np.mean, np.std, np.min, np.max)]
    if len(shape) + 1 == VECTOR_DIMENSIONS:
        levels += [_padded(rows), _padded(rows[:, ::-1])]
    elif len(shape) + 1 == SIGNAL_DIMENSIONS and max(shape) >= LONGER * min(shape):
        # A sensor that was not connected in one class stands still there.
        series = rows.reshape(-1, *shape)
        levels += [*(np.ptp(series, axis=1 + int(np.argmax(shape))) == 0).T]
    return np.stack(levels, 1)


def _from_all(
    x: Examples, measure: Callable[[NDArray[np.float64]], NDArray[np.float64]]
) -> NDArray[np.float64]:
    """What is measured of each example, a few of which are in memory at a time."""
    values = int(np.prod(x.shape[1:]))
    return np.concatenate(
        [
            measure(chunk[first : first + AT_ONCE].reshape(-1, values).astype(np.float64))
            for chunk in x.chunks()
            for first in range(0, len(chunk), AT_ONCE)
        ]
    )


def _padded(some: NDArray[np.float64]) -> NDArray[np.int64]:
    """(n,) how many of the last values (n, d) are one value."""
    others = some[:, ::-1] != some[:, -1:]
    number: NDArray[np.int64] = np.where(others.any(axis=1), others.argmax(axis=1), some.shape[1])
    return number


def _is_mark(some: NDArray[np.float64], y: NDArray[np.int64]) -> Callable[[tuple[int, int]], bool]:
    """Whether a place (of all values of an example) has one value in a class, as a mark has.

    The shapes of two kinds of things part at some places as well; there, the values of a class go
    over a range, or are those of what lies around the thing.
    """
    values, counts = np.unique(some[:, :: max(1, some.size // SAMPLED_PLACES)], return_counts=True)
    around = values[counts.argmax()] if counts.max() >= AROUND * counts.sum() else None
    reach = MARK * float(np.ptp(values))

    def is_mark(found: tuple[int, int]) -> bool:
        of_class = some[y == found[1], found[0]]
        alike = np.ptp(of_class) <= reach and np.median(of_class) != around
        return bool(alike and len(of_class) >= FEWEST_MARKED)

    return is_mark


def examine_formats(
    formats: Sequence[NDArray[np.str_] | None], labels: Labels, classes: Sequence[str]
) -> tuple[Finding, ...]:
    """Look at the formats of images, which leave traces in them; as `examine` does.

    Arrays have none.
    """
    written = [part for part in formats if part is not None]
    known, counts = np.unique(np.concatenate([*written, np.empty(0, str)]), return_counts=True)
    if len(known) < 2:
        return ()
    found: dict[str, Finding] = {}
    # The commonest is what the others are not.
    for name in known[np.argsort(-counts)][1:].tolist():
        marked = [part == name for part in written]
        for finding in _compare("image_format", marked, labels, classes, {"format": name}):
            found.setdefault(finding.id, finding)
    return tuple(found.values())


def colours(shape: Sequence[int], channels: str | None) -> int | None:
    """Which dimension (counted from 1) holds three colours."""
    if len(shape) != 3:
        return None
    places = {"first": (1,), "last": (3,), None: (3, 1)}[channels]
    return next((i for i in places if shape[i - 1] == COLOURS), None)


def _grey(chunk: NDArray[Any], axis: int) -> NDArray[np.bool_]:
    """(n,) which images have no colours."""
    # Most images show it by some of their places.
    grey = _are_grey(chunk, axis, max(1, chunk[0].size // (COLOURS * FEW_PLACES)))
    if grey.any():
        grey[grey] = _are_grey(chunk[grey], axis, 1)
    return grey


def _are_grey(chunk: NDArray[Any], axis: int, step: int) -> NDArray[np.bool_]:
    """The same of every so many places."""
    planes = np.stack(
        [plane.reshape(len(chunk), -1)[:, ::step] for plane in np.moveaxis(chunk, axis, 0)], 1
    )
    grey: NDArray[np.bool_] = (planes[:, 1:] == planes[:, :1]).all(axis=(1, 2))
    if chunk.dtype.kind != "f":
        return grey
    # Normalised by channel, equal colours differ by a factor and a constant.
    planes = planes.astype(np.float64) - planes.mean(axis=2, keepdims=True, dtype=np.float64)
    sizes = np.sqrt((planes**2).sum(axis=2))
    products = (planes[:, 1:] * planes[:, :1]).sum(axis=2)
    # What is one colour at these places may vary at others.
    varies = (sizes > 0).all(axis=1, keepdims=True) | (step > 1)
    grey |= ((products >= GREY * sizes[:, 1:] * sizes[:, :1]) & varies).all(axis=1)
    return grey


def _peaks(chunk: NDArray[Any]) -> NDArray[np.float64]:
    rows = chunk.reshape(len(chunk), -1)
    ends = [end(rows, axis=1).astype(np.float64) for end in (np.max, np.min)]
    peaks: NDArray[np.float64] = np.maximum(np.abs(ends[0]), np.abs(ends[1]))
    return peaks


def _scales(
    peaks: Sequence[NDArray[np.float64]], labels: Labels, classes: Sequence[str]
) -> Iterator[Finding]:
    """Examples of two scales, such as 0 to 1 and 0 to 255, with nothing between them."""
    # What is zero everywhere has no scale.
    chosen = [(part[part > 0], y[part > 0]) for part, y in zip(peaks, labels, strict=True)]
    ordered = np.sort(np.concatenate([part for part, _ in chosen]))
    if len(ordered) < 2:
        return
    ratios = ordered[1:] / ordered[:-1]
    place = int(ratios.argmax())
    number, few = place + 1, max(2, SCALE_SHARE * len(ordered))
    alone = number == len(ordered) - 1 and ratios[place] >= ALONE_GAP
    if not alone and (ratios[place] < SCALE_GAP or min(number, len(ordered) - number) < few):
        return
    ends = {"low": float(f"{ordered[place]:.4g}"), "high": float(f"{ordered[place + 1]:.4g}")}
    small = [part <= ordered[place] for part, _ in chosen]
    by_class = _by_class("scale", small, [y for _, y in chosen], classes, ends)
    share = min(number, len(ordered) - number) / len(ordered)
    decides = alone and ratios[place] ** 2 >= len(ordered)
    yield by_class or Finding(
        "scales_mixed", bool(decides) or share > 0.05, {"share": number / len(ordered), **ends}
    )


def _compare(
    mark: str,
    marked: Sequence[NDArray[np.bool_]],
    labels: Labels,
    classes: Sequence[str],
    values: dict[str, Any],
) -> Iterator[Finding]:
    """A mark's share in each class beside that in the others, and in both parts."""
    by_class = _by_class(mark, marked, labels, classes, values)
    if by_class is not None:
        yield by_class
    if len(marked) > 1:
        shares = [float(part.mean()) for part in marked]
        sizes = [len(part) for part in marked]
        difference = abs(shares[0] - shares[1])
        if difference >= REPORTED and _is_no_chance((shares[0], shares[1]), sizes, tries=1):
            percent = {"train": _percent(shares[0]), "test": _percent(shares[1])}
            yield Finding(f"{mark}_by_part", difference >= HEADLINE, {**values, **percent})


def _by_class(
    mark: str,
    marked: Sequence[NDArray[np.bool_]],
    labels: Labels,
    classes: Sequence[str],
    values: dict[str, Any],
) -> Finding | None:
    marks, y = np.concatenate([*marked]), np.concatenate([*labels])
    if not classes or not marks.any() or marks.all():
        return None
    sizes = np.bincount(y, minlength=len(classes))
    within = np.bincount(y, weights=marks, minlength=len(classes))
    others, outside = sizes.sum() - sizes, within.sum() - within
    inside_share = within / np.maximum(sizes, 1)
    outside_share = outside / np.maximum(others, 1)
    differences = np.where((sizes > 0) & (others > 0), np.abs(inside_share - outside_share), 0.0)
    uneven = [
        i
        for i in np.flatnonzero(differences >= REPORTED).tolist()
        if _is_no_chance(
            (inside_share[i], outside_share[i]), (sizes[i], others[i]), tries=len(classes)
        )
    ]
    if not uneven:
        return None
    listed = sorted(
        np.flatnonzero(sizes).tolist(), key=lambda i: -abs(inside_share[i] - marks.mean())
    )
    names = {short(classes[i]): _percent(inside_share[i]) for i in listed[:MAX_LISTED]}
    headline = bool(differences[uneven].max() >= HEADLINE)
    return Finding(f"{mark}_by_class", headline, {**values, "names": names})


def _percent(share: float) -> int:
    return round(100 * float(share))


def _is_no_chance(shares: tuple[float, float], sizes: Sequence[int], tries: int) -> bool:
    """Whether shares of two groups would hardly ever come from one share.

    By Chernoff's bound for both, which holds for any numbers.
    """
    whole = sum(share * size for share, size in zip(shares, sizes, strict=True)) / sum(sizes)
    pairs = zip(shares, sizes, strict=True)
    evidence = sum(size * _divergence(share, whole) for share, size in pairs)
    return bool(evidence > log(2 * tries / CHANCE))


def _divergence(a: float, b: float) -> float:
    """Of Kullback and Leibler, between two shares; b is 0 or 1 only if a is."""
    pairs = ((float(a), float(b)), (1 - float(a), 1 - float(b)))
    return sum(p * log(p / q) for p, q in pairs if p > 0)
