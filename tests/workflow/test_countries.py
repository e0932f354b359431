"""The country data are made once for a study, and refreshed only on demand."""

import json
import os

import pandas as pd
import pytest

from .conftest import copy_workflow

TOKEN = "a-t0k3n-that-nobody-may-see"
TABLE = "results/digits/data/countries.csv"


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    return copy_workflow(tmp_path_factory.mktemp("fresh"))


def test_a_study_prepares_countries_and_refreshes_nothing(fresh):
    jobs = fresh.planned()
    assert jobs["prepare_countries"] == 1
    assert "refresh_countries" not in jobs


def test_refresh_is_a_target_of_its_own(fresh):
    assert fresh.planned(target="refresh") == {"refresh": 1, "refresh_countries": 1}


def test_a_users_file_says_which_countries_there_are(fresh):
    (fresh.folder / "config/mine.csv").write_text(
        "country_iso3,intensity_g_per_kwh,year\nFRA,50,2024\nNOR,30,2024\n"
    )

    def change(config):
        config["country_data"] = {"provider": "csv", "path": "config/mine.csv"}
        config["grid"]["countries"] = ["FRA", "DEU"]

    config = fresh.with_config(change)
    done = fresh.snakemake("--dry-run", "--cores", "2", config=config, check=False)
    told = done.stdout + done.stderr
    assert done.returncode != 0
    assert 'grid.countries[1] is "DEU", but must be one of FRA, NOR' in told
    assert "Traceback" not in told


def test_a_table_is_taken_by_its_content_and_not_by_its_time(tmp_path):
    workflow = copy_workflow(tmp_path)
    given = workflow.folder / "config/mine.csv"
    header = "country_iso3,intensity_g_per_kwh,year\n"
    given.write_text(f"{header}FRA,50,2024\nPOL,700,2024\nDEU,300,2024\n")

    def change(config):
        config["country_data"] = {"provider": "csv", "path": "config/mine.csv"}
        config["grid"]["countries"] = ["FRA", "POL"]

    config = workflow.with_config(change)
    workflow.snakemake("--cores", "2", "--", TABLE, config=config)
    assert workflow.planned(config, TABLE) == {}
    # Unpacked, or copied with its time.
    given.write_text(f"{header}FRA,40,2024\nPOL,700,2024\nDEU,300,2024\n")
    os.utime(given, (1e9, 1e9))
    assert workflow.planned(config, TABLE) == {"prepare_countries": 1}
    workflow.snakemake("--cores", "2", "--", TABLE, config=config)
    table = pd.read_csv(workflow.folder / TABLE).set_index("country_iso3")
    assert table["intensity_g_per_kwh"]["FRA"] == 40


def test_the_token_is_in_no_file_of_a_run(tmp_path, monkeypatch):
    """Electricity Maps cannot be reached here: a proxy that nobody runs stands before it."""
    workflow = copy_workflow(tmp_path)
    monkeypatch.setenv("ELECTRICITY_MAPS_TOKEN", TOKEN)
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    section = {"provider": "electricity_maps", "fallback": True}
    config = workflow.with_config(lambda content: content.update(country_data=section))
    done = workflow.snakemake("--cores", "2", "--verbose", "--", TABLE, config=config)
    facts = json.loads(workflow.results("data/countries.json").read_text())
    assert facts["provider"] == "codecarbon"
    assert "gave no answer" in facts["fallback_reason"]
    assert len(pd.read_csv(workflow.folder / TABLE)) == 213
    assert (
        "CodeCarbon's table is used: "
        in next(workflow.folder.glob("logs/*/prepare_countries.log")).read_text()
    )
    again = workflow.snakemake("--dry-run", "--cores", "2", "--", TABLE, config=config)
    assert f"its fallback stands: delete {TABLE} to ask again" in again.stderr

    assert TOKEN not in done.stdout + done.stderr
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(".snakemake/metadata" in str(path) for path in files)
    for path in files:
        assert TOKEN.encode() not in path.read_bytes(), path
