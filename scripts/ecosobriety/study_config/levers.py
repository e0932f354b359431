"""Which lever each model of a study is: in what it differs from the first, the reference."""

from collections.abc import Mapping
from typing import Any

from ecosobriety.study_config.contradictions import training_of

REFERENCE, MODEL, SEVERAL = "reference", "model", "several"


def lever_of_models(config: Mapping[str, Any]) -> dict[str, str]:
    """The lever of each model, in the order of `models`.

    Args:
        config: the completed configuration.

    Returns:
        By name: `reference` for the first; `model` for another network, command or table of runs;
        the key of `models[].training` in which alone it is trained otherwise, such as `precision`;
        `several` where it differs in more than one respect.
    """
    first, *others = config["models"]
    reference = _respects(config, first)
    levers = {first["name"]: REFERENCE}
    for model in others:
        own = _respects(config, model)
        changed = [respect for respect in own if own[respect] != reference[respect]]
        # The same network twice, under two names, is another model: only the name differs.
        levers[model["name"]] = SEVERAL if len(changed) > 1 else changed[0] if changed else MODEL
    return levers


def levers_by_reference(config: Mapping[str, Any]) -> list[dict[str, str]]:
    """`lever_of_models` with each model as the reference, of itself and the models after it."""
    models = config["models"]
    return [lever_of_models({**config, "models": models[i:]}) for i in range(len(models))]


def _respects(config: Mapping[str, Any], model: Mapping[str, Any]) -> dict[str, Any]:
    """What a model can differ in: the model itself, and each setting of its training."""
    kept = {key: value for key, value in model.items() if key not in ("name", "training")}
    # A network that comes along may be called by its name alone.
    kept["class_path"] = model.get("class_path") or model["name"]
    return {MODEL: kept, **training_of(config, model)}
