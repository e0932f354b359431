"""CodeCarbon's own file `emissions.csv`, one row of which is the energy of one run."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ecosobriety.errors import quote, row
from ecosobriety.imported.energies import Energy, positive, require_power
from ecosobriety.imported.roles import JOINS, PARTS, Columns
from ecosobriety.imported.sheet import Column, Sheet

ENERGY, DURATION = "energy_consumed", "duration"
_PARTS = dict(zip(PARTS, ("cpu_energy", "gpu_energy", "ram_energy"), strict=True))
_FACTS = (
    *("cpu_model", "gpu_model", "os", "python_version", "codecarbon_version", "country_iso_code"),
    *("timestamp", "tracking_mode", "project_name", "run_id", "experiment_id"),
)
_SEVERAL = {
    "run_id": "keep the last if their durations grow, as CodeCarbon's flush makes them",
    "experiment_id": "name the column that holds the run_id with columns.run_id",
}
"""What to do where several rows have one identifier."""
_COUNTS = ("cpu_count", "gpu_count", "ram_total_size")
MOST_PUE = 10
"""As of `metering.pue`."""


@dataclass(frozen=True)
class Metered:
    """What CodeCarbon says of a run: its energy without a PUE, the row, and what ran it."""

    energy: Energy
    place: int
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Emissions:
    """CodeCarbon's file, and what it is joined on.

    Attributes:
        sheet: the file.
        join: `run_id` or `experiment_id`.
        ids: the column of the table of runs that holds it.
        max_power_w: no run's mean power may be more.
    """

    sheet: Sheet
    join: str
    ids: Column
    max_power_w: float

    @cached_property
    def places(self) -> dict[str, list[int]]:
        """The rows of each identifier, from 0."""
        found = defaultdict(list)
        column = self.sheet.column(self.join)
        for place in range(self.sheet.rows):
            found[column.text(place) or ""].append(place)
        return dict(found)

    def of(self, place: int) -> Metered:
        """The energy of a row of the table of runs.

        Raises:
            RunsError: no row of the file, or several, are of this run, or its energy cannot be.
        """
        wanted = self.ids.text(place)
        if wanted is None:
            self.ids.refuse(place, f"must be a {self.join} of {self.sheet.path}")
        places = self.places.get(wanted, [])
        if not places:
            self.ids.refuse(place, self._unknown())
        if len(places) > 1:
            rows = " and ".join(str(found + 1) for found in places[:2])
            self.ids.refuse(
                place,
                f"must be of one row of {self.sheet.path}, but rows {rows} have this {self.join}: "
                f"{_SEVERAL[self.join]}",
            )
        return self._read(places[0])

    def _unknown(self) -> str:
        rows = self.ids.sheet.rows
        known = sum(self.ids.text(place) in self.places for place in range(rows))
        if known:
            return (
                f"is no {self.join} of {self.sheet.path}, which has those of {known} of the {rows} "
                "rows: it lacks this run's"
            )
        return (
            f"is no {self.join} of {self.sheet.path}: name the column that holds CodeCarbon's with "
            f"columns.{self.join}"
        )

    def _read(self, place: int) -> Metered:
        sheet = self.sheet
        stated = self._optional("pue")
        pue = positive(stated, place) or 1.0
        if stated is not None and not 1 <= pue <= MOST_PUE:
            stated.refuse(place, f"must be from 1 (what the machines take alone) to {MOST_PUE}")
        # CodeCarbon multiplies all its energies by it; the study has a PUE of its own.
        written = positive(sheet.column(ENERGY), place)
        duration_s = positive(sheet.column(DURATION), place)
        if written is None or duration_s is None:
            empty = sheet.column(ENERGY if written is None else DURATION)
            empty.refuse(place, "must be a number above 0")
        parts = {
            name: None if (value := self._number(own, place)) is None else value / pue
            for name, own in _PARTS.items()
        }
        total = sum(part or 0.0 for part in parts.values())
        if None not in parts.values() and abs(total * pue - written) > 0.01 * written:
            raise sheet.fault(
                f"in {row(place)} its components add up to {total * pue:.6g} kWh, but "
                f"{ENERGY} is {written:.6g}"
            )
        energy = Energy(written / pue, parts, duration_s, "codecarbon")
        require_power(sheet.column(ENERGY), place, energy, self.max_power_w)
        facts: dict[str, Any] = {name: self._text(name, place) for name in _FACTS}
        facts |= {name: self._number(name, place) for name in _COUNTS}
        return Metered(energy, place, {**facts, "pue": pue})

    def _optional(self, name: str) -> Column | None:
        return self.sheet.column(name) if name in self.sheet.names else None

    def _number(self, name: str, place: int) -> float | None:
        column = self._optional(name)
        return None if column is None else column.number(place)

    def _text(self, name: str, place: int) -> str | None:
        column = self._optional(name)
        return None if column is None else column.text(place)


def join(
    columns: Columns, sheet: Sheet, mapping: Mapping[str, Any], max_power_w: float
) -> Emissions:
    """Find out what CodeCarbon's file and a table of runs are joined on.

    Raises:
        RunsError: there is no such column in both, the file is not CodeCarbon's, or the table has
            energies of its own.
    """
    for name in (ENERGY, DURATION):
        if name not in sheet.names:
            raise sheet.fault(f"has no column {name}, as CodeCarbon's file has")
    for name in ("energy_kwh", "power_w", *PARTS):
        if (own := columns.get(name)) is not None:
            raise columns.sheet.fault(
                f"has the energies {quote(own.name)}, and emissions has others: leave one out "
                f"(columns.{name}: null)"
            )
    chosen = [name for name in JOINS if mapping.get(name) is not None]
    found = [name for name in (*chosen, *JOINS) if columns.get(name) and name in sheet.names]
    if not found:
        raise columns.sheet.fault(
            f"has no column run_id or experiment_id to find its runs in {sheet.path} by: name one "
            "with columns.run_id"
        )
    return Emissions(sheet, found[0], columns.by_role[found[0]], max_power_w)
