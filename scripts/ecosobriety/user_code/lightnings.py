"""The two packages that Lightning comes in: one code, whose classes do not know each other.

A user's class may be of either; each is trained by the Trainer of its own package.
"""

import sys
from functools import cache
from importlib import import_module
from importlib.metadata import version
from typing import Any

PACKAGES = ("pytorch_lightning", "lightning.pytorch")
_FABRIC = {"pytorch_lightning": "lightning_fabric", "lightning.pytorch": "lightning.fabric"}


def imported() -> list[Any]:
    """Those that this process has imported, as whatever made a class of theirs has."""
    return [sys.modules[name] for name in PACKAGES if name in sys.modules]


def lightning_of(kind: type, base: str = "LightningModule") -> Any | None:
    """The package whose class another one derives from; None: it derives from neither's.

    Args:
        kind: the class.
        base: name of the packages' class.
    """
    for package in imported():
        if issubclass(kind, getattr(package, base, ())):
            return package
    return None


def has_callback(trainer: Any, name: str) -> bool:
    """Whether a Trainer of either package has a callback of the packages' class of that name."""
    kinds = tuple(getattr(package.callbacks, name) for package in imported())
    return any(isinstance(one, kinds) for one in getattr(trainer, "callbacks", ()))


@cache
def trainers_version() -> str:
    """The version of the study's Trainers; a file is read for it, and each class is asked."""
    return version("pytorch-lightning")


def is_lightning(network: object) -> bool:
    """Whether a network is a whole `LightningModule`, of either package."""
    return lightning_of(type(network)) is not None


def single_process(package: Any) -> Any:
    """What lets a Trainer of a package run in this process, whatever a cluster has set."""
    environments = import_module(f"{_FABRIC[package.__name__]}.plugins.environments")
    return environments.LightningEnvironment()
