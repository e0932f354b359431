"""Prices of a country's own mix: the study's own, and the consumers' that it has asked for."""

from typing import Any

from ecosobriety.reporting.sentences import legend
from ecosobriety.reporting.tables import Cell, Column, Table
from ecosobriety.study.electricity_view import MARKS
from ecosobriety.study.study import Study
from ecosobriety.study.wording import half_year
from ecosobriety.texts import Texts


def price_notes(study: Study, text: Texts) -> list[str]:
    """Which countries' mix has a price and from where, and what its absence leaves empty."""
    own = study.config["cost"].get("grid_price_per_kwh") or {}
    of_consumers = consumer_note(study, text)
    if not own and not of_consumers:
        return [text("factors.grid_price.none")]
    prices = [_priced(study, code, price, text) for code, price in sorted(own.items())]
    some = [text("factors.grid_price.some", prices=", ".join(prices))] if prices else []
    return [*some, *of_consumers, text("factors.grid_price.elsewhere")]


def consumer_note(study: Study, text: Texts) -> list[str]:
    """What consumers pay, country by country: whose price it is, with what, and of when."""
    table = study.consumer_prices
    if table is None:
        return []
    prices = [
        f"{_priced(study, str(row['country_iso3']), row['price_per_kwh'], text)}{_mark(row)}"
        for row in table.sort_values("country_iso3").to_dict("records")
    ]
    periods = ", ".join(half_year(period, text) for period in sorted(set(table["period"])))
    return [text("factors.grid_price.consumers", prices=", ".join(prices), period=periods)]


def consumer_tables(study: Study, text: Texts) -> list[Table]:
    """The consumers' prices in use with their references; no table where there are none."""
    table = study.consumer_prices
    if table is None:
        return []
    rows = [
        [
            Cell(_country(study, row["country_iso3"], text)),
            Cell(f"{text.exact(row['price_per_kwh'])}{_mark(row)}"),
            Cell(row["currency"]),
            Cell(text(f"consumer.{row['consumer']}")),
            Cell(half_year(row["period"], text)),
            Cell(row["reference"], href=str(row["url"]), lang="en"),
            Cell(str(row["year"])),
            Cell(f"{text.name('verified', row['verified'])}{_mark(row)}"),
        ]
        for row in table.sort_values("country_iso3").to_dict("records")
    ]
    columns = [
        Column(text("column.country"), numeric=False),
        Column(text("column.price_per_kwh")),
        *(
            Column(text(f"column.{name}"), numeric=False)
            for name in ("currency", "consumer", "period", "reference")
        ),
        Column(text("column.year")),
        Column(text("column.verified"), numeric=False),
    ]
    marks = [MARKS.get(str(how), "") for how in table["verified"]]
    title = text("table.factor.consumer")
    return [Table("factor-consumer", title, columns, rows, legend(marks, text))]


def _country(study: Study, code: str, text: Texts) -> str:
    return text.country(code, study.country_names.get(code, code))


def _priced(study: Study, code: str, price: float, text: Texts) -> str:
    return f"{_country(study, code, text)} {text.money(price, study.config['cost']['currency'])}"


def _mark(row: dict[Any, Any]) -> str:
    mark = MARKS.get(str(row["verified"]), "")
    return f"\N{NO-BREAK SPACE}{mark}" if mark else ""
