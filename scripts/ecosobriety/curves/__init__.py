"""From measured runs to a decision: how much training data is enough, and what that saves.

`non_inferiority` decides, `power_law` describes, `table` puts both into the table `curve`, and
`recommendation` answers the study's question in one document.
"""

from ecosobriety.curves.evidence import TestPart, resolves
from ecosobriety.curves.intervals import mean_interval
from ecosobriety.curves.non_inferiority import sufficient_size
from ecosobriety.curves.power_law import PowerLaw, fit_power_law
from ecosobriety.curves.recommendation import recommend
from ecosobriety.curves.table import fit_curves

__all__ = [
    "PowerLaw",
    "TestPart",
    "fit_curves",
    "fit_power_law",
    "mean_interval",
    "recommend",
    "resolves",
    "sufficient_size",
]
