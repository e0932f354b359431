"""Networks with all that a test in the middle of a training could disturb."""

import random

import numpy as np
import pytorch_lightning as pl
import torch
from torch import nn
from torch.nn.functional import cross_entropy


class Restless(nn.Module):
    """Dropout, statistics over batches, random shifts of its inputs, and a count of its calls."""

    def __init__(self, input_shape, num_classes: int):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Flatten(), nn.Linear(64, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.3)
        )
        self.head = nn.Linear(16, num_classes)
        # A layer that stays in the mode of the test.
        self.still = nn.BatchNorm1d(16).eval()
        self.calls = 0

    def forward(self, x):
        if self.training:
            self.calls += 1
            x = x + 0.1 * torch.randn_like(x) + 0.1 * random.random() + 0.1 * np.random.rand()
        return self.head(self.still(self.layers(x))) * (1 + 0.01 * self.calls)


class Cooling(pl.LightningModule):
    """Lowers a temperature after each epoch, and moves its inputs before each batch."""

    def __init__(self, input_shape, num_classes: int):
        super().__init__()
        self.layer = nn.Linear(64, num_classes)
        self.temperature = 2.0
        # Never written to.
        self.register_buffer("alike", torch.ones(1, 1).expand(2, 2))

    def forward(self, x):
        age = 1 + 0.1 * self.current_epoch + 0.01 * self.global_step
        return self.layer(x.flatten(1)) / self.temperature * age

    def on_after_batch_transfer(self, batch, dataloader_idx):
        x, y = batch
        return x + 1, y

    def training_step(self, batch, batch_idx):
        x, y = batch
        return cross_entropy(self(x), y)

    def on_train_epoch_end(self):
        self.temperature *= 0.9

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.05)


class Averaging(Cooling):
    """Its last act is a part of the training that no earlier epoch has had."""

    def on_train_end(self):
        self.layer.weight.data.zero_()


class Warming(Cooling):
    """Has a schedule."""

    def configure_optimizers(self):
        optimiser = super().configure_optimizers()
        return [optimiser], [torch.optim.lr_scheduler.StepLR(optimiser, 2)]


class SlowingByHand(Cooling):
    def on_train_epoch_start(self):
        for group in self.optimizers().param_groups:
            group["lr"] = 0.1 / (1 + self.current_epoch)


class Growing(nn.Module):
    """Gets a layer more while it is trained."""

    def __init__(self, input_shape, num_classes: int):
        super().__init__()
        self.layer, self.steps, self.outputs = nn.Linear(64, num_classes), 0, num_classes

    def forward(self, x):
        y = self.layer(x.flatten(1))
        self.steps += self.training
        if self.steps == 10:
            self.later = nn.Linear(self.outputs, self.outputs)
        return y + self.later(y) if self.steps >= 10 else y
