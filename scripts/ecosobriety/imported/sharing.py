"""A run's energy counts for one model: CodeCarbon's rows may not be joined to two."""

from collections.abc import Iterable
from pathlib import Path

from ecosobriety.imported.runs import Imports, ImportSpec
from ecosobriety.imported.sheet import RunsError


def require_own_rows(models: Iterable[tuple[ImportSpec, Imports]], folder: Path) -> None:
    """Refuse the first row of a file of emissions that a model takes after another one did.

    Args:
        models: each model with imported runs, and what was read of it.
        folder: that its files' paths start from.

    Raises:
        RunsError: names the file, the row and both models.
    """
    taken: dict[tuple[Path, int], str] = {}
    for spec, found in models:
        if spec.emissions is None:
            continue
        path = (folder / spec.emissions).resolve()
        for run in found.runs.values():
            assert run.metered is not None
            place = run.metered.place
            other = taken.setdefault((path, place), spec.model)
            if other != spec.model:
                raise RunsError(
                    "emissions",
                    f"is {spec.emissions}, but its row {place + 1} is a run of {other} already: "
                    f"a run's energy cannot count for {spec.model} too",
                )
