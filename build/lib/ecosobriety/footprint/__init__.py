"""What measured trainings emit and cost: each size in every country and from every source."""

from ecosobriety.footprint.cell import describe_cell
from ecosobriety.footprint.derive import derive_savings, derive_scenarios
from ecosobriety.footprint.equivalents import load_equivalents

__all__ = ["derive_savings", "derive_scenarios", "describe_cell", "load_equivalents"]
