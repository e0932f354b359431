"""How far the methods of quantification are from CodeCarbon, on the same trainings."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from ecosobriety.figures.spots import add_spot
from ecosobriety.figures.style import ACCENT, FIT, INK, MUTED, add_axes, empty_figure, new_figure
from ecosobriety.methods import Spread, Summary
from ecosobriety.study.study import Study
from ecosobriety.texts import Texts

_ROW_IN = 0.42
_LANE = 0.17  # how far a row's two dots lie apart, in rows
_TICKS = (1.0, 2.0, 5.0)
_WIDE = 100.0  # a range beyond this takes powers of ten alone as ticks


def methods(study: Study, text: Texts) -> Figure:
    """One row a method: its ratio to CodeCarbon with its own and with common PUE and intensity."""
    rows = study.method_summaries
    figure = new_figure(1.25 + _ROW_IN * len(rows))
    if not any(_positive(row.harmonised) for row in rows):
        return empty_figure(figure, text("figure.methods.none"))
    axes = add_axes(figure, 1.95, 0.95, 4.8, _ROW_IN * len(rows))
    axes.set_xscale("log")
    axes.axvline(1, color=INK, linewidth=1.0, linestyle=(0, (6, 3)), zorder=1)
    _draw(axes, [row.harmonised for row in rows], -_LANE, ACCENT, "o", ACCENT)
    _draw(axes, [row.own for row in rows], _LANE, FIT, "D", "white")
    for place, row in enumerate(rows):
        if not _positive(row.harmonised) and not _positive(row.own):
            axes.annotate(
                text(_why_empty(row)),
                (0.5, place),
                xycoords=axes.get_yaxis_transform(),
                ha="center",
                va="center",
                color=MUTED,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5},
            )
    for place, row in enumerate(rows):
        for spread, height in ((row.harmonised, place - _LANE), (row.own, place + _LANE)):
            if spread is not None and _positive(spread):
                name = text(f"method.{row.method}")
                times = text.number(spread.median)
                words = text("figure.spot.named", name=name, value=f"× {times}")
                add_spot(axes, spread.median, height, words)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_yticks(range(len(rows)), [text(f"method.{row.method}") for row in rows])
    _ratio_axis(axes, text)
    for marker, colour, face, kind in (
        ("o", ACCENT, ACCENT, "harmonised"),
        ("D", FIT, "white", "own"),
    ):
        axes.plot(
            [],
            [],
            marker,
            color=colour,
            markerfacecolor=face,
            label=text(f"figure.methods.{kind}"),
        )
    figure.legend(loc="lower center", ncols=2, columnspacing=1.5)
    return figure


def _draw(
    axes: Axes,
    spreads: Sequence[Spread | None],
    shift: float,
    colour: str,
    marker: str,
    face: str,
) -> None:
    """A dot at each median, and a line over the range of the trainings."""
    for place, spread in enumerate(spreads):
        if spread is not None and _positive(spread):
            height = place + shift
            axes.plot([spread.low, spread.high], [height, height], color=colour, linewidth=1.4)
            axes.plot(spread.median, height, marker, color=colour, markerfacecolor=face)


def _positive(spread: Spread | None) -> bool:
    """Whether a logarithmic axis can hold it."""
    return spread is not None and spread.low > 0


def _why_empty(row: Summary) -> str:
    if row.applied == 0:
        return "figure.methods.not_applicable"
    return "figure.methods.rounded" if row.own is not None else "figure.methods.no_energy"


def _ratio_axis(axes: Axes, text: Texts) -> None:
    low, high = axes.get_xlim()
    # One lone method at 1 leaves no range of its own.
    low, high = min(low, 0.5), max(high, 2.0)
    axes.set_xlim(low, high)
    ticks = _TICKS if high / low < _WIDE else _TICKS[:1]
    axes.xaxis.set_major_locator(LogLocator(subs=ticks, numticks=12))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: text.number(value, 1)))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.grid(axis="x")
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(text("label.ratio_to_codecarbon"))


def _data(study: Study) -> pd.DataFrame:
    """The ratios of each method to CodeCarbon, with its own factors and harmonised."""
    rows = [
        {
            "method": row.method,
            "factors": kind,
            "trainings": row.applied,
            **{
                f"ratio_{end}": None if spread is None else getattr(spread, end)
                for end in ("median", "low", "high")
            },
        }
        for row in study.method_summaries
        for kind, spread in (("own", row.own), ("harmonised", row.harmonised))
    ]
    return pd.DataFrame(rows)


DRAWINGS = {"methods": methods}
DATA = {"methods": _data}
