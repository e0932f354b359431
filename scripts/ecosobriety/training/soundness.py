"""What makes a network's scores worth nothing although it trains without a word.

Weights that no optimiser trains, or that begin where an earlier training ended; outputs that the
loss cannot use, or that depend on the other examples of a batch. All of it is looked at in the
rehearsal, whose networks are thrown away; see `rehearsal`.
"""

import logging
import weakref
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor, nn

from ecosobriety.errors import ConfigError

logger = logging.getLogger(__name__)

_ENDS = {
    "Relu": "a ReLU",
    "Threshold": "a threshold",
    "Softplus": "a softplus",
    "Sigmoid": "a sigmoid",
    "Hardsigmoid": "a hard sigmoid",
    "Softmax": "a softmax",
    "Tanh": "a tanh",
    "Hardtanh": "a ReLU6 or hard tanh",
    "Hardswish": "a hard swish",
    "Elu": "an ELU",
    "Gelu": "a GELU",
    "Silu": "a SiLU",
    "Mish": "a Mish",
    "Exp": "an exponential",
    "Abs": "an absolute value",
    "Sqrt": "a square root",
}
"""Operations that give no number below some bound; by the names of PyTorch's backward passes."""
_CLAMPS = ("Clamp", "ClampMin")
_SAME_VALUES = frozenset(
    [
        *("View", "UnsafeView", "ReshapeAlias", "Squeeze", "Unsqueeze", "T", "Transpose"),
        *("Permute", "Slice", "Select", "Clone", "Alias", "ToCopy", "Expand", "AsStrided"),
    ]
)
EXACT, INEXACT = 1e-4, 1e-2
"""Relative to the largest output: what rounding changes at most, in 32 bits on a processor, and
with fewer bits or on a GPU."""


def last_operation(output: Tensor) -> str | None:
    """The operation that made a network's outputs, if it bounds them; None: none that does."""
    node: Any = output.grad_fn
    while node is not None:
        name = node.name().partition("Backward")[0]
        if name in _ENDS:
            return _ENDS[name]
        if name in _CLAMPS:
            low = getattr(node, "_saved_min", None)
            return "a clamp" if isinstance(low, int | float) and low >= 0 else None
        if name not in _SAME_VALUES:
            return None
        node = node.next_functions[0][0]
    return None


def require_alone(
    give: Callable[[slice, int], Tensor], examples: int, class_path: str, *, exact: bool
) -> None:
    """Refuse a network that gives an example another output beside other examples.

    Args:
        give: Tests it on some of the examples, in one batch, with a seed; gives (n, outputs).
        examples: How many there are.
        class_path: Its name, for the message.
        exact: Whether it is computed in 32 bits on a processor.

    Raises:
        ConfigError: outputs depend on the batch.
    """
    whole, n = slice(None), max(2, examples // 2)
    first = give(whole, 0)
    finite = first[first.isfinite()]
    if examples <= n or not len(finite):
        return
    tolerance = (EXACT if exact else INEXACT) * float(finite.abs().max())

    def alike(some: Tensor, others: Tensor) -> bool:
        return some.shape == others.shape and torch.allclose(some, others, 0.0, tolerance)

    # What draws by chance, by PyTorch's or its own, cannot be compared with itself; nor can what
    # diverged.
    if not (alike(first, give(whole, 0)) and alike(first, give(whole, 1))):
        return
    if not all(alike(give(part, 0), first[part]) for part in (slice(n), slice(-n, None))):
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
        own = {id(parameter) for parameter in self._network.parameters()}
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
    """A task whose losses are looked through, too."""

    def __init__(self, task: Any, leaves: Leaves):
        self._task, self._leaves = task, leaves

    def __getattr__(self, name: str) -> Any:
        return getattr(self._task, name)

    def loss(self, output: Tensor, y: Tensor) -> Tensor:
        """As the task's own."""
        loss: Tensor = self._task.loss(output, y)
        self._leaves.see(loss)
        return loss


def _leaves(root: Tensor) -> Iterator[Tensor]:
    """The tensors that gradients of `root` would be added to."""
    todo, done = [root.grad_fn], set()
    while todo:
        node: Any = todo.pop()
        if node is None or node in done:
            continue
        done.add(node)
        if "AccumulateGrad" in node.name():
            yield node.variable
        todo += [following for following, _ in node.next_functions]


def weights(network: nn.Module) -> list[Tensor]:
    """Copies of a network's weights and statistics."""
    state = [*network.parameters(), *network.buffers()]
    return [part.detach().cpu().clone() for part in state if part.is_floating_point()]


def require_new_beginnings(
    build: Callable[[int], nn.Module], start: list[Tensor], class_path: str
) -> None:
    """Refuse a network whose trainings are no replicates, once one has been trained.

    Args:
        build: Builds it; gets what the training's seed is changed by.
        start: The `weights` of the first one that was built, before its training.
        class_path: Its name, for the message.

    Raises:
        ConfigError: it does not begin as the first did, or begins alike with every seed.
    """
    again = weights(build(0))
    state = torch.get_rng_state()
    if not _same(again, start):
        raise ConfigError(
            f"models: {class_path} begins with other weights when it is built again with the same "
            "seed: make all weights in __init__, none at the level of the module or class, where "
            "each training would go on from the one before, and draw them from PyTorch's own state"
        )
    other = weights(build(1))
    if torch.equal(state, torch.get_rng_state()):
        raise ConfigError(
            f"models: {class_path} sets the seed of PyTorch itself (torch.manual_seed or "
            "seed_everything), so that the study's seeds would be no replicates: leave it out, the "
            "study sets each training's seed"
        )
    if _same(other, start) and any(part.min() < part.max() for part in start if part.numel()):
        logger.warning(
            "%s begins with the same weights for every seed, as pretrained ones do: its seeds "
            "differ by their examples and their order alone",
            class_path,
        )


def _same(some: list[Tensor], others: list[Tensor]) -> bool:
    return len(some) == len(others) and all(
        a.shape == b.shape and torch.allclose(a, b, 0.0, 0.0, equal_nan=True)
        for a, b in zip(some, others, strict=True)
    )
