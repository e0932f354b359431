"""A change re-runs what depends on it, and nothing else."""

import json
import os
import re
import shutil

import pytest
import yaml

from ecosobriety.metrics import METRICS
from ecosobriety.records.record import read_record, write_record
from ecosobriety.tables import read_table

from .conftest import Workflow

SIZES = 3
"""Each size's three seeds share a process."""

PLOT_AND_REPORT = {"plot_figures": 1, "build_report": 1}
# What follows all tables, and what follows the answer.
LAST = {"compare_editions": 1, **PLOT_AND_REPORT}
FROM_ANSWER = {"recommend_size": 1, **LAST}
FROM_LEVERS = {"compare_levers": 1, **FROM_ANSWER}
# Levers and answer have the prices of the study's own country.
FROM_PRICES = {"derive_scenarios": 1, **FROM_LEVERS}
FROM_RUNS = {"fit_curves": 1, "compare_methods": 1, **FROM_PRICES}


def planned(workflow, **sections):
    """The jobs that a changed configuration makes, without the target and the provenance."""

    def change(config):
        for section, keys in sections.items():
            if isinstance(keys, dict):
                config.setdefault(section, {}).update(keys)
            else:
                config[section] = keys

    jobs = workflow.planned(workflow.with_config(change))
    # The provenance holds the configuration itself, so that every change rewrites it.
    return {rule: n for rule, n in jobs.items() if rule not in ("all", "write_provenance")}


@pytest.fixture(scope="module")
def planning(finished, tmp_path_factory):
    """A copy of the finished study for all that only plan: a dry run leaves nothing behind."""
    folder = tmp_path_factory.mktemp("planning") / "study"
    shutil.copytree(finished.folder, folder)
    return Workflow(folder)


def test_a_second_run_has_nothing_to_do(workflow):
    done = workflow.snakemake("--cores", "2")
    assert "Nothing to be done" in done.stderr + done.stdout


def test_a_moved_study_has_nothing_to_do(workflow, tmp_path):
    shutil.move(workflow.folder, tmp_path / "elsewhere")
    workflow.folder = tmp_path / "elsewhere"
    assert not workflow.planned()


@pytest.mark.parametrize(
    ("change", "jobs"),
    [
        ({"grid": {"n_train": [200, 400, 600, 1400]}}, {"train_model": 1}),
        ({"grid": {"seeds": [1, 2, 3, 4]}}, {"train_model": SIZES}),
        ({"grid": {"seeds": [1, 2]}}, {}),
        ({"grid": {"seeds": [1, 2, 3, 4]}, "training": {"process": "run"}}, {"train_model": 3}),
    ],
)
def test_a_size_or_a_seed_trains_the_new_ones_only(planning, change, jobs):
    assert planned(planning, **change) == {**jobs, "collect_runs": 1, **FROM_RUNS}


@pytest.mark.parametrize(
    "change",
    [
        {"training": {"epochs": 21}},
        {"training": {"batch_size": 16}},
        {"training": {"learning_rate": 0.002}},
        {"training": {"budget": "steps"}},
        {"metering": {"country": "DEU"}},
        {"metering": {"interval_s": 2}},
        {"metering": {"cpu_power_w": 65.0}},
        {"models": [{"name": "mlp", "init_args": {"hidden": [32]}}]},
    ],
)
def test_what_decides_a_training_retrains_all(planning, change):
    assert planned(planning, **change)["train_model"] == SIZES


def test_a_country_more_or_its_price_decides_nothing_again(planning):
    more = {"grid": {"countries": ["FRA", "DEU", "ITA"]}}
    assert planned(planning, **more) == {"derive_scenarios": 1, **LAST}
    priced = {"cost": {"grid_price_per_kwh": {"DEU": 0.2}}}
    assert planned(planning, **priced) == {"derive_scenarios": 1, **LAST}
    own = {"cost": {"grid_price_per_kwh": {"FRA": 0.2}}}
    assert planned(planning, **own) == FROM_PRICES


@pytest.mark.parametrize(
    "change",
    [
        {"grid": {"sources": ["coal", "hydro"]}},
        {"grid": {"coverage": [0.25, 1.0]}},
        {"cost": {"usd_per_unit": 1.2}},
    ],
)
def test_sources_and_prices_derive_anew(planning, change):
    assert planned(planning, **change) == FROM_PRICES


def test_the_pue_multiplies_scenarios_and_methods_anew(planning):
    jobs = planned(planning, metering={"pue": 1.5})
    assert jobs == {"compare_methods": 1, **FROM_PRICES}


def test_a_baseline_and_a_calibration_train_nothing_again(planning):
    window = {"start": "2025-03-01T08:00Z", "end": "2025-03-01T09:00Z"}
    calibration = {"reading_kwh": 1.0, "window": window}
    jobs = planned(planning, metering={"baseline_s": 30, "calibration": calibration})
    assert jobs == {"collect_runs": 1, **FROM_RUNS}


def test_the_methods_settings_apply_the_methods_anew(planning):
    jobs = planned(planning, methods={"usage": 0.5})
    assert jobs == {"compare_methods": 1, "compare_editions": 1, **PLOT_AND_REPORT}


def test_trackers_run_around_trainings_of_their_own(planning):
    jobs = planned(planning, methods={"tracker_sizes": [200, 1400]})
    assert jobs == {
        "run_trackers": 2,
        "compare_methods": 1,
        "recommend_size": 1,
        "compare_editions": 1,
        **PLOT_AND_REPORT,
    }


def test_which_trainings_share_a_process_retrains_nothing(planning):
    assert "train_model" not in planned(planning, training={"process": "run"})


def test_a_seed_that_joins_others_in_a_process_redoes_none_of_them(workflow):
    before = {path: path.read_text() for path in workflow.results("runs").rglob("n200/*.json")}
    assert len(before) == 3

    def change(config):
        config["grid"].update(n_train=[200], seeds=[1, 2, 3, 4])

    target = "results/digits/tables/runs.csv"
    workflow.snakemake("--cores", "2", "--", target, config=workflow.with_config(change))
    after = {path: path.read_text() for path in workflow.results("runs").rglob("n200/*.json")}
    assert len(after) == 4
    assert before.items() <= after.items()
    assert len(list(workflow.results("attempts/digits/mlp/n200").rglob("*.json"))) == 4


def test_a_training_alone_in_its_process_gives_the_same_to_the_last_digit(workflow):
    path = workflow.results("runs/digits/mlp/n200/seed2.json")
    among_others = read_record(path)
    path.unlink()
    config = workflow.with_config(lambda c: c["training"].update(process="run"))
    workflow.snakemake(
        "--cores", "2", "--", "results/digits/runs/digits/mlp/n200/seed2.json", config=config
    )
    alone = read_record(path)
    assert alone.attempt != among_others.attempt
    assert alone.scores["accuracy"] == among_others.scores["accuracy"]
    assert alone.test_loss == among_others.test_loss
    assert [e.metrics for e in alone.epoch_log] == [e.metrics for e in among_others.epoch_log]


def test_a_record_that_is_gone_is_made_again_where_records_are_collected_anew(workflow):
    workflow.results("runs/digits/mlp/n200/seed2.json").unlink()
    # Its numbers are in the tables.
    assert not planned(workflow)
    more = {"grid": {"n_train": [200, 400, 600, 1400]}}
    assert planned(workflow, **more) == {"train_model": 2, "collect_runs": 1, **FROM_RUNS}


def test_what_no_table_tells_of_a_record_is_followed_too(workflow):
    path = workflow.results("runs/digits/mlp/n200/seed2.json")
    record = read_record(path)
    hardware = {**record.hardware, "cpu": "another processor"}
    write_record(path, record.model_copy(update={"hardware": hardware}))
    assert planned(workflow) == {"collect_runs": 1, **FROM_RUNS}
    table = workflow.results("tables/runs.csv").read_bytes()
    # A run that ends between the two, as one that was killed would.
    workflow.snakemake("--cores", "2", "--", "results/digits/tables/runs.csv")
    assert workflow.results("tables/runs.csv").read_bytes() == table
    workflow.snakemake("--cores", "2", "--", "results/digits/provenance.json")
    assert "another processor" in workflow.results("provenance.json").read_text()


def test_a_cell_beside_its_study_is_one_command(workflow):
    config = workflow.with_config(lambda c: c["training"].update(epochs=1))
    both = ["all", "results/digits/cells/n600/FRA/hydro.json"]
    plan = workflow.planned(config, *both)
    assert (plan["train_model"], plan["derive_cell"]) == (SIZES, 1)


def test_the_margin_decides_anew(planning):
    assert planned(planning, analysis={"margin": 0.02}) == {"fit_curves": 1, **FROM_LEVERS}


def test_a_target_is_looked_up_anew(planning):
    assert planned(planning, analysis={"target": 0.9}) == FROM_ANSWER


def test_another_metric_trains_nothing_again(workflow):
    relative = {"name": "accuracy", "margin": "relative"}
    assert planned(workflow, metric=relative) == {"fit_curves": 1, **FROM_LEVERS}
    records = {path: path.read_bytes() for path in workflow.results("runs").rglob("*.json")}
    config = workflow.with_config(lambda content: content.update(metric="macro_f1"))
    plan = workflow.planned(config)
    assert (plan["train_model"], plan["prepare_dataset"], plan["collect_runs"]) == (0, 0, 1)
    answer = "results/digits/recommendation.json"
    workflow.snakemake("--cores", "2", "--", answer, config=config)
    assert {path: path.read_bytes() for path in records} == records
    runs = read_table("runs", workflow.results("tables/runs.csv"), METRICS["macro_f1"])
    assert len(runs) == len(records)
    assert {"test_accuracy", "test_balanced_accuracy", "test_roc_auc"} <= {*runs.columns}
    answered = json.loads(workflow.results("recommendation.json").read_text())
    assert answered["metric"]["name"] == "macro_f1"
    assert 0 < answered["baseline"] < 0.1  # Of ten classes, one is answered, and that seldom right.
    assert answered["results"][0]["configured"]["macro_f1_diff"].keys() == {
        *("mean", "lower", "p_value")
    }


def test_a_title_touches_the_report_alone(planning):
    assert planned(planning, title="Sober digits") == {"build_report": 1}


def edit(workflow, path, pattern, replacement):
    file = workflow.folder / path
    text, count = re.subn(pattern, replacement, file.read_text(), count=1)
    assert count == 1
    file.write_text(text)


def test_a_plot_style_touches_plots_and_report_alone(workflow):
    edit(
        workflow,
        "scripts/ecosobriety/figures/style.py",
        r'"grid.linewidth": 0.7',
        '"grid.linewidth": 0.9',
    )
    jobs = workflow.planned()
    assert {rule: n for rule, n in jobs.items() if rule != "all"} == PLOT_AND_REPORT


def test_a_comment_in_the_trainings_code_retrains_nothing(workflow):
    edit(workflow, "scripts/ecosobriety/training/train.py", r"\n\n\n", "\n\n\n# A comment.\n")
    edit(workflow, "scripts/ecosobriety/training/networks.py", r'^"""', '"""Once more: ')
    assert not workflow.planned()


def test_a_changed_algorithm_retrains_all(workflow):
    edit(
        workflow,
        "scripts/ecosobriety/training/learner.py",
        r"torch\.optim\.AdamW",
        "torch.optim.Adam",
    )
    assert workflow.planned()["train_model"] == SIZES


def test_the_same_data_prepared_again_retrains_nothing(workflow):
    workflow.results("data/digits.npz").unlink()
    workflow.results("data/digits.sha256").unlink()
    workflow.snakemake("--cores", "2", "--", "results/digits/data/digits.npz")
    assert "train_model" not in workflow.planned()


def test_a_country_added_is_derived_without_any_training(workflow):
    before = {path: path.stat().st_mtime_ns for path in workflow.results("runs").rglob("*.json")}
    content = yaml.safe_load((workflow.folder / "config/digits.yaml").read_text())
    countries = [*content["grid"]["countries"], "ITA"]
    config = workflow.with_config(lambda c: c["grid"].update(countries=countries))
    workflow.snakemake("--cores", "2", "--", "results/digits/tables/scenarios.csv", config=config)
    scenarios = read_table("scenarios", workflow.results("tables/scenarios.csv"))
    assert "ITA" in set(scenarios["country_iso3"])
    after = {path: path.stat().st_mtime_ns for path in workflow.results("runs").rglob("*.json")}
    assert after == before


@pytest.mark.parametrize(
    ("table", "jobs"),
    [
        ("2026/source_cost.csv", {**FROM_PRICES, "write_provenance": 1}),
        ("hardware_tdp.csv", {"compare_methods": 1, **LAST, "write_provenance": 1}),
        ("poster/source_cost.csv", {"compare_editions": 1, "build_report": 1}),
    ],
)
def test_a_table_of_factors_counts_by_its_content_and_not_by_its_time(workflow, table, jobs):
    path = workflow.folder / "config/factors" / table
    written = path.read_text()
    path.write_text(written + "\n")
    os.utime(path, (1e9, 1e9))
    done = {rule: n for rule, n in workflow.planned().items() if rule != "all"}
    path.write_text(written)
    os.utime(path, (1e9, 1e9))
    assert done == jobs
    assert not workflow.planned()


def test_a_wrong_configuration_stops_before_any_job(workflow):
    config = workflow.with_config(lambda c: c["grid"].update(contries=["FRA"]))
    done = workflow.snakemake("--cores", "2", config=config, check=False)
    assert done.returncode != 0
    assert "config/changed.yaml" in done.stderr
    assert "grid.contries" in done.stderr
    assert "countries" in done.stderr
    assert "Traceback" not in done.stderr


def test_another_version_of_a_plotting_library_retrains_nothing(workflow):
    edit(workflow, "environment.yml", r"matplotlib==[\d.]+", "matplotlib==99.0.0")
    assert not workflow.planned()


def test_a_language_draws_its_figures_and_builds_the_reports(planning):
    assert planned(planning, languages=["en", "fr"]) == {"plot_figures": 1, "build_report": 2}


def test_records_that_do_not_count_are_trained_again_by_the_very_same_run(workflow):
    """A truncated one, one with ten times the energy, and one of another seed; their times kept."""
    places = [workflow.results(f"runs/digits/mlp/n{n}/seed2.json") for n in (200, 600, 1400)]
    before = [read_record(path) for path in places]
    foreign = workflow.results("runs/digits/mlp/n1400/seed1.json").read_text()
    dear = json.loads(places[1].read_text())
    for name in ("energy_kwh", "energy_cpu_kwh", "energy_ram_kwh"):
        dear[name] *= 10
    texts = [places[0].read_text()[:700], json.dumps(dear), foreign]
    for path, text in zip(places, texts, strict=True):
        times = path.stat()
        path.write_text(text)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert planned(workflow) == {"train_model": 3, "collect_runs": 1, **FROM_RUNS}
    assert not list(workflow.results("runs").rglob("*.refused"))
    # Whatever triggers the user has chosen: what a record says is no matter of times.
    table = "results/digits/tables/runs.csv"
    done = workflow.snakemake("--cores", "2", "--rerun-triggers", "mtime", "--", table)
    for path, old, said in zip(
        places,
        before,
        ["not JSON", "changed by hand", "is the record of"],
        strict=True,
    ):
        again = read_record(path)
        assert again.attempt != old.attempt
        assert again.scores["accuracy"] == old.scores["accuracy"]
        assert path.with_name("seed2.json.refused").exists()
        (told,) = (line for line in done.stderr.splitlines() if said in line)
        assert str(path.relative_to(workflow.folder)) in told
    assert len(list(workflow.results("attempts").rglob("*.json"))) == 12
    assert "train_model" not in workflow.planned()


def edit_table(workflow, path, pattern, replacement):
    """Edit by hand as an editor would that keeps the file's times."""
    file = workflow.folder / path
    times = file.stat()
    edit(workflow, path, pattern, replacement)
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))


def test_tables_and_answers_that_were_edited_by_hand_are_made_anew(workflow):
    curve, answer = "results/digits/tables/curve.csv", "results/digits/recommendation.json"
    before = {path: (workflow.folder / path).read_text() for path in (curve, answer)}
    edit_table(workflow, curve, "non_inferior|inconclusive|inferior", "reference")
    edit_table(workflow, answer, r"\d\.\d+", "0.123456")
    # What a dry run says goes to the standard output.
    planned = workflow.snakemake("--dry-run", "--cores", "2").stdout
    for path in before:
        assert f"{path} was changed after it had been written: it is rebuilt" in planned
    workflow.snakemake("--cores", "2", "--rerun-triggers", "mtime", "--", curve, answer)
    assert {path: (workflow.folder / path).read_text() for path in before} == before
    assert not workflow.planned(target=answer)


def test_a_study_that_was_copied_without_hidden_files_says_nothing(workflow):
    for path in workflow.results("").rglob(".*.sha256"):
        path.unlink()
    assert not workflow.planned()
