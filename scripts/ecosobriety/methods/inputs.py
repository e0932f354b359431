"""What the methods take from outside of a training: constants and hardware, with references."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from ecosobriety.country_codes import is_country
from ecosobriety.electricity.factor_tables import read_factors, require, require_between
from ecosobriety.methods.method import NotApplicableError, known
from ecosobriety.reasons import reason
from ecosobriety.records.record import RunRecord

PLAUSIBLE_W = (0.1, 3000.0)
PLAUSIBLE_BY_UNIT = {
    "W": PLAUSIBLE_W,
    "W/GB": (0.005, 20.0),
    "g/kWh": (1.0, 3000.0),
    "lb/kWh": (0.002, 6.6),
    "1": (1.0, 10.0),
}
"""What a constant of a unit can be; the one of none, 1, is of a site's overhead (PUE)."""
_OTHER_DEVICE = r"(?!.*(?<!\w)(?:Ti|SUPER|D|NVL|Laptop|Mobile|Max-Q|MIG)(?!\w))(?!-\d+[ABCQ](?!\w))"
"""What makes another device, or a part of one, of a name that it follows."""
HIGHEST_INTENSITY, LOWEST_MEDIAN = 3000.0, 2.0
"""In g/kWh: Iceland's operation alone emits 0.13, and half of the countries do not."""


@dataclass(frozen=True)
class Device:
    """A processor or a graphics processor: thermal design power in W, and its cores.

    `cores` is None for a graphics processor.
    """

    tdp_w: float
    cores: int | None


@dataclass(frozen=True)
class Inputs:
    """Tables of factors, as they were read: constants, hardware, Green Algorithms' countries."""

    constants: pd.DataFrame
    hardware: pd.DataFrame
    green_algorithms_intensity: pd.DataFrame

    def constant(self, name: str) -> float:
        """The value of a constant, in the unit of its `Kind.constants`."""
        return float(self._values[name])

    @cached_property
    def _values(self) -> dict[str, float]:
        return dict(zip(self.constants["constant"], self.constants["value"], strict=True))

    @cached_property
    def _patterns(self) -> list[tuple[re.Pattern[str], str, pd.Series]]:
        """What finds a device within a name, its kind, and its row; once for all trainings."""
        return [
            # A whole word: Ryzen 7 5800X is not Ryzen 7 5800X3D.
            (
                re.compile(
                    rf"(?<!\w){re.escape(row['device'])}(?!\w){_OTHER_DEVICE}", re.IGNORECASE
                ),
                str(row["kind"]),
                row,
            )
            for _, row in self.hardware.iterrows()
        ]

    def device(self, name: str, kind: str) -> Device | None:
        """Look up a device; the longest name of the table that occurs in the device's own wins.

        Args:
            name: what the system calls it, such as Tesla V100-SXM2-16GB.
            kind: `cpu` or `gpu`.
        """
        row = self._row_of(name, (kind,))
        if row is None:
            return None
        return Device(float(row["tdp_w"]), None if pd.isna(row["cores"]) else int(row["cores"]))

    def rows_of(self, names: Iterable[str]) -> pd.DataFrame:
        """The rows of `hardware` that stand for some devices, each once."""
        rows = [self._row_of(name, ("cpu", "gpu")) for name in names]
        found = dict.fromkeys(row.name for row in rows if row is not None)
        return self.hardware.loc[list(found)]

    def _row_of(self, name: str, kinds: Collection[str]) -> pd.Series | None:
        found = [
            row for pattern, kind, row in self._patterns if kind in kinds and pattern.search(name)
        ]
        return max(found, key=lambda row: len(row["device"]), default=None)

    def on_cpu(self, run: RunRecord) -> bool:
        """Whether a training ran on the processor.

        Raises:
            NotApplicableError: an imported run does not say it, and its device is in no table.
        """
        if run.accelerator is not None:
            return run.accelerator == "cpu"
        name = known(run.device, "no_device")
        kinds = [kind for kind in ("cpu", "gpu") if self.device(name, kind) is not None]
        return known(kinds[0] if len(kinds) == 1 else None, "no_accelerator") == "cpu"

    def processor(self, run: RunRecord) -> Device | None:
        """The processor of a training: of the table, else `metering.cpu_power_w` for the chip."""
        found = self.device(str(run.hardware.get("cpu") or run.device), "cpu")
        given = run.metering.get("cpu_power_w")
        if found is None and given is not None:
            return Device(float(given), int(run.hardware["cpus_machine"]))
        return found


def read_inputs(
    constants: Path, hardware: Path, green_algorithms_intensity: Path, needed: Mapping[str, str]
) -> Inputs:
    """Read the tables of factors.

    Args:
        constants: the table of constants.
        hardware: the table of devices.
        green_algorithms_intensity: Green Algorithms' table of countries.
        needed: the constants that there must be, and their units.

    Raises:
        DataError: a file cannot be read, a constant is missing or a value is wrong; names the
            file, the row and the column.
    """
    values = read_factors(constants, key="constant", numbers=["value"], texts=["unit"])
    in_use = values["constant"].isin(needed)
    require(constants, values, "constant", "constant", in_use, f"one of {', '.join(needed)}")
    for name, unit in needed.items():
        good = (values["constant"] != name) | (values["unit"] == unit)
        require(constants, values, "constant", "unit", good, unit)
    for unit, limits in PLAUSIBLE_BY_UNIT.items():
        of_unit = values.assign(value=values["value"].where(values["unit"] == unit))
        shown = "(PUE)" if unit == "1" else unit
        require_between(constants, of_unit, "constant", "value", limits, shown)
    rows = pd.DataFrame({"constant": list(needed)})
    present = rows["constant"].isin(values["constant"])
    require(constants, rows, "constant", "constant", present, "a row of its own")
    devices = read_factors(
        hardware, key="device", numbers=["tdp_w", "cores"], optional=["cores"], texts=["kind"]
    )
    require_between(hardware, devices, "device", "tdp_w", PLAUSIBLE_W, "W")
    kinds = devices["kind"].isin(["cpu", "gpu"])
    require(hardware, devices, "device", "kind", kinds, "cpu or gpu")
    counted = (devices["kind"] == "cpu") == devices["cores"].notna()
    require(hardware, devices, "device", "cores", counted, "a number for a cpu, nothing for a gpu")
    return Inputs(values, devices, _read_countries(green_algorithms_intensity))


def _read_countries(path: Path) -> pd.DataFrame:
    key, intensity = "country_iso3", "intensity_g_per_kwh"
    countries = read_factors(path, key=key, numbers=[intensity])
    real = countries[key].map(is_country).astype(bool)
    require(path, countries, key, key, real, "an ISO 3166 alpha-3 code, such as FRA")
    unit = "g CO2e per kWh"
    require_between(path, countries, key, intensity, (0.0, HIGHEST_INTENSITY), unit)
    # The first below, as others may be so.
    good = (countries[intensity] >= LOWEST_MEDIAN) | (
        countries[intensity].median() >= LOWEST_MEDIAN
    )
    require(path, countries, key, intensity, good, f"{unit}: those of half of the rows are below 2")
    return countries


def intensity_of(countries: pd.DataFrame, country_iso3: str) -> float | None:
    """The carbon intensity of a country in g CO2e/kWh; None where the table does not know it."""
    found = countries.loc[countries["country_iso3"] == country_iso3, "intensity_g_per_kwh"].dropna()
    return float(found.iloc[0]) if len(found) else None


def thermal_power_w(inputs: Inputs, run: RunRecord) -> float:
    """Thermal design power in W of the device that a training ran on.

    Raises:
        NotApplicableError: the device is in no table; names it and what would help.
    """
    name = known(run.device, "no_device")
    if inputs.on_cpu(run):
        device = inputs.processor(run)
        # That of other machines is not the study's.
        unknown = "device_unknown" if run.window == "imported" else "processor_unknown"
    else:
        device, unknown = inputs.device(name, "gpu"), "device_unknown"
    if device is None:
        raise NotApplicableError(reason(unknown, device=name))
    return device.tdp_w
