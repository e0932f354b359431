"""Networks and modules that train, count, compile and fail in the ways that people's do."""

import os
import threading
from math import prod
from pathlib import Path

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import EarlyStopping, ModelCheckpoint
from torch import nn
from torch.nn.functional import cross_entropy, nll_loss
from user_classes import Perceptron, Whole

CALLS = {"forward": 0, "training": 0}


class Counting(nn.Module):
    """Counts its calls where a copy would count too, and draws by chance of its own in training."""

    chance = torch.Generator().manual_seed(1)

    def __init__(self, input_shape, num_classes: int):
        super().__init__()
        self.layer = nn.Linear(prod(input_shape), num_classes)
        self.register_buffer("calls", torch.zeros(1))

    def forward(self, x):
        CALLS["forward"] += 1
        CALLS["training"] += self.training
        self.calls += 1
        noise = torch.rand(1, generator=self.chance)
        return self.layer(x.flatten(1)) + self.training * noise


class Holding(Perceptron):
    """Holds what cannot be copied."""

    def __init__(self, input_shape, num_classes: int):
        super().__init__(input_shape, num_classes)
        self.lock = threading.Lock()
        self.file = Path(__file__).open()  # noqa: SIM115
        self.numbers = (i for i in range(3))


class Compiled(nn.Module):
    """Compiled, without the compiler that a machine may lack."""

    compiled = 0

    def __init__(self, input_shape, num_classes: int):
        super().__init__()
        self.layer = nn.Linear(prod(input_shape), num_classes)
        self.run = torch.compile(self._run, backend=self._count, fullgraph=True)

    def _count(self, graph, inputs):
        def call(*arguments):
            Compiled.compiled += 1
            return graph.forward(*arguments)

        return call

    def _run(self, x):
        return self.layer(x.flatten(1))

    def forward(self, x):
        return self.run(x)


class Normed(nn.Module):
    def __init__(self, input_shape, num_classes: int):
        super().__init__()
        width = prod(input_shape)
        self.layers = nn.Sequential(
            nn.Flatten(), nn.BatchNorm1d(width), nn.Linear(width, num_classes)
        )

    def forward(self, x):
        return self.layers(x)


class Frozen(Normed):
    """Built with its statistics at rest."""

    def __init__(self, input_shape, num_classes: int):
        super().__init__(input_shape, num_classes)
        self.layers[1].eval()


class Predicting(Whole):
    """Its forward is for prediction only."""

    @torch.no_grad()
    def forward(self, x):
        return self.network(x)

    def training_step(self, batch, batch_idx):
        x, y = batch
        return cross_entropy(self.network(x), y)


class Manual(Whole):
    def __init__(self, input_shape, num_classes: int, optimisers: int = 1, every: int = 1):
        super().__init__(input_shape, num_classes, learning_rate=0.02)
        self.automatic_optimization = False
        self.optimisers, self.every = optimisers, every

    def configure_optimizers(self):
        return [super(Manual, self).configure_optimizers() for _ in range(self.optimisers)]

    def training_step(self, batch, batch_idx):
        x, y = batch
        optimisers = self.optimizers()
        optimisers = optimisers if isinstance(optimisers, list) else [optimisers]
        for optimiser in optimisers:
            self.manual_backward(cross_entropy(self(x), y) / self.every)
            if (batch_idx + 1) % self.every == 0:
                optimiser.step()
                optimiser.zero_grad()


class Lbfgs(Whole):
    def configure_optimizers(self):
        return torch.optim.LBFGS(self.parameters(), lr=0.1, max_iter=3)


class Skipping(Whole):
    """Leaves every other batch out."""

    def training_step(self, batch, batch_idx):
        loss = super().training_step(batch, batch_idx)
        return loss if batch_idx % 2 else None


class Silent(Whole):
    """Forgets to return its loss."""

    def training_step(self, batch, batch_idx):
        super().training_step(batch, batch_idx)


class Exiting(Whole):
    """Ends the process."""

    def training_step(self, batch, batch_idx):
        os._exit(7)


class LoggingForward(Whole):
    """Logs where it is called, also outside of its training."""

    def forward(self, x):
        self.log("norm", x.abs().mean())
        return super().forward(x)


class Doubled(Perceptron):
    """Gives float64."""

    def forward(self, x):
        return super().forward(x).double()


class Halved(Perceptron):
    """Gives 16-bit floats."""

    def forward(self, x):
        return super().forward(x).half()


class Hidden(Whole):
    """Trains on more than Lightning knows, in one of its hooks."""

    def __init__(self, input_shape, num_classes: int, where: str, from_epoch: int = 0):
        super().__init__(input_shape, num_classes, learning_rate=0.05)
        self.where, self.from_epoch = where, from_epoch

    def training_step(self, batch, batch_idx):
        self.batch = batch
        return super().training_step(batch, batch_idx)

    def more(self, where):
        if where != self.where or self.current_epoch < self.from_epoch:
            return
        x, y = getattr(self, "batch", (torch.ones(4, 8, 8), torch.zeros(4, dtype=torch.long)))
        with torch.enable_grad():
            cross_entropy(self(x), y).backward()
        self.trainer.optimizers[0].step()

    def on_train_start(self):
        self.more("on_train_start")

    def optimizer_step(self, *arguments, **options):
        super().optimizer_step(*arguments, **options)
        self.more("optimizer_step")

    def on_train_batch_end(self, outputs, batch, batch_idx):
        self.more("on_train_batch_end")

    def on_train_epoch_end(self):
        self.more("on_train_epoch_end")


class Leaving(Whole):
    """Leaves each epoch after some batches."""

    def __init__(self, input_shape, num_classes: int, learning_rate: float, batches: int = 4):
        super().__init__(input_shape, num_classes, learning_rate)
        self.batches = batches

    def on_train_batch_start(self, batch, batch_idx):
        return -1 if batch_idx == self.batches else None


class Stopping(Whole):
    def configure_callbacks(self):
        return [EarlyStopping("own_loss", patience=1, min_delta=100.0)]


class Plain(Whole):
    """Nothing of its own."""


class Probable(Whole):
    """Gives probabilities, and has its loss of their logarithms."""

    def forward(self, x):
        return super().forward(x).softmax(1)

    def training_step(self, batch, batch_idx):
        x, y = batch
        return nll_loss(self(x).log(), y)


class EndingWithin(Whole):
    """Ends its training within its first epoch."""

    def on_train_batch_end(self, outputs, batch, batch_idx):
        self.trainer.should_stop |= batch_idx == 3


class Unfreezing(Whole):
    def on_train_epoch_start(self):
        self.network.layers[1].requires_grad_(self.current_epoch > 0)


class Writing(Whole):
    def configure_callbacks(self):
        return [ModelCheckpoint()]


class Watching(Whole):
    def configure_callbacks(self):
        return [EarlyStopping("val_loss")]


class Logging(Whole):
    def on_train_epoch_end(self):
        self.logger.experiment.add_scalar("epoch", self.current_epoch)


class Asking(Whole):
    def on_fit_start(self):
        self.names = self.trainer.datamodule.names


class Idle(Whole):
    def configure_optimizers(self):
        return None


class Unlearning(Whole):
    def __init__(self, input_shape, num_classes: int):
        super().__init__(input_shape, num_classes, learning_rate=0.0)

    def on_train_epoch_start(self):
        """It might raise its rate here."""


class OneCycle(Whole):
    """Asks the Trainer how long the training will be."""

    def configure_optimizers(self):
        optimiser = super().configure_optimizers()
        steps = int(self.trainer.estimated_stepping_batches)
        assert steps // 10, "too short to warm up"
        scheduler = torch.optim.lr_scheduler.OneCycleLR(optimiser, 0.1, total_steps=steps)
        return [optimiser], [{"scheduler": scheduler, "interval": "step"}]


class KnowingItsEnd(Whole):
    def configure_optimizers(self):
        assert self.trainer.max_epochs == 3  # 25 steps in epochs of 10.
        return super().configure_optimizers()


class Feeding(Whole):
    def train_dataloader(self):
        return [self.data]


class Scaling(Whole):
    """Its hook is part of how it sees the data."""

    def on_after_batch_transfer(self, batch, dataloader_idx):
        x, y = batch
        return x.clamp(-1, 1) + 2, y


class ScalingInside(Whole):
    """The same, in its forward."""

    def forward(self, x):
        return super().forward(x.clamp(-1, 1) + 2)


class Failing(Whole):
    def training_step(self, batch, batch_idx):
        if self.current_epoch == 1:
            raise NotImplementedError
        return super().training_step(batch, batch_idx)


class Contrasting(Whole):
    """Compares each example with each."""

    def training_step(self, batch, batch_idx):
        x, y = batch
        out = self(x)
        return cross_entropy(out, y) + 0.001 * (out @ out.T).square().mean()


class Tested(pl.LightningModule):
    pass


class Recurrent(nn.Module):
    """An LSTM over the rows of an image, in PyTorch one kernel."""

    def __init__(self, input_shape, num_classes):
        super().__init__()
        self.lstm = nn.LSTM(input_shape[1], 16, batch_first=True)
        self.out = nn.Linear(16, num_classes)

    def forward(self, x):
        return self.out(self.lstm(x)[0][:, -1])


class Attentive(nn.Module):
    """A layer of a transformer over the rows of an image, in prediction one kernel."""

    def __init__(self, input_shape, num_classes):
        super().__init__()
        self.layer = nn.TransformerEncoderLayer(input_shape[1], 2, 16, batch_first=True)
        self.out = nn.Linear(input_shape[1], num_classes)

    def forward(self, x):
        return self.out(self.layer(x).mean(1))


class Softmaxed(nn.Sequential):
    """Gives probabilities."""

    def __init__(self, input_shape, num_classes):
        parts = (nn.Flatten(), nn.Linear(prod(input_shape), num_classes), nn.Softmax(1))
        super().__init__(*parts)


class Late(nn.Module):
    """Makes a layer when it first sees examples."""

    def __init__(self, input_shape, num_classes):
        super().__init__()
        self.first, self.out = None, nn.Linear(16, num_classes)

    def forward(self, x):
        if self.first is None:
            self.first = nn.Linear(prod(x.shape[1:]), 16)
        return self.out(self.first(x.flatten(1)))


class ElementWise(nn.Module):
    def __init__(self, input_shape, num_classes):
        super().__init__()
        self.weights = nn.Parameter(torch.randn(num_classes, prod(input_shape)) / 8)

    def forward(self, x):
        return (x.flatten(1)[:, None, :] * self.weights).sum(-1)


class Bilinear(nn.Module):
    """Products of which PyTorch's counter knows nothing."""

    def __init__(self, input_shape, num_classes):
        super().__init__()
        self.out = nn.Bilinear(input_shape[1], input_shape[1], num_classes)

    def forward(self, x):
        return self.out(x[:, 0], x[:, 1])
