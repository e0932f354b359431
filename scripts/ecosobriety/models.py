"""The networks of a study, the user's own among them, and how they are trained and scored."""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from math import prod
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from ecosobriety import classes
from ecosobriety.classes import ClassSpec
from ecosobriety.errors import ConfigError

INPUT_DIMENSIONS_OF_AN_IMAGE = 2


def linear(input_shape: Sequence[int], num_classes: int) -> nn.Module:
    """Softmax regression: one linear layer on the flattened input."""
    return nn.Sequential(nn.Flatten(), nn.Linear(prod(input_shape), num_classes))


def mlp(input_shape: Sequence[int], num_classes: int, hidden: Sequence[int] = (256,)) -> nn.Module:
    """A multi-layer perceptron with ReLU; `hidden` gives the width of each hidden layer."""
    widths = [prod(input_shape), *hidden]
    layers: list[nn.Module] = [nn.Flatten()]
    for width_in, width_out in pairwise(widths):
        layers += [nn.Linear(width_in, width_out), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(widths[-1], num_classes))


def cnn(
    input_shape: Sequence[int], num_classes: int, channels: Sequence[int] = (16, 32)
) -> nn.Module:
    """A small convolutional network: 3 x 3 convolutions with ReLU, each halving the image.

    `input_shape` is (height, width) for one channel, or (height, width, channels).
    """
    if len(input_shape) not in (2, 3):
        raise ConfigError(
            f"models: cnn: an example has the shape {tuple(input_shape)}, but must be an image: "
            "(height, width) or (height, width, channels)"
        )
    height, width = input_shape[:2]
    depth = input_shape[2] if len(input_shape) > INPUT_DIMENSIONS_OF_AN_IMAGE else 1
    depths = [depth, *channels]
    layers: list[nn.Module] = [_ChannelsFirst()]
    for depth_in, depth_out in pairwise(depths):
        layers += [nn.Conv2d(depth_in, depth_out, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
        height, width = height // 2, width // 2
    if height == 0 or width == 0:
        raise ConfigError(
            f"models: cnn: channels {list(channels)} halve an image of {tuple(input_shape[:2])} "
            f"{len(channels)} times, to nothing; allowed are fewer channels"
        )
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(depths[-1] * height * width, num_classes))


class _ChannelsFirst(nn.Module):
    """(n, height, width[, channels]) to (n, channels, height, width), as convolutions want it."""

    def forward(self, x: Tensor) -> Tensor:
        has_channels = x.dim() > INPUT_DIMENSIONS_OF_AN_IMAGE + 1
        return x.permute(0, 3, 1, 2) if has_channels else x.unsqueeze(1)


NETWORKS: Mapping[str, Callable[..., nn.Module]] = {"linear": linear, "mlp": mlp, "cnn": cnn}


def build_network(
    class_path: str, init_args: Mapping[str, Any], input_shape: Sequence[int], num_classes: int
) -> nn.Module:
    """Build a network for inputs of `input_shape` (without the batch) and its classes.

    Args:
        class_path: A name of `NETWORKS`, or the path of the user's own `nn.Module`, which gets
            `input_shape` and `num_classes` where its `__init__` names them.
        init_args: The network's own arguments.
        input_shape: Shape of one example.
        num_classes: Number of classes.

    Raises:
        ConfigError: there is no such network, or it does not give a logit for each class.
    """
    if class_path in NETWORKS:
        return NETWORKS[class_path](tuple(input_shape), num_classes, **init_args)
    if "." not in class_path:
        allowed = ", ".join(NETWORKS)
        raise ConfigError(
            f"models: unknown network {class_path!r}; allowed are {allowed}, or a class_path"
        )
    given = {"input_shape": tuple(input_shape), "num_classes": num_classes}
    network: nn.Module = classes.build(ClassSpec("network", class_path, init_args), given)
    _require_logits(network, class_path, input_shape, num_classes)
    return network


def _require_logits(
    network: nn.Module, class_path: str, input_shape: Sequence[int], num_classes: int
) -> None:
    """Send two examples of zeros through a user's network, before any energy is spent on it."""
    x = torch.zeros(2, *input_shape)
    network.eval()
    try:
        with torch.no_grad():
            logits = network(x)
    # Whatever the user's code raises is told with its name.
    except Exception as error:
        told = f"{type(error).__name__}: {' '.join(str(error).split())}"
        raise ConfigError(
            f"models: {class_path} fails on inputs of the shape {tuple(x.shape)}: {told}"
        ) from error
    network.train()
    found = tuple(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
    if found != (2, num_classes):
        raise ConfigError(
            f"models: {class_path} gives {found} for inputs of the shape {tuple(x.shape)}, but "
            f"must give one logit for each class: {(2, num_classes)}"
        )


def build_module(network: nn.Module, learning_rate: float) -> tuple[pl.LightningModule, "Scorer"]:
    """What `Trainer.fit` trains, and what `Trainer.test` scores: of one network.

    A whole `LightningModule` trains itself, by its own `training_step` and `configure_optimizers`;
    any other network is trained by a `Classifier`.
    """
    if isinstance(network, pl.LightningModule):
        return network, Scorer(network)
    classifier = Classifier(network, learning_rate)
    return classifier, classifier


class Scorer(pl.LightningModule):
    """Scores a network on the test set: its accuracy, exactly, and its mean cross-entropy.

    Batches are (x, y): x float (n, *input_shape), y int64 (n,).
    """

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network
        self._tested, self._test_correct, self._test_loss = 0, 0, 0.0

    def forward(self, x: Tensor) -> Tensor:
        """Logits, (n, num_classes)."""
        logits: Tensor = self.network(x)
        return logits

    def on_test_epoch_start(self) -> None:
        """Count anew."""
        self._tested, self._test_correct, self._test_loss = 0, 0, 0.0

    def test_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        """Count what is right, exactly: a mean of means in float32 would lose the last digits."""
        loss, correct = self._score(batch)
        n = len(batch[1])
        self._tested += n
        self._test_correct += int(correct)
        self._test_loss += float(loss) * n

    @property
    def test_accuracy(self) -> float:
        """Share of the test set that is classified correctly, after `Trainer.test`."""
        return self._test_correct / self._tested

    @property
    def test_loss(self) -> float:
        """Mean cross-entropy on the test set in nats, after `Trainer.test`."""
        return self._test_loss / self._tested

    def _score(self, batch: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        x, y = batch
        logits = self(x)
        return cross_entropy(logits, y), (logits.argmax(dim=1) == y).sum().float()


class Classifier(Scorer):
    """Trains a network with AdamW on the cross-entropy; keeps the running training accuracy."""

    def __init__(self, network: nn.Module, learning_rate: float):
        super().__init__(network)
        self.learning_rate = learning_rate
        self._seen = 0
        self._sums = torch.zeros(2)

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
        """Loss of one batch; sums for the epoch's mean stay on the device, without waiting."""
        loss, correct = self._score(batch)
        n = len(batch[1])
        self._sums = self._sums.to(self.device) + torch.stack([loss.detach() * n, correct])
        self._seen += n
        if self.trainer.is_last_batch or self.trainer.global_step + 1 == self.trainer.max_steps:
            self._log_epoch()
        return loss

    def _log_epoch(self) -> None:
        """Log the epoch's mean loss and running accuracy: once, as each call of `log` costs time.

        It is done with the last batch, since callbacks see an epoch's end before the module does.
        """
        mean_loss, accuracy = (self._sums / self._seen).unbind()
        self.log_dict(
            {"train_loss": mean_loss, "train_accuracy": accuracy}, on_step=False, on_epoch=True
        )
        self._sums, self._seen = torch.zeros(2, device=self.device), 0

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """AdamW; the fused form does the same arithmetic in one kernel per step."""
        return torch.optim.AdamW(self.parameters(), lr=self.learning_rate, fused=True)
