"""Sizes that contradict each other, the data, or how they were meant."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ecosobriety import datasets
from ecosobriety.datasets import subsets
from ecosobriety.metrics import metric_from
from ecosobriety.study_config.contradictions import is_command, is_import
from ecosobriety.study_config.schema import list_names, show

FARTHEST = 50
"""From one size to the next, as a ratio: 400, 200, 800 have no comma within."""
WRITTEN = 20
"""Longer lists are written by a program, which puts no comma within a number."""


def size_contradictions(
    config: Mapping[str, Any], reference: int, intake: datasets.Intake | None
) -> Iterator[tuple[str, str]]:
    """As `contradictions`, of the sizes.

    Args:
        config: the completed configuration.
        reference: the size that the others are judged against.
        intake: what is known of the data set; None: it was not looked at.
    """
    sizes, largest = config["grid"]["n_train"], intake and intake.train_examples
    unsorted = len(sizes) <= WRITTEN and sizes != sorted(sizes)
    if unsorted and (meant := _with_thousands(sizes)):
        yield (
            "grid.n_train",
            f"is {list_names(sizes)}, but must be in ascending order, without commas within a "
            f"number, where it could be {list_names(meant)}",
        )
    for i, size in enumerate(sizes):
        if largest is not None and size > largest:
            name = config["dataset"]["name"]
            limit = f"at most {largest}, the number of training examples of {name}"
            yield f"grid.n_train[{i}]", f"is {size}, but must be {limit}"
    if reference not in sizes:
        nearest = min(sizes, key=lambda size: abs(size - reference))
        allowed = f"max or one of grid.n_train: {list_names(sizes)} (the nearest is {nearest})"
        yield "analysis.reference_n_train", f"is {reference}, but must be {allowed}"
    for outside, what in ((is_command, "command"), (is_import, "imported run")):
        if config["methods"]["tracker_sizes"] and any(map(outside, config["models"])):
            shown = show(config["methods"]["tracker_sizes"])
            yield (
                "methods.tracker_sizes",
                f"is {shown}, but must be empty: trackers run around no {what}",
            )
    for i, size in enumerate(config["methods"]["tracker_sizes"]):
        if size not in sizes:
            allowed = f"one of grid.n_train: {list_names(sizes)}"
            yield f"methods.tracker_sizes[{i}]", f"is {size}, but must be {allowed}"
    if intake is not None:
        metric = metric_from(config["metric"])
        yield from datasets.intake.unfit(intake, config["analysis"]["margin"], metric)
        yield from _unfit_subsets(config["grid"], intake)


def _with_thousands(sizes: Sequence[int], above: int = 0) -> list[int] | None:
    """The sizes in ascending order if a comma within some of them has parted these: 1,200 is two.

    Args:
        sizes: as they were read.
        above: what the first must exceed.

    Returns:
        None where no such reading is in order; without a comma, the sizes themselves.
    """
    if not sizes:
        return []
    thousands, hundreds = sizes[0], sizes[1] if len(sizes) > 1 else 0
    joined = 1000 * thousands + hundreds
    is_near = not above or above < joined <= FARTHEST * above
    if is_near and 100 <= hundreds <= 999 >= thousands:
        rest = _with_thousands(sizes[2:], joined)
        if rest is not None:
            return [joined, *rest]
    rest = _with_thousands(sizes[1:], thousands) if thousands > above else None
    return None if rest is None else [thousands, *rest]


def _unfit_subsets(grid: Mapping[str, Any], intake: datasets.Intake) -> Iterator[tuple[str, str]]:
    sizes, seeds = grid["n_train"], grid["seeds"]
    for size, seed, what in subsets.unfit_subsets(intake, sizes, seeds):
        said = f"is {size}, {subsets.no_size(seed, what)}"
        yield f"grid.n_train[{sizes.index(size)}]", said
