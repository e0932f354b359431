"""A study that is killed with -9, as by the machine's end."""

import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil

from .conftest import Workflow


def kill_all(process: subprocess.Popen) -> None:
    """Kill with -9 whatever the command started, all at once as by the machine's end."""
    family = [member for member in psutil.process_iter() if is_of_group(member, process.pid)]
    # It may have ended by itself in this moment.
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    # Not their parent, psutil polls.
    _, left = psutil.wait_procs(family, timeout=30)
    assert not left


def is_of_group(member: psutil.Process, group: int) -> bool:
    with suppress(ProcessLookupError):
        return os.getpgid(member.pid) == group
    return False


def wait_for_training(process: subprocess.Popen, attempts: Path) -> None:
    """Wait until a training is at work, or the command has ended."""
    while process.poll() is None:
        entries = [path.read_text() for path in attempts.rglob("*.json")]
        running = [entry for entry in map(json.loads, entries) if entry["status"] == "running"]
        if any(psutil.pid_exists(entry["pid"]) for entry in running):
            return
        time.sleep(0.02)


def wait_for_results(process: subprocess.Popen, results: Path, more: int) -> None:
    """Wait until there are so many more results than at first, or the command has ended."""

    def count() -> int:
        # Not what is still being written, nor the ledger.
        found = (path for path in results.rglob("*.*") if not path.name.startswith("."))
        return sum("attempts" not in path.parts for path in found)

    before = count()
    while process.poll() is None and count() < before + more:
        time.sleep(0.02)


def kill_again_and_again(
    workflow: Workflow,
    config: str,
    kills: int,
    wait: Callable[[subprocess.Popen, int, random.Random], None],
) -> None:
    """Start a study and kill it so many times.

    Half of the kills at least must come before the study has ended by itself.

    Args:
        workflow: the folder.
        config: the study's file.
        kills: how many times.
        wait: waits from the start to the moment of a kill; gets the process, the number of the
            kill and what is random.
    """
    moments = random.Random(20260101)
    finished_early = 0
    for kill in range(kills):
        process = workflow.start("--cores", "2", config=config)
        wait(process, kill, moments)
        if process.poll() is None:
            kill_all(process)
        else:
            finished_early += 1
    assert finished_early < kills / 2
