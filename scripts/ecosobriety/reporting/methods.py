"""The methods of quantification side by side: needs, blind spots, and how far off they are here."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ecosobriety.methods import Spread, Summary, operations
from ecosobriety.reporting.sentences import legend
from ecosobriety.reporting.tables import Cell, Column, Table, remark_cell
from ecosobriety.study.electricity_view import MARKS
from ecosobriety.study.study import Study
from ecosobriety.study.wording import country_name
from ecosobriety.texts import Texts

STATED = 0.995
"""From this tau on, two rankings are called the same: it would be shown as 1.00."""


def methods_section(study: Study, text: Texts) -> dict[str, Any]:
    """What the report says about the methods.

    Returns:
        `intro`; `tables`: how far off each method is and how it ranks, what each needs and ignores
        and when to use it, and the operations beside the energy; `sentences`; `missing`: methods
        that say nothing on some trainings, each a (sentence, cell with the reason).
    """
    rows, taus = study.method_summaries, study.method_ranks
    compared = is_compared(study)
    work = operations(study.runs)
    return {
        "intro": text("methods.intro" if compared else "methods.intro_alone"),
        "sentences": [*([_ranking(taus, text)] if compared else []), *_work(work, study, text)],
        "missing": [
            (
                text(
                    "methods.missing",
                    method=text(f"method.{row.method}"),
                    count=text.integer(count),
                    trainings=text.integer(row.trainings),
                ),
                remark_cell(reason, text),
            )
            for row in rows
            for reason, count in row.reasons.items()
        ],
        "tables": [
            ratio_table(rows, taus, study, text) if compared else applied_table(rows, text),
            guide_table(rows, text),
            *([operation_table(work, study, text)] if len(work) else []),
            constant_table(study, text),
            *hardware_tables(study, text),
        ],
    }


def is_compared(study: Study) -> bool:
    """Whether CodeCarbon recorded any of the trainings, which all methods are compared with."""
    return any(
        row.method == "codecarbon" and row.harmonised is not None for row in study.method_summaries
    )


def methods_caption(study: Study, text: Texts) -> str:
    """What the figure shows."""
    return " ".join([text("caption.methods.dots"), _farthest(study.method_summaries, text)])


def ratio_table(
    rows: Sequence[Summary], taus: Mapping[str, float | None], study: Study, text: Texts
) -> Table:
    """Each method's ratio to CodeCarbon, with its own and with common PUE and intensity; tau."""
    columns = [
        Column(text("column.method"), numeric=False),
        Column(text("column.applied")),
        Column(text("column.ratio_harmonised")),
        Column(text("column.ratio_own")),
        Column(text("column.tau")),
    ]
    cells = [
        [
            Cell(text(f"method.{row.method}")),
            _applied(row, text),
            Cell(_spread(row.harmonised, text)),
            Cell(_spread(row.own, text)),
            Cell("–" if (tau := taus[row.method]) is None else text.fixed(tau, 2)),
        ]
        for row in rows
    ]
    caption = text(
        "table.methods.ratio",
        pue=text.exact(float(study.config["metering"]["pue"])),
        country=country_name(study.cases()[0], text),
    )
    return Table("methods-ratio", caption, columns, cells, [text("table.methods.ratio_note")])


def applied_table(rows: Sequence[Summary], text: Texts) -> Table:
    """To how many trainings each method can be applied, where there is nothing to compare with."""
    columns = [Column(text("column.method"), numeric=False), Column(text("column.applied"))]
    cells = [[Cell(text(f"method.{row.method}")), _applied(row, text)] for row in rows]
    return Table("methods-ratio", text("table.methods.applied"), columns, cells)


def _applied(row: Summary, text: Texts) -> Cell:
    applied, trainings = text.integer(row.applied), text.integer(row.trainings)
    return Cell(text("methods.applied", applied=applied, trainings=trainings))


def _spread(spread: Spread | None, text: Texts) -> str:
    if spread is None:
        return "–"
    return text(
        "unit.interval",
        mean=text.number(spread.median),
        low=text.number(spread.low),
        high=text.number(spread.high),
    )


def guide_table(rows: Sequence[Summary], text: Texts) -> Table:
    """What each method needs and ignores, and when to use it."""
    columns = [
        Column(text(f"column.{name}"), numeric=False)
        for name in ("method", "needs", "own_defaults", "ignores", "use")
    ]
    cells = [
        [
            Cell(text(f"method.{row.method}")),
            *(Cell(text(f"methods.{part}.{row.method}")) for part in ("needs", "defaults")),
            Cell(_ignored(row.ignores, text)),
            Cell(text(f"methods.use.{row.method}")),
        ]
        for row in rows
    ]
    notes = [text("table.methods.guide_note"), *legend([MARKS["from memory"]], text)]
    return Table("methods-guide", text("table.methods.guide"), columns, cells, notes)


def _ignored(ignores: Sequence[str], text: Texts) -> str:
    return ", ".join(text(f"methods.ignored.{word}") for word in ignores)


def operation_table(work: pd.DataFrame, study: Study, text: Texts) -> Table:
    """Green AI's E, D and H beside the energy of each model and size."""
    columns = [
        Column(text("column.model"), numeric=False),
        Column(text("column.n_train")),
        Column(text("column.flop_per_example")),
        Column(text("column.examples_seen")),
        Column(text("column.gigaflop")),
        Column(text("column.joules_per_gigaflop")),
    ]
    cells = [
        [
            Cell(str(row["model"])),
            Cell(text.integer(row["n_train"])),
            Cell(text.integer(row["flop_per_example"])),
            Cell(text.integer(row["examples_seen"])),
            Cell(text.number(row["gigaflop"])),
            Cell(text.number(row["joules_per_gigaflop"])),
        ]
        for _, row in work.iterrows()
    ]
    caption = text("table.methods.operations", trainings=text.integer(len(study.runs)))
    return Table("methods-operations", caption, columns, cells)


def constant_table(study: Study, text: Texts) -> Table:
    """The constants of the methods, with their references."""
    columns = [
        Column(text("column.constant"), numeric=False),
        Column(text("column.value")),
        Column(text("column.unit"), numeric=False),
        *_reference_columns(text),
    ]
    table = study.method_inputs.constants
    cells = [
        [
            Cell(text.name("methods.constant", row["constant"])),
            Cell(_marked(text.exact(row["value"]), row, text)),
            Cell("" if row["unit"] == "1" else row["unit"]),
            *_reference_cells(row, text),
        ]
        for _, row in table.iterrows()
    ]
    caption = text("table.methods.constants")
    return Table("methods-constants", caption, columns, cells, _marks(table, text))


def hardware_tables(study: Study, text: Texts) -> list[Table]:
    """The thermal design power of the devices that the trainings ran on, where it is known."""
    found = study.method_inputs.rows_of(study.runs["device"].dropna().unique())
    if found.empty:
        return []
    columns = [
        Column(text("column.device"), numeric=False),
        Column(text("column.tdp")),
        *_reference_columns(text),
    ]
    cells = [
        [
            Cell(row["device"]),
            Cell(_marked(text.exact(row["tdp_w"]), row, text)),
            *_reference_cells(row, text),
        ]
        for _, row in found.iterrows()
    ]
    caption = text("table.methods.hardware")
    return [Table("methods-hardware", caption, columns, cells, _marks(found, text))]


def _reference_columns(text: Texts) -> list[Column]:
    return [
        Column(text("column.reference"), numeric=False),
        Column(text("column.year")),
        Column(text("column.verified"), numeric=False),
    ]


def _reference_cells(row: pd.Series, text: Texts) -> list[Cell]:
    return [
        Cell(row["reference"], href=row["url"], lang="en"),
        Cell(str(row["year"])),
        Cell(_marked(text.name("verified", row["verified"]), row, text)),
    ]


def _marked(written: str, row: pd.Series, text: Texts) -> str:
    mark = MARKS.get(row["verified"], "")
    return f"{written}\N{NO-BREAK SPACE}{mark}" if mark else written


def _marks(table: pd.DataFrame, text: Texts) -> list[str]:
    return legend([MARKS.get(word, "") for word in table["verified"]], text)


def _farthest(rows: Sequence[Summary], text: Texts) -> str:
    """Which method is farthest from CodeCarbon with the same PUE and intensity, and by how much."""
    others = [
        (abs(np.log(row.harmonised.median)), row)
        for row in rows
        if row.harmonised is not None and row.harmonised.median > 0 and row.method != "codecarbon"
    ]
    if not others:
        return text("methods.farthest.none")
    row = max(others, key=lambda pair: pair[0])[1]
    assert row.harmonised is not None
    ratio = row.harmonised.median
    return text(
        "methods.farthest." + ("above" if ratio >= 1 else "below"),
        method=text(f"method.{row.method}"),
        times=text.number(max(ratio, 1 / ratio), 2),
    )


def _ranking(taus: Mapping[str, float | None], text: Texts) -> str:
    """Whether the methods agree on which of two trainings is greener."""
    ranked = {
        method: tau for method, tau in taus.items() if tau is not None and method != "codecarbon"
    }
    if not ranked:
        return text("methods.ranking.none")
    lowest, tau = min(ranked.items(), key=lambda item: item[1])
    if tau >= STATED:
        return text("methods.ranking.same", methods=text.integer(len(ranked)))
    return text(
        "methods.ranking.differ",
        methods=text.integer(len(ranked)),
        lowest=text(f"method.{lowest}"),
        tau=text.fixed(tau, 2),
    )


def _work(work: pd.DataFrame, study: Study, text: Texts) -> list[str]:
    """How well operation counts predict the energy."""
    if work["gigaflop"].nunique() < 2 or work["energy_kwh"].nunique() < 2:
        return []
    per_operation = work["joules_per_gigaflop"]
    correlation = float(np.corrcoef(np.log(work["gigaflop"]), np.log(work["energy_kwh"]))[0, 1])
    return [
        text(
            "methods.work",
            low=text.number(float(per_operation.min())),
            high=text.number(float(per_operation.max())),
            times=text.number(float(per_operation.max() / per_operation.min()), 2),
            correlation=text.fixed(correlation, 2),
            models=text.integer(work["model"].nunique()),
        )
    ]
