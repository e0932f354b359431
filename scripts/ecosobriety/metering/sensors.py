"""What CodeCarbon found on this machine, each component as a sensor of one window after the other.

CodeCarbon finds the hardware, and says how each part's power or energy is obtained. Its tracker
leaves out up to 50 ms at the end of a window and takes a counter that fails for one that stood
still; so the windows, and the checks of each, are this package's.
"""

import copy
import math
import time
from typing import Any, Protocol

from ecosobriety.errors import MeteringError
from ecosobriety.metering.counters import Clock, Counter, Course, constant_course
from ecosobriety.records.record import Component
from ecosobriety.units import watt_seconds_to_kwh

LOAD_RESOLUTION_S = 0.2
"""The kernel counts a processor's time in steps of 10 ms: a load is that of 20 steps at least."""


class Sensor(Protocol):
    """One component in one window after the other; all times are s since the window's start."""

    def start(self, clock: Clock) -> None:
        """Open a window, whose first moment comes right after."""

    def shift(self, start_s: float) -> None:
        """Count seconds from `start_s` of the clock on."""

    def sample(self, clock: Clock, last: bool) -> None:
        """Look at the hardware; `last`: the window ends here."""

    def so_far_kwh(self, now_s: float) -> float:
        """The energy up to now, as far as it is known yet."""

    def verdict(self, window_s: float) -> tuple[Course | None, Component]:
        """The closed window's course, None where it is not known, and how it was obtained."""

    def component(self) -> Component:
        """How the energy is obtained where nothing goes wrong."""


class ConstantSensor:
    """A part of constant power in W."""

    def __init__(self, power_w: float, component: Component):
        self._power_w = power_w
        self._component = component

    def start(self, clock: Clock) -> None:
        """Nothing to read."""

    def shift(self, start_s: float) -> None:
        """Nothing to move."""

    def sample(self, clock: Clock, last: bool) -> None:
        """Nothing to read."""

    def so_far_kwh(self, now_s: float) -> float:
        """Power times time."""
        return watt_seconds_to_kwh(self._power_w, now_s)

    def verdict(self, window_s: float) -> tuple[Course | None, Component]:
        """Power times time."""
        return constant_course(self._power_w, window_s), self._component

    def component(self) -> Component:
        """As given."""
        return self._component


class LoadSensor:
    """CodeCarbon's model of a processor: a power in W for the machine's load.

    An interval shorter than `LOAD_RESOLUTION_S` has no load of its own: it is taken together with
    the one before it. Where a whole window is shorter, its load is what the kernel's steps say, or
    this process's own where no step has passed.
    """

    def __init__(self, cpu: Any, component: Component):
        self._cpu = cpu
        self._component = component
        self._load = cpu._cpu_load_meter
        self._course = Course()
        self._begins: list[tuple[Any, float]] = []
        self._offset_s = 0.0
        self._power_w: float | None = None

    def start(self, clock: Clock) -> None:
        """Open a window."""
        self._load.reset()
        self._course = Course()
        self._power_w = None
        self._begins = [(copy.copy(self._load), time.process_time())]

    def shift(self, start_s: float) -> None:
        """Count from there."""
        self._offset_s = start_s

    def sample(self, clock: Clock, last: bool) -> None:
        """End an interval if it is long enough, or the window ends."""
        now_s = clock() - self._offset_s
        open_s = now_s - self._course.end_s
        if open_s <= 0:
            return
        if open_s < LOAD_RESOLUTION_S:
            if not last:
                return
            if self._course.intervals:
                open_s = now_s - self._course.start_of_last_s()
                self._course.drop_last()
                self._begins.pop()
        power_w, now = self._power_since(*self._begins[-1], open_s)
        self._power_w = power_w
        self._course.add(now_s, watt_seconds_to_kwh(power_w, open_s))
        self._begins = [*self._begins[-1:], now]

    def so_far_kwh(self, now_s: float) -> float:
        """What is known, and the rest at the last power."""
        rest_s = max(now_s - self._course.end_s, 0.0)
        power_w = self._power_w
        if power_w is None:
            power_w, _ = self._power_since(*self._begins[-1], rest_s)
        return self._course.at(now_s) + watt_seconds_to_kwh(power_w, rest_s)

    def verdict(self, window_s: float) -> tuple[Course | None, Component]:
        """The course of the load's power."""
        return self._course, self._component

    def component(self) -> Component:
        """As given."""
        return self._component

    def _power_since(
        self, load: Any, own_s: float, elapsed_s: float
    ) -> tuple[float, tuple[Any, float]]:
        load = copy.copy(load)
        percent = load.percent()
        now_own_s = time.process_time()
        if percent == 0 and elapsed_s > 0:
            own_share = (now_own_s - own_s) / elapsed_s / self._cpu._cpu_count
            percent = min(max(own_share, 0.0), 1.0) * 100
        self._cpu._cpu_load_meter = _Load(percent)
        power_w = self._cpu.total_power().W
        if not (math.isfinite(power_w) and power_w >= 0):
            raise MeteringError(f"CodeCarbon's model of the processor gave {power_w} W")
        return power_w, (load, now_own_s)


class _Load:
    """A load in percent, in the place of CodeCarbon's own measurement of it."""

    def __init__(self, percent: float):
        self._percent = percent

    def percent(self) -> float:
        return self._percent


class CounterSensor:
    """A component with counters; its energy is their sum."""

    def __init__(self, counters: list[Counter], component: Component):
        self._counters = counters
        self._component = component

    def __len__(self) -> int:
        """How many there are."""
        return len(self._counters)

    def start(self, clock: Clock) -> None:
        """Read them all."""
        for counter in self._counters:
            counter.start(clock)

    def shift(self, start_s: float) -> None:
        """Count from there."""
        for counter in self._counters:
            counter.shift(start_s)

    def sample(self, clock: Clock, last: bool) -> None:
        """Read them all."""
        for counter in self._counters:
            counter.sample(clock)

    def so_far_kwh(self, now_s: float) -> float:
        """The sum."""
        return sum(counter.so_far_kwh(now_s) for counter in self._counters)

    def verdict(self, window_s: float) -> tuple[Course | None, Component]:
        """The sum, if every counter has a course; an estimate, if any of them has gaps."""
        verdicts = [counter.verdict(window_s) for counter in self._counters]
        faults = [why for course, why in verdicts if why and course is None]
        if faults:
            return None, Component(quality=None, source=None, reason="; ".join(faults))
        course = Sum([course for course, _ in verdicts if course is not None])
        gaps = [why for _, why in verdicts if why]
        if not gaps:
            return course, self._component
        why = "; ".join([*([self._component.reason] if self._component.reason else []), *gaps])
        return course, Component(quality="estimated", source=self._component.source, reason=why)

    def component(self) -> Component:
        """As given."""
        return self._component


class Sum(Course):
    """The sum of several courses of one window."""

    def __init__(self, parts: list[Course]):
        super().__init__()
        self._parts = parts

    def at(self, time_s: float) -> float:
        """The energy at a moment."""
        return sum(part.at(time_s) for part in self._parts)
