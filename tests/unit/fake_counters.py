# ruff: noqa: N802
"""Hardware with counters that a test owns: a powercap tree in a folder, and an NVML stand-in.

A counter's value is that of the moment in which it is read: a known power since a known time. Each
can be made to fail.
"""

import time
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
from codecarbon.core import cpu, gpu, gpu_nvidia, hardware_cache, rapl
from codecarbon.core.units import Energy
from codecarbon.external import hardware

RAPL_RANGE_J = 262_143.328850


class StandingClock:
    """Stands in for `time`: it is as late as a test says."""

    now_s = 1000.0

    def perf_counter(self):
        return self.now_s


class FakeCounter:
    """A cumulative counter in J of a constant power in W."""

    def __init__(self, power_w=100.0, start_j=1000.0, range_j=RAPL_RANGE_J):
        self.power_w = power_w
        self.range_j = range_j
        self.readable = True
        self.says = None
        self._since_s = time.perf_counter()
        self._base_j = start_j
        self._frozen = False

    @property
    def joules(self):
        spent_j = 0.0 if self._frozen else self.power_w * (time.perf_counter() - self._since_s)
        return self._base_j + spent_j

    def _rebase(self, joules):
        self._base_j, self._since_s = joules, time.perf_counter()

    def freeze(self):
        self._rebase(self.joules)
        self._frozen = True

    def thaw(self):
        self._rebase(self.joules)
        self._frozen = False

    def reset(self, joules=0.0):
        self._rebase(joules)

    def jump(self, by_j):
        self._rebase(self.joules + by_j)


class PowercapTree:
    """Packages as Linux shows them; a file that is to fail does so when CodeCarbon reads it."""

    def __init__(self, folder, counters):
        self.folder = folder / "powercap" / "intel-rapl"
        self.counters = {}
        for number, counter in enumerate(counters):
            domain = self.folder / f"intel-rapl:{number}"
            domain.mkdir(parents=True)
            (domain / "name").write_text(f"package-{number}\n")
            (domain / "max_energy_range_uj").write_text(f"{counter.range_j * 1e6:.0f}\n")
            self.counters[domain / "energy_uj"] = counter
        self.refresh()

    def refresh(self):
        for path, counter in self.counters.items():
            if not counter.readable:
                path.unlink(missing_ok=True)
            elif counter.says is not None:
                path.write_text(counter.says)
            else:
                path.write_text(f"{counter.joules % counter.range_j * 1e6:.0f}\n")


def install_powercap(monkeypatch, folder, counters):
    """Let CodeCarbon find these packages and nothing else of the machine's."""
    tree = PowercapTree(folder, counters)
    read = rapl.RAPLFile._get_value

    def refreshed(self):
        counter = tree.counters[Path(self.path)]
        if counter.readable and counter.says is None:
            # What the file would say if writing it took no time.
            return Energy.from_ujoules(round(counter.joules % counter.range_j * 1e6))
        tree.refresh()
        return read(self)

    monkeypatch.setattr(rapl.RAPLFile, "_get_value", refreshed)
    monkeypatch.setattr(cpu, "is_rapl_available", lambda: True)
    interface = hardware.IntelRAPL
    monkeypatch.setattr(
        hardware,
        "IntelRAPL",
        lambda **options: interface(**{**options, "rapl_dir": str(tree.folder)}),
    )
    hardware_cache.clear_cache()
    return tree


class NvmlError(Exception):
    """As NVML's own."""


class Nvml:
    """As much of NVML as CodeCarbon asks; the counters in J are the GPUs."""

    NVMLError = NVMLError_NotSupported = NvmlError
    NVML_TEMPERATURE_GPU = 0

    def __init__(self, counters, has_energy=True):
        self._counters = counters
        self._has_energy = has_energy

    def nvmlInit(self):
        pass

    def nvmlDeviceGetCount(self):
        return len(self._counters)

    def nvmlDeviceGetHandleByIndex(self, index):
        return index

    def nvmlDeviceGetName(self, handle):
        return b"Stand-in"

    def nvmlDeviceGetUUID(self, handle):
        return f"GPU-{handle}".encode()

    def nvmlDeviceGetMemoryInfo(self, handle):
        return SimpleNamespace(total=2**34, free=2**33, used=2**33)

    def nvmlDeviceGetEnforcedPowerLimit(self, handle):
        return 700_000

    def nvmlDeviceGetPowerUsage(self, handle):
        if not self._counters[handle].readable:
            raise NvmlError("Unknown Error")
        return self._counters[handle].power_w * 1000

    def nvmlDeviceGetTotalEnergyConsumption(self, handle):
        if not self._has_energy or not self._counters[handle].readable:
            raise NvmlError("Not Supported")
        return self._counters[handle].joules * 1000


def install_nvml(monkeypatch, counters, has_energy=True):
    """Let CodeCarbon find these GPUs."""
    nvml = Nvml(counters, has_energy)
    for module in (gpu, gpu_nvidia):
        monkeypatch.setattr(module, "pynvml", nvml)
        monkeypatch.setattr(module, "PYNVML_AVAILABLE", True)
    monkeypatch.setattr(gpu, "is_nvidia_system", lambda: True)
    monkeypatch.setattr(gpu, "is_rocm_system", lambda: False)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    hardware_cache.clear_cache()
    return nvml


def unreadable(counter):
    counter.readable = False


def readable(counter):
    counter.readable = True


@pytest.fixture
def powercap(monkeypatch, tmp_path):
    """Makes a powercap tree of these counters."""
    yield partial(install_powercap, monkeypatch, tmp_path)
    hardware_cache.clear_cache()


@pytest.fixture
def nvml(monkeypatch):
    """Makes GPUs of these counters."""
    yield partial(install_nvml, monkeypatch)
    hardware_cache.clear_cache()
