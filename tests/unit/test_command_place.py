"""Where a command trained: on the processor, on a GPU, or nobody knows."""

from dataclasses import replace

import pytest
from test_commands import running  # noqa: F401

from ecosobriety.outside import recording
from ecosobriety.outside.recording import CommandTraining, command_record
from ecosobriety.readers import read_declared
from ecosobriety.records.record import contradiction


@pytest.mark.parametrize(
    ("said", "has_gpu", "place"),
    [
        (None, False, ("A CPU", "cpu")),
        ("cpu", True, ("A CPU", "cpu")),
        ("gpu", True, ("A GPU", "cuda")),
        # Its energy counts; whether the command used it, nobody says.
        (None, True, (None, None)),
        ("gpu", False, ("A GPU", "cuda")),
    ],
)
def test_where_a_command_trained_is_what_the_study_says(run, monkeypatch, said, has_gpu, place):
    monkeypatch.setattr(recording, "cpu_name", lambda: "A CPU")
    monkeypatch.setattr(recording, "describe_hardware", lambda: {"gpu": "A GPU"})
    training = CommandTraining(
        "mine", "x {subset} {result}", "sh", 10, 1, 2, "code", accelerator=said
    )
    done = run("echo '{{\"accuracy\": 0.9}}' > {result}")
    gpu = {"energy_gpu_kwh": 1e-6, "energy_kwh": done.window.energy_kwh + 1e-6}
    window = done.window.model_copy(update=gpu if has_gpu else {"energy_gpu_kwh": None})
    done = replace(done, window=window)
    record = command_record(
        read_declared({"name": "mine", "n_examples": 10}),
        *(training, done, run.ledger),
        metering={"country_iso3": "FRA"},
        lost_kwh=0.0,
    )
    assert (record.device, record.accelerator) == place
    assert ("device" in record.missing) == (record.device is None)
    assert contradiction(record) is None
    if record.device is None:
        said = record.model_copy(update={"missing": {}})
        assert "device is null" in (contradiction(said) or "")


@pytest.mark.parametrize(
    ("seen", "name"), [("1 x A card", "A card"), (None, None), ("1 x A2 x B", None)], ids=str
)
def test_a_gpu_that_pytorch_does_not_see_has_the_meters_name(run, monkeypatch, seen, name):
    monkeypatch.setattr(recording, "describe_hardware", lambda: {"gpu": None})
    done = run("echo '{{\"accuracy\": 0.9}}' > {result}")
    gpu = {"energy_gpu_kwh": 1e-6, "energy_kwh": done.window.energy_kwh + 1e-6}
    done = replace(done, window=done.window.model_copy(update=gpu))
    metering = {"country_iso3": "FRA", "hardware_seen": {"gpu_model": seen}}
    for said, device in ((None, None), ("gpu", name)):
        training = CommandTraining(
            "m", "x {subset} {result}", "sh", 10, 1, 2, "c", accelerator=said
        )
        record = command_record(
            read_declared({"name": "mine", "n_examples": 10}),
            *(training, done, run.ledger),
            metering=metering,
            lost_kwh=0.0,
        )
        assert record.device == device
        assert contradiction(record) is None
