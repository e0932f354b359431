"""Whether a study's figures may be put beside another's, and if not, why not.

Scores compare on the same data and by the same metric; energies on the same data where the same
kind of meter gave them. Two power models on two machines compare assumptions, not machines.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ecosobriety.records.adjusted import factor_in
from ecosobriety.studies.finished import Finished
from ecosobriety.tables import GRID_SOURCE

OF_A_CONSTANT_GUESS = ("baseline_not_beaten", "margin_too_wide")
"""Why a study has no answer that a constant guess would not give, too."""
REMARKS = (
    *OF_A_CONSTANT_GUESS,
    *("data", "declared", "metric", "no_common_size", "no_answer"),
    *(
        "imported",
        "quality",
        "window",
        "no_duration",
        "calibration",
        "power_models",
        "partly_modelled",
    ),
    *("components", "disturbed", "edition", "intensity", "currency", "price", "retail"),
)
"""Why figures may not be compared, or only with care."""
CAUTIONS = (*OF_A_CONSTANT_GUESS, "declared", "disturbed", "partly_modelled", "components")
"""Remarks with which figures may be compared, with care."""
_SAME_METRIC = ("name", "higher_is_better", "unit")


@dataclass(frozen=True)
class Allowed:
    """Whether figures may be compared, and the remark on it; None: without reserve."""

    remark: str | None = None

    @property
    def may_be(self) -> bool:
        """Whether a ratio is given."""
        return self.remark is None or self.remark in CAUTIONS


def scores_compare(study: Finished, baseline: Finished) -> Allowed:
    """Whether the scores of two studies compare."""
    if remark := _other_data(study, baseline):
        return Allowed(remark)
    ours, theirs = study.metric, baseline.metric
    if any(getattr(ours, part) != getattr(theirs, part) for part in _SAME_METRIC):
        return Allowed("metric")
    return Allowed("declared" if study.intake.declared else None)


def questions_agree(study: Finished, baseline: Finished) -> bool:
    """Whether both ask the same of a size that is enough: metric, margin and confidence."""
    keys = ("metric", "margin", "confidence")
    return all(study.recommendation[key] == baseline.recommendation[key] for key in keys)


def energies_compare(study: Finished, model: str, baseline: Finished, other: str) -> Allowed:
    """Whether the energies of a study's model compare with those of the baseline's.

    Args:
        study: the study.
        model: its model.
        baseline: the study that it is compared with.
        other: the baseline's model.
    """
    if remark := _other_data(study, baseline):
        return Allowed(remark)
    ours, theirs = _meter(study, model), _meter(baseline, other)
    if "imported" in ours.qualities | theirs.qualities and study.name != baseline.name:
        return Allowed("imported")
    for remark, differs in (
        ("quality", ours.qualities != theirs.qualities),
        ("window", ours.window != theirs.window),
        ("calibration", ours.calibrated != theirs.calibrated),
    ):
        if differs:
            return Allowed(remark)
    elsewhere = ours.machine != theirs.machine or ours.settings != theirs.settings
    if elsewhere and ours.qualities == {"estimated"} and not ours.calibrated:
        return Allowed("power_models")
    if _disturbed(study, baseline):
        return Allowed("disturbed")
    if elsewhere and ours.qualities != {"measured"}:
        return Allowed("partly_modelled")
    return Allowed("components" if ours.components != theirs.components else None)


def durations_compare(study: Finished, model: str, baseline: Finished, other: str) -> Allowed:
    """Whether durations compare: of the same data, and from the same beginning to the same end."""
    if remark := _other_data(study, baseline):
        return Allowed(remark)
    sides = ((study, model), (baseline, other))
    durations = (one.runs.loc[one.runs["model"] == of, "train_duration_s"] for one, of in sides)
    if any(known.isna().all() for known in durations):
        return Allowed("no_duration")
    windows = {_meter(study, model).window, _meter(baseline, other).window}
    if len(windows) > 1:
        return Allowed("window")
    return Allowed("disturbed" if _disturbed(study, baseline) else None)


def emissions_compare(energies: Allowed, study: Finished, baseline: Finished) -> Allowed:
    """Whether emissions compare: energies do, and both carbon intensities are of one table."""
    if not energies.may_be:
        return energies
    tables = [one.provenance["country_data"]["sha256"] for one in (study, baseline)]
    return energies if tables[0] == tables[1] else Allowed("edition")


def costs_compare(
    energies: Allowed, study: Finished, baseline: Finished, source: str | None
) -> Allowed:
    """Whether the cost of electricity compares: one currency, one table of prices, one source."""
    if not energies.may_be:
        return energies
    if source is None:
        return Allowed("price")
    if source == GRID_SOURCE and at_retail(study) != at_retail(baseline):
        return Allowed("retail")
    costs = [one.config["cost"] for one in (study, baseline)]
    if source == GRID_SOURCE and study.country == baseline.country:
        mixes = [cost.get("grid_price_per_kwh", {}).get(study.country) for cost in costs]
        if costs[0]["currency"] == costs[1]["currency"] and mixes[0] != mixes[1]:
            return Allowed("mix_price")
    prices = [one.provenance["factors"]["source_cost.csv"] for one in (study, baseline)]
    if costs[0]["currency"] != costs[1]["currency"]:
        return Allowed("currency")
    same = prices[0] == prices[1] and costs[0]["usd_per_unit"] == costs[1]["usd_per_unit"]
    return energies if same else Allowed("edition")


def at_retail(study: Finished) -> bool:
    """Whether the study's own mix has the price that consumers pay, and none of its file."""
    prices = study.provenance.get("consumer_prices") or []
    return study.country in {price["country_iso3"] for price in prices}


def pairs_by_seed(study: Finished, baseline: Finished) -> bool:
    """Whether a seed stands for the same subset of the same data in both."""
    return _other_data(study, baseline) is None


@dataclass(frozen=True)
class _Meter:
    qualities: frozenset[str]
    window: str | None
    calibrated: bool
    machine: frozenset[str]
    settings: tuple[Any, ...]
    components: frozenset[str]


def _meter(study: Finished, model: str) -> _Meter:
    runs = study.runs[study.runs["model"] == model]
    metering = study.config["metering"]
    return _Meter(
        qualities=frozenset(map(str, runs["energy_quality"])),
        window=study.provenance["trainings"]["windows"].get(model),
        calibrated=factor_in(runs) != 1,
        machine=frozenset(map(_machine, study.provenance["hardware"])),
        settings=(metering["cpu_power_w"], metering["ram_power_w"]),
        components=frozenset(
            name
            for parts in study.provenance["components"]
            for name, part in parts.items()
            if part["quality"] is not None
        ),
    )


def _machine(hardware: Mapping[str, Any]) -> str:
    """What tells two machines apart for a power model."""
    names = ("cpu", "cpus_machine", "memory_mb", "gpu", "device", "accelerator")
    found = {name: hardware.get(name) for name in names}
    # Two boots of one machine may see some pages more or less.
    memory_mb = found["memory_mb"]
    found["memory_mb"] = None if memory_mb is None else round(memory_mb / 1024)
    return str(found)


def _disturbed(*studies: Finished) -> bool:
    """Whether other work on the machine lengthened trainings, and took energy in their windows."""
    return any(study.provenance["trainings"]["disturbed"] for study in studies)


def _other_data(study: Finished, baseline: Finished) -> str | None:
    ours, theirs = (one.provenance["dataset"] for one in (study, baseline))
    alike = ["test_examples", "task"]
    # Nobody has read these: what they are called is all that is known.
    if study.intake.declared and baseline.intake.declared:
        alike.append("name")
    same = _identity(ours) == _identity(theirs) and all(ours[key] == theirs[key] for key in alike)
    return None if same else "data"


def _identity(data: Mapping[str, Any]) -> str:
    """The digest of the data's content; of declared data, what tells one declaration from another.

    These have no digest, and an older provenance calls it one.
    """
    return str(data["sha256" if "sha256" in data else "identity"])
