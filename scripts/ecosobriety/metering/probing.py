"""What CodeCarbon found on this machine, each component as a sensor.

CodeCarbon has no public way to ask how it obtains an energy, so its own parts are looked into.
"""

import math
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from codecarbon import OfflineEmissionsTracker
from codecarbon.external.hardware import CPU, GPU, MODE_CPU_LOAD, AppleSiliconChip, Raspberry
from codecarbon.external.ram import RAM

from ecosobriety.errors import MeteringError
from ecosobriety.metering.counters import Counter
from ecosobriety.metering.meter import ComponentName
from ecosobriety.metering.sensors import ConstantSensor, CounterSensor, LoadSensor, Sensor
from ecosobriety.metering.visible import visible_gpus
from ecosobriety.reasons import reason
from ecosobriety.records.record import Component
from ecosobriety.units import watt_seconds_to_kwh

PACKAGE_LIMIT_W = 1000.0
"""No processor draws as much: the largest are specified for 500 W (Intel Xeon 6980P, AMD 9965)."""

PACKAGE_EVEN_WITHIN = 5.0
"""A training keeps a processor about as busy from one second to the next."""

_PARTS: dict[str, ComponentName] = {"CPU": "cpu", "GPU": "gpu", "RAM": "ram"}

GPU_LIMIT_W = 3000.0
"""For a GPU that does not report its own limit."""

GPU_ABOVE_LIMIT = 1.25
"""A GPU keeps to the limit of its power, but for moments."""

PACKAGE_STEP_S = 0.05
"""RAPL moves every millisecond, and never stands still for longer than this while it works."""

GPU_STEP_S = 0.1
"""NVML's energy moves every 20 to 100 ms."""


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
    source, why = (
        ("ram_model", reason("memory_size"))
        if ram_power_w is None
        else (
            "constant",
            reason("given", key="ram_power_w"),
        )
    )
    return ConstantSensor(power_w, Component(quality="estimated", source=source, reason=why))


def _processor(cpu: CPU, cpu_power_w: float | None) -> Sensor | str:
    origin = "CodeCarbon" if cpu_power_w is None else "metering.cpu_power_w"
    tdp_w = f"{cpu._tdp:g}"
    if cpu._mode == MODE_CPU_LOAD:
        why = reason("load_model", tdp_w=tdp_w, origin=origin)
        return LoadSensor(cpu, Component(quality="estimated", source="cpu_load", reason=why))
    if cpu._mode == "constant":
        why = reason("constant_power", tdp_w=tdp_w, origin=origin)
        component = Component(quality="estimated", source="constant", reason=why)
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
            even_within=PACKAGE_EVEN_WITHIN,
        )
        for domain in interface._rapl_files
        if domain.path not in interface._mirrored_candidates
    ]
    if not counters:
        return reason("no_cpu")
    return CounterSensor(counters, Component(quality="measured", source="rapl"))


def _gpus(gpu: GPU) -> Sensor | str:
    uuids = {device.gpu_index: str(device._uuid) for device in gpu.devices.devices}
    # CodeCarbon's own reading takes an empty list for all of them, and knows no UUID.
    amd = any("amd" in type(device).__module__ for device in gpu.devices.devices)
    watched = visible_gpus(uuids, os.environ, amd=amd)
    counters, by_power = [], False
    for device in gpu.devices.devices:
        if device.gpu_index not in watched or _is_counted_by_another(device, watched):
            continue
        limit_w = device._power_limit
        label = f"GPU {device.gpu_index}"
        if device._has_counter:
            counter = Counter(
                label=label,
                read_kwh=_kwh_of(device._get_energy_kwh),
                range_kwh=0.0,
                limit_w=GPU_ABOVE_LIMIT * limit_w if limit_w else GPU_LIMIT_W,
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
        why = reason("power_only")
        component = Component(quality="estimated", source="nvml", reason=why)
    else:
        component = Component(quality="measured", source="nvml")
    return CounterSensor(counters, component)


def _is_counted_by_another(device: Any, watched: set[int]) -> bool:
    """Whether a GPU is the second half of a card, which counts nothing: the first counts for both.

    CodeCarbon takes each odd one of a series for one, of which some are cards of their own.

    Raises:
        MeteringError: the first half is hidden from this process.
    """
    if not device._reports_zero_power_by_design() or _kwh_of(device._get_energy_kwh)() != 0:
        return False
    if device.gpu_index - 1 not in watched:
        raise MeteringError(
            f"GPU {device.gpu_index} is the second half of a card, whose energy the first one "
            "counts: let the training see both"
        )
    return True


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
