"""Classes of `lightning.pytorch` are taken like those of `pytorch_lightning`, and do the same."""

import json
import sys
from pathlib import Path

import pytest

from warm import run_warm

pytestmark = pytest.mark.slow

PACKAGES = ("pytorch_lightning", "lightning.pytorch")
CLASSES = """
import numpy as np
import torch
from sklearn.datasets import load_digits
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, TensorDataset
import {package} as pl

class Halving(pl.Callback):
    def on_test_start(self, trainer, pl_module):
        # As of a callback that keeps averages in them.
        assert trainer.optimizers and trainer.testing and trainer is pl_module.trainer
        assert trainer.num_test_batches[0] > 0
        self.weight = pl_module.layer.weight.detach().clone()
        pl_module.layer.weight.data.mul_(0.5)
    def on_test_end(self, trainer, pl_module):
        pl_module.layer.weight.data.copy_(self.weight)

class Net(pl.LightningModule):
    def __init__(self, input_shape, num_classes: int, schedule: bool = True):
        super().__init__()
        self.layer, self.schedule = torch.nn.Linear(64, num_classes), schedule
    def forward(self, x):
        return self.layer(x.flatten(1)) + 0 * torch.ones((), device=self.device)
    def training_step(self, batch, batch_idx):
        x, y = batch
        loss = cross_entropy(self(x), y)
        self.log("own_loss", loss, on_step=False, on_epoch=True)
        return loss
    def configure_callbacks(self):
        return [Halving()] if self.schedule else []
    def test_step(self, batch, batch_idx): ...
    def on_after_batch_transfer(self, batch, dataloader_idx):
        # As who augments in the training alone.
        x, y = batch
        doing = self.trainer.testing, self.trainer.training, str(self.trainer.state.fn)
        if doing[0]:
            assert not doing[1] and "test" in doing[2].lower(), doing
            return x, y
        return x + 0.5 * torch.randn_like(x), y
    def configure_optimizers(self):
        optimiser = torch.optim.SGD(self.parameters(), lr=0.05, momentum=0.9)
        if not self.schedule:
            return optimiser
        return [optimiser], [torch.optim.lr_scheduler.StepLR(optimiser, 1, 0.5)]

class Data(pl.LightningDataModule):
    def setup(self, stage):
        digits = load_digits()
        x, y = torch.tensor(digits.images, dtype=torch.float32), torch.tensor(digits.target)
        part = slice(0, 1400) if stage == "fit" else slice(1400, None)
        self.part = TensorDataset(x[part] / 16, y[part])
    def train_dataloader(self):
        return DataLoader(self.part, batch_size=50, shuffle=True)
    def test_dataloader(self):
        return DataLoader(self.part, batch_size=50)
    def predict_dataloader(self): ...
    def on_after_batch_transfer(self, batch, dataloader_idx):
        x, y = batch
        return x - 0.5, y
"""
STUDY = """
import json, os, sys
sys.path[:0] = {paths!r}
from pathlib import Path
from ecosobriety import datasets, readers
from ecosobriety.metering import FakeMeter, Ledger, lock
from ecosobriety.training.fitting import TrainingSettings
from ecosobriety.training.recording import Training
from ecosobriety.training.train import train

def settings(**more):
    return TrainingSettings(epochs=3, batch_size=32, learning_rate=0.01, accelerator="cpu",
        precision="32-true", score_epochs=True, **more)

# Other measurements on this machine go on.
lock.METER = f"ecosobriety-test-{{os.getpid()}}"
answers = {{}}
# What is left of the first training is resumed after its second epoch.
for place, max_steps in (("whole", None), ("resumed", None), ("steps", 20),
        ("epochs", None)):
    for module in ("ours", "theirs"):
        data = dict(name="mine", class_path=f"{{module}}.Data", init_args={{}})
        dataset = readers.obtain(data)
        training = Training(model="mine", class_path=f"{{module}}.Net",
            init_args=dict(schedule=place != "epochs"), n_train=300, seed=1,
            settings=settings(max_steps=max_steps), threads=1, code_fingerprint="")
        ledger = Ledger(Path("attempts", module),
            identity=f"{{module}}{{max_steps}}{{place == 'epochs'}}")
        record = train(dataset, training, meter=FakeMeter(cpu_w=50.0), ledger=ledger,
            checkpoints=Path("checkpoints"))
        answers.setdefault(place, []).append([record.scores["accuracy"], record.test_loss,
            record.steps, record.flop_train, [epoch.metrics for epoch in record.epoch_log],
            ledger.carried_energy_kwh > 0, record.eval_energy_kwh > 0,
            [epoch.tested and epoch.tested.loss for epoch in record.epoch_log],
            record.training["not_called"], dataset.sha256])
Path("answers.json").write_text(json.dumps(answers))
"""


def test_a_study_trains_the_same_with_classes_of_either(tmp_path, lightning_folder):
    for module, package in zip(("ours", "theirs"), PACKAGES, strict=True):
        (tmp_path / f"{module}.py").write_text(CLASSES.format(package=package))
    code = STUDY.format(paths=[str(tmp_path), str(lightning_folder), *sys.path])
    done = run_warm(["-c", code], cwd=tmp_path, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    answers = json.loads(Path(tmp_path, "answers.json").read_text())
    for place, (ours, theirs) in answers.items():
        assert ours == theirs, place
        assert ours[0] > 0.6
        assert ours[-2] == ["test_step"]
    whole, resumed = answers["whole"][0], answers["resumed"][0]
    assert resumed[:5] == whole[:5]
    assert (whole[5], resumed[5]) == (False, True)
    # An earlier end is another training where the rate has a schedule.
    assert whole[7] == [None] * 3
    assert [loss is None for loss in answers["epochs"][0][7]] == [False, False, True]
