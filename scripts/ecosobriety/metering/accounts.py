"""What belongs to which epoch, and to the validation, within the window of a training."""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Literal

from ecosobriety.errors import MeteringError
from ecosobriety.metering.meter import COMPONENTS, ComponentName, Reading
from ecosobriety.reasons import reason
from ecosobriety.records.record import Component, EpochRecord, Quality

NOTHING = Reading(0.0)
MarkKind = Literal["epoch", "validation begins", "validation ends"]


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

    kind: MarkKind
    reading: Reading
    epoch: int = 0
    metrics: Mapping[str, float | None] | None = None


@dataclass(frozen=True)
class Closed:
    """A closed window of training.

    Attributes:
        whole: Its energy.
        marks: The energy up to each of its marks.
        components: How it was obtained.
        cpu: The share of other processes in the busy CPU time, and that time in s; or why not.
        ended_at: Its end in UTC, ISO 8601.
        fault: Why its energy is not known; None: it is.
    """

    whole: Reading
    marks: Sequence[Reading]
    components: Mapping[ComponentName, Component]
    cpu: tuple[float, float] | str
    ended_at: str
    fault: str | None

    @classmethod
    def over(
        cls, machines: Sequence["Closed"], expected: Sequence[Collection[ComponentName]]
    ) -> "Closed":
        """The one window of several machines, each with the components that can be read there."""
        return cls(
            whole=together(one.whole for one in machines),
            marks=[together(at) for at in zip(*(one.marks for one in machines), strict=True)],
            components=over_machines([one.components for one in machines], expected),
            cpu=shares_together([one.cpu for one in machines]),
            ended_at=machines[0].ended_at,
            fault=next((one.fault for one in machines if one.fault), None),
        )


def validation_of(marks: Sequence[Mark], readings: Sequence[Reading]) -> Reading:
    """What validations have taken in all, by the readings at the marks."""
    taken = begun = NOTHING
    for mark, reading in zip(marks, readings, strict=True):
        if mark.kind == "validation begins":
            begun = reading
        elif mark.kind == "validation ends":
            taken = taken + (reading - begun)
    return taken


def epochs_of(
    marks: Sequence[Mark], readings: Sequence[Reading], before: Reading, now: Reading
) -> tuple[list[EpochRecord], Reading]:
    """The epochs, each without its validations, and what has been spent on the one after them.

    Args:
        marks: moments of a window.
        readings: those at the marks.
        before: what the first of the epochs had spent before the window, as a checkpoint says.
        now: the last reading.
    """
    epochs = []
    in_validation = begun = NOTHING
    epoch_from = NOTHING - before
    for mark, reading in zip(marks, readings, strict=True):
        if mark.kind == "validation begins":
            begun = reading
        elif mark.kind == "validation ends":
            in_validation = in_validation + (reading - begun)
        else:
            so_far = reading - in_validation
            epochs.append(_epoch(mark, so_far - epoch_from))
            epoch_from = so_far
    return epochs, now - in_validation - epoch_from


def state_of(
    train: Reading,
    open_epoch: Reading,
    evaluation: Reading,
    epochs: Sequence[EpochRecord],
    components: Mapping[ComponentName, Component],
    started_at: str | None,
) -> dict[str, Any]:
    """What a checkpoint keeps of a training's energy so far."""
    return {
        "train": asdict(train),
        "open_epoch": asdict(open_epoch),
        "evaluation": asdict(evaluation),
        "epochs": [epoch.model_dump() for epoch in epochs],
        "components": {name: part.model_dump() for name, part in components.items()},
        "started_at": started_at,
    }


def _epoch(mark: Mark, spent: Reading) -> EpochRecord:
    known = spent.energy_kwh is not None and spent.energy_kwh > 0
    return EpochRecord(
        epoch=mark.epoch,
        duration_s=spent.duration_s,
        energy_kwh=spent.energy_kwh if known else None,
        reason=None if known else reason("no_energy"),
        metrics=dict(mark.metrics or {}),
    )


def together(readings: Iterable[Reading]) -> Reading:
    """The energies of several machines in one and the same window; its duration is the longest."""
    readings = list(readings)
    total = sum(readings[1:], readings[0]) if readings else NOTHING
    return replace(total, duration_s=max((r.duration_s for r in readings), default=0.0))


def missing_part(
    expected: Iterable[ComponentName], components: Mapping[ComponentName, Component]
) -> str | None:
    """Why the energy of a window is not whole; None: each part that can be read was read."""
    gone = [name for name in expected if components[name].quality is None]
    if not gone:
        return None
    why = "; ".join(components[name].reason or "" for name in gone)
    return reason("part_missing", components=", ".join(gone).upper(), reason=why)


def without_zero_gpu(
    reading: Reading, components: Mapping[ComponentName, Component]
) -> tuple[Reading, dict[ComponentName, Component]]:
    """Of a window with work on a GPU, 0 kWh of it is no energy but none that is known."""
    components = dict(components)
    if not reading.gpu_kwh:
        why = components["gpu"].reason or reason("gpu_zero")
        components["gpu"] = Component(quality=None, source=None, reason=why)
        reading = replace(reading, gpu_kwh=None)
    return reading, components


def quality_of(components: Mapping[ComponentName, Component]) -> Quality:
    """`measured`, `estimated`, or `mixed` where the components differ."""
    found = {part.quality for part in components.values() if part.quality is not None}
    return found.pop() if len(found) == 1 else "mixed"


def source_of(components: Mapping[ComponentName, Component]) -> str:
    """The components' sources in the order CPU, GPU, RAM, joined by +."""
    return "+".join(components[n].source or "" for n in COMPONENTS if components[n].source)


def others_share(
    before: tuple[float, float] | str, now: tuple[float, float] | str
) -> tuple[float, float] | str:
    """What other processes took of the busy CPU time, and that time in s; or why not.

    Args:
        before: CPU time in s of the measured processes and of the whole machine, or why not.
        now: the same at the window's end.
    """
    if isinstance(before, str) or isinstance(now, str):
        return now if isinstance(now, str) else str(before)
    own_s, busy_s = (end - start for end, start in zip(now, before, strict=True))
    return (min(max(1.0 - own_s / busy_s, 0.0), 1.0) if busy_s > 0 else 0.0), max(busy_s, 0.0)


def shares_together(
    machines: Sequence[tuple[float, float] | str],
) -> tuple[float, float] | str:
    """What other processes took on several machines, each as `others_share` says."""
    known = [cpu for cpu in machines if not isinstance(cpu, str)]
    if len(known) < len(machines):
        return next(cpu for cpu in machines if isinstance(cpu, str))
    busy_s = math.fsum(busy_s for _, busy_s in known)
    others_s = math.fsum(share * each_s for share, each_s in known)
    return (others_s / busy_s if busy_s > 0 else 0.0), busy_s


def over_machines(
    machines: Sequence[Mapping[ComponentName, Component]],
    expected: Sequence[Collection[ComponentName]],
) -> dict[ComponentName, Component]:
    """How each component was obtained on several machines: as on that which knows it least.

    Args:
        machines: of each machine the components.
        expected: of each machine those that can be read there; what a machine does not have makes
            the others' less known by nothing.
    """
    found: dict[ComponentName, Component] = {}
    for name in machines[0]:
        there = [m[name] for m, e in zip(machines, expected, strict=True) if name in e]
        known: dict[ComponentName, Component] = {}
        for part in there or [machines[0][name]]:
            known = worse(known, {name: part})
        found |= known
    return found


def worse(
    before: Mapping[ComponentName, Component], now: Mapping[ComponentName, Component]
) -> dict[ComponentName, Component]:
    """Of each component the part that is known less well, for the sum of two windows."""
    order = ("measured", "estimated", None)
    return {
        name: max(before.get(name, part), part, key=lambda found: order.index(found.quality))
        for name, part in now.items()
    }


def iso(moment: datetime) -> str:
    """A moment as records have it."""
    return moment.isoformat(timespec="microseconds")


def energy_and_duration(reading: Reading) -> tuple[float, float]:
    """What the ledger holds; a meter without any component has spent no known energy."""
    return max(reading.energy_kwh or 0.0, 0.0), max(reading.duration_s, 0.0)
