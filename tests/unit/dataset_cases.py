"""What tests of users' data share."""

from typing import Any

import pytest

from ecosobriety.errors import DataError
from ecosobriety.readers import obtain, take_in


def refusal(given: dict[str, Any]) -> str:
    """The one sentence with which the check and the run refuse data; it names their file."""
    with pytest.raises(DataError) as caught:
        obtain(given)
    message = str(caught.value)
    assert given["path"] in message
    assert len(message.replace(given["path"], "")) <= 300
    assert len(message.splitlines()) == 1
    with pytest.raises(DataError) as checked:
        take_in(given)
    assert str(checked.value) == message
    return message


def require_read_or_refused(given: dict[str, Any], name: str, reason: str | None) -> None:
    """Of a folder of cats and dogs with one more file of that name; None: it is read."""
    if reason is None:
        assert obtain(given).classes == ("cat", "dog")
        return
    message = refusal(given)
    assert reason in message
    assert name in message
