"""A forecast in words, for the command line."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ecosobriety.forecast.amounts import Row, sum_of
from ecosobriety.records.record import RunKey
from ecosobriety.texts import Texts
from ecosobriety.units import CENT

_TEXT = Texts("en", {"unit.co2e": "{mass} CO2e"})
"""How numbers are written; the command line speaks English alone."""
_MINUTE_S, _HOUR_S = 60, 3600


def lines(
    forecast: Mapping[str, Any],
    study: str,
    country_iso3: str,
    past: Mapping[str, Any] | None,
    ended: Collection[RunKey],
) -> Iterator[str]:
    """What the trainings of a study take.

    Args:
        forecast: as `forecast.make_forecast` gives it.
        study: the study's name.
        country_iso3: where the trainings run.
        past: as `kept.past_forecasts` gives it.
        ended: the trainings whose records are there.
    """
    least, trainings = forecast["least"], _counted(forecast["trainings"], "training")
    most = "" if least is None else " at most"
    yield f"Forecast of the study {study}: {trainings}{most}"
    yield from (f"  {line}" for line in _amounts(forecast, country_iso3))
    if least is not None and least["energy_kwh"] is not None:
        yield (
            f"  it may stop after {_counted(least['trainings'], 'training')}: "
            f"{_TEXT.energy(least['energy_kwh'])}, {duration(least['duration_s'])}"
        )
    for model in forecast["models"]:
        if model["basis"] is None:
            yield f"  {model['model']}: no forecast, as {model['reason']}"
    yield from (f"  {line}" for line in _left(forecast, ended))
    yield f"  {_reliability(past)}"


def _amounts(forecast: Mapping[str, Any], country_iso3: str) -> Iterator[str]:
    if forecast["energy_kwh"] is None:
        yield "energy, emissions, money and time are not known of all models"
        return
    yield f"energy     {_TEXT.energy(forecast['energy_kwh'])}"
    emissions_g = forecast["emissions_g"]
    mass = "not known" if emissions_g is None else _TEXT.mass(emissions_g)
    yield f"emissions  {mass} with the electricity mix of {country_iso3}"
    yield f"money      {_money(forecast)}"
    starts = _counted(forecast["processes"], "process", "processes")
    yield (
        f"time       {duration(forecast['duration_s'])} of training, and about "
        f"{duration(forecast['startup_s'])} to start {starts}"
    )


def _money(forecast: Mapping[str, Any]) -> str:
    parts = []

    def paid(amount: float) -> str:
        if 0 < amount < CENT:
            return f"less than {_TEXT.money(CENT, forecast['currency'], 1)}"
        return _TEXT.money(amount, forecast["currency"], 2)

    if forecast["cost"] is not None:
        parts.append(f"{paid(forecast['cost'])} of electricity")
    elif forecast["cheapest"] is not None:
        ends = {forecast[end]["source"]: forecast[end]["amount"] for end in ("cheapest", "dearest")}
        named = [f"{paid(amount)} ({source})" for source, amount in ends.items()]
        small = 0 < forecast["dearest"]["amount"] < CENT
        shown = paid(forecast["dearest"]["amount"]) if small else " to ".join(named)
        parts.append(f"{shown} to generate the electricity")
    if forecast["machine_cost"] is not None:
        parts.append(f"{paid(forecast['machine_cost'])} for the machine")
    return ", ".join(parts) or "no price is known"


def _left(forecast: Mapping[str, Any], ended: Collection[RunKey]) -> Iterator[str]:
    """What is still to be trained, where some of it is there."""
    done = Counter((model, n_train) for _, model, n_train, _ in ended)
    rows = [Row(**row) for row in forecast["rows"]]
    left = []
    for row in rows:
        missing = max(row.trainings - done[row.model, row.n_train], 0)
        if missing and row.energy_kwh is not None and row.duration_s is not None:
            share = missing / row.trainings
            energy_kwh, duration_s = row.energy_kwh * share, row.duration_s * share
            left.append(Row(row.model, row.n_train, missing, energy_kwh, duration_s))
        elif missing:
            left.append(Row(row.model, row.n_train, missing, None, None))
    trainings, cost = sum(row.trainings for row in left), sum_of(left)
    if trainings == forecast["trainings"]:
        return
    if not trainings:
        yield "all of them have ended"
    elif cost is not None:
        yield (
            f"{_counted(trainings, 'training')} left: {_TEXT.energy(cost.energy_kwh)}, "
            f"{duration(cost.duration_s)}"
        )


def _reliability(past: Mapping[str, Any] | None) -> str:
    if past is None:
        return "no study in this folder has had a forecast before: how good it is, is not known"
    studies = _counted(past["studies"], "study", "studies")
    low, median, high = (_TEXT.number(past[name]) for name in ("low", "median", "high"))
    between = "" if past["studies"] == 1 else f", from {low} to {high} times"
    return (
        f"past forecasts in this folder: {studies} took {median} times what was forecast{between}"
    )


def duration(seconds: float) -> str:
    """A duration in a readable unit."""
    if seconds < 2 * _MINUTE_S:
        return f"{_TEXT.number(seconds, 2)} s"
    if seconds < 2 * _HOUR_S:
        return f"{_TEXT.number(seconds / _MINUTE_S, 2)} min"
    return f"{_TEXT.number(seconds / _HOUR_S, 3)} h"


def _counted(count: int, one: str, several: str | None = None) -> str:
    return f"{_TEXT.integer(count)} {one if count == 1 else several or one + 's'}"
