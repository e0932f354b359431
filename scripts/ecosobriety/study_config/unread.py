"""Keys of `training` that a study sets and that none of its models takes."""

from collections.abc import Mapping
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
