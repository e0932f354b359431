"""A command in a session of its own, of which nothing is left at work when it ends.

Nor when this process is killed, which alone measures it: a guard waits for that. What a command
does behind the meter's back would else be taken up from its checkpoint, and cost nothing.
"""

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

import psutil

from ecosobriety.errors import quote

logger = logging.getLogger(__name__)

GRACE_S = 10.0
"""A command that is asked to end has so long to do so."""
_END = b"end\n"
_GUARD = """
import os, signal, sys
session = int(sys.stdin.readline() or 0)
if session and not sys.stdin.readline():
    while True:
        left = []
        for name in os.listdir("/proc"):
            try:
                if name.isdecimal() and os.getsid(int(name)) == session:
                    with open(f"/proc/{name}/stat") as file:
                        if file.read().rpartition(")")[2].split()[0] != "Z":
                            os.kill(int(name), signal.SIGKILL)
                            left.append(name)
            except OSError:
                pass
        if not left:
            break
"""
"""Reads the session's number, then that all is well; at the end of its input it kills them all."""


@contextmanager
def started(
    command: list[str],
    environment: Mapping[str, str],
    output: Any,
    watched: Callable[[int], None],
) -> Iterator[subprocess.Popen[bytes]]:
    """A process in a session of its own; at the end nothing of that is left.

    Args:
        command: the program and its arguments.
        environment: its variables.
        output: the file that all it says goes to.
        watched: as `guard` gives it.
    """
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
        watched(process.pid)
        yield process
    finally:
        if process is not None:
            _end_session(process)
        for number, handler in previous.items():
            signal.signal(number, handler)


@contextmanager
def guard() -> Iterator[Callable[[int], None]]:
    """Who ends the session that it is given the number of, should this process be killed.

    Its own start is no work of the command's: it is asked for before anything is measured. Where
    the kernel shows no processes as files, nobody does it.
    """
    if not Path("/proc/self").is_dir():
        yield lambda session: None
        return
    with subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _GUARD],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as waiting:
        assert waiting.stdin is not None
        line = waiting.stdin

        def watch(session: int) -> None:
            line.write(f"{session}\n".encode())
            line.flush()

        try:
            yield watch
        finally:
            # One that was killed itself is not asked for.
            with suppress(BrokenPipeError):
                line.write(_END)
                line.close()


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
