"""What a network is trained for: its loss, and the metric that it is scored by."""

from dataclasses import dataclass
from typing import ClassVar, Protocol, TypeVar

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from ecosobriety.scoring import Scores, score

Number = TypeVar("Number", float, Tensor)


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
