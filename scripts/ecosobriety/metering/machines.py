"""The machines that a training's processes run on: one process of each meters it, and all agree.

A machine is known by its host name and its kernel's id of this boot, not by the number that a
launcher gives it: two launchers on one machine are one machine, and machines that share a name are
two.
"""

import logging
import os
import socket
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol, TypeVar

from ecosobriety.errors import EcosobrietyError, MeteringError
from ecosobriety.metering.lock import exclusive_meter

T = TypeVar("T")

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_WAITING, _HELD = "waiting", "held"

logger = logging.getLogger(__name__)


class Strategy(Protocol):
    """How Lightning lets the processes of a training speak to each other."""

    @property
    def root_device(self) -> Any:
        """The device of this process."""

    def barrier(self, name: str | None = None) -> None:
        """Wait for all."""

    def broadcast(self, obj: T, src: int = 0) -> T:
        """What the process of rank `src` gives."""


def boot_id() -> str:
    """The kernel's own id, which containers of a machine share; empty where it has none."""
    try:
        return _BOOT.read_text().strip()
    except OSError:
        return ""


@dataclass(frozen=True)
class Seat:
    """Where one process of a training is.

    Attributes:
        host: Name of its machine.
        boot: The id of its kernel's boot.
        pid: Its own id.
        gpus: Those that it can see, by their UUID; empty: it trains on none.
        attempt: Its ledger's attempt, if it has one.
    """

    host: str
    boot: str
    pid: int
    gpus: frozenset[str] = frozenset()
    attempt: str | None = None

    @classmethod
    def here(cls, strategy: Strategy, attempt: str | None) -> "Seat":
        """That of this process."""
        on_gpu = strategy.root_device.type == "cuda"
        gpus = _visible_gpus() if on_gpu else frozenset[str]()
        return cls(socket.gethostname(), boot_id(), os.getpid(), gpus, attempt)


@dataclass(frozen=True)
class Fault:
    """What went wrong in another process."""

    why: str


@dataclass
class Machines:
    """The processes of one training; each knows where all are.

    Attributes:
        rank: This process's number.
        seats: Of every process, in the order of their ranks.
    """

    rank: int
    seats: list[Seat]
    _strategy: Strategy = field(repr=False)

    @classmethod
    def of(cls, strategy: Strategy, rank: int, size: int, attempt: str | None) -> "Machines":
        """Let all processes of a training find each other; each must call this.

        Raises:
            MeteringError: one uses a GPU that its machine's meter cannot see.
        """
        mine = Seat.here(strategy, attempt)
        seats = [strategy.broadcast(mine, src) for src in range(size)] if size > 1 else [mine]
        machines = cls(rank, seats, strategy)
        machines._require_gpus_seen()
        machines._warn_of_containers()
        return machines

    @cached_property
    def meters(self) -> list[int]:
        """The ranks that meter, one of each machine: the first there."""
        return self._firsts(_machine)

    @property
    def index(self) -> int | None:
        """Which of the machines this process meters; None: another process does."""
        return self.meters.index(self.rank) if self.rank in self.meters else None

    @property
    def writes(self) -> bool:
        """Whether this process writes for all."""
        return self.rank == 0

    @property
    def hosts(self) -> tuple[str, ...]:
        """The machines' names."""
        return tuple(self.seats[rank].host for rank in self.meters)

    @cached_property
    def pids(self) -> list[int]:
        """The training's processes on this machine."""
        here = _machine(self.seats[self.rank])
        return [seat.pid for seat in self.seats if _machine(seat) == here]

    def take_locks(self, exclusive: ExitStack) -> None:
        """Wait until nobody else measures on any of the machines.

        Machines are locked in the order of their ids, so that two trainings on the same ones never
        wait for each other. While one process waits, the others hear of it every second: a wait
        without a sign would end their training.

        Raises:
            MeteringError: a lock cannot be had, here or on another machine.
        """
        boots = {rank: self.seats[rank].boot or self.seats[rank].host for rank in self._lockers()}
        for rank in sorted(boots, key=boots.__getitem__):
            if rank == self.rank:
                self._take_lock(exclusive)
            else:
                while (said := self._strategy.broadcast("", rank)) == _WAITING:
                    pass
                if said != _HELD:
                    raise MeteringError(said)

    def at_edge(self, act: Callable[[], T]) -> list[T]:
        """Let all wait for each other, and then those that meter do something; each must call this.

        Returns:
            What came of it on each machine, known to all.

        Raises:
            MeteringError: it failed, on this machine or on another.
        """
        self._strategy.barrier()
        return self.tell(act)

    def tell(self, act: Callable[[], T]) -> list[T]:
        """As `at_edge`, without waiting for those that do not meter."""
        mine: T | Fault | None = None
        if self.index is not None:
            try:
                mine = act()
            except MeteringError as error:
                if len(self.seats) == 1:
                    raise
                mine = Fault(str(error))
        answers: list[Any] = [mine]
        if len(self.seats) > 1:
            answers = [self._strategy.broadcast(mine, rank) for rank in self.meters]
        for host, answer in zip(self.hosts, answers, strict=True):
            if isinstance(answer, Fault):
                raise MeteringError(f"{host}: {answer.why}")
        return answers

    def _lockers(self) -> list[int]:
        """The first rank of each kernel: containers are no machines of their own here."""
        return self._firsts(lambda seat: (seat.boot or seat.host,))

    def _firsts(self, key: Callable[[Seat], tuple[str, ...]]) -> list[int]:
        found: dict[tuple[str, ...], int] = {}
        for rank, seat in enumerate(self.seats):
            found.setdefault(key(seat), rank)
        return [*found.values()]

    def _take_lock(self, exclusive: ExitStack) -> None:
        def say(word: str) -> None:
            if len(self.seats) > 1:
                self._strategy.broadcast(word, self.rank)

        try:
            lock = exclusive_meter(still_waiting=lambda: say(_WAITING))
            exclusive.enter_context(lock)
        except EcosobrietyError as error:
            say(str(error))
            raise
        say(_HELD)

    def _require_gpus_seen(self) -> None:
        meters = {_machine(self.seats[rank]): rank for rank in self.meters}
        for rank, seat in enumerate(self.seats):
            first = meters[_machine(seat)]
            if not seat.gpus <= self.seats[first].gpus:
                raise MeteringError(
                    f"process {first} meters {seat.host}, but cannot see the GPU of process {rank} "
                    "there: let each process see all GPUs of the machine (CUDA_VISIBLE_DEVICES, or "
                    "Slurm's --gpus-per-node in place of --gpus-per-task)"
                )

    def _warn_of_containers(self) -> None:
        if not self.writes:
            return
        names: dict[str, list[str]] = {}
        for rank in self.meters:
            names.setdefault(self.seats[rank].boot, []).append(self.seats[rank].host)
        for boot, hosts in names.items():
            if boot and len(hosts) > 1:
                logger.warning(
                    "%s share a kernel, as containers of one machine do: its processor and memory "
                    "are counted for each of them",
                    ", ".join(hosts),
                )


def _machine(seat: Seat) -> tuple[str, ...]:
    return seat.host, seat.boot


def _visible_gpus() -> frozenset[str]:
    import torch

    found = (torch.cuda.get_device_properties(n) for n in range(torch.cuda.device_count()))
    # Before PyTorch 2.4 they have none; then nothing is known against a process.
    return frozenset(str(uuid) for gpu in found if (uuid := getattr(gpu, "uuid", None)))
