"""Classes as nobody would write them, and yet somebody does."""

from types import SimpleNamespace

import pytorch_lightning as pl
import torch
from torch import nn


class Holding(nn.Module):
    def __init__(self, input_shape, num_classes: int, width: int = 3):
        super().__init__()
        self.held = (input_shape, num_classes, width)


class Handing(Holding):
    def __init__(self, *args, extra: int = 1, **kwargs):
        super().__init__(*args, **kwargs)


class Triple(nn.Module):
    def __init__(self, input_shape: tuple[int, int, int]):
        super().__init__()
        self.held = input_shape


class Sized(nn.Module):
    def __init__(self, input_shape: torch.Size):
        super().__init__()
        self.held = input_shape


class Listed(nn.Module):
    def __init__(self, input_shape: list[int]):
        super().__init__()
        self.held = input_shape


class Taking(nn.Module):
    def __init__(self, **kwargs):
        super().__init__()
        shape, classes = kwargs["input_shape"], kwargs["num_classes"]
        self.held = (shape, classes, kwargs["depth"], kwargs.get("width", 5))


class Popping(nn.Module):
    def __init__(self, **kwargs):
        super().__init__()
        shape = kwargs.pop("input_shape")
        self.held = (shape, kwargs.pop("num_classes", 7), kwargs.pop("width", 5))


class Keeping(nn.Module):
    def __init__(self, input_shape, num_classes: int, **kwargs):
        super().__init__()
        settings = kwargs
        self.held = (input_shape, num_classes, settings["width"])


class Spacious(nn.Module):
    def __init__(self, **settings):
        super().__init__()
        held = SimpleNamespace(**settings)
        self.held = (held.input_shape, held.num_classes, held.width)


class Saving(pl.LightningModule):
    def __init__(self, input_shape, **kwargs):
        super().__init__()
        self.save_hyperparameters()
        self.held = (input_shape, self.hparams.num_classes, self.hparams.width)

    def training_step(self, batch, batch_idx):
        raise NotImplementedError

    def configure_optimizers(self):
        return None


class Placed(pl.LightningDataModule):
    def __init__(self, data_dir, share=0.2):
        super().__init__()

    def train_dataloader(self):
        raise NotImplementedError

    def test_dataloader(self):
        raise NotImplementedError


class Silent(nn.Module):
    def __init__(self):
        raise NotImplementedError


class MuteError(Exception):
    def __str__(self):
        raise ValueError("no words")


class Mute(nn.Module):
    def __init__(self):
        raise MuteError


class Wordy(nn.Module):
    def __init__(self):
        raise ValueError("x\n" * 5000)


class Homemade(nn.Module):
    def training_step(self, batch):
        return self(batch).mean()


class Late(nn.Module):
    def __init__(self):
        super().__init__()
        self.training_step = lambda batch: batch
