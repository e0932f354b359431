"""What the gradients of a network's first steps give away: the wrong sign, or that they pile up.

A loss with the wrong sign, or an optimiser that maximises it, teaches the opposite, and gradients
that nobody clears are used again in every later step; neither is an error of PyTorch's. See
`rehearsal`.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.optimizer import register_optimizer_step_post_hook

from ecosobriety.errors import ConfigError
from ecosobriety.training.own_networks import evaluating, unlogged
from ecosobriety.training.soundness import numbers
from ecosobriety.training.tasks import Task
from ecosobriety.user_code.lightnings import lightning_of

OPPOSED, OPPOSITE = -0.5, -0.999
"""Cosine of two gradients, from which on one leads away from where the other leads, and to
the very opposite."""


class Gradients(pl.Callback):
    """Looks at the gradients of each step.

    Args:
        network: What is trained.
        class_path: Its name, for messages.
    """

    def __init__(self, network: nn.Module, class_path: str):
        self._network, self._class_path = network, class_path
        self.first: dict[str, Tensor] = {}
        """By the weight's name: where its first step led away from."""
        self.maximised = False
        """Whether an optimiser maximises."""
        self.at_rate_0 = True
        """Whether all steps had a learning rate of 0."""
        self.steps = 0
        """Of the optimiser that took most."""
        self.before_first = 0
        """Batches of the epoch before that of the first step."""
        self._batch = 0
        self._repeating: set[int] = set()
        """Ids of optimisers that took a step with gradients that an earlier one had used."""
        self._fresh: set[int] = set()
        """Ids of those that took one with others, after their first."""
        self._steps: dict[int, int] = {}
        self._used: dict[int, Tensor] = {}
        """By the weight's id: the gradient of its last step."""
        self._again: set[int] = set()
        """Ids of weights whose gradients were added to such a one."""
        self._undo: list[Callable[[], object]] = []

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Look at every gradient that comes, and at every step."""
        self._names = {id(p): name for name, p in self._network.named_parameters()}
        for weight in self._network.parameters():
            if weight.requires_grad:
                handle = weight.register_hook(partial(self._on_gradient, weight))
                self._undo.append(handle.remove)
        self._undo.append(register_optimizer_step_post_hook(self._on_step).remove)

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Know which batch it is."""
        self._batch = batch_idx

    def _on_gradient(self, weight: Tensor, coming: Tensor) -> None:
        """A gradient comes, and is not added yet to the one that is there."""
        used, there = self._used.get(id(weight)), weight.grad
        if used is None or (id(weight) in self._again and _any(there)):
            return
        if there is None or not torch.equal(there, used):
            # Somebody has cleared or changed it.
            self._again.discard(id(weight))
            del self._used[id(weight)]
        elif coming.detach().any():
            self._again.add(id(weight))

    def _on_step(self, optimizer: Optimizer, *_: Any) -> None:
        number = self._steps[id(optimizer)] = self._steps.get(id(optimizer), 0) + 1
        self.before_first = self.before_first if self.steps else self._batch
        self.steps = max(self.steps, number)
        weights = [
            (weight, -1 if group.get("maximize") else 1)
            for group in optimizer.param_groups
            for weight in group["params"]
            if weight.grad is not None
        ]
        self.at_rate_0 &= not any(group.get("lr", 1) > 0 for group in optimizer.param_groups)
        self.maximised |= any(sign < 0 for _, sign in weights)
        again = any(id(weight) in self._again for weight, _ in weights)
        if number > 1:
            (self._repeating if again else self._fresh).add(id(optimizer))
        for weight, sign in weights:
            self._again.discard(id(weight))
            if not weight.grad.is_sparse and weight.grad.any():
                self._used[id(weight)] = weight.grad.detach().clone()
            name = self._names.get(id(weight))
            if name is not None and name not in self.first:
                self.first[name] = sign * _exact(weight.grad)

    def unchanged(self, start: Iterable[Tensor] | None) -> bool:
        """Whether steps with a learning rate above 0 left all weights as they were at the start."""
        if self.at_rate_0 or start is None:
            return False
        # Statistics, which come after the weights, change with every batch.
        return all(map(torch.equal, start, numbers(self._network.parameters())))

    def require_learning(
        self, start: Iterable[Tensor] | None, trainer: pl.Trainer, module: nn.Module
    ) -> None:
        """Refuse a network that is as before after many batches.

        Args:
            start: Its weights before them; None: not known.
            trainer: What has trained it.
            module: The network as the user wrote it.

        Raises:
            ConfigError: it is.
        """
        if not self.steps:
            raise ConfigError(
                f"models: {self._class_path}: its optimisers take no step in an epoch, so that "
                "nothing would be learnt: with manual optimisation, training_step must call step()"
            )
        if self.at_rate_0 and not rate_may_rise(trainer, module):
            raise ConfigError(
                f"models: {self._class_path}: the learning rate of its optimisers is 0 in each of "
                f"{self.steps} steps, and neither a schedule nor a hook raises it later, so that "
                "nothing would be learnt"
            )
        gradients = any(bool(gradient.any()) for gradient in self.first.values())
        # A schedule may raise the rate, but no gradient of 0.
        if self.unchanged(start) and not (gradients and trainer.lr_scheduler_configs):
            hint = (
                "is its loss made of its outputs (no detach, no argmax), are they the optimisers'"
            )
            if gradients:
                hint = "is the learning rate too small for 32-bit numbers"
            raise ConfigError(
                f"models: {self._class_path}: its optimisers change none of its parameters in "
                f"{self.steps} steps, so that nothing would be learnt: {hint}?"
            )

    def require_cleared(self) -> None:
        """Refuse gradients that pile up.

        Raises:
            ConfigError: an optimiser's are cleared between no two of its steps.
        """
        if self._repeating - self._fresh:
            raise ConfigError(
                f"models: {self._class_path} takes steps with gradients that earlier steps have "
                "used already: nothing clears them in between; call zero_grad() of each optimiser "
                "before the backward pass of each of its steps"
            )

    def opposite(self) -> ConfigError:
        """What is said of steps that lead away from the answers."""
        why = "its optimiser maximises it" if self.maximised else "has its loss a wrong sign"
        return ConfigError(
            f"models: {self._class_path} learns the opposite of the answers: its steps make the "
            f"study's own loss larger on the examples that they are taken on ({why}?); an "
            "optimiser makes a loss smaller, so a score must be negated"
        )

    def teardown(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Look no more."""
        while self._undo:
            self._undo.pop()()

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        """Look no more."""
        self.teardown(trainer, pl_module, "fit")


def _exact(gradient: Tensor) -> Tensor:
    """In 64 bits; a complex number is two."""
    gradient = gradient.detach().cpu()
    return (torch.view_as_real(gradient) if gradient.is_complex() else gradient).double()


def _any(gradient: Tensor | None) -> bool:
    return gradient is not None and bool(gradient.any())


def own_gradients(
    network: nn.Module, task: Task, x: Tensor, y: Tensor
) -> tuple[float, dict[str, Tensor]]:
    """The study's own loss of a network on a batch, and its gradient by each weight's name.

    Args:
        network: As built, or as trained.
        task: Whose loss it is.
        x: (n, *input_shape) examples.
        y: (n,) labels or standardised targets.
    """
    weights = {name: p for name, p in network.named_parameters() if p.requires_grad}
    with unlogged(network), evaluating(network), torch.random.fork_rng():
        loss = task.loss(network(x.clone()).float(), y)
        found = torch.autograd.grad(loss, [*weights.values()], allow_unused=True)
    pairs = zip(weights, found, strict=True)
    return float(loss), {name: _exact(g) for name, g in pairs if g is not None}


def cosine(some: Mapping[str, Tensor], others: Mapping[str, Tensor]) -> float:
    """Of the angle between two gradients, as far as they are of the same weights; 0: unknown."""
    names = [name for name in some if name in others and some[name].shape == others[name].shape]
    if not names:
        return 0.0
    one, other = (
        torch.cat([part[name].to_dense().flatten() for name in names]) for part in (some, others)
    )
    sizes = float(one.norm() * other.norm())
    found = float(one @ other) / sizes if sizes > 0 else 0.0
    return found if -1.01 < found < 1.01 else 0.0


def rate_may_rise(trainer: pl.Trainer, module: nn.Module) -> bool:
    """Whether a learning rate of 0 may be another one later: by a schedule, or by a hook."""
    if trainer.lr_scheduler_configs:
        return True
    package = lightning_of(type(module))
    if package is None:
        return False
    base = package.LightningModule
    hooks = [name for name in dir(base) if name.startswith("on_")]
    hooks += ["optimizer_step", "configure_callbacks"]
    return any(getattr(type(module), name) is not getattr(base, name) for name in hooks)
