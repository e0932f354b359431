"""A Lightning callback that measures the energy of a training, and of that alone.

It works with any `LightningModule`. The training's window opens at the start of the first epoch and
closes after the last optimiser step; import, data preparation and the hardware probe lie before it,
and evaluation is metered apart, inside and outside `fit`. Of several processes one meters each
machine; all wait for each other at the windows' edges, and have the same result.
"""

import math
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from ecosobriety.errors import MeteringError
from ecosobriety.hardware import own_and_busy_cpu_s
from ecosobriety.metering.accounts import (
    NOTHING,
    Closed,
    Mark,
    MarkKind,
    energy_and_duration,
    epochs_of,
    iso,
    missing_part,
    others_share,
    over_machines,
    sound,
    state_of,
    together,
    validation_of,
    without_zero_gpu,
    worse,
)
from ecosobriety.metering.ledger import Ledger
from ecosobriety.metering.lightning import find_lightning
from ecosobriety.metering.machines import Machines
from ecosobriety.metering.meter import ComponentName, EnergyMeter, Reading, require_meter
from ecosobriety.metering.results import WHY_NONE, EnergyResult, WindowRecord
from ecosobriety.metering.windows import add_to, asked_file
from ecosobriety.reasons import reason
from ecosobriety.records.record import Component, EpochRecord

if TYPE_CHECKING:
    import pytorch_lightning as pl
else:
    pl = find_lightning()


class EnergyCallback(pl.Callback):
    """Meters `fit` and evaluation; `result()` gives the energy afterwards, in every process.

    Of several fits, the result is that of the last, with what it was taken up from.

    Args:
        meter: The meter; `CodeCarbonMeter("FRA")` for example.
        ledger: Where the attempt's energy is kept while it runs; None: nowhere. Of several
            processes the first writes it.

    Raises:
        MeteringError: it is no meter.
    """

    def __init__(self, meter: EnergyMeter, ledger: Ledger | None = None):
        require_meter(meter)
        self._meter = meter
        self._ledger = ledger
        self._exclusive = ExitStack()
        self._trainer: pl.Trainer | None = None
        self._machines: Machines | None = None
        self._expected: list[list[ComponentName]] = []
        self._forget()
        self._marks: list[Mark] = []
        self._own: list[Reading] = []
        self._others: list[Reading] = []
        self._in_validation = NOTHING
        self._last_reading = NOTHING
        self._ended_at: str | None = None
        self._attempt_from = (datetime.now(UTC), 0.0)
        self._opened_at = ""
        self._running = False
        self._on_gpu = False
        self._cpu_from: tuple[float, float] | str = ""
        self._other_cpu_share: float | None = None
        self._fault: str | None = None

    def _forget(self) -> None:
        """Begin with nothing, as what a checkpoint has kept is loaded afterwards."""
        self._before = self._open_epoch = self._train = self._evaluation = NOTHING
        self._evaluation_fault: str | None = None
        self._epochs: list[EpochRecord] = []
        self._components: dict[ComponentName, Component] = {}
        self._started_at: str | None = None
        self._missing: dict[str, str] = {}

    def result(self) -> EnergyResult:
        """The measured energies.

        Raises:
            MeteringError: the training has not ended, or its energy is not known: a counter failed,
                or the meter gave what is not positive and finite.
        """
        if self._machines is None:
            raise MeteringError(WHY_NONE["nothing run"])
        if self._started_at is None:
            raise MeteringError(WHY_NONE["nothing trained"])
        if self._ended_at is None:
            raise MeteringError(WHY_NONE["not ended" if self._opened_at else "nothing left"])
        components = dict(self._components)
        failed = self._fault or missing_part({*chain(*self._expected)}, components)
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
        if self._on_gpu:
            train, components = without_zero_gpu(train, components)
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
            hosts=self._machines.hosts,
        )

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Probe the hardware before any window."""
        asked_file()
        # What was evaluated before the first training counts.
        if stage == "fit" and self._started_at is not None:
            self._forget()
            self._opened_at = ""
        self._trainer = trainer
        attempt = None if self._ledger is None else self._ledger.attempt
        self._machines = machines = Machines.of(
            trainer.strategy, trainer.global_rank, trainer.world_size, attempt
        )
        if self._ledger is not None and not machines.writes:
            self._ledger.follow(machines.seats[0].attempt or self._ledger.attempt)
        machines.take_locks(self._exclusive)
        self._expected = machines.at_edge(self._probe)

    def teardown(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Let other processes measure."""
        self._exclusive.close()
        self._trainer = None

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Open the training's window, right before the first epoch."""
        if self._ledger is not None:
            self._ledger.open(carried_energy_kwh=self._before.energy_kwh or 0.0)
        self._ended_at = self._fault = None
        self._in_validation = self._last_reading = NOTHING
        self._marks, self._own, self._others = [], [], []
        starts = self._all().at_edge(self._open_window)
        self._opened_at = starts[0]
        self._started_at = self._started_at or starts[0]
        self._running = True

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Note the epoch's energy and what the model logged."""
        # In every process: what is logged may have to be gathered from all.
        metrics = {
            name: number if math.isfinite(number := float(value)) else None
            for name, value in trainer.callback_metrics.items()
        }
        reading = self._mark("epoch", trainer.current_epoch, metrics)
        if self._ledger is not None:
            self._ledger.update(*energy_and_duration(reading - self._in_validation))

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Close the training's window; `result` reports what went wrong in it."""
        self._on_gpu = trainer.strategy.root_device.type == "cuda"
        if self._on_gpu:
            torch.cuda.synchronize()
        closed = self._all().at_edge(self._close_window)
        self._running = False
        self._account_for(Closed.over(closed, self._expected))

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Note where a validation inside `fit` begins."""
        if self._running:
            self._mark("validation begins")
        elif not trainer.sanity_checking:
            self._all().at_edge(self._meter.start)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Count a validation as evaluation, not as training."""
        if self._running and self._marks and self._marks[-1].kind == "validation begins":
            begun = self._marks[-1].reading
            ended = self._mark("validation ends")
            self._in_validation = self._in_validation + (ended - begun)
        elif not self._running and not trainer.sanity_checking:
            self._close_evaluation()

    def on_test_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Open the evaluation's window."""
        self._all().at_edge(self._meter.start)

    def on_test_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Close the evaluation's window."""
        self._close_evaluation()

    def on_exception(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        exception: BaseException,
    ) -> None:
        """Keep the energy of a failed training.

        Nothing is asked of other processes, which may wait elsewhere or be gone.
        """
        with self._exclusive:
            if not self._running:
                return
            self._running = False
            last = self._last_reading
            if self._meters():
                with suppress(MeteringError):
                    last = sound(self._meter.stop())
            lost = together([last, *self._others]) - self._in_validation
            if (path := asked_file()) is not None and self._all().writes and lost.energy_kwh:
                # The command may catch the error: what was spent is spent.
                parts = self._meter.components()
                add_to(path, WindowRecord.of(lost, parts, self._opened_at, *self._end()))
            if self._ledger is not None:
                why = f"{type(exception).__name__}: {exception}"
                self._ledger.close("failed", *energy_and_duration(lost), error=why)

    def state_dict(self) -> dict[str, Any]:
        """Energy and epochs so far, for a checkpoint: the same in every process."""
        train, evaluation, epochs = self._train, self._evaluation, self._epochs
        components, open_epoch = self._components, NOTHING
        if self._running:
            reading, parts = self._so_far()
            train = self._before + (reading - self._in_validation)
            evaluation = evaluation + self._in_validation
            readings = [mark.reading for mark in self._marks]
            ended, open_epoch = epochs_of(self._marks, readings, self._open_epoch, reading)
            epochs = epochs + ended
            components = worse(components, parts)
        return state_of(train, open_epoch, evaluation, epochs, components, self._started_at)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a checkpoint: the result is the sum of both parts."""
        if self._trainer is not None and self._trainer.state.fn != "fit":
            return  # Lightning also gives it what a test of a checkpoint restores.
        self._before = Reading(**state_dict["train"])
        self._open_epoch = Reading(**state_dict["open_epoch"])
        self._evaluation = Reading(**state_dict["evaluation"])
        self._epochs = [EpochRecord(**epoch) for epoch in state_dict["epochs"]]
        self._components = {n: Component(**part) for n, part in state_dict["components"].items()}
        self._started_at = state_dict["started_at"]

    def _all(self) -> Machines:
        assert self._machines is not None
        return self._machines

    def _meters(self) -> bool:
        return self._machines is not None and self._machines.index is not None

    def _probe(self) -> list[ComponentName]:
        """The components that can be read on this machine."""
        self._meter.warm_up()
        return [name for name, part in self._meter.components().items() if part.quality]

    def _open_window(self) -> str:
        self._attempt_from = (datetime.now(UTC), time.monotonic())
        self._cpu_from = own_and_busy_cpu_s(self._all().pids)
        self._meter.start(self._on_reading)
        self._running = True
        return iso(self._attempt_from[0])

    def _on_reading(self, reading: Reading) -> None:
        if self._ledger is not None:
            spent = together([reading, *self._others]) - self._in_validation
            self._ledger.update_if_due(*energy_and_duration(spent))

    def _read(self) -> Reading:
        """This machine's energy so far, which is finite and has not fallen since the last time."""
        reading = sound(self._meter.read(), self._last_reading)
        self._last_reading = reading
        return reading

    def _mark(
        self, kind: MarkKind, epoch: int = 0, metrics: Mapping[str, float | None] | None = None
    ) -> Reading:
        """Note a moment of the window; the energy of all machines up to it."""
        answers = self._all().at_edge(lambda: (self._read(), metrics))
        readings = [reading for reading, _ in answers]
        index = self._all().index
        self._others = [r for machine, r in enumerate(readings) if machine != index]
        self._own.append(self._last_reading)
        # What the first process logged is what a Trainer reports.
        self._marks.append(Mark(kind, together(readings), epoch, answers[0][1]))
        return self._marks[-1].reading

    def _so_far(self) -> tuple[Reading, dict[ComponentName, Component]]:
        """The energy of all machines up to now, and how it was obtained.

        While an error ends the training, no other process may be asked: of other machines it is
        what was known last.
        """

        def now() -> tuple[Reading, Mapping[ComponentName, Component]]:
            return self._read(), self._meter.components()

        machines = self._all()
        if self._trainer is not None and self._trainer.interrupted:
            if machines.index is None:
                return together([*self._others]), self._components
            reading, parts = now()
            return together([reading, *self._others]), dict(parts)
        answers = machines.tell(now)
        components = over_machines([parts for _, parts in answers], self._expected)
        return together(reading for reading, _ in answers), components

    def _close_window(self) -> Closed:
        """Close this machine's window."""
        self._running = False
        fault = None
        try:
            whole = sound(self._meter.stop())
            settled = [sound(reading) for reading in self._meter.settle(self._own)]
        except MeteringError as error:
            fault = str(error)
            whole, settled = self._last_reading, self._own
        ended_at, cpu = self._end()
        parts = self._meter.components()
        return Closed(whole, settled, parts, cpu=cpu, ended_at=ended_at, fault=fault)

    def _end(self) -> tuple[str, tuple[float, float] | str]:
        """The time now, and others' share of the processor's."""
        wall, monotonic_s = self._attempt_from
        now = wall + timedelta(seconds=time.monotonic() - monotonic_s)
        return iso(now), others_share(self._cpu_from, own_and_busy_cpu_s(self._all().pids))

    def _account_for(self, closed: Closed) -> None:
        """Take in what the window of all machines was."""
        self._fault = closed.fault
        in_validation = validation_of(self._marks, closed.marks)
        self._train = self._before + (closed.whole - in_validation)
        self._evaluation = self._evaluation + in_validation
        self._epochs += epochs_of(self._marks, closed.marks, self._open_epoch, closed.whole)[0]
        self._components = worse(self._components, closed.components)
        # Of two attempts, each has its own clock.
        self._ended_at = max(closed.ended_at, self._started_at or "")
        self._other_cpu_share = None
        if isinstance(closed.cpu, str):
            self._missing["other_cpu_share"] = closed.cpu
        else:
            self._other_cpu_share = closed.cpu[0]
        if (path := asked_file()) is not None:
            self._hand_on(path, closed.whole - in_validation, closed)

    def _hand_on(self, path: Path, train: Reading, closed: Closed) -> None:
        """Write this window for the study that has started the command."""
        self.result()
        components = dict(closed.components)
        if self._on_gpu:
            train, components = without_zero_gpu(train, components)
        if self._all().writes:
            times = (self._opened_at, closed.ended_at)
            add_to(path, WindowRecord.of(train, components, *times, closed.cpu))

    def _close_evaluation(self) -> None:
        def close() -> tuple[Reading, str | None]:
            try:
                spent = sound(self._meter.stop())
            except MeteringError as error:
                return NOTHING, str(error)
            expected = self._expected[self._all().index or 0]
            return spent, missing_part(expected, self._meter.components())

        answers = self._all().at_edge(close)
        self._evaluation = self._evaluation + together(spent for spent, _ in answers)
        faults = [fault for _, fault in answers if fault]
        self._evaluation_fault = self._evaluation_fault or next(iter(faults), None)
