"""What all trainings of a model together give away, such as a seed that changes nothing.

Of a user's command this cannot be known before: it may well take a seed, and not use it.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import factorial, prod

from ecosobriety.metrics import Metric
from ecosobriety.reasons import reason
from ecosobriety.records.record import RunRecord

FEWEST = 4
"""Scores that are equal to the one before, by no chance, to the last digit."""
CHANCE = 1e-3
"""So seldom is, by chance, each later run of each size the better one."""


def find_alike(runs: Sequence[RunRecord], metric: Metric) -> Iterator[str]:
    """Say what has no effect on the scores of a model, and what should have none.

    Args:
        runs: of one model.
        metric: what the study judges by.
    """
    scored = [(run, score) for run in runs if (score := run.scores.get(metric.name)) is not None]
    # What cannot be better, or worse, is so with every seed.
    if any(score in metric.ends for _, score in scored):
        return
    by_size, by_seed = defaultdict[int, list[float]](list), defaultdict[int, list[float]](list)
    for run, score in scored:
        by_size[run.n_train].append(score)
        by_seed[run.seed].append(score)
    if _are_equal([*by_size.values()]):
        yield reason("seed_without_effect")
    if _are_equal([*by_seed.values()]):
        yield reason("size_without_effect")
    if all(run.window in ("process", "exact") for run, _ in scored) and _improves(scored, metric):
        yield reason("order_decides")


def find_uncounted(
    runs: Sequence[RunRecord], metric: Metric, test_examples: int | None
) -> Iterator[str]:
    """Say of which run the score is no count of the test examples, where it should be one.

    Args:
        runs: of one model, whose scores are reported.
        metric: what the study judges by.
        test_examples: how many the scores rest on; None: not known.
    """
    scored = [(run, score) for run in runs if (score := run.scores.get(metric.name)) is not None]
    scores = [score for _, score in scored]
    if test_examples and (place := metric.uncounted(scores, test_examples)) is not None:
        run = scored[place][0]
        right = f"{scores[place] * test_examples:.5g}"
        key = {"n_train": run.n_train, "seed": run.seed}
        yield reason("no_count", **key, right=right, test_examples=test_examples)


def _are_equal(groups: Sequence[Sequence[float]]) -> bool:
    """Whether all scores of each group are one number, by no chance."""
    return sum(len(group) - 1 for group in groups) >= FEWEST and all(
        score == group[0] for group in groups for score in group
    )


def _improves(scored: Sequence[tuple[RunRecord, float]], metric: Metric) -> bool:
    """Whether, of each size, the later run is always better, as where runs go on from another."""
    gains = defaultdict[int, list[tuple[str, float]]](list)
    for run, score in scored:
        if run.started_at is None:
            return False
        gains[run.n_train].append((run.started_at, metric.sign * score))
    in_order = [[gain for _, gain in sorted(of_size)] for of_size in gains.values()]
    rising = all(a < b for of_size in in_order for a, b in pairwise(of_size))
    return rising and prod(factorial(len(of_size)) for of_size in in_order) > 1 / CHANCE
