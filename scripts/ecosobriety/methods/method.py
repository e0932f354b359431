"""What a method of quantification is: one interface, and what it states of a training."""

from dataclasses import dataclass
from typing import Protocol, TypeVar

from ecosobriety import reasons
from ecosobriety.errors import EcosobrietyError
from ecosobriety.records.record import RunRecord
from ecosobriety.units import kg_to_grams

Known = TypeVar("Known")

GRAMS_PER_POUND = 453.59237
"""The international avoirdupois pound (exact, by definition)."""

MASS_UNITS_G = {"g CO2e": 1.0, "kg CO2e": kg_to_grams(1.0), "lb CO2e": GRAMS_PER_POUND}
"""The units in which methods state emissions, in g."""
ENERGY_UNIT = "kWh"

NOBODY_COUNTS = ("embodied", "network", "storage", "failed_runs")
"""What every method leaves out: making the hardware, network, storage, runs that failed."""


class NotApplicableError(EcosobrietyError):
    """A method cannot say anything about a training: the message is the reason."""


def known(value: Known | None, why: str) -> Known:
    """What a method needs to know of a training; of an imported one it may be missing.

    Args:
        value: as the record has it.
        why: the id of the reason where it is missing.

    Raises:
        NotApplicableError: it is missing.
    """
    if value is None:
        raise NotApplicableError(reasons.reason(why))
    return value


@dataclass(frozen=True)
class Estimate:
    """What a method states of one training, with its own PUE and its own carbon intensity.

    `quantity` is in the method's own unit. `it_energy_kwh` is what its model of energy alone gives,
    without any PUE; None where it has no such model. `reason` says why something is None.
    """

    energy_kwh: float | None
    emissions_g: float | None
    quantity: float | None
    it_energy_kwh: float | None = None
    reason: str | None = None


class Method(Protocol):
    """One way to quantify the footprint of a training."""

    @property
    def id(self) -> str:
        """Its name in the table `methods`."""

    @property
    def unit(self) -> str:
        """The unit of what it states."""

    @property
    def ignores(self) -> tuple[str, ...]:
        """What it leaves out, in the catalogue's words (`methods.ignored`)."""

    def estimate(self, run: RunRecord) -> Estimate:
        """Quantify a training.

        Raises:
            NotApplicableError: the method cannot, for the reason in the message.
        """


def estimate_from_energy(
    it_energy_kwh: float,
    unit: str,
    *,
    pue: float,
    intensity_g_per_kwh: float | None,
    reason: str | None = None,
) -> Estimate:
    """Emissions from a model of energy: energy = IT energy x PUE, emissions = energy x intensity.

    Args:
        it_energy_kwh: energy of the computer in kWh.
        unit: one of `MASS_UNITS_G`, or `ENERGY_UNIT` for a method that states the energy.
        pue: power usage effectiveness.
        intensity_g_per_kwh: g CO2e/kWh; None where the method knows none.
        reason: why it knows none.
    """
    energy_kwh = it_energy_kwh * pue
    if unit == ENERGY_UNIT:
        quantity: float | None = energy_kwh
    elif intensity_g_per_kwh is not None:
        quantity = energy_kwh * intensity_g_per_kwh / MASS_UNITS_G[unit]
    else:
        quantity = None
    if intensity_g_per_kwh is None:
        return Estimate(energy_kwh, None, quantity, it_energy_kwh, reason)
    return Estimate(energy_kwh, energy_kwh * intensity_g_per_kwh, quantity, it_energy_kwh)
