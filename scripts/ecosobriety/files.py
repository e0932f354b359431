"""Files that appear under their name only when complete, and locks that die with their process."""

import errno
import fcntl
import os
import pwd
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import IO

from ecosobriety.errors import EcosobrietyError


@contextmanager
def open_atomically(path: Path) -> Iterator[IO[bytes]]:
    """Open a binary file for writing; a reader sees the whole file under `path`, or the old one.

    As of any new file, who may read and write it is what the umask and the folder say.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Not `tempfile`, whose files are for their owner alone.
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with temporary.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@cache
def lock_for_life(path: Path) -> IO[bytes]:
    """Lock a file until this process ends, however it ends; asked again, it holds it already.

    Raises:
        EcosobrietyError: another process holds it, or it cannot be locked; names it and its owner.
    """
    path.parent.mkdir(parents=True, exist_ok=True)

    def refuse(file: IO[bytes]) -> None:
        holder = file.read(200).decode(errors="replace").strip() or "another process"
        file.close()
        raise EcosobrietyError(f"{path} is held by {holder}")

    file = take_lock(path, on_wait=refuse)
    file.truncate()
    mine = f"process {os.getpid()} of {account(os.getuid())} on {os.uname().nodename}\n"
    file.write(mine.encode())
    file.flush()
    return file


def take_lock(
    path: Path, *, on_wait: Callable[[IO[bytes]], None], shared: bool = False
) -> IO[bytes]:
    """Lock a file, which is made if there is none; the kernel frees it with the process.

    Args:
        path: the file.
        on_wait: called with the open file before waiting for the process that holds it.
        shared: every account may lock it, whoever made it; then it is not for writing.

    Raises:
        EcosobrietyError: it cannot be locked; names it, its owner and the reason.
    """
    # Not through a link: whoever put it there could have any file of ours opened.
    flags = os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags | (os.O_RDONLY if shared else os.O_RDWR), 0o666)
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            os.close(descriptor)
            raise OSError(errno.EINVAL, "it is no ordinary file")
        file = os.fdopen(descriptor, "rb" if shared else "r+b")
        if shared and found.st_uid == os.getuid():
            # Whatever the umask of who comes first.
            os.fchmod(descriptor, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            on_wait(file)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
    except OSError as error:
        reason = "it is a link" if error.errno == errno.ELOOP else error.strerror
        raise EcosobrietyError(f"{path}{_owner(path)} cannot be locked: {reason}") from error
    return file


def account(uid: int) -> str:
    """An account's name; in a container it may have none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"account {uid}"


def _owner(path: Path) -> str:
    try:
        return f", which belongs to {account(path.lstat().st_uid)},"
    except OSError:
        return ""
