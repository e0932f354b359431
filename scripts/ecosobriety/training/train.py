"""Train one network once, measured: the data, the Trainer, the evaluation, the record."""

import logging
import math
import os
import platform
import shutil
from collections.abc import Iterator, Mapping
from contextlib import chdir, contextmanager
from dataclasses import asdict
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.utilities.seed import isolate_rng

from ecosobriety import datasets
from ecosobriety.errors import ConfigError, DataError, EcosobrietyError, RecordError
from ecosobriety.hardware import (
    cpu_name,
    describe_hardware,
    describe_job,
    peak_memory_mb,
    usable_cpus,
)
from ecosobriety.metering import EnergyCallback, EnergyMeter, Ledger, lost_energy_kwh
from ecosobriety.records.record import RunRecord, contradiction, write_record
from ecosobriety.training.batches import Blocks, Slices, cut_batches, lay
from ecosobriety.training.fitting import (
    Counted,
    EpochCheckpoint,
    Passed,
    TrainingSettings,
    limits,
    make_trainer,
)
from ecosobriety.training.flops import IRREGULAR, Cost, count_flops
from ecosobriety.training.networks import (
    NETWORKS,
    Learner,
    build_module,
    build_network,
)
from ecosobriety.training.own_networks import materialise, unused_hooks
from ecosobriety.training.rehearsal import Play, failure, rehearse

logger = logging.getLogger(__name__)

_VERSIONED = ("torch", "pytorch-lightning", "codecarbon", "numpy")


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


class _EpochOrder(pl.Callback):
    """Sets the epoch of the batches, also after a resume."""

    def __init__(self, batches: Slices):
        self._batches = batches

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._batches.set_epoch(trainer.current_epoch)


@contextmanager
def _process_as_found() -> Iterator[None]:
    """Give a caller's process its threads, random states and settings back."""
    threads, deterministic = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    warned_only = torch.is_deterministic_algorithms_warn_only_enabled()
    environment = dict(os.environ)
    try:
        with isolate_rng():
            yield
    finally:
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(deterministic, warn_only=warned_only)
        for name in os.environ.keys() - environment.keys():
            del os.environ[name]
        os.environ.update(environment)


@_process_as_found()
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
        class_path: The network, as for `networks.build_network`.
        init_args: Arguments of the network.
        n_train: Number of training examples.
        seed: Decides the subset, the initial weights and the order of the batches.
        settings: The hyper-parameters.
        meter: Measures the training and the evaluation.
        ledger: Keeps this attempt's energy while it runs; its identity is that of `identity_of`.
        threads: CPU threads for PyTorch; never more than the CPUs that the process may use.
        code_fingerprint: Fingerprint of the code that decides the result.
        checkpoints: Folder for a checkpoint after each epoch, from which a later attempt at this
            very training goes on; None: no checkpoint, and a killed training starts again.
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
    threads = min(threads, usable_cpus())
    # First, so that a damaged ledger is reported before energy is spent.
    lost_before_kwh = lost_energy_kwh(ledger.folder, ledger.identity)
    torch.set_num_threads(threads)
    pl.seed_everything(seed, verbose=False)
    task, batches, test_batches = cut_batches(dataset, n_train, seed, settings.batch_size)
    play = Play(class_path, init_args, task, settings, seed, threads, n_train)
    network, cost = _build(play, dataset, batches, test_batches)
    module, scorer = build_module(network, settings.learning_rate, task, settings.max_steps)
    # A learner takes several batches at a time, and counts them itself.
    learner = module if isinstance(module, Learner) else None
    counted = Counted(batches)
    passed = Passed(counted, settings.max_steps)
    energy = EnergyCallback(meter, ledger)
    callbacks = [energy, _EpochOrder(batches), *([passed] if learner is None else [])]
    resume_from = None
    if checkpoints is not None:
        # Named so that the checkpoint of another training is never taken.
        checkpoint = checkpoints / f"{ledger.identity}.ckpt"
        callbacks.append(EpochCheckpoint(checkpoint))
        resume_from = checkpoint if checkpoint.exists() else None
    trainer = make_trainer(
        settings,
        callbacks,
        **limits(module, settings, len(batches)),
        progress_bar=progress_bar,
    )
    # Before the measured window opens, as reading them from the disk is.
    place = lay(trainer.strategy.root_device, batches, test_batches)
    with _reported(class_path):
        # The checkpoint is our own, and holds the energy so far beside the weights.
        taken = counted if learner is None else Blocks(batches)
        trainer.fit(module, taken, ckpt_path=resume_from, weights_only=False)
        trainer.test(scorer, test_batches, verbose=False)
    if not math.isfinite(scorer.test_loss):
        raise DataError(
            f"{model} on {dataset.name}: the training diverged, its test loss is "
            f"{scorer.test_loss}; a smaller learning rate may help"
        )
    if learner is None and not passed.changed:
        raise ConfigError(
            f"models: {class_path}: its training changed none of its parameters, so that "
            "nothing was learnt; its configure_optimizers and training_step must do that"
        )
    measured = energy.result()
    count = passed if learner is None else learner
    flop_train = cost.of_training(count) if isinstance(cost, Cost) else None
    missing = dict(measured.missing)
    if isinstance(cost, str):
        missing["flop_forward"] = cost
    if flop_train is None:
        missing["flop_train"] = cost if isinstance(cost, str) else IRREGULAR
    unused = unused_hooks(network)
    on_gpu = trainer.strategy.root_device.type == "cuda"
    return RunRecord(
        dataset=dataset.name,
        model=model,
        n_train=n_train,
        seed=seed,
        epochs=count.examples / n_train,
        steps=count.steps,
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
        flop_forward=cost.forward if isinstance(cost, Cost) else None,
        flop_train=flop_train,
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
        missing=missing,
        components=dict(measured.components),
        epoch_log=list(measured.epochs),
        training={
            **asdict(settings),
            "class_path": class_path,
            "init_args": dict(init_args),
            "data_on": place,
            **({"not_called": unused} if unused else {}),
        },
        metering=dict(meter.describe()),
        hardware=describe_hardware(),
        job=describe_job(),
        versions={"python": platform.python_version()}
        | {name: version(name) for name in _VERSIONED},
        dataset_sha256=dataset.sha256,
        code_fingerprint=code_fingerprint,
    )


def _build(
    play: Play, dataset: datasets.Dataset, batches: Slices, test_batches: Slices
) -> tuple[torch.nn.Module, Cost | str]:
    """The network, and what its training costs in FLOP, or why that cannot be said."""
    build = partial(
        build_network,
        play.class_path,
        play.init_args,
        dataset.x_train.shape[1:],
        play.task.outputs,
        channels=dataset.channels,
        whole_numbers=dataset.whole_numbers,
    )
    if play.class_path in NETWORKS:
        network = build()
        return network, Cost(*count_flops(network, next(iter(test_batches)), play.task), passes=1)
    cost = rehearse(play, batches, test_batches)
    with _reported(play.class_path):
        network = build()
        materialise(network, next(iter(test_batches))[0][:2])
    unused = unused_hooks(network)
    if unused:
        logger.warning("%s: the study does not call its %s", play.class_path, ", ".join(unused))
    return network, cost


@contextmanager
def _reported(class_path: str) -> Iterator[None]:
    """Report what a user's network raises in one sentence; its traceback is for the log.

    Where the network's code goes to look for its files is no place for the study's.
    """
    try:
        with chdir(os.curdir):
            yield
    except (Exception, SystemExit) as error:
        if class_path in NETWORKS or isinstance(error, EcosobrietyError):
            raise
        logger.exception("%s", class_path)
        raise failure(class_path, error) from error


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
