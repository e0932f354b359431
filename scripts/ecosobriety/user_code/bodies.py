"""Arguments that only the body of a class's `__init__` names."""

import ast
import inspect
import re
import textwrap
from collections.abc import Iterable, Iterator

_KEEPERS = ("dict", "Namespace", "SimpleNamespace", "AttributeDict", "OmegaConf")
"""What takes any name, and that no other reader of code follows `**kwargs` into."""


def named_in_body(found: type) -> set[str]:
    """Names that `__init__` takes out of its `**kwargs` one by one."""
    tree = _body(found)
    kwargs = _kwargs(tree)
    return {
        name.value
        for node in ast.walk(tree)
        for name in _taken_out(node, kwargs)
        if isinstance(name, ast.Constant) and isinstance(name.value, str)
    }


def takes_any(found: type) -> bool:
    """Whether `__init__` keeps its `**kwargs` as a whole, as `save_hyperparameters` does."""
    tree = _body(found)
    kwargs, parts = _kwargs(tree), [*ast.walk(tree)]
    apart = {id(name) for node in parts for name in _not_as_a_whole(node)}
    return any(
        (isinstance(node, ast.Name) and node.id in kwargs and id(node) not in apart)
        or (bool(kwargs) and _saves_all(node))
        for node in parts
    )


def mentioned(names: Iterable[str], found: type) -> set[str]:
    """Those of some names that the code of a class holds as words."""
    try:
        source = inspect.getsource(found)
    except (OSError, TypeError):
        return set()
    return {name for name in names if re.search(rf"\b{re.escape(name)}\b", source)}


def _body(found: type) -> ast.AST:
    """The code of `__init__`; an empty one where it cannot be read."""
    try:
        source = inspect.getsource(found.__init__)  # type: ignore[misc]
        return ast.parse(textwrap.dedent(source))
    except (OSError, TypeError, SyntaxError):
        return ast.Module([], [])


def _kwargs(tree: ast.AST) -> set[str]:
    return {
        node.args.kwarg.arg
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.args.kwarg
    }


def _not_as_a_whole(node: ast.AST) -> Iterator[ast.expr]:
    """What may be `kwargs` in `kwargs["a"]`, `"a" in kwargs`, `kwargs.get("a")`, `f(**kwargs)`."""
    if isinstance(node, ast.Subscript):
        yield node.value
    elif isinstance(node, ast.Compare):
        yield from node.comparators
    elif isinstance(node, ast.Call):
        called = node.func
        if isinstance(called, ast.Attribute) and called.attr in ("pop", "get", "setdefault"):
            yield called.value
        name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
        if name not in _KEEPERS:
            yield from (one.value for one in node.keywords if one.arg is None)


def _saves_all(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "save_hyperparameters"
        and not node.args
    )


def _taken_out(node: ast.AST, kwargs: set[str]) -> list[ast.expr]:
    """What stands between the brackets of `kwargs[…]`, `kwargs.pop(…)` or `kwargs.get(…)`."""
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
        return [node.slice] if node.value.id in kwargs else []
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        method, owner = node.func.attr, node.func.value
        if method in ("pop", "get") and isinstance(owner, ast.Name) and owner.id in kwargs:
            return node.args[:1]
    return []
