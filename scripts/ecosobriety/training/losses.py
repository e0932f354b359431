"""What the losses and gradients of a network's first batches give away; see `rehearsal`.

A loss that is NaN before anything is learnt has another cause than a learning rate; a loss that has
its own softmax or sigmoid wants what no other one has bounded; and weights that no gradient reaches
stay as they were drawn.
"""

import math
from collections.abc import Callable, Sequence, Set
from functools import wraps
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.optimizer import register_optimizer_step_post_hook

from ecosobriety.errors import ConfigError
from ecosobriety.training.own_networks import evaluating, unlogged
from ecosobriety.training.soundness import nodes
from ecosobriety.user_code.lightnings import has_callback

GROWN = 1e3
"""A loss that has grown so much on a few batches is looked at for longer."""

FAR_OFFSET = 10.0
"""Standard deviations of the targets; the outputs of a network as it is built lie within few."""

_OWN_ENDS = {
    "LogSoftmaxBackward0": "cross_entropy (log_softmax)",
    "BinaryCrossEntropyWithLogitsBackward0": "binary_cross_entropy_with_logits",
}
"""Operations that bound their input themselves, and so want numbers of any sign and size."""
_SQUASHING = {"SoftmaxBackward0": "a softmax", "SigmoidBackward0": "a sigmoid"}
_CUTTING = {
    "ReluBackward0": "a ReLU",
    "TanhBackward0": "a tanh",
    "HardtanhBackward0": "a ReLU6 or hard tanh",
    "HardsigmoidBackward0": "a hard sigmoid",
    "SoftplusBackward0": "a softplus",
}
_LIKELIHOODS = ("NllLossBackward0", "NllLoss2DBackward0")
_LINEAR = ("AddmmBackward0", "MmBackward0", "ConvolutionBackward0")
_SAME_VALUES = frozenset(
    f"{name}Backward{number}"
    for number in range(3)
    for name in (
        *("View", "UnsafeView", "ReshapeAlias", "Squeeze", "Unsqueeze", "T", "Transpose"),
        *("Permute", "Slice", "Select", "Clone", "ToCopy", "Alias", "Expand"),
    )
)
"""Operations that change no value, but the shape or the type."""


_WEIGHING = _SAME_VALUES | {
    f"{name}Backward{number}"
    for number in range(3)
    for name in ("Neg", "Mul", "Div", "Sum", "Mean", "Add", "Sub", "Rsub", "Gather", "Index")
}
"""Operations that make a loss of log-probabilities, with labels that may be soft."""


class Losses(pl.Callback):
    """Looks at each loss, its graph and its gradients.

    Args:
        class_path: The network's name, for messages.
        precision: That of the training; in 16 bits, gradients may be infinite for a while.
        trains_itself: Whether it computes its own loss.
    """

    def __init__(self, class_path: str, precision: str, *, trains_itself: bool):
        self._class_path = class_path
        self._scaled = precision == "16-mixed"
        self._trains_itself = trains_itself
        self.values: list[float] = []
        """Of each batch, in their order."""
        self.reached: set[int] = set()
        """Ids of the weights that had a gradient when an optimiser took a step."""
        self.moved: set[int] = set()
        """The same of those whose gradient was not 0."""
        self.thaws = False
        """Whether a callback may give the optimisers more weights later."""
        self._unhook: Callable[[], None] = _nothing
        self._unwatch: Callable[[], None] = _nothing

    def see(self, loss: Tensor) -> None:
        """Look at a loss before its backward pass.

        Raises:
            ConfigError: it is no number before the first step, or made of what it bounds twice.
        """
        self.values.append(float(loss.detach()))
        if len(self.values) == 1 and not self._scaled and not math.isfinite(self.values[0]):
            raise ConfigError(
                f"models: {self._class_path}: its loss is {self.values[0]} for the first batch, "
                "before anything is learnt, so the learning rate is not the cause: look for a "
                "division by 0, or a log or a root of negative numbers (standardised inputs and "
                "targets are negative too)"
            )
        if len(self.values) == 1 and self._trains_itself:
            self._require_free(loss)

    def _require_free(self, loss: Tensor) -> None:
        """Refuse a loss that has its own softmax or sigmoid, of what is bounded already.

        The same softmax twice is no error of PyTorch's: the training is slow, and stays so.
        """
        weighed = {*nodes(loss, lambda node: node.name() not in _WEIGHING)}
        for node in nodes(loss):
            name = node.name()
            if name in _LIKELIHOODS:
                if _over_examples(node):
                    raise ConfigError(
                        f"models: {self._class_path} gives nll_loss a softmax over dimension 0, "
                        "the examples of a batch, where it takes log-probabilities over the "
                        "classes: use dim=1"
                    )
                made = _source(node)
                if made is not None and made.name() in {**_SQUASHING, **_CUTTING}:
                    end = {**_SQUASHING, **_CUTTING}[made.name()]
                    raise self._twice("nll_loss", end, "log-probabilities (log_softmax)")
                if made is not None and made.name() in _LINEAR:
                    raise self._twice("nll_loss", "a linear layer", "log-probabilities")
                if made is not None and made.name() == "LogSoftmaxBackward0":
                    self._require_logits(made, {**_SQUASHING, **_CUTTING})
            elif name == "LogSoftmaxBackward0":
                # Of hidden layers, it may be that of what a ReLU gives; weighed by labels, not.
                cutting = _CUTTING if node in weighed else {}
                self._require_logits(node, {**_SQUASHING, **cutting})
            elif name in _OWN_ENDS:
                log_softmax = {"LogSoftmaxBackward0": "a log-softmax"}
                self._require_logits(node, {**_SQUASHING, **_CUTTING, **log_softmax})

    def _require_logits(self, node: Any, ends: dict[str, str]) -> None:
        made = _source(node)
        if made is not None and made.name() in ends:
            raise self._twice(_OWN_ENDS[node.name()], ends[made.name()], "logits")

    def _twice(self, loss: str, end: str, wanted: str) -> ConfigError:
        return ConfigError(
            f"models: {self._class_path} gives {loss} what {end} gives, where it takes {wanted}: "
            "it would learn slowly or not at all; change the loss, or what the network ends in"
        )

    def on_before_backward(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, loss: Tensor
    ) -> None:
        """Look at the loss of a module that trains itself."""
        self.see(loss)

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Look at every step of an optimiser, and at what is given to a loss that asks nothing."""
        self.thaws = has_callback(trainer, "BaseFinetuning")
        self._unhook = register_optimizer_step_post_hook(self._on_step).remove
        if self._trains_itself:
            self._unwatch = self._watch_kl_div()

    def _watch_kl_div(self) -> Callable[[], None]:
        """Refuse probabilities and logits where kl_div takes log-probabilities."""
        functions: Any = nn.functional
        own = functions.kl_div

        @wraps(own)
        def kl_div(input: Tensor, *others: Any, **further: Any) -> Any:
            made = _same_values(input.grad_fn)
            ends = {**_SQUASHING, **_CUTTING, **dict.fromkeys(_LINEAR, "a linear layer")}
            if made is not None and made.name() in ends:
                raise self._twice("kl_div", ends[made.name()], "log-probabilities (log_softmax)")
            return own(input, *others, **further)

        def unwatch() -> None:
            functions.kl_div = own

        functions.kl_div = kl_div
        return unwatch

    def _on_step(self, optimizer: Optimizer, *_: Any) -> None:
        # After it, as Lightning has the gradients computed within.
        first = not self.reached
        for group in optimizer.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                self.reached.add(id(weight))
                if id(weight) not in self.moved and _any(weight.grad):
                    self.moved.add(id(weight))
                if first and len(self.values) == 1 and not self._scaled and _broken(weight.grad):
                    raise ConfigError(
                        f"models: {self._class_path}: its first gradients are NaN or infinite, "
                        f"although its loss is {self.values[0]:.3g}, so the learning rate is not "
                        "the cause: look for a root, a norm or a log of 0, or a division by 0"
                    )

    def teardown(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Look at no more steps."""
        self._unhook()
        self._unwatch()
        self._unhook = self._unwatch = _nothing

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        """Look at no more steps."""
        self.teardown(trainer, pl_module, "fit")

    @property
    def grown(self) -> bool:
        """Whether the last loss is much larger than the first."""
        return len(self.values) > 1 and not self.values[-1] <= GROWN * max(1.0, self.values[0])

    def require_finite(self, network: nn.Module, rate: str, sizes: Sequence[int]) -> None:
        """Refuse a network whose weights are none any more after a few batches.

        Args:
            network: As trained.
            rate: What decides the size of its steps.
            sizes: Of the batches.

        Raises:
            ConfigError: weights are NaN or infinite.
        """
        if all(bool(weight.isfinite().all()) for weight in network.parameters()):
            return
        broken = [i for i, value in enumerate(self.values) if not math.isfinite(value)]
        if broken and len(self.values) <= len(sizes) and sizes[broken[0]] == 1 < max(sizes):
            raise ConfigError(
                f"models: {self._class_path}: its loss is {self.values[broken[0]]} for a batch of "
                "1 example, as the last of an epoch is, where grid.n_train modulo "
                "training.batch_size is 1: change either, or the loss"
            )
        # Of what calls backward by itself, no loss is seen.
        within, goes = "its first batches", ","
        if number := len(self.values):
            within = f"{number} batch{'es' * (number > 1)}"
            goes = f": its loss goes from {self.values[0]:.3g} to {self.values[-1]:.3g}, and"
        raise ConfigError(
            f"models: {self._class_path} diverges within {within}{goes} its weights become NaN or "
            f"infinite: a smaller learning rate ({rate}) may help"
        )


def untrained(
    network: nn.Module, reached: Set[str], x: Tensor, draw: torch.Generator
) -> tuple[list[str], float] | None:
    """Weights that decide the outputs, and that no gradient has reached.

    Args:
        network: Built anew; its weights are changed.
        reached: Names of those that have had a gradient.
        x: (n, *input_shape) a few examples.
        draw: For other weights.

    Returns:
        Their names, and their share of all weights to train; None: there are none.
    """
    weights = {name: p for name, p in network.named_parameters() if p.requires_grad}
    others = {name: p for name, p in weights.items() if name not in reached}
    if not others:
        return None
    with torch.no_grad(), unlogged(network), evaluating(network):
        before = network(x.clone())
        for weight in others.values():
            weight.add_(torch.randn(weight.shape, generator=draw).to(weight))
        after = network(x.clone())
    if torch.equal(before, after):
        return None  # They are used for nothing, as a head that a study does not need.
    number = sum(weight.numel() for weight in others.values())
    return [*others], number / sum(weight.numel() for weight in weights.values())


def far_offset(network: nn.Module, x: Tensor) -> float | None:
    """The mean of a regression's first outputs, if they lie far from standardised targets.

    Args:
        network: As built.
        x: (n, *input_shape) a few examples.
    """
    with torch.no_grad(), unlogged(network), evaluating(network):
        outputs = network(x.clone()).flatten().float()
    mean = float(outputs.mean())
    return mean if abs(mean) > max(FAR_OFFSET, 3 * float(outputs.std())) else None


def _over_examples(node: Any) -> bool:
    """Whether a loss of log-probabilities (n, classes, ...) takes what adds up to 1 over n."""
    made = node.next_functions[0][0]
    if made is not None and made.name() == "LogBackward0":
        made = made.next_functions[0][0]
    if made is None or made.name() not in ("LogSoftmaxBackward0", "SoftmaxBackward0"):
        return False
    dimensions = len(made._input_metadata[0].shape)
    # Counted from the end, it is kept as an unsigned number.
    return dimensions > 1 and made._saved_dim in (0, 2**64 - dimensions)


def _source(node: Any) -> Any:
    """What made the first operand, but for operations that change no value."""
    return _same_values(node.next_functions[0][0])


def _same_values(node: Any) -> Any:
    """What made some values, but for operations that change none."""
    while node is not None and node.name() in _SAME_VALUES:
        node = node.next_functions[0][0]
    return node


def _any(gradient: Tensor) -> bool:
    values = gradient.coalesce().values() if gradient.is_sparse else gradient
    return bool(values.any())


def _broken(gradient: Tensor) -> bool:
    values = gradient.coalesce().values() if gradient.is_sparse else gradient
    return not bool(values.isfinite().all())


def _nothing() -> None:
    """Nothing is to be done."""
