"""What was changed after its step wrote it is noticed; nothing else is."""

import os

import pytest

from ecosobriety.steps import logs, seals


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "runs.csv"
    with logs.logged_to(tmp_path / "step.log", [path, tmp_path / "never written.csv"]):
        path.write_text("n_train,energy_kwh\n100,1e-5\n")
    return path


def test_what_a_step_wrote_is_as_it_was_written(table, tmp_path):
    assert seals.find_changed([tmp_path, tmp_path / "no such folder"]) == []


def test_an_edit_is_noticed_whatever_the_files_times_say(table, tmp_path):
    times = table.stat()
    table.write_text(table.read_text().replace("1e-5", "1e-6"))
    os.utime(table, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert seals.find_changed([tmp_path]) == [table]


def test_a_file_that_is_gone_or_another_one_is_no_edit(table, tmp_path):
    table.unlink()
    (tmp_path / "notes.csv").write_text("mine")
    assert seals.find_changed([tmp_path]) == []


def test_a_step_that_fails_half_way_leaves_no_digest(table, tmp_path):
    def step():
        with logs.logged_to(tmp_path / "step.log", [table]):
            table.write_text("half")
            raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 (it has no message)
        step()
    assert seals.find_changed([tmp_path]) == []
