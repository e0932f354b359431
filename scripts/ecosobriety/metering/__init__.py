"""Measure the energy of a training: meters, the Lightning callback, the ledger and the lock."""

from typing import TYPE_CHECKING, Any

from ecosobriety.metering.codecarbon_meter import CodeCarbonMeter, meter_from
from ecosobriety.metering.ledger import Ledger, lost_energy_kwh
from ecosobriety.metering.lock import exclusive_meter, holder_now
from ecosobriety.metering.meter import EnergyMeter, FakeMeter, Reading, ReplayMeter

if TYPE_CHECKING:
    from ecosobriety.metering.callback import EnergyCallback, EnergyResult

__all__ = [
    "CodeCarbonMeter",
    "EnergyCallback",
    "EnergyMeter",
    "EnergyResult",
    "FakeMeter",
    "Ledger",
    "Reading",
    "ReplayMeter",
    "exclusive_meter",
    "holder_now",
    "lost_energy_kwh",
    "meter_from",
]


def __getattr__(name: str) -> Any:
    # It brings Lightning, seconds of import that only a training needs.
    if name in ("EnergyCallback", "EnergyResult"):
        from ecosobriety.metering import callback

        return getattr(callback, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
