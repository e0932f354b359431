"""What a study sets to no purpose: keys that change nothing for its models, and models twice."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ecosobriety.study_config.contradictions import is_command, is_import, training_of
from ecosobriety.study_config.plan import (
    SMALLEST_DECIDED,
    adapts_epochs,
    adds_seeds,
    all_epochs,
    decision_sizes,
    is_sober,
)
from ecosobriety.units import epochs_to_steps

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


def never_stops(config: Mapping[str, Any]) -> str | None:
    """Why a study that grows trains all its sizes, as it can decide at none below the full one."""
    if not is_sober(config) or len(decision_sizes(config)) > 1:
        return None
    sizes = config["grid"]["n_train"]
    alone = adds_seeds(config) or len(config["grid"]["seeds"]) == 1
    hint = ", or with plan.seeds of two or more from the fourth" if alone else ""
    return (
        f"plan.mode sober can stop at none of the sizes below {sizes[-1]}, and trains all: it "
        f"decides from the {'sixth' if alone else 'fourth'} size on{hint}, at "
        f"{SMALLEST_DECIDED} examples or more"
    )


def fixed_epochs(config: Mapping[str, Any]) -> Iterator[str]:
    """For each model that `plan.epochs` adaptive cannot shorten, its name and why.

    What a class of the user's does with its learning rate is not known here.
    """
    if not adapts_epochs(config):
        return
    for model in config["models"]:
        settings = training_of(config, model)
        epochs, every = all_epochs(config, model["name"]), settings["score_epochs"]
        if epochs is None:
            why = "its command holds no {epochs}"
        elif epochs == 1:
            why = "it is trained for 1 epoch"
        elif settings["lr_scheduler"] is not None and not is_command(model):
            why = "its lr_scheduler makes a shorter training another one"
        elif type(every) is int and every >= epochs:
            why = f"score_epochs is {every}, and it is trained for {epochs} epochs"
        else:
            continue
        yield f"{model['name']}: {why}"


def uneven_steps(config: Mapping[str, Any]) -> Iterator[str]:
    """For each model whose sizes take unequal numbers of steps with a budget of steps, why.

    It counts batches, and an epoch ends with a step of its own, of the batches that are left.
    """
    for model in config["models"]:
        settings = training_of(config, model)
        each, batch_size = settings["accumulate_grad_batches"], settings["batch_size"]
        ours = not (is_command(model) or is_import(model))
        if ours and settings["budget"] == "steps" and each > 1:
            for size in config["grid"]["n_train"]:
                if left := epochs_to_steps(1, size, batch_size) % each:
                    yield (
                        f"{model['name']}: with accumulate_grad_batches {each}, an epoch of {size} "
                        f"examples ends with a step of {left} batch{'es' * (left > 1)} alone"
                    )
                    break


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
        if "runs" in own:
            continue  # Whose rows are whose is told apart as they are read.
        training = {**parameters, **own.get("training", {})}
        same = first.setdefault(json.dumps({**own, "training": training}, sort_keys=True), name)
        if same != name:
            yield same, name
