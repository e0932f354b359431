"""What an earlier run of a study left behind that is no longer of it.

A report in a language that the study has no more, or the figures of a model that it lost, would be
read as today's answer. Only what the workflow itself writes is looked for, by the names of the
contract; trainings are kept, as they were paid for.
"""

import json
import re
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ecosobriety.languages import REPORT_FILES
from ecosobriety.records.record import RunKey
from ecosobriety.study.figure_names import MODEL_FIGURES, STUDY_FIGURES, figure_ids

CLAIMS = "claims.csv"

_TRAINING = re.compile(r"n([0-9]+)/seed([0-9]+)")

_MODEL = r"[A-Za-z0-9][A-Za-z0-9_-]*"
_FIGURE = re.compile(
    rf"(?:(?:{'|'.join(MODEL_FIGURES)})-{_MODEL}|{'|'.join(STUDY_FIGURES)})"
    rf"\.(?:{'|'.join(REPORT_FILES)})\.(?:svg|png)"
)


def find_leftovers(
    results: Path,
    reports: Path,
    *,
    models: Iterable[str],
    languages: Collection[str],
    claims: bool,
) -> list[Path]:
    """Outputs of a study that its configuration no longer asks for.

    Args:
        results: the study's folder of results.
        reports: its folder of reports.
        models: the names of its models.
        languages: its languages.
        claims: whether it judges the poster's claims.

    Returns:
        Files that are there, sorted.
    """
    wanted = {
        f"{figure}.{language}.{suffix}"
        for figure in figure_ids(models)
        for language in languages
        for suffix in ("svg", "png")
    }
    figures = [
        path
        for path in (results / "figures").glob("*")
        if _FIGURE.fullmatch(path.name) and path.name not in wanted
    ]
    others = [reports / name for code, name in REPORT_FILES.items() if code not in languages]
    if not claims:
        others.append(results / "tables" / CLAIMS)
    return sorted(path for path in (*figures, *others) if path.is_file())


def find_beside_plan(
    results: Path, dataset: str, models: Iterable[str], planned: Collection[RunKey]
) -> list[RunKey]:
    """The trainings that left a record or an attempt, and are not planned; sorted.

    Args:
        results: the study's folder of results.
        dataset: the data set's name.
        models: the names of its models.
        planned: the trainings that the study asks for.
    """
    found = set()
    for model in models:
        records = Path(results, "runs", dataset, model)
        attempts = Path(results, "attempts", dataset, model)
        places = [
            *(path.relative_to(records).with_suffix("") for path in records.glob("n*/seed*.json")),
            *(path.relative_to(attempts).parent for path in attempts.glob("n*/seed*/*.json")),
        ]
        for place in places:
            if match := _TRAINING.fullmatch(place.as_posix()):
                found.add((dataset, model, int(match[1]), int(match[2])))
    return sorted(found.difference(planned))


def find_old_decisions(
    folder: Path,
    asked: Mapping[str, Mapping[str, Mapping[str, Any]]],
    *,
    no_cut_short: bool = False,
) -> list[Path]:
    """Decisions of a study that grows which are not today's: they would be read as such.

    Args:
        folder: the study's folder of decisions, `{dataset}/{model}/{name}.json`.
        asked: for each `{dataset}/{model}` the rule behind each decision, by its file's name, from
            the smallest size up.
        no_cut_short: whether decisions that a budget has cut short are made anew.

    Returns:
        Files that are asked for no longer, were decided by another rule, or lie beyond a stop.
    """
    kept: set[Path] = set()
    for place, rules in asked.items():
        stopped = False
        for name, rule in rules.items():
            path = folder / place / name
            found = _decision(path)
            if stopped or found is None or found.get("rule") != rule:
                continue
            if no_cut_short and found.get("cut_short"):
                continue
            kept.add(path)
            stopped = found.get("decision") == "stop"
    return sorted(path for path in folder.glob("*/*/n*.json") if path not in kept)


def _decision(path: Path) -> dict[str, Any] | None:
    """A decision as its file holds it; None: there is none."""
    with suppress(OSError, ValueError):
        found = json.loads(path.read_bytes())
        return found if isinstance(found, dict) else None
    return None
