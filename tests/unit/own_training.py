"""Trains a user's class on the digits, as a study does."""

from test_training import CODE, SETTINGS

from ecosobriety.metering import FakeMeter, Ledger
from ecosobriety.training.recording import Training
from ecosobriety.training.train import train


def train_class(
    digits, folder, class_path, *, n_train=300, settings=SETTINGS, checkpoints=None, **init_args
):
    return train(
        digits,
        Training(
            model="mine",
            class_path=class_path,
            init_args=init_args,
            n_train=n_train,
            seed=1,
            settings=settings,
            threads=1,
            code_fingerprint=CODE,
        ),
        meter=FakeMeter(cpu_w=50.0, ram_w=10.0),
        ledger=Ledger(folder / "attempts", identity="mine"),
        checkpoints=checkpoints,
    )
