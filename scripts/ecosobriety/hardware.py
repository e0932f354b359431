"""The machine that a process runs on, and how much of it the process may use."""

import os
import platform
import resource
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from math import ceil
from pathlib import Path
from threading import Lock, Thread
from typing import Any

import cpuinfo
import psutil
from codecarbon.core.util import detect_cpu_model

from ecosobriety.units import bytes_to_mb

KIBIBYTE = 1024


def begin_probing() -> Thread:
    """Let CodeCarbon find out the processor's name, and don't wait for it.

    Where the kernel has no name for it, that takes a second: asked for before Lightning is
    imported, it is there when a meter warms up. Nothing depends on the answer: a meter that finds
    none asks once more, in its own warm-up, and fails there as it would have without this.
    """
    thread = Thread(target=find_cpu_name, name="probing", daemon=True)
    thread.start()
    return thread


def find_cpu_name() -> None:
    """Let CodeCarbon find out the processor's name, which it keeps as long as this process lives.

    It asks py-cpuinfo, which starts a process, measures the processor's speed in it for a second,
    and then takes the kernel's name: where there is one, it gets that at once.
    """
    with plain_language():
        name = _kernels_cpu_name()
        asked = cpuinfo.get_cpu_info
        if name:
            cpuinfo.get_cpu_info = lambda: {"brand_raw": name}
        try:
            detect_cpu_model()
        finally:
            cpuinfo.get_cpu_info = asked


_ONE_LANGUAGE = Lock()


@contextmanager
def plain_language() -> Iterator[None]:
    """Let programs that are started in here speak plain English, with decimal points.

    CodeCarbon and py-cpuinfo read what `lscpu` prints, and know its words in English alone: in
    another language one of two processors is not seen. One thread at a time is in here.
    """
    with _ONE_LANGUAGE:
        before = os.environ.get("LC_ALL")
        os.environ["LC_ALL"] = "C"
        try:
            yield
        finally:
            if before is None:
                del os.environ["LC_ALL"]
            else:
                os.environ["LC_ALL"] = before


def describe_hardware() -> dict[str, Any]:
    """The machine, and how much of it this process may use (`cpus_cgroup` None: no limit).

    What the system does not say is None; `unknown` then says why, and is there only then.
    """
    probes: dict[str, Callable[[], Any]] = {
        "platform": platform.platform,
        "cpu": cpu_name,
        "cpus_machine": psutil.cpu_count,
        "cpus_affinity": _affinity_cpus,
        "cpus_cgroup": cgroup_cpus,
        "memory_mb": lambda: bytes_to_mb(float(psutil.virtual_memory().total)),
        "gpu": _gpu_name,
    }
    found: dict[str, Any] = {}
    unknown: dict[str, str] = {}
    for name, probe in probes.items():
        try:
            found[name] = probe()
        # Whatever a system refuses: none of it decides a training, or may end one.
        except Exception as error:
            found[name] = None
            unknown[name] = f"{type(error).__name__}: {error}"[:200]
    return found | ({"unknown": unknown} if unknown else {})


def _gpu_name() -> str | None:
    # Imported here: a window around what is no PyTorch need not pay for it.
    import torch

    return torch.cuda.get_device_name() if torch.cuda.is_available() else None


def peak_memory_mb() -> float:
    """The most memory that this process has held resident so far, in MB (10^6 bytes).

    Where the kernel says so, the program's own: `getrusage` gives that of the process that started
    it, if it is larger, and Snakemake holds hundreds of MB.
    """
    lines = _lines(Path("/proc/self/status"))
    own_kib = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
    peak_kib = float(own_kib[0] if own_kib else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    return bytes_to_mb(peak_kib * KIBIBYTE)


def children_peak_memory_mb() -> float:
    """The most memory that any process held which this one has waited for, in MB (10^6 bytes)."""
    return bytes_to_mb(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * KIBIBYTE)


def describe_job() -> dict[str, str | None]:
    """Where this process runs; None: not under Slurm."""
    return {
        "node": os.environ.get("SLURMD_NODENAME") or platform.node(),
        "slurm_job_id": os.environ.get("SLURM_JOB_ID"),
        "slurm_cpus_on_node": os.environ.get("SLURM_CPUS_ON_NODE"),
    }


def own_and_busy_cpu_s(pids: Collection[int] = ()) -> tuple[float, float] | str:
    """CPU time in s of processes with their children, and of the whole machine; or why not.

    Children that have ended count as soon as they were waited for. One that ends while it is looked
    at is counted the next time.

    Args:
        pids: The processes; none: this one. One that is another's child counts once.
    """
    own: dict[int, float] = {}
    try:
        for pid in pids or (os.getpid(),):
            with suppress(psutil.NoSuchProcess):
                process = psutil.Process(pid)
                for each in (process, *process.children(recursive=True)):
                    with suppress(psutil.NoSuchProcess):
                        own[each.pid] = _cpu_s(each)
        machine = psutil.cpu_times()
    except (psutil.Error, OSError, ValueError, RuntimeError) as error:
        return f"the system does not report its CPU time ({type(error).__name__})"
    idle_s = machine.idle + getattr(machine, "iowait", 0.0)
    # Linux counts guests' time in the user's, too.
    guest_s = getattr(machine, "guest", 0.0) + getattr(machine, "guest_nice", 0.0)
    return sum(own.values()), sum(machine) - idle_s - guest_s


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    ended_s = getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
    return float(times.user + times.system + ended_s)


def usable_cpus() -> int:
    """CPUs that this process may keep busy: its affinity, or its control groups' quota if less.

    psutil and the platform count the whole machine's. A part of a CPU counts as one.
    """
    quota = cgroup_cpus()
    allowed = _affinity_cpus()
    return allowed if quota is None else max(1, min(allowed, ceil(quota)))


def _affinity_cpus() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def cpu_name() -> str:
    """The processor's name from the kernel; platform.processor() is empty on many Linux systems."""
    return _kernels_cpu_name() or platform.processor() or platform.machine() or "unknown"


def _kernels_cpu_name() -> str | None:
    for line in _lines(Path("/proc/cpuinfo")):
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return None


def cgroup_cpus(root: Path = Path("/")) -> float | None:
    """CPUs that this process's control groups allow; None: no limit.

    Each group can have a quota, of version 1 or 2, and the smallest of a group and of all those
    that it lies in holds.

    Args:
        root: Folder of `proc` and of what is mounted.
    """
    groups = [line.split(":", 2) for line in _lines(root / "proc/self/cgroup")]
    quotas: list[float] = []
    for line in _lines(root / "proc/self/mountinfo"):
        # Before the dash are the mount's root and place, after it what is mounted.
        place, _, what = (part.split() for part in line.partition(" - "))
        if len(place) < 5 or len(what) < 3 or what[0] not in ("cgroup", "cgroup2"):
            continue
        if what[0] == "cgroup" and "cpu" not in what[2].split(","):
            continue
        for group in groups:
            if len(group) == 3 and _is_of(group[1], what[0]):
                top = root / _unescaped(place[4]).lstrip("/")
                quotas += _quotas(top, _below(group[2], _unescaped(place[3])))
    return min(quotas, default=None)


def _is_of(controllers: str, kind: str) -> bool:
    return controllers == "" if kind == "cgroup2" else "cpu" in controllers.split(",")


def _below(group: str, mounted: str) -> Path:
    """Where a group lies below what is mounted; a container sees its path on the host."""
    path = Path(group)
    if path.is_relative_to(mounted):
        path = path.relative_to(mounted)
    return Path(*(part for part in path.parts if part not in ("/", "..")))


def _quotas(top: Path, below: Path) -> Iterator[float]:
    """The quotas in CPUs of a group and of those that it lies in."""
    for folder in (top / below, *(top / parent for parent in below.parents), top):
        words = " ".join(_lines(folder / "cpu.max")).split() or [
            *_lines(folder / "cpu.cfs_quota_us"),
            *_lines(folder / "cpu.cfs_period_us"),
        ]
        with suppress(ValueError):
            quota, period = map(float, words)
            if quota > 0 and period > 0:
                yield quota / period


def _unescaped(path: str) -> str:
    """A path of mountinfo, which writes blanks and backslashes as octal numbers."""
    for octal in ("040", "011", "012", "134"):
        path = path.replace(f"\\{octal}", chr(int(octal, 8)))
    return path


def _lines(path: Path) -> list[str]:
    """A file of the system's, line by line; none where there is no such file, or it is refused."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
