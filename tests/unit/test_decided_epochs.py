"""Which training a size with fewer epochs is: its identity, before and after the decision."""

import json

import pytest

from ecosobriety.records.collecting import Asked, identity_of
from ecosobriety.records.decided_epochs import shortened

EPOCHS = 8
NETWORK = {"class_path": "mlp", "init_args": {}, "source": None, "training": {}}
PARAMETERS = {"training.epochs": EPOCHS, "metering.country": "FRA"}


def asked(folder, networks=None):
    settings = {"folder": str(folder), "decided_at": {"1024": 512}, "all_epochs": {"mlp": EPOCHS}}
    return Asked("00", networks or {"mlp": NETWORK}, PARAMETERS, "ff", decided_epochs=settings)


def write_decision(folder, epochs):
    (folder / "mlp").mkdir()
    (folder / "mlp/n512.json").write_text(json.dumps({"epochs": epochs}))


def test_a_size_with_fewer_epochs_is_the_very_training_with_so_many(tmp_path):
    write_decision(tmp_path, {"all": EPOCHS, "next": 4})
    short = {**PARAMETERS, "training.epochs": 4}
    found = asked(tmp_path)
    own = {**NETWORK, "training": {"training.epochs": 4}}
    key = ("d", "mlp", 1024, 1)
    assert found.identities(key) == (identity_of("00", "mlp", own, 1024, 1, PARAMETERS, "ff"),)
    assert shortened(NETWORK, 4)["training"] == {"training.epochs": short["training.epochs"]}
    below = ("d", "mlp", 512, 1)
    assert found.identity(below) == Asked("00", {"mlp": NETWORK}, PARAMETERS, "ff").identity(below)


@pytest.mark.parametrize("epochs", [None, {"all": EPOCHS, "next": EPOCHS}])
def test_all_epochs_change_no_identity(tmp_path, epochs):
    write_decision(tmp_path, epochs)
    key = ("d", "mlp", 1024, 1)
    assert asked(tmp_path).identity(key) == Asked(
        "00", {"mlp": NETWORK}, PARAMETERS, "ff"
    ).identity(key)


def test_before_the_decision_any_number_of_epochs_may_be_meant(tmp_path):
    found = asked(tmp_path).identities(("d", "mlp", 1024, 1))
    assert len(set(found)) == EPOCHS
    assert len(asked(tmp_path).identities(("d", "mlp", 512, 1))) == 1


def test_a_command_is_given_fewer_epochs_by_its_placeholder(tmp_path):
    command = {"command": "train {epochs}", "shell": "sh", "source": None, "epochs": EPOCHS}
    assert shortened(command, 4) == {**command, "epochs": 4}
    found = asked(tmp_path, {"mlp": command}).identities(("d", "mlp", 1024, 1))
    assert len(set(found)) == EPOCHS
