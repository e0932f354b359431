"""Placing a figure's labels so that none covers another."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.path import Path
from matplotlib.transforms import Bbox
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Point = tuple[float, float]

# A label's place: how far it stands from its point, in points, and its own width and height that it
# moves to the left and down.
_DIRECTIONS = (
    (1.0, 0.0, 0.0, 0.5),
    (-1.0, 0.0, 1.0, 0.5),
    (0.0, 1.0, 0.5, 0.0),
    (0.0, -1.0, 0.5, 1.0),
    (0.7, 0.7, 0.0, 0.0),
    (-0.7, -0.7, 1.0, 1.0),
    (0.7, -0.7, 0.0, 1.0),
    (-0.7, 0.7, 1.0, 0.0),
)
_REACHES_PT = (6.0, 14.0, 24.0, 36.0)
_DOT_PT = 2.5


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> Floats:
    """Move positions as little as possible so that neighbours are at least `gap` apart.

    The least-squares solution: with the gaps taken off, "in order" is all that is asked, which is
    isotonic regression; clipping it to the bounds keeps it optimal.

    Args:
        wanted: positions in rising order.
        gap: smallest distance of neighbours, in the same unit.
        low: lower bound of all positions.
        high: upper bound; it must leave room for all gaps.
    """
    steps = gap * np.arange(len(wanted))
    # Pool adjacent violators: what would stand left of its left neighbour shares its place. SciPy
    # has it, too, and takes longer to load than a figure to draw.
    pools: list[tuple[float, int]] = []
    for place in np.asarray(wanted, dtype=float) - steps:
        mean, size = float(place), 1
        while pools and pools[-1][0] > mean:
            left_mean, left_size = pools.pop()
            mean = (mean * size + left_mean * left_size) / (size + left_size)
            size += left_size
        pools.append((mean, size))
    free = np.repeat([mean for mean, _ in pools], [size for _, size in pools])
    return np.asarray(np.clip(free, low, high - steps[-1]) + steps)


def label_points(
    axes: Axes,
    names: Mapping[str, Point],
    crowd: Iterable[Point],
    style: Mapping[str, Any],
    first: Mapping[str, Any],
) -> None:
    """Name points in their order of importance; a name without a free place is left out.

    A place is free where the name lies within the axes and covers no point and no other name. The
    first name is always written, where it covers the fewest points.

    Args:
        axes: axes whose limits are final.
        names: each name with its point, in the units of the data.
        crowd: all points drawn, in the units of the data.
        style: text properties of the names.
        first: text properties of the first name.
    """
    # One dot a pixel: a study of hundreds of sizes draws thousands over one another.
    dots = np.unique(np.round(axes.transData.transform(np.array(list(crowd)))), axis=0)
    taken: list[Bbox] = []
    leaders: list[Path] = []
    for rank, (name, point) in enumerate(names.items()):
        properties = first if rank == 0 else style
        place, covered = _best_place(axes, name, point, properties, dots, taken, leaders)
        if covered and rank > 0:
            continue
        corner = axes.transData.inverted().transform((place.x0, place.y0))
        axes.annotate(
            name,
            point,
            xytext=(float(corner[0]), float(corner[1])),
            va="bottom",
            ha="left",
            arrowprops={
                "arrowstyle": "-",
                "linewidth": 0.6,
                "color": "#6b6b6b",
                "shrinkA": 0,
                "shrinkB": 2,
            },
            **properties,
        )
        taken.append(place)
        leaders.append(_leader(axes, point, place))


def _best_place(
    axes: Axes,
    name: str,
    point: Point,
    properties: Mapping[str, Any],
    dots: Floats,
    taken: Sequence[Bbox],
    leaders: Sequence[Path],
) -> tuple[Bbox, float]:
    """The first place that covers nothing, else the one that covers least; and how much."""
    figure = axes.figure
    assert isinstance(figure, Figure)
    scale = figure.dpi / 72
    probe = axes.text(0, 0, name, **properties)
    size = probe.get_window_extent()
    probe.remove()
    x, y = axes.transData.transform(point)
    best: tuple[Bbox, float] | None = None
    for reach in _REACHES_PT:
        for dx, dy, left, down in _DIRECTIONS:
            corner_x = x + dx * reach * scale - left * size.width
            corner_y = y + dy * reach * scale - down * size.height
            place = Bbox.from_bounds(corner_x, corner_y, size.width, size.height)
            own = _leader(axes, point, place)
            clashes = _clashes(axes, place, taken)
            clashes += sum(leader.intersects_bbox(place, filled=False) for leader in leaders)
            clashes += sum(own.intersects_bbox(other, filled=False) for other in taken)
            covered = _covered(place, dots, _DOT_PT * scale) + 1e6 * clashes
            if best is None or covered < best[1]:
                best = (place, covered)
            if covered == 0:
                return place, 0.0
    assert best is not None
    return best


def _leader(axes: Axes, point: Point, place: Bbox) -> Path:
    """The line from a point to the middle of its name, in pixels."""
    middle = (place.x0 + place.width / 2, place.y0 + place.height / 2)
    return Path(np.array([axes.transData.transform(point), middle]))


def _covered(place: Bbox, dots: Floats, radius_px: float) -> float:
    """How many dots a place covers."""
    near = (dots > np.array(place.min) - radius_px) & (dots < np.array(place.max) + radius_px)
    return float(near.all(axis=1).sum())


def _clashes(axes: Axes, place: Bbox, taken: Sequence[Bbox]) -> float:
    """How many names a place covers; leaving the axes counts as one."""
    within = Bbox.intersection(axes.bbox, place)
    outside = within is None or not np.allclose(within.extents, place.extents)
    return float(outside + sum(place.overlaps(other) for other in taken))
