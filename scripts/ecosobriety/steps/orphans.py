"""No step outlives the run that started it.

A run that is killed (`kill -9`, or by the kernel for want of memory) cannot end its steps: they
would train on beside those of the next run, and be counted nowhere. So each step watches its run
and ends itself soon after it; what cannot do so is found and ended when the next run starts.

A run names itself in the environment, which its steps inherit. A step on another machine, in
another container or in a job of a queue is not watched: whoever started it there ends it.
"""

import json
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from ecosobriety.errors import EcosobrietyError

VARIABLE = "ECOSOBRIETY_RUN"
"""Holds the run that a process belongs to, as JSON."""
POLL_S = 0.5
PAUSE_S = 0.05
GRACE_S = 10.0
"""A training that is asked to end has so long to write down what it spent."""


@dataclass(frozen=True)
class Run:
    """A run, as its steps know it.

    Attributes:
        machine: where process numbers mean the same.
        pid: the run's process.
        started: when that was created, in s since 1970, for numbers are given out again.
        folder: where it was started.
    """

    machine: str
    pid: int
    started: float
    folder: str

    def is_alive(self) -> bool:
        """Whether it is still at work; asked on its own machine."""
        try:
            process = psutil.Process(self.pid)
            return bool(
                process.create_time() == self.started and process.status() != psutil.STATUS_ZOMBIE
            )
        except psutil.NoSuchProcess:
            return False


def begin_run(folder: Path) -> None:
    """Name this process as the run of a folder, to all that it starts from now on."""
    process = psutil.Process()
    run = Run(_machine(), process.pid, process.create_time(), str(folder.resolve()))
    os.environ[VARIABLE] = json.dumps(asdict(run))


def end_with_run() -> None:
    """Let this process end, with all that it started, soon after its run has ended.

    Outside of a run, or on another machine than it, nothing is watched.

    Raises:
        EcosobrietyError: the run has ended already.
    """
    run = _run_of(os.environ)
    if run is None or run.machine != _machine():
        return
    if not run.is_alive():
        raise EcosobrietyError("the run that started this step has ended: so does the step")
    threading.Thread(target=_end_after, args=(run,), name="end-with-run", daemon=True).start()


def find_left(folder: Path) -> Iterator[psutil.Process]:
    """Processes of this account whose run, of this folder and machine, has ended.

    A job of a queue inherits the run's name, and works where process numbers mean something else.
    """
    here, place = _machine(), str(folder.resolve())
    for process in psutil.process_iter():
        # Gone since, another account's, or one that the kernel shows to nobody.
        with suppress(psutil.Error, OSError):
            environment = process.environ()
            run = _run_of(environment)
            if run is None or (run.machine, run.folder) != (here, place):
                continue
            if _machine(environment) != here:
                continue
            if not run.is_alive() and process.status() != psutil.STATUS_ZOMBIE:
                yield process


def end_orphans(folder: Path) -> list[int]:
    """End what earlier runs of a folder have left on this machine, and wait for its end.

    What works for a run that is alive stays; so do jobs of a queue, which the queue ends.

    Args:
        folder: The folder that the runs are started in.

    Returns:
        The processes that were ended.

    Raises:
        EcosobrietyError: a process does not end.
    """
    found = list(find_left(folder))
    for process in found:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    left = wait_for(found)
    for process in left:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    left = wait_for(left)
    if left:
        raise EcosobrietyError(
            f"processes of a killed run still work in {folder} and cannot be ended: "
            f"{', '.join(str(process.pid) for process in left)}; end them before you start a run"
        )
    return [process.pid for process in found]


def wait_for(processes: Sequence[psutil.Process]) -> list[psutil.Process]:
    """Wait for the end of processes, whoever started them; those that go on after `GRACE_S`.

    One that has ended may stay a zombie for ever: in a container, nobody else need ask for it.
    """
    end_s = time.monotonic() + GRACE_S
    while left := [process for process in processes if _is_at_work(process)]:
        if time.monotonic() > end_s:
            break
        time.sleep(PAUSE_S)
    return left


def _is_at_work(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _run_of(environment: Mapping[str, str]) -> Run | None:
    """The run that a process belongs to; None where none is named."""
    try:
        return Run(**json.loads(environment[VARIABLE]))
    except (KeyError, ValueError, TypeError):
        return None


def _machine(environment: Mapping[str, str] = os.environ) -> str:
    """Where the process numbers of an environment mean the same: a host, a container, a job."""
    namespace = Path("/proc/self/ns/pid")
    container = str(namespace.readlink()) if namespace.is_symlink() else ""
    return f"{socket.gethostname()} {container} {environment.get('SLURM_JOB_ID', '')}"


def _end_after(run: Run) -> None:
    """Wait for the end of the run, or of the shell between it and this process; then end."""
    parent = os.getppid()
    while os.getppid() == parent and run.is_alive():
        time.sleep(POLL_S)
    # Lightning takes it as the wish to end: the attempt's energy is written down.
    if signal.getsignal(signal.SIGTERM) not in (signal.SIG_DFL, signal.SIG_IGN):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(GRACE_S)
    for process in [*psutil.Process().children(recursive=True), psutil.Process()]:
        with suppress(psutil.NoSuchProcess):
            process.kill()
