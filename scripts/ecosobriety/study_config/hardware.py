"""What is wrong with the description of the hardware though each of its values is valid."""

from collections.abc import Iterator, Mapping
from typing import Any

from ecosobriety.study_config.schema import show


def hardware_contradictions(hardware: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the key and the fault of each value that another one asks for or rules out."""
    own = hardware["embodied_kg"]
    parts = any(count is not None for count in hardware["parts"].values())
    if own is None and not parts:
        return
    if own is not None and parts:
        yield "hardware.embodied_kg", f"is {show(own)}, but must be null beside hardware.parts"
    if isinstance(own, Mapping) and not own["low"] <= own["central"] <= own["high"]:
        allowed = "in the order low, central, high"
        yield "hardware.embodied_kg", f"is {show(own)}, but must be {allowed}"
    if own is not None and hardware["lifetime_years"] is None:
        allowed = "a number of years: hardware.embodied_kg is shared by them"
        yield "hardware.lifetime_years", f"is null, but must be {allowed}"
    if hardware["utilisation"] is None:
        what = "hardware.parts" if own is None else "hardware.embodied_kg"
        allowed = f"the share of its life in which the hardware works, such as 0.3, with {what}"
        yield "hardware.utilisation", f"is null, but must be {allowed}"
