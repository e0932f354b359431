"""The energy of an imported run, as the table states it or as power and time give it."""

from collections.abc import Mapping
from dataclasses import dataclass

from ecosobriety.errors import row
from ecosobriety.imported.roles import PARTS, TIMES, Columns
from ecosobriety.imported.sheet import Column, RunsError, listed
from ecosobriety.units import kwh_to_joules, watt_seconds_to_kwh

LEAST_W = 1.0
"""A mean power below this is no machine's that trains: a Raspberry Pi takes 2 to 3 W."""
MAX_W = 20_000.0
"""Two large servers of eight graphics processors; `max_power_w` allows more."""
_PLAUSIBLE_W = 5.0
_UNITS = {"Wh": 1e3, "kJ": 3600.0, "MJ": 3.6, "J": 3.6e6, "MWh": 1e-3}
"""What a number of kWh is to be divided by if it was in another unit."""
_TIMES = {"minutes": 60.0, "hours": 3600.0, "milliseconds": 1e-3}
"""What a mean power is to be divided by if the seconds of the run were these."""
_AGREE = 2.0
"""So many times apart, power times time and an energy still mean the same: powers are rounded."""
_SUM = 0.01
"""The components may differ from the whole by this share, as tables are rounded."""


@dataclass(frozen=True)
class Energy:
    """The energy of a run.

    Attributes:
        kwh: in all.
        parts: by component, as the record names them; None: not known.
        duration_s: of the run; None: not known.
        how: `stated` by the table, `power` times time, or `codecarbon`.
    """

    kwh: float
    parts: Mapping[str, float | None]
    duration_s: float | None
    how: str


def stated_energy(
    columns: Columns, place: int, max_power_w: float, window_s: float | None = None
) -> Energy:
    """The energy of a row of a table of runs.

    Args:
        columns: of the table.
        place: the row, from 0.
        max_power_w: its mean power may not be more.
        window_s: from its start to its end, which counts where the row states no duration; None:
            not known.

    Raises:
        RunsError: it is missing, not above 0, or cannot be.
    """
    kwh, duration_s, power_w = (
        positive(columns.get(name), place) for name in ("energy_kwh", "duration_s", "power_w")
    )
    # Times in whole seconds may be equal: then they do not say how long a short run took.
    duration_s = duration_s or window_s or None
    product = None
    if duration_s is not None and power_w is not None:
        product = watt_seconds_to_kwh(power_w, duration_s)
    if kwh is None:
        if product is None:
            raise _missing(columns, place)
        parts = _parts(columns, place, product)
        checked = Energy(product, parts, duration_s, "power")
        require_power(columns.get("power_w"), place, checked, max_power_w)
        return checked
    column = columns.by_role["energy_kwh"]
    if product is not None and not 1 / _AGREE <= kwh / product <= _AGREE:
        times = kwh / product
        near = [unit for unit, size in _UNITS.items() if 1 / _AGREE <= times / size <= _AGREE]
        hint = f": is it in {near[0]}?" if near else ""
        column.refuse(
            place, f"must be in kWh, and power_w x {_timed(columns)} is {product:.3g}{hint}"
        )
    stated = Energy(kwh, _parts(columns, place, kwh), duration_s, "stated")
    require_power(column, place, stated, max_power_w, timed=columns.get("duration_s") is None)
    return stated


def positive(column: Column | None, place: int) -> float | None:
    """A number above 0; None: there is no column, or nothing in it.

    Raises:
        RunsError: it is 0 or less, or no number.
    """
    value = None if column is None else column.number(place)
    if value is not None and value <= 0:
        assert column is not None
        column.refuse(place, "must be above 0")
    return value


def require_power(
    column: Column | None, place: int, energy: Energy, max_power_w: float, *, timed: bool = True
) -> None:
    """Refuse an energy whose mean power no such machine has.

    Args:
        column: of the energy, or of the power.
        place: the row, from 0.
        energy: that of the row.
        max_power_w: its mean power may not be more.
        timed: whether clocks, and not a number in a unit, say how long it took.

    Raises:
        RunsError: names the mean power, and the unit that the energy may be in.
    """
    if energy.duration_s is None or column is None:
        return
    mean_w = kwh_to_joules(energy.kwh) / energy.duration_s
    if LEAST_W <= mean_w <= max_power_w:
        return
    units, times = (
        [unit for unit, size in sizes.items() if _PLAUSIBLE_W <= mean_w / size <= max_power_w]
        for sizes in (_UNITS, _TIMES)
    )
    asked = [f"the energy in {unit}" for unit in units[:1]]
    asked += [f"the duration in {unit}" for unit in times[-1:] if not timed]
    hint = f": is {' or '.join(asked)}?" if asked and energy.how != "power" else ""
    limits = f"{LEAST_W:g} to {max_power_w:g} W (max_power_w allows more)"
    column.refuse(
        place,
        f"means {mean_w:.3g} W over {energy.duration_s:g} s, but must be within {limits}{hint}",
    )


def _missing(columns: Columns, place: int) -> RunsError:
    names = ["energy_kwh"]
    if columns.get("power_w"):
        names += ["power_w", *(["duration_s"] if columns.get("duration_s") else TIMES)]
    used = [columns.get(name) for name in names]
    empty = listed([column.name for column in used if column and column.given(place) is None])
    if not empty:
        columns.by_role["ended_at"].refuse(place, "must be after its start, or duration_s above 0")
    return columns.sheet.fault(f"in {row(place)} there is no energy: {empty} must be above 0")


def _timed(columns: Columns) -> str:
    return "duration_s" if columns.get("duration_s") else "(ended_at - started_at)"


def _parts(columns: Columns, place: int, kwh: float) -> dict[str, float | None]:
    """The energy by component, which adds up to no more than the whole, or to just that."""
    parts: dict[str, float | None] = {}
    for name in PARTS:
        column = columns.get(name)
        parts[name] = None if column is None else column.number(place)
        if column is not None and (parts[name] or 0.0) < 0:
            column.refuse(place, "must be 0 or more")
    known = [part for part in parts.values() if part is not None]
    total = sum(known)
    too_little = len(known) == len(PARTS) and total < kwh * (1 - _SUM)
    if known and (total > kwh * (1 + _SUM) or too_little):
        raise columns.sheet.fault(
            f"in {row(place)} the components add up to {total:.6g} kWh, but the energy is {kwh:.6g}"
        )
    return parts
