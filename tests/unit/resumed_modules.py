"""Modules whose epochs end with something of their own, which a resumed training must not lose."""

import random
from typing import Any

import numpy as np
import torch
from module_classes import Whole
from pytorch_lightning.callbacks import EarlyStopping
from torch.optim.lr_scheduler import ReduceLROnPlateau, StepLR


class Halving(Whole):
    """Halves its learning rate by hand."""

    def on_train_epoch_end(self) -> None:
        for group in self.optimizers().param_groups:
            group["lr"] *= 0.5


class Stepping(Whole):
    """Steps its scheduler itself, as a module with manual optimisation does."""

    def __init__(self, *arguments: Any, **more: Any):
        super().__init__(*arguments, **more)
        self.automatic_optimization = False

    def training_step(self, batch: Any, batch_idx: int) -> None:
        optimizer = self.optimizers()
        optimizer.zero_grad()
        self.manual_backward(super().training_step(batch, batch_idx))
        optimizer.step()

    def configure_optimizers(self) -> Any:
        optimizer = super().configure_optimizers()
        return [optimizer], [StepLR(optimizer, 1, 0.5)]

    def on_train_epoch_end(self) -> None:
        self.lr_schedulers().step()


class Scheduled(Whole):
    """Leaves its scheduler to Lightning."""

    def configure_optimizers(self) -> Any:
        optimizer = super().configure_optimizers()
        return [optimizer], [StepLR(optimizer, 1, 0.5)]


class OnPlateau(Whole):
    """Lowers its rate whenever a number has not become larger, which it never does."""

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        self.log("seen", -float(self.current_epoch), on_step=False, on_epoch=True)
        return super().training_step(batch, batch_idx)

    def configure_optimizers(self) -> Any:
        optimizer = super().configure_optimizers()
        plateau = ReduceLROnPlateau(optimizer, mode="max", patience=1, factor=0.5)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": plateau, "monitor": "seen"}}


class Patient(Whole):
    """Stops after three epochs that bring nothing."""

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        self.log("seen", float(self.current_epoch), on_step=False, on_epoch=True)
        return super().training_step(batch, batch_idx)

    def configure_callbacks(self) -> list[Any]:
        return [EarlyStopping("seen", mode="min", patience=3)]


class Noisy(Whole):
    """Draws noise for its inputs, of PyTorch, of NumPy and of Python."""

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        x, y = batch
        x = x + 0.1 * torch.randn_like(x) + np.random.rand() + random.random()
        return super().training_step((x, y), batch_idx)


class Cooling(Whole):
    """Lowers a temperature after each epoch, which is a plain number."""

    temperature = 4.0

    def forward(self, x: Any) -> Any:
        return super().forward(x) / self.temperature

    def on_train_epoch_end(self) -> None:
        self.temperature *= 0.5


class Meaning(Whole):
    """Adds the mean of what it has seen, a plain tensor, to what it sees."""

    def __init__(self, *arguments: Any, **more: Any):
        super().__init__(*arguments, **more)
        self.seen = 0.0

    def on_train_start(self) -> None:
        self.seen = 0.0

    def forward(self, x: Any) -> Any:
        return super().forward(x + self.seen)

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        self.seen = 0.9 * self.seen + 0.1 * batch[0].mean()
        return super().training_step(batch, batch_idx)


class Starting(Whole):
    """Draws noise for its weights at the start of each epoch, and counts them."""

    def __init__(self, *arguments: Any, **more: Any):
        super().__init__(*arguments, **more)
        self.register_buffer("begun", torch.zeros(()))

    def on_train_epoch_start(self) -> None:
        self.begun += 1
        for parameter in self.parameters():
            parameter.data *= 1 + 0.1 * float(self.begun)
