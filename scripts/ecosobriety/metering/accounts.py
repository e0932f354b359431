"""What belongs to which epoch, and to the validation, within the window of a training."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ecosobriety.errors import MeteringError
from ecosobriety.metering.meter import COMPONENTS, ComponentName, Reading
from ecosobriety.reasons import reason
from ecosobriety.records.record import Component, EpochRecord

NOTHING = Reading(0.0)


def sound(reading: Reading, earlier: Reading = NOTHING) -> Reading:
    """A reading whose energies are finite and positive, and have not fallen since an earlier one.

    Raises:
        MeteringError: it is no such reading.
    """
    for name in COMPONENTS:
        value, before = (getattr(r, f"{name}_kwh") for r in (reading, earlier))
        if value is None:
            continue
        if not (math.isfinite(value) and value >= 0):
            raise MeteringError(
                f"the meter gave {value} kWh for the {name.upper()}, which is not an energy"
            )
        if before is not None and value < before:
            raise MeteringError(
                f"the meter's energy of the {name.upper()} fell from {before:.4g} to "
                f"{value:.4g} kWh within a window"
            )
    if not (math.isfinite(reading.duration_s) and reading.duration_s >= earlier.duration_s):
        raise MeteringError(
            f"the meter's clock went from {earlier.duration_s} to {reading.duration_s} s"
        )
    return reading


@dataclass(frozen=True)
class Mark:
    """A moment of the training's window, and the energy up to it as known then."""

    kind: Literal["epoch", "validation begins", "validation ends"]
    reading: Reading
    epoch: int = 0
    metrics: Mapping[str, float | None] | None = None


def validation_of(marks: Sequence[Mark], readings: Sequence[Reading]) -> Reading:
    """What validations have taken in all, by the readings at the marks."""
    taken = begun = NOTHING
    for mark, reading in zip(marks, readings, strict=True):
        if mark.kind == "validation begins":
            begun = reading
        elif mark.kind == "validation ends":
            taken = taken + (reading - begun)
    return taken


def epochs_of(marks: Sequence[Mark], readings: Sequence[Reading]) -> list[EpochRecord]:
    """The epochs, each without its validations, by the readings at the marks."""
    epochs = []
    in_validation = begun = epoch_from = NOTHING
    for mark, reading in zip(marks, readings, strict=True):
        if mark.kind == "validation begins":
            begun = reading
        elif mark.kind == "validation ends":
            in_validation = in_validation + (reading - begun)
        else:
            so_far = reading - in_validation
            epochs.append(_epoch(mark, so_far - epoch_from))
            epoch_from = so_far
    return epochs


def _epoch(mark: Mark, spent: Reading) -> EpochRecord:
    known = spent.energy_kwh is not None and spent.energy_kwh > 0
    return EpochRecord(
        epoch=mark.epoch,
        duration_s=spent.duration_s,
        energy_kwh=spent.energy_kwh if known else None,
        reason=None if known else reason("no_energy"),
        metrics=dict(mark.metrics or {}),
    )


def worse(
    before: Mapping[ComponentName, Component], now: Mapping[ComponentName, Component]
) -> dict[ComponentName, Component]:
    """Of each component the part that is known less well, for the sum of two windows."""
    order = ("measured", "estimated", None)
    return {
        name: max(before.get(name, part), part, key=lambda found: order.index(found.quality))
        for name, part in now.items()
    }
