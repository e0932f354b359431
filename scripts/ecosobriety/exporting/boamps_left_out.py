"""Which of BoAmps' fields the records of a study leave out, and why, in one file for all."""

import json
from collections import defaultdict
from collections.abc import Mapping

from ecosobriety.exporting.boamps import absent_fields
from ecosobriety.exporting.disclosure import Disclosed
from ecosobriety.exporting.records import boamps_records
from ecosobriety.texts import Texts

FILE = "boamps_left_out.json"
_REASONS: Mapping[str, str] = {
    "environment.powerSource": "intensity_or_place",
    "environment.powerSourceCarbonIntensity": "intensity_or_place",
    "environment.country": "place",
    "measures.durationCalibrationMeasurement": "baseline",
    "measures.powerCalibrationMeasurement": "baseline",
    "task.algorithms.layersNumber": "network",
    "task.algorithms.optimizer": "optimizer",
    "task.algorithms.parametersNumber": "network",
    "task.dataset.sourceUri": "origin",
    "task.measuredAccuracy": "accuracy",
}
"""Why a field is left out where there is more to say than that the study does not record it."""


def disclose(disclosed: Disclosed) -> dict[str, str]:
    """The file, with its reasons in the first language of the study."""
    text = disclosed.texts[0]
    absent: dict[str, list[str]] = defaultdict(list)
    records = boamps_records(disclosed)
    for name, report in records.items():
        for field in absent_fields(report):
            absent[field].append(name)
    content = {
        "left_out": [
            {
                "field": field,
                "reason": _reason(field, text),
                "records": "all" if len(names) == len(records) else names,
            }
            for field, names in sorted(absent.items())
        ]
    }
    return {FILE: json.dumps(content, ensure_ascii=False, indent=1) + "\n"}


def _reason(field: str, text: Texts) -> str:
    return text(f"disclosure.unknown.{_REASONS.get(field, 'unrecorded')}")


DISCLOSURE = disclose
