"""What a user's networks would fail on is known before anything is run, and tried once."""

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from ecosobriety.user_code import foresight
from ecosobriety.user_code.foresight import foresee

pytestmark = pytest.mark.slow

NETS = """
    import importlib, json, os, signal, time
    from math import prod
    from pathlib import Path
    import pytorch_lightning as pl
    import torch
    from torch import nn


    class Good(nn.Module):
        def __init__(self, input_shape, num_classes: int):
            super().__init__()
            with Path("built.txt").open("a") as file:
                file.write("x")
            self.layers = nn.Sequential(nn.Flatten(), nn.Linear(prod(input_shape), num_classes))

        def forward(self, x):
            return self.layers(x)


    class Wide(Good):
        def __init__(self, input_shape, num_classes: int):
            super().__init__(input_shape, num_classes + 1)


    class Auxiliary(Good):
        def forward(self, x):
            logits = super().forward(x)
            return (logits, logits) if self.training else logits


    class WideInTraining(Good):
        def forward(self, x):
            logits = super().forward(x)
            return torch.cat([logits, logits], 1) if self.training else logits


    class Configured(Good):
        def configure_optimizers(self, weight_decay=0.1):
            return torch.optim.SGD(self.parameters(), lr=0.1)

        def on_train_epoch_start(self):
            pass


    class Normed(Good):
        def __init__(self, input_shape, num_classes: int):
            super().__init__(input_shape, num_classes)
            self.layers.insert(1, nn.BatchNorm1d(prod(input_shape)))


    class Raising(Good):
        def __init__(self, input_shape, num_classes: int):
            raise FileNotFoundError("weights.pt")


    class Reading(Good):
        def __init__(self, input_shape, num_classes: int):
            super().__init__(input_shape, num_classes)
            self.load_state_dict(torch.load("given/weights.pt"))
            self.block = importlib.import_module("blocks.small").Block(num_classes)
            json.loads(Path("shape.json").read_text())

        def forward(self, x):
            return self.block(super().forward(x))


    class Leaving(Good):
        def forward(self, x):
            os._exit(3)


    class Crashing(Good):
        def forward(self, x):
            os.kill(os.getpid(), signal.SIGABRT)


    class Endless(Good):
        def forward(self, x):
            while True:
                time.sleep(1)


    class Killed(Good):
        def forward(self, x):
            os.kill(os.getpid(), signal.SIGKILL)


    class Silent(pl.LightningModule):
        def __init__(self, input_shape, num_classes: int):
            super().__init__()
            self.layers = nn.Sequential(nn.Flatten(), nn.Linear(prod(input_shape), num_classes))

        def forward(self, x):
            return self.layers(x)

        def training_step(self, batch, batch_idx):
            nn.functional.cross_entropy(self(batch[0]), batch[1])

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr=0.1)


    class Weighted(Silent):
        def on_train_start(self):
            examples = self.trainer.train_dataloader.dataset
            y = torch.tensor([int(y) for _, y in examples])
            assert len(examples) == len(y) and y.equal(examples.tensors[1])
            assert examples[0][0].shape == examples.tensors[0][0].shape == (8, 8)
            # All classes are there, whatever the few batches of the check hold.
            self.weights = len(y) / torch.bincount(y)
            assert self.weights.isfinite().all()

        def training_step(self, batch, batch_idx):
            return nn.functional.cross_entropy(self(batch[0]), batch[1], self.weights)
"""
ABOUT = {
    "dataset": {"name": "digits", "path": None, "class_path": None, "format": None},
    "prepared": None,
    "parameters": {
        "training.epochs": 2,
        "training.batch_size": 32,
        "training.learning_rate": 0.01,
        "training.accelerator": "cpu",
        "training.precision": "32-true",
        "training.budget": "epochs",
    },
    "sizes": [100, 129, 200],
    "seed": 1,
}


@pytest.fixture
def tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nets.py").write_text(textwrap.dedent(NETS))

    def run(
        *names: str, source: str = "1", watch: Sequence[str] = (), **about: Any
    ) -> tuple[int, str] | None:
        own = {"init_args": {}, "source": source, "training": {}, "watch": list(watch)}
        networks = [{"class_path": f"nets.{name}", **own} for name in names]
        folder = tmp_path / "tried"
        return foresee(networks, {**ABOUT, **about}, {"files": None}, folder, run.warnings.append)

    run.warnings = []
    return run


def test_what_can_be_trained_is_tried_once(tried: Any, tmp_path: Path) -> None:
    assert tried("Good") is None
    built = (tmp_path / "built.txt").read_text()
    assert tried("Good") is None
    assert (tmp_path / "built.txt").read_text() == built
    assert tried("Good", source="2") is None
    assert len((tmp_path / "built.txt").read_text()) == 2 * len(built)


def test_files_that_nobody_watches_are_named(tried: Any, tmp_path: Path) -> None:
    (tmp_path / "given").mkdir()
    (tmp_path / "blocks").mkdir()
    (tmp_path / "blocks" / "__init__.py").touch()
    torch.save(
        {"layers.1.weight": torch.ones(10, 64), "layers.1.bias": torch.ones(10)},
        tmp_path / "given" / "weights.pt",
    )
    (tmp_path / "shape.json").write_text("[1]")
    (tmp_path / "blocks" / "small.py").write_text(
        "from torch import nn\n\nBlock = lambda n: nn.Linear(n, n)\n"
    )
    # What it writes, or reads of what is installed, does not count.
    for watch, told in (
        ((), "blocks/small.py, given/weights.pt, shape.json, which are not in watch: a change"),
        (("given", "blocks"), "shape.json, which is not in watch: a change"),
    ):
        tried.warnings.clear()
        assert tried("Reading", watch=watch) is None
        assert [s for s in tried.warnings if "watch" in s] == [
            f"models: nets.Reading reads {told} would train nothing again"
        ]
    tried.warnings.clear()
    assert tried("Reading", watch=["given", "blocks", "shape.json"]) is None
    assert not [s for s in tried.warnings if "watch" in s]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Wide", "nets.Wide gives (8, 11) for inputs of the shape (8, 8, 8), but must give"),
        (
            "Auxiliary",
            "nets.Auxiliary gives tuple while it is trained, but must give one logit for each "
            "class (one number, for a regression): (32, 10); a LightningModule may have a loss of",
        ),
        ("WideInTraining", "gives (32, 20) while it is trained, but must give one logit"),
        (
            "Normed",
            "the last batch of an epoch is that small, as 129 (grid.n_train) modulo 32 "
            "(training.batch_size) is 1: change either",
        ),
        ("Raising", 'nets.Raising cannot be built: FileNotFoundError: "weights.pt"'),
        ("Leaving", "nets.Leaving ended its process with status 3, as os._exit does"),
        ("Crashing", "nets.Crashing ended its process by signal 6 (Aborted)"),
        ("Silent", "nets.Silent: its training_step gives no loss for any of 32 batches"),
    ],
)
def test_what_cannot_be_trained_is_one_sentence_with_its_name(
    tried: Any, name: str, told: str
) -> None:
    place, sentence = tried(name, "Good")
    assert place == 0
    assert told in sentence
    assert len(sentence) <= 300


def test_what_only_lightning_would_call_is_named(tried: Any) -> None:
    tried.warnings.clear()
    assert tried("Configured") is None
    assert (
        "models: nets.Configured: the study's own loop does not call its configure_optimizers, "
        "on_train_epoch_start"
    ) in tried.warnings
    tried.warnings.clear()
    assert tried("Good") is None
    assert not [said for said in tried.warnings if "does not call" in said]


def test_a_module_may_ask_for_the_examples_of_its_loader(tried: Any) -> None:
    assert tried("Weighted") is None


def test_what_failed_is_tried_again(tried: Any, tmp_path: Path) -> None:
    # A file that it misses may be there now.
    assert tried("Raising")[0] == 0
    assert not (tmp_path / "tried").exists()


def test_data_that_cannot_be_read_are_not_the_networks_fault(tried: Any) -> None:
    assert tried("Wide", prepared="nowhere.npz") is None


@pytest.mark.parametrize(
    ("name", "limits_s", "told"),
    [
        # Where the machine is busy, not even the first is tried within the short limit.
        ("Endless", (3, 25), "models: nets.Endless was not finished after {} s: neither it nor"),
        ("Killed", (120,), "models: nets.Killed was killed, perhaps for want of memory: neither"),
    ],
)
def test_what_could_not_be_tried_to_its_end_is_named(
    tried: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    limits_s: tuple[int, ...],
    told: str,
) -> None:
    for limit_s in limits_s:
        monkeypatch.setattr(foresight, "LIMIT_S", limit_s)
        tried.warnings.clear()
        assert tried("Good", name, "Wide") is None
        if (tmp_path / "tried").exists():
            break
    (sentence,) = tried.warnings
    assert told.format(limit_s) in sentence
    # What was tried before it passed.
    assert len([*(tmp_path / "tried").iterdir()]) == 1
