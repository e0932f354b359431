"""Train one network once, measured: the data, the Trainer, the evaluation, the record."""

import copy
import gc
import math
import platform
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import pytorch_lightning as pl
import torch
from lightning_fabric.plugins.environments.lightning import LightningEnvironment
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from ecosobriety import datasets
from ecosobriety.batches import Blocks, Slices, cut_batches, lay
from ecosobriety.errors import DataError, RecordError
from ecosobriety.hardware import (
    cpu_name,
    describe_hardware,
    describe_job,
    peak_memory_mb,
    usable_cpus,
)
from ecosobriety.metering import EnergyCallback, EnergyMeter, Ledger, lost_energy_kwh
from ecosobriety.models import Learner, Task, build_module, build_network
from ecosobriety.records import RunRecord, contradiction, write_record

_VERSIONED = ("torch", "pytorch-lightning", "codecarbon", "numpy")


@dataclass(frozen=True)
class TrainingSettings:
    """What decides a training besides its data, model, size and seed.

    `max_steps` is None where every size trains for `epochs` epochs; with a fixed budget of
    optimiser steps it is their number, and `epochs` does not count.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    accelerator: str
    precision: Literal["32-true", "16-mixed", "bf16-mixed"]
    max_steps: int | None = None


def settings_from(parameters: Mapping[str, Any]) -> TrainingSettings:
    """Read the settings from `config.training_parameters`: values by dotted key."""
    epochs, batch_size = parameters["training.epochs"], parameters["training.batch_size"]
    fixed_steps = parameters["training.budget"] == "steps"
    return TrainingSettings(
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=parameters["training.learning_rate"],
        accelerator=parameters["training.accelerator"],
        precision=parameters["training.precision"],
        max_steps=steps_of(parameters["analysis.reference_n_train"], epochs, batch_size)
        if fixed_steps
        else None,
    )


def steps_of(n_train: int, epochs: int, batch_size: int) -> int:
    """Optimiser steps of `epochs` epochs over `n_train` examples; the last batch may be smaller."""
    return math.ceil(n_train / batch_size) * epochs


def examples_of(steps: int, n_train: int, batch_size: int) -> int:
    """Examples seen in `steps` optimiser steps over epochs of `n_train` examples."""
    full_epochs, more_steps = divmod(steps, math.ceil(n_train / batch_size))
    return full_epochs * n_train + more_steps * batch_size


class _EpochOrder(pl.Callback):
    """Tells the batches which epoch it is, also after a resume."""

    def __init__(self, batches: Slices):
        self._batches = batches

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._batches.set_epoch(trainer.current_epoch)


class _Checkpoint(pl.Callback):
    """Saves the training after each epoch but the last, under one name.

    After the last there is nothing to go on with, and Lightning would skip the whole `fit`.
    """

    def __init__(self, path: Path):
        self._path = path

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        last_epoch = trainer.current_epoch + 1 == trainer.max_epochs
        last_step = trainer.should_stop or trainer.global_step == trainer.max_steps
        if not (last_epoch or last_step):
            trainer.save_checkpoint(self._path)


def train(
    dataset: datasets.Dataset,
    *,
    model: str,
    class_path: str,
    init_args: Mapping[str, Any],
    n_train: int,
    seed: int,
    settings: TrainingSettings,
    meter: EnergyMeter,
    ledger: Ledger,
    threads: int,
    code_fingerprint: str,
    checkpoints: Path | None = None,
    progress_bar: bool = False,
) -> RunRecord:
    """Train on a nested subset, evaluate on the whole test set, and report.

    Args:
        dataset: The prepared data set.
        model: Name of the model.
        class_path: The network, as for `models.build_network`.
        init_args: Arguments of the network.
        n_train: Number of training examples.
        seed: Decides the subset, the initial weights and the order of the batches.
        settings: The hyper-parameters.
        meter: Measures the training and the evaluation.
        ledger: Keeps this attempt's energy while it runs; its identity is that of `identity_of`.
        threads: CPU threads for PyTorch; never more than the CPUs that the process may use.
        code_fingerprint: Fingerprint of the code that decides the result.
        checkpoints: Folder for a checkpoint after each epoch, from which a later attempt at this
            very training goes on; None: no checkpoint, and a killed training starts anew.
        progress_bar: Show Lightning's progress bar.

    Returns:
        The record, not yet written; `ledger` still says `running`.

    Raises:
        ConfigError: the network cannot be built, or does not fit the data.
        DataError: there are fewer examples than `n_train`, or the training diverged.
        RecordError: the ledger holds a file that is not an attempt's.
        MeteringError: the meter gave no usable energy.
    """
    dataset.require_size(n_train)
    # No window pays for searching what is loaded, nor for what an earlier training left behind.
    gc.collect()
    gc.freeze()
    threads = min(threads, usable_cpus())
    # First, so that a damaged ledger is told before energy is spent.
    lost_before_kwh = lost_energy_kwh(ledger.folder, ledger.identity)
    torch.set_num_threads(threads)
    pl.seed_everything(seed, verbose=False)
    task, batches, test_batches = cut_batches(dataset, n_train, seed, settings.batch_size)
    network = build_network(
        class_path,
        init_args,
        dataset.x_train.shape[1:],
        task.outputs,
        channels=dataset.channels,
        whole_numbers=dataset.whole_numbers,
    )
    module, scorer = build_module(network, settings.learning_rate, task, settings.max_steps)
    flop_forward, flop_step = count_flops(network, next(iter(test_batches)), task)
    energy = EnergyCallback(meter, ledger)
    callbacks: list[pl.Callback] = [energy, _EpochOrder(batches)]
    resume_from = None
    if checkpoints is not None:
        # Named so that the checkpoint of another training is never taken.
        checkpoint = checkpoints / f"{ledger.identity}.ckpt"
        callbacks.append(_Checkpoint(checkpoint))
        resume_from = checkpoint if checkpoint.exists() else None
    fixed_epochs = settings.max_steps is None
    # A learner takes several batches at a time, and counts its optimiser steps itself.
    learner = module if isinstance(module, Learner) else None
    steps_by_trainer = settings.max_steps if learner is None else None
    trainer = pl.Trainer(
        max_epochs=settings.epochs if fixed_epochs else -1,
        max_steps=-1 if steps_by_trainer is None else steps_by_trainer,
        accelerator=settings.accelerator,
        devices=1,
        precision=settings.precision,
        deterministic=True,
        callbacks=callbacks,
        # Each of these would spend energy that is not training.
        logger=False,
        enable_checkpointing=False,
        enable_model_summary=False,
        enable_progress_bar=progress_bar,
        num_sanity_val_steps=0,
        # Lightning's own detection of Slurm breaks launches of single jobs.
        plugins=[LightningEnvironment()],
    )
    # Before the measured window opens, as reading them from the disk is.
    place = lay(trainer.strategy.root_device, batches, test_batches)
    # The checkpoint is our own, and holds the energy so far beside the weights.
    taken = batches if learner is None else Blocks(batches)
    trainer.fit(module, taken, ckpt_path=resume_from, weights_only=False)
    trainer.test(scorer, test_batches, verbose=False)
    if not math.isfinite(scorer.test_loss):
        raise DataError(
            f"{model} on {dataset.name}: the training diverged, its test loss is "
            f"{scorer.test_loss}; a smaller learning rate may help"
        )
    measured = energy.result()
    steps = trainer.global_step if learner is None else learner.steps
    examples = examples_of(steps, n_train, settings.batch_size)
    on_gpu = trainer.strategy.root_device.type == "cuda"
    return RunRecord(
        dataset=dataset.name,
        model=model,
        n_train=n_train,
        seed=seed,
        epochs=examples / n_train,
        steps=steps,
        batch_size=settings.batch_size,
        test_accuracy=scorer.test_score if task.metric == "accuracy" else None,
        test_rmse=scorer.test_score if task.metric == "rmse" else None,
        test_loss=scorer.test_loss,
        train_duration_s=measured.train.duration_s,
        energy_kwh=measured.energy_kwh,
        energy_cpu_kwh=measured.train.cpu_kwh,
        energy_gpu_kwh=measured.train.gpu_kwh,
        energy_ram_kwh=measured.train.ram_kwh,
        eval_energy_kwh=measured.evaluation.energy_kwh,
        # A killed attempt's last entry can be some seconds older than the checkpoint it left.
        lost_energy_kwh=max(lost_before_kwh - ledger.carried_energy_kwh, 0.0),
        energy_quality=measured.quality,
        energy_source=measured.source,
        flop_forward=flop_forward,
        flop_train=flop_step * examples,
        device=torch.cuda.get_device_name() if on_gpu else cpu_name(),
        accelerator="cuda" if on_gpu else "cpu",
        threads=torch.get_num_threads(),
        peak_memory_mb=peak_memory_mb(),
        short_window=measured.short_window,
        attempt=ledger.attempt,
        identity=ledger.identity,
        started_at=measured.started_at,
        ended_at=measured.ended_at,
        other_cpu_share=measured.other_cpu_share,
        missing=dict(measured.missing),
        components=dict(measured.components),
        epoch_log=list(measured.epochs),
        training={
            **asdict(settings),
            "class_path": class_path,
            "init_args": dict(init_args),
            "data_on": place,
        },
        metering=dict(meter.describe()),
        hardware=describe_hardware(),
        job=describe_job(),
        versions={"python": platform.python_version()}
        | {name: version(name) for name in _VERSIONED},
        dataset_sha256=dataset.sha256,
        code_fingerprint=code_fingerprint,
    )


def keep(record: RunRecord, path: Path, ledger: Ledger, checkpoints: Path) -> None:
    """Write the record of a training, whose attempt is then complete and needs no checkpoint.

    Raises:
        RecordError: the record contradicts itself: the attempt has failed.
    """
    if problem := contradiction(record):
        spent_kwh = record.energy_kwh - ledger.carried_energy_kwh
        ledger.close("failed", spent_kwh, record.train_duration_s, error=problem)
        raise RecordError(f"{path} is not written, as its parts contradict each other: {problem}")
    # First: a checkpoint of a finished training would be taken up by a later one.
    shutil.rmtree(checkpoints, ignore_errors=True)
    # The record comes last: where it stands, all is said.
    ledger.complete(record.energy_kwh, record.train_duration_s)
    write_record(path, record)


def count_flops(
    network: torch.nn.Module, batch: tuple[Tensor, Tensor], task: Task
) -> tuple[int, int]:
    """FLOP of one example: (forward pass, forward and backward pass), counted on a batch.

    One multiply-accumulate is two FLOP. Element-wise operations are not counted, as PyTorch's
    counter has none for them; matrix products and convolutions are. A copy of the network is used,
    and chance as it was before: layers that keep statistics or drop at random stay as they are.
    """
    x, y = batch
    network = copy.deepcopy(network)
    forward, both = FlopCounterMode(display=False), FlopCounterMode(display=False)
    with torch.random.fork_rng(devices=[]), both:
        with forward:
            output = network(x)
        task.loss(output, y).backward()
    return forward.get_total_flops() // len(y), both.get_total_flops() // len(y)
