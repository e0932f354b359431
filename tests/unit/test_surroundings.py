"""What is in a study's way is told in one line each, and nothing else is."""

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from ecosobriety import metering
from ecosobriety.doctor import surroundings
from ecosobriety.doctor.surroundings import check_clock, look_around
from ecosobriety.steps import orphans

pytestmark = pytest.mark.slow

SCRIPTS = Path(__file__).parents[2] / "scripts"


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    """A machine with room, on which nobody else measures."""
    memory = psutil.virtual_memory()._replace(available=10**10)
    monkeypatch.setattr(surroundings.psutil, "virtual_memory", lambda: memory)
    monkeypatch.setattr(surroundings, "holder_now", lambda: None)
    monkeypatch.setattr(surroundings, "NEEDED_DISK_MB", 0.0)


def told(folder):
    return list(look_around(folder))


def test_nothing_is_said_where_nothing_is_in_the_way(tmp_path):
    assert told(tmp_path) == []


def test_who_measures_is_named(tmp_path, monkeypatch):
    monkeypatch.undo()
    name = f"ecosobriety-test-{os.getpid()}"
    assert metering.holder_now(name) is None
    code = (
        "from ecosobriety.metering import exclusive_meter; import time\n"
        f"with exclusive_meter({name!r}): print('held', flush=True); time.sleep(600)"
    )
    environment = {**os.environ, "PYTHONPATH": str(SCRIPTS)}
    holder = subprocess.Popen(
        [sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout.readline().strip() == "held"
        assert f"process {holder.pid} of " in metering.holder_now(name)
        monkeypatch.setattr(surroundings, "holder_now", lambda: metering.holder_now(name))
        assert f"process {holder.pid} of " in told(tmp_path)[0]
    finally:
        holder.kill()
        holder.wait()
    assert metering.holder_now(name) is None


def test_what_a_killed_run_left_is_named(tmp_path, monkeypatch):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    with monkeypatch.context() as patched:
        patched.chdir(tmp_path)
        orphans.begin_run(tmp_path)
        named = os.environ[orphans.VARIABLE].replace(f'"pid": {os.getpid()}', f'"pid": {gone.pid}')
        patched.setenv(orphans.VARIABLE, named)
        left = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    monkeypatch.delenv(orphans.VARIABLE, raising=False)
    try:
        (line,) = told(tmp_path)
        assert f"({left.pid})" in line
        assert "the next run ends them" in line
    finally:
        left.kill()
        left.wait()


def test_a_folder_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, _: path.name != "results")
    (tmp_path / "results").mkdir()
    (line,) = told(tmp_path)
    assert f"{tmp_path / 'results'} cannot be written" in line
    assert "--directory FOLDER" in line


def test_a_umask_that_shuts_out_the_group_is_told_in_a_shared_folder(tmp_path):
    before = os.umask(0o022)
    try:
        assert told(tmp_path) == []
        tmp_path.chmod(0o775)
        (line,) = told(tmp_path)
    finally:
        os.umask(before)
    assert "umask is 022" in line


def test_a_half_built_environment_is_told(tmp_path):
    (tmp_path / ".venv").mkdir()
    (line,) = told(tmp_path)
    assert "half built" in line


@pytest.mark.parametrize(
    ("target", "value", "said"),
    [
        ("locale.getpreferredencoding", lambda: "ANSI_X3.4-1968", "LC_ALL=C.UTF-8"),
        ("find_spec", lambda _: None, "python3-venv"),
        ("resource.getrlimit", lambda _: (10**9, 10**9), "limited to 1000 MB"),
        ("NEEDED_MEMORY_MB", 1e9, "MB of memory are free"),
        ("NEEDED_DISK_MB", 1e12, "MB are free on this disk"),
        ("time.time", lambda: 0.0, "The clock says"),
        ("sys.executable", "/a:b/my python", "cannot be run from a folder with ':'"),
    ],
)
def test_each_flaw_of_the_machine_is_told(tmp_path, monkeypatch, target, value, said):
    monkeypatch.setattr(f"ecosobriety.doctor.surroundings.{target}", value)
    (line,) = told(tmp_path)
    assert said in line
    assert len(line) <= 300


def test_a_clock_that_was_set_is_told():
    assert list(check_clock(10.1, 10.0)) == []
    (line,) = check_clock(-3590.0, 10.0)
    assert "set by -3600.0 s within 10 s" in line
