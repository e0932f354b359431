"""A study of commands: by the page that explains it, beside our own loop, and killed."""

import csv
import json
import re
import time
from dataclasses import fields

import numpy as np
import pandas as pd
import psutil
import pytest
import yaml
from codecarbon.output_methods.emissions_data import EmissionsData

from ecosobriety.records.record import read_record
from ecosobriety.tables import read_table
from warm import warm_executable

from .conftest import ROOT, copy_workflow
from .killing import kill_all

PAGE = (ROOT / "docs/how-to/own-command.md").read_text()
BLOCKS = re.findall(r"^```(?:yaml|python)\n(.*?)^```$", PAGE, re.M | re.S)
YAML, SCRIPT, BOOSTED, BOOST, NETWORK, DDP, WINDOW = BLOCKS
CONFIG = "config/forest.yaml"
BOOSTED_CONFIG = "config/boosted.yaml"
BOOSTED_MODELS = ("lightgbm", "network")
# Our own training, done by a command in a window of its own.
SAME = """
import json, sys
from pathlib import Path
from ecosobriety import datasets
from ecosobriety.metering import FakeMeter, Ledger
from ecosobriety.training import Training, settings_from, train
data, n_train, seed, threads, out, parameters = sys.argv[1:]
training = Training("mlp", "mlp", {"hidden": [256]}, int(n_train), int(seed),
    settings_from(json.loads(parameters)), int(threads), "")
record = train(datasets.load(Path(data)), training, meter=FakeMeter(),
    ledger=Ledger(Path(out).parent / "attempts"))
Path(out).write_text(json.dumps({"accuracy": record.scores["accuracy"]}))
"""


RUNS = "n_train,seed,accuracy,run_id\n200,1,0.85,a\n200,2,0.86,b\n600,1,0.9,c\n600,2,0.91,d\n"


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """The page's study, with our own mlp and a command that does the same as it."""
    workflow = copy_workflow(tmp_path_factory.mktemp("commands"))
    (workflow.folder / "forest.py").write_text(
        SCRIPT.replace(
            'forest.fit(flat["train"][rows], data["y_train"][rows])\n',
            "import os\nif int(asked.seed) == 1:\n"
            + "".join(f"    {line}\n" for line in WINDOW.splitlines())
            + "else:\n    forest.fit(flat['train'][rows], data['y_train'][rows])\n",
        )
    )
    (workflow.folder / "same.py").write_text(SAME)
    content = yaml.safe_load(YAML)
    content["grid"].update(n_train=[200, 600], seeds=[1, 2])
    content["training"] = {"epochs": 2, "process": "size"}
    content["models"].append({"name": "mlp"})
    asked = {
        "training.epochs": 2,
        "training.batch_size": 128,
        "training.learning_rate": 0.001,
        "training.accelerator": "auto",
        "training.precision": "32-true",
        "training.budget": "epochs",
    }
    written = json.dumps(asked).replace("{", "{{").replace("}", "}}")
    command = "PYTHONPATH=scripts python same.py {data} {n_train} {seed} {threads} {result}"
    content["models"].append({"name": "same", "command": f"{command} '{written}'"})
    content["models"][0]["command"] = f"PYTHONPATH=scripts {content['models'][0]['command']}"
    for model in content["models"]:
        if "command" in model:
            model["command"] = model["command"].replace("python ", f"{warm_executable()} ")
    content["models"].append({"name": "llm", "runs": "runs.csv", "emissions": "emissions.csv"})
    (workflow.folder / "runs.csv").write_text(RUNS)
    write_emissions(workflow.folder / "emissions.csv")
    (workflow.folder / CONFIG).write_text(yaml.safe_dump(content))
    workflow.snakemake("--cores", "2", config=CONFIG)
    return workflow


def write_emissions(path):
    """CodeCarbon's file of the runs that exist already: 100 W for 36 s each, all on the CPU."""
    names = [field.name for field in fields(EmissionsData)]
    row = dict.fromkeys(names, "") | {"duration": 36, "energy_consumed": 0.001}
    row |= {"cpu_energy": 0.001, "gpu_energy": 0, "ram_energy": 0, "pue": 1, "cpu_model": "A CPU"}
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows({**row, "run_id": name} for name in "abcd")


def records(workflow, model):
    paths = sorted((workflow.folder / f"results/forest/runs/digits/{model}").rglob("seed*.json"))
    return [read_record(path) for path in paths]


def test_the_same_training_gives_the_same_accuracies_to_the_last_digit(done):
    ours, theirs = records(done, "mlp"), records(done, "same")
    assert len(ours) == 4
    assert [r.scores["accuracy"] for r in ours] == [r.scores["accuracy"] for r in theirs]


def test_a_window_of_its_own_counts_instead_of_the_process(done):
    for record in records(done, "forest"):
        exact = record.seed == 1
        assert record.window == ("exact" if exact else "process")
        whole = record.training["process_kwh"]
        assert (record.energy_kwh < whole) if exact else record.energy_kwh == whole
        assert record.missing["epochs"] == "the command does not report it"


def test_tables_and_report_have_both(done):
    runs = read_table("runs", done.folder / "results/forest/tables/runs.csv")
    assert set(runs["model"]) == {"forest", "mlp", "same", "llm"}
    assert runs.loc[runs["model"] != "mlp", "epochs"].isna().all()
    page = (done.folder / "reports/forest/report.html").read_text()
    assert "its energy covers the whole life of the process" in page


def test_runs_that_exist_already_stand_beside_them(done):
    for record in records(done, "llm"):
        assert (record.window, record.energy_quality) == ("imported", "imported")
        assert (record.energy_kwh, record.train_duration_s) == (0.001, 36)
        assert record.device == "A CPU"
    assert not (done.folder / "results/forest/attempts/digits/llm").exists()
    page = (done.folder / "reports/forest/report.html").read_text()
    assert "llm was not trained here: its 4 runs are imported from runs.csv" in page


def test_changed_runs_are_read_again_and_nothing_is_trained(done):
    path = done.folder / "runs.csv"
    try:
        path.write_text(RUNS.replace("0.91", "0.92"))
        planned = done.planned(CONFIG)
        assert planned["import_runs"] == planned["collect_runs"] == 1
        assert not planned.keys() & {"train_model", "run_command", "prepare_dataset"}
        path.write_text(RUNS.replace("0.91", "91"))
        said = done.snakemake("-n", config=CONFIG, check=False)
    finally:
        path.write_text(RUNS)
    assert said.returncode != 0
    line = next(line for line in said.stderr.splitlines() if line.startswith("error: "))
    assert line.startswith('error: config/forest.yaml: models[3].runs is "runs.csv", but in row 4')
    assert line.endswith("must be from 0 to 1 (did you mean 0.91?)")


def test_the_study_of_the_page_on_runs_trains_nothing(done):
    page = (ROOT / "docs/how-to/own-runs.md").read_text()
    study, table = (
        re.search(rf"^```{kind}\n(.*?)^```$", page, re.M | re.S) for kind in ("yaml", "csv")
    )
    (done.folder / "config/llm.yaml").write_text(study[1])
    (done.folder / "my_runs.csv").write_text(table[1])
    planned = done.planned("config/llm.yaml")
    assert planned["import_runs"] == planned["build_report"] == 1
    assert not planned.keys() & {"train_model", "run_command"}


def test_only_what_changed_trains_again(done):
    assert not done.planned(CONFIG)
    (done.folder / "forest.py").open("a").write("# changed\n")
    assert done.planned(CONFIG)["run_command"] == 4
    assert "train_model" not in done.planned(CONFIG)
    content = yaml.safe_load((done.folder / CONFIG).read_text())
    content["training"]["epochs"] = 3
    (done.folder / "config/epochs.yaml").write_text(yaml.safe_dump(content))
    # Of the commands, those whose file has changed.
    assert done.planned("config/epochs.yaml")["run_command"] == 4


def test_a_killed_study_leaves_no_command_and_its_energy_is_in_the_ledger(tmp_path):
    workflow = copy_workflow(tmp_path / "killed")
    content = yaml.safe_load(YAML)
    content["grid"].update(n_train=[200, 600], seeds=[1, 2])
    command = "sleep 98763 & sleep 98763; {subset} {result}"
    content["models"] = [{"name": "forest", "command": command}]
    (workflow.folder / CONFIG).write_text(yaml.safe_dump(content))
    attempts = workflow.folder / "results/forest/attempts"
    process = workflow.start("--cores", "2", config=CONFIG)
    try:
        until = time.monotonic() + 120
        while not [e for e in entries(attempts) if e["energy_kwh"] > 0]:
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.2)
    finally:
        process.kill()
        process.wait()
    # The next start, of something else, ends what is left.
    workflow.snakemake("--cores", "1", "--", "results/forest/data/countries.csv", config=CONFIG)
    assert ["sleep", "98763"] not in [p.info["cmdline"] for p in psutil.process_iter(["cmdline"])]
    assert any(e["energy_kwh"] > 0 for e in entries(attempts))
    kill_all(process)


def test_a_training_whose_watched_file_changes_is_refused_and_counted_as_lost(tmp_path):
    """Else it would be kept as one of the file as it was."""
    workflow = copy_workflow(tmp_path)
    (workflow.folder / "train.sh").write_text("sleep 3\n")
    write = "echo '{{\"accuracy\": 0.9}}' > {result}"
    command = f'. ./train.sh; echo "# more" >> train.sh; {write} # {{subset}}'
    content = yaml.safe_load(YAML)
    content["models"] = [{"name": "edited", "command": command, "watch": ["train.sh"]}]
    content["grid"].update(n_train=[200], seeds=[1, 2])
    (workflow.folder / CONFIG).write_text(yaml.safe_dump(content))
    said = workflow.snakemake("--cores", "1", config=CONFIG, check=False)
    assert said.returncode
    assert "models: edited: what its watch holds has changed since this run began" in said.stderr
    assert not [*(workflow.folder / "results/forest/runs").rglob("seed*.json")]
    (entry,) = entries(workflow.folder / "results/forest/attempts")
    assert (entry["status"], entry["energy_kwh"] > 0) == ("failed", True)
    assert "what its watch holds has changed" in entry["error"]
    # Nothing goes on with what was trained by other files.
    assert not [*(workflow.folder / "results/forest/commands").rglob("*.npy")]


def entries(folder):
    return [json.loads(path.read_text()) for path in folder.rglob("*.json")]


@pytest.fixture(scope="module")
def boosted(tmp_path_factory):
    """The page's study of data that nobody prepares: LightGBM, and two processes of Lightning."""
    workflow = copy_workflow(tmp_path_factory.mktemp("boosted"))
    generator = np.random.default_rng(1)
    for name, rows in (("rows", 2000), ("test", 500)):
        table = pd.DataFrame(generator.normal(size=(rows, 4)), columns=[*"abcd"])
        table["kind"] = np.where(table["a"] * table["b"] + table["c"] > 0.5, "high", "low")
        table.to_csv(workflow.folder / f"{name}.csv", index=False)
    (workflow.folder / "boost.py").write_text(BOOST)
    (workflow.folder / "network.py").write_text(DDP)
    content = yaml.safe_load(BOOSTED.replace("\ngrid:", f"\n{NETWORK}grid:"))
    content["grid"].update(n_train=[2000], seeds=[1, 2])
    for model in content["models"]:
        command = model["command"].replace("python ", f"{warm_executable()} ")
        model["command"] = f"PYTHONPATH=scripts OMP_NUM_THREADS=1 {command}"
    (workflow.folder / BOOSTED_CONFIG).write_text(yaml.safe_dump(content))
    # One training of each: a Python that starts takes most of the time.
    paths = [f"results/boosted/runs/rows/{model}/n2000/seed1.json" for model in BOOSTED_MODELS]
    workflow.snakemake("--cores", "2", "--", *paths, config=BOOSTED_CONFIG)
    records = [read_record(workflow.folder / path) for path in paths]
    return workflow.folder, dict(zip(BOOSTED_MODELS, records, strict=True))


def test_a_command_finds_its_data_by_itself(boosted):
    folder, records = boosted
    assert records["lightgbm"].scores["balanced_accuracy"] > 0.85
    known = json.loads((folder / "results/boosted/data/rows.intake.json").read_text())
    assert (known["declared"], known["train_examples"], known["test_examples"]) == (True, 2000, 500)


def test_the_callback_of_two_processes_gives_an_exact_window(boosted):
    record = boosted[1]["network"]
    assert record.window == "exact"
    assert record.energy_kwh + record.eval_energy_kwh == pytest.approx(
        record.training["process_kwh"]
    )
