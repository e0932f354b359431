"""What trainings and their saving are like in everyday life, and the factors behind it."""

from collections.abc import Hashable, Mapping

from ecosobriety.footprint.equivalents import equivalents
from ecosobriety.reporting.sentences import legend
from ecosobriety.reporting.tables import Cell, Column, Table
from ecosobriety.study.study import MARKS, Case, Study
from ecosobriety.study.wording import country_name, trainings
from ecosobriety.tables import GRID_SOURCE
from ecosobriety.texts import Texts, is_known
from ecosobriety.units import BATCHES


def everyday_table(case: Case, text: Texts) -> Table:
    """One training, what stopping earlier saves of it, and a thousand trainings or more.

    Emissions are those on the metering country's mix; energies those of the whole site (PUE).
    """
    pue = float(case.study.config["metering"]["pue"])
    full = case.at(GRID_SOURCE, case.reference)
    emissions_g, used_kwh = float(full["emissions_g"]), float(full["energy_kwh"]) * pue
    batch = max(case.emissions_batch, BATCHES[1])
    size = {"n_train": text.integer(case.reference)}
    amounts = {
        text("column.everyday.one", **size): (emissions_g, used_kwh),
        text("column.everyday.many", trainings=trainings(batch, text), **size): (
            emissions_g * batch,
            used_kwh * batch,
        ),
    }
    if case.stop is not None:
        saved = case.saving(case.stop)
        column = text(
            "column.everyday.saved",
            trainings=trainings(batch, text),
            n_train=text.integer(case.stop),
        )
        amounts[column] = (
            float(saved["emissions_saved_g"]) * batch,
            float(saved["energy_saved_kwh"]) * pue * batch,
        )
    counts = [
        [entry["count"] for entry in equivalents(_or_none(g), kwh, case.study.everyday)]
        for g, kwh in amounts.values()
    ]
    rows = [
        [Cell(_name(row, text)), *(Cell(text.number(count[place])) for count in counts)]
        for place, row in enumerate(case.study.everyday.to_dict("records"))
    ]
    columns = [
        Column(text("column.everyday.equivalent"), numeric=False),
        *(Column(title) for title in amounts),
    ]
    caption = text("table.everyday", model=case.model, country=country_name(case, text))
    return Table("everyday", caption, columns, rows, legend(_marks(case.study), text))


def everyday_factors(study: Study, text: Texts) -> Table:
    """The amount of one of each equivalent, with its reference."""
    columns = [
        Column(text("column.everyday.equivalent"), numeric=False),
        Column(text("column.everyday.amount")),
        Column(text("column.reference"), numeric=False),
        Column(text("column.year")),
        Column(text("column.verified"), numeric=False),
    ]
    rows = [
        [
            Cell(_name(row, text)),
            Cell((text.mass if row["unit"] == "g" else text.energy)(row["amount"])),
            Cell(row["reference"], href=row["url"], lang="en"),
            Cell(str(row["year"])),
            Cell(text.name("verified", row["verified"])),
        ]
        for row in study.everyday.to_dict("records")
    ]
    title = text("table.everyday_factors")
    return Table("factor-everyday", title, columns, rows, legend(_marks(study), text))


def _name(row: Mapping[Hashable, str], text: Texts) -> str:
    """The name of an equivalent with the mark of how its amount was verified."""
    name, mark = text.name("equivalent", row["equivalent"]), MARKS.get(row["verified"], "")
    return f"{name}\N{NO-BREAK SPACE}{mark}" if mark else name


def _marks(study: Study) -> list[str]:
    return [MARKS.get(str(verified), "") for verified in study.everyday["verified"]]


def _or_none(value: float) -> float | None:
    return value if is_known(value) else None
