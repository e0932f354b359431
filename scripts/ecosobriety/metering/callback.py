"""A Lightning callback that measures the energy of a training, and of that alone.

It works with any `LightningModule`. The training's window opens at the start of the first epoch and
closes after the last optimiser step; import, data preparation and the hardware probe lie before it,
and evaluation is metered apart, inside and outside `fit`.
"""

import math
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import torch

from ecosobriety.errors import MeteringError
from ecosobriety.hardware import own_and_busy_cpu_s
from ecosobriety.metering.accounts import NOTHING, Mark, epochs_of, sound, validation_of, worse
from ecosobriety.metering.ledger import Ledger
from ecosobriety.metering.lightning import find_lightning
from ecosobriety.metering.lock import exclusive_meter
from ecosobriety.metering.meter import ComponentName, EnergyMeter, Reading
from ecosobriety.reasons import reason
from ecosobriety.records.record import Component, EpochRecord, Quality

if TYPE_CHECKING:
    import pytorch_lightning as pl
else:
    pl = find_lightning()

SHORT_WINDOW_S = 1.0
"""Below one second the kernel's steps of 10 ms are more than one per cent of a processor's load."""


@dataclass(frozen=True)
class EnergyResult:
    """What was measured: energies in kWh, durations in s, times in UTC (ISO 8601)."""

    energy_kwh: float
    train: Reading
    evaluation: Reading
    epochs: tuple[EpochRecord, ...]
    started_at: str
    ended_at: str
    components: Mapping[ComponentName, Component]
    other_cpu_share: float | None
    """Share (0-1) of the machine's CPU time in the window that other processes took.

    The meter counts the whole machine, so their work is part of the training's energy. None
    where the system does not say.
    """
    missing: Mapping[str, str]
    """Why `eval_energy_kwh` or `other_cpu_share` of a record is None."""

    @property
    def short_window(self) -> bool:
        """Whether the training was too short for the meter to be exact."""
        return self.train.duration_s < SHORT_WINDOW_S

    @property
    def quality(self) -> Quality:
        """`measured`, `estimated`, or `mixed` where the components differ."""
        found = {part.quality for part in self.components.values() if part.quality is not None}
        return found.pop() if len(found) == 1 else "mixed"

    @property
    def source(self) -> str:
        """The components' sources in the order CPU, GPU, RAM, joined by +."""
        return "+".join(part.source for part in self.components.values() if part.source)


class EnergyCallback(pl.Callback):
    """Meters `fit` and evaluation; `result()` gives the energy afterwards.

    Args:
        meter: The meter; `CodeCarbonMeter("FRA")` for example.
        ledger: Where the attempt's energy is kept while it runs; None: nowhere.
    """

    def __init__(self, meter: EnergyMeter, ledger: Ledger | None = None):
        self._meter = meter
        self._ledger = ledger
        self._exclusive = ExitStack()
        self._expected: dict[ComponentName, Component] = {}
        self._before = NOTHING
        self._train = NOTHING
        self._evaluation = NOTHING
        self._evaluation_fault: str | None = None
        self._marks: list[Mark] = []
        self._in_validation = NOTHING
        self._last_reading = NOTHING
        self._epochs: list[EpochRecord] = []
        self._components: dict[ComponentName, Component] = {}
        self._started_at: str | None = None
        self._ended_at: str | None = None
        self._attempt_from = (datetime.now(UTC), 0.0)
        self._running = False
        self._on_gpu = False
        self._cpu_from: tuple[float, float] | str = ""
        self._other_cpu_share: float | None = None
        self._missing: dict[str, str] = {}
        self._fault: str | None = None

    def result(self) -> EnergyResult:
        """The measured energies.

        Raises:
            MeteringError: the training has not ended, or its energy is not known: a counter failed,
                or the meter gave what is not positive and finite.
        """
        if self._started_at is None or self._ended_at is None:
            raise MeteringError("the training has not ended: there is no energy to report yet")
        components = dict(self._components)
        failed = self._fault or self._missing_part(components)
        if failed is not None:
            raise MeteringError(
                f"the training's energy is not known ({failed}): nothing is recorded, train again"
            )
        energy_kwh = self._train.energy_kwh
        if energy_kwh is None or not energy_kwh > 0:
            raise MeteringError(
                f"the meter gave {energy_kwh} kWh for the training, which is not positive; nothing "
                "is recorded"
            )
        train = self._train
        if self._on_gpu and not train.gpu_kwh:
            why = components["gpu"].reason or reason("gpu_zero")
            components["gpu"] = Component(quality=None, source=None, reason=why)
            train = replace(train, gpu_kwh=None)
        evaluation, missing = self._evaluation, dict(self._missing)
        if self._evaluation_fault is not None or not evaluation.energy_kwh:
            missing["eval_energy_kwh"] = self._evaluation_fault or reason("no_energy")
            evaluation = Reading(evaluation.duration_s)
        return EnergyResult(
            energy_kwh=energy_kwh,
            train=train,
            evaluation=evaluation,
            epochs=tuple(self._epochs),
            started_at=self._started_at,
            ended_at=self._ended_at,
            components=components,
            other_cpu_share=self._other_cpu_share,
            missing=missing,
        )

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Probe the hardware before any window."""
        self._exclusive.enter_context(exclusive_meter())
        self._meter.warm_up()
        self._expected = {
            name: part for name, part in self._meter.components().items() if part.quality
        }

    def teardown(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Let other processes measure."""
        self._exclusive.close()

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Open the training's window, right before the first epoch."""
        if self._ledger is not None:
            self._ledger.open(carried_energy_kwh=self._before.energy_kwh or 0.0)
        self._attempt_from = (datetime.now(UTC), time.monotonic())
        self._started_at = self._started_at or _iso(self._attempt_from[0])
        self._ended_at = self._fault = None
        self._in_validation = self._last_reading = NOTHING
        self._marks = []
        self._running = True
        self._cpu_from = own_and_busy_cpu_s()
        self._meter.start(self._on_reading)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Note the epoch's energy and what the model logged."""
        metrics = {
            name: number if math.isfinite(number := float(value)) else None
            for name, value in trainer.callback_metrics.items()
        }
        reading = self._read()
        self._marks.append(Mark("epoch", reading, trainer.current_epoch, metrics))
        if self._ledger is not None:
            self._ledger.update(*_energy_and_duration(reading - self._in_validation))

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Close the training's window; `result` reports what went wrong in it."""
        self._on_gpu = trainer.strategy.root_device.type == "cuda"
        if self._on_gpu:
            torch.cuda.synchronize()
        self._running = False
        try:
            whole = sound(self._meter.stop())
            settled = [sound(mark) for mark in self._settled_marks()]
        except MeteringError as error:
            self._fault = str(error)
            whole, settled = self._last_reading, [mark.reading for mark in self._marks]
        self._close(whole, settled)

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Note where a validation inside `fit` begins."""
        if self._running:
            self._marks.append(Mark("validation begins", self._read()))
        elif not trainer.sanity_checking:
            self._meter.start()

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Count a validation as evaluation, not as training."""
        if self._running and self._marks and self._marks[-1].kind == "validation begins":
            begun = self._marks[-1].reading
            self._marks.append(Mark("validation ends", self._read()))
            self._in_validation = self._in_validation + (self._marks[-1].reading - begun)
        elif not self._running and not trainer.sanity_checking:
            self._close_evaluation()

    def on_test_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Open the evaluation's window."""
        self._meter.start()

    def on_test_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Close the evaluation's window."""
        self._close_evaluation()

    def on_exception(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        exception: BaseException,
    ) -> None:
        """Keep the energy of a failed training."""
        with self._exclusive:
            if self._running:
                self._running = False
                try:
                    last = sound(self._meter.stop())
                except MeteringError:
                    last = self._last_reading
                if self._ledger is not None:
                    lost = last - self._in_validation
                    why = f"{type(exception).__name__}: {exception}"
                    self._ledger.close("failed", *_energy_and_duration(lost), error=why)

    def state_dict(self) -> dict[str, Any]:
        """Energy and epochs so far, for a checkpoint."""
        train, evaluation, epochs = self._train, self._evaluation, self._epochs
        components = self._components
        if self._running:
            train = self._before + (self._read() - self._in_validation)
            evaluation = evaluation + self._in_validation
            epochs = epochs + epochs_of(self._marks, [mark.reading for mark in self._marks])
            components = worse(components, self._meter.components())
        return {
            "train": asdict(train),
            "evaluation": asdict(evaluation),
            "epochs": [epoch.model_dump() for epoch in epochs],
            "components": {name: part.model_dump() for name, part in components.items()},
            "started_at": self._started_at,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a checkpoint: the result is the sum of both parts."""
        self._before = Reading(**state_dict["train"])
        self._evaluation = Reading(**state_dict["evaluation"])
        self._epochs = [EpochRecord(**epoch) for epoch in state_dict["epochs"]]
        self._components = {
            name: Component(**part) for name, part in state_dict["components"].items()
        }
        self._started_at = state_dict["started_at"]

    def _on_reading(self, reading: Reading) -> None:
        if self._ledger is not None:
            self._ledger.update_if_due(*_energy_and_duration(reading - self._in_validation))

    def _read(self) -> Reading:
        """The energy so far, which is finite and has not fallen since the last time."""
        reading = sound(self._meter.read(), self._last_reading)
        self._last_reading = reading
        return reading

    def _settled_marks(self) -> Sequence[Reading]:
        return self._meter.settle([mark.reading for mark in self._marks])

    def _close(self, whole: Reading, settled: Sequence[Reading]) -> None:
        """Account for a closed window of training; `settled` are the readings at its marks."""
        in_validation = validation_of(self._marks, settled)
        self._train = self._before + (whole - in_validation)
        self._evaluation = self._evaluation + in_validation
        self._epochs = self._epochs + epochs_of(self._marks, settled)
        self._components = worse(self._components, self._meter.components())
        wall, monotonic_s = self._attempt_from
        ended_at = _iso(wall + timedelta(seconds=time.monotonic() - monotonic_s))
        # Of two attempts, each has its own clock.
        self._ended_at = max(ended_at, self._started_at or ended_at)
        self._other_cpu_share = None
        now = own_and_busy_cpu_s()
        if isinstance(now, str) or isinstance(self._cpu_from, str):
            self._missing["other_cpu_share"] = now if isinstance(now, str) else str(self._cpu_from)
            return
        own_s, busy_s = (end - start for end, start in zip(now, self._cpu_from, strict=True))
        self._other_cpu_share = min(max(1.0 - own_s / busy_s, 0.0), 1.0) if busy_s > 0 else 0.0

    def _close_evaluation(self) -> None:
        try:
            spent = sound(self._meter.stop())
        except MeteringError as error:
            self._evaluation_fault = str(error)
            return
        self._evaluation = self._evaluation + spent
        why = self._missing_part(self._meter.components())
        self._evaluation_fault = self._evaluation_fault or why

    def _missing_part(self, components: Mapping[ComponentName, Component]) -> str | None:
        """Why the energy of a window is not whole; None: each part that can be read was read."""
        gone = [name for name in self._expected if components[name].quality is None]
        if not gone:
            return None
        why = "; ".join(components[name].reason or "" for name in gone)
        return reason("part_missing", components=", ".join(gone).upper(), reason=why)


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds")


def _energy_and_duration(reading: Reading) -> tuple[float, float]:
    """What the ledger holds; a meter without any component has spent no known energy."""
    return max(reading.energy_kwh or 0.0, 0.0), max(reading.duration_s, 0.0)
