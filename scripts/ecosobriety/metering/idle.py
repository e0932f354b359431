"""The power of the idle machine, measured before a process trains and kept in its records.

It is no part of any training's window and decides no training: a record has it beside the meter's
settings, under `BASELINE`, and `records.adjusted` takes it off afterwards.
"""

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from ecosobriety.errors import MeteringError
from ecosobriety.hardware import own_and_busy_cpu_s
from ecosobriety.metering.lock import exclusive_meter
from ecosobriety.metering.meter import EnergyMeter
from ecosobriety.records.adjusted import BASELINE
from ecosobriety.records.record import RunRecord


class Idle:
    """Measures once in a process, when its first training is about to begin.

    Args:
        seconds: for how long; None: not at all.
        make_meter: makes the meter, which is another one than the trainings'.
    """

    def __init__(self, seconds: float | None, make_meter: Callable[[], EnergyMeter]) -> None:
        self._seconds = seconds
        self._make_meter = make_meter
        self._measured: dict[str, Any] | None = None

    def measure(self) -> None:
        """Measure, unless that is done already.

        Raises:
            MeteringError: the meter gave no energy.
        """
        if self._seconds is not None and self._measured is None:
            self._measured = measure_idle(self._make_meter(), self._seconds)

    def meter(self) -> EnergyMeter:
        """The meter of a training that is about to begin, once the idle machine is measured."""
        self.measure()
        return self._make_meter()

    def add_to(self, record: RunRecord) -> RunRecord:
        """The record with what was measured; the record itself where nothing was."""
        if self._measured is None:
            return record
        return record.model_copy(
            update={"metering": {**record.metering, BASELINE: dict(self._measured)}}
        )


def measure_idle(
    meter: EnergyMeter, seconds: float, sleep: Callable[[float], None] = time.sleep
) -> dict[str, Any]:
    """Measure the machine while this process sleeps.

    Args:
        meter: measures the whole machine.
        seconds: for how long.
        sleep: waits for so many seconds.

    Returns:
        `started_at` (UTC, ISO 8601), `duration_s`, `energy_kwh`, and `busy_share`, the share (0-1)
        of the machine's CPU time in which it worked; None: the system does not say.

    Raises:
        MeteringError: the meter gave no energy.
    """
    with exclusive_meter():
        meter.warm_up()
        started_at, before = datetime.now(UTC), own_and_busy_cpu_s()
        meter.start()
        sleep(seconds)
        reading = meter.stop()
        after = own_and_busy_cpu_s()
    if not reading.energy_kwh:
        raise MeteringError(
            f"metering.baseline_s: in {seconds:g} s the meter gave no energy of the idle machine; "
            "a longer time may do, null measures none"
        )
    busy = None
    if not isinstance(before, str) and not isinstance(after, str):
        busy_s = (after[1] - before[1]) / (reading.duration_s * (os.cpu_count() or 1))
        busy = min(max(busy_s, 0.0), 1.0)
    return {
        "started_at": started_at.isoformat(timespec="microseconds"),
        "duration_s": reading.duration_s,
        "energy_kwh": reading.energy_kwh,
        "busy_share": busy,
    }
