"""The Green Software Foundation's Software Carbon Intensity for AI, on the provider's side.

SCI = (operational + embodied emissions) per functional unit, here per FLOP, and per training beside
it: https://sci-for-ai.greensoftware.foundation. Intermediate runs and failed attempts count in the
study's own emissions; its FLOP are effective, those of trainings that ended.
"""

import json
from collections.abc import Sequence
from typing import Any

from ecosobriety.exporting.amounts import (
    ModelAmounts,
    Training,
    Whole,
    added,
    per,
)
from ecosobriety.exporting.disclosure import Disclosed, left_out, untrained

FILE = "sci_ai.json"
SPECIFICATION = "https://sci-for-ai.greensoftware.foundation"
INCLUDED = ("training", "evaluation", "intermediate_runs", "failed_attempts")
ASKED = {
    **{"embodied": "embodied_g, total_g, sci_g_per_flop", "intensity": "operational_g"},
    **{"contract": "market_based_operational_g", "failed": "failed_kwh", "flop": "flop"},
    **{"evaluation": "evaluation_kwh", "sufficient": "per_training.sufficient"},
}
EXCLUDED = ("data_engineering", "system_integration", "end_of_life", "storage", "network")


def disclose(disclosed: Disclosed) -> dict[str, str]:
    """The file of all models, with its reasons in the first language of the study."""
    text = disclosed.texts[0]
    models = [_model(model) for model in disclosed.models]
    content = {
        "specification": SPECIFICATION,
        "study": disclosed.study.config["study"],
        "title": disclosed.title(text),
        "boundary": {
            "persona": "provider",
            "stage": "model training",
            "included": list(INCLUDED),
            "excluded": list(EXCLUDED),
        },
        "flop": "effective",
        "embodied": "trainings that ended",
        "models": models,
        "study_total": _total([model["study"] for model in models]),
        "left_out": [
            {"field": item.field, "reason": item.reason}
            for item in (
                *untrained(disclosed, "models", text),
                *left_out(disclosed.models, ASKED, text),
            )
        ],
    }
    return {FILE: json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False) + "\n"}


def _model(model: ModelAmounts) -> dict[str, Any]:
    electricity = model.electricity
    return {
        "model": model.case.model,
        "dataset": model.case.dataset,
        "energy_quality": model.case.energy_quality,
        "electricity": {
            "country_iso3": electricity.country,
            "location_based_g_per_kwh": electricity.g_per_kwh,
            "year": electricity.year,
            "market_based_g_per_kwh": electricity.contract,
            "pue": electricity.pue,
        },
        "per_training": {
            "reference": _training(model, model.reference),
            "sufficient": None if model.sufficient is None else _training(model, model.sufficient),
        },
        "study": _study(model, model.whole),
    }


def _training(model: ModelAmounts, training: Training) -> dict[str, Any]:
    return {
        "n_train": training.n_train,
        "mean_of": training.seeds,
        "training_kwh": training.energy_kwh,
        "evaluation_kwh": training.evaluation_kwh,
        **_score(
            model, training.energy_kwh, training.evaluation_kwh, training.duration_s, training.flop
        ),
    }


def _study(model: ModelAmounts, whole: Whole) -> dict[str, Any]:
    return {
        "trainings": whole.trainings,
        "training_kwh": whole.trained_kwh,
        "failed_kwh": whole.failed_kwh,
        "beside_plan_kwh": whole.beside_plan_kwh,
        "forecast_kwh": whole.forecast_kwh,
        "trackers_kwh": whole.trackers_kwh,
        "evaluation_kwh": whole.evaluation_kwh,
        **_score(model, whole.energy_kwh, whole.evaluation_kwh, whole.duration_s, whole.flop),
    }


def _score(
    model: ModelAmounts,
    training_kwh: float,
    evaluation_kwh: float | None,
    duration_s: float | None,
    flop: float | None,
) -> dict[str, Any]:
    """Operational and embodied emissions, their sum, and both per FLOP.

    Evaluation of unknown energy (a command's is part of its own) adds nothing, and is listed.
    """
    energy_kwh = training_kwh + (evaluation_kwh or 0.0)
    operational, embodied = model.electricity.emissions_g(energy_kwh), model.embodied_g(duration_s)
    total = added(operational, embodied)
    return {
        "operational_g": operational,
        "market_based_operational_g": model.electricity.market_g(energy_kwh),
        "embodied_g": embodied,
        "total_g": total,
        "flop": flop,
        "operational_g_per_flop": per(operational, flop),
        "sci_g_per_flop": per(total, flop),
    }


def _total(studies: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """All models together; null where one of them is not known."""
    sums = {
        name: added(*(study[name] for study in studies))
        for name in ("operational_g", "embodied_g", "total_g", "flop")
    }
    return {
        "trainings": sum(study["trainings"] for study in studies),
        **sums,
        "operational_g_per_flop": per(sums["operational_g"], sums["flop"]),
        "sci_g_per_flop": per(sums["total_g"], sums["flop"]),
    }


DISCLOSURE = disclose
