"""Files that appear under their name only when complete, and locks that die with their process."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from filelock import FileLock, Timeout

from ecosobriety.errors import EcosobrietyError


@contextmanager
def open_atomically(path: Path) -> Iterator[IO[bytes]]:
    """Open a binary file for writing; a reader sees the whole file under `path`, or the old one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def lock_now(path: Path) -> FileLock:
    """Take a lock without waiting; the kernel frees it when the process ends, however it ends.

    Raises:
        EcosobrietyError: another process holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise EcosobrietyError(f"{path} is held by another process") from error
    return lock
