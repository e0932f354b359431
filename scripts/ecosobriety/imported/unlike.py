"""Imported runs that were not made alike: other powers, settings, machines or ways of metering."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import permutations
from statistics import fmean
from typing import Any

from ecosobriety.errors import quote, row, shorten
from ecosobriety.imported.roles import TIMES, Columns
from ecosobriety.imported.runs import ImportedRun, Key
from ecosobriety.imported.sheet import is_number
from ecosobriety.metric_names import words
from ecosobriety.units import kwh_to_joules

_UNITS, LIKE = {"minutes": 60.0, "hours": 3600.0}, 1.25
"""Seconds in other units of a duration; and times that a run may last longer than what it timed."""
POWERS, STEADY_S = 3.0, 60.0
"""Times that the mean power of two runs of one size and device differs by another unit alone; and
how long a run of CodeCarbon's lasts that has one."""
_SETTINGS = (
    *("learning rate", "lr", "optimizer", "optimiser", "precision", "gpu count", "num gpus"),
    *("n gpus", "gpus", "gpu type", "gpu", "host", "hostname", "node", "weight decay", "dropout"),
    *("dataset name", "dataset", "data", "task name", "test set", "eval set", "split"),
    *("label noise", "world size", "num nodes", "n nodes", "nodes", "devices", "num devices"),
    *("ngpus", "n jobs", "cpus", "num cpus", "cores", "num cores", "accumulation steps", "accum"),
    *("global batch", "micro batch", "grad clip", "mixup alpha", "ema decay"),
    *("num classes", "n classes", "val fraction", "power limit", "power cap", "cap w", "limit w"),
    *("torch", "torch version", "pytorch version", "cuda version", "driver", "driver version"),
)
"""Names, as words, of columns that the study does not read and that should be the same in all
runs."""
_LIKELY = (
    *("arch", "architecture", "backbone", "epochs", "image size", "img size", "resolution"),
    *("layers", "hidden size", "hidden dim", "depth", "width", "warmup", "warmup steps"),
    *("momentum", "label smoothing", "n test", "test size", "patience", "pretrained", "fold"),
    *("bs", "batch", "iterations", "max iter", "seq len", "seq length", "max len", "max length"),
    *("hidden units", "hidden", "vocab size", "lora r", "lora rank", "num workers", "max depth"),
    *("estimators", "heads", "d model"),
)
"""The same of columns that may say the size in other words."""
_ARCHITECTURE = (
    *("layers", "hidden size", "hidden dim", "hidden units", "hidden", "depth", "width"),
    *("estimators", "heads", "d model"),
)
"""The same of columns of numbers that say the size only if they are in proportion to it."""
PROPORTION = 1.1
"""Times that what is in proportion may deviate, as where it is rounded."""
_STATUS, _ERRORS = (
    ("exit code", "exitcode", "return code", "returncode"),
    ("error", "error message", "exception", "traceback", "failure"),
)
"""Names, as words, of columns that say of a run that it failed."""
_PARAMETERS = ("params", "config", "hparams", "hyperparameters", "args")
"""What trackers put before the names of settings."""
_REMARKS = (
    *("user", "author", "notes", "note", "comment", "tags", "reason", "id", "path", "dir"),
    *("best", "latest"),
)
"""Last words of columns of text that are no setting."""
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_AMBIGUOUS = ("precision", "gpu", "split", "node", "data")
"""Of these, numbers may be scores, shares of the energy, folds and ranks."""
_READ = ("epochs", "batch_size", "device", "accelerator", "threads")
"""Settings that the study reads."""
_FACTS = (
    *("tracking_mode", "gpu_model", "cpu_model", "gpu_count", "cpu_count", "codecarbon_version"),
)
"""What CodeCarbon says of each run and should be the same in all; of a version, its main one."""


def find_unlike(columns: Columns, runs: Mapping[Key, ImportedRun]) -> Iterator[str]:
    """Say in what the runs differ besides their sizes and seeds, in sentences.

    Args:
        columns: of the table.
        runs: by size and seed.
    """
    path = columns.sheet.path
    odd = (
        *(_powers(runs), _one_energy(runs), _unseen(runs), _durations(columns, runs)),
        _windows(runs),
    )
    yield from (f"{path}: {what}" for what in odd if what is not None)
    yield from _failed(columns, runs)
    for name in _READ:
        yield from _differ(path, name, [run.further.get(name) for run in runs.values()])
    used = {column.name for column in (*columns.by_role.values(), *columns.scores.values())}
    for name in columns.sheet.names:
        if name in used or columns.sheet.names.count(name) > 1:
            continue
        column = columns.sheet.column(name)
        values = {key: column.text(run.place) for key, run in runs.items()}
        if _is_setting(name, values):
            yield from _differ(path, quote(name), [*values.values()])
    facts = [run.metered.facts for run in runs.values() if run.metered is not None]
    for name in _FACTS:
        yield from _differ(path, f"CodeCarbon's {name}", [_fact(name, of_run) for of_run in facts])


def _is_setting(name: str, values: Mapping[Key, str | None]) -> bool:
    """Whether a column, such as params.lr or config/gpu_count, is a setting of the runs.

    What any tracker has as one, and any text, may also be the size, the seed or the run by another
    name: what stands for just one of these is none.
    """
    found, numbers = words(name), all(map(is_number, values.values()))
    ends = {" ".join(found[-length:]) for length in (1, 2) if found}
    # Which devices a run sees is no number of them.
    if ends & {*_SETTINGS} and "visible" not in found:
        return not (numbers and found[-1] in _AMBIGUOUS)
    # What is for each batch is measured.
    likely = bool(ends & {*_LIKELY}) and found[-2:-1] != ["per"]
    likely |= bool({*found} & {*_PARAMETERS})
    if not likely and (numbers or ends & {*_REMARKS} or _are_days(values)):
        return False
    by_size, by_seed = ({(key[i], value) for key, value in values.items()} for i in (0, 1))
    sizes, seeds = ({key[i] for key in values} for i in (0, 1))
    held = {*values.values()}
    is_size = len(by_size) == len(sizes) == len(held)
    if is_size and numbers and ends & {*_ARCHITECTURE}:
        times = [float(value or "nan") / size for size, value in by_size]
        return not max(times) <= PROPORTION * min(times)
    return not (is_size or len(by_seed) == len(seeds) or len(held) == len(values))


def _failed(columns: Columns, runs: Mapping[Key, ImportedRun]) -> Iterator[str]:
    """Runs that a column which is not read says to have failed."""
    used = {column.name for column in (*columns.by_role.values(), *columns.scores.values())}
    for name in columns.sheet.names:
        ends = {" ".join(words(name)[-length:]) for length in (1, 2)}
        if name in used or not ends & {*_STATUS, *_ERRORS} or columns.sheet.names.count(name) > 1:
            continue
        column = columns.sheet.column(name)
        said = {run.place: column.given(run.place) for run in runs.values()}
        if ends & {*_STATUS}:
            failed = [at for at, code in said.items() if is_number(code) and float(code or 0) != 0]
        else:
            failed = [at for at, text in said.items() if text and not is_number(text)]
        # What stands in most of the rows says something else.
        if failed and 2 * len(failed) < len(said):
            yield (
                f"{columns.sheet.path}: {row(min(failed))} has {quote(said[min(failed)])} as its "
                f"{quote(name)}: did the run fail? Leave such rows out, or name a column of states"
            )


def _are_days(values: Mapping[Key, str | None]) -> bool:
    return any(_DAY.match(value or "") for value in values.values())


def _fact(name: str, facts: Mapping[str, Any]) -> Any:
    value = facts.get(name)
    return value.partition(".")[0] if value and name == "codecarbon_version" else value


def _differ(path: str, name: str, values: Sequence[Any]) -> Iterator[str]:
    held = {_plain(value): f"{value}" for value in values if value is not None}
    if len(held) > 1:
        shown = ", ".join(quote(shorten(value, 24)) for value in sorted(held.values())[:4])
        yield f"{path}: the runs differ in {name} ({shown}), and not by their sizes alone"


def _plain(value: Any) -> str | float:
    """The same for what one setting may be written as: 0.001 and 1e-3, Adam and adam."""
    written = f"{value}".strip().casefold()
    return float(written) if is_number(written) and written.strip("+-") != "nan" else written


def _powers(runs: Mapping[Key, ImportedRun]) -> str | None:
    powers = defaultdict[tuple[int, Any], list[float]](list)
    times = defaultdict[tuple[int, Any], list[float]](list)
    for (size, _), run in runs.items():
        duration_s = run.energy.duration_s or 0.0
        # In moments, CodeCarbon's own power goes up and down.
        if duration_s and (run.metered is None or duration_s >= STEADY_S):
            device = run.further.get("device")
            power = kwh_to_joules(run.energy.kwh) / duration_s
            powers[size, device].append(power)
            times[size, device].append(duration_s)
    # What CodeCarbon wrote is in its unit.
    metered = any(run.metered is not None for run in runs.values())
    why = "is each of its own run, and of one machine"
    why = why if metered else "are all energies in kWh, and all durations in s"
    for (size, _), found in powers.items():
        if max(found) >= POWERS * min(found):
            return (
                f"the mean power of n_train {size} goes from {min(found):.3g} to "
                f"{max(found):.3g} W: {why}?"
            )
    means = {key: (fmean(found), min(times[key]), max(times[key])) for key, found in powers.items()}
    for ((one, of), (high, _, longest)), ((other, by), (low, shortest, _)) in permutations(
        means.items(), 2
    ):
        # Where a device still waits for its data at first, short runs take less.
        if of == by and high >= POWERS * low and shortest > longest:
            return (
                f"the mean power of n_train {one} is about {high:.4g} W and that of {other}, which "
                f"takes longer, {low:.4g} W: {why}?"
            )
    return None


def _one_energy(runs: Mapping[Key, ImportedRun]) -> str | None:
    energies = {run.energy.kwh for run in runs.values()}
    durations = {taken for run in runs.values() if (taken := run.energy.duration_s) is not None}
    sizes = {size for size, _ in runs}
    if len(energies) > 1 or max(sizes) < 2 * min(sizes):
        return None
    # At one power, trainings of one length take one energy, where somebody has set the length.
    if len(durations) == 1 and _is_round(durations.pop()):
        return None
    return (
        f"all runs take {energies.pop():.3g} kWh, whatever their size: is it that of all runs "
        "together, or rounded?"
    )


def _is_round(duration_s: float) -> bool:
    """Whether it is one of whole minutes, or of two digits, as no measured one often is."""
    return duration_s % 60 == 0 or len(f"{duration_s:g}".replace(".", "").strip("0")) <= 2


def _unseen(runs: Mapping[Key, ImportedRun]) -> str | None:
    """A component that CodeCarbon saw in some of the runs alone, or never, though it is there."""
    facts = [run.metered.facts for run in runs.values() if run.metered is not None]
    has_gpu = any(of_run["gpu_model"] or of_run["gpu_count"] for of_run in facts)
    for part in ("energy_cpu_kwh", "energy_gpu_kwh", "energy_ram_kwh"):
        parts = [run.energy.parts.get(part) for run in runs.values()]
        seen = [bool(part) for part in parts]
        is_there = 0 in parts and (has_gpu or part != "energy_gpu_kwh")
        if not all(seen) and (any(seen) or is_there):
            return (
                f"{part} is 0 or missing in {seen.count(False)} of {len(seen)} runs: was it seen?"
            )
    return None


def _durations(columns: Columns, runs: Mapping[Key, ImportedRun]) -> str | None:
    """A duration in the table that CodeCarbon's contradicts."""
    column = columns.get("duration_s")
    for (size, seed), run in runs.items():
        stated = None if column is None or run.metered is None else column.number(run.place)
        metered_s = run.energy.duration_s
        # The tracker may start late; but what ran much longer than the run is of another one.
        if stated and metered_s and not 1 / LIKE <= metered_s / stated <= LIKE:
            near = 1 / POWERS <= metered_s / stated <= POWERS
            return (
                f"n_train {size} and seed {seed} took {stated:.3g} s, and CodeCarbon says "
                f"{metered_s:.3g} s: {'the latter counts' if near else 'is its row of this run?'}"
            )
    return None


def _windows(runs: Mapping[Key, ImportedRun]) -> str | None:
    """Durations in another unit, by when the runs started and ended."""
    times = []
    for run in runs.values():
        started, ended = (run.further.get(name) for name in TIMES)
        if not (started and ended and run.energy.duration_s):
            return None
        window = datetime.fromisoformat(ended) - datetime.fromisoformat(started)
        times.append(window.total_seconds() / run.energy.duration_s)
    for unit, size in _UNITS.items():
        if all(1 / LIKE <= time / size <= LIKE for time in times):
            return (
                f"from their starts to their ends, all runs took about {size:g} times as long as "
                f"duration_s says: is it in {unit}?"
            )
    return None
