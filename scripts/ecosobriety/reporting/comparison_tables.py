"""The tables of the page on several studies."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import pandas as pd

from ecosobriety.reporting.tables import Cell, Column, Table
from ecosobriety.studies.comparable import at_retail
from ecosobriety.studies.comparing import SAME_SIZE
from ecosobriety.studies.finished import Finished
from ecosobriety.study.wording import trainings
from ecosobriety.tables import GRID_SOURCE
from ecosobriety.texts import Texts, decimals_for, is_known
from ecosobriety.units import ENERGY_UNITS, MASS_UNITS, readable_batch, readable_unit

_DIGEST = 12
_RATIOS = ("energy_ratio", "duration_ratio", "emissions_ratio", "cost_ratio")


class Rows:
    """The rows of the table `comparison`, and what the page calls them."""

    def __init__(self, studies: Sequence[Finished], table: pd.DataFrame, text: Texts) -> None:
        self.studies = studies
        self.table = table
        self.all: list[dict[str, Any]] = [
            {str(name): value for name, value in row.items()} for row in table.to_dict("records")
        ]
        self.confidence = text.exact_share(float(studies[0].recommendation["confidence"]))
        self._text = text
        self._several = table.groupby("study")["model"].nunique().max() > 1

    @property
    def own_confidences(self) -> str:
        """Of the intervals of each study's own results."""
        each = {
            study.name: self._text.exact_share(float(study.recommendation["confidence"]))
            for study in self.studies
        }
        if len({*each.values()}) == 1:
            return self.confidence
        return self._text("comparison.own_confidences", all=", ".join(dict.fromkeys(each.values())))

    def at(self, at: str) -> list[dict[str, Any]]:
        """The rows at the largest size in common, or at the size that is enough."""
        return [row for row in self.all if row["at"] == at]

    def name(self, row: Mapping[str, Any]) -> str:
        """A row's study, with the model where studies have several."""
        return self._name(row["study"], row["model"])

    def baseline(self, row: Mapping[str, Any]) -> str:
        """What a row is compared with."""
        return self._name(row["baseline_study"], row["baseline_model"])

    def _name(self, study: str, model: str) -> str:
        if not self._several:
            return study
        return self._text("comparison.name", study=study, model=model)

    def baseline_row(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The row of what a row is compared with."""
        key = row["baseline_study"], row["baseline_model"], row["at"]
        return next(r for r in self.all if (r["study"], r["model"], r["at"]) == key)

    def study(self, row: Mapping[str, Any]) -> Finished:
        """A row's study."""
        return next(study for study in self.studies if study.name == row["study"])

    @cached_property
    def batch(self) -> int:
        """How many trainings amounts are stated for, so that a gram and a unit of money show."""
        largest = [self.table[column].max() for column in ("emissions_g", "cost")]
        return max(
            (readable_batch(float(value)) for value in largest if is_known(value)), default=1
        )

    @property
    def one_metric(self) -> bool:
        """Whether all studies are scored by the same metric."""
        return len({study.metric for study in self.studies}) == 1

    @property
    def baselines(self) -> str:
        """All that something is compared with, by name."""
        others = [row for row in self.all if not row["is_baseline"]]
        return ", ".join(dict.fromkeys(self.baseline(row) for row in others))


def _bounded(values: Sequence[Any], text: Texts) -> str:
    """A value and its bounds in brackets, all with the decimals of three digits of the value.

    Of no difference at all, with those of its widest bound.
    """
    value, low, high = values
    if not is_known(value):
        return "–"
    widest = max((abs(float(end)) for end in (low, high) if is_known(end)), default=0.0)
    places = decimals_for(float(value) or widest, 3)
    written = text.fixed(value, places)
    if not (is_known(low) and is_known(high)):
        return written
    bounds = {"low": text.fixed(low, places), "high": text.fixed(high, places)}
    return text("unit.interval", mean=written, **bounds)


def _cell(row: Mapping[str, Any], column: str, factor: float, text: Texts) -> Cell:
    values = [row[f"{column}{end}"] for end in ("", "_low", "_high")]
    return Cell(_bounded([v * factor if is_known(v) else v for v in values], text))


def amounts_table(rows: Rows, at: str, text: Texts) -> Table:
    """What each takes and reaches, at the same size or at its own sufficient size."""
    own, batch = rows.at(at), rows.batch
    energy = readable_unit(float(rows.table["energy_kwh"].max()) * batch, ENERGY_UNITS)
    emitted = rows.table["emissions_g"].max()
    mass = readable_unit((float(emitted) if is_known(emitted) else 1.0) * batch, MASS_UNITS)
    score = "comparison.column.score" if rows.one_metric else "comparison.column.scores"
    cells = [
        [
            Cell(text("comparison.column.size")),
            *(
                Cell(text.integer(row["n_train"]) if is_known(row["n_train"]) else "–")
                for row in own
            ),
        ],
        [Cell(text(score)), *(_score(rows, row, text) for row in own)],
        *(
            [Cell(heading), *(_cell(row, column, factor, text) for row in own)]
            for heading, column, factor in (
                (
                    text("comparison.column.energy", unit=energy.symbol),
                    "energy_kwh",
                    batch / energy.size,
                ),
                (text("comparison.column.duration"), "duration_s", 1.0),
                (
                    text("comparison.column.emissions", unit=mass.symbol),
                    "emissions_g",
                    batch / mass.size,
                ),
                (
                    text("comparison.column.cost", currency=_currencies(own, text)),
                    "cost",
                    float(batch),
                ),
            )
        ),
    ]
    values = {"trainings": trainings(batch, text), "confidence": rows.own_confidences}
    caption = text(f"comparison.table.amounts.{at}", **values)
    notes = [text("comparison.note.emissions"), *_cost_notes(rows, own, text)]
    if at != SAME_SIZE:
        notes.insert(0, text("comparison.note.sizes"))
    elif len({row["n_train"] for row in own}) > 1:
        notes.insert(0, text("comparison.note.pairwise", baseline=rows.baselines))
    return Table("amounts", caption, _columns(rows, own, text), cells, notes)


def _score(rows: Rows, row: Mapping[str, Any], text: Texts) -> Cell:
    """A score with its bounds; with its metric's name where the studies have several."""
    metric = rows.study(row).metric
    cell = _cell(row, "score", metric.display_factor, text)
    if rows.one_metric or not is_known(row["score"]):
        return cell
    return Cell(text.of(metric)("comparison.scored", score=cell.text))


def _currencies(rows: Sequence[Mapping[str, Any]], text: Texts) -> str:
    return ", ".join(text.currency(code) for code in dict.fromkeys(r["currency"] for r in rows))


def _cost_notes(rows: Rows, own: Sequence[Mapping[str, Any]], text: Texts) -> list[str]:
    source = own[0]["cost_source"]
    if not isinstance(source, str):
        return [text("comparison.note.no_cost")]
    if source != GRID_SOURCE:
        return [text("comparison.note.cost", source=text.name("source", source))]
    retail = [study.name for study in rows.studies if at_retail(study)]
    said = text("comparison.note.cost", source=text("source_name.own_mix"))
    return [said, *([text("comparison.note.retail", studies=", ".join(retail))] if retail else [])]


def _columns(rows: Rows, own: Sequence[Mapping[str, Any]], text: Texts) -> list[Column]:
    """A column for each study, side by side."""
    heading = Column(text("comparison.column.quantity"), numeric=False)
    return [heading, *(Column(rows.name(row)) for row in own)]


def ratios_table(rows: Rows, at: str, text: Texts) -> Table:
    """How the others differ from their baseline."""
    own = [row for row in rows.at(at) if not row["is_baseline"]]
    cells = [
        [
            Cell(text("comparison.column.score_diff")),
            *(_difference(rows, row, text) for row in own),
        ],
        [Cell(text("comparison.column.verdict")), *(_verdict(row, text) for row in own)],
        *(
            [Cell(text(f"comparison.column.{name}")), *(_cell(row, name, 1.0, text) for row in own)]
            for name in _RATIOS
        ),
        [Cell(text("comparison.column.pairing")), *(Cell(_pairing(row, text)) for row in own)],
    ]
    values = {"baseline": rows.baselines, "confidence": rows.confidence}
    notes = [text("comparison.note.pairing")]
    if len(own) > 1:
        notes.append(text("comparison.note.each"))
    caption = text(f"comparison.table.ratios.{at}", **values)
    return Table("ratios", caption, _columns(rows, own, text), cells, notes)


def _difference(rows: Rows, row: Mapping[str, Any], text: Texts) -> Cell:
    names = ("score_diff", "score_diff_lower", "score_diff_upper")
    factor = rows.studies[0].metric.display_factor
    shown = [row[name] * factor if is_known(row[name]) else None for name in names]
    return Cell(_bounded(shown, text))


def _verdict(row: Mapping[str, Any], text: Texts) -> Cell:
    verdict = row["score_verdict"]
    return Cell(text(f"comparison.verdicts.{verdict}") if isinstance(verdict, str) else "–")


def _pairing(row: Mapping[str, Any], text: Texts) -> str:
    if not is_known(row["energy_ratio"]) and not is_known(row["score_diff"]):
        return "–"
    pairs = int(row["n_pairs"])
    return text("comparison.pairs", pairs=pairs) if pairs else text("comparison.unpaired")


def origin_table(rows: Rows, text: Texts) -> Table:
    """On what each study rests: what may differ between figures that are compared."""
    names = (
        *("name", "data", "test", "metric", "margin", "energy_quality", "machine"),
        *("country", "edition", "pue"),
    )
    columns = [Column(text(f"comparison.column.{name}"), numeric=False) for name in names]
    cells = [
        [Cell(written) for written in _origin(study, rows, text.of(study.metric))]
        for study in rows.studies
    ]
    return Table("origin", text("comparison.table.origin"), columns, cells)


def _origin(study: Finished, rows: Rows, text: Texts) -> list[str]:
    data, config = study.provenance["dataset"], study.config
    machines = dict.fromkeys(
        str(machine.get("gpu") or machine.get("device") or machine.get("cpu"))
        for machine in study.provenance["hardware"]
    )
    # Of imported runs, their table says what they ran on.
    known = [name for name in machines if name != "None"] or map(
        str, study.runs["device"].dropna().unique()
    )
    qualities = dict.fromkeys(
        text(f"comparison.quality.{row['energy_quality']}")
        for row in rows.all
        if row["study"] == study.name
    )
    test = data["test_examples"]
    return [
        study.name,
        text("comparison.declared_data", dataset=data["name"])
        if study.intake.declared
        else f"{data['name']} {data['sha256'][:_DIGEST]}",
        text.integer(test) if is_known(test) else text("missing"),
        text("comparison.metric_name"),
        text.margin(study.recommendation["margin"]),
        ", ".join(qualities),
        ", ".join(known) or text("missing"),
        text.country(study.country, study.country),
        f"{config['factors']}",
        text.exact(float(config["metering"]["pue"])),
    ]
