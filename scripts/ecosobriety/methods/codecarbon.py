"""CodeCarbon: what was measured (https://github.com/mlco2/codecarbon)."""

from dataclasses import dataclass

from ecosobriety.methods.kinds import Kind
from ecosobriety.methods.method import (
    NOBODY_COUNTS,
    Estimate,
    NotApplicableError,
    estimate_from_energy,
)
from ecosobriety.reasons import reason
from ecosobriety.records.record import RunRecord

PUE = 1.0
"""CodeCarbon's default."""


@dataclass(frozen=True)
class CodeCarbon:
    """The energy that CodeCarbon counted, on its own table's intensity of the metering country.

    Args:
        intensity_g_per_kwh: g CO2e/kWh of the country in CodeCarbon's table; None: not there.
    """

    intensity_g_per_kwh: float | None
    id: str = "codecarbon"
    unit: str = "kg CO2e"
    ignores: tuple[str, ...] = ("pue", "board", *NOBODY_COUNTS)

    def estimate(self, run: RunRecord) -> Estimate:
        """Emissions = energy x PUE x intensity."""
        if run.window == "imported" and run.metering["tool"] != "codecarbon":
            raise NotApplicableError(reason("not_codecarbon"))
        return estimate_from_energy(
            run.energy_kwh,
            self.unit,
            pue=PUE,
            intensity_g_per_kwh=self.intensity_g_per_kwh,
            reason=reason("codecarbon_no_intensity"),
        )


KINDS = (Kind("codecarbon", 1, lambda study: CodeCarbon(study.codecarbon_g_per_kwh)),)
