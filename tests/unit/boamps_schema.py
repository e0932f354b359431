"""The fields of BoAmps 1.1 as its JSON schemas have them: types, allowed values, what is required.

Names are CodeCarbon's, whose data classes are the format's field list.
"""

from collections.abc import Iterable
from typing import Any

TEXT, NUMBER, WHOLE = {"type": "string"}, {"type": "number"}, {"type": "integer"}
SHARE = {"type": "number", "minimum": 0, "maximum": 1}


def one_of(*values: str) -> dict[str, Any]:
    return {"enum": list(values)}


def group(required: Iterable[str] = (), **fields: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": fields,
        "required": list(required),
        "additionalProperties": False,
    }


def several(of: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "minItems": 1, "items": of}


ALGORITHM = group(
    trainingType=TEXT,
    algorithmType=TEXT,
    algorithmName=TEXT,
    algorithmUri=TEXT,
    parametersNumber=NUMBER,
    framework=TEXT,
    frameworkVersion=TEXT,
    classPath=TEXT,
    layersNumber=NUMBER,
    epochsNumber=NUMBER,
    optimizer=TEXT,
    quantization=TEXT,
)
DATASET = group(
    ("dataUsage", "dataType"),
    dataUsage=one_of("input", "output"),
    dataType=one_of("tabular", "audio", "image", "video", "text", "token", "other"),
    dataQuantity=NUMBER,
    shape=TEXT,
    source=one_of("public", "private", "other"),
    sourceUri=TEXT,
)
MEASURE = group(
    ("measurementMethod", "powerConsumption"),
    measurementMethod=TEXT,
    version=TEXT,
    cpuTrackingMode=TEXT,
    gpuTrackingMode=TEXT,
    powerCalibrationMeasurement=NUMBER,
    durationCalibrationMeasurement=NUMBER,
    powerConsumption=NUMBER,
    measurementDuration=NUMBER,
    measurementDateTime={"type": "string", "pattern": r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$"},
)
COMPONENT = group(
    ("componentType", "nbComponent"),
    componentName=TEXT,
    componentType=TEXT,
    nbComponent=WHOLE,
    memorySize=WHOLE,
)
ENVIRONMENT = group(
    country=TEXT,
    powerSource=one_of("solar", "wind", "nuclear", "hydroelectric", "gas", "coal", "other"),
    powerSourceCarbonIntensity=NUMBER,
)
REPORT = group(
    ("task", "measures", "infrastructure"),
    header=group(
        formatVersion=TEXT,
        formatVersionSpecificationUri=TEXT,
        reportId=TEXT,
        reportDatetime=TEXT,
        reportStatus=one_of("draft", "final", "corrective", "other"),
    ),
    task=group(
        ("taskStage", "taskFamily", "algorithms", "dataset"),
        taskStage=TEXT,
        taskFamily=TEXT,
        algorithms=several(ALGORITHM),
        dataset=several(DATASET),
        measuredAccuracy=SHARE,
        taskDescription=TEXT,
    ),
    measures=several(MEASURE),
    system=group(("os",), os=TEXT),
    software=group(("language",), language=TEXT, version=TEXT),
    infrastructure=group(
        ("infraType",),
        infraType=one_of("publicCloud", "privateCloud", "onPremise", "other"),
        components=several(COMPONENT),
    ),
    environment=ENVIRONMENT,
    quality=one_of("high", "medium", "low"),
)
