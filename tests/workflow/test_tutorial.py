"""The tutorial, done to the letter: a user's table and network, from nothing to the report."""

import json
import os
import re
import subprocess

import pytest

from ecosobriety import datasets
from ecosobriety.records.record import read_record

from .conftest import ROOT, changed_outside, copy_workflow, warm_venv

TUTORIAL = (ROOT / "docs/tutorial.md").read_text()
BLOCKS = re.findall(r"^```(\w+) ?(\S*)\n(.*?)^```$", TUTORIAL, flags=re.MULTILINE | re.DOTALL)
CONFIG = "config/wine.yaml"
SIZES, SEEDS = 3, 3
# Tells who imports the network; the file itself stays what the tutorial says.
TELL = "\nimport sys\nwith open({path!r}, 'a') as file:\n    print(*sys.argv[:1], file=file)\n"


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """The folder after every file and every command of the tutorial."""
    workflow = copy_workflow(tmp_path_factory.mktemp("tutorial"))
    imports = tmp_path_factory.mktemp("imports") / "imports.txt"
    warm_venv(workflow.folder)
    for kind, file, content in BLOCKS:
        if file:
            told = TELL.format(path=str(imports)) if file == "my_net.py" else ""
            (workflow.folder / file).write_text(content + told)
            continue
        assert kind == "sh"
        for command in content.splitlines():
            ended = subprocess.run(
                command, shell=True, cwd=workflow.folder, capture_output=True, text=True
            )
            assert ended.returncode == 0, f"{command}\n{ended.stderr}"
    workflow.imports = imports.read_text().splitlines()
    return workflow


def test_the_tutorial_ends_with_a_report(done):
    page = (done.folder / "reports/wine/report.html").read_text()
    assert "Which grower is the wine from?" in page
    records = [read_record(path) for path in done.folder.glob("results/wine/runs/**/*.json")]
    assert len(records) == 2 * SIZES * SEEDS
    assert {record.model for record in records} == {"linear", "mine"}
    assert all(record.scores["accuracy"] > 0.4 for record in records)
    # Two layers of 13 x 16 and 16 x 3, a multiply-accumulate being 2 FLOP.
    assert {r.flop_forward for r in records if r.model == "mine"} == {2 * (13 * 16 + 16 * 3)}
    dataset = datasets.load(done.folder / "results/wine/data/wine.npz")
    assert dataset.classes == ("grower 0", "grower 1", "grower 2")
    assert len(dataset.y_train) == 142
    provenance = json.loads((done.folder / "results/wine/provenance.json").read_text())
    assert provenance["dataset"]["origin"] == "csv wine.csv"
    assert provenance["dataset"]["test_duplicates"] == dataset.test_duplicates


def test_the_network_is_imported_by_the_check_and_the_trainings_alone(done):
    importers = {re.sub(r"^tmp\w+\.", "", line.rpartition("/")[2]) for line in done.imports}
    # The dry run tries it out, and a training plays it through in a process of its own first.
    assert importers == {"classes.py", "foreseen.py", "train_model.py", "rehearsal.py"}


def test_nothing_is_written_beside_the_outputs(done):
    own = {file for _, file, _ in BLOCKS if file} | {"wine.csv"}
    assert changed_outside(done.folder) == own


def replaced(done, file, old, new):
    path = done.folder / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_a_changed_network_or_table_runs_again_what_depends_on_it(done):
    # In this order, as each change stays for the next: a dry run is all that they are for.
    replaced(done, "my_net.py", "nn.Tanh(),", "nn.Tanh(),  # Smooth.")
    assert not done.planned(CONFIG)
    replaced(done, "my_net.py", "nn.Tanh()", "nn.ReLU()")
    jobs = done.planned(CONFIG)
    assert jobs["train_model"] == SIZES * SEEDS
    assert "prepare_dataset" not in jobs
    replaced(done, "wine.csv", "grower 2", "grower 1")
    # Also where the changed file looks older than what was made of the one before.
    os.utime(done.folder / "wine.csv", (1, 1))
    jobs = done.planned(CONFIG)
    assert jobs["prepare_dataset"] == 1
    assert jobs["train_model"] == 2 * SIZES * SEEDS
