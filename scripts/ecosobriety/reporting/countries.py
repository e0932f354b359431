"""Which data on countries the study uses, how old they are, and how they fit their mix."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from ecosobriety.electricity.countries import most_differing
from ecosobriety.reporting.tables import Cell, Column, Table, remark_cell
from ecosobriety.study.study import Study
from ecosobriety.texts import Texts, is_known

OLD_AFTER_YEARS = 3
"""Data from further back than that, counted from the year of the study, are called old."""
SHOWN_DIFFERING = 10


@dataclass(frozen=True)
class Warned:
    """A warning, and the remark that it rests on."""

    text: str
    remark: Cell | None = None


def country_section(study: Study, provenance: Mapping[str, Any], text: Texts) -> dict[str, Any]:
    """What the report says about the data on countries.

    Args:
        study: the study.
        provenance: as `provenance.describe` gives it; the study's year is that of its last
            training.
        text: the language.

    Returns:
        `sentences`; `warnings`, each a `Warned`; `table` of the countries whose intensity differs
        most from that of their mix, None where no mix is known.
    """
    countries = study.countries_in_use
    dated = countries[countries["intensity_g_per_kwh"].notna() & countries["year"].notna()]
    ended = provenance["trainings"]["last_ended_at"]
    study_year = None if ended is None else datetime.fromisoformat(ended).year
    table = _differing_table(countries, text)
    return {
        "sentences": [
            _provider(study.country_data, text),
            _number_known(countries, text),
            *_years(dated, text),
            text("countries.differing" if table else "countries.no_mix"),
        ],
        "warnings": [*_fallback(study.country_data, text), *_age(dated, study_year, text)],
        "table": table,
    }


def _provider(data: Mapping[str, Any], text: Texts) -> str:
    provider = data["provider"]
    if provider == "electricity_maps":
        return text(
            "countries.provider.electricity_maps",
            first=text.date(data["first_hour"]),
            last=text.date(data["last_hour"]),
            file=data["file"],
        )
    if provider == "csv" and data["retrieved_on"]:
        return text(
            "countries.provider.snapshot",
            file=data["file"],
            origin=data["origin"],
            date=text.day(data["retrieved_on"]),
        )
    return text(f"countries.provider.{provider}", origin=data["origin"])


def _number_known(countries: pd.DataFrame, text: Texts) -> str:
    known = int(countries["intensity_g_per_kwh"].notna().sum())
    return text(
        "countries.known", known=text.integer(known), countries=_count(len(countries), text)
    )


def _count(number: int, text: Texts) -> str:
    return text.plural("unit.countries", number, count=text.integer(number))


def _years(dated: pd.DataFrame, text: Texts) -> list[str]:
    if dated.empty:
        return []
    oldest, newest = int(dated["year"].min()), int(dated["year"].max())
    if oldest == newest:
        return [text("countries.one_year", year=str(newest))]
    # The lower of two middle years: a median between years would be no year.
    median = int(dated["year"].quantile(0.5, interpolation="lower"))
    return [
        text("countries.years", oldest=str(oldest), newest=str(newest), median=str(median)),
    ]


def _fallback(data: Mapping[str, Any], text: Texts) -> list[Warned]:
    if data["fallback_reason"] is None:
        return []
    return [Warned(text("countries.fallback"), remark_cell(data["fallback_reason"], text))]


def _age(dated: pd.DataFrame, study_year: int | None, text: Texts) -> list[Warned]:
    if study_year is None:
        return []  # of imported runs without a date
    old = dated[dated["year"] < study_year - OLD_AFTER_YEARS]
    if old.empty:
        return []
    oldest = old.sort_values(["year", "country_iso3"]).iloc[0]
    return [
        Warned(
            text.plural(
                "countries.old",
                len(old),
                old=text.integer(len(old)),
                countries=_count(len(dated), text),
                age=text.integer(OLD_AFTER_YEARS),
                study_year=str(study_year),
                country=text.country(oldest["country_iso3"], oldest["country_name"]),
                year=str(oldest["year"]),
            )
        )
    ]


def _differing_table(countries: pd.DataFrame, text: Texts) -> Table | None:
    rows = most_differing(countries, SHOWN_DIFFERING)
    if rows.empty:
        return None
    columns = [
        Column(text("column.country"), numeric=False),
        Column(text("column.year")),
        Column(text("column.intensity")),
        Column(text("column.mix_intensity")),
        Column(text("column.mix_ratio")),
        Column(text("column.flag"), numeric=False),
    ]
    cells = [
        [
            Cell(text.country(row["country_iso3"], row["country_name"])),
            Cell(str(row["year"]) if is_known(row["year"]) else text("missing")),
            Cell(text.number(row["intensity_g_per_kwh"])),
            Cell(text.number(row["mix_intensity_g_per_kwh"])),
            Cell(text.number(row["mix_ratio"], 2)),
            remark_cell(row["flag"] if isinstance(row["flag"], str) else "", text),
        ]
        for _, row in rows.iterrows()
    ]
    shown = text.plural("table.differing", len(cells), number=text.integer(len(cells)))
    return Table("differing", shown, columns, cells)
