"""The head of the report: the answer, how it hangs on the margin, and what to be careful about."""

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from ecosobriety.reporting.sentences import data, kind_of_saving, legend
from ecosobriety.reporting.tables import Cell, Column, Table
from ecosobriety.tables import GRID_SOURCE
from ecosobriety.texts import Texts, is_known
from ecosobriety.units import ENERGY_UNITS, MASS_UNITS, Unit, readable_unit
from ecosobriety.views import Case
from ecosobriety.wording import country_name, score_decimals, source_name, trainings

MIN_SEEDS = 3
UNEVEN_FROM = 1.2
"""With fewer, a standard deviation is hardly known at all, and bounds are very wide."""


def headline(case: Case, text: Texts) -> list[Markup]:
    """The answer in three sentences: how much is enough, what that saves, how sure it is."""
    if case.stop is None:
        only = data(case.reference, text.integer(case.reference))
        return [text.markup("headline.one_size", reference=only)]
    return [_answer(case, text), _saving(case, case.stop, text), _certainty(case, text)]


def _score(case: Case, n_train: int, text: Texts) -> Markup:
    score = float(case.scores[n_train])
    return data(score, text.score(score))


def _answer(case: Case, text: Texts) -> Markup:
    compared = case.sufficient if case.smaller_suffices else _failed(case)
    return text.markup(
        "headline.answer.smaller" if case.smaller_suffices else "headline.answer.none",
        n_train=data(compared, text.integer(compared)),
        accuracy=_score(case, compared, text),
        reference=data(case.reference, text.integer(case.reference)),
        reference_accuracy=_score(case, case.reference, text),
        margin=data(case.margin, text.margin(case.margin)),
        model=case.model,
        dataset=case.dataset,
    )


def _failed(case: Case) -> int:
    """Where the sequence of tests stopped: there is such a size, or a smaller one would suffice."""
    failed = case.first_failing
    assert failed is not None
    return failed


def _saving(case: Case, stop: int, text: Texts) -> Markup:
    saved = case.saving(stop)
    interval = case.result["configured"]["energy_saved_share"]
    difference = float(case.differences[stop])
    emissions_g = saved["emissions_saved_g"]
    return text.markup(
        f"headline.saving.{kind_of_saving(case, stop)}",
        n_train=data(stop, text.integer(stop)),
        share=data(saved["saved_share"], text.share(abs(saved["saved_share"]))),
        low=text.share(interval["ci_low"]),
        high=text.share(interval["ci_high"]),
        confidence=text.exact_share(case.confidence),
        energy=data(saved["energy_saved_kwh"], text.energy(abs(saved["energy_saved_kwh"]))),
        emissions=data(emissions_g, text.mass(abs(emissions_g)))
        if is_known(emissions_g)
        else text("headline.saving.no_intensity"),
        country=country_name(case, text),
        difference=data(difference, text.difference(difference)),
        quality=text(f"headline.quality.{case.energy_quality}"),
    )


def _certainty(case: Case, text: Texts) -> Markup:
    size = case.sufficient if case.smaller_suffices else _failed(case)
    row = case.curve.loc[[size]].iloc[0]
    needed = case.result["configured"]["seeds_needed"]
    reason = needed["reason"] or "seeds"
    pairs = case.pairs(size)
    tested = text.markup(
        "headline.certainty." + (str(row["verdict"]) if is_known(row["p_value"]) else "untested"),
        n_train=data(size, text.integer(size)),
        reference=data(case.reference, text.integer(case.reference)),
        seeds=text.plural("unit.seeds", pairs, count=text.integer(pairs)),
        difference=data(case.differences[size], text.difference(case.differences[size])),
        lower=data(case.bounds[size], text.difference(case.bounds[size])),
        confidence=text.exact_share(case.confidence),
        p_value=data(row["p_value"], text.p_value(row["p_value"])),
    )
    if not is_known(row["p_value"]):
        return tested
    outlook = text.markup(
        f"headline.outlook.{reason}",
        n_train=text.integer(needed["n_train"]),
        seeds=text.integer(needed["seeds"]),
        power=text.share(case.study.recommendation["power"]),
    )
    return Markup(" ").join([tested, outlook])


def target(case: Case, text: Texts) -> Markup | None:
    """The answer to "at least this good"; None where the study asks for none."""
    found = case.result["target"]
    if found is None:
        return None
    name = case.metric.name
    wanted = data(found[name], text.score(found[name]))
    confidence = text.exact_share(case.confidence)
    if found["n_train"] is None:
        best = case.most_accurate
        return text.markup(
            f"headline.target.{found['reason']}",
            target=wanted,
            confidence=confidence,
            n_train=data(best, text.integer(best)),
            accuracy=_score(case, best, text),
        )
    share = found["saving"]["share"]
    bound = f"{name}_{case.metric.bound}"
    reached = text.markup(
        "headline.target.reached",
        target=wanted,
        confidence=confidence,
        n_train=data(found["n_train"], text.integer(found["n_train"])),
        accuracy=data(found[f"{name}_mean"], text.score(found[f"{name}_mean"])),
        lower=data(found[bound], text.score(found[bound])),
    )
    compared = text.markup(
        f"headline.target.{_compared(case, found)}",
        share=data(share, text.share(abs(share))),
        reference=data(case.reference, text.integer(case.reference)),
    )
    doubt = [] if found["larger_sizes_reach"] else [text.markup("headline.target.larger_fails")]
    return Markup(" ").join([reached, compared, *doubt])


def _compared(case: Case, found: Mapping[str, Any]) -> str:
    if found["n_train"] == case.reference:
        return "reference"
    return "saves" if found["saving"]["share"] > 0 else "no_saving"


def warnings(case: Case, text: Texts) -> list[str]:
    """What makes the verdict weaker than it looks, where there is something of the kind."""
    curve = case.curve
    told = []
    n_seeds = int(case.result["n_seeds"])
    if n_seeds < MIN_SEEDS:
        seeds = text.plural("unit.seeds", n_seeds, count=text.integer(n_seeds))
        told.append(text("warning.few_seeds", seeds=seeds))
    for reason in ("too_few_pairs", "missing_pairs", "zero_variance"):
        sizes = [int(size) for size in curve.index[curve["verdict_reason"] == reason]]
        if sizes:
            told.append(text(f"warning.{reason}", sizes=", ".join(map(text.integer, sizes))))
    if case.stop is not None and case.pace_spread > UNEVEN_FROM:
        told.append(
            text(
                "warning.uneven_pace",
                times=text.number(case.pace_spread),
                n_train=text.integer(case.stop),
                share=text.share(case.steps_saved_share(case.stop)),
            )
        )
    best, scores = case.most_accurate, case.scores
    if best < case.reference and scores[best] != scores[case.reference]:
        told.append(
            text(
                "warning.falling",
                best=text.integer(best),
                best_accuracy=text.score(float(scores[best])),
                reference=text.integer(case.reference),
                reference_accuracy=text.score(float(scores[case.reference])),
            )
        )
    return told


def ladder(case: Case, text: Texts) -> Table | None:
    """The answer at every margin and what it saves; None where no size lies below the reference."""
    if case.stop is None:
        return None
    grid = case.at(GRID_SOURCE, case.reference)
    energy = readable_unit(float(grid["energy_kwh"]), ENERGY_UNITS)
    emissions = readable_unit(float(grid["emissions_g"]) * case.emissions_batch, MASS_UNITS)
    columns = [
        Column(text("column.margin")),
        Column(text("column.sufficient")),
        Column(text("column.saved_share", confidence=text.exact_share(case.confidence))),
        Column(text("column.saved_energy", unit=energy.symbol)),
        Column(
            text(
                "column.saved_emissions",
                unit=emissions.symbol,
                trainings=trainings(case.emissions_batch, text),
            )
        ),
        Column(
            text(
                "column.saved_cost",
                currency=text.currency(case.currency),
                trainings=trainings(case.cost_batch, text),
            )
        ),
        Column(text("column.certainty", confidence=text.exact_share(case.confidence))),
        Column(text("column.next_size"), numeric=False),
    ]
    rows = [
        [
            Cell(_margin(case, answer, text)),
            *(_saved(case, answer, energy, emissions, text)),
            Cell(_next_size(answer["seeds_needed"], text)),
        ]
        for answer in case.answers
    ]
    return Table(
        "ladder",
        text("table.ladder.caption", model=case.model),
        columns,
        rows,
        _ladder_notes(case, text),
    )


def _margin(case: Case, answer: Mapping[str, Any], text: Texts) -> str:
    margin = text.exact(round(answer["margin"] * 100, 6))
    return text("table.ladder.own", margin=margin) if answer["margin"] == case.margin else margin


def _saved(
    case: Case, answer: Mapping[str, Any], energy: Unit, emissions: Unit, text: Texts
) -> list[Cell]:
    """Size, share, energy, emissions, cost and certainty; dashes where nothing smaller suffices."""
    if not answer["smaller_than_reference"]:
        return [Cell(text("table.ladder.reference")), *[Cell("–")] * 5]
    saving, interval = answer["saving"], answer["energy_saved_share"]
    bounds = {"low": text.share(interval["ci_low"]), "high": text.share(interval["ci_high"])}
    emissions_g, difference = saving["emissions_g"], answer[f"{text.metric.name}_diff"]
    scale, decimals = case.emissions_batch / emissions.size, score_decimals(case.study)
    return [
        Cell(text.integer(answer["sufficient_n_train"])),
        Cell(text("unit.interval", mean=text.share(saving["share"]), **bounds)),
        Cell(text.number(saving["energy_kwh"] / energy.size)),
        Cell(text.number(emissions_g * scale if is_known(emissions_g) else None)),
        Cell(_cost(saving["cost"], case.cost_batch, text)),
        Cell(
            text(
                "table.ladder.certainty",
                lower=text.fixed(
                    difference[text.metric.bound] * text.metric.display_factor, decimals
                ),
                p_value=text.p_value(difference["p_value"]),
            )
        ),
    ]


def _cost(cost: Mapping[str, Any], batch: int, text: Texts) -> str:
    """From the cheapest source to the dearest, and on the country's mix, as far as it is known."""
    known = {end: cost[end]["amount"] for end in ("cheapest", "dearest") if cost[end]}
    if is_known(cost["grid"]):
        known["grid"] = cost["grid"]
    if not known:
        return text("missing")
    amounts = {end: text.number(amount * batch) for end, amount in known.items()}
    return text("table.ladder.amounts." + "_".join(amounts), **amounts)


def _next_size(needed: Mapping[str, Any], text: Texts) -> str:
    """How many seeds would show the next smaller size, or why no number helps."""
    return text(
        f"table.ladder.next.{needed['reason'] or 'seeds'}",
        n_train=text.integer(needed["n_train"]),
        seeds=text.integer(needed["seeds"]),
    )


def _ladder_notes(case: Case, text: Texts) -> list[str]:
    cost = case.result["configured"]["saving"]["cost"]
    notes = [text("table.ladder.note", country=country_name(case, text))]
    if cost["reason"]:
        return [*notes, text(f"table.ladder.{cost['reason']}")]
    sources = {end: cost[end]["source"] for end in ("cheapest", "dearest")}
    marks = {end: case.cost_mark(source) for end, source in sources.items()}
    names = {end: source_name(case, sources[end], text, marks[end]) for end in sources}
    return [*notes, text("table.ladder.cost_range", **names), *legend(list(marks.values()), text)]
