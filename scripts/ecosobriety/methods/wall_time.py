"""The naive baseline: time x the average power of a meter."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ecosobriety.methods.kinds import Kind
from ecosobriety.methods.method import (
    ENERGY_UNIT,
    NOBODY_COUNTS,
    Estimate,
    estimate_from_energy,
    known,
)
from ecosobriety.reasons import reason
from ecosobriety.records.record import RunRecord
from ecosobriety.units import joules_to_kwh, kwh_to_joules


@dataclass(frozen=True)
class WallTime:
    """Duration x one average power for each device, whatever ran on it.

    Args:
        power_w: average power in W by device.
    """

    power_w: Mapping[str, float]
    id: str = "wall_time"
    unit: str = ENERGY_UNIT
    ignores: tuple[str, ...] = ("changing_power", "pue", "grid", *NOBODY_COUNTS)

    def estimate(self, run: RunRecord) -> Estimate:
        """Energy = average power x duration."""
        duration_s = known(run.train_duration_s, "no_duration")
        device = known(run.device, "no_device")
        return estimate_from_energy(
            joules_to_kwh(self.power_w[device] * duration_s),
            self.unit,
            pue=1.0,
            intensity_g_per_kwh=None,
            reason=reason("no_own_intensity"),
        )


def average_power_w(runs: Sequence[RunRecord]) -> dict[str, float]:
    """What a plain watt-meter would show over all trainings of a study, in W by device.

    The energy of all runs on the device over the time of all of them.
    """
    powers = {}
    timed = [run for run in runs if run.train_duration_s is not None]
    for device in sorted({run.device for run in timed if run.device is not None}):
        own = [run for run in timed if run.device == device]
        energy_j = kwh_to_joules(sum(run.energy_kwh for run in own))
        powers[device] = energy_j / sum(run.train_duration_s or 0.0 for run in own)
    return powers


KINDS = (Kind("wall_time", 2, lambda study: WallTime(average_power_w(study.runs))),)
