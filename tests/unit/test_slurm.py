"""Jobs that a killed run left in a queue, and Slurm that does not answer."""

import re
from pathlib import Path

import pytest

from ecosobriety.errors import EcosobrietyError
from ecosobriety.steps import slurm
from ecosobriety.steps.slurm import cancel_jobs_of


def test_without_slurm_the_error_names_its_program(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EcosobrietyError, match=r"^squeue: .*; is Slurm installed\?$"):
        cancel_jobs_of(tmp_path)


def test_a_job_that_ends_by_itself_is_waited_for_and_not_cancelled(monkeypatch, tmp_path):
    """Of a node that failed, say: cancelled, it would be recorded as such."""
    queue = [
        f"1|RUNNING|rule_train_model|{tmp_path}\n2|COMPLETING|rule_train_model|{tmp_path}\n"
        f"3|RUNNING|another|{tmp_path}\n4|RUNNING|rule_train_model|/elsewhere\n",
        f"2|COMPLETING|rule_train_model|{tmp_path}\n",
        "",
    ]
    asked = []

    def ask(*command):
        asked.append(command)
        return queue.pop(0) if command[0] == "squeue" else ""

    monkeypatch.setattr(slurm, "_ask", ask)
    monkeypatch.setattr(slurm, "POLL_S", 0.0)
    assert cancel_jobs_of(tmp_path) == ["1"]
    assert [command for command in asked if command[0] == "scancel"] == [("scancel", "1")]
    assert not queue


def test_only_what_is_metered_becomes_a_job():
    """Else a step of a second waits in a cluster's queue."""
    workflow = Path(__file__).parents[2] / "workflow"
    written = "\n".join(path.read_text() for path in (workflow / "rules").glob("*.smk"))
    rules = set(re.findall(r"^ *rule (\w+):", written, flags=re.MULTILINE))
    listed = (workflow / "Snakefile").read_text().split("localrules:")[1].split("\n\n")[0]
    metered = {"train_model", "run_command", "run_trackers", "measure_batches"}
    # A rule that is not always there says it itself.
    local = re.findall(r"rule (\w+):(?:(?!\nrule ).)*localrule: True", written, flags=re.DOTALL)
    assert rules - set(re.findall(r"\w+", listed)) - {*local} == metered
