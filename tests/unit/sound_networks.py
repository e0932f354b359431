"""Networks that look odd and are sound: none of them may be refused."""

from math import prod

import pytorch_lightning as pl
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


class Scripted(Base):
    def __init__(self, input_shape, num_classes: int):
        super().__init__(input_shape, num_classes)
        self.layers = torch.jit.script(self.layers)


class OwnSlope(Base):
    """Uses its own gradient by its input, in the test too."""

    def forward(self, x):
        with torch.enable_grad():
            x = x.clone().requires_grad_()
            z = super().forward(x)
            (slope,) = torch.autograd.grad(z.sum(), x, create_graph=self.training)
        return z + slope.flatten(1)[:, :10]


class Fourier(Base):
    """Its weights are complex, as those of a Fourier layer."""

    def __init__(self, input_shape, num_classes: int):
        super().__init__(input_shape, num_classes)
        self.waves = nn.Parameter(torch.randn(8, 5, dtype=torch.cfloat))

    def forward(self, x):
        return super().forward(torch.fft.irfft2(torch.fft.rfft2(x) * self.waves))


class ComplexAlone(nn.Module):
    def __init__(self, num_classes: int):
        super().__init__()
        self.waves = nn.Parameter(0.1 * torch.randn(64, num_classes, dtype=torch.cfloat))

    def forward(self, x):
        return (x.flatten(1).cfloat() @ self.waves).real


class LayersDropped(Base):
    """Leaves out a layer in some batches, by chance; in the first ones, for sure."""

    def __init__(self, input_shape, num_classes: int):
        super().__init__(input_shape, num_classes)
        self.residual, self.passes = nn.Linear(64, 64), 0

    def forward(self, x):
        x = x.flatten(1)
        self.passes += self.training
        if not self.training or (self.passes > 5 and torch.rand(()) < 0.5):
            x = x + self.residual(x).relu() / 2
        return super().forward(x)


class TwoParts(Whole):
    def __init__(self, input_shape, num_classes: int):
        super().__init__(input_shape, num_classes)
        self.backbone = nn.Linear(64, 64)

    def forward(self, x):
        return super().forward(self.backbone(x.flatten(1)).relu())


class UnfrozenLater(TwoParts):
    def on_train_epoch_start(self):
        self.backbone.requires_grad_(self.current_epoch > 0)


class Finetuned(TwoParts):
    """Has a callback that knows its parts, and one that swaps its weights for the test."""

    def configure_callbacks(self):
        return [Unfreezing(), Swapping()]

    def configure_optimizers(self):
        return torch.optim.SGD([p for p in self.parameters() if p.requires_grad], lr=0.01)


class Counting(Whole):
    """Asks the loader how many examples and batches there are, and how large these are."""

    def on_train_start(self):
        loader = self.trainer.train_dataloader
        assert (len(loader.dataset), len(loader)) == (96, 3)
        assert (loader.batch_size, loader.drop_last, loader.num_workers) == (32, False, 0)


class Routed(nn.Module):
    """Of its experts, each example has one: a batch need not choose all."""

    def __init__(self, input_shape, num_classes: int, experts: int = 64):
        super().__init__()
        self.experts = nn.ModuleList(nn.Linear(64, num_classes) for _ in range(experts))

    def forward(self, x):
        x = x.flatten(1)
        chosen = x[:, : len(self.experts)].argmax(1, keepdim=True)
        return sum((chosen == i) * expert(x) for i, expert in enumerate(self.experts))


class FeaturesFirst(Whole):
    def __init__(self, input_shape, num_classes: int):
        super().__init__(input_shape, num_classes)
        self.layers.insert(1, nn.Linear(64, 64))

    def training_step(self, batch, batch_idx):
        if self.current_epoch:
            return super().training_step(batch, batch_idx)
        return self.layers[:-1](batch[0]).var(0).sub(1).square().mean()


class Unfreezing(pl.callbacks.BaseFinetuning):
    def freeze_before_training(self, pl_module):
        self.freeze(pl_module.backbone)

    def finetune_function(self, pl_module, epoch, optimizer):
        if epoch == 1:
            self.unfreeze_and_add_param_group(pl_module.backbone, optimizer)


class Swapping(pl.Callback):
    def on_fit_start(self, trainer, pl_module):
        self.kept = {name: value.clone() for name, value in pl_module.state_dict().items()}

    def on_test_start(self, trainer, pl_module):
        assert [name for name, _ in pl_module.named_parameters()] == [*self.kept]
        self.own = {name: value.clone() for name, value in pl_module.state_dict().items()}
        pl_module.load_state_dict(self.kept)

    def on_test_end(self, trainer, pl_module):
        pl_module.load_state_dict(self.own)


class MovingAverage(Whole):
    def __init__(self, input_shape, num_classes: int):
        super().__init__(input_shape, num_classes)
        self.average = torch.optim.swa_utils.AveragedModel(
            self.layers, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.8)
        )

    def forward(self, x):
        return self.layers(x) if self.training else self.average(x)

    def on_train_batch_end(self, outputs, batch, batch_idx):
        self.average.update_parameters(self.layers)
