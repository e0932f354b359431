"""One training as a BoAmps record, the open format of AI energy reports by Boavizta.

The fields are those of https://github.com/Boavizta/BoAmps/tree/main/model, by way of the data
classes that CodeCarbon ships. What was not recorded is left out, as the format wants it.
"""

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from codecarbon.output_methods.boamps.mapper import BOAMPS_FORMAT_SPEC_URI, BOAMPS_FORMAT_VERSION
from codecarbon.output_methods.boamps.models import (
    BoAmpsAlgorithm,
    BoAmpsDataset,
    BoAmpsEnvironment,
    BoAmpsHardware,
    BoAmpsHeader,
    BoAmpsInfrastructure,
    BoAmpsMeasure,
    BoAmpsReport,
    BoAmpsSoftware,
    BoAmpsSystem,
    BoAmpsTask,
    snake_to_camel,
)

from ecosobriety.exporting.addresses import is_address
from ecosobriety.exporting.network_size import NetworkSize
from ecosobriety.records.adjusted import BASELINE, was_idle
from ecosobriety.records.record import RunRecord
from ecosobriety.study_config.contradictions import NETWORK_NAMES

PARAMETERS_PER_UNIT = 1e9
"""The format counts parameters in billions."""
MIX = "other"
"""What a country's mix is among the format's power sources."""
PUBLIC_DATASETS = ("digits", "mnist", "fashion-mnist")
IMAGE_FOLDER = "image-folder"
"""What the origin of such a folder begins with: its format."""
MB_PER_GB = 1e3
_QUALITY = {"measured": "high", "mixed": "low", "estimated": "low", "imported": None}


def boamps_report(
    run: RunRecord,
    dataset: Mapping[str, Any],
    *,
    mix_g_per_kwh: float | None = None,
    size: NetworkSize | None = None,
    factor: float = 1.0,
) -> dict[str, Any]:
    """Describe one training in BoAmps' fields.

    Energy is IT energy in kWh over the measured window, as in the record, and without a PUE.

    Args:
        run: the training's record.
        dataset: the entry `dataset` of the study's provenance.
        mix_g_per_kwh: carbon intensity of the mix where it was trained; None: not known.
        size: of the network; None: not known.
        factor: by what a calibration scales its energies.

    Returns:
        A report ready for JSON. `quality` is `high` where every component was read by a hardware
        counter, else `low`, which is within 50 %; of an imported run it is left out.
    """
    report = BoAmpsReport(
        header=BoAmpsHeader(
            format_version=BOAMPS_FORMAT_VERSION,
            format_version_specification_uri=BOAMPS_FORMAT_SPEC_URI,
            # An imported run is no attempt of ours.
            report_id=run.attempt or run.identity,
            report_datetime=_moment(run.ended_at),
            report_status="final",
        ),
        task=_task(run, dataset, size),
        measures=[_measure(run, factor)],
        system=_system(run),
        software=_software(run),
        infrastructure=BoAmpsInfrastructure(
            infra_type="other", components=_components(run) or None
        ),
        environment=_environment(run, mix_g_per_kwh),
        quality=_QUALITY[run.energy_quality],
    )
    content: dict[str, Any] = report.to_dict()
    return content


def absent_fields(report: Mapping[str, Any]) -> list[str]:
    """The format's fields that a report leaves out, with dots, such as `environment.location`."""
    return [
        f"{place}.{name}".lstrip(".")
        for place, kind in _PARTS.items()
        for name in map(snake_to_camel, (field.name for field in fields(kind)))
        if any(name not in part for part in _parts(report, place))
    ]


_PARTS: Mapping[str, Any] = {
    "": BoAmpsReport,
    "header": BoAmpsHeader,
    "task": BoAmpsTask,
    "task.algorithms": BoAmpsAlgorithm,
    "task.dataset": BoAmpsDataset,
    "measures": BoAmpsMeasure,
    "system": BoAmpsSystem,
    "software": BoAmpsSoftware,
    "infrastructure": BoAmpsInfrastructure,
    "infrastructure.components": BoAmpsHardware,
    "environment": BoAmpsEnvironment,
}
"""The format's groups of fields, by where a report has them."""


def _parts(report: Mapping[str, Any], place: str) -> list[Mapping[str, Any]]:
    """The groups of a report at a place; none where the group itself is left out."""
    found: list[Any] = [report]
    for name in place.split(".") if place else []:
        inner = (part[name] for part in found if name in part)
        found = [
            part for entry in inner for part in (entry if isinstance(entry, list) else [entry])
        ]
    return found


def _system(run: RunRecord) -> BoAmpsSystem | None:
    """The operating system, without which the format wants no such group."""
    platform = run.hardware.get("platform")
    return None if platform is None else BoAmpsSystem(os=platform)


def _environment(run: RunRecord, mix_g_per_kwh: float | None) -> BoAmpsEnvironment | None:
    """The country, without which the format wants no such group, and its electricity."""
    country = run.metering["country_iso3"]
    if country is None or mix_g_per_kwh is None:
        return None if country is None else BoAmpsEnvironment(country=country)
    return BoAmpsEnvironment(
        country=country, power_source=MIX, power_source_carbon_intensity=mix_g_per_kwh
    )


def _moment(written: str | None) -> str | None:
    if written is None:
        return None
    return datetime.fromisoformat(written).strftime("%Y-%m-%d %H:%M:%S")


def _software(run: RunRecord) -> BoAmpsSoftware | None:
    """The language of the study, or, of an imported run, the one that its table names."""
    version = run.versions.get("python")
    return None if version is None else BoAmpsSoftware(language="python", version=version)


def _data_type(dataset: Mapping[str, Any]) -> str:
    """Of arrays, one cannot see whether they are images, series or anything else."""
    if dataset.get("features") is not None:
        return "tabular"
    read_as_images = str(dataset.get("origin")).startswith(IMAGE_FOLDER)
    return "image" if dataset["name"] in PUBLIC_DATASETS or read_as_images else "other"


def _task(run: RunRecord, dataset: Mapping[str, Any], size: NetworkSize | None) -> BoAmpsTask:
    shape = None if dataset["input_shape"] is None else tuple(dataset["input_shape"])
    return BoAmpsTask(
        task_stage="training",
        task_family=dataset["task"],
        algorithms=[
            BoAmpsAlgorithm(
                training_type="supervisedLearning",
                algorithm_name=run.model,
                **_own_loop(run),
                **_size(size),
            )
        ],
        dataset=[
            BoAmpsDataset(
                data_usage="input",
                data_type=_data_type(dataset),
                data_quantity=run.n_train,
                shape=None if shape is None else str((run.n_train, *shape)),
                source="public" if run.dataset in PUBLIC_DATASETS else "other",
                source_uri=dataset["origin"] if is_address(dataset.get("origin")) else None,
            )
        ],
        measured_accuracy=run.scores.get("accuracy"),
        task_description=f"{run.model} on {run.dataset}, seed {run.seed}",
    )


def _own_loop(run: RunRecord) -> dict[str, Any]:
    """What is known of a training in our own loop, and not of a user's command."""
    if run.window != "fit":
        return {}
    return {
        "algorithm_type": "neural network",
        "framework": "pytorch-lightning",
        "framework_version": run.versions["pytorch-lightning"],
        "epochs_number": run.epochs,
        "quantization": str(run.training["precision"]),
        "optimizer": _optimizer(run),
    }


def _optimizer(run: RunRecord) -> str | None:
    """What updated the weights; a user's own network may bring its own, which no record names."""
    chosen = run.training.get("optimizer")
    if chosen is not None:
        return str(chosen["class_path"]).rpartition(".")[2]
    return "AdamW" if run.training["class_path"] in NETWORK_NAMES else None


def _size(size: NetworkSize | None) -> dict[str, Any]:
    if size is None:
        return {}
    return {
        "parameters_number": size.parameters / PARAMETERS_PER_UNIT,
        "layers_number": size.layers,
    }


def _measure(run: RunRecord, factor: float) -> BoAmpsMeasure:
    # The format calls "calibration" what isolates the idle machine.
    baseline = run.metering.get(BASELINE)
    baseline = baseline if baseline and was_idle(baseline) else None
    imported = run.window == "imported"
    sources = {} if imported else {name: part.source for name, part in run.components.items()}
    return BoAmpsMeasure(
        # The format wants a method: of an imported run without one, where its energy stands.
        measurement_method=run.metering["tool"] or run.energy_source,
        version=run.metering["version"],
        cpu_tracking_mode=sources.get("cpu"),
        gpu_tracking_mode=sources.get("gpu"),
        power_calibration_measurement=baseline and baseline["energy_kwh"] * factor,
        duration_calibration_measurement=baseline and baseline["duration_s"],
        power_consumption=run.energy_kwh * factor,
        measurement_duration=run.train_duration_s,
        measurement_date_time=_moment(run.started_at),
    )


def _components(run: RunRecord) -> list[BoAmpsHardware]:
    seen = run.metering.get("hardware_seen")
    if seen is None:
        return _imported_components(run)
    components = [
        BoAmpsHardware(
            component_type="cpu", component_name=run.hardware["cpu"], nb_component=run.threads
        )
    ]
    if seen["gpu_count"]:
        components.append(
            BoAmpsHardware(
                component_type="gpu",
                component_name=seen["gpu_model"],
                nb_component=int(seen["gpu_count"]),
            )
        )
    # The format wants whole gigabytes.
    memory_gb = round(seen["ram_total_size"])
    components.append(BoAmpsHardware(component_type="ram", nb_component=1, memory_size=memory_gb))
    return components


def _imported_components(run: RunRecord) -> list[BoAmpsHardware]:
    """What the table of an imported run says of the machine."""
    found = [
        BoAmpsHardware(component_type=kind, component_name=run.hardware[kind])
        for kind in ("cpu", "gpu")
        if run.hardware.get(kind)
    ]
    memory_mb = run.hardware.get("memory_mb")
    if memory_mb is not None:
        memory_gb = round(memory_mb / MB_PER_GB)
        found.append(BoAmpsHardware(component_type="ram", nb_component=1, memory_size=memory_gb))
    return found
