"""When an imported run began and ended, as its row says it."""

from datetime import UTC, datetime, timedelta

from ecosobriety.imported import roles
from ecosobriety.imported.energies import Energy
from ecosobriety.imported.roles import Columns

_CLOCKS_S, _CLOCKS = 1.0, timedelta(days=1)
"""How much clocks may differ within a run, and from this machine's."""


def time_of(columns: Columns, name: str, place: int) -> datetime | None:
    """A moment of a row, one of `roles.TIMES`; None: it is not stated.

    Raises:
        RunsError: it is no time with its zone, or is yet to come.
    """
    column = columns.get(name)
    written = None if column is None else column.given(place)
    if column is None or written is None:
        return None
    must = "must be a time in ISO 8601 with its zone, such as 2026-01-31T12:00:00Z"
    try:
        time = datetime.fromisoformat(written)
    except ValueError:
        column.refuse(place, must)
    if time.tzinfo is None:
        column.refuse(place, must)
    if time > datetime.now(UTC) + _CLOCKS:
        column.refuse(place, "must not be in the future")
    return time


def stated_s(columns: Columns, place: int) -> float | None:
    """From the start of a row's run to its end, in s; None: not stated.

    Raises:
        RunsError: it ends before it starts.
    """
    started, ended = (time_of(columns, name, place) for name in roles.TIMES)
    if started is None or ended is None:
        return None
    window_s = (ended - started).total_seconds()
    if window_s < 0:
        columns.by_role["ended_at"].refuse(place, f"is {window_s:g} s after its start")
    return window_s


def check_window(columns: Columns, place: int, energy: Energy) -> None:
    """Refuse a run that ended sooner than it lasted.

    Raises:
        RunsError: its energy's duration does not fit between its start and its end.
    """
    window_s, duration_s = stated_s(columns, place), energy.duration_s or 0.0
    if window_s is not None and window_s < duration_s * 0.95 - _CLOCKS_S:
        columns.by_role["ended_at"].refuse(
            place, f"is {window_s:g} s after its start, shorter than {duration_s:g} s"
        )
