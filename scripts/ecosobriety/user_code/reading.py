"""What a user's network reads besides the code that decides when it trains again.

A file that it opens, such as weights or a list of its layers, and a module that it imports by a
name that is made as it runs, are known only while it runs: in the check; see `foresight`.
"""

import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ecosobriety.user_code.fingerprint import modules_of

_SOFTWARE = Path(__file__).resolve().parents[2]
_opened: dict[str, bool] | None = None
"""By path: whether it was opened to be read alone; None: nobody asks."""


def _on_event(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open" and _opened is not None:
        # What fails here would fail where the file is opened.
        with suppress(Exception):
            path, mode, _ = arguments
            name = str(Path(path).resolve())
            _opened[name] = _opened.get(name, True) and not {*(mode or "w")} & {*"wax+"}


@contextmanager
def reading(folder: Path) -> Iterator[set[Path]]:
    """Collect the files of a folder that are opened to be read alone, and the modules imported.

    Hidden ones, and those of installed packages and of this software, do not count.
    """
    global _opened
    found: set[Path] = set()
    before = {*sys.modules}
    if _opened is None:
        # It stays for as long as the process.
        sys.addaudithook(_on_event)
    _opened = {}
    try:
        yield found
    finally:
        files = [Path(name) for name, only_read in _opened.items() if only_read]
        opened = [path for path in files if path.suffix not in (".py", ".pyc")]
        inside = [path for path in opened if is_of_folder(path, folder.resolve())]
        found |= {path for path in inside if path.is_file()} | modules_since(before, folder)


def modules_since(before: Collection[str], folder: Path) -> set[Path]:
    """The files of a folder's modules that have been imported.

    Args:
        before: names of the modules that were there.
        folder: the user's.
    """
    origins = [getattr(sys.modules[name], "__file__", None) for name in {*sys.modules} - {*before}]
    modules = [Path(origin).resolve() for origin in origins if origin]
    return {path for path in modules if is_of_folder(path, folder.resolve()) and path.is_file()}


def is_of_folder(path: Path, folder: Path) -> bool:
    """Whether a file is the study's own: not hidden, installed or this software's."""
    elsewhere = (Path(sys.prefix).resolve(), _SOFTWARE)
    if not path.is_relative_to(folder) or any(map(path.is_relative_to, elsewhere)):
        return False
    hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
    # Of a package, what lies above a module is mostly empty.
    return not hidden and path.name != "__init__.py"


def unwatched(
    found: Iterable[Path], class_paths: Iterable[str], watch: Sequence[str], folder: Path
) -> list[str]:
    """Those of the files that were read whose change would train nothing again.

    Args:
        found: as `reading` gives them.
        class_paths: of the network, its optimiser and its scheduler, whose code counts.
        watch: files and folders that count.
        folder: where relative ones lie.
    """
    known = {path.resolve() for name in class_paths for path in modules_of(name, folder)}
    known |= {(folder / Path(path).expanduser()).resolve() for path in watch}
    root = folder.resolve()
    return sorted(
        path.relative_to(root).as_posix()
        for path in found
        if known.isdisjoint([path, *path.parents])
    )
