"""What a training would have reached after fewer epochs: its weights are kept, and tested later.

A training of ten epochs passes through those of one to nine. After an epoch, the weights are copied
and nothing else is done: they are tested when the training's window has long been closed. So the
tests take none of the training's energy, and change nothing of it: neither random states, nor
layers' modes and statistics, nor the order of the batches.
"""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Literal

import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from ecosobriety.errors import ConfigError, MeteringError
from ecosobriety.metering import EnergyMeter, exclusive_meter
from ecosobriety.metering.accounts import missing_part, sound
from ecosobriety.reasons import reason
from ecosobriety.records.record import EpochTest, RunRecord
from ecosobriety.training import plain_values, unkept
from ecosobriety.training.batches import Slices
from ecosobriety.training.configured import asks_for_end
from ecosobriety.training.fitting import TrainingSettings, brought, make_trainer
from ecosobriety.training.learner import Scorer
from ecosobriety.training.plain_values import Return, dense, device_of, values_of_all
from ecosobriety.user_code.lightnings import lightning_of

Setting = Literal["auto"] | bool | int
"""Of `training.score_epochs`: every epoch, none, every so many; or `auto`: see `epochs_between`."""

TEST_SHARE = 0.1
"""Tests of epochs take at most about this share of what the epochs take."""
PASSES_OF_A_STEP = 3
"""A backward pass computes about twice what a forward pass does; a test is a forward pass alone."""
HELD_WEIGHTS = 2**30
"""Bytes of all weights that are kept at the same time."""
END_HOOKS = frozenset({"on_train_end", "on_fit_end", "teardown"})
TEST_HOOKS = frozenset(
    {
        *("on_test_start", "on_test_end", "on_test_epoch_start", "on_test_epoch_end"),
        *("on_test_batch_start", "on_test_batch_end"),
    }
)


def epochs_between(
    setting: Setting, *, n_train: int, n_test: int, epochs: float, weight_bytes: int
) -> int | None:
    """After how many epochs each the weights are kept; None: never.

    `auto` counts examples, and measures no time: a study has the same epochs on every machine.

    Args:
        setting: what the study's file says.
        n_train: examples of an epoch.
        n_test: examples of a test.
        epochs: of the whole training.
        weight_bytes: bytes of the network's parameters and buffers.
    """
    if setting is False:
        return None
    every = 1 if setting is True else setting
    if setting == "auto":
        share = n_test / (PASSES_OF_A_STEP * n_train)
        every = math.ceil(share / TEST_SHARE - 1e-9)
    # The last epoch's weights are there anyway.
    fitting = math.ceil((math.ceil(epochs) - 1) * weight_bytes / HELD_WEIGHTS)
    return max(1, int(every), fitting)


@dataclass(frozen=True)
class Weights:
    """A network's state: its parameters and buffers, and the plain values among its attributes."""

    tensors: Mapping[str, Tensor]
    values: Mapping[str, Mapping[str, Any]]
    rest: str | None
    """A digest of what is of no kind that is given back; None: it cannot be looked at."""

    @classmethod
    def of(cls, network: nn.Module) -> "Weights":
        """A copy of a network's state, in the host's memory."""
        return cls(
            {name: tensor.detach().to("cpu", copy=True) for name, tensor in _tensors(network)},
            *_values(network),
        )

    def put_into(self, network: nn.Module) -> bool:
        """Let a network have this state; False: it has other parameters or parts than then."""
        tensors = dict(_tensors(network))
        parts = dict(network.named_modules())
        if {n: t.shape for n, t in tensors.items()} != {
            n: t.shape for n, t in self.tensors.items()
        }:
            return False
        if parts.keys() != self.values.keys():
            return False
        if self.rest is None or _values(network)[1] != self.rest:
            return False
        with torch.no_grad():
            for name, tensor in tensors.items():
                # What never changes may be a view that cannot be written to.
                if not torch.equal(dense(tensor).cpu(), dense(self.tensors[name])):
                    tensor.copy_(self.tensors[name])
        giving = Return(device_of(network))
        try:
            for name, values in self.values.items():
                giving.set_values(parts[name], values)
        # Of what a file held, which lacks an object that has been made since.
        except ConfigError:
            return False
        return True


def bytes_of(network: nn.Module) -> int:
    """Bytes of a network's parameters and buffers, and of what its layers keep besides."""
    values, _ = _values(network)
    tensors = [tensor for _, tensor in _tensors(network)]
    return plain_values.bytes_of(tensors) + plain_values.bytes_of(values)


def _values(network: nn.Module) -> tuple[dict[str, dict[str, Any]], str | None]:
    """What each layer keeps besides its tensors, and a digest of what is of no such kind."""
    values, rest = values_of_all(network)
    names = [name for name, _ in network.named_modules()]
    return dict(zip(names, values, strict=True)), unkept.state_of(rest, unkept.known_of(network))


def _tensors(network: nn.Module) -> Iterator[tuple[str, Tensor]]:
    # All of them, whatever names a network gives for itself.
    named = chain(nn.Module.named_parameters(network), nn.Module.named_buffers(network))
    return ((name, tensor) for name, tensor in named if not is_lazy(tensor))


class KeptWeights(pl.Callback):
    """Keeps a network's weights after every so many epochs.

    They are copied when the next epoch starts: by then the module's own hooks for the end of an
    epoch have run, as they have before a test at the end.

    Args:
        network: whose weights.
        every: after how many epochs each; None: never.
        folder: where they lie, for a training that may be taken up again; None: in memory.
    """

    def __init__(self, network: nn.Module, every: int | None, folder: Path | None = None):
        self._network, self._every, self._folder = network, every, folder
        self._held: dict[int, Weights] = {}
        self._steps: dict[int, int] = {}
        self._own: list[Any] = []
        self._scheduled = False
        self._rates: set[tuple[Any, ...]] = set()
        """Learning rates at the ends of epochs; several: they follow a schedule."""
        self._trainer: pl.Trainer | None = None

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Note what the module has brought: itself, and callbacks of its own."""
        self._own = [pl_module, *brought(trainer)]

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Copy the weights, as the epochs before have left them."""
        done = trainer.current_epoch
        if not self._every or not done or done % self._every:
            return
        self._steps[done] = trainer.global_step
        weights = Weights.of(self._network)
        if self._folder is None:
            self._held[done] = weights
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        torch.save(vars(weights), self._folder / f"{done}.pt")

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Note the learning rates, which a module may set by hand."""
        if not self._every:
            return  # No epoch is to be tested, and this is within the measured window.
        groups = (group for one in trainer.optimizers for group in one.param_groups)
        self._rates.add(tuple(float(group.get("lr", 0.0)) for group in groups))

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Note whether the learning rate has followed a schedule."""
        self._scheduled = bool(trainer.lr_scheduler_configs) or len(self._rates) > 1
        self._trainer = trainer

    def state_dict(self) -> dict[str, Any]:
        """The steps so far, for a checkpoint."""
        return {"steps": dict(self._steps), "rates": sorted(self._rates)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on counting."""
        self._steps = dict(state_dict["steps"])
        self._rates = {tuple(rates) for rates in state_dict.get("rates", ())}

    def why_not(self) -> str | None:
        """Why no earlier end is tested: it would be another training, or there is none."""
        if self._every is None:
            return reason("epochs_off")
        if self._scheduled:
            return reason("epochs_schedule")
        for part in self._own:
            if _has_any(part, END_HOOKS):
                return reason("epochs_end_hook", name=type(part).__name__)
            if _acts_in_tests(part):
                return reason("epochs_test_hook", name=type(part).__name__)
            if asks_for_end(part):
                return reason("epochs_end_known", name=type(part).__name__)
        return None if self._steps else reason("epochs_one")

    def each(self, tester: pl.Trainer) -> Iterator[tuple[int, bool]]:
        """Give the network the weights that were kept, one after another.

        Args:
            tester: tests the network, which sees the epoch and the step of that time.

        Yields:
            After how many epochs it had them; and whether it could be given them: a network with
            other parameters by then cannot. It is left with the last of them.
        """
        assert self._trainer is not None
        for done, weights in self._kept():
            # A module has its scorer's Trainer, or its own where they are of two packages.
            with _as_after(done, self._steps[done], self._trainer, tester):
                yield done, weights.put_into(self._network)

    def _kept(self) -> Iterator[tuple[int, Weights]]:
        for done in [*self._held]:
            yield done, self._held.pop(done)
        files = self._folder.glob("*.pt") if self._folder else ()
        for path in sorted(files, key=lambda path: int(path.stem)):
            # The file is our own.
            yield int(path.stem), Weights(**torch.load(path, weights_only=False))


def _has_any(part: Any, hooks: frozenset[str]) -> bool:
    """Whether a module or a callback of the user's has any of these hooks."""
    # As a `LambdaCallback` has them.
    if vars(part).keys() & hooks:
        return True
    kind = type(part)
    for base in ("LightningModule", "Callback"):
        package = lightning_of(kind, base)
        if package is not None:
            inherited = getattr(package, base)
            return any(getattr(kind, hook) is not getattr(inherited, hook) for hook in hooks)
    return False


def _acts_in_tests(part: Any) -> bool:
    """Whether a callback does something in a test, as with averages that it keeps for the end.

    Lightning's own watch the machine there; a module's own hooks are not called in any test.
    """
    package = lightning_of(type(part), "Callback")
    own = package is not None and type(part).__module__.startswith(package.__name__)
    if own:
        return bool(vars(part).keys() & TEST_HOOKS)
    return package is not None and _has_any(part, TEST_HOOKS)


@contextmanager
def _as_after(epochs: int, steps: int, *trainers: pl.Trainer) -> Iterator[None]:
    """Let Trainers say so to a forward pass that asks for `current_epoch` or `global_step`."""
    before = []
    for trainer in trainers:
        loop: Any = trainer.fit_loop
        step = loop.epoch_loop.automatic_optimization.optim_progress.optimizer.step.total
        for count, value in ((loop.epoch_progress.current, epochs), (step, steps)):
            before.append((count, count.completed))
            count.completed = value
    try:
        yield
    finally:
        for count, value in before:
            count.completed = value


class _TestWindow(pl.Callback):
    """Meters each test by itself, while the machine is locked for all of them."""

    def __init__(self, meter: EnergyMeter):
        self._meter = meter
        meter.warm_up()
        self._expected = [name for name, part in meter.components().items() if part.quality]
        self.energy_kwh: float | None = None
        """Of the test that has ended last; None: it is not known."""
        self.why: str | None = None
        """Why it is not."""

    def on_test_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Open the window."""
        self._meter.start()

    def on_test_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Close it."""
        try:
            energy_kwh = sound(self._meter.stop()).energy_kwh
            why = missing_part(self._expected, self._meter.components())
        except MeteringError as error:
            energy_kwh, why = None, str(error)
        self.why = why or (None if energy_kwh else reason("no_energy"))
        self.energy_kwh = None if self.why else energy_kwh


def test_epochs(
    kept: KeptWeights,
    scorer: Scorer,
    settings: TrainingSettings,
    batches: Slices,
    meter: EnergyMeter,
) -> tuple[dict[int, EpochTest], str | None]:
    """What each state that was kept reaches, by the number of epochs done; or why none is tested.

    Args:
        kept: with the weights.
        scorer: tests the network.
        settings: those of the training.
        batches: the test part.
        meter: measures each test.

    Raises:
        EcosobrietyError: the machine's lock cannot be had.
    """
    if why := kept.why_not():
        return {}, why
    found = dict[int, EpochTest]()
    with exclusive_meter():
        window = _TestWindow(meter)
        tester = make_trainer(settings, [window], epochs=1)
        for done, same in kept.each(tester):
            if not same:
                return {}, reason("epochs_reshaped")
            tester.test(scorer, batches, verbose=False)
            found[done] = _epoch_test(scorer, window)
    return found, None


def _epoch_test(scorer: Scorer, window: _TestWindow) -> EpochTest:
    loss = scorer.test_loss
    # Answers that are no numbers have no scores either.
    scores, missing = scorer.test_scores() if math.isfinite(loss) else ({}, {})
    missing = {f"test_{name}": why for name, why in missing.items()}
    if not math.isfinite(loss):
        missing["test_loss"] = reason("epochs_diverged")
    if window.why is not None:
        missing["energy_kwh"] = window.why
    return EpochTest(
        scores=dict(scores),
        loss=loss if math.isfinite(loss) else None,
        energy_kwh=window.energy_kwh,
        missing=missing,
    )


def with_tests(record: RunRecord, tested: Mapping[int, EpochTest], why: str | None) -> RunRecord:
    """A record with the tests of its epochs; the epoch with the number 0 is 1 epoch.

    Args:
        record: of the training.
        tested: by the number of epochs done.
        why: why there is none.
    """
    log = [
        epoch.model_copy(update={"tested": tested.get(epoch.epoch + 1)})
        for epoch in record.epoch_log
    ]
    missing = record.missing if why is None else {**record.missing, "epoch_log": why}
    return record.model_copy(update={"epoch_log": log, "missing": missing})
