"""Files that a step wrote and that somebody changed since.

Beside each table and answer lies a hidden file with its digest, written by the step itself. What
was edited by hand is noticed by it when the next run is planned, and is rebuilt: nothing is built
on it. Where there is no such file (one was copied without), nothing is said.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from ecosobriety.files import open_atomically


def seal(paths: Iterable[str | Path]) -> None:
    """Keep the digest of files that are whole now; those that were not written are left out."""
    for path in map(Path, paths):
        if path.is_file():
            with open_atomically(_seal_of(path)) as file:
                file.write(_digest(path).encode())


def unseal(paths: Iterable[str | Path]) -> None:
    """Forget the digests of files that are about to be written."""
    for path in map(Path, paths):
        _seal_of(path).unlink(missing_ok=True)


def find_changed(folders: Iterable[Path]) -> list[Path]:
    """Files in folders that differ from what their step wrote; a missing one is not among them."""
    return [
        path
        for folder in folders
        for written in sorted(folder.glob(".*.sha256"))
        if _differs(path := folder / written.name[1 : -len(".sha256")], written)
    ]


def _differs(path: Path, written: Path) -> bool:
    try:
        return path.is_file() and written.read_bytes() != _digest(path).encode()
    except OSError:
        # Not readable: whoever reads the file reports that.
        return False


def _seal_of(path: Path) -> Path:
    return path.with_name(f".{path.name}.sha256")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
