"""The report's figures: one function per figure, each takes a case and the reader's texts.

Figures are drawn without pyplot and its global state. Every text comes from the catalogue, and the
same input gives the same SVG, byte for byte.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from ecosobriety.figures.accuracy import accuracy_energy
from ecosobriety.figures.countries import country_emissions
from ecosobriety.figures.sources import source_cost, source_emissions
from ecosobriety.figures.style import STYLE
from ecosobriety.texts import Texts
from ecosobriety.views import Case

FIGURES: Mapping[str, Callable[[Case, Texts], Figure]] = {
    "accuracy_energy": accuracy_energy,
    "country_emissions": country_emissions,
    "source_emissions": source_emissions,
    "source_cost": source_cost,
}
"""The figures by name, in the report's order."""


def draw(name: str, case: Case, text: Texts) -> Figure:
    """Draw a figure by its name, in the common style."""
    with mpl.rc_context(STYLE):
        return FIGURES[name](case, text)


def save(figure: Figure, svg_path: Path, png_path: Path) -> None:
    """Write a figure as SVG and as PNG; the same figure gives the same bytes."""
    for path, metadata in ((svg_path, {"Date": None}), (png_path, {})):
        path.parent.mkdir(parents=True, exist_ok=True)
        with mpl.rc_context(STYLE):
            figure.savefig(path, metadata=metadata)
