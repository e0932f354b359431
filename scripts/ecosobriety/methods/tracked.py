"""Methods that are other people's trackers: what each stated of the trainings it ran around."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ecosobriety.methods.kinds import Kind
from ecosobriety.methods.method import (
    MASS_UNITS_G,
    NOBODY_COUNTS,
    Estimate,
    Method,
    NotApplicableError,
)
from ecosobriety.reasons import reason
from ecosobriety.records.record import RunKey, RunRecord
from ecosobriety.records.tracker_runs import TrackerRun

_UNITS_AND_BLIND_SPOTS = {
    "carbontracker": ("g CO2e", ("memory", "board", "site", *NOBODY_COUNTS)),
    # Its last sample is taken in `stop`, while the process waits for it and so does nothing.
    "eco2ai": ("kg CO2e", ("pue", "idle", "last_interval", "board", *NOBODY_COUNTS)),
}


@dataclass(frozen=True)
class Tracked:
    """A tracker, on the trainings that it really ran around; `runs` are by `RunKey`."""

    id: str
    unit: str
    ignores: tuple[str, ...]
    runs: Mapping[RunKey, TrackerRun]

    def estimate(self, run: RunRecord) -> Estimate:
        """What the tracker stated of the same training."""
        found = self.runs.get((run.dataset, run.model, run.n_train, run.seed))
        if found is None:
            raise NotApplicableError(reason("other_sizes"))
        if found.it_energy_kwh is None or found.pue is None:
            raise NotApplicableError(str(found.reason))
        if found.test_loss != run.test_loss:
            raise NotApplicableError(
                reason("other_training", theirs=found.test_loss, ours=run.test_loss)
            )
        mass_g = found.emissions_g
        quantity = None if mass_g is None else mass_g / MASS_UNITS_G[self.unit]
        energy_kwh = found.it_energy_kwh * found.pue
        return Estimate(energy_kwh, mass_g, quantity, found.it_energy_kwh, found.reason)


def tracked_methods(runs: Iterable[TrackerRun]) -> list[Method]:
    """The trackers that a study ran, as methods."""
    found: dict[str, dict[RunKey, TrackerRun]] = {}
    for run in runs:
        found.setdefault(run.tracker, {})[run.key] = run
    return [Tracked(name, *_UNITS_AND_BLIND_SPOTS[name], own) for name, own in found.items()]


KINDS = (Kind("carbontracker", 7, None), Kind("eco2ai", 8, None))
