"""What a process is told about itself and its machine."""

import subprocess
import sys

import numpy as np

from ecosobriety.fingerprint import PACKAGE
from ecosobriety.hardware import peak_memory_mb

OWN_PEAK = "from ecosobriety.hardware import peak_memory_mb; print(peak_memory_mb())"


def test_the_peak_of_the_memory_is_this_processs_own():
    """Linux's getrusage tells a program the peak of the one that started it, if that is larger."""
    large = np.ones(100_000_000)  # 800 MB
    told = subprocess.run(
        [sys.executable, "-c", OWN_PEAK],
        env={"PYTHONPATH": str(PACKAGE.parent), "OMP_NUM_THREADS": "1"},
        check=True,
        capture_output=True,
        text=True,
    )
    assert large.nbytes / 1e6 < peak_memory_mb()
    assert 50 < float(told.stdout) < 700
