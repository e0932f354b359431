"""A run counts for one model: neither CodeCarbon's rows nor those of a table are of two."""

from collections.abc import Iterable
from pathlib import Path

from ecosobriety.errors import quote
from ecosobriety.imported.runs import Imports, ImportSpec
from ecosobriety.imported.sheet import RunsError


def require_own_rows(models: Iterable[tuple[ImportSpec, Imports]], folder: Path) -> None:
    """Refuse runs that a model takes after another one did.

    Args:
        models: each model with imported runs, and what was read of it.
        folder: that its files' paths start from.

    Raises:
        RunsError: names the file, the row and both models.
    """
    taken: dict[tuple[Path, int], str] = {}
    whole: dict[Path, list[tuple[object, str]]] = {}
    for spec, found in models:
        if spec.emissions is None:
            _require_own_table(spec, found, whole.setdefault((folder / spec.runs).resolve(), []))
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


def _require_own_table(spec: ImportSpec, found: Imports, others: list[tuple[object, str]]) -> None:
    """Refuse that all runs of a model are those of another one, of the same table."""
    own = {key: (run.place, run.scores, run.energy.kwh) for key, run in found.runs.items()}
    for runs, model in others:
        if runs == own:
            raise RunsError(
                "runs",
                f"is {quote(spec.runs)}, but all its runs are those of {model} already: name the "
                "column that tells them apart with columns.model, or the scores of each",
            )
    others.append((own, spec.model))
