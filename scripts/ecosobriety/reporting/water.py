"""The water that trainings consume, at the site and at the power plants."""

from collections.abc import Mapping
from typing import Any

from ecosobriety.footprint.embodied import BOUNDS
from ecosobriety.footprint.water import PLACES
from ecosobriety.reporting.tables import Cell, Column, Table
from ecosobriety.study.study import Case
from ecosobriety.study.wording import trainings
from ecosobriety.texts import Texts
from ecosobriety.units import Unit, readable_batch, readable_unit

# Here, because the module `units` decides a training's identity.
VOLUME_UNITS = (Unit("m³", 1e3), Unit("L", 1.0), Unit("mL", 1e-3))
"""From large to small; sizes in litres."""


def water_table(case: Case, text: Texts) -> Table | None:
    """Water for a training of each size; None where the study's file names no figure."""
    found = case.decision.result["water"]
    if found is None:
        return None
    places = [place for place in PLACES if found[f"{place}_l_per_kwh"] is not None]
    largest = max(size[f"{place}_l"]["central"] for size in found["sizes"] for place in places)
    batch = readable_batch(largest) if largest else 1
    columns = [
        Column(text("column.n_train")),
        *(Column(text(f"water.column.{place}")) for place in places),
    ]
    rows = [
        [
            Cell(text.integer(size["n_train"])),
            *(Cell(written_litres(size[f"{place}_l"], batch, text)) for place in places),
        ]
        for size in found["sizes"]
    ]
    notes = [_note(place, found["source_of"], text) for place in places]
    caption = text("water.caption", trainings=trainings(batch, text))
    return Table("water", caption, columns, rows, notes)


def _note(place: str, of: Mapping[str, Any] | None, text: Texts) -> str:
    """By what figure the water of a place follows."""
    if place != "source" or of is None:
        return text(f"water.note.{place}")
    return text(
        "water.note.of_source",
        source=text.name("source", of["source"]),
        reference=of["reference"],
        url=of["url"],
        verified=text.name("verified", of["verified"]),
    )


def written_litres(litres: Mapping[str, float | None], batch: int, text: Texts) -> str:
    """Litres of so many trainings with their bounds, in a readable unit."""
    low, mean, high = (_volume(litres[bound], batch, text) for bound in BOUNDS)
    if low is not None and high is None:
        return text("unit.from", mean=mean, low=low)
    if low is None or high is None:
        return str(mean)
    return text("unit.interval", mean=mean, low=low, high=high)


def _volume(litres: Any, batch: int, text: Texts) -> str | None:
    if litres is None:
        return None
    amount = litres * batch
    return text.quantity(amount, readable_unit(amount, VOLUME_UNITS))
