"""An optimiser and a scheduler of its learning rate, written as Lightning's CLI writes them."""

import inspect
import json
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ecosobriety.errors import ConfigError, one_line
from ecosobriety.reasons import reason
from ecosobriety.user_code.apart import run_apart
from ecosobriety.user_code.classes import ClassSpec, load
from ecosobriety.user_code.words import cut_list, described

if TYPE_CHECKING:
    import torch

MOST_DECAY, MOST_ADDED = 0.1, 10.0
"""Share of each weight that a step may take away, and times a weight that may be added to its
gradient."""
VANISHED, IDLE = 1e-6, 0.25
"""Of the highest learning rate, one that teaches nothing; and the share of all epochs, from which
on that is no mere end of a schedule."""
LOW = 0.1
"""Of the learning rate that is set: below it a whole training is none with that."""
HALF, RISEN = 0.5, 1.5
"""Of a rate, what is no mere change of it; and falls of a cosine after which it has risen again to
the half."""
MOST_OF_A_FALL, MOST_OF_A_CYCLE = 2.0, 1.5
"""Times that a schedule may be as long as the training: later the rate stays above the half."""
CHANGED = 0.01
"""Of a rate, what counts as a change."""
MOST_EPOCHS = 5000
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
    given = {"lr": learning_rate} if _takes_rate(spec, found) else {}
    made: torch.optim.Optimizer = _made(spec, found, list(parameters), given)
    return made


def _takes_rate(spec: ClassSpec, found: type) -> bool:
    """Whether an optimiser has a learning rate, or hands it on to what has one."""
    import torch

    takes = inspect.signature(found).parameters
    if "lr" in takes or all(p.kind is not p.VAR_KEYWORD for p in takes.values()):
        return "lr" in takes
    # It may set one itself, and then takes none.
    with suppress(ConfigError):
        _made(spec, found, [torch.nn.Parameter(torch.ones(1))], {"lr": _CHECKED_WITH})
        return True
    return False


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


class EndedError(ConfigError):
    """A schedule ends before the training."""


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


def odd_groups(groups: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Say what is odd about an optimiser's settings, and may be meant so.

    Args:
        groups: its `param_groups`.
    """
    for group in groups:
        rate, decay = (_number(group.get(name)) for name in ("lr", "weight_decay"))
        # Adam divides by the size of the gradients, and of what it adds to them.
        divided = "betas" in group and not group.get("decoupled_weight_decay", True)
        if decay >= MOST_ADDED if divided else rate * decay >= MOST_DECAY:
            yield reason("decay_large", decay=f"{decay:g}", rate=f"{rate:g}")
        betas = group.get("betas", ())
        betas = betas if isinstance(betas, list | tuple) else ()
        for value in (group.get("momentum", 0), *betas):
            if _number(value) >= 1:
                yield reason("momentum_whole", value=f"{_number(value):g}")


def first_group(schedule: Any) -> dict[str, Any]:
    """The first weights that a schedule is for, with their settings."""
    groups = getattr(getattr(schedule, "optimizer", None), "param_groups", [{}])
    return dict(groups[0])


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return 0.0


def odd_rates(rates: Sequence[float], schedule: Any) -> Iterator[str]:
    """Say whether learning rates fall to nothing long before the end, or never rise.

    Args:
        rates: one of each epoch.
        schedule: gives them to the first weights of its optimiser.
    """
    highest = max(rates, default=0.0)
    group = first_group(schedule)
    # Cycles are set by their highest rate, and begin with a far lower one.
    cycle = [group.get("max_lr"), *getattr(schedule, "max_lrs", [])[:1]]
    given = max(map(_number, [group.get("initial_lr"), *cycle]))
    if rates and highest < LOW * given:
        values = {"highest": f"{highest:.3g}", "rate": f"{given:g}", "epochs": len(rates)}
        yield reason("rate_stays_low", **values)
    if highest <= 0:
        return
    last = max(i for i, rate in enumerate(rates) if rate > VANISHED * highest)
    if len(rates) - 1 - last >= max(1.0, IDLE * len(rates)):
        yield reason("rate_vanishes", epoch=last + 2, epochs=len(rates))


def odd_length(schedule: Any, steps: int) -> Iterator[str]:
    """Say whether a schedule is over long before a training, or the training long before it.

    It may also be given a share of a step, and wait for what no training takes.

    Args:
        schedule: of PyTorch's; of others, nothing is known.
        steps: of the schedule, in the whole training.
    """
    from torch.optim import lr_scheduler as known

    for one in (schedule, *getattr(schedule, "_schedulers", ())):
        for id_, steps_of in (("rate_at_share", _waited_for), ("rate_by_share", _counted_by)):
            for share in filter(lambda step: step % 1, steps_of(one)):
                yield reason(id_, name=type(one).__name__, step=f"{share:g}")
                return
    part, steps = _at_end(schedule, steps)
    length, most = 0, MOST_OF_A_FALL
    if isinstance(part, known.CosineAnnealingLR) and part.eta_min <= LOW * max(part.base_lrs):
        length = part.T_max
    elif isinstance(part, known.PolynomialLR) or (
        isinstance(part, known.LinearLR) and part.end_factor <= HALF * part.start_factor
    ):
        length = part.total_iters
    elif isinstance(part, known.OneCycleLR):
        length, most = part.total_steps, MOST_OF_A_CYCLE
    values = {"name": type(part).__name__, "length": f"{length:g}", "steps": steps}
    if isinstance(part, known.CosineAnnealingLR) and 0 < length * RISEN <= steps - 1:
        yield reason("rate_rises_again", **values)
    elif length > most * steps and length - steps > 1:
        yield reason("rate_unfinished", **values)


def _waited_for(schedule: Any) -> list[float]:
    """Steps that a schedule of PyTorch's waits for, and that it never takes if they are shares."""
    from torch.optim import lr_scheduler as known

    if isinstance(schedule, known.MultiStepLR):
        return [*schedule.milestones]
    if isinstance(schedule, known.ConstantLR):
        return [schedule.total_iters]
    # They take each step up to their end: below one, none.
    lengths = known.LinearLR | known.PolynomialLR
    is_share = isinstance(schedule, lengths) and schedule.total_iters < 1
    return [schedule.total_iters] if is_share else []


def _counted_by(schedule: Any) -> list[float]:
    """Steps of which a schedule of PyTorch's takes shares as well, at whole steps."""
    from torch.optim import lr_scheduler as known

    if isinstance(schedule, known.SequentialLR):
        return [*schedule._milestones]
    return [schedule.step_size] if isinstance(schedule, known.StepLR) else []


def begins_late(rates: Sequence[float], schedule: Any) -> Iterator[str]:
    """Say whether a schedule changes nothing in a training, but would in a longer one.

    Args:
        rates: one of each epoch.
        schedule: after these epochs; it is thrown away afterwards.
    """
    groups = getattr(getattr(schedule, "optimizer", None), "param_groups", [])
    if len(groups) != 1 or len(rates) < 2 or max(rates) - min(rates) > CHANGED * max(rates):
        return
    # Some cannot go on after their end.
    with suppress(Exception):
        for epoch in range(len(rates), MOST_EPOCHS):
            if abs(groups[0]["lr"] - rates[0]) > CHANGED * max(rates):
                values = {"name": type(schedule).__name__, "epochs": len(rates)}
                yield reason("rate_unchanged", epoch=epoch + 1, **values)
                return
            schedule.step()


def too_short(schedule: Any, steps: int) -> str | None:
    """Why a schedule ends a training with an error; None: it does not, as far as is known.

    Args:
        schedule: of which PyTorch's OneCycleLR alone has an end.
        steps: of the schedule, in the whole training.
    """
    from torch.optim.lr_scheduler import OneCycleLR

    part, steps = _at_end(schedule, steps)
    if not isinstance(part, OneCycleLR) or steps <= part.total_steps:
        return None
    return (
        f"its {type(part).__name__} ends with an error after {part.total_steps} steps, but the "
        f"training takes {steps} of them"
    )


def _at_end(schedule: Any, steps: int) -> tuple[Any, int]:
    """Of schedules that follow each other the last one, and the steps that it takes."""
    from torch.optim.lr_scheduler import SequentialLR

    if isinstance(schedule, SequentialLR):
        begins = schedule._milestones[-1]
        return schedule._schedulers[-1], max(steps - begins, 0)
    return schedule, steps


def find_odd(
    optimizer: Mapping[str, Any] | None,
    lr_scheduler: Mapping[str, Any] | None,
    learning_rate: float,
    epochs: int,
) -> list[str]:
    """What is odd about the optimiser and the schedule of the study's own loop.

    Args:
        optimizer: as `build_optimiser` takes it; None: the study's own.
        lr_scheduler: as `build_scheduler` takes it.
        learning_rate: that of the study.
        epochs: of the training; more than a few thousand are not looked at.

    Raises:
        ConfigError: as `build_optimiser`; or the schedule ends before the training.
    """
    import torch

    parameter = torch.nn.Parameter(torch.ones(1))
    parameter.grad = torch.zeros(1)
    if optimizer is None:
        made: Any = torch.optim.AdamW([parameter], lr=learning_rate)
    else:
        made = build_optimiser(optimizer, [parameter], learning_rate)
    found = [*odd_groups(made.param_groups)]
    if lr_scheduler is not None and epochs <= MOST_EPOCHS:
        schedule = build_scheduler(lr_scheduler, made)
        rates = []
        for epoch in range(epochs):
            rates.append(float(made.param_groups[0].get("lr", 0.0)))
            made.step()
            try:
                schedule.step()
            except Exception as error:
                ended = f"takes no step after epoch {epoch + 1} of {epochs}: {described(error)}"
                raise EndedError(
                    str(_refusal(_spec("lr_scheduler", lr_scheduler), ended))
                ) from error
        found += (
            [*odd_rates(rates, schedule)]
            or [*odd_length(schedule, epochs)]
            or begins_late(rates, schedule)
        )
    return list(dict.fromkeys(found))


def find_odd_apart(settings: Sequence[Sequence[Any]]) -> list[tuple[str | None, list[str]]]:
    """The same in a process of its own, as the classes may be a user's.

    Args:
        settings: of each training, the arguments of `find_odd`.

    Returns:
        Of each, why its schedule ends before it, or None; and what is odd. Nothing where it cannot
        be said.
    """
    if not settings:
        return []
    with tempfile.TemporaryDirectory() as folder:
        question, answer = Path(folder) / "settings.json", Path(folder) / "odd.json"
        question.write_text(json.dumps(settings))
        run_apart("user_code.optimisers", str(question), str(answer))
        try:
            found = json.loads(answer.read_bytes())
        except (OSError, ValueError):
            return [(None, []) for _ in settings]
    return [(ended, odd) for ended, odd in found]


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


def _main() -> None:
    settings = json.loads(Path(sys.argv[1]).read_bytes())
    found: list[tuple[str | None, list[str]]] = []
    for arguments in settings:
        try:
            found.append((None, find_odd(*arguments)))
        except EndedError as error:
            found.append((str(error), []))
        # What is wrong with a class is told by the check of all classes.
        except ConfigError:
            found.append((None, []))
    Path(sys.argv[2]).write_text(json.dumps(found))


if __name__ == "__main__":
    _main()
