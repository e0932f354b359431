# ruff: noqa: E402
"""A training that a test starts in several processes; each writes down what it knows at the end.

`in_processes.py FOLDER OPTIONS`, the second as JSON. A second of work costs 1 Wh on each machine.
"""

import json
import os
import socket
import sys
import time
import zlib
from dataclasses import asdict
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "scripts")]

folder, options = Path(sys.argv[1]), json.loads(sys.argv[2])
if "TEST_HOST" in os.environ:
    socket.gethostname = lambda: os.environ["TEST_HOST"]
if options.get("lightning"):
    sys.path.insert(0, options["lightning"])
    import lightning.pytorch as pl
else:
    import pytorch_lightning as pl
import torch
import torchmetrics
from torch.utils.data import DataLoader, TensorDataset

from ecosobriety.errors import MeteringError
from ecosobriety.metering import EnergyCallback, FakeMeter, Ledger, lock

folder.mkdir(exist_ok=True)
lock.METER = f"ecosobriety-test-{zlib.crc32(str(folder).encode())}"


class Work:
    """The clock of one process, which its own work moves, in s."""

    now_s = 0.0
    windows = 0

    def __call__(self):
        return self.now_s


work = Work()


class Meter(FakeMeter):
    def start(self, on_reading=None):
        work.windows += 1
        super().start(on_reading)

    def read(self):
        if options.get("fault_on") == socket.gethostname() and work.now_s > 25:
            raise MeteringError("the counter is gone")
        return super().read()


class Module(pl.LightningModule):
    """Training takes 1 s a batch, validation 10 s, the test 100 s."""

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(2, 1)
        self.mean = torchmetrics.MeanMetric()

    def training_step(self, batch, batch_idx):
        rank = self.trainer.global_rank
        if options.get("fails") == [rank, self.global_step]:
            raise ValueError("the loss is not a number")
        work.now_s += 1.0
        loss = self.layer(batch[0]).square().mean()
        self.log("rank", float(rank))
        # At an epoch's end all processes gather it.
        self.mean(float(rank))
        self.log("mean", self.mean, on_step=False, on_epoch=True)
        return loss

    def on_train_epoch_end(self):
        if options.get("sleeps_s") and self.trainer.global_rank == 1:
            time.sleep(options["sleeps_s"])

    def validation_step(self, batch, batch_idx):
        work.now_s += 10.0

    def test_step(self, batch, batch_idx):
        work.now_s += 100.0

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.01)


def loader(batches):
    """So many batches for each process."""
    count = batches * 4 * int(options["devices"]) * int(options.get("nodes", 1))
    return DataLoader(TensorDataset(torch.ones(count, 2)), batch_size=4)


saving = pl.callbacks.ModelCheckpoint(
    folder / "saved", filename="{step}", every_n_train_steps=1, save_top_k=-1
)
clock = time.perf_counter if options.get("sleeps_s") else work
ledger = Ledger(folder / "attempts")
energy = EnergyCallback(Meter(cpu_w=3600.0, clock=clock), ledger)
trainer = pl.Trainer(
    max_epochs=3 if options.get("resume") else 2,
    accelerator="cpu",
    strategy="ddp",
    devices=options["devices"],
    num_nodes=options.get("nodes", 1),
    logger=False,
    enable_progress_bar=False,
    enable_model_summary=False,
    callbacks=[energy, saving],
)
validation = {} if options.get("sleeps_s") else {"val_dataloaders": loader(2)}
if options.get("resume"):
    validation |= {"ckpt_path": options["resume"], "weights_only": False}
trainer.fit(Module(), loader(3), **validation)
trainer.test(trainer.lightning_module, loader(1), verbose=False)
trainer.save_checkpoint(folder / "end.ckpt")
result = energy.result()
ledger.complete(result.energy_kwh, result.train.duration_s)
told = {
    "pid": os.getpid(),
    "windows": work.windows,
    "attempt": ledger.attempt,
    "result": {
        **asdict(result),
        "epochs": [epoch.model_dump() for epoch in result.epochs],
        "components": {name: part.model_dump() for name, part in result.components.items()},
    },
    "state": energy.state_dict(),
}
(folder / f"rank{trainer.global_rank}.json").write_text(json.dumps(told))
