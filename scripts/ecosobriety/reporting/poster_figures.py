"""The four figures of the first page, as what the template draws: one curve, three lists of bars.

They are drawn by the page itself, in its own letters and colours, so that they follow the paper's
size, the reader's scheme and a script. One legend serves all: dark is what a training takes with
enough data, light what all of the data add to it.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from ecosobriety.reporting.poster_bars import (
    DIGITS,
    cost_bars,
    country_bars,
    rounded,
    source_bars,
    times,
)
from ecosobriety.study.study import Case
from ecosobriety.texts import Texts, decimals_for, is_known
from ecosobriety.units import ENERGY_UNITS, Unit, readable_unit

_MOST_COLUMNS = 20
_LEFT, _RIGHT = 12.0, 388.0
# Above each part is a line of words, and below it room for a label.
_SCORE_TOP, _SCORE_BOTTOM = 40.0, 104.0
_ENERGY_TOP, _ENERGY_BOTTOM = 162.0, 214.0
_LETTER = 8.5
_LABEL_GAP = 62.0


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
            "countries": country_bars(case, enough, text),
            "sources": source_bars(case, enough, text),
            "cost": cost_bars(case, enough, text),
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
        energy=times(energy[1], energy[0], text),
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
    written = _energies(case, unit, text)
    marked = _marked(sizes, case, x)
    points = [
        {
            "size": size,
            "x": round(x(size), 1),
            "y": round(y(score), 1),
            "kind": _kind(size, case),
            "score": text.score(score),
            "top": round(_ENERGY_BOTTOM - energy / most * (_ENERGY_BOTTOM - _ENERGY_TOP), 1),
            "energy": written(size, energy),
            "said": text(
                "figure.spot.pair",
                name=text("poster.figure.examples", n_train=text.integer(size)),
                value=f"{written(size, energy)}\N{NO-BREAK SPACE}{unit.symbol}",
                score=text.score(score),
            ),
            "label": text.integer(size) if size in marked else "",
            "anchor": _anchor(size, sizes),
            # Away from the margin's line; the smallest size's where the curve does not go.
            "below": score < (scores[-1] if size == sizes[0] else threshold),
        }
        for size, score, energy in zip(sizes, scores, energies, strict=True)
    ]
    for point in points:
        point["free"] = _clear(point, points, column)
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
        "score_words": text("poster.figure.size.score"),
        "energy_words": text("poster.figure.size.energy", unit=unit.symbol),
    }


def _energies(case: Case, unit: Unit, text: Texts) -> Callable[[int, float], str]:
    """How the energy of a size is written, in the figure's unit.

    The reference's has one more digit where the sufficient size's needs it, so that their
    difference is what the page says is saved.
    """
    decision = case.decision
    sufficient_kwh = float(decision.curve["energy_kwh_mean"][decision.sufficient])
    own = decimals_for(sufficient_kwh / unit.size, DIGITS)

    def written(size: int, energy_kwh: float) -> str:
        amount = energy_kwh / unit.size
        decimals = decimals_for(amount, DIGITS)
        if size == decision.reference:
            decimals = max(decimals, min(own, decimals_for(amount, DIGITS + 1)))
            return text.fixed(amount, decimals)
        return text.number(rounded(amount), DIGITS)

    return written


def _clear(point: Mapping[str, Any], points: Sequence[Mapping[str, Any]], column: float) -> float:
    """The top of all columns that a point's label stands above: a neighbour may be higher."""
    wide = max(column, _LETTER * len(point["energy"]))
    left = {"start": column / 2, "middle": wide / 2, "end": wide - column / 2}[point["anchor"]]
    start = point["x"] - left
    return min(
        float(other["top"])
        for other in points
        if other["x"] + column / 2 > start and other["x"] - column / 2 < start + wide
    )


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
    """Sizes that are labelled: those that the page speaks of; none beside another."""
    decision = case.decision
    found = decision.sufficient != decision.reference
    spoken = [] if found else [decision.first_failing, decision.stop]
    named = [size for size in spoken if size is not None]
    wanted = [decision.reference, decision.sufficient, *named, sizes[-1], sizes[0]]
    marked: list[int] = []
    for size in wanted:
        if all(abs(x(size) - x(other)) >= _LABEL_GAP for other in marked):
            marked.append(size)
    return set(marked)
