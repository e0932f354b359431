"""One training as a BoAmps record, the open format of AI energy reports by Boavizta.

The fields are those of https://github.com/Boavizta/BoAmps/tree/main/model, by way of the data
classes that CodeCarbon ships. What was not recorded is left out, as the format wants it.
"""

from collections.abc import Mapping
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
)

from ecosobriety.records.record import RunRecord

PUBLIC_DATASETS = ("digits", "mnist", "fashion-mnist")
IMAGE_DIMENSIONS = 2


def boamps_report(run: RunRecord, dataset: Mapping[str, Any]) -> dict[str, Any]:
    """Describe one training in BoAmps' fields.

    Energy is IT energy in kWh over the measured window, as in the record, and without a PUE.

    Args:
        run: the training's record.
        dataset: the entry `dataset` of the study's provenance.

    Returns:
        A report ready for JSON. `quality` is `high` where every component was read by a hardware
        counter, else `low`, which is within 50 %.
    """
    moment = datetime.fromisoformat(run.ended_at).strftime("%Y-%m-%d %H:%M:%S")
    report = BoAmpsReport(
        header=BoAmpsHeader(
            format_version=BOAMPS_FORMAT_VERSION,
            format_version_specification_uri=BOAMPS_FORMAT_SPEC_URI,
            report_id=run.attempt,
            report_datetime=moment,
            report_status="final",
        ),
        task=_task(run, dataset),
        measures=[_measure(run)],
        system=BoAmpsSystem(os=str(run.hardware["platform"])),
        software=BoAmpsSoftware(language="python", version=run.versions["python"]),
        infrastructure=BoAmpsInfrastructure(infra_type="other", components=_components(run)),
        environment=BoAmpsEnvironment(country=str(run.metering["country_iso3"])),
        quality="high" if run.energy_quality == "measured" else "low",
    )
    content: dict[str, Any] = report.to_dict()
    return content


def _task(run: RunRecord, dataset: Mapping[str, Any]) -> BoAmpsTask:
    shape = None if dataset["input_shape"] is None else tuple(dataset["input_shape"])
    # Of data that the study has not read, nothing is known but their number.
    kind = "other"
    if shape is not None:
        kind = "image" if len(shape) >= IMAGE_DIMENSIONS else "tabular"
    return BoAmpsTask(
        task_stage="training",
        task_family=dataset["task"],
        algorithms=[
            BoAmpsAlgorithm(
                training_type="supervisedLearning",
                algorithm_name=run.model,
                **_own_loop(run),
            )
        ],
        dataset=[
            BoAmpsDataset(
                data_usage="input",
                data_type=kind,
                data_quantity=run.n_train,
                shape=None if shape is None else str((run.n_train, *shape)),
                source="public" if run.dataset in PUBLIC_DATASETS else "other",
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
    }


def _measure(run: RunRecord) -> BoAmpsMeasure:
    started = datetime.fromisoformat(run.started_at)
    cpu, gpu = run.components["cpu"], run.components["gpu"]
    return BoAmpsMeasure(
        measurement_method="codecarbon",
        version=str(run.metering["version"]),
        cpu_tracking_mode=cpu.source,
        gpu_tracking_mode=gpu.source,
        power_consumption=run.energy_kwh,
        measurement_duration=run.train_duration_s,
        measurement_date_time=started.strftime("%Y-%m-%d %H:%M:%S"),
    )


def _components(run: RunRecord) -> list[BoAmpsHardware]:
    seen = run.metering["hardware_seen"]
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
