"""The ledger keeps the energy of every attempt."""

import json

import pytest

from ecosobriety.errors import RecordError
from ecosobriety.metering import Ledger, ledger, lost_energy_kwh


def entry(attempt: Ledger) -> dict:
    return json.loads(attempt.path.read_text())


def test_an_attempt_is_running_then_complete(tmp_path):
    attempt = Ledger(tmp_path)
    attempt.open()
    assert entry(attempt)["status"] == "running"
    assert entry(attempt)["energy_kwh"] == 0.0
    attempt.update(2e-5, 10.0)
    assert entry(attempt)["energy_kwh"] == 2e-5
    attempt.close("complete", 5e-5, 20.0)
    assert entry(attempt)["status"] == "complete"
    assert entry(attempt)["duration_s"] == 20.0


def test_a_failure_says_why(tmp_path):
    attempt = Ledger(tmp_path)
    attempt.open()
    attempt.close("failed", 1e-5, 3.0, error="ValueError: loss is NaN")
    assert entry(attempt)["error"] == "ValueError: loss is NaN"


def test_lost_energy_is_that_of_dead_and_failed_attempts(tmp_path):
    assert lost_energy_kwh(tmp_path / "none", "a") == 0.0
    dead, failed, complete, resumed = (Ledger(tmp_path, identity="b") for _ in range(4))
    for attempt in (dead, failed, complete):
        attempt.open()
    dead.update(1e-5, 1.0)
    failed.close("failed", 2e-5, 2.0)
    complete.close("complete", 4e-5, 4.0)
    # 1e-5 (dead, still "running") + 2e-5 (failed)
    assert lost_energy_kwh(tmp_path, "a") == pytest.approx(3e-5)
    resumed.open(carried_energy_kwh=0.8e-5)
    resumed.complete(energy_kwh=6e-5, duration_s=8.0)
    assert entry(resumed)["energy_kwh"] == pytest.approx(5.2e-5)
    # The completed attempt took over 0.8e-5 of what the dead one had spent.
    assert lost_energy_kwh(tmp_path, "a") == pytest.approx(2.2e-5)
    # If the very same training is done again, all that was spent on it so far is lost.
    assert lost_energy_kwh(tmp_path, "b") == pytest.approx(1e-5 + 2e-5 + 4e-5 + 5.2e-5)


def test_regular_readings_are_written_every_few_seconds_only(tmp_path, monkeypatch):
    now_s = 100.0
    monkeypatch.setattr(ledger.time, "monotonic", lambda: now_s)
    attempt = Ledger(tmp_path)
    attempt.open()
    now_s = 104.9
    attempt.update_if_due(1e-5, 4.9)
    assert entry(attempt)["energy_kwh"] == 0.0
    now_s = 105.0
    attempt.update_if_due(2e-5, 5.0)
    assert entry(attempt)["energy_kwh"] == 2e-5


def test_attempts_never_share_a_name(tmp_path):
    assert len({Ledger(tmp_path).attempt for _ in range(100)}) == 100


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "\udcff", '{"status": "running"}', "[" * 100_000]
)
def test_a_foreign_file_is_refused_by_name(tmp_path, content):
    (tmp_path / "strange.json").write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(RecordError, match=r"strange\.json is not an entry of the ledger"):
        lost_energy_kwh(tmp_path, "a")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"energy_kwh": -1e-5}, "energy_kwh"),
        ({"energy_kwh": float("nan")}, "energy_kwh"),
        ({"energy_kwh": float("inf")}, "energy_kwh"),
        ({"energy_kwh": "1e-5"}, "energy_kwh"),
        ({"energy_kwh": True}, "energy_kwh"),
        ({"energy_kwh": None}, "energy_kwh"),
        ({"duration_s": -1.0}, "duration_s"),
        ({"carried_energy_kwh": -1e-5}, "carried_energy_kwh"),
        ({"status": "done"}, "status"),
        ({"identity": None}, "identity"),
        ({"attempt": "another"}, "the entry of 'another'"),
    ],
)
def test_an_impossible_entry_is_refused_by_name(tmp_path, change, named):
    attempt = Ledger(tmp_path, identity="a")
    attempt.open()
    attempt.path.write_text(json.dumps(entry(attempt) | change))
    with pytest.raises(RecordError, match=rf"{attempt.attempt}\.json .*{named}"):
        lost_energy_kwh(tmp_path, "a")


def test_what_was_taken_over_cancels_no_other_loss(tmp_path):
    died, resumed, other = (Ledger(tmp_path, identity=of) for of in "aab")
    died.open()
    died.update(1e-5, 1.0)
    other.open()
    other.update(2e-5, 1.0)
    # More than the dead one's last entry says, which may be some seconds older than its checkpoint.
    resumed.open(carried_energy_kwh=1.5e-5)
    resumed.complete(energy_kwh=6e-5, duration_s=8.0)
    assert lost_energy_kwh(tmp_path, "c") == pytest.approx(2e-5)
