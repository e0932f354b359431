"""Regression: the data with numbers to predict, and what a training of them records."""

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest
import torch
from config_cases import SMALLEST, complete, put, refusal

from ecosobriety import datasets, readers
from ecosobriety.errors import DataError, RecordError
from ecosobriety.metering import FakeMeter, Ledger
from ecosobriety.metrics import ACCURACY, R2, RMSE
from ecosobriety.records.collecting import Asked, collect
from ecosobriety.records.record import read_record, run_columns, write_record
from ecosobriety.tables import read_table, table_schema, write_table
from ecosobriety.training.learner import Learner
from ecosobriety.training.networks import build_network
from ecosobriety.training.recording import Training
from ecosobriety.training.tasks import Regression
from ecosobriety.training.train import TrainingSettings, train

pytestmark = pytest.mark.slow

SETTINGS = TrainingSettings(
    epochs=20, batch_size=32, learning_rate=0.01, accelerator="cpu", precision="32-true"
)
CODE = "0123456789abcdef"
OWN = {
    "path": None,
    "format": None,
    "label": None,
    "features": None,
    "test_share": 0.25,
    "class_path": None,
    "init_args": {},
    "task": "regression",
}


@pytest.fixture(scope="module")
def diabetes():
    return readers.obtain({"name": "diabetes"})


@pytest.fixture
def train_diabetes(diabetes, tmp_path):
    def run(n_train=200, seed=1, dataset=diabetes, network="linear", init_args=None):
        return train(
            dataset,
            Training(
                model=network,
                class_path=network,
                init_args=init_args or {},
                n_train=n_train,
                seed=seed,
                settings=SETTINGS,
                threads=1,
                code_fingerprint=CODE,
            ),
            meter=FakeMeter(cpu_w=50.0, ram_w=10.0),
            ledger=Ledger(tmp_path / "attempts", identity="x"),
        )

    return run


def test_diabetes_is_split_once_and_for_all(diabetes):
    assert diabetes.x_train.shape == (342, 10)
    assert diabetes.x_test.shape == (100, 10)
    assert diabetes.classes == ()
    assert diabetes.y_train.dtype == np.float32
    # As measured: ages in years, and the progression from 25 to 346.
    both = np.concatenate([diabetes.y_train, diabetes.y_test])
    assert (both.min(), both.max()) == (25, 346)
    assert diabetes.x_train[:, 0].min() >= 19
    assert readers.obtain({"name": "diabetes"}).sha256 == diabetes.sha256
    with pytest.raises(DataError, match="does not apply to diabetes"):
        readers.obtain({"name": "diabetes", "path": "/tmp"})


def test_subsets_of_targets_are_nested_and_random(diabetes):
    order = datasets.training_order(diabetes.y_train, seed=3)
    assert sorted(order) == list(range(342))
    assert set(order[:50]) != set(datasets.training_order(diabetes.y_train, seed=4)[:50])
    assert set(order[:50]) < set(order[:200])
    # Stored once, read again: the same order.
    assert (order == datasets.training_order(diabetes.y_train.copy(), seed=3)).all()


def test_the_rmse_is_exact_and_in_the_targets_unit(train_diabetes, diabetes, monkeypatch):
    outputs = {}
    weights = Learner.on_test_start

    def keep(self):
        outputs["network"] = {k: v.clone() for k, v in self.network.state_dict().items()}
        return weights(self)

    monkeypatch.setattr(Learner, "on_test_start", keep)
    record = train_diabetes()
    # Once more by hand, in float64 but for the network's own arithmetic.
    chosen = datasets.training_order(diabetes.y_train, 1)[:200]
    network = build_network("linear", {}, (10,), 1)
    network.load_state_dict(outputs["network"])
    x = diabetes.x_train[chosen].astype(np.float64)
    mean, deviation = x.mean(axis=0).astype(np.float32), x.std(axis=0).astype(np.float32)
    with torch.no_grad():
        found = network(torch.from_numpy((diabetes.x_test - mean) / deviation))
    wanted = diabetes.y_train[chosen].astype(np.float64)
    predicted = found.numpy()[:, 0].astype(np.float64) * wanted.std() + wanted.mean()
    rmse = np.sqrt(((predicted - diabetes.y_test) ** 2).mean())
    assert record.scores["rmse"] == pytest.approx(rmse, rel=1e-6)
    # The loss is in variances of the subset's targets.
    assert record.test_loss == pytest.approx((rmse / wanted.std()) ** 2, rel=1e-6)
    # Predicting the mean alone leaves the deviation of the targets, about 75.
    assert 45 < record.scores["rmse"] < 70
    mae = np.abs(predicted - diabetes.y_test).mean()
    assert record.scores["mae"] == pytest.approx(mae, rel=1e-6)
    variance = diabetes.y_test.var()
    assert record.scores["r2"] == pytest.approx(1 - rmse**2 / variance, rel=1e-6)
    assert list(record.scores) == ["rmse", "mae", "r2"]
    rmses = [epoch.metrics["train_rmse"] for epoch in record.epoch_log]
    assert rmses[-1] < rmses[0]


def test_a_regression_can_be_repeated_to_the_last_digit(train_diabetes):
    first, second, other = train_diabetes(), train_diabetes(), train_diabetes(seed=2)
    assert first.scores["rmse"] == second.scores["rmse"]
    assert first.scores["rmse"] != other.scores["rmse"]


def test_another_unit_of_the_target_scales_the_rmse_and_nothing_else(train_diabetes, diabetes):
    halves = dataclasses.replace(diabetes, y_train=diabetes.y_train / 2, y_test=diabetes.y_test / 2)
    first, second = train_diabetes(), train_diabetes(dataset=halves)
    assert second.scores["rmse"] == pytest.approx(first.scores["rmse"] / 2, rel=1e-12)
    assert second.test_loss == first.test_loss


def test_the_test_targets_reach_no_training(train_diabetes, diabetes):
    strange = dataclasses.replace(diabetes, y_test=diabetes.y_test + 1000)
    first, second = train_diabetes(), train_diabetes(dataset=strange)
    assert first.epoch_log[-1].metrics == second.epoch_log[-1].metrics
    assert second.scores["rmse"] > 900


def test_a_users_network_learns_numbers_and_so_does_one_that_trains_itself(train_diabetes):
    perceptron = train_diabetes(network="user_classes.Perceptron", init_args={"width": 8})
    itself = train_diabetes(network="user_classes.Predictor", init_args={"learning_rate": 0.01})
    # Predicting the mean alone leaves about 75.
    assert 45 < perceptron.scores["rmse"] < 70
    assert 45 < itself.scores["rmse"] < 70


def test_targets_that_are_all_the_same_are_refused(train_diabetes, diabetes):
    flat = dataclasses.replace(diabetes, y_train=np.full_like(diabetes.y_train, 7))
    with pytest.raises(DataError, match="all 200 training targets are the same"):
        train_diabetes(dataset=flat)


def test_squared_errors_are_tallied_in_the_targets_unit():
    # Standardised errors 0.5 and -1 with a deviation of 4: 2 and -4, squares 4 + 16.
    task, output, y = Regression(4.0), torch.tensor([[1.5], [0.0]]), torch.tensor([1.0, 1.0])
    assert float(task.loss(output, y)) == pytest.approx((0.25 + 1) / 2)
    assert float(task.tally(output, y)) == pytest.approx(20)
    assert Regression(4.0).score(20 / 2) == pytest.approx(10**0.5)


def test_a_record_holds_every_score_of_its_task(train_diabetes, diabetes, tmp_path):
    record = train_diabetes()
    path = tmp_path / "seed1.json"
    write_record(path, record)
    content = json.loads(path.read_text())
    assert content["test_rmse"] == record.scores["rmse"]
    assert "test_accuracy" not in content
    assert read_record(path) == record
    key = ("diabetes", "linear", 200, 1)
    asked = Asked(diabetes.sha256, {"linear": {}}, {}, "")
    identity = asked.identity(key)
    write_record(path, record.model_copy(update={"identity": identity}))
    for metric, further in ((RMSE, ["test_mae", "test_r2"]), (R2, ["test_rmse", "test_mae"])):
        runs = collect({path: key}, asked, metric)
        assert run_columns(metric) == list(table_schema("runs", metric).columns)
        assert list(runs.columns) == [*run_columns(metric), *further]
        write_table("runs", runs, tmp_path / "runs.csv", metric)
        again = read_table("runs", tmp_path / "runs.csv", metric)
        assert again[metric.test_column].tolist() == [record.scores[metric.name]]
    with pytest.raises(RecordError, match=r"seed1\.json has no test_accuracy: it was not computed"):
        collect({path: key}, asked, ACCURACY)
    for change, why in (
        ({"test_rmse": -1.0}, "test_rmse is -1, but is at least 0"),
        ({"test_r2": 1.5}, "test_r2 is 1.5, but is at most 1"),
        (dict.fromkeys(("test_rmse", "test_mae", "test_r2")), "a record has a score"),
    ):
        path.write_text(json.dumps(content | change))
        with pytest.raises(RecordError, match=why):
            read_record(path)


def own_table(folder, **columns):
    rng = np.random.default_rng(0)
    area = rng.uniform(20, 120, 40).round(1)
    table = pd.DataFrame({"area": area, "floor": np.arange(40) % 7, "price": 1000.5 * area})
    table.assign(**columns).to_csv(folder / "flats.csv", index=False)
    return {**OWN, "name": "csv", "path": str(folder / "flats.csv"), "label": "price"}


def test_a_users_table_and_archive_hold_numbers_to_predict(tmp_path):
    table = readers.obtain(own_table(tmp_path))
    assert (len(table.y_train), len(table.y_test), table.classes) == (30, 10, ())
    assert table.y_train == pytest.approx(1000.5 * table.x_train[:, 0], rel=1e-6)
    assert readers.take_in(own_table(tmp_path)).train_examples == 30
    np.savez(tmp_path / "a.npz", x=np.eye(8), y=np.linspace(0, 1, 8)[:, None])
    archive = readers.obtain({**OWN, "name": "npz", "path": str(tmp_path / "a.npz")})
    assert archive.y_train.shape == (6,)
    datasets.save(archive, tmp_path / "kept.npz")
    assert datasets.load(tmp_path / "kept.npz").sha256 == archive.sha256


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"price": "dear"}, 'the target "price" holds "dear" in row 1'),
        ({"price": 7.5}, "all training targets are 7.5: there is nothing to learn"),
        ({"price": [np.inf] + [1.0] * 39}, "has no finite number in row 1"),
    ],
)
def test_targets_that_cannot_be_learnt_are_refused(tmp_path, columns, reason):
    with pytest.raises(DataError, match=rf"flats\.csv: .*{reason}"):
        readers.obtain(own_table(tmp_path, **columns))


REGRESSION = {
    **SMALLEST,
    "task": "regression",
    "dataset": {"name": "diabetes"},
    "grid": {"n_train": [100, 200]},
}


def test_the_task_and_the_data_must_agree():
    assert complete(REGRESSION)["task"] == "regression"
    told = refusal(put(("task",), "classification", REGRESSION))
    assert "task is classification, but must be regression with the data set diabetes" in told
    told = refusal(put(("dataset",), {"name": "digits"}, REGRESSION))
    assert "task is regression, but must be classification with the data set digits" in told
    told = refusal(put(("dataset",), {"name": "image-folder", "path": "x"}, REGRESSION))
    assert "task is regression, but must be classification: the folders are classes" in told
    told = refusal(put(("models", 0, "name"), "cnn", REGRESSION))
    assert "must be another model with the data diabetes: a row is no image" in told
