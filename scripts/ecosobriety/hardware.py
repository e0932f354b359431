"""The machine that a process runs on, and how much of it the process may use."""

import os
import platform
import resource
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any

import psutil
import torch
from codecarbon.core.util import detect_cpu_model

from ecosobriety.units import bytes_to_mb

KIBIBYTE = 1024


def begin_probing() -> Thread:
    """Let CodeCarbon find out the processor's name, and don't wait for it.

    It learns that from a process of its own, which takes a second, and keeps it for as long as this
    process lives: asked for before Lightning is imported, it is there when a meter warms up.
    Nothing depends on the answer: a meter that finds none asks once more, in its own warm-up, and
    fails there as it would have without this.
    """
    thread = Thread(target=detect_cpu_model, name="probing", daemon=True)
    thread.start()
    return thread


def describe_hardware() -> dict[str, Any]:
    """The machine, and how much of it this process may use (`cpus_cgroup` None: no limit)."""
    return {
        "platform": platform.platform(),
        "cpu": cpu_name(),
        "cpus_machine": psutil.cpu_count(),
        "cpus_affinity": usable_cpus(),
        "cpus_cgroup": _cgroup_cpus(Path("/sys/fs/cgroup/cpu.max")),
        "memory_mb": bytes_to_mb(float(psutil.virtual_memory().total)),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
    }


def peak_memory_mb() -> float:
    """The most memory that this process has held resident so far, in MB (10^6 bytes).

    Where the kernel tells it, the program's own: `getrusage` gives that of the process that started
    it, if it is larger, and Snakemake holds hundreds of MB.
    """
    status = Path("/proc/self/status")
    lines = status.read_text(encoding="utf-8").splitlines() if status.exists() else []
    own_kib = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
    peak_kib = float(own_kib[0] if own_kib else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    return bytes_to_mb(peak_kib * KIBIBYTE)


def describe_job() -> dict[str, str | None]:
    """Where this process runs; None: not under Slurm."""
    return {
        "node": os.environ.get("SLURMD_NODENAME") or platform.node(),
        "slurm_job_id": os.environ.get("SLURM_JOB_ID"),
        "slurm_cpus_on_node": os.environ.get("SLURM_CPUS_ON_NODE"),
    }


def own_and_busy_cpu_s() -> tuple[float, float] | str:
    """CPU time in s of this process with its children, and of the whole machine; or why not.

    Children that have ended count as soon as they were waited for. One that ends while it is looked
    at is counted the next time.
    """
    try:
        process = psutil.Process()
        own_s = _cpu_s(process)
        for child in process.children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                own_s += _cpu_s(child)
        machine = psutil.cpu_times()
    except (psutil.Error, OSError, ValueError, RuntimeError) as error:
        return f"the system does not tell its CPU time ({type(error).__name__})"
    idle_s = machine.idle + getattr(machine, "iowait", 0.0)
    # Linux counts guests' time in the user's, too.
    guest_s = getattr(machine, "guest", 0.0) + getattr(machine, "guest_nice", 0.0)
    return own_s, sum(machine) - idle_s - guest_s


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    ended_s = getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
    return float(times.user + times.system + ended_s)


def usable_cpus() -> int:
    """CPUs that this process may run on; psutil and the platform count the whole machine's."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def cpu_name() -> str:
    """The processor's name as the kernel tells it; platform.processor() is empty on many Linux."""
    path = Path("/proc/cpuinfo")
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _cgroup_cpus(path: Path) -> float | None:
    """CPUs that the control group allows (v2: quota and period in microseconds); None: no limit."""
    if not path.exists():
        return None
    quota, period = path.read_text(encoding="utf-8").split()
    return None if quota == "max" else float(quota) / float(period)
