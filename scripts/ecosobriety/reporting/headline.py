"""The head of the report: the answer, and how it depends on the margin."""

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from ecosobriety.reporting.sentences import data, kind_of_contract, kind_of_saving, legend
from ecosobriety.reporting.tables import Cell, Column, Table
from ecosobriety.study.study import Case
from ecosobriety.study.wording import (
    baseline_answer,
    baseline_frequency,
    country_name,
    score_decimals,
    source_name,
    trainings,
)
from ecosobriety.tables import GRID_SOURCE
from ecosobriety.texts import Texts, is_known
from ecosobriety.units import (
    ENERGY_UNITS,
    MASS_UNITS,
    Unit,
    readable_unit,
)


def headline(case: Case, text: Texts) -> list[Markup]:
    """The answer: how much is enough, what that saves, how sure it is; or why there is none."""
    if case.decision.no_recommendation:
        return [_no_recommendation(case, text)]
    stop = case.decision.stop
    if stop is None:
        only = data(case.decision.reference, text.integer(case.decision.reference))
        return [text.markup("headline.one_size", reference=only), *_baseline(case, text)]
    return [
        Markup(" ").join([*_tried(case, text), _answer(case, text), *_baseline(case, text)]),
        Markup(" ").join([_saving(case, stop, text), *_by_contract(case, stop, text)]),
        _certainty(case, text),
    ]


def details(case: Case, text: Texts) -> list[Markup]:
    """What the first page leaves to say of the answer of the case that it shows."""
    stop = case.decision.stop
    if case.decision.no_recommendation or stop is None:
        return headline(case, text)
    parts = [_baseline(case, text), _by_contract(case, stop, text), _outlook(case, text)]
    return [Markup(" ").join(part) for part in parts if part]


def _no_recommendation(case: Case, text: Texts) -> Markup:
    """Why the study cannot answer its question."""
    test = case.study.intake.test_examples
    return text.markup(
        f"headline.no_recommendation.{case.decision.no_recommendation}",
        model=case.model,
        dataset=case.dataset,
        reference=data(case.decision.reference, text.integer(case.decision.reference)),
        accuracy=_score(case, case.decision.reference, text),
        always=baseline_answer(case.study, text),
        frequent=baseline_frequency(case.study, text),
        baseline=data(case.decision.baseline, text.score(case.decision.baseline)),
        margin=data(case.decision.margin, text.margin(case.decision.margin)),
        # Where it is not known, no margin is beyond what it resolves.
        test=text.integer(test),
        step=text.points(1 / test if test else None),
    )


def _tried(case: Case, text: Texts) -> list[Markup]:
    """What "enough" is enough of, where the study ends below all of its data."""
    largest, known = int(case.decision.curve.index.max()), case.study.intake.train_examples
    if known is None or largest >= known:
        return []
    values = {"largest": data(largest, text.integer(largest)), "all": text.integer(known)}
    return [text.markup("headline.tried", **values)]


def _baseline(case: Case, text: Texts) -> list[Markup]:
    """What a network that has learnt nothing reaches, where it is known (else: `warnings`)."""
    baseline = case.decision.baseline
    if baseline is None:
        return []
    always = baseline_answer(case.study, text)
    value = data(baseline, text.score(baseline))
    frequent = baseline_frequency(case.study, text)
    return [text.markup("headline.baseline", always=always, frequent=frequent, baseline=value)]


def _score(case: Case, n_train: int, text: Texts) -> Markup:
    score = float(case.decision.scores[n_train])
    return data(score, text.score(score))


def _answer(case: Case, text: Texts) -> Markup:
    compared = case.decision.sufficient if case.decision.smaller_suffices else _failed(case)
    return text.markup(
        "headline.answer.smaller" if case.decision.smaller_suffices else "headline.answer.none",
        n_train=data(compared, text.integer(compared)),
        accuracy=_score(case, compared, text),
        reference=data(case.decision.reference, text.integer(case.decision.reference)),
        reference_accuracy=_score(case, case.decision.reference, text),
        margin=data(case.decision.margin, text.margin(case.decision.margin)),
        model=case.model,
        dataset=case.dataset,
    )


def _failed(case: Case) -> int:
    """Where the sequence of tests stopped: there is such a size, or a smaller one would suffice."""
    failed = case.decision.first_failing
    assert failed is not None
    return failed


def _saving(case: Case, stop: int, text: Texts) -> Markup:
    saved = case.electricity.saving(stop)
    interval = case.decision.result["configured"]["energy_saved_share"]
    difference = float(case.decision.differences[stop])
    batch = case.emissions_batch
    energy_kwh, emissions_g = saved["energy_saved_kwh"] * batch, saved["emissions_saved_g"] * batch
    return text.markup(
        f"headline.saving.{kind_of_saving(case, stop)}",
        n_train=data(stop, text.integer(stop)),
        share=data(saved["saved_share"], text.share(abs(saved["saved_share"]))),
        low=text.share(interval["ci_low"]),
        high=text.share(interval["ci_high"]),
        confidence=text.exact_share(case.decision.confidence),
        trainings=trainings(batch, text),
        energy=data(energy_kwh, text.energy(abs(energy_kwh))),
        emissions=data(emissions_g, text.mass(abs(emissions_g)))
        if is_known(emissions_g)
        else text("headline.saving.no_intensity"),
        country=country_name(case, text),
        difference=data(difference, text.difference(difference)),
        quality=text(f"headline.quality.{case.energy_quality}"),
    )


def _by_contract(case: Case, stop: int, text: Texts) -> list[Markup]:
    """The saved emissions by the GHG Protocol's market-based view, where contracts are compared."""
    saved = case.electricity.saved_by_contract(stop)
    if saved.empty:
        return []
    ends = {
        word: written
        for end, source in (("low", saved.index[0]), ("high", saved.index[-1]))
        for word, written in (
            (end, _mass(float(saved[source]) * case.emissions_batch, text)),
            (f"{end}_source", source_name(case, str(source), text)),
        )
    }
    coverage = text.exact_share(case.electricity.coverage)
    values = {
        "n_train": text.integer(stop),
        "reference": text.integer(case.decision.reference),
        "trainings": trainings(case.emissions_batch, text),
        "of_kind": kind_of_contract(case, saved.index, text),
    }
    which = "by_one_contract" if len(saved) == 1 else "by_contract"
    return [text.markup(f"headline.{which}", coverage=coverage, **values, **ends)]


def _mass(mass_g: float, text: Texts) -> Markup:
    return data(mass_g, text.mass(abs(mass_g)))


def _certainty(case: Case, text: Texts) -> Markup:
    size = case.decision.sufficient if case.decision.smaller_suffices else _failed(case)
    row = case.decision.curve.loc[[size]].iloc[0]
    pairs = case.decision.pairs(size)
    tested = text.markup(
        "headline.certainty." + (str(row["verdict"]) if is_known(row["p_value"]) else "untested"),
        n_train=data(size, text.integer(size)),
        reference=data(case.decision.reference, text.integer(case.decision.reference)),
        seeds=text.plural("unit.seeds", pairs, count=text.integer(pairs)),
        change=change(case, size, text),
        confidence=text.exact_share(case.decision.confidence),
        p_value=data(row["p_value"], text.p_value(row["p_value"])),
    )
    return Markup(" ").join([tested, *_outlook(case, text)])


def _outlook(case: Case, text: Texts) -> list[Markup]:
    """What would show that the next smaller size is enough too; nothing where nothing is tested."""
    size = tested_size(case)
    if size is None or not is_known(case.decision.curve["p_value"][size]):
        return []
    needed = case.decision.result["configured"]["seeds_needed"]
    sentence = text.markup(
        f"headline.outlook.{needed['reason'] or 'seeds'}",
        n_train=text.integer(needed["n_train"]),
        seeds=text.integer(needed["seeds"]),
        power=text.share(case.study.recommendation["power"]),
    )
    return [sentence]


def tested_size(case: Case) -> int | None:
    """The size whose test decides the answer; None where no size lies below the reference."""
    decision = case.decision
    return decision.sufficient if decision.smaller_suffices else decision.first_failing


def change(case: Case, size: int, text: Texts) -> Markup:
    """How the score differs from the reference's: as a loss or a gain, without a sign."""
    mean, bound = float(case.decision.differences[size]), float(case.decision.bounds[size])
    direction = "loss" if case.metric.sign * mean <= 0 else "mixed"
    if direction == "mixed" and case.metric.sign * bound >= 0:
        direction = "gain"
    return text.markup(
        f"headline.certainty.{direction}",
        mean=data(mean, text.difference(abs(mean))),
        bound=data(bound, text.difference(abs(bound))),
    )


def target(case: Case, text: Texts) -> Markup | None:
    """The answer to "at least this good"; None where the study asks for none."""
    found = case.decision.result["target"]
    if found is None:
        return None
    name = case.metric.name
    wanted = data(found[name], text.score(found[name]))
    confidence = text.exact_share(case.decision.confidence)
    if found["n_train"] is None:
        best = case.decision.most_accurate
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
        share=data(share, text.share(None if share is None else abs(share))),
        reference=data(case.decision.reference, text.integer(case.decision.reference)),
    )
    doubt = [] if found["larger_sizes_reach"] else [text.markup("headline.target.larger_fails")]
    baseline = case.decision.baseline
    if baseline is not None and case.metric.sign * (baseline - found[name]) >= 0:
        doubt.append(
            text.markup("headline.target.baseline", always=baseline_answer(case.study, text))
        )
    return Markup(" ").join([reached, compared, *doubt])


def _compared(case: Case, found: Mapping[str, Any]) -> str:
    if found["n_train"] == case.decision.reference:
        return "reference"
    return "saves" if (found["saving"]["share"] or 0) > 0 else "no_saving"


def ladder(case: Case, text: Texts) -> Table | None:
    """The answer at every margin and what it saves; None where no size lies below the reference."""
    if case.decision.stop is None:
        return None
    grid = case.electricity.at(GRID_SOURCE, case.decision.reference)
    energy = readable_unit(float(grid["energy_kwh"]), ENERGY_UNITS)
    emissions = readable_unit(float(grid["emissions_g"]) * case.emissions_batch, MASS_UNITS)
    columns = [
        Column(text("column.margin")),
        Column(text("column.sufficient")),
        Column(text("column.saved_share", confidence=text.exact_share(case.decision.confidence))),
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
                currency=text.currency(case.electricity.currency),
                trainings=trainings(case.electricity.cost_batch, text),
            )
        ),
        Column(text("column.certainty", confidence=text.exact_share(case.decision.confidence))),
        Column(text("column.next_size"), numeric=False),
    ]
    rows = [
        [
            Cell(_margin(case, answer, text)),
            *(_saved(case, answer, energy, emissions, text)),
            Cell(_next_size(answer["seeds_needed"], text)),
        ]
        for answer in case.decision.answers
    ]
    return Table(
        "ladder",
        text("table.ladder.caption", model=case.model),
        columns,
        rows,
        _ladder_notes(case, text),
    )


def _margin(case: Case, answer: Mapping[str, Any], text: Texts) -> str:
    shown = case.metric.percent or case.metric.relative_margin
    margin = text.exact(round(answer["margin"] * 100, 6) if shown else answer["margin"])
    return (
        text("table.ladder.own", margin=margin)
        if answer["margin"] == case.decision.margin
        else margin
    )


def _saved(
    case: Case, answer: Mapping[str, Any], energy: Unit, emissions: Unit, text: Texts
) -> list[Cell]:
    """Size, share, energy, emissions, cost and certainty; dashes where nothing smaller suffices."""
    if answer["no_recommendation"]:
        reason = text(f"table.ladder.no_recommendation.{answer['no_recommendation']}")
        return [Cell(reason), *[Cell("–")] * 5]
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
        Cell(_cost(saving["cost"], case.electricity.cost_batch, text)),
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
    """From the cheapest source to the most expensive, and on the country's mix, where known."""
    ends = ("cheapest",) if cost["cheapest"] == cost["dearest"] else ("cheapest", "dearest")
    known = {end: cost[end]["amount"] for end in ends if cost[end]}
    if is_known(cost["grid"]):
        known["grid"] = cost["grid"]
    if not known:
        return text("missing")
    amounts = {end: text.number(amount * batch) for end, amount in known.items()}
    return text("table.ladder.amounts." + "_".join(amounts), **amounts)


def _next_size(needed: Mapping[str, Any], text: Texts) -> str:
    """How many seeds would show the next smaller size, or why no number helps."""
    if needed["reason"] == "no_recommendation":
        return "–"
    return text(
        f"table.ladder.next.{needed['reason'] or 'seeds'}",
        n_train=text.integer(needed["n_train"]),
        seeds=text.integer(needed["seeds"]),
    )


def _ladder_notes(case: Case, text: Texts) -> list[str]:
    notes = [text("table.ladder.note", country=country_name(case, text))]
    if text.metric.relative_margin:
        notes.append(text("table.ladder.ratio"))
    # The sources are the same at every margin.
    savings = [answer["saving"] for answer in case.decision.answers if answer["saving"] is not None]
    if not savings:
        return notes
    if case.shares_processes:
        notes.append(text("table.ladder.shared_process"))
    cost = savings[0]["cost"]
    if case.electricity.consumer_price is not None:
        notes.append(text("table.ladder.consumer_price", country=country_name(case, text)))
    if cost["reason"]:
        return [*notes, text(f"table.ladder.{cost['reason']}")]
    sources = {end: cost[end]["source"] for end in ("cheapest", "dearest")}
    marks = {end: case.electricity.cost_mark(source) for end, source in sources.items()}
    names = {end: source_name(case, sources[end], text, marks[end]) for end in sources}
    which = "one_source" if cost["cheapest"] == cost["dearest"] else "cost_range"
    return [*notes, text(f"table.ladder.{which}", **names), *legend(list(marks.values()), text)]
