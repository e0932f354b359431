"""Jobs in a Slurm queue that a killed run has left behind.

A run that is interrupted cancels its jobs; one that is killed cannot. They would go on beside those
of the next run, train the same networks twice and write the same files.
"""

import logging
import subprocess
import time
from pathlib import Path

from ecosobriety.errors import EcosobrietyError

COMMENT = "rule_"
"""How the comment of a job of Snakemake's begins, whatever else lies in the folder's queue."""
ENDING = {"COMPLETING"}
"""States of jobs that end by themselves; to cancel them would hide why, a failed node say."""
WAIT_S = 120.0
POLL_S = 1.0

logger = logging.getLogger(__name__)


def cancel_jobs_of(folder: Path) -> list[str]:
    """Cancel what waits or runs in Slurm for a folder, and wait until nothing of it runs.

    Args:
        folder: The folder in which the jobs were submitted.

    Returns:
        The ids of the jobs that were cancelled.

    Raises:
        EcosobrietyError: Slurm does not answer, or a job does not end.
    """
    cancelled = [job for job, state in _jobs_of(folder).items() if state not in ENDING]
    if cancelled:
        logger.warning("cancelling jobs that a killed run left in %s: %s", folder, cancelled)
        _ask("scancel", *cancelled)
    end = time.monotonic() + WAIT_S
    while left := _jobs_of(folder):
        if time.monotonic() > end:
            raise EcosobrietyError(
                f"jobs {', '.join(left)} of {folder} have not ended after {WAIT_S:.0f} s: "
                "end them before you start another run"
            )
        time.sleep(POLL_S)
    return cancelled


def _jobs_of(folder: Path) -> dict[str, str]:
    """The state of each job of a folder by its id."""
    listed = _ask("squeue", "--me", "--noheader", "--format=%i|%T|%k|%Z")
    rows = [line.split("|", 3) for line in listed.splitlines()]
    return {
        job: state
        for job, state, comment, place in rows
        if comment.startswith(COMMENT) and Path(place) == folder
    }


def _ask(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except OSError as error:
        raise EcosobrietyError(f"{command[0]}: {error.strerror}; is Slurm installed?") from error
    except subprocess.CalledProcessError as error:
        raise EcosobrietyError(f"{command[0]}: {error.stderr.strip()}") from error
