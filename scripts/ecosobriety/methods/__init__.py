"""The ways to quantify a training's footprint, one small class each, on the same trainings.

Each class holds one method's formula and its blind spots, and gives the same `Estimate`. What the
formulas take from outside (constants, thermal design powers, intensities) is in
`config/factors`, each value with its reference.
"""

from ecosobriety.methods.codecarbon import CodeCarbon
from ecosobriety.methods.comparison import HARMONISED, compare
from ecosobriety.methods.green_ai import GreenAi
from ecosobriety.methods.green_algorithms import GreenAlgorithms
from ecosobriety.methods.inputs import Inputs, intensity_of
from ecosobriety.methods.kinds import Kind, Setting
from ecosobriety.methods.method import Estimate, Method, NotApplicableError
from ecosobriety.methods.ml_co2_impact import MlCo2Impact, RoundedMlCo2Impact
from ecosobriety.methods.registry import kinds, load_inputs, method_ids, methods_of
from ecosobriety.methods.strubell import Strubell, sample_power_w
from ecosobriety.methods.summary import (
    Spread,
    Summary,
    operations,
    rank_correlations,
    summarise,
)
from ecosobriety.methods.tracked import Tracked, tracked_methods
from ecosobriety.methods.wall_time import WallTime, average_power_w

__all__ = [
    "HARMONISED",
    "CodeCarbon",
    "Estimate",
    "GreenAi",
    "GreenAlgorithms",
    "Inputs",
    "Kind",
    "Method",
    "MlCo2Impact",
    "NotApplicableError",
    "RoundedMlCo2Impact",
    "Setting",
    "Spread",
    "Strubell",
    "Summary",
    "Tracked",
    "WallTime",
    "average_power_w",
    "compare",
    "intensity_of",
    "kinds",
    "load_inputs",
    "method_ids",
    "methods_of",
    "operations",
    "rank_correlations",
    "sample_power_w",
    "summarise",
    "tracked_methods",
]
