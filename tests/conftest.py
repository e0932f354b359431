"""What all tests share."""

import sys

import pytest

from warm import WarmSubprocess

STARTING = ("training.rehearsal", "user_code.classes", "user_code.foresight")


@pytest.fixture(autouse=True)
def warm_processes(monkeypatch):
    """What looks at a user's classes in processes of their own waits for no import."""
    for name in STARTING:
        # Who tests something else does not wait for Lightning either.
        if module := sys.modules.get(f"ecosobriety.{name}"):
            monkeypatch.setattr(module, "subprocess", WarmSubprocess())
