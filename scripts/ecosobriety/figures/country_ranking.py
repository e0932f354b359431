"""A ranking of countries by the emissions of the same trainings on their mix."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from ecosobriety.figures.spots import add_spot
from ecosobriety.figures.style import (
    ACCENT,
    FIT,
    INK,
    MUTED,
    TICK_STEPS,
    add_axes,
    empty_figure,
    new_figure,
)
from ecosobriety.study.electricity_view import LISTED_COUNTRIES
from ecosobriety.study.study import Case
from ecosobriety.study.wording import emissions_label, listed_country
from ecosobriety.texts import Texts, decimals_for, is_known
from ecosobriety.units import MASS_UNITS, readable_unit

_ROW_IN, _FOOTER_IN, _HEADER_IN = 0.215, 0.65, 0.1
_ROOM = 1.5  # for what is written behind the longest bar
_EXTREME = "#9ecae1"


def country_ranking(case: Case, text: Texts) -> Figure:
    """Emissions on the mixes of a selection of countries, with bounds, from the highest down."""
    countries = case.electricity.shown_countries
    if countries.empty:
        return empty_figure(new_figure(2.0), text("figure.country_ranking.no_intensity"))
    height = _ROW_IN * len(countries)
    figure = new_figure(height + _FOOTER_IN + _HEADER_IN)
    axes = add_axes(figure, 2.1, _FOOTER_IN, 4.75, height)
    columns = ["emissions_g", "emissions_g_low", "emissions_g_high"]
    amounts = countries[columns] * case.emissions_batch
    unit = readable_unit(float(amounts["emissions_g"].max()), MASS_UNITS)
    shown = amounts / unit.size
    for row, (country, (mean, low, high)) in enumerate(
        zip(countries["country_iso3"], shown.to_numpy(), strict=True)
    ):
        own = country == case.electricity.country
        colour = FIT if own else ACCENT if country in LISTED_COUNTRIES else _EXTREME
        axes.barh(row, mean, height=0.72, color=colour)
        words = text(
            "figure.spot.named",
            name=listed_country(countries.iloc[row], text),
            value=text.mass(mean * unit.size),
        )
        longest = float(np.nanmax(shown.to_numpy())) * _ROOM
        add_spot(axes, (0.0, longest), (row - 0.5, row + 0.5), words, country=country)
        end, written = mean, text.number(mean)
        if is_known(low) and is_known(high):
            axes.plot([low, high], [row, row], "|-", color=INK, linewidth=1.0, markersize=6)
            decimals = decimals_for(mean, 3)
            bounds = {"low": text.fixed(low, decimals), "high": text.fixed(high, decimals)}
            end, written = max(mean, high), text("unit.interval", mean=written, **bounds)
        axes.annotate(
            written,
            (end, row),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            fontsize=9.0,
            weight="bold" if own else "normal",
        )
    axes.set_xlim(0, float(np.nanmax(shown.to_numpy())) * _ROOM)
    axes.set_ylim(len(countries) - 0.4, -0.6)
    names = [f"{row['rank']}. {listed_country(row, text)}" for _, row in countries.iterrows()]
    axes.set_yticks(range(len(countries)), names)
    for label, country in zip(axes.get_yticklabels(), countries["country_iso3"], strict=True):
        label.set_fontweight("bold" if country == case.electricity.country else "normal")
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, steps=TICK_STEPS))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: text.number(value, 1)))
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x", color=MUTED, alpha=0.25)
    axes.set_xlabel(emissions_label(case, case.decision.reference, unit.symbol, text))
    return figure


def _data(case: Case) -> pd.DataFrame:
    """The countries of the ranking, in its order."""
    columns = ["rank", "country_iso3", "country_name", "n_train"]
    columns += ["emissions_g", "emissions_g_low", "emissions_g_high"]
    return case.electricity.shown_countries[columns]


DRAWINGS = {"country_ranking": country_ranking}
DATA = {"country_ranking": _data}
