"""What is odd about runs that exist already, and may be meant so: it is noted, never refused."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, pairwise
from math import comb, exp, log
from statistics import fmean

import numpy as np

from ecosobriety.imported.runs import ImportedRun, Key
from ecosobriety.metrics import Metric

FEWEST_DIGITS = 8
"""Digits of all runs' numbers that are those of another run by no chance."""
APART, FALLS, GROWS = 20.0, 0.5, 0.2
"""Times between two energies of one size; a larger size's energy by a smaller one's; and the
least growth of an energy, by that of the epochs, if it counts from the start."""
OTHER_UNIT, OTHER_KIND, OTHER_SIZE, HUNDRED = log(5), log(1.5), log(20), log(100)
"""Logarithms: by how much scores of one size differ in two units, at least, or of two kinds, as
RMSE and MSE are; those of two sizes that follow each other; and percents from shares."""
WORSE, FEWEST_FALLING = 0.25, 3
"""The share by which a score must be worse with more data; and sizes over which any will do."""
POINTS, ERRS = 0.02, 1.5
"""By how much of the highest score, and by how many times as many errors, one is clearly worse."""
UNSTEADY, STEADY = 2.0, 1.25
"""Times between two mean powers, of energies and of their differences, where these add up."""
ONE_POWER = 1.002
"""Times between two mean powers that rounding makes of one."""
FROM_END = 0.05
"""How far other scores are, at least, from one that is 0 or 1."""
LESS, CLOSE, FEWEST_ALIKE = 1.5, 1.1, 2
"""Times that others take what one run takes, at least; and what some of them take what others do,
at most; and others of its size that say so."""
CLEAR, ALIKE, FEWEST_SIZES, FEWEST_RUNS = 3.0, 0.15, 2, 4
"""Times that a gap is as wide as the scores on either side lie apart; the share of it by which one
score may miss the square of the other; and sizes, or runs of one, that show it."""


MORE_PAIRS, LEAST_SPREAD = 3.0, 0.02
"""Times as many equal pairs of runs as chance gives show that rows were copied; and by which share
durations of one size differ, at least."""
STEPS_S = (60.0, 1.0, 0.1, 0.01, 0.001, 1e-6)
"""In which durations are counted."""


def find_odd(path: str, runs: Mapping[Key, ImportedRun], metric: Metric) -> Iterator[str]:
    """Say what is odd, in sentences.

    Args:
        path: of the table, as the study's file has it.
        runs: by size and seed.
        metric: what the study judges by.
    """
    odd = (
        *(
            _copies(runs),
            _one_score(runs, metric),
            _scores(runs, metric),
            _worse(runs, metric),
            _spread(runs),
        ),
        *(_falling(runs), _by_epoch(runs), _at_end(runs, metric), _added_up(runs)),
        _too_small(runs),
    )
    for what in odd:
        if what is not None:
            yield f"{path}: {what}"


def _copies(runs: Mapping[Key, ImportedRun]) -> str | None:
    """Runs with the numbers of another one, or with what that one took."""
    spent = {key: (run.energy.kwh, run.energy.duration_s) for key, run in runs.items()}
    whole = {key: (*run.scores.values(), *spent[key]) for key, run in runs.items()}
    powers = [kwh / duration_s for kwh, duration_s in spent.values() if duration_s]
    found = _same(whole, "score, energy and duration" if powers else "score and energy")
    if found or len(powers) < len(runs):
        return found
    by_chance = _equal_by_chance(runs)
    if max(powers) > ONE_POWER * min(powers):
        return _same(spent, "energy and duration", by_chance)
    # At one power, energies say no more than durations, of which short ones are soon the same.
    long = {key: took[1:] for key, took in spent.items() if _digits(took[1]) >= FEWEST_DIGITS}
    return _same(long, "duration", by_chance)


def _equal_by_chance(runs: Mapping[Key, ImportedRun]) -> float:
    """How many pairs of a size are expected to last equally long, by the steps of the durations.

    Whole seconds, as queues count them, leave few steps between the shortest and the longest.
    """
    sizes = defaultdict[int, list[float]](list)
    for (size, _), run in runs.items():
        sizes[size].append(run.energy.duration_s or 0.0)
    lasted = [duration for durations in sizes.values() for duration in durations]
    step = next(step for step in STEPS_S if all(_is_multiple(one, step) for one in lasted))
    return sum(
        comb(len(own), 2) / (1 + max(max(own) - min(own), LEAST_SPREAD * fmean(own)) / step)
        for own in sizes.values()
    )


def _is_multiple(duration_s: float, step: float) -> bool:
    return step == STEPS_S[-1] or abs(duration_s / step - round(duration_s / step)) < STEPS_S[-1]


def _same(
    numbers: Mapping[Key, tuple[float | None, ...]], what: str, by_chance: float = 0.0
) -> str | None:
    """Numbers of several runs that are too long, and too many, to be the same by chance."""
    same = defaultdict[tuple[float | None, ...], list[Key]](list)
    for key, of_run in numbers.items():
        same[of_run].append(key)
    copied = {of_run: keys for of_run, keys in same.items() if len(keys) > 1}
    pairs = sum(comb(len(keys), 2) for keys in copied.values())
    if sum(_digits(value) for of_run in copied for value in of_run) < FEWEST_DIGITS:
        return None
    if pairs <= MORE_PAIRS * by_chance:
        return None
    number, (one, other, *_) = sum(map(len, copied.values())), next(iter(copied.values()))
    return (
        f"{number} runs have the {what} of another one, such as {_name(one)} and {_name(other)}: "
        "were rows copied?"
    )


def _one_score(runs: Mapping[Key, ImportedRun], metric: Metric) -> str | None:
    """Scores that are the same with every seed, or at every size."""
    scores = {key: run.scores[metric.name] for key, run in runs.items()}
    if {*scores.values()} & {*metric.ends, None}:
        return None  # What cannot be better, or worse, is so with every seed.
    for place, what, other in ((0, "with every seed", "seed"), (1, "at every size", "size")):
        groups = defaultdict[int, set[float | None]](set)
        for key, score in scores.items():
            groups[key[place]].add(score)
        if len(scores) - len(groups) >= FEWEST_RUNS and all(len(g) == 1 for g in groups.values()):
            return (
                f"the {metric.name} is the same {what}: is it that of one {other}, or filled down?"
            )
    return None


def _scores(runs: Mapping[Key, ImportedRun], metric: Metric) -> str | None:
    """Scores of two metrics or units in one column."""
    logs = defaultdict[int, list[float]](list)
    for (size, _), run in runs.items():
        score = run.scores[metric.name] or 0.0
        # Of two signs, none is a multiple of another one.
        if score <= 0:
            return None
        logs[size].append(log(score))
    apart = {size: pair for size in sorted(logs) if (pair := _parted(sorted(logs[size])))}
    for size, (low, high) in apart.items():
        which = f"the {metric.name} of n_train {size} is {exp(low):.3g} with some seeds and "
        which += f"{exp(high):.3g} with others"
        if abs(high - low - HUNDRED) <= ALIKE:
            return f"{which}: are some of them percents?"
        if high - low >= OTHER_UNIT:
            return f"{which}: are all of one metric and in one unit?"
        several = len(apart) >= FEWEST_SIZES or len(logs[size]) >= FEWEST_RUNS
        if several and not metric.higher_is_better and all(map(_is_square, apart.values())):
            return f"{which}, about its square: are they RMSE and MSE?"
    for one, other in pairwise(sorted(logs)):
        before, after = (fmean(logs[size]) for size in (one, other))
        if abs(after - before) >= OTHER_SIZE:
            return (
                f"the {metric.name} of n_train {one} is about {exp(before):.3g} and that of "
                f"{other} {exp(after):.3g}: are all of one metric and in one unit?"
            )
    return None


def _worse(runs: Mapping[Key, ImportedRun], metric: Metric) -> str | None:
    """Scores that more data make clearly worse, as those of another direction are."""
    by_size = defaultdict[int, list[float]](list)
    for (size, _), run in runs.items():
        # The lower the better.
        score = run.scores[metric.name] or 0.0
        by_size[size].append(-score if metric.higher_is_better else score)
    noise = max(max(of_size) - min(of_size) for of_size in by_size.values())
    sizes = sorted(by_size)
    means = [fmean(by_size[size]) for size in sizes]
    steadily = len(sizes) >= FEWEST_FALLING and means == sorted(means)
    for one, other in [*pairwise(sizes), *([(sizes[0], sizes[-1])] if steadily else [])]:
        gap = min(by_size[other]) - max(by_size[one])
        before, after = fmean(by_size[one]), fmean(by_size[other])
        whole = (one, other) == (sizes[0], sizes[-1]) and steadily
        clear = whole or gap >= WORSE * abs(before) or (noise > 0 and _errs(metric, before, after))
        if gap >= CLEAR * noise and gap > 0 and clear:
            return (
                f"the {metric.name} of n_train {one} is about {abs(before):.3g} and that of "
                f"{other} {abs(after):.3g}, which is worse: are all of one metric, of which a "
                f"{'higher' if metric.higher_is_better else 'lower'} value is better?"
            )
    return None


def _errs(metric: Metric, before: float, after: float) -> bool:
    """Whether far more is wrong than before, of scores that have a highest one; both negated."""
    if metric.highest is None or not metric.higher_is_better:
        return False
    points = (after - before) / metric.highest
    return points >= POINTS and after + metric.highest >= ERRS * (before + metric.highest)


def _at_end(runs: Mapping[Key, ImportedRun], metric: Metric) -> str | None:
    """A score that is exactly the least or the most possible, where others are not near it."""
    for key, run in runs.items():
        score = run.scores[metric.name]
        # Few are: of each, all others are looked at.
        if score is None or score not in (metric.lowest, metric.highest):
            continue
        others = [
            other.scores[metric.name] or 0.0
            for (size, seed), other in runs.items()
            if size == key[0] and seed != key[1]
        ]
        if not others:
            continue
        gap = min(abs(score - other) for other in others)
        if gap >= max(FROM_END, CLEAR * (max(others) - min(others))):
            return (
                f"the {metric.name} of {_name(key)} is {score:g}, where others of its size are "
                f"{min(others):.3g} to {max(others):.3g}: is it a score?"
            )
    return None


def _added_up(runs: Mapping[Key, ImportedRun]) -> str | None:
    """Energies that each hold those of the runs before, as of a counter that was never reset."""
    in_order = sorted(runs.values(), key=lambda run: run.place)
    # Where all of one size are as large as each other, it is their steps that are not.
    sizes = {run.place: size for (size, _), run in runs.items()}
    rows = [(sizes[run.place], run.energy.kwh) for run in in_order]
    if _steps_alike(rows) or _steps_alike(sorted(rows, key=lambda pair: pair[0]), anew=True):
        return (
            "each energy is that of the run before and one more, also between runs of one size: "
            "were they read from one counter?"
        )
    timed = [(run.energy.kwh, run.energy.duration_s) for run in in_order if run.energy.duration_s]
    if len(timed) < max(FEWEST_RUNS, len(runs)):
        return None
    whole = [kwh / duration_s for kwh, duration_s in timed]
    steps = [(kwh - before) / duration_s for (before, _), (kwh, duration_s) in pairwise(timed)]
    if max(whole) < UNSTEADY * min(whole) or not 0 < max(steps) <= STEADY * min(steps):
        return None
    return (
        "each energy is that of the row before and one more run's, at a steady power: were they "
        "read from one counter?"
    )


def _steps_alike(rows: Sequence[tuple[int, float]], *, anew: bool = False) -> bool:
    """Whether what each row adds to the one before is alike for runs of one size.

    Args:
        rows: sizes and energies, in the order of the table.
        anew: whether each size begins with 0 again.
    """
    added = defaultdict[int, list[float]](list)
    before, last = 0.0, None
    for size, kwh in rows:
        added[size].append(kwh if anew and size != last else kwh - before)
        before, last = kwh, size
    several = [steps for steps in added.values() if len(steps) > 1]
    return (
        len(several) == len(added) >= FEWEST_SIZES
        and min(min(steps) for steps in several) > 0
        and all(max(steps) <= STEADY * min(steps) for steps in several)
    )


def _parted(logs: list[float]) -> tuple[float, float] | None:
    """The means of the lower and the higher of some numbers, in their order, if a gap is wide."""
    gaps = [after - before for before, after in pairwise(logs)]
    if not gaps or max(gaps) < OTHER_KIND:
        return None
    place = gaps.index(max(gaps)) + 1
    low, high = logs[:place], logs[place:]
    if max(gaps) < CLEAR * max(low[-1] - low[0], high[-1] - high[0]):
        return None
    return fmean(low), fmean(high)


def _is_square(pair: tuple[float, float]) -> bool:
    """Whether one number is the other's square, by their logarithms."""
    low, high = pair
    return min(abs(high - 2 * low), abs(low - 2 * high)) <= ALIKE * (high - low)


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


def _too_small(runs: Mapping[Key, ImportedRun]) -> str | None:
    """A run that took far less than the others of its size, where all others agree closely."""
    for what, unit in (("energy", "kWh"), ("duration", "s")):
        took = {
            key: run.energy.kwh if unit == "kWh" else run.energy.duration_s
            for key, run in runs.items()
        }
        by_size = defaultdict[int, list[float]](list)
        for (size, _), value in took.items():
            by_size[size].append(value or 0.0)
        ordered = {size: sorted(values) for size, values in by_size.items()}
        for key, value in took.items():
            first, *rest = ordered[key[0]]
            if value != first or not value or len(rest) < FEWEST_ALIKE or rest[0] < LESS * first:
                continue
            others = [rest, *(values for size, values in ordered.items() if size != key[0])]
            if len(others) >= FEWEST_SIZES and all(one[-1] <= CLOSE * one[0] for one in others):
                return (
                    f"the {what} of {_name(key)} is {value:.3g} {unit}, where the others of its "
                    f"size take {rest[0]:.3g} to {rest[-1]:.3g}: is it that of the whole "
                    "training, as of one that was resumed?"
                )
    return None


def _falling(runs: Mapping[Key, ImportedRun]) -> str | None:
    means = {size: float(np.mean(energies)) for size, energies in _by_size(runs).items()}
    pairs = [*combinations(sorted(means), 2)]
    first, last = min(pairs, key=lambda pair: means[pair[1]] / means[pair[0]], default=(0, 0))
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


def _by_size(runs: Mapping[Key, ImportedRun]) -> dict[int, list[float]]:
    found = defaultdict[int, list[float]](list)
    for (size, _), run in runs.items():
        found[size].append(run.energy.kwh)
    return found


def _name(key: Key) -> str:
    return f"n_train {key[0]} and seed {key[1]}"
