"""What can be measured on this machine, why not the rest, and what to do about it.

Run as a program before a study: `make doctor`.
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path

from ecosobriety.startup import imports_in_peace

with imports_in_peace():
    import psutil
    import torch

    from ecosobriety.doctor.surroundings import check_clock, look_around
    from ecosobriety.hardware import describe_hardware
    from ecosobriety.metering import CodeCarbonMeter
    from ecosobriety.units import kwh_to_joules

POWERCAP = Path("/sys/class/powercap")
BUSY_PERCENT = 15.0
IDLE_WINDOW_S = 2.0


def diagnose(powercap: Path = POWERCAP, folder: Path | None = None) -> Iterator[str]:
    """Give one line after the other, the whole in under ten seconds.

    Args:
        powercap: Folder in which Linux shows the processor's energy counters.
        folder: Where the study is to run; None: the working directory.
    """
    day_s, steady_s = time.time(), time.monotonic()
    hardware = describe_hardware()
    yield f"Machine: {hardware['cpu']}, {hardware['cpus_machine']} CPUs, {hardware['platform']}"
    yield from _limits(hardware["cpus_machine"], hardware["cpus_affinity"], hardware["cpus_cgroup"])
    meter = CodeCarbonMeter("FRA")
    meter.warm_up()
    for name, component in meter.components().items():
        how = f"{component.quality} ({component.source})" if component.quality else "not measured"
        yield f"{name.upper()}: {how}" + (f": {component.reason}" if component.reason else "")
    if meter.components()["cpu"].quality != "measured":
        yield from _advise_on_rapl(powercap)
    if meter.components()["gpu"].quality is None and torch.cuda.is_available():
        yield (
            "  -> PyTorch sees a GPU, but NVML does not: install the driver's management library "
            "(libnvidia-ml), or its energy is missing from every record."
        )
    yield (
        "RAM: no machine measures it; metering.ram_power_w in the config takes the place of the "
        "guess if you know its draw."
    )
    yield from _idle(meter)
    in_the_way = [
        *look_around(folder or Path.cwd()),
        *check_clock(time.time() - day_s, time.monotonic() - steady_s),
    ]
    yield from in_the_way or ["Account, folder and machine: nothing is in a study's way."]


def _limits(machine: int, affinity: int, cgroup: float | None) -> Iterator[str]:
    if affinity < machine or (cgroup is not None and cgroup < machine):
        allowed = f"{affinity} by affinity" + ("" if cgroup is None else f", {cgroup:g} by cgroup")
        yield (
            f"  -> This process may use only a part of the machine ({allowed}), but the whole "
            "machine is metered: other users' work is counted as yours."
        )


def _advise_on_rapl(powercap: Path) -> Iterator[str]:
    counters = sorted(powercap.glob("intel-rapl:*/energy_uj")) if powercap.exists() else []
    if not counters:
        yield (
            "  -> The processor's energy counters (RAPL) are not there: a virtual machine hides "
            "them, or the kernel lacks the module (on your own machine: sudo modprobe "
            "intel_rapl_common). Until then, metering.cpu_power_w in the config makes the "
            "estimate better: the processor's TDP in W from its data sheet."
        )
    elif not all(os.access(counter, os.R_OK) for counter in counters):
        yield (
            "  -> The processor's energy counters (RAPL) are there but only root may read them. "
            f"Until the next start: sudo chmod a+r {powercap}/intel-rapl:*/energy_uj"
        )


def _idle(meter: CodeCarbonMeter) -> Iterator[str]:
    psutil.cpu_percent()
    meter.start()
    time.sleep(IDLE_WINDOW_S)
    reading = meter.stop()
    busy_percent = psutil.cpu_percent()
    if reading.energy_kwh is not None:
        power_w = kwh_to_joules(reading.energy_kwh) / reading.duration_s
        yield f"Idle draw as metered: {power_w:.1f} W over {reading.duration_s:.1f} s"
    if busy_percent > BUSY_PERCENT:
        yield (
            f"  -> The machine is busy ({busy_percent:.0f} % of its CPUs): what else runs is "
            "counted as the training's energy. End it before the study."
        )


if __name__ == "__main__":
    for line in diagnose():
        print(line, flush=True)
