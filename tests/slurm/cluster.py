"""A Slurm cluster of two nodes on this machine, on loopback and without systemd.

Made of Debian's packages slurm-wlm and munge; needs root. Both nodes are this machine: each is a
slurmd of its own with its own port. Nothing is limited by control groups, so that limits of CPUs
and memory are scheduled and not enforced.
"""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import psutil

T = TypeVar("T")

SLURM_CONF = Path("/etc/slurm/slurm.conf")
PROGRAMS = ("munged", "munge", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scontrol")
SYSTEM_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
NODES = ("node1", "node2")
CPUS = 2
PARTITION = "main"
WAIT_S = 30.0
MARK = "ECOSOBRIETY_TEST_CLUSTER"
"""In the environment of every process that is the cluster's; its value is the cluster's folder."""


def missing() -> str | None:
    """Why no cluster can be started here; None: it can."""
    if os.geteuid() != 0:
        return "a test cluster needs root"
    absent = [name for name in PROGRAMS if shutil.which(name, path=SYSTEM_PATH) is None]
    if absent:
        return f"{', '.join(absent)} not found: apt-get install slurm-wlm munge"
    if SLURM_CONF.exists() and not SLURM_CONF.is_symlink():
        return f"{SLURM_CONF} is a file of this machine's own, which is not replaced"
    if SLURM_CONF.exists():
        return f"{SLURM_CONF} is a link to {SLURM_CONF.readlink()}: another cluster is at work"
    return None


def wait_until(condition: Callable[[], T], what: str, timeout_s: float = WAIT_S) -> T:
    """Wait until a condition gives something that is true, and return it.

    Raises:
        TimeoutError: it did not in time; names what was waited for.
    """
    end = time.monotonic() + timeout_s
    while not (value := condition()):
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not after {timeout_s:.0f} s")
        time.sleep(0.2)
    return value


class Cluster:
    """A running cluster; its files lie in one folder, and its processes are ours to end."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._daemons: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        """Start munge, the controller and the nodes, and wait until both are idle."""
        # munge wants a way to its socket that is open to all.
        self.folder.chmod(0o755)
        for name in ("munge", "state", "log", "spool", "run"):
            (self.folder / name).mkdir(mode=0o755)
        self._start_munge()
        (self.folder / "slurm.conf").write_text(self._configuration())
        # Job steps strip SLURM_* from the environment: only the usual place reaches all.
        SLURM_CONF.parent.mkdir(exist_ok=True)
        SLURM_CONF.unlink(missing_ok=True)
        SLURM_CONF.symlink_to(self.folder / "slurm.conf")
        self.start_controller()
        for node in NODES:
            self.start_node(node)
        wait_until(lambda: set(self.states().values()) == {"idle"}, "both nodes idle")

    def stop(self) -> None:
        """End every job and daemon, and take the link away."""
        try:
            if "slurmctld" in self._daemons:
                self.ask("scancel", f"--partition={PARTITION}")
                wait_until(lambda: not self.active(), "no job left")
        finally:
            for name in reversed(list(self._daemons)):
                self.kill(name, signal.SIGTERM)
            for process in self._own_processes():
                process.kill()
            if SLURM_CONF.is_symlink() and SLURM_CONF.readlink() == self.folder / "slurm.conf":
                SLURM_CONF.unlink()

    def start_controller(self, *, recover: bool = False) -> None:
        """Start slurmctld; with `recover`, it goes on with the jobs that it knew."""
        self._start("slurmctld", "-D", *([] if recover else ["-c"]))
        wait_until(lambda: self.ask("scontrol", "ping", check=False), "the controller answers")

    def start_node(self, node: str) -> None:
        """Start the slurmd of a node."""
        self._start(f"slurmd-{node}", "-D", "-N", node)

    def bring_up(self) -> None:
        """Have every node take jobs; a killed controller may know one still as set down."""

        def none_down() -> bool:
            down = [node for node, state in self.states().items() if state.startswith("down")]
            for node in down:
                update = ("scontrol", "update", f"nodename={node}", "state=resume")
                self.ask(*update, check=False)
            return not down

        wait_until(none_down, "no node down")

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> None:
        """End a daemon: `slurmctld`, `munged` or `slurmd-{node}`."""
        daemon = self._daemons.pop(name)
        daemon.send_signal(number)
        try:
            daemon.wait(timeout=10)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()

    def ask(self, *command: str, check: bool = True) -> str:
        """What a command of Slurm answers; without `check`, nothing where it fails."""
        done = subprocess.run(command, capture_output=True, text=True, check=check)
        return done.stdout.strip() if done.returncode == 0 else ""

    def states(self) -> dict[str, str]:
        """The state of each node."""
        lines = self.ask("sinfo", "-h", "-N", "-o", "%N %t", check=False).splitlines()
        return dict(line.split() for line in lines)

    def jobs(self, *states: str) -> dict[str, dict[str, str]]:
        """The jobs in some states (none given: in any): node, state, comment and folder by id."""
        options = [f"--states={','.join(states)}"] if states else ["--states=all"]
        lines = self.ask("squeue", "-h", *options, "-o", "%i|%N|%T|%k|%Z").splitlines()
        rows = [line.split("|") for line in lines]
        names = ("node", "state", "comment", "folder")
        return {row[0]: dict(zip(names, row[1:], strict=True)) for row in rows}

    def active(self) -> dict[str, dict[str, str]]:
        """The jobs that wait, run or end."""
        return self.jobs("PENDING", "RUNNING", "COMPLETING")

    def _start(self, name: str, *arguments: str) -> None:
        program = shutil.which(name.split("-")[0], path=SYSTEM_PATH)
        assert program is not None
        log = (self.folder / "log" / f"{name}.out").open("ab")
        with log:
            self._daemons[name] = subprocess.Popen(
                [program, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env=os.environ | {MARK: str(self.folder)},
            )

    def _start_munge(self) -> None:
        place = self.folder / "munge"
        key = place / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o400)
        options = {
            "key-file": key,
            "socket": self._socket,
            "pid-file": place / "munged.pid",
            "log-file": place / "munged.log",
            "seed-file": place / "munged.seed",
        }
        self._start("munged", "-F", *(f"--{name}={path}" for name, path in options.items()))
        wait_until(
            lambda: self.ask("munge", "-S", str(self._socket), "-n", check=False), "munge answers"
        )

    @property
    def _socket(self) -> Path:
        return self.folder / "munge/munge.socket"

    def _configuration(self) -> str:
        host = socket.gethostname().split(".")[0]
        settings: list[tuple[str, object]] = [
            ("ClusterName", "ecosobriety"),
            ("SlurmctldHost", f"{host}(127.0.0.1)"),
            ("SlurmctldPort", 27000),
            ("SrunPortRange", "27100-27999"),
            ("AuthType", "auth/munge"),
            # A job that is put back starts again only after its credential has run out.
            ("AuthInfo", f"socket={self._socket},cred_expire=30"),
            ("SlurmUser", "root"),
            ("SlurmdUser", "root"),
            ("StateSaveLocation", self.folder / "state"),
            ("SlurmdSpoolDir", self.folder / "spool/%n"),
            ("SlurmctldPidFile", self.folder / "run/slurmctld.pid"),
            ("SlurmdPidFile", self.folder / "run/slurmd-%n.pid"),
            ("SlurmctldLogFile", self.folder / "log/slurmctld.log"),
            ("SlurmdLogFile", self.folder / "log/slurmd-%n.log"),
            # No control groups, no database, no mail.
            ("ProctrackType", "proctrack/pgid"),
            ("TaskPlugin", "task/none"),
            ("SwitchType", "switch/none"),
            ("MpiDefault", "none"),
            ("MailProg", "/bin/true"),
            ("AccountingStorageType", "accounting_storage/none"),
            ("JobAcctGatherType", "jobacct_gather/none"),
            ("JobCompType", "jobcomp/filetxt"),
            ("JobCompLoc", self.folder / "log/jobcomp.log"),
            ("MinJobAge", 86400),
            ("SelectType", "select/cons_tres"),
            ("SelectTypeParameters", "CR_CPU_Memory"),
            ("SlurmdParameters", "config_overrides"),
            # Faults are noticed within seconds.
            ("SlurmdTimeout", 10),
            ("SlurmctldTimeout", 10),
            ("KillWait", 2),
            ("OverTimeLimit", 0),
            ("ReturnToService", 1),
            ("SchedulerParameters", "sched_interval=2,bf_interval=2"),
            (
                "NodeName",
                f"node[1-2] NodeHostname={host} NodeAddr=127.0.0.1 Port=[27001-27002] "
                f"CPUs={CPUS} RealMemory=4000 State=UNKNOWN",
            ),
            ("PartitionName", f"{PARTITION} Nodes=node[1-2] Default=YES State=UP"),
        ]
        # The daemons then bind to what the host's name stands for, which the nodes' address is not
        # where that is no loopback.
        if socket.gethostbyname(host).startswith("127."):
            settings.append(("CommunicationParameters", "NoCtldInAddrAny,NoInAddrAny"))
        return "".join(f"{name}={value}\n" for name, value in settings)

    def _own_processes(self) -> Sequence[psutil.Process]:
        """What a killed slurmd has left behind."""
        return [
            process
            for process in psutil.process_iter(["environ"])
            if (process.info["environ"] or {}).get(MARK) == str(self.folder)
        ]
