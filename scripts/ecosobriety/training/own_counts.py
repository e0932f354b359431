"""A network that counts its own batches, and may do other work from some batch on."""

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import nn

from ecosobriety.training.plain_values import own_attributes

Counts = Mapping[tuple[str, str], float]
"""Single numbers by layer and name."""
_MULTIPLES = (840, 60, 12, 4)


def counts_of(network: nn.Module) -> Counts:
    """The single numbers that layers keep, as plain attributes or as buffers."""
    return {(layer, name): float(value) for layer, name, value in _numbers(network)}


def put_counts(network: nn.Module, before: Counts, after: Counts, batches: float) -> None:
    """Let a network's numbers be what they are after so many times what has moved them.

    Args:
        network: as built.
        before: its numbers.
        after: the same after some batches.
        batches: how many times as many have passed.
    """
    layers = dict(network.named_modules())
    for layer, name, value in _numbers(network):
        if (moved := after[layer, name] - before[layer, name]) == 0:
            continue
        then = before[layer, name] + moved * batches
        if isinstance(value, torch.Tensor):
            value.fill_(then)
        else:
            setattr(layers[layer], name, type(value)(then))


def aligned(batches: int) -> int:
    """Not many fewer batches, in which what is done every second to eighth comes as at first."""
    step = next((multiple for multiple in _MULTIPLES if multiple <= batches), 1)
    return batches - batches % step


def _numbers(network: nn.Module) -> Iterator[tuple[str, str, Any]]:
    for layer, part in network.named_modules():
        for name, value in own_attributes(part).items():
            if isinstance(value, int | float) and not isinstance(value, bool):
                yield layer, name, value
        for name, buffer in part.named_buffers(recurse=False):
            if buffer.numel() == 1 and buffer.dtype != torch.bool:
                yield layer, name, buffer
