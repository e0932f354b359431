"""Conversions between the units of the contract; the only place with factors of 1000.

Names say the unit on both sides. All functions take and give floats or NumPy arrays.
"""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Number = TypeVar("Number", float, NDArray[np.float64])

JOULES_PER_KWH = 3.6e6
"""1 kWh = 1000 W x 3600 s (exact, by definition of the units)."""


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
