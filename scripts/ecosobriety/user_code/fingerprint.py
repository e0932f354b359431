"""A fingerprint of code that ignores what cannot change its result.

Snakemake notices a changed script, not a changed module. The fingerprint of the modules that decide
a rule's result is therefore a parameter of the rule. It is taken over the syntax tree without
docstrings (comments are not in the tree at all), so that an edited comment re-spends no energy and
a changed algorithm is never missed.
"""

import ast
import hashlib
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.machinery import PathFinder
from importlib.util import find_spec
from pathlib import Path

PACKAGE = Path(__file__).parents[1]

TRAINING_MODULES = (
    *("country_codes", "datasets/sampling", "datasets/spread", "hardware", "records/measured"),
    *("records/record", "metric_names", "scoring", "reasons/__init__", "reasons/trained"),
    *("training", "units", "user_code/classes", "metering/accounts", "metering/callback"),
    *("metering/codecarbon_meter", "metering/counters", "metering/keeping", "metering/ledger"),
    *("metering/lightning", "metering/lock", "metering/machines", "metering/meter"),
    *("metering/probing", "metering/results", "metering/sensors", "metering/visible"),
    *("metering/windows", "user_code/apart", "user_code/bodies", "user_code/callables"),
    *("user_code/defaults", "user_code/lightnings"),
    *("user_code/optimisers", "user_code/owned", "user_code/words"),
)
"""What decides a training's record; the data set itself is known by its content's sha256."""

COMMAND_MODULES = (
    *("datasets/sampling", "hardware", "records/measured", "records/record", "units"),
    *("country_codes", "reasons/__init__", "reasons/imported", "reasons/trained"),
    *("outside/command", "outside/recording", "outside/result", "outside/session"),
    *("user_code/commands", "metering/accounts", "metering/codecarbon_meter", "metering/counters"),
    *("metering/keeping", "metering/ledger", "metering/lock", "metering/meter"),
    *("metering/probing", "metering/results", "metering/sensors", "metering/visible"),
    "metering/windows",
)
"""The same for a training that is the user's command."""

IMPORT_MODULES = (
    *("readers/delimited", "imported", "records/measured", "records/record", "units"),
    *("reasons/__init__", "reasons/imported"),
)
"""The same for a run that exists already."""


DEEPEST, MOST_FOLDERS = 4, 2000
"""How far below the user's folder, and in how many of those, modules are looked for."""
_DISCOVERY = "ecosobriety.discovery"
"""A module that imports it takes in all modules of its folder."""


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
            digest.update(_parse(path.read_bytes()).syntax)
    return digest.hexdigest()[:16]


def script_fingerprint(script: Path) -> str:
    """Hash the syntax trees behind a rule's script: its own, and all of the library that it needs.

    Args:
        script: a file beside this library's folder; what it imports of the library counts,
            directly or through other modules.

    Returns:
        The first 16 hex digits of a sha256.
    """
    return _fingerprint(_behind(script, script.parent, lambda _: (str(script.parent),)))


def class_fingerprint(class_path: str, folder: Path) -> str:
    """Hash the syntax trees behind a user's class, without importing anything.

    That is the module that the class path names, and every module of the folder that it imports,
    directly or through others. Of an installed package the class's own module counts; one that was
    installed in place (`pip install -e`) is looked at like the folder.

    Args:
        class_path: module and class, with dots.
        folder: where the module is looked for before the installed packages.
    """
    return _fingerprint(modules_of(class_path, folder))


def modules_of(class_path: str, folder: Path) -> set[Path]:
    """The modules that `class_fingerprint` hashes."""
    module = class_path.rpartition(".")[0]
    own = _find(module, [str(folder), *sys.path]) or _find_installed(module)
    if own is None:
        return set()
    own = _as_in(own, folder)
    if not own.is_relative_to(folder):
        root = own.parents[module.count(".") + (own.name == "__init__.py")]
        if _holds_packages(root):
            return {own}
        # Installed in place, as by `pip install -e`: its package's folder is the user's, too.
        folder = root
    return modules_behind(own, folder)


def modules_behind(start: Path, folder: Path) -> set[Path]:
    """A file, and every module of the folder that it imports, directly or through others.

    A module's name is looked for in the folder, in its `src`, in those above the file that imports
    it, all of which a file may add to Python's path, and where `PYTHONPATH` points. All that are
    found count. What is in none of these, and is not installed, is looked for in all folders below.
    """
    places = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    named = [_as_in(Path(place).resolve(), folder) for place in places]
    inside = [
        place for place in named if place.is_relative_to(folder) and not _holds_packages(place)
    ]
    fixed = [folder, folder / "src", *inside]

    def roots(path: Path) -> tuple[str, ...]:
        above = [place for place in path.parents if place.is_relative_to(folder)]
        own = [place for place in above if not _is_installed(place, folder)]
        return tuple(map(str, dict.fromkeys([*fixed, *own])))

    return _behind(start, folder, roots)


def _behind(start: Path, folder: Path, roots: Callable[[Path], tuple[str, ...]]) -> set[Path]:
    seen, waiting = set[Path](), [start]
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        if path.is_relative_to(folder) and not _is_installed(path.parent, folder):
            waiting += _needed_by(path, path.read_bytes(), folder, roots(path))
    return seen


@cache
def _needed_by(path: Path, source: bytes, folder: Path, roots: tuple[str, ...]) -> list[Path]:
    """The modules that a source imports itself; looked for once, as every rule asks for most."""
    found = []
    for name, is_module in dict.fromkeys(_imports(path, source, folder)):
        there = [other for place in roots if (other := _find(name, [place]))]
        if not there and is_module and not _is_known(name, roots):
            # In a folder that some file adds to Python's path, in whatever way.
            places = map(str, _folders(folder))
            there = [other for place in places if (other := _find(name, [place]))]
        found += there
    return found


@cache
def _is_known(name: str, roots: tuple[str, ...]) -> bool:
    """Whether a module is Python's own or installed, or a folder of modules in one of the roots."""
    top = name.partition(".")[0]
    if not top or top in sys.stdlib_module_names:
        return True
    if PathFinder.find_spec(top, [*roots]) is None:
        with suppress(ImportError, ValueError):
            return find_spec(top) is not None
        return False
    return top == name


@cache
def _folders(folder: Path) -> list[Path]:
    """The folders below the user's, but for environments and what a study writes."""
    found, level = list[Path](), [folder]
    for _ in range(DEEPEST):
        level = [below for place in level for below in _below(place)][: MOST_FOLDERS - len(found)]
        found += level
    return found


def _below(place: Path) -> list[Path]:
    names: list[str] = []
    with suppress(OSError), os.scandir(place) as entries:
        names = sorted(one.name for one in entries if one.is_dir() and not _is_written(one.name))
    return [below for name in names if not _holds_packages(below := place / name)]


def _is_written(name: str) -> bool:
    return name.startswith((".", "__")) or name in ("results", "logs", "reports", "benchmarks")


@cache
def _is_installed(place: Path, folder: Path) -> bool:
    """Whether a folder is of an environment, or of packages, that lie in the user's folder."""
    if place == folder:
        return False
    if place.name.startswith(".") or _holds_packages(place):
        return True
    return _is_installed(place.parent, folder)


def _holds_packages(place: Path) -> bool:
    """Whether packages were installed into a folder."""
    known = place.name in ("site-packages", "dist-packages")
    return known or any(place.glob("*.dist-info"))


def _fingerprint(paths: set[Path]) -> str:
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(f"{path.name}\n".encode())
        digest.update(_parse(path.read_bytes()).syntax)
    return digest.hexdigest()[:16]


def _find(module: str, places: list[str]) -> Path | None:
    """A module's source file; packages above it are not executed."""
    spec = None
    for part in module.split("."):
        # By its last name alone: of a folder without __init__.py, the whole one asks for those
        # above it, which nobody has imported.
        spec = PathFinder.find_spec(part, places)
        if spec is None:
            return None
        places = list(spec.submodule_search_locations or [])
    is_source = spec is not None and spec.has_location and str(spec.origin).endswith(".py")
    return Path(str(spec.origin)) if spec is not None and is_source else None


def _find_installed(module: str) -> Path | None:
    """A module of a package that is in no folder of Python's path: a finder of its own knows it."""
    top, _, rest = module.partition(".")
    with suppress(ImportError, ValueError):
        spec = find_spec(top)
        if spec is None:
            return None
        if rest:
            return _find(rest, list(spec.submodule_search_locations or []))
        return Path(str(spec.origin)) if str(spec.origin).endswith(".py") else None
    return None


def _as_in(path: Path, folder: Path) -> Path:
    """A path as one of a folder, where a link leads into it."""
    if path.is_relative_to(folder):
        return path
    real, root = path.resolve(), folder.resolve()
    return folder / real.relative_to(root) if real.is_relative_to(root) else path


def _imports(path: Path, source: bytes, folder: Path) -> Iterator[tuple[str, bool]]:
    """Names of what a module imports, and whether each is a module, or may be part of one."""
    package = path.parent.relative_to(folder).parts
    for level, module, names in _parse(source).imports:
        above = package[: len(package) - level + 1] if level else ()
        base = ".".join([*above, *([module] if module else [])])
        if base == _DISCOVERY:
            found = (".".join([*package, other.stem]) for other in path.parent.glob("*.py"))
            yield from ((name, True) for name in found)
        yield from [(base, True)] if base else []
        yield from ((f"{base}.{name}", False) if base else (name, True) for name in names)


def _files(module: Path) -> Iterator[Path]:
    if module.is_dir():
        yield from sorted(module.rglob("*.py"))
    else:
        yield module.with_suffix(".py")


@dataclass(frozen=True)
class _Parsed:
    """What counts of a module's source: its syntax, and what it imports.

    An import is (level, module, names): the dots and the name behind `from`, and what follows.
    """

    syntax: bytes
    imports: tuple[tuple[int, str | None, tuple[str, ...]], ...]


@cache
def _parse(source: bytes) -> _Parsed:
    """Parse a source once: every rule asks for most of the modules.

    What is no Python counts as it is: it is reported where it is imported.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return _Parsed(source, ())
    imports: list[tuple[int, str | None, tuple[str, ...]]] = []
    for node in _statements(tree):
        if isinstance(node, ast.Import):
            imports.append((0, None, tuple(name.name for name in node.names)))
        elif isinstance(node, ast.ImportFrom):
            imports.append((node.level, node.module, tuple(name.name for name in node.names)))
        elif hasattr(node, "body"):
            # Docstrings, also those behind attributes: a bare string does nothing.
            node.body = [part for part in node.body if not _is_bare_string(part)]
    return _Parsed(ast.dump(tree, include_attributes=False).encode(), tuple(imports))


_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")


def _statements(tree: ast.AST) -> Iterator[ast.AST]:
    """A tree and all statements in it, and not the ten times as many expressions in these."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        for name in _BLOCKS:
            waiting += getattr(node, name, [])
        yield node


def _is_bare_string(statement: ast.AST) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )
