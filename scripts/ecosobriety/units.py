"""Conversions between the units of the contract; the only place with factors of 1000.

Names say the unit on both sides. All functions take and give floats or NumPy arrays.
"""

import math
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Number = TypeVar("Number", float, NDArray[np.float64])

JOULES_PER_KWH = 3.6e6
"""1 kWh = 1000 W x 3600 s (exact, by definition of the units)."""

CENT = 0.01
"""Of a currency: an amount below it cannot be paid, and says no more than that it is."""


def joules_to_kwh(energy_j: Number) -> Number:
    """Convert joules to kilowatt-hours."""
    return energy_j / JOULES_PER_KWH


def kwh_to_joules(energy_kwh: Number) -> Number:
    """Convert kilowatt-hours to joules."""
    return energy_kwh * JOULES_PER_KWH


def kwh_to_wh(energy_kwh: Number) -> Number:
    """Convert kilowatt-hours to watt-hours."""
    return energy_kwh * 1000.0


def watt_seconds_to_kwh(power_w: Number, duration_s: Number) -> Number:
    """Energy in kWh of a constant power in W over a duration in s."""
    return power_w * duration_s / JOULES_PER_KWH


def grams_to_kg(mass_g: Number) -> Number:
    """Convert grams to kilograms."""
    return mass_g / 1000.0


def kg_to_grams(mass_kg: Number) -> Number:
    """Convert kilograms to grams."""
    return mass_kg * 1000.0


def seconds_to_hours(duration_s: Number) -> Number:
    """Convert seconds to hours."""
    return duration_s / 3600.0


def bytes_to_mb(size_bytes: Number) -> Number:
    """Convert bytes to megabytes (10^6 bytes)."""
    return size_bytes / 1.0e6


def epochs_to_steps(epochs: int, n_train: int, batch_size: int) -> int:
    """Convert epochs over `n_train` examples to batches, the last of which may be smaller."""
    return math.ceil(n_train / batch_size) * epochs


@dataclass(frozen=True)
class Unit:
    """A unit to show a quantity in: its symbol, and its size in the contract's unit (kWh or g)."""

    symbol: str
    size: float


ENERGY_UNITS = (Unit("MWh", 1e3), Unit("kWh", 1.0), Unit("Wh", 1e-3))
"""From large to small; sizes in kWh."""

MASS_UNITS = (Unit("t", 1e6), Unit("kg", 1e3), Unit("g", 1.0), Unit("mg", 1e-3), Unit("µg", 1e-6))
"""From large to small; sizes in g."""

READABLE_MASS_UNITS = tuple(unit for unit in MASS_UNITS if unit.size >= 1e-3)
"""Nobody has a feeling for millionths of a gram: sentences go down to milligrams."""

BATCHES = (1, 1_000, 1_000_000, 1_000_000_000)
"""How many trainings a cost may be stated for, where one training costs too little to be read."""


def readable_unit(value: float, units: tuple[Unit, ...]) -> Unit:
    """Choose the largest unit in which the value is 1 or more, else the smallest unit.

    Args:
        value: a quantity in the contract's unit (kWh or g).
        units: the units to choose from, from large to small.
    """
    return next((unit for unit in units if abs(value) >= unit.size), units[-1])


def readable_batch(cost: float) -> int:
    """Choose the smallest number of trainings that together cost 1 unit of currency or more."""
    return next((batch for batch in BATCHES if cost * batch >= 1.0), BATCHES[-1])
