"""What is wrong with what hardware and water are said to be though each of the values is valid."""

from collections.abc import Iterator, Mapping
from typing import Any

from ecosobriety.study_config.schema import show

PLAUSIBLE_KG = (1.0, 20_000.0)
"""What making a part of hardware emits: a share of one emits less, and a cluster more."""


def hardware_contradictions(hardware: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the key and the fault of each value that another one asks for or rules out."""
    own = hardware["embodied_kg"]
    parts = any(count is not None for count in hardware["parts"].values())
    if own is None and not parts:
        for name in ("lifetime_years", "utilisation"):
            if hardware[name] is not None:
                allowed = "null without hardware.parts and hardware.embodied_kg"
                yield f"hardware.{name}", f"is {hardware[name]:g}, but must be {allowed}"
        return
    if own is not None and parts:
        yield "hardware.embodied_kg", f"is {show(own)}, but must be null beside hardware.parts"
    yield from _order_contradictions("hardware.embodied_kg", own)
    if own is not None and hardware["lifetime_years"] is None:
        allowed = "a number of years: hardware.embodied_kg is shared by them"
        yield "hardware.lifetime_years", f"is null, but must be {allowed}"
    if hardware["utilisation"] is None:
        what = "hardware.parts" if own is None else "hardware.embodied_kg"
        allowed = f"the share of its life in which the hardware works, such as 0.3, with {what}"
        yield "hardware.utilisation", f"is null, but must be {allowed}"


def water_contradictions(water: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the key and the fault of each range that is in another order."""
    for name, figure in water.items():
        yield from _order_contradictions(f"water.{name}", figure)


def _order_contradictions(key: str, figure: Any) -> Iterator[tuple[str, str]]:
    if isinstance(figure, Mapping) and not figure["low"] <= figure["central"] <= figure["high"]:
        yield key, f"is {show(figure)}, but must be in the order low, central, high"
