"""The report's figures: one function per figure.

Each takes a case, or the whole study, and the reader's texts.

Figures are drawn without pyplot and its global state. Every text comes from the catalogue, and the
same input gives the same SVG, byte for byte.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from ecosobriety.figures.accuracy import accuracy_energy
from ecosobriety.figures.countries import country_emissions
from ecosobriety.figures.country_ranking import country_ranking
from ecosobriety.figures.emissions_map import emissions_map
from ecosobriety.figures.methods import methods
from ecosobriety.figures.pareto import pareto
from ecosobriety.figures.sources import source_cost, source_emissions
from ecosobriety.figures.style import STYLE
from ecosobriety.study.study import Case, Study
from ecosobriety.texts import Texts

FIGURES: Mapping[str, Callable[[Case, Texts], Figure]] = {
    "accuracy_energy": accuracy_energy,
    "country_emissions": country_emissions,
    "country_ranking": country_ranking,
    "source_emissions": source_emissions,
    "emissions_map": emissions_map,
    "source_cost": source_cost,
}
"""Each of `figure_names.MODEL_FIGURES`."""

STUDY_FIGURES: Mapping[str, Callable[[Study, Texts], Figure]] = {
    "pareto": pareto,
    "methods": methods,
}
"""Each of `figure_names.STUDY_FIGURES`."""


def draw(figure: str, study: Study, text: Texts) -> Figure:
    """Draw one of `figure_names.figure_ids` in the common style."""
    name, _, model = figure.partition("-")
    text = text.of(study.metric)
    with mpl.rc_context(STYLE):
        if model:
            return FIGURES[name](study.case(study.config["dataset"]["name"], model), text)
        return STUDY_FIGURES[name](study, text)


def save(figure: Figure, svg_path: Path, png_path: Path) -> None:
    """Write a figure as SVG and as PNG; the same figure gives the same bytes."""
    for path, metadata in ((svg_path, {"Date": None}), (png_path, {})):
        path.parent.mkdir(parents=True, exist_ok=True)
        with mpl.rc_context(STYLE):
            figure.savefig(path, metadata=metadata)
