"""Data modules whose truth is known, as source code: samplers, hooks, transforms, streams."""

from collections import Counter
from typing import Any

from hypothesis import strategies as st

from fuzz.judging import EITHER, Case, Truth, sometimes

N = 24
HEAD = """
import os
import random
from collections import namedtuple

import numpy
import pytorch_lightning as pl
import torch
from torch.utils.data import *

X = torch.arange({n} * 3, dtype=torch.float32).reshape({n}, 3)
Y = torch.arange({n}) % 3
WHOLE = TensorDataset(X, Y)
Pair = namedtuple("Pair", "x y")


class Noisy(Dataset):
    def __len__(self):
        return {n}

    def __getitem__(self, i):
        return X[i] + torch.rand(3), Y[i]


class Named(Dataset):
    def __len__(self):
        return {n}

    def __getitem__(self, i):
        return dict(x=X[i], y=Y[i])


class Stream(IterableDataset):
    def __init__(self, rows):
        self.rows = rows

    def __iter__(self):
        return ((X[i], Y[i]) for i in self.rows)


class Given(Sampler):
    def __init__(self, rows):
        self.rows = rows

    def __len__(self):
        return len(self.rows)

    def __iter__(self):
        return iter(self.rows)


class Data(pl.LightningDataModule):
    def prepare_data(self):
        {prepare}

    def setup(self, stage=None):
        self.train, self.test = {train_rows}, {test_rows}
        {setup}
        {split}

    def train_dataloader(self):
        rows = self.train
        {train}

    def val_dataloader(self):
        return DataLoader(Subset(WHOLE, self.test))

    def test_dataloader(self):
        rows = self.test
        {test}
    {hooks}
"""
# What each gives in every epoch: all the rows that it was given, whatever the order.
HONEST = {
    "subset": "return DataLoader(Subset(WHOLE, rows), batch_size={size})",
    "shuffled": "return DataLoader(Subset(WHOLE, rows), batch_size={size}, shuffle=True)",
    "random rows": "return DataLoader(WHOLE, batch_size={size}, sampler=SubsetRandomSampler(rows))",
    "a list of rows": "return DataLoader(WHOLE, batch_size={size}, sampler=rows)",
    "own sampler": "return DataLoader(WHOLE, batch_size={size}, sampler=Given(rows))",
    "subset of a subset": "return DataLoader(Subset(Subset(WHOLE, rows[::-1]), range(len(rows))))",
    "a stream": "return DataLoader(Stream(rows), batch_size={size})",
    "joined": "return DataLoader(ConcatDataset([Subset(WHOLE, rows[:4]), "
    "Subset(WHOLE, rows[4:])]))",
    "a list of batches": "return [(X[rows], Y[rows])]",
    "a list of examples": "return DataLoader([(X[i], Y[i]) for i in rows], batch_size={size})",
    "batch sampler": "return DataLoader(WHOLE, batch_sampler=BatchSampler(rows, {size}, False))",
    "sampler in a sampler": "return DataLoader(Subset(WHOLE, rows), {size}, "
    "sampler=RandomSampler(rows))",
    "named tuples": "return DataLoader([Pair(X[i], Y[i]) for i in rows], batch_size={size})",
    "numpy rows": "return DataLoader(Subset(WHOLE, torch.tensor(rows).numpy()), batch_size={size})",
    "a generator": "return ((X[[i]], Y[[i]]) for i in rows)",
    "no batch size": "return DataLoader([(X[rows], Y[rows])], batch_size=None)",
    "column labels": "return DataLoader(TensorDataset(X[rows], Y[rows][:, None]), {size})",
    "float labels": "return DataLoader(TensorDataset(X[rows], Y[rows].float()), batch_size={size})",
    "doubles": "return DataLoader([(X[i].double(), Y[i]) for i in rows], batch_size={size})",
    "drop_last that drops none": "return DataLoader(Subset(WHOLE, rows), 1, drop_last=True)",
}
# Refused: the same examples do not come once in every epoch, or not as a pair.
WRONG = {
    "weighted": "return DataLoader(WHOLE, {size}, sampler=WeightedRandomSampler([1.0] * {n}, {n}))",
    "weighted to one class": "return DataLoader(WHOLE, {size}, "
    "sampler=WeightedRandomSampler((Y == 1).double(), 9))",
    "with replacement": "return DataLoader(Subset(WHOLE, rows), "
    "sampler=RandomSampler(rows, replacement=True))",
    "some at random": "return DataLoader(Subset(WHOLE, rows), "
    "sampler=RandomSampler(rows, num_samples=4))",
    "twice": "return DataLoader(WHOLE, {size}, sampler=[*rows, rows[0]])",
    "own batches": "return DataLoader(WHOLE, batch_sampler=[rows[:4], rows[4:]])",
    # A Trainer calls each loader once: what one module gives later is never used.
    "others at each call": "Data.calls = getattr(Data, 'calls', 0) + 1\n"
    "        return DataLoader(Subset(WHOLE, rows[Data.calls % 2 :]), {size})",
    "noisy": "return DataLoader(Subset(Noisy(), rows), {size})",
    "dictionaries": "return DataLoader(Subset(Named(), rows), {size})",
    "no labels": "return DataLoader(TensorDataset(X[rows]), {size})",
    "three parts": "return DataLoader(TensorDataset(X[rows], X[rows], Y[rows]), {size})",
    "several": "return [DataLoader(WHOLE), DataLoader(WHOLE)]",
    "several with names": "return dict(a=DataLoader(WHOLE), b=DataLoader(WHOLE))",
    "nothing": "return None",
    "no examples": "return []",
    "of two shapes": "return [(X[rows], Y[rows]), (X[rows][:, :2], Y[rows])]",
    "unlike lengths": "return [(X[rows], Y[rows][:-1])]",
    "a missing number": "return [(X[rows] * float('nan'), Y[rows])]",
    "one class": "return [(X[rows], 0 * Y[rows])]",
    "shares for labels": "return [(X[rows], torch.nn.functional.one_hot(Y[rows], 3))]",
    "an error": "raise OSError('no such disk')",
    "an end": "raise SystemExit(3)",
    "a long error": "raise ValueError('x' * 5000 + chr(10))",
    "an attribute of the Trainer": "return DataLoader(WHOLE, self.trainer.world_size)",
}
DRAWN = [
    f"torch.randperm({N}).tolist()",
    f"random.sample(range({N}), {N})",
    f"numpy.random.default_rng().permutation({N}).tolist()",
]
SPLIT = "drawn = {rows}; self.train, self.test = drawn[:{cut}], drawn[{cut}:]"
HOOKS = {
    "none": ("", lambda v: v),
    "after": (
        "def on_after_batch_transfer(self, batch, dataloader_idx):\n"
        "        return batch[0] * 2 + 1, batch[1]",
        lambda v: v * 2 + 1,
    ),
    "before": (
        "def on_before_batch_transfer(self, batch, dataloader_idx):\n"
        "        return batch[0] - 5, batch[1]",
        lambda v: v - 5,
    ),
    "by the stage": (
        "def transfer_batch_to_device(self, batch, device, dataloader_idx):\n"
        "        return [batch[0].to(device) + 3, batch[1]]",
        lambda v: v + 3,
    ),
}


@st.composite
def module_cases(draw: Any) -> Case:
    """A data module; in half of the cases one of its loaders is not to be honoured."""
    rows = draw(st.permutations(range(N)))
    cut = draw(st.integers(12, 18))
    # Each class is in both parts.
    train, test = sorted(rows[:cut], key=lambda i: i % 7), list(rows[cut:])
    kinds = [draw(st.sampled_from([*HONEST])) for _ in range(2)]
    codes = [HONEST[kind] for kind in kinds]
    hook = draw(st.sampled_from([*HOOKS]))
    case = Case([*kinds, f"hook: {hook}"], {"name": "mine", "class_path": ""}, None)
    split = "pass"
    if sometimes(draw):
        place = draw(st.integers(0, 1))
        kind = draw(st.sampled_from([*WRONG, "rows in both parts", "an unseeded split"]))
        if kind == "rows in both parts":
            kinds = [draw(st.sampled_from(["subset", "random rows", "own sampler"])) for _ in "ab"]
            codes = [HONEST[kind] for kind in kinds]
            test[0] = train[0]
        elif kind == "an unseeded split":
            split = SPLIT.format(rows=draw(st.sampled_from([*DRAWN])), cut=len(train))
        else:
            codes[place] = WRONG[kind]
        case.refuse(f"{kind} in {'test' if place else 'train'}_dataloader")
        if kind == "one class" and place:
            # A class may be tested alone, which is named beside the answer.
            case.meant = EITHER
            case.findings.add("classes_untested")
    if not {0, 1, 2} == {i % 3 for i in train} >= {i % 3 for i in test}:
        case.allow_refusal("a class of the test part alone")
    size = draw(st.integers(1, 7))
    train_code, test_code = (code.format(size=size, n=N) for code in codes)
    source, change = HOOKS[hook]
    case.content = HEAD.format(
        n=N,
        prepare=draw(st.sampled_from(["pass", "torch.manual_seed(torch.seed())", "os.chdir('/')"])),
        split=split,
        setup=draw(st.sampled_from(["pass", "torch.rand(5)", "self.train.reverse()"])),
        train_rows=train,
        test_rows=test,
        train=train_code,
        test=test_code,
        hooks=source,
    )
    parts = [
        Counter((tuple(change(3.0 * i + j) for j in range(3)), str(i % 3)) for i in part)
        for part in (train, test)
    ]
    if "classes_untested" not in case.findings:
        case.truth = Truth(parts[0] + parts[1], test=parts[1])
    return case
