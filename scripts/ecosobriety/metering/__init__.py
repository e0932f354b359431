"""Measure the energy of a training: meters, windows, the Lightning callback, ledger and lock."""

from typing import TYPE_CHECKING, Any

from ecosobriety.metering.codecarbon_meter import CodeCarbonMeter, meter_from
from ecosobriety.metering.idle import Idle
from ecosobriety.metering.keeping import keep
from ecosobriety.metering.ledger import Ledger, lost_energy_kwh
from ecosobriety.metering.lock import exclusive_meter, holder_now
from ecosobriety.metering.meter import EnergyMeter, FakeMeter, Reading, ReplayMeter
from ecosobriety.metering.results import EnergyResult, WindowRecord
from ecosobriety.metering.windows import Window, read_window, window, window_environment

if TYPE_CHECKING:
    from ecosobriety.metering.callback import EnergyCallback

__all__ = [
    "CodeCarbonMeter",
    "EnergyCallback",
    "EnergyMeter",
    "EnergyResult",
    "FakeMeter",
    "Idle",
    "Ledger",
    "Reading",
    "ReplayMeter",
    "Window",
    "WindowRecord",
    "exclusive_meter",
    "holder_now",
    "keep",
    "lost_energy_kwh",
    "meter_from",
    "read_window",
    "window",
    "window_environment",
]


def __getattr__(name: str) -> Any:
    # It brings Lightning, seconds of import that only a training needs.
    if name == "EnergyCallback":
        from ecosobriety.metering.callback import EnergyCallback

        return EnergyCallback
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
