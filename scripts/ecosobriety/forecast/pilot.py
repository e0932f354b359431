"""A few metered batches of a network's training, from which the cost of whole trainings follows.

Short trainings, by the Trainer of the real ones: one that only warms the process up (its first
batches load libraries and kernels), then some on the smallest size and on the largest in turns.
These count whole epochs, or their first batches where an epoch takes long. What lies outside of
their epochs is the fixed cost of a training; the first training of a process takes more.

A machine that is shared changes its pace for seconds at a time. In the 35 trainings of one study,
an epoch took 1.7 times as long half of the time. From 3 s of them without a break, their total is
missed by more than 30 % in one case of six; from three times 2.5 s, in one of a hundred. Durations
are added up, and no median is taken, which missed it twice as often.
"""

import json
import logging
import math
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any, cast

import psutil
import pytorch_lightning as pl
import torch

from ecosobriety.datasets import Dataset, load
from ecosobriety.errors import EcosobrietyError, MeteringError
from ecosobriety.files import write_json
from ecosobriety.forecast.samples import Fit, sample_of, step_of
from ecosobriety.hardware import cpu_name, usable_cpus
from ecosobriety.metering import EnergyCallback, EnergyMeter, Ledger, meter_from
from ecosobriety.records.collecting import identity_of
from ecosobriety.startup import settle
from ecosobriety.training import Training, settings_from
from ecosobriety.training.batches import BLOCK, Blocks, Slices, cut_batches, lay
from ecosobriety.training.fitting import Batch, Counted, EpochCheckpoint, limits, make_trainer
from ecosobriety.training.learner import Learner, build_module
from ecosobriety.training.networks import NETWORKS, build_network
from ecosobriety.training.own_networks import failure, materialise
from ecosobriety.units import joules_to_kwh
from ecosobriety.user_code.lightnings import lightning_of

WARM_UP = 4
"""Batches that warm the process up."""
FEWEST = 3
"""Of fewer batches of an epoch, it is hardly known what one takes."""
EPOCH_S = 1.0
"""An epoch that takes longer is cut."""
COUNTED_S = 2.0
"""So long a training on each size is measured, or for as many epochs as it has."""
TURNS = 3
"""So many trainings on each size, in turns."""
ENOUGH_S = 6.0
"""A size that was measured for so long gets no further turn."""
SYNC_S = 0.02
"""How often the host waits for a GPU, to know how far it is."""


def measure(
    dataset: Dataset,
    training: Training,
    sizes: tuple[int, int],
    meter: EnergyMeter,
    make_ledger: Callable[[], Ledger],
    checkpoints: Path | None,
) -> dict[str, Any]:
    """Measure a network's training on a smallest and a largest size.

    Args:
        dataset: the prepared data set.
        training: the network, its seed and settings; its size does not count.
        sizes: the two sizes; they may be equal.
        meter: measures each of the short trainings.
        make_ledger: makes the entry of one of them, where its energy is kept.
        checkpoints: folder for the checkpoints that a training keeps; None: it keeps none.

    Returns:
        `sizes`: a `Sample` of each; `cold_s`, `cold_kwh`: what the first training of a process
        takes beyond others; `startup_s`: from the process's begin to its first training; `epochs`,
        `max_steps` and `batch_size` of a training; `energy_kwh`: spent to measure all this;
        `measured_at`, `device`.

    Raises:
        ConfigError: the network cannot be built or trained.
        DataError: there are fewer examples than the larger size.
        MeteringError: the meter gave no usable energy.
    """
    torch.set_num_threads(min(training.threads, usable_cpus()))
    settings, startup_s = training.settings, time.time() - psutil.Process().create_time()
    ladder = sorted({*sizes})
    whole = {n_train: math.ceil(n_train / settings.batch_size) for n_train in ladder}

    def run(n_train: int, batches: int, epochs: int) -> tuple[Fit, torch.device]:
        fit = Fit(min(batches, whole[n_train]))
        stop = _Clock(fit, epochs)
        chosen = replace(training, n_train=n_train)
        # As before each training of the study.
        settle()
        return fit, _train_few(dataset, chosen, fit, stop, meter, make_ledger(), checkpoints)

    cold, device = run(ladder[0], WARM_UP, 1)
    fits, last = {n_train: list[Fit]() for n_train in ladder}, cold
    for n_train in ladder * TURNS:
        own, epochs = fits[n_train], settings.epochs
        if settings.max_steps is not None:
            epochs = math.ceil(settings.max_steps / whole[n_train])
        # More of a training that is measured as a whole would be one more training.
        ended = own and (own[-1].batches, len(own[-1].epochs)) == (whole[n_train], epochs)
        if ended or math.fsum(fit.window_s for fit in own) >= ENOUGH_S:
            continue
        batches = own[0].batches if own else _batches_in(EPOCH_S, step_of([last]))
        last, _ = run(n_train, batches, epochs)
        own.append(last)
    samples = [sample_of(own, n, whole[n]) for n, own in fits.items()]
    first = samples[0]
    step_s = step_of(fits[first.n_train])
    warm_s = first.fixed_s + first.epoch_s - (first.batches - cold.batches) * step_s
    cold_s = max(cold.window_s - warm_s, 0.0)
    return {
        "sizes": [asdict(samples[0]), asdict(samples[-1])],
        "cold_s": cold_s,
        "cold_kwh": joules_to_kwh(cold_s * first.power_w),
        "startup_s": startup_s,
        "epochs": settings.epochs,
        "max_steps": settings.max_steps,
        "batch_size": settings.batch_size,
        "energy_kwh": math.fsum(fit.energy_kwh or 0.0 for fit in (cold, *chain(*fits.values()))),
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "device": torch.cuda.get_device_name() if device.type == "cuda" else cpu_name(),
    }


def measure_model(about: Mapping[str, Any], path: Path) -> None:
    """Measure the batches of a study's model, and write down what `measure` gives.

    Args:
        about: `data` (the data set's file), `model`, `network` (what decides it), `sizes` (the
            smallest and the largest), `seed`, `parameters` (of the trainings, as JSON), `code` (the
            fingerprint of what trains), `threads`, and `attempts`, the ledger's folder.
        path: of the file. It also has `identities`, those of the trainings on both sizes.
    """
    dataset = load(Path(about["data"]))
    parameters, network = json.loads(about["parameters"]), about["network"]
    attempts, sizes = Path(about["attempts"]), (min(about["sizes"]), max(about["sizes"]))
    training = Training(
        model=about["model"],
        class_path=network["class_path"],
        init_args=network["init_args"],
        n_train=sizes[0],
        seed=about["seed"],
        settings=settings_from(parameters, network["training"]),
        threads=about["threads"],
        code_fingerprint=about["code"],
    )
    measured = measure(
        dataset,
        training,
        sizes,
        meter_from(parameters),
        lambda: Ledger(attempts),
        attempts if parameters["training.checkpoint"] else None,
    )
    of = (dataset.sha256, training.model, network)
    measured["identities"] = [
        identity_of(*of, n_train, training.seed, parameters, training.code_fingerprint)
        for n_train in sizes
    ]
    write_json(path, measured)


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
            [energy, *kept, clock],
            **limits(module, settings, fit.batches),
            package=lightning_of(type(module)),
        )
        lay(trainer.strategy.root_device, batches, test_batches)
        own = isinstance(module, Learner)
        trainer.fit(module, Blocks(cast(Slices, first)) if own else Counted(first))
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
        measure_model(json.loads(Path(sys.argv[1]).read_bytes()), Path(sys.argv[2]))
    except EcosobrietyError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    _main()
