"""The digits study, really run from nothing: every output of the contract."""

import json
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from ecosobriety import datasets
from ecosobriety.records.record import read_record
from ecosobriety.tables import read_table

from .conftest import changed_outside

SIZES, SEEDS = [200, 600, 1400], [1, 2, 3]
COUNTRIES = ["CHN", "DEU", "FRA", "NOR", "POL", "USA"]
SOURCES = ["coal", "gas", "hydro", "nuclear", "wind_onshore"]


@pytest.fixture(scope="module")
def read(finished):
    def read(name):
        return read_table(name, finished.results(f"tables/{name}.csv"))

    return read


def test_every_training_has_one_record_and_one_complete_attempt(finished):
    records = sorted(finished.results("runs").rglob("*.json"))
    paths = [f"digits/mlp/n{n}/seed{seed}.json" for n in SIZES for seed in SEEDS]
    found = {str(path.relative_to(finished.results("runs"))) for path in records}
    assert found == set(paths)
    for path in records:
        record = read_record(path)
        folder = finished.results("attempts") / path.relative_to(finished.results("runs"))
        (attempt,) = folder.with_suffix("").glob("*.json")
        entry = json.loads(attempt.read_text())
        assert entry["status"] == "complete"
        assert entry["attempt"] == record.attempt == attempt.stem
        assert entry["energy_kwh"] == record.energy_kwh


def test_nothing_is_written_beside_the_outputs(finished):
    assert changed_outside(finished.folder) == set()


def test_measured_windows_never_overlap(finished):
    records = [read_record(path) for path in finished.results("runs").rglob("*.json")]
    windows = sorted((record.started_at, record.ended_at) for record in records)
    for (_, ended_at), (started_at, _) in pairwise(windows):
        assert ended_at <= started_at


def test_runs(read):
    runs = read("runs")
    assert len(runs) == len(SIZES) * len(SEEDS)
    assert (runs["test_accuracy"] > 0.8).all()
    by_size = runs.groupby("n_train")["test_accuracy"].mean()
    assert by_size.is_monotonic_increasing
    assert (runs["energy_kwh"] > 0).all()
    assert (runs["lost_energy_kwh"] == 0).all()
    components = runs[["energy_cpu_kwh", "energy_gpu_kwh", "energy_ram_kwh"]].sum(axis=1)
    assert np.allclose(components, runs["energy_kwh"], rtol=1e-9)
    assert (runs["epochs"] == 20).all()


def test_levers(read, finished):
    """Each setting of examples and epochs beside the reference, with the energy up to there."""
    levers, epochs = read("levers"), read("epochs")
    reference = levers.iloc[0]
    assert (reference["n_train"], reference["stop"], reference["lever"]) == (1400, 0, "reference")
    assert set(levers["lever"]) == {"reference", "examples", "epochs", "combined"}
    means = epochs.groupby(["n_train", "epoch"])[["test_accuracy", "energy_kwh"]].mean()
    keys = list(zip(levers["n_train"], levers["epochs"], strict=True))
    assert set(keys) == set(means.index)
    assert np.allclose(levers["score_mean"], means.loc[keys, "test_accuracy"])
    assert np.allclose(levers["energy_kwh_mean"], means.loc[keys, "energy_kwh"])
    saved = 1 - levers["energy_kwh_mean"] / reference["energy_kwh_mean"]
    assert np.allclose(levers["saved_share"], saved)
    (answer,) = json.loads(finished.results("recommendation.json").read_text())["levers"]
    assert {one["lever"] for one in answer["by_lever"]} == {"examples", "epochs", "combined"}


def test_curve(read):
    curve = read("curve")
    runs = read("runs")
    assert curve["n_train"].tolist() == SIZES
    assert (curve["n_seeds"] == len(SEEDS)).all()
    means = runs.groupby("n_train")["test_accuracy"].mean()
    assert np.allclose(curve["accuracy_mean"], means.to_numpy())
    assert curve["verdict"].tolist()[-1] == "reference"


def test_scenarios_hold_every_cell_and_each_can_be_recomputed(read, finished):
    scenarios = read("scenarios")
    contracts = len(SOURCES) * 2 + 1
    assert len(scenarios) == len(SIZES) * len(COUNTRIES) * contracts
    assert sorted(scenarios["country_iso3"].unique()) == COUNTRIES
    assert sorted(scenarios["source"].unique()) == sorted([*SOURCES, "grid"])
    factors = pd.read_csv(finished.folder / "config/factors/2025/source_intensity.csv")
    source_g = factors.set_index("source")["central_g_per_kwh"].to_dict()
    energy = read("runs").groupby("n_train")["energy_kwh"].mean()
    grid = scenarios[scenarios["source"] == "grid"].set_index(["n_train", "country_iso3"])
    assert (grid["coverage"] == 0).all()
    for row in scenarios.itertuples():
        grid_g = grid.loc[(row.n_train, row.country_iso3), "intensity_g_per_kwh"]
        a = row.coverage
        intensity = a * source_g.get(row.source, 0.0) + (1 - a) * grid_g
        assert row.intensity_g_per_kwh == pytest.approx(intensity)
        assert row.emissions_g == pytest.approx(energy[row.n_train] * intensity)


def test_savings_are_against_the_largest_size(read):
    savings = read("savings")
    energy = read("runs").groupby("n_train")["energy_kwh"].mean()
    assert len(savings) == len(read("scenarios"))
    for row in savings.itertuples():
        saved_kwh = energy[1400] - energy[row.n_train]
        assert row.energy_saved_kwh == pytest.approx(saved_kwh, abs=1e-15)
        assert row.saved_share == pytest.approx(saved_kwh / energy[1400], abs=1e-12)


def test_methods_are_applied_to_every_training(read):
    methods, key = read("methods"), ["n_train", "seed"]
    runs = read("runs").set_index(key)
    measured = methods[methods["method"] == "codecarbon"].set_index(key)
    assert np.allclose(measured["energy_kwh"], runs["energy_kwh"], rtol=1e-12)
    counts = methods.groupby("method").size()
    assert {"ml_co2_impact", "ml_co2_impact_rounded", "wall_time", "strubell"} <= set(counts.index)
    assert (counts == len(SIZES) * len(SEEDS)).all()
    counted = methods[methods["method"] == "green_ai"].set_index(key)["quantity"]
    # Two layers, 64-64-10: forward 2 x (4096 + 640) FLOP, backward without the images' gradient.
    per_example = 2 * (4096 + 640) + 2 * (4096 + 2 * 640)
    examples = runs["epochs"] * runs.index.get_level_values("n_train")
    assert (counted == examples * per_example).all()


def test_recommendation_and_provenance(finished, read):
    savings = read("savings")
    french = savings[(savings["country_iso3"] == "FRA") & (savings["source"] == "grid")]
    shares = french.set_index("n_train")["saved_share"]
    recommendation = json.loads(finished.results("recommendation.json").read_text())
    (result,) = recommendation["results"]
    assert result["reference_n_train"] == 1400
    # One of 397 test examples is worth more than the smallest margin.
    finest, *others = result["ladder"]
    assert finest["no_recommendation"] == "margin_unresolved"
    assert finest["saving"] is None
    for answer in [result["configured"], *others]:
        assert answer["saving"]["country_iso3"] == "FRA"
        saved = shares[answer["sufficient_n_train"]]
        assert answer["saving"]["share"] == pytest.approx(saved, abs=1e-12)
        assert answer["saving"]["cost"]["reason"] is None
    provenance = json.loads(finished.results("provenance.json").read_text())
    assert provenance["config"]["study"] == "digits"
    assert provenance["trainings"]["number"] == len(SIZES) * len(SEEDS)
    prepared = datasets.load(finished.results("data/digits.npz"))
    assert provenance["dataset"]["sha256"] == prepared.sha256
    assert set(provenance["factors"]) == {
        *("source_intensity.csv", "source_cost.csv", "equivalents.csv"),
        *("method_constants.csv", "hardware_tdp.csv", "green_algorithms_intensity.csv"),
        "hardware_embodied.csv",
    }
    assert provenance["versions"]["torch"].startswith("2.13.0")


def test_figures_and_report(finished):
    figures = sorted(path.name for path in finished.results("figures").iterdir())
    names = [
        *("accuracy_energy", "country_emissions", "country_ranking", "emissions_map"),
        "growth",
        *("source_cost", "source_emissions"),
    ]
    ids = [*(f"{name}-mlp" for name in names), "pareto", "levers", "methods"]
    assert figures == sorted(f"{figure}.en.{kind}" for figure in ids for kind in ("png", "svg"))
    page = (finished.folder / "reports/digits/report.html").read_text()
    assert page.startswith("<!DOCTYPE html>")
    # Those of the appendix, and the four of the first page.
    assert page.count("<figure") == len(ids) + 4


def test_every_rule_wrote_its_log_and_its_benchmark(finished):
    rules = {
        "prepare_countries",
        "prepare_dataset",
        "train_model",
        "collect_runs",
        "fit_curves",
        "derive_scenarios",
        "recommend_size",
        "compare_methods",
        "compare_editions",
        "compare_levers",
        "write_provenance",
        "plot_figures",
        "build_report",
    }
    for kind in ("logs", "benchmarks"):
        written = {
            path.name.split(".")[0] for path in (finished.folder / kind / "digits").iterdir()
        }
        assert written == rules
    # Made only when asked for: by a target, a model that is no network, or a key.
    on_demand = {
        "check_claims",
        "compare_studies",
        "forecast_study",
        "measure_batches",
        "plan_study",
        "run_command",
        "import_runs",
        "decide_growth",
        "derive_cell",
        "export_study",
        "refresh_countries",
        "run_trackers",
    }
    scripts = {path.stem for path in (finished.folder / "scripts").glob("*.py")}
    assert scripts == rules | on_demand
