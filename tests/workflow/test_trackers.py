"""carbontracker and Eco2AI, really run beside a study's trainings, or said to be missing."""

import pytest
import yaml

from ecosobriety.records.record import read_record
from ecosobriety.records.tracker_runs import TRACKERS, installed_trackers, read_tracker_runs
from ecosobriety.tables import read_table

from .conftest import copy_workflow

TARGET = "results/digits/tables/methods.csv"
WITHOUT_THEM = """
from importlib import metadata

real = metadata.version


def version(name):
    if name in ("carbontracker", "eco2ai"):
        raise metadata.PackageNotFoundError(name)
    return real(name)


metadata.version = version
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Two sizes, at one of which the trackers are to run."""
    study = copy_workflow(tmp_path_factory.mktemp("trackers"))

    def change(config):
        config["grid"].update(n_train=[200, 600], seeds=[1, 2])
        config["methods"] = {"tracker_sizes": [600]}

    study.with_config(change)
    return study


@pytest.fixture(scope="module")
def without(study, tmp_path_factory):
    """The table of methods where no tracker is installed."""
    folder = tmp_path_factory.mktemp("without")
    (folder / "sitecustomize.py").write_text(WITHOUT_THEM)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(folder))
        study.snakemake("--cores", "2", "--", TARGET, config="config/changed.yaml")
    return read_table("methods", study.results("tables/methods.csv"))


@pytest.fixture(scope="module")
def trainings(study, without):
    return {path: path.read_bytes() for path in study.results("runs").rglob("*.json")}


@pytest.fixture(scope="module")
def installed(study, trainings):
    """The same study once they are installed: what it had planned, and its table."""
    if None in installed_trackers().values():
        pytest.skip("a tracker is not installed: `make trackers` does it")
    planned = study.planned("config/changed.yaml", TARGET)
    study.snakemake("--cores", "2", "--", TARGET, config="config/changed.yaml")
    return planned, read_table("methods", study.results("tables/methods.csv"))


def test_without_them_the_study_says_so(without):
    rows = without[without["method"].isin(TRACKERS)]
    assert len(rows) == len(TRACKERS) * 4
    assert not rows["applies"].any()
    at_600 = rows[(rows["n_train"] == 600) & (rows["seed"] == 1)]
    for name in TRACKERS:
        (reason,) = at_600.loc[at_600["method"] == name, "reason"]
        assert reason == f"{name} is not installed: `make trackers` does it"


def test_once_installed_they_run_and_nothing_is_trained_again(installed, study, trainings):
    planned, _ = installed
    assert planned == {"run_trackers": 1, "compare_methods": 1}
    assert {path: path.read_bytes() for path in study.results("runs").rglob("*.json")} == trainings
    assert len(list(study.results("attempts").rglob("*.json"))) == 4


def test_each_ran_around_the_very_training_of_the_study(installed, study):
    record = read_record(study.results("runs/digits/mlp/n600/seed1.json"))
    runs = read_tracker_runs(study.results("trackers/digits/mlp/n600.json"))
    assert [run.tracker for run in runs] == list(TRACKERS)
    for run in runs:
        assert run.reason is None
        assert run.test_loss == record.test_loss
        assert run.it_energy_kwh > 0


def test_they_stand_among_the_methods(installed):
    _, methods = installed
    for name in TRACKERS:
        applied = methods[(methods["method"] == name) & methods["applies"]]
        assert applied[["n_train", "seed"]].to_numpy().tolist() == [[600, 1]]
        others = methods[(methods["method"] == name) & ~methods["applies"]]
        assert others["reason"].str.contains("only at the sizes of methods.tracker_sizes").all()


def test_another_order_of_the_seeds_runs_no_tracker_again(installed, study):
    content = yaml.safe_load((study.folder / "config/changed.yaml").read_text())
    content["grid"]["seeds"] = [2, 1]
    (study.folder / "config/order.yaml").write_text(yaml.safe_dump(content))
    tools = "results/digits/trackers/digits/mlp/n600.json"
    assert "run_trackers" not in study.planned("config/order.yaml", tools)
