"""Rooms whose modules add themselves: what lies in the folder takes part, and no list names it."""

from importlib import import_module
from pkgutil import iter_modules
from typing import Any


def declared(package: str, name: str) -> list[Any]:
    """What the modules of a package declare under a name, by the modules' names.

    A module that calls this depends on all modules of its folder: `fingerprint` knows that.
    """
    path = import_module(package).__path__
    modules = [import_module(f"{package}.{found.name}") for found in iter_modules(path)]
    return [getattr(module, name) for module in modules if hasattr(module, name)]
