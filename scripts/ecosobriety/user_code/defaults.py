"""What a user's code must leave as it is for all of PyTorch, and what the study sets itself."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ecosobriety.errors import ConfigError

_AS_IMPORTED = {"default device": "cpu", "default dtype": "torch.float32", "gradients": "on"}


@contextmanager
def kept_defaults(class_path: str) -> Iterator[None]:
    """Import or build a class; the study makes tensors in this process, and trains other networks.

    The number of threads is given back: each training of the study has its own. The arguments of
    this process's command line are ours, and no option of the user's.

    Args:
        class_path: of the class, for the message.

    Raises:
        ConfigError: its code has changed what tensors are by default.
    """
    before, threads = _defaults(), _torch() and _torch().get_num_threads()
    arguments, sys.argv = sys.argv, sys.argv[:1]
    try:
        yield
    finally:
        sys.argv = arguments
    after = _defaults()
    if threads is not None:
        _torch().set_num_threads(threads)
    for name, value in before.items():
        if after[name] != value:
            _put_back(name, value)
            raise ConfigError(
                f"{class_path} changes PyTorch's {name} from {value} to {after[name]} for the "
                "whole process, in which the study makes tensors too: leave that out, and say it "
                "where a tensor or a layer is made"
            )


def _torch() -> Any:
    """PyTorch, if anybody has imported it."""
    return sys.modules.get("torch")


def _defaults() -> dict[str, str]:
    torch = _torch()
    if torch is None:
        return _AS_IMPORTED
    made = torch.empty(0)
    gradients = "on" if torch.is_grad_enabled() else "off"
    return dict(zip(_AS_IMPORTED, (str(made.device), str(made.dtype), gradients), strict=True))


def _put_back(name: str, value: str) -> None:
    torch = _torch()
    if name == "gradients":
        torch.set_grad_enabled(value == "on")
    elif name == "default dtype":
        torch.set_default_dtype(getattr(torch, value.partition(".")[2]))
    else:
        torch.set_default_device(None if value == "cpu" else value)
