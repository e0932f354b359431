"""One measured window at a time per machine.

Two trackers on one machine count each other's work. The profile's `energy_meter` limit keeps
Snakemake from starting two; this lock also protects who runs without the profile. The kernel holds
it for the process, so the lock of a dead process is free at once.
"""

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

LOCK_PATH = Path(tempfile.gettempdir()) / "ecosobriety-energy-meter.lock"
"""For all users of the machine, hence not in a home, a checkout or a results folder."""

logger = logging.getLogger(__name__)


@contextmanager
def exclusive_meter(path: Path = LOCK_PATH) -> Iterator[None]:
    """Wait until no other process of this machine measures, then measure alone."""
    lock = FileLock(path, mode=0o666)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        logger.warning("another measured run holds %s: waiting for it to end", path)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
