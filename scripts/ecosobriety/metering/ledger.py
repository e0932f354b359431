"""The ledger: one file for every attempt at a training, so that lost energy is counted too.

An attempt's file says `running` from the first batch on and is updated while it runs. It ends as
`complete` or `failed`; that of a process that was killed stays `running`, with the energy so far.
`energy_kwh` is what the attempt itself spent; `carried_energy_kwh` is what it took over from a
checkpoint of attempts before it, which is not lost.
"""

import math
import os
import secrets
import socket
import time
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ecosobriety.errors import RecordError
from ecosobriety.files import write_json

Status = Literal["running", "complete", "failed"]
UPDATE_EVERY_S = 5.0
"""At most 10 s may be lost with a killed process; a reading comes every second or so."""


def utc_now() -> str:
    """The current time in UTC, ISO 8601 with microseconds."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


@dataclass
class Ledger:
    """The entry of one attempt.

    Args:
        folder: Folder of the attempts of this one run (data set, model, size, seed).
        attempt: The attempt's id, unique on all machines that share the folder.
        identity: A digest of all that decides the training; attempts at the same one share it.
    """

    folder: Path
    attempt: str = field(
        default_factory=lambda: (
            f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{socket.gethostname().split('.')[0]}"
            f"-{os.getpid()}-{secrets.token_hex(3)}"
        )
    )
    identity: str = ""
    carried_energy_kwh: float = field(default=0.0, init=False)
    _silent: bool = field(default=False, init=False)
    _entry: dict[str, Any] = field(default_factory=dict, init=False)
    _updated_at: float = field(default=0.0, init=False)

    @property
    def path(self) -> Path:
        """The attempt's file."""
        return self.folder / f"{self.attempt}.json"

    def follow(self, attempt: str) -> None:
        """Write nothing: of the processes of one training, another one writes this attempt."""
        self.attempt, self._silent = attempt, True

    def open(self, carried_energy_kwh: float = 0.0) -> None:
        """Write the entry at the first batch, with no energy of its own yet."""
        self.carried_energy_kwh = carried_energy_kwh
        self._entry = {
            "attempt": self.attempt,
            "identity": self.identity,
            "status": "running",
            "started_at": utc_now(),
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "slurm_job_id": os.environ.get("SLURM_JOB_ID"),
            "carried_energy_kwh": carried_energy_kwh,
        }
        self.update(0.0, 0.0)

    def update(self, energy_kwh: float, duration_s: float) -> None:
        """Write the energy in kWh and the duration in s so far."""
        self._write("running", energy_kwh, duration_s)

    def update_if_due(self, energy_kwh: float, duration_s: float) -> None:
        """As `update`, at most every `UPDATE_EVERY_S`."""
        if time.monotonic() - self._updated_at >= UPDATE_EVERY_S:
            self.update(energy_kwh, duration_s)

    def close(
        self,
        status: Literal["complete", "failed"],
        energy_kwh: float,
        duration_s: float,
        error: str | None = None,
    ) -> None:
        """Write the attempt's end; `error` is one line on why it failed."""
        if error is not None:
            self._entry["error"] = error
        self._write(status, energy_kwh, duration_s)

    def complete(self, energy_kwh: float, duration_s: float) -> None:
        """Write that the training's record stands, with its energy in kWh and duration in s."""
        self.close("complete", energy_kwh - self.carried_energy_kwh, duration_s)

    def _write(self, status: Status, energy_kwh: float, duration_s: float) -> None:
        self._entry |= {
            "status": status,
            "updated_at": utc_now(),
            "energy_kwh": energy_kwh,
            "duration_s": duration_s,
        }
        if not self._silent:
            write_json(self.path, self._entry)
        self._updated_at = time.monotonic()


def lost_energy_kwh(folder: Path, identity: str) -> float:
    """Energy in kWh of failed attempts, less what attempts that completed took over from them.

    An attempt that completed, but whose very training is done again, is lost too: its record went
    with the process that was to keep it. What a completed attempt took over counts only against
    attempts at the same training, and no more of it than they spent.

    Args:
        folder: Folder of the attempts of one run; it need not exist.
        identity: Digest of the training that is about to be done.

    Raises:
        RecordError: a file is not an attempt's; names it and what is wrong.
    """
    died_kwh, taken_over_kwh = defaultdict[str, float](float), defaultdict[str, float](float)
    for path in sorted(folder.glob("*.json")):
        entry = _read(path)
        if entry.status == "complete" and entry.identity != identity:
            taken_over_kwh[entry.identity] += entry.carried_energy_kwh
        else:
            died_kwh[entry.identity] += entry.energy_kwh
    return math.fsum(max(kwh - taken_over_kwh[of], 0.0) for of, kwh in died_kwh.items())


def completed_energies_kwh(folder: Path, identities: Collection[str]) -> list[float]:
    """Energy in kWh of each attempt that completed one of some trainings, all that it took.

    Args:
        folder: Folder of the attempts of one run; it need not exist.
        identities: Digests of the trainings.

    Raises:
        RecordError: as `lost_energy_kwh`.
    """
    entries = [_read(path) for path in sorted(folder.glob("*.json"))]
    return [
        entry.energy_kwh + entry.carried_energy_kwh
        for entry in entries
        if entry.status == "complete" and entry.identity in identities
    ]


def spent_kwh(folder: Path) -> tuple[list[float], float]:
    """Energy in kWh of each training that completed, and of the attempts that did not.

    Args:
        folder: Folder of the attempts of one run.

    Raises:
        RecordError: as `lost_energy_kwh`.
    """
    entries = [_read(path) for path in sorted(folder.glob("*.json"))]
    identities = {entry.identity for entry in entries if entry.status == "complete"}
    completed = completed_energies_kwh(folder, identities)
    return completed, max(math.fsum(e.energy_kwh for e in entries) - math.fsum(completed), 0.0)


class _Entry(BaseModel):
    """What is asked of an attempt's file; it holds more for people to read."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)

    attempt: str
    identity: str
    status: Status
    energy_kwh: Annotated[float, Field(ge=0)]
    duration_s: Annotated[float, Field(ge=0)]
    carried_energy_kwh: Annotated[float, Field(ge=0)]


def _read(path: Path) -> _Entry:
    try:
        entry = _Entry.model_validate_json(path.read_bytes())
    except OSError as error:
        raise RecordError(f"{path} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "the whole file"
        raise RecordError(
            f"{path} is not an entry of the ledger ({field}: {first['msg']}): move it away"
        ) from error
    if entry.attempt != path.stem:
        raise RecordError(
            f"{path} is the entry of {entry.attempt!r}, not of its name: move it away"
        )
    return entry
