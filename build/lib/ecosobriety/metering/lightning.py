"""The Lightning that is there: `pytorch_lightning`, or `lightning`, which holds the same code.

A callback is of the package that its user has imported; where that is neither yet, of the one that
is installed. A Trainer of the other package takes it too, as it only calls the hooks' names.
"""

import sys
from importlib import import_module
from types import ModuleType

PACKAGES = ("pytorch_lightning", "lightning.pytorch")


def find_lightning() -> ModuleType:
    """The package whose Trainer the callback is for.

    Raises:
        ImportError: there is none; says what to install.
    """
    for name in sorted(PACKAGES, key=lambda name: name not in sys.modules):
        try:
            return import_module(name)
        except ModuleNotFoundError as error:
            # What Lightning itself lacks is its own message.
            if error.name not in (name, name.partition(".")[0]):
                raise
    raise ImportError(
        "ecosobriety.metering needs pytorch-lightning, or lightning: install one of them with pip"
    )
