"""A Lightning callback that measures the energy of a training, and of that alone.

It works with any `LightningModule`. The training's window opens at the start of the first epoch and
closes after the last optimiser step; import, data preparation and the hardware probe lie before it,
and evaluation is metered apart, inside and outside `fit`.
"""

import math
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from typing import Any

import psutil
import pytorch_lightning as pl
import torch

from ecosobriety.errors import MeteringError
from ecosobriety.metering.ledger import Ledger, utc_now
from ecosobriety.metering.lock import exclusive_meter
from ecosobriety.metering.meter import ComponentName, EnergyMeter, Reading
from ecosobriety.records import Component, EpochRecord, Quality

SHORT_WINDOW_S = 1.0
"""Below one second a meter that samples every second is off by several per cent."""

NOTHING = Reading(0.0)


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
    other_cpu_share: float
    """Share (0-1) of the machine's CPU time in the window that other processes took.

    The meter counts the whole machine, so that their work stands in the training's energy.
    """

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
        self._before = NOTHING
        self._train = NOTHING
        self._evaluation = NOTHING
        self._validation_from: Reading | None = None
        self._in_validation = NOTHING
        self._epoch_from = NOTHING
        self._epochs: list[EpochRecord] = []
        self._started_at: str | None = None
        self._ended_at: str | None = None
        self._running = False
        self._on_gpu = False
        self._cpu_from = (0.0, 0.0)
        self._other_cpu_share = 0.0

    def result(self) -> EnergyResult:
        """The measured energies.

        Raises:
            MeteringError: the training has not ended, or its energy is not positive and finite.
        """
        if self._started_at is None or self._ended_at is None:
            raise MeteringError("the training has not ended: there is no energy to report yet")
        energy_kwh = self._train.energy_kwh
        if energy_kwh is None or not (energy_kwh > 0 and math.isfinite(energy_kwh)):
            raise MeteringError(
                f"the meter gave {energy_kwh} kWh for the training, which is not positive and "
                "finite; nothing is recorded"
            )
        components = dict(self._meter.components())
        train = self._train
        if self._on_gpu and not train.gpu_kwh:
            reason = components["gpu"].reason or "the meter gave 0 kWh for a training on the GPU"
            components["gpu"] = Component(quality=None, source=None, reason=reason)
            train = replace(train, gpu_kwh=None)
        return EnergyResult(
            energy_kwh,
            train,
            self._evaluation,
            tuple(self._epochs),
            self._started_at,
            self._ended_at,
            components,
            self._other_cpu_share,
        )

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Probe the hardware before any window."""
        self._exclusive.enter_context(exclusive_meter())
        self._meter.warm_up()

    def teardown(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Let other processes measure."""
        self._exclusive.close()

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Open the training's window, right before the first epoch."""
        if self._ledger is not None:
            self._ledger.open(carried_energy_kwh=self._before.energy_kwh or 0.0)
        self._started_at = self._started_at or utc_now()
        self._in_validation = self._epoch_from = NOTHING
        self._running = True
        self._cpu_from = _own_and_busy_cpu_s()
        self._meter.start(self._on_reading)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Note the epoch's energy and what the model logged."""
        so_far = self._meter.read() - self._in_validation
        epoch = so_far - self._epoch_from
        self._epoch_from = so_far
        self._epochs.append(
            EpochRecord(
                epoch=trainer.current_epoch,
                duration_s=epoch.duration_s,
                energy_kwh=epoch.energy_kwh,
                metrics={
                    name: number if math.isfinite(number := float(value)) else None
                    for name, value in trainer.callback_metrics.items()
                },
            )
        )
        if self._ledger is not None:
            self._ledger.update(*_energy_and_duration(so_far))

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Close the training's window."""
        self._on_gpu = trainer.strategy.root_device.type == "cuda"
        if self._on_gpu:
            torch.cuda.synchronize()
        spent = self._meter.stop() - self._in_validation
        self._running = False
        self._train = self._before + spent
        self._ended_at = utc_now()
        own_s, busy_s = (
            now - then for now, then in zip(_own_and_busy_cpu_s(), self._cpu_from, strict=True)
        )
        self._other_cpu_share = max(1.0 - own_s / busy_s, 0.0) if busy_s > 0 else 0.0

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Note where a validation inside `fit` begins."""
        if self._running:
            self._validation_from = self._meter.read()
        elif not trainer.sanity_checking:
            self._meter.start()

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Count a validation as evaluation, not as training."""
        if self._running and self._validation_from is not None:
            spent = self._meter.read() - self._validation_from
            self._in_validation = self._in_validation + spent
            self._evaluation = self._evaluation + spent
        elif not trainer.sanity_checking:
            self._evaluation = self._evaluation + self._meter.stop()

    def on_test_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Open the evaluation's window."""
        self._meter.start()

    def on_test_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Close the evaluation's window."""
        self._evaluation = self._evaluation + self._meter.stop()

    def on_exception(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        exception: BaseException,
    ) -> None:
        """Keep the energy of a training that died."""
        with self._exclusive:
            if self._running:
                self._running = False
                lost = self._meter.stop() - self._in_validation
                if self._ledger is not None:
                    reason = f"{type(exception).__name__}: {exception}"
                    self._ledger.close("failed", *_energy_and_duration(lost), error=reason)

    def state_dict(self) -> dict[str, Any]:
        """Energy and epochs so far, for a checkpoint."""
        so_far = self._train
        if self._running:
            so_far = self._before + (self._meter.read() - self._in_validation)
        return {
            "train": asdict(so_far),
            "evaluation": asdict(self._evaluation),
            "epochs": [epoch.model_dump() for epoch in self._epochs],
            "started_at": self._started_at,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a checkpoint: the result is the sum of both parts."""
        self._before = Reading(**state_dict["train"])
        self._evaluation = Reading(**state_dict["evaluation"])
        self._epochs = [EpochRecord(**epoch) for epoch in state_dict["epochs"]]
        self._started_at = state_dict["started_at"]

    def _on_reading(self, reading: Reading) -> None:
        if self._ledger is not None:
            self._ledger.update_if_due(*_energy_and_duration(reading - self._in_validation))


def _own_and_busy_cpu_s() -> tuple[float, float]:
    """CPU time in s of this process with its children, and of the whole machine."""
    process = psutil.Process()
    own = [process.cpu_times(), *(child.cpu_times() for child in process.children(recursive=True))]
    machine = psutil.cpu_times()
    idle_s = machine.idle + getattr(machine, "iowait", 0.0)
    guest_s = getattr(machine, "guest", 0.0) + getattr(machine, "guest_nice", 0.0)
    # Linux counts guests' time in the user's, too.
    return sum(t.user + t.system for t in own), sum(machine) - idle_s - guest_s


def _energy_and_duration(reading: Reading) -> tuple[float, float]:
    """What the ledger holds; a meter without any component has spent no known energy."""
    return reading.energy_kwh or 0.0, reading.duration_s
