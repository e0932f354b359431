"""Modules whose epochs end with something of their own, which a resumed training must not lose."""

import random
from collections import deque
from typing import Any

import numpy as np
import torch
from module_classes import Whole
from pytorch_lightning import Callback
from pytorch_lightning.callbacks import EarlyStopping, EMAWeightAveraging
from torch.nn.utils import prune
from torch.optim.lr_scheduler import ReduceLROnPlateau, StepLR
from torch.optim.swa_utils import AveragedModel


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


class Remembering(Whole):
    """Pulls its weights to their averages, which are in a plain dict, by what is in a list."""

    def __init__(self, *arguments: Any, **more: Any):
        super().__init__(*arguments, **more)
        self.average: dict[str, torch.Tensor] = {}
        self.pulls: list[float] = []

    def on_train_batch_end(self, *_: Any) -> None:
        for name, value in self.state_dict().items():
            before = self.average.get(name, value)
            self.average[name] = (0.9 * before + 0.1 * value).detach().clone()

    def on_train_epoch_end(self) -> None:
        self.pulls.append(0.1 * len(self.pulls))
        with torch.no_grad():
            for name, parameter in self.named_parameters():
                parameter.lerp_(self.average[name], self.pulls[-1])


class Helper:
    """An object of one's own."""

    def __init__(self) -> None:
        self.calls = 0


class Drawing(Whole):
    """Draws by generators of its own, and keeps what it has seen in other ways."""

    def __init__(self, *arguments: Any, **more: Any):
        super().__init__(*arguments, **more)
        self.numpys, self.pythons = np.random.default_rng(0), random.Random(0)
        self.old, self.torchs = np.random.RandomState(0), torch.Generator().manual_seed(0)
        self.losses: deque[float] = deque(maxlen=3)
        self.scale, self.helpers = np.ones(2), [Helper(), Helper()]

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        x, y = batch
        x = x + 0.1 * torch.randn(x.shape, generator=self.torchs)
        self.helpers[1].calls += 1
        self.scale = self.scale * 0.99
        loss = super().training_step((x + self.numpys.normal() + self.old.normal(), y), batch_idx)
        self.losses.append(float(loss.detach()) + self.pythons.random())
        weight = self.scale[0] * (1 + sum(self.losses)) / (1 + 0.1 * self.helpers[1].calls)
        return loss * float(np.clip(weight, 0.0, 1.0))


class Unfreezing(Whole):
    """Trains its last layer, and all from the second epoch on; then keeps one as in a test."""

    def on_fit_start(self) -> None:
        for parameter in list(self.parameters())[:-2]:
            parameter.requires_grad_(False)

    def on_train_epoch_start(self) -> None:
        if self.current_epoch == 1:
            self.requires_grad_(True)
            self.network.layers[-1].eval()

    def forward(self, x: Any) -> Any:
        return super().forward(x) * (1.0 if self.network.layers[-1].training else 2.0)


class Averaging(Callback):
    """Ends with the average of the weights, which is a network of its own."""

    def on_fit_start(self, trainer: Any, pl_module: Any) -> None:
        self.average = AveragedModel(pl_module.network)
        self.module = pl_module

    def on_train_batch_end(self, trainer: Any, pl_module: Any, *_: Any) -> None:
        self.average.update_parameters(pl_module.network)

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        pl_module.network.load_state_dict(self.average.module.state_dict())


class Averaged(Whole):
    """Brings it."""

    def configure_callbacks(self) -> list[Any]:
        return [Averaging()]


class AveragedByLightning(Whole):
    """Has Lightning's own average, which takes the place of the weights in a checkpoint."""

    def configure_callbacks(self):
        return [EMAWeightAveraging(decay=0.9)]


class Lowering(Callback):
    """Lowers the learning rate by a count of its own, which it does not save."""

    def __init__(self) -> None:
        self.epochs = 0

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        self.epochs += 1
        for group in trainer.optimizers[0].param_groups:
            group["lr"] = 0.05 / (1 + self.epochs)


class Called(Whole):
    """Brings a callback."""

    def configure_callbacks(self) -> list[Any]:
        return [Lowering()]


class Grouping(Whole):
    """Gives its optimiser another group of parameters, as one who unfreezes by hand."""

    def configure_optimizers(self) -> Any:
        return torch.optim.Adam(list(self.parameters())[-2:], lr=0.01)

    def on_train_epoch_start(self) -> None:
        if self.current_epoch == 1:
            self.optimizers().add_param_group({"params": list(self.parameters())[:-2], "lr": 0.01})


class Switching(Whole):
    """Goes on with another optimiser."""

    def configure_optimizers(self) -> Any:
        return torch.optim.Adam(self.parameters(), lr=0.01)

    def on_train_epoch_start(self) -> None:
        if self.current_epoch == 1:
            self.trainer.optimizers = [torch.optim.SGD(self.parameters(), lr=0.05, momentum=0.9)]


class Pruning(Whole):
    """Prunes a layer after each epoch."""

    def on_train_epoch_end(self) -> None:
        prune.l1_unstructured(self.network.layers[-1], "weight", 0.2)


class Starting(Whole):
    """Draws noise for its weights at the start of each epoch, and counts them."""

    def __init__(self, *arguments: Any, **more: Any):
        super().__init__(*arguments, **more)
        self.register_buffer("begun", torch.zeros(()))

    def on_train_epoch_start(self) -> None:
        self.begun += 1
        for parameter in self.parameters():
            parameter.data *= 1 + 0.1 * float(self.begun)
