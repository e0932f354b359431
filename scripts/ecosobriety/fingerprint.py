"""A fingerprint of code that ignores what cannot change its result.

Snakemake notices a changed script, not a changed module. The fingerprint of the modules that decide
a training's result is therefore a parameter of the training rule. It is taken over the syntax tree
without docstrings (comments are not in the tree at all), so that an edited comment re-spends no
energy and a changed algorithm is never missed.
"""

import ast
import hashlib
from collections.abc import Iterable
from pathlib import Path


def code_fingerprint(paths: Iterable[Path]) -> str:
    """Hash the syntax trees of Python files, in the order given.

    Args:
        paths: Python source files.

    Returns:
        The first 16 hex digits of a sha256.

    Raises:
        SyntaxError: a file is not valid Python.
    """
    digest = hashlib.sha256()
    for path in paths:
        tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
        for node in ast.walk(tree):
            _drop_docstring(node)
        digest.update(path.name.encode())
        digest.update(ast.dump(tree, include_attributes=False).encode())
    return digest.hexdigest()[:16]


def _drop_docstring(node: ast.AST) -> None:
    """Replace every bare string statement of a body: docstrings, also those behind attributes."""
    body = getattr(node, "body", None)
    if isinstance(body, list):
        kept = [statement for statement in body if not _is_bare_string(statement)]
        node.body = kept  # type: ignore[attr-defined]


def _is_bare_string(statement: ast.AST) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )
