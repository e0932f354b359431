"""What the study answers under two editions of the factors, side by side."""

from collections.abc import Sequence

import pandas as pd

from ecosobriety.claims import Checked
from ecosobriety.claims.finding import in_words
from ecosobriety.electricity.editions import POSTER
from ecosobriety.reporting.tables import Cell, Column, Table
from ecosobriety.study.study import Case, Study
from ecosobriety.study.wording import country_name, source_name, trainings
from ecosobriety.texts import Texts, is_known


def editions_table(study: Study, claims: Sequence[Checked] | None, text: Texts) -> Table | None:
    """The answers and verdicts under each edition; None where they were not compared."""
    found = study.editions
    if found is None:
        return None
    names = list(found["edition"].unique())
    rows = [
        row
        for case in study.cases()
        for row in _case_rows(case, found, names, len(study.cases()) > 1, text)
    ]
    for one in claims or []:
        verdicts = found[found["item"] == one.claim["id"]].set_index("edition")["verdict"]
        statement, _ = in_words(one.claim, one.finding, one.case, text)
        cells = [Cell(text(f"claim_verdict.{verdicts[name]}")) for name in names]
        rows.append([Cell(statement), *cells])
    columns = [
        Column(text("column.answer"), numeric=False),
        *(Column(edition_name(name, text), numeric=False) for name in names),
    ]
    return Table("editions", text("table.editions"), columns, rows)


def edition_name(edition: str, text: Texts) -> str:
    """An edition's name in the page's language."""
    if edition == POSTER:
        return text("edition.poster")
    return text("edition.dated", year=edition)


def _case_rows(
    case: Case, found: pd.DataFrame, names: Sequence[str], several: bool, text: Texts
) -> list[list[Cell]]:
    own = found[(found["dataset"] == case.dataset) & (found["model"] == case.model)]
    rows = []
    for item in own["item"].unique():
        values = own[own["item"] == item].set_index("edition")
        coverage = case.electricity.coverage
        of_part = item.startswith("cost") and coverage < 1
        label = text(
            f"edition.item.{item}{'_part' * of_part}",
            coverage=text.exact_share(coverage),
            country=country_name(case, text),
            trainings=trainings(_batch(case, item), text),
        )
        cells = [
            Cell(_written(case, item, values.loc[name], text) if name in values.index else "–")
            for name in names
        ]
        rows.append([Cell(f"{label} ({case.model})" if several else label), *cells])
    return rows


def _batch(case: Case, item: str) -> int:
    return case.electricity.cost_batch if item.startswith("cost") else case.emissions_batch


def _written(case: Case, item: str, row: pd.Series, text: Texts) -> str:
    value = row["value"]
    if not is_known(value):
        return text("missing")
    if item == "emissions_saved" and value == 0:
        return text("edition.nothing")
    if item == "grid_intensity":
        return f"{text.number(value)} g/kWh"
    if item.startswith("emissions"):
        return text.mass(value * _batch(case, item))
    money = text.money(value * _batch(case, item), row["unit"])
    return f"{money} ({source_name(case, row['source'], text)})"
