"""What others take from a study: Snakemake's own report, BoAmps records, a crate, a citation."""

import json
import re
import shutil
from zipfile import ZipFile

import jsonschema
import pandas as pd
import pytest
import yaml
from boamps_schema import REPORT
from rocrate.rocrate import ROCrate

from ecosobriety.records.record import read_record

from .conftest import Workflow


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
        jsonschema.validate(record, REPORT)
        (measure,) = record["measures"]
        energies.append(measure["powerConsumption"])
        (data,) = record["task"]["dataset"]
        assert data["dataType"] == "image"
        assert 0.8 < record["task"]["measuredAccuracy"] <= 1
        assert record["environment"]["country"] == "FRA"
        # 64 x 64 + 64 and 64 x 10 + 10, in billions
        assert record["task"]["algorithms"][0]["parametersNumber"] == pytest.approx(4810e-9)
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


def test_disclosures_state_the_study_s_own_amounts(finished, export):
    folder = export / "disclosures"
    runs = pd.read_csv(export / "runs.csv")
    scenarios = pd.read_csv(export / "scenarios.csv")
    grid = scenarios[(scenarios["country_iso3"] == "FRA") & (scenarios["source"] == "grid")]
    (own,) = grid.loc[grid["n_train"] == 1400, "emissions_g"]
    card = yaml.safe_load((folder / "hf_co2.yaml").read_text())
    assert card["co2_eq_emissions"]["emissions"] == pytest.approx(own)
    study = json.loads((folder / "sci_ai.json").read_text())["study_total"]
    assert study["trainings"] == len(runs)
    assert study["flop"] == runs["flop_train"].sum()
    assert (folder / "ai_act_annex_xi.en.md").read_text().startswith("# EU AI Act")


def test_every_figure_comes_in_three_formats_with_its_data(finished, export):
    drawn = sorted(path.stem for path in finished.results("figures").glob("*.svg"))
    for suffix in ("svg", "png", "pdf"):
        found = sorted(path.stem for path in (export / "figures").glob(f"*.{suffix}"))
        assert found == drawn
    data = {path.stem for path in (export / "figures").glob("*.csv")}
    assert data == {name.removesuffix(".en") for name in drawn}
    for path in (export / "figures").glob("*.csv"):
        assert len(pd.read_csv(path, keep_default_na=False)), path.name


def test_the_badge_and_the_lines_to_paste_lead_to_files(export):
    sheet = (export / "EMBED.md").read_text()
    shown = re.findall(r"^!\[.+\]\((.+)\)$", sheet, re.MULTILINE)
    assert shown == ["badge-mlp.en.svg", "figures/accuracy_energy-mlp.en.svg"]
    assert all((export / path).exists() for path in shown)
    assert "examples" in (export / shown[0]).read_text()


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
