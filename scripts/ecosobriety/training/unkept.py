"""What a module keeps that nobody can give back to it: whether that has changed, or is shared.

`plain_values` knows many kinds. Of any other kind, all that is known is whether it is what it was:
then nothing is lost with it.
"""

import hashlib
import pickle
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

import numpy as np
from torch import Tensor, nn

from ecosobriety.training import plain_values
from ecosobriety.user_code.owned import is_own

_SAME_BY_NAME = (FunctionType, BuiltinFunctionType, ModuleType, type)


class _Digest:
    """Takes in what a pickle writes."""

    def __init__(self) -> None:
        self.sha256 = hashlib.sha256()

    def write(self, content: bytes) -> int:
        self.sha256.update(content)
        return len(content)


class _Pickler(pickle.Pickler):
    """Writes functions, layers and parameters by their names: they are themselves."""

    def __init__(self, file: Any, known: Mapping[int, str]):
        super().__init__(file, protocol=5)
        self._known = known

    def persistent_id(self, value: Any) -> str | None:
        if isinstance(value, _SAME_BY_NAME):
            code = getattr(value, "__code__", None)
            name = getattr(value, "__qualname__", value.__name__)
            return f"{value.__module__} {name} {code and code.co_code.hex()}"
        if type(value).__name__ == "Trainer":
            return "Trainer"
        return self._known.get(id(value))


def state_of(rest: Iterable[Any] | None, known: Mapping[int, str]) -> str | None:
    """A digest of what is of no kind that is kept; where it is equal, that has not changed.

    Args:
        rest: as of `values_of_all`.
        known: as of `known_of`: what is no part of it.

    Returns:
        None: some of it cannot be looked at.
    """
    if rest is None:
        return None
    digest = _Digest()
    try:
        for value in rest:
            _Pickler(digest, known).dump(value)
    # A class of anybody's may raise anything.
    except Exception:
        return None
    return digest.sha256.hexdigest()


def known_of(module: nn.Module) -> dict[int, str]:
    """Names of a module's layers and parameters, by their ids."""
    named = (*module.named_modules(), *module.named_parameters())
    return {id(part): f"part {name}" for name, part in named}


def form_of(module: nn.Module) -> list[tuple[str, int, int]]:
    """A module's layers by their names, places in memory and hooks: another one has other ones."""
    return [
        (name, id(layer), len(layer._forward_hooks) + len(layer._forward_pre_hooks))
        for name, layer in module.named_modules()
    ]


def is_shared(module: nn.Module, others: Iterable[Any]) -> bool:
    """Whether the numbers of a tensor or an array are kept under two names.

    One would lose the other. Other objects are given back in place, and so stay shared.

    Args:
        module: with its layers.
        others: callbacks of its own.
    """
    known = set(known_of(module))
    held = {id(tensor): tensor for tensor in (*module.parameters(), *module.buffers())}
    seen = Counter({_memory(tensor): 1 for tensor in held.values() if tensor.numel()})
    for part in (*module.modules(), *others):
        if not is_own(type(part).__module__):
            continue
        for value in plain_values.own_attributes(part).values():
            seen.update(_numbers(value, known))
    return any(times > 1 for times in seen.values())


def _numbers(value: Any, known: set[int]) -> Iterator[int]:
    """Where in memory the numbers lie that a value leads to; what was seen is added to `known`."""
    if isinstance(value, Tensor):
        if value.numel() and id(value) not in known:
            yield _memory(value)
        return
    if id(value) in known or isinstance(value, (*plain_values.PLAIN, Enum, *_SAME_BY_NAME)):
        return
    known.add(id(value))
    inside: Iterable[Any] = ()
    if isinstance(value, np.ndarray):
        while isinstance(value.base, np.ndarray):
            value = value.base
        yield id(value)
    elif isinstance(value, nn.Module):
        inside = [*value.parameters(), *value.buffers()]
    elif isinstance(value, dict):
        inside = [*value.keys(), *value.values()]
    elif isinstance(value, (list, tuple, set, frozenset)):
        inside = list(value)
    if is_own(type(value).__module__) and not isinstance(value, nn.Module):
        inside = [*inside, *plain_values.own_attributes(value).values()]
    for one in inside:
        yield from _numbers(one, known)


def _memory(tensor: Tensor) -> int:
    try:
        return tensor.untyped_storage().data_ptr()
    # A sparse one has none.
    except (RuntimeError, NotImplementedError):
        return id(tensor)
