"""Whether the batches of a training all do the work of the first ones, of which FLOP are counted.

A network of one's own may do more in some batches: behind a count, every fifth, below some loss.
What its layers are given is therefore summed up as it passes: numbers in, times those of the
layer's matrices. That is in proportion to their FLOP.
"""

from collections.abc import Callable
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_pre_hook

from ecosobriety.training.fitting import Passed
from ecosobriety.training.learner import Learner

FIRST_BATCHES = 4
"""So many at least are the first ones."""
TOLERANCE = 0.03
"""Batches of an epoch that take turns, such as those of two optimisers, need not come out even."""


class LayerWork(pl.Callback):
    """Sums up the work of all layers, in batches of the training.

    A compiled network's layers are not seen, and neither are products outside of layers.

    Args:
        count: of the batches and examples; a learner's network is called once for a batch.
        seen: whether to look at all: the study's own networks do the same with every batch.
    """

    def __init__(self, count: Passed | Learner, *, seen: bool = True):
        self._count, self._seen = count, seen
        self._network = count.network if isinstance(count, Learner) else None
        self._steps = self._examples = 0
        self._sum, self._first = 0, (0, 0)
        self._weights: dict[int, int] = {}
        self._in_a_batch = False
        self._unhook: Callable[[], None] | None = None

    @property
    def varies(self) -> bool:
        """Whether an example has taken other work, on average, than the first ones."""
        work, examples = self._first
        expected = work * (self._examples if self._network else self._count.examples)
        return bool(examples) and abs(self._sum * examples - expected) > TOLERANCE * expected

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Look at the layers from now on."""
        if not self._seen:
            return
        self._weights = {id(layer): _weight(layer) for layer in pl_module.modules()}
        self._unhook = register_module_forward_pre_hook(self._note).remove

    def on_train_batch_start(self, *_: Any) -> None:
        """Begin a batch."""
        self._in_a_batch = True

    def on_train_batch_end(self, *_: Any) -> None:
        """Note what the first batches have taken."""
        self._in_a_batch = False
        if self._network is None:
            self._end_batch(self._count.steps, self._count.examples)

    def _end_batch(self, steps: int, examples: int) -> None:
        if not self._first[1] and steps >= FIRST_BATCHES:
            self._first = (self._sum, examples)

    def teardown(self, *_: Any, **__: Any) -> None:
        """Look at nothing any more."""
        if self._unhook is not None:
            self._unhook()
            self._unhook = None

    def on_exception(self, *_: Any) -> None:
        """Nor where the training fails."""
        self.teardown()

    def state_dict(self) -> dict[str, Any]:
        """The sums, for a checkpoint."""
        counts = [self._steps, self._examples]
        return {"sum": self._sum, "first": list(self._first), "counts": counts}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on summing up."""
        self._sum, self._first = state_dict["sum"], tuple(state_dict["first"])
        self._steps, self._examples = state_dict["counts"]

    def _note(self, layer: nn.Module, inputs: tuple[Any, ...]) -> None:
        # Within a compiled network, this is all that is left of it.
        if torch.compiler.is_compiling() or not self._in_a_batch:
            return
        if layer is self._network:
            self._end_batch(self._steps, self._examples)
            self._steps += 1
            self._examples += len(inputs[0])
        weight = self._weights.get(id(layer))
        if weight is None:
            weight = self._weights[id(layer)] = _weight(layer)
        if weight:
            first = inputs[0] if inputs else None
            self._sum += weight * (first.numel() if isinstance(first, Tensor) else 1)


def _weight(layer: nn.Module) -> int:
    """Numbers of a layer's own matrices, for each input; 0: it has none, or only looks up in it."""
    if isinstance(layer, nn.Embedding | nn.EmbeddingBag):
        return 0
    own = layer.parameters(recurse=False)
    return sum(matrix.numel() // max(matrix.shape[1], 1) for matrix in own if _is_matrix(matrix))


def _is_matrix(parameter: Tensor) -> bool:
    return not nn.parameter.is_lazy(parameter) and parameter.ndim > 1
