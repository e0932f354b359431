"""A training by command, what came of it, and the record of that."""

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Literal

from ecosobriety.datasets import Dataset, Declared
from ecosobriety.hardware import (
    children_peak_memory_mb,
    cpu_name,
    describe_hardware,
    describe_job,
)
from ecosobriety.metering import Ledger
from ecosobriety.metering.results import WindowRecord
from ecosobriety.outside.result import EpochResult, epoch_log, epochs_done, parted
from ecosobriety.reasons import reason
from ecosobriety.records.record import RunRecord


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
        epochs: what stands for `{epochs}`; None: the command does not hold it.
        accelerator: where it trains, `cpu` or `gpu`, for its record; None: not said.
    """

    model: str
    command: str
    shell: str
    n_train: int
    seed: int
    threads: int
    code_fingerprint: str
    epochs: int | None = None
    accelerator: str | None = None


@dataclass(frozen=True)
class CommandRun:
    """What came of a command.

    Attributes:
        scores: the numbers that it reported, by name; the study's metric among them.
        window: the energy that counts.
        kind: `exact` where the command opened a window of its own, else `process`; that, too, of
            one that went on with a checkpoint, as the windows of those before it are not known.
        process: the energy of the whole process, or of all attempts.
        epochs: what it reported of its epochs; the last is its end.
    """

    scores: Mapping[str, float]
    window: WindowRecord
    kind: Literal["process", "exact"]
    process: WindowRecord
    epochs: Sequence[EpochResult] = ()


def command_record(
    dataset: Dataset | Declared,
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
    # PyTorch, whose name that is, may be one without GPUs here.
    seen = str((metering.get("hardware_seen") or {}).get("gpu_model") or "")
    names = seen.split(" x ")[1:]
    gpu = hardware.get("gpu") or (names[0] if len(names) == 1 else None)
    metered = window.energy_gpu_kwh is not None
    device, accelerator, no_device = _place(training.accelerator, gpu, metered=metered)
    epochs = epochs_done(run.scores, run.epochs, training.epochs)
    scores, loss, no_loss = parted(run.scores)
    unknown = ["steps", "batch_size", "flop_forward", "flop_train"]
    nothing: dict[str, Any] = dict.fromkeys(unknown)
    unknown += [] if epochs else ["epochs"]
    unknown += [] if run.epochs else ["epoch_log"]
    missing = {**dict.fromkeys(unknown, reason("not_reported")), **no_loss, **no_device}
    missing |= window.missing
    outside_kwh = None
    if run.kind == "process":
        missing["eval_energy_kwh"] = reason("within")
    else:
        # Start-up and evaluation. Two meters never read at the same moment.
        outside_kwh = max(run.process.energy_kwh - window.energy_kwh, 0.0)
    return RunRecord(
        dataset=dataset.name,
        model=training.model,
        n_train=training.n_train,
        seed=training.seed,
        epochs=epochs,
        **nothing,
        scores=scores,
        test_loss=loss,
        **window.measured().fields(),
        eval_energy_kwh=outside_kwh,
        lost_energy_kwh=lost_kwh,
        device=device,
        accelerator=accelerator,
        threads=training.threads,
        peak_memory_mb=children_peak_memory_mb(),
        attempt=ledger.attempt,
        identity=ledger.identity,
        window=run.kind,
        missing=missing,
        epoch_log=epoch_log(run.epochs, window),
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


def _place(
    chosen: str | None, gpu: str | None, *, metered: bool
) -> tuple[str | None, str | None, dict[str, str]]:
    """The device and the kind of accelerator that a command trained on, and why they are unknown.

    Args:
        chosen: as of `CommandTraining`.
        gpu: the machine's, by name; None: not known.
        metered: whether a GPU's energy counts, which the command may have left idle.
    """
    if chosen == "cpu" or (chosen is None and not metered):
        return cpu_name(), "cpu", {}
    if chosen == "gpu":
        return gpu, "cuda", {} if gpu else {"device": reason("not_reported")}
    return None, None, dict.fromkeys(("device", "accelerator"), reason("gpu_or_cpu"))
