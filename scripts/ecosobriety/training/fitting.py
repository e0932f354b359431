"""How Lightning is set up for a training, and what is counted while the batches pass."""

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence, Sized
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypedDict

import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.nn.parameter import is_lazy
from torch.optim import Optimizer
from torch.optim.optimizer import register_optimizer_step_post_hook
from torch.utils.data import DataLoader

from ecosobriety.errors import ConfigError
from ecosobriety.training.batches import OneByOne
from ecosobriety.training.own_networks import unlogged
from ecosobriety.user_code.lightnings import imported, is_lightning, single_process

Batch = tuple[Tensor, Tensor]
_LIGHTNINGS = ".utilities.combined_loader"
"""The module of either Lightning that asks for the batches of a training."""


@dataclass(frozen=True)
class TrainingSettings:
    """What decides a training besides its data, model, size and seed.

    `max_steps` is None where every size trains for `epochs` epochs; with a fixed budget of steps it
    is the number of batches, and `epochs` does not count.

    The rest is for the study's own loop alone: `optimizer` and `lr_scheduler` as Lightning's CLI
    writes them (None: AdamW at a constant rate), the largest norm of all gradients together (None:
    any), and of how many batches the gradients are averaged before a step. `score_epochs` changes
    no training: it says after which epochs the weights are tested too; see `epoch_scores`.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    accelerator: str
    precision: Literal["32-true", "16-mixed", "bf16-mixed"]
    max_steps: int | None = None
    optimizer: Mapping[str, Any] | None = None
    lr_scheduler: Mapping[str, Any] | None = None
    gradient_clip_val: float | None = None
    accumulate_grad_batches: int = 1
    score_epochs: Literal["auto"] | bool | int = False


class _Batches(Sized, Protocol):
    def __iter__(self) -> Iterator[Batch]: ...


class Counted:
    """Batches that are counted as they are handed out to be trained on.

    Args:
        batches: Of an epoch.
        dataset: What they are made of.
        batch_size: Of all but the last.
    """

    def __init__(self, batches: _Batches, dataset: OneByOne, batch_size: int):
        self._batches = batches
        # As a DataLoader's, which a module may ask.
        self.dataset, self.batch_size = dataset, batch_size
        self.drop_last, self.num_workers = False, 0
        self.batches = 0
        """Handed out so far."""
        self.examples = 0
        """In them."""

    def __getattr__(self, name: str) -> Any:
        """Of all else, such as a sampler, what a DataLoader of these examples has."""
        if name.startswith("_"):
            raise AttributeError(name)
        loader = DataLoader(self.dataset, self.batch_size, shuffle=True)
        return getattr(loader, name)

    def __len__(self) -> int:
        return len(self._batches)

    def __iter__(self) -> Iterator[Batch]:
        # Whoever else asks for them, as a module's callback that shows some, only looks at them.
        caller = str(sys._getframe(1).f_globals.get("__name__"))
        return self._handed_out() if caller.endswith(_LIGHTNINGS) else iter(self._batches)

    def _handed_out(self) -> Iterator[Batch]:
        for batch in self._batches:
            self.batches += 1
            self.examples += len(batch[1])
            yield batch


class Passed(pl.Callback):
    """Counts what a module that trains itself has really been trained on.

    A batch counts when the module is done with it, however many optimisers took how many steps, and
    not at all where the module skips the rest of an epoch. Lightning's `global_step` counts steps
    of optimisers instead: two for two of them, a half for gradients of two batches, and none after
    the test.

    Args:
        loader: what hands the batches out.
        max_batches: after which to stop; None: as the Trainer says.
    """

    def __init__(self, loader: Counted, max_batches: int | None = None):
        self._loader = loader
        self._max_batches = max_batches
        self.steps = self.examples = 0
        """Batches trained on so far, and examples in them."""
        self.example_passes = 0
        """Examples times the backward passes of their batch."""
        self.passes_of_a_batch: set[int] = set()
        """Every number of backward passes that a batch has had."""
        self.trained: set[str] = set()
        """Every choice of the parameters that are trained: one, unless layers are frozen later."""
        self.steps_outside = 0
        """Steps of optimisers between two batches, or after the last: in a hook of the module."""
        self.unseen_of_a_batch: set[int] = set()
        """By how many the steps of one optimiser exceeded the backward passes of a batch, where
        they did: its own code calls backward, which Lightning does not see."""
        self.changed = True
        """Whether the training has changed any parameter."""
        self.full = False
        """Whether it has had as many batches as it may have."""
        self.stopped_after: int | None = None
        """Batches, where the module itself ended the training within an epoch."""
        self._passes = 0
        self._in_a_batch = False
        self._stepped: Counter[int] = Counter()
        self._mark = (0, 0)
        self._start: list[Tensor] = []
        self._unhook = _nothing

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Refuse what would write into the study's folder, and be measured as training."""
        if stage == "fit" and trainer.checkpoint_callbacks:
            raise ConfigError(
                f"models: {type(pl_module).__name__} brings a "
                f"{type(trainer.checkpoint_callbacks[0]).__name__}, which would write into the "
                "study's folder while energy is measured: leave it out of configure_callbacks"
            )

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Keep the parameters, to know at the end whether anything was learnt."""
        self._start = [_copy(p) for p in pl_module.parameters() if not is_lazy(p)]
        self._unhook = register_optimizer_step_post_hook(self._on_step).remove

    def _on_step(self, optimizer: Optimizer, *_: Any) -> None:
        """Count a step of any optimiser, wherever it is taken."""
        if self._in_a_batch:
            self._stepped[id(optimizer)] += 1
        else:
            self.steps_outside += 1

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Begin a batch."""
        self._in_a_batch = True
        self._stepped.clear()

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Note which parameters are trained; what was handed out and skipped is no training."""
        self._mark = (self._loader.batches, self._loader.examples)
        self.trained.add("".join(str(int(p.requires_grad)) for p in pl_module.parameters()))

    def on_after_backward(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Count a backward pass."""
        self._passes += 1

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Count what was handed out since the last one."""
        batches, examples = self._mark
        self._mark = (self._loader.batches, self._loader.examples)
        self.steps += self._mark[0] - batches
        self.examples += self._mark[1] - examples
        self.example_passes += (self._mark[1] - examples) * self._passes
        self.passes_of_a_batch.add(self._passes)
        self.unseen_of_a_batch.add(max(0, max(self._stepped.values(), default=0) - self._passes))
        self._passes, self._in_a_batch = 0, False
        if self._max_batches is not None and self.steps >= self._max_batches:
            self.full, trainer.should_stop = True, True

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Notice that the module has ended the training before; one that does it now, does not."""
        if trainer.should_stop and not self.full and self.stopped_after is None:
            self.stopped_after = self.steps

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Compare the parameters; that lies outside the measured window."""
        now = [p for p in pl_module.parameters() if not is_lazy(p)]
        alike = len(now) == len(self._start) > 0 and all(
            torch.equal(then, p.detach().cpu()) for then, p in zip(self._start, now, strict=True)
        )
        self.changed = not alike
        self._start = []

    def teardown(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Count no more steps."""
        self._unhook()
        self._unhook = _nothing

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        """Count no more steps."""
        self._unhook()

    def state_dict(self) -> dict[str, Any]:
        """The counts, for a checkpoint."""
        return {
            "steps": self.steps,
            "examples": self.examples,
            "example_passes": self.example_passes,
            "passes_of_a_batch": sorted(self.passes_of_a_batch),
            "trained": sorted(self.trained),
            "steps_outside": self.steps_outside,
            "unseen_of_a_batch": sorted(self.unseen_of_a_batch),
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on counting."""
        self.steps, self.examples = state_dict["steps"], state_dict["examples"]
        self.example_passes = state_dict["example_passes"]
        self.passes_of_a_batch = set(state_dict["passes_of_a_batch"])
        self.trained = set(state_dict["trained"])
        self.steps_outside = state_dict["steps_outside"]
        self.unseen_of_a_batch = set(state_dict["unseen_of_a_batch"])


def make_trainer(
    settings: TrainingSettings,
    callbacks: Sequence[pl.Callback],
    *,
    epochs: int,
    optimiser_steps: int | None = None,
    validation_batches: int | None = None,
    progress_bar: bool = False,
    package: Any = pl,
) -> pl.Trainer:
    """Lightning's Trainer without anything that spends energy and is no training.

    Args:
        settings: the hyper-parameters.
        callbacks: in the order in which they are called.
        epochs: after which to stop.
        optimiser_steps: of a single optimiser, after which to stop; None: no limit.
        validation_batches: of the module's own validation data; None: all.
        progress_bar: show Lightning's progress bar.
        package: that of the two whose modules it trains.
    """
    trainer: pl.Trainer = package.Trainer(
        max_epochs=epochs,
        max_steps=-1 if optimiser_steps is None else optimiser_steps,
        accelerator=settings.accelerator,
        devices=1,
        precision=settings.precision,
        # What has no such form is trained all the same: see `undetermined`.
        deterministic="warn",
        callbacks=[*callbacks],
        # Each of these would spend energy that is not training.
        logger=False,
        enable_checkpointing=False,
        enable_model_summary=False,
        enable_progress_bar=progress_bar,
        num_sanity_val_steps=0,
        # Scripted layers, and networks that use gradients of their own, work without gradients
        # around them, but not in the inference mode.
        inference_mode=False,
        limit_val_batches=validation_batches,
        # Lightning's own detection of Slurm breaks launches of single jobs.
        plugins=[single_process(package)],
    )
    return trainer


def brought(trainer: Any) -> list[Any]:
    """The callbacks that a module has brought to its Trainer; a progress bar is Lightning's own."""
    callbacks: list[Any] = vars(trainer)["callbacks"]
    bars = tuple(package.callbacks.ProgressBar for package in imported())
    return [
        one
        for one in callbacks
        if not (type(one).__module__.startswith("ecosobriety.") or isinstance(one, bars))
    ]


def lend_callbacks(trainer: Any, tester: Any) -> None:
    """Have the callbacks that a module has brought called in its test, whoever does that.

    Args:
        trainer: has trained the module.
        tester: another Trainer, or the same.
    """
    if tester is not trainer:
        tester.callbacks.extend(brought(trainer))


def run_test(tester: Any, scorer: pl.LightningModule, batches: Any) -> None:
    """Test, with the callbacks that a module has brought."""
    with _handed_over(scorer, tester):
        tester.test(scorer, batches, verbose=False)


@contextmanager
def _handed_over(scorer: pl.LightningModule, tester: Any) -> Iterator[None]:
    """Give the callbacks that a module has brought the module itself while its scorer is tested.

    They may put its average in its place, or set what its forward asks for. The Trainer that they
    are given is that of the training, which has its optimisers, where another one tests.

    Args:
        scorer: what `tester` tests; its `network` is the module.
        tester: has these callbacks, which are as before afterwards.
    """
    module: Any = scorer.network
    own: Any = (is_lightning(module) and module._trainer) or tester

    def of_module(hook: Callable[..., Any]) -> Callable[..., Any]:
        def call(trainer: Any, pl_module: Any, *args: Any, **options: Any) -> Any:
            if pl_module is not scorer:
                return hook(trainer, pl_module, *args, **options)
            # The Trainer tests the scorer, and takes nothing that another module logs.
            with unlogged(module):
                return hook(own, module, *args, **options)

        return call

    hooks = [name for name in dir(pl.Callback) if name.startswith("on_")] + ["setup", "teardown"]
    callbacks, state = brought(tester), own.state
    fitting, loop = (state.fn, state.stage), own.test_loop
    if own is not tester:
        state.fn, own.testing, own.test_loop = type(state.fn).TESTING, True, tester.test_loop
    before = [{**vars(callback)} for callback in callbacks]
    for callback in callbacks:
        vars(callback).update({name: of_module(getattr(callback, name)) for name in hooks})
    try:
        yield
    finally:
        if own is not tester:
            (state.fn, state.stage), own.test_loop = fitting, loop
        for callback, kept in zip(callbacks, before, strict=True):
            for name in hooks:
                vars(callback).pop(name, None)
            vars(callback).update({name: kept[name] for name in hooks if name in kept})


class Limits(TypedDict):
    """Arguments of `make_trainer`."""

    epochs: int
    optimiser_steps: int | None


def limits(
    module: pl.LightningModule, settings: TrainingSettings, batches_per_epoch: int
) -> Limits:
    """When the Trainer stops by itself a module that trains itself.

    A budget of batches is kept by `Passed`. The Trainer knows the resulting numbers, as schedulers
    of learning rates ask for them; steps of several optimisers, which Lightning adds up, would end
    it early.
    """
    if settings.max_steps is None:
        return {"epochs": settings.epochs, "optimiser_steps": None}
    return {
        "epochs": -(-settings.max_steps // batches_per_epoch),
        "optimiser_steps": settings.max_steps if module.automatic_optimization else None,
    }


def _copy(parameter: Tensor) -> Tensor:
    return parameter.detach().to("cpu", copy=True)


def _nothing() -> None:
    """Nothing is to be done."""
