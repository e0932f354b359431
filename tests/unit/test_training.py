"""One training: what is recorded, what decides it, and that it can be repeated."""

import dataclasses
import gc
import json
import os
import weakref
from dataclasses import asdict
from itertools import islice

import numpy as np
import pytest
import torch

from ecosobriety import datasets
from ecosobriety.errors import ConfigError, DataError
from ecosobriety.metering import FakeMeter, Ledger
from ecosobriety.records.collecting import identity_of
from ecosobriety.startup import settle
from ecosobriety.training.learner import Learner
from ecosobriety.training.recording import Training
from ecosobriety.training.train import (
    TrainingSettings,
    _require_learnt,
    settings_from,
    train,
)

pytestmark = pytest.mark.slow

SETTINGS = TrainingSettings(
    epochs=3, batch_size=32, learning_rate=0.01, accelerator="cpu", precision="32-true"
)


CODE = "0123456789abcdef"
MLP = {"class_path": "mlp", "init_args": {"hidden": [16]}}


@pytest.fixture
def train_digits(digits, tmp_path):
    def run(n_train=300, seed=1, settings=SETTINGS, dataset=digits, network=MLP, **options):
        identity = identity_of(
            dataset.sha256, "mlp", network, n_train, seed, asdict(settings), CODE
        )
        return train(
            dataset,
            Training(
                model="mlp",
                **network,
                n_train=n_train,
                seed=seed,
                settings=settings,
                threads=1,
                code_fingerprint=CODE,
            ),
            meter=options.pop("meter", FakeMeter(cpu_w=50.0, ram_w=10.0)),
            ledger=Ledger(tmp_path / "attempts", identity=identity),
            **options,
        )

    return run


def test_a_training_leaves_the_callers_process_as_it_was(train_digits):
    torch.manual_seed(7)
    threads, expected = torch.get_num_threads(), torch.rand(3)
    torch.manual_seed(7)
    torch.set_num_threads(threads + 1)
    torch.use_deterministic_algorithms(False)  # Whatever another test has left.
    environment = dict(os.environ)
    try:
        train_digits()
        assert torch.get_num_threads() == threads + 1
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(torch.rand(3), expected)
    assert not torch.are_deterministic_algorithms_enabled()
    assert dict(os.environ) == environment


def test_the_record_says_what_was_done(train_digits, digits):
    record = train_digits()
    assert (record.dataset, record.model, record.n_train, record.seed) == ("digits", "mlp", 300, 1)
    assert record.epochs == 3.0
    assert record.steps == 3 * 10  # ceil(300 / 32) = 10 batches
    forward = 2 * (64 * 16 + 16 * 10)
    assert record.flop_forward == forward
    assert record.flop_train == 900 * (2 * forward + 2 * 16 * 10)
    assert record.accelerator == "cpu"
    assert record.threads == 1
    assert record.training["data_on"] == "cpu"
    assert record.energy_kwh == pytest.approx(record.energy_cpu_kwh + record.energy_ram_kwh)
    # 60 W over the window
    assert record.energy_kwh == pytest.approx(60 * record.train_duration_s / 3.6e6)
    assert record.energy_gpu_kwh is None
    assert record.components["gpu"].reason
    assert record.eval_energy_kwh > 0
    assert record.lost_energy_kwh == 0.0
    assert record.dataset_sha256 == digits.sha256
    assert 100 < record.peak_memory_mb < 4000
    assert [epoch.epoch for epoch in record.epoch_log] == [0, 1, 2]
    losses = [epoch.metrics["train_loss"] for epoch in record.epoch_log]
    assert losses == sorted(losses, reverse=True)


def test_accuracy_is_exact_on_the_whole_test_set(train_digits, digits):
    record = train_digits()
    correct = record.scores["accuracy"] * len(digits.y_test)
    assert correct == round(correct)
    assert record.scores["accuracy"] > 0.7


def test_the_same_seed_gives_the_same_result_to_the_last_digit(train_digits):
    first, second, other = train_digits(), train_digits(), train_digits(seed=2)
    assert first.scores["accuracy"] == second.scores["accuracy"]
    assert first.test_loss == second.test_loss
    assert [e.metrics for e in first.epoch_log] == [e.metrics for e in second.epoch_log]
    assert first.test_loss != other.test_loss


def test_a_fixed_budget_of_steps_is_kept_at_every_size(train_digits):
    settings = dataclasses.replace(SETTINGS, max_steps=25)
    record = train_digits(n_train=300, settings=settings)
    assert record.steps == 25
    # Two epochs of 300 in 10 batches each, and five batches of 32.
    assert record.epochs == pytest.approx((2 * 300 + 5 * 32) / 300)
    assert all(e.metrics["train_loss"] > 0 for e in record.epoch_log)


def test_settings_come_from_the_configurations_leaves():
    leaves = {
        "training.epochs": 10,
        "training.batch_size": 128,
        "training.learning_rate": 0.001,
        "training.budget": "epochs",
        "training.accelerator": "cpu",
        "training.precision": "32-true",
    }
    assert settings_from(leaves).max_steps is None
    leaves |= {"training.budget": "steps", "analysis.reference_n_train": 60_000}
    assert settings_from(leaves).max_steps == 4690  # 469 batches x 10 epochs


def test_normalisation_uses_the_training_subset_alone(train_digits, digits):
    """Strange test images change the test's score, and nothing of the training."""
    strange = dataclasses.replace(digits, x_test=np.full_like(digits.x_test, 255))
    first, second = train_digits(), train_digits(dataset=strange)
    assert first.epoch_log[-1].metrics == second.epoch_log[-1].metrics
    assert first.scores["accuracy"] != second.scores["accuracy"]


def test_too_large_a_size_and_constant_inputs_are_refused(train_digits, digits):
    with pytest.raises(DataError, match="1400 training examples, fewer than 1401"):
        train_digits(n_train=1401)
    flat = dataclasses.replace(digits, x_train=np.zeros_like(digits.x_train))
    with pytest.raises(DataError, match="are the same"):
        train_digits(dataset=flat)


def test_whatever_decides_a_training_decides_its_identity():
    parts = ("data", "mlp", {"hidden": [16]}, 300, 1, {"training.epochs": 3}, CODE)
    changed = ("other", "cnn", {"hidden": [17]}, 301, 2, {"training.epochs": 4}, "other")
    identities = {identity_of(*parts[:i], changed[i], *parts[i + 1 :]) for i in range(len(parts))}
    assert len(identities | {identity_of(*parts)}) == len(parts) + 1


def test_no_window_searches_what_was_there_before(train_digits):
    class Cycle:
        pass

    left_behind = Cycle()
    left_behind.itself = left_behind
    gone = weakref.ref(left_behind)
    del left_behind
    seen = []

    class Meter(FakeMeter):
        def start(self, on_reading=None):
            # Trainer, module and batches are made for this training; what is loaded is far more.
            seen.append((gone() is None, len(gc.get_objects()) < gc.get_freeze_count()))
            super().start(on_reading)

    # The script does that, not the library: it is process-wide.
    settle()
    try:
        train_digits(meter=Meter(cpu_w=50.0, ram_w=10.0))
    finally:
        gc.unfreeze()
    assert seen
    assert set(seen) == {(True, True)}


def test_subsets_are_nested(digits):
    order = datasets.training_order(digits.y_train, seed=3)
    assert set(order[:200]) < set(order[:600]) < set(order)


class Killed(BaseException):
    """Stands for a kill: nothing of ours may catch it and tidy up."""


def test_a_resumed_training_equals_an_uninterrupted_one(train_digits, tmp_path, monkeypatch):
    """Killed in the third of five epochs and run again: same weights, energy of both parts."""
    settings = dataclasses.replace(SETTINGS, epochs=5)
    weights = {}
    # A clock that only training moves: what the disk takes for a checkpoint is no energy here.
    trained_s = 0
    # Looked up before it is replaced.
    learn = Learner.training_step

    def timed_step(self, batch, batch_idx):
        nonlocal trained_s
        batches = list(batch)
        trained_s += len(batches)
        learn(self, batches, batch_idx)

    def run(name, step, **options):
        def keep_weights(self):
            weights[name] = {k: v.clone() for k, v in self.state_dict().items()}

        monkeypatch.setattr(Learner, "on_test_start", keep_weights)
        monkeypatch.setattr(Learner, "training_step", step)
        meter = FakeMeter(cpu_w=50.0, ram_w=10.0, clock=lambda: trained_s)
        return train_digits(settings=settings, meter=meter, **options)

    def die_in_third_epoch(self, batch, batch_idx):
        if self.current_epoch == 2:
            timed_step(self, islice(batch, 4), batch_idx)
            raise Killed
        timed_step(self, batch, batch_idx)

    whole = run("whole", timed_step)
    checkpoints = tmp_path / "checkpoints"
    with pytest.raises(Killed):
        run("dead", die_in_third_epoch, checkpoints=checkpoints)
    (dead,) = (
        entry
        for path in (tmp_path / "attempts").glob("*.json")
        if (entry := json.loads(path.read_text()))["attempt"] != whole.attempt
    )
    # The uninterrupted attempt never became complete, so it would count as lost here.
    (tmp_path / "attempts" / f"{whole.attempt}.json").unlink()
    resumed = run("resumed", timed_step, checkpoints=checkpoints)

    assert all(torch.equal(weights["whole"][k], weights["resumed"][k]) for k in weights["whole"])
    assert resumed.test_loss == whole.test_loss
    assert resumed.steps == whole.steps
    assert [e.metrics for e in resumed.epoch_log] == [e.metrics for e in whole.epoch_log]
    assert [e.epoch for e in resumed.epoch_log] == [0, 1, 2, 3, 4]
    # 60 W for 1 s a step, of ten in an epoch
    assert resumed.energy_kwh == pytest.approx(60 * 50 / 3.6e6)
    assert [e.energy_kwh for e in resumed.epoch_log] == pytest.approx([60 * 10 / 3.6e6] * 5)
    # Lost is what the dead attempt spent after its last checkpoint: four steps.
    entry = json.loads((tmp_path / "attempts" / f"{resumed.attempt}.json").read_text())
    assert entry["carried_energy_kwh"] == pytest.approx(60 * 20 / 3.6e6)
    assert dead["energy_kwh"] == pytest.approx(60 * 24 / 3.6e6)
    assert resumed.lost_energy_kwh == pytest.approx(60 * 4 / 3.6e6)


def test_another_trainings_checkpoint_is_never_taken(train_digits, tmp_path):
    first = train_digits(checkpoints=tmp_path / "checkpoints")
    (left,) = (tmp_path / "checkpoints").glob("*.ckpt")
    settings = dataclasses.replace(SETTINGS, learning_rate=0.02)
    other = train_digits(settings=settings, checkpoints=tmp_path / "checkpoints")
    assert other.test_loss != first.test_loss
    assert len(other.epoch_log) == 3
    assert len(list((tmp_path / "checkpoints").glob("*.ckpt"))) == 2
    assert left.exists()


def test_a_users_network_trains_as_the_same_one_that_comes_along(train_digits):
    own = {"class_path": "user_classes.Perceptron", "init_args": {"width": 16}}
    mine, known = train_digits(network=own), train_digits()
    assert mine.test_loss == known.test_loss
    assert mine.flop_train == known.flop_train
    assert mine.training["class_path"] == "user_classes.Perceptron"


def test_a_whole_module_trains_itself_and_is_scored_alike(train_digits, digits):
    own = {"class_path": "user_classes.Whole", "init_args": {"learning_rate": 0.05}}
    record = train_digits(network=own)
    assert record.scores["accuracy"] > 0.7
    assert record.scores["accuracy"] * len(digits.y_test) == pytest.approx(
        round(record.scores["accuracy"] * len(digits.y_test))
    )
    assert record.epoch_log[0].metrics["own_loss"] > record.epoch_log[-1].metrics["own_loss"]
    assert record.steps == 3 * 10
    steps = dataclasses.replace(SETTINGS, max_steps=25)
    assert train_digits(network=own, settings=steps).steps == 25
    # Its own learning rate counts, and not the study's.
    settings = dataclasses.replace(SETTINGS, learning_rate=9.0)
    assert train_digits(network=own, settings=settings).test_loss == record.test_loss


def test_layers_with_chance_and_statistics_can_be_repeated(train_digits):
    own = {"class_path": "user_classes.Dropping", "init_args": {}}
    first, second = train_digits(network=own), train_digits(network=own)
    assert first.test_loss == second.test_loss


def test_a_training_that_diverges_is_told(train_digits):
    own = {"class_path": "user_classes.Whole", "init_args": {"learning_rate": 1e20}}
    with pytest.raises(ConfigError, match="Whole diverges within 32 batches: its loss goes from"):
        train_digits(network=own)


def test_the_learning_rate_is_blamed_for_weights_alone():
    training = Training(
        "mlp", **MLP, n_train=3, seed=1, settings=SETTINGS, threads=1, code_fingerprint=CODE
    )
    module = torch.nn.Linear(2, 1)
    with pytest.raises(DataError, match="all weights are finite: look for test examples that lie"):
        _require_learnt(training, "digits", module, float("inf"))
    with torch.no_grad():
        module.bias.fill_(float("nan"))
    with pytest.raises(DataError, match=r"mlp on digits: the training diverged: its weights"):
        _require_learnt(training, "digits", module, float("nan"))
