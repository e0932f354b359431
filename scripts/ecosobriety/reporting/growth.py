"""Whether growing is worth it, in words: where a study stopped, what it cost, what more data bring.

A study that grows (`plan.mode` sober) answers with a bound. Every study says what it took itself,
and what the same rule says of more data.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

from markupsafe import Markup

from ecosobriety.reporting.remarks import remark
from ecosobriety.reporting.sentences import data
from ecosobriety.reporting.tables import Cell, Column, Table
from ecosobriety.study.study import Case
from ecosobriety.study.wording import country_name, trainings
from ecosobriety.texts import Texts, is_known
from ecosobriety.units import CENT

LEAST_MASS_G = 1e-3
"""Masses below it say no more than that they are."""


def growth_answer(case: Case, text: Texts) -> list[Markup]:
    """Where a study that grows has stopped, and why; empty for one that trains every size."""
    growth = case.decision.result["growth"]
    if growth is None:
        return []
    last = growth["decisions"][-1]
    full = data(growth["full_n_train"], text.integer(growth["full_n_train"]))
    values = {
        "n_train": data(last["n_train"], text.integer(last["n_train"])),
        "full": full,
        "margin": data(growth["margin"], _difference(growth["margin"], text)),
        "model": case.model,
        "dataset": case.dataset,
    }
    if last["reason"] == "full_size":
        return [_grown_to_full(case, values, text), *_shortened(case, text)]
    bound = growth["gain_at_most"]
    values["bound"] = data(bound, _difference(bound, text))
    rule = text.markup(
        "growth.rule",
        gain=_difference(last["gain_per_doubling"], text),
        z=text.exact(growth["z"]),
        full=full,
    )
    rate = growth["error_rate"]["false_of_all"]
    rate_key = "known" if rate is not None else "own_z"
    errs = text.markup(
        f"growth.rate.{rate_key}", rate=text.share(rate, 1), z=text.exact(growth["z"])
    )
    if last["decision"] == "undecided":
        return [text.markup("growth.undecided", reason=_reason(last, text), **values)]
    if growth["stopped_n_train"] is None:
        return [text.markup("growth.open", **values), *_shortened(case, text), rule]
    score = float(case.decision.scores[last["n_train"]])
    stopped = text.markup("growth.stopped", score=data(score, text.score(score)), **values)
    unspent = _untrained(case, full, text)
    return [stopped, *_shortened(case, text), unspent, Markup(" ").join([rule, errs])]


def _grown_to_full(case: Case, values: Mapping[str, Any], text: Texts) -> Markup:
    """Why the study did not stop on the way: too much was left, or the rule could not decide."""
    below = [found for n, found in case.decision.rule.items() if n < case.decision.full]
    undecided = [found for found in below if found["decision"] == "undecided"]
    if undecided and len(undecided) == len(below):
        reason = _reason(undecided[-1], text)
        return text.markup("growth.full_undecided", reason=reason, **values)
    # Too early is no refusal: the rule then waits for the next size.
    refused = [found for found in undecided if found["reason"] == "test_part_too_small"]
    sentences = [text.markup("growth.full", **values)]
    if refused:
        sentences.append(text.markup("growth.refused", reason=_reason(refused[-1], text)))
    return Markup(" ").join(sentences)


def _shortened(case: Case, text: Texts) -> list[Markup]:
    """Which sizes had fewer epochs, and what the last one may have lost by it; or why none had."""
    rule = case.decision.rule
    fewer = {n: found["epochs"] for n, found in rule.items() if has_fewer_epochs(found)}
    if not fewer:
        why = (case.decision.result["growth"]["decisions"][-1]["epochs"] or {}).get("reason")
        told = remark(why, text) if why else None
        return [text.markup("growth.epochs.none", reason=told)] if told else []
    sizes = ", ".join(
        text("growth.epochs.size", n_train=text.integer(n), epochs=text.exact(of["trained"]))
        for n, of in fewer.items()
    )
    last_n, last = [*fewer.items()][-1]
    sentences = [text.markup("growth.epochs.fewer", all=text.integer(last["all"]), sizes=sizes)]
    if last_n == max(rule) and last["loss"] is not None:
        loss = data(last["loss"], text.difference(last["loss"]))
        sentences.append(text.markup("growth.epochs.loss", loss=loss))
    return [Markup(" ").join(sentences)]


def has_fewer_epochs(decision: Mapping[str, Any]) -> bool:
    """Whether the size of a decision was trained for fewer epochs than the full one."""
    epochs = decision["epochs"]
    return epochs is not None and epochs["trained"] < epochs["all"]


def _untrained(case: Case, full: Markup, text: Texts) -> Markup:
    cost, left = case.decision.result["study_cost"], case.decision.result["growth"]["unspent"]
    sentences = []
    if left["trained_before"]:
        trainings = text.integer(left["trained_before"])
        sentences.append(text.markup("growth.trained_before", trainings=trainings))
    if left["sizes"]:
        unspent = text.markup(
            "growth.untrained",
            sizes=text.integer(len(left["sizes"])),
            trainings=text.integer(left["trainings"]),
            full=full,
            amounts=_amounts(case, left, text),
        )
        sentences.append(unspent)
    each = data(cost["full_training_kwh"], text.energy(cost["full_training_kwh"]))
    kind = _energy_by(case) if cost["full_training_estimated"] else "counted"
    sentences.append(text.markup(f"growth.each.{kind}", full=full, energy=each))
    return Markup(" ").join(sentences)


def _energy_by(case: Case) -> str:
    """How the energy of larger trainings follows from that of the study's own."""
    (energy_by,) = {found["energy_by"] for found in case.decision.result["more_data"]}
    return str(energy_by)


def study_cost(case: Case, text: Texts) -> Markup:
    """What the study itself took, and after how many retrainings it has paid for itself."""
    cost = case.decision.result["study_cost"]
    used = "used" if len(case.study.cases()) == 1 else "used_by_model"
    if case.energy_quality == "imported":
        used = "imported"
    sentences = [
        text.markup(
            f"growth.cost.{used}",
            model=case.model,
            full_trainings=data(cost["full_trainings"], text.number(cost["full_trainings"])),
            full=text.integer(cost["full_n_train"]),
            amounts=_amounts(case, cost, text),
        )
    ]
    beside_kwh = cost["beside_plan_kwh"]
    if beside_kwh:
        beside = data(beside_kwh, text.energy(beside_kwh))
        sentences.append(text.markup("growth.cost.beside", energy=beside))
    if forecast_kwh := cost["forecast_kwh"]:
        measured = data(forecast_kwh, text.energy(forecast_kwh))
        sentences.append(text.markup("growth.cost.forecast", energy=measured))
    if trackers_kwh := cost["trackers_kwh"]:
        again = data(trackers_kwh, text.energy(trackers_kwh))
        sentences.append(text.markup("growth.cost.trackers", energy=again))
    retrainings = cost["payback_retrainings"]
    if retrainings is None:
        return Markup(" ").join([*sentences, text.markup("growth.cost.never")])
    growth, size = case.decision.result["growth"], case.decision.sufficient
    if growth and not case.decision.smaller_suffices:
        size = growth["stopped_n_train"] or size
    pays = text.markup(
        "growth.cost.pays",
        retrainings=data(payback(retrainings), text.integer(payback(retrainings))),
        n_train=data(size, text.integer(size)),
        full=data(cost["full_n_train"], text.integer(cost["full_n_train"])),
    )
    return Markup(" ").join([*sentences, pays])


def payback(retrainings: float) -> int:
    """So many retrainings pay a study back: the one that pays the rest counts whole.

    Of many, two digits, rounded up: energies are not known better.
    """
    count = math.ceil(retrainings)
    step: int = 10 ** max(0, len(str(count)) - 2)
    return -(-count // step) * step


def _amounts(case: Case, price: Mapping[str, Any], text: Texts) -> Markup:
    """An energy with its emissions and its money, as `study_cost` prices it."""
    small = _priced(price) != "unpriced" and _most(price) < CENT
    cent = {"cost": below_a_cent(_most(price), price["currency"], text)} if small else {}
    return text.markup(
        f"growth.amounts.{'cent' if small else _priced(price)}",
        energy=data(price["energy_kwh"], text.energy(price["energy_kwh"])),
        emissions=data(price["emissions_g"], _mass(price["emissions_g"], text))
        if is_known(price["emissions_g"])
        else text("headline.saving.no_intensity"),
        country=country_name(case, text),
        **(cent or _money(price, text)),
    )


def below_a_cent(amount: float, currency: str, text: Texts) -> Markup:
    """An amount that is too small to be paid: that it is below a cent, with its value; or none."""
    if amount == 0:
        return data(amount, text.money(0.0, currency))
    return data(amount, text("unit.less_than", amount=text.money(CENT, currency, 1)))


def _mass(emissions_g: float, text: Texts) -> str:
    least = text.mass(LEAST_MASS_G, 1)
    small = 0 < emissions_g < LEAST_MASS_G
    return text("unit.less_than", amount=least) if small else text.mass(emissions_g)


def _priced(price: Mapping[str, Any]) -> str:
    """Which prices are known: that of the country's mix, those of sources or of one, or none."""
    if is_known(price["cost"]):
        return "mix"
    if price["cheapest"] is None:
        return "unpriced"
    return "one_source" if price["cheapest"] == price["dearest"] else "sources"


def _most(price: Mapping[str, Any]) -> float:
    """The amount on the country's mix, or the highest of the sources."""
    return float(price["cost"] if is_known(price["cost"]) else price["dearest"]["amount"])


def _money(
    price: Mapping[str, Any], text: Texts, mark: Callable[[float, str], str] = data
) -> dict[str, Any]:
    """The words of an amount of money; `mark` writes a number with its value for a machine."""
    currency = price["currency"]
    if _priced(price) == "mix":
        return {"cost": mark(price["cost"], text.money(price["cost"], currency, 2))}
    if price["cheapest"] is None:
        return {}
    return {
        word: written
        for end in ("cheapest", "dearest")
        for word, written in (
            (end, mark(price[end]["amount"], text.money(price[end]["amount"], currency, 2))),
            (f"{end}_source", text.name("source", price[end]["source"])),
        )
    }


def _money_cell(price: Mapping[str, Any], text: Texts) -> str:
    if _priced(price) == "mix":
        return text.money(price["cost"], price["currency"], 2)
    return text(f"growth.money.{_priced(price)}", **_money(price, text, lambda _, written: written))


def more_data(case: Case, text: Texts) -> Markup:
    """What twice and four times the data would bring at most; the table says what they take."""
    twice, four = case.decision.result["more_data"]
    if twice["reason"] is not None:
        return text.markup("growth.more_unknown")
    return text.markup(
        "growth.more",
        n_train=text.integer(twice["n_train"]),
        twice=data(twice["gain_at_most"], text.difference(twice["gain_at_most"])),
        twice_energy=data(twice["energy_kwh"], text.energy(twice["energy_kwh"])),
        four=data(four["gain_at_most"], text.difference(four["gain_at_most"])),
        four_energy=data(four["energy_kwh"], text.energy(four["energy_kwh"])),
    )


def more_data_table(case: Case, text: Texts) -> Table:
    """What more data would bring at most, and take more per training."""
    batch, cost_batch = case.emissions_batch, case.electricity.cost_batch
    columns = [
        Column(text("column.n_train")),
        *(Column(text(f"growth.column.{name}")) for name in ("at_most", "energy")),
        Column(text("growth.column.emissions", trainings=trainings(batch, text))),
        Column(text("growth.column.cost", trainings=trainings(cost_batch, text)), numeric=False),
    ]
    rows = [
        [
            Cell(text.integer(round(found["n_train"] * found["factor"]))),
            Cell(_difference(found["gain_at_most"], text)),
            Cell(text.energy(found["energy_kwh"])),
            Cell(_batch_mass(found["emissions_g"], batch, text)),
            Cell(_money_cell(_times(found, cost_batch), text)),
        ]
        for found in case.decision.result["more_data"]
    ]
    notes = [
        text(f"growth.more_note.{_energy_by(case)}"),
        text("growth.more_note.emissions", country=country_name(case, text)),
    ]
    return Table("more", text("growth.more_caption", model=case.model), columns, rows, notes)


def _batch_mass(emissions_g: float | None, batch: int, text: Texts) -> str:
    return text.mass(emissions_g * batch if is_known(emissions_g) else None)


def _times(price: Mapping[str, Any], batch: int) -> dict[str, Any]:
    """What `study_cost` prices, of so many trainings."""
    ends = {
        end: price[end] and {**price[end], "amount": price[end]["amount"] * batch}
        for end in ("cheapest", "dearest")
    }
    return {**price, "cost": price["cost"] * batch if is_known(price["cost"]) else None, **ends}


def growth_table(case: Case, text: Texts) -> Table | None:
    """The ladder with its bound at each size; None where there is a bound at none."""
    rule = case.decision.rule
    if all(found["bound"] is None for found in rule.values()):
        return None
    of_epochs = any(map(has_fewer_epochs, rule.values()))
    numbers = [*("gain", "left", "error"), *(["epochs", "loss"] if of_epochs else []), "bound"]
    columns = [
        Column(text("column.n_train")),
        Column(text("column.accuracy_mean")),
        *(Column(text(f"growth.column.{name}")) for name in numbers),
        Column(text("growth.column.decision"), numeric=False),
    ]
    rows = [_decision_row(case, found, of_epochs, text) for found in rule.values()]
    last = next(reversed(rule.values()))
    note = text("growth.note", z=text.exact(last["z"]), margin=_difference(last["margin"], text))
    kind = "grown" if case.decision.grows else "exhaustive"
    caption = text(f"growth.caption.{kind}", model=case.model)
    notes = [note, text("growth.epochs.note")] if of_epochs else [note]
    return Table("growth", caption, columns, rows, notes)


def _decision_row(
    case: Case, decision: Mapping[str, Any], of_epochs: bool, text: Texts
) -> list[Cell]:
    decided = text(
        "verdict.with_reason",
        verdict=text(f"growth.decision.{decision['decision']}"),
        reason=_reason(decision, text),
    )
    score = float(case.decision.scores[decision["n_train"]])
    return [
        Cell(text.integer(decision["n_train"])),
        Cell(text.number(score * case.metric.display_factor)),
        Cell(_known(decision["gain_per_doubling"], text)),
        Cell(text.number(decision["doublings_left"])),
        Cell(_known(decision["standard_error"], text)),
        *(_epochs_cells(decision, text) if of_epochs else []),
        # Nothing is left to bound at the full size.
        Cell(_known(decision["bound"] if decision["doublings_left"] else None, text)),
        Cell(decided),
    ]


def _epochs_cells(decision: Mapping[str, Any], text: Texts) -> list[Cell]:
    epochs = decision["epochs"]
    trained = "–" if epochs is None else text.exact(epochs["trained"])
    return [Cell(trained), Cell(_known(None if epochs is None else epochs["loss"], text))]


def _reason(decision: Mapping[str, Any], text: Texts) -> str:
    error = decision["test_standard_error"]
    return text(f"growth.reason.{decision['reason']}", error=_difference(error, text))


def _difference(value: float | None, text: Texts) -> str:
    return text("missing") if value is None else text.difference(value)


def _known(value: float | None, text: Texts) -> str:
    """A difference in a table; a dash where too few sizes were trained for it."""
    return "–" if value is None else text.difference(value)
