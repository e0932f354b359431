"""What a network or a callback keeps as attributes, which no state dict of theirs holds."""

import random
import sys
from argparse import Namespace
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from functools import cache
from itertools import chain, repeat
from pathlib import PurePath
from types import FunctionType, SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ecosobriety.errors import ConfigError
from ecosobriety.user_code.lightnings import lightning_of
from ecosobriety.user_code.owned import is_own

PLAIN = (
    *(bool, int, float, complex, str, bytes, type(None), np.generic, PurePath),
    *(torch.dtype, torch.device, torch.Size),
)
_SEVERAL = (list, tuple, set, deque)
_COLLECTIONS = (dict, list, set, deque)
_NAMESPACES = (SimpleNamespace, Namespace)
_NAMES = ""
"""Stands for the names of all attributes: none has this one."""


@dataclass(frozen=True)
class _Chance:
    """Where a generator of random numbers is."""

    state: Any


@dataclass(frozen=True)
class _Kept:
    """What is given back to the very object; one that a file held has lost it."""

    original: Any

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "original": None}


@dataclass(frozen=True)
class _Inside(_Kept):
    """What an object of a user's own class keeps, or a collection of a class of its own holds."""

    module: str
    name: str
    values: Mapping[str, Any]
    items: Any


@dataclass(frozen=True)
class _Network(_Kept):
    """A network that is no layer of the module, as an average of it."""

    tensors: Mapping[str, Tensor]
    values: Mapping[str, Mapping[str, Any]]


class Walk:
    """Copies what parts of one module keep: each object once, however many ways lead to it.

    Args:
        known: ids of what is kept elsewhere: the module and its layers, for a callback.
    """

    def __init__(self, known: Iterable[int] = ()):
        self._open = set(known)
        """What is no part of what is being copied: that is kept elsewhere, or it is within that."""
        self._copies: dict[int, tuple[Any, Any]] = {}
        """By the id of an object: itself, so that no other one gets its place, and its copy."""
        self.rest: list[Any] = []
        """What is of no kind that is kept."""

    def values_of(self, part: object) -> dict[str, Any]:
        """What a layer, a callback or an object keeps.

        Plain values, arrays and tensors among its attributes, these in the host's memory,
        collections of them, generators of random numbers, networks, and the same of objects of a
        user's own; and the names of all attributes.
        """
        kept = {}
        with self._within(part):
            for name, value in own_attributes(part).items():
                kept[name] = self._copy(value)
                if kept[name] is NotImplemented:
                    self.rest.append(value)
        copies = {name: copy for name, copy in kept.items() if copy is not NotImplemented}
        return {**copies, _NAMES: frozenset(kept)}

    @contextmanager
    def _within(self, value: Any) -> Iterator[None]:
        """What leads back to a value is no part of it."""
        outermost = id(value) not in self._open
        self._open.add(id(value))
        yield
        if outermost:
            self._open.remove(id(value))

    def _copy(self, value: Any) -> Any:
        """A copy of a value; NotImplemented: it is of no kind that is kept."""
        if isinstance(value, PLAIN):
            return value
        if isinstance(value, nn.Parameter) or id(value) in self._open:
            # A layer's, which gets its own back.
            return NotImplemented
        if id(value) not in self._copies:
            self._copies[id(value)] = value, self._copy_of_kind(value)
        return self._copies[id(value)][1]

    def _copy_of_kind(self, value: Any) -> Any:
        if isinstance(value, Tensor):
            return value.detach().to("cpu", copy=True)
        if isinstance(value, np.ndarray):
            return NotImplemented if value.dtype.hasobject else value.copy()
        if isinstance(value, np.random.Generator):
            return _Chance(value.bit_generator.state)
        if isinstance(value, random.Random | np.random.RandomState | torch.Generator):
            return _Chance(_state_of(value))
        if type(value) in _SEVERAL or type(value) is dict:
            return self._collection(value, value)
        if isinstance(value, nn.Module):
            tensors = {name: self._copy(held) for name, held in value.state_dict().items()}
            parts = dict(value.named_modules())
            return _Network(
                value, tensors, {name: self.values_of(part) for name, part in parts.items()}
            )
        return self._copy_of_class(value)

    def _copy_of_class(self, value: Any) -> Any:
        """The same of an object of a user's own class, or of a collection of any."""
        kind = type(value)
        if isinstance(value, FunctionType | type):
            # A function or a class is itself, where a file can name it.
            named = _named_in(value.__module__, value.__qualname__) is value
            return value if named else NotImplemented
        if not (is_own(kind.__module__) or isinstance(value, (*_COLLECTIONS, *_NAMESPACES))):
            return NotImplemented
        if isinstance(value, Enum | tuple):
            # Neither changes; what a tuple with names holds may.
            if _named_in(kind.__module__, kind.__qualname__) is not kind:
                return NotImplemented
            if isinstance(value, Enum):
                return value
            copies = self._collection(value, tuple(value))
            named = copies is not NotImplemented and hasattr(kind, "_make")
            return kind._make(copies) if named else NotImplemented
        items = None
        for plain in _COLLECTIONS:
            if isinstance(value, plain):
                items = self._collection(value, plain(value))
        if items is NotImplemented:
            return NotImplemented
        return _Inside(value, kind.__module__, kind.__qualname__, self.values_of(value), items)

    def _collection(self, value: Any, items: Any) -> Any:
        """A copy of a collection's items, each of which is of a kind that is kept."""
        each = chain(items.keys(), items.values()) if isinstance(items, dict) else iter(items)
        with self._within(value):
            copies = [self._copy(item) for item in each]
        if any(copy is NotImplemented for copy in copies):
            return NotImplemented
        half = len(copies) // 2 if isinstance(items, dict) else len(copies)
        of_objects = any(isinstance(copy, _Kept | _Chance) for copy in copies[:half])
        if isinstance(items, dict | set) and of_objects:
            return NotImplemented  # Of a key, the very object counts.
        if isinstance(items, dict):
            return dict(zip(copies[:half], copies[half:], strict=True))
        return deque(copies, items.maxlen) if isinstance(items, deque) else type(items)(copies)


class Return:
    """Gives parts of one module what a `Walk` has copied: one object where there was one.

    Args:
        device: where a tensor goes to in the place of what is none.
    """

    def __init__(self, device: torch.device):
        self._device = device
        self._given: dict[int, tuple[Any, Any]] = {}
        """By the id of a copy: itself, so that no other one gets its place, and what was given."""
        self._targets: dict[int, Any] = {}
        """What one copy was given to is no place for another, as two objects are two again."""

    def set_values(self, part: object, values: Mapping[str, Any]) -> None:
        """Let a layer, a callback or an object have what `Walk.values_of` has found for it.

        Raises:
            ConfigError: it has no such generator, object or network now.
        """
        before, names = _named(part), values.get(_NAMES)
        held = getattr(part, "__dict__", {})
        if names is not None and is_own(type(part).__module__):
            # What has been made since then was not there: a module may ask whether it is.
            for name in own_attributes(part).keys() - names:
                if name in held:
                    del held[name]
                else:
                    object.__delattr__(part, name)
        for name, value in values.items():
            if name in held:
                # Whatever its class says of the name, as a property does.
                held[name] = self._given_back(value, before.get(name))
            elif name != _NAMES:
                object.__setattr__(part, name, self._given_back(value, before.get(name)))

    def _given_back(self, value: Any, now: Any) -> Any:
        """A copy, as it may be given once more; tensors go to where those before it are."""
        if isinstance(value, PLAIN):
            return value
        if id(value) not in self._given:
            given = self._given_of_kind(value, None if id(now) in self._targets else now)
            self._given[id(value)], self._targets[id(given)] = (value, given), given
        return self._given[id(value)][1]

    def _given_of_kind(self, value: Any, now: Any) -> Any:
        if isinstance(value, Tensor):
            return value.to(now.device if isinstance(now, Tensor) else self._device, copy=True)
        if isinstance(value, np.ndarray):
            return value.copy()
        if isinstance(value, dict):
            held = now if isinstance(now, dict) else {}
            return _filled(
                now, {key: self._given_back(one, held.get(key)) for key, one in value.items()}
            )
        if isinstance(value, _SEVERAL):
            before = chain(now if isinstance(now, _SEVERAL) else (), repeat(None))
            items = [self._given_back(one, old) for one, old in zip(value, before, strict=False)]
            if isinstance(value, deque):
                return _filled(now, deque(items, value.maxlen))
            kind: Any = type(value)
            return _filled(now, kind._make(items) if hasattr(kind, "_make") else kind(items))
        if isinstance(value, _Chance | _Inside | _Network):
            now = _target(value, now)
            self._put_into(now, value)
            return now
        return value

    def _put_into(self, now: Any, value: _Chance | _Inside | _Network) -> None:
        if isinstance(value, _Inside):
            self.set_values(now, value.values)
            if value.items is not None:
                before = dict(now) if isinstance(now, dict) else list(now)
                _fill(now, self._given_back(value.items, before))
        elif isinstance(value, _Network):
            now.load_state_dict(value.tensors)
            for name, part in now.named_modules():
                self.set_values(part, value.values.get(name, {}))
        elif isinstance(now, np.random.Generator):
            now.bit_generator.state = value.state
        elif isinstance(now, random.Random):
            now.setstate(value.state)
        else:
            now.set_state(value.state)


def values_of_all(
    module: nn.Module, others: Iterable[object] = ()
) -> tuple[list[dict[str, Any]], list[Any] | None]:
    """What a module's layers, and objects beside it, keep.

    Args:
        module: with its layers, in the order of `modules()`.
        others: more of them, such as callbacks.

    Returns:
        What each keeps; and what those of a user's own keep of no such kind: layers of PyTorch's
        have nothing that their state dict lacks. None: some of it is nested too deeply.
    """
    walk = Walk(map(id, module.modules()))
    parts = [*module.modules(), *others]
    own = [is_own(type(part).__module__) for part in parts]
    values: list[dict[str, Any]] = [{} for _ in parts]
    rest = None
    try:
        # A user's own first: what these share with a layer of PyTorch's is theirs.
        for of_user in (True, False):
            for i, part in enumerate(parts):
                if own[i] is of_user:
                    values[i] = walk.values_of(part)
            rest = [*walk.rest] if rest is None else rest
    except RecursionError:
        return [{} for _ in parts], None
    return values, rest


def own_attributes(part: Any) -> dict[str, Any]:
    """An object's attributes, without those that every module has."""
    own = _attributes(lightning_of(type(part))) if isinstance(part, nn.Module) else frozenset()
    return {name: value for name, value in _named(part).items() if name not in own}


def dense(tensor: Tensor) -> Tensor:
    """A tensor as it is, or a sparse one with all its zeros: most operations know no other."""
    return tensor if tensor.layout is torch.strided else tensor.detach().to_dense()


def bytes_of(kept: Any) -> int:
    """Bytes of the arrays and tensors in what `values_of` has found."""
    if isinstance(kept, Tensor | np.ndarray):
        if isinstance(kept, Tensor) and kept.layout is not torch.strided:
            coo = kept.layout is torch.sparse_coo
            held = kept.detach()._values() if coo else kept.detach().values()
            # Its numbers, and where they stand: in two dimensions.
            return int(held.nbytes + 16 * held.shape[0])
        return int(kept.nbytes)
    if isinstance(kept, _Network):
        return bytes_of(kept.tensors) + bytes_of(kept.values)
    if isinstance(kept, _Inside):
        return bytes_of(kept.values) + bytes_of(kept.items)
    items = kept.values() if isinstance(kept, Mapping) else kept
    return sum(map(bytes_of, items)) if isinstance(kept, (Mapping, *_SEVERAL)) else 0


def _named(part: Any) -> dict[str, Any]:
    """An object's attributes, those in slots included."""
    names = []
    for kind in type(part).__mro__:
        own = vars(kind).get("__slots__", ())
        for name in (own,) if isinstance(own, str) else own:
            if not name.endswith("__"):
                above = f"_{kind.__name__.lstrip('_')}" if name.startswith("__") else ""
                names.append(above + name)
    in_slots = {name: getattr(part, name) for name in names if hasattr(part, name)}
    return {**in_slots, **getattr(part, "__dict__", {})}


def _named_in(module: str, name: str) -> Any:
    """A class or function by its name; None: it has none, as one that a function has made."""
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return found


def _filled(now: Any, given: Any) -> Any:
    """A collection, as the very object that stands there: a hook may know it by itself."""
    if isinstance(given, tuple) or type(now) is not type(given):
        return given
    if isinstance(given, deque) and now.maxlen != given.maxlen:
        return given
    _fill(now, given)
    return now


def _fill(now: Any, items: Any) -> None:
    now.clear()
    now.update(items) if isinstance(now, dict | set) else now.extend(items)


def _target(value: _Chance | _Inside | _Network, now: Any) -> Any:
    """The object that a state is of: the very one, what stands in its place now, or a new one."""
    if isinstance(value, _Kept) and value.original is not None:
        return value.original
    if isinstance(value, _Inside):
        kind = _named_in(value.module, value.name)
        if (type(now).__module__, type(now).__qualname__) != (value.module, value.name):
            # Whose items are made by a function of its own, a new one would lack.
            now = None if kind in (None, defaultdict) else kind.__new__(kind)
    if now is None:
        raise ConfigError("an object that had a state when the training was saved is not there now")
    return now


def _state_of(generator: Any) -> Any:
    return generator.getstate() if isinstance(generator, random.Random) else generator.get_state()


def device_of(network: nn.Module) -> torch.device:
    """Where a network's parameters are."""
    return next((parameter.device for parameter in network.parameters()), torch.device("cpu"))


@cache
def _attributes(package: Any) -> frozenset[str]:
    """Those that every module has, or every `LightningModule` of a package."""
    return frozenset(vars(nn.Module() if package is None else package.LightningModule()))
