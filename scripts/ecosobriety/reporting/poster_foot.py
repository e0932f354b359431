"""The foot of the first page: how the study was measured, and how to cite it."""

from collections.abc import Mapping
from typing import Any

from ecosobriety.study.study import Case, Study
from ecosobriety.study.wording import country_name, study_title, trainings
from ecosobriety.texts import Texts


def measured(case: Case, provenance: Mapping[str, Any], text: Texts) -> str:
    """Where, when and with what the energy was found; of trainings and imports, the first's."""
    runs, how = case.study.runs, case.energy_quality
    own = runs[(runs["energy_quality"] == "imported") == (how == "imported")]
    others = len(runs) - len(own)
    devices = sorted({str(name) for name in own["device"].dropna()})
    machines = "poster.measured." + ("machines" if devices else "no_device")
    ended = provenance["trainings"]["last_ended_at"]
    # A table of runs need not say when they ended, and does not say where they were.
    how += "_undated" if how == "imported" and (others or ended is None) else ""
    said = text(
        f"poster.measured.{how}",
        trainings=trainings(len(own), text),
        device=devices[0]
        if len(devices) == 1
        else text(machines, number=text.integer(len(devices))),
        country=country_name(case, text),
        day=text("missing") if ended is None else text.day(ended[:10]),
    )
    beside = "done_here" if how == "imported_undated" else "not_here"
    more = text(f"poster.measured.{beside}", number=text.integer(others))
    return said + more if others else said


def citation(study: Study, provenance: Mapping[str, Any], text: Texts) -> str:
    """A short citation: title, year, software and its commit."""
    ended, commit = provenance["trainings"]["last_ended_at"], provenance["code"]["git_commit"]
    return text(
        "poster.citation." + ("dated" if ended else "undated"),
        title=study_title(study.config, text.language),
        year=ended and ended[:4],
        commit=text("missing") if commit is None else commit[:7],
    )
