"""The energy of failed attempts: what it is in all, and for which trainings it was spent."""

from typing import Any

from ecosobriety.reporting.tables import Cell, Column, Table
from ecosobriety.study.study import Study
from ecosobriety.texts import Texts
from ecosobriety.units import ENERGY_UNITS, readable_unit


def lost_section(study: Study, text: Texts) -> dict[str, Any]:
    """What failed attempts have used: `sentence`, and `table`, None where nothing was lost.

    A table of imported runs need not hold those that failed.
    """
    runs = study.runs
    lost = runs[runs["lost_energy_kwh"] > 0]
    costs = [case.decision.result["study_cost"] for case in study.cases()]
    beside_kwh = sum(cost["lost_beside_plan_kwh"] for cost in costs)
    beside = text("lost.beside", lost=text.energy(beside_kwh)) if beside_kwh else ""
    gone = study.recommendation["other_models"]
    if gone["models"]:
        spent = {name: text.energy(gone[name]) for name in ("energy_kwh", "lost_energy_kwh")}
        others = text(
            "lost.others",
            models=", ".join(gone["models"]),
            trainings=text.integer(gone["trainings"]),
            **spent,
        )
        beside = f"{beside} {others}".lstrip()
    if lost.empty and beside:
        return {"sentence": beside, "table": None}
    if lost.empty:
        imported = runs["energy_quality"] == "imported"
        known = [] if imported.all() else [text("lost.nothing")]
        said = [*known, *([text("lost.unknown")] if imported.any() else [])]
        return {"sentence": " ".join(said), "table": None}
    lost_kwh, used_kwh = float(lost["lost_energy_kwh"].sum()), float(runs["energy_kwh"].sum())
    unit = readable_unit(float(lost["lost_energy_kwh"].max()), ENERGY_UNITS)
    columns = [
        Column(text("column.model"), numeric=False),
        Column(text("column.n_train")),
        Column(text("column.seed")),
        Column(text("column.lost_energy", unit=unit.symbol)),
    ]
    rows = [
        [
            Cell(row["model"]),
            Cell(text.integer(row["n_train"])),
            Cell(str(row["seed"])),
            Cell(text.number(row["lost_energy_kwh"] / unit.size)),
        ]
        for row in lost.to_dict("records")
    ]
    values = {
        "lost": text.energy(lost_kwh),
        "share": text.share(lost_kwh / used_kwh, 1),
        "trainings": text.integer(len(lost)),
    }
    all_imported = bool((lost["energy_quality"] == "imported").all())
    sentence = (
        text("lost.imported", **values)
        if all_imported
        else text.plural("lost.some", len(lost), **values)
    )
    return {
        "sentence": f"{sentence} {beside}".rstrip(),
        "table": Table("lost", text("table.lost"), columns, rows),
    }
