"""The energy of one training as its record holds it, wherever it comes from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ecosobriety.records.record import Component, Quality

SHORT_WINDOW_S = 1.0
"""Below one second the kernel's steps of 10 ms are more than one per cent of a processor's load."""


@dataclass(frozen=True)
class Measured:
    """The energy of a training, and how it was obtained.

    Attributes:
        energy_kwh: in all.
        cpu_kwh: of the processors; None: not known, as of the other components.
        gpu_kwh: of the graphics processors.
        ram_kwh: of the memory.
        quality: how it was obtained.
        source: the counters or power models, or the file.
        duration_s: of the window; None: not known.
        started_at: in UTC, ISO 8601; None: not known.
        ended_at: likewise.
        other_cpu_share: share (0-1) of the busy CPU time that other processes took.
        components: how the energy of each component was obtained.
    """

    energy_kwh: float
    cpu_kwh: float | None
    gpu_kwh: float | None
    ram_kwh: float | None
    quality: Quality
    source: str
    duration_s: float | None
    started_at: str | None
    ended_at: str | None
    other_cpu_share: float | None
    components: Mapping[Any, Component]

    def fields(self) -> dict[str, Any]:
        """Those fields of a record that hold it."""
        short = None if self.duration_s is None else self.duration_s < SHORT_WINDOW_S
        return {
            "train_duration_s": self.duration_s,
            "energy_kwh": self.energy_kwh,
            "energy_cpu_kwh": self.cpu_kwh,
            "energy_gpu_kwh": self.gpu_kwh,
            "energy_ram_kwh": self.ram_kwh,
            "energy_quality": self.quality,
            "energy_source": self.source,
            "short_window": short,
            "started_at": self.started_at,
            "ended_at": self.ended_at,
            "other_cpu_share": self.other_cpu_share,
            "components": dict(self.components),
        }
