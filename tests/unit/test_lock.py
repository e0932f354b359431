"""One measured window at a time on a machine, and no lock that outlives its process."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from ecosobriety.errors import EcosobrietyError
from ecosobriety.files import lock_now
from ecosobriety.metering import exclusive_meter

SCRIPTS = Path(__file__).parents[2] / "scripts"
HOLD = """
import sys, time
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from ecosobriety.metering import exclusive_meter
with exclusive_meter(Path(sys.argv[2])):
    print(time.time(), flush=True)
    time.sleep(float(sys.argv[3]))
    print(time.time(), flush=True)
"""


@pytest.fixture
def hold(tmp_path):
    """Start a process that holds the lock for some seconds."""
    started = []

    def start(seconds):
        command = [sys.executable, "-c", HOLD, SCRIPTS, tmp_path / "lock", seconds]
        process = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_windows_of_two_processes_never_overlap(hold):
    processes = [hold(0.5), hold(0.5)]
    windows = sorted([float(t) for t in p.communicate(timeout=60)[0].split()] for p in processes)
    (_, first_end), (second_start, _) = windows
    assert first_end <= second_start


def test_the_lock_of_a_killed_process_is_taken_over_at_once(hold, tmp_path):
    holder = hold(600)
    holder.stdout.readline()
    with pytest.raises(EcosobrietyError, match="held by another process"):
        lock_now(tmp_path / "lock")
    holder.kill()
    holder.wait()
    asked_at = time.monotonic()
    with exclusive_meter(tmp_path / "lock"):
        assert time.monotonic() - asked_at < 5


def test_who_waits_is_told(hold, tmp_path, caplog):
    holder = hold(1)
    holder.stdout.readline()
    with exclusive_meter(tmp_path / "lock"):
        assert "another measured run" in caplog.text
