"""What a metered window gave: for who asks in the same process, and for who reads it in a file."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from ecosobriety.metering.accounts import quality_of, shares_together, source_of, worse
from ecosobriety.metering.meter import COMPONENTS, ComponentName, Reading
from ecosobriety.records.measured import SHORT_WINDOW_S, Measured
from ecosobriety.records.record import Component, Energy, EpochRecord, Positive, Quality, Share

WHY_NONE = {
    "nothing run": "no training has run in this process: there is no energy to report; strategies "
    "that train in processes of their own (ddp_spawn, ddp_fork, ddp_notebook) keep it there: take "
    'strategy="ddp"',
    "nothing trained": "no batch has been trained on: there is no energy of a training to report; "
    'a test alone is metered in `with ecosobriety.metering.window("FRA"):`',
    "nothing left": "no batch has been trained on since the checkpoint: its training had all its "
    "epochs already, or this one failed before its first batch",
    "not ended": "the training has not ended, or failed: no energy can be reported",
}
"""Why there is no result."""


@dataclass(frozen=True)
class EnergyResult:
    """What was measured: energies in kWh, durations in s, times in UTC (ISO 8601).

    Of a training in several processes it is the sum of its machines, each counted once, and the
    same in every process.
    """

    energy_kwh: float
    train: Reading
    evaluation: Reading
    epochs: tuple[EpochRecord, ...]
    started_at: str
    ended_at: str
    components: Mapping[ComponentName, Component]
    other_cpu_share: float | None
    """Share (0-1) of the machines' CPU time in the window that other processes took.

    The meter counts the whole machine, so their work is part of the training's energy. None
    where the system does not say.
    """
    missing: Mapping[str, str]
    """Why `eval_energy_kwh` or `other_cpu_share` of a record is None."""
    hosts: tuple[str, ...]
    """Names of the machines whose energy this is."""

    @property
    def short_window(self) -> bool:
        """Whether the training was too short for the meter to be exact."""
        return self.train.duration_s < SHORT_WINDOW_S

    @property
    def quality(self) -> Quality:
        """`measured`, `estimated`, or `mixed` where the components differ."""
        return quality_of(self.components)

    @property
    def source(self) -> str:
        """The components' sources in the order CPU, GPU, RAM, joined by +."""
        return source_of(self.components)

    def measured(self) -> Measured:
        """The training's energy as a record holds it."""
        return Measured(
            energy_kwh=self.energy_kwh,
            cpu_kwh=self.train.cpu_kwh,
            gpu_kwh=self.train.gpu_kwh,
            ram_kwh=self.train.ram_kwh,
            quality=self.quality,
            source=self.source,
            duration_s=self.train.duration_s,
            started_at=self.started_at,
            ended_at=self.ended_at,
            other_cpu_share=self.other_cpu_share,
            components=self.components,
        )


class WindowRecord(BaseModel):
    """The energy of one window, or of several of one command, as its file holds it.

    Energies are in kWh, durations in s, times in UTC (ISO 8601). None means not measured; `missing`
    or the component's reason says why.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    energy_kwh: Positive
    energy_cpu_kwh: Energy | None
    energy_gpu_kwh: Energy | None
    energy_ram_kwh: Energy | None
    energy_quality: Quality
    energy_source: str
    duration_s: Positive
    started_at: str
    ended_at: str
    windows: Annotated[int, Field(gt=0)] = 1
    """How many windows these are the sums of; one after the other, they never overlap."""
    other_cpu_share: Share | None
    busy_cpu_s: Energy | None
    """CPU time in s that the machine was busy, of which `other_cpu_share` is a share."""
    components: dict[ComponentName, Component]
    missing: dict[str, str] = {}

    @classmethod
    def of(
        cls,
        reading: Reading,
        components: Mapping[ComponentName, Component],
        started_at: str,
        ended_at: str,
        cpu: tuple[float, float] | str,
    ) -> "WindowRecord":
        """The record of one window.

        Args:
            reading: its energy.
            components: how that was obtained.
            started_at: in UTC, ISO 8601.
            ended_at: likewise.
            cpu: the share of other processes in the busy CPU time, and that time in s; or why they
                are not known.
        """
        share, busy_s = (None, None) if isinstance(cpu, str) else cpu
        return cls.model_validate(
            {
                "energy_kwh": reading.energy_kwh,
                **{f"energy_{name}_kwh": getattr(reading, f"{name}_kwh") for name in COMPONENTS},
                "energy_quality": quality_of(components),
                "energy_source": source_of(components),
                "duration_s": reading.duration_s,
                "started_at": started_at,
                "ended_at": ended_at,
                "other_cpu_share": share,
                "busy_cpu_s": busy_s,
                "components": dict(components),
                "missing": {"other_cpu_share": cpu} if isinstance(cpu, str) else {},
            }
        )

    def followed_by(self, later: "WindowRecord") -> "WindowRecord":
        """The sum of this and of a window after it."""
        cpu = shares_together([self._cpu(), later._cpu()])
        both = WindowRecord.of(
            self.reading() + later.reading(),
            worse(self.components, later.components),
            min(self.started_at, later.started_at),
            max(self.ended_at, later.ended_at),
            cpu,
        )
        return both.model_copy(update={"windows": self.windows + later.windows})

    def _cpu(self) -> tuple[float, float] | str:
        if self.other_cpu_share is None or self.busy_cpu_s is None:
            return self.missing.get("other_cpu_share", "")
        return self.other_cpu_share, self.busy_cpu_s

    def measured(self) -> Measured:
        """The same as a record holds it."""
        return Measured(
            energy_kwh=self.energy_kwh,
            cpu_kwh=self.energy_cpu_kwh,
            gpu_kwh=self.energy_gpu_kwh,
            ram_kwh=self.energy_ram_kwh,
            quality=self.energy_quality,
            source=self.energy_source,
            duration_s=self.duration_s,
            started_at=self.started_at,
            ended_at=self.ended_at,
            other_cpu_share=self.other_cpu_share,
            components=self.components,
        )

    def reading(self) -> Reading:
        """The energies and the duration."""
        return Reading(
            self.duration_s, self.energy_cpu_kwh, self.energy_gpu_kwh, self.energy_ram_kwh
        )
