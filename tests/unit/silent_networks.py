"""Networks that train without an error, and whose scores would be worth nothing."""

from math import prod

import pytorch_lightning as pl
import torch
from torch import nn
from torch.nn.functional import cross_entropy

SHARED = nn.Linear(64, 10)
BACKBONE = nn.Linear(64, 16).requires_grad_(False)
KEPT = {}


class Base(nn.Module):
    def __init__(self, input_shape, num_classes: int):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Flatten(), nn.Linear(prod(input_shape), 16), nn.ReLU(), nn.Linear(16, num_classes)
        )

    def forward(self, x):
        return self.layers(x)


class SharedLayer(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = SHARED

    def forward(self, x):
        return self.layer(x.flatten(1))


class KeptState(Base):
    def __init__(self, input_shape, num_classes: int):
        super().__init__(input_shape, num_classes)
        self.load_state_dict(KEPT or self.state_dict())

    def forward(self, x):
        KEPT.update(self.state_dict())
        return super().forward(x)


class SharedBatchNorm(Base):
    norm = nn.BatchNorm1d(64, affine=False)

    def __init__(self, input_shape, num_classes: int):
        super().__init__(input_shape, num_classes)
        self.own_norm = self.norm

    def forward(self, x):
        return super().forward(self.own_norm(x.flatten(1)))


class OwnChance(Base):
    def __init__(self, input_shape, num_classes: int):
        super().__init__(input_shape, num_classes)
        chance = torch.Generator()
        chance.seed()
        nn.init.normal_(self.layers[1].weight, generator=chance)


class Seeding(Base):
    def __init__(self, input_shape, num_classes: int):
        torch.manual_seed(0)
        super().__init__(input_shape, num_classes)


class SeedingEverything(Base):
    def __init__(self, input_shape, num_classes: int):
        super().__init__(input_shape, num_classes)
        pl.seed_everything(42)


class Listed(Base):
    def __init__(self, input_shape, num_classes: int):
        super().__init__(input_shape, num_classes)
        self.more = [nn.Linear(10, 10)]

    def forward(self, x):
        return self.more[0](super().forward(x))


class InADict(Base):
    def __init__(self, input_shape, num_classes: int):
        super().__init__(input_shape, num_classes)
        self.more = {"a": nn.Linear(10, 10)}

    def forward(self, x):
        return self.more["a"](super().forward(x))


class OfTheClass(Base):
    scale = nn.Parameter(torch.ones(10))

    def forward(self, x):
        return self.scale * super().forward(x)


class PlainTensor(Base):
    def __init__(self, input_shape, num_classes: int):
        super().__init__(input_shape, num_classes)
        self.scale = torch.ones(num_classes, requires_grad=True)

    def forward(self, x):
        return self.scale * super().forward(x)


class Fresh(Base):
    def forward(self, x):
        return super().forward(x) + nn.Linear(64, 10)(x.flatten(1))


class Whole(pl.LightningModule):
    def __init__(self, input_shape, num_classes: int):
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(prod(input_shape), num_classes))

    def forward(self, x):
        return self.layers(x)

    def training_step(self, batch, batch_idx):
        return cross_entropy(self(batch[0]), batch[1])

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.01)


class SteppingByHand(pl.LightningModule):
    """Before a module whose optimiser steps by itself: takes the steps, and none of a schedule."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.automatic_optimization = False

    def training_step(self, batch, batch_idx):
        optimiser = self.optimizers()
        optimiser.zero_grad()
        self.manual_backward(super().training_step(batch, batch_idx))
        optimiser.step()


class ListedWhole(Whole):
    def __init__(self, input_shape, num_classes: int):
        super().__init__(input_shape, num_classes)
        self.more = [nn.Linear(10, 10)]

    def forward(self, x):
        return self.more[0](super().forward(x))


class Ending(Base):
    def __init__(self, input_shape, num_classes: int, end: str):
        super().__init__(input_shape, num_classes)
        self.end = getattr(nn, end)()

    def forward(self, x):
        return self.end(super().forward(x))


def put(z, mask, value):
    z[mask] = value
    return z


class Formula(Base):
    """Ends in a formula of `z`, what its layers give."""

    def __init__(self, input_shape, num_classes: int, end: str):
        super().__init__(input_shape, num_classes)
        self.end = compile(end, "end", "eval")
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, x):
        names = {"torch": torch, "F": nn.functional, "scale": self.scale, "x": x.flatten(1)}
        names["put"] = put
        return eval(self.end, names | {"z": super().forward(x)})


class Clamped(Base):
    def forward(self, x):
        return super().forward(x).clamp(min=0)


class Missing(Base):
    def forward(self, x):
        return super().forward(x) * float("nan")


class MissingWhole(Whole):
    def forward(self, x):
        return super().forward(x) / 0

    def training_step(self, batch, batch_idx):
        return cross_entropy(super().forward(batch[0]), batch[1])


class OverTheBatch(Base):
    def forward(self, x):
        return super().forward(x).log_softmax(0)


class Centred(Base):
    def forward(self, x):
        y = super().forward(x)
        return y - y.mean(0)


class Untracked(Base):
    def __init__(self, input_shape, num_classes: int):
        super().__init__(input_shape, num_classes)
        self.layers.append(nn.BatchNorm1d(num_classes, track_running_stats=False))


class BatchAsTime(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm, self.last = nn.LSTM(8, 16), nn.Linear(16, 10)

    def forward(self, x):
        return self.last(self.lstm(x)[0][:, -1])


class BatchAttention(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention, self.last = nn.MultiheadAttention(8, 2), nn.Linear(8, 10)

    def forward(self, x):
        return self.last(self.attention(x, x, x)[0].mean(1))


class MaskedOverTheBatch(Base):
    def forward(self, x):
        y = super().forward(x)
        return y + y.mean() + torch.tensor([0.0] * 9 + [-torch.inf])


class CentredByHook(Whole):
    def on_after_batch_transfer(self, batch, dataloader_idx):
        x, y = batch
        return x - x.mean(0), y


class Positive(Base):
    def __init__(self, input_shape, end: str):
        super().__init__(input_shape, 1)
        self.end = getattr(torch, end)

    def forward(self, x):
        return self.end(super().forward(x))


class Predicting(Whole):
    """A regression that trains itself; its targets are (n,) and its outputs (n, 1)."""

    def __init__(self, input_shape, loss: str):
        super().__init__(input_shape, 1)
        self.loss = loss

    def training_step(self, batch, batch_idx):
        output, y = self(batch[0]), batch[1]
        if self.loss == "own":
            return ((output - y) ** 2).mean()
        if self.loss == "reversed":
            return (y - output).abs().mean()
        return getattr(nn.functional, self.loss)(output, y)


class PredictingFlat(Predicting):
    """Gives (n,) as its targets are."""

    def forward(self, x):
        return super().forward(x)[:, 0]


class Ranking(Predicting):
    """Compares all pairs, of outputs and of targets, on purpose."""

    def training_step(self, batch, batch_idx):
        output, y = self(batch[0]), batch[1]
        return ((output - output.T) - (y[:, None] - y)).square().mean()


class Flat(Base):
    """A regression that gives (n,)."""

    def __init__(self, input_shape):
        super().__init__(input_shape, 1)

    def forward(self, x):
        return super().forward(x)[:, 0]


class Remembering(Base):
    last = 0.0

    def forward(self, x):
        y = super().forward(x) + self.last
        self.last = y.detach().mean(0)
        return y


class RememberingLast(Base):
    last = 0.0

    def forward(self, x):
        y = super().forward(x)
        self.last, last = y.detach().mean(0), self.last
        return y + last


class RunningMean(Base):
    def __init__(self, input_shape, num_classes: int):
        super().__init__(input_shape, num_classes)
        self.register_buffer("mean", torch.zeros(num_classes))

    def forward(self, x):
        y = super().forward(x)
        self.mean = 0.9 * self.mean + 0.1 * y.detach().mean(0)
        return y - self.mean


class Dimmed(Base):
    """Counts the batches that it sees in the test; its outputs do not depend on it."""

    def __init__(self, input_shape, num_classes: int):
        super().__init__(input_shape, num_classes)
        self.register_buffer("seen", torch.zeros(()))

    def forward(self, x):
        self.seen += 1
        return super().forward(x)


class FailingLater(Base):
    """On its second batch, whatever its size."""

    steps = 0

    def forward(self, x):
        self.steps += self.training
        if self.steps > 1:
            raise ValueError("no second step")
        return super().forward(x)


class SeedingLate(Whole):
    def __init__(self, input_shape, num_classes: int, where: str):
        super().__init__(input_shape, num_classes)
        self.where = where

    def seed_in(self, place):
        if place == self.where:
            torch.manual_seed(0)

    def setup(self, stage=None):
        self.seed_in("setup")

    def configure_model(self):
        self.seed_in("configure_model")

    def configure_optimizers(self):
        self.seed_in("configure_optimizers")
        return super().configure_optimizers()

    def on_fit_start(self):
        self.seed_in("on_fit_start")

    def on_train_start(self):
        self.seed_in("on_train_start")

    def training_step(self, batch, batch_idx):
        self.seed_in("training_step")
        return super().training_step(batch, batch_idx)
