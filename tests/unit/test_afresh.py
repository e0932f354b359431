"""A training that follows another one in its process begins with what the first one did."""

import importlib
import sys
from pathlib import Path

import pytest

from ecosobriety.training.afresh import begin_afresh

SOURCE = """
import enum
import itertools
import numpy as np
import torch
from torch import nn

RNG = np.random.default_rng(3)
SEEN, LIMIT = [], 4
TOTAL = torch.zeros(2)
TICKS = itertools.count()

class Augmenter:
    def __init__(self):
        self.calls = 0

    def __call__(self):
        self.calls += 1

AUGMENT, TEACHER = Augmenter(), nn.Linear(2, 2)

class Mode(enum.Enum):
    WARM = 1

class Reversal:
    iter_num = 0

class Net(nn.Module):
    made = 0

    def __init__(self, num_classes):
        super().__init__()
        Net.made += 1
        self.mode = Mode.WARM

def train():
    global LIMIT
    Reversal.iter_num += 1
    SEEN.append(Reversal.iter_num)
    LIMIT -= 1
    TOTAL.add_(1)
    next(TICKS)
    AUGMENT()
    if not hasattr(Net, "calls"):
        Net.calls = 0
    Net.calls += 1
    before = TEACHER.weight.detach().clone()
    nn.init.zeros_(TEACHER.weight)
    counts = AUGMENT.calls, Net.calls, Net.made, Reversal.iter_num, list(SEEN), LIMIT
    return before.tolist(), *counts, TOTAL.tolist(), float(RNG.normal())
"""


def test_only_what_is_behind_the_class_is_put_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job's own script is imported under two names, one of which is like a user's module."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "own_beside.py").write_text(SOURCE)
    (tmp_path / "job.py").write_text("seed = 1")
    job = importlib.import_module("job")
    monkeypatch.setitem(sys.modules, "__mp_main__", job)
    begin_afresh("own_beside.Net")
    job.seed, job.output = 2, "seed2.json"
    begin_afresh("own_beside.Net")
    assert (job.seed, job.output) == (2, "seed2.json")
    del sys.modules["own_beside"], sys.modules["job"]


def test_each_training_begins_afresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "own_afresh.py").write_text(SOURCE)
    begin_afresh("own_afresh.Net")
    module = importlib.import_module("own_afresh")
    seen = module.SEEN
    told = []
    for _ in range(3):
        module.Net(2)
        told.append(module.train())
        module.train()
        begin_afresh("own_afresh.Net")
    assert told[0] == told[1] == told[2]
    assert told[0][1:-1] == (1, 1, 1, 1, [1], 3, [1.0, 1.0])
    assert told[0][0] != [[0, 0], [0, 0]]
    # The very list, which other modules may have imported by its name.
    assert module.SEEN is seen
    assert next(module.TICKS) == 6
    del sys.modules["own_afresh"]
