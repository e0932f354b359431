"""The meter of the study: the hardware and the models of CodeCarbon, in windows of our own.

CodeCarbon fills every constructor argument that is left out from `~/.codecarbon.config`, from
`./.codecarbon.config` and from `CODECARBON_*` variables; so every argument is passed. Its tracker
is made to find the hardware, and is never started: see `sensors`.
"""

import logging
import math
import threading
import time
import warnings
from collections.abc import Iterable, Mapping
from contextlib import suppress
from importlib.metadata import version
from typing import Any

from codecarbon import OfflineEmissionsTracker

from ecosobriety.country_codes import is_country
from ecosobriety.errors import MeteringError, quote
from ecosobriety.hardware import find_cpu_name, plain_language
from ecosobriety.metering.counters import Course
from ecosobriety.metering.meter import COMPONENTS, ComponentName, OnReading, Reading
from ecosobriety.metering.probing import sensors_of
from ecosobriety.metering.sensors import CounterSensor, Sensor
from ecosobriety.records.record import Component

_NEVER_S = 1.0e9
"""About 30 years; a timer takes no infinity."""


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

    Raises:
        MeteringError: the country is none, or a number is not above 0.
    """

    def __init__(
        self,
        country_iso3: str,
        interval_s: float = 1.0,
        cpu_power_w: float | None = None,
        ram_power_w: float | None = None,
    ):
        if not (isinstance(country_iso3, str) and is_country(country_iso3)):
            raise MeteringError(
                f"the meter's country is {quote(country_iso3)}, but must be a country's ISO 3166 "
                "alpha-3 code, such as FRA"
            )
        numbers = {"interval_s": interval_s, "cpu_power_w": cpu_power_w, "ram_power_w": ram_power_w}
        for name, number in numbers.items():
            if number is not None and not _is_positive(number):
                raise MeteringError(
                    f"the meter's {name} is {quote(number)}, but must be a number above 0"
                )
        self._country_iso3 = country_iso3
        self._interval_s = interval_s
        self._cpu_power_w = cpu_power_w
        self._ram_power_w = ram_power_w
        self._lock = threading.Lock()
        self._sensors: dict[ComponentName, Sensor | str] | None = None
        self._hardware: dict[str, Any] = {}
        self._ticker: threading.Thread | None = None
        self._stopping = threading.Event()
        self._failure: Exception | None = None
        self._running = False
        self._started_s = 0.0
        self._last_reading = Reading(0.0)
        self._courses: dict[ComponentName, Course | None] = {}
        self._components: dict[ComponentName, Component] = {}

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
            "output_handlers": [],
            # Those that the training sees are chosen in `probing`.
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
        """Probe the hardware (about 2 s the first time) and learn what can be measured.

        Raises:
            MeteringError: CodeCarbon did not find out.
        """
        if self._sensors is None:
            self._probe()
        self.start()
        self.stop()
        self._components = {
            name: Component(quality=None, source=None, reason=sensor)
            if isinstance(sensor, str)
            else sensor.component()
            for name, sensor in self._all().items()
        }

    def start(self, on_reading: OnReading | None = None) -> None:
        """Open a window and read it every `interval_s` from a thread of its own.

        Raises:
            MeteringError: CodeCarbon did not find out what it can measure.
        """
        if self._running:
            raise RuntimeError("the meter is already running")
        if self._sensors is None:
            self._probe()
        self._failure = None
        self._last_reading = Reading(0.0)
        self._stopping = threading.Event()
        self._ticker = threading.Thread(
            target=self._tick, args=(self._stopping, on_reading), name="energy-meter", daemon=True
        )
        self._ticker.start()
        with self._lock:
            sensors = self._found().values()
            for sensor in sensors:
                sensor.start(time.perf_counter)
            self._running = True
            self._started_s = time.perf_counter()
            for sensor in sensors:
                sensor.shift(self._started_s)

    def read(self) -> Reading:
        """Energy since the start of the window, as far as it is known yet.

        Raises:
            MeteringError: reading the energy failed, now or in the meter's own thread.
        """
        with self._lock:
            self._require_running()
            try:
                return self._read()
            except Exception as error:
                raise _failed(error) from error

    def stop(self) -> Reading:
        """Close the window and return its energy.

        Raises:
            MeteringError: reading the energy failed, now or in the meter's own thread.
        """
        ended_s = time.perf_counter()
        self._stopping.set()
        try:
            with self._lock:
                self._require_running()
                return self._close(ended_s - self._started_s)
        finally:
            self._running = False
            if self._ticker is not None:
                self._ticker.join()
                self._ticker = None

    def settle(self, readings: Iterable[Reading]) -> list[Reading]:
        """Readings of the window that was closed last, by what was known at its end."""
        return [self._settled(reading.duration_s) for reading in readings]

    def components(self) -> Mapping[ComponentName, Component]:
        """How each component's energy was obtained in the window that was closed last.

        While one is open: in it so far. After `warm_up` and before any window: how it is obtained
        where nothing goes wrong.
        """
        if self._sensors is None:
            raise RuntimeError("the meter has not been warmed up")
        with self._lock:
            if self._running:
                window_s = time.perf_counter() - self._started_s
                verdicts = {name: found.verdict(window_s) for name, found in self._found().items()}
                return self._reported(verdicts)
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
            "gpus_metered": self._gpus(),
        }

    def _gpus(self) -> int:
        sensor = (self._sensors or {}).get("gpu")
        return len(sensor) if isinstance(sensor, CounterSensor) else 0

    def _probe(self) -> None:
        # Its log level is set by the constructor, after its first lines.
        logging.getLogger("codecarbon").setLevel(logging.ERROR)
        with warnings.catch_warnings():
            # The old names of arguments are passed on purpose: see the module's docstring.
            warnings.simplefilter("ignore", DeprecationWarning)
            tracker = OfflineEmissionsTracker(**self.arguments())
        try:
            find_cpu_name()
            with plain_language():
                self._hardware = tracker.get_detected_hardware()
            self._sensors = sensors_of(tracker, self._cpu_power_w, self._ram_power_w)
        except MeteringError:
            raise
        except Exception as error:
            raise MeteringError(
                f"CodeCarbon cannot find out what it can measure here ({_one_line(error)}): "
                "run `make doctor`"
            ) from error

    def _all(self) -> dict[ComponentName, Sensor | str]:
        assert self._sensors is not None
        return self._sensors

    def _found(self) -> dict[ComponentName, Sensor]:
        return {name: sensor for name, sensor in self._all().items() if not isinstance(sensor, str)}

    def _require_running(self) -> None:
        if not self._running:
            raise RuntimeError("the meter is not running")
        if self._failure is not None:
            raise _failed(self._failure)

    def _tick(self, stopping: threading.Event, on_reading: OnReading | None) -> None:
        while not stopping.wait(self._interval_s):
            try:
                with self._lock:
                    if stopping.is_set():
                        return
                    reading = self._read()
                if on_reading is not None:
                    on_reading(reading)
            # Kept and raised by the next call in the training's own thread.
            except Exception as error:
                self._failure = error
                return

    def _read(self) -> Reading:
        sensors = self._found()
        for sensor in sensors.values():
            sensor.sample(time.perf_counter, last=False)
        now_s = time.perf_counter() - self._started_s
        # What is known later of an earlier moment may be less.
        energies = {
            name: max(sensor.so_far_kwh(now_s), _of(self._last_reading, name) or 0.0)
            for name, sensor in sensors.items()
        }
        self._last_reading = _reading(now_s, energies)
        return self._last_reading

    def _close(self, window_s: float) -> Reading:
        try:
            sensors = self._found()
            for sensor in sensors.values():
                sensor.sample(time.perf_counter, last=True)
            verdicts = {name: sensor.verdict(window_s) for name, sensor in sensors.items()}
        except Exception as error:
            raise _failed(error) from error
        self._courses = {name: course for name, (course, _) in verdicts.items()}
        self._components = self._reported(verdicts)
        return self._settled(window_s)

    def _reported(
        self, verdicts: Mapping[ComponentName, tuple[Course | None, Component]]
    ) -> dict[ComponentName, Component]:
        return {
            name: verdicts[name][1]
            if name in verdicts
            else Component(quality=None, source=None, reason=str(sensor))
            for name, sensor in self._all().items()
        }

    def _settled(self, time_s: float) -> Reading:
        energies = {
            name: None if course is None else course.at(time_s) - course.at(0.0)
            for name, course in self._courses.items()
        }
        return _reading(time_s, energies)


def _is_positive(number: Any) -> bool:
    with suppress(TypeError):
        return bool(0 < number < math.inf)
    return False


def _reading(duration_s: float, energies: Mapping[ComponentName, float | None]) -> Reading:
    cpu, gpu, ram = (energies.get(name) for name in COMPONENTS)
    return Reading(duration_s, cpu_kwh=cpu, gpu_kwh=gpu, ram_kwh=ram)


def _of(reading: Reading, name: ComponentName) -> float | None:
    value: float | None = getattr(reading, f"{name}_kwh")
    return value


def _failed(error: Exception) -> MeteringError:
    return MeteringError(f"reading the energy failed: {_one_line(error)}")


def _one_line(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0][:200]
