"""What becomes of what a module's `configure_optimizers` returns; see `rehearsal`."""

import ast
import gc
import inspect
import math
import re
import sys
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any
from weakref import WeakSet

import pytorch_lightning as pl
from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau

from ecosobriety.errors import quote
from ecosobriety.metric_names import higher_by_name
from ecosobriety.reasons import reason
from ecosobriety.user_code.lightnings import has_callback, lightning_of
from ecosobriety.user_code.optimisers import LOW
from ecosobriety.user_code.words import cut_list

_UNUSED_KEYS = re.compile(r"Found unsupported keys in the [a-z ]+: \{(.*?)\}")
"""Lightning's own words."""
_ASKS = re.compile(r"\blr_schedulers\b|\blr_scheduler_(?:configs|step)\b")
"""By what a module comes to its schedules."""
_STEPS = re.compile(r"\.step\b")
"""By what it takes steps of one that it keeps."""
_WAITING: WeakSet[Any] = WeakSet()
"""Optimisers that a `ReduceLROnPlateau` was made for, which leaves no trace in them."""


FINDER = "LearningRateFinder"
"""A callback."""
_LATER = re.compile(r"epoch|global_step", re.IGNORECASE)
"""By what it does in later batches what it does not in the first."""
_ASKED = re.compile(r"current_epoch|global_step")
"""By what it asks which epoch or step it is."""
_END = re.compile(r"\.(?:max_epochs|max_steps|estimated_stepping_batches)\b")
"""By what it asks the Trainer which will be the last."""


def changes_later(module: Any) -> bool:
    """Whether a module may have another loss in later epochs; what is not known may."""
    package = lightning_of(type(module))
    return package is None or _mentions(_LATER, type(module), package)


def asks_for_epoch(module: Any) -> bool:
    """Whether a module asks which epoch or step it is: in later ones it may train other weights."""
    package = lightning_of(type(module))
    return package is not None and _says(_ASKED, type(module), package.LightningModule)


def asks_for_end(part: Any) -> bool:
    """Whether a module or a callback of the user's asks how long its training will be.

    It may do something else towards the end, which would come earlier in a shorter training.
    """
    kind = type(part)
    for base in ("LightningModule", "Callback"):
        package = lightning_of(kind, base)
        ours = package is None or kind.__module__.startswith(("ecosobriety.", package.__name__))
        if not ours:
            return _says(_END, kind, getattr(package, base), unknown=False)
    return False


@contextmanager
def listening() -> Iterator[list[str]]:
    """Hear what is warned of meanwhile, and let it pass; know which schedules are made."""
    heard: list[str] = []
    kind: Any = ReduceLROnPlateau
    made = kind.__init__

    @wraps(made)
    def make(schedule: Any, *others: Any, **further: Any) -> None:
        made(schedule, *others, **further)
        _WAITING.add(schedule.optimizer)

    with warnings.catch_warnings():
        warnings.filterwarnings("always", message=_UNUSED_KEYS.pattern)
        shown = warnings.showwarning

        def hear(message: Any, *others: Any, **further: Any) -> None:
            heard.append(str(message))
            shown(message, *others, **further)

        warnings.showwarning = hear
        kind.__init__ = make
        try:
            yield heard
        finally:
            kind.__init__ = made


def unused_keys(heard: Iterable[str]) -> Iterator[str]:
    """Say which keys of what a module returns Lightning does not know.

    Args:
        heard: its warnings.
    """
    for sentence in heard:
        if found := _UNUSED_KEYS.match(sentence):
            yield reason("config_keys_unused", keys=cut_list(found[1]))


def steps_of(config: Any, trainer: pl.Trainer) -> int | None:
    """How many steps Lightning has a schedule take in the whole training; None: not known."""
    batches = trainer.estimated_stepping_batches
    if config.reduce_on_plateau or batches == math.inf:
        return None
    per_epoch = trainer.num_training_batches if config.interval == "epoch" else 1
    return math.ceil(batches / per_epoch) // int(config.frequency)


def never_stepped(module: Any, schedules: Iterable[Any]) -> Iterator[str]:
    """Say which schedules a module with manual optimisation has, and never comes to.

    What keeps a schedule, or asks for all of them anywhere, may take their steps later than in a
    few batches.

    Args:
        module: after a few batches.
        schedules: that have taken no step in them.
    """
    held = [part for value in vars(module).values() for part in _parts(value)]
    left = [one for one in schedules if not any(part is one for part in held)]
    package = lightning_of(type(module))
    # To read the module's file takes as long as a rehearsal's batches.
    if not left or package is None or _mentions(_ASKS, type(module), package):
        return
    for schedule in left:
        yield reason("schedule_never_stepped", name=type(schedule).__name__)


def stepped_too_often(config: Any, taken: int, batches: int) -> Iterator[str]:
    """Say whether a schedule takes more steps in an epoch than Lightning has it take.

    Args:
        config: of the schedule, with automatic optimisation.
        taken: steps that it has taken in an epoch.
        batches: of that epoch.
    """
    wanted = 1 if config.interval == "epoch" else batches
    if taken > wanted:
        values = {"name": type(config.scheduler).__name__, "steps": taken, "wanted": wanted}
        yield reason("schedule_stepped_twice", **values)


def not_returned(module: Any, trainer: pl.Trainer) -> Iterator[str]:
    """Say whether a schedule was made for an optimiser, and takes no step.

    Args:
        module: after a few batches.
        trainer: of these.
    """
    # What searches for a learning rate makes a schedule for that.
    if trainer.lr_scheduler_configs or has_callback(trainer, FINDER):
        return
    for optimiser in trainer.optimizers:
        # Lightning's stand-in for no optimiser has no group.
        group = next(iter(optimiser.param_groups), {})
        given = max(float(group.get(name) or 0.0) for name in ("initial_lr", "max_lr"))
        stays_low = float(group.get("lr") or 0.0) < LOW * given
        # A schedule counts the steps of its optimiser.
        counted = hasattr(optimiser.step, "_wrapped_by_lr_sched") or optimiser in _WAITING
        if not (stays_low or counted) or _may_be_stepped(optimiser, module):
            continue
        if stays_low:
            values = {"rate": f"{float(group['lr']):.3g}", "given": f"{given:g}"}
            yield reason("schedule_not_returned", **values)
        else:
            yield reason("schedule_lost")


def _may_be_stepped(optimiser: Any, module: Any) -> bool:
    """Whether somebody keeps a schedule of it that has taken a step, or may take one later."""
    kept = [one for one in gc.get_objects() if issubclass(type(one), LRScheduler)]
    steps = [one.last_epoch for one in kept if getattr(one, "optimizer", None) is optimiser]
    package = lightning_of(type(module))
    return any(step > 0 for step in steps) or bool(
        steps and package and _mentions(_STEPS, type(module), package)
    )


def wrong_ways(trainer: pl.Trainer) -> Iterator[str]:
    """Say which callbacks and schedules take the worse values of something for the better ones.

    Args:
        trainer: of a few batches.
    """
    callbacks = [*getattr(trainer, "callbacks", ())]
    waiting: list[tuple[Any, Any]] = [(one, getattr(one, "monitor", None)) for one in callbacks]
    waiting += [(config.scheduler, config.monitor) for config in trainer.lr_scheduler_configs]
    for who, monitor in waiting:
        # What is logged of each batch and epoch has these endings.
        name = f"{monitor or ''}".removesuffix("_epoch").removesuffix("_step")
        higher = higher_by_name(name)
        mode = getattr(who, "mode", None)
        if higher is not None and mode == ("min" if higher else "max"):
            values = {"name": type(who).__name__, "monitor": quote(monitor), "mode": mode}
            yield reason("monitor_wrong_way", **values, wanted="max" if higher else "min")


def odd_callbacks(trainer: pl.Trainer) -> Iterator[str]:
    """Say which callbacks make each training another one, whatever its size and seed.

    Args:
        trainer: of a few batches.
    """
    for name, id_ in ((FINDER, "rate_searched"), ("Timer", "ended_by_clock")):
        if has_callback(trainer, name):
            yield reason(id_, name=name)


def _parts(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [*value.values()]
    return [*value] if isinstance(value, list | tuple) else [value]


def _mentions(what: re.Pattern[str], kind: type, package: Any) -> bool:
    """Whether a class, or a function beside it, does something; so may callbacks elsewhere."""
    if kind.configure_callbacks is not package.LightningModule.configure_callbacks:  # type: ignore[attr-defined]
        return True
    return _says(what, kind, package.LightningModule)


def _says(what: re.Pattern[str], kind: type, base: type, *, unknown: bool = True) -> bool:
    """Whether a class, or a function beside it, holds such words; `unknown` if it has no source."""
    own = [one for one in kind.__mro__ if not issubclass(base, one)]
    names = {one.__name__ for one in own}
    for module in {one.__module__ for one in own}:
        try:
            text = inspect.getsource(sys.modules[module])
            parts = ast.parse(text).body
        except (KeyError, OSError, TypeError, SyntaxError):
            return unknown
        for part in parts:
            if isinstance(part, ast.ClassDef) and part.name not in names:
                continue
            if what.search(ast.get_source_segment(text, part) or ""):
                return True
    return False
