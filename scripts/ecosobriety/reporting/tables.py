"""The report's tables: the content of each cell, in the reader's language."""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from ecosobriety.electricity.factor_tables import is_web_address
from ecosobriety.reporting.remarks import remark
from ecosobriety.reporting.sentences import legend
from ecosobriety.study.electricity_view import marks_of
from ecosobriety.study.study import Case, Study
from ecosobriety.study.wording import (
    baseline_row,
    cost_label,
    score_decimals,
    source_name,
    trainings,
)
from ecosobriety.tables import GRID_SOURCE
from ecosobriety.texts import SMALLEST_P, Texts, decimals_for, is_known
from ecosobriety.units import ENERGY_UNITS, MASS_UNITS, readable_unit

_TALL_ROWS = 25


@dataclass(frozen=True)
class Cell:
    """What a cell shows; `href` links it, `lang` names a language that is not the report's.

    `value` is what a sortable table sorts a number by; None where it is not known.
    """

    text: str
    href: str | None = None
    lang: str | None = None
    value: float | None = None

    def __post_init__(self) -> None:
        # The last door: nothing that a browser would run becomes a link.
        if self.href is not None and not is_web_address(self.href):
            object.__setattr__(self, "href", None)


@dataclass(frozen=True)
class Column:
    """A column's heading; numbers are aligned to the right."""

    title: str
    numeric: bool = True


@dataclass(frozen=True)
class Search:
    """The texts of a table's search: the field's label, and how many rows were found."""

    label: str
    found: str


@dataclass(frozen=True)
class Table:
    """A table for the template; the first cell of a row is its heading.

    One with `search` can be searched, and sorted by its headings. A tall one scrolls within itself.
    """

    key: str
    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    notes: Sequence[str] = field(default_factory=list)
    search: Search | None = None

    @property
    def tall(self) -> bool:
        """Whether it would push what follows off the screen."""
        return len(self.rows) > _TALL_ROWS


def _cells(*texts: str) -> list[Cell]:
    return [Cell(text) for text in texts]


def _interval(values: Sequence[float], decimals: int, text: Texts) -> str:
    """A mean, and its low and high bounds in brackets where there are any."""
    mean, low, high = values
    written = text.fixed(mean, decimals)
    if is_known(low) and is_known(high):
        bounds = {"low": text.fixed(low, decimals), "high": text.fixed(high, decimals)}
        return text("unit.interval", mean=written, **bounds)
    return written


def _marked(written: str, mark: str) -> str:
    """A number with the mark of its factor."""
    return f"{written}\N{NO-BREAK SPACE}{mark}" if mark else written


def case_tables(case: Case, text: Texts) -> list[Table]:
    """The tables of one data set and model."""
    return [
        curve_table(case, text),
        source_table(case, text),
        country_table(case, text),
    ]


def curve_table(case: Case, text: Texts) -> Table:
    """Score, decision and energy for every size."""
    unit = readable_unit(float(case.decision.curve["energy_kwh_mean"].max()), ENERGY_UNITS)
    confidence = text.exact_share(case.decision.confidence)
    columns = [
        Column(text("column.n_train")),
        Column(text("column.accuracy", confidence=confidence)),
        Column(text("column.accuracy_diff")),
        Column(text("column.lower_bound", confidence=confidence)),
        Column(text("column.p_value")),
        Column(text("column.verdict"), numeric=False),
        Column(text("column.energy", unit=unit.symbol, confidence=confidence)),
    ]
    decimals = decimals_for(float(case.decision.curve["energy_kwh_mean"].max()) / unit.size, 3)
    rows = [_curve_row(case, size, unit.size, decimals, text) for size in case.decision.curve.index]
    if (baseline := case.decision.baseline) is not None:
        rows.append(_baseline_row(case, baseline, text))
    return Table(
        "curve", text("table.curve", margin=text.margin(case.decision.margin)), columns, rows
    )


def _baseline_row(case: Case, baseline: float, text: Texts) -> list[Cell]:
    """The score of always giving the same answer, which needs no training."""
    factor, places = case.metric.display_factor, score_decimals(case.study)
    difference = baseline - float(case.decision.scores[case.decision.reference])
    written = [text.fixed(value * factor, places) for value in (baseline, difference)]
    return _cells(baseline_row(case.study, text), *written, *["–"] * 4)


def _curve_row(case: Case, size: int, unit_kwh: float, decimals: int, text: Texts) -> list[Cell]:
    row, metric = case.decision.curve.loc[[size]].iloc[0], case.metric
    factor, places = metric.display_factor, score_decimals(case.study)
    ends = ("mean", "ci_low", "ci_high")
    score = [row[f"{metric.name}_{bound}"] * factor for bound in ends]
    energy = [row[f"energy_kwh_{bound}"] / unit_kwh for bound in ends]
    verdict = text(f"verdict.{row['verdict']}")
    if isinstance(row["verdict_reason"], str):
        reason = text(f"verdict_reason.{row['verdict_reason']}")
        verdict = text("verdict.with_reason", verdict=verdict, reason=reason)
    return _cells(
        text.integer(row["n_train"]),
        _interval(score, places, text),
        text.fixed(case.decision.differences[size] * factor, places),
        _or_dash(case.decision.bounds[size] * factor, places, text),
        _p_or_dash(row["p_value"], text),
        verdict,
        _interval(energy, decimals, text),
    )


def _or_dash(value: float, decimals: int, text: Texts) -> str:
    """A number, or a dash where the column does not apply to the row."""
    return text.fixed(value, decimals) if is_known(value) else "–"


def _p_or_dash(value: float, text: Texts) -> str:
    if is_known(value) and value < SMALLEST_P:
        return f"<\N{NO-BREAK SPACE}{text.fixed(SMALLEST_P, 3)}"
    return _or_dash(value, 3, text)


def source_table(case: Case, text: Texts) -> Table:
    """Carbon intensity, emissions and cost by source at the reference and the smaller size."""
    sizes = (
        [case.decision.reference]
        if case.decision.stop is None
        else [case.decision.reference, case.decision.stop]
    )
    reference = case.electricity.source_cells[
        case.electricity.source_cells["n_train"] == case.decision.reference
    ]
    batch = case.electricity.cost_batch
    highest_g = float(reference["emissions_g"].max()) * case.emissions_batch
    unit = readable_unit(highest_g, MASS_UNITS)
    scale = case.emissions_batch / unit.size
    columns = [
        Column(text("column.source"), numeric=False),
        Column(text("column.intensity_range")),
        *(Column(_emissions_column(case, n_train, unit.symbol, text)) for n_train in sizes),
        *(
            Column(
                text(
                    "column.cost",
                    cost=cost_label(case, batch, text),
                    n_train=text.integer(n_train),
                )
            )
            for n_train in sizes
        ),
    ]
    order = reference.sort_values(["emissions_g", "source"], ascending=False)["source"]
    rows = [_source_row(case, str(source), sizes, scale, batch, text) for source in order]
    marks = [case.electricity.intensity_mark(source) for source in order]
    marks += [case.electricity.cost_mark(source) for source in order]
    key = "table.source.one_size"
    if case.decision.stop is not None:
        key = "table.source." + ("smaller" if case.decision.smaller_suffices else "half")
    caption = text(
        key,
        coverage=text.exact_share(case.electricity.coverage),
        n_train=text.integer(sizes[-1]),
        change=text.change(-float(case.electricity.saving(sizes[-1])["saved_share"])),
    )
    return Table("source", caption, columns, rows, notes=legend(marks, text))


def _emissions_column(case: Case, n_train: int, unit: str, text: Texts) -> str:
    return text(
        "column.emissions",
        trainings=trainings(case.emissions_batch, text),
        n_train=text.integer(n_train),
        unit=unit,
    )


def _source_row(
    case: Case, source: str, sizes: Sequence[int], scale: float, batch: int, text: Texts
) -> list[Cell]:
    cells = [case.electricity.at(source, n_train) for n_train in sizes]
    intensity = [cells[0][f"intensity_g_per_kwh{bound}"] for bound in ("", "_low", "_high")]
    mark, cost_mark = case.electricity.intensity_mark(source), case.electricity.cost_mark(source)
    return _cells(
        source_name(case, source, text),
        _marked(_interval(intensity, 0, text), mark),
        *(_marked(text.number(cell["emissions_g"] * scale), mark) for cell in cells),
        *(
            _marked(text.number(cell["cost"] * batch), cost_mark if is_known(cell["cost"]) else "")
            for cell in cells
        ),
    )


def country_table(case: Case, text: Texts) -> Table:
    """Every country's electricity, and the emissions of one training on it."""
    cells = case.electricity.country_cells
    batch = case.emissions_batch
    unit = readable_unit(float(cells["emissions_g"].max()) * batch, MASS_UNITS)
    columns = [
        Column(text("column.country"), numeric=False),
        Column(text("column.low_carbon_share")),
        Column(text("column.year")),
        Column(text("column.intensity")),
        Column(_emissions_column(case, case.decision.reference, unit.symbol, text)),
        Column(text("column.flag"), numeric=False),
    ]
    rows = [
        [
            Cell(text.country(row["country_iso3"], row["country_name"])),
            _sorted_cell(
                text.share(row["country_low_carbon_share"]), row["country_low_carbon_share"]
            ),
            _sorted_cell(
                str(row["country_year"]) if is_known(row["country_year"]) else text("missing"),
                row["country_year"],
            ),
            _sorted_cell(text.number(row["intensity_g_per_kwh"]), row["intensity_g_per_kwh"]),
            _sorted_cell(text.number(row["emissions_g"] * batch / unit.size), row["emissions_g"]),
            country_remark(row, text),
        ]
        for row in cells.to_dict("records")
    ]
    rows.sort(key=lambda row: collate(row[0].text))
    caption = text("table.country", countries=len(rows))
    search = Search(text("table.search"), text.template("table.found"))
    return Table("country", caption, columns, rows, search=search)


def country_remark(row: Mapping[Any, Any], text: Texts) -> Cell:
    """What is to be known of a country's data.

    Args:
        row: of `Case.country_cells`.
        text: the language.
    """
    if isinstance(row["flag"], str):
        return remark_cell(row["flag"], text)
    if row["contradicts"]:
        mix = text.number(row["mix_intensity_g_per_kwh"])
        return Cell(text("countries.contradicts", mix=mix))
    return Cell("")


def _sorted_cell(written: str, value: float) -> Cell:
    """A number with the value that a sortable table sorts it by."""
    return Cell(written, value=float(value) if is_known(value) else None)


def collate(name: str) -> str:
    """A name as it is sorted: without accents and case."""
    plain = unicodedata.normalize("NFKD", name)
    return "".join(char for char in plain if not unicodedata.combining(char)).casefold()


def factor_tables(study: Study, text: Texts) -> list[Table]:
    """The factors of the study's sources, with their references."""
    wanted = [source for source in study.config["grid"]["sources"] if source != GRID_SOURCE]
    return [
        _factor_table("intensity", study.sources, wanted, "_g_per_kwh", ["low_carbon"], text),
        _factor_table("price", study.costs, wanted, "_per_kwh", ["currency", "price_year"], text),
    ]


def _factor_table(
    key: str, factors: pd.DataFrame, wanted: list[str], suffix: str, extra: list[str], text: Texts
) -> Table:
    shown = factors[factors["source"].isin(wanted)].sort_values("source")
    columns = [
        Column(text("column.source"), numeric=False),
        *(Column(text(f"column.{key}_{bound}")) for bound in ("low", "central", "high")),
        *(Column(text(f"column.{name}"), numeric=False) for name in extra),
        Column(text("column.reference"), numeric=False),
        Column(text("column.year")),
        Column(text("column.verified"), numeric=False),
    ]
    rows, marks = [], marks_of(shown)
    for row in shown.to_dict("records"):
        mark = marks[row["source"]]
        url = str(row["url"])
        rows.append(
            [
                Cell(text.name("source", row["source"])),
                *_cells(
                    *(
                        _marked(text.exact(row[bound + suffix]), mark)
                        if is_known(row[bound + suffix])
                        else "–"
                        for bound in ("low", "central", "high")
                    )
                ),
                *_cells(*(_plain(row[name], text) for name in extra)),
                Cell(row["reference"], href=url, lang="en"),
                Cell(str(row["year"])),
                Cell(_marked(text.name("verified", row["verified"]), mark)),
            ]
        )
    title, notes = text(f"table.factor.{key}"), legend([*marks.values()], text)
    return Table(f"factor-{key}", title, columns, rows, notes)


def _plain(value: Any, text: Texts) -> str:
    if isinstance(value, bool):
        return text("yes" if value else "no")
    return str(value)


def remark_cell(sentence: str, text: Texts) -> Cell:
    """A remark in the page's language; what is none of our sentences as it is, in English."""
    written = remark(sentence, text) if sentence else ""
    return Cell(sentence, lang="en") if written is None else Cell(written)


def component_table(components: Iterable[Any], study: Study, text: Texts) -> Table:
    """How each hardware component's energy was obtained, and its share of the trainings' energy."""
    columns = [
        Column(text("column.component"), numeric=False),
        Column(text("column.quality"), numeric=False),
        Column(text("column.energy_source"), numeric=False),
        Column(text("column.remark"), numeric=False),
        Column(text("column.component_share")),
    ]
    total_kwh = float(study.runs["energy_kwh"].sum())
    rows = []
    for machine in components:
        for name, part in machine.items():
            used_kwh = study.runs[f"energy_{name}_kwh"].sum(min_count=1)
            rows.append(
                [
                    Cell(text(f"component.{name}")),
                    Cell(text(f"quality.{part['quality'] or 'none'}")),
                    Cell(text.name("energy_source", part["source"]) if part["source"] else "–"),
                    remark_cell(part["reason"] or "", text),
                    Cell(text.share(used_kwh / total_kwh) if is_known(used_kwh) else "–"),
                ]
            )
    return Table("component", text("table.component"), columns, rows)
