"""The meter of the study: CodeCarbon's offline tracker, with nothing left to chance.

CodeCarbon fills every constructor argument that is left out from `~/.codecarbon.config`, from
`./.codecarbon.config` and from `CODECARBON_*` variables; so every argument is passed. One tracker
measures one window, since a tracker that is started again counts from its first start.

CodeCarbon's own periodic measurement can count an interval twice when `flush` runs at the same
moment. It is therefore set to never, and the meter's own thread calls `flush` under a lock.
"""

import logging
import threading
import warnings
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any, Literal

from codecarbon import OfflineEmissionsTracker
from codecarbon.external.hardware import CPU, GPU
from codecarbon.output_methods.base_output import BaseOutput
from codecarbon.output_methods.emissions_data import EmissionsData

from ecosobriety.errors import MeteringError
from ecosobriety.metering.meter import ComponentName, OnReading, Reading
from ecosobriety.records import Component

_NEVER_S = 1.0e9
"""About 30 years; a timer takes no infinity."""

_CPU_SOURCES: dict[str, tuple[Literal["measured", "estimated"], str]] = {
    "intel_rapl": ("measured", "rapl"),
    "intel_power_gadget": ("measured", "power_gadget"),
    "apple_powermetrics": ("measured", "powermetrics"),
    "windows_emi": ("measured", "windows_emi"),
    "cpu_load": ("estimated", "cpu_load"),
    "constant": ("estimated", "constant"),
}


class _Latest(BaseOutput):
    """An output of CodeCarbon that keeps the totals, so that nothing is written anywhere."""

    def __init__(self) -> None:
        self.totals: EmissionsData | None = None

    def out(self, total: EmissionsData, delta: EmissionsData) -> None:
        self.totals = total


def meter_from(parameters: Mapping[str, Any]) -> "CodeCarbonMeter":
    """The meter that `config.training_parameters` asks for: values by dotted key."""
    return CodeCarbonMeter(
        country_iso3=parameters["metering.country"],
        interval_s=parameters["metering.interval_s"],
        cpu_power_w=parameters["metering.cpu_power_w"],
        ram_power_w=parameters["metering.ram_power_w"],
    )


class CodeCarbonMeter:
    """Measures IT energy (PUE 1) of the whole machine with CodeCarbon.

    Args:
        country_iso3: ISO-3166 alpha-3 code for CodeCarbon's tracker. It changes no energy.
        interval_s: Seconds between two readings.
        cpu_power_w: TDP in W for CodeCarbon's load model; it also disables RAPL. None: CodeCarbon
            reads RAPL or finds a TDP.
        ram_power_w: Constant draw of the memory in W; None: CodeCarbon's guess from its size.
    """

    def __init__(
        self,
        country_iso3: str,
        interval_s: float = 1.0,
        cpu_power_w: float | None = None,
        ram_power_w: float | None = None,
    ):
        self._country_iso3 = country_iso3
        self._interval_s = interval_s
        self._cpu_power_w = cpu_power_w
        self._ram_power_w = ram_power_w
        self._lock = threading.Lock()
        self._tracker: OfflineEmissionsTracker | None = None
        self._latest = _Latest()
        self._ticker: threading.Thread | None = None
        self._stopping = threading.Event()
        self._failure: Exception | None = None
        self._components: dict[ComponentName, Component] | None = None
        self._hardware: dict[str, Any] = {}

    def arguments(self) -> dict[str, Any]:
        """Every argument of CodeCarbon's constructors, so that none comes from outside."""
        return {
            "country_iso_code": self._country_iso3,
            "region": None,
            "cloud_provider": None,
            "cloud_region": None,
            "country_2letter_iso_code": None,
            "project_name": "ecosobriety",
            "measure_power_secs": _NEVER_S,
            "api_call_interval": -1,
            "api_endpoint": "",
            "api_key": "",
            "output_dir": ".",
            "output_file": "",
            # An empty list is no output: nothing is written and nothing is uploaded.
            "output_methods": [],
            "save_to_file": False,
            "save_to_api": False,
            "save_to_logger": False,
            "logging_logger": None,
            "save_to_prometheus": False,
            "save_to_logfire": False,
            "prometheus_url": "",
            "output_handlers": [self._latest],
            # None is "those of CUDA_VISIBLE_DEVICES", which are those that the training sees.
            "gpu_ids": None,
            "emissions_endpoint": None,
            "experiment_id": "",
            "experiment_name": "",
            # Not None: then `co2_signal_api_token`, its old name, would be looked for outside.
            "electricitymaps_api_token": "",
            "tracking_mode": "machine",
            "log_level": "error",
            "on_csv_write": "append",
            "logger_preamble": "",
            "force_cpu_power": self._cpu_power_w,
            "force_ram_power": self._ram_power_w,
            "pue": 1.0,
            "wue": 0.0,
            "force_carbon_intensity_g_co2e_kwh": None,
            "force_mode_cpu_load": False,
            "allow_multiple_runs": True,
            "rapl_include_dram": False,
            "rapl_prefer_psys": False,
            "metadata": None,
        }

    def warm_up(self) -> None:
        """Probe the hardware (about 2 s the first time) and learn what can be measured."""
        self.start()
        self.stop()

    def start(self, on_reading: OnReading | None = None) -> None:
        """Open a window and read it every `interval_s` from a thread of its own.

        Raises:
            MeteringError: CodeCarbon did not start.
        """
        if self._tracker is not None:
            raise RuntimeError("the meter is already running")
        self._failure = None
        self._latest.totals = None
        # Its log level is set by the constructor, after its first lines.
        logging.getLogger("codecarbon").setLevel(logging.ERROR)
        with warnings.catch_warnings():
            # The old names of arguments are passed on purpose: see the module's docstring.
            warnings.simplefilter("ignore", DeprecationWarning)
            tracker = OfflineEmissionsTracker(**self.arguments())
        # CodeCarbon logs and swallows what goes wrong in its constructor and in start.
        tracker.start()
        if getattr(tracker, "_start_time", None) is None:
            raise MeteringError("CodeCarbon did not start: its own log above says why")
        self._tracker = tracker
        if self._components is None:
            self._components = _components_of(tracker, self._cpu_power_w, self._ram_power_w)
            self._hardware = tracker.get_detected_hardware()
        self._stopping = threading.Event()
        self._ticker = threading.Thread(
            target=self._tick, args=(self._stopping, on_reading), name="energy-meter", daemon=True
        )
        self._ticker.start()

    def read(self) -> Reading:
        """Energy since the start of the window.

        Raises:
            MeteringError: CodeCarbon gave no reading, now or in the meter's own thread.
        """
        with self._lock:
            if self._failure is not None:
                raise MeteringError(f"reading the energy failed: {self._failure}")
            if self._tracker is None:
                raise RuntimeError("the meter is not running")
            self._latest.totals = None
            self._tracker.flush()
            return self._reading()

    def stop(self) -> Reading:
        """Close the window and return its energy."""
        self._stopping.set()
        if self._ticker is not None:
            self._ticker.join()
            self._ticker = None
        with self._lock:
            tracker, self._tracker = self._tracker, None
            if tracker is None:
                raise RuntimeError("the meter is not running")
            self._latest.totals = None
            tracker.stop()
            if self._failure is not None:
                raise MeteringError(f"reading the energy failed: {self._failure}")
            return self._reading()

    def components(self) -> Mapping[ComponentName, Component]:
        """How each component's energy is obtained; known after `warm_up`."""
        if self._components is None:
            raise RuntimeError("the meter has not been warmed up")
        return self._components

    def describe(self) -> Mapping[str, Any]:
        """Tool, version, settings and the hardware that CodeCarbon saw."""
        return {
            "tool": "codecarbon",
            "version": version("codecarbon"),
            "tracking_mode": "machine",
            "country_iso3": self._country_iso3,
            "interval_s": self._interval_s,
            "cpu_power_w": self._cpu_power_w,
            "ram_power_w": self._ram_power_w,
            "hardware_seen": self._hardware,
        }

    def _tick(self, stopping: threading.Event, on_reading: OnReading | None) -> None:
        while not stopping.wait(self._interval_s):
            try:
                reading = self.read()
                if on_reading is not None:
                    on_reading(reading)
            # Kept and raised by the next call in the training's own thread.
            except Exception as error:
                self._failure = error
                return

    def _reading(self) -> Reading:
        totals = self._latest.totals
        if totals is None:
            raise MeteringError("CodeCarbon gave no reading: its own log above says why")
        components = self.components()

        def energy_kwh(name: ComponentName, value: float) -> float | None:
            return None if components[name].quality is None else value

        return Reading(
            duration_s=totals.duration,
            cpu_kwh=energy_kwh("cpu", totals.cpu_energy),
            gpu_kwh=energy_kwh("gpu", totals.gpu_energy),
            ram_kwh=energy_kwh("ram", totals.ram_energy),
        )


def _components_of(
    tracker: OfflineEmissionsTracker, cpu_power_w: float | None, ram_power_w: float | None
) -> dict[ComponentName, Component]:
    """How CodeCarbon obtains each component's energy; it has no public way to ask."""
    cpu = Component(quality=None, source=None, reason="CodeCarbon found no CPU to track")
    gpu = Component(quality=None, source=None, reason="no GPU found")
    for hardware in tracker._hardware:
        if isinstance(hardware, CPU):
            quality, source = _CPU_SOURCES[hardware._mode]
            reason = None
            if quality == "estimated":
                given = "metering.cpu_power_w" if cpu_power_w is not None else "CodeCarbon"
                reason = f"no readable hardware counter; TDP {hardware._tdp:g} W from {given}"
            cpu = Component(quality=quality, source=source, reason=reason)
        elif isinstance(hardware, GPU):
            gpu = Component(quality="measured", source="nvml")
    ram = (
        Component(quality="estimated", source="ram_model", reason="guessed from the memory's size")
        if ram_power_w is None
        else Component(quality="estimated", source="constant", reason="metering.ram_power_w")
    )
    return {"cpu": cpu, "gpu": gpu, "ram": ram}
