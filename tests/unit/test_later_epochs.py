"""What a module does in later epochs is not inferred from the first."""

import dataclasses

import pytest
from own_training import train_class
from test_training import SETTINGS

from ecosobriety.reasons import reason

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("name", "flop_known", "why_no_earlier_end", "init_args"),
    [
        ("Consistent", False, None, {}),
        ("Growing", False, None, {}),
        ("Thawing", False, None, {}),
        ("Numbered", True, None, {}),
        ("Quieter", True, reason("epochs_end_known", name="Quieter"), {}),
        ("Telling", True, None, {}),
        ("Averaged", True, reason("epochs_test_hook", name="Averages"), {}),
        ("Logged", True, reason("epochs_test_hook", name="LambdaCallback"), {}),
        ("Logged", True, None, {"acts": False}),
    ],
)
def test_its_operations_and_its_earlier_ends(
    digits, tmp_path, monkeypatch, name, flop_known, why_no_earlier_end, init_args
):
    monkeypatch.chdir(tmp_path)
    settings = dataclasses.replace(SETTINGS, epochs=4, score_epochs=True)
    arguments = {"learning_rate": 0.05, **init_args}
    record = train_class(digits, tmp_path, f"later_modules.{name}", settings=settings, **arguments)
    assert (record.flop_train is not None) == flop_known
    if not flop_known:
        assert record.missing["flop_train"] == reason("flop_later")
    assert record.missing.get("epoch_log") == why_no_earlier_end
    tested = [epoch.tested is not None for epoch in record.epoch_log[:-1]]
    assert tested == [why_no_earlier_end is None] * 3
