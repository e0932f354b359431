"""`make report` with any file's name, and an environment that was left half-built."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
# Writes down what it was called with, a line for each argument.
STAND_IN = """#!/bin/sh
printf '%s\\n' "$@" >> called
case "$*" in *--study=*) echo tiny;; esac
"""
# As Debian's without python3-venv: it makes the folder, says what to install, and fails.
NO_VENV = """#!/bin/sh
[ "$1" = -c ] && exit 0
mkdir -p .venv/bin && ln -sf /bin/false .venv/bin/python
echo "ensurepip is not available" >&2; exit 1
"""


@pytest.fixture
def folder(tmp_path):
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "requirements.lock").touch()
    return tmp_path


def make(folder, *arguments):
    command = ["make", *arguments]
    environment = {k: v for k, v in os.environ.items() if k not in {"MAKEFLAGS", "MAKELEVEL"}}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment)


def script(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


@pytest.mark.parametrize("name", ["my digits.yaml", """-a 'b' "c" $HOME `d` & (e); {f} #g.json"""])
def test_the_study_files_name_reaches_every_command_whole(folder, name):
    script(folder / ".venv/bin/python", STAND_IN)
    (folder / ".venv/run.stamp").touch()
    (folder / "reports/tiny").mkdir(parents=True)
    (folder / "reports/tiny/report.html").touch()
    done = make(folder, "report", f"CONFIG={name}")
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("Reports:\nreports/tiny/report.html\n")
    called = (folder / "called").read_text().splitlines()
    for option in ("read", "configfile", "study"):
        assert f"--{option}={name}" in called


@pytest.mark.parametrize("written", ["config=a.yaml", "CONFG=a.yaml", "cores=2"])
def test_a_name_that_nothing_reads_is_refused(folder, written):
    script(folder / ".venv/bin/python", STAND_IN)
    (folder / ".venv/run.stamp").touch()
    done = make(folder, "report", written)
    assert done.returncode != 0
    assert "is not read, but must be one of CONFIG CORES" in done.stderr
    assert not (folder / "called").exists()


def test_without_venv_the_reason_is_told_every_time_and_nothing_half_built_stays(folder):
    script(folder / "python", NO_VENV)
    for _ in range(2):
        done = make(folder, ".venv/run.stamp", "PYTHON=./python")
        assert done.returncode != 0
        (error,) = (line for line in done.stderr.splitlines() if line.startswith("error: "))
        assert error.endswith("on Debian and Ubuntu: sudo apt install python3-venv")
        assert not (folder / ".venv").exists()


def test_a_half_built_environment_is_built_anew(folder):
    (folder / ".venv/bin").mkdir(parents=True)
    (folder / ".venv/bin/python").symlink_to(sys.executable)
    (folder / ".venv/bin/left").touch()
    # It runs, but finds no pip there.
    (folder / ".venv/pyvenv.cfg").write_text(
        f"home = {Path(sys.executable).parent}\ninclude-system-site-packages = false\n"
    )
    done = make(folder, ".venv/run.stamp", f"PYTHON={sys.executable}")
    assert done.returncode == 0, done.stderr
    assert (folder / ".venv/run.stamp").exists()
    assert not (folder / ".venv/bin/left").exists()
