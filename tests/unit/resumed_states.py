"""Modules that keep what they go by in ways of their own, which no kill must lose."""

import copy
from collections import Counter
from dataclasses import dataclass
from enum import Enum
from types import SimpleNamespace
from typing import Any

import torch
from module_classes import Whole
from pytorch_lightning import Callback


class Teaching(Whole):
    """Has an average that begins where the network does, when the training starts."""

    def __init__(self, *arguments: Any, **more: Any):
        super().__init__(*arguments, **more)
        self.teacher = copy.deepcopy(self.network).requires_grad_(False)

    def on_train_start(self) -> None:
        self.teacher.load_state_dict(self.network.state_dict())

    def on_train_batch_end(self, *_: Any) -> None:
        pairs = zip(self.teacher.parameters(), self.network.parameters(), strict=True)
        for own, learnt in pairs:
            own.data.lerp_(learnt.data, 0.05)

    def on_train_epoch_end(self) -> None:
        for own, learnt in zip(self.teacher.parameters(), self.network.parameters(), strict=True):
            learnt.data.lerp_(own.data, 0.2)


class Beginning(Whole):
    """Draws its own first weights, and sets its learning rate, when the training starts."""

    def on_fit_start(self) -> None:
        for parameter in self.parameters():
            if parameter.ndim > 1:
                torch.nn.init.xavier_uniform_(parameter)

    def on_train_start(self) -> None:
        for group in self.trainer.optimizers[0].param_groups:
            group["lr"] = 0.02

    def on_train_epoch_end(self) -> None:
        for group in self.trainer.optimizers[0].param_groups:
            group["lr"] *= 0.6


class Phase(Enum):
    WARM = 0.3
    MAIN = 1.0


@dataclass
class Seen:
    epoch: int
    loss: float


class Collecting(Whole):
    """Keeps what it goes by in collections and objects of many kinds."""

    def __init__(self, *arguments: Any, **more: Any):
        super().__init__(*arguments, **more)
        self.phase, self.history = Phase.WARM, list[Seen]()
        self.labels: Any = Counter()
        self.shadow = copy.deepcopy(self.network.state_dict())
        self.activation: Any = torch.relu

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        self.labels.update(batch[1].tolist())
        loss = super().training_step(batch, batch_idx)
        for name, tensor in self.network.state_dict().items():
            self.shadow[name].lerp_(tensor, 0.1)
        return loss * self.phase.value * (1 - 0.5 ** (1 + len(self.history)))

    def on_train_epoch_end(self) -> None:
        self.history.append(Seen(self.current_epoch, float(len(self.labels))))
        self.phase = Phase.MAIN if len(self.history) > 2 else Phase.WARM
        if sum(self.labels.values()) > 500:
            self.network.load_state_dict(self.shadow)


class Annealing(Whole):
    """Lowers a temperature in its hyperparameters, beside a buffer that no state dict holds."""

    def __init__(self, *arguments: Any, tau: float = 3.0, **more: Any):
        super().__init__(*arguments, **more)
        self.save_hyperparameters("tau")
        self.options = SimpleNamespace(rate=0.5, kind=torch.float32)
        self.register_buffer("centre", torch.zeros(64), persistent=False)

    def forward(self, x: Any) -> Any:
        x = x.flatten(1)
        if self.training:
            self.centre.lerp_(x.detach().mean(0), 0.05)
        return super().forward((x - self.centre).reshape(-1, 8, 8)) / self.hparams.tau

    def on_train_epoch_end(self) -> None:
        self.hparams.tau *= 0.6
        self.options.rate *= 0.9


class Aliasing(Whole):
    """Keeps the state dict of its average, which it writes to."""

    def __init__(self, *arguments: Any, **more: Any):
        super().__init__(*arguments, **more)
        self.average = copy.deepcopy(self.network).requires_grad_(False)
        self.state = self.average.state_dict()

    def on_train_batch_end(self, *_: Any) -> None:
        for name, tensor in self.network.state_dict().items():
            self.state[name].lerp_(tensor, 0.1)

    def on_train_epoch_end(self) -> None:
        self.network.load_state_dict(self.average.state_dict())


class Exchanging(Whole):
    """Exchanges its loss for another one."""

    def __init__(self, *arguments: Any, **more: Any):
        super().__init__(*arguments, **more)
        self.loss: Any = torch.nn.MultiMarginLoss()

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        return self.loss(self(batch[0]), batch[1])

    def on_train_epoch_start(self) -> None:
        if self.current_epoch == 2:
            self.loss = torch.nn.CrossEntropyLoss()


class Owning(Whole):
    """Takes steps with an optimiser that the Trainer does not know."""

    def __init__(self, *arguments: Any, **more: Any):
        super().__init__(*arguments, **more)
        self.automatic_optimization = False

    def configure_optimizers(self) -> Any:
        self.own = torch.optim.SGD(self.parameters(), lr=0.05, momentum=0.9)

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        loss = super().training_step(batch, batch_idx)
        self.own.zero_grad()
        self.manual_backward(loss)
        self.own.step()


class Shadowing(Callback):
    """Says what its state is, and makes it anew when a training starts."""

    def __init__(self) -> None:
        self.seen = 0

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        state = pl_module.network.state_dict()
        self.shadow = {name: tensor.clone() for name, tensor in state.items()}

    def on_train_batch_end(self, trainer: Any, pl_module: Any, *_: Any) -> None:
        for name, tensor in pl_module.network.state_dict().items():
            self.shadow[name].lerp_(tensor, 0.1)

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        self.seen += 1
        if self.seen % 2 == 0:
            pl_module.network.load_state_dict(self.shadow)

    def state_dict(self) -> Any:
        return {"shadow": self.shadow}

    def load_state_dict(self, state_dict: Any) -> None:
        self.shadow = state_dict["shadow"]


class Shadowed(Whole):
    """Brings it."""

    def configure_callbacks(self) -> list[Any]:
        return [Shadowing()]


class Slow(torch.optim.SGD):
    """Has slow copies of the weights, which its state dict does not know."""

    def __init__(self, parameters: Any, lr: float):
        super().__init__(parameters, lr=lr)
        self.taken = 0
        self.slow = [weight.detach().clone() for weight in self.param_groups[0]["params"]]

    def step(self, closure: Any = None) -> Any:
        loss = super().step(closure)
        self.taken += 1
        if self.taken % 5 == 0:
            for weight, slow in zip(self.param_groups[0]["params"], self.slow, strict=True):
                slow.lerp_(weight.detach(), 0.5)
                weight.data.copy_(slow)
        return loss


class LookingAhead(Whole):
    """Steps with it."""

    def configure_optimizers(self) -> Any:
        return Slow(list(self.parameters()), lr=0.05)


class Clipping(Whole):
    """Asks its Trainer to clip from the third epoch on."""

    def on_train_epoch_start(self) -> None:
        if self.current_epoch == 2:
            self.trainer.gradient_clip_val = 0.01
