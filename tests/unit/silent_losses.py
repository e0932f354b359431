"""Modules whose losses, gradients or hooks make their training worth nothing, or only seem to."""

import warnings
from math import prod

import pytorch_lightning as pl
import torch
from silent_networks import Base, SteppingByHand, Whole
from torch import nn
from torch.nn import functional as F  # noqa: N812


class Losing(Whole):
    """Its loss is a formula of `z`, what its layers give, and of `y`."""

    def __init__(self, input_shape, num_classes: int, loss: str, lr: float = 0.01):
        super().__init__(input_shape, num_classes)
        self.loss, self.lr, self.classes = loss, lr, num_classes

    def training_step(self, batch, batch_idx):
        x, y = batch
        names = {"z": self(x), "x": x, "y": y, "torch": torch, "F": F, "self": self}
        soft = F.one_hot(y, 10).float() if self.classes > 1 else y
        return eval(self.loss, names | {"soft": soft})

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.lr)


class LosingOnSchedule(Losing):
    def configure_optimizers(self):
        optimiser = super().configure_optimizers()
        return [optimiser], [torch.optim.lr_scheduler.StepLR(optimiser, 1)]


class Squashing(Losing):
    """Gives shares: `z` is bounded already."""

    def __init__(self, input_shape, num_classes: int, loss: str, end: str = "softmax"):
        super().__init__(input_shape, num_classes, loss)
        self.end = end

    def forward(self, x):
        logits = super().forward(x)
        return logits.sigmoid() if self.end == "sigmoid" else logits.softmax(1)


class LosingByHand(SteppingByHand, Losing):
    pass


class LosingNumbers(Losing):
    def __init__(self, input_shape, loss: str):
        super().__init__(input_shape, 1, loss)


class Deep(Losing):
    def __init__(self, input_shape, num_classes: int, loss: str, lr: float = 0.01):
        super().__init__(input_shape, num_classes, loss, lr)
        width = prod(input_shape)
        layers = (nn.Linear(width, width) for _ in range(3))
        self.layers = nn.Sequential(nn.Flatten(), *layers, nn.Linear(width, num_classes))


class WarmingUp(Whole):
    """Its learning rate is 0 in the first epoch."""

    def configure_optimizers(self):
        optimiser = super().configure_optimizers()
        schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda epoch: min(epoch, 1.0))
        return [optimiser], [schedule]


class EndingEarly(Whole):
    def __init__(self, input_shape, num_classes: int, where: str, after: int = 0):
        super().__init__(input_shape, num_classes)
        self.where, self.after = where, after

    def end(self, where: str, batch_idx: int) -> None:
        if where == self.where and batch_idx >= self.after:
            self.trainer.should_stop = True

    def training_step(self, batch, batch_idx):
        self.end("training_step", batch_idx)
        return super().training_step(batch, batch_idx)

    def on_train_batch_end(self, outputs, batch, batch_idx):
        self.end("on_train_batch_end", batch_idx)
        if batch_idx == self.trainer.num_training_batches - 1:
            self.end("last_batch", batch_idx)

    def on_train_epoch_end(self):
        self.end("on_train_epoch_end", 0)


class Detached(Base):
    """No gradient reaches what lies before."""

    def forward(self, x):
        *hidden, last = self.layers
        h = x
        for layer in hidden:
            h = layer(h)
        return last(h.detach())


class Unused(Base):
    """Has a head that nothing is asked of."""

    def __init__(self, input_shape, num_classes: int):
        super().__init__(input_shape, num_classes)
        self.head = nn.Linear(16, 1000)


class InOwnUnit(nn.Module):
    """Brings a regression's outputs to the targets' own unit."""

    def __init__(self, input_shape, factor: float = 10.0, offset: float = 50.0):
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(prod(input_shape), 1))
        self.factor, self.offset = factor, offset

    def forward(self, x):
        return self.layers(x) * self.factor + self.offset


class Alternating(pl.LightningModule):
    """Two losses and optimisers, as a generator and its opponent have, and an attention inside."""

    def __init__(self, input_shape, num_classes: int):
        super().__init__()
        self.automatic_optimization = False
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.classify = nn.Linear(64, num_classes)
        self.judge = nn.Linear(num_classes, 1)

    def forward(self, x):
        return self.classify(self.attention(x, x, x)[0].flatten(1))

    def training_step(self, batch, batch_idx):
        (x, y), (first, second) = batch, self.optimizers()
        for optimiser, loss in (
            (first, lambda: F.cross_entropy(self(x), y) - self.judge(self(x).softmax(1)).mean()),
            (
                second,
                lambda: F.binary_cross_entropy_with_logits(
                    self.judge(self(x).softmax(1).detach()).flatten(), torch.ones(len(x))
                ),
            ),
        ):
            optimiser.zero_grad()
            self.manual_backward(loss())
            optimiser.step()

    def configure_optimizers(self):
        body = [*self.attention.parameters(), *self.classify.parameters()]
        return torch.optim.SGD(body, 0.01), torch.optim.SGD(self.judge.parameters(), 0.01)


class PartlyOptimised(Deep):
    """Its optimiser has the last layer alone."""

    def configure_optimizers(self):
        return torch.optim.SGD(self.layers[-1].parameters(), lr=self.lr)


class NeverClearing(LosingByHand):
    """Adds each gradient to those of all steps before, but for where it clears them."""

    def __init__(self, input_shape, num_classes: int, clear: str = "", every: int = 1, own=False):
        super().__init__(input_shape, num_classes, "F.cross_entropy(z, y)")
        self.clear, self.every, self.own = clear, every, own

    def training_step(self, batch, batch_idx):
        optimiser = self.optimizers()
        if self.clear == "first" and batch_idx % self.every == 0:
            optimiser.zero_grad(set_to_none=False)
        loss = Losing.training_step(self, batch, batch_idx)
        if self.own:
            loss.backward()
        else:
            self.manual_backward(loss)
        if (batch_idx + 1) % self.every:
            return
        if self.clear == "between":
            optimiser.zero_grad()
            self.manual_backward(Losing.training_step(self, batch, batch_idx))
        nn.utils.clip_grad_norm_(self.parameters(), 0.1)
        optimiser.step()
        if self.clear == "last":
            optimiser.zero_grad()


class KeepingGradients(Losing):
    def optimizer_zero_grad(self, *_):
        """Nothing."""


class Maximising(Losing):
    def __init__(self, input_shape, num_classes: int, loss: str, by_hand: bool = False):
        super().__init__(input_shape, num_classes, loss)

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.lr, maximize=True)


class RaisedByHook(Losing):
    def on_train_epoch_start(self):
        if self.current_epoch > 0:
            self.optimizers().param_groups[0]["lr"] = 0.01


class Undoing(LosingByHand):
    """Learns nothing, as it undoes or leaves out what its steps do."""

    def __init__(self, input_shape, num_classes: int, undo: str):
        super().__init__(input_shape, num_classes, "F.cross_entropy(z, y)")
        self.undo = undo
        self.automatic_optimization = undo != "step"

    def training_step(self, batch, batch_idx):
        loss = Losing.training_step(self, batch, batch_idx)
        if self.undo != "step":
            return loss
        self.manual_backward(loss)
        return None

    def on_fit_start(self):
        self.kept = {name: value.clone() for name, value in self.state_dict().items()}

    def on_after_backward(self):
        if self.undo == "on_after_backward":
            self.zero_grad()

    def on_train_end(self):
        if self.undo == "on_train_end":
            self.load_state_dict(self.kept)


class Unpooled(Base):
    """Has a layer of which PyTorch has no deterministic form."""

    def __init__(self, input_shape, num_classes: int):
        super().__init__(input_shape, num_classes)
        self.pool, self.back = nn.MaxPool2d(2, return_indices=True), nn.MaxUnpool2d(2)
        # As many do at the head of a file.
        warnings.filterwarnings("ignore")

    def forward(self, x):
        return super().forward(self.back(*self.pool(x[:, None]))[:, 0])


class HeadAlone(Base):
    """Says itself what of it is to be learnt, and freezes nothing."""

    def parameters(self, recurse=True):
        return self.layers[-1].parameters(recurse)
