"""Train one network once, measured: the data, the Trainer, the evaluation, the record."""

import logging
import math
import os
from collections.abc import Iterator, Mapping
from contextlib import chdir, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.utilities.seed import isolate_rng

from ecosobriety import datasets
from ecosobriety.errors import ConfigError, DataError, EcosobrietyError
from ecosobriety.hardware import usable_cpus
from ecosobriety.metering import EnergyCallback, EnergyMeter, Ledger, lost_energy_kwh
from ecosobriety.records.record import RunRecord
from ecosobriety.training.batches import Blocks, Slices, cut_batches, lay
from ecosobriety.training.checkpoint import EpochCheckpoint, going_on
from ecosobriety.training.epoch_scores import (
    KeptWeights,
    bytes_of,
    epochs_between,
    test_epochs,
    with_tests,
)
from ecosobriety.training.fitting import (
    Counted,
    Passed,
    TrainingSettings,
    lend_callbacks,
    limits,
    make_trainer,
    run_test,
)
from ecosobriety.training.flops import Cost, count_flops
from ecosobriety.training.layer_work import LayerWork
from ecosobriety.training.learner import Learner, build_module
from ecosobriety.training.networks import NETWORKS, build_network
from ecosobriety.training.own_networks import failure, materialise, unused_hooks
from ecosobriety.training.play import Play
from ecosobriety.training.recording import Fitted, Training, make_record
from ecosobriety.training.rehearsal import Rehearsed, rehearse
from ecosobriety.training.tasks import Task
from ecosobriety.units import epochs_to_steps
from ecosobriety.user_code.lightnings import is_lightning, lightning_of
from ecosobriety.user_code.optimisers import find_odd

_MAY_LACK = (
    *("optimizer", "lr_scheduler", "gradient_clip_val", "accumulate_grad_batches"),
    "score_epochs",
)
"""Settings that may be left out: how the study's own loop updates the weights, and its tests."""

logger = logging.getLogger(__name__)


def settings_from(
    parameters: Mapping[str, Any], own: Mapping[str, Any] | None = None
) -> TrainingSettings:
    """Read the settings of a model's trainings: values by dotted key.

    Args:
        parameters: `config.training_parameters`, which hold for all models.
        own: those that come before them, `training` of `config.model_parameters`.
    """
    parameters = {**parameters, **(own or {})}
    epochs, batch_size = parameters["training.epochs"], parameters["training.batch_size"]
    fixed_steps = parameters["training.budget"] == "steps"
    return TrainingSettings(
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=parameters["training.learning_rate"],
        accelerator=parameters["training.accelerator"],
        precision=parameters["training.precision"],
        max_steps=epochs_to_steps(epochs, parameters["analysis.reference_n_train"], batch_size)
        if fixed_steps
        else None,
        **{
            name: parameters[key] for name in _MAY_LACK if (key := f"training.{name}") in parameters
        },
    )


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
    training: Training,
    *,
    meter: EnergyMeter,
    ledger: Ledger,
    checkpoints: Path | None = None,
    progress_bar: bool = False,
) -> RunRecord:
    """Train on a nested subset, evaluate on the whole test set, and report.

    Args:
        dataset: The prepared data set.
        training: What is trained on it.
        meter: Measures the training and the evaluation.
        ledger: Keeps this attempt's energy while it runs; its identity is that of `identity_of`.
        checkpoints: Folder for what a later attempt at this training goes on with; None: for none.
        progress_bar: Show Lightning's progress bar.

    Returns:
        The record, not yet written; `ledger` still says `running`.

    Raises:
        ConfigError: the network cannot be built, or does not fit the data.
        DataError: there are fewer examples than `n_train`, or the training diverged.
        RecordError: the ledger holds a file that is not an attempt's.
        MeteringError: the meter gave no usable energy.
    """
    dataset.require_size(training.n_train)
    settings, seed, threads = training.settings, training.seed, min(training.threads, usable_cpus())
    # First, so that a damaged ledger is reported before energy is spent.
    lost_before_kwh = lost_energy_kwh(ledger.folder, ledger.identity)
    torch.set_num_threads(threads)
    pl.seed_everything(seed, verbose=False)
    task, batches, test_batches = cut_batches(dataset, training.n_train, seed, settings.batch_size)
    built, found = _build(training, threads, task, dataset, batches, test_batches)
    noticed = _noticed(found, settings, built, len(batches))
    module, scorer = build_module(built, settings, task)
    # Named so that the checkpoint of another training is never taken.
    checkpoint = checkpoints / f"{ledger.identity}.ckpt" if checkpoints else None
    energy = EnergyCallback(meter, ledger)
    # A learner takes several batches at a time, and counts them itself.
    counted = Counted(batches, batches.dataset, settings.batch_size)
    count = module if isinstance(module, Learner) else Passed(counted, settings.max_steps)
    work = LayerWork(count, seen=training.class_path not in NETWORKS)
    kept = _kept_weights(training, built, batches, test_batches, checkpoint)
    saved = [EpochCheckpoint(checkpoint)] if checkpoint else []
    passed = [count] if isinstance(count, Passed) else []
    callbacks = [energy, *saved, kept, _EpochOrder(batches), *passed, work]
    trainer, tester = _trainers(module, settings, callbacks, len(batches), progress_bar)
    # Before the measured window opens, as reading them from the disk is.
    place = lay(trainer.strategy.root_device, batches, test_batches)
    with _reported(training.class_path):
        taken = counted if passed else Blocks(batches)
        resume_from = checkpoint if checkpoint and checkpoint.exists() else None
        with going_on(saved[0] if saved else None, resume_from, training.class_path):
            trainer.fit(module, taken, ckpt_path=resume_from, weights_only=False)
        lend_callbacks(trainer, tester)
        run_test(tester, scorer, test_batches)
    _require_learnt(training, dataset.name, module, scorer.test_loss, *passed)
    fitted = Fitted(
        *scorer.test_scores(),
        loss=scorer.test_loss,
        passed=count,
        cost=found.cost,
        irregular=work.varies,
        data_on=place,
        on_gpu=trainer.strategy.root_device.type == "cuda",
        not_called=unused_hooks(built),
        noticed=noticed,
    )
    record = make_record(
        *(dataset, training, fitted, energy.result(), ledger),
        metering=meter.describe(),
        # A killed attempt's last entry can be some seconds older than the checkpoint it left.
        lost_kwh=max(lost_before_kwh - ledger.carried_energy_kwh, 0.0),
    )
    # Last of all, and after the record's own figures: the network is another one then.
    with _reported(training.class_path):
        return with_tests(record, *test_epochs(kept, scorer, settings, test_batches, meter))


def _require_learnt(
    training: Training,
    dataset: str,
    module: torch.nn.Module,
    test_loss: float,
    passed: Passed | None = None,
) -> None:
    """Refuse a training whose score is worth nothing.

    It diverged, its network gives no numbers for the test part, or, of a module that trains itself
    (`passed`), it changed nothing or ended before a first epoch.
    """
    if math.isfinite(test_loss):
        if passed is not None:
            _require_whole(training, passed)
        return
    where = f"{training.model} on {dataset}:"
    if all(bool(weight.isfinite().all()) for weight in module.parameters()):
        raise DataError(
            f"{where} the test loss is {test_loss}, but all weights are finite: look for test "
            "examples that lie far from all training examples, or for a division by 0, a log or a "
            "root in the network"
        )
    raise DataError(
        f"{where} the training diverged: its weights became NaN or infinite. A smaller learning "
        "rate may help, unless the network or its loss has a division by 0, a log or a root"
    )


def _require_whole(training: Training, passed: Passed) -> None:
    """Refuse a module's training that changed nothing, or that it ended before a first epoch."""
    settings = training.settings
    if not passed.changed:
        raise ConfigError(
            f"models: {training.class_path}: its training changed none of its parameters, so that "
            "nothing was learnt; its configure_optimizers and training_step must do that"
        )
    epochs = passed.examples / training.n_train
    done, asked, unit = epochs, settings.epochs, "epochs"
    if settings.max_steps is not None:
        done, asked, unit = passed.steps, settings.max_steps, "steps"
    if done >= asked * (1 - 1e-9):
        return
    if epochs < 1:
        raise ConfigError(
            f"models: {training.class_path} ended its training after {epochs:.2g} epochs (by "
            "trainer.should_stop, as EarlyStopping does, or by leaving batches out), before it can "
            f"have seen each of {training.n_train} examples: what it learnt is not that of so many"
        )
    ended = f"{training.class_path} trained for {done:.3g} of {asked} {unit}, as it stops or skips"
    logger.warning("%s", ended)


def _build(
    training: Training,
    threads: int,
    task: Task,
    dataset: datasets.Dataset,
    batches: Slices,
    test_batches: Slices,
) -> tuple[torch.nn.Module, Rehearsed]:
    """The network, and what its training costs in FLOP, or why that cannot be said."""
    play = Play(
        class_path=training.class_path,
        init_args=training.init_args,
        task=task,
        settings=training.settings,
        seed=training.seed,
        threads=threads,
        n_train=training.n_train,
        classes=dataset.classes,
    )
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
        cost = Cost(*count_flops(network, next(iter(test_batches)), play.task), passes=1)
        return network, Rehearsed(cost)
    found = rehearse(play, batches, test_batches)
    # Importing may have drawn numbers, which happens but once in a process.
    pl.seed_everything(play.seed, verbose=False)
    with _reported(play.class_path):
        network = build()
        materialise(network, next(iter(test_batches))[0][:2])
    unused = unused_hooks(network)
    if unused:
        logger.warning("%s: the study does not call its %s", play.class_path, ", ".join(unused))
    return network, found


def _noticed(
    found: Rehearsed, settings: TrainingSettings, network: torch.nn.Module, batches: int
) -> list[str]:
    """What is odd about a training and may be meant so.

    Raises:
        ConfigError: its schedule ends before it does.
    """
    noticed = [*found.noticed]
    if not is_lightning(network) and (settings.optimizer or settings.lr_scheduler):
        steps = settings.max_steps
        epochs = settings.epochs if steps is None else math.ceil(steps / batches)
        for sentence in find_odd(
            settings.optimizer, settings.lr_scheduler, settings.learning_rate, epochs
        ):
            if sentence not in noticed:
                logger.warning("models: %s", sentence)
                noticed.append(sentence)
    return noticed


def _kept_weights(
    training: Training,
    network: torch.nn.Module,
    batches: Slices,
    test_batches: Slices,
    checkpoint: Path | None,
) -> KeptWeights:
    """What keeps the weights after the epochs that the settings ask for."""
    settings, epochs = training.settings, float(training.settings.epochs)
    if settings.max_steps is not None:
        epochs = settings.max_steps / len(batches)
    every = epochs_between(
        settings.score_epochs,
        n_train=training.n_train,
        n_test=test_batches.examples,
        epochs=epochs,
        weight_bytes=bytes_of(network),
    )
    return KeptWeights(network, every, checkpoint and checkpoint.with_suffix(".epochs"))


def _trainers(
    module: pl.LightningModule,
    settings: TrainingSettings,
    callbacks: list[Any],
    batches: int,
    progress_bar: bool,
) -> tuple[Any, pl.Trainer]:
    """Who trains the module, of its own package, and who tests it; one where that is ours.

    Args:
        module: what is trained.
        settings: of the training.
        callbacks: the first of them meters, the test as well.
        batches: of an epoch.
        progress_bar: show Lightning's progress bar.

    Raises:
        ConfigError: the precision is none of this machine's.
    """
    package = lightning_of(type(module))
    trainer = make_trainer(
        settings,
        callbacks,
        **limits(module, settings, batches),
        progress_bar=progress_bar,
        package=package,
    )
    if settings.precision == "16-mixed" and trainer.strategy.root_device.type == "cpu":
        # Lightning trains in bf16-mixed instead, and only warns.
        raise ConfigError(
            'training.precision is "16-mixed", which needs a GPU, and there is none that this '
            "training uses: take 32-true or bf16-mixed"
        )
    return trainer, trainer if package is pl else make_trainer(settings, callbacks[:1], epochs=1)


@contextmanager
def _reported(class_path: str) -> Iterator[None]:
    """Report what a user's network raises in one sentence; its traceback is for the log.

    Where the network's code goes to look for its files is no place for the study's.
    """
    try:
        with chdir(os.curdir):
            yield
    except (Exception, SystemExit) as error:
        # Lightning ends the process where a key or a signal has interrupted it.
        interrupted = isinstance(error.__context__, KeyboardInterrupt)
        if interrupted or type(error).__name__ == "SIGTERMException":
            raise EcosobrietyError(f"models: {class_path}: its training was interrupted") from error
        if class_path in NETWORKS or isinstance(error, EcosobrietyError):
            raise
        logger.exception("%s", class_path)
        raise failure(class_path, error) from error
