"""A budget and a forecast of a real study: what is left out, what is said, and what goes on."""

import json
import shutil

import pytest

from ecosobriety.tables import read_table

from .conftest import Workflow

ANSWER = "results/digits/recommendation.json"
LEFT_OUT = [f"runs/digits/mlp/n600/seed{seed}.json" for seed in (1, 2, 3)]


def spare(workflow, energy_kwh):
    return workflow.with_config(lambda config: config.update(budget={"energy_kwh": energy_kwh}))


@pytest.fixture(scope="module")
def spent(finished, tmp_path_factory):
    """The finished study without three of its trainings, for which it then had no budget left."""
    folder = tmp_path_factory.mktemp("spent") / "study"
    shutil.copytree(finished.folder, folder)
    workflow = Workflow(folder)
    for path in LEFT_OUT:
        workflow.results(path).unlink()
    workflow.trained = {
        path: path.stat().st_mtime_ns for path in workflow.results("runs").rglob("*.json")
    }
    again = ("--cores", "2", "--forcerun", "collect_runs", "--", ANSWER)
    workflow.snakemake(*again, config=spare(workflow, 1e-8))
    return workflow


def test_a_budget_leaves_trainings_out_and_a_larger_one_goes_on_with_them(spent):
    workflow, trained = spent, spent.trained
    assert {path: path.stat().st_mtime_ns for path in trained} == trained
    answer = json.loads((workflow.folder / ANSWER).read_text())
    left = answer["budget"]["left_out"]
    assert left == [{"model": "mlp", "n_train": 600, "seeds": [1, 2, 3], "asked": 3}]
    assert set(read_table("runs", workflow.results("tables/runs.csv"))["n_train"]) == {200, 1400}
    # To know that, it had to measure a few batches, and they count. They are a forecast too.
    outcome = answer["forecast"]["outcome"]
    assert (answer["forecast"]["trainings"], outcome["trainings"]) == (9, 6)
    assert outcome["energy_ratio"] == outcome["energy_kwh"] / outcome["forecast_kwh"]
    assert answer["results"][0]["study_cost"]["forecast_kwh"] > 0
    attempts = workflow.results("attempts").rglob("*.json")
    energies = [json.loads(path.read_text())["energy_kwh"] for path in attempts]
    assert abs(answer["budget"]["spent_kwh"] - sum(energies)) < 1e-15

    larger = spare(workflow, 1.0)
    shown = workflow.snakemake("--cores", "2", "--", "plan_study", config=larger).stdout
    assert "Forecast of the study digits: 9 trainings" in shown
    assert "3 trainings left: " in shown
    planned = workflow.planned(larger, ANSWER)
    assert (planned["train_model"], planned["measure_batches"]) == (1, 0)
    # Of a study with other epochs none has ended.
    other = workflow.with_config(lambda config: config["training"].update(epochs=7))
    shown = workflow.snakemake("--cores", "2", "--", "plan_study", config=other).stdout
    assert "Forecast of the study digits: 9 trainings" in shown
    assert " left: " not in shown
    assert "have ended" not in shown


def test_a_model_without_any_training_is_named_beside_those_that_have_some(
    finished, spent, tmp_path
):
    """Before the trained model stands another one, for which nothing is left."""
    shutil.copytree(spent.folder, tmp_path / "study")
    workflow = Workflow(tmp_path / "study")
    for path in LEFT_OUT:
        shutil.copy2(finished.results(path), workflow.results(path))

    def change(config):
        # Few figures, and few batches to measure.
        config["grid"].update(countries=["FRA"], sources=["hydro"])
        linear = {"name": "linear", "init_args": {}, "training": {"epochs": 1}}
        config["models"].insert(0, linear)
        config.update(budget={"energy_kwh": 1e-8}, languages=["en", "fr"])

    config = workflow.with_config(change)
    workflow.snakemake("--cores", "2", "--", "all", "export_study", config=config)
    answer = json.loads((workflow.folder / ANSWER).read_text())
    assert answer["untrained"] == [
        {"dataset": "digits", "model": "linear", "sufficient_n_train": None, "reason": "budget"}
    ]
    assert [result["model"] for result in answer["results"]] == ["mlp"]
    assert {row["model"] for row in answer["budget"]["left_out"]} == {"linear"}
    for page, words in (
        ("report.html", "linear: not trained, the budget was too small"),
        ("rapport.html", "linear\N{NO-BREAK SPACE}: pas d’entraînement, budget trop petit"),
    ):
        assert words in (workflow.folder / "reports/digits" / page).read_text()
    exported = workflow.folder / "reports/digits/export"
    assert not list(exported.glob("figures/*-linear.*"))
    assert "any training of linear" in (exported / "disclosures/paper.txt").read_text()
    # With a larger budget, the same command would train it.
    larger = workflow.with_config(
        lambda config: (change(config), config["budget"].update(energy_kwh=1.0))
    )
    assert workflow.planned(larger)["train_model"] == 3
