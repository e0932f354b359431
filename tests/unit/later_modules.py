"""Modules that do something else in later epochs, or only tell which one it is."""

from math import prod
from typing import Any

import torch
from module_classes import Whole
from pytorch_lightning import Callback
from pytorch_lightning.callbacks import EarlyStopping, LambdaCallback
from torch import nn
from torch.nn import functional as f


class Consistent(Whole):
    """A second pass from the third epoch on."""

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        x, y = batch
        logits = self(x)
        loss = f.cross_entropy(logits, y)
        if self.current_epoch >= 2:
            loss = loss + f.mse_loss(self(x + 0.1 * torch.randn_like(x)), logits)
        return loss


class Numbered(nn.Module):
    """A plain network that counts its batches, and does the same with each."""

    def __init__(self, input_shape: Any, num_classes: int, learning_rate: float):
        super().__init__()
        self.first, self.last = nn.Linear(prod(input_shape), 16), nn.Linear(16, num_classes)
        self.block = nn.Linear(16, 16)
        self.register_buffer("batches", torch.zeros((), dtype=torch.long))
        self.calls = 0

    def forward(self, x: Any) -> Any:
        if self.training:
            self.batches += 1
            self.calls += 1
        x = self.first(x.flatten(1)).relu()
        block = self.block(x).relu()
        return self.last(x + block)


class Growing(Numbered):
    """A block that joins after 20 batches."""

    def forward(self, x: Any) -> Any:
        self.batches += self.training
        x = self.first(x.flatten(1)).relu()
        if self.batches > 20:
            x = x + self.block(x).relu()
        return self.last(x) + 0 * self.block.weight.sum()


class Thawing(Numbered):
    """Trains its last layer, and all of them after 20 batches."""

    def forward(self, x: Any) -> Any:
        if self.training:
            self.first.requires_grad_(self.calls > 20)
            self.block.requires_grad_(self.calls > 20)
        return super().forward(x)


class Quieter(Whole):
    """Noise, but in the last quarter of its epochs."""

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        x, y = batch
        if self.current_epoch < 0.75 * self.trainer.max_epochs:
            x = x + torch.randn_like(x)
        return super().training_step((x, y), batch_idx)


class Averages(Callback):
    """Tests with averages of the weights that it keeps."""

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        self.kept = {k: v.clone() for k, v in pl_module.state_dict().items()}

    def on_train_batch_end(self, trainer: Any, pl_module: Any, *_: Any) -> None:
        for name, value in pl_module.state_dict().items():
            self.kept[name].lerp_(value, 0.1)

    def on_test_start(self, trainer: Any, pl_module: Any) -> None:
        self.last = {k: v.clone() for k, v in pl_module.state_dict().items()}
        pl_module.load_state_dict(self.kept)

    def on_test_end(self, trainer: Any, pl_module: Any) -> None:
        pl_module.load_state_dict(self.last)


class Averaged(Whole):
    def configure_callbacks(self) -> list[Any]:
        return [Averages()]


class Recalling(Whole):
    """Keeps the sum of what it has seen as a plain tensor."""

    def __init__(self, *arguments: Any, **more: Any):
        super().__init__(*arguments, **more)
        self.seen = torch.zeros(())

    def forward(self, x: Any) -> Any:
        return super().forward(x) * (1 + self.seen)

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        self.seen = self.seen + 0.01
        return super().training_step(batch, batch_idx)


class Telling(Whole):
    """Logs its epoch, and trains the same in each."""

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        self.log("now", float(self.current_epoch))
        return super().training_step(batch, batch_idx)


class Logged(Whole):
    """A hook of the test by Lightning's own callback, and one that only watches the machine."""

    def __init__(self, *arguments: Any, acts: bool = True, **more: Any):
        super().__init__(*arguments, **more)
        self.acts = acts

    def configure_callbacks(self) -> list[Any]:
        hooks = {"on_test_start": lambda trainer, module: None} if self.acts else {}
        return [LambdaCallback(**hooks), EarlyStopping("loss", patience=99, check_finite=False)]

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        loss = super().training_step(batch, batch_idx)
        self.log("loss", loss, on_step=False, on_epoch=True)
        return loss
