"""How a network is trained and scored: in our own loop, or as a module that trains itself."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import islice
from typing import Any, Self, cast

import pytorch_lightning as pl
import torch
from pytorch_lightning.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn

from ecosobriety.scoring import Scores
from ecosobriety.training.fitting import TrainingSettings
from ecosobriety.training.own_networks import are_probabilities, unlogged
from ecosobriety.training.tasks import Task
from ecosobriety.user_code.lightnings import is_lightning
from ecosobriety.user_code.optimisers import build_optimiser, build_scheduler


def build_module(
    network: nn.Module, settings: TrainingSettings, task: Task
) -> tuple[pl.LightningModule, "Scorer"]:
    """What `Trainer.fit` trains, and what `Trainer.test` scores: of one network.

    A whole `LightningModule` trains itself, by its own `training_step` and `configure_optimizers`;
    any other network is trained by a `Learner`.
    """
    if is_lightning(network):
        module = cast(pl.LightningModule, network)
        return module, ModuleScorer(module, task)
    learner = Learner(network, task, settings)
    return learner, learner


class Scorer(pl.LightningModule):
    """Scores a network on the test set: its metric, exactly, and its mean loss.

    Batches are (x, y): x float (n, *input_shape), y (n,), labels int64 or standardised targets.
    """

    def __init__(self, network: nn.Module, task: Task):
        super().__init__()
        self.network = network
        self.task = task
        self._tested, self._test_tally, self._test_loss = 0, 0.0, 0.0
        self._answers = _Answers()

    def forward(self, x: Tensor) -> Tensor:
        """Logits (n, classes), or predictions (n, 1)."""
        output: Tensor = self.network(x)
        return output

    def eval(self) -> Self:
        """Put the network into the mode of the test, by an `eval` of its own if it has one."""
        super().eval()
        if type(self.network).eval is not nn.Module.eval:
            self.network.eval()
        return self

    def on_test_epoch_start(self) -> None:
        """Start counting again."""
        self._tested, self._test_tally, self._test_loss = 0, 0.0, 0.0
        self._answers = _Answers()

    def test_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        """Add up exactly: a mean of means in float32 would lose the last digits."""
        x, y = batch
        output = self(x)
        self._tested += len(y)
        self._test_tally += float(self.task.tally(output, y))
        self._test_loss += float(self.task.loss(output, y)) * len(y)
        # Other metrics need all answers together, and are computed after the window.
        self._answers.add(output.detach(), y)

    @property
    def test_score(self) -> float:
        """The task's own metric on the test set, after `Trainer.test`."""
        return self.task.score(self._test_tally / self._tested)

    def test_scores(self) -> tuple[Scores, dict[str, str]]:
        """Every metric of the task, and why one is missing, after `Trainer.test`."""
        outputs, y = self._answers.together()
        scores, reasons = self.task.scores(outputs, y)
        return scores | {self.task.metric: self.test_score}, reasons

    @property
    def test_loss(self) -> float:
        """Mean loss on the test set, after `Trainer.test`."""
        return self._test_loss / self._tested


class _Answers:
    """All answers of a test, and the labels or targets, each in one block of the host's memory.

    A list of small tensors would lie between the batches, and keep the memory of each from being
    used by the next: 2 GB more for a test part of 600 MB.
    """

    def __init__(self) -> None:
        self._number, self._blocks = 0, tuple[Tensor, ...]()

    def add(self, *parts: Tensor) -> None:
        """Copy the outputs (n, ...) and the labels or targets (n,) of a batch."""
        until = self._number + len(parts[0])
        if not self._blocks or until > len(self._blocks[0]):
            larger = tuple(torch.empty((2 * until, *p.shape[1:]), dtype=p.dtype) for p in parts)
            for block, other in zip(larger, self._blocks, strict=False):
                block[: self._number] = other[: self._number]
            self._blocks = larger
        for block, part in zip(self._blocks, parts, strict=True):
            block[self._number : until] = part
        self._number = until

    def together(self) -> tuple[Tensor, ...]:
        """All that was added, in its order."""
        return tuple(block[: self._number] for block in self._blocks)


class ModuleScorer(Scorer):
    """Scores a `LightningModule` of either package; its hooks see a batch as in the training.

    To whom asks the Trainer for what it tests, it looks like the module.
    """

    network: pl.LightningModule
    _fitting: tuple[Any, Any] | None = None
    """What the Trainer of another package, which trained the module, said that it does."""

    def __getattr__(self, name: str) -> Any:
        """The module's, where there is none of one's own."""
        try:
            return super().__getattr__(name)
        except AttributeError:
            if name == "network":
                raise
            return getattr(self.network, name)

    def named_parameters(self, *args: Any, **options: Any) -> Iterator[tuple[str, nn.Parameter]]:
        """Those of the module, by its names."""
        return self.network.named_parameters(*args, **options)

    def state_dict(self, *args: Any, **options: Any) -> Any:
        """That of the module, by its names."""
        return self.network.state_dict(*args, **options)

    def load_state_dict(self, *args: Any, **options: Any) -> Any:
        """Load into the module, by its names."""
        return self.network.load_state_dict(*args, **options)

    def on_test_start(self) -> None:
        """Let the module know its device and that it is tested.

        Both are set for modules of one's own package alone.
        """
        self.network.to(self.device)
        # By it, the Trainer knows where the steps of the training were counted.
        self.automatic_optimization = self.network.automatic_optimization
        with suppress(RuntimeError):  # It has no Trainer.
            trainer: Any = self.network.trainer
            if trainer is not self.trainer:
                state = trainer.state
                self._fitting = state.fn, state.stage
                state.fn, trainer.testing = type(state.fn).TESTING, True

    def on_test_end(self) -> None:
        """Let the module know that its test has ended."""
        if self._fitting is not None:
            state = self.network.trainer.state
            (state.fn, state.stage), self._fitting = self._fitting, None

    def forward(self, x: Tensor) -> Tensor:
        """As the module does, but for what it logs."""
        with unlogged(self.network):
            return super().forward(x)

    def test_scores(self) -> tuple[Scores, dict[str, str]]:
        """Every metric of the task, and why one is missing, after `Trainer.test`."""
        outputs, y = self._answers.together()
        scores, reasons = self.task.scores(self._logits(outputs), y)
        return scores | {self.task.metric: self.test_score}, reasons

    @property
    def test_loss(self) -> float:
        """Mean loss on the test set, after `Trainer.test`."""
        outputs, y = self._answers.together()
        return float(self.task.loss(self._logits(outputs).double(), y))

    def _logits(self, outputs: Tensor) -> Tensor:
        """All outputs of the test, as they would be without a softmax or a sigmoid at the end.

        The loss and the area under the ROC curve have a softmax of their own.
        """
        if self.task.outputs == 1:
            return outputs
        known, tiny = outputs.double(), torch.finfo(torch.float32).tiny
        if are_probabilities(outputs):
            return known.clamp_min(tiny).log()
        if bool(((known >= 0) & (known <= 1)).all()):
            # Of logits, some are always outside of 0 to 1.
            return known.clamp_min(tiny).log() - (1 - known).clamp_min(tiny).log()
        return outputs

    def on_before_batch_transfer(self, batch: Any, dataloader_idx: int) -> Any:
        """As the module does."""
        return self.network.on_before_batch_transfer(batch, dataloader_idx)

    def transfer_batch_to_device(
        self, batch: Any, device: torch.device, dataloader_idx: int
    ) -> Any:
        """As the module does."""
        return self.network.transfer_batch_to_device(batch, device, dataloader_idx)

    def on_after_batch_transfer(self, batch: Any, dataloader_idx: int) -> Any:
        """As the module does."""
        return self.network.on_after_batch_transfer(batch, dataloader_idx)


class Learner(Scorer):
    """Trains a network on its task's loss; keeps the running training score.

    Lightning's own work around an optimiser step takes half as long as a step of a small network.
    So a training step is given several batches at once, and optimises by itself after each.

    Args:
        network: The network.
        task: What it is trained for.
        settings: The hyper-parameters; after `max_steps` batches it stops, None: as the Trainer
            says.
    """

    automatic_optimization = False

    def __init__(self, network: nn.Module, task: Task, settings: TrainingSettings):
        super().__init__(network, task)
        self.settings = settings
        self.max_steps = settings.max_steps
        self.steps = 0
        """Batches so far, each an optimiser step unless gradients are accumulated; the Trainer does
        not see them."""
        self.examples = 0
        """Examples in them."""
        self._pending = 0
        """Batches whose gradients wait for a step."""
        self._seen = 0
        self._sums = torch.zeros(2)

    def on_fit_start(self) -> None:
        """Set the mode as a loop of one's own does, before the measured window opens."""
        for part in self.network.modules():
            # Lightning sets the mode of each layer by itself, past a method of the network's own.
            if type(part).train is not nn.Module.train:
                part.train(part.training)

    def on_train_start(self) -> None:
        """Take the optimiser itself, unless Lightning scales the loss for 16-bit floats."""
        scaled = self.trainer.precision == "16-mixed"
        self._optimiser = cast(torch.optim.Optimizer, self.optimizers(use_pl_optimizer=scaled))
        self._backward: Callable[[Tensor], None] = (
            self.manual_backward if scaled else Tensor.backward
        )
        settings = self.settings
        self._clip_here = settings.gradient_clip_val is not None and not scaled
        # A step for each batch as it is: nothing else stands between the steps then.
        self._plain = settings.accumulate_grad_batches == 1 and not self._clip_here

    def training_step(self, batch: Iterable[tuple[Tensor, Tensor]], batch_idx: int) -> None:
        """An optimiser step for each batch; sums for the epoch's mean stay on the device."""
        network, loss_of = self.network, self.task.loss
        optimiser, backward, plain = self._optimiser, self._backward, self._plain
        losses, outputs, targets, sizes = [], [], [], []
        left = None if self.max_steps is None else self.max_steps - self.steps
        for x, y in islice(batch, left):
            if plain:
                optimiser.zero_grad()
            output = network(x)
            loss = loss_of(output, y)
            if plain:
                backward(loss)
                optimiser.step()
            else:
                self._update(loss)
            losses.append(loss.detach())
            outputs.append(output.detach())
            targets.append(y)
            sizes.append(len(y))
        self.steps += len(sizes)
        self.examples += sum(sizes)
        self._seen += sum(sizes)
        loss_sum = torch.stack(losses).float() @ torch.tensor(sizes, dtype=torch.float32).to(
            self.device
        )
        # Once for all of the block: as many small kernels after each step take longer than one.
        tally = self.task.tally(torch.cat(outputs), torch.cat(targets))
        self._sums = self._sums.to(self.device) + torch.stack([loss_sum, tally.float()])
        if self.steps == self.max_steps:
            self.trainer.should_stop = True
        if self.trainer.is_last_batch or self.trainer.should_stop:
            if self._pending:
                self._step()
            if (scheduler := self.lr_schedulers()) is not None:
                cast(Any, scheduler).step()
            self._log_epoch()

    def _update(self, loss: Tensor) -> None:
        """Add a batch's gradients, and take a step when there are enough; as Lightning does it."""
        if not self._pending:
            self._optimiser.zero_grad()
        wanted = self.settings.accumulate_grad_batches
        self._backward(loss / wanted)
        self._pending += 1
        if self._pending == wanted:
            self._step()

    def _step(self) -> None:
        if self._clip_here:
            self._clip()
        self._optimiser.step()
        self._pending = 0

    def _clip(self) -> None:
        limit = cast(float, self.settings.gradient_clip_val)
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), limit)

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        """Clip what Lightning has scaled for 16-bit floats, and has scaled back by now."""
        if self.settings.gradient_clip_val is not None and not self._clip_here:
            self._clip()

    def _log_epoch(self) -> None:
        """Log the epoch's mean loss and running score: once, as each call of `log` costs time.

        It is done with the last batch, since callbacks see an epoch's end before the module does.
        """
        mean_loss, tally = (self._sums / self._seen).unbind()
        self.log_dict(
            {"train_loss": mean_loss, f"train_{self.task.metric}": self.task.score(tally)},
            on_step=False,
            on_epoch=True,
            batch_size=self._seen,
        )
        self._sums, self._seen = torch.zeros(2, device=self.device), 0

    def state_dict(self, *args: Any, prefix: str = "", **options: Any) -> Any:
        """By the network's parts: a form of its own is for files of its own."""
        if type(self.network).state_dict is nn.Module.state_dict:
            return super().state_dict(*args, prefix=prefix, **options)
        inside = f"{prefix}network."
        return nn.Module.state_dict(self.network, *args, prefix=inside, **options)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the numbers of steps and examples."""
        checkpoint["steps"], checkpoint["examples"] = self.steps, self.examples

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Go on counting."""
        self.steps, self.examples = checkpoint["steps"], checkpoint["examples"]

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """That of the settings, or AdamW; its fused form does the same in one kernel per step."""
        written, rate = self.settings.optimizer, self.settings.learning_rate
        # A network may say itself what of it is to be learnt.
        learnt = [*self.network.parameters()]
        # Complex weights have no fused form.
        fused = all(weight.is_floating_point() for weight in learnt)
        optimiser = (
            torch.optim.AdamW(learnt, lr=rate, fused=fused)
            if written is None
            else build_optimiser(written, learnt, rate)
        )
        if self.settings.lr_scheduler is None:
            return optimiser
        return [optimiser], [build_scheduler(self.settings.lr_scheduler, optimiser)]
