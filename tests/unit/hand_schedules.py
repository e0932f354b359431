"""Modules that optimise by themselves, and what they do with their schedules."""

import pytorch_lightning as pl
import torch


class Never(pl.LightningModule):
    """Comes to no schedule."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(1))
        self.automatic_optimization = False

    def schedule(self):
        optimiser = torch.optim.SGD([self.weight], lr=0.1)
        return torch.optim.lr_scheduler.StepLR(optimiser, 3)


class Sometimes(Never):
    """Asks for it now and then."""

    def on_train_epoch_end(self):
        if self.current_epoch % 5 == 4:
            self.lr_schedulers().step()


class Keeping(Never):
    """Has it as an attribute, in a list."""

    def schedule(self):
        self.mine = [super().schedule()]
        return self.mine[0]


class CalledBack(Never):
    """Leaves it to somebody else."""

    def configure_callbacks(self):
        return []
