"""A whole training on a few batches, for a rehearsal."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor

from ecosobriety.training.batches import OneByOne


class FewBatches:
    """A few batches that pass for all of an epoch, and then are all of it."""

    def __init__(self, batches: Sequence[Any], length: int):
        self._batches, self._length = batches, length

    def __len__(self) -> int:
        return max(self._length, len(self._batches))

    def __iter__(self) -> Iterator[Any]:
        return iter(self._batches)


def few_examples(batches: Sequence[tuple[Tensor, Tensor]], y: Tensor) -> OneByOne:
    """All of an epoch's targets (n,), with the inputs of a few batches in turns."""
    x = torch.cat([inputs for inputs, _ in batches])
    return OneByOne(lambda places: (x[places % len(x)], y[places]), len(y))


class OneEpoch(pl.Callback):
    """Ends the epoch with the batches that there are, and the training with it.

    Until then the Trainer describes the whole training, as schedulers of learning rates need.
    """

    def __init__(self, batches: int):
        self._batches = batches

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Know how many there are."""
        trainer.fit_loop.max_batches = trainer.val_check_batch = self._batches

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Stop."""
        trainer.should_stop = True


class FromEpoch(pl.Callback):
    """Lets a training begin in a later epoch, as far as anything asks for it.

    Args:
        epoch: from 0.
        batches: of an epoch.
    """

    def __init__(self, epoch: int, batches: int):
        self._epoch, self._batches = epoch, batches

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Count the epochs and the steps before."""
        loop: Any = trainer.fit_loop
        for name in ("ready", "started", "processed", "completed"):
            setattr(loop.epoch_progress.current, name, self._epoch)
        batches: Any = loop.epoch_loop
        steps = (
            batches.automatic_optimization.optim_progress.optimizer.step.total,
            batches.manual_optimization.optim_step_progress.total,
        )
        for count in steps:
            count.completed = self._epoch * self._batches


class Seen(pl.Callback):
    """Counts the batches that went well."""

    batches = 0

    def on_train_batch_end(self, *_: Any, **__: Any) -> None:
        """Count one."""
        self.batches += 1


class NoLossError(Exception):
    """No batch has had a backward pass."""
