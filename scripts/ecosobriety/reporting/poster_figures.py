"""The four figures of the first page, as what the template draws: one curve, three lists of bars.

They are drawn by the page itself, in its own letters and colours, so that they follow the paper's
size, the reader's scheme and a script. One legend serves all: dark is what a training takes with
enough data, light what all of the data add to it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
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
from ecosobriety.texts import Texts, is_known
from ecosobriety.units import ENERGY_UNITS, MASS_UNITS, readable_batch, readable_unit

DIGITS = 2
"""Of amounts on the first page: what the uncertainty of an energy leaves of them."""

BARS = 6
"""Of countries and of sources: so many can be read on a quarter of a sheet."""

_MOST_COLUMNS = 20
_WIDTH, _LEFT, _RIGHT = 400.0, 12.0, 388.0
_SCORE_TOP, _SCORE_BOTTOM = 30.0, 104.0
_ENERGY_TOP, _ENERGY_BOTTOM = 152.0, 214.0
_LABEL_GAP = 62.0


def rounded(value: float) -> float:
    """A value with `DIGITS` significant digits."""
    return float(f"{value:.{DIGITS - 1}e}")


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


def poster_figures(case: Case, text: Texts) -> dict[str, Any]:
    """The figures: `size`, a curve; `countries`, `sources` and `cost`, each a list of bars.

    Each has `caption`, one line; bars are empty where nothing is known, and the line says so.
    """
    enough = _enough_share(case)
    return {
        "model": case.model,
        "legend": _legend(case, text),
        "size": {**_curve(case, text), "caption": _size_caption(case, text)},
        "bars": {
            "countries": _countries(case, enough, text),
            "sources": _sources(case, enough, text),
            "cost": _cost(case, enough, text),
        },
    }


def _enough_share(case: Case) -> float:
    """The part of a training's energy, and so of its emissions and costs, that enough data take."""
    decision = case.decision
    if not decision.smaller_suffices or decision.full_size_untrained:
        return 1.0
    saved = float(case.electricity.saving(decision.sufficient)["saved_share"])
    return min(1.0, 1.0 - saved)


def _legend(case: Case, text: Texts) -> dict[str, str]:
    sizes = {"all": case.decision.reference, "enough": case.decision.sufficient}
    shown = sizes if _enough_share(case) < 1.0 else ["all"]
    return {
        name: text(f"poster.legend.{name}", n_train=text.integer(sizes[name])) for name in shown
    }


def _size_caption(case: Case, text: Texts) -> str:
    curve = case.decision.curve
    first, last = int(curve.index[0]), int(curve.index[-1])
    if first == last:
        return text("poster.figure.size.one", score=text.score(float(case.decision.scores[last])))
    energy = [float(curve["energy_kwh_mean"][n]) for n in (first, last)]
    return text(
        "poster.figure.size.range",
        energy=_times(energy[1], energy[0], text),
        first_score=text.score(float(case.decision.scores[first])),
        last_score=text.score(float(case.decision.scores[last])),
    )


def _scale(low: float, high: float, bottom: float, top: float) -> Callable[[float], float]:
    """From values to places; what does not vary lies in the middle."""
    span = high - low
    return lambda value: bottom + ((value - low) / span if span else 0.5) * (top - bottom)


def _curve(case: Case, text: Texts) -> dict[str, Any]:
    """Score as a line with its band, energy as columns below, both over the training-set size."""
    decision, metric = case.decision, case.metric
    curve = decision.curve
    sizes = [int(size) for size in curve.index]
    scores = [float(value) for value in decision.scores]
    column = _column_width(sizes)
    x = _scale(sizes[0], sizes[-1], _LEFT + column / 2, _RIGHT - column / 2)
    low, high = (
        [
            float(end) if is_known(end) else score
            for end, score in zip(curve[f"{metric.name}_{bound}"], scores, strict=True)
        ]
        for bound in ("ci_low", "ci_high")
    )
    threshold = metric.threshold(scores[sizes.index(decision.reference)], decision.margin)
    ends = [*low, *high, threshold]
    y = _scale(min(ends), max(ends), _SCORE_BOTTOM, _SCORE_TOP)
    energies = [float(value) for value in curve["energy_kwh_mean"]]
    most = max(energies) or 1.0
    unit = readable_unit(most, ENERGY_UNITS)
    marked = _marked(sizes, case, x)
    points = [
        {
            "size": size,
            "x": round(x(size), 1),
            "y": round(y(score), 1),
            "kind": _kind(size, case),
            "score": text.score(score),
            "top": round(_ENERGY_BOTTOM - energy / most * (_ENERGY_BOTTOM - _ENERGY_TOP), 1),
            "energy": text.number(rounded(energy / unit.size), DIGITS),
            "said": text(
                "figure.spot.pair",
                name=text("poster.figure.examples", n_train=text.integer(size)),
                value=text.energy(rounded(energy), DIGITS),
                score=text.score(score),
            ),
            "label": text.integer(size) if size in marked else "",
            "anchor": _anchor(size, sizes),
            # Outside of the curve: the smallest size's score stands where the curve does not go.
            "below": size == sizes[0] and score < scores[-1],
        }
        for size, score, energy in zip(sizes, scores, energies, strict=True)
    ]
    band = [*zip(sizes, high, strict=True), *reversed(list(zip(sizes, low, strict=True)))]
    many = len(sizes) > _MOST_COLUMNS
    return {
        "points": [point for point in points if point["label"]] if many else points,
        "line": " ".join(f"{x(n):.1f},{y(s):.1f}" for n, s in zip(sizes, scores, strict=True)),
        "band": " ".join(f"{x(n):.1f},{y(s):.1f}" for n, s in band),
        "area": " ".join(
            [
                f"{points[0]['x']},{_ENERGY_BOTTOM}",
                *(f"{point['x']},{point['top']}" for point in points),
                f"{points[-1]['x']},{_ENERGY_BOTTOM}",
            ]
        )
        if many
        else "",
        "column": column,
        "margin": None if decision.full_size_untrained else round(y(threshold), 1),
        "margin_words": text("figure.accuracy_energy.margin", points=text.margin(decision.margin)),
        # Above the margin the curve leaves the left free where it rises, else the right.
        "rising": metric.higher_is_better,
        "score_words": text("poster.figure.size.score"),
        "energy_words": text("poster.figure.size.energy", unit=unit.symbol),
    }


def _column_width(sizes: Sequence[int]) -> float:
    """As wide as the two nearest sizes let the columns be."""
    span = sizes[-1] - sizes[0] or 1
    nearest = min((b - a for a, b in pairwise(sizes)), default=span)
    return round(min(34.0, 0.8 * (_RIGHT - _LEFT - 34.0) * nearest / span), 1)


def _anchor(size: int, sizes: Sequence[int]) -> str:
    if len(sizes) == 1:
        return "middle"
    return {sizes[0]: "start", sizes[-1]: "end"}.get(size, "middle")


def _kind(size: int, case: Case) -> str:
    decision = case.decision
    if size == decision.sufficient and decision.smaller_suffices:
        return "enough"
    return "all" if size == decision.reference else "other"


def _marked(sizes: Sequence[int], case: Case, x: Callable[[float], float]) -> set[int]:
    """Sizes that are labelled: those that decide, and the smallest; none beside another."""
    decision = case.decision
    wanted = [decision.reference, decision.sufficient, sizes[-1], sizes[0]]
    marked: list[int] = []
    for size in wanted:
        if all(abs(x(size) - x(other)) >= _LABEL_GAP for other in marked):
            marked.append(size)
    return set(marked)


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


def _times(high: float, low: float, text: Texts) -> str:
    times = ratio(high, low)
    return text("missing") if times is None else text.number(rounded(times), DIGITS)


def _countries(case: Case, enough: float, text: Texts) -> dict[str, Any]:
    ranked = case.electricity.ranked_countries
    if ranked.empty:
        return {"bars": [], "caption": text("figure.country_ranking.no_intensity"), "unit": ""}
    own = case.electricity.country
    ends = [str(ranked["country_iso3"].iloc[place]) for place in (-1, 0)]
    listed = [code for code in LISTED_COUNTRIES if code in set(ranked["country_iso3"])]
    chosen = list(dict.fromkeys([own, *ends, *listed]))[:BARS]
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
    highest, lowest = shown.iloc[0], shown.iloc[-1]
    return {
        "bars": _bars(rows, batch / unit, _masses(case, enough, text, "country")),
        "unit": symbol,
        "caption": sentence(
            text(
                "poster.figure.countries",
                highest=listed_country(highest, text),
                lowest=listed_country(lowest, text),
                ratio=_times(float(highest["emissions_g"]), float(lowest["emissions_g"]), text),
            )
        ),
    }


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
        for source in _picked(case.electricity.source_order(column))
    ]


def _sources(case: Case, enough: float, text: Texts) -> dict[str, Any]:
    rows = _of_sources(case, "emissions_g", text)
    if not rows:
        return {"bars": [], "caption": text("figure.source_emissions.no_intensity"), "unit": ""}
    batch, unit, symbol = _emissions(case, rows[0][2], text)
    return {
        "bars": _bars(rows, batch / unit, _masses(case, enough, text, "source")),
        "unit": symbol,
        "caption": sentence(
            text(
                "poster.figure.sources",
                highest=rows[0][1],
                lowest=rows[-1][1],
                ratio=_times(rows[0][2], rows[-1][2], text),
            )
        ),
    }


def _cost(case: Case, enough: float, text: Texts) -> dict[str, Any]:
    rows = _of_sources(case, "cost", text)
    if not rows:
        return {"bars": [], "caption": text("poster.figure.no_cost"), "unit": ""}
    batch = readable_batch(rows[-1][2])
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
        "caption": sentence(
            text(
                "poster.figure.cost",
                highest=rows[0][1],
                lowest=rows[-1][1],
                ratio=_times(rows[0][2], rows[-1][2], text),
            )
        ),
    }
