"""ML CO2 Impact: Lacoste, Luccioni, Schmidt and Dandres 2019, https://arxiv.org/abs/1910.09700."""

import math
from dataclasses import dataclass

from ecosobriety.methods.inputs import Inputs, thermal_power_w
from ecosobriety.methods.kinds import Kind
from ecosobriety.methods.method import (
    MASS_UNITS_G,
    NOBODY_COUNTS,
    Estimate,
    estimate_from_energy,
    known,
)
from ecosobriety.records.record import RunRecord
from ecosobriety.units import grams_to_kg, watt_seconds_to_kwh

_IGNORES = ("pue", "memory", "other_devices", "load", *NOBODY_COUNTS)


@dataclass(frozen=True)
class MlCo2Impact:
    """Thermal design power of one device x time x intensity, at full precision."""

    inputs: Inputs
    id: str = "ml_co2_impact"
    unit: str = "kg CO2e"
    ignores: tuple[str, ...] = _IGNORES

    def estimate(self, run: RunRecord) -> Estimate:
        """Energy = W x h / 1000 in kWh; emissions = energy x intensity; no PUE."""
        power_w = thermal_power_w(self.inputs, run)
        return estimate_from_energy(
            watt_seconds_to_kwh(power_w, known(run.train_duration_s, "no_duration")),
            self.unit,
            pue=1.0,
            intensity_g_per_kwh=self.inputs.constant("ml_co2_impact_intensity"),
        )


@dataclass(frozen=True)
class RoundedMlCo2Impact:
    """The same as the calculator shows it: every step to two decimals.

    A training of less than 5 Wh has no energy then.
    """

    inputs: Inputs
    id: str = "ml_co2_impact_rounded"
    unit: str = "kg CO2e"
    ignores: tuple[str, ...] = (*_IGNORES, "small_runs")

    def estimate(self, run: RunRecord) -> Estimate:
        """As `MlCo2Impact`, with kWh, kg/kWh and kg rounded one after another."""
        power_w = thermal_power_w(self.inputs, run)
        duration_s = known(run.train_duration_s, "no_duration")
        energy_kwh = round_half_up(watt_seconds_to_kwh(power_w, duration_s))
        intensity = self.inputs.constant("ml_co2_impact_intensity")
        kg = round_half_up(energy_kwh * round_half_up(grams_to_kg(intensity)))
        return Estimate(energy_kwh, kg * MASS_UNITS_G[self.unit], kg)


def round_half_up(value: float) -> float:
    """Round a number of 0 or more to two decimals as the calculator does: 0.125 to 0.13."""
    return math.floor(value * 100 + 0.5) / 100


_CONSTANTS = {"ml_co2_impact_intensity": "g/kWh"}
KINDS = (
    Kind("ml_co2_impact", 3, lambda study: MlCo2Impact(study.inputs), constants=_CONSTANTS),
    Kind(
        "ml_co2_impact_rounded",
        4,
        lambda study: RoundedMlCo2Impact(study.inputs),
        harmonised=False,
        constants=_CONSTANTS,
    ),
)
