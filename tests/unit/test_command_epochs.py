"""What a command reports of its epochs, and what a study makes of it."""

import json

import pytest
from config_cases import ROOT, SMALLEST, complete, put
from hypothesis import given
from hypothesis import strategies as st
from synthetic import make_record

from ecosobriety.errors import ConfigError
from ecosobriety.metering import FakeMeter, Ledger
from ecosobriety.metering.results import WindowRecord
from ecosobriety.metrics import ACCURACY
from ecosobriety.outside.command import lay_out, run_command
from ecosobriety.outside.recording import CommandTraining, command_record
from ecosobriety.outside.result import (
    _epochs,
    epoch_log,
    epochs_done,
    read_result,
    require_asked,
    require_within,
)
from ecosobriety.readers import read_declared
from ecosobriety.records.collecting import runs_of
from ecosobriety.records.epochs import epoch_table
from ecosobriety.study_config import config as study_config
from ecosobriety.tables import check_table

WINDOW = WindowRecord(
    energy_kwh=0.03,
    energy_cpu_kwh=0.018,
    energy_gpu_kwh=None,
    energy_ram_kwh=0.012,
    energy_quality="estimated",
    energy_source="constant",
    duration_s=3600.0,
    started_at="2025-03-01T08:00:00+00:00",
    ended_at="2025-03-01T09:00:00+00:00",
    other_cpu_share=None,
    busy_cpu_s=None,
    components={},
)
"""An hour at 30 W."""
LAST = {"epoch": 6, "accuracy": 0.9, "duration_s": 3000}


def listed(*epochs, accuracy=0.9):
    return {"accuracy": accuracy, "epochs": [*epochs]}


def read(tmp_path, content):
    (tmp_path / "r.json").write_text(json.dumps(content))
    return read_result("models: mine", tmp_path / "r.json", ACCURACY)


def test_each_epoch_has_the_energy_of_its_time(tmp_path):
    """1,200 and 3,000 of 3,600 s at 30 W are 0.01 and 0.025 kWh; 600 s are start-up and tests."""
    first = {"epoch": 2, "accuracy": 0.8, "duration_s": 1200, "macro_f1": 0.7}
    found = read(tmp_path, listed(first, LAST))
    log = epoch_log(found.epochs, WINDOW)
    assert [epoch.energy_kwh for epoch in log] == pytest.approx([0.01, 0.015])
    record = make_record(epochs=6.0, epoch_log=[epoch.model_dump() for epoch in log])
    table = check_table("epochs", epoch_table(runs_of([record]), [record], ACCURACY))
    assert table["epoch"].tolist() == [2.0, 6.0]
    assert table["test_accuracy"].tolist() == [0.8, record.scores["accuracy"]]
    # A command that ends after two epochs has its start-up and tests as well: 0.005 kWh.
    assert table["energy_kwh"].tolist() == pytest.approx([0.015, 0.03])
    assert table["train_duration_s"].tolist() == pytest.approx([1800.0, 3600.0])
    assert "it is part of the command's own energy" in table.loc[0, "reason"]


def test_without_times_an_epochs_energy_is_not_known(tmp_path):
    found = read(tmp_path, listed({"epoch": 1, "accuracy": 0.5}, {"epoch": 2, "accuracy": 0.9}))
    log = [epoch.model_dump() for epoch in epoch_log(found.epochs, WINDOW)]
    record = make_record(epochs=2.0, epoch_log=log)
    table = check_table("epochs", epoch_table(runs_of([record]), [record], ACCURACY))
    assert table["energy_kwh"].isna().tolist() == [True, False]
    assert table["train_duration_s"].isna().tolist() == [True, False]
    assert "its duration is not known" in table.loc[0, "reason"]


def test_a_number_of_epochs_is_one_more_score(tmp_path):
    found = read(tmp_path, {"accuracy": 0.9, "epochs": 12})
    assert found.scores == {"accuracy": 0.9, "epochs": 12.0}
    assert found.epochs == ()


@pytest.mark.parametrize(
    ("said", "asked", "done"),
    [
        ({}, 12, 12),
        ({}, None, None),
        ({"epochs": 7}, 12, 7),
        ({"epochs": 7}, None, 7),
        ({"epochs": 2.5}, 12, None),
        ({"epochs": 0}, 12, None),
        (listed({"epoch": 3, "accuracy": 0.9}), 12, 3),
    ],
)
def test_the_epochs_that_a_command_had_are_those_that_it_reports(tmp_path, said, asked, done):
    found = read(tmp_path, {"accuracy": 0.9, **said})
    assert epochs_done(found.scores, found.epochs, asked) == done


@pytest.mark.parametrize("said", [13, [{"epoch": 13, "accuracy": 0.9}]])
def test_more_epochs_than_were_asked_for_are_refused(tmp_path, said):
    found, asked = read(tmp_path, {"accuracy": 0.9, "epochs": said}), {"n_train": 9, "seed": 1}
    require_asked("models: mine", found, {**asked, "epochs": 13})
    with pytest.raises(ConfigError, match=r"13 epochs were done, but 12 were asked for"):
        require_asked("models: mine", found, {**asked, "epochs": 12})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (listed(), "lists no epoch: the list must end with the end of the training"),
        (listed({"epoch": 1, "accuracy": 0.8}), "but 0.8 after the last of its epochs"),
        (listed(3), "but must be an object such as {"),
        (listed({"accuracy": 0.9}), "epochs[0]: epoch is missing, but must be a whole number"),
        (listed({"epoch": 0, "accuracy": 0.9}), "epoch is 0, but must be a whole number above 0"),
        (listed({"epoch": 1.5, "accuracy": 0.9}), "epoch is 1.5, but must be a whole number"),
        (listed(LAST, LAST), "epochs[1]: epoch is 6, but must be a whole number above 6"),
        (listed({"epoch": 1}), 'holds "epoch", but must hold the study\'s accuracy'),
        (listed({"epoch": 1, "accuracy": 90}), "accuracy is 90, but must be from 0 to 1"),
        (listed({"epoch": 1, "accuracy": None}), "but must be a number"),
        (listed({**LAST, "duration_s": 0}), "duration_s is 0, but must be above 0"),
        (listed(LAST, {**LAST, "epoch": 7}), "duration_s is 3000, but must be above 3000: it adds"),
        (
            listed(LAST, {"epoch": 7, "accuracy": 0.9}),
            "duration_s is missing, but must be given for all epochs, or for none",
        ),
    ],
)
def test_epochs_that_cannot_be_are_refused(tmp_path, content, said):
    with pytest.raises(ConfigError) as error:
        read(tmp_path, content)
    assert str(error.value).startswith("models: mine: its result")
    assert said in str(error.value)
    assert len(str(error.value)) <= 300


def test_epochs_longer_than_the_window_are_refused(tmp_path):
    found = read(tmp_path, listed(LAST))
    require_within("models: mine", found.epochs, 3000.0)
    with pytest.raises(ConfigError, match="epoch 6 ended after 3000 s, but the measured window is"):
        require_within("models: mine", found.epochs, 2999.0)


@given(st.lists(st.floats(0.01, 100), min_size=1, max_size=20), st.floats(0, 100))
def test_the_epochs_share_no_more_than_the_window(steps_s, rest_s):
    ends_s = [sum(steps_s[: i + 1]) for i in range(len(steps_s))]
    entries = [{"epoch": i + 1, "accuracy": 0.9, "duration_s": s} for i, s in enumerate(ends_s)]
    window = WINDOW.model_copy(update={"duration_s": ends_s[-1] + rest_s})
    log = epoch_log(_epochs("x", entries, {"accuracy": 0.9}, ACCURACY), window)
    share = ends_s[-1] / window.duration_s
    assert sum(epoch.energy_kwh for epoch in log) == pytest.approx(0.03 * share)


@pytest.mark.slow
def test_the_number_of_epochs_reaches_a_command_that_asks_for_it():
    def of(text, **training):
        model = {"name": "mine", "command": text}
        config = complete(put(("training",), training, put(("models",), [model], SMALLEST)))
        return study_config.model_parameters(config, "mine", ROOT)

    asking, other = "x {epochs} {subset} {result}", "x {subset} {result}"
    assert of(asking, epochs=7)["epochs"] == 7
    assert of(asking, epochs=7) != of(asking, epochs=8)
    assert of(other, epochs=7) == of(other, epochs=8)


@pytest.mark.parametrize(
    ("loss", "kept", "why"),
    [
        (0.3, 0.3, None),
        (-2, -2, None),
    ],
)
@pytest.mark.slow
def test_a_command_is_given_its_epochs_and_reports_them(tmp_path, loss, kept, why):
    reported = listed(
        {"epoch": 3, "accuracy": 0.8, "loss": loss, "duration_s": 0.05},
        {"epoch": 5, "accuracy": 0.9, "duration_s": 0.1},
    )
    reported |= {"loss": loss, "macro_f1": 0.8}
    (tmp_path / "reported").write_text(json.dumps(reported))
    command = f"test {{epochs}} = 5 && sleep 0.2 && cp {tmp_path}/reported {{result}} # {{subset}}"
    training = CommandTraining("mine", command, "sh", 10, 1, 2, "code", epochs=5)
    dataset = read_declared({"name": "mine", "n_examples": 10})
    values = lay_out(training, dataset, tmp_path / "none", tmp_path / "scratch", "id")
    ledger = Ledger(tmp_path / "attempts", identity="id")
    done = run_command(
        training,
        values,
        time_limit_s=None,
        metric=ACCURACY,
        meter=FakeMeter(),
        ledger=ledger,
        parameters={
            "metering.country": "FRA",
            "metering.interval_s": 1.0,
            "metering.cpu_power_w": 10.0,
            "metering.ram_power_w": 1.0,
        },
        log=tmp_path / "log",
    )
    record = command_record(dataset, training, done, ledger, metering={}, lost_kwh=0.0)
    assert record.epochs == 5
    assert [epoch.epoch for epoch in record.epoch_log] == [2, 4]
    # FakeMeter draws 10 W: 0.05 s of it each.
    assert [epoch.energy_kwh for epoch in record.epoch_log] == pytest.approx([0.5 / 3.6e6] * 2)
    assert "epoch_log" not in record.missing
    # A loss has a column of its own.
    assert json.loads(record.model_dump_json())["test_loss"] == kept
    assert record.scores == {"accuracy": 0.9, "macro_f1": 0.8}
    assert record.missing.get("test_loss") == why
    tested = record.epoch_log[0].tested
    assert (tested.scores, tested.loss) == ({"accuracy": 0.8}, kept)
    assert tested.missing.get("test_loss") == why
    assert record.epoch_log[-1].tested is None
