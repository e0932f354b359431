"""Files that appear when they are complete, text files, and locks that die with their process."""

import errno
import fcntl
import json
import os
import pwd
import re
import secrets
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import IO, Any

from ecosobriety.errors import DataError, EcosobrietyError

ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_LFS_POINTER = b"version https://git-lfs.github.com/spec/"
_WRITER = re.compile(r"(\d+)-[0-9a-f]{8}")
VARIABLE = re.compile(r"\$(\w+|\{\w+\})|%\w+%")


@contextmanager
def open_atomically(path: Path) -> Iterator[IO[bytes]]:
    """Open a binary file for writing; a reader sees the whole file under `path`, or the old one.

    As of any new file, who may read and write it is what the umask and the folder say. What a
    process that was killed has left of the same file goes.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    here = f".{path.name}.{os.uname().nodename}-"
    _remove_left(path.parent, here)
    # Not `tempfile`, whose files are for their owner alone.
    temporary = path.with_name(f"{here}{os.getpid()}-{secrets.token_hex(4)}")
    try:
        with temporary.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _remove_left(folder: Path, here: str) -> None:
    """Remove what processes of this machine that are dead have begun to write."""
    # A folder that may be written to need not be one that may be listed.
    with suppress(PermissionError):
        for path in folder.iterdir():
            writer = _WRITER.fullmatch(path.name.removeprefix(here))
            if writer and path.name.startswith(here):
                # Imported where it is needed, which is after a kill.
                import psutil

                if not psutil.pid_exists(int(writer[1])):
                    path.unlink(missing_ok=True)


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


def preceded(function: Callable[..., Any], first: Callable[..., None]) -> Callable[..., Any]:
    """A function that first calls another one with its keyword arguments.

    Here, as Snakemake blames every error on the rule file that last appears in its traceback.
    """

    def both(*args: Any, **settings: Any) -> Any:
        first(**settings)
        return function(*args, **settings)

    return both


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


class UnreadableError(EcosobrietyError):
    """A file is no text; `line` (counted from 1, None: as a whole) and why."""

    def __init__(self, path: Path, line: int | None, reason: str) -> None:
        super().__init__(f"{path}{f', line {line}' if line else ''} {reason}")
        self.line, self.reason = line, reason


def require_data(path: Path) -> None:
    """Refuse what cannot be a file of data; what is not there is left to who opens it.

    Raises:
        DataError: it is a folder, a pipe or a device, which could be read without end; or a pointer
            that Git LFS leaves in place of a file.
    """
    if not path.exists():
        return
    if not path.is_file():
        kind = "a folder" if path.is_dir() else "no regular file"
        raise DataError(f"{path}: is {kind}, but must be a file")
    try:
        with path.open("rb") as file:
            start = file.read(len(_LFS_POINTER))
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
    if start == _LFS_POINTER:
        raise DataError(
            f"{path}: is a pointer of Git LFS, and the data themselves are missing: get them with "
            "`git lfs pull`"
        )


def home_expanded(path: str) -> Path:
    """A path with `~` replaced by the user's home.

    Raises:
        DataError: there is no such user; or it is an address, or nowhere and holds a variable.
    """
    if ADDRESS.match(path):
        raise DataError(f"{path} is an address, but must be a path: download it first")
    if (found := VARIABLE.search(path)) and not Path(path).exists():
        raise DataError(
            f"{path} is not there, and {found[0]} is taken as it stands: write ~ for the home "
            "folder, or the whole path"
        )
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise DataError(f"{path}: {error}") from error


def read_text(path: Path, most_bytes: int) -> str:
    """Read a text file, which is UTF-8 with or without a byte order mark, whole.

    Args:
        path: the file; nothing else is opened, for a pipe could be waited for without end.
        most_bytes: larger files are refused.

    Raises:
        UnreadableError: it cannot be read, is no regular file, is too large, or is not UTF-8.
    """
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            kinds = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a named pipe"}
            kind = kinds.get(stat.S_IFMT(mode), "a device or a socket")
            raise UnreadableError(path, None, f"is {kind}, but must be a file of text")
        with path.open("rb") as opened:
            content = opened.read(most_bytes + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise UnreadableError(path, None, f"cannot be read: {why}") from error
    if len(content) > most_bytes:
        raise UnreadableError(path, None, f"has more than {most_bytes / 2**20:.0f} MiB")
    if content[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in content:
        line = content[: max(content.find(b"\0"), 0)].count(b"\n") + 1
        raise UnreadableError(path, line, "is not UTF-8 but UTF-16 or binary: save it as UTF-8")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        byte = content[error.start]
        problem = (
            f"is not UTF-8 (byte 0x{byte:02x}, in latin-1 {chr(byte)}): save the file as UTF-8"
        )
        raise UnreadableError(path, line, problem) from error


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON file atomically: complete under its name, or not there at all.

    Raises:
        ValueError: a number is NaN or infinite, which JSON cannot hold.
    """
    text = json.dumps(content, indent=2, allow_nan=False, ensure_ascii=False) + "\n"
    with open_atomically(path) as file:
        file.write(text.encode())
