"""What an earlier run of a study left behind that is no longer of it.

A report in a language that the study has no more, or the figures of a model that it lost, would be
read as today's answer. Only what the workflow itself writes is looked for, by the names of the
contract; trainings are kept, as they were paid for.
"""

import re
from collections.abc import Collection, Iterable
from pathlib import Path

from ecosobriety.languages import REPORT_FILES
from ecosobriety.study.figure_names import MODEL_FIGURES, STUDY_FIGURES, figure_ids

CLAIMS = "claims.csv"

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
