"""A fingerprint of code that ignores what cannot change its result.

Snakemake notices a changed script, not a changed module. The fingerprint of the modules that decide
a rule's result is therefore a parameter of the rule. It is taken over the syntax tree without
docstrings (comments are not in the tree at all), so that an edited comment re-spends no energy and
a changed algorithm is never missed.
"""

import ast
import hashlib
import sys
from collections.abc import Iterable, Iterator
from importlib.machinery import PathFinder
from pathlib import Path

PACKAGE = Path(__file__).parent

TRAINING_MODULES = (
    *("classes", "datasets/sampling", "metering", "models", "records", "training"),
    "units",
)
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


def class_fingerprint(class_path: str, folder: Path) -> str:
    """Hash the syntax trees behind a user's class, without importing anything.

    That is the module that the class path names, and every module of the folder that it imports,
    directly or through others. Of an installed package the class's own module counts.

    Args:
        class_path: module and class, with dots.
        folder: where the module is looked for before the installed packages.
    """
    module = class_path.rpartition(".")[0]
    own = _find(module, [str(folder), *sys.path])
    digest, seen, waiting = hashlib.sha256(), set[Path](), [own] if own else []
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        if path.is_relative_to(folder) and _is_python(path):
            found = (_find(name, [str(folder)]) for name in _imports(path, folder))
            waiting += [other for other in found if other]
    for path in sorted(seen):
        digest.update(f"{path.name}\n".encode())
        # What is no Python is told where it is imported.
        digest.update(_syntax(path).encode() if _is_python(path) else path.read_bytes())
    return digest.hexdigest()[:16]


def _find(module: str, places: list[str]) -> Path | None:
    """A module's source file; packages above it are not executed."""
    spec, parts = None, module.split(".")
    for i in range(len(parts)):
        spec = PathFinder.find_spec(".".join(parts[: i + 1]), places)
        if spec is None:
            return None
        places = list(spec.submodule_search_locations or [])
    is_source = spec is not None and spec.has_location and str(spec.origin).endswith(".py")
    return Path(str(spec.origin)) if spec is not None and is_source else None


def _imports(path: Path, folder: Path) -> Iterator[str]:
    """Names of what a module imports, from those that it may be to those that it is."""
    package = path.parent.relative_to(folder).parts
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from [base] if base else []
            yield from (f"{base}.{name.name}" if base else name.name for name in node.names)


def _files(module: Path) -> Iterator[Path]:
    if module.is_dir():
        yield from sorted(module.rglob("*.py"))
    else:
        yield module.with_suffix(".py")


def _syntax(path: Path) -> str:
    tree = _tree(path)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            # Docstrings, also those behind attributes: a bare string does nothing.
            node.body = [part for part in body if not _is_bare_string(part)]  # type: ignore[attr-defined]
    return ast.dump(tree, include_attributes=False)


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def _is_python(path: Path) -> bool:
    try:
        _tree(path)
    except (SyntaxError, ValueError):
        return False
    return True


def _is_bare_string(statement: ast.AST) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )
