"""Networks and modules: trained as they are and counted as they count, or refused."""

import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from ecosobriety.datasets import Dataset
from ecosobriety.metering import FakeMeter, Ledger
from ecosobriety.reasons import recognise
from ecosobriety.training.recording import Training
from ecosobriety.training.train import TrainingSettings, train
from fuzz.judging import EITHER, READ, REFUSED, attempted, share_of_examples
from fuzz.network_cases import Written, network_cases

FORWARD = 2 * (12 * 8 + 8 * 3)
STEP = 2 * FORWARD + 2 * 8 * 3
"""FLOP of an example, forward, and forward and backward."""


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    random = np.random.default_rng(0)
    x = random.normal(size=(60, 3, 4)).astype(np.float32)
    y = np.arange(60) % 3
    return Dataset.from_arrays(
        "made", (x[:45], y[:45]), (x[45:], y[45:]), classes=("a", "b", "c"), origin="made"
    )


@pytest.mark.filterwarnings("ignore")
# Each is rehearsed in a process of its own, which takes seconds.
@share_of_examples(2)
@given(written=network_cases(), n_train=st.sampled_from([24, 33, 41]))
def test_a_training(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    dataset: Dataset,
    written: Written,
    n_train: int,
) -> None:
    # Each has a name of its own, as Python keeps what it has imported.
    folder = Path(tempfile.mkdtemp(dir=tmp_path))
    name = f"generated_{folder.name}"
    (folder / f"{name}.py").write_text(written.source)
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(folder)
    settings = TrainingSettings(
        epochs=3, batch_size=8, learning_rate=0.01, accelerator="cpu", precision="32-true"
    )
    record, told = attempted(
        lambda: train(
            dataset,
            Training(
                model="mine",
                class_path=f"{name}.{written.name}",
                init_args={},
                n_train=n_train,
                seed=1,
                settings=settings,
                threads=1,
                code_fingerprint="0" * 16,
            ),
            meter=FakeMeter(),
            ledger=Ledger(folder / "attempts", identity="mine"),
        )
    )
    module = sys.modules.pop(name, None)
    meant = written.meant
    if meant == READ and "normed" in written.story and n_train % 8 == 1:
        # Statistics over one example, unless the class never comes to it.
        meant = EITHER
    event(f"{meant}, was {'refused' if record is None else 'trained'}")
    if record is None:
        assert meant != READ, told
        assert written.name in told
        # What fails at once is known before energy is spent; that no batch ever has a loss is not.
        assert "no loss" in written.story or not (folder / "attempts").exists()
        return
    assert meant != REFUSED
    assert module is not None
    examples = sum(module.BATCHES.values())
    assert record.steps == len(module.BATCHES)
    assert record.epochs == pytest.approx(examples / n_train)
    assert record.energy_kwh > 0
    noticed = {found[0] for found in map(recognise, record.training.get("noticed", ())) if found}
    assert noticed >= {written.noticed} - {None}
    for flop in ("flop_forward", "flop_train"):
        assert (getattr(record, flop) is None) == (flop in record.missing)
    if "weights of a norm" in written.story or record.flop_forward is None:
        return
    assert record.flop_forward == FORWARD
    if record.flop_train is not None:
        assert record.flop_train == STEP * module.PASSES[0]
