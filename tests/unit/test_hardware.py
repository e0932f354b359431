"""What a process is told about itself and its machine."""

import json
import os
import shutil
import subprocess
import sys
import time

import numpy as np
import psutil
import pytest

from ecosobriety import hardware
from ecosobriety.hardware import cgroup_cpus, describe_hardware, peak_memory_mb, usable_cpus
from ecosobriety.user_code.fingerprint import PACKAGE
from warm import warm_executable

pytestmark = pytest.mark.slow

OWN_PEAK = "from ecosobriety.hardware import peak_memory_mb; print(peak_memory_mb())"


def test_the_peak_of_the_memory_is_this_processs_own():
    """Linux's getrusage tells a program the peak of the one that started it, if that is larger."""
    large = np.ones(100_000_000)  # 800 MB
    told = subprocess.run(
        [sys.executable, "-c", OWN_PEAK],
        env={"PYTHONPATH": str(PACKAGE.parent), "OMP_NUM_THREADS": "1"},
        check=True,
        capture_output=True,
        text=True,
    )
    assert large.nbytes / 1e6 < peak_memory_mb()
    assert 10 < float(told.stdout) < 700


V2 = "31 23 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
V1 = "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
V1_DOCKER = V1.replace(" / /sys", " /docker/ab /sys")
OTHERS = (
    "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
    "33 31 0:30 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
    "garbage\n"
)


def quota_v1(cpus):
    return {"cpu.cfs_quota_us": str(int(cpus * 100_000)), "cpu.cfs_period_us": "100000"}


@pytest.mark.parametrize(
    ("group", "mounts", "folders", "cpus"),
    [
        # Version 2: the process's own group, those above it, the root's.
        ("0::/\n", V2, {"": {"cpu.max": "150000 100000\n"}}, 1.5),
        ("0::/a/b\n", V2, {"a/b": {"cpu.max": "max 100000\n"}, "": {}}, None),
        ("0::/a/b\n", V2, {"a": {"cpu.max": "50000 100000\n"}, "a/b": {}}, 0.5),
        (
            "0::/a/b\n",
            V2,
            {"a": {"cpu.max": "200000 100000\n"}, "a/b": {"cpu.max": "400000 100000\n"}},
            2.0,
        ),
        # A container sees its path on the host, and its own group as the root.
        ("0::/../../kubepods/pod1\n", V2, {"": {"cpu.max": "25000 50000\n"}}, 0.5),
        # Version 1, whose controllers are each mounted apart.
        ("4:memory:/\n3:cpu,cpuacct:/a/b\n", V1, {"a/b": quota_v1(3), "a": quota_v1(0.5)}, 0.5),
        ("3:cpu,cpuacct:/a\n", V1, {"a": quota_v1(-0.00001)}, None),
        ("3:cpuacct,cpu:/docker/ab\n", V1_DOCKER, {"": quota_v1(2)}, 2.0),
        ("3:cpu:/docker/ab/c\n0::/x\n", V1_DOCKER, {"c": quota_v1(1), "": quota_v1(2)}, 1.0),
        # Nothing that could be read.
        ("", V2, {"": {"cpu.max": "150000 100000\n"}}, None),
        ("0::/\n", V2, {"": {"cpu.max": "\n"}}, None),
        ("0::/\n", V2, {"": {"cpu.max": "a b\n"}}, None),
        ("0::/\n", "", {}, None),
    ],
)  # fmt: skip
def test_the_smallest_quota_of_all_control_groups_holds(tmp_path, group, mounts, folders, cpus):
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text(group)
    (tmp_path / "proc/self/mountinfo").write_text(OTHERS + mounts)
    top = tmp_path / ("sys/fs/cgroup/cpu,cpuacct" if "cpuacct" in mounts else "sys/fs/cgroup")
    for folder, files in folders.items():
        (top / folder).mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (top / folder / name).write_text(content)
    assert cgroup_cpus(tmp_path) == cpus


def test_no_proc_is_no_limit(tmp_path):
    assert cgroup_cpus(tmp_path) is None


@pytest.mark.parametrize(("quota", "cpus"), [(None, 4), (0.5, 1), (1.0, 1), (2.1, 3), (64.0, 4)])
def test_threads_keep_to_affinity_and_quota(monkeypatch, quota, cpus):
    monkeypatch.setattr(hardware, "cgroup_cpus", lambda: quota)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 3})
    assert usable_cpus() == cpus


def test_what_a_system_does_not_tell_is_null_with_the_reason(monkeypatch):
    def refuse():
        raise OSError("no /proc/meminfo")

    monkeypatch.setattr(psutil, "virtual_memory", refuse)
    told = describe_hardware()
    assert told["memory_mb"] is None
    assert "no /proc/meminfo" in told["unknown"]["memory_mb"]
    assert told["cpus_machine"] >= 1


FRENCH = """#!/bin/sh
if [ "$LC_ALL" = C ]; then echo 'Socket(s):  2'; else echo 'Socket(s) :  2'; fi
"""
PROBE = """
import json, sys, threading
from ecosobriety import hardware
from ecosobriety.metering import CodeCarbonMeter
probing = hardware.begin_probing()
meter = CodeCarbonMeter("FRA")
meter.warm_up()
probing.join()
import os
print(json.dumps([meter.describe()["hardware_seen"], meter.components()["cpu"].reason,
                  os.environ.get("LC_ALL")]))
"""


def test_no_language_of_the_system_changes_the_processors_power(tmp_path):
    lscpu = tmp_path / "lscpu"
    lscpu.write_text(FRENCH)
    lscpu.chmod(0o755)
    found = []
    for language in ("C", "fr_FR.UTF-8", None):
        environment = {key: value for key, value in os.environ.items() if key != "LC_ALL"}
        environment |= {"PYTHONPATH": str(PACKAGE.parent), "LANGUAGE": "fr", "LANG": "fr_FR.UTF-8"}
        environment |= {"PATH": f"{tmp_path}:{environment['PATH']}"}
        environment |= {"LC_ALL": language} if language else {}
        done = subprocess.run(
            [warm_executable(), "-c", PROBE], env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        seen, reason, after = json.loads(done.stdout.splitlines()[-1])
        # What the user has set is as it was.
        assert after == language
        assert seen["cpu_physical_count"] == 2
        found.append((seen, reason))
    assert found[0] == found[1] == found[2]


BUSY_CHILD = "import time\nend = time.process_time() + 0.5\nwhile time.process_time() < end: pass"


def test_children_that_ended_and_those_that_run_count_as_ones_own():
    before_s, _ = hardware.own_and_busy_cpu_s()
    subprocess.run([sys.executable, "-c", BUSY_CHILD], check=True)
    running = subprocess.Popen([sys.executable, "-c", BUSY_CHILD + "\ntime.sleep(60)"])
    try:
        end = time.monotonic() + 30
        while hardware.own_and_busy_cpu_s()[0] - before_s < 1.0:
            assert time.monotonic() < end
            time.sleep(0.05)
    finally:
        running.kill()
        running.wait()
    # It was waited for, and nothing of it is lost.
    assert hardware.own_and_busy_cpu_s()[0] - before_s >= 1.0


def test_a_child_that_ends_while_it_is_looked_at_ends_nothing(monkeypatch):
    class Gone:
        def cpu_times(self):
            raise psutil.NoSuchProcess(1)

    monkeypatch.setattr(psutil.Process, "children", lambda self, recursive: [Gone()])
    own_s, busy_s = hardware.own_and_busy_cpu_s()
    assert own_s > 0
    assert busy_s > 0


def test_a_processor_without_a_name_is_named_by_its_kind(monkeypatch):
    monkeypatch.setattr(hardware, "_lines", lambda path: [])
    assert hardware.cpu_name()


NAMELESS = ("unshare", "--user", "--map-user=12345", "--map-group=12345")
SNAKEFILE = """
include: "{place}"
rule all:
    shell: "{python} -c 'import getpass; print(getpass.getuser())'"
"""


@pytest.mark.skipif(
    not shutil.which("unshare") or subprocess.run([*NAMELESS, "true"]).returncode != 0,
    reason="the system gives no namespace of its own to users",
)
def test_an_account_without_a_name_runs_the_workflow(tmp_path):
    place = PACKAGE.parents[1] / "workflow" / "rules" / "place.smk"
    (tmp_path / "Snakefile").write_text(SNAKEFILE.format(place=place, python=sys.executable))
    names = ("LOGNAME", "USER", "LNAME", "USERNAME")
    done = subprocess.run(
        [*NAMELESS, sys.executable, "-m", "snakemake", "--cores", "1"],
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if name not in names},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "uid-12345" in done.stdout
