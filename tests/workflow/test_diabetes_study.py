"""The regression that comes along, really run from nothing to the report."""

import pytest

from ecosobriety.metrics import RMSE
from ecosobriety.records.record import read_record
from ecosobriety.tables import read_table

from .conftest import changed_outside, copy_workflow

CONFIG = "config/diabetes.yaml"


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    workflow = copy_workflow(tmp_path_factory.mktemp("regression"))
    workflow.snakemake("--cores", "2", config=CONFIG)
    return workflow


def test_every_table_follows_the_metric(study):
    tables = study.folder / "results/diabetes/tables"
    runs = read_table("runs", tables / "runs.csv", RMSE)
    assert len(runs) == 4 * 5
    assert "test_accuracy" not in runs
    # Predicting the mean alone leaves the deviation of the targets, about 77.
    assert runs["test_rmse"].between(45, 75).all()
    curve = read_table("curve", tables / "curve.csv", RMSE).set_index("n_train")
    assert curve["rmse_mean"][342] < curve["rmse_mean"][50]
    assert curve["verdict"][342] == "reference"
    # The poster's claims are about other data.
    assert not (tables / "claims.csv").exists()


def test_a_record_says_its_own_metric(study):
    path = study.folder / "results/diabetes/runs/diabetes/linear/n50/seed1.json"
    assert set(read_record(path).scores) == {"rmse", "mae", "r2"}
    assert "test_accuracy" not in path.read_text()


def test_the_report_is_there_and_nothing_beside_the_outputs(study):
    page = (study.folder / "reports/diabetes/report.html").read_text(encoding="utf-8")
    assert "test RMSE" in page
    assert changed_outside(study.folder) == set()


def test_another_margin_trains_nothing_anew(study):
    path = study.folder / CONFIG
    path.write_text(path.read_text().replace("margin: 0.05", "margin: 0.06"))
    planned = study.planned(CONFIG)
    assert planned["fit_curves"] == 1
    assert "train_model" not in planned
