"""A study's forecast: what its trainings will take, and how it compares with what they took."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from ecosobriety.decision.study_cost import Prices
from ecosobriety.errors import RecordError
from ecosobriety.footprint.derive import Accounting, Factors, derive_scenarios
from ecosobriety.forecast import kept
from ecosobriety.forecast.amounts import Cost, Row, as_table, outcome_of, rows_of, sum_of
from ecosobriety.records.adjusted import factor_in
from ecosobriety.records.collecting import Asked, read_own
from ecosobriety.records.record import RunKey
from ecosobriety.units import seconds_to_hours

BATCHES, PAST_RUNS = "batches", "past_runs"
"""What the forecast of a model rests on."""
NO_BATCHES = (
    "a command of your own has no batches to measure; once one of its trainings has ended, others "
    "are forecast from it"
)


def make_forecast(
    models: Mapping[str, Mapping[str, Any]],
    prices: Prices,
    *,
    by_size: bool,
    machine_price_per_hour: float | None,
) -> dict[str, Any]:
    """Put a study's forecast together.

    Args:
        models: by name, `counts` and `least` (how many trainings on each size, at most and at
            least), and what is known: `pilot`, `past` or neither, as for `rows_of`.
        prices: of energy.
        by_size: whether one process does all trainings on a size.
        machine_price_per_hour: of the machine, in the study's currency; None: not known.

    Returns:
        `made_at`; AMOUNTS of all trainings; `least`: AMOUNTS of the fewest that a study that grows
        does, None of any other study; `rows`: as `as_table`; `models`: for each its `model`,
        `basis`, `reason`, `measured_at` and `device`.

        AMOUNTS is `trainings`, `processes`, `duration_s`, `startup_s`, `machine_cost`, and what
        `Prices.of` gives with `energy_kwh`; energy, durations and what follows from them are null
        where one model's are not known.
    """
    rows, least, about, startup_s = [], [], [], 0.0
    # A command is a process of its own each time.
    shared = {name for name, model in models.items() if by_size and model.get("pilot")}
    for name, model in models.items():
        pilot, past = model.get("pilot"), model.get("past")
        own = rows_of(name, model["counts"], by_size=by_size, pilot=pilot, past=past)
        rows += own
        least += rows_of(name, model["least"], by_size=by_size, pilot=pilot, past=past)
        basis = BATCHES if pilot else PAST_RUNS if past else None
        about.append(
            {
                "model": name,
                "basis": basis,
                "reason": NO_BATCHES if basis is None else None,
                "measured_at": pilot["measured_at"] if pilot else None,
                "device": pilot["device"] if pilot else None,
            }
        )
        startup_s = max(startup_s, pilot["startup_s"] if pilot else 0.0)

    def amounts(of: Sequence[Row]) -> dict[str, Any]:
        total, trainings = sum_of(of), sum(row.trainings for row in of)
        processes = sum(1 if row.model in shared else row.trainings for row in of)
        priced = prices.of(math.nan if total is None else total.energy_kwh)
        return {
            "trainings": trainings,
            "processes": processes,
            "energy_kwh": None if total is None else total.energy_kwh,
            "duration_s": None if total is None else total.duration_s,
            "startup_s": processes * startup_s,
            **(dict.fromkeys(priced) if total is None else priced),
            "machine_cost": None
            if total is None or machine_price_per_hour is None
            else seconds_to_hours(total.duration_s) * machine_price_per_hour,
        }

    grows = any(model["least"] != model["counts"] for model in models.values())
    return {
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        **amounts(rows),
        "least": amounts(least) if grows else None,
        "rows": as_table(rows),
        "models": about,
    }


def own_forecast(
    settings: Mapping[str, Any] | None,
    asked: Asked,
    prices: Prices,
    *,
    trainings: Mapping[str, Mapping[str, Any]],
    by_size: bool,
    machine_price_per_hour: float | None,
) -> dict[str, Any] | None:
    """The forecast of a study that measured its batches by itself, before it spent its budget.

    A command has no batches. Its trainings that have ended would forecast themselves, so it has no
    forecast here.

    Args:
        settings: of the budget, as of `gate.Gate`; None: the study has none.
        asked: what the study's trainings are.
        prices: of energy.
        trainings: for each model how many there are on each size, `most` and `least`.
        by_size: as for `make_forecast`.
        machine_price_per_hour: likewise.

    Returns:
        As `make_forecast`, made when the last of the batches were measured; None: none were.
    """
    if settings is None:
        return None
    names, sha256 = settings["networks"], asked.dataset_sha256
    found = {name: kept.read_batches(settings, sha256, name) for name in names}
    pilots = {name: pilot for name, pilot in found.items() if pilot is not None}
    if not pilots:
        return None
    models = {
        name: {
            "counts": {int(size): count for size, count in own["most"].items()},
            "least": {int(size): count for size, count in own["least"].items()},
            "pilot": pilots.get(name),
        }
        for name, own in trainings.items()
    }
    forecast = make_forecast(
        models, prices, by_size=by_size, machine_price_per_hour=machine_price_per_hour
    )
    return {**forecast, "made_at": max(pilot["measured_at"] for pilot in pilots.values())}


def prices_of(
    factors: Factors, country_iso3: str, sources: Iterable[str], cost: Mapping[str, Any], pue: float
) -> Prices:
    """What a kWh emits and costs in a country, as the study's own tables have it.

    Args:
        factors: of countries and sources.
        country_iso3: the country.
        sources: those of the study.
        cost: `currency`, `usd_per_unit` and `grid_price_per_kwh` of the configuration.
        pue: energy of the site over that of its computers.
    """
    one = {"dataset": ["any"], "model": ["any"], "n_train": [1], "seed": [1], "energy_kwh": [1.0]}
    accounting = Accounting(coverage=[1.0], confidence=0.95, pue=pue, **cost)
    scenarios = derive_scenarios(
        pd.DataFrame(one), factors, accounting, country_codes=[country_iso3], source_names=sources
    )
    of = {"dataset": "any", "model": "any", "reference_n_train": 1}
    return Prices(of, scenarios, country_iso3)


def past_of(results: Path, keys: Iterable[RunKey], asked: Asked) -> dict[int, Cost]:
    """The mean cost of a model's finished trainings on each size, as for `past_cost`.

    Args:
        results: the study's folder.
        keys: trainings of one model, of which some may have ended.
        asked: what the study's trainings are; others do not count.
    """
    found: dict[int, list[Cost]] = defaultdict(list)
    for key in keys:
        dataset, model, n_train, seed = key
        path = Path(results, "runs", dataset, model, f"n{n_train}", f"seed{seed}.json")
        with suppress(RecordError):
            record = read_own(path, key, asked.identity(key))
            if record.train_duration_s is not None:
                found[n_train].append(Cost(record.energy_kwh, record.train_duration_s))
    return {
        n_train: sum(costs[1:], costs[0]) * (1 / len(costs)) for n_train, costs in found.items()
    }


def add_outcome(
    recommendation: Mapping[str, Any], forecast: Mapping[str, Any] | None, runs: pd.DataFrame
) -> dict[str, Any]:
    """Add a study's forecast, with what the trainings then took.

    Args:
        recommendation: the study's answer.
        forecast: as `kept.kept_forecast` gives it.
        runs: the table `runs`.

    Returns:
        A copy with `forecast`, which has `outcome`, as `outcome_of` gives it, and `outcomes`, the
        same of each model; None: there was no forecast. Both are of the energies as they are
        metered, before a calibration.
    """
    if forecast is None:
        return {**recommendation, "forecast": None}
    measured, factor = {}, factor_in(runs)
    ended = runs.dropna(subset=["energy_kwh", "train_duration_s"])
    for model, of_model in ended.groupby("model"):
        for n_train, group in of_model.groupby("n_train"):
            energy_kwh = float(group["energy_kwh"].sum()) / factor
            cost = Cost(energy_kwh, float(group["train_duration_s"].sum()))
            measured[str(model), int(str(n_train))] = (len(group), cost)
    rows = forecast["rows"]
    outcomes = {
        model: outcome_of([row for row in rows if row["model"] == model], measured)
        for model in dict.fromkeys(row["model"] for row in rows)
    }
    found = {**forecast, "outcome": outcome_of(rows, measured), "outcomes": outcomes}
    return {**recommendation, "forecast": found}
