"""An optimiser and a scheduler of its learning rate, written as Lightning's CLI writes them."""

import inspect
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ecosobriety.errors import ConfigError, one_line
from ecosobriety.user_code.classes import ClassSpec, load
from ecosobriety.user_code.words import cut_list, described

if TYPE_CHECKING:
    import torch

_CHECKED_WITH = 1e-3
"""A learning rate to check arguments with."""


def build_optimiser(
    written: Mapping[str, Any], parameters: "Iterable[torch.Tensor]", learning_rate: float
) -> "torch.optim.Optimizer":
    """Build an optimiser.

    Args:
        written: `class_path` and, if there are any, `init_args`; an `lr` among them comes before
            the learning rate.
        parameters: what it trains.
        learning_rate: that of the study, for an optimiser that has one.

    Raises:
        ConfigError: there is no such optimiser, it refuses its arguments, or it needs more than a
            call of its `step`.
    """
    spec = _spec("optimizer", written)
    found = load(spec)
    given = {"lr": learning_rate} if "lr" in inspect.signature(found).parameters else {}
    made: torch.optim.Optimizer = _made(spec, found, list(parameters), given)
    return made


def build_scheduler(
    written: Mapping[str, Any], optimiser: "torch.optim.Optimizer"
) -> "torch.optim.lr_scheduler.LRScheduler":
    """Build a scheduler, whose `step` is called after each epoch.

    Raises:
        ConfigError: as `build_optimiser`.
    """
    spec = _spec("lr_scheduler", written)
    made: torch.optim.lr_scheduler.LRScheduler = _made(spec, load(spec), optimiser, {})
    return made


def check(spec: ClassSpec) -> None:
    """Build an optimiser or a scheduler of one parameter, and take a step.

    Raises:
        ConfigError: as `build_optimiser`.
    """
    import torch

    parameter = torch.nn.Parameter(torch.ones(1))
    parameter.grad = torch.ones(1)
    written = {"class_path": spec.class_path, "init_args": spec.init_args}
    if spec.kind == "optimizer":
        stepped: Any = build_optimiser(written, [parameter], _CHECKED_WITH)
    else:
        stepped = build_scheduler(written, torch.optim.AdamW([parameter], lr=_CHECKED_WITH))
        stepped.optimizer.step()
    try:
        stepped.step()
    except Exception as error:
        raise _refusal(spec, f"cannot take a step: {described(error)}") from error


def _spec(kind: Any, written: Mapping[str, Any]) -> ClassSpec:
    return ClassSpec(kind, written["class_path"], written.get("init_args", {}))


def _made(spec: ClassSpec, found: type, first: Any, given: Mapping[str, Any]) -> Any:
    takes = inspect.signature(found).parameters
    names = list(takes)[1:]
    if any(p.kind is inspect.Parameter.VAR_KEYWORD for p in takes.values()):
        unknown = []
    else:
        unknown = [name for name in spec.init_args if name not in names]
    if unknown:
        what = cut_list(", ".join(names) or "nothing")
        raise _refusal(spec, f"has no argument {unknown[0]}; it takes {what}")
    needed = [
        name
        for name, p in list(inspect.signature(found.step).parameters.items())[1:]  # type: ignore[attr-defined]
        if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]
    if needed:
        raise _refusal(
            spec, f"needs a {needed[0]} for each step, which the study's loop does not give it"
        )
    try:
        return found(first, **{**given, **spec.init_args})
    except Exception as error:
        raise _refusal(spec, f"cannot be built: {described(error)}") from error


def _refusal(spec: ClassSpec, reason: str) -> ConfigError:
    return ConfigError(one_line(f"{spec.class_path} {reason}"))
