"""The report's figures: one function per figure.

Each takes a case, or the whole study, and the reader's texts.

Figures are drawn without pyplot and its global state. Every text comes from the catalogue, and the
same input gives the same SVG, byte for byte.
"""

import io
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure

from ecosobriety.discovery import declared
from ecosobriety.figures.spots import with_spots
from ecosobriety.figures.style import STYLE, empty_figure, new_figure
from ecosobriety.study.study import Study
from ecosobriety.texts import Texts


@cache
def drawings() -> dict[str, Callable[[Any, Texts], Figure]]:
    """What draws a figure, by its name: of a case for those of a model, else of the study.

    Each module of this folder declares its own as `DRAWINGS`.
    """
    return {k: v for found in declared("ecosobriety.figures", "DRAWINGS") for k, v in found.items()}


@cache
def tables() -> dict[str, Callable[[Any], pd.DataFrame]]:
    """What a figure shows, as a table, by its name: of a case or of the study, as `drawings`.

    Each module of this folder declares its own as `DATA`.
    """
    return {k: v for found in declared("ecosobriety.figures", "DATA") for k, v in found.items()}


def shown_in(figure: str, study: Study) -> pd.DataFrame:
    """What one of `figure_names.figure_ids` shows, in the units of the study's tables."""
    name, _, model = figure.partition("-")
    return tables()[name](
        study.case(study.config["dataset"]["name"], model) if model else study
    ).reset_index(drop=True)


def draw(figure: str, study: Study, text: Texts) -> Figure:
    """Draw one of `figure_names.figure_ids` in the common style; why not, for want of trainings."""
    name, _, model = figure.partition("-")
    text = text.of(study.metric)
    with mpl.rc_context(STYLE):
        if model in study.untrained:
            return empty_figure(new_figure(1.0), text("figure.untrained", model=model))
        if model:
            return drawings()[name](study.case(study.config["dataset"]["name"], model), text)
        return drawings()[name](study, text)


_UNDATED: dict[str, dict[str, Any]] = {".pdf": {"CreationDate": None}}


def svg(figure: Figure) -> str:
    """A figure as SVG, whose points, bars and cells say their value."""
    file = io.StringIO()
    with mpl.rc_context(STYLE):
        figure.savefig(file, format="svg", metadata={"Date": None})
    return with_spots(figure, file.getvalue())


def save(figure: Figure, *paths: Path) -> None:
    """Write a figure in the formats of its paths; the same figure gives the same bytes."""
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".svg":
            path.write_text(svg(figure), encoding="utf-8")
            continue
        with mpl.rc_context(STYLE):
            figure.savefig(path, metadata=_UNDATED.get(path.suffix, {}))
