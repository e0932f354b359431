"""What is odd about runs that exist already, and may be meant so: it is noted, never refused."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

import numpy as np

from ecosobriety.errors import quote, shorten
from ecosobriety.imported.runs import ImportedRun, Key

FEWEST_DIGITS = 8
"""Digits of all runs' numbers that are those of another run by no chance."""
APART, FALLS, GROWS = 20.0, 0.5, 0.2
"""Times between two energies of one size; the largest size's energy by the smallest one's; and the
least growth of an energy, by that of the epochs, if it counts from the start."""
SETTINGS = ("epochs", "batch_size", "device", "accelerator", "threads")
"""What should be the same in all runs of a comparison."""


def find_odd(path: str, runs: Mapping[Key, ImportedRun]) -> Iterator[str]:
    """Say what is odd, in sentences.

    Args:
        path: of the table, as the study's file has it.
        runs: by size and seed.
    """
    for what in (_copies(runs), _spread(runs), _falling(runs), _by_epoch(runs)):
        if what is not None:
            yield f"{path}: {what}"
    yield from (f"{path}: {what}" for what in _settings(runs))


def _copies(runs: Mapping[Key, ImportedRun]) -> str | None:
    same = defaultdict[tuple[float | None, ...], list[Key]](list)
    for key, run in runs.items():
        same[*run.scores.values(), run.energy.kwh, run.energy.duration_s].append(key)
    copied = {numbers: keys for numbers, keys in same.items() if len(keys) > 1}
    if sum(_digits(value) for numbers in copied for value in numbers) < FEWEST_DIGITS:
        return None
    number, (one, other, *_) = sum(map(len, copied.values())), next(iter(copied.values()))
    return (
        f"{number} runs have the score, energy and duration of another one, such as {_name(one)} "
        f"and {_name(other)}: were rows copied?"
    )


def _digits(value: float | None) -> int:
    return 0 if value is None else len(f"{value:.12g}".replace(".", "").strip("0"))


def _spread(runs: Mapping[Key, ImportedRun]) -> str | None:
    for size, energies in _by_size(runs).items():
        low, high = min(energies), max(energies)
        if high >= APART * low:
            return (
                f"the energies of n_train {size} go from {low:.3g} to {high:.3g} kWh: are all in "
                "kWh, and of one machine?"
            )
    return None


def _falling(runs: Mapping[Key, ImportedRun]) -> str | None:
    means = {size: float(np.mean(energies)) for size, energies in _by_size(runs).items()}
    first, last = min(means, default=0), max(means, default=0)
    if first == last or means[last] >= FALLS * means[first]:
        return None
    return (
        f"a run of n_train {first} takes {means[first]:.3g} kWh on average and one of {last} "
        f"{means[last]:.3g}: are sizes and energies in the right rows?"
    )


def _by_epoch(runs: Mapping[Key, ImportedRun]) -> str | None:
    for key, run in runs.items():
        if len(run.epochs) < 2:
            continue
        first, last = run.epochs[0], run.epochs[-1]
        begun = first.energy_kwh or 0.0
        times = (last.epoch + 1) / (first.epoch + 1)
        if begun and run.energy.kwh / begun < 1 + GROWS * (times - 1):
            return (
                f"the energy of {_name(key)} is {begun:.3g} kWh after epoch {first.epoch + 1} and "
                f"{run.energy.kwh:.3g} after {last.epoch + 1}: does it count from the start of the "
                "training, as it must?"
            )
    return None


def _settings(runs: Mapping[Key, ImportedRun]) -> Iterator[str]:
    for name in SETTINGS:
        held = {run.further[name] for run in runs.values() if name in run.further}
        if len(held) > 1:
            shown = ", ".join(quote(shorten(f"{value}", 24)) for value in sorted(held, key=str)[:4])
            yield f"the runs differ in {name} ({shown}), and not by their sizes alone"


def _by_size(runs: Mapping[Key, ImportedRun]) -> dict[int, list[float]]:
    """Energies that the table states; what CodeCarbon wrote is in its unit."""
    found = defaultdict[int, list[float]](list)
    for (size, _), run in runs.items():
        if run.metered is None:
            found[size].append(run.energy.kwh)
    return found


def _name(key: Key) -> str:
    return f"n_train {key[0]} and seed {key[1]}"
