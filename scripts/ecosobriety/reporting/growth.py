"""Whether growing is worth it, in words: where a study stopped, what it cost, what more data bring.

A study that grows (`plan.mode` sober) answers with a bound. Every study says what it took itself,
and what the same rule says of more data.
"""

import math
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from ecosobriety.reporting.sentences import data
from ecosobriety.reporting.tables import Cell, Column, Table
from ecosobriety.study.study import Case
from ecosobriety.study.wording import country_name
from ecosobriety.texts import Texts, is_known


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
        return [text.markup("growth.full", **values)]
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
        reason = text(f"growth.reason.{last['reason']}")
        return [text.markup("growth.undecided", reason=reason, **values)]
    if growth["stopped_n_train"] is None:
        return [text.markup("growth.open", **values), rule]
    score = float(case.decision.scores[last["n_train"]])
    stopped = text.markup("growth.stopped", score=data(score, text.score(score)), **values)
    return [stopped, Markup(" ").join([rule, errs]), _untrained(case, full, text)]


def _untrained(case: Case, full: Markup, text: Texts) -> Markup:
    cost = case.decision.result["study_cost"]
    trained = set(map(int, case.decision.curve.index))
    left = [n for n in case.study.config["grid"]["n_train"] if n > max(trained)]
    return text.markup(
        "growth.untrained",
        sizes=text.integer(len(left)),
        full=full,
        energy=data(cost["full_training_kwh"], text.energy(cost["full_training_kwh"])),
    )


def study_cost(case: Case, text: Texts) -> Markup:
    """What the study itself took, and after how many retrainings it has paid for itself."""
    cost = case.decision.result["study_cost"]
    used = text.markup(
        "growth.cost.used",
        full_trainings=data(cost["full_trainings"], text.number(cost["full_trainings"])),
        energy=data(cost["energy_kwh"], text.energy(cost["energy_kwh"])),
        country=country_name(case, text),
        emissions=data(cost["emissions_g"], text.mass(cost["emissions_g"]))
        if is_known(cost["emissions_g"])
        else text("headline.saving.no_intensity"),
    )
    retrainings = cost["payback_retrainings"]
    if retrainings is None:
        return Markup(" ").join([used, text.markup("growth.cost.never")])
    growth = case.decision.result["growth"]
    size = growth["stopped_n_train"] if growth else None
    size = size or case.decision.sufficient
    pays = text.markup(
        "growth.cost.pays",
        # The one that pays the rest back counts whole.
        retrainings=data(retrainings, text.integer(math.ceil(retrainings))),
        n_train=data(size, text.integer(size)),
        full=data(cost["full_n_train"], text.integer(cost["full_n_train"])),
    )
    return Markup(" ").join([used, pays])


def more_data(case: Case, text: Texts) -> Markup:
    """What twice and four times the data would bring at most, and what they would take."""
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


def growth_table(case: Case, text: Texts) -> Table | None:
    """The ladder with its bound at each size; None where nothing was decided."""
    growth = case.decision.result["growth"]
    if growth is None:
        return None
    columns = [
        Column(text("column.n_train")),
        *(Column(text(f"growth.column.{name}")) for name in ("gain", "left", "error", "bound")),
        Column(text("growth.column.decision"), numeric=False),
    ]
    rows = [_decision_row(case, decision, text) for decision in growth["decisions"]]
    note = text(
        "growth.note",
        z=text.exact(growth["z"]),
        margin=_difference(growth["margin"], text),
    )
    return Table("growth", text("growth.caption", model=case.model), columns, rows, [note])


def _decision_row(case: Case, decision: Mapping[str, Any], text: Texts) -> list[Cell]:
    decided = text(
        "verdict.with_reason",
        verdict=text(f"growth.decision.{decision['decision']}"),
        reason=text(f"growth.reason.{decision['reason']}"),
    )
    return [
        Cell(text.integer(decision["n_train"])),
        Cell(_difference(decision["gain_per_doubling"], text)),
        Cell(text.number(decision["doublings_left"])),
        Cell(_difference(decision["standard_error"], text)),
        Cell(_difference(decision["bound"], text)),
        Cell(decided),
    ]


def _difference(value: float | None, text: Texts) -> str:
    return text("missing") if value is None else text.difference(value)
