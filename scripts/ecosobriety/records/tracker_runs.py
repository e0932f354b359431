"""What other people's trackers stated of trainings: the file that `run_trackers` leaves."""

from collections.abc import Iterable
from contextlib import suppress
from importlib import metadata
from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from ecosobriety.errors import RecordError
from ecosobriety.files import open_atomically
from ecosobriety.reasons import reason
from ecosobriety.records.record import RunKey

TRACKERS = ("carbontracker", "eco2ai")
"""The trackers that can be run around a training, by the names of their packages."""


class TrackerRun(BaseModel):
    """What a tracker stated of one training.

    `it_energy_kwh` is without the tracker's own `pue`; `emissions_g` is with it, on the tracker's
    own intensity of the metering country. `train_duration_s` and `test_loss` are those of the
    training that it ran around. `reason` says why something is None.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    tracker: str
    version: str | None
    dataset: str
    model: str
    n_train: int
    seed: int
    it_energy_kwh: float | None = None
    pue: float | None = None
    emissions_g: float | None = None
    train_duration_s: float | None = None
    test_loss: float | None = None
    reason: str | None = None

    @property
    def trained(self) -> bool:
        """Whether it ran around a training to its end."""
        return self.train_duration_s is not None

    @property
    def key(self) -> RunKey:
        """The training that it is about."""
        return self.dataset, self.model, self.n_train, self.seed


_RUNS = TypeAdapter(list[TrackerRun])


def installed_trackers() -> dict[str, str | None]:
    """The version of each tracker; None: it is not installed."""
    found: dict[str, str | None] = dict.fromkeys(TRACKERS)
    for name in TRACKERS:
        with suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


def not_installed(tracker: str, training: RunKey) -> TrackerRun:
    """What a tracker that is not there states of a training: nothing, with the reason."""
    dataset, model, n_train, seed = training
    return TrackerRun(
        tracker=tracker,
        version=None,
        dataset=dataset,
        model=model,
        n_train=n_train,
        seed=seed,
        reason=reason("not_installed", tracker=tracker),
    )


def write_tracker_runs(path: Path, runs: list[TrackerRun]) -> None:
    """Write what the trackers stated, whole or not at all."""
    with open_atomically(path) as file:
        file.write(_RUNS.dump_json(runs, indent=2))


def read_tracker_runs(path: Path) -> list[TrackerRun]:
    """Read what the trackers stated.

    Raises:
        RecordError: the file is damaged or foreign; names it.
    """
    try:
        return _RUNS.validate_json(path.read_bytes())
    except ValidationError as error:
        raise RecordError(f"{path} does not hold what trackers reported: {error}") from error


def read_all(paths: Iterable[str]) -> list[TrackerRun]:
    """As `read_tracker_runs`, of several files."""
    return [run for path in paths for run in read_tracker_runs(Path(path))]
