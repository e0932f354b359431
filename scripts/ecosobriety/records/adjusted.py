"""What follows from measured energies: net of the idle machine, and by a wall meter's reading.

Both are applied when records are collected. The records keep what was measured, so that neither
trains anything again.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ecosobriety.errors import RecordError
from ecosobriety.records.record import RunRecord

if TYPE_CHECKING:
    import pandas as pd

BASELINE = "baseline"
"""The key of a record's `metering` under which the idle machine's energy is."""
NET, NET_REASON, FACTOR = "energy_net_kwh", "energy_net_reason", "calibration_factor"
"""Columns of `runs` that are there where a study asks for them."""
ENERGIES = (
    *("energy_kwh", "energy_cpu_kwh", "energy_gpu_kwh", "energy_ram_kwh"),
    *("eval_energy_kwh", "lost_energy_kwh"),
)
"""Columns of `runs` that a calibration scales; `NET` follows them."""
BUSY_FROM = 0.10
"""From this share of its CPU time in work on, a machine is not called idle."""
COVERED_FROM = 0.90
"""A window whose trainings fill less of it than that holds too much of something else."""
PLAUSIBLE = (0.1, 10.0)
"""Beyond these factors a reading is of another unit, or of another machine."""


@dataclass(frozen=True)
class Calibration:
    """A wall meter's reading over a window in which trainings of the study ran.

    Attributes:
        reading_kwh: the difference of its readings at the window's start and end.
        start: of the window, with its time zone.
        end: likewise.
    """

    reading_kwh: float
    start: datetime
    end: datetime

    @classmethod
    def of(cls, written: Mapping[str, Any] | None) -> "Calibration | None":
        """That of a configuration's `metering.calibration`."""
        if written is None:
            return None
        ends = (datetime.fromisoformat(written["window"][end]) for end in ("start", "end"))
        return cls(float(written["reading_kwh"]), *ends)


def adjust(
    table: "pd.DataFrame", records: Sequence[RunRecord], metering: Mapping[str, Any]
) -> "pd.DataFrame":
    """Add what a study asks for to its runs.

    Args:
        table: the columns of `runs`, a row for each record, in their order.
        records: the records.
        metering: `baseline_s` and `calibration` of the configuration; without them the table stays
            as it is.

    Returns:
        The table with `NET` and `NET_REASON` where the study has a baseline, and with scaled
        energies and `FACTOR` where it has a calibration. Imported runs are never scaled.

    Raises:
        RecordError: the reading cannot be compared with the study's trainings; says why.
    """
    # Imported where it is needed: who trains reads a name of this module, and waits for no pandas.
    import pandas as pd

    table = table.copy()
    if metering.get("baseline_s") is not None:
        nets = [net_of_idle(record) for record in records]
        table[NET] = pd.Series([net for net, _ in nets], dtype="float64")
        table[NET_REASON] = pd.Series([reason for _, reason in nets], dtype="object")
    calibration = Calibration.of(metering.get("calibration"))
    if calibration is None:
        return table
    factor = calibration_factor(calibration, records)
    return _scaled(table, factor)


def scaled_as(table: "pd.DataFrame", study: "pd.DataFrame") -> "pd.DataFrame":
    """Trainings whose energies are scaled as those of a study's own table `runs`.

    Args:
        table: the columns of `runs`, as they were metered.
        study: the table `runs` of a study that is calibrated.
    """
    return _scaled(table.copy(), factor_in(study))


def _scaled(table: "pd.DataFrame", factor: float) -> "pd.DataFrame":
    own = table["energy_quality"] != "imported"
    table[FACTOR] = own.map({True: factor, False: math.nan})
    for name in (name for name in (*ENERGIES, NET) if name in table):
        table[name] = table[name].astype("float64") * table[FACTOR].fillna(1.0)
    return table


def was_idle(baseline: Mapping[str, Any]) -> bool:
    """Whether a machine that was to be idle while its baseline was measured was so."""
    return bool((baseline["busy_share"] or 0.0) <= BUSY_FROM)


def net_of_idle(record: RunRecord) -> tuple[float | None, str | None]:
    """A training's energy less what the idle machine takes in the same time, in kWh.

    Returns:
        The energy and None; or None and why: `imported`, `not_measured` (the training is older than
        the study's baseline), `no_duration`, `not_idle` (the machine worked while it was to be
        idle), or `negative` (it drew less while it trained than when it was idle).
    """
    if record.window == "imported":
        return None, "imported"
    baseline = record.metering.get(BASELINE)
    if baseline is None:
        return None, "not_measured"
    if record.train_duration_s is None:
        return None, "no_duration"
    if not was_idle(baseline):
        return None, "not_idle"
    idle_kwh = baseline["energy_kwh"] / baseline["duration_s"] * record.train_duration_s
    net_kwh = record.energy_kwh - idle_kwh
    return (None, "negative") if net_kwh < 0 else (net_kwh, None)


def calibration_factor(calibration: Calibration, records: Sequence[RunRecord]) -> float:
    """The wall meter's reading over what the power model says of the same window.

    The model's energy is that of the trainings in the window and of their evaluations. What lies
    between trainings is in the reading and not in the model: so they must fill the window.

    Raises:
        RecordError: not all trainings are a power model's and of one machine, one lies in the
            window in part, they fill too little of it, or the factor is out of all proportion.
    """
    own = [record for record in records if record.window != "imported"]
    if counted := sum(record.energy_quality != "estimated" for record in own):
        raise _fault(
            f"scales a power model's energies, but hardware counters measured {counted} trainings "
            "at least in part; must be null"
        )
    machines = sorted({f"{record.job.get('node')}" for record in own})
    if len(machines) != 1:
        named = ", ".join(machines) or "none"
        raise _fault(f"is of one machine, but the study trained on {len(machines)} ({named})")
    within = [record for record in own if _is_within(record, calibration)]
    if not within:
        raise _fault("has a window in which no training of the study lies")
    length_s = (calibration.end - calibration.start).total_seconds()
    covered = math.fsum(record.train_duration_s or 0.0 for record in within) / length_s
    if covered < COVERED_FROM:
        raise _fault(
            f"has a window that trainings fill to {covered:.0%}, but must be filled to "
            f"{COVERED_FROM:.0%}: the reading holds what the machine did besides"
        )
    model_kwh = math.fsum(r.energy_kwh + (r.eval_energy_kwh or 0.0) for r in within)
    factor = calibration.reading_kwh / model_kwh
    low, high = PLAUSIBLE
    if not low <= factor <= high:
        raise _fault(
            f"reads {calibration.reading_kwh:g} kWh where the power model gives {model_kwh:.3g} "
            f"kWh; is it in kWh, and of this machine? Allowed are factors from {low:g} to {high:g}"
        )
    return factor


def _is_within(record: RunRecord, calibration: Calibration) -> bool:
    """Whether a training lies in the window; one that lies there in part is refused."""
    assert record.started_at is not None
    assert record.ended_at is not None
    started, ended = map(datetime.fromisoformat, (record.started_at, record.ended_at))
    if ended <= calibration.start or started >= calibration.end:
        return False
    if started >= calibration.start and ended <= calibration.end:
        return True
    raise _fault(
        f"has a window in which a training lies in part: {record.model}, n{record.n_train}, seed "
        f"{record.seed}, from {record.started_at} to {record.ended_at}"
    )


def _fault(problem: str) -> RecordError:
    return RecordError(f"metering.calibration {problem}")


def factor_in(runs: "pd.DataFrame") -> float:
    """By what the energies of a study's own trainings were scaled; 1 without a calibration."""
    if FACTOR not in runs or runs[FACTOR].isna().all():
        return 1.0
    return float(runs[FACTOR].dropna().iloc[0])
