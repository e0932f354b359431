"""A command in a session of its own, of which nothing is left at work when it ends."""

import logging
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

import psutil

from ecosobriety.errors import quote

logger = logging.getLogger(__name__)

GRACE_S = 10.0
"""A command that is asked to end has so long to do so."""


@contextmanager
def started(
    command: list[str], environment: Mapping[str, str], output: Any
) -> Iterator[subprocess.Popen[bytes]]:
    """A process in a session of its own; at the end nothing of that is left."""
    previous = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def end(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(128 + number)

    process = None
    try:
        for number in previous:
            signal.signal(number, end)
        process = subprocess.Popen(
            command,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        yield process
    finally:
        if process is not None:
            _end_session(process)
        for number, handler in previous.items():
            signal.signal(number, handler)


def wait_for(process: subprocess.Popen[bytes], time_limit_s: float | None) -> int | None:
    """The status that it ends with; None: it takes longer."""
    try:
        return process.wait(time_limit_s)
    except subprocess.TimeoutExpired:
        return None


def _end_session(process: subprocess.Popen[bytes]) -> None:
    """End what is left of a command: itself, and what it started and did not wait for."""
    left = list(_session(process.pid))
    if process.poll() is not None and left:
        names = ", ".join(sorted({quote(each.info["name"]) for each in left}))
        logger.warning("the command ended, and left %s at work: ended too", names)
    for each in left:
        with suppress(psutil.NoSuchProcess):
            each.terminate()
    _, alive = psutil.wait_procs(left, timeout=GRACE_S)
    for each in alive:
        with suppress(psutil.NoSuchProcess):
            each.kill()
    psutil.wait_procs(alive, timeout=GRACE_S)
    process.wait()


def _session(leader: int) -> Iterator[psutil.Process]:
    for each in psutil.process_iter(["name", "status"]):
        with suppress(OSError):
            if os.getsid(each.pid) == leader and each.info["status"] != psutil.STATUS_ZOMBIE:
                yield each
