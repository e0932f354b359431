"""One cell is a target of its own, and never one of the study's."""

import json
import shutil

import pytest

from ecosobriety.tables import read_table

from .conftest import copy_workflow


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    return copy_workflow(tmp_path_factory.mktemp("fresh"))


def cell(n_train, country, source):
    return f"results/digits/cells/n{n_train}/{country}/{source}.json"


@pytest.mark.parametrize("n_train", [600, 700])  # within the study and beside it
def test_a_cell_trains_its_own_size_alone(fresh, n_train):
    jobs = fresh.planned(target=cell(n_train, "FRA", "hydro"))
    assert jobs["train_model"] == 1  # the three seeds of a size share a process
    assert jobs["derive_cell"] == 1
    assert set(jobs) <= {"prepare_dataset", "prepare_countries", "train_model", "derive_cell"}


def test_the_study_makes_no_cells(fresh):
    assert "derive_cell" not in fresh.planned()


@pytest.mark.parametrize(
    ("path", "told"),
    [
        (cell(600, "FRX", "hydro"), 'the cell\'s country is "FRX", but must be'),
        (cell(600, "FRA", "hydra"), "the nearest is hydro"),
        (cell(600, "fra", "hydro"), "write FRA"),
        (cell(1401, "FRA", "hydro"), "1401, but must be from 1 to 1400"),
        (cell(600, "FRA", "hydro").replace("n600", "600"), '"600/FRA/hydro" is no cell'),
    ],
)
def test_a_cell_that_cannot_be_stops_before_any_training(fresh, path, told):
    done = fresh.snakemake("--dry-run", "--cores", "2", "--", path, check=False)
    assert done.returncode == 1
    said = [line for line in done.stderr.splitlines() if line.startswith(f"error: {path}: ")]
    assert len(said) == 1
    assert told in said[0]
    assert len(said[0]) <= 300
    assert "Exception" not in done.stdout + done.stderr


def test_a_finished_studys_cell_is_that_of_the_table(workflow):
    path = cell(600, "POL", "coal")
    assert workflow.planned(target=path) == {"derive_cell": 1}
    workflow.snakemake("--cores", "2", "--", path)
    values = json.loads((workflow.folder / path).read_text())["values"]
    table = read_table("scenarios", workflow.results("tables/scenarios.csv"))
    rows = table[
        (table["n_train"] == 600) & (table["country_iso3"] == "POL") & (table["source"] == "coal")
    ]
    assert [value["coverage"] for value in values] == list(rows["coverage"])
    for name in ("emissions_g", "emissions_g_low", "emissions_g_high"):
        assert [value[name] for value in values] == pytest.approx(list(rows[name]))


def test_a_cell_of_a_study_with_a_wall_meter_is_that_of_the_table(workflow):
    record = json.loads(next(workflow.results("runs").rglob("n1400/seed1.json")).read_text())
    twice = 2 * (record["energy_kwh"] + record["eval_energy_kwh"])
    window = {"start": record["started_at"], "end": record["ended_at"]}
    metering = {"calibration": {"reading_kwh": twice, "window": window}}
    given = workflow.with_config(lambda study: study["metering"].update(metering))
    path = cell(600, "POL", "wind_onshore")
    assert workflow.planned(given, target=path) == {"collect_runs": 1, "derive_cell": 1}
    workflow.snakemake("--cores", "2", "--", path, config=given)
    runs = read_table("runs", workflow.results("tables/runs.csv"))
    assert runs["calibration_factor"].tolist() == pytest.approx([2.0] * len(runs))
    energy = json.loads((workflow.folder / path).read_text())["inputs"]["energy"]
    mean_kwh = runs.loc[runs["n_train"] == 600, "energy_kwh"].mean()
    assert energy["energy_kwh"] == pytest.approx(mean_kwh)
    assert energy["runs"][0]["calibration_factor"] == pytest.approx(2.0)
    # As it was, for the tests after this one.
    (workflow.folder / path).unlink()
    workflow.snakemake("--cores", "2")


def test_what_was_asked_for_once_is_kept_up_to_date(workflow):
    own, other = cell(600, "POL", "hydro"), cell(700, "POL", "hydro")
    exported = workflow.folder / "reports/digits/export"
    assert "export_study" not in workflow.planned()
    workflow.snakemake("--cores", "2", "--", own, "export_study")
    assert workflow.planned() == {}
    # As a cell that was made of trainings beside the study's, which it would not do again.
    (workflow.folder / other).parent.mkdir(parents=True)
    (workflow.folder / other).write_text("{}")
    dearer = workflow.with_config(lambda study: study["metering"].update(pue=1.5))
    planned = workflow.planned(dearer)
    assert (planned["derive_cell"], planned["export_study"]) == (1, 1)
    assert "train_model" not in planned
    for path in (own, other):
        (workflow.folder / path).unlink()
    shutil.rmtree(exported)
    assert "export_study" not in workflow.planned(dearer)
