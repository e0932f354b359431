"""`with window(...)` meters any Python code, and hands its energy to the study that asks for it."""

import json
import re
import sys
import time
from pathlib import Path

import pytest
from codecarbon.external.hardware import SystemCPULoadMeter

from ecosobriety.errors import MeteringError
from ecosobriety.metering import (
    CodeCarbonMeter,
    FakeMeter,
    Reading,
    ReplayMeter,
    WindowRecord,
    exclusive_meter,
    lock,
    read_window,
    window,
    window_environment,
    windows,
)
from ecosobriety.records.record import Component
from warm import run_warm

SETTINGS = {
    "metering.country": "FRA",
    "metering.interval_s": 1.0,
    "metering.cpu_power_w": 20.0,
    "metering.ram_power_w": 5.0,
    "training.epochs": 3,
}


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    """A training by nobody's command, in one process."""
    for name in ("LOCAL_RANK", "GROUP_WORLD_SIZE", lock.ASKED):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def asked(monkeypatch, tmp_path):
    """The file of a study that asks; its meter gives 2 kWh, then 3."""
    path = tmp_path / "window.json"
    for name, value in window_environment(path, SETTINGS).items():
        monkeypatch.setenv(name, value)
    replayed = [Reading(2.0, cpu_kwh=2.0), Reading(5.0, cpu_kwh=3.0)]
    meter = ReplayMeter(replayed)
    monkeypatch.setattr(windows, "meter_from", lambda _: meter)
    return path


def test_a_window_is_the_blocks_energy():
    now = iter([100.0, 110.0])
    with window(meter=FakeMeter(cpu_w=3600.0, ram_w=360.0, clock=lambda: next(now))) as metered:
        assert metered.energy_kwh is None
    assert metered.energy_kwh == pytest.approx(0.011)
    assert metered.record.energy_ram_kwh == pytest.approx(0.001)
    assert metered.duration_s == 10.0
    assert (metered.record.energy_quality, metered.record.energy_source) == (
        "estimated",
        "constant+constant",
    )
    assert metered.record.started_at < metered.record.ended_at
    assert 0 <= metered.record.other_cpu_share <= 1


def test_the_study_that_asks_gets_the_sum_of_the_windows(asked):
    assert read_window(asked) is None
    with window():
        pass
    once = read_window(asked)
    with window("DEU"):
        pass
    both = read_window(asked)
    assert (once.energy_kwh, once.windows) == (2.0, 1)
    assert (both.energy_kwh, both.energy_cpu_kwh, both.windows) == (5.0, 5.0, 2)
    assert both.duration_s == 7.0
    assert (both.started_at, once.ended_at < both.ended_at) == (once.started_at, True)


def test_the_studys_own_settings_are_handed_on(tmp_path):
    (text,) = window_environment(tmp_path / "w.json", SETTINGS).values()
    asked = json.loads(text)
    assert asked.pop("file") == str(tmp_path / "w.json")
    assert asked == {key: SETTINGS[key] for key in SETTINGS if key.startswith("metering.")}
    meter = windows.meter_from(asked).arguments()
    assert (meter["force_cpu_power"], meter["force_ram_power"]) == (20.0, 5.0)


def test_a_command_does_not_wait_for_the_study_that_measures_it(asked):
    with exclusive_meter(lock.METER), window() as metered:
        pass
    assert metered.energy_kwh == 2.0


def test_shares_of_others_are_of_the_time_that_the_machine_was_busy():
    def record(cpu):
        component = Component(quality="measured", source="rapl")
        parts = dict.fromkeys(("cpu", "gpu", "ram"), component)
        return WindowRecord.of(Reading(1.0, 1.0), parts, "2026-01-01", "2026-01-02", cpu)

    both = record((0.5, 10.0)).followed_by(record((0.0, 40.0)))
    assert (both.other_cpu_share, both.busy_cpu_s) == (0.1, 50.0)
    unknown = record((0.5, 10.0)).followed_by(record("it does not say"))
    assert unknown.other_cpu_share is None
    assert unknown.missing == {"other_cpu_share": "it does not say"}


def test_what_a_block_has_spent_counts_also_if_an_error_ends_it(asked):
    # A training that an exception ends early, which the command catches, is a training.
    with pytest.raises(ValueError, match="enough"), window():
        raise ValueError("enough")
    assert read_window(asked).energy_kwh == 2.0
    with window() as later:
        pass
    assert (later.energy_kwh, read_window(asked).energy_kwh) == (3.0, 5.0)


def test_the_blocks_own_error_is_the_one_that_is_raised(asked):
    meter = ReplayMeter([Reading(1.0, cpu_kwh=0.0)])
    with pytest.raises(ValueError, match="diverged"), window(meter=meter):
        raise ValueError("diverged")


def test_of_several_processes_on_a_machine_the_first_meters(asked, monkeypatch):
    monkeypatch.setenv("LOCAL_RANK", "1")
    with window() as other:
        pass
    assert (other.record, other.energy_kwh, other.duration_s) == (None, None, None)
    assert read_window(asked) is None
    monkeypatch.setenv("LOCAL_RANK", "0")
    with window():
        pass
    assert read_window(asked).energy_kwh == 2.0


def test_a_window_within_a_window_is_refused(asked):
    with window(), pytest.raises(MeteringError, match="two windows at once"), window():
        pass


@pytest.mark.parametrize("energy_kwh", [0.0, None, float("nan"), -1.0])
def test_a_window_without_energy_is_refused(energy_kwh):
    meter = ReplayMeter([Reading(1.0, cpu_kwh=energy_kwh)])
    with pytest.raises(MeteringError, match=r"not known|not an energy"), window(meter=meter):
        pass


def test_a_counter_that_fails_in_the_window_is_named():
    class Failing(FakeMeter):
        def components(self):
            found = dict(super().components())
            if self._on_reading is not None or self.ended:
                found["cpu"] = Component(quality=None, source=None, reason="RAPL stood still")
            return found

        ended = False

        def stop(self):
            self.ended = True
            return super().stop()

    with (
        pytest.raises(MeteringError, match="the energy of CPU is missing: RAPL stood still"),
        window(meter=Failing(ram_w=1.0)),
    ):
        pass


def test_without_a_study_a_country_is_asked_for():
    with pytest.raises(MeteringError, match=r'such as window\("FRA"\)'), window():
        pass


@pytest.mark.parametrize("code", ["FR", "WLD", "fra", "France", "", "EUU", 250, None])
def test_what_is_no_country_is_refused(code):
    with pytest.raises(MeteringError, match="must be a country's ISO 3166 alpha-3 code"):
        CodeCarbonMeter(code)


@pytest.mark.parametrize("code", ["FRA", "USA", "XKX", "TWN", "ATA"])
def test_every_country_is_one(code):
    assert CodeCarbonMeter(code).arguments()["country_iso_code"] == code


@pytest.mark.parametrize("name", ["interval_s", "cpu_power_w", "ram_power_w"])
@pytest.mark.parametrize("number", [0, -1.5, float("nan"), float("inf"), "60"])
def test_a_meters_numbers_are_above_0(name, number):
    with pytest.raises(MeteringError, match=f"the meter's {name} is .* must be a number above 0"):
        CodeCarbonMeter("FRA", **{name: number})


def test_a_window_may_be_used_again():
    clock = iter(range(100))
    meter = FakeMeter(cpu_w=3600.0, clock=lambda: next(clock))
    again = window(meter=meter)
    with again as first:
        next(clock)
    with again as second:
        pass
    assert (first.duration_s, second.duration_s) == (2, 1)

    @again
    def trained(rate):
        return rate

    assert (trained(2), trained(rate=3)) == (2, 3)
    with again, pytest.raises(MeteringError, match="two windows at once"), again:
        pass
    with pytest.raises(ValueError, match="diverged"), again:
        raise ValueError("diverged")
    with again as last:
        pass
    assert last.duration_s == 1


def test_several_machines_are_refused(monkeypatch):
    monkeypatch.setenv("GROUP_WORLD_SIZE", "2")
    with pytest.raises(MeteringError, match="one machine, but this training runs on 2"):
        window("FRA").__enter__()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"file": "/w"}', '{"file": 3}', "no"])
def test_a_variable_that_no_study_has_set_is_refused(monkeypatch, text):
    monkeypatch.setenv(lock.ASKED, text)
    with pytest.raises(MeteringError, match="the variable ECOSOBRIETY_WINDOW is not"), window():
        pass


@pytest.mark.parametrize("text", ["", "{}", '{"energy_kwh": 1}', "null"])
def test_a_file_that_no_window_has_written_is_named(tmp_path, text):
    path = tmp_path / "window.json"
    path.write_text(text)
    with pytest.raises(MeteringError, match=r"window\.json is no window's energy"):
        read_window(path)


def test_a_file_that_cannot_be_written_is_named(asked):
    asked.mkdir()
    with (
        pytest.raises(MeteringError, match=r"window\.json cannot be read: Is a directory"),
        window(),
    ):
        pass


@pytest.mark.slow
def test_two_meters_at_once_count_the_same(tmp_path, monkeypatch):
    """The command's meter runs while its caller's does, and neither counts the other's energy."""
    path = tmp_path / "window.json"
    code = (
        f"import sys; sys.path[:0] = {sys.path!r}\n"
        "import time; from ecosobriety.metering import window\n"
        "from codecarbon.external.hardware import SystemCPULoadMeter\n"
        "SystemCPULoadMeter.percent = lambda *_: 50.0\n"
        # Not the process's time, to which the meter's thread adds at the same moment.
        "with window():\n    until = time.thread_time() + 1\n"
        "    while time.thread_time() < until: pass\n"
    )
    # The power goes by the cube of the load, which each would see at other moments.
    monkeypatch.setattr(SystemCPULoadMeter, "percent", lambda *_: 50.0)
    with window("FRA") as outer:
        for name, value in window_environment(
            path, {**SETTINGS, "metering.cpu_power_w": None, "metering.ram_power_w": None}
        ).items():
            monkeypatch.setenv(name, value)
        started = time.monotonic()
        done = run_warm(["-c", code], timeout=60)
        took_s = time.monotonic() - started
    assert done.returncode == 0, done.stderr
    inner = read_window(path)
    assert took_s > inner.duration_s >= 1
    # Of memory the power is constant whatever the hardware.
    power_w = [r.energy_ram_kwh / r.duration_s for r in (inner, outer.record)]
    assert power_w[0] == pytest.approx(power_w[1])
    assert inner.energy_kwh < outer.record.energy_kwh


PRELUDE = """
import sys; sys.path[:0] = {path!r}
import logging, time
from ecosobriety.metering import lock
lock.METER = {name!r}
import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader, TensorDataset

def train():
    until = time.process_time() + 0.5
    while time.process_time() < until:
        pass

class Model(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(2, 1)
    def training_step(self, batch, batch_idx):
        return self.layer(batch[0]).square().mean()
    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.01)

model, batches = Model(), DataLoader(TensorDataset(torch.ones(8, 2)), batch_size=4)
"""


@pytest.mark.slow
def test_the_pages_lines_run(tmp_path):
    page = (Path(__file__).parents[2] / "docs/how-to/meter.md").read_text()
    blocks = re.findall(r"^```python\n(.*?)^```$", page, flags=re.MULTILINE | re.DOTALL)
    assert len(blocks) == 2
    prelude = PRELUDE.format(path=sys.path, name=lock.METER)
    done = run_warm(["-c", "\n".join([prelude, *blocks])], cwd=tmp_path, timeout=120)
    assert done.returncode == 0, done.stderr
    window_line, callback_line = re.findall(r"^\d.*$", done.stdout, flags=re.MULTILINE)
    assert float(window_line.split()[0]) > 0
    assert "energy_ram_kwh" in window_line
    assert float(callback_line) > 0
