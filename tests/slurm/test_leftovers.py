"""What a killed run left in the queue is cancelled, and nothing else."""

import pytest

from ecosobriety.steps.slurm import cancel_jobs_of

from .cluster import wait_until


@pytest.fixture
def submit(cluster, tmp_path):
    submitted = []

    def submit(comment: str, place: str) -> str:
        (tmp_path / place).mkdir(exist_ok=True)
        options = [f"--chdir={tmp_path / place}", "--ntasks=1", "--mem=100", "--output=/dev/null"]
        job = cluster.ask(
            "sbatch", "--parsable", f"--comment={comment}", *options, "--wrap=exec sleep 300"
        )
        submitted.append(job)
        return job

    yield submit
    cluster.ask("scancel", *submitted)
    wait_until(lambda: not cluster.active(), "no job left")


def test_only_our_own_jobs_of_this_folder_are_cancelled(cluster, submit, tmp_path):
    ours = [submit("rule_train_model_wildcards_1", "here"), submit("rule_train_model_2", "here")]
    others = [submit("rule_train_model_wildcards_1", "there"), submit("my own", "here")]
    assert sorted(cancel_jobs_of(tmp_path / "here")) == sorted(ours)
    jobs = cluster.jobs()
    assert {jobs[job]["state"] for job in ours} == {"CANCELLED"}
    assert {jobs[job]["state"] for job in others} <= {"RUNNING", "PENDING"}


def test_an_empty_queue_is_no_error(cluster, tmp_path):
    assert cancel_jobs_of(tmp_path) == []
