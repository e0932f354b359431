"""What others take from a study: Snakemake's own report, BoAmps records, a crate, a citation."""

import json
import shutil
from zipfile import ZipFile

import pandas as pd
import pytest
from rocrate.rocrate import ROCrate

from ecosobriety.records.record import read_record

from .conftest import Workflow

# What the format's own JSON schemas require, and the values that they allow.
REQUIRED = {
    "": ["task", "measures", "infrastructure"],
    "header": ["reportDatetime"],
    "task": ["taskStage", "taskFamily", "algorithms", "dataset"],
    "system": ["os"],
    "software": ["language"],
    "infrastructure": ["infraType", "components"],
    "environment": ["country"],
}
ALLOWED = {"dataUsage": ["input", "output"], "infraType": ["onPremise", "other"]}


@pytest.fixture(scope="module")
def export(finished, tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported") / "study"
    shutil.copytree(finished.folder, folder)
    Workflow(folder).snakemake("--cores", "2", "--", "export_study")
    return folder / "reports/digits/export"


def test_every_training_is_a_boamps_record(finished, export):
    paths = sorted((export / "boamps").iterdir())
    runs = [read_record(path) for path in finished.results("runs").rglob("*.json")]
    assert len(paths) == len(runs) == 9
    energies = []
    for path in paths:
        record = json.loads(path.read_text())
        for part, names in REQUIRED.items():
            assert set(names) <= set(record[part] if part else record), (path, part)
        (measure,) = record["measures"]
        energies.append(measure["powerConsumption"])
        (data,) = record["task"]["dataset"]
        assert data["dataUsage"] in ALLOWED["dataUsage"]
        assert data["dataType"] == "image"
        assert record["infrastructure"]["infraType"] in ALLOWED["infraType"]
        assert 0.8 < record["task"]["measuredAccuracy"] <= 1
        assert record["environment"]["country"] == "FRA"
        for component in record["infrastructure"]["components"]:
            assert isinstance(component["nbComponent"], int)
            assert isinstance(component.get("memorySize", 0), int)
    assert sorted(energies) == sorted(run.energy_kwh for run in runs)


def test_the_crate_names_every_file_and_the_run_that_made_them(export):
    crate = ROCrate(export)
    assert crate.mainEntity.id == "Snakefile"
    known = {entity.id for entity in crate.data_entities}
    files = {
        path.relative_to(export).as_posix()
        for path in export.rglob("*")
        # Snakemake leaves a hidden file in a folder that is an output.
        if path.is_file() and path.name != "ro-crate-metadata.json" and path.name[0] != "."
    }
    assert files == known
    (run,) = crate.get_by_type("CreateAction")
    assert run["instrument"].id == "Snakefile"
    assert {part.id for part in run["result"]} == files - {"Snakefile"}
    conforms = {profile.id for profile in crate.root_dataset["conformsTo"]}
    assert any("wfrun/workflow" in profile for profile in conforms)


def test_the_citation_and_the_tables_are_there(finished, export):
    cited = (export / "CITATION.en.txt").read_text()
    assert "A study of 9 measured trainings" in cited
    pd.testing.assert_frame_equal(
        pd.read_csv(export / "scenarios.csv"),
        pd.read_csv(finished.results("tables/scenarios.csv")),
    )


def test_snakemakes_own_report_has_every_figure_and_table_with_its_caption(finished, tmp_path):
    path = tmp_path / "report.zip"
    finished.snakemake("--cores", "1", "--report", str(path))
    with ZipFile(path) as report:
        held = {name.split("/")[-1] for name in report.namelist() if "/data/raw/" in name}
        page = report.read("report/report.html").decode()
    figures = {path.name for path in finished.results("figures").glob("*.svg")}
    tables = {path.name for path in finished.results("tables").glob("*.csv")}
    assert held == figures | tables | {"report.html"}
    for category in ("Figures", "Tables", "Report"):
        assert f'"{category}"' in page
    assert "Test accuracy and energy of one training" in page
    assert "Every training: its score" in page


def test_a_title_ends_no_script_of_snakemakes_report(workflow, tmp_path):
    title = "a </script><script>alert('x')</script> b"
    given = ("--cores", "2", "--config", f"title={title}")
    workflow.snakemake(*given)
    workflow.snakemake(*given, "--report", str(tmp_path / "report.html"))
    page = (tmp_path / "report.html").read_text()
    assert "alert('x')" in page
    assert "<script>alert('x')" not in page
    assert "</script>" not in page.split("alert('x')")[0][-200:]
