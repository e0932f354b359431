"""The methods that this folder's modules declare, in the report's order."""

from functools import cache
from pathlib import Path

from ecosobriety.discovery import declared
from ecosobriety.methods.inputs import Inputs, read_inputs
from ecosobriety.methods.kinds import Kind, Setting
from ecosobriety.methods.method import Method


@cache
def kinds() -> tuple[Kind, ...]:
    """All methods; found when they are first asked for, as the modules import each other."""
    found = declared("ecosobriety.methods", "KINDS")
    return tuple(sorted((kind for kinds in found for kind in kinds), key=lambda kind: kind.place))


def method_ids() -> list[str]:
    """The methods' ids."""
    return [kind.id for kind in kinds()]


def methods_of(setting: Setting) -> list[Method]:
    """The methods that need nothing but a study's records, in the report's order."""
    return [kind.create(setting) for kind in kinds() if kind.create is not None]


def load_inputs(constants: Path, hardware: Path, green_algorithms_intensity: Path) -> Inputs:
    """Read the tables of factors that the methods need.

    Raises:
        DataError: a file cannot be read, a constant is missing or a value is wrong; names the
            file, the row and the column.
    """
    needed = {name: unit for kind in kinds() for name, unit in kind.constants.items()}
    return read_inputs(constants, hardware, green_algorithms_intensity, needed)
