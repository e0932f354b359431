"""What is wrong with the window of a wall meter's reading though its texts look like moments."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from ecosobriety.study_config.schema import show


def calibration_contradictions(
    calibration: Mapping[str, Any] | None,
) -> Iterator[tuple[str, str]]:
    """Yield the key and the fault of each end of a window that is no moment, or the wrong way."""
    if calibration is None:
        return
    moments = {}
    for end, written in calibration["window"].items():
        try:
            moments[end] = datetime.fromisoformat(written)
        except ValueError:
            key = f"metering.calibration.window.{end}"
            yield key, f"is {show(written)}, but must be a day and a time that there are"
    if len(moments) == 2 and moments["end"] <= moments["start"]:
        key, start = "metering.calibration.window.end", show(calibration["window"]["start"])
        yield key, f"is {show(calibration['window']['end'])}, but must be later than start: {start}"
