"""Modules whose batches do not all take the same work, each with one that only looks so."""

from math import prod
from typing import Any

import torch
from module_classes import Manual, Whole
from torch import nn
from torch.nn import functional as f


class Twofold(Whole):
    """A second network, for what comes now and then."""

    def __init__(self, *arguments: Any, **more: Any):
        super().__init__(*arguments, **more)
        self.other = nn.Sequential(nn.Flatten(), nn.Linear(64, 100), nn.ReLU(), nn.Linear(100, 10))
        self.seen: dict[str, int] = {"batches": 0}

    def loss(self, batch: Any, more: bool) -> Any:
        x, y = batch
        loss = f.cross_entropy(self(x), y)
        return loss + 0.1 * f.cross_entropy(self.other(x), y) if more else loss


class Always(Twofold):
    def training_step(self, batch: Any, batch_idx: int) -> Any:
        return self.loss(batch, True)


class Fifth(Twofold):
    def training_step(self, batch: Any, batch_idx: int) -> Any:
        return self.loss(batch, (batch_idx + 1) % 5 == 0)


class Counting(Twofold):
    def training_step(self, batch: Any, batch_idx: int) -> Any:
        self.seen["batches"] += 1
        return self.loss(batch, self.seen["batches"] > 30)


class Hard(Whole):
    """Learns from what it gets wrong."""

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        x, y = batch
        with torch.no_grad():
            wrong = f.cross_entropy(self(x), y, reduction="none") > 0.7
        wrong[:2] = True
        return f.cross_entropy(self(x[wrong]), y[wrong])


class Listing(nn.Module):
    """A plain network whose block joins after 20 batches."""

    def __init__(self, input_shape: Any, num_classes: int, learning_rate: float, late: bool = True):
        super().__init__()
        self.first = nn.Linear(prod(input_shape), num_classes)
        self.block = nn.Sequential(nn.Linear(prod(input_shape), 100), nn.Linear(100, num_classes))
        self.late, self.seen = late, list[int]()

    def forward(self, x: Any) -> Any:
        x = x.flatten(1)
        if self.training:
            self.seen.append(len(x))
        if self.late and len(self.seen) <= 20:
            return self.first(x) + 0 * sum(p.sum() for p in self.block.parameters())
        return self.first(x) + self.block(x)


class Neighbours(nn.Module):
    """Mixes each pixel with its neighbours, by a sparse matrix."""

    def __init__(self, input_shape: Any, num_classes: int, learning_rate: float, form: str):
        super().__init__()
        pixels = prod(input_shape)
        near = (torch.eye(pixels) + torch.eye(pixels).roll(1, 0)) / 2
        self.register_buffer("near", getattr(near, form)())
        self.aside = getattr(near, form)()
        self.last = nn.Linear(pixels, num_classes)

    def forward(self, x: Any) -> Any:
        return self.last(torch.sparse.mm(self.near, x.flatten(1).T).T)


class ListingByItsOwnForm(Listing):
    """Is saved in a form of its own, as one file of two parts."""

    def state_dict(self):
        return {"own": nn.Module.state_dict(self)}

    def load_state_dict(self, state):
        nn.Module.load_state_dict(self, state["own"])


class Looking(Whole):
    """Looks at the batches of the training by itself, and trains on no others for that."""

    def __init__(self, *arguments: Any, where: str, **more: Any):
        super().__init__(*arguments, **more)
        self.where = where

    def on_train_epoch_start(self) -> None:
        if self.where == "epoch":
            self.bank = torch.cat([x.mean(dim=0) for x, _ in self.trainer.train_dataloader])

    def on_train_batch_start(self, batch: Any, batch_idx: int) -> None:
        if self.where == "batch":
            self.shown = next(iter(self.trainer.train_dataloader))

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        if self.where == "step":
            self.shown = next(iter(self.trainer.train_dataloader))
        return super().training_step(batch, batch_idx)


class Annealing(Manual):
    """Notes the steps that its Trainer knows of, in the test and before."""

    seen: tuple[int, int] = (0, 0)

    def forward(self, x: Any) -> Any:
        trained, tested = type(self).seen
        steps = self.trainer.global_step if self._trainer is not None else 0
        type(self).seen = (trained, steps) if not self.training else (steps, tested)
        return super().forward(x)
