"""A sober study, by the page that explains it: every file and command, and what it then says."""

import json
import math
import re
import shutil
import subprocess
import time

import numpy as np
import pytest

from .conftest import ROOT, Workflow, copy_workflow, warm_venv
from .killing import kill_again_and_again, wait_for_results

PAGE = (ROOT / "docs/how-much-data.md").read_text()
BLOCKS = re.findall(r"^```(\w+) ?(\S*)\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)
CONFIG = "config/enough.yaml"
KILLS = 10


def follow(folder, commands=True):
    """The folder after every file of the page, and every command."""
    workflow = copy_workflow(folder)
    warm_venv(workflow.folder)
    for _, file, content in BLOCKS:
        if file:
            (workflow.folder / file).write_text(content)
            continue
        for command in content.splitlines():
            if not commands and "make_data" not in command:
                continue
            ended = subprocess.run(
                command, shell=True, cwd=workflow.folder, capture_output=True, text=True
            )
            assert ended.returncode == 0, f"{command}\n{ended.stdout}\n{ended.stderr}"
    return workflow


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """The page's study."""
    return follow(tmp_path_factory.mktemp("sober"))


@pytest.fixture(scope="module")
def last(done):
    """The last decision, and its size."""
    folder = done.folder / "results/enough/growth/examples/linear"
    decisions = [json.loads(path.read_text()) for path in folder.glob("*.json")]
    return max(decisions, key=lambda decision: decision["n_train"])


def result(done):
    text = (done.folder / "results/enough/recommendation.json").read_text()
    return json.loads(text)["results"][0]


def test_it_stops_early_by_the_numbers_that_the_decision_holds(last):
    assert last["decision"] == "stop"
    assert last["n_train"] < last["full_n_train"] == 2000
    scores = np.array([[*last["scores"][str(size)].values()] for size in last["sizes"]])
    gains = np.diff(scores, axis=0)  # each step doubles
    left = np.log2(2000 / last["n_train"])
    error = np.sqrt(np.mean(gains[-3:].var(axis=1, ddof=1) / 3))
    assert last["gain_per_doubling"] == pytest.approx(gains[-1].mean())
    assert last["standard_error"] == pytest.approx(error)
    assert last["bound"] == pytest.approx(left * max(gains[-1].mean(), 0) + 1.25 * error)
    assert last["bound"] <= 0.03


def test_nothing_beyond_is_trained(done, last):
    trained = {path.parent.name for path in done.folder.glob("results/enough/runs/**/*.json")}
    assert trained == {f"n{size}" for size in last["sizes"]}


def test_the_first_screen_has_the_numbers_of_the_decision_and_of_the_cost(done, last):
    page = (done.folder / "reports/enough/report.html").read_text()
    screen = page[page.index('class="answer"') : page.index("<table")]
    shown = {float(value) for value in re.findall(r'<data value="([^"]+)">', screen)}
    cost = result(done)["study_cost"]
    expected = [last["n_train"], 2000, last["bound"], last["margin"]]
    # The retraining that pays the rest back counts whole.
    # So small trainings may not take more on more examples: then nothing is paid back.
    if cost["reason"] is None:
        expected.append(math.ceil(cost["payback_retrainings"]))
    expected += [cost["full_trainings"], cost["energy_kwh"]]
    # Below a cent, the most expensive source speaks for all.
    assert cost["dearest"]["amount"] < 0.01
    expected += [cost["emissions_g"], cost["dearest"]["amount"]]
    unspent = result(done)["growth"]["unspent"]
    assert unspent["sizes"] == [1024, 2000]
    expected += [unspent["energy_kwh"], unspent["emissions_g"], unspent["dearest"]["amount"]]
    assert not [value for value in expected if value not in shown]
    assert "non-inferior" not in screen


def test_it_recommends_nothing_that_only_a_trained_reference_could_show(done):
    configured = result(done)["configured"]
    assert configured["no_recommendation"] == "full_size_untrained"
    assert configured["sufficient_n_train"] is None
    curve = (done.folder / "results/enough/tables/curve.csv").read_text()
    assert "non_inferior" not in curve


def test_a_second_run_has_nothing_to_do(done):
    assert not done.planned(CONFIG)


def test_another_margin_decides_anew_and_trains_nothing_for_that(done):
    text = (done.folder / CONFIG).read_text()
    changed = "config/margin.yaml"
    (done.folder / changed).write_text(text.replace("margin: 0.03", "margin: 0.031"))
    jobs = done.planned(changed)
    assert jobs["decide_growth"] >= 1
    assert "train_model" not in jobs


def test_more_data_than_there_are_train_none_of_the_sizes_again(done, last):
    text = (done.folder / CONFIG).read_text()
    changed = "config/larger.yaml"
    (done.folder / changed).write_text(text.replace("sober,", "sober, full_n_train: 8000,"))
    jobs = done.planned(changed)
    assert jobs["decide_growth"] >= 1
    # Its first decision is at an eighth of 8,000.
    assert jobs["train_model"] == len([size for size in (1024,) if size not in last["sizes"]])


def decisions(workflow):
    """The decisions' files, by their path, byte by byte."""
    folder = workflow.folder / "results/enough/growth"
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("n*")}


def test_ten_kills_end_with_the_same_decisions(done, tmp_path):
    killed = follow(tmp_path / "killed", commands=False)
    results = killed.folder / "results/enough"

    def wait(process, kill, moments):
        """By what is done, not by the clock: so that each machine is killed all along the way."""
        wait_for_results(process, results, moments.randint(0, 4))
        time.sleep(moments.uniform(0, 0.5))

    kill_again_and_again(killed, CONFIG, KILLS, wait)
    killed.snakemake("--cores", "2", "--", "results/enough/recommendation.json", config=CONFIG)
    assert decisions(killed) == decisions(done)
    assert len(decisions(done)) == 1


@pytest.fixture
def copy(done, tmp_path):
    """A copy of the page's finished study, and how to give it another line `analysis` or `plan`."""
    shutil.copytree(done.folder, tmp_path / "copy", symlinks=True)
    return Workflow(tmp_path / "copy")


def changed(workflow, old, new):
    text = (workflow.folder / CONFIG).read_text()
    assert old in text
    (workflow.folder / "config/changed.yaml").write_text(text.replace(old, new))
    return "config/changed.yaml"


def test_a_decision_that_was_changed_by_hand_is_made_again(copy):
    (path,) = copy.folder.glob("results/enough/growth/*/*/n*.json")
    path.write_text(path.read_text().replace('"stop"', '"grow"'))
    assert copy.planned(CONFIG)["decide_growth"] >= 1


def longer(workflow, config):
    """Twice the epochs, and larger batches: enough for some of the epochs to bring nothing."""
    path = workflow.folder / config
    text = path.read_text()
    short = "{epochs: 10, batch_size: 32,"
    assert short in text
    path.write_text(text.replace(short, "{epochs: 20, batch_size: 64,"))


def test_a_size_is_trained_for_as_many_epochs_as_sufficed_one_size_below(copy):
    """Its full size is beyond the data: all of them are the second size that is decided at."""
    adaptive = changed(copy, "mode: sober,", "mode: sober, epochs: adaptive, full_n_train: 8000,")
    longer(copy, adaptive)
    copy.snakemake("--cores", "2", "--", "results/enough/recommendation.json", config=adaptive)
    before, after = sorted(
        (json.loads(text) for text in decisions(copy).values()), key=lambda found: found["n_train"]
    )
    assert (before["n_train"], after["n_train"]) == (1024, 2000)
    assert before["epochs"]["trained"] == before["epochs"]["all"] == 20
    given = before["epochs"]["next"]
    assert 1 < given < 20
    assert after["epochs"]["trained"] == given
    records = [
        json.loads(path.read_text())
        for path in copy.folder.glob("results/enough/runs/*/*/n2000/seed*.json")
    ]
    assert [record["epochs"] for record in records] == [given] * 3
    assert {len(record["epoch_log"]) for record in records} == {given}
    cost = result(copy)["study_cost"]
    mean_kwh = np.mean([record["energy_kwh"] for record in records])
    assert cost["full_training_kwh"] == pytest.approx(mean_kwh * 4 * 20 / given)
    assert not {"train_model", "decide_growth"} & copy.planned(adaptive).keys()

    # With all epochs, that size alone is another training.
    trained = {path: path.read_bytes() for path in copy.folder.glob("results/enough/runs/*/*/n*/*")}
    whole = changed(copy, "mode: sober,", "mode: sober, full_n_train: 8000,")
    longer(copy, whole)
    assert "train_model" not in copy.planned(whole)
    copy.snakemake("--cores", "2", "--", "results/enough/recommendation.json", config=whole)
    other = {path.parent.name for path, text in trained.items() if path.read_bytes() != text}
    assert other == {"n2000"}


def test_what_another_margin_trained_stays_paid_for_and_limits_the_full_size(copy, last):
    """A margin too small to stop, and back again; then a full size below what that trained."""
    finer = changed(copy, "margin: 0.03", "margin: 0.005")
    answer = ("--cores", "2", "--", "results/enough/recommendation.json")
    copy.snakemake(*answer, config=finer)
    assert {"linear/n512.json", "linear/n2000.json"} <= {
        name.removeprefix("examples/") for name in decisions(copy)
    }
    records = [
        json.loads(path.read_text()) for path in copy.folder.glob("results/enough/runs/**/*.json")
    ]
    paid = dict.fromkeys((*last["sizes"], 1024, 2000), 0.0)
    for record in records:
        paid[record["n_train"]] += record["energy_kwh"] + record["lost_energy_kwh"]

    copy.snakemake(*answer, config=CONFIG)
    assert [json.loads(text)["n_train"] for text in decisions(copy).values()] == [last["n_train"]]
    cost = result(copy)["study_cost"]
    beside = sum(kwh for n, kwh in paid.items() if n not in last["sizes"])
    assert beside > 0
    assert cost["beside_plan_kwh"] == pytest.approx(beside)
    assert cost["energy_kwh"] == pytest.approx(sum(paid.values()))
    assert cost["trainings"] == len(records)

    smaller = changed(copy, "mode: sober,", "mode: sober, full_n_train: 1500,")
    refused = copy.snakemake("--cores", "2", "--dry-run", config=smaller, check=False)
    assert refused.returncode != 0
    (message,) = [line for line in refused.stderr.splitlines() if "error:" in line]
    assert message.startswith("error: config/changed.yaml: plan.full_n_train is 1500, but must be")
    assert "at least 2000" in message


def test_a_cell_that_was_made_is_kept_up_to_date(copy, last):
    cell = f"results/enough/cells/n{last['sizes'][0]}/FRA/grid.json"
    copy.snakemake("--cores", "2", "--", cell, config=CONFIG)
    assert "derive_cell" not in copy.planned(CONFIG)
    dearer = changed(copy, "study: enough", "study: enough\nmetering: {pue: 1.5}")
    planned = copy.planned(dearer)
    assert planned["derive_cell"] == 1
    assert "train_model" not in planned
