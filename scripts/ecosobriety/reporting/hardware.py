"""Trainings that were measured on different hardware: their energies are not one quantity.

A study that ran on a cluster, or was taken up again on another machine, can hold several kinds. The
report then warns, and shows each kind for itself.
"""

import pandas as pd

from ecosobriety.reporting.tables import Cell, Column, Table
from ecosobriety.study.study import Case
from ecosobriety.study.wording import score_decimals
from ecosobriety.texts import Texts, decimals_for, is_known
from ecosobriety.units import ENERGY_UNITS, readable_unit

HARDWARE = ["device", "threads"]
"""Columns of `runs` in which trainings must agree for their energies to be compared."""


def hardware_warning(case: Case, text: Texts) -> str | None:
    """That the means mix different hardware, and which; None where there is one kind alone."""
    kinds = case.runs.groupby(HARDWARE, dropna=False).size().reset_index(name="trainings")
    if len(kinds) == 1:
        return None
    named = [
        text(
            "hardware.counted",
            hardware=_name(kind["device"], kind["threads"], text),
            trainings=text.integer(kind["trainings"]),
        )
        for kind in kinds.to_dict("records")
    ]
    return text("hardware.warning", kinds=text.integer(len(kinds)), named="; ".join(named))


def hardware_table(case: Case, text: Texts) -> Table | None:
    """Energy and score of every size on every kind of hardware; None where there is one alone."""
    if hardware_warning(case, text) is None:
        return None
    score = case.metric.test_column
    # By a number: of imported runs, the hardware may be missing.
    kind = case.runs.groupby(HARDWARE, dropna=False).ngroup()
    groups = (
        case.runs.assign(kind=kind)
        .groupby(["kind", "n_train"])
        .agg(
            device=("device", "first"),
            threads=("threads", "first"),
            trainings=("seed", "size"),
            energy_kwh=("energy_kwh", "mean"),
            duration_s=("train_duration_s", "mean"),
            score=(score, "mean"),
        )
        .reset_index()
    )
    at_reference = groups[groups["n_train"] == case.decision.reference].set_index("kind")
    groups = groups.join(at_reference["energy_kwh"].rename("reference_kwh"), on="kind")
    unit = readable_unit(float(groups["energy_kwh"].max()), ENERGY_UNITS)
    decimals = decimals_for(float(groups["energy_kwh"].max()) / unit.size, 3)
    columns = [
        Column(text("hardware.column"), numeric=False),
        Column(text("column.n_train")),
        Column(text("hardware.trainings")),
        Column(text("column.accuracy_mean")),
        Column(text("column.duration")),
        Column(text("column.energy_mean", unit=unit.symbol)),
        Column(text("hardware.share", reference=text.integer(case.decision.reference))),
    ]
    rows = [
        [
            Cell(_name(row["device"], row["threads"], text)),
            Cell(text.integer(row["n_train"])),
            Cell(text.integer(row["trainings"])),
            Cell(text.fixed(row["score"] * case.metric.display_factor, score_decimals(case.study))),
            Cell(text.number(row["duration_s"])),
            Cell(text.fixed(row["energy_kwh"] / unit.size, decimals)),
            Cell(text.share(row["energy_kwh"] / row["reference_kwh"])),
        ]
        for row in groups.to_dict("records")
    ]
    return Table("hardware", text("hardware.table"), columns, rows, [text("hardware.note")])


def _name(device: str | None, threads: int | None, text: Texts) -> str:
    """A kind of hardware; of imported runs it, or its threads, need not be known."""
    name = text("hardware.unknown") if pd.isna(device) else str(device)
    if not is_known(threads):
        return name
    return text.plural("hardware.name", threads, device=name, threads=text.integer(threads))
