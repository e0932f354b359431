"""Arguments that only the body of a class's `__init__` names."""

import ast
import inspect
import textwrap


def named_in_body(found: type) -> set[str]:
    """Names that `__init__` takes out of its `**kwargs` one by one."""
    try:
        source = textwrap.dedent(inspect.getsource(found.__init__))  # type: ignore[misc]
        tree = ast.parse(source)
    except (OSError, TypeError, SyntaxError):
        return set()
    kwargs = {
        node.args.kwarg.arg
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.args.kwarg
    }
    return {
        name.value
        for node in ast.walk(tree)
        for name in _taken_out(node, kwargs)
        if isinstance(name, ast.Constant) and isinstance(name.value, str)
    }


def _taken_out(node: ast.AST, kwargs: set[str]) -> list[ast.expr]:
    """What stands between the brackets of `kwargs[…]`, `kwargs.pop(…)` or `kwargs.get(…)`."""
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
        return [node.slice] if node.value.id in kwargs else []
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        method, owner = node.func.attr, node.func.value
        if method in ("pop", "get") and isinstance(owner, ast.Name) and owner.id in kwargs:
            return node.args[:1]
    return []
