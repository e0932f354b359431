"""The doctor says what can be measured, and what to do about the rest."""

import os

import pytest

from ecosobriety.doctor import __main__ as doctor


@pytest.fixture
def counters(tmp_path):
    folder = tmp_path / "powercap"
    (folder / "intel-rapl:0").mkdir(parents=True)
    counter = folder / "intel-rapl:0" / "energy_uj"
    counter.write_text("123456\n")
    return folder


def test_missing_counters_are_explained(tmp_path):
    (advice,) = doctor._advise_on_rapl(tmp_path / "powercap")
    assert "virtual machine" in advice
    assert "metering.cpu_power_w" in advice


def test_unreadable_counters_come_with_the_command_that_helps(counters, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)
    (advice,) = doctor._advise_on_rapl(counters)
    assert f"sudo chmod a+r {counters}/intel-rapl:*/energy_uj" in advice


def test_readable_counters_need_no_advice(counters):
    assert list(doctor._advise_on_rapl(counters)) == []


def test_a_part_of_the_machine_is_told():
    assert list(doctor._limits(machine=8, affinity=8, cgroup=None)) == []
    assert list(doctor._limits(machine=8, affinity=8, cgroup=8.0)) == []
    (advice,) = doctor._limits(machine=8, affinity=2, cgroup=1.5)
    assert "2 by affinity, 1.5 by cgroup" in advice


@pytest.mark.slow
def test_every_component_of_this_machine_is_told(tmp_path):
    lines = list(doctor.diagnose(tmp_path))
    for name in ("Machine:", "CPU:", "GPU:", "RAM:", "Idle draw as metered:"):
        assert any(line.startswith(name) for line in lines)
