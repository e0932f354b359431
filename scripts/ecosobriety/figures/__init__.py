"""The report's figures: one function per figure.

Each takes a case, or the whole study, and the reader's texts.

Figures are drawn without pyplot and its global state. Every text comes from the catalogue, and the
same input gives the same SVG, byte for byte.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from ecosobriety.discovery import declared
from ecosobriety.figures.style import STYLE
from ecosobriety.study.study import Study
from ecosobriety.texts import Texts


@cache
def drawings() -> dict[str, Callable[[Any, Texts], Figure]]:
    """What draws a figure, by its name: of a case for those of a model, else of the study.

    Each module of this folder declares its own as `DRAWINGS`.
    """
    return {k: v for found in declared("ecosobriety.figures", "DRAWINGS") for k, v in found.items()}


def draw(figure: str, study: Study, text: Texts) -> Figure:
    """Draw one of `figure_names.figure_ids` in the common style."""
    name, _, model = figure.partition("-")
    text = text.of(study.metric)
    with mpl.rc_context(STYLE):
        if model:
            return drawings()[name](study.case(study.config["dataset"]["name"], model), text)
        return drawings()[name](study, text)


def save(figure: Figure, svg_path: Path, png_path: Path) -> None:
    """Write a figure as SVG and as PNG; the same figure gives the same bytes."""
    for path, metadata in ((svg_path, {"Date": None}), (png_path, {})):
        path.parent.mkdir(parents=True, exist_ok=True)
        with mpl.rc_context(STYLE):
            figure.savefig(path, metadata=metadata)
