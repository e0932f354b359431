"""A few metered batches of a network's training: one turn of what a forecast is made from.

Short trainings, by the Trainer of the real ones: one that only warms the process up (its first
batches load libraries and kernels), then one on each size. These count whole epochs, or their first
batches where an epoch takes long.
"""

import json
import logging
import math
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import psutil

from ecosobriety.startup import imports_in_peace, settle

# As a training job does: how long its start-up takes is part of what is forecast.
with imports_in_peace():
    import pytorch_lightning as pl
    import torch

from ecosobriety.datasets import Dataset, load
from ecosobriety.errors import EcosobrietyError, MeteringError
from ecosobriety.files import write_json
from ecosobriety.forecast.samples import Fit, Turn, step_of
from ecosobriety.hardware import cpu_name, usable_cpus
from ecosobriety.metering import EnergyCallback, EnergyMeter, Ledger, meter_from
from ecosobriety.training import Training, settings_from
from ecosobriety.training.batches import BLOCK, Blocks, Slices, cut_batches, lay
from ecosobriety.training.checkpoint import EpochCheckpoint
from ecosobriety.training.fitting import Batch, Counted, limits, make_trainer
from ecosobriety.training.learner import Learner, build_module
from ecosobriety.training.networks import NETWORKS, build_network
from ecosobriety.training.own_networks import failure, materialise
from ecosobriety.user_code.lightnings import lightning_of

WARM_UP = 4
"""Batches that warm the process up."""
FEWEST = 3
"""Of fewer batches of an epoch, it is hardly known what one takes."""
EPOCH_S = 1.0
"""An epoch that takes longer is cut."""
COUNTED_S = 2.0
"""So long a training on each size is measured, or for as many epochs as it has."""
SYNC_S = 0.02
"""How often the host waits for a GPU, to know how far it is."""


def measure_turn(
    dataset: Dataset,
    training: Training,
    batches: Mapping[int, int | None],
    meter: EnergyMeter,
    make_ledger: Callable[[], Ledger],
    checkpoints: Path | None,
) -> Turn:
    """Measure a network's training on some sizes, once each.

    Args:
        dataset: the prepared data set.
        training: the network, its seed and settings; its size does not count.
        batches: of an epoch of each size, smallest first; None: as many as fit into `EPOCH_S`.
        meter: measures each of the short trainings.
        make_ledger: makes the entry of one of them, where its energy is kept.
        checkpoints: folder for the checkpoints that a training keeps; None: it keeps none.

    Raises:
        ConfigError: the network cannot be built or trained.
        DataError: there are fewer examples than the larger size.
    """
    torch.set_num_threads(min(training.threads, usable_cpus()))
    settings, startup_s = training.settings, time.time() - psutil.Process().create_time()
    whole = {n_train: math.ceil(n_train / settings.batch_size) for n_train in batches}

    def run(n_train: int, number: int, epochs: int) -> tuple[Fit, torch.device]:
        fit = Fit(min(number, whole[n_train]))
        stop = _Clock(fit, epochs)
        chosen = replace(training, n_train=n_train)
        # As before each training of the study.
        settle()
        return fit, _train_few(dataset, chosen, fit, stop, meter, make_ledger(), checkpoints)

    cold, device = run(min(batches), WARM_UP, 1)
    fits, last = dict[int, Fit](), cold
    for n_train, number in batches.items():
        epochs = settings.epochs
        if settings.max_steps is not None:
            epochs = math.ceil(settings.max_steps / whole[n_train])
        last, _ = run(n_train, number or _batches_in(EPOCH_S, step_of([last])), epochs)
        fits[n_train] = last
    return Turn(
        cold=cold,
        fits=fits,
        startup_s=startup_s,
        epochs=settings.epochs,
        max_steps=settings.max_steps,
        batch_size=settings.batch_size,
        device=torch.cuda.get_device_name() if device.type == "cuda" else cpu_name(),
    )


def _measure_asked(about: Mapping[str, Any]) -> Turn:
    """One turn of `turns.measure_model`."""
    dataset = load(Path(about["data"]))
    parameters, network = json.loads(about["parameters"]), about["network"]
    attempts = Path(about["attempts"])
    training = Training(
        model=about["model"],
        class_path=network["class_path"],
        init_args=network["init_args"],
        n_train=min(about["sizes"]),
        seed=about["seed"],
        settings=settings_from(parameters, network["training"]),
        threads=about["threads"],
        code_fingerprint=about["code"],
    )
    return measure_turn(
        dataset,
        training,
        dict(about["batches"]),
        meter_from(parameters),
        lambda: Ledger(attempts),
        attempts if parameters["training.checkpoint"] else None,
    )


def _batches_in(seconds: float, step_s: float) -> int:
    """How many batches to take of an epoch: whole blocks of them, where they are small."""
    batches = max(int(seconds / step_s), FEWEST)
    return batches - batches % BLOCK if batches > BLOCK else batches


class _Clock(pl.Callback):
    """Takes the time of a short training, and ends it."""

    def __init__(self, fit: Fit, epochs: int):
        self._fit, self._most = fit, epochs
        self._device = torch.device("cpu")
        self._epoch_from = self._paused_at = self._paused_s = 0.0
        self._marks: list[tuple[int, float]] = []

    def pulled(self, batches: int) -> None:
        """Note that so many batches of the epoch are done, and the next is asked for."""
        if self._device.type == "cpu":
            self._marks.append((batches, time.perf_counter()))
        elif not self._marks or time.perf_counter() - self._marks[-1][1] >= SYNC_S:
            self._marks.append((batches, self._now()))

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Know what trains."""
        self._device = trainer.strategy.root_device

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Begin an epoch."""
        self._marks, self._paused_s, self._epoch_from = [], 0.0, self._now()

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Leave a validation out, as the training's energy does."""
        self._paused_at = self._now()

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Go on."""
        self._paused_s += self._now() - self._paused_at

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """End an epoch, and the training where enough is known."""
        fit = self._fit
        fit.epochs.append(self._now() - self._epoch_from - self._paused_s)
        # The first batch may wait for what the others find done.
        kept = self._marks[1:] if len(self._marks) > 2 else self._marks
        if len(kept) > 1:
            (first, begun), (last, ended) = kept[0], kept[-1]
            fit.steps.append((last - first, ended - begun))
        enough = len(fit.epochs) > 1 and math.fsum(fit.counted) >= COUNTED_S
        if enough or len(fit.epochs) >= self._most:
            trainer.should_stop = True

    def _now(self) -> float:
        if self._device.type == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter()


class _First:
    """The first batches of each epoch, which pass for all of it.

    Each epoch has an order of its own, as in a training: a part of an epoch that always had the
    same examples would find them in the processor's cache.
    """

    def __init__(self, batches: Slices, number: int, clock: _Clock):
        self._batches, self._number, self._clock = batches, number, clock
        self._epoch = 0

    def __len__(self) -> int:
        return self._number

    def __iter__(self) -> Iterator[Batch]:
        self._batches.set_epoch(self._epoch)
        self._epoch += 1
        for done, batch in zip(range(self._number), self._batches, strict=False):
            self._clock.pulled(done)
            yield batch


def _train_few(
    dataset: Dataset,
    training: Training,
    fit: Fit,
    clock: _Clock,
    meter: EnergyMeter,
    ledger: Ledger,
    checkpoints: Path | None,
) -> torch.device:
    """Train as `training.train` does, on a part of each epoch; where the network was."""
    settings = training.settings
    dataset.require_size(training.n_train)
    pl.seed_everything(training.seed, verbose=False)
    task, batches, test_batches = cut_batches(
        dataset, training.n_train, training.seed, settings.batch_size
    )
    energy = EnergyCallback(meter, ledger)
    first = _First(batches, fit.batches, clock)
    try:
        network = build_network(
            training.class_path,
            training.init_args,
            dataset.x_train.shape[1:],
            task.outputs,
            channels=dataset.channels,
            whole_numbers=dataset.whole_numbers,
        )
        materialise(network, next(iter(test_batches))[0][:2])
        module, _ = build_module(network, settings, task)
        folder = checkpoints / "forecast" if checkpoints else None
        kept = [EpochCheckpoint(folder / "forecast.ckpt")] if folder else []
        trainer = make_trainer(
            settings,
            [energy, clock, *kept],
            **limits(module, settings, fit.batches),
            package=lightning_of(type(module)),
        )
        lay(trainer.strategy.root_device, batches, test_batches)
        if isinstance(module, Learner):
            trainer.fit(module, Blocks(cast(Slices, first)))
        else:
            trainer.fit(module, Counted(first, batches.dataset, settings.batch_size))
        if folder:
            shutil.rmtree(folder, ignore_errors=True)
    except (Exception, SystemExit) as error:
        if training.class_path in NETWORKS or isinstance(error, EcosobrietyError):
            raise
        raise failure(training.class_path, error) from error
    # Of a few milliseconds a counter may know nothing.
    with suppress(MeteringError):
        found = energy.result().train
        fit.window_s, fit.energy_kwh = found.duration_s, found.energy_kwh
    ledger.complete(fit.energy_kwh or 0.0, fit.window_s)
    fit.window_s = fit.window_s or math.fsum(fit.epochs)
    return trainer.strategy.root_device


def _main() -> None:
    logging.basicConfig(level=logging.WARNING, force=True)
    try:
        turn = _measure_asked(json.loads(Path(sys.argv[1]).read_bytes()))
    except EcosobrietyError as error:
        sys.exit(f"error: {error}")
    write_json(Path(sys.argv[2]), turn.as_json())


if __name__ == "__main__":
    _main()
