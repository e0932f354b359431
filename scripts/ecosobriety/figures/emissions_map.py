"""Emissions by country and energy source, as a map of cells with their values."""

import textwrap

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from ecosobriety.figures.spots import add_spot
from ecosobriety.figures.style import MUTED, add_axes, empty_figure, new_figure
from ecosobriety.study.study import Case
from ecosobriety.study.wording import (
    emissions_label,
    listed_country,
    source_column,
)
from ecosobriety.tables import GRID_SOURCE
from ecosobriety.texts import Texts
from ecosobriety.units import MASS_UNITS, readable_unit

# Its lightness rises steadily, so that it reads in grey and by colour-blind readers (Nuñez,
# Anderton and Renslow, 2018). Few steps keep the page small.
_COLOURS = mpl.colormaps["cividis"].resampled(64)
_ROW_IN, _HEADER_IN, _FOOTER_IN = 0.225, 1.4, 1.0
_LEFT_IN, _WIDTH_IN = 1.8, 5.1
_MIX_GAP = 0.25  # between the mix and the contracts, in columns
_COLUMN_CHARACTERS = 16
_VALUE_PT = 9.0
_MANY_DECADES = 100.0  # beyond this ratio only powers of ten have a tick
# Below this share of the colours white letters are easier to read, above it black ones: so the
# contrast is at least 4.5 everywhere (WCAG 2.1, AA).
_DARK_BELOW = 30 / 64


def emissions_map(case: Case, text: Texts) -> Figure:
    """Emissions in a selection of countries with every source at one coverage, a colour each."""
    shown = case.electricity.heat_map * case.emissions_batch
    positive = shown.where(shown > 0)
    if positive.isna().all(axis=None):
        return empty_figure(new_figure(2.0), text("figure.emissions_map.no_intensity"))
    height = _ROW_IN * len(shown)
    figure = new_figure(height + _HEADER_IN + _FOOTER_IN)
    lowest, highest = (float(end(positive.to_numpy())) for end in (np.nanmin, np.nanmax))
    unit = readable_unit(highest, MASS_UNITS)
    # A single value needs a scale around it.
    room = 1.0 if lowest < highest else 1.01
    norm = LogNorm(lowest / room / unit.size, highest * room / unit.size)
    axes = add_axes(figure, _LEFT_IN, _FOOTER_IN, _WIDTH_IN, height)
    centres = [place + _MIX_GAP * (place > 0) for place in range(len(shown.columns))]
    _draw_cells(axes, shown / unit.size, centres, norm, text)
    _name_rows_and_columns(axes, case, centres, text)
    _say_cells(axes, case, centres, text)
    scale = add_axes(figure, _LEFT_IN, 0.68, _WIDTH_IN, 0.14)
    _draw_scale(scale, norm, text)
    scale.set_xlabel(emissions_label(case, case.decision.reference, unit.symbol, text))
    return figure


def _draw_cells(
    axes: Axes, shown: pd.DataFrame, centres: list[float], norm: LogNorm, text: Texts
) -> None:
    # A scale of powers has no place for 0.
    shares = norm(shown.where(shown > 0).to_numpy()).filled(np.nan)
    colours = _COLOURS(shares)
    for (row, column), value in np.ndenumerate(shown.to_numpy()):
        share, centre = shares[row, column], centres[column]
        known = not np.isnan(share)
        axes.add_patch(
            Rectangle(
                (centre - 0.5, row - 0.5),
                1,
                1,
                facecolor=colours[row, column] if known else "white",
                edgecolor="white" if known else MUTED,
                linewidth=0.8,
            )
        )
        axes.text(
            centre,
            row,
            "–" if np.isnan(value) else text.number(value, 2),
            ha="center",
            va="center",
            fontsize=_VALUE_PT,
            color="white" if known and share < _DARK_BELOW else "black",
        )


def _say_cells(axes: Axes, case: Case, centres: list[float], text: Texts) -> None:
    countries, shown = case.electricity.shown_countries, case.electricity.heat_map
    names = [listed_country(row, text) for _, row in countries.iterrows()]
    for (row, column), amount_g in np.ndenumerate(shown.to_numpy() * case.emissions_batch):
        source, centre = str(shown.columns[column]), centres[column]
        words = text(
            "figure.spot.cell",
            name=names[row],
            source=source_column(case, source, text),
            value=text.mass(amount_g),
        )
        width, height = (centre - 0.5, centre + 0.5), (row - 0.5, row + 0.5)
        add_spot(axes, width, height, words, country=shown.index[row], source=source)


def _name_rows_and_columns(axes: Axes, case: Case, centres: list[float], text: Texts) -> None:
    countries, columns = case.electricity.shown_countries, case.electricity.heat_map.columns
    axes.set_xlim(-0.5, centres[-1] + 0.5)
    axes.set_ylim(len(countries) - 0.5, -0.5)
    rows = [listed_country(row, text) for _, row in countries.iterrows()]
    axes.set_yticks(range(len(countries)), rows)
    own = countries["country_iso3"] == case.electricity.country
    for label, is_own in zip(axes.get_yticklabels(), own, strict=True):
        label.set_fontweight("bold" if is_own else "normal")
    names = [
        textwrap.fill(source_column(case, source, text), _COLUMN_CHARACTERS) for source in columns
    ]
    axes.set_xticks(centres, names, rotation=90)
    axes.get_xticklabels()[list(columns).index(GRID_SOURCE)].set_fontweight("bold")
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)


def _draw_scale(scale: Axes, norm: LogNorm, text: Texts) -> None:
    low, high = float(norm.vmin or 0), float(norm.vmax or 0)
    # Matplotlib's own colour bar would put a picture into the SVG.
    edges = np.geomspace(low, high, _COLOURS.N + 1)
    between = np.sqrt(edges[1:] * edges[:-1])[np.newaxis]
    scale.set_xscale("log")
    scale.pcolormesh(edges, [0, 1], between, norm=norm, cmap=_COLOURS, edgecolors="face")
    scale.set_xlim(low, high)
    scale.xaxis.set_major_locator(
        LogLocator(subs=(1.0,) if high > _MANY_DECADES * low else (1.0, 2.0, 5.0))
    )
    scale.xaxis.set_major_formatter(FuncFormatter(lambda value, _: text.number(value, 1)))
    scale.xaxis.set_minor_locator(NullLocator())
    scale.set_yticks([])
    scale.spines[:].set_visible(False)


def _data(case: Case) -> pd.DataFrame:
    """Emissions of each cell, a row each."""
    cells = case.electricity.heat_map.rename_axis("country_iso3").reset_index()
    table = cells.melt("country_iso3", var_name="source", value_name="emissions_g")
    own = table["source"] == GRID_SOURCE
    coverage = own.map({True: 0.0, False: case.electricity.heat_map_coverage})
    table.insert(2, "coverage", coverage)
    table.insert(3, "n_train", case.decision.reference)
    return table


DRAWINGS = {"emissions_map": emissions_map}
DATA = {"emissions_map": _data}
