"""A sober study, by the page that explains it: every file and command, and what it then says."""

import json
import re
import subprocess

import numpy as np
import pytest

from .conftest import ROOT, copy_workflow, warm_venv

PAGE = (ROOT / "docs/how-much-data.md").read_text()
BLOCKS = re.findall(r"^```(\w+) ?(\S*)\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)
CONFIG = "config/enough.yaml"


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """The folder after every file and every command of the page."""
    workflow = copy_workflow(tmp_path_factory.mktemp("sober"))
    warm_venv(workflow.folder)
    for _, file, content in BLOCKS:
        if file:
            (workflow.folder / file).write_text(content)
            continue
        for command in content.splitlines():
            ended = subprocess.run(
                command, shell=True, cwd=workflow.folder, capture_output=True, text=True
            )
            assert ended.returncode == 0, f"{command}\n{ended.stdout}\n{ended.stderr}"
    return workflow


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
    expected += [cost["full_trainings"], cost["energy_kwh"], cost["payback_retrainings"]]
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
