"""The networks of a study, the user's own among them, and how they are trained and scored."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from math import prod
from typing import Any, ClassVar, Protocol, TypeVar, cast

import pytorch_lightning as pl
import torch
from pytorch_lightning.utilities.seed import isolate_rng
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from ecosobriety.datasets.inputs import image_shape
from ecosobriety.errors import ConfigError, DataError
from ecosobriety.scoring import Scores, score
from ecosobriety.training.own_networks import unlogged
from ecosobriety.user_code import classes
from ecosobriety.user_code.classes import ClassSpec
from ecosobriety.user_code.lightnings import is_lightning

INPUT_DIMENSIONS_OF_AN_IMAGE = 2

Number = TypeVar("Number", float, Tensor)


def linear(input_shape: Sequence[int], num_classes: int) -> nn.Module:
    """Softmax or linear regression: one linear layer on the flattened input."""
    return nn.Sequential(nn.Flatten(), nn.Linear(prod(input_shape), num_classes))


def mlp(input_shape: Sequence[int], num_classes: int, hidden: Sequence[int] = (256,)) -> nn.Module:
    """A multi-layer perceptron with ReLU; `hidden` gives the width of each hidden layer."""
    widths = [prod(input_shape), *hidden]
    layers: list[nn.Module] = [nn.Flatten()]
    for width_in, width_out in pairwise(widths):
        layers += [nn.Linear(width_in, width_out), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(widths[-1], num_classes))


def cnn(
    input_shape: Sequence[int],
    num_classes: int,
    channels: Sequence[int] = (16, 32),
    layout: str | None = None,
) -> nn.Module:
    """A small convolutional network: 3 x 3 convolutions with ReLU, each halving the image.

    `input_shape` is (height, width) for one channel, (height, width, channels), or with the layout
    `first` (channels, height, width).
    """
    try:
        height, width, depth = image_shape(input_shape, layout)
    except DataError as error:
        raise ConfigError(f"models: cnn: {error}") from error
    rows, columns, depths = height, width, [depth, *channels]
    layers: list[nn.Module] = [_ChannelsFirst(layout)]
    for depth_in, depth_out in pairwise(depths):
        layers += [nn.Conv2d(depth_in, depth_out, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
        height, width = height // 2, width // 2
    if height == 0 or width == 0:
        raise ConfigError(
            f"models: cnn: channels {list(channels)} halve an image of {(rows, columns)} "
            f"{len(channels)} times, to nothing; allowed are fewer channels"
        )
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(depths[-1] * height * width, num_classes))


class _ChannelsFirst(nn.Module):
    """(n, height, width[, channels]) to (n, channels, height, width), as convolutions want it."""

    def __init__(self, layout: str | None):
        super().__init__()
        self.layout = layout

    def forward(self, x: Tensor) -> Tensor:
        if self.layout == "first":
            return x
        has_channels = x.dim() > INPUT_DIMENSIONS_OF_AN_IMAGE + 1
        return x.permute(0, 3, 1, 2) if has_channels else x.unsqueeze(1)


NETWORKS: Mapping[str, Callable[..., nn.Module]] = {"linear": linear, "mlp": mlp, "cnn": cnn}


def build_network(
    class_path: str,
    init_args: Mapping[str, Any],
    input_shape: Sequence[int],
    num_classes: int,
    *,
    channels: str | None = None,
    whole_numbers: bool = False,
) -> nn.Module:
    """Build a network for inputs of `input_shape` (without the batch) and its classes.

    Args:
        class_path: A name of `NETWORKS`, or the path of the user's own `nn.Module`, which gets
            `input_shape` and `num_classes` where its `__init__` names them.
        init_args: The network's own arguments.
        input_shape: Shape of one example.
        num_classes: Number of outputs: the classes, or 1 for a regression.
        channels: Which dimension of an example the channels are: `first`, `last`, or None.
        whole_numbers: Whether the inputs are int64 and not float32.

    Raises:
        ConfigError: there is no such network, or it cannot be built.
    """
    if class_path in NETWORKS:
        if whole_numbers:
            raise ConfigError(
                f"models: {class_path} cannot learn from whole numbers as they are: if they are "
                "measurements, say in dataset.normalise how they are normalised (global, feature "
                "or channel)"
            )
        options = {"layout": channels} if class_path == "cnn" else {}
        return NETWORKS[class_path](tuple(input_shape), num_classes, **init_args, **options)
    if "." not in class_path:
        allowed = ", ".join(NETWORKS)
        raise ConfigError(
            f"models: unknown network {class_path!r}; allowed are {allowed}, or a class_path"
        )
    given = {"input_shape": tuple(input_shape), "num_classes": num_classes}
    spec = ClassSpec("network", class_path, init_args)
    # What a module draws, or seeds, where it is imported would count for the first training alone.
    with isolate_rng():
        classes.load(spec)
    network: nn.Module = classes.build(spec, given)
    return network


class Task(Protocol):
    """What a network is trained for: its loss, and the metric that it is scored by.

    `metric` is the name of the metric that is followed while it trains, `outputs` how many numbers
    the network gives.
    """

    metric: ClassVar[str]

    @property
    def outputs(self) -> int:
        """Numbers that the network gives for an example."""

    def loss(self, output: Tensor, y: Tensor) -> Tensor:
        """Mean loss of a batch, without dimension."""

    def tally(self, output: Tensor, y: Tensor) -> Tensor:
        """A sum over examples, without dimension, which the metric is made of."""

    def score(self, tally: Number) -> Number:
        """The metric, of the tally's mean over all examples."""

    def scores(self, outputs: Tensor, y: Tensor) -> tuple[Scores, dict[str, str]]:
        """Every metric of the task, and why one is missing; the tensors are on the CPU."""


@dataclass(frozen=True)
class Classification:
    """Logits (n, classes) against labels int64 (n,)."""

    outputs: int
    metric: ClassVar[str] = "accuracy"

    def loss(self, output: Tensor, y: Tensor) -> Tensor:
        """Mean cross-entropy in nats."""
        # In 16-bit floats its own sums would lose digits, or not be there at all.
        return cross_entropy(output.float() if output.dtype == torch.half else output, y)

    def tally(self, output: Tensor, y: Tensor) -> Tensor:
        """Number of examples classified correctly."""
        return (output.argmax(dim=1) == y).sum().float()

    def score(self, tally: Number) -> Number:
        """The accuracy, 0 to 1."""
        return tally

    def scores(self, outputs: Tensor, y: Tensor) -> tuple[Scores, dict[str, str]]:
        """As `scoring.score`."""
        return score("classification", y.numpy(), outputs.double().numpy())


@dataclass(frozen=True)
class Regression:
    """Outputs (n, 1) against standardised targets (n,).

    Attributes:
        deviation: standard deviation of the subset's targets, in their unit, by which they were
            divided: the squared errors are tallied in the target's own unit.
    """

    deviation: float
    metric: ClassVar[str] = "rmse"
    outputs: ClassVar[int] = 1

    def loss(self, output: Tensor, y: Tensor) -> Tensor:
        """Mean squared error of the standardised targets."""
        return ((output.flatten() - y) ** 2).mean()

    def tally(self, output: Tensor, y: Tensor) -> Tensor:
        """Sum of the squared errors in the target's unit."""
        return ((output.flatten() - y) ** 2).sum() * self.deviation**2

    def score(self, tally: Number) -> Number:
        """The RMSE, in the target's unit."""
        root: Number = tally**0.5
        return root

    def scores(self, outputs: Tensor, y: Tensor) -> tuple[Scores, dict[str, str]]:
        """As `scoring.score`, in the target's unit around their mean, on which none depends."""
        targets, predictions = (
            (values.double() * self.deviation).numpy() for values in (y, outputs.flatten())
        )
        return score("regression", targets, predictions)


def build_module(
    network: nn.Module, learning_rate: float, task: Task, max_steps: int | None
) -> tuple[pl.LightningModule, "Scorer"]:
    """What `Trainer.fit` trains, and what `Trainer.test` scores: of one network.

    A whole `LightningModule` trains itself, by its own `training_step` and `configure_optimizers`;
    any other network is trained by a `Learner`.
    """
    if is_lightning(network):
        module = cast(pl.LightningModule, network)
        return module, ModuleScorer(module, task)
    learner = Learner(network, task, learning_rate, max_steps)
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
        self._answers: list[tuple[Tensor, Tensor]] = []

    def forward(self, x: Tensor) -> Tensor:
        """Logits (n, classes), or predictions (n, 1)."""
        output: Tensor = self.network(x)
        return output

    def on_test_epoch_start(self) -> None:
        """Start counting again."""
        self._tested, self._test_tally, self._test_loss = 0, 0.0, 0.0
        self._answers = []

    def test_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        """Add up exactly: a mean of means in float32 would lose the last digits."""
        x, y = batch
        output = self(x)
        self._tested += len(y)
        self._test_tally += float(self.task.tally(output, y))
        self._test_loss += float(self.task.loss(output, y)) * len(y)
        # Other metrics need all answers together, and are computed after the window.
        self._answers.append((output.detach().cpu(), y.cpu()))

    @property
    def test_score(self) -> float:
        """The task's own metric on the test set, after `Trainer.test`."""
        return self.task.score(self._test_tally / self._tested)

    def test_scores(self) -> tuple[Scores, dict[str, str]]:
        """Every metric of the task, and why one is missing, after `Trainer.test`."""
        outputs, y = (torch.cat(parts) for parts in zip(*self._answers, strict=True))
        scores, reasons = self.task.scores(outputs, y)
        return scores | {self.task.metric: self.test_score}, reasons

    @property
    def test_loss(self) -> float:
        """Mean loss on the test set, after `Trainer.test`."""
        return self._test_loss / self._tested


class ModuleScorer(Scorer):
    """Scores a `LightningModule` of either package; its hooks see a batch as in the training."""

    network: pl.LightningModule

    def on_test_start(self) -> None:
        """Let the module know its device, which is set for modules of one's own package alone."""
        self.network.to(self.device)

    def forward(self, x: Tensor) -> Tensor:
        """As the module does, but for what it logs."""
        with unlogged(self.network):
            return super().forward(x)

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
    """Trains a network with AdamW on its task's loss; keeps the running training score.

    Lightning's own work around an optimiser step takes half as long as a step of a small network.
    So a training step is given several batches at once, and optimises by itself after each.

    Args:
        network: The network.
        task: What it is trained for.
        learning_rate: Step size of AdamW.
        max_steps: Optimiser steps after which to stop; None: as the Trainer says.
    """

    automatic_optimization = False

    def __init__(
        self, network: nn.Module, task: Task, learning_rate: float, max_steps: int | None = None
    ):
        super().__init__(network, task)
        self.learning_rate = learning_rate
        self.max_steps = max_steps
        self.steps = 0
        """Optimiser steps so far, each of one batch; the Trainer does not see them."""
        self.examples = 0
        """Examples in them."""
        self._seen = 0
        self._sums = torch.zeros(2)

    def on_train_start(self) -> None:
        """Take the optimiser itself, unless Lightning scales the loss for 16-bit floats."""
        scaled = self.trainer.precision == "16-mixed"
        self._optimiser = cast(torch.optim.Optimizer, self.optimizers(use_pl_optimizer=scaled))
        self._backward: Callable[[Tensor], None] = (
            self.manual_backward if scaled else Tensor.backward
        )

    def training_step(self, batch: Iterable[tuple[Tensor, Tensor]], batch_idx: int) -> None:
        """An optimiser step for each batch; sums for the epoch's mean stay on the device."""
        network, loss_of = self.network, self.task.loss
        optimiser, backward = self._optimiser, self._backward
        losses, outputs, targets, sizes = [], [], [], []
        left = None if self.max_steps is None else self.max_steps - self.steps
        for x, y in islice(batch, left):
            optimiser.zero_grad()
            output = network(x)
            loss = loss_of(output, y)
            backward(loss)
            optimiser.step()
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
            self._log_epoch()

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

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the numbers of steps and examples."""
        checkpoint["steps"], checkpoint["examples"] = self.steps, self.examples

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Go on counting."""
        self.steps, self.examples = checkpoint["steps"], checkpoint["examples"]

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """AdamW; the fused form does the same arithmetic in one kernel per step."""
        return torch.optim.AdamW(self.parameters(), lr=self.learning_rate, fused=True)
