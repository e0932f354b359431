"""The figures' common style and axes."""

import math
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from ecosobriety.study.study import Case
from ecosobriety.texts import Texts

STYLE: dict[Any, Any] = {
    # What a user's matplotlibrc sets (LaTeX, say) is for the user's own figures.
    **{key: value for key, value in mpl.rcParamsDefault.items() if not key.startswith("backend")},
    # A user's names may hold dollars.
    "text.parse_math": False,
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#555555",
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": "#e3e3e3",
    "grid.linewidth": 0.7,
    "lines.linewidth": 1.6,
    "lines.markersize": 5,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "figure.facecolor": "white",
    "savefig.dpi": 180,
    # Letters become paths: a page may not fetch a font, and with another one labels would overlap.
    "svg.fonttype": "path",
    "svg.hashsalt": "ecosobriety",
}
"""The style of all figures, in one place."""

WIDTH_IN = 7.0
INK, MUTED, ACCENT, FIT = "#222222", "#6b6b6b", "#0072b2", "#b34700"
# Okabe and Ito's colours (2008), distinct for colour-blind readers; the yellow is darkened to be
# seen on white. Markers and dashes repeat the distinction without colour.
COLOURS = ("#000000", "#d55e00", "#0072b2", "#009e73", "#cc79a7", "#b8860b", "#56b4e9")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "h", "*", "p", "d")
DASHES = ("-", "--", "-.", ":")
TICK_STEPS = (1, 2, 5, 10)  # between ticks: each needs one significant digit only

_MARKERS = 25


def new_figure(height_in: float) -> Figure:
    """An empty figure of the common width, drawn by Agg."""
    figure = Figure(figsize=(WIDTH_IN, height_in))
    FigureCanvasAgg(figure)
    return figure


def empty_figure(figure: Figure, reason: str) -> Figure:
    """The reason why there is nothing to draw, in the middle of the figure."""
    figure.text(0.5, 0.5, reason, ha="center", va="center")
    return figure


def add_axes(figure: Figure, left: float, bottom: float, width: float, height: float) -> Axes:
    """Axes by position and size in inches from the lower left corner."""
    total_width, total_height = figure.get_size_inches()
    box = (left / total_width, bottom / total_height, width / total_width, height / total_height)
    return figure.add_axes(box)


def size_axis(axes: Axes, case: Case, text: Texts, ticks: int = 6) -> None:
    """Let the x axis hold the training-set sizes, from 0."""
    axes.set_xlim(0, float(case.decision.curve.index.max()) * 1.03)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=ticks, steps=TICK_STEPS, integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: text.integer(value)))
    axes.set_xlabel(size_label(case, text))


def size_label(case: Case, text: Texts) -> str:
    """The axis's label, with what the user calls the examples."""
    unit = case.study.intake.unit
    return text("label.n_train") if unit is None else text("label.n_train_of", unit=unit)


def marked_points(points: int) -> int:
    """Every how manieth point of a line has its marker: those of hundreds would be one bar."""
    return -(-points // _MARKERS)


def number_axis(axes: Axes, text: Texts) -> None:
    """Write the y axis's numbers in the reader's language, with the decimals its steps need."""

    def write(value: float, _: int | None) -> str:
        step = float(np.diff(axes.yaxis.get_majorticklocs())[0])
        return text.fixed(value, max(0, -math.floor(math.log10(step) + 1e-9)))

    axes.yaxis.set_major_locator(MaxNLocator(nbins=6, steps=TICK_STEPS))
    axes.yaxis.set_major_formatter(FuncFormatter(write))


def log_axis(axis: Axis, text: Texts) -> None:
    """Write powers of ten as numbers in the reader's language."""
    axis.set_major_locator(LogLocator(numticks=8))
    axis.set_major_formatter(FuncFormatter(lambda value, _: text.number(value, 1)))
    axis.set_minor_formatter(NullFormatter())


def energy_and_score_axes(axes: Axes, unit: str, text: Texts) -> None:
    """Let the x axis hold energies on a logarithmic scale, and the y axis scores."""
    axes.set_xlabel(text("label.energy", unit=unit))
    axes.set_ylabel(text("label.accuracy"))
    number_axis(axes, text)
    log_axis(axes.xaxis, text)
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0), numticks=12))
    axes.autoscale_view(scalex=False)


def draw_front(axes: Axes, front: pd.DataFrame, text: Texts) -> None:
    """Draw the line below which nothing else is as good with as little energy.

    Args:
        axes: of energies and scores.
        front: its points, columns `x` and `y` in the axes' units, by rising `x`.
        text: the language.
    """
    axes.plot(
        front["x"],
        front["y"],
        drawstyle="steps-post",
        color=MUTED,
        linestyle="--",
        label=text("figure.pareto.front"),
    )
