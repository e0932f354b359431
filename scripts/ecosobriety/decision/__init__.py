"""From measured runs to a decision: how much training data is enough, and what that saves.

`non_inferiority` decides, `power_law` describes, `curve_table` puts both into the table `curve`,
`recommend` answers the study's question in one document, and `savings` adds what the answer saves.
`levers` asks the same of fewer epochs, other models and other settings, and of all of them at once.
"""

from ecosobriety.decision.at_scale import Usage, add_scale
from ecosobriety.decision.beside_plan import read_beside_plan
from ecosobriety.decision.criteria import Criteria
from ecosobriety.decision.curve_table import fit_curves
from ecosobriety.decision.evidence import TestPart, resolves
from ecosobriety.decision.intervals import mean_interval
from ecosobriety.decision.lever_answers import add_levers
from ecosobriety.decision.levers_table import compare_levers
from ecosobriety.decision.non_inferiority import sufficient_size
from ecosobriety.decision.power_law import PowerLaw, fit_power_law
from ecosobriety.decision.recommend import recommend
from ecosobriety.decision.savings import add_savings
from ecosobriety.decision.sober import GrowthRule, add_growth, decide, undecided
from ecosobriety.decision.study_cost import Prices, add_study_cost

__all__ = [
    "Criteria",
    "GrowthRule",
    "PowerLaw",
    "Prices",
    "TestPart",
    "Usage",
    "add_growth",
    "add_levers",
    "add_savings",
    "add_scale",
    "add_study_cost",
    "compare_levers",
    "decide",
    "fit_curves",
    "fit_power_law",
    "mean_interval",
    "read_beside_plan",
    "recommend",
    "resolves",
    "sufficient_size",
    "undecided",
]
