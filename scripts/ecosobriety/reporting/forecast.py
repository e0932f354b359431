"""How a study's forecast compares with what its trainings took, and what its budget left out."""

from markupsafe import Markup

from ecosobriety.records.adjusted import factor_in
from ecosobriety.reporting.sentences import data
from ecosobriety.study.study import Case, Study
from ecosobriety.texts import Texts


def forecast_sentences(case: Case, text: Texts) -> list[Markup]:
    """Forecast and outcome of a model's trainings; nothing where there is no forecast of them."""
    forecast = case.decision.recommendation.get("forecast")
    if forecast is None or (outcome := forecast["outcomes"].get(case.model)) is None:
        return []
    sentence = text.markup(
        "growth.forecast",
        date=text.date(forecast["made_at"]),
        trainings=text.integer(outcome["trainings"]),
        forecast=data(outcome["forecast_kwh"], text.energy(outcome["forecast_kwh"])),
        energy=data(outcome["energy_kwh"], text.energy(outcome["energy_kwh"])),
        ratio=data(outcome["energy_ratio"], text.number(outcome["energy_ratio"])),
    )
    return [sentence, *_unscaled(case, text)]


def _unscaled(case: Case, text: Texts) -> list[Markup]:
    """That both amounts are as metered, where the study's others are scaled."""
    return [] if factor_in(case.runs) == 1 else [text.markup("growth.unscaled")]


def untrained(study: Study, text: Texts) -> list[dict[str, str | Markup]]:
    """The models that a budget had no training for.

    Returns:
        For each its `name` as that of a case, a `sentence` with the amounts, and a short one,
        `why`.
    """
    budget, dataset = study.recommendation.get("budget"), study.config["dataset"]["name"]
    return [
        {
            "name": text("case", model=model, dataset=dataset),
            "sentence": text.markup(
                "growth.budget.untrained",
                model=model,
                budget=data(budget["energy_kwh"], text.energy(budget["energy_kwh"])),
                spent=data(budget["spent_kwh"], text.energy(budget["spent_kwh"])),
            ),
            "why": text("figure.untrained", model=model),
        }
        for model in study.untrained
        if budget is not None
    ]


def budget_warnings(case: Case, text: Texts) -> list[Markup]:
    """Which trainings of a model a budget has left out; nothing where it was enough."""
    budget = case.decision.recommendation.get("budget")
    left = [row for row in budget["left_out"] if row["model"] == case.model] if budget else []
    if not budget or not left:
        return []
    sizes = [
        text(
            "growth.budget.size",
            n_train=text.integer(row["n_train"]),
            missing=text.integer(len(row["seeds"])),
            asked=text.integer(row["asked"]),
        )
        for row in left
    ]
    missing = sum(len(row["seeds"]) for row in left)
    sentence = text.markup(
        "growth.budget.left_out",
        budget=data(budget["energy_kwh"], text.energy(budget["energy_kwh"])),
        spent=data(budget["spent_kwh"], text.energy(budget["spent_kwh"])),
        missing=text.integer(missing),
        sizes=", ".join(sizes),
    )
    return [sentence, *_unscaled(case, text)]
