"""What the energies owe to the hardware: assumed powers, and trainings on different machines.

A study that ran on a cluster, or was taken up again on another machine, can hold several kinds of
hardware, whose energies are not one quantity. The report warns, and shows each kind for itself.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from markupsafe import Markup

from ecosobriety.decision.rows import mean_durations_s
from ecosobriety.reporting.sentences import data
from ecosobriety.reporting.tables import Cell, Column, Table
from ecosobriety.study.study import Case
from ecosobriety.study.wording import score_decimals
from ecosobriety.texts import Texts, decimals_for, is_known
from ecosobriety.units import ENERGY_UNITS, kwh_to_wh, readable_unit, seconds_to_hours

MOSTLY = 0.5
"""Share of the energy from which on it is called assumed."""
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


def energy_basis(case: Case, components: Sequence[Mapping[str, Any]], text: Texts) -> Markup | None:
    """What assumed powers decide of the energies; None where counters read all of them.

    Args:
        case: the data set and model.
        components: those of the provenance, of each machine.
        text: the language.
    """
    if case.energy_quality == "imported":
        return None
    duration_h = seconds_to_hours(float(case.runs["train_duration_s"].sum()))
    total_kwh = float(case.runs["energy_kwh"].sum())
    parts, assumed_kwh = [], 0.0
    for name in ("cpu", "gpu", "ram"):
        # An imported run need not say what its energy is made of.
        read = [machine[name] for machine in components if name in machine]
        estimated = any(part["quality"] == "estimated" for part in read)
        used_kwh = float(case.runs[f"energy_{name}_kwh"].sum())
        if estimated and used_kwh > 0 and duration_h > 0:
            assumed_kwh += used_kwh
            parts.append(
                text(
                    "headline.basis.part",
                    component=text(f"component.{name}"),
                    share=text.share(used_kwh / total_kwh),
                    power=text.number(kwh_to_wh(used_kwh) / duration_h, 2),
                )
            )
    if not parts:
        return None
    listed = ", ".join(parts)
    if assumed_kwh < MOSTLY * total_kwh:
        share = text.share(assumed_kwh / total_kwh)
        return text.markup("headline.basis.partly", share=share, parts=listed)
    basis = text.markup("headline.basis.assumed", parts=listed)
    if case.decision.stop is None:
        return basis
    durations_s = mean_durations_s(case.decision.result, case.runs)
    enough_s, whole_s = durations_s[case.decision.stop], durations_s[case.decision.reference]
    if enough_s is None or not whole_s or enough_s >= whole_s:
        return basis
    saved = 1 - enough_s / whole_s
    share = data(saved, text.share(saved))
    by_time = text.markup(
        "headline.basis.time", n_train=text.integer(case.decision.stop), share=share
    )
    return Markup(" ").join([basis, by_time])
