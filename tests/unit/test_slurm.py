"""Slurm that does not answer is told on one line."""

import pytest

from ecosobriety.errors import EcosobrietyError
from ecosobriety.steps.slurm import cancel_jobs_of


def test_without_slurm_the_error_names_its_program(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EcosobrietyError, match=r"^squeue: .*; is Slurm installed\?$"):
        cancel_jobs_of(tmp_path)
