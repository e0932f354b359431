"""Every method on every training: the table `methods`."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pandas as pd

from ecosobriety.errors import one_line
from ecosobriety.methods.method import (
    Estimate,
    Method,
    NotApplicableError,
    estimate_from_energy,
)
from ecosobriety.methods.registry import kinds
from ecosobriety.reasons import reason
from ecosobriety.records.record import RUN_KEY, RunRecord
from ecosobriety.tables import SCHEMAS, check_table

logger = logging.getLogger(__name__)

HARMONISED = "_harmonised"
"""Ends the id of a method whose energy model is combined with the study's PUE and intensity."""

REFERENCE = "codecarbon"
"""The method that the others are compared with."""


def compare(
    runs: Iterable[RunRecord],
    methods: Sequence[Method],
    *,
    pue: float,
    intensity_g_per_kwh: float | None,
) -> pd.DataFrame:
    """Apply every method to every training.

    Each method stands twice: with its own PUE and carbon intensity under its own id, and, ending in
    `HARMONISED`, with those of the study, so that only the models of energy differ. The ratio is
    that of the energies, to CodeCarbon's of the same kind. A method that fails is a row with the
    reason, and the study goes on.

    Args:
        runs: the trainings.
        methods: what to apply; CodeCarbon among them.
        pue: the study's PUE.
        intensity_g_per_kwh: the study's g CO2e/kWh of the metering country; None: unknown.

    Returns:
        The table `methods`, sorted by its key.
    """
    rows = [
        {**{name: getattr(run, name) for name in RUN_KEY}, **row}
        for run in runs
        for method in methods
        for row in _rows(run, method, pue, intensity_g_per_kwh)
    ]
    table = pd.DataFrame(rows).astype({"energy_kwh": "float64"})
    table["harmonised"] = table["method"].str.endswith(HARMONISED)
    key = [*RUN_KEY, "harmonised"]
    measured = table[table["method"].isin([REFERENCE, REFERENCE + HARMONISED])]
    measured = measured[[*key, "energy_kwh"]].rename(columns={"energy_kwh": "measured_kwh"})
    table = table.merge(measured, on=key, how="left", validate="many_to_one")
    table["ratio_to_codecarbon"] = table["energy_kwh"] / table["measured_kwh"]
    table = table.sort_values([*RUN_KEY, "method"], ignore_index=True)
    return check_table("methods", table[list(SCHEMAS["methods"].columns)])


def _rows(
    run: RunRecord, method: Method, pue: float, intensity_g_per_kwh: float | None
) -> Iterator[dict[str, Any]]:
    """What a method states of a training, and the same on the study's PUE and intensity."""
    harmonised = all(kind.harmonised for kind in kinds() if kind.id == method.id)
    try:
        own = method.estimate(run)
    except NotApplicableError as error:
        why = one_line(str(error))
    except Exception as error:
        # A method is other people's idea of other people's hardware: none may stop a study.
        logger.exception("%s failed on %s", method.id, run.attempt)
        why = one_line(reason("method_failed", error=f"{type(error).__name__}: {error}"))
    else:
        yield _row(method, "", own, applies=True)
        if harmonised:
            common = _harmonise(own, method.unit, pue, intensity_g_per_kwh)
            yield _row(method, HARMONISED, common, applies=True)
        return
    nothing = Estimate(None, None, None, reason=why)
    for ending in ("", HARMONISED) if harmonised else ("",):
        yield _row(method, ending, nothing, applies=False)


def _row(method: Method, ending: str, estimate: Estimate, *, applies: bool) -> dict[str, Any]:
    return {
        "method": method.id + ending,
        "energy_kwh": estimate.energy_kwh,
        "emissions_g": estimate.emissions_g,
        "quantity": estimate.quantity,
        "unit": method.unit,
        "applies": applies,
        "reason": estimate.reason,
        "ignores": ", ".join(method.ignores),
    }


def _harmonise(own: Estimate, unit: str, pue: float, intensity_g_per_kwh: float | None) -> Estimate:
    """A method's model of energy on the study's PUE and intensity."""
    if own.it_energy_kwh is None:
        return Estimate(None, None, None, reason=reason("no_own_pue"))
    return estimate_from_energy(
        own.it_energy_kwh,
        unit,
        pue=pue,
        intensity_g_per_kwh=intensity_g_per_kwh,
        reason=reason("study_no_intensity"),
    )
