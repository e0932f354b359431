"""What all tests share."""

import os

import pytest

from ecosobriety.user_code import apart
from warm import WarmSubprocess

# Tests run beside each other. A training whose threads wait for each other in a loop, as those of
# OpenMP do, then takes twenty times as long: let them sleep. It is read when PyTorch is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


@pytest.fixture(autouse=True)
def warm_processes(monkeypatch):
    """What looks at a user's classes in processes of their own waits for no import."""
    monkeypatch.setattr(apart, "subprocess", WarmSubprocess())
