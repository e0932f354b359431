"""Networks whose outputs are random in the test as well."""

import random

import torch
from silent_networks import Base, Whole
from torch import nn
from torch.nn.functional import dropout


class AlwaysDropping(Base):
    def forward(self, x):
        return dropout(super().forward(x), 0.2)


class KeptDropping(Base):
    def __init__(self, input_shape, num_classes: int):
        super().__init__(input_shape, num_classes)
        self.layers.append(nn.Dropout())

    def train(self, mode: bool = True):
        return super().train(True)


class Noisy(Base):
    def forward(self, x):
        return super().forward(x + torch.randn_like(x))


class Branching(Base):
    """Sometimes another network, by Python's own chance."""

    def forward(self, x):
        return super().forward(x if random.random() < 0.5 else -x)


class OwnNoise(Base):
    def __init__(self, input_shape, num_classes: int):
        super().__init__(input_shape, num_classes)
        self.chance = torch.Generator().manual_seed(1)

    def forward(self, x):
        y = super().forward(x)
        return y + torch.randn(y.shape, generator=self.chance)


class RandomHook(Whole):
    def on_after_batch_transfer(self, batch, dataloader_idx):
        x, y = batch
        return x + torch.randn_like(x), y
