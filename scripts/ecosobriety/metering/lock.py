"""One measured window at a time per machine, whoever measures.

Two trackers on one machine count each other's work. The profile's `energy_meter` limit keeps
Snakemake from starting two; this lock also protects who runs without the profile, and those who
share a machine. On Linux it is a name of the kernel's (an abstract socket) and no file: it has no
owner, does not depend on TMPDIR, and goes with its process, however that ends. Containers with a
network of their own have names of their own: nothing that they share could be locked without their
configuration. Elsewhere it is a file that all accounts may lock.
"""

import errno
import fcntl
import hashlib
import logging
import os
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from ecosobriety.errors import MeteringError
from ecosobriety.files import account, take_lock

METER = "ecosobriety-energy-meter"
"""The lock's name, for all users of the machine."""
ASKED = "ECOSOBRIETY_WINDOW"
"""The variable by which who starts a command, and meters it, asks for the command's own windows.

Where it is set, the machine's lock is held for the command already. Its windows are measured one at
a time, by a lock of their own.
"""
_SHARED_FOLDER = Path("/tmp")
"""Where there are no kernel names; not TMPDIR, which differs by account and by job."""
_WAITERS = 1024
"""So many can wait for one holder; the kernel lets further ones wait for their place."""
_PAUSE_S = 0.1
_SIGN_S = 1.0

logger = logging.getLogger(__name__)


@contextmanager
def exclusive_meter(
    name: str | None = None, *, still_waiting: Callable[[], None] | None = None
) -> Iterator[None]:
    """Wait until no other process of this machine measures, then measure alone.

    Args:
        name: The lock's name; None: that of all users of the machine, or of the command's windows.
        still_waiting: Called about every second of the wait.

    Raises:
        EcosobrietyError: the lock cannot be had; names its file and the file's owner, if it is one.
    """
    name = name or _name()
    lock: socket.socket | IO[bytes]
    if sys.platform == "linux":
        lock = _take_name(name, still_waiting)
    else:
        path = _SHARED_FOLDER / f"{name}.lock"

        def wait(file: IO[bytes]) -> None:
            _tell(str(path))
            while still_waiting is not None and not _is_free(file):
                time.sleep(_SIGN_S)
                still_waiting()

        lock = take_lock(path, shared=True, on_wait=wait)
    _held.add(lock)
    try:
        yield
    finally:
        _held.discard(lock)
        lock.close()


def _name() -> str:
    asked = os.environ.get(ASKED)
    return METER if asked is None else f"{METER}-{hashlib.sha256(asked.encode()).hexdigest()[:16]}"


def _is_free(file: IO[bytes]) -> bool:
    """Take a file's lock, if nobody else has it."""
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def holder_now(name: str = METER) -> str | None:
    """Who measures at the moment, without waiting; None: nobody, or nobody that can be named."""
    if sys.platform != "linux":
        return None
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        try:
            asking.settimeout(_PAUSE_S)
            asking.connect(f"\0{name}")
            return _holder(asking, name)
        except OSError:
            return None


def _let_go() -> None:
    """Close what is held; in the process that this one was forked from it stays."""
    for lock in _held:
        lock.close()
    _held.clear()


_held: set[socket.socket | IO[bytes]] = set()
# Else a worker that outlives a killed training would hold on to its lock.
os.register_at_fork(after_in_child=_let_go)


def _take_name(name: str, still_waiting: Callable[[], None] | None) -> socket.socket:
    """Bind the name, or wait on a connection to its holder, which ends when the holder does."""
    announced = False
    while True:
        lock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            lock.bind(f"\0{name}")
            # Only so does the kernel say who it is that holds it.
            lock.listen(_WAITERS)
            return lock
        except OSError as error:
            lock.close()
            if error.errno != errno.EADDRINUSE:
                raise MeteringError(
                    f"the energy meter's lock, the socket @{name}, cannot be had: {error.strerror}"
                ) from error
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as waiting:
            try:
                waiting.connect(f"\0{name}")
            except OSError:
                # It ended in this moment, or does not listen yet.
                time.sleep(_PAUSE_S)
                continue
            if not announced:
                _tell(_holder(waiting, name))
                announced = True
            # Nothing is ever sent: this returns when the holder's end closes.
            with suppress(ConnectionError):
                _wait(waiting, still_waiting)


def _wait(connection: socket.socket, still_waiting: Callable[[], None] | None) -> None:
    if still_waiting is None:
        connection.recv(1)
        return
    connection.settimeout(_SIGN_S)
    while True:
        try:
            connection.recv(1)
            return
        except TimeoutError:
            still_waiting()


def _holder(connection: socket.socket, name: str) -> str:
    """Who is at the other end; the kernel names no process of another container."""
    credentials = connection.getsockopt(
        socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")
    )
    pid, uid, _ = struct.unpack("3i", credentials)
    if pid == os.getpid():
        raise MeteringError(
            f"this process holds the energy meter's lock @{name} already: two windows at once "
            "would count each other's work"
        )
    return f"process {pid} of {account(uid)}" if pid else "a process of another container"


def _tell(holder: str) -> None:
    logger.warning(
        "another measured run is under way on this machine (%s): waiting for its end", holder
    )
