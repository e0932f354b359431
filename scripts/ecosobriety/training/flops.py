"""Floating-point operations of a training, counted by PyTorch before it.

One multiply-accumulate is two FLOP. Element-wise operations are not counted, as PyTorch's counter
has none for them; matrix products and convolutions are. The counter passes over kernels that do
several of these at once (an LSTM's, an attention's), so that they are taken apart for the count.
"""

import copy
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from ecosobriety.training.fitting import Passed
from ecosobriety.training.learner import Learner
from ecosobriety.training.tasks import Task

_OPAQUE = (
    *("mkldnn_rnn_layer", "_cudnn_rnn", "miopen_rnn", "_transformer_encoder_layer_fwd"),
    *("_native_multi_head_attention", "_scaled_dot_product_flash_attention_for_cpu"),
    *("_scaled_dot_product_fused_attention_overrideable", "_trilinear", "_cdist_forward"),
    *("_pdist_forward", "_sparse_mm", "_sparse_addmm", "conv_tbc", "_grouped_mm", "_int_mm"),
    *("_fft_r2c", "_fft_c2c", "_fft_c2r", "linalg_inv_ex", "linalg_qr", "linalg_eig"),
    *("linalg_cholesky_ex", "linalg_lu_factor_ex", "linalg_lstsq", "linalg_matrix_exp"),
    *("_linalg_svd", "_linalg_eigh", "_linalg_solve_ex", "_linalg_det", "_linalg_slogdet"),
)
"""Operations with products that the counter takes for none."""
IRREGULAR = "its steps do not all take the same operations"
ELEMENT_WISE = "it has no matrix product and no convolution, and only these are counted"
OUTSIDE = "it trains or computes outside of its steps, in a hook"


@dataclass(frozen=True)
class Cost:
    """What a batch costs in FLOP: so much, and so much for each example, in so many passes.

    Attributes:
        forward: forward pass of one example.
        example: each example of a batch, forward, backward and whatever else a step does.
        batch: each batch, whatever its size: an optimiser's own matrix products, say.
        passes: backward passes of a batch; None: they may vary, and `example` is that of one pass.
    """

    forward: int
    example: int
    batch: int = 0
    passes: int | None = None

    def of_training(self, count: Passed | Learner) -> int | None:
        """FLOP of a whole training; None where it took other steps than those counted."""
        if isinstance(count, Learner):
            # It does the same with every batch.
            return self.example * count.examples + self.batch * count.steps
        passes = count.passes_of_a_batch
        if len(count.trained) > 1 or 0 in passes or count.steps_outside:
            return None
        if len(count.unseen_of_a_batch) > 1:
            return None
        if self.passes is None:
            return self.example * count.example_passes
        if passes != {self.passes}:
            return None
        return self.example * count.examples + self.batch * count.steps


def _product(a: Sequence[int], *_: Any, **__: Any) -> int:
    return 2 * math.prod(a)


def _product_added(_: Any, a: Sequence[int], *__: Any, **___: Any) -> int:
    return 2 * math.prod(a)


def _convolution_gradients(
    gradient: Sequence[int], x: Sequence[int], weight: Sequence[int], *settings: Any, **__: Any
) -> int:
    """Of a convolution's inputs and weights: each takes the products of its forward pass.

    A weight has the channels of its own group alone.
    """
    # Behind the bias, the stride, the padding and the dilation; and behind the groups.
    transposed, wanted = settings[4], settings[7]
    places = math.prod((x if transposed else gradient)[2:])
    return 2 * x[0] * places * math.prod(weight) * sum(map(bool, wanted[:2]))


_OWN_FORMULAS: Mapping[Any, Callable[..., int]] = {
    # Products of a matrix and a vector, which the counter leaves out.
    torch.ops.aten.mv: _product,
    torch.ops.aten.addmv: _product_added,
    # Of which the counter forgets the groups.
    torch.ops.aten.convolution_backward: _convolution_gradients,
}


class Unseen(TorchDispatchMode):
    """Notes the operations whose FLOP the counter does not know."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.names: set[str] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run an operation, and note it if its products are not counted."""
        space, _, name = str(func.name()).split(".")[0].partition("::")
        # What a library or the user adds to PyTorch is known to no counter.
        if name in _OPAQUE or space not in ("aten", "prim", "prims", "profiler"):
            self.names.add(name)
        return func(*args, **(kwargs or {}))


@contextmanager
def counting() -> Iterator[tuple[FlopCounterMode, Unseen]]:
    """PyTorch's counter, with kernels taken apart that it does not know; what is left of these."""
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    mode, unseen = FlopCounterMode(display=False, custom_mapping={**_OWN_FORMULAS}), Unseen()
    try:
        with (
            torch.backends.mkldnn.flags(enabled=False),
            torch.backends.cudnn.flags(enabled=False),
            sdpa_kernel(SDPBackend.MATH),
            mode,
            unseen,
        ):
            yield mode, unseen
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)


def count_flops(
    network: torch.nn.Module, batch: tuple[Tensor, Tensor], task: Task
) -> tuple[int, int]:
    """FLOP of one example: (forward pass, forward and backward pass), counted on a batch.

    A copy of the network is used, and chance as it was before. It is for the networks that come
    with the study: of another one a copy may not be possible, or not without effect.
    """
    x, y = batch
    network = copy.deepcopy(network)
    forward, both = FlopCounterMode(display=False), FlopCounterMode(display=False)
    with torch.random.fork_rng(devices=[]), both:
        with forward:
            output = network(x)
        task.loss(output, y).backward()
    return forward.get_total_flops() // len(y), both.get_total_flops() // len(y)


@dataclass(frozen=True)
class Counted:
    """One batch as it was counted: its examples, its backward passes, its FLOP."""

    examples: int
    passes: int
    flop: int


class Counter(pl.Callback):
    """Counts the FLOP of each batch of a training, under PyTorch's counter."""

    def __init__(self, mode: FlopCounterMode, sizes: Sequence[int]):
        self._mode = mode
        self._sizes = sizes
        self._passes = 0
        self._before = self._seen = 0
        self.counted: list[Counted] = []
        self.outside = 0
        """FLOP between the batches and after them, but those of a validation."""

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Begin; what was done before, a training of these data has done once."""
        self._seen = self._mode.get_total_flops()

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Begin at what was counted before."""
        self._note_outside()
        self._before, self._passes = self._seen, 0

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Leave the validation out, which is none of the steps."""
        self._note_outside()

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Go on behind it."""
        self._seen = self._mode.get_total_flops()

    def _note_outside(self) -> None:
        now = self._mode.get_total_flops()
        self.outside += now - self._seen
        self._seen = now

    def on_after_backward(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Count a backward pass."""
        self._passes += 1

    def finish(self) -> list[Counted] | str:
        """The batches; or why they are not all of the training. To call when it is over."""
        self._note_outside()
        return OUTSIDE if self.outside else self.counted

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Note the batch."""
        self._seen = self._mode.get_total_flops()
        flop = self._seen - self._before
        self.counted.append(Counted(self._sizes[batch_idx], self._passes, flop))


def cost_of(forward: int, counted: Sequence[Counted]) -> Cost | str:
    """What the batches of a training cost, or why that cannot be said.

    Args:
        forward: FLOP of one example's forward pass.
        counted: some batches, of different sizes.
    """
    if not counted or any(not batch.passes for batch in counted):
        return "its steps have no backward pass that Lightning sees"
    if forward == 0:
        return ELEMENT_WISE
    per_pass = {batch.flop / batch.passes / batch.examples for batch in counted}
    if len(per_pass) == 1 and per_pass.copy().pop().is_integer():
        return Cost(forward, int(per_pass.pop()))
    passes = {batch.passes for batch in counted}
    small, large = (choose(counted, key=lambda batch: batch.examples) for choose in (min, max))
    if len(passes) > 1 or small.examples == large.examples:
        return IRREGULAR
    example, rest = divmod(large.flop - small.flop, large.examples - small.examples)
    fixed = small.flop - example * small.examples
    if rest or fixed < 0 or any(b.flop != fixed + example * b.examples for b in counted):
        return "the operations of its steps are not in proportion to the examples"
    return Cost(forward, example, fixed, passes.pop())
