"""Efficiency: what a score takes in time, energy and CO2, and what a fixed budget buys."""

import math
from typing import Any

import pandas as pd

from ecosobriety.reporting.sentences import legend
from ecosobriety.reporting.tables import Cell, Column, Table
from ecosobriety.study.study import Case, Study
from ecosobriety.study.wording import (
    baseline_row,
    country_name,
    ratio,
    score_decimals,
    source_name,
    trainings,
)
from ecosobriety.study_config.plan import adapts_epochs
from ecosobriety.tables import GRID_SOURCE
from ecosobriety.texts import Texts, is_known
from ecosobriety.units import ENERGY_UNITS, MASS_UNITS, Unit, readable_unit


def efficiency(study: Study, text: Texts) -> dict[str, Any]:
    """The section: a table of the study; how energy grows and what a budget buys, by model."""
    return {
        "table": efficiency_table(study, text),
        "budget": _budget(study, text),
        "growth": [_growth(case, text) for case in study.cases() if len(case.decision.curve) > 1],
        "access": [budget_table(case, text) for case in study.cases()],
    }


def _budget(study: Study, text: Texts) -> list[str]:
    """How long each size is trained, as far as it is known: nothing of what runs without us."""
    others = [
        model["name"]
        for model in study.config["models"]
        if model.get("runs") or model.get("command")
    ]
    names = [case.model for case in study.cases()]
    if adapts_epochs(study.config):
        others += names
    own = [name for name in names if name not in others]
    said = []
    if own:
        scope = "all" if len(own) == len(names) else "some"
        shown = text(f"efficiency.budget.scope.{scope}", models=", ".join(own))
        said.append(text(f"efficiency.budget.{study.config['training']['budget']}", scope=shown))
    for case in study.cases():
        epochs = case.runs["epochs"]
        if case.model in own or epochs.isna().any():
            continue
        low, high = float(epochs.min()), float(epochs.max())
        said.append(
            text(
                "efficiency.budget.known." + ("same" if low == high else "differ"),
                model=case.model,
                low=_epochs(low, text),
                high=_epochs(high, text),
            )
        )
    return said


def _epochs(count: float, text: Texts) -> str:
    return text.integer(count) if count.is_integer() else text.number(count)


def efficiency_table(study: Study, text: Texts) -> Table:
    """Score, time, energy and emissions side by side for every model and size."""
    table = study.efficiency
    energy = readable_unit(float(table["energy_kwh_mean"].max()), ENERGY_UNITS)
    batch = study.emissions_batch
    emissions = readable_unit(float(table["emissions_g"].max()) * batch, MASS_UNITS)
    columns = [
        Column(text("column.model"), numeric=False),
        Column(text("column.n_train")),
        Column(text("column.accuracy_mean")),
        Column(text("column.duration")),
        Column(text("column.energy_mean", unit=energy.symbol)),
        Column(
            text(
                "column.emissions_mean",
                trainings=trainings(batch, text),
                unit=emissions.symbol,
            )
        ),
        Column(text("column.marginal_accuracy", unit=energy.symbol)),
        Column(text("column.on_front"), numeric=False),
    ]
    rows = [
        _efficiency_row(row, energy, emissions, batch, score_decimals(study), text)
        for _, row in table.iterrows()
    ]
    if (score := study.cases()[0].decision.baseline) is not None:
        shown = text.fixed(score * text.metric.display_factor, score_decimals(study))
        written = [baseline_row(study, text), "–", shown, *["–"] * 5]
        rows.append([Cell(cell) for cell in written])
    rows += [[Cell(model), *[Cell("–")] * (len(columns) - 1)] for model in study.untrained]
    country = country_name(study.cases()[0], text)
    return Table(
        "efficiency",
        text("table.efficiency.caption", country=country),
        columns,
        rows,
        [
            text("table.efficiency.note", unit=energy.symbol),
            *(text("figure.untrained", model=model) for model in study.untrained),
        ],
    )


def _efficiency_row(
    row: pd.Series, energy: Unit, emissions: Unit, batch: int, decimals: int, text: Texts
) -> list[Cell]:
    metric = text.metric
    gain = (
        metric.sign * row[f"marginal_{metric.name}_per_kwh"] * metric.display_factor * energy.size
    )
    emitted_g = row["emissions_g"] * batch
    texts = [
        str(row["model"]),
        text.integer(row["n_train"]),
        text.fixed(row[f"{metric.name}_mean"] * metric.display_factor, decimals),
        text.number(row["duration_s_mean"]),
        text.number(row["energy_kwh_mean"] / energy.size),
        text.number(emitted_g / emissions.size if is_known(emitted_g) else None),
        text.number(gain) if is_known(gain) else "–",
        text("yes" if row["on_front"] else "no"),
    ]
    return [Cell(written) for written in texts]


def _growth(case: Case, text: Texts) -> str:
    """How energy grows with size."""
    curve = case.decision.curve
    first, last = int(curve.index[0]), int(curve.index[-1])
    energy_kwh = curve["energy_kwh_mean"]
    return text(
        "efficiency.growth.energy",
        model=case.model,
        first=text.integer(first),
        last=text.integer(last),
        data=text.number(last / first, 2),
        energy=text.number(ratio(float(energy_kwh[last]), float(energy_kwh[first])), 2),
    )


def budget_table(case: Case, text: Texts) -> Table:
    """What a fixed budget buys, in trainings at the reference and at the smaller size.

    The poster asks for fair access to computing: who has little can train as often as others.
    """
    sizes = (
        [case.decision.reference]
        if case.decision.stop is None
        else [case.decision.reference, case.decision.stop]
    )
    columns = [
        Column(text("column.budget"), numeric=False),
        *(Column(text("column.trainings_at", n_train=text.integer(size))) for size in sizes),
    ]
    rows = [
        [Cell(budget), *(Cell(_trainings(ratio(1, price), text)) for price in prices)]
        for budget, prices in _budgets(case, sizes, text)
    ]
    caption = text("table.budget.caption", model=case.model)
    return Table("budget", caption, columns, rows, _budget_notes(case, text))


def _budgets(case: Case, sizes: list[int], text: Texts) -> list[tuple[str, list[float]]]:
    """One unit of each budget by its name, and what a training at each size takes of it.

    That is the reference's amount, without the share that the size saves of it.
    """
    pue = float(case.study.config["metering"]["pue"])
    reference = case.decision.reference
    # What is saved of the reference's: where nothing is taken, there is no share of it.
    shares = [float(case.electricity.saving(size)["saved_share"]) for size in sizes]
    parts = [1.0 if math.isnan(share) else 1 - share for share in shares]
    full_kwh = float(case.decision.curve["energy_kwh_mean"][reference]) * pue
    name = text("table.budget.energy", energy=text.energy(1.0, 1))
    budgets = [(name, [part * full_kwh for part in parts])]
    order = case.electricity.source_order("cost")
    contracts = [source for source in order if source != GRID_SOURCE]
    own_mix = [source for source in order if source == GRID_SOURCE]
    # The cheapest, the most expensive and the country's mix, as far as they exist, each once.
    for source in dict.fromkeys([*contracts[-1:], *contracts[:1], *own_mix]):
        name = text(
            "table.budget.money",
            money=text.money(1.0, case.electricity.currency, 1),
            source=source_name(case, source, text, case.electricity.cost_mark(source)),
        )
        full_cost = float(case.electricity.at(source, reference)["cost"])
        budgets.append((name, [part * full_cost for part in parts]))
    return budgets


def _trainings(count: float | None, text: Texts) -> str:
    """A number of trainings to three significant digits, as energies are known no better.

    What is free sets no limit.
    """
    if count is None:
        return text("table.budget.unlimited")
    return text.number(float(f"{count:.2e}"))


def _budget_notes(case: Case, text: Texts) -> list[str]:
    marks = [case.electricity.cost_mark(source) for source in case.electricity.source_order("cost")]
    if case.decision.stop is None:
        return legend(marks, text)
    note = text(
        "table.budget." + ("smaller" if case.decision.smaller_suffices else "half"),
        n_train=text.integer(case.decision.stop),
        ratio=text.number(
            ratio(1, 1 - float(case.electricity.saving(case.decision.stop)["saved_share"])), 2
        ),
    )
    return [note, *legend(marks, text)]
