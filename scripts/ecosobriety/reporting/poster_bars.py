"""The bars of the first page: what a training emits and costs, by country and by source."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ecosobriety.study.electricity_view import LISTED_COUNTRIES
from ecosobriety.study.study import Case
from ecosobriety.study.wording import (
    country_name,
    listed_country,
    ratio,
    source_name,
    trainings,
)
from ecosobriety.tables import GRID_SOURCE
from ecosobriety.texts import Texts
from ecosobriety.units import MASS_UNITS, readable_unit

DIGITS = 2
"""Of amounts on the first page: what the uncertainty of an energy leaves of them."""

BARS = 6
"""Of countries and of sources: so many can be read on a quarter of a sheet."""


def rounded(value: float) -> float:
    """A value with `DIGITS` significant digits."""
    return float(f"{value:.{DIGITS - 1}e}")


def rounded_up(value: float) -> float:
    """The same of what is at most so much; it is above 0."""
    near = rounded(value)
    step = 10.0 ** (math.floor(math.log10(near)) - DIGITS + 1)
    return near if near >= value else rounded(near + step)


def sentence(words: str) -> str:
    """Words that begin a sentence."""
    return words[:1].upper() + words[1:]


@dataclass(frozen=True)
class Bar:
    """A bar: `share` of the longest one, of which `enough` is what enough data take.

    `key` is the table's own word for what the bar is of, `of` the country and source that this is,
    `said` what the bar says when it is pointed at.
    """

    key: str
    name: str
    value: str
    share: float
    enough: float
    own: bool
    of: Mapping[str, str]
    said: str


@dataclass(frozen=True)
class _Voice:
    """What the bars of a figure say, and of which `kind` they are: `country` or `source`."""

    case: Case
    enough: float
    text: Texts
    kind: str
    write: Callable[[float], str]

    def said(self, name: str, amount: float) -> str:
        """A bar's value, and beside it what enough data take of it."""
        text, decision = self.text, self.case.decision
        values = {"name": name, "value": self.write(rounded(amount))}
        if self.enough == 1.0:
            return text("figure.spot.named", **values)
        return text(
            "poster.figure.said",
            **values,
            n_train=text.integer(decision.sufficient),
            part=self.write(rounded(amount * self.enough)),
        )

    def of(self, key: str) -> dict[str, str]:
        """The country, or the source; the mix is that of the study's own country."""
        own = self.case.electricity.country
        if key == GRID_SOURCE:
            return {"source": key, "country": own}
        return {self.kind: key}


def _bars(rows: Sequence[tuple[str, str, float, bool]], scale: float, voice: _Voice) -> list[Bar]:
    """Bars of (key, name, amount, whether it is the study's own), in their order."""
    text, enough = voice.text, voice.enough
    most = max((amount for _, _, amount, _ in rows), default=0.0)
    if not most > 0:
        return []
    return [
        Bar(
            key,
            name,
            text.number(rounded(amount * scale), DIGITS),
            amount / most,
            enough,
            own,
            voice.of(key),
            voice.said(name, amount),
        )
        for key, name, amount, own in rows
    ]


def times(high: float, low: float, text: Texts) -> str:
    """How many times the lower amount the higher one is."""
    times = ratio(high, low)
    return text("missing") if times is None else text.number(rounded(times), DIGITS)


def _ends(figure: str, rows: Sequence[tuple[str, str, float, bool]], text: Texts) -> str:
    """How the first and the last one of some rows compare; a single one is compared with none."""
    (_, highest, most, _), (_, lowest, least, _) = rows[0], rows[-1]
    if len(rows) == 1:
        return sentence(text("poster.figure.alone", name=highest))
    if least == 0:
        return sentence(text("poster.figure.nothing", name=lowest))
    values = {"highest": highest, "lowest": lowest, "ratio": times(most, least, text)}
    return sentence(text(f"poster.figure.{figure}", **values))


def country_bars(case: Case, enough: float, text: Texts) -> dict[str, Any]:
    """Emissions by country, from the highest down; `enough` is the share that enough data take."""
    ranked = case.electricity.ranked_countries
    if ranked.empty:
        return {"bars": [], "caption": text("figure.country_ranking.no_intensity"), "unit": ""}
    own, chosen = case.electricity.country, _chosen(case)
    shown = ranked[ranked["country_iso3"].isin(chosen)].iloc[::-1]
    batch, unit, symbol = _emissions(case, float(shown["emissions_g"].max()), text)
    rows = [
        (
            str(row["country_iso3"]),
            listed_country(row, text),
            float(row["emissions_g"]),
            row["country_iso3"] == own,
        )
        for _, row in shown.iterrows()
    ]
    return {
        "bars": _bars(rows, batch / unit, _masses(case, enough, text, "country")),
        "unit": symbol,
        "caption": _ends("countries", rows, text),
    }


def _chosen(case: Case) -> list[str]:
    """The study's country and the most telling others: few readers know the ends of all countries.

    Those are often small states, and their data the least certain. Of the listed countries the ends
    come first; a study that names its own fills the figure with them.
    """
    order = [str(code) for code in case.electricity.ranked_countries["country_iso3"]]
    listed = [code for code in LISTED_COUNTRIES if code in order]
    known = sorted(listed, key=order.index) if len(listed) > 1 else order
    own = case.electricity.country
    return list(dict.fromkeys([own, known[-1], known[0], *listed, *order]))[:BARS]


def _masses(case: Case, enough: float, text: Texts, kind: str) -> _Voice:
    """Emissions, of as many trainings as the figure shows."""
    return _Voice(case, enough, text, kind, lambda g: text.mass(g * case.emissions_batch, DIGITS))


def _emissions(case: Case, largest_g: float, text: Texts) -> tuple[int, float, str]:
    """So many trainings that their emissions are read in g or more, the unit's size, its words."""
    batch = case.emissions_batch
    unit = readable_unit(largest_g * batch, MASS_UNITS)
    words = text("poster.figure.emissions", unit=unit.symbol, trainings=trainings(batch, text))
    return batch, unit.size, words


def _picked(order: Sequence[str]) -> list[str]:
    """The ends, the country's own mix, and of the others every so manieth."""
    if len(order) <= BARS:
        return list(order)
    places = np.linspace(0, len(order) - 1, BARS).round().astype(int)
    chosen = {order[place] for place in places}
    if GRID_SOURCE in order and GRID_SOURCE not in chosen:
        inner = [order[place] for place in places[1:-1]]
        grid = order.index(GRID_SOURCE)
        chosen.discard(min(inner, key=lambda source: abs(order.index(source) - grid)))
        chosen.add(GRID_SOURCE)
    return [source for source in order if source in chosen]


def _of_sources(case: Case, column: str, text: Texts) -> list[tuple[str, str, float, bool]]:
    return [
        (
            source,
            text("poster.figure.mix", country=country_name(case, text))
            if source == GRID_SOURCE
            else source_name(case, source, text),
            float(case.electricity.at(source, case.decision.reference)[column]),
            source == GRID_SOURCE,
        )
        for source in _picked(case.electricity.headline_order(column))
    ]


def _by_contract(case: Case, caption: str, text: Texts) -> str:
    """Of how much of the electricity a source's contract is, where it is not all."""
    coverage = case.electricity.coverage
    if coverage == 1:
        return caption
    said = text("poster.figure.contract", coverage=text.exact_share(coverage))
    return f"{caption} {said}"


def source_bars(case: Case, enough: float, text: Texts) -> dict[str, Any]:
    """Emissions by source of electricity in the study's country, from the highest down."""
    rows = _of_sources(case, "emissions_g", text)
    if not rows:
        return {"bars": [], "caption": text("figure.source_emissions.no_intensity"), "unit": ""}
    batch, unit, symbol = _emissions(case, rows[0][2], text)
    return {
        "bars": _bars(rows, batch / unit, _masses(case, enough, text, "source")),
        "unit": symbol,
        "caption": _by_contract(case, _ends("sources", rows, text), text),
    }


def _of_prices(case: Case, rows: Sequence[tuple[str, str, float, bool]], text: Texts) -> str:
    """How costs compare; a consumer's price of the mix is of no kind with costs of production."""
    if case.electricity.consumer_price is not None:
        return text("poster.figure.consumer_price")
    return _ends("cost", rows, text)


def cost_bars(case: Case, enough: float, text: Texts) -> dict[str, Any]:
    """Costs by source of electricity in the study's country, from the highest down."""
    rows = _of_sources(case, "cost", text)
    if not rows:
        return {"bars": [], "caption": text("poster.figure.no_cost"), "unit": ""}
    batch = case.electricity.cost_batch
    currency = case.electricity.currency
    return {
        "bars": _bars(
            rows,
            batch,
            _Voice(
                case,
                enough,
                text,
                "source",
                lambda cost: text.money(cost * batch, currency, DIGITS),
            ),
        ),
        "unit": text(
            "poster.figure.money",
            currency=text.currency(currency),
            trainings=trainings(batch, text),
        ),
        "caption": _by_contract(case, _of_prices(case, rows, text), text),
    }
