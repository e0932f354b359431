"""Subsets of a data set that teach nothing, whatever a network is."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ecosobriety.datasets.findings import short
from ecosobriety.datasets.sampling import training_order

if TYPE_CHECKING:
    from ecosobriety.datasets.intake import Intake


def unfit_subsets(
    intake: "Intake", sizes: Sequence[int], seeds: Sequence[int]
) -> Iterator[tuple[int, int, str]]:
    """Each training of which the subset teaches nothing: size, seed, and what is wrong with it.

    Of a data set whose labels are not known, nothing is said.
    """
    y = intake.y_train
    if y is None:
        return
    smallest = sorted(size for size in sizes if size < _surely_fit(y, bool(intake.classes)))
    for seed in seeds if smallest else ():
        order = training_order(y, seed)
        for size in smallest:
            subset = y[order[:size]]
            if (subset != subset[0]).any():
                # The larger subsets of this seed hold this one.
                break
            what = "the targets are all the same"
            if intake.classes:
                what = f'all are of the class "{short(intake.classes[int(subset[0])])}"'
            yield size, seed, what


def no_size(seed: int, what: str) -> str:
    """What a size must be of which `unfit_subsets` says what is wrong: the end of a sentence."""
    return f"but must be a size to learn from: of the examples that the seed {seed} draws, {what}"


def _surely_fit(y: NDArray[Any], classes: bool) -> int:
    """A size from which on every subset holds two different labels, without drawing any."""
    counts = np.sort(np.unique(y, return_counts=True)[1])[::-1]
    if not classes or len(counts) < 2:
        return int(counts[0]) + 1
    # How many of the commonest class come before the first of the next (see `training_order`), and
    # two more for ties and rounding.
    return int(counts[0] / (2 * counts[1]) + 0.5) + 3
