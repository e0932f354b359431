"""The first page: a poster of one sheet, which says what the study found and how sure that is.

It speaks of the study's first model; every other one has a line. Amounts have two digits: that is
what the uncertainty of an energy leaves of them.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from ecosobriety.claims import Checked
from ecosobriety.reporting.cautions import noticed, warnings
from ecosobriety.reporting.claims import SYMBOLS
from ecosobriety.reporting.growth import below_a_cent, has_fewer_epochs, payback
from ecosobriety.reporting.hardware import hardware_warning
from ecosobriety.reporting.headline import change, tested_size
from ecosobriety.reporting.poster_bars import DIGITS, rounded, rounded_up
from ecosobriety.reporting.poster_figures import poster_figures
from ecosobriety.reporting.poster_foot import citation, measured
from ecosobriety.reporting.sentences import kind_of_saving
from ecosobriety.study.study import Case, Study
from ecosobriety.study.wording import country_name, source_name, trainings
from ecosobriety.tables import CLAIM_VERDICTS
from ecosobriety.texts import Texts, is_known
from ecosobriety.units import BATCHES, CENT

MOST_MODELS = 6
"""More models than these are not listed one by one."""


def poster(
    study: Study, claims: Sequence[Checked] | None, provenance: Mapping[str, Any], text: Texts
) -> dict[str, Any]:
    """What the first page shows.

    Returns:
        `question`, `answer`; `numbers`, each with `value`, `words` and `doubt`; `figures`, as
        `poster_figures` gives them; `models`, a line for each other model, and one for those
        without trainings; `marks`, a mark for each claim, and `tally`, how many claims have which
        verdict; `sure`, of the score and of the energy, `measured`, `citation`; `cautions`, how
        many there are.
    """
    cases = study.cases()
    first, others = cases[0], cases[1 : MOST_MODELS + 1]
    return {
        "question": text.markup("poster.question", **_names(first, text)),
        "answer": _answer(first, text),
        "numbers": [
            _enough(first, text),
            _spared(first, text),
            _paid_back(first, text),
            _at_scale(first, text),
        ],
        "figures": poster_figures(first, text),
        "models": [_model(case, text) for case in others]
        + ([text("poster.more_models")] if len(cases) > MOST_MODELS + 1 else [])
        + _untrained(study, text),
        "marks": [_mark(one, text) for one in claims or []],
        "tally": _tally(claims or [], text),
        "sure": [_sure(first, text), text(f"poster.sure.energy.{first.energy_quality}")],
        "measured": measured(first, provenance, text),
        "citation": citation(study, provenance, text),
        "cautions": len([w for w in (hardware_warning(first, text), *warnings(first, text)) if w])
        + len(noticed(first, provenance, text)),
    }


def _names(case: Case, text: Texts) -> dict[str, str]:
    margin = text.margin(case.decision.margin)
    return {"model": case.model, "dataset": case.dataset, "margin": margin}


def kind_of_answer(case: Case) -> str:
    """Which answer the study has, as the texts under `poster.answer` are called."""
    decision = case.decision
    if decision.stopped:
        return "stopped"
    if decision.no_recommendation:
        return str(decision.no_recommendation)
    if decision.stop is None:
        return "one_size"
    return "smaller" if decision.smaller_suffices else "none"


def _is_part(case: Case) -> bool:
    """Whether the reference is less than all of the data."""
    known = case.study.intake.train_examples
    return known is not None and case.decision.reference < known


def _answer(case: Case, text: Texts) -> str:
    decision, kind = case.decision, kind_of_answer(case)
    return text(
        "poster.answer." + ("smaller_part" if kind == "smaller" and _is_part(case) else kind),
        share=text.share(decision.sufficient / decision.reference),
        reference=text.integer(decision.reference),
        n_train=text.integer(decision.sufficient),
        full=text.integer(decision.full),
    )


def _model(case: Case, text: Texts) -> str:
    kind = kind_of_answer(case)
    key = kind if kind in ("smaller", "none", "stopped") else "unknown"
    size = text.integer(case.decision.sufficient)
    return text(f"poster.model.{key}", model=case.model, n_train=size)


def _untrained(study: Study, text: Texts) -> list[str]:
    """The models that a budget had no training for."""
    names = study.untrained
    shown = ", ".join(names[:MOST_MODELS]) + (", …" if len(names) > MOST_MODELS else "")
    return [text("poster.untrained", models=shown)] if names else []


def _number(value: str, words: str, doubt: str = "") -> dict[str, str]:
    return {"value": value, "words": words, "doubt": doubt}


def _enough(case: Case, text: Texts) -> dict[str, str]:
    """How many examples are enough, or which size nothing smaller is shown to replace."""
    decision, kind = case.decision, kind_of_answer(case)
    shown = decision.sufficient
    compared = (decision.first_failing if kind == "none" else None) or shown
    key = kind if kind in ("smaller", "none", "stopped") else "unknown"
    if key in ("smaller", "none") and _is_part(case):
        key += "_part"
    return _number(
        text.integer(shown),
        text(
            f"poster.enough.{key}",
            reference=text.integer(decision.reference),
            full=text.integer(decision.full),
            compared=text.integer(compared),
            score=text.score(float(decision.scores[compared])),
            reference_score=text.score(float(decision.scores[decision.reference])),
            baseline=text.score(decision.baseline),
        )
        + _beyond(case, text)
        + _fewer_epochs(decision.rule.get(shown), text),
    )


def _beyond(case: Case, text: Texts) -> str:
    """What larger sizes than the reference reach, and how many examples there are beyond all."""
    decision, known = case.decision, case.study.intake.train_examples
    largest = int(decision.curve.index.max())
    said = ""
    if decision.grows and kind_of_answer(case) not in ("smaller", "none"):
        return said
    if largest > decision.reference:
        score = text.score(float(decision.scores[largest]))
        said = text("poster.enough.beyond", n_train=text.integer(largest), score=score)
    if known is not None and known > largest:
        said += text("poster.enough.part", all=text.integer(known))
    return said


def _fewer_epochs(decision: Mapping[str, Any] | None, text: Texts) -> str:
    """That a size had fewer epochs than the full one would have; empty where it had as many."""
    if decision is None or not has_fewer_epochs(decision):
        return ""
    epochs = {name: text.exact(decision["epochs"][name]) for name in ("trained", "all")}
    return text("poster.enough.epochs", **epochs)


def _spared(case: Case, text: Texts) -> dict[str, str]:
    """The share of a training's energy that stopping earlier spares, and how sure that is."""
    decision = case.decision
    if decision.stopped:
        left = decision.result["growth"]["unspent"]
        if not left["trainings"]:
            whole = int(decision.curve.index.max()) == case.study.intake.train_examples
            return _number("–", text("poster.spared." + ("all_tried" if whole else "sizes_end")))
        return _number(
            text.energy(rounded(left["energy_kwh"]), DIGITS),
            text("poster.spared.unspent", trainings=trainings(left["trainings"], text)),
        )
    stop = decision.stop
    if stop is None or decision.no_recommendation:
        return _number("–", text("poster.spared.unknown"))
    kind = kind_of_saving(case, stop)
    saved = float(case.electricity.saving(stop)["saved_share"])
    interval = decision.result["configured"]["energy_saved_share"]
    words = text(
        f"poster.spared.{kind}",
        n_train=text.integer(stop),
        confidence=text.exact_share(decision.confidence),
        low=text.share(interval["ci_low"]),
        high=text.share(interval["ci_high"]),
    )
    shown = kind == "smaller" and is_known(interval["ci_low"])
    cautions = {"unsure": interval["ci_low"] <= 0, "shared": case.shares_processes} if shown else {}
    said = " ".join(text(f"poster.spared.{name}") for name, applies in cautions.items() if applies)
    return _number(text.share(abs(saved)), words, said)


def _paid_back(case: Case, text: Texts) -> dict[str, str]:
    """What the study took, and when it has paid for itself."""
    cost = case.decision.result["study_cost"]
    took = text.number(rounded(cost["full_trainings"]), DIGITS)
    full = text.integer(cost["full_n_train"])
    retrainings = cost["payback_retrainings"]
    # Of several models, each has a cost of its own.
    several = "_model" if len(case.study.cases()) > 1 else ""
    if retrainings is None:
        said = text(f"poster.paid_back.never{several}", full=full, model=case.model)
        return _number(took, said)
    said = text(
        f"poster.paid_back.after{several}", full_trainings=took, full=full, model=case.model
    )
    return _number(text.integer(payback(retrainings)), said)


def _at_scale(case: Case, text: Texts) -> dict[str, str]:
    """What the answer spares in a year, or in a thousand trainings where no year is described."""
    year = case.decision.result["yearly"]
    if year is None:
        return _in_batch(case, text)
    share = year["share"]
    factor = 1.0 if share is None else float(share["mean"])
    pue = case.study.config["metering"]["pue"]
    it_kwh = year["energy_kwh"] / pue
    scale = "poster.scale.year" + ("" if pue == 1 else "_site")
    counted = trainings(year["trainings"], text)
    if case.decision.full_size_untrained:
        full = text.integer(case.decision.full)
        counted = text("poster.scale.full", trainings=counted, full=full)
    most = year["cost"] if is_known(year["cost"]) else _dearest(case, it_kwh)
    return _amounts(
        case,
        "taken" if share is None else "spared" if factor >= 0 else "more",
        text(scale, trainings=counted),
        (year["energy_kwh"] * abs(factor), year["emissions_g"], abs(factor), most),
        text,
    )


def _in_batch(case: Case, text: Texts) -> dict[str, str]:
    decision = case.decision
    stop = None if decision.no_recommendation else decision.stop
    batch = BATCHES[1]
    at = case.electricity.at
    grid = at("grid", decision.reference)
    energy_kwh = float(grid["energy_kwh"])
    price = grid["cost"] if is_known(grid["cost"]) else _dearest(case, energy_kwh)
    share = 1.0 if stop is None else float(case.electricity.saving(stop)["saved_share"])
    kind = (
        "taken"
        if stop is None
        else {"smaller": "spared", "half": "would", "more": "more"}[kind_of_saving(case, stop)]
    )
    return _amounts(
        case,
        kind,
        text("poster.scale.batch", trainings=trainings(batch, text)),
        (
            energy_kwh * abs(share) * batch,
            float(grid["emissions_g"]) * batch,
            abs(share),
            None if price is None else float(price) * batch,
        ),
        text,
    )


def _dearest(case: Case, energy_kwh: float) -> float | None:
    """What energy of the computers costs at most, by a price that somebody has looked up."""
    costs = case.electricity.headline_order("cost")
    if not costs:
        return None
    full = case.electricity.at(costs[0], case.decision.reference)
    return float(full["cost"] / full["energy_kwh"]) * energy_kwh if full["energy_kwh"] else None


def _amounts(
    case: Case,
    kind: str,
    scale: str,
    amounts: tuple[float, float | None, float, float | None],
    text: Texts,
) -> dict[str, str]:
    energy_kwh, emissions_g, factor, cost = amounts
    money = _money(case, cost * factor, text) if is_known(cost) else ""
    mass = (
        text.mass(rounded(emissions_g * factor), DIGITS)
        if is_known(emissions_g)
        else text("missing")
    )
    return _number(
        text.energy(rounded(energy_kwh), DIGITS),
        text(
            f"poster.scale.{kind}",
            scale=scale,
            emissions=mass,
            country=country_name(case, text),
            money=money,
        ),
    )


def _money(case: Case, most: float, text: Texts) -> str:
    """The price of electricity: that of the country's mix, or of the most expensive source."""
    currency = case.electricity.currency
    if most < CENT:
        return text("poster.scale.cost", cost=below_a_cent(most, currency, text).striptags())
    cost = text.money(rounded(most), currency, DIGITS)
    if is_known(case.electricity.grid_price):
        return text("poster.scale.cost", cost=cost)
    dearest = case.electricity.headline_order("cost")[0]
    if dearest == case.electricity.source_order("cost")[0]:
        return text(
            "poster.scale.cost_at_most", cost=text.money(rounded_up(most), currency, DIGITS)
        )
    # A price that nobody has looked up may be higher.
    return text("poster.scale.cost_from", cost=cost, source=source_name(case, dearest, text))


def _mark(checked: Checked, text: Texts) -> dict[str, str]:
    verdict = checked.finding.verdict
    return {
        "id": f"claim-{checked.claim['id']}",
        "verdict": verdict,
        "symbol": SYMBOLS[verdict],
        "verdict_name": text(f"claim_verdict.{verdict}"),
        "name": text(f"claim.{checked.claim['id']}.short"),
    }


def _tally(claims: Sequence[Checked], text: Texts) -> list[dict[str, str]]:
    counts = Counter[str](one.finding.verdict for one in claims)
    return [
        {
            "verdict": verdict,
            "symbol": SYMBOLS[verdict],
            "words": text(
                "claims.count",
                count=text.integer(counts[verdict]),
                verdict=text(f"claim_verdict.{verdict}"),
            ),
        }
        for verdict in CLAIM_VERDICTS
        if counts[verdict]
    ]


def _sure(case: Case, text: Texts) -> Markup:
    """How the deciding test came out."""
    decision = case.decision
    if decision.stopped:
        growth = decision.result["growth"]
        return text.markup(
            "poster.sure.stopped",
            bound=text.difference(growth["gain_at_most"]),
            full=text.integer(growth["full_n_train"]),
        )
    size = tested_size(case)
    if size is None or decision.no_recommendation:
        return text.markup("poster.sure.nothing")
    row = decision.curve.loc[[size]].iloc[0]
    if not is_known(row["p_value"]):
        return text.markup("poster.sure.untested", n_train=text.integer(size))
    pairs = decision.pairs(size)
    return text.markup(
        f"poster.sure.{row['verdict']}",
        n_train=text.integer(size),
        seeds=text.plural("unit.seeds", pairs, count=text.integer(pairs)),
        change=change(case, size, text),
        confidence=text.exact_share(decision.confidence),
    )
