"""Modules that are tested by averages of their weights, or of what goes through their layers."""

import copy

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import EMAWeightAveraging
from silent_networks import Base, Whole
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn


class Normed(Base):
    def __init__(self, input_shape, num_classes: int, momentum: float | None, begun: bool = False):
        super().__init__(input_shape, num_classes)
        self.layers.insert(2, nn.BatchNorm1d(16, momentum=momentum))
        if begun:
            self.layers[2].running_mean += 0.5


class AveragedByCallback(Whole):
    """Averaged by a callback of Lightning's own."""

    def __init__(self, input_shape, num_classes: int, decay: float):
        super().__init__(input_shape, num_classes)
        self.decay = decay

    def configure_callbacks(self):
        return [EMAWeightAveraging(decay=self.decay)]


class AveragedByModel(Whole):
    """Averaged by a class of PyTorch's own."""

    def __init__(self, input_shape, num_classes: int, decay: float, tested: bool = True):
        super().__init__(input_shape, num_classes)
        self.kept = AveragedModel(self.layers, multi_avg_fn=get_ema_multi_avg_fn(decay))
        self.tested = tested

    def forward(self, x):
        return self.kept(x) if self.tested and not self.training else self.layers(x)

    def on_train_batch_end(self, outputs, batch, batch_idx):
        self.kept.update_parameters(self.layers)


class AveragedByHand(Whole):
    """Averaged after each batch or epoch."""

    def __init__(
        self,
        input_shape,
        num_classes: int,
        decay: float,
        when: str = "batch",
        in_dict: bool = False,
    ):
        super().__init__(input_shape, num_classes)
        self.decay, self.when = decay, when
        self.kept = copy.deepcopy(self.layers).requires_grad_(False)
        if in_dict:
            self.kept = {"layers": self.kept}

    def forward(self, x):
        kept = self.kept["layers"] if isinstance(self.kept, dict) else self.kept
        return self.layers(x) if self.training else kept(x)

    def average(self):
        kept = self.kept["layers"] if isinstance(self.kept, dict) else self.kept
        for own, other in zip(self.layers.parameters(), kept.parameters(), strict=True):
            other.data.lerp_(own.data, 1 - self.decay)

    def on_train_batch_end(self, outputs, batch, batch_idx):
        if self.when == "batch":
            self.average()

    def on_train_epoch_end(self):
        if self.when == "epoch":
            self.average()


class Shadow(pl.Callback):
    """Keeps averages in a dict, and lends them to the test."""

    def __init__(self, decay: float):
        self.decay = decay

    def on_fit_start(self, trainer, pl_module):
        self.shadow = {name: p.detach().clone() for name, p in pl_module.named_parameters()}

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        for name, weight in pl_module.named_parameters():
            self.shadow[name].mul_(self.decay).add_(weight.detach(), alpha=1 - self.decay)

    def on_test_start(self, trainer, pl_module):
        with torch.no_grad():
            for name, weight in pl_module.named_parameters():
                weight.copy_(self.shadow[name])


class AveragedByShadow(AveragedByCallback):
    def configure_callbacks(self):
        return [Shadow(self.decay)]


class AveragedSlowly(AveragedByHand):
    """Its average follows closely at first."""

    begun = 0

    def average(self):
        self.begun += 1
        self.decay = min(0.999, self.begun / (self.begun + 10))
        super().average()
