"""Each training begins with what a user's modules and classes hold once they are imported.

Several trainings may share a process, and one would go on with what another has left there: a count
of a class, a generator of random numbers at a file's level.
"""

import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

import torch

from ecosobriety.training.plain_values import Return, Walk
from ecosobriety.user_code.classes import ClassSpec, load
from ecosobriety.user_code.fingerprint import modules_of

_begun: dict[str, list[tuple[Any, dict[str, Any], frozenset[str]]]] = {}
"""By class path: modules and classes, copies of what they held, and the names of all they did."""
_ITSELF = (type, FunctionType, BuiltinFunctionType, ModuleType)
"""What is the same in every training."""


def begin_afresh(class_path: str) -> None:
    """Let a user's modules and classes hold what they did before the first training.

    What is of no kind that `Walk` copies stays as it is.

    Args:
        class_path: of the network, which is imported.

    Raises:
        ConfigError: it cannot be.
    """
    load(ClassSpec("network", class_path, {}))
    if class_path not in _begun:
        walk = Walk()
        _begun[class_path] = [
            (owner, _copies(owner, walk), frozenset(vars(owner))) for owner in _owners(class_path)
        ]
        return
    giving = Return(torch.device("cpu"))
    for owner, copies, names in _begun[class_path]:
        for name, copy in copies.items():
            now = vars(owner).get(name)
            # As a member of an enumeration, what cannot be set has not changed.
            with suppress(Exception):
                if (given := giving.given_back(copy, now)) is not now:
                    setattr(owner, name, given)
        for name in _held(owner).keys() - names:
            with suppress(Exception):
                delattr(owner, name)


def _owners(class_path: str) -> Iterator[Any]:
    """The modules behind a class, by their imports, and the classes in them."""
    files = {path.resolve() for path in modules_of(class_path, Path.cwd())}
    for name, module in [*sys.modules.items()]:
        file = getattr(module, "__file__", None)
        # A job's own script is imported under two names, and is no user's.
        if file is None or module.__name__ != name or Path(file).resolve() not in files:
            continue
        yield module
        for value in [*vars(module).values()]:
            if isinstance(value, type) and value.__module__ == name:
                yield value


def _held(owner: Any) -> dict[str, Any]:
    return {
        name: value
        for name, value in vars(owner).items()
        if not name.startswith("__") and not isinstance(value, _ITSELF)
    }


def _copies(owner: Any, walk: Walk) -> dict[str, Any]:
    copies = {}
    for name, value in _held(owner).items():
        # A class of anybody's may raise anything.
        with suppress(Exception):
            if (copy := walk.copy(value)) is not NotImplemented:
                copies[name] = copy
    return copies
