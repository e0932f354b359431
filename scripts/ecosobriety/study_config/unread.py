"""What a study sets to no purpose: keys of `training` that no model takes, and models twice."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ecosobriety.study_config.contradictions import is_command, is_import

_OF_NETWORKS = (
    *("epochs", "batch_size", "learning_rate", "optimizer", "lr_scheduler", "gradient_clip_val"),
    *("accumulate_grad_batches", "budget", "precision", "score_epochs"),
)


def unread_training(config: Mapping[str, Any], schema: Mapping[str, Any]) -> list[str]:
    """The keys that are set to something else than their default, for networks that are not there.

    Args:
        config: the completed configuration.
        schema: that of a study.
    """
    if not all(is_command(model) or is_import(model) for model in config["models"]):
        return []
    known = schema["properties"]["training"]["properties"]
    asked = any("{epochs}" in (model.get("command") or "") for model in config["models"])
    return [
        f"training.{key}"
        for key in _OF_NETWORKS
        if config["training"][key] != known[key]["default"] and not (key == "epochs" and asked)
    ]


def equal_models(
    models: Mapping[str, Mapping[str, Any]], parameters: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    """The names of two models whose trainings are the same, however their settings are written.

    Args:
        models: `config.model_parameters`, by name.
        parameters: `config.training_parameters`.
    """
    first: dict[str, str] = {}
    for name, own in models.items():
        training = {**parameters, **own.get("training", {})}
        same = first.setdefault(json.dumps({**own, "training": training}, sort_keys=True), name)
        if same != name:
            yield same, name
