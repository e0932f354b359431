"""What trainings and their saving are like in everyday life, and the factors behind it."""

from collections.abc import Hashable, Mapping

from ecosobriety.footprint.equivalents import equivalents_of
from ecosobriety.reporting.sentences import legend
from ecosobriety.reporting.tables import Cell, Column, Table
from ecosobriety.study.electricity_view import MARKS
from ecosobriety.study.study import Case, Study
from ecosobriety.study.wording import country_name, trainings
from ecosobriety.tables import GRID_SOURCE
from ecosobriety.texts import Texts, is_known
from ecosobriety.units import BATCHES


def equivalents_table(case: Case, text: Texts) -> Table:
    """One training, what stopping earlier saves of it, and a thousand trainings or more.

    Emissions are those on the metering country's mix; energies those of the whole site (PUE).
    """
    pue = float(case.study.config["metering"]["pue"])
    full = case.electricity.at(GRID_SOURCE, case.decision.reference)
    emissions_g, used_kwh = float(full["emissions_g"]), float(full["energy_kwh"]) * pue
    batch = max(case.emissions_batch, BATCHES[1])
    size = {"n_train": text.integer(case.decision.reference)}
    amounts = {
        text("column.equivalents.one", **size): (emissions_g, used_kwh),
        text("column.equivalents.many", trainings=trainings(batch, text), **size): (
            emissions_g * batch,
            used_kwh * batch,
        ),
    }
    if case.decision.stop is not None:
        saved = case.electricity.saving(case.decision.stop)
        column = text(
            "column.equivalents.saved",
            trainings=trainings(batch, text),
            n_train=text.integer(case.decision.stop),
        )
        amounts[column] = (
            float(saved["emissions_saved_g"]) * batch,
            float(saved["energy_saved_kwh"]) * pue * batch,
        )
    counts = [
        [entry["count"] for entry in equivalents_of(_or_none(g), kwh, case.study.equivalents)]
        for g, kwh in amounts.values()
    ]
    rows = [
        [Cell(_name(row, text)), *(Cell(text.number(count[place])) for count in counts)]
        for place, row in enumerate(case.study.equivalents.to_dict("records"))
    ]
    columns = [
        Column(text("column.equivalents.equivalent"), numeric=False),
        *(Column(title) for title in amounts),
    ]
    caption = text("table.equivalents", model=case.model, country=country_name(case, text))
    return Table("equivalents", caption, columns, rows, legend(_marks(case.study), text))


def equivalent_factors(study: Study, text: Texts) -> Table:
    """The amount of one of each equivalent, with its reference."""
    columns = [
        Column(text("column.equivalents.equivalent"), numeric=False),
        Column(text("column.equivalents.amount")),
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
        for row in study.equivalents.to_dict("records")
    ]
    title = text("table.equivalent_factors")
    return Table("factor-equivalents", title, columns, rows, legend(_marks(study), text))


def _name(row: Mapping[Hashable, str], text: Texts) -> str:
    """The name of an equivalent with the mark of how its amount was verified."""
    name, mark = text.name("equivalent", row["equivalent"]), MARKS.get(row["verified"], "")
    return f"{name}\N{NO-BREAK SPACE}{mark}" if mark else name


def _marks(study: Study) -> list[str]:
    return [MARKS.get(str(verified), "") for verified in study.equivalents["verified"]]


def _or_none(value: float) -> float | None:
    return value if is_known(value) else None
