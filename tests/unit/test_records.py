"""Records and tables: written whole, read only if they follow the contract."""

import json

import pandas as pd
import pytest

from ecosobriety.errors import RecordError
from ecosobriety.metrics import ACCURACY
from ecosobriety.records import (
    RunRecord,
    collect,
    read_record,
    run_columns,
    stands,
    write_json,
    write_record,
)
from ecosobriety.tables import (
    SCHEMAS,
    read_table,
    table_suffixes,
    write_large_table,
    write_table,
)

RECORD = {
    "dataset": "digits",
    "model": "mlp",
    "n_train": 600,
    "seed": 1,
    "epochs": 20.0,
    "steps": 380,
    "batch_size": 32,
    "test_accuracy": 0.96,
    "test_loss": 0.15,
    "train_duration_s": 1.25,
    "energy_kwh": 8.5e-6,
    "energy_cpu_kwh": 1.5e-6,
    "energy_gpu_kwh": None,
    "energy_ram_kwh": 7.0e-6,
    "eval_energy_kwh": 1.0e-7,
    "lost_energy_kwh": 0.0,
    "energy_quality": "estimated",
    "energy_source": "cpu_load+ram_model",
    "flop_forward": 9472,
    "flop_train": 325_632_000,
    "device": "A processor",
    "accelerator": "cpu",
    "threads": 2,
    "peak_memory_mb": 528.0,
    "short_window": False,
    "attempt": "20260101T000000Z-host-1-abcdef",
    "identity": "fedcba9876543210",
    "started_at": "2026-01-01T00:00:00.000000+00:00",
    "ended_at": "2026-01-01T00:00:01.250000+00:00",
    "other_cpu_share": 0.02,
    "components": {"gpu": {"quality": None, "source": None, "reason": "no GPU found"}},
    "epoch_log": [{"epoch": 0, "duration_s": 1.25, "energy_kwh": 8.5e-6, "metrics": {}}],
    "training": {"epochs": 20},
    "metering": {"tool": "codecarbon"},
    "hardware": {"cpu": "A processor"},
    "job": {"node": "node1", "slurm_job_id": "7", "slurm_cpus_on_node": "2"},
    "versions": {"torch": "2.13.0"},
    "dataset_sha256": "00",
    "code_fingerprint": "0123456789abcdef",
}


KEY = ("digits", "mlp", 600, 1)


@pytest.fixture
def record():
    return RunRecord.model_validate(RECORD)


def test_a_record_survives_writing_and_reading(record, tmp_path):
    write_record(tmp_path / "a/b/seed1.json", record)
    assert read_record(tmp_path / "a/b/seed1.json") == record


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"energy_kwh": 0.0}, "energy_kwh"),
        ({"energy_kwh": -1.0}, "energy_kwh"),
        ({"energy_kwh": "NaN"}, "energy_kwh"),
        ({"test_accuracy": 1.01}, "test_accuracy"),
        ({"n_train": 0}, "n_train"),
        ({"energy_quality": "guessed"}, "energy_quality"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_an_impossible_record_is_refused_by_name(tmp_path, change, named):
    path = tmp_path / "seed1.json"
    path.write_text(json.dumps(RECORD | change))
    with pytest.raises(RecordError, match=rf"seed1\.json .*{named}"):
        read_record(path)


@pytest.mark.parametrize("length", [0, 1, 100, 800])
def test_a_truncated_record_is_refused_by_name(tmp_path, length):
    path = tmp_path / "seed1.json"
    path.write_text(json.dumps(RECORD)[:length])
    with pytest.raises(RecordError, match=r"seed1\.json is not a valid run record"):
        read_record(path)


def test_a_failed_write_leaves_the_old_file_and_no_other(record, tmp_path):
    path = tmp_path / "seed1.json"
    write_record(path, record)
    before = path.read_bytes()
    with pytest.raises(ValueError, match="JSON"):
        write_json(path, {"energy_kwh": float("nan")})
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_record_stands_for_its_own_training_alone(record, tmp_path, caplog):
    path = tmp_path / "seed1.json"
    assert not stands(path, record.identity)
    write_record(path, record)
    assert stands(path, record.identity)
    assert not stands(path, "another training")
    path.write_text(path.read_text()[:200])
    assert not stands(path, record.identity)
    assert str(path) in caplog.text


def test_collected_records_are_the_table_of_the_contract(record, tmp_path):
    paths = [tmp_path / f"seed{seed}.json" for seed in (2, 1)]
    for path, seed in zip(paths, (2, 1), strict=True):
        write_record(path, record.model_copy(update={"seed": seed}))
    runs = collect({path: (*KEY[:3], seed) for path, seed in zip(paths, (2, 1), strict=True)}, "00")
    assert list(runs.columns) == run_columns(ACCURACY) == list(SCHEMAS["runs"].columns)
    assert runs["seed"].tolist() == [1, 2]
    write_table("runs", runs, tmp_path / "runs.csv")
    again = read_table("runs", tmp_path / "runs.csv")
    assert again["energy_kwh"].tolist() == [8.5e-6, 8.5e-6]
    assert again["energy_gpu_kwh"].isna().all()
    write_table("runs", runs, tmp_path / "runs.parquet")
    pd.testing.assert_frame_equal(read_table("runs", tmp_path / "runs.parquet"), again)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda t: t.drop(columns="steps"), "steps"),
        (lambda t: t.assign(colour="red"), "colour"),
        (lambda t: t.assign(test_accuracy=1.5), "test_accuracy"),
        (lambda t: t.assign(energy_kwh=float("inf")), "energy_kwh"),
        (lambda t: t.assign(energy_quality="guessed"), "energy_quality"),
        (lambda t: pd.concat([t, t]), "uniqueness"),
    ],
)
def test_a_table_that_breaks_the_contract_is_not_written(record, tmp_path, change, named):
    write_record(tmp_path / "seed1.json", record)
    runs = change(collect({tmp_path / "seed1.json": KEY}, "00"))
    with pytest.raises(RecordError, match=named):
        write_table("runs", runs, tmp_path / "runs.csv")
    assert not (tmp_path / "runs.csv").exists()


def many_savings(rows):
    return pd.DataFrame(
        {
            "dataset": "digits",
            "model": "mlp",
            "n_train": range(1, rows + 1),
            "country_iso3": "NAM",
            "source": "gas, with CCS",
            "coverage": 0.0,
            "energy_saved_kwh": 1 / 3,
            "emissions_saved_g": None,
            "cost_saved": 0.1,
            "saved_share": 0.5,
        }
    )


def test_a_large_table_is_parquet_and_csv_beside_it_while_it_is_small(tmp_path, monkeypatch):
    monkeypatch.setattr("ecosobriety.tables.CSV_UP_TO_ROWS", 3)
    path = tmp_path / "savings.parquet"
    write_large_table("savings", many_savings(3), path)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["savings.csv", "savings.parquet"]
    small = read_table("savings", path)
    pd.testing.assert_frame_equal(read_table("savings", tmp_path / "savings.csv"), small)
    assert small["energy_saved_kwh"].tolist() == [1 / 3] * 3
    # The CSV of the smaller study would tell of something else than the table.
    write_large_table("savings", many_savings(4), path)
    assert [file.name for file in tmp_path.iterdir()] == ["savings.parquet"]
    assert len(read_table("savings", path)) == 4


def test_the_files_of_a_table_are_known_from_its_rows():
    assert table_suffixes("scenarios", 100_000) == (".parquet", ".csv")
    assert table_suffixes("scenarios", 100_001) == (".parquet",)
    assert table_suffixes("runs", 100_001) == (".csv",)


def test_truncated_and_foreign_records_are_set_aside_and_named(record, tmp_path, caplog):
    good, truncated, foreign, other_data = (tmp_path / f"seed{seed}.json" for seed in (1, 2, 3, 4))
    write_record(good, record)
    truncated.write_text(good.read_text()[:500])
    write_record(foreign, record)
    write_record(other_data, record.model_copy(update={"seed": 4, "dataset_sha256": "ff"}))
    paths = {
        path: (*KEY[:3], seed)
        for seed, path in enumerate([good, truncated, foreign, other_data], start=1)
    }
    with pytest.raises(RecordError) as error:
        collect(paths, "00")
    for name in ("seed2.json", "seed3.json", "seed4.json"):
        assert name in caplog.text
        assert not (tmp_path / name).exists()
        assert (tmp_path / f"{name}.refused").exists()
    assert "seed2.json" in str(error.value)
    assert "as are 2 more that the log names: run the study again" in str(error.value)
    assert good.exists()
