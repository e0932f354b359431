"""Trainings that were not begun, for want of budget: what lies in the place of their records.

A file there says why there is no record, so that a step may end without a training and the study
goes on with what it has. It is no record, and is never read as one.
"""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from ecosobriety.files import write_json

_KEY = "left_out"
_BEGIN = b'{\n  "left_out"'


def leave_out(path: Path, why: dict[str, Any]) -> None:
    """Write down that a training was not begun.

    Args:
        path: of its record.
        why: `budget_kwh` and the amounts that it was compared with.
    """
    write_json(path, {_KEY: "budget", **why})


def left_out(path: Path) -> dict[str, Any] | None:
    """Why a training was not begun; None: its record lies there, or nothing does."""
    with suppress(OSError, ValueError):
        with path.open("rb") as file:
            # Records are many, and long.
            if file.read(len(_BEGIN)) != _BEGIN:
                return None
        found = json.loads(path.read_bytes())
        return dict(found)
    return None


def is_asked_again(why: dict[str, Any], budget_kwh: float | None) -> bool:
    """Whether a training that was left out may be begun now: the budget is larger, or gone."""
    return budget_kwh is None or budget_kwh > float(why["budget_kwh"])
