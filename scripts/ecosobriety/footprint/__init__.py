"""What measured trainings emit and cost: each size in every country and from every source."""

from ecosobriety.footprint.cell import describe_cell
from ecosobriety.footprint.derive import (
    Accounting,
    Factors,
    derive_savings,
    derive_scenarios,
    derive_tables,
)
from ecosobriety.footprint.embodied import add_embodied, hardware_of, load_hardware
from ecosobriety.footprint.equivalents import load_equivalents
from ecosobriety.footprint.water import add_water

__all__ = [
    "Accounting",
    "Factors",
    "add_embodied",
    "add_water",
    "derive_savings",
    "derive_scenarios",
    "derive_tables",
    "describe_cell",
    "hardware_of",
    "load_equivalents",
    "load_hardware",
]
