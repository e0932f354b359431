"""A training that is the user's own command: run alone, metered from start to end, its scores read.

The window is the life of the process, start-up and evaluation included. A command that opens a
window of its own (`metering.window`) gives the training's energy alone, and that counts instead.

A command may keep a checkpoint. One that finds its own there goes on with it: the energy is then
that of all attempts since the first that left one.
"""

import os
import shutil
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ecosobriety.datasets import Dataset, Declared, training_order
from ecosobriety.errors import ConfigError, EcosobrietyError, MeteringError, quote
from ecosobriety.files import write_json
from ecosobriety.hardware import (
    own_and_busy_cpu_s,
)
from ecosobriety.metering import (
    EnergyMeter,
    Ledger,
    Reading,
    exclusive_meter,
    lost_energy_kwh,
    meter_from,
)
from ecosobriety.metering.accounts import missing_part, others_share, sound
from ecosobriety.metering.results import WindowRecord
from ecosobriety.metering.windows import read_window, window_environment
from ecosobriety.metrics import Metric
from ecosobriety.outside.output import last_words
from ecosobriety.outside.recording import CommandRun, CommandTraining, command_record
from ecosobriety.outside.result import (
    EPOCHS,
    read_result,
    require_asked,
    require_within,
)
from ecosobriety.outside.session import guard, started, wait_for
from ecosobriety.records.record import RunRecord
from ecosobriety.user_code.commands import fill, placeholders

CHECKPOINT = "checkpoint"
"""Placeholder of the folder in which a command keeps what it goes on with."""
SPENT_FILE = "spent.json"
"""Beside the checkpoint: the energy of the attempts since the first that left one."""
NOT_FOUND, NOT_EXECUTABLE = 127, 126


def lay_out(
    training: CommandTraining,
    dataset: Dataset | Declared,
    data: Path,
    scratch: Path,
    identity: str,
) -> dict[str, str | int | Path]:
    """Write what a command is given; what stands for each of its placeholders.

    Args:
        training: what is trained.
        dataset: what on.
        data: the data set's file.
        scratch: a folder of the training's own, which is made; a checkpoint of another identity is
            removed from it.
        identity: digest of all that decides the training.

    Raises:
        DataError: there are fewer examples than asked for.
    """
    dataset.require_size(training.n_train)
    scratch.mkdir(parents=True, exist_ok=True)
    names, checkpoint = placeholders(training.command), scratch / f"{CHECKPOINT}-{identity}"
    if "subset" in names:
        rows = training_order(dataset.y_train, training.seed)[: training.n_train]
        np.save(scratch / "subset.npy", rows)
    for stale in scratch.glob(f"{CHECKPOINT}-*"):
        if stale != checkpoint:
            shutil.rmtree(stale)
    if CHECKPOINT in names:
        checkpoint.mkdir(exist_ok=True)
    return {
        CHECKPOINT: checkpoint,
        "subset": scratch / "subset.npy",
        "data": data.absolute(),
        "result": scratch / "result.json",
        **{name: getattr(training, name) for name in ("n_train", "seed", "threads")},
        **({} if training.epochs is None else {EPOCHS: training.epochs}),
    }


def train_by_command(
    training: CommandTraining,
    dataset: Dataset | Declared,
    values: Mapping[str, str | int | Path],
    *,
    time_limit_s: float | None,
    metric: Metric,
    ledger: Ledger,
    parameters: Mapping[str, Any],
    log: Path,
) -> RunRecord:
    """Run a command once, measured by CodeCarbon; the record of it.

    The arguments and the errors are those of `run_command`, and `dataset` is what it trains on.

    Raises:
        RecordError: an earlier attempt's entry in the ledger cannot be read.
    """
    lost_before_kwh = lost_energy_kwh(ledger.folder, ledger.identity)
    meter = meter_from(parameters)
    run = run_command(
        training,
        values,
        time_limit_s=time_limit_s,
        metric=metric,
        meter=meter,
        ledger=ledger,
        parameters=parameters,
        log=log,
    )
    # A killed attempt's last entry can be some seconds older than what it left.
    lost_kwh = max(lost_before_kwh - ledger.carried_energy_kwh, 0.0)
    metering = meter.describe()
    return command_record(dataset, training, run, ledger, metering=metering, lost_kwh=lost_kwh)


def run_command(
    training: CommandTraining,
    values: Mapping[str, str | int | Path],
    *,
    time_limit_s: float | None,
    metric: Metric,
    meter: EnergyMeter,
    ledger: Ledger,
    parameters: Mapping[str, Any],
    log: Path,
) -> CommandRun:
    """Run a command once, measured; nothing of it is left at work when this ends.

    Args:
        training: what is trained.
        values: what stands for the command's placeholders, as of `lay_out`.
        time_limit_s: after which it is ended; None: never.
        metric: what it must report.
        meter: measures its life.
        ledger: keeps the energy of the attempt while it runs.
        parameters: `config.training_parameters`, of which the meter's are handed on.
        log: file that its output is added to.

    Raises:
        ConfigError: it is not found, failed, was not finished in time, or reported no such score.
        MeteringError: its energy is not known.
    """
    result, checkpoint = Path(str(values["result"])), Path(str(values[CHECKPOINT]))
    windows = result.with_name("window.json")
    for path in (result, windows):
        path.unlink(missing_ok=True)
    text = fill(training.command, values)
    which = f"models: {training.model} (n_train {training.n_train}, seed {training.seed})"
    shell = [training.shell, "-e", "-c", text]  # Else the last of several lines alone counts.
    environment = {**os.environ, **window_environment(windows, parameters)}
    with exclusive_meter(), log.open("ab") as output, guard() as watched:
        meter.warm_up()
        expected = [part for part, how in meter.components().items() if how.quality]
        life = _Life(meter, ledger, result.with_name(SPENT_FILE), checkpoint)
        output_from = log.stat().st_size
        meter.start(life.note)
        try:
            with started(shell, environment, output, watched) as process:
                code = wait_for(process, time_limit_s)
            reading, whole = life.end()
        except BaseException as error:
            with suppress(MeteringError):
                life.fail(life.end()[0], error)
            raise
    try:
        if code is None:
            raise ConfigError(
                f"{which}: the command was not finished after {time_limit_s:g} s (time_limit_s)"
            )
        if code != 0:
            raise ConfigError(_failure(which, training.command, code, log, output_from))
        why = missing_part(expected, meter.components())
        if why is None and whole is None:
            why = f"the meter gave {reading.energy_kwh} kWh"
        if why is not None:
            raise MeteringError(f"{which}: the command's energy is not known ({why})")
        found, exact = read_result(which, result, metric), read_window(windows)
        asked = {"n_train": training.n_train, "seed": training.seed}
        asked |= {} if training.epochs is None else {EPOCHS: training.epochs}
        require_asked(which, found, asked)
        assert whole is not None
        counts = whole if exact is None or life.carried is not None else exact
        require_within(which, found.epochs, counts.duration_s)
    except EcosobrietyError as error:
        life.fail(reading, error)
        raise
    kind: Literal["process", "exact"] = "process" if counts is whole else "exact"
    return CommandRun(found.scores, counts, kind, whole, found.epochs)


class _Life:
    """The life of a process as it is metered, and what attempts before it spent for it."""

    def __init__(self, meter: EnergyMeter, ledger: Ledger, spent: Path, checkpoint: Path):
        """Open the attempt; `spent` counts only where there is a checkpoint to go on with."""
        self._meter, self._ledger, self._spent = meter, ledger, spent
        going_on = checkpoint.is_dir() and any(checkpoint.iterdir())
        self.carried = read_window(spent) if going_on else None
        if self.carried is None:
            spent.unlink(missing_ok=True)
        self._keeps = checkpoint.is_dir()
        ledger.open(0.0 if self.carried is None else self.carried.energy_kwh)
        self._began, self._cpu_from = (datetime.now(UTC), time.monotonic()), own_and_busy_cpu_s()

    def note(self, reading: Reading) -> None:
        """Keep the energy so far, from time to time; of what may be gone on with, always."""
        if self._keeps:
            self._ledger.update(reading.energy_kwh or 0, reading.duration_s)
            self._keep(reading)
        else:
            self._ledger.update_if_due(reading.energy_kwh or 0, reading.duration_s)

    def end(self) -> tuple[Reading, WindowRecord | None]:
        """Close the window: its energy, and with that of the attempts it went on with; None: of 0.

        It is also kept for an attempt that goes on.
        """
        reading = sound(self._meter.stop())
        return reading, self._keep(reading)

    def fail(self, spent: Reading, error: BaseException) -> None:
        """Close the attempt with its energy and why it failed."""
        why = f"{type(error).__name__}: {error}"
        self._ledger.close("failed", spent.energy_kwh or 0.0, spent.duration_s, error=why)

    def _so_far(self, reading: Reading) -> WindowRecord:
        """The energy of this attempt until now, and of those that it went on with."""
        wall, monotonic_s = self._began
        ended = wall + timedelta(seconds=time.monotonic() - monotonic_s)
        started_at, ended_at = (m.isoformat(timespec="microseconds") for m in (wall, ended))
        cpu = others_share(self._cpu_from, own_and_busy_cpu_s())
        own = WindowRecord.of(reading, self._meter.components(), started_at, ended_at, cpu)
        return own if self.carried is None else self.carried.followed_by(own)

    def _keep(self, reading: Reading) -> WindowRecord | None:
        if not reading.energy_kwh:
            return None
        so_far = self._so_far(reading)
        if self._keeps:
            write_json(self._spent, so_far.model_dump(mode="json"))
        return so_far


def _failure(which: str, command: str, code: int, log: Path, began_at: int) -> str:
    how = f"was ended by signal {-code}" if code < 0 else f"ended with {code}"
    if code in (NOT_FOUND, NOT_EXECUTABLE):
        how = f"cannot be run ({code})"
    return (
        f"{which}: the command {quote(command)} {how}: {last_words(log, began_at) or 'no output'}"
    )
