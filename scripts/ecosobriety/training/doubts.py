"""What is odd about a network's training and may be meant so; see `rehearsal`.

It is said in the check, in the log and in the report, and nothing is refused.
"""

import warnings
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor, nn

from ecosobriety.reasons import reason, recognise
from ecosobriety.training.averages import Averages
from ecosobriety.training.configured import (
    asks_for_epoch,
    never_stepped,
    not_returned,
    odd_callbacks,
    stepped_too_often,
    steps_of,
    wrong_ways,
)
from ecosobriety.training.learnt import Learnt
from ecosobriety.training.losses import Losses, far_offset, untrained
from ecosobriety.training.own_networks import evaluating, unlogged
from ecosobriety.user_code.lightnings import is_lightning, lightning_of
from ecosobriety.user_code.optimisers import (
    MOST_EPOCHS,
    begins_late,
    first_group,
    odd_groups,
    odd_length,
    odd_rates,
    too_short,
)
from ecosobriety.user_code.words import cut_list

MODES = (nn.modules.dropout._DropoutNd, nn.modules.batchnorm._BatchNorm)
"""Layers that do something else in the test than in the training."""
OF_LABELS = ("labels_not_learnt", "errors_averaged", "outputs_in_own_unit")
"""What says already why labels may not matter."""
_BY_CHANCE = ("labels_not_learnt", "examples_unused", "class_unused")
SAME, PAIR = 1e-6, 2
"""Of the largest output, what rounding changes at most; and outputs of which one may be enough."""


class Watch(pl.Callback):
    """Looks at the modes of layers, at the outputs that the loss is made of, and at optimisers.

    Args:
        network: What is trained.
    """

    def __init__(self, network: nn.Module):
        self._network = network
        self._layers = [
            (name, layer)
            for name, layer in network.named_modules()
            if isinstance(layer, MODES) and _does_something(layer)
        ]
        self._modes: dict[str, bool] = {}
        """Of those that gradients go through: whether they were in the training's mode in the last
        batch that they had a part in."""
        self._in_batch: set[str] = set()
        """Those that have had a part in this one."""
        self.used: Tensor | None = None
        """(outputs,) which of them any loss was made of; None: not known."""
        self.constant: Tensor | None = None
        """(outputs,) which of them were one number for all examples of all batches."""
        self.opposed = True
        """Whether the outputs of each batch add up to one number, so that each of two is enough."""
        self._first: Tensor | None = None
        self.averages = Averages(network)
        """Of its layers' inputs, and of its weights."""
        self.learnt = Learnt()
        """What the gradients of its outputs say of the labels."""
        self._handles: list[Any] = []
        self._schedules: list[Any] = []
        """Before the first batch; a callback may put others in their place, as SWA does."""
        self._first_rates: list[float] = []
        """Of each schedule, in the first epoch."""
        self._taken: list[int] = []
        """Steps of each schedule, before the first batch."""
        self._by_hand, self._batches = False, 0
        """Whether the module takes steps by itself; and batches so far."""
        self._steps: list[int | None] = []
        """Of each schedule, in the whole training; None: not known."""
        self.by_batch = False
        """Whether a schedule takes its steps with the batches, which each size has more of."""
        self.too_short: str | None = None
        """Why a schedule ends the training with an error."""
        self.odd_groups: dict[str, None] = {}
        """What is odd about the optimisers' settings, each once."""

    @property
    def test_mode(self) -> list[str]:
        """Layers that were in the mode of the test, in the end."""
        return [name or "network" for name, trained in self._modes.items() if not trained]

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Look at what the network gives."""
        groups = [group for optimizer in trainer.optimizers for group in optimizer.param_groups]
        self.learnt.maximised = any(group.get("maximize", False) for group in groups)
        schedules = self._schedules = [one.scheduler for one in trainer.lr_scheduler_configs]
        self._first_rates = [first_group(schedule).get("lr", 0.0) for schedule in schedules]
        self._taken = [int(getattr(schedule, "last_epoch", 0)) for schedule in schedules]
        # By itself, a module may take the steps of its schedules at any time.
        self._by_hand = is_lightning(self._network) and not pl_module.automatic_optimization
        configs = [] if self._by_hand else trainer.lr_scheduler_configs
        with suppress(Exception):
            self._steps = [steps_of(config, trainer) for config in configs]
        self.by_batch = any(config.interval == "step" for config in configs)
        for schedule, steps in zip(schedules, self._steps, strict=False):
            if steps is not None and self.too_short is None:
                self.too_short = too_short(schedule, steps)
        # What goes wrong here, and below, says nothing of the training.
        with suppress(Exception):
            self.averages.start(trainer)
        self._handles.append(self._network.register_forward_hook(self._on_output))
        for name, layer in self._layers:
            self._handles.append(layer.register_forward_hook(partial(self._on_layer, name)))

    def _on_layer(self, name: str, layer: nn.Module, inputs: Any, output: Any) -> None:
        if torch.is_grad_enabled():
            before = name in self._in_batch and self._modes[name]
            self._modes[name] = before or layer.training
            self._in_batch.add(name)

    def _on_output(self, network: nn.Module, inputs: Any, output: Any) -> None:
        if isinstance(output, Tensor) and output.ndim == 2 and output.requires_grad:
            known = output.detach().cpu()
            if self._first is None or self._first.shape != known[:1].shape:
                self._first, self.constant = known[:1].clone(), None
            same = (known == self._first).all(dim=0)
            self.constant = same if self.constant is None else self.constant & same
            sums = known.float().sum(1)
            self.opposed &= bool((sums - sums[0]).abs().max() <= SAME * known.abs().max())
            output.register_hook(partial(self._on_gradient, output.detach().clone()))

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Keep the labels that the loss is to be made of."""
        self._in_batch.clear()
        self._batches += 1
        with suppress(Exception):
            self.averages.begin_batch(trainer)
        pair = isinstance(batch, list | tuple) and len(batch) == 2
        self.learnt.begin(batch[1] if pair and isinstance(batch[1], Tensor) else None)

    def _on_gradient(self, output: Tensor, gradient: Tensor) -> None:
        self.learnt.see(gradient.detach(), output)
        used = gradient.detach().cpu().ne(0).any(dim=0)
        self.used = used if self.used is None or len(self.used) != len(used) else self.used | used

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Look at the optimisers, and no more at what the network gives."""
        groups = [group for optimizer in trainer.optimizers for group in optimizer.param_groups]
        self.odd_groups = dict.fromkeys(odd_groups(groups))
        self.learnt.begin(None)
        self._unhook()
        with suppress(Exception):
            self.averages.end()
        if is_lightning(self._network):
            self.odd_groups |= dict.fromkeys(self._odd_steps(trainer))
        # A schedule may want what only a whole training gives.
        with suppress(Exception), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # There are no steps where none are known.
            found = zip(self._kept(trainer), self._first_rates, self._steps, strict=False)
            for config, first, steps in found:
                if steps is None:
                    continue
                epochs = steps if config.interval == "epoch" and config.frequency == 1 else 0
                rates = _rates(config.scheduler, float(first), epochs)
                odd = [*odd_rates(rates, config.scheduler)]
                odd = odd or [*odd_length(config.scheduler, steps)]
                odd = odd or [*begins_late(rates, config.scheduler)]
                self.odd_groups |= dict.fromkeys(odd)

    def _kept(self, trainer: pl.Trainer) -> list[Any]:
        """The schedules, where they are those of the beginning."""
        configs = list(trainer.lr_scheduler_configs)
        same = [config.scheduler for config in configs] == self._schedules
        return configs if same else []

    def _odd_steps(self, trainer: pl.Trainer) -> Iterator[str]:
        """What is odd about the steps that a module's schedules have taken."""
        yield from not_returned(self._network, trainer)
        yield from wrong_ways(trainer)
        yield from odd_callbacks(trainer)
        still = []
        for config, before in zip(self._kept(trainer), self._taken, strict=False):
            taken = int(getattr(config.scheduler, "last_epoch", before + 1)) - before
            if not self._by_hand:
                yield from stepped_too_often(config, taken, self._batches)
            elif not taken:
                still.append(config.scheduler)
        yield from never_stepped(self._network, still)

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        """Look no more."""
        self._unhook()

    def _unhook(self) -> None:
        while self._handles:
            self._handles.pop().remove()


def _rates(schedule: Any, first: float, epochs: int) -> list[float]:
    """The learning rates of the epochs, of a schedule that is thrown away afterwards."""
    done = int(schedule.last_epoch)
    rates = [first] * min(done, epochs)
    for _ in range(done, min(epochs, MOST_EPOCHS)):
        rates.append(float(first_group(schedule)["lr"]))
        schedule.step()
    return rates


def _does_something(layer: nn.Module) -> bool:
    if isinstance(layer, nn.modules.dropout._DropoutNd):
        return layer.p > 0
    # Statistics of a frozen part may well stay as they are.
    weights = [*layer.parameters()]
    return not weights or any(weight.requires_grad for weight in weights)


def find_untrained(
    build: Callable[[], nn.Module], trained: nn.Module, losses: Losses, x: Tensor
) -> tuple[list[str], float] | None:
    """Weights that decide the outputs and that a few batches have not trained; see `untrained`.

    What a hook freezes is meant to stay as it is for a while, and what changes without a gradient
    is an average of others.

    Args:
        build: Builds the network anew.
        trained: The network after the batches.
        losses: What was seen in them.
        x: (n, *input_shape) a few examples.
    """
    names = dict(trained.named_parameters())
    # What Lightning's toggle_optimizer has frozen; its counterpart keeps nothing.
    toggled = getattr(trained, "_param_requires_grad_state", {})
    meant = {name for name, p in names.items() if p.requires_grad or p in toggled}
    still = {name for name in meant if id(names[name]) not in losses.moved}
    # What goes wrong here says nothing of the training; a step that is not seen, neither.
    with suppress(Exception):
        if still and losses.reached and not losses.thaws:
            fresh = build()
            for name, weight in fresh.named_parameters():
                now = names[name].detach().cpu()
                if id(names[name]) not in losses.reached and not torch.equal(weight.cpu(), now):
                    still.discard(name)
            return untrained(fresh, names.keys() - still, x, torch.Generator().manual_seed(1))
    return None


def find_doubts(
    build: Callable[[], nn.Module],
    trained: nn.Module,
    losses: Losses,
    watch: Watch,
    x: Tensor,
    outputs: int,
    look_longer: Callable[[], Watch],
) -> Iterator[str]:
    """Say what is odd and may be meant so.

    Args:
        build: Builds the network anew.
        trained: The network after a few batches.
        losses: What was seen of their losses and steps.
        watch: What else was seen in these batches.
        x: (n, *input_shape) a few examples.
        outputs: Numbers that the network gives; 1: of a regression.
        look_longer: Trains it anew, on more batches.
    """
    found = find_untrained(build, trained, losses, x)
    if found is not None and not asks_for_epoch(trained):
        values = {"share": f"{found[1]:.1%}", "names": cut_list(", ".join(found[0]))}
        yield reason("weights_untrained", **values)
    # What goes wrong here says nothing of the training.
    with suppress(Exception):
        offset = far_offset(build(), x) if outputs == 1 else None
        if offset is not None:
            yield reason("outputs_in_own_unit", value=f"{offset:.3g}")
    with suppress(Exception):
        if _gives_one_answer(trained, x):
            yield reason("one_answer")
        elif _is_unchanged(build(), trained, x):
            yield reason("test_unchanged")
    with suppress(Exception):
        for name in _deciding_hooks(trained, x):
            yield reason("test_hook_unused", name=name)
    for name, number in _repeated(trained):
        yield reason("layer_repeated", name=cut_list(name), number=number)
    if watch.test_mode:
        yield reason("test_mode", names=cut_list(", ".join(watch.test_mode)))
    lacking = _lacking(watch, outputs)
    if lacking is None:
        doubts = [*watch.learnt.doubts()]
        # By chance, labels may be mixed most in the first batches, and examples left out.
        if are_among(_BY_CHANCE, doubts):
            doubts = [*look_longer().learnt.doubts()]
        yield from doubts
    # Beside an output that is always 0, the other one is what tells two classes apart.
    elif watch.constant is None or not watch.constant[lacking].all():
        yield reason("outputs_unused", used=outputs - int(lacking.sum()), number=outputs)
    with suppress(Exception):
        yield from watch.averages.doubts(partial(_answers, trained, x))
    yield from watch.odd_groups


def are_among(ids: Collection[str], doubts: Iterable[str]) -> bool:
    """Whether one of the doubts has one of the ids."""
    return any((recognise(doubt) or [""])[0] in ids for doubt in doubts)


def _repeated(network: nn.Module) -> Iterator[tuple[str, int]]:
    """Lists of layers that hold one with a matrix of weights several times."""
    for name, layers in network.named_modules():
        if isinstance(layers, nn.Sequential | nn.ModuleList):
            held = [*layers._modules.values()]
            for layer in {id(layer): layer for layer in held if layer is not None}.values():
                number = sum(other is layer for other in held)
                # Activations and the like may well be one.
                if number > 1 and any(weight.ndim > 1 for weight in layer.parameters()):
                    yield name or type(layers).__name__, number
                    break


def _lacking(watch: Watch, outputs: int) -> Tensor | None:
    """Which of several outputs (outputs,) no loss was made of, if it was made of others.

    A loss may take the output of each example's class alone, and a class may be in no batch.
    """
    used = watch.used
    if used is None or len(used) != outputs or outputs == 1 or used.all() or not used.any():
        return None
    if outputs == PAIR and watch.opposed and watch.constant is not None:
        return None  # One follows from the other.
    classes = watch.learnt.classes or set(range(outputs))
    held = torch.tensor([place in classes for place in range(outputs)])
    return ~used if (~used & held).any() else None


def _gives_one_answer(network: nn.Module, x: Tensor) -> bool:
    """Whether different examples have the same output."""
    rows = x.flatten(1)
    if len(x) < 2 or bool((rows == rows[0]).all()):
        return False
    weight = next(network.parameters(), x)
    with torch.no_grad(), unlogged(network), evaluating(network):
        output = network(x.clone().to(weight.device)).flatten(1).float()
    apart = (output - output[0]).abs().max()
    return bool(apart <= SAME * output.abs().max())


def _is_unchanged(fresh: nn.Module, trained: nn.Module, x: Tensor) -> bool:
    """Whether a training has changed weights, and none of the outputs in the test."""
    pairs = [*zip(fresh.parameters(), trained.parameters(), strict=True)]
    if all(torch.equal(a.detach().cpu(), b.detach().cpu()) for a, b in pairs):
        return False
    return torch.equal(_answers(fresh, x), _answers(trained, x))


def _answers(network: nn.Module, x: Tensor) -> Tensor:
    weight = next(network.parameters(), x)
    with torch.no_grad(), unlogged(network), evaluating(network):
        answers: Tensor = network(x.clone().to(weight.device)).cpu()
    return answers


def _deciding_hooks(network: nn.Module, x: Tensor) -> Iterator[str]:
    """A module's own hooks before a test that change what it answers; the study calls none."""
    package = lightning_of(type(network))
    for name in ("on_test_start", "on_test_epoch_start"):
        if package is None or getattr(type(network), name) is getattr(
            package.LightningModule, name
        ):
            continue
        before = _answers(network, x)
        kept = {key: value.clone() for key, value in network.state_dict().items()}
        try:
            # What it wants may be there in a test alone; then nothing is known.
            with suppress(Exception), torch.no_grad():
                getattr(network, name)()
            changed = not torch.equal(before, _answers(network, x))
        finally:
            network.load_state_dict(kept)
        if changed:
            yield name
