"""A fingerprint of code that ignores what cannot change its result.

Snakemake notices a changed script, not a changed module. The fingerprint of the modules that decide
a rule's result is therefore a parameter of the rule. It is taken over the syntax tree without
docstrings (comments are not in the tree at all), so that an edited comment re-spends no energy and
a changed algorithm is never missed.
"""

import ast
import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

PACKAGE = Path(__file__).parent

TRAINING_MODULES = ("datasets/sampling", "metering", "models", "records", "training", "units")
"""What decides a training's record; the data set itself is known by its content's sha256."""


def code_fingerprint(modules: Iterable[str], package: Path = PACKAGE) -> str:
    """Hash the syntax trees of modules of this library.

    Args:
        modules: Names relative to the package, such as `training`; a package stands for all of its
            modules, and `datasets/sampling` for that one.
        package: Folder that the names are relative to.

    Returns:
        The first 16 hex digits of a sha256.

    Raises:
        FileNotFoundError: there is no such module.
    """
    digest = hashlib.sha256()
    for module in modules:
        for path in _files(package / module):
            digest.update(path.relative_to(package).as_posix().encode())
            digest.update(_syntax(path).encode())
    return digest.hexdigest()[:16]


def _files(module: Path) -> Iterator[Path]:
    if module.is_dir():
        yield from sorted(module.rglob("*.py"))
    else:
        yield module.with_suffix(".py")


def _syntax(path: Path) -> str:
    tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            # Docstrings, also those behind attributes: a bare string does nothing.
            node.body = [part for part in body if not _is_bare_string(part)]  # type: ignore[attr-defined]
    return ast.dump(tree, include_attributes=False)


def _is_bare_string(statement: ast.AST) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )
