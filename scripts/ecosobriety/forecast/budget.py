"""What a study may spend: no training begins that would exceed it.

Each training asks before it begins, under a lock: jobs that run at the same time, on one machine or
several, ask one after another. Off the budget comes what was spent by now (all attempts, failed
ones and the forecast's batches among them), what trainings under way may still take, and what
trainings that come first are forecast to take. What is left must hold the training's own forecast,
with room for its error. If it does, the training is under way; if not, its record's place says that
it was left out (`records.left_out`).

Where no forecast is known (a command none of whose trainings has ended), a training begins if
anything is left and nothing else is under way, and holds all that is left.
"""

import json
import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ecosobriety.errors import RecordError
from ecosobriety.files import take_lock, write_json
from ecosobriety.forecast.amounts import Cost, cold_cost, past_cost, training_cost
from ecosobriety.records.left_out import leave_out, left_out

FOLDER = "budget"
"""Below the study's results: the trainings that are under way."""
HEADROOM = 1.3
"""A training may take so many times its forecast."""
ENOUGH = 3
"""From so many finished trainings of a model on, they correct its forecast."""

Key = tuple[str, int, int]
"""Model, size and seed of a training."""


@dataclass(frozen=True)
class Budget:
    """The budget of a study.

    Attributes:
        energy_kwh: what it may spend in all.
        results: the study's folder.
        dataset: the data set's name.
        order: all its trainings; those that come first, first.
        ranked: whether a training leaves room for those on larger sizes. In a study that grows, it
            is asked for only when those that it needs have ended.
        pilots: the measured batches of each model that has some.
        identities: those that the record of a training may have; None: any.
        by_size: whether one process does all trainings on a size.
    """

    energy_kwh: float
    results: Path
    dataset: str
    order: Sequence[Key]
    ranked: bool
    pilots: Mapping[str, Mapping[str, Any]]
    identities: Callable[[Key], Collection[str]] | None = None
    by_size: bool = False

    @contextmanager
    def room_for(self, key: Key, attempt: str) -> Iterator[bool]:
        """Hold the energy of a training while it runs.

        Args:
            key: the training.
            attempt: the name of its entry in the ledger.

        Yields:
            Whether it may begin. If not, it is left out already.

        Raises:
            RecordError: an entry of the ledger cannot be read.
        """
        mine = self._under_way(key)
        with self._alone():
            held_kwh, amounts = self._ask(key)
            if held_kwh is None:
                leave_out(self._record(key), amounts)
            else:
                write_json(mine, {"key": list(key), "attempt": attempt, "held_kwh": held_kwh})
        try:
            yield held_kwh is not None
        finally:
            # What an attempt has spent is in the ledger by now.
            mine.unlink(missing_ok=True)

    def _ask(self, key: Key) -> tuple[float | None, dict[str, Any]]:
        """What a training may hold, None: it may not begin; and the amounts behind that."""
        spent_kwh, under_way = spent(self.results), self._held(key)
        first_kwh = math.fsum(self._first(key, {*under_way}))
        free_kwh = self.energy_kwh - spent_kwh - math.fsum(under_way.values()) - first_kwh
        expected = self._expected(key)
        amounts = {
            "budget_kwh": self.energy_kwh,
            "spent_kwh": spent_kwh,
            "held_kwh": math.fsum(under_way.values()),
            "first_kwh": first_kwh,
            "forecast_kwh": expected,
        }
        if expected is None:
            return (free_kwh if free_kwh > 0 and not under_way else None), amounts
        needed_kwh = expected * HEADROOM
        return (needed_kwh if needed_kwh <= free_kwh else None), amounts

    def _held(self, but: Key) -> dict[Key, float]:
        """What each training under way may still take."""
        held: dict[Key, float] = {}
        for path in sorted(Path(self.results, FOLDER).glob("*.json")):
            # It may end in this moment.
            with suppress(FileNotFoundError):
                found = json.loads(path.read_bytes())
                model, n_train, seed = found["key"]
                key = (model, n_train, seed)
                if key != but:
                    entry = self._place("attempts", key) / f"{found['attempt']}.json"
                    used = _energy(entry) if entry.exists() else 0.0
                    held[key] = max(found["held_kwh"] - used, 0.0)
        return held

    def _first(self, key: Key, under_way: set[Key]) -> Iterator[float]:
        """What trainings on larger sizes are expected to take that have not begun.

        Seeds of one size come in any order: none waits for another.
        """
        if not self.ranked:
            return
        for other in self.order:
            if other[1] <= key[1]:
                return
            if other not in under_way and not self._stands(other):
                yield self._expected(other) or 0.0

    def _expected(self, key: Key) -> float | None:
        """The forecast of a training's energy, by its model's finished ones; None: not known."""
        model, n_train, _ = key
        past, pilot = self._past(model), self.pilots.get(model)
        if pilot is None:
            means = {size: _mean(costs) for size, costs in past.items()}
            return past_cost(means, n_train).energy_kwh if means else None

        cold_kwh = cold_cost(pilot).energy_kwh
        forecast_kwh = training_cost(pilot, n_train).energy_kwh + cold_kwh
        measured = [(size, kwh) for size, costs in past.items() for kwh in costs]
        if len(measured) < ENOUGH:
            return forecast_kwh
        processes = len(past) if self.by_size else len(measured)
        warm_kwh = math.fsum(training_cost(pilot, size).energy_kwh for size, _ in measured)
        foreseen = warm_kwh + processes * cold_kwh
        return forecast_kwh * math.fsum(kwh for _, kwh in measured) / foreseen

    def _past(self, model: str) -> dict[int, list[float]]:
        """The energies of a model's trainings that have ended, by size."""
        past: dict[int, list[float]] = {}
        for key in self.order:
            path = self._record(key)
            if key[0] == model and self._stands(key) and left_out(path) is None:
                past.setdefault(key[1], []).append(_energy(path))
        return past

    def _stands(self, key: Key) -> bool:
        """Whether a training has ended, or was left out: not another one, as of before an edit."""
        path = self._record(key)
        if not path.exists():
            return False
        if self.identities is None or left_out(path) is not None:
            return True
        with suppress(OSError, ValueError, KeyError, TypeError):
            return json.loads(path.read_bytes())["identity"] in self.identities(key)
        return False

    def _record(self, key: Key) -> Path:
        place = self._place("runs", key)
        return place.with_name(f"{place.name}.json")

    def _place(self, kind: str, key: Key) -> Path:
        model, n_train, seed = key
        return Path(self.results, kind, self.dataset, model, f"n{n_train}", f"seed{seed}")

    def _under_way(self, key: Key) -> Path:
        model, n_train, seed = key
        return Path(self.results, FOLDER, f"{model}.n{n_train}.seed{seed}.json")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        folder = Path(self.results, FOLDER)
        folder.mkdir(parents=True, exist_ok=True)
        with take_lock(folder / ".lock", on_wait=lambda _: None):
            yield


def spent(results: Path) -> float:
    """What all attempts of a study have taken, and its forecast's batches, in kWh.

    Raises:
        RecordError: an entry cannot be read; names it.
    """
    return math.fsum(_energy(path) for path in sorted(results.glob("attempts/**/*.json")))


def ranked(sizes: Sequence[int], models: Sequence[str], seeds: Sequence[int]) -> list[Key]:
    """The trainings of a study in the order in which a budget is spent on them.

    The largest size first, which all others are compared with, then the next smaller one, as the
    tests go: what is left out at the end takes nothing from the answer on the sizes before.
    """
    return [
        (model, n_train, seed)
        for n_train in sorted(sizes, reverse=True)
        for model in models
        for seed in seeds
    ]


def add_budget(
    recommendation: Mapping[str, Any], settings: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Add to a study's answer what it might spend, what it spent and what it left out.

    Args:
        recommendation: the answer.
        settings: as of `gate.Gate`; None: the study has no budget.

    Returns:
        A copy with `budget`, None without one: `energy_kwh`, `spent_kwh`, and `left_out`: for each
        model and size with trainings that were not begun, `model`, `n_train`, `seeds` (theirs) and
        `asked`, how many seeds were asked for. And with `untrained`: for each model none of whose
        trainings was begun, which has no place among the results, `dataset`, `model`,
        `sufficient_n_train` (None) and `reason` (`budget`).
    """
    if settings is None:
        return {**recommendation, "budget": None, "untrained": []}
    results, left = Path(settings["results"]), []
    for model in settings["models"]:
        for n_train in sorted(settings["sizes"]):
            folder = Path(results, "runs", settings["dataset"], model, f"n{n_train}")
            places = {seed: folder / f"seed{seed}.json" for seed in settings["seeds"]}
            seeds = [seed for seed, path in places.items() if left_out(path) is not None]
            if seeds:
                row = {"model": model, "n_train": n_train, "seeds": seeds}
                left.append({**row, "asked": len(places)})
    found = {
        "energy_kwh": settings["energy_kwh"],
        "spent_kwh": spent(results),
        "left_out": left,
    }
    answered = {result["model"] for result in recommendation["results"]}
    untrained = [
        {
            **{"dataset": settings["dataset"], "model": model},
            **{"sufficient_n_train": None, "reason": "budget"},
        }
        for model in settings["models"]
        if model not in answered
    ]
    return {**recommendation, "budget": found, "untrained": untrained}


def _mean(energies_kwh: Sequence[float]) -> Cost:
    return Cost(math.fsum(energies_kwh) / len(energies_kwh), 0.0)


def _energy(path: Path) -> float:
    try:
        energy_kwh = float(json.loads(path.read_bytes())["energy_kwh"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RecordError(f"{path} has no energy ({type(error).__name__}): move it away") from error
    if not (math.isfinite(energy_kwh) and energy_kwh >= 0):
        raise RecordError(f"{path} has an energy of {energy_kwh} kWh: move it away")
    return energy_kwh
