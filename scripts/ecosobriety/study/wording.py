"""What figures and report call the things of a case, in the reader's language."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ecosobriety.datasets.findings import short
from ecosobriety.study.study import Case, Study
from ecosobriety.tables import GRID_SOURCE
from ecosobriety.texts import Texts, decimals_for

_LISTED_CHARACTERS = 22


WITH_ARTICLE = frozenset(
    {"ARE", "BHS", "CAF", "COM", "DOM", "GBR", "GMB", "MDV", "NLD", "PHL", "USA"}
)
"""Countries whose English names have an article."""


def study_title(config: Mapping[str, Any], language: str) -> str:
    """A study's title in one of its languages; without a title, its name.

    Args:
        config: the completed configuration, or one of before titles had defaults.
        language: one of the configuration's `languages`.
    """
    title = config.get("title") or config["study"]
    return str(title[language] if isinstance(title, Mapping) else title)


def country_name(case: Case, text: Texts) -> str:
    """The name of the metering country, as it stands in a sentence."""
    code = case.electricity.country
    name = text.country(code, case.study.country_names[code])
    article = code in WITH_ARTICLE or name.endswith("Islands")
    return text("country.with_article", country=name) if article else name


def source_name(case: Case, source: str, text: Texts, mark: str = "") -> str:
    """The name of an energy source, or of the metering country's mix, with a factor's mark."""
    if source == GRID_SOURCE:
        name = text("source_name.mix", country=country_name(case, text))
    else:
        name = text.name("source", source)
    return f"{name}\N{NO-BREAK SPACE}{mark}" if mark else name


def half_year(period: str, text: Texts) -> str:
    """A half of a year, such as 2025-S1, in words."""
    year, _, half = period.partition("-")
    return text(f"half_year.{half}", year=year)


def cost_label(case: Case, batch: int, text: Texts) -> str:
    """What an axis or a column of costs shows: number of trainings, currency, years of prices."""
    money, years = text.currency(case.electricity.currency), case.electricity.price_years
    if years:
        span = "–".join(str(year) for year in dict.fromkeys([years[0], years[-1]]))
        money = text("label.money", currency=money, years=span)
    return text("label.cost", trainings=trainings(batch, text), money=money)


def no_cost(case: Case, text: Texts) -> str:
    """Why no source has a cost: a part of the electricity without a price, or no known price."""
    if case.electricity.coverage < 1 and case.electricity.grid_price is None:
        return text("figure.source_cost.no_grid_price", country=country_name(case, text))
    return text("figure.source_cost.no_price")


def emissions_label(case: Case, n_train: int, unit: str, text: Texts) -> str:
    """What an axis of emissions shows: number of trainings, their size, unit."""
    return text(
        "label.emissions_with",
        trainings=trainings(case.emissions_batch, text),
        n_train=text.integer(n_train),
        unit=unit,
    )


def baseline_answer(study: Study, text: Texts) -> str:
    """What a network that has learnt nothing always says."""
    known = (study.intake.baselines or {}).get(study.metric.name)
    if known is None:
        return text("baseline.always.any")
    return text(f"baseline.always.{known.kind}", name=short(str(known.constant)))


def baseline_frequency(study: Study, text: Texts) -> str:
    """How frequent the class is that such a network gives; read of classes alone."""
    counts = (study.intake.class_counts or {}).get("train") or [1]
    several = sum(count == max(counts) for count in counts) > 1
    return text("baseline.frequent." + ("several" if several else "one"))


def baseline_row(study: Study, text: Texts) -> str:
    """The same as the name of a row that stands among the sizes of training sets."""
    return text("baseline.row", answer=baseline_answer(study, text))


def ratio(value: float, of: float) -> float | None:
    """How many times one is of the other; None of nothing."""
    return value / of if of else None


def listed_country(row: pd.Series, text: Texts) -> str:
    """A country's name from a row with country_iso3 and country_name, short enough for a list."""
    name = text.country(str(row["country_iso3"]), str(row["country_name"]))
    return name if len(name) <= _LISTED_CHARACTERS else f"{name[: _LISTED_CHARACTERS - 1]}…"


def source_column(case: Case, source: str, text: Texts) -> str:
    """The name of a source with its factor's mark, or of a country's own mix, whichever country."""
    if source == GRID_SOURCE:
        return text("source_name.own_mix")
    return source_name(case, source, text, case.electricity.intensity_mark(source))


def trainings(count: float, text: Texts) -> str:
    """So many trainings, in words: a year may have one and a half."""
    return text.plural("unit.trainings", count, count=text.exact(count))


def score_decimals(study: Study) -> int:
    """Decimals of scores and their differences in tables: those of points, or to four digits."""
    if study.metric.percent:
        return 2
    return decimals_for(float(study.curve[f"{study.metric.name}_mean"].abs().max()), 4)


def point_name(study: Study, model: str, n_train: int, text: Texts) -> str:
    """A model's size by its number; with the model's name where the study has several."""
    size = text.integer(n_train)
    if study.curve["model"].nunique() == 1:
        return size
    return text("unit.model_size", model=model, n_train=size)
