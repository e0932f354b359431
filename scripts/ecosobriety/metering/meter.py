"""What an energy meter is: a small protocol, and two meters that need no hardware."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from ecosobriety.errors import MeteringError, quote
from ecosobriety.records.record import Component
from ecosobriety.units import watt_seconds_to_kwh

ComponentName = Literal["cpu", "gpu", "ram"]
COMPONENTS: tuple[ComponentName, ...] = ("cpu", "gpu", "ram")


@dataclass(frozen=True)
class Reading:
    """Energy since the start of a window: kWh by component (None: not measured), duration in s."""

    duration_s: float
    cpu_kwh: float | None = None
    gpu_kwh: float | None = None
    ram_kwh: float | None = None

    @property
    def energy_kwh(self) -> float | None:
        """Sum over the measured components in kWh; None where none was measured."""
        known = [part for part in (self.cpu_kwh, self.gpu_kwh, self.ram_kwh) if part is not None]
        return sum(known) if known else None

    def __add__(self, other: "Reading") -> "Reading":
        return _combine(self, other, 1.0)

    def __sub__(self, other: "Reading") -> "Reading":
        return _combine(self, other, -1.0)


def _combine(left: Reading, right: Reading, sign: float) -> Reading:
    """Add or subtract; a component that one side did not measure counts as the other side's."""

    def part(a: float | None, b: float | None) -> float | None:
        return None if a is None and b is None else (a or 0.0) + sign * (b or 0.0)

    return Reading(
        left.duration_s + sign * right.duration_s,
        part(left.cpu_kwh, right.cpu_kwh),
        part(left.gpu_kwh, right.gpu_kwh),
        part(left.ram_kwh, right.ram_kwh),
    )


OnReading = Callable[[Reading], None]


class EnergyMeter(Protocol):
    """Measures windows, one after the other; a window is `start`, any number of `read`, `stop`."""

    def warm_up(self) -> None:
        """Do what is slow the first time (probing the hardware), outside any window."""

    def start(self, on_reading: OnReading | None = None) -> None:
        """Open a window. `on_reading` is called with each regular reading, from any thread."""

    def read(self) -> Reading:
        """Energy since the start of the open window."""

    def stop(self) -> Reading:
        """Close the window and return its energy."""

    def settle(self, readings: Iterable[Reading]) -> list[Reading]:
        """Readings of the window that was closed last, by what was known at its end.

        A model that needs a load over 0.2 s at least knows an earlier moment only afterwards, and
        a counter that failed is known to have failed only then.
        """

    def components(self) -> Mapping[ComponentName, Component]:
        """How each component's energy was obtained in the window that was closed last.

        While one is open: in it so far. After `warm_up` and before any window: how it is obtained
        where nothing goes wrong.
        """

    def describe(self) -> Mapping[str, Any]:
        """What a reader needs to judge the numbers: tool, version, settings, hardware seen."""


def require_meter(meter: object) -> None:
    """Refuse what measures nothing.

    Raises:
        MeteringError: it is no meter.
    """
    if isinstance(meter, type) or not hasattr(meter, "warm_up"):
        raise MeteringError(
            f'{quote(meter)} is no meter: CodeCarbonMeter("FRA") is one, for example, where FRA is '
            "the country"
        )


class FakeMeter:
    """A meter for tests: constant power in W by component, over a clock that the test may own."""

    def __init__(
        self,
        cpu_w: float | None = 10.0,
        gpu_w: float | None = None,
        ram_w: float | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ):
        self._power_w = (cpu_w, gpu_w, ram_w)
        self._clock = clock
        self._started_at: float | None = None
        self._on_reading: OnReading | None = None

    def warm_up(self) -> None:
        """Nothing is slow here."""

    def start(self, on_reading: OnReading | None = None) -> None:
        """Open a window."""
        self._on_reading = on_reading
        self._started_at = self._clock()

    def read(self) -> Reading:
        """Power times the time since the start."""
        if self._started_at is None:
            raise RuntimeError("the meter is not running")
        elapsed_s = self._clock() - self._started_at
        energies = [
            None if power_w is None else watt_seconds_to_kwh(power_w, elapsed_s)
            for power_w in self._power_w
        ]
        reading = Reading(elapsed_s, *energies)
        if self._on_reading is not None:
            self._on_reading(reading)
        return reading

    def stop(self) -> Reading:
        """Close the window."""
        reading = self.read()
        self._started_at = None
        return reading

    def settle(self, readings: Iterable[Reading]) -> list[Reading]:
        """All is known at once."""
        return list(readings)

    def components(self) -> Mapping[ComponentName, Component]:
        """Constant power is an estimate."""
        return {
            name: Component(quality=None, source=None, reason="not simulated")
            if power_w is None
            else Component(quality="estimated", source="constant")
            for name, power_w in zip(COMPONENTS, self._power_w, strict=True)
        }

    def describe(self) -> Mapping[str, Any]:
        """Name the tool."""
        return {"tool": "fake"}


class ReplayMeter:
    """A meter that gives recorded windows again, in order; `read` gives the window's end."""

    def __init__(
        self,
        windows: Iterable[Reading],
        components: Mapping[ComponentName, Component] | None = None,
    ):
        self._windows = iter(windows)
        self._components = components or {
            "cpu": Component(quality="estimated", source="replay"),
            "gpu": Component(quality=None, source=None, reason="not recorded"),
            "ram": Component(quality=None, source=None, reason="not recorded"),
        }
        self._current: Reading | None = None

    def warm_up(self) -> None:
        """Nothing is slow here."""

    def start(self, on_reading: OnReading | None = None) -> None:
        """Open the next recorded window."""
        self._current = next(self._windows)
        if on_reading is not None:
            on_reading(self._current)

    def read(self) -> Reading:
        """The recorded window."""
        if self._current is None:
            raise RuntimeError("the meter is not running")
        return self._current

    def stop(self) -> Reading:
        """Close the recorded window."""
        reading = self.read()
        self._current = None
        return reading

    def settle(self, readings: Iterable[Reading]) -> list[Reading]:
        """As recorded."""
        return list(readings)

    def components(self) -> Mapping[ComponentName, Component]:
        """As recorded."""
        return self._components

    def describe(self) -> Mapping[str, Any]:
        """Name the tool."""
        return {"tool": "replay"}
