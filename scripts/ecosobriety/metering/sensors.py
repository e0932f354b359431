"""What CodeCarbon found on this machine, each component as a sensor of one window after the other.

CodeCarbon finds the hardware, and says how each part's power or energy is obtained. Its tracker
leaves out up to 50 ms at the end of a window and takes a counter that fails for one that stood
still; so the windows, and the checks of each, are this package's.
"""

import copy
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from codecarbon import OfflineEmissionsTracker
from codecarbon.external.hardware import CPU, GPU, MODE_CPU_LOAD, AppleSiliconChip, Raspberry
from codecarbon.external.ram import RAM

from ecosobriety.errors import MeteringError
from ecosobriety.metering.counters import Clock, Counter, Course, constant_course
from ecosobriety.metering.meter import ComponentName
from ecosobriety.metering.reasons import reason
from ecosobriety.records import Component
from ecosobriety.units import watt_seconds_to_kwh

LOAD_RESOLUTION_S = 0.2
"""The kernel counts a processor's time in steps of 10 ms: a load is that of 20 steps at least."""

PACKAGE_LIMIT_W = 1000.0
"""No processor draws as much: the largest are specified for 500 W (Intel Xeon 6980P, AMD 9965)."""

_PARTS: dict[str, ComponentName] = {"CPU": "cpu", "GPU": "gpu", "RAM": "ram"}

GPU_LIMIT_W = 3000.0
"""For a GPU that does not tell its own limit."""

PACKAGE_STEP_S = 0.05
"""RAPL moves every millisecond, and never stands still for longer than this while it works."""

GPU_STEP_S = 0.1
"""NVML's energy moves every 20 to 100 ms."""


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
        faults = [told for course, told in verdicts if told and course is None]
        if faults:
            return None, Component(quality=None, source=None, reason="; ".join(faults))
        course = Sum([course for course, _ in verdicts if course is not None])
        gaps = [told for _, told in verdicts if told]
        if not gaps:
            return course, self._component
        told = "; ".join([*([self._component.reason] if self._component.reason else []), *gaps])
        return course, Component(quality="estimated", source=self._component.source, reason=told)

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


def sensors_of(
    tracker: OfflineEmissionsTracker, cpu_power_w: float | None, ram_power_w: float | None
) -> dict[ComponentName, Sensor | str]:
    """A sensor for each component, or the reason why there is none.

    CodeCarbon has no public way to ask how it obtains an energy.
    """
    found: dict[ComponentName, Sensor | str] = {
        "cpu": reason("no_cpu"),
        "gpu": reason("no_gpu"),
        "ram": reason("memory_unknown"),
    }
    for hardware in tracker._hardware:
        if isinstance(hardware, RAM):
            found["ram"] = _memory(hardware, ram_power_w)
        elif isinstance(hardware, CPU):
            found["cpu"] = _processor(hardware, cpu_power_w)
        elif isinstance(hardware, GPU):
            found["gpu"] = _gpus(hardware)
        elif isinstance(hardware, AppleSiliconChip | Raspberry):
            source = "powermetrics" if isinstance(hardware, AppleSiliconChip) else "pmic"
            found[_PARTS[hardware.chip_part]] = _by_power(hardware, source)
    return found


def _memory(ram: RAM, ram_power_w: float | None) -> Sensor | str:
    power_w = ram.total_power().W
    if not (math.isfinite(power_w) and power_w > 0):
        return reason("memory_unknown")
    source, told = (
        ("ram_model", reason("memory_size"))
        if ram_power_w is None
        else (
            "constant",
            reason("given", key="metering.ram_power_w"),
        )
    )
    return ConstantSensor(power_w, Component(quality="estimated", source=source, reason=told))


def _processor(cpu: CPU, cpu_power_w: float | None) -> Sensor | str:
    origin = "CodeCarbon" if cpu_power_w is None else "metering.cpu_power_w"
    tdp_w = f"{cpu._tdp:g}"
    if cpu._mode == MODE_CPU_LOAD:
        told = reason("load_model", tdp_w=tdp_w, origin=origin)
        return LoadSensor(cpu, Component(quality="estimated", source="cpu_load", reason=told))
    if cpu._mode == "constant":
        told = reason("constant_power", tdp_w=tdp_w, origin=origin)
        component = Component(quality="estimated", source="constant", reason=told)
        return ConstantSensor(cpu.total_power().W, component)
    if cpu._mode == "intel_rapl":
        return _packages(cpu)
    return _by_power(cpu, cpu._mode.removeprefix("intel_"))


def _packages(cpu: CPU) -> Sensor | str:
    """The domains that CodeCarbon takes: it leaves out those that mirror one another."""
    interface: Any = cpu._intel_interface
    interface.start()
    counters = [
        Counter(
            label=f"RAPL {Path(domain.path).parent.name}",
            read_kwh=_kwh_of(domain._get_value),
            range_kwh=domain.max_energy_reading.kWh,
            limit_w=PACKAGE_LIMIT_W,
            step_s=PACKAGE_STEP_S,
        )
        for domain in interface._rapl_files
        if domain.path not in interface._mirrored_candidates
    ]
    if not counters:
        return reason("no_cpu")
    return CounterSensor(counters, Component(quality="measured", source="rapl"))


def _gpus(gpu: GPU) -> Sensor | str:
    watched = set(gpu._get_gpu_ids())
    counters, by_power = [], False
    for device in gpu.devices.devices:
        if device.gpu_index not in watched:
            continue
        limit_w = device._power_limit
        label = f"GPU {device.gpu_index}"
        if device._has_counter:
            counter = Counter(
                label=label,
                read_kwh=_kwh_of(device._get_energy_kwh),
                range_kwh=0.0,
                limit_w=2 * limit_w if limit_w else GPU_LIMIT_W,
                step_s=GPU_STEP_S,
                power_w=device._read_power_watts,
            )
        else:
            by_power = True
            integral = _Integral(device._read_power_watts)
            counter = Counter(
                label=label,
                read_kwh=integral.read_kwh,
                range_kwh=0.0,
                limit_w=GPU_LIMIT_W,
                step_s=GPU_STEP_S,
                restart=integral.restart,
                counts_on=False,
            )
        counters.append(counter)
    if not counters:
        return reason("no_gpu")
    if by_power:
        told = reason("power_only")
        component = Component(quality="estimated", source="nvml", reason=told)
    else:
        component = Component(quality="measured", source="nvml")
    return CounterSensor(counters, component)


def _by_power(hardware: Any, source: str) -> Sensor:
    """A part whose power CodeCarbon reads, or whose energy since the last time."""
    energies = _Energies(hardware)
    counter = Counter(
        label=source,
        read_kwh=energies.read_kwh,
        range_kwh=0.0,
        limit_w=PACKAGE_LIMIT_W,
        step_s=PACKAGE_STEP_S,
        restart=energies.restart,
        counts_on=False,
    )
    return CounterSensor([counter], Component(quality="measured", source=source))


def _kwh_of(read: Callable[[], Any]) -> Callable[[], float | None]:
    def read_kwh() -> float | None:
        try:
            value = read()
        # Whatever a driver's library raises: it is not readable now.
        except Exception:
            return None
        return None if value is None else float(value.kWh)

    return read_kwh


class _Integral:
    """Power over time, as a counter."""

    def __init__(self, power_w: Callable[[], float | None]):
        self._power_w = power_w
        self._total_kwh = 0.0
        self._at_s = 0.0

    def restart(self) -> None:
        """Begin a window."""
        self._at_s = time.perf_counter()

    def read_kwh(self) -> float | None:
        """Count on; None: the power is not readable."""
        power_w = self._power_w()
        now_s = time.perf_counter()
        elapsed_s, self._at_s = now_s - self._at_s, now_s
        if power_w is None or not (math.isfinite(power_w) and power_w >= 0):
            return None
        self._total_kwh += watt_seconds_to_kwh(power_w, elapsed_s)
        return self._total_kwh


class _Energies:
    """The energies that a part of CodeCarbon's gives for each interval, as a counter."""

    def __init__(self, hardware: Any):
        self._hardware = hardware
        self._total_kwh = 0.0
        self._at_s = 0.0

    def restart(self) -> None:
        """Begin a window."""
        self._hardware.start()
        self._at_s = time.perf_counter()

    def read_kwh(self) -> float | None:
        """Count on; None: it gives no energy."""
        now_s = time.perf_counter()
        elapsed_s, self._at_s = now_s - self._at_s, now_s
        try:
            _, energy = self._hardware.measure_power_and_energy(last_duration=elapsed_s)
        except Exception:
            return None
        if not (math.isfinite(energy.kWh) and energy.kWh >= 0):
            return None
        self._total_kwh += energy.kWh
        return self._total_kwh
