"""A step ends with its run; what is left of a killed run is found and ended."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from ecosobriety.errors import EcosobrietyError
from ecosobriety.steps import orphans

pytestmark = pytest.mark.slow

SCRIPTS = Path(__file__).parents[2] / "scripts"
STEP = """
import subprocess, sys, time
from ecosobriety.steps import orphans
{before}
orphans.end_with_run()
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
time.sleep(600)
"""
RUN = """
import os, subprocess, sys, time
from pathlib import Path
from ecosobriety.steps import orphans
orphans.begin_run(Path.cwd())
step = subprocess.Popen({start}, stdout=subprocess.PIPE, text=True)
print(step.pid, step.stdout.readline().strip(), flush=True)
time.sleep(600)
"""
DIRECTLY = "[sys.executable, '-c', sys.argv[1]]"
# As Snakemake starts a script; bash does not give way to it, as it has something left to do.
BY_SHELL = "['bash', '-c', '\"$@\"; true', 'bash', sys.executable, '-c', sys.argv[1]]"


def start_run(folder, step, start):
    run = subprocess.Popen(
        [sys.executable, "-c", RUN.format(start=start), step],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(SCRIPTS)},
        stdout=subprocess.PIPE,
        text=True,
    )
    pids = run.stdout.readline().split()
    family = [psutil.Process(int(pid)) for pid in pids]
    family += [p for p in family[0].children(recursive=True) if p not in family]
    return run, family


@pytest.fixture
def started(tmp_path):
    """Start runs of a folder; what they left is ended after the test."""
    runs = []

    def start(step, how=DIRECTLY):
        runs.append(start_run(tmp_path, step, how))
        return runs[-1]

    yield start
    for run, family in runs:
        run.kill()
        run.wait()
        for process in family:
            with suppress(psutil.NoSuchProcess):
                process.kill()


@pytest.mark.parametrize("how", [DIRECTLY, BY_SHELL])
def test_a_step_and_its_workers_end_with_a_killed_run(started, how):
    run, family = started(STEP.format(before=""), how)
    assert len(family) == (2 if how == DIRECTLY else 3)
    run.kill()
    # Not waited for: a dead run may stay a zombie for long.
    assert not orphans.wait_for(family)


def test_a_step_ends_with_the_shell_that_started_it(started):
    run, (shell, *family) = started(STEP.format(before=""), BY_SHELL)
    shell.kill()
    assert not orphans.wait_for(family)
    assert run.poll() is None


def test_who_can_end_in_order_is_asked_to(started, tmp_path):
    path = tmp_path / "last words"
    handler = f"""
import signal
def end(*_):
    open({str(path)!r}, "w").write("20 Wh")
    child.kill()
    sys.exit()
signal.signal(signal.SIGTERM, end)
"""
    run, family = started(STEP.format(before=handler))
    run.kill()
    assert not orphans.wait_for(family)
    assert path.read_text() == "20 Wh"


def test_what_cannot_watch_is_ended_by_the_next_run(started, tmp_path, monkeypatch):
    monkeypatch.setattr(orphans, "GRACE_S", 1.0)
    run, (step, worker) = started(STEP.format(before=""))
    step.send_signal(signal.SIGSTOP)
    assert orphans.end_orphans(tmp_path) == []
    run.kill()
    run.wait()
    time.sleep(2 * orphans.POLL_S)
    assert step.is_running()
    assert orphans.end_orphans(tmp_path / "elsewhere") == []
    assert set(orphans.end_orphans(tmp_path)) == {step.pid, worker.pid}
    assert not orphans.wait_for([step, worker])


def test_a_job_of_a_queue_on_this_host_is_left_to_the_queue(started, tmp_path):
    """It inherits the run's name, as Slurm exports the environment of who submits."""
    job = "['env', 'SLURM_JOB_ID=3', sys.executable, '-c', sys.argv[1]]"
    run, family = started(STEP.format(before=""), job)
    run.kill()
    run.wait()
    assert orphans.end_orphans(tmp_path) == []
    assert all(process.is_running() for process in family)


def test_a_step_that_starts_after_its_runs_end_does_no_work(monkeypatch, tmp_path):
    monkeypatch.setenv(orphans.VARIABLE, "")
    code = (
        "from ecosobriety.steps import orphans; orphans.begin_run(__import__('pathlib').Path('.'));"
    )
    code += "import os; print(os.environ[orphans.VARIABLE])"
    named = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(SCRIPTS)},
        capture_output=True,
        text=True,
        check=True,
    )
    monkeypatch.setenv(orphans.VARIABLE, named.stdout)
    with pytest.raises(EcosobrietyError, match="the run that started this step has ended"):
        orphans.end_with_run()
    # The same process number on another machine says nothing.
    monkeypatch.setattr(orphans, "_machine", lambda: "another machine")
    orphans.end_with_run()


@pytest.mark.parametrize("foreign", ["", "{}", "[1]", '{"pid": 1}', "somebody's"])
def test_outside_of_a_run_nothing_is_watched(monkeypatch, foreign):
    monkeypatch.setenv(orphans.VARIABLE, foreign)
    orphans.end_with_run()
