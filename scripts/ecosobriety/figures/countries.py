"""Emissions of a training in every country."""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from ecosobriety.figures.labels import label_points
from ecosobriety.figures.spots import add_spot
from ecosobriety.figures.style import (
    ACCENT,
    FIT,
    INK,
    add_axes,
    empty_figure,
    new_figure,
    number_axis,
)
from ecosobriety.study.electricity_view import LISTED_COUNTRIES
from ecosobriety.study.study import Case
from ecosobriety.study.wording import emissions_label
from ecosobriety.texts import Texts
from ecosobriety.units import MASS_UNITS, readable_unit


def country_emissions(case: Case, text: Texts) -> Figure:
    """Emissions on each country's mix against its low-carbon share, some countries picked out."""
    figure = new_figure(4.75)
    cells = case.electricity.country_cells
    shown = cells[cells["usable"]]
    if shown.empty:
        return empty_figure(figure, text("figure.country_emissions.no_share"))
    axes = add_axes(figure, 0.95, 0.95, 5.8, 3.65)
    batch = case.emissions_batch
    unit = readable_unit(float(shown["emissions_g"].max()) * batch, MASS_UNITS)
    points = {
        str(row.country_iso3): (
            float(row.country_low_carbon_share) * 100,  # type: ignore[arg-type]
            float(row.emissions_g) * batch / unit.size,  # type: ignore[arg-type]
        )
        for row in shown.itertuples()
    }
    x, y = zip(*points.values(), strict=True)
    label = text("figure.country_emissions.every")
    axes.scatter(x, y, s=20, color=ACCENT, alpha=0.4, linewidth=0, label=label)
    listed = [
        code for code in LISTED_COUNTRIES if code in points and code != case.electricity.country
    ]
    if listed:
        listed_x, listed_y = zip(*(points[code] for code in listed), strict=True)
        axes.scatter(
            listed_x,
            listed_y,
            s=34,
            color=ACCENT,
            edgecolor=INK,
            linewidth=1.2,
            label=text("figure.country_emissions.listed"),
        )
    axes.set_xlim(-3, 103)
    axes.set_ylim(0, max(y) * 1.07)
    axes.set_xlabel(text("label.low_carbon_share"))
    axes.set_ylabel(emissions_label(case, case.decision.reference, unit.symbol, text))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: text.integer(value)))
    number_axis(axes, text)
    own = case.electricity.country in points
    if own:
        axes.plot(
            *points[case.electricity.country],
            "D",
            color=FIT,
            markersize=7,
            markeredgecolor="white",
            linestyle="none",
            label=text("figure.country_emissions.own"),
        )
    names = dict(zip(shown["country_iso3"], shown["country_name"], strict=True))
    plain = {"color": INK}
    for code, (share, emissions) in points.items():
        words = text(
            "figure.spot.named",
            name=text.country(code, names[code]),
            value=text.mass(emissions * unit.size),
        )
        add_spot(axes, share, emissions, words, country=code)
    label_points(
        axes,
        {
            text.country(code, names[code]): points[code]
            for code in [case.electricity.country] * own + listed
        },
        points.values(),
        plain,
        first={"color": FIT, "weight": "bold"} if own else plain,
    )
    figure.legend(loc="lower center", ncols=3, columnspacing=1.5)
    return figure


def _data(case: Case) -> pd.DataFrame:
    """Emissions and low-carbon share of each country that is drawn."""
    cells = case.electricity.country_cells
    columns = ["country_iso3", "country_name", "n_train", "country_low_carbon_share"]
    return cells.loc[cells["usable"], [*columns, "intensity_g_per_kwh", "emissions_g"]]


DRAWINGS = {"country_emissions": country_emissions}
DATA = {"country_emissions": _data}
