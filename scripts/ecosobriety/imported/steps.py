"""The steps of imported scores: rounded ones show no small loss, and counts have their own."""

from collections.abc import Iterator, Mapping

from ecosobriety.imported.roles import Columns
from ecosobriety.imported.runs import ImportedRun, ImportSpec, Key
from ecosobriety.metrics import Metric

_FEWEST = 4
"""Scores that are all in coarse steps by no chance."""


def find_coarse(
    columns: Columns, runs: Mapping[Key, ImportedRun], metric: Metric, spec: ImportSpec
) -> Iterator[str]:
    """Say where scores are rounded to the margin, or are no counts of the test examples.

    Args:
        columns: of the table.
        runs: by size and seed.
        metric: the study's.
        spec: has the margin and the number of test examples.
    """
    path, column = columns.sheet.path, columns.scores[metric.name]
    decimals = max(_decimals(column.text(run.place) or "") for run in runs.values())
    step = 10.0**-decimals
    if spec.margin is not None and len(runs) >= _FEWEST and step >= spec.margin:
        yield (
            f"{path}: no {metric.name} has more than {decimals} decimals, and analysis.margin is "
            f"{spec.margin:g}: scores that are rounded to it cannot show so small a loss"
        )
    number, keys = spec.test_examples, [*runs]
    scores = [run.scores[metric.name] or 0.0 for run in runs.values()]
    if number is not None and (place := metric.uncounted(scores, number)) is not None:
        yield (
            f"{path}: the {metric.name} of n_train {keys[place][0]} and seed {keys[place][1]} is "
            f"{scores[place] * number:.5g} of the {number} examples of dataset.test_examples, no "
            "whole number: were others tested, or batches averaged?"
        )


def _decimals(written: str) -> int:
    """How many decimals a number is written with, at least."""
    mantissa, _, exponent = written.casefold().partition("e")
    return max(len(mantissa.partition(".")[2].rstrip("0")) - int(exponent or 0), 0)
