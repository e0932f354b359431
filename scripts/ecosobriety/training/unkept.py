"""What a module keeps that nobody can give back to it: whether that has changed, or is shared.

`plain_values` knows many kinds. Of any other kind, all that is known is whether it is what it was:
then nothing is lost with it.
"""

import hashlib
import pickle
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from enum import Enum
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

import numpy as np
from torch import Tensor, nn

from ecosobriety.training import plain_values

_SAME_BY_PLACE = (FunctionType, BuiltinFunctionType, ModuleType, type)


class _Digest:
    """Takes in what a pickle writes."""

    def __init__(self) -> None:
        self.sha256 = hashlib.sha256()

    def write(self, content: bytes) -> int:
        self.sha256.update(content)
        return len(content)


class _Pickler(pickle.Pickler):
    """Writes functions and layers by their place in memory: they are themselves."""

    def __init__(self, file: Any, known: Collection[int]):
        super().__init__(file, protocol=5)
        self._known = known

    def persistent_id(self, value: Any) -> str | None:
        same = isinstance(value, _SAME_BY_PLACE) or type(value).__name__ == "Trainer"
        return f"{id(value)}" if same or id(value) in self._known else None


def state_of(rest: Iterable[Any], known: Collection[int]) -> str | None:
    """A digest of what is of no kind that is kept; equal within one process: it has not changed.

    Args:
        rest: as `values_of` lists it.
        known: ids of layers and parameters, which are no part of it.

    Returns:
        None: some of it cannot be looked at.
    """
    digest = _Digest()
    try:
        for value in rest:
            _Pickler(digest, known).dump(value)
    # A class of anybody's may raise anything.
    except Exception:
        return None
    return digest.sha256.hexdigest()


def known_of(module: nn.Module) -> frozenset[int]:
    """Ids of a module's layers and parameters."""
    return frozenset(map(id, [*module.modules(), *module.parameters()]))


def form_of(module: nn.Module) -> list[tuple[str, int, int]]:
    """A module's layers by their names, places in memory and hooks: another one has other ones."""
    return [
        (name, id(layer), len(layer._forward_hooks) + len(layer._forward_pre_hooks))
        for name, layer in module.named_modules()
    ]


def is_shared(module: nn.Module, others: Iterable[Any]) -> bool:
    """Whether something that changes is kept in two places, so that one would lose the other.

    Args:
        module: with its layers.
        others: callbacks of its own.
    """
    known = known_of(module)
    held = {id(tensor): tensor for tensor in (*module.parameters(), *module.buffers())}
    seen = Counter({_memory(tensor): 1 for tensor in held.values() if tensor.numel()})
    for part in (*module.modules(), *others):
        if not plain_values.is_own(type(part).__module__):
            continue
        for value in plain_values.own_attributes(part).values():
            seen.update(_changing(value, known | {id(part)}))
    return any(times > 1 for times in seen.values())


def _changing(value: Any, known: frozenset[int]) -> Iterator[int]:
    """Where in memory all lies that a value leads to and that may change."""
    if id(value) in known or isinstance(value, (*plain_values.PLAIN, Enum, *_SAME_BY_PLACE)):
        return
    inside: Iterable[Any] = ()
    if isinstance(value, Tensor):
        if value.numel():
            yield _memory(value)
        return
    if isinstance(value, np.ndarray):
        while isinstance(value.base, np.ndarray):
            value = value.base
        yield id(value)
        return
    if isinstance(value, nn.Module):
        inside = [*value.parameters(), *value.buffers()]
    elif isinstance(value, (dict, list, tuple, set, frozenset)):
        inside = [*value.keys(), *value.values()] if isinstance(value, dict) else list(value)
    if not isinstance(value, tuple):
        yield id(value)
    if plain_values.is_own(type(value).__module__) and not isinstance(value, nn.Module):
        inside = [*inside, *plain_values.own_attributes(value).values()]
    for one in inside:
        yield from _changing(one, known | {id(value)})


def _memory(tensor: Tensor) -> int:
    try:
        return tensor.untyped_storage().data_ptr()
    # A sparse one has none.
    except (RuntimeError, NotImplementedError):
        return id(tensor)
