"""Targets of a regression that are hardly measured: two numbers, or the numbers of classes."""

import re

import numpy as np
from numpy.typing import NDArray

from ecosobriety.checks.mistakes import plain
from ecosobriety.datasets.findings import Finding, short

MOST, EACH, EACH_NAMED = 100, 10, 2
"""Classes, and rows of each on average: of a column that is named like one, fewer will do."""
FEWEST, EVEN = 3, 1.1
"""Values of which none is so many times as frequent as another one are hardly measured."""
FEWEST_OF_EACH = 10
_NAMES = re.compile(
    r"(.*[-_ .])?(class(es)?|cls|klass|tags?|label[-_ .]?(id|idx|enc|encoded|code)"
    r"|species|categor(y|ies)|types?|kinds?|clusters?"
    r"|genres?|breeds?"
    r"|genus|genera|famil(y|ies)|topics?|diagnos[ie]s|gender|sex|colou?rs?|brands?|country|countries"
    r"|region|language|cuisine|cultivar|variety|classe|étiquette|espèce|catégorie|klasse|art)"
    r"([-_ .]?(id|ids|no|nr|num|number|code|idx|index|label|encoded|enc|cat))?",
    re.IGNORECASE,
)
"""Names of columns that say which kind a thing is of."""


def find_class_targets(y: NDArray[np.float64], name: str | None) -> tuple[Finding, ...]:
    """Find targets that are most likely classes.

    Args:
        y: (n,) the targets.
        name: of their column; None: they have none.
    """
    # Most targets do not even begin so.
    if (y[:MOST] != np.round(y[:MOST])).any() and len(np.unique(y[:MOST])) > 2:
        return ()
    values, counts = np.unique(y, return_counts=True)
    low, high = plain(float(values[0])), plain(float(values[-1]))
    ends = {"low": low, "high": high}
    if len(values) == 2:
        return (Finding("targets_of_two_values", True, ends),)
    if (
        not FEWEST <= len(values) <= min(MOST, len(y) / EACH_NAMED)
        or (values != np.round(values)).any()
    ):
        return ()
    shown = {"number": len(values), **ends}
    if name is not None and _NAMES.fullmatch(name.strip()):
        return (Finding("targets_named_classes", True, {"feature": short(name), **shown}),)
    counted = low in (0, 1) and high - low == len(values) - 1
    even = counts.min() >= FEWEST_OF_EACH and counts.max() <= EVEN * counts.min()
    if counted and even and len(values) <= len(y) / EACH:
        return (Finding("targets_like_classes", False, shown),)
    return ()
