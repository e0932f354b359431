"""What all tests share."""

import pytest

from ecosobriety.training import rehearsal
from ecosobriety.user_code import classes
from warm import WarmSubprocess


@pytest.fixture(autouse=True)
def warm_processes(monkeypatch):
    """What looks at a user's classes in processes of their own waits for no import."""
    torch = WarmSubprocess("torch", "pytorch_lightning")
    for module in (classes, rehearsal):
        monkeypatch.setattr(module, "subprocess", torch)
