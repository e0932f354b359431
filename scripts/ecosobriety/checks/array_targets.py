"""Targets of a regression that are among the values of an array's examples, or are made of them."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ecosobriety.checks.near_labels import EXACTLY, LIKE, MOST_SUMMED, SAMPLE, VERY_LIKE, explained
from ecosobriety.checks.sums import ROUNDED, SOME_TARGETS, as_sum
from ecosobriety.datasets.examples import Examples, place_name
from ecosobriety.datasets.findings import Finding

AHEAD = 0.25
"""What a value leaves of the target, by what its neighbour leaves of it: two steps of one series
differ more in fewer than one of 1,000 series of 20 windows."""
LEVELS: dict[str, Callable[..., NDArray[np.float64]]] = {
    "mean": np.mean,
    "std": np.std,
    "min": np.min,
    "max": np.max,
}


def find_array_targets(
    x: Examples, y: NDArray[np.float64], shape: Sequence[int]
) -> Iterator[Finding]:
    """Find the one value of an image or a signal (n, …) that says nearly all of the target (n,).

    So does its mean, or its highest value.

    Args:
        x: the inputs.
        y: (n,) targets.
        shape: (n, …) of the inputs as the user's array has them, with axes of one place.
    """
    some = x.sample()
    targets = y[x.evenly(len(some))]
    if len(some) < SOME_TARGETS or len(np.unique(targets)) < SOME_TARGETS:
        return
    said = explained(some, targets)
    best = int(said.argmax())
    names, levels = _levels(some.reshape(-1, *x.shape[1:]), shape)
    of_levels = explained(levels, targets)
    level = int(of_levels.argmax())
    # The mean of a series that rises says where it is, as each of its values does.
    if of_levels[level] >= VERY_LIKE and 1 - of_levels[level] < AHEAD * (1 - said[best]):
        shown = {"feature": names[level], "share": float(of_levels[level])}
        yield Finding("feature_like_target", bool(of_levels[level] >= 1 - ROUNDED), shown)
        return
    goes_on = _steps_on(some, said)
    if said[best] >= (VERY_LIKE if goes_on else LIKE):
        shown = {"feature": place_name(best, shape), "share": float(said[best])}
        headline = bool(said[best] >= VERY_LIKE and not goes_on)
        yield Finding("feature_like_target", headline, shown)


def _levels(
    some: NDArray[np.float64], shape: Sequence[int]
) -> tuple[list[str], NDArray[np.float64]]:
    """One number of all values of each example, or of each channel of a signal, and its name.

    Args:
        some: (m, …) examples.
        shape: (n, …) of the user's array.
    """
    axes = tuple(range(1, len(shape)))
    whole = f"x.{{}}(axis={axes[0] if len(axes) == 1 else axes})"
    measured = [(some.reshape(len(some), 1, -1), [whole])]
    # Which axis holds the channels need not be known.
    if len(shape) == some.ndim == 3:
        measured.append((some, [f"x[:, {i}].{{}}(axis=1)" for i in range(some.shape[1])]))
        swapped = some.swapaxes(1, 2)
        measured.append((swapped, [f"x[:, :, {i}].{{}}(axis=1)" for i in range(some.shape[2])]))
    names = [one.format(level) for _, named in measured for level in LEVELS for one in named]
    levels = [level(values, axis=2) for values, _ in measured for level in LEVELS.values()]
    return names, np.concatenate(levels, axis=1)


def goes_on(x: NDArray[np.float64], y: NDArray[np.float64]) -> bool:
    """Whether targets (n,) go on from series (n, d), as far as one value or a sum of them says.

    Then what was last says nearly what comes next, and a counter puts it in its order.
    """
    rows = np.arange(0, len(y), max(1, len(y) // SAMPLE))
    x, y = x[rows], y[rows]
    said = explained(x, y)
    if said.max() >= LIKE:
        return _steps_on(x, said)
    if not 2 <= x.shape[1] <= MOST_SUMMED or len(x) < 3 * x.shape[1]:
        return False
    # Both ends of a smooth series follow from its other values, and so does what comes after it.
    ends = [as_sum(x[:, 1:], x[:, 0])[1], as_sum(x[:, :-1], x[:, -1])[1]]
    return max(ends) <= ROUNDED and max(as_sum(x, y)[1], EXACTLY) >= AHEAD * max(ends)


def _steps_on(x: NDArray[np.float64], said: NDArray[np.float64]) -> bool:
    """Whether the value that says most of the target is said as well by another of the example.

    Or whether both ends are, as those of a series that comes again are by the values of then.

    Args:
        x: (n, d) values.
        said: (d,) what each says of the target.
    """
    best = int(said.argmax())
    left = [_least_left(x, at) for at in (best, 0, -1)]
    steps = (left[0], max(left[1:]))
    return any(step <= 1 - LIKE and 1 - said[best] >= AHEAD * step for step in steps)


def _least_left(x: NDArray[np.float64], at: int) -> float:
    """What the values (n, d) that are not equal to one of them leave of it at least."""
    left = 1 - explained(x, x[:, at])
    return float(left[left > EXACTLY].min(initial=1.0))
