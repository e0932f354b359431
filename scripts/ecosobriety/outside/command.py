"""A training that is the user's own command: run alone, metered from start to end, its scores read.

The window is the life of the process, start-up and evaluation included. A command that opens a
window of its own (`metering.window`) gives the training's energy alone, and that counts instead.
"""

import json
import logging
import math
import os
import platform
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from types import FrameType
from typing import Any, Literal

import numpy as np
import psutil

from ecosobriety.datasets import Dataset, training_order
from ecosobriety.errors import ConfigError, EcosobrietyError, MeteringError, quote, shorten
from ecosobriety.hardware import (
    children_peak_memory_mb,
    cpu_name,
    describe_hardware,
    describe_job,
    own_and_busy_cpu_s,
)
from ecosobriety.metering import EnergyMeter, Ledger, Reading, exclusive_meter
from ecosobriety.metering.accounts import missing_part, others_share, sound
from ecosobriety.metering.results import WindowRecord
from ecosobriety.metering.windows import read_window, window_environment
from ecosobriety.metrics import METRICS, Metric
from ecosobriety.reasons import reason
from ecosobriety.records.record import RunRecord
from ecosobriety.user_code.commands import fill

logger = logging.getLogger(__name__)

GRACE_S = 10.0
"""A command that is asked to end has so long to do so."""
MAX_RESULT_BYTES = 2**20
LAST_LINES = 3
NOT_FOUND, NOT_EXECUTABLE = 127, 126


@dataclass(frozen=True)
class CommandTraining:
    """One training by command: all that decides its result, besides the data.

    Attributes:
        model: the model's name.
        command: with its placeholders.
        shell: one of `commands.SHELLS`.
        n_train: number of training examples.
        seed: decides the subset; the command is given it too.
        threads: processors that it may use.
        code_fingerprint: fingerprint of our own code around it.
    """

    model: str
    command: str
    shell: str
    n_train: int
    seed: int
    threads: int
    code_fingerprint: str


@dataclass(frozen=True)
class CommandRun:
    """What came of a command.

    Attributes:
        scores: the numbers that it reported, by name; the study's metric among them.
        window: the energy that counts.
        kind: `exact` where the command opened a window of its own, else `process`.
        process: the energy of the whole process.
    """

    scores: Mapping[str, float]
    window: WindowRecord
    kind: Literal["process", "exact"]
    process: WindowRecord


def lay_out(
    training: CommandTraining, dataset: Dataset, data: Path, scratch: Path
) -> dict[str, str | int | Path]:
    """Write the subset that a command is given; what stands for each of its placeholders.

    Args:
        training: what is trained.
        dataset: what on.
        data: the data set's file.
        scratch: a folder of the training's own, which is made.

    Raises:
        DataError: there are fewer examples than asked for.
    """
    dataset.require_size(training.n_train)
    scratch.mkdir(parents=True, exist_ok=True)
    rows = training_order(dataset.y_train, training.seed)[: training.n_train]
    np.save(scratch / "subset.npy", rows)
    return {
        "subset": scratch / "subset.npy",
        "data": data.absolute(),
        "result": scratch / "result.json",
        **{name: getattr(training, name) for name in ("n_train", "seed", "threads")},
    }


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
        values: what stands for the command's placeholders; `result` is the file that it writes.
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
    result = Path(str(values["result"]))
    windows = result.with_name("window.json")
    for path in (result, windows):
        path.unlink(missing_ok=True)
    name, text = training.model, fill(training.command, values)
    environment = {**os.environ, **window_environment(windows, parameters)}
    output_from = log.stat().st_size if log.exists() else 0
    with exclusive_meter(), log.open("ab") as output:
        meter.warm_up()
        expected = [part for part, how in meter.components().items() if how.quality]
        ledger.open()
        began, cpu_from = (datetime.now(UTC), time.monotonic()), own_and_busy_cpu_s()
        meter.start(
            lambda reading: ledger.update_if_due(reading.energy_kwh or 0, reading.duration_s)
        )
        try:
            with _started([training.shell, "-c", text], environment, output) as process:
                code = _wait(process, time_limit_s)
            reading, cpu_now = sound(meter.stop()), own_and_busy_cpu_s()
        except BaseException as error:
            with suppress(MeteringError):
                _fail(ledger, sound(meter.stop()), error)
            raise
        ended = began[0] + timedelta(seconds=time.monotonic() - began[1])
    try:
        if code is None:
            raise ConfigError(
                f"models: {name}: the command was not finished after {time_limit_s:g} s "
                "(time_limit_s)"
            )
        if code != 0:
            raise ConfigError(_failure(name, text, code, log, output_from))
        if why := missing_part(expected, meter.components()):
            raise MeteringError(f"models: {name}: the command's energy is not known ({why})")
        scores, exact = read_scores(name, result, metric), read_window(windows)
    except EcosobrietyError as error:
        _fail(ledger, reading, error)
        raise
    started_at, ended_at = (m.isoformat(timespec="microseconds") for m in (began[0], ended))
    cpu = others_share(cpu_from, cpu_now)
    whole = WindowRecord.of(reading, meter.components(), started_at, ended_at, cpu)
    if exact is None:
        return CommandRun(scores, whole, "process", whole)
    return CommandRun(scores, exact, "exact", whole)


def _fail(ledger: Ledger, spent: Reading, error: BaseException) -> None:
    why = f"{type(error).__name__}: {error}"
    ledger.close("failed", spent.energy_kwh or 0.0, spent.duration_s, error=why)


def command_record(
    dataset: Dataset,
    training: CommandTraining,
    run: CommandRun,
    ledger: Ledger,
    *,
    metering: Mapping[str, Any],
    lost_kwh: float,
) -> RunRecord:
    """Put together the record of a command that has ended.

    Args:
        dataset: what it was trained on.
        training: what was trained.
        run: what came of it.
        ledger: where its attempts are kept.
        metering: the meter, in words and numbers.
        lost_kwh: the energy of its failed attempts.
    """
    window, hardware = run.window, describe_hardware()
    on_gpu = window.energy_gpu_kwh is not None and bool(hardware.get("gpu"))
    unknown = ("epochs", "steps", "batch_size", "test_loss", "flop_forward", "flop_train")
    nothing: dict[str, Any] = dict.fromkeys(unknown)
    missing = {**dict.fromkeys(unknown, reason("not_reported")), **window.missing}
    missing["eval_energy_kwh"] = reason("within" if run.kind == "process" else "not_reported")
    return RunRecord(
        dataset=dataset.name,
        model=training.model,
        n_train=training.n_train,
        seed=training.seed,
        **nothing,
        scores=dict(run.scores),
        **window.measured().fields(),
        eval_energy_kwh=None,
        lost_energy_kwh=lost_kwh,
        device=str(hardware["gpu"]) if on_gpu else cpu_name(),
        accelerator="cuda" if on_gpu else "cpu",
        threads=training.threads,
        peak_memory_mb=children_peak_memory_mb(),
        attempt=ledger.attempt,
        identity=ledger.identity,
        window=run.kind,
        missing=missing,
        epoch_log=[],
        training={
            "command": training.command,
            "shell": training.shell,
            "process_kwh": run.process.energy_kwh,
            "process_s": run.process.duration_s,
        },
        metering=dict(metering),
        hardware=hardware,
        job=describe_job(),
        versions={"python": platform.python_version(), "codecarbon": version("codecarbon")},
        dataset_sha256=dataset.sha256,
        code_fingerprint=training.code_fingerprint,
    )


def read_scores(name: str, path: Path, metric: Metric) -> dict[str, float]:
    """The numbers that a command has reported.

    Raises:
        ConfigError: there is no such file, it is no JSON object of numbers, or the study's metric
            is not in it or cannot be.
    """
    what = f"models: {name}: its result"
    try:
        with path.open("rb") as file:
            content = file.read(MAX_RESULT_BYTES + 1)
    except FileNotFoundError:
        raise ConfigError(f"{what} is missing: the command wrote no {{result}}") from None
    except OSError as error:
        raise ConfigError(f"{what} cannot be read: {error.strerror}") from error
    if len(content) > MAX_RESULT_BYTES:
        raise ConfigError(f"{what} has more than {MAX_RESULT_BYTES} bytes")
    try:
        found = json.loads(content, object_pairs_hook=_once, parse_int=float)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{what} is no JSON: {shorten(str(error))}") from error
    if not isinstance(found, dict):
        raise ConfigError(f'{what} must be a JSON object such as {{"{metric.name}": 0.9}}')
    for key, value in found.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ConfigError(f"{what} says {quote(key)} is {quote(value)}, but must be a number")
        if not math.isfinite(value):
            raise ConfigError(f"{what} says {quote(key)} is {value}, but must be a finite number")
    if metric.name not in found:
        names = ", ".join(map(quote, [*found][:5])) or "nothing"
        raise ConfigError(f"{what} holds {names}, but must hold the study's {metric.name}")
    for key, value in found.items():
        known = metric if key == metric.name else METRICS.get(key)
        low, high = known.ends if known else (-math.inf, math.inf)
        if not low <= value <= high:
            hundredth = low <= value / 100 <= high
            hint = f" (did you mean {value / 100:g}?)" if hundredth and value > 1 else ""
            raise ConfigError(
                f"{what} says {key} is {value:g}, but must be from {low:g} to {high:g}{hint}"
            )
    return {key: float(value) for key, value in found.items()}


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{name} stands in it twice")
    return dict(pairs)


@contextmanager
def _started(
    command: list[str], environment: Mapping[str, str], output: Any
) -> Iterator[subprocess.Popen[bytes]]:
    """A process in a session of its own; at the end nothing of that is left."""
    previous = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def end(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(128 + number)

    process = subprocess.Popen(
        command,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        for number in previous:
            signal.signal(number, end)
        yield process
    finally:
        _end_session(process)
        for number, handler in previous.items():
            signal.signal(number, handler)


def _wait(process: subprocess.Popen[bytes], time_limit_s: float | None) -> int | None:
    try:
        return process.wait(time_limit_s)
    except subprocess.TimeoutExpired:
        return None


def _end_session(process: subprocess.Popen[bytes]) -> None:
    """End what is left of a command: itself, and what it started and did not wait for."""
    left = list(_session(process.pid))
    if process.poll() is not None and left:
        names = ", ".join(sorted({quote(each.info["name"]) for each in left}))
        logger.warning("the command ended, and left %s at work: ended too", names)
    for each in left:
        with suppress(psutil.NoSuchProcess):
            each.terminate()
    _, alive = psutil.wait_procs(left, timeout=GRACE_S)
    for each in alive:
        with suppress(psutil.NoSuchProcess):
            each.kill()
    psutil.wait_procs(alive, timeout=GRACE_S)
    process.wait()


def _session(leader: int) -> Iterator[psutil.Process]:
    for each in psutil.process_iter(["name", "status"]):
        with suppress(OSError):
            if os.getsid(each.pid) == leader and each.info["status"] != psutil.STATUS_ZOMBIE:
                yield each


def _failure(name: str, text: str, code: int, log: Path, began_at: int) -> str:
    with log.open("rb") as file:
        file.seek(began_at)
        lines = [line.strip() for line in file.read().decode(errors="replace").splitlines()]
    last = " / ".join([line for line in lines if line][-LAST_LINES:])
    how = f"was ended by signal {-code}" if code < 0 else f"ended with {code}"
    if code in (NOT_FOUND, NOT_EXECUTABLE):
        how = f"cannot be run ({code})"
    return f"models: {name}: the command {quote(text)} {how}: {shorten(last, 120) or 'no output'}"
