"""What makes a network's scores worth nothing although it trains without a word.

Weights that no optimiser trains, or that begin where an earlier training ended; outputs that the
loss cannot use, or that depend on other examples or on chance; seeds that are no replicates. All of
it is looked at in the rehearsal, whose networks are thrown away; see `rehearsal`.
"""

import weakref
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor, nn

from ecosobriety.errors import ConfigError
from ecosobriety.training.own_networks import require_shape
from ecosobriety.training.plain_values import dense

EXACT, INEXACT = 1e-4, 1e-2
"""Relative to the largest output: what rounding changes at most, in 32 bits on a processor, and
with fewer bits or on a GPU."""
SEEDS = 6
"""With which a network is tested, as what is random may be so in some passes alone."""


def require_alone(
    give: Callable[[slice, int], Tensor], examples: int, class_path: str, *, exact: bool
) -> None:
    """Refuse a network whose output for an example depends on more than that example.

    Args:
        give: Tests it on some of the examples, in one batch, with a seed; gives (n, outputs).
        examples: How many there are.
        class_path: Its name, for the message.
        exact: Whether it is computed in 32 bits on a processor.

    Raises:
        ConfigError: outputs depend on the batch, on those before, or on chance.
    """
    whole, n = slice(None), max(2, examples // 2)
    first = give(whole, 0)
    finite = first[first.isfinite()]
    if examples <= n or not len(finite):
        return
    tolerance = (EXACT if exact else INEXACT) * float(finite.abs().max())

    def alike(some: Tensor, others: Tensor) -> bool:
        return some.shape == others.shape and torch.allclose(some, others, 0.0, tolerance)

    if first.isnan().any():
        return  # It diverged.
    # What it keeps from one batch to the next may only show after another batch.
    again = [give(whole, 0) for _ in range(2)]
    by_chance = [give(whole, seed) for seed in range(1, SEEDS)]
    parts = [(part, give(part, 0)) for part in (slice(n), slice(-n, None))]
    if not all(alike(first, other) for other in (*again, give(whole, 0))):
        raise ConfigError(
            f"models: {class_path} gives the same examples other outputs when they are tested "
            "again: in the mode of the test it must neither keep anything of the batches before "
            "nor draw from a generator that forward does not seed anew"
        )
    if not all(alike(first, other) for other in by_chance):
        raise ConfigError(
            f"models: {class_path} is random in the test's mode: F.dropout needs "
            "training=self.training, and noise belongs where self.training (in a hook, "
            "self.trainer.training) is true; Monte Carlo dropout needs one mask for all examples, "
            "from a generator that forward seeds anew"
        )
    if not all(alike(output, first[part]) for part, output in parts):
        raise ConfigError(
            f"models: {class_path} gives an example another output when others are in its batch, "
            "even in the mode of the test: leave out what mixes examples, such as a softmax over "
            "dimension 0, batch_first=False or track_running_stats=False"
        )


def optimised(trainer: pl.Trainer) -> Iterator[Tensor]:
    """The weights that a Trainer's optimisers have."""
    for optimizer in trainer.optimizers:
        for group in optimizer.param_groups:
            yield from group["params"]


def require_early(network: nn.Module, trainer: pl.Trainer, class_path: str) -> None:
    """Refuse parameters that came after the optimiser.

    Raises:
        ConfigError: there are some.
    """
    trained = {id(parameter) for parameter in optimised(trainer)}
    if any(p.requires_grad and id(p) not in trained for p in network.parameters()):
        raise ConfigError(
            f"models: {class_path} makes parameters in its forward, which no optimiser trains: "
            "make them in __init__, or as lazy layers (nn.LazyLinear)"
        )


class Leaves(pl.Callback):
    """Collects the weights that losses are made of, by their graphs, and a network does not know.

    Args:
        network: Knows its parameters.
    """

    def __init__(self, network: nn.Module):
        self._network = network
        self._seen: dict[int, tuple[Callable[[], Tensor | None], Tensor]] = {}
        """By id: the weight, while anything else holds it, and a copy of its first value."""

    def see(self, loss: Tensor) -> None:
        """Look through the graph of a loss."""
        own = {id(parameter) for parameter in nn.Module.parameters(self._network)}
        for leaf in _leaves(loss):
            if id(leaf) in own or (id(leaf) in self._seen and self._seen[id(leaf)][0]() is leaf):
                continue
            # What is called a parameter is one; else what is made anew in each pass is no weight.
            held = partial(_itself, leaf) if isinstance(leaf, nn.Parameter) else weakref.ref(leaf)
            self._seen[id(leaf)] = (held, leaf.detach().clone())

    def on_before_backward(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, loss: Tensor
    ) -> None:
        """Look through the loss of a module that trains itself."""
        self.see(loss)

    def require_trained(self, known: Iterable[Tensor], class_path: str) -> None:
        """Refuse weights that decide the loss and that nothing has trained.

        Args:
            known: What the optimisers have, and the examples.
            class_path: The network's name, for the message.

        Raises:
            ConfigError: there are such weights.
        """
        ids = {id(tensor) for tensor in known}
        for held, before in self._seen.values():
            leaf = held()
            if leaf is not None and id(leaf) not in ids and torch.equal(leaf.detach(), before):
                raise ConfigError(
                    f"models: {class_path} uses weights {tuple(leaf.shape)} that are none of its "
                    "parameters, so that no optimiser trains them: keep layers in nn.ModuleList or "
                    "nn.ModuleDict, not in a plain list or dict, and weights as nn.Parameter; or "
                    "freeze them"
                )


def _itself(tensor: Tensor) -> Tensor:
    return tensor


class Watched:
    """The task of a user's network, whose outputs are of the right shape, or refused.

    Args:
        task: The task.
        class_path: The network's name, for messages.
        see: What looks at the losses, too.
    """

    def __init__(self, task: Any, class_path: str, *see: Callable[[Tensor], None]):
        self._task, self._class_path, self._see = task, class_path, see

    def __getattr__(self, name: str) -> Any:
        return getattr(self._task, name)

    def loss(self, output: Tensor, y: Tensor) -> Tensor:
        """As the task's own."""
        wanted = (len(y), self._task.outputs)
        require_shape(output, self._class_path, wanted, "while it is trained")
        loss: Tensor = self._task.loss(output, y)
        for look in self._see:
            look(loss)
        return loss


def _leaves(root: Tensor) -> Iterator[Tensor]:
    """The tensors that gradients of `root` would be added to."""
    for node in nodes(root):
        if "AccumulateGrad" in node.name():
            yield node.variable


def nodes(root: Tensor, ends: Callable[[Any], bool] = lambda node: False) -> Iterator[Any]:
    """The operations that made `root`, from the last to the first; none behind those that end."""
    todo, done = [root.grad_fn], set()
    while todo:
        node: Any = todo.pop()
        if node is None or node in done:
            continue
        done.add(node)
        yield node
        if not ends(node):
            todo += [following for following, _ in node.next_functions]


class Pairs(pl.Callback):
    """Refuses a loss that compares each output with each target, by broadcasting.

    Args:
        class_path: The network's name, for the message.
        network: What is trained.
        outputs: Numbers that it gives for an example: 1, or 2 of which one may be taken.
    """

    MOST = 2
    """Outputs."""

    def __init__(self, class_path: str, network: nn.Module, outputs: int):
        self._class_path, self._network, self._outputs = class_path, network, outputs
        self._given: set[Any] = set()
        """What made the outputs of the network."""
        self._undo: list[Callable[[], None]] = []

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Look at what the network gives."""
        self._undo.append(self._network.register_forward_hook(self._on_output).remove)

    def _on_output(self, network: nn.Module, inputs: Any, output: Any) -> None:
        if isinstance(output, Tensor) and output.grad_fn is not None:
            self._given.add(output.grad_fn)

    def on_before_backward(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, loss: Tensor
    ) -> None:
        """Look for what makes (n, n) of outputs and of something that is not trained.

        Raises:
            ConfigError: the loss is made of that.
        """
        # What is behind the outputs, or a number for each example, is inside of the network.
        for node in nodes(loss, lambda node: node in self._given or _column(node) is not None):
            operands = [following for following, _ in node.next_functions]
            made = _shape(node)
            if len(operands) == OPERANDS and operands.count(None) == 1:
                (output,) = (operand for operand in operands if operand is not None)
                if output.name().startswith("Expand"):  # As PyTorch's own losses do first.
                    made, output = _shape(output), output.next_functions[0][0]
                if output is None:
                    continue
                n, own = _column(output), self._outputs == 1 or self._is_given(output)
                if n is not None and made == (n, n) and own:
                    raise self._refusal("outputs (n, 1) and targets (n,)", "squeeze(1)")
                shape = _shape(output)
                if (
                    (len(shape), made) == (1, shape * 2)
                    and shape != (1,)
                    and node.name().startswith(_DIFFERENCES)
                    and self._is_given(output)
                ):
                    raise self._refusal("outputs (n,) and targets (n, 1)", "y.flatten()")
        self._given.clear()

    def _is_given(self, node: Any) -> bool:
        """Whether an operation gives the outputs, or what was made of them alone."""
        made_of = [node]
        while len(made_of) == 1 and made_of[0] not in self._given:
            made_of = [one for one, _ in made_of[0].next_functions if one is not None]
        return len(made_of) == 1

    def _refusal(self, what: str, how: str) -> ConfigError:
        return ConfigError(
            f"models: {self._class_path} computes its loss from {what}, which compares each output "
            f"with the targets of all others: bring them to one shape, as by {how} in training_step"
        )

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Look no more."""
        while self._undo:
            self._undo.pop()()

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        """Look no more."""
        self.on_train_end(trainer, pl_module)


_DIFFERENCES = ("Sub", "Rsub", "MseLoss", "L1Loss", "SmoothL1Loss", "HuberLoss")
"""Operations that compare two tensors, as they begin."""
OPERANDS = 2
"""Of a difference, and of PyTorch's losses."""


def _shape(node: Any) -> tuple[int, ...]:
    """Of what an operation gives."""
    return tuple(node._input_metadata[0].shape)


def _column(node: Any) -> int | None:
    """The number of examples, if an operation gives (n, 1) for more than one."""
    shape = _shape(node)
    return shape[0] if len(shape) == 2 and shape[0] > 1 == shape[1] else None


def weights(network: nn.Module) -> list[Tensor]:
    """Copies of a network's weights and statistics."""
    return numbers([*network.parameters(), *network.buffers()])


def numbers(tensors: Iterable[Tensor]) -> list[Tensor]:
    """Copies of those that are no whole numbers; a complex number is two, and all are dense."""
    parts = [
        torch.view_as_real(part) if part.is_complex() else part for part in map(dense, tensors)
    ]
    return [part.detach().cpu().clone() for part in parts if part.is_floating_point()]


class Beginning(pl.Callback):
    """Keeps the weights before the first step, and PyTorch's state of chance after the last."""

    weights: list[Tensor] | None = None
    chance: Tensor | None = None

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """A module's own hooks, which may build layers, are done."""
        if self.weights is None:
            self.weights = weights(pl_module)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Whoever sets a seed, wherever, decides this."""
        self.chance = torch.get_rng_state()


def require_same_beginning(network: nn.Module, start: list[Tensor], class_path: str) -> None:
    """Refuse a network that goes on where an earlier training ended.

    Args:
        network: Built with the seed of one that was trained since.
        start: The `weights` of that one, before its training.
        class_path: Its name, for the message.

    Raises:
        ConfigError: it does not begin as the first did.
    """
    if not same(weights(network), start):
        raise ConfigError(
            f"models: {class_path} begins with other weights when it is built again with the same "
            "seed: make all weights in __init__, none at the level of the module or class, where "
            "each training would go on from the one before, and draw them from PyTorch's own state"
        )


def are_replicates(first: Beginning, other: Beginning, class_path: str) -> bool:
    """Refuse trainings of two seeds that are no replicates.

    Args:
        first: What was seen in one.
        other: What was seen in the other.
        class_path: The network's name, for the message.

    Returns:
        Whether both begin with the same weights, as pretrained ones do.

    Raises:
        ConfigError: the network sets its own seed.
    """
    if first.chance is None or other.chance is None:
        return False
    if torch.equal(first.chance, other.chance):
        raise ConfigError(
            f"models: {class_path} sets the seed of PyTorch itself (torch.manual_seed or "
            "seed_everything), so that the study's seeds would be no replicates: leave it out, the "
            "study sets each training's seed"
        )
    start = first.weights or []
    differing = any(part.min() < part.max() for part in start if part.numel())
    return differing and same(start, other.weights or [])


def same(some: list[Tensor], others: list[Tensor]) -> bool:
    """Whether two networks have the same `weights`."""
    return len(some) == len(others) and all(
        a.shape == b.shape and torch.allclose(a, b, 0.0, 0.0, equal_nan=True)
        for a, b in zip(some, others, strict=True)
    )
