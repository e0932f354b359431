"""What a training that is killed leaves behind, so that the next attempt goes on from there."""

import copy
import logging
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch

from ecosobriety.errors import ConfigError, one_line
from ecosobriety.training import unkept
from ecosobriety.training.fitting import brought
from ecosobriety.training.plain_values import Return, values_of_all
from ecosobriety.user_code.lightnings import lightning_of
from ecosobriety.user_code.owned import is_own

logger = logging.getLogger(__name__)

_MISFITS = (KeyError, ValueError, TypeError, AttributeError, IndexError, RuntimeError)
MOST_OF_ERROR = 80
"""Characters of the error of PyTorch or Lightning."""
_OF_OPTIMISERS = vars(torch.optim.SGD([torch.zeros(1)])).keys()
"""What each optimiser has, and its state dict or its scheduler gives back."""
_OURS, _STATE = "ecosobriety", "ecosobriety_state"
"""In a checkpoint: what `_Kept` says; and the module's state, in whose place a callback may put
another one, as Lightning's averages of weights do."""


@dataclass(frozen=True)
class _Kept:
    """What Lightning does not save.

    Attributes:
        values: What each layer keeps as attributes, by its name.
        of_callbacks: The same of callbacks that do not say what their state is.
        buffers: Those of each layer that its state leaves out, by their names.
        trained: Whether each parameter is, by its name.
        modes: Whether each layer is in its training mode.
    """

    values: dict[str, dict[str, Any]]
    of_callbacks: list[dict[str, Any]]
    buffers: dict[str, torch.Tensor]
    trained: dict[str, bool]
    modes: dict[str, bool]


class EpochCheckpoint(pl.Callback):
    """Saves the training between two epochs, under one name.

    That is at the start of the next one, when all that ends an epoch has had its turn: hooks of the
    module, schedulers, an `EarlyStopping`. An epoch starts once more in a training that goes on:
    this callback must stand before those that do something then. After the last epoch there is
    nothing to go on with. What is drawn by chance goes on where it was, and so do values that
    a module, or a callback of its own, keeps as attributes, such as a temperature or a count, and
    layers that are not trained or are tested: Lightning saves none of that.
    """

    def __init__(self, path: Path):
        self._path = path
        self._max_steps: int | None = None
        self._chance: dict[str, Any] | None = None
        self._kept: _Kept | None = None
        """What is given back when the next epoch starts, or saved there."""
        self._restored: Mapping[str, Any] | None = None
        self._told = False
        self._begun: Any = None
        """What no checkpoint gives back, as it was when this attempt began."""
        self.goes_on = False
        """Whether a training goes on, and has not yet done so for a batch."""

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Hide the limit of steps while the loops are restored.

        With one, Lightning goes on within the epoch that was saved, though that had ended: it would
        have an epoch of one batch more.
        """
        if self.goes_on:
            loop = trainer.fit_loop.epoch_loop
            self._max_steps, loop.max_steps = loop.max_steps, -1

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Put the limit back."""
        if self._max_steps is not None:
            trainer.fit_loop.epoch_loop.max_steps = self._max_steps

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Save what the epochs before have left, or go on as they have."""
        if self._kept is not None and self._chance is not None:
            # Here at last: what a module does at the start of a training has been done again, and
            # it may have drawn its weights anew.
            _restore(self._restored, trainer, pl_module)
            _give_back(self._kept, trainer, pl_module)
            _set_chance(self._chance)
            self._kept = self._chance = self._restored = None
            _, self._begun = _looked_at(trainer, pl_module)
            return
        if not trainer.current_epoch:
            _, self._begun = _looked_at(trainer, pl_module)
            return
        kept, rest = _looked_at(trainer, pl_module)
        # One of two objects that share their numbers would lose the other.
        changed = rest is None or rest != self._begun
        if changed or unkept.is_shared(pl_module, _own_callbacks(trainer)):
            # One of before holds what was whole then.
            if not self._told:
                logger.warning(
                    "%s keeps what no checkpoint gives back as it was: killed from now on, its "
                    "training goes on from an earlier epoch, or begins anew",
                    type(pl_module).__name__,
                )
            self._told = True
            return
        progress = trainer.fit_loop.epoch_progress
        # Lightning has counted this epoch as ready, and would go on within it.
        for count in (progress.total, progress.current):
            count.ready -= 1
        self._kept = kept
        trainer.save_checkpoint(self._path)
        self._kept = None
        for count in (progress.total, progress.current):
            count.ready += 1

    def on_save_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Save what Lightning does not."""
        checkpoint[_OURS] = self._kept
        # The same tensors are saved once.
        checkpoint[_STATE] = dict(checkpoint["state_dict"])

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """It does go on."""
        self.goes_on = False

    def on_load_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Keep it until the next epoch starts."""
        self._kept = checkpoint[_OURS]
        # Optimisers take the very tensors, which hooks of the module may then change.
        own = {
            name: copy.deepcopy(checkpoint[name]) for name in ("optimizer_states", "lr_schedulers")
        }
        self._restored = {**checkpoint, "state_dict": checkpoint[_STATE], **own}

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


@contextmanager
def going_on(saved: EpochCheckpoint | None, path: Path | None, class_path: str) -> Iterator[None]:
    """Remove a checkpoint that a training cannot go on from.

    Args:
        saved: what saves the training.
        path: the checkpoint that it goes on from; None: it begins.
        class_path: whose training it is.

    Raises:
        ConfigError: it cannot, since the module or its optimisers had another form by then.
    """
    if saved is None or path is None:
        yield
        return
    saved.goes_on = True
    try:
        yield
    except (ConfigError, *_MISFITS) as error:
        if not saved.goes_on or not _is_misfit(error):
            raise
        path.unlink()
        raise ConfigError(
            f"models: {class_path} cannot go on from its checkpoint, which had another form "
            f"({one_line(str(error))[:MOST_OF_ERROR]}): the checkpoint is removed, and the same "
            "command trains it from the start"
        ) from error


def _is_misfit(error: Exception) -> bool:
    # A lack of memory, and whatever else the machine does, says nothing of the checkpoint.
    return not isinstance(error, RuntimeError) or "state_dict" in str(error)


def _restore(
    checkpoint: Mapping[str, Any] | None, trainer: pl.Trainer, module: pl.LightningModule
) -> None:
    """What Lightning has restored, once more."""
    assert checkpoint is not None
    trainer.strategy.load_model_state_dict(checkpoint, strict=module.strict_loading)
    trainer.strategy.load_optimizer_state_dict(checkpoint)
    for callback in _own_callbacks(trainer):
        if state := checkpoint["callbacks"].get(callback.state_key):
            callback.load_state_dict(copy.deepcopy(state))
    states = checkpoint["lr_schedulers"]
    for config, state in zip(trainer.strategy.lr_scheduler_configs, states, strict=True):
        config.scheduler.load_state_dict(state)


def _give_back(kept: _Kept, trainer: pl.Trainer, module: pl.LightningModule) -> None:
    giving = Return(trainer.strategy.root_device)
    for name, layer in module.named_modules():
        giving.set_values(layer, kept.values.get(name, {}))
        layer.training = kept.modes.get(name, layer.training)
    for name, weight in module.named_parameters():
        weight.requires_grad_(kept.trained.get(name, weight.requires_grad))
    for name, buffer in _left_out(module).items():
        # Another one, as it may have grown, or be a view that cannot be written to.
        then = kept.buffers[name].to(buffer.device)
        if buffer.shape != then.shape or not torch.equal(buffer, then):
            layer, _, own = name.rpartition(".")
            module.get_submodule(layer)._buffers[own] = then
    for callback, values in zip(_own_callbacks(trainer), kept.of_callbacks, strict=True):
        giving.set_values(callback, values)


def _left_out(module: pl.LightningModule) -> dict[str, torch.Tensor]:
    """Buffers that are no part of a module's state."""
    saved = module.state_dict().keys()
    return {name: buffer for name, buffer in module.named_buffers() if name not in saved}


def _own_callbacks(trainer: pl.Trainer) -> list[Any]:
    """The callbacks of a user's own, those that say what their state is among them."""
    found = []
    for callback in brought(trainer):
        package: Any = lightning_of(type(callback), "Callback")
        if not type(callback).__module__.startswith(package.__name__):
            found.append(callback)
    return found


def _looked_at(trainer: pl.Trainer, module: pl.LightningModule) -> tuple[_Kept, Any]:
    """What Lightning does not save, and what is of no kind that a checkpoint gives back.

    The latter is the same while nothing of it has changed; None: it cannot be looked at. A training
    of which it has changed begins anew where it is killed: it would go on as another one.
    """
    named = dict(module.named_modules())
    values, rest = values_of_all(module, _own_callbacks(trainer))
    kept = _Kept(
        dict(zip(named, values, strict=False)),
        values[len(named) :],
        _left_out(module),
        {name: weight.requires_grad for name, weight in module.named_parameters()},
        {name: layer.training for name, layer in named.items()},
    )
    for optimiser in trainer.optimizers:
        if rest is not None and is_own(type(optimiser).__module__):
            own = vars(optimiser)
            rest += [own[name] for name in sorted(own.keys() - _OF_OPTIMISERS)]
    state = unkept.state_of(rest, unkept.known_of(module))
    asked = trainer.gradient_clip_val, trainer.accumulate_grad_batches
    return kept, None if state is None else (state, unkept.form_of(module), asked)


def _set_chance(states: Mapping[str, Any]) -> None:
    torch.set_rng_state(states["torch"])
    torch.cuda.set_rng_state_all(states["cuda"])
    np.random.set_state(states["numpy"])
    random.setstate(states["python"])
