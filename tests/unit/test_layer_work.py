"""Operations that were counted in the first batches are said of all only where all are alike."""

import dataclasses

import irregular_modules
import pytest
from own_training import train_class
from pytorch_lightning.utilities.exceptions import SIGTERMException
from test_training import SETTINGS

from ecosobriety.errors import EcosobrietyError
from ecosobriety.training.flops import IRREGULAR

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("error", [KeyboardInterrupt, SIGTERMException])
def test_an_interruption_is_no_fault_of_the_class(digits, tmp_path, monkeypatch, error):
    monkeypatch.chdir(tmp_path)

    def interrupted(*_):
        raise error

    # The rehearsal is in a process of its own.
    monkeypatch.setattr(irregular_modules.Always, "training_step", interrupted)
    path = "irregular_modules.Always"
    with pytest.raises(EcosobrietyError, match=f"^models: {path}: its training was interrupted$"):
        train_class(digits, tmp_path, path, learning_rate=0.05)


@pytest.mark.parametrize(
    ("name", "known", "init_args"),
    [
        ("Always", True, {}),
        ("Fifth", False, {}),
        ("Counting", False, {}),
        ("Hard", False, {}),
        ("Listing", False, {}),
        ("Listing", True, {"late": False}),
    ],
)
def test_batches_that_differ_have_no_count(digits, tmp_path, monkeypatch, name, known, init_args):
    monkeypatch.chdir(tmp_path)
    settings = dataclasses.replace(SETTINGS, epochs=5)
    arguments = {"learning_rate": 0.05, **init_args}
    path = f"irregular_modules.{name}"
    record = train_class(digits, tmp_path, path, settings=settings, **arguments)
    assert (record.flop_train is not None) == known
    if not known:
        assert record.missing["flop_train"] == IRREGULAR
        assert record.flop_forward


@pytest.mark.parametrize("form", ["to_sparse", "to_sparse_csr"])
def test_a_sparse_matrix_is_one_like_another(digits, tmp_path, monkeypatch, form):
    monkeypatch.chdir(tmp_path)
    settings = dataclasses.replace(SETTINGS, epochs=3, score_epochs=True)
    records = [
        train_class(
            digits,
            tmp_path / one,
            "irregular_modules.Neighbours",
            settings=settings,
            learning_rate=0.05,
            form=one,
        )
        for one in (form, "clone")
    ]
    assert records[0].scores == records[1].scores
    assert all(epoch.tested for epoch in records[0].epoch_log[:-1])
