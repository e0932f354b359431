"""Settings that are written and that no model takes are named."""

from pathlib import Path
from typing import Any

import module_classes
import pytest
import yaml
from config_cases import SCHEMA, complete, put

from ecosobriety.study_config.config import model_parameters, training_parameters
from ecosobriety.study_config.unread import (
    equal_models,
    fixed_epochs,
    never_stops,
    uneven_steps,
    unread_training,
)
from ecosobriety.training.foreseen import unread_settings

COMMAND = {"name": "mine", "command": "python t.py {subset} {result}"}
SET = {"learning_rate": 0.1, "epochs": 50, "gradient_clip_val": 1.0, "process": "size"}


def unread(models: list[Any], training: dict[str, Any]) -> list[str]:
    config = complete({**put(("models",), models), "training": training})
    return unread_training(config, yaml.safe_load(SCHEMA.read_text()))


def test_settings_of_networks_are_named_where_all_models_are_commands() -> None:
    keys = ["training.epochs", "training.learning_rate", "training.gradient_clip_val"]
    assert unread([COMMAND], SET) == keys
    asking = {**COMMAND, "name": "asking", "command": f"{COMMAND['command']} {{epochs}}"}
    assert unread([COMMAND, asking], SET) == keys[1:]
    assert unread([COMMAND, {"name": "mlp"}], SET) == unread([COMMAND], {"process": "size"}) == []
    assert unread([COMMAND], {"epochs": 10, "learning_rate": 0.001}) == []


def test_models_that_have_all_their_epochs_anyway_are_named() -> None:
    schedule = {"class_path": "torch.optim.lr_scheduler.StepLR", "init_args": {"step_size": 1}}
    asking = {**COMMAND, "name": "asking", "command": f"{COMMAND['command']} {{epochs}}"}
    models = [
        {"name": "mlp"},
        {"name": "linear", "training": {"epochs": 1}},
        {"name": "falling", "class_path": "mlp", "training": {"lr_scheduler": schedule}},
        {"name": "short", "class_path": "mlp", "training": {"epochs": 4}},
        *(COMMAND, asking),
    ]

    def fixed(plan: Any, **training: Any) -> list[str]:
        written = {**put(("models",), models), "plan": plan, "training": training}
        written["grid"] = {}
        return [*fixed_epochs(complete(written))]

    adaptive = {"mode": "sober", "epochs": "adaptive", "full_n_train": 1400}
    why = [
        "linear: it is trained for 1 epoch",
        "falling: its lr_scheduler makes a shorter training another one",
        "mine: its command holds no {epochs}",
    ]
    assert fixed(adaptive, epochs=5) == why
    rarely = "short: score_epochs is 4, and it is trained for 4 epochs"
    assert fixed(adaptive, epochs=5, score_epochs=4) == [*why[:2], rarely, why[2]]
    assert fixed({**adaptive, "epochs": "all"}, epochs=5) == []


def test_a_plan_that_can_decide_at_no_size_is_named() -> None:
    def said(full: int, seeds: Any) -> str | None:
        plan = {"mode": "sober", "full_n_train": full, "seeds": seeds}
        return never_stops(complete({**put(("plan",), plan), "grid": {}}))

    # 64, 128, 256, 512 and 1,400; with one seed, it decides from the sixth size on.
    assert "below 1400, and trains all: it decides from the sixth size" in (
        said(1400, "adaptive") or ""
    )
    assert said(1400, [1]) == said(1400, "adaptive")
    assert said(1400, [1, 2, 3]) is None
    assert "from the fourth size on, at 512" in (said(700, [1, 2]) or "")
    assert never_stops(complete(put(("plan",), {"mode": "exhaustive"}))) is None


def test_sizes_that_differ_in_steps_with_a_budget_of_steps_are_named() -> None:
    def uneven(sizes: list[int], **training: Any) -> list[str]:
        written = put(("grid", "n_train"), sizes)
        settings = {"batch_size": 32, "budget": "steps", "accumulate_grad_batches": 4, **training}
        return [*uneven_steps(complete({**written, "training": settings}))]

    # 4, 8 and 44 batches; 1,400 examples are 43.75.
    assert uneven([128, 256, 1400]) == []
    (said,) = uneven([100, 160, 1400], accumulate_grad_batches=8)
    assert said.endswith("an epoch of 100 examples ends with a step of 4 batches alone")
    assert uneven([100, 1400], accumulate_grad_batches=1) == []
    assert uneven([100, 1400], accumulate_grad_batches=8, budget="epochs") == []


def equal(*models: Any) -> list[tuple[str, str]]:
    config = complete({**put(("models",), [*models]), "training": {"epochs": 5}})
    own = {model["name"]: model_parameters(config, model["name"], Path()) for model in models}
    return [*equal_models(own, training_parameters(config))]


def test_models_whose_settings_are_the_same_are_named_however_they_are_written() -> None:
    wide = {"name": "wide", "class_path": "mlp"}
    assert equal({"name": "mlp"}, wide) == [("mlp", "wide")]
    again = {"training": {"epochs": 5}, "init_args": {"hidden": [256]}}
    assert equal({"name": "mlp"}, {**wide, **again}) == [("mlp", "wide")]
    assert equal(COMMAND, {**COMMAND, "name": "other"}) == [("mine", "other")]
    # Of one table, each has the rows of its name.
    shared = {"runs": "runs.csv", "columns": {}}
    assert not [*equal_models({"one": shared, "two": shared}, {})]
    for differing in ({"training": {"epochs": 6}}, {"init_args": {"hidden": [64]}}):
        assert equal({"name": "mlp"}, {**wide, **differing}) == []
    assert equal(COMMAND, {"name": "mlp"}, {**COMMAND, "name": "other", "shell": "bash"}) == []


@pytest.mark.parametrize(
    ("name", "alone", "parameters", "said"),
    [
        ("Plain", True, {"optimizer": {"class_path": "a.B"}, "gradient_clip_val": 1}, "have no"),
        ("Plain", True, {"accumulate_grad_batches": 4}, "training.accumulate_grad_batches has no"),
        ("Plain", True, {"learning_rate": 0.1}, None),
        ("Plain", True, {"gradient_clip_val": 1.0, "accumulate_grad_batches": 1}, "val has no"),
        ("Plain", True, {"optimizer": None, "accumulate_grad_batches": 1}, None),
        ("Plain", False, {"gradient_clip_val": 1}, None),
        ("Net", True, {"gradient_clip_val": 1}, None),
    ],
)
def test_settings_of_the_studys_loop_are_named_for_a_module_alone(
    name: str, alone: bool, parameters: dict[str, Any], said: str | None
) -> None:
    path = f"{module_classes.__name__}.Plain" if name == "Plain" else "torch.nn.Linear"
    about = {"alone": alone, "parameters": {f"training.{k}": v for k, v in parameters.items()}}
    found = unread_settings({"class_path": path, "init_args": {}}, about)
    assert len(found) == (said is not None)
    assert said is None or said in found[0]
