"""What a training that is killed leaves behind, so that the next attempt goes on from there."""

import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch

from ecosobriety.training.plain_values import set_values, values_of

_VALUES = "ecosobriety_values"
"""In a checkpoint: those that layers keep as plain attributes."""


class EpochCheckpoint(pl.Callback):
    """Saves the training between two epochs, under one name.

    That is at the start of the next one, when all that ends an epoch has had its turn: hooks of the
    module, schedulers, an `EarlyStopping`. An epoch starts once more in a training that goes on:
    this callback must stand before those that do something then. After the last epoch there is
    nothing to go on with. What is drawn by chance goes on where it was, and so do values that
    a module keeps as plain attributes, such as a temperature or a count: Lightning saves none.
    """

    def __init__(self, path: Path):
        self._path = path
        self._max_steps: int | None = None
        self._chance: dict[str, Any] | None = None
        self._values: dict[str, dict[str, Any]] = {}

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Hide the limit of steps while the loops are restored.

        With one, Lightning goes on within the epoch that was saved, though that had ended: it would
        have an epoch of one batch more.
        """
        if self._path.exists():
            loop = trainer.fit_loop.epoch_loop
            self._max_steps, loop.max_steps = loop.max_steps, -1

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Put the limit back."""
        if self._max_steps is not None:
            trainer.fit_loop.epoch_loop.max_steps = self._max_steps

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Save what the epochs before have left, or go on as they have."""
        if self._chance is not None:
            # Here at last: what a module does at the start of a training has been done again.
            device = trainer.strategy.root_device
            for name, layer in pl_module.named_modules():
                set_values(layer, self._values.get(name, {}), device)
            _set_chance(self._chance)
            self._chance = None
            return
        if not trainer.current_epoch:
            return
        progress = trainer.fit_loop.epoch_progress
        # Lightning has counted this epoch as ready, and would go on within it.
        for count in (progress.total, progress.current):
            count.ready -= 1
        trainer.save_checkpoint(self._path)
        for count in (progress.total, progress.current):
            count.ready += 1

    def on_save_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Save what each layer keeps besides its parameters."""
        checkpoint[_VALUES] = {name: values_of(layer) for name, layer in pl_module.named_modules()}

    def on_load_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Keep it until the next epoch starts."""
        self._values = checkpoint[_VALUES]

    def state_dict(self) -> dict[str, Any]:
        """The states of all that draws by chance."""
        return {
            "torch": torch.get_rng_state(),
            "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
            "numpy": np.random.get_state(),
            "python": random.getstate(),
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Keep them until the next epoch starts."""
        self._chance = state_dict


def _set_chance(states: Mapping[str, Any]) -> None:
    torch.set_rng_state(states["torch"])
    torch.cuda.set_rng_state_all(states["cuda"])
    np.random.set_state(states["numpy"])
    random.setstate(states["python"])
