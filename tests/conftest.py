"""What all tests share."""

import pytest

from ecosobriety.user_code import apart
from warm import WarmSubprocess


@pytest.fixture(autouse=True)
def warm_processes(monkeypatch):
    """What looks at a user's classes in processes of their own waits for no import."""
    monkeypatch.setattr(apart, "subprocess", WarmSubprocess())
