"""What whole trainings cost, from turns of short ones, each turn in a process of its own.

What lies outside of the epochs of a short training is the fixed cost of a training; the first
training of a process takes more.

A machine that is shared changes its pace, often for as long as a process lives: in the 35 trainings
of one study an epoch took 1.7 times as long half of the time. One process draws one of its paces,
several draw more of them. Their mean is taken, and no median, which
missed a study's total twice as often.
"""

import json
import logging
import math
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ecosobriety.errors import EcosobrietyError
from ecosobriety.files import write_json
from ecosobriety.forecast.amounts import training_cost
from ecosobriety.forecast.samples import Fit, Turn, sample_of, step_of
from ecosobriety.records.collecting import identity_of
from ecosobriety.units import joules_to_kwh
from ecosobriety.user_code.apart import run_apart

TURNS = 4
"""So many processes measure."""
ENOUGH_S = 10.0
"""A size that was measured for so long gets no further turn."""


def measure(
    turn: Callable[[Mapping[int, int | None]], Turn], sizes: tuple[int, int]
) -> dict[str, Any]:
    """Measure a network's training on a smallest and a largest size.

    Args:
        turn: measures some sizes in a fresh process; `pilot.measure_turn`'s `batches`.
        sizes: the two sizes; they may be equal.

    Returns:
        `sizes`: a `Sample` of each; `cold_s`, `cold_kwh`: what the first training of a process
        takes beyond others; `startup_s`: from a process's begin to its first training; `epochs`,
        `max_steps` and `batch_size` of a training; `energy_kwh`: spent to measure all this;
        `measured_at`, `device`.

    Raises:
        MeteringError: the meter gave no usable energy.
    """
    fits: dict[int, list[Fit]] = {n_train: [] for n_train in sorted({*sizes})}
    turns: list[Turn] = []
    found: dict[str, Any] = {}
    while len(turns) < TURNS:
        # As many batches as in the first turn, as their means are compared.
        left = {
            n_train: own[0].batches if own else None
            for n_train, own in fits.items()
            if math.fsum(fit.window_s for fit in own) < ENOUGH_S
        }
        if not left:
            break
        turns.append(turn(left))
        for n_train, fit in turns[-1].fits.items():
            fits[n_train].append(fit)
        found = _together(turns, fits)
        # One more process would cost more than the trainings that it tells of.
        if training_cost(found, max(sizes)).duration_s < found["startup_s"]:
            break
    return found


def _together(turns: Sequence[Turn], fits: Mapping[int, Sequence[Fit]]) -> dict[str, Any]:
    """What `measure` returns, of the turns so far."""
    first = turns[0]
    samples = [
        sample_of(own, n_train, math.ceil(n_train / first.batch_size))
        for n_train, own in fits.items()
    ]
    smallest = samples[0]
    step_s = step_of(fits[smallest.n_train])
    # Where the smallest size was left out, the larger one warmed the process up.
    colds = [own.cold for own in turns if smallest.n_train in own.fits]
    warm_s = smallest.fixed_s + smallest.epoch_s - (smallest.batches - colds[0].batches) * step_s
    cold_s = max(math.fsum(cold.window_s for cold in colds) / len(colds) - warm_s, 0.0)
    measured = [fit for own in turns for fit in (own.cold, *own.fits.values())]
    return {
        "sizes": [asdict(samples[0]), asdict(samples[-1])],
        "cold_s": cold_s,
        "cold_kwh": joules_to_kwh(cold_s * smallest.power_w),
        "startup_s": math.fsum(own.startup_s for own in turns) / len(turns),
        "epochs": first.epochs,
        "max_steps": first.max_steps,
        "batch_size": first.batch_size,
        "energy_kwh": math.fsum(fit.energy_kwh or 0.0 for fit in measured),
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "device": first.device,
    }


def measure_model(about: Mapping[str, Any], path: Path) -> None:
    """Measure the batches of a study's model, and write down what `measure` gives.

    Args:
        about: `data` (the data set's file), `sha256` (its digest), `model`, `network` (what decides
            it), `sizes` (the smallest and the largest), `seed`, `parameters` (of the trainings, as
            JSON), `code` (the fingerprint of what trains), `threads`, and `attempts`, the ledger's
            folder.
        path: of the file. It also has `identities`, those of the trainings on both sizes.

    Raises:
        EcosobrietyError: a process failed; in its own words.
        MeteringError: the meter gave no usable energy.
    """
    sizes = (min(about["sizes"]), max(about["sizes"]))
    measured = measure(lambda batches: _turn_apart(about, batches), sizes)
    parameters = json.loads(about["parameters"])
    of = (about["sha256"], about["model"], about["network"])
    measured["identities"] = [
        identity_of(*of, n_train, about["seed"], parameters, about["code"]) for n_train in sizes
    ]
    write_json(path, measured)


def _turn_apart(about: Mapping[str, Any], batches: Mapping[int, int | None]) -> Turn:
    """One turn in another process."""
    with tempfile.TemporaryDirectory() as folder:
        question, answer = Path(folder) / "about.json", Path(folder) / "turn.json"
        write_json(question, {**about, "batches": list(batches.items())})
        done = run_apart("forecast.pilot", str(question), str(answer), path=sys.path)
        logging.info("%s", done.stderr.strip())
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise EcosobrietyError(last.removeprefix("error: "))
        return Turn.read(json.loads(answer.read_bytes()))
