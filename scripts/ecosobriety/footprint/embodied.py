"""Embodied emissions: what making the hardware emitted, by the share of its life in a training.

Nothing is derived from the machine that was found: a study's file says what trains.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ecosobriety.decision.rows import mean_durations_s, on_mix
from ecosobriety.electricity.factor_tables import read_ranges, require_between
from ecosobriety.errors import DataError
from ecosobriety.study_config.hardware import PLAUSIBLE_KG
from ecosobriety.units import kg_to_grams, seconds_to_hours

BOUNDS = ("low", "central", "high")
HOURS_PER_YEAR = 8760.0
"""Of 365 days, as BoaviztAPI counts the lives of hardware."""
PLAUSIBLE_YEARS = (0.5, 50.0)
"""How long a part of hardware lives: not in hours."""
OWN = "own"
"""Stands for the kind of hardware whose emissions are the user's own figure."""
DOMINATES = 0.5
"""From this share of the emissions on, the hardware emits more than its electricity."""


@dataclass(frozen=True)
class Part:
    """A part of what trains.

    Attributes:
        kind: a name of `hardware_embodied.csv`, or `OWN`.
        count: how many of it a training occupies.
        kg: emissions of making one, in kg CO2e, by `BOUNDS`; low and high None where no range is
            stated.
        lifetime_years: from making to disposal.
        reference: where the figure is from; None: the user's own.
        url: its address; None: the user's own.
        verified: how the reference was verified; None: the user's own.
    """

    kind: str
    count: float
    kg: Mapping[str, float | None]
    lifetime_years: float
    reference: str | None = None
    url: str | None = None
    verified: str | None = None


@dataclass(frozen=True)
class Hardware:
    """What trains.

    Attributes:
        parts: what it is made of.
        utilisation: share of its life in which it works.
    """

    parts: Sequence[Part]
    utilisation: float

    def grams_per_hour(self) -> dict[str, float | None]:
        """Emissions of making it in an hour of work, in g CO2e, by `BOUNDS`.

            sum over parts of count x kg x 1000 / (lifetime_years x 8760 h x utilisation)

        A bound is None where one part has none: the others' ranges alone would look certain.
        """
        return {bound: self._grams_per_hour(bound) for bound in BOUNDS}

    def _grams_per_hour(self, bound: str) -> float | None:
        rates = []
        for part in self.parts:
            kg = part.kg[bound]
            if kg is None:
                return None
            hours = part.lifetime_years * HOURS_PER_YEAR * self.utilisation
            rates.append(part.count * kg_to_grams(kg) / hours)
        return math.fsum(rates)


def load_hardware(path: Path) -> pd.DataFrame:
    """Read the emissions of making parts of hardware.

    Args:
        path: a CSV file with the columns below.

    Returns:
        kind; low_kg, central_kg, high_kg (kg CO2e, low and high null where the reference states no
        range); lifetime_years; reference, year, url, verified.

    Raises:
        DataError: the file cannot be read, or a value is missing, repeated, not positive or out of
            order; names the file, the row and the column.
    """
    table = read_ranges(path, key="kind", unit="kg", numbers=["lifetime_years"])
    require_between(path, table, "kind", "central_kg", PLAUSIBLE_KG, "kg")
    require_between(path, table, "kind", "lifetime_years", PLAUSIBLE_YEARS, "years")
    return table


def hardware_of(section: Mapping[str, Any], table: pd.DataFrame) -> Hardware | None:
    """What trains, as a study's file says.

    Args:
        section: the completed section `hardware` of the configuration.
        table: as `load_hardware` gives it.

    Returns:
        None where the file names neither parts nor a figure of its own.

    Raises:
        DataError: a part is not in the table.
    """
    own, lifetime = section["embodied_kg"], section["lifetime_years"]
    if own is not None:
        range_kg = own if isinstance(own, Mapping) else {"central": own}
        kg = {bound: _known(range_kg.get(bound)) for bound in BOUNDS}
        return Hardware([Part(OWN, 1.0, kg, lifetime)], section["utilisation"])
    known = {str(row["kind"]): row for row in table.to_dict("records")}
    counted = {kind: count for kind, count in section["parts"].items() if count is not None}
    if missing := sorted(counted.keys() - known.keys()):
        raise DataError(f"hardware_embodied.csv has no row {missing[0]}")
    parts = [
        Part(
            kind,
            count,
            {bound: _known(known[kind][f"{bound}_kg"]) for bound in BOUNDS},
            float(known[kind]["lifetime_years"]) if lifetime is None else lifetime,
            str(known[kind]["reference"]),
            str(known[kind]["url"]),
            str(known[kind]["verified"]),
        )
        for kind, count in counted.items()
    ]
    return Hardware(parts, section["utilisation"]) if parts else None


def add_embodied(
    recommendation: Mapping[str, Any],
    runs: pd.DataFrame,
    scenarios: pd.DataFrame,
    country: str,
    hardware: Hardware | None,
) -> dict[str, Any]:
    """Add to each result the embodied emissions of a training of each size.

        embodied_g = grams_per_hour x hours of the training
        share      = embodied_g / (embodied_g + operational_g)

    The bounds of the share are those of the hardware; the electricity enters as its mean.

    Args:
        recommendation: as `decision.recommend` gives it.
        runs: the table `runs`.
        scenarios: the table `scenarios`.
        country: whose mix the operational emissions are of (ISO-3166 alpha-3).
        hardware: what trains; None: not said.

    Returns:
        A copy in which each result has `embodied`, null without hardware::

            {utilisation, parts: [{kind, count, kg, lifetime_years, reference, url, verified}],
             g_per_hour, sizes: [{n_train, duration_s, embodied_g, operational_g, share, reason}]}

        `kg`, `g_per_hour`, `embodied_g` and `share` are mappings of low, central and high. What is
        not known is null, and `reason` says why: `no_duration` or `no_intensity`. `yearly`, where
        it is not null, gets `embodied_g` of a year on the full size, likewise low, central and
        high; it is null without hardware, and where it is not known how long the trainings take, as
        those of the user's own figure: `embodied_reason` is then `no_hardware` or `no_duration`.
    """
    results = [
        _with_year(
            {
                **result,
                "embodied": hardware and _embodied(result, runs, scenarios, country, hardware),
            }
        )
        for result in recommendation["results"]
    ]
    return {**recommendation, "results": results}


def _embodied(
    result: Mapping[str, Any],
    runs: pd.DataFrame,
    scenarios: pd.DataFrame,
    country: str,
    hardware: Hardware,
) -> dict[str, Any]:
    durations_s = mean_durations_s(result, runs)
    mix = on_mix(result, scenarios, country).set_index("n_train")["emissions_g"]
    rate = hardware.grams_per_hour()
    return {
        "utilisation": hardware.utilisation,
        "parts": [vars(part) for part in hardware.parts],
        "g_per_hour": rate,
        "sizes": [
            _of_size(size, duration_s, _known(mix.get(size)), rate)
            for size, duration_s in durations_s.items()
        ],
    }


def _with_year(result: dict[str, Any]) -> dict[str, Any]:
    year, embodied = result.get("yearly"), result["embodied"]
    if year is None:
        return result
    # How long a training of the user's own takes is not known.
    known = embodied is not None and year["training_kwh_from"] == "study"
    sizes = embodied["sizes"] if known else []
    of_one = [size["embodied_g"] for size in sizes if size["n_train"] == _full(result)]
    embodied_g = (
        {
            bound: None if grams is None else grams * year["trainings"]
            for bound, grams in of_one[0].items()
        }
        if of_one and of_one[0]["central"] is not None
        else None
    )
    why = "no_hardware" if embodied is None else "no_duration"
    reason = why if embodied_g is None else None
    return {**result, "yearly": {**year, "embodied_g": embodied_g, "embodied_reason": reason}}


def _full(result: Mapping[str, Any]) -> int:
    """The size that a year's amounts are of."""
    return int(result["study_cost"]["full_n_train"])


def _of_size(
    n_train: int,
    duration_s: float | None,
    operational_g: float | None,
    rate: Mapping[str, float | None],
) -> dict[str, Any]:
    embodied_g = {bound: embodied_in(rate[bound], duration_s) for bound in BOUNDS}
    unknown = "no_duration" if duration_s is None else None
    return {
        "n_train": n_train,
        "duration_s": duration_s,
        "embodied_g": embodied_g,
        "operational_g": operational_g,
        "share": {bound: _share(embodied_g[bound], operational_g) for bound in BOUNDS},
        "reason": unknown or ("no_intensity" if operational_g is None else None),
    }


def embodied_in(g_per_hour: float | None, trained_s: float | None) -> float | None:
    """Embodied emissions of so many seconds of training, in g CO2e; None where one is not known."""
    if g_per_hour is None or trained_s is None:
        return None
    return g_per_hour * seconds_to_hours(trained_s)


def _share(embodied_g: float | None, operational_g: float | None) -> float | None:
    if embodied_g is None or operational_g is None or embodied_g + operational_g == 0:
        return None
    return embodied_g / (embodied_g + operational_g)


def _known(value: Any) -> float | None:
    return None if value is None or pd.isna(value) else float(value)
