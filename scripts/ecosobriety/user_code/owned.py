"""Whose a module is: the user's own, or what was installed."""

import sys
import sysconfig
from functools import cache
from pathlib import Path


@cache
def is_own(module: str) -> bool:
    """Whether a class's module is a user's own: neither Python's nor a library's, nor ours."""
    if module.partition(".")[0] == __name__.partition(".")[0]:
        return False
    file = getattr(sys.modules.get(module), "__file__", None)
    # Those that PyTorch makes as it runs have no place.
    if file is None or not Path(file).is_absolute():
        return False
    if {"site-packages", "dist-packages"} & {*Path(file).parts}:
        return False
    return not Path(file).is_relative_to(sysconfig.get_path("stdlib"))
