"""Classes as a user would write them."""

from collections.abc import Callable
from math import prod

import pytorch_lightning as pl
import torch
from pytorch_lightning.cli import LRSchedulerCallable, OptimizerCallable
from torch import nn
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, TensorDataset


class Perceptron(nn.Module):
    """The study's own mlp, written by a user."""

    def __init__(self, input_shape, num_classes: int, width: int = 16):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Flatten(),
            nn.Linear(prod(input_shape), width),
            nn.ReLU(),
            nn.Linear(width, num_classes),
        )

    def forward(self, x):
        return self.layers(x)


class Dropping(nn.Module):
    """Keeps statistics, drops at random, and finds its own input size."""

    def __init__(self, num_classes: int):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Flatten(),
            nn.LazyLinear(16),
            nn.BatchNorm1d(16),
            nn.Dropout(),
            nn.LazyLinear(num_classes),
        )

    def forward(self, x):
        return self.layers(x)


class Whole(pl.LightningModule):
    """Trains itself, as the study trains its mlp."""

    def __init__(self, input_shape, num_classes: int, learning_rate: float, momentum=0.9):
        super().__init__()
        self.network = Perceptron(input_shape, num_classes)
        self.learning_rate, self.momentum = learning_rate, momentum

    def forward(self, x):
        return self.network(x)

    def training_step(self, batch, batch_idx):
        x, y = batch
        loss = cross_entropy(self(x), y)
        self.log("own_loss", loss, on_step=False, on_epoch=True)
        return loss

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.learning_rate, momentum=self.momentum)


class Predictor(Whole):
    """Trains itself to predict a number."""

    def training_step(self, batch, batch_idx):
        x, y = batch
        return ((self(x).flatten() - y) ** 2).mean()


class Calling(nn.Module):
    """Takes things to call, with every type that people write for them."""

    def __init__(
        self,
        bare: Callable = torch.relu,
        maker: Callable = nn.ReLU,
        layer: Callable[..., nn.Module] = nn.ReLU,
        function: Callable[[torch.Tensor], torch.Tensor] = torch.relu,
        optional: Callable | None = None,
        named: str | Callable = "relu",
        optimiser: OptimizerCallable = lambda p: torch.optim.SGD(p, lr=0.01),
        schedule: LRSchedulerCallable = lambda o: torch.optim.lr_scheduler.ConstantLR(o),
        later: Callable[..., torch.optim.Optimizer] | None = None,
    ):
        super().__init__()
        self.given = {
            "bare": bare,
            "maker": maker,
            "layer": layer,
            "function": function,
            "optional": optional,
            "named": named,
            "optimiser": optimiser,
            "schedule": schedule,
            "later": later,
        }


class WrongShape(nn.Module):
    def forward(self, x):
        return x.flatten(1)


class Broken(nn.Module):
    def forward(self, x):
        raise RuntimeError("out of\norder")


class Unbuildable(nn.Module):
    def __init__(self, depth: int = 1):
        raise ValueError("never")


class NoNetwork:
    pass


class Data(pl.LightningDataModule):
    """Twenty examples of three classes; the training part comes shuffled."""

    def __init__(self, test: int = 8):
        super().__init__()
        self.test = test

    def setup(self, stage):
        x, y = torch.arange(60.0).reshape(20, 3), torch.arange(20) % 3
        self.x, self.y = x, y

    def train_dataloader(self):
        rows = slice(0, 20 - self.test)
        return DataLoader(
            TensorDataset(self.x[rows], self.y[rows]), batch_size=5, shuffle=True, drop_last=True
        )

    def test_dataloader(self):
        rows = slice(20 - self.test, 20)
        return DataLoader(TensorDataset(self.x[rows], self.y[rows]), batch_size=5)


class Nameless(Data):
    def train_dataloader(self):
        return [{"x": self.x, "y": self.y}]


class Failing(Data):
    def prepare_data(self):
        raise OSError("no\nserver")


class Unending(Data):
    def train_dataloader(self):
        return []


class Untested(Data):
    def test_dataloader(self):
        return None


class Unreachable(Data):
    def test_dataloader(self):
        raise OSError("no\nserver")


class Sites(nn.Module):
    """Takes what it is given, whatever that is."""

    def __init__(self, country=None, flags=(), name: str | None = None):
        super().__init__()
        self.given = (country, flags, name)
