"""A user's words stand in a figure as they are."""

import matplotlib as mpl
from matplotlib.figure import Figure

from ecosobriety.figures.style import STYLE


def test_dollars_begin_no_formula():
    with mpl.rc_context(STYLE):
        figure = Figure()
        figure.text(0.5, 0.5, r"notes of $5 and $\notes")
        # As a formula it could not be drawn.
        figure.draw_without_rendering()
