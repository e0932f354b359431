"""What a network keeps as plain attributes, which neither its parameters nor its buffers hold."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

from ecosobriety.user_code.lightnings import lightning_of


def values_of(part: nn.Module) -> dict[str, Any]:
    """What a layer keeps besides its parameters and buffers, as a temperature that is lowered.

    Plain values and tensors among its attributes, these in the host's memory.
    """
    known = _attributes(lightning_of(type(part)))
    return {
        name: value.detach().to("cpu", copy=True) if isinstance(value, Tensor) else value
        for name, value in vars(part).items()
        if name not in known and isinstance(value, bool | int | float | str | Tensor | None)
    }


def set_values(part: nn.Module, values: Mapping[str, Any], device: torch.device) -> None:
    """Let a layer have what `values_of` has found.

    Args:
        part: the layer.
        values: the same for it before.
        device: where a tensor goes to in the place of what is none.
    """
    for name, value in values.items():
        now = vars(part).get(name)
        if isinstance(value, Tensor):
            # A copy, as they may be given once more.
            value = value.to(now.device if isinstance(now, Tensor) else device, copy=True)
        object.__setattr__(part, name, value)


def device_of(network: nn.Module) -> torch.device:
    """Where a network's parameters are."""
    return next((parameter.device for parameter in network.parameters()), torch.device("cpu"))


@cache
def _attributes(package: Any) -> frozenset[str]:
    """Those that every module has, or every `LightningModule` of a package."""
    return frozenset(vars(nn.Module() if package is None else package.LightningModule()))
