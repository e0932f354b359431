"""From a few metered batches to the energy and the time of every training of a study.

With k the batches of an epoch on n examples (where they fill none, their share of one), and the
measured smallest and largest size s and l::

    training(n) = fixed(k) + epochs * epoch(k)              in s, and in kWh at the measured power

`fixed` and `epoch` are straight lines in k through what was measured at s and l: an epoch has work
of its own and work for each batch. With a budget of steps a training has max_steps / k epochs. The
first training of a process takes `cold` besides, for libraries and kernels that are loaded once.

A command of the user's has no batches that could be measured. Its own finished trainings say what
others take: between two sizes a straight line in n, below the smallest of them as much as that one
took, above the largest in proportion to n.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ecosobriety.units import joules_to_kwh


@dataclass(frozen=True)
class Cost:
    """Energy in kWh and duration in s."""

    energy_kwh: float
    duration_s: float

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.energy_kwh + other.energy_kwh, self.duration_s + other.duration_s)

    def __mul__(self, number: float) -> "Cost":
        return Cost(self.energy_kwh * number, self.duration_s * number)


NOTHING = Cost(0.0, 0.0)


def training_cost(pilot: Mapping[str, Any], n_train: int) -> Cost:
    """What one training on a size takes in a process that has trained before.

    Args:
        pilot: as `turns.measure` gives it.
        n_train: examples; from the smallest measured size to the largest.
    """
    batches = math.ceil(n_train / pilot["batch_size"])
    epochs = pilot["epochs"]
    if pilot["max_steps"] is not None:
        epochs = pilot["max_steps"] / batches
    small, large = (_of_sample(sample, epochs) for sample in pilot["sizes"])
    sizes = [sample["n_train"] for sample in pilot["sizes"]]
    low, high = (_batches(size, pilot["batch_size"]) for size in sizes)
    if low == high:
        # As many batches, which their examples fill otherwise.
        return _between(n_train, (sizes[0], sizes[-1]), (small, large))
    return _between(_batches(n_train, pilot["batch_size"]), (low, high), (small, large))


def _batches(n_train: int, batch_size: int) -> float:
    """How many batches an epoch has; less than one, where the examples do not fill it."""
    return math.ceil(n_train / batch_size) if n_train > batch_size else n_train / batch_size


def cold_cost(pilot: Mapping[str, Any]) -> Cost:
    """What the first training of a process takes besides."""
    return Cost(pilot["cold_kwh"], pilot["cold_s"])


def _of_sample(sample: Mapping[str, Any], epochs: float) -> Cost:
    duration_s = sample["fixed_s"] + epochs * sample["epoch_s"]
    return Cost(float(joules_to_kwh(duration_s * sample["power_w"])), duration_s)


def _between(place: float, ends: tuple[float, float], costs: tuple[Cost, Cost]) -> Cost:
    """On the straight line through two costs."""
    if ends[1] == ends[0]:
        return costs[1]
    share = (place - ends[0]) / (ends[1] - ends[0])
    return costs[0] * (1 - share) + costs[1] * share


def past_cost(past: Mapping[int, Cost], n_train: int) -> Cost:
    """What a command's training on a size takes, by its own trainings.

    Args:
        past: the mean cost at each size at which some have ended; at least one.
        n_train: examples.
    """
    sizes = sorted(past)
    if n_train >= sizes[-1]:
        return past[sizes[-1]] * (n_train / sizes[-1])
    if n_train <= sizes[0]:
        return past[sizes[0]]
    upper = next(i for i, size in enumerate(sizes) if size >= n_train)
    low, high = sizes[upper - 1], sizes[upper]
    return _between(n_train, (low, high), (past[low], past[high]))


@dataclass(frozen=True)
class Row:
    """The trainings of a model on a size.

    Attributes:
        model, n_train: which.
        trainings: how many.
        energy_kwh: of all of them; None: not known.
        duration_s: likewise.
    """

    model: str
    n_train: int
    trainings: int
    energy_kwh: float | None
    duration_s: float | None


def rows_of(
    model: str,
    counts: Mapping[int, int],
    *,
    by_size: bool,
    pilot: Mapping[str, Any] | None = None,
    past: Mapping[int, Cost] | None = None,
) -> list[Row]:
    """The trainings of a model, size by size.

    Args:
        model: its name.
        counts: how many trainings there are on each size.
        by_size: whether one process does all trainings on a size.
        pilot: its measured batches.
        past: without them, what its finished trainings took, as for `past_cost`; None or empty:
            nothing is known.
    """
    rows = []
    for n_train, trainings in sorted(counts.items()):
        total = None
        if pilot is not None:
            cold = cold_cost(pilot) * (1 if by_size else trainings)
            total = training_cost(pilot, n_train) * trainings + cold
        elif past:
            total = past_cost(past, n_train) * trainings
        known = (None, None) if total is None else (total.energy_kwh, total.duration_s)
        rows.append(Row(model, n_train, trainings, *known))
    return rows


def sum_of(rows: Sequence[Row]) -> Cost | None:
    """What rows take together; None: it is not known of all of them."""
    total = NOTHING
    for row in rows:
        if row.energy_kwh is None or row.duration_s is None:
            return None
        total += Cost(row.energy_kwh, row.duration_s)
    return total


def outcome_of(
    rows: Iterable[Mapping[str, Any]], measured: Mapping[tuple[str, int], tuple[int, Cost]]
) -> dict[str, Any] | None:
    """How a forecast compares with what was measured, for the trainings that have ended.

    Args:
        rows: as `as_table` gives them.
        measured: for each model and size how many trainings have ended and what they took.

    Returns:
        `trainings`, their `energy_kwh` and `duration_s`, those forecast for just these
        (`forecast_kwh`, `forecast_s`), and `energy_ratio` and `duration_ratio`, measured over
        forecast; None: no training with a forecast has ended.
    """
    trainings, forecast, found = 0, NOTHING, NOTHING
    for row in rows:
        count, cost = measured.get((row["model"], row["n_train"]), (0, NOTHING))
        if not count or not row["energy_kwh"] or not row["duration_s"]:
            continue
        trainings += count
        forecast += Cost(row["energy_kwh"], row["duration_s"]) * (count / row["trainings"])
        found += cost
    if not trainings:
        return None
    return {
        "trainings": trainings,
        "energy_kwh": found.energy_kwh,
        "duration_s": found.duration_s,
        "forecast_kwh": forecast.energy_kwh,
        "forecast_s": forecast.duration_s,
        "energy_ratio": found.energy_kwh / forecast.energy_kwh,
        "duration_ratio": found.duration_s / forecast.duration_s,
    }


def as_table(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Rows as they are kept."""
    return [asdict(row) for row in rows]
