"""Data modules whose parts or batches share what they must not."""

import os
import random
from pathlib import Path

import numpy as np
import torch
from loader_classes import TEST, TRAIN, WHOLE, Base, Stream, X, Y
from torch.utils.data import (
    DataLoader,
    Dataset,
    Subset,
    TensorDataset,
    random_split,
)


class Rows(Dataset):
    """Reads its rows anew each time that it is made, and changes them as it is told."""

    def __init__(self, change, folder="a"):
        self.rows = [(f"{i}.png", i % 2) for i in range(20)]
        self.folder, self.change = folder, change

    def __len__(self):
        return 20

    def __getitem__(self, i):
        return self.change(X[i] + 100 * (self.folder == "b")), Y[i]


class MadeTwice(Base):
    """Each loader has its own copy of one data set, made otherwise, and splits it otherwise."""

    def __init__(self, tensors: bool = False, folder: str = "a"):
        super().__init__()
        self.chance = torch.Generator().manual_seed(1)
        self.tensors, self.folder = tensors, folder

    def whole(self, change, folder="a"):
        return TensorDataset(change(X), Y) if self.tensors else Rows(change, folder)

    def train_dataloader(self):
        whole = self.whole(lambda x: x + 0.0)
        return DataLoader(random_split(whole, [12, 8], self.chance)[0], batch_size=4)

    def test_dataloader(self):
        whole = self.whole((lambda x: x + 0.0) if self.tensors else (lambda x: -x), self.folder)
        return DataLoader(random_split(whole, [12, 8], self.chance)[1], batch_size=4)


class Numbered(Dataset):
    """Keeps what counts its rows, anew in each part."""

    def __init__(self, x, y, kept, folder="a"):
        self.x, self.y, self.kept, self.folder = x, y, kept, folder

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


KEPT = {
    "ids": np.arange(10),
    "names": [f"{i:05d}.png" for i in range(10)],
    "times": np.linspace(0, 1, 10),
    "paths": [f"all/{i:05d}.png" for i in range(10)],
    "drawn": np.random.default_rng(1).normal(size=10),
}


class Halves(Base):
    """Two halves of different rows, each of which numbers its own."""

    def __init__(self, kept: str, folder: str = "a", first: int = 10):
        super().__init__()
        self.kept, self.folder, self.first = KEPT[kept], folder, first

    def train_dataloader(self):
        whole = Numbered(X[:10], Y[:10], self.kept, self.folder)
        return DataLoader(Subset(whole, range(self.first)), batch_size=4)

    def test_dataloader(self):
        return DataLoader(Numbered(X[10:], Y[10:], self.kept, self.folder), batch_size=4)


class OneStream(Base):
    def train_dataloader(self):
        return DataLoader(Stream(TRAIN, False), batch_size=4)

    def test_dataloader(self):
        return DataLoader(Stream(TRAIN, False), batch_size=3)


class CentredByHook(Base):
    def on_after_batch_transfer(self, batch, dataloader_idx):
        x, y = batch
        return x - x.mean(0), y


def centred(samples):
    x = torch.stack([x for x, _ in samples])
    return x / x.amax(), torch.stack([y for _, y in samples])


class CentredByCollate(Base):
    def __init__(self, batch_size: int = 4):
        super().__init__()
        self.batch_size = batch_size

    def train_dataloader(self):
        return DataLoader(Subset(WHOLE, TRAIN), self.batch_size, collate_fn=centred)


class CentredStream(Base):
    def train_dataloader(self):
        return DataLoader(Stream(TRAIN, False), batch_size=4, collate_fn=centred)


class Redrawn(Base):
    """Draws a split without a seed at each stage, and keeps no rows that show it."""

    def setup(self, stage):
        rows = torch.randperm(20, generator=torch.Generator().manual_seed(self.draw()))
        self.parts = rows[:14], rows[14:]

    def draw(self):
        self.drawn = getattr(self, "drawn", 0) + 1
        return self.drawn

    def train_dataloader(self):
        return DataLoader(TensorDataset(X[self.parts[0]], Y[self.parts[0]]), batch_size=4)

    def test_dataloader(self):
        return DataLoader(TensorDataset(X[self.parts[1]], Y[self.parts[1]]), batch_size=4)


class Repeating(Base):
    """Has some examples twice, and gives the same ones each time."""

    def train_dataloader(self):
        return DataLoader(TensorDataset(X[TRAIN], Y[TRAIN]), batch_size=4)

    def test_dataloader(self):
        rows = [*TRAIN[:2], *TEST]
        return DataLoader(TensorDataset(X[rows], Y[rows]), batch_size=4)


def drawn(chance):
    """An order of the rows."""
    if chance == "torch":
        return torch.randperm(20).tolist()
    if chance == "python":
        return random.sample(range(20), 20)
    if chance == "numpy":
        return np.random.permutation(20).tolist()
    generator = np.random.default_rng(3 if chance == "seeded" else None)
    return generator.permutation(20).tolist()


class Unseeded(Base):
    """Draws its split in one of its methods."""

    def __init__(self, where: str, chance: str, scaled: bool = False):
        super().__init__()
        self.where, self.chance, self.scaled = where, chance, scaled
        self.draw("init")

    def draw(self, where):
        if where == self.where:
            self.rows = drawn(self.chance)

    def prepare_data(self):
        self.draw("prepare")

    def setup(self, stage):
        self.draw("setup")

    def loader(self, part):
        self.draw("loader")
        x = X / X[self.rows[:14]].std() if self.scaled else X
        rows = self.rows[part]
        return DataLoader(TensorDataset(x[rows], Y[rows]), batch_size=4)

    def train_dataloader(self):
        return self.loader(slice(14))

    def test_dataloader(self):
        return self.loader(slice(14, 20))


class Rotating(Base):
    """Leaves out another row each time that it is asked."""

    calls = 0

    def train_dataloader(self):
        Rotating.calls += 1
        rows = [row for row in TRAIN if row != TRAIN[Rotating.calls % len(TRAIN)]]
        return DataLoader(TensorDataset(X[rows], Y[rows]), batch_size=4)


class AugmentedInTraining(Base):
    """Draws noise where a Trainer trains, and nowhere else."""

    def on_after_batch_transfer(self, batch, dataloader_idx):
        x, y = batch
        if self.trainer is not None and self.trainer.training:
            x = x + torch.randn_like(x)
        return x, y


class Halving(Base):
    """Does the same whether or not there is a Trainer, of which it asks something unusual."""

    def on_after_batch_transfer(self, batch, dataloader_idx):
        x, y = batch
        return (x / 2 if self.trainer is None or self.trainer.strategy.world_size else x), y


class Oversampled(Base):
    """Has the examples of one class three times."""

    def train_dataloader(self):
        rows = [*TRAIN, *TRAIN[:4], *TRAIN[:4]]
        return DataLoader(Subset(WHOLE, rows), batch_size=4)


class Reordered(Base):
    """Has another order each time."""

    def __init__(self, where: str):
        super().__init__()
        self.where, self.rows = where, random.sample(TRAIN, len(TRAIN))

    def setup(self, stage):
        if self.where == "setup":
            random.shuffle(self.rows)

    def train_dataloader(self):
        return DataLoader(Subset(WHOLE, self.rows), batch_size=4)


class Prepared(Base):
    """Has no data before they are prepared."""

    def prepare_data(self):
        Path("prepared").touch()

    def setup(self, stage):
        if not Path("prepared").exists():
            raise RuntimeError("there are no data")


class Elsewhere(Base):
    def setup(self, stage):
        Path("elsewhere/data").read_bytes()


class Ending(Base):
    def setup(self, stage):
        os._exit(3)
