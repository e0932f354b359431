"""Running averages that a training is too short for: a test takes what they began with.

Batch norm keeps averages of its inputs, and some modules one of their weights. What they began with
counts for less with each batch, and small sizes have few. See `doubts`.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor, nn

from ecosobriety.reasons import reason

MOST_LEFT = 0.5
"""Share of what an average began with that may be left in the end."""
USUAL = 0.1
"""PyTorch's momentum of a batch norm: from there on, it is the training that is short."""
LAST_ALONE = 0.9
"""Momentum of a batch norm from which on its averages are those of the last batch."""
FITS = 0.01
"""Share of a step of an average that may be another one than by a decay."""
NEVER = 1 - 1e-6
"""A decay that leaves an average where it was: then it is none, or is seldom moved."""
_NORM = nn.modules.batchnorm._NormBase


class Averages:
    """Looks at running averages, and at the largest one of weights, in a few batches.

    Args:
        network: What is trained.
    """

    def __init__(self, network: nn.Module):
        self._network = network
        self._norms: list[Any] = []
        """Batch norms that began with no batch."""
        self._whole = self._epochs = 0.0
        """Batches and epochs of the whole training."""
        self._batches = 0
        """Those so far."""
        self._pair: tuple[Tensor, ...] = ()
        """Two tensors that began alike: one may be an average of the other."""
        self._before: tuple[Tensor, ...] = ()
        """The same before the last batch."""
        self._by_batch: set[int] = set()
        """Which of them another batch has changed, and not the epoch's end alone."""
        self._average: Tensor | None = None
        """The average among them."""
        self._decay = self._times = 0.0
        """What a time leaves of it, and how many times there are in the whole training."""

    def start(self, trainer: pl.Trainer) -> None:
        """Know how long the training is, before its first batch."""
        # Lightning accumulates no gradients here: it takes a step with each batch.
        self._whole = float(trainer.estimated_stepping_batches)
        self._epochs = self._whole / max(1, trainer.num_training_batches)
        layers = (layer for layer in self._network.modules() if isinstance(layer, _NORM))
        self._norms = [layer for layer in layers if _is_new(layer)]

    def begin_batch(self, trainer: pl.Trainer) -> None:
        """Keep what an average is before a batch."""
        self._batches += 1
        if self._batches == 1:
            self._pair = self._find(trainer)
        now = tuple(part.detach().clone() for part in self._pair)
        for place, (one, other) in enumerate(zip(now, self._before, strict=False)):
            if not torch.equal(one, other):
                self._by_batch.add(place)
        self._before = now

    def _find(self, trainer: pl.Trainer) -> tuple[Tensor, ...]:
        """The largest tensors that are two and alike, as weights and an average of them are."""
        callbacks = getattr(trainer, "callbacks", [])
        others = [one for one in callbacks if not type(one).__module__.startswith("ecosobriety.")]
        kept = {id(part): part for owner in (self._network, *others) for part in _tensors(owner)}
        known: dict[Any, Tensor] = {}
        for part in sorted(kept.values(), key=Tensor.numel, reverse=True):
            if not part.is_floating_point() or part.numel() < 2:
                continue
            beginning = part.detach().flatten()[:8].tolist()
            other = known.setdefault((part.shape, *beginning), part)
            # Of zeros or ones, as biases and norms begin with, many are alike.
            if (
                other is not part
                and part.min() < part.max()
                and torch.equal(other.detach().cpu(), part.detach().cpu())
            ):
                return other, part
        return ()

    def end(self) -> None:
        """Find the average, and its decay, by what the last batch has made of it."""
        after = [part.detach().cpu().double() for part in self._pair]
        before = [part.cpu().double() for part in self._before]
        for place in range(len(after)):
            # An average goes a share of the way from what it was to the weights.
            weight = after[1 - place]
            way, left = (
                part.flatten() - weight.flatten() for part in (before[place], after[place])
            )
            size = float(way.norm())
            decay = float(left @ way) / size**2 if size else 0.0
            if 0 < decay < NEVER and float((left - decay * way).norm()) <= FITS * size:
                self._average, self._decay = self._pair[place], decay
                self._times = self._whole if place in self._by_batch else self._epochs

    def doubts(self, answer: Callable[[], Tensor]) -> Iterator[str]:
        """Say which averages are mostly what they began with when they are tested.

        Args:
            answer: Gives the outputs of a few examples in the test.
        """
        batches = f"{self._whole:.0f}"
        seen = [layer for layer in self._norms if layer.num_batches_tracked > 0]
        left = [(self._left_in(layer), layer.momentum) for layer in seen]
        if left and max(left)[0] > MOST_LEFT:
            share, momentum = max(left)
            values = {"share": f"{share:.0%}", "batches": batches}
            if momentum >= USUAL:
                yield reason("norm_begins", **values)
            else:
                yield reason("norm_lags", momentum=f"{momentum:g}", **values)
        most = max((momentum for _, momentum in left), default=0.0)
        if most >= LAST_ALONE:
            yield reason("norm_of_last_batch", momentum=f"{most:g}")
        share = self._decay**self._times
        if self._average is not None and share > MOST_LEFT and self._is_tested(answer):
            decay = f"{self._decay:.4g}"
            yield reason("average_lags", share=f"{share:.0%}", decay=decay, batches=batches)

    def _left_in(self, layer: Any) -> float:
        a_batch = int(layer.num_batches_tracked) / max(1, self._batches)
        return float((1 - layer.momentum) ** (a_batch * self._whole))

    def _is_tested(self, answer: Callable[[], Tensor]) -> bool:
        """Whether the average decides the outputs; one of a callback's is for nothing else."""
        average = self._average
        assert average is not None
        if not any(part is average for part in _tensors(self._network)):
            return True
        kept, before = average.detach().clone(), answer()
        with torch.no_grad():
            # What is asked next is asked of the network as it was.
            try:
                average.add_(1.0)
                return not torch.equal(before, answer())
            finally:
                average.copy_(kept)


def _is_new(layer: Any) -> bool:
    """Whether it keeps averages with a decay, and has taken in nothing yet."""
    if not layer.track_running_stats or layer.momentum is None:
        return False
    return bool((layer.running_mean == 0).all() and (layer.running_var == 1).all())


def _tensors(owner: Any) -> Iterator[Tensor]:
    """What a module or a callback keeps, in other modules, in lists and in dicts too."""
    for value in vars(owner).values():
        inner = value.values() if isinstance(value, dict) else value
        for part in inner if isinstance(value, dict | list | tuple) else [value]:
            if isinstance(part, nn.Module):
                yield from part.parameters()
            elif isinstance(part, Tensor):
                yield part
