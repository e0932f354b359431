"""Emissions and cost against training-set size, one curve per energy source."""

import textwrap
from collections.abc import Callable, Mapping
from functools import partial
from itertools import chain, cycle
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ecosobriety.figures.labels import spread
from ecosobriety.figures.spots import add_spot
from ecosobriety.figures.style import (
    COLOURS,
    DASHES,
    FIT,
    INK,
    MARKERS,
    MUTED,
    add_axes,
    empty_figure,
    log_axis,
    marked_points,
    new_figure,
    number_axis,
    size_axis,
)
from ecosobriety.study.study import Case
from ecosobriety.study.wording import cost_label, no_cost, source_name, trainings
from ecosobriety.tables import GRID_SOURCE
from ecosobriety.texts import Texts
from ecosobriety.units import MASS_UNITS, readable_unit

_GRID_STYLE: Mapping[str, Any] = {
    "color": INK,
    "linewidth": 3.0,
    "marker": "o",
    "markersize": 7,
    "markerfacecolor": "white",
    "markeredgewidth": 1.8,
}
LABEL_GAP_PT = 12.5
LABEL_CHARACTERS = 26
_LEADER = {
    "arrowstyle": "-",
    "linewidth": 0.6,
    "color": MUTED,
    "relpos": (0, 0.5),
    "shrinkA": 2,
    "shrinkB": 3,
}


def _series_styles(case: Case) -> dict[str, Mapping[str, Any]]:
    """Colour, marker and dashes of each source, the same in every figure."""
    # The intensity of one whose cost is known need not be.
    orders = (case.electricity.source_order(column) for column in ("emissions_g", "cost"))
    order = [source for source in dict.fromkeys(chain(*orders)) if source != GRID_SOURCE]
    styles = {
        source: {"color": colour, "marker": marker, "linestyle": dashes}
        for source, colour, marker, dashes in zip(
            order, cycle(COLOURS), cycle(MARKERS), cycle(DASHES), strict=False
        )
    }
    return {**styles, GRID_SOURCE: _GRID_STYLE}


def _label(case: Case, source: str, mark: str, text: Texts) -> str:
    return textwrap.fill(source_name(case, source, text, mark), LABEL_CHARACTERS)


def _say(
    axes: Axes,
    case: Case,
    source: str,
    shown: pd.Series,
    write: Callable[[float], str],
    text: Texts,
) -> None:
    """Let the points of a source's curve, as it is drawn over the sizes, say their values."""
    name = source_name(case, source, text)
    # The mix is that of the study's own country.
    own = {"country": case.electricity.country} if source == GRID_SOURCE else {}
    for size, value in zip(shown.index.to_numpy(), shown.to_numpy(), strict=True):
        words = text(
            "figure.spot.source", name=name, n_train=text.integer(size), value=write(value)
        )
        add_spot(axes, float(size), float(value), words, size=size, source=source, **own)


def source_emissions(case: Case, text: Texts) -> Figure:
    """Emissions against size by source; beside each name the range at the reference size."""
    figure = new_figure(5.05)
    order, styles = case.electricity.source_order("emissions_g"), _series_styles(case)
    if not order:
        return empty_figure(figure, text("figure.source_emissions.no_intensity"))
    lines = add_axes(figure, 0.85, 0.8, 2.5, 4.1)
    ranges = add_axes(figure, 5.45, 0.8, 1.35, 4.1)
    curves = {source: case.electricity.source_curve(source) for source in order}
    highest = float(curves[order[0]]["emissions_g"][case.decision.reference])
    batch = case.emissions_batch
    unit = readable_unit(highest * batch, MASS_UNITS)
    scale = batch / unit.size
    lines.set_yscale("log")
    ranges.set_xscale("log")
    for row, source in enumerate(order):
        curve, style = curves[source], styles[source]
        every = marked_points(len(curve))
        lines.plot(curve.index, curve["emissions_g"] * scale, markevery=every, **style)
        drawn = (curve["emissions_g"] * scale).iloc[::every]
        _say(lines, case, source, drawn, lambda value: text.mass(value * unit.size), text)
        height = 1 - (row + 0.5) / len(order)
        lines.annotate(
            _label(case, source, case.electricity.intensity_mark(source), text),
            (curve.index[-1], curve["emissions_g"].iloc[-1] * scale),
            xytext=(1.1, height),
            textcoords="axes fraction",
            va="center",
            weight="bold" if source == GRID_SOURCE else "normal",
            arrowprops=_LEADER,
        )
        low, centre, high = (
            float(curve[column][case.decision.reference]) * scale
            for column in ("emissions_g_low", "emissions_g", "emissions_g_high")
        )
        ranges.plot([low, high], [height, height], "|-", color=style["color"])
        ranges.plot(centre, height, **style)
    size_axis(lines, case, text, ticks=4)
    log_axis(lines.yaxis, text)
    log_axis(ranges.xaxis, text)
    amounts = {"unit": unit.symbol, "trainings": trainings(batch, text)}
    lines.set_ylabel(text("label.emissions", **amounts))
    n_train = text.integer(case.decision.reference)
    ranges.set_xlabel(text("label.range_at", n_train=n_train, **amounts))
    ranges.set_ylim(0, 1)
    ranges.set_yticks([])
    ranges.spines["left"].set_visible(False)
    ranges.grid(axis="x")
    return figure


def source_cost(case: Case, text: Texts) -> Figure:
    """Cost against size by source, and the share that stopping at a smaller size saves."""
    figure = new_figure(4.6)
    order, styles = case.electricity.source_order("cost"), _series_styles(case)
    if not order:
        return empty_figure(figure, no_cost(case, text))
    axes = add_axes(figure, 0.95, 0.6, 3.95, 3.8)
    curves = {source: case.electricity.source_curve(source) for source in order}
    batch = case.electricity.cost_batch
    highest = max(float(curve["cost"].max()) * batch for curve in curves.values())
    size_axis(axes, case, text)
    currency = case.electricity.currency
    write = partial(text.money, currency=currency)
    top = highest * 1.25  # leaves room for what is saved
    axes.set_ylim(0, top)
    ends = [float(curves[source]["cost"].iloc[-1]) * batch / top for source in order]
    gap = LABEL_GAP_PT / 72 / (axes.get_position().height * figure.get_figheight())
    rows = spread(ends[::-1], gap, 0.01, 0.99)[::-1]
    for source, row in zip(order, rows, strict=True):
        curve = curves[source]
        every = marked_points(len(curve))
        axes.plot(curve.index, curve["cost"] * batch, markevery=every, **styles[source])
        _say(axes, case, source, (curve["cost"] * batch).iloc[::every], write, text)
        axes.annotate(
            _label(case, source, case.electricity.cost_mark(source), text),
            (curve.index[-1], curve["cost"].iloc[-1] * batch),
            xytext=(1.05, row),
            textcoords="axes fraction",
            va="center",
            arrowprops=_LEADER,
        )
    axes.set_ylabel(cost_label(case, batch, text))
    number_axis(axes, text)
    if case.decision.stop is not None:
        _draw_saving(axes, curves[order[0]]["cost"] * batch, case, case.decision.stop, text)
    return figure


def _draw_saving(axes: Axes, cost: pd.Series, case: Case, stop: int, text: Texts) -> None:
    """Draw, above the highest curve, what is saved by stopping at a smaller size."""
    before, after = float(cost[case.decision.reference]), float(cost[stop])
    axes.hlines(before, stop, case.decision.reference, color=MUTED, linewidth=0.8, linestyle=":")
    arrow = {"arrowstyle": "->", "color": FIT, "linewidth": 1.8, "shrinkA": 0, "shrinkB": 4}
    axes.annotate("", (stop, after), xytext=(stop, before), arrowprops=arrow)
    axes.annotate(
        text(
            "figure.source_cost." + ("sufficient" if case.decision.smaller_suffices else "half"),
            change=text.change(-float(case.electricity.saving(stop)["saved_share"])),
            n_train=text.integer(stop),
        ),
        (0.02, 0.98),
        xycoords="axes fraction",
        va="top",
        color=FIT,
        weight="bold",
    )


def _data(case: Case, column: str) -> pd.DataFrame:
    """Emissions or cost of each source by size, the sources in their order."""
    order = case.electricity.source_order(column)
    columns = ["source", "coverage", "n_train", column, f"{column}_low", f"{column}_high"]
    if column == "cost":
        columns.append("currency")
    curves = [case.electricity.source_curve(source)[columns] for source in order]
    return pd.concat(curves) if curves else pd.DataFrame(columns=columns)


DRAWINGS = {"source_cost": source_cost, "source_emissions": source_emissions}
DATA = {
    "source_cost": lambda case: _data(case, "cost"),
    "source_emissions": lambda case: _data(case, "emissions_g"),
}
