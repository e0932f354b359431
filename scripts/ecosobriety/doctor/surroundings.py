"""What in an account, a folder or a machine blocks a study, and what to do about it."""

import locale
import os
import resource
import shlex
import shutil
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import psutil

from ecosobriety.files import account
from ecosobriety.metering import holder_now
from ecosobriety.steps.orphans import find_left
from ecosobriety.units import bytes_to_mb

OUTPUTS = ("results", "reports", "logs", "benchmarks", ".snakemake")
NEEDED_MEMORY_MB = 2000.0
NEEDED_DISK_MB = 1000.0
CLOCK_TOLERANCE_S = 0.5


def look_around(folder: Path) -> Iterator[str]:
    """Give one line for each thing that is in the way of a study in a folder.

    Args:
        folder: where the study is to run.
    """
    yield from _others(folder)
    yield from _account(folder)
    yield from _environment(folder)
    yield from _machine(folder)


def _others(folder: Path) -> Iterator[str]:
    if holder := holder_now():
        yield (
            f"  -> Another measured run is under way ({holder}): a training waits for its end, "
            "and whatever else it starts is counted as the training's."
        )
    if left := [process.pid for process in find_left(folder)]:
        yield (
            f"  -> A killed run left processes at work here ({', '.join(map(str, left))}): the "
            "next run ends them; to do it now, kill these numbers."
        )


def _account(folder: Path) -> Iterator[str]:
    for path in (folder, *(folder / name for name in OUTPUTS)):
        if path.exists() and not os.access(path, os.W_OK | os.X_OK):
            yield (
                f"  -> {path} cannot be written by {account(os.getuid())}: run elsewhere, with "
                "snakemake --directory FOLDER -s "
                f"{shlex.quote(str(folder / 'workflow/Snakefile'))}."
            )
    umask = os.umask(0o077)
    os.umask(umask)
    if umask & 0o020 and folder.stat().st_mode & 0o020:
        yield (
            f"  -> This folder is shared with a group, but the umask is {umask:03o}: colleagues "
            "cannot go on with a study that you begin. Say umask 002 before."
        )
    if locale.getpreferredencoding().upper().replace("-", "") != "UTF8":
        yield (
            f"  -> The locale's encoding is {locale.getpreferredencoding()}: names with accents "
            "may come out wrong. Say export LC_ALL=C.UTF-8 before."
        )


def _environment(folder: Path) -> Iterator[str]:
    place, _ = os.path.split(sys.executable)
    if os.pathsep in place and shlex.quote(sys.executable) != sys.executable:
        yield (
            f"  -> {sys.executable}: Python cannot be run from a folder with '{os.pathsep}' and "
            "blanks or quotes in its path: move the checkout."
        )
    if (folder / ".venv").exists() and not (folder / ".venv/run.stamp").exists():
        yield "  -> .venv is half built: make report builds it again."
    if find_spec("ensurepip") is None:
        yield (
            "  -> Python lacks ensurepip, with which .venv is built: on Debian and Ubuntu, "
            "sudo apt install python3-venv."
        )


def _machine(folder: Path) -> Iterator[str]:
    free_mb = bytes_to_mb(float(psutil.virtual_memory().available))
    if free_mb < NEEDED_MEMORY_MB:
        yield (
            f"  -> Only {free_mb:.0f} MB of memory are free, and a training takes 600 and more: "
            "end other programs first."
        )
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit != resource.RLIM_INFINITY:
        yield (
            f"  -> The address space is limited to {bytes_to_mb(float(limit)):.0f} MB (ulimit -v): "
            "PyTorch reserves far more than it uses, and may hang. Say ulimit -v unlimited before."
        )
    disk_mb = bytes_to_mb(float(shutil.disk_usage(folder).free))
    if disk_mb < NEEDED_DISK_MB:
        yield f"  -> Only {disk_mb:.0f} MB are free on this disk: make room for the data set first."
    # Software cannot be younger than now.
    if time.time() < Path(__file__).stat().st_mtime:
        yield (
            f"  -> The clock says {time.ctime()}, which is before this software was installed: set "
            "it, or records have wrong times."
        )


def check_clock(day_s: float, steady_s: float) -> Iterator[str]:
    """Give a line if the clock of the day was set while one that only runs forward went on.

    Args:
        day_s: how much later it has become by the clock of the day, in s.
        steady_s: the same by the steady one.
    """
    if abs(day_s - steady_s) > CLOCK_TOLERANCE_S:
        yield (
            f"  -> The clock was set by {day_s - steady_s:+.1f} s within {steady_s:.0f} s: let it "
            "be kept in time (timedatectl set-ntp true), or records contradict themselves."
        )
