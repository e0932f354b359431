"""What fewer epochs would have reached: tested after a training, which stays the same."""

import dataclasses
import time
from importlib import import_module

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ecosobriety.metering import FakeMeter, Ledger
from ecosobriety.metrics import ACCURACY
from ecosobriety.records.collecting import runs_of
from ecosobriety.records.epochs import earlier_tests_kwh, epoch_table
from ecosobriety.tables import check_table
from ecosobriety.training.epoch_scores import HELD_WEIGHTS, Weights, epochs_between
from ecosobriety.training.learner import Learner
from ecosobriety.training.recording import Training
from ecosobriety.training.rehearsal import Rehearsed
from ecosobriety.training.train import TrainingSettings, train

pytestmark = pytest.mark.slow

SETTINGS = TrainingSettings(
    epochs=4,
    batch_size=32,
    learning_rate=0.01,
    accelerator="cpu",
    precision="32-true",
    score_epochs=True,
)
MLP = {"class_path": "mlp", "init_args": {"hidden": [16]}}
RESTLESS = {"class_path": "epoch_networks.Restless", "init_args": {}}


@pytest.fixture
def train_digits(digits, tmp_path):
    def run(settings=SETTINGS, network=MLP, **options):
        return train(
            digits,
            Training(
                model="m",
                **network,
                n_train=200,
                seed=1,
                settings=settings,
                threads=1,
                code_fingerprint="0",
            ),
            meter=options.pop("meter", FakeMeter(cpu_w=50.0, ram_w=10.0)),
            ledger=Ledger(tmp_path / "attempts", identity=options.pop("identity", "1")),
            **options,
        )

    return run


def after(settings, epochs):
    return dataclasses.replace(settings, epochs=epochs, score_epochs=False)


def epochs_in(record):
    return {epoch.epoch + 1: epoch.tested for epoch in record.epoch_log if epoch.tested}


@pytest.fixture
def weights_at_the_end(monkeypatch):
    """Of each training that ends, the weights, before any epoch is tested."""
    seen = []
    # The package has a function of the module's name.
    module = import_module("ecosobriety.training.train")
    monkeypatch.setattr(
        module,
        "_require_learnt",
        lambda training, name, trained, *_: seen.append(
            {key: tensor.clone() for key, tensor in trained.state_dict().items()}
        ),
    )
    # Operations are not counted here.
    monkeypatch.setattr(module, "rehearse", lambda *_: Rehearsed("not counted"))
    return seen


@pytest.mark.parametrize(
    "network",
    [
        MLP,
        *(
            {"class_path": f"epoch_networks.{name}", "init_args": {}}
            for name in ("Restless", "Cooling")
        ),
        {"class_path": "later_modules.Recalling", "init_args": {"learning_rate": 0.05}},
    ],
    ids=["mlp", "restless", "cooling", "recalling"],
)
def test_an_epochs_test_is_that_of_the_shorter_training(network, train_digits, weights_at_the_end):
    """To the last digit; and with it or without, the weights at the end are the same bits."""
    whole = train_digits(network=network)
    alone = train_digits(after(SETTINGS, 4), network=network)
    with_tests, without = weights_at_the_end
    assert all(torch.equal(with_tests[name], without[name]) for name in without)
    assert whole.scores == alone.scores
    assert whole.test_loss == alone.test_loss
    assert [e.metrics for e in whole.epoch_log] == [e.metrics for e in alone.epoch_log]
    assert sorted(epochs_in(whole)) == [1, 2, 3]
    for epochs in (1, 3):
        short, test = (
            train_digits(after(SETTINGS, epochs), network=network),
            epochs_in(whole)[epochs],
        )
        assert test.scores == short.scores
        assert test.loss == short.test_loss


def test_the_tests_take_no_energy_of_the_training(train_digits):
    """With a clock that the tests alone move on: 1 s each, at 60 W."""
    now = [0.0]

    class Meter(FakeMeter):
        windows = 0

        def stop(self):
            reading = super().stop()
            now[0] += 1.0
            return reading

        def read(self):
            now[0] += 0.25
            return super().read()

    record = train_digits(meter=Meter(cpu_w=50.0, ram_w=10.0, clock=lambda: now[0]))
    bare = train_digits(
        after(SETTINGS, 4), meter=Meter(cpu_w=50.0, ram_w=10.0, clock=lambda: now[0])
    )
    assert record.energy_kwh == pytest.approx(bare.energy_kwh)
    assert record.train_duration_s == pytest.approx(bare.train_duration_s)
    assert record.eval_energy_kwh == pytest.approx(bare.eval_energy_kwh)
    # Each of the four tests reads the meter once: 0.25 s.
    tests = epochs_in(record).values()
    assert [test.energy_kwh for test in tests] == pytest.approx([60 * 0.25 / 3.6e6] * 3)
    assert bare.eval_energy_kwh == pytest.approx(60 * 0.25 / 3.6e6)


def test_the_epochs_share_the_trainings_energy(train_digits, monkeypatch):
    """At 60 W, with 1 s for each of seven batches of an epoch: 420 J each, and nothing else."""
    now, original = [0.0], Learner.training_step

    def timed(self, batch, batch_idx):
        batches = list(batch)
        now[0] += len(batches)
        return original(self, batches, batch_idx)

    monkeypatch.setattr(Learner, "training_step", timed)
    record = train_digits(meter=FakeMeter(cpu_w=50.0, ram_w=10.0, clock=lambda: now[0]))
    assert sum(e.energy_kwh for e in record.epoch_log) == pytest.approx(record.energy_kwh)
    table = epoch_table(runs_of([record]), [record], ACCURACY)
    assert table["energy_kwh"].tolist() == pytest.approx([k * 420 / 3.6e6 for k in (1, 2, 3, 4)])
    assert table["train_duration_s"].tolist() == [7.0, 14.0, 21.0, 28.0]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("Averaging", "Averaging does something when the training ends"),
        ("Warming", "its learning rate has a schedule"),
        ("SlowingByHand", "its learning rate has a schedule"),
        ("Growing", "cannot be given back to it as it was"),
    ],
)
def test_where_an_earlier_end_is_another_training_no_epoch_is_tested(
    name, why, train_digits, weights_at_the_end
):
    network = {"class_path": f"epoch_networks.{name}", "init_args": {}}
    record = train_digits(network=network)
    assert epochs_in(record) == {}
    assert why in record.missing["epoch_log"]


def test_a_schedule_of_the_study_ends_the_lever_as_well(train_digits):
    schedule = {"class_path": "torch.optim.lr_scheduler.StepLR", "init_args": {"step_size": 2}}
    record = train_digits(dataclasses.replace(SETTINGS, lr_scheduler=schedule))
    assert epochs_in(record) == {}
    assert "schedule" in record.missing["epoch_log"]
    assert "is false" in train_digits(after(SETTINGS, 2)).missing["epoch_log"]
    one = train_digits(dataclasses.replace(SETTINGS, epochs=1)).missing["epoch_log"]
    assert "no test before the last epoch" in one


@pytest.mark.parametrize("network", [MLP, RESTLESS], ids=["mlp", "restless"])
def test_a_resumed_training_tests_the_epochs_before_as_well(
    train_digits, tmp_path, monkeypatch, network
):
    whole = train_digits(identity="whole", network=network)
    checkpoints, original = tmp_path / "checkpoints", Learner.training_step
    steps = []

    def die_in_the_last_epoch(self, batch, batch_idx):
        steps.append(batch_idx)
        if self.trainer.current_epoch == 3:
            raise KeyboardInterrupt
        return original(self, batch, batch_idx)

    monkeypatch.setattr(Learner, "training_step", die_in_the_last_epoch)
    with pytest.raises(BaseException):  # noqa: B017, PT011 (Lightning decides how it ends)
        train_digits(identity="killed", checkpoints=checkpoints, network=network)
    monkeypatch.setattr(Learner, "training_step", original)
    resumed = train_digits(identity="killed", checkpoints=checkpoints, network=network)
    assert resumed.scores == whole.scores
    scores = [{n: (t.scores, t.loss) for n, t in epochs_in(r).items()} for r in (whole, resumed)]
    assert scores[0] == scores[1]
    assert sorted(scores[1]) == [1, 2, 3]


def test_copying_the_weights_takes_next_to_nothing_of_the_window(train_digits, monkeypatch):
    """Within one training: the time in the copies, as a share of its window's."""
    spent = []
    original = Weights.of

    def timed(network):
        began = time.perf_counter()
        try:
            return original(network)
        finally:
            spent.append(time.perf_counter() - began)

    monkeypatch.setattr(Weights, "of", timed)
    record = train_digits(dataclasses.replace(SETTINGS, epochs=8))
    assert len(spent) == 7
    assert min(spent) < 0.05 * min(epoch.duration_s for epoch in record.epoch_log)


def test_the_table_ends_with_the_run_and_grows_up_to_it(train_digits):
    record = train_digits()
    runs = runs_of([record])
    table = check_table("epochs", epoch_table(runs, [record], ACCURACY))
    assert list(table["epoch"]) == [1.0, 2.0, 3.0, 4.0]
    last = table.iloc[-1]
    for column in ("test_accuracy", "test_loss", "energy_kwh", "train_duration_s", "test_macro_f1"):
        assert last[column] == runs.loc[0, column]
    for column in ("energy_kwh", "train_duration_s", "evaluation_energy_kwh"):
        assert table[column].is_monotonic_increasing
    assert table["reason"].isna().all()
    assert table["only_last_reason"].isna().all()


def test_the_tests_of_earlier_epochs_count_once(train_digits):
    records = [train_digits(), train_digits(after(SETTINGS, 2), identity="2")]
    records[1] = records[1].model_copy(update={"seed": 2, "model": "other"})
    table = epoch_table(runs_of(records), records, ACCURACY)
    spent = sum(test.energy_kwh for test in epochs_in(records[0]).values())
    assert earlier_tests_kwh(table) == pytest.approx(spent)
    assert earlier_tests_kwh(table, "m") == pytest.approx(spent)
    assert earlier_tests_kwh(table, "other") == earlier_tests_kwh(None) == 0.0


def test_what_is_not_known_of_an_epoch_is_null_with_its_reason(train_digits):
    record = train_digits()
    first = record.epoch_log[0].model_copy(update={"energy_kwh": None, "reason": "none given"})
    second = record.epoch_log[1]
    second = second.model_copy(
        update={
            "tested": second.tested.model_copy(
                update={"loss": None, "missing": {"test_loss": "it is infinite"}}
            )
        }
    )
    record = record.model_copy(
        update={"energy_kwh": record.energy_kwh - record.epoch_log[0].energy_kwh}
    )
    odd = record.model_copy(update={"epoch_log": [first, second, *record.epoch_log[2:]]})
    table = check_table("epochs", epoch_table(runs_of([odd]), [odd], ACCURACY))
    assert table["energy_kwh"].isna().tolist() == [True, False, False, False]
    assert table["test_loss"].isna().tolist() == [False, True, False, False]
    assert table["reason"].tolist()[:2] == ["none given", "it is infinite"]
    # What was not read at the first one's end is in the second's.
    later = sum(epoch.energy_kwh for epoch in record.epoch_log[2:])
    assert table.loc[1, "energy_kwh"] == pytest.approx(record.energy_kwh - later, rel=1e-9, abs=0)
    off = train_digits(after(SETTINGS, 2))
    table = check_table("epochs", epoch_table(runs_of([off]), [off], ACCURACY))
    assert len(table) == 1
    assert table.loc[0, "only_last_reason"] == "training.score_epochs is false"


def test_energies_are_scaled_as_those_of_the_runs(train_digits):
    record = train_digits()
    runs, plain = runs_of([record]), epoch_table(runs_of([record]), [record], ACCURACY)
    runs["energy_kwh"] *= 1.5
    scaled = epoch_table(runs, [record], ACCURACY)
    for column in ("energy_kwh", "evaluation_energy_kwh"):
        assert scaled[column].tolist() == pytest.approx((1.5 * plain[column]).tolist())


@pytest.mark.parametrize(
    ("n_train", "every"),
    # 10,000 tests of a third of a step each, against a tenth of an epoch.
    [(60_000, 1), (40_000, 1), (33_334, 1), (33_333, 2), (20_000, 2), (10_000, 4), (5_000, 7)],
)
def test_how_often_the_default_tests(n_train, every):
    found = epochs_between("auto", n_train=n_train, n_test=10_000, epochs=10, weight_bytes=800_000)
    assert found == every


@given(
    st.sampled_from(["auto", True, 3]),
    st.integers(1, 10**6),
    st.integers(1, 10**6),
    st.integers(1, 1000),
    st.integers(1, 2**34),
)
def test_the_weights_kept_fit_and_the_tests_stay_few(setting, n_train, n_test, epochs, size):
    every = epochs_between(
        setting, n_train=n_train, n_test=n_test, epochs=epochs, weight_bytes=size
    )
    kept = (epochs - 1) // every
    assert kept * size <= HELD_WEIGHTS
    if setting == "auto":
        assert kept * n_test / 3 <= 0.1 * epochs * n_train * (1 + 1e-6)
    assert epochs_between(False, n_train=1, n_test=1, epochs=9, weight_bytes=1) is None
