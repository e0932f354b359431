"""Networks that look odd and are sound: none of them may be refused."""

from math import prod

import torch
from silent_networks import BACKBONE, Base, Whole
from torch import nn


class InPlace(Base):
    def forward(self, x):
        x -= 1
        return super().forward(x)


class Masked(Base):
    """A class that nothing can be has a logit of minus infinity."""

    never = torch.tensor([0.0] * 9 + [-torch.inf])

    def forward(self, x):
        return super().forward(x) + self.never


class Diverging(Whole):
    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=1e30)


class ScaledByHook(Whole):
    def on_after_batch_transfer(self, batch, dataloader_idx):
        x, y = batch
        return (x + torch.randn_like(x) if self.trainer.training else x) / 2, y


class Normed(Base):
    def __init__(self, input_shape, num_classes: int):
        super().__init__(input_shape, num_classes)
        self.layers.insert(2, nn.BatchNorm1d(16))
        self.layers.insert(4, nn.Dropout())


class Pretrained(Base):
    def __init__(self, input_shape, num_classes: int):
        super().__init__(input_shape, num_classes)
        self.last = nn.Linear(16, num_classes)

    def forward(self, x):
        return self.last(torch.relu(BACKBONE(x.flatten(1))))


class HiddenTeacher(Base):
    def __init__(self, input_shape, num_classes: int):
        super().__init__(input_shape, num_classes)
        self.teacher = [nn.Linear(64, num_classes)]

    def forward(self, x):
        with torch.no_grad():
            hint = self.teacher[0](x.flatten(1))
        return super().forward(x) + hint


class NetworkInNetwork(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 10, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()
        )

    def forward(self, x):
        return self.layers(x.unsqueeze(1))


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(1, 8, 3, padding=1)
        self.norm = nn.BatchNorm2d(8)
        self.second = nn.Conv2d(8, 8, 3, padding=1)
        self.last = nn.Linear(8, 10)

    def forward(self, x):
        x = torch.relu(self.first(x.unsqueeze(1)))
        x = torch.relu(x + self.norm(self.second(x)))
        return self.last(x.mean((2, 3)))


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm, self.last = nn.LSTM(8, 16, batch_first=True, num_layers=2), nn.Linear(16, 10)

    def forward(self, x):
        return self.last(self.lstm(x)[0][:, -1])


class Transforming(nn.Module):
    def __init__(self):
        super().__init__()
        layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
        self.encoder, self.last = nn.TransformerEncoder(layer, 2), nn.Linear(8, 10)

    def forward(self, x):
        return self.last(self.encoder(x).mean(1))


class Squared(Base):
    """Penalises its own gradient: its inputs are leaves, and no weights."""

    def forward(self, x):
        x = x.detach().requires_grad_(self.training)
        return super().forward(x)


class LogSoftmaxed(Base):
    def forward(self, x):
        return super().forward(x).log_softmax(1)


class Unset(Base):
    """Begins from zeros, whatever the seed."""

    def __init__(self, input_shape, num_classes: int):
        super().__init__(input_shape, num_classes)
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(prod(input_shape), num_classes))
        for parameter in self.parameters():
            nn.init.zeros_(parameter)


class FixedBeginning(Base):
    def __init__(self, input_shape, num_classes: int):
        with torch.random.fork_rng([]):
            torch.manual_seed(3)
            super().__init__(input_shape, num_classes)


class SeededMasks(Base):
    """Averages over some masks in the mode of the test, the same ones each time."""

    def forward(self, x):
        z = self.layers[1](x.flatten(1)).relu()
        if self.training:
            return self.layers[3](nn.functional.dropout(z))
        chance = torch.Generator().manual_seed(0)
        masks = 2 * torch.randint(2, (8, 16), generator=chance)
        return torch.stack([self.layers[3](z * mask) for mask in masks]).mean(0)
