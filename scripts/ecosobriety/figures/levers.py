"""The levers: energy against score, and the way from the reference to the recommended setting."""

from itertools import pairwise

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ecosobriety.figures.labels import label_points
from ecosobriety.figures.spots import add_spot
from ecosobriety.figures.style import (
    ACCENT,
    INK,
    add_axes,
    draw_front,
    empty_figure,
    energy_and_score_axes,
    new_figure,
)
from ecosobriety.study.lever_words import change_name, setting_name
from ecosobriety.study.levers_view import LeversView
from ecosobriety.study.study import Study
from ecosobriety.texts import Texts
from ecosobriety.units import ENERGY_UNITS, readable_unit

_ROOM = 1.6  # beyond the outermost points, as a factor
_STEPS = 200
_POINT = "#b9c4cc"


def levers(study: Study, text: Texts) -> Figure:
    """Every setting a point; the Pareto front; the way to the recommended one, lever by lever."""
    figure = new_figure(4.6)
    view = LeversView.of(study)
    if view is None:
        return empty_figure(figure, text("figure.levers.none"))
    axes = add_axes(figure, 0.85, 0.95, 5.9, 3.5)
    unit = readable_unit(float(view.table["energy_kwh_mean"].max()), ENERGY_UNITS)
    factor = study.metric.display_factor
    shown = view.shown.assign(
        x=view.shown["energy_kwh_mean"] / unit.size, y=view.shown["score_mean"] * factor
    )
    axes.set_xscale("log")
    axes.plot(shown["x"], shown["y"], "o", ms=4, color=_POINT, label=text("figure.levers.settings"))
    front = shown[view.on_front[shown.index]].sort_values("x")
    draw_front(axes, front, text)
    axes.axhline(
        view.worst_score * factor, color=INK, linestyle=":", label=text("figure.levers.margin")
    )
    way = shown.loc[view.way.index]
    axes.plot(way["x"], way["y"], "o-", color=ACCENT, label=text("figure.levers.way"), zorder=3)
    for _, row in shown.iterrows():
        words = text(
            "figure.spot.pair",
            name=setting_name(row, text),
            value=text.energy(float(row["energy_kwh_mean"])),
            score=text.score(float(row["score_mean"])),
        )
        add_spot(axes, row["x"], row["y"], words, size=row["n_train"], model=row["model"])
    axes.set_xlim(shown["x"].min() / _ROOM, shown["x"].max() * _ROOM)
    axes.margins(y=0.14)
    energy_and_score_axes(axes, unit.symbol, text)
    names = {
        name: (float(way["x"].iloc[place]), float(way["y"].iloc[place]))
        for place, name in enumerate(_names(view.way, text))
    }
    line = [(float(x), view.worst_score * factor) for x in np.geomspace(*axes.get_xlim(), _STEPS)]
    crowd = [*zip(shown["x"], shown["y"], strict=True), *line]
    label_points(axes, names, crowd, {"color": INK}, first={"color": INK, "weight": "bold"})
    figure.legend(loc="lower center", ncols=4, columnspacing=1.2)
    return figure


def _names(way: pd.DataFrame, text: Texts) -> list[str]:
    """The reference in full, and what each step after it changes."""
    steps = [row for _, row in way.iterrows()]
    changes = [change_name(row, before, text) for before, row in pairwise(steps)]
    return [setting_name(steps[0], text), *changes]


def _data(study: Study) -> pd.DataFrame:
    """Score and energy of each setting that is drawn, its step on the way, and the front."""
    columns = ["dataset", "model", "n_train", "epochs", "lever"]
    columns += ["energy_kwh_mean", "score_mean", "path_step"]
    view = LeversView.of(study)
    if view is None:
        return pd.DataFrame(columns=[*columns, "on_front"])
    return view.shown[columns].assign(on_front=view.on_front)


DRAWINGS = {"levers": levers}
DATA = {"levers": _data}
