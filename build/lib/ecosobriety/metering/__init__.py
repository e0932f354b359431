"""Measure the energy of a training: meters, the Lightning callback, the ledger and the lock."""

from ecosobriety.metering.callback import EnergyCallback, EnergyResult
from ecosobriety.metering.codecarbon_meter import CodeCarbonMeter, meter_from
from ecosobriety.metering.ledger import Ledger, lost_energy_kwh
from ecosobriety.metering.lock import exclusive_meter, holder_now
from ecosobriety.metering.meter import EnergyMeter, FakeMeter, Reading, ReplayMeter

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
