"""Energy meters: readings, the fake, the replay and CodeCarbon itself."""

import inspect
import math
import threading
import time

import pytest
from codecarbon import OfflineEmissionsTracker
from codecarbon.emissions_tracker import BaseEmissionsTracker
from codecarbon.external.hardware import SystemCPULoadMeter

from ecosobriety.errors import MeteringError
from ecosobriety.metering import CodeCarbonMeter, FakeMeter, Reading, ReplayMeter
from ecosobriety.records.record import Component
from ecosobriety.units import kwh_to_joules

INTERVAL_S = 0.2


class Clock:
    """A clock that a test moves, in s."""

    def __init__(self):
        self.now_s = 0.0

    def __call__(self):
        return self.now_s


def test_reading_adds_up_what_was_measured():
    reading = Reading(10.0, cpu_kwh=2e-5, gpu_kwh=None, ram_kwh=3e-5)
    assert reading.energy_kwh == pytest.approx(5e-5)
    assert Reading(10.0).energy_kwh is None


def test_readings_add_and_subtract_by_component():
    a = Reading(10.0, cpu_kwh=5e-5, ram_kwh=1e-5)
    b = Reading(4.0, cpu_kwh=2e-5, ram_kwh=1e-5)
    assert a - b == Reading(6.0, cpu_kwh=pytest.approx(3e-5), gpu_kwh=None, ram_kwh=0.0)
    assert a + b == Reading(14.0, cpu_kwh=pytest.approx(7e-5), gpu_kwh=None, ram_kwh=2e-5)


def test_fake_meter_is_power_times_time():
    clock = Clock()
    meter = FakeMeter(cpu_w=100.0, ram_w=20.0, clock=clock)
    meter.start()
    clock.now_s = 36.0
    # 100 W x 36 s = 1 Wh; 20 W x 36 s = 0.2 Wh
    assert meter.stop() == Reading(36.0, cpu_kwh=0.001, gpu_kwh=None, ram_kwh=0.0002)
    with pytest.raises(RuntimeError, match="not running"):
        meter.read()


def test_replay_meter_gives_its_windows_in_order():
    windows = [Reading(10.0, cpu_kwh=0.001), Reading(1.0, cpu_kwh=0.0001)]
    meter = ReplayMeter(windows)
    for window in windows:
        meter.start()
        assert meter.stop() == window


def test_every_argument_of_codecarbon_is_passed():
    """An argument that is left out could be set by a forgotten file or variable."""
    names = {
        name
        for init in (OfflineEmissionsTracker.__init__, BaseEmissionsTracker.__init__)
        for name in inspect.signature(init).parameters
    } - {"self", "args", "kwargs"}
    # The old name of electricitymaps_api_token: it is read only where the new one is null.
    assert set(CodeCarbonMeter("FRA").arguments()) == names - {"co2_signal_api_token"}


@pytest.fixture(scope="module")
def meter():
    meter = CodeCarbonMeter("FRA", interval_s=INTERVAL_S)
    meter.warm_up()
    return meter


@pytest.mark.slow
def test_codecarbon_measures_a_window(meter):
    readings, fourth = [], threading.Event()

    def note(reading):
        readings.append(reading)
        if len(readings) == 4:
            fourth.set()

    before_s = time.perf_counter()
    meter.start(note)
    started_s = time.perf_counter()
    assert fourth.wait(timeout=60)
    middle = meter.read()
    time.sleep(0.5)
    ended_s = time.perf_counter()
    total = meter.stop()
    # However late a busy machine is with all of it.
    assert ended_s - started_s <= total.duration_s <= time.perf_counter() - before_s
    assert 0 < middle.energy_kwh < total.energy_kwh
    assert math.isfinite(total.energy_kwh)
    # The thread is started right before the window opens.
    assert 4 <= len(readings) <= (time.perf_counter() - before_s) / INTERVAL_S
    assert [r.duration_s for r in readings] == sorted(r.duration_s for r in readings)


@pytest.mark.slow
def test_windows_of_one_meter_are_independent(monkeypatch):
    # Else others' load in the shorter one could cost more.
    monkeypatch.setattr(SystemCPULoadMeter, "percent", lambda self, prime_interval=0.05: 100.0)
    meter = CodeCarbonMeter("FRA", interval_s=0.2, cpu_power_w=50.0, ram_power_w=36.0)
    meter.warm_up()
    meter.start()
    time.sleep(0.6)
    long = meter.stop()
    before_s = time.perf_counter()
    meter.start()
    time.sleep(0.2)
    short = meter.stop()
    # Nothing of the first is in the second.
    assert short.duration_s <= time.perf_counter() - before_s
    for reading in (long, short):
        assert kwh_to_joules(reading.energy_kwh) == pytest.approx(86.0 * reading.duration_s)


def test_every_component_says_how_it_was_obtained_or_why_not(meter):
    for component in meter.components().values():
        assert (component.quality is None) == (component.source is None)
        assert component.quality == "measured" or component.reason


@pytest.mark.slow
def test_settings_reach_codecarbon():
    meter = CodeCarbonMeter("DEU", interval_s=0.5, cpu_power_w=100.0, ram_power_w=36.0)
    meter.warm_up()
    assert meter.components()["ram"] == Component(
        quality="estimated", source="constant", reason="metering.ram_power_w"
    )
    assert "TDP 100 W from metering.cpu_power_w" in meter.components()["cpu"].reason
    meter.start()
    time.sleep(1.0)
    reading = meter.stop()
    assert reading.duration_s >= 1.0
    # 36 W x 1 s = 36 J = 1e-5 kWh
    assert reading.ram_kwh == pytest.approx(1e-5 * reading.duration_s)
    assert meter.describe()["country_iso3"] == "DEU"


def test_a_failure_in_the_meters_own_thread_is_raised_by_the_next_call():
    def fail(_reading):
        raise OSError("no space left on device")

    meter = CodeCarbonMeter("FRA", interval_s=0.05)
    meter.start(fail)
    # It ends of itself, however late on a busy machine.
    meter._ticker.join(timeout=60)
    with pytest.raises(MeteringError, match="no space left"):
        meter.read()
    with pytest.raises(MeteringError, match="no space left"):
        meter.stop()
