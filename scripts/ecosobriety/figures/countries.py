"""Emissions of one training in every country."""

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from ecosobriety.figures.labels import label_points
from ecosobriety.figures.style import (
    ACCENT,
    FIT,
    INK,
    add_axes,
    empty_figure,
    new_figure,
    number_axis,
)
from ecosobriety.texts import Texts
from ecosobriety.units import MASS_UNITS, readable_unit
from ecosobriety.views import Case

# Countries worth a name if there is room: both ends of the scale, then large users of electricity.
_KNOWN_COUNTRIES = (
    *("NOR", "POL", "CHN", "USA", "DEU", "IND", "SWE", "ZAF"),
    *("GBR", "BRA", "JPN", "AUS", "CAN", "SAU", "ESP"),
)


def country_emissions(case: Case, text: Texts) -> Figure:
    """Emissions of one training on each country's mix against the mix's low-carbon share."""
    figure = new_figure(4.4)
    cells = case.country_cells
    shown = cells[cells["usable"]]
    if shown.empty:
        return empty_figure(figure, text("figure.country_emissions.no_share"))
    axes = add_axes(figure, 0.85, 0.6, 5.9, 3.65)
    unit = readable_unit(float(shown["emissions_g"].max()), MASS_UNITS)
    points = {
        str(row.country_iso3): (
            float(row.country_low_carbon_share) * 100,  # type: ignore[arg-type]
            float(row.emissions_g) / unit.size,  # type: ignore[arg-type]
        )
        for row in shown.itertuples()
    }
    x, y = zip(*points.values(), strict=True)
    axes.scatter(x, y, s=20, color=ACCENT, alpha=0.5, linewidth=0)
    axes.set_xlim(-3, 103)
    axes.set_ylim(0, max(y) * 1.07)
    n_train = text.integer(case.reference)
    axes.set_xlabel(text("label.low_carbon_share"))
    axes.set_ylabel(text("label.emissions_at", unit=unit.symbol, n_train=n_train))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: text.integer(value)))
    number_axis(axes, text)
    own = case.country in points
    if own:
        axes.plot(*points[case.country], "D", color=FIT, markersize=7, markeredgecolor="white")
    names = dict(zip(shown["country_iso3"], shown["country_name"], strict=True))
    known = [code for code in _KNOWN_COUNTRIES if code in points and code != case.country]
    plain = {"color": INK}
    label_points(
        axes,
        {text.country(code, names[code]): points[code] for code in [case.country] * own + known},
        points.values(),
        plain,
        first={"color": FIT, "weight": "bold"} if own else plain,
    )
    return figure
