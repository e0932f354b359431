"""What is meant by a function or a class that is named where an argument is called."""

import inspect
import re
from collections.abc import Callable
from contextlib import suppress
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

_GIVES_MODULE = re.compile(r"Module\b[^,]*\]")
"""At a type's end, as it is written, what calling gives."""


def hints(found: type) -> dict[str, Any]:
    """The types of a class's arguments; none where one of them names nothing that is there."""
    with suppress(Exception):
        return get_type_hints(found.__init__)  # type: ignore[misc]
    return {}


def is_meant_itself(named: Any, kind: Any) -> bool:
    """Whether what is named is called as it is; of another class, an instance is.

    A function is, and a class whose call gives what the type says. Where it says nothing, a class
    is that gives nothing without arguments.

    Args:
        named: what an argument names.
        kind: the argument's type, or how it is written.
    """
    if not isinstance(named, type) or _GIVES_MODULE.search(str(kind)):
        return True
    given = _results(kind)
    return issubclass(named, given) if given else _needs_arguments(named)


def _results(kind: Any) -> tuple[type, ...]:
    """What calling a value of a type gives: of `Callable[..., A | B] | None`, A and B."""
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Callable and parts:
        told = (parts[-1], *get_args(parts[-1]))
        return tuple(one for one in told if isinstance(one, type) and one not in (object, Any))
    if origin in (Union, UnionType):
        return tuple(one for part in parts for one in _results(part))
    return ()


def _needs_arguments(named: type) -> bool:
    variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    try:
        takes = inspect.signature(named).parameters.values()
    # Of some built-in classes nobody knows.
    except ValueError:
        return False
    return any(p.default is p.empty and p.kind not in variable for p in takes)
