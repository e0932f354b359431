"""The test score against energy, over all models and sizes of a study."""

from itertools import cycle, pairwise

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ecosobriety.figures.labels import Point, label_points
from ecosobriety.figures.spots import add_spot
from ecosobriety.figures.style import (
    COLOURS,
    INK,
    MARKERS,
    add_axes,
    draw_front,
    energy_and_score_axes,
    new_figure,
)
from ecosobriety.study.study import Study
from ecosobriety.study.wording import point_name
from ecosobriety.texts import Texts
from ecosobriety.units import ENERGY_UNITS, readable_unit

_ROOM = 2.0  # beyond the outermost points, as a factor: every such range holds a tick
_STEPS = 60
_NAMES = 24


def pareto(study: Study, text: Texts) -> Figure:
    """Score against energy: each model and size a point, and a line through the front."""
    figure = new_figure(4.6)
    axes = add_axes(figure, 0.85, 0.95, 5.9, 3.5)
    table, metric = study.efficiency, study.metric
    unit = readable_unit(float(table["energy_kwh_mean"].max()), ENERGY_UNITS)
    shown = table.assign(
        x=table["energy_kwh_mean"] / unit.size,
        y=table[f"{metric.name}_mean"] * metric.display_factor,
    )
    axes.set_xscale("log")
    front = shown[shown["on_front"]].sort_values("x")
    draw_front(axes, front, text)
    models = shown.groupby("model", sort=False)
    for (model, points), colour, marker in zip(
        models, cycle(COLOURS[1:]), cycle(MARKERS), strict=False
    ):
        axes.plot(points["x"], points["y"], marker, color=colour, label=str(model))
        for row in points.iloc[:: -(-len(points) // _NAMES)].to_dict("records"):
            name = point_name(study, str(model), int(row["n_train"]), text)
            score = text.score(float(row[f"{metric.name}_mean"]))
            words = text(
                "figure.spot.pair",
                name=name,
                value=text.energy(float(row["energy_kwh_mean"])),
                score=score,
            )
            add_spot(axes, row["x"], row["y"], words, size=row["n_train"], model=model)
    axes.set_xlim(shown["x"].min() / _ROOM, shown["x"].max() * _ROOM)
    axes.margins(y=0.12)
    energy_and_score_axes(axes, unit.symbol, text)
    line = list(zip(front["x"], front["y"], strict=True))
    _name_points(axes, study, text, unit.size, line)
    figure.legend(loc="lower center", ncols=1 + models.ngroups, columnspacing=1.5)
    return figure


def _name_points(
    axes: Axes, study: Study, text: Texts, unit_kwh: float, front: list[Point]
) -> None:
    """Name the points, those of the front first, from the best down."""
    metric = study.metric
    scores = study.efficiency[f"{metric.name}_mean"]
    order = study.efficiency.assign(score=scores, gain=metric.sign * scores).sort_values(
        ["on_front", "gain"], ascending=False
    )
    # The best, and among hundreds of sizes some from there on down.
    named = order.iloc[:: -(-len(order) // _NAMES)]
    points = {
        point_name(study, str(row.model), int(row.n_train), text): (  # type: ignore[arg-type]
            float(row.energy_kwh_mean) / unit_kwh,  # type: ignore[arg-type]
            float(row.score) * metric.display_factor,  # type: ignore[arg-type]
        )
        for row in named.itertuples()
    }
    plain = {"color": INK}
    crowd = [
        *zip(
            order["energy_kwh_mean"] / unit_kwh, order["score"] * metric.display_factor, strict=True
        ),
        *_along(front),
    ]
    label_points(axes, points, crowd, plain, first={**plain, "weight": "bold"})


def _along(front: list[Point]) -> list[Point]:
    """Points along the front's steps, close enough that no name fits between two of them."""
    return [
        point
        for (x, y), (next_x, next_y) in pairwise(front)
        for point in (
            *((float(along), y) for along in np.geomspace(x, next_x, _STEPS)),
            *((next_x, float(along)) for along in np.linspace(y, next_y, _STEPS)),
        )
    ]


def _data(study: Study) -> pd.DataFrame:
    """Score and energy of each model and size, and whether anything beats it."""
    columns = ["dataset", "model", "n_train", "energy_kwh_mean", f"{study.metric.name}_mean"]
    return study.efficiency[[*columns, "on_front"]]


DRAWINGS = {"pareto": pareto}
DATA = {"pareto": _data}
