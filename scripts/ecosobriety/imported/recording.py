"""The record of a run that existed already: what its table says, and where that stands."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ecosobriety.imported.energies import Energy
from ecosobriety.imported.roles import PARTS
from ecosobriety.imported.runs import ImportedRun, ImportSpec, Key
from ecosobriety.imported.sheet import read_bytes
from ecosobriety.reasons import reason
from ecosobriety.records.measured import Measured
from ecosobriety.records.record import Component, RunRecord

GIB_IN_MB = 1024**3 / 1e6
"""CodeCarbon states memory in GiB, and a record in MB (10^6 bytes)."""
_MAY_LACK = (
    *("epochs", "steps", "batch_size", "test_loss", "eval_energy_kwh", "flop_forward"),
    *("flop_train", "device", "accelerator", "threads", "peak_memory_mb", "started_at"),
    *("ended_at", "train_duration_s", "short_window", "attempt", "other_cpu_share"),
)
_GRAPHICS = "cuda"


@dataclass(frozen=True)
class Origin:
    """What the records of a model's runs share.

    Attributes:
        spec: the model, and its files.
        digest: of the files' content.
        dataset_sha256: of the study's data.
        code_fingerprint: of the code that read them.
    """

    spec: ImportSpec
    digest: str
    dataset_sha256: str
    code_fingerprint: str


def content_digest(spec: ImportSpec, folder: Path) -> str:
    """Digest of what the files of a model hold.

    Raises:
        RunsError: one cannot be read.
    """
    digest = hashlib.sha256()
    for key, path in (("runs", spec.runs), ("emissions", spec.emissions)):
        if path is not None:
            digest.update(hashlib.sha256(read_bytes(key, path, folder)).digest())
    return digest.hexdigest()[:16]


def imported_records(
    runs: Mapping[Key, ImportedRun], origin: Origin, identity: Callable[[Key], str]
) -> dict[Key, RunRecord]:
    """The records of all runs of a model, by size and seed.

    Args:
        runs: what was read.
        origin: what they share.
        identity: gives the identity of a run.
    """
    return {key: _record(key, run, origin, identity(key)) for key, run in runs.items()}


def _record(key: Key, run: ImportedRun, origin: Origin, identity: str) -> RunRecord:
    further, facts = dict(run.further), {} if run.metered is None else dict(run.metered.facts)
    source = further.pop("energy_source", None)
    machine = _machine(facts)
    fields: dict[str, Any] = dict.fromkeys(name for name in _MAY_LACK)
    measured = _measured(run, origin.spec, source)
    fields |= measured.fields() | {name: machine[name] for name in ("device", "accelerator")}
    fields |= further
    if run.epochs:
        fields["epochs"] = fields["epochs"] or float(run.epochs[-1].epoch + 1)
    missing = {name: reason("not_in_table") for name, value in fields.items() if value is None} | {
        f"test_{name}": reason("not_in_table") for name, v in run.scores.items() if v is None
    }
    missing |= {} if run.epochs else {"epoch_log": reason("not_in_table")}
    if not missing.keys() & {"device", "accelerator"} and not machine["hardware"]:
        graphics = fields["accelerator"] != "cpu"
        machine["hardware"] = {"gpu" if graphics else "cpu": fields["device"]}
    return RunRecord(
        dataset=origin.spec.dataset,
        model=origin.spec.model,
        n_train=key[0],
        seed=key[1],
        scores=dict(run.scores),
        lost_energy_kwh=run.lost_kwh,
        identity=identity,
        window="imported",
        missing=missing,
        epoch_log=list(run.epochs),
        training=_place(run, origin.spec, source),
        metering=_meter(origin, facts),
        hardware=machine["hardware"],
        job={},
        versions={
            name: str(facts[key])
            for name, key in (("python", "python_version"), ("codecarbon", "codecarbon_version"))
            if facts.get(key)
        },
        dataset_sha256=origin.dataset_sha256,
        code_fingerprint=origin.code_fingerprint,
        **fields,
    )


def _measured(run: ImportedRun, spec: ImportSpec, source: str | None) -> Measured:
    energy: Energy = run.energy
    tool = source
    file, place = spec.runs, run.place
    if run.metered is not None:
        version = run.metered.facts["codecarbon_version"]
        tool = f"CodeCarbon {version}" if version else "CodeCarbon"
        file, place = str(spec.emissions), run.metered.place
    cpu_kwh, gpu_kwh, ram_kwh = (energy.parts[name] for name in PARTS)
    return Measured(
        energy_kwh=energy.kwh,
        cpu_kwh=cpu_kwh,
        gpu_kwh=gpu_kwh,
        ram_kwh=ram_kwh,
        quality="imported",
        source=f"{file}, row {place + 1}" + (f" ({tool})" if tool else ""),
        duration_s=energy.duration_s,
        started_at=None,
        ended_at=None,
        other_cpu_share=None,
        components={
            name: Component(quality="imported", source=tool)
            for name, kwh in (("cpu", cpu_kwh), ("gpu", gpu_kwh), ("ram", ram_kwh))
            if kwh is not None
        },
    )


def _place(run: ImportedRun, spec: ImportSpec, source: str | None) -> dict[str, Any]:
    """Where the run stands, and how its energy was obtained."""
    place = {"runs": spec.runs, "row": run.place + 1, "energy": run.energy.how, "tool": source}
    if run.metered is None:
        return place
    names = ("run_id", "experiment_id", "project_name", "timestamp", "tracking_mode", "pue")
    return place | {
        "tool": "CodeCarbon",
        "emissions": spec.emissions,
        "emissions_row": run.metered.place + 1,
        **{name: run.metered.facts[name] for name in names},
    }


def _meter(origin: Origin, facts: Mapping[str, Any]) -> dict[str, Any]:
    spec = origin.spec
    return {
        "tool": "codecarbon" if facts else None,
        "version": facts.get("codecarbon_version"),
        "country_iso3": facts.get("country_iso_code"),
        "imported_from": [path for path in (spec.runs, spec.emissions) if path is not None],
        "content_sha256": origin.digest,
    }


def _machine(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The machine that CodeCarbon describes.

    On one with a graphics processor either may have trained. Its cpu_count is that of the
    processors that the system shows.
    """
    if not facts:
        return {"device": None, "accelerator": None, "hardware": {}}
    memory, cpus = facts["ram_total_size"], facts["cpu_count"]
    without_gpu = not facts["gpu_count"] and not facts["gpu_model"]
    return {
        "device": facts["cpu_model"] if without_gpu else None,
        "accelerator": "cpu" if without_gpu and facts["cpu_model"] else None,
        "hardware": {
            "platform": facts["os"],
            "cpu": facts["cpu_model"],
            "cpus_machine": None if cpus is None else int(cpus),
            "memory_mb": None if memory is None else memory * GIB_IN_MB,
            "gpu": facts["gpu_model"],
        },
    }
