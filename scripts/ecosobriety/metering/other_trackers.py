"""Other people's energy trackers, really run around a training: carbontracker and Eco2AI.

They are an optional extra (`make trackers`). Each takes CodeCarbon's place in `training.train`, so
that it meters exactly the window that CodeCarbon meters in a study, with the same data, seed and
settings. Neither reaches the network: where they would look up their location, they are given the
metering country. Whatever goes wrong with one is the reason why it states no energy.
"""

import io
import logging
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from importlib import import_module, resources
from pathlib import Path
from typing import Any, Protocol

import pandas as pd
import pycountry

from ecosobriety.errors import MeteringError, one_line
from ecosobriety.metering import Ledger, Reading
from ecosobriety.metering.meter import ComponentName, OnReading
from ecosobriety.reasons import reason
from ecosobriety.records.record import Component, RunKey, RunRecord
from ecosobriety.records.tracker_runs import TrackerRun
from ecosobriety.units import kg_to_grams

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Statement:
    """What a tracker states of a window: kWh with its own PUE, and g CO2e."""

    energy_kwh: float
    pue: float
    emissions_g: float


class Tracker(Protocol):
    """A tracker for one window."""

    def start(self) -> None:
        """Begin to measure."""

    def stop(self) -> Statement:
        """End, and state the energy.

        Raises:
            MeteringError: the tracker has given up; with what it says itself.
        """


class CarbontrackerTracker:
    """carbontracker, for which the whole training is one epoch (https://github.com/saintslab/carbontracker).

    Args:
        country_iso3: the location that it is given, as ISO-3166 alpha-3.
        interval_s: seconds between two of its samples.
    """

    def __init__(self, country_iso3: str, interval_s: float):
        intensity = import_module("carbontracker.emissions.intensity.intensity")
        location = import_module("carbontracker.emissions.intensity.location")
        self._pue = float(import_module("carbontracker.constants").PUE_2023)
        code = _alpha_2(country_iso3)
        self._logs = tempfile.TemporaryDirectory(prefix="carbontracker-")
        # It has no argument for the place, and would ask a service on the network.
        ask, intensity.geocoder.ip = (
            intensity.geocoder.ip,
            lambda _: location.Location(True, country_iso3, code),
        )
        try:
            # Its messages go to its log files as well.
            with redirect_stdout(io.StringIO()):
                self._tracker = import_module("carbontracker.tracker").CarbonTracker(
                    epochs=1,
                    epochs_before_pred=0,
                    update_interval=interval_s,
                    # Else it ends the whole process.
                    ignore_errors=True,
                    log_dir=self._logs.name,
                    verbose=0,
                )
        finally:
            intensity.geocoder.ip = ask

    def start(self) -> None:
        """Begin the one epoch."""
        self._tracker.epoch_start()

    def stop(self) -> Statement:
        """End the epoch, and read its log as its own parser does."""
        self._tracker.epoch_end()
        with self._logs as folder:
            said = [
                line
                for log in Path(folder).glob("*_err.log")
                for line in log.read_text(encoding="utf-8").splitlines()
            ]
            (entry,) = import_module("carbontracker.parser").parse_all_logs(folder)
        for line in said:
            logger.info("carbontracker: %s", line)
        stated = entry["actual"]
        if stated is None:
            raise MeteringError(f"it stopped by itself; its last output: {said[-1:]}")
        return Statement(stated["energy (kWh)"], self._pue, stated["co2eq (g)"])


class Eco2aiTracker:
    """Eco2AI, without its files (https://github.com/sb-ai-lab/Eco2AI).

    It would write its settings beside its own code, and at every sample a CSV file, for which it
    first looks through the files of all processes, and which fails with pandas 3.

    Args:
        country_iso3: the location that it is given, as ISO-3166 alpha-3.
        interval_s: seconds between two of its samples.
    """

    def __init__(self, country_iso3: str, interval_s: float):
        self._stated: dict[str, list[str]] = {}
        original = import_module("eco2ai").Tracker
        quiet = type(
            "Tracker",
            (original,),
            {"get_set_params": lambda *_: {}, "_write_to_csv": self._keep},
        )
        self._tracker = quiet(
            project_name="ecosobriety",
            experiment_description="training",
            file_name="emission.csv",
            measure_period=interval_s,
            alpha_2_code=_alpha_2(country_iso3),
            pue=1,
            ignore_warnings=True,
            timezone="UTC",
        )

    def start(self) -> None:
        """Look at the hardware and begin."""
        self._tracker.start()

    def stop(self) -> Statement:
        """End; the result is the row that it would have written."""
        self._tracker.stop()
        energy_kwh = float(self._stated["power_consumption(kWh)"][0])
        return Statement(energy_kwh, 1.0, kg_to_grams(float(self._stated["CO2_emissions(kg)"][0])))

    def _keep(self, *_: Any) -> dict[str, list[str]]:
        self._stated = self._tracker._construct_attributes_dict()
        # As the method that this replaces: only now does it count what it samples.
        self._tracker._mode = "run time"
        return self._stated


_CREATE: dict[str, Callable[[str, float], Tracker]] = {
    "carbontracker": CarbontrackerTracker,
    "eco2ai": Eco2aiTracker,
}
_TABLES = {
    "carbontracker": ("carbon-intensities.csv", "alpha-2"),
    "eco2ai": ("carbon_index.csv", "alpha_2_code"),
}
"""Each one's own table of carbon intensities, and the column of its countries."""


class TrackerMeter:
    """A tracker as the meter of one training; the evaluation is not measured.

    Its energy is known at the end only, as one number, which is kept as the processor's.

    Args:
        create: makes the tracker, which is slow.
    """

    def __init__(self, create: Callable[[], Tracker]):
        self._create = create
        self._tracker: Tracker | None = None
        self._started_at = 0.0
        self.stated: Statement | None = None

    def warm_up(self) -> None:
        """Make the tracker, which looks at the hardware; it is for one window."""
        if self.stated is None:
            self._tracker = self._create()

    def start(self, on_reading: OnReading | None = None) -> None:
        """Begin; after the training, only the clock is read."""
        if self._tracker is not None:
            self._tracker.start()
        self._started_at = time.perf_counter()

    def read(self) -> Reading:
        """The time since the start."""
        return Reading(time.perf_counter() - self._started_at)

    def stop(self) -> Reading:
        """End the training's window."""
        elapsed = self.read()
        tracker, self._tracker = self._tracker, None
        if tracker is None:
            return elapsed
        self.stated = tracker.stop()
        return elapsed + Reading(0.0, cpu_kwh=self.stated.energy_kwh / self.stated.pue)

    def settle(self, readings: Iterable[Reading]) -> list[Reading]:
        """Only the end has an energy."""
        return list(readings)

    def components(self) -> Mapping[ComponentName, Component]:
        """Unknown: a tracker does not say what it measured and what it guessed."""
        undivided = Component(quality="estimated", source="tracker", reason="not separated")
        nothing = Component(quality=None, source=None, reason="not separated")
        return {"cpu": undivided, "gpu": nothing, "ram": nothing}

    def describe(self) -> Mapping[str, Any]:
        """Name the tool."""
        return {"tool": "tracker"}


def run_tracker(
    name: str,
    version: str,
    training: RunKey,
    *,
    train: Callable[..., RunRecord],
    country_iso3: str,
    interval_s: float,
) -> TrackerRun:
    """Run a tracker around a training, which leaves no trace in the study's ledger.

    Args:
        name: one of `tracker_runs.TRACKERS`.
        version: its version.
        training: data set, model, size and seed.
        train: `training.train` with all of its arguments but the meter and the ledger.
        country_iso3: the location that it is given.
        interval_s: seconds between two of its samples.

    Returns:
        What it states, or why it states nothing.
    """
    dataset, model, n_train, seed = training
    run = TrackerRun(
        tracker=name, version=version, dataset=dataset, model=model, n_train=n_train, seed=seed
    )
    meter = TrackerMeter(lambda: _CREATE[name](country_iso3, interval_s))
    try:
        with tempfile.TemporaryDirectory() as folder:
            record = train(meter=meter, ledger=Ledger(Path(folder), identity=name))
    except Exception as error:
        # It is other people's software on any machine: none may stop a study.
        logger.exception("%s failed", name)
        return run.model_copy(update={"reason": one_line(reason("method_failed", error=error))})
    stated = meter.stated
    assert stated is not None, "a training has a window"
    # A tracker takes the world's mean for a country that its table does not have.
    known = _knows(name, country_iso3)
    return run.model_copy(
        update={
            "it_energy_kwh": record.energy_kwh,
            "pue": stated.pue,
            "emissions_g": stated.emissions_g if known else None,
            "train_duration_s": record.train_duration_s,
            "test_loss": record.test_loss,
            "reason": None if known else reason("tracker_no_intensity", country=country_iso3),
        }
    )


def _alpha_2(country_iso3: str) -> str:
    """The code that trackers know a country by; one that is nobody's where it has none."""
    country = pycountry.countries.get(alpha_3=country_iso3)
    return "-" if country is None else str(country.alpha_2)


def _knows(name: str, country_iso3: str) -> bool:
    """Whether a tracker's own table has a country.

    The table is read as the tracker does, which takes Namibia's NA for nothing.
    """
    file, column = _TABLES[name]
    with (resources.files(name) / "data" / file).open(encoding="utf-8") as table:
        return bool((pd.read_csv(table)[column] == _alpha_2(country_iso3)).any())
