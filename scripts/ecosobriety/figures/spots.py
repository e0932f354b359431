"""Places of a figure that say their value when they are pointed at.

An SVG file holds them as shapes that are not seen, each with its words as its title, which every
browser shows. The report's page knows by their attributes which size, country and source they are
of, and lights those that its calculator is set to.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary
from xml.sax.saxutils import escape, quoteattr

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ecosobriety.figures.style import marked_points
from ecosobriety.texts import Texts

RADIUS_PT = 6.0
"""Of a point's spot: what a finger on a screen still hits is the page's affair."""
_POINTS_PER_INCH = 72.0


@dataclass(frozen=True)
class Spot:
    """A place in data coordinates, what it says, and what it is of.

    Attributes:
        axes: those that it lies in.
        x: its place, or both ends of a bar or a cell.
        y: the same.
        words: what it says, in the reader's language.
        keys: `size`, `country`, `source` and `model` that it is of, as the tables call them.
    """

    axes: Axes
    x: tuple[float, float]
    y: tuple[float, float]
    words: str
    keys: dict[str, str] = field(default_factory=dict)


_SPOTS: WeakKeyDictionary[Figure, list[Spot]] = WeakKeyDictionary()


def add_spot(
    axes: Axes,
    x: float | tuple[float, float],
    y: float | tuple[float, float],
    words: str,
    **keys: object,
) -> None:
    """Let a place of a figure say its value: a point, or a bar or cell by its ends."""
    ends = [(value, value) if isinstance(value, (int, float)) else value for value in (x, y)]
    known = {name: str(value) for name, value in keys.items()}
    figure = axes.figure
    assert isinstance(figure, Figure)
    _SPOTS.setdefault(figure, []).append(Spot(axes, ends[0], ends[1], words, known))


def add_size_spots(
    axes: Axes, values: pd.Series, factor: float, write: Callable[[float], str], text: Texts
) -> None:
    """Let the points of a curve over training-set sizes say their values, where they are marked.

    Args:
        axes: those of the curve.
        values: by n_train.
        factor: what the axis shows is a value times this.
        write: a value in the reader's language.
        text: the reader's texts.
    """
    marked = values.iloc[:: marked_points(len(values))]
    for size, value in zip(marked.index.to_numpy(), marked.to_numpy(), strict=True):
        words = text("figure.spot.size", n_train=text.integer(size), value=write(value))
        add_spot(axes, float(size), float(value) * factor, words, size=size)


def with_spots(figure: Figure, svg: str) -> str:
    """A figure's SVG with its spots on top, in the order in which they were added."""
    spots = _SPOTS.get(figure, [])
    if not spots:
        return svg
    drawn = "\n".join(_shape(spot, figure) for spot in spots)
    body, end, _ = svg.rpartition("</svg>")
    return f'{body}<g class="spots" fill="none" pointer-events="all">\n{drawn}\n</g>\n{end}\n'


def _shape(spot: Spot, figure: Figure) -> str:
    """From data to the points of the SVG, whose origin is at the upper left."""
    scale, height = _POINTS_PER_INCH / figure.dpi, figure.get_figheight() * _POINTS_PER_INCH
    corners = spot.axes.transData.transform([*zip(spot.x, spot.y, strict=True)]) * scale
    (x0, y0), (x1, y1) = ((float(x), height - float(y)) for x, y in corners)
    if spot.x[0] == spot.x[1] and spot.y[0] == spot.y[1]:
        place = f'circle cx="{x0:.1f}" cy="{y0:.1f}" r="{RADIUS_PT:g}"'
    else:
        width, tall = abs(x1 - x0), abs(y1 - y0)
        place = f'rect x="{min(x0, x1):.1f}" y="{min(y0, y1):.1f}" '
        place += f'width="{width:.1f}" height="{tall:.1f}"'
    keys = "".join(f" data-{name}={quoteattr(value)}" for name, value in spot.keys.items())
    tag = place.partition(" ")[0]
    return f"<{place}{keys}><title>{escape(spot.words)}</title></{tag}>"
