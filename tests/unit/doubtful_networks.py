"""Networks of which one may ask whether they are meant so."""

import copy
from math import prod
from types import SimpleNamespace

import numpy as np
import torch
from pytorch_lightning import callbacks
from pytorch_lightning.callbacks import EarlyStopping
from silent_losses import Losing, NeverClearing
from silent_networks import Base, SteppingByHand, Whole
from torch import nn
from torch.nn import functional as F  # noqa: N812


class ZeroTwice(Base):
    """No weight of its hidden layers ever has a gradient."""

    def __init__(self, input_shape, num_classes: int):
        super().__init__(input_shape, num_classes)
        for layer in (self.layers[1], self.layers[3]):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)


class Dropped(Base):
    def __init__(self, input_shape, num_classes: int, share: float):
        super().__init__(input_shape, num_classes)
        self.layers.insert(3, nn.Dropout(share))


class Deaf(Base):
    """Does not look at its input."""

    def forward(self, x):
        return super().forward(torch.ones_like(x))


class Evaluating(Whole):
    """Never leaves the mode of the test."""

    def __init__(self, input_shape, num_classes: int, frozen: bool = False):
        super().__init__(input_shape, num_classes)
        self.layers.append(nn.BatchNorm1d(num_classes))
        if not frozen:
            self.layers.append(nn.Dropout(0.3))
        self.layers[-1 if not frozen else 2].requires_grad_(not frozen)

    def on_train_batch_start(self, batch, batch_idx):
        self.layers[2].eval()
        self.layers[-1].eval()


class FirstAlone(Losing):
    """Learns the number of a class by its first output."""

    def training_step(self, batch, batch_idx):
        return F.mse_loss(self(batch[0])[:, 0], batch[1].float())


class Residual(nn.Module):
    """Each branch begins as nothing, and learns from the second step on."""

    def __init__(self, num_classes: int):
        super().__init__()
        self.branches = nn.ModuleList(nn.Linear(64, 64) for _ in range(2))
        self.gates = nn.Parameter(torch.zeros(2))
        self.last = nn.Linear(64, num_classes)

    def forward(self, x):
        x = x.flatten(1)
        for gate, branch in zip(self.gates, self.branches, strict=True):
            x = x + gate * branch(x).relu()
        return self.last(x)


class Optimised(Whole):
    """With an optimiser and a schedule of one's own."""

    def __init__(
        self,
        input_shape,
        num_classes: int,
        schedule: str | None = None,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
    ):
        super().__init__(input_shape, num_classes)
        self.schedule = schedule
        self.arguments = {"lr": 0.01, "weight_decay": weight_decay, "momentum": momentum}

    def configure_optimizers(self):
        optimiser = torch.optim.SGD(self.parameters(), **self.arguments)
        if self.schedule is None:
            return optimiser
        made = eval(self.schedule, {"o": optimiser, "S": torch.optim.lr_scheduler})
        return ([optimiser], [made]) if made is not None else optimiser


class NeverStepping(SteppingByHand, Optimised):
    """Takes the steps of its optimiser by itself, and none of its schedule."""


class ByHand(NeverStepping):
    """Takes the steps of its schedule itself, with each batch."""

    def training_step(self, batch, batch_idx):
        super().training_step(batch, batch_idx)
        self.lr_schedulers().step()


class KeepingSchedule(Optimised):
    """Keeps its schedule, and never comes to it."""

    given = ()

    def configure_optimizers(self):
        (optimiser,), (self.kept,) = super().configure_optimizers()
        return optimiser


class KeepingScheduleAsAttribute(KeepingSchedule):
    def on_train_epoch_end(self):
        self.kept.step(*self.given)


class KeepingScheduleInObject(KeepingSchedule):
    def configure_optimizers(self):
        optimiser = super().configure_optimizers()
        self.inside, self.kept = SimpleNamespace(own={"schedule": self.kept}), None
        return optimiser

    def on_train_epoch_end(self):
        self.inside.own["schedule"].step()


class KeepingScheduleLater(KeepingSchedule):
    def on_train_epoch_end(self):
        if self.current_epoch > 2:
            self.kept.step()


class KeepingScheduleOnPlateau(KeepingScheduleAsAttribute):
    given = (1.0,)


class Waiting(Whole):
    """Stops when something no longer becomes better."""

    def __init__(self, input_shape, num_classes: int, monitor: str, mode: str):
        super().__init__(input_shape, num_classes)
        self.monitor, self.mode = monitor, mode

    def training_step(self, batch, batch_idx):
        loss = super().training_step(batch, batch_idx)
        for name in ("loss", "gap"):
            self.log(name, loss, on_epoch=True, on_step=False)
        self.log("acc", -loss.detach(), on_epoch=True, on_step=True)
        return loss

    def configure_callbacks(self):
        return [EarlyStopping(self.monitor, mode=self.mode, patience=3)]


class WaitingPlateau(Waiting):
    """Learns more slowly then."""

    def configure_callbacks(self):
        return []

    def configure_optimizers(self):
        optimiser = super().configure_optimizers()
        schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(optimiser, self.mode)
        return {
            "optimizer": optimiser,
            "lr_scheduler": {"scheduler": schedule, "monitor": self.monitor},
        }


class Stacked(Base):
    """Has several layers, or one of them several times."""

    def __init__(self, input_shape, num_classes: int, made: str):
        super().__init__(input_shape, num_classes)
        names = {"nn": nn, "block": nn.Sequential(nn.Linear(16, 16), nn.ReLU())}
        self.middle = nn.Sequential(*eval(made, names | {"act": nn.PReLU()}))

    def forward(self, x):
        return self.layers[3](self.middle(self.layers[:3](x)))


class Rounded(Base):
    """No gradient but 0 comes back from what it gives."""

    def forward(self, x):
        return (100 * super().forward(x)).round()


class Averaged(Whole):
    """Is tested by a copy of its layers, which only a later epoch would change."""

    def __init__(self, input_shape, num_classes: int, begun: bool = False):
        super().__init__(input_shape, num_classes)
        self.kept = copy.deepcopy(self.layers).requires_grad_(False)
        self.begun = begun

    def forward(self, x):
        return self.layers(x) if self.training else self.kept(x)

    def on_train_batch_end(self, outputs, batch, batch_idx):
        if self.begun:
            for own, kept in zip(self.layers.parameters(), self.kept.parameters(), strict=True):
                kept.data.lerp_(own.data, 0.01)


class OwnMode(Base):
    """Keeps its statistics as they are, whatever mode it is in."""

    def __init__(self, input_shape, num_classes: int):
        super().__init__(input_shape, num_classes)
        self.layers.append(nn.BatchNorm1d(num_classes))

    def train(self, mode: bool = True):
        super().train(mode)
        self.layers[-1].eval()
        return self


class EvaluatingAfterwards(Whole):
    """Looks at its answers in the mode of the test."""

    def __init__(self, input_shape, num_classes: int, back: bool = False):
        super().__init__(input_shape, num_classes)
        self.layers.append(nn.BatchNorm1d(num_classes))
        self.back = back

    def training_step(self, batch, batch_idx):
        loss = super().training_step(batch, batch_idx)
        self.eval()
        with torch.no_grad():
            self(batch[0])
        return loss

    def on_before_zero_grad(self, optimizer):
        if self.back:
            self.train()


class SecondAlone(Whole):
    """Tells two classes apart by one number, as a sigmoid does."""

    def __init__(self, input_shape, num_classes: int, constant: bool = True):
        super().__init__(input_shape, num_classes)
        self.constant = constant

    def forward(self, x):
        z = super().forward(x)
        if self.constant:
            return torch.cat([torch.zeros_like(z[:, :1]), z[:, 1:]], 1)
        return z

    def training_step(self, batch, batch_idx):
        x, y = batch
        return F.binary_cross_entropy_with_logits(self(x)[:, 1:], F.one_hot(y, 10)[:, 1:].float())


class MixedUp(Whole):
    """Learns from mixtures of two examples, or from the labels of such alone."""

    def __init__(
        self, input_shape, num_classes: int, alpha: float = 0.2, labels_alone: bool = False
    ):
        super().__init__(input_shape, num_classes)
        self.alpha, self.labels_alone = alpha, labels_alone

    def training_step(self, batch, batch_idx):
        x, y = batch
        share = float(np.random.beta(self.alpha, self.alpha)) * (not self.labels_alone)
        other = torch.randperm(len(y))
        z = self(x if self.labels_alone else share * x + (1 - share) * x[other])
        return share * F.cross_entropy(z, y) + (1 - share) * F.cross_entropy(z, y[other])


class Swapped(Whole):
    """Is meant to be tested by other weights than those that it trains, or counts its tests."""

    def __init__(self, input_shape, num_classes: int, swaps: bool = True):
        super().__init__(input_shape, num_classes)
        self.average, self.swaps = copy.deepcopy(self.layers).requires_grad_(False), swaps

    def on_train_batch_end(self, outputs, batch, batch_idx):
        for mean, weight in zip(self.average.parameters(), self.layers.parameters(), strict=True):
            mean.lerp_(weight.detach(), 0.1)

    def on_test_start(self):
        self.answers = []
        if self.swaps:
            self.layers.load_state_dict(self.average.state_dict())

    def on_test_epoch_start(self):
        self.logger.log_metrics({})


class SteppingToo(Optimised):
    """Takes the steps of its schedule itself, beside Lightning's or alone."""

    def __init__(self, input_shape, num_classes: int, schedule: str, alone: bool = False):
        super().__init__(input_shape, num_classes, schedule)
        self.alone = alone

    def configure_optimizers(self):
        optimisers, (self.mine,) = super().configure_optimizers()
        return optimisers[0] if self.alone else (optimisers, [self.mine])

    def on_train_epoch_end(self):
        self.mine.step()


class LosingLater(Losing):
    """Has another loss after its first epoch."""

    def training_step(self, batch, batch_idx):
        if self.current_epoch > 0:
            return F.cross_entropy(self(batch[0]), batch[1])
        return super().training_step(batch, batch_idx)


class Toggling(Whole):
    """Freezes its last layer while the first one learns, and never thaws it, unless `back`."""

    def __init__(self, input_shape, num_classes: int, back: bool = False):
        super().__init__(input_shape, num_classes)
        self.layers = Base(input_shape, num_classes).layers
        self.automatic_optimization, self.back = False, back

    def training_step(self, batch, batch_idx):
        for place, optimiser in enumerate(self.optimizers()):
            if place == 0:
                self.toggle_optimizer(optimiser)
            optimiser.zero_grad()
            self.manual_backward(super().training_step(batch, batch_idx))
            optimiser.step()
            if self.back and place == 0:
                self.untoggle_optimizer(optimiser)

    def configure_optimizers(self):
        return [torch.optim.SGD(self.layers[i].parameters(), lr=0.01) for i in (1, 3)]


class CountingBatches(NeverClearing):
    """Takes a step after so many batches, of whatever epochs."""

    passed = -1

    def training_step(self, batch, batch_idx):
        self.passed += 1
        super().training_step(batch, self.passed)


class Called(Whole):
    """Has a callback, and where that may add a backbone, an optimiser of the rest alone."""

    def __init__(self, input_shape, num_classes: int, callback: str, apart: bool = False):
        super().__init__(input_shape, num_classes)
        self.backbone = nn.Sequential(nn.Flatten(), nn.Linear(prod(input_shape), 16))
        self.backbone.append(nn.BatchNorm1d(16))
        self.head = nn.Linear(16, num_classes)
        self.callback, self.apart, self.lr, self.layers = callback, apart, 0.01, None

    def forward(self, x):
        return self.head(self.backbone(x).relu())

    def configure_optimizers(self):
        learning = self.head if self.apart else self
        return torch.optim.SGD(learning.parameters(), lr=self.lr)

    def configure_callbacks(self):
        return [eval(self.callback, vars(callbacks))]
