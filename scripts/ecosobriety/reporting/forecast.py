"""How a study's forecast compares with what its trainings took."""

from markupsafe import Markup

from ecosobriety.reporting.sentences import data
from ecosobriety.study.study import Case
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
    return [sentence]
