"""Records and tables: written whole, read only if they follow the contract."""

import json

import pandas as pd
import pytest

from ecosobriety.errors import RecordError
from ecosobriety.files import write_json
from ecosobriety.metrics import ACCURACY
from ecosobriety.records.collecting import Asked, collect, find_refused, stands
from ecosobriety.records.record import (
    DIGEST,
    RunRecord,
    content_digest,
    read_record,
    run_columns,
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
ASKED = Asked("00", {"mlp": {"class_path": "mlp"}}, {"training.epochs": 20}, "0123456789abcdef")


def record_of(seed=1, **changes):
    own = {"seed": seed, "identity": ASKED.identity((*KEY[:3], seed))}
    return RunRecord.model_validate(RECORD | own | changes)


@pytest.fixture
def record():
    return record_of()


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
    refused = tmp_path / "seed1.json.refused"
    assert not stands(path, KEY, record.identity)
    write_record(path, record)
    assert stands(path, KEY, record.identity)
    assert not refused.exists()
    assert not stands(path, KEY, "another training")
    assert refused.exists()
    assert not path.exists()
    write_record(path, record)
    path.write_text(path.read_text()[:200])
    assert not stands(path, KEY, record.identity)
    assert str(path) in caplog.text


def test_collected_records_are_the_table_of_the_contract(record, tmp_path):
    paths = [tmp_path / f"seed{seed}.json" for seed in (2, 1)]
    for path, seed in zip(paths, (2, 1), strict=True):
        write_record(path, record_of(seed))
    keys = [(*KEY[:3], seed) for seed in (2, 1)]
    runs = collect(dict(zip(paths, keys, strict=True)), ASKED)
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
    runs = change(collect({tmp_path / "seed1.json": KEY}, ASKED))
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


def forge(path, change):
    """Change a record's file and keep its digest, as an editor would; or renew it, too."""
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    return content


def times_ten(content):
    for name in ("energy_kwh", "energy_cpu_kwh", "energy_ram_kwh"):
        content[name] *= 10


FORGED = {
    "its energy alone": (lambda c: c.update(energy_kwh=8.5e-5), "components add to 8.5e-06"),
    "all its energies": (times_ten, "changed by hand"),
    "its accuracy": (lambda c: c.update(test_accuracy=0.99), "changed by hand"),
    "its settings": (lambda c: c["training"].update(epochs=10), "changed by hand"),
    "its code": (lambda c: c.update(code_fingerprint="ff"), "changed by hand"),
    "no digest": (lambda c: c.pop(DIGEST), "changed by hand"),
    "null": (lambda c: c.update(energy_kwh=None), "energy_kwh"),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_record_that_was_changed_is_refused(record, tmp_path, name):
    change, said = FORGED[name]
    path = tmp_path / "seed1.json"
    write_record(path, record)
    forge(path, change)
    with pytest.raises(RecordError, match=rf"seed1\.json is not a valid run record .*{said}"):
        read_record(path)


def test_a_record_laid_out_otherwise_is_the_same(record, tmp_path):
    path = tmp_path / "seed1.json"
    write_record(path, record)
    content = json.loads(path.read_text())
    path.write_text(json.dumps(dict(sorted(content.items())), indent=None))
    assert read_record(path) == record


CONTRADICTIONS = {
    "energy_kwh is 8.5e-06, but its components add to 9.5e-06": {"energy_gpu_kwh": 1e-6},
    "components add to 0": {"energy_cpu_kwh": None, "energy_ram_kwh": None},
    "epochs add to 1.7e-05": {"epoch_log": RECORD["epoch_log"] * 2},
    "train_duration_s is 1.25, but its epochs add to 2.5": {
        "epoch_log": [{**RECORD["epoch_log"][0], "energy_kwh": None}] * 2
    },
    "was the clock set back": {"ended_at": "2025-12-31T23:59:50+00:00"},
    "no times": {"ended_at": "yesterday"},
    'no times: started_at "2026-01-01T00:00:00.000000"': {
        "started_at": "2026-01-01T00:00:00.000000"
    },
}


@pytest.mark.parametrize("said", CONTRADICTIONS)
def test_a_record_whose_parts_contradict_each_other_is_refused(tmp_path, said):
    content = {**RECORD, **CONTRADICTIONS[said]}
    if "train_duration_s" in said:
        content["train_duration_s"] = 1.25
        content["epoch_log"] = [{**e, "duration_s": 1.25} for e in content["epoch_log"]]
    # Its digest is right: whoever wrote it so meant it.
    content = RunRecord.model_validate(content).model_dump(mode="json")
    path = tmp_path / "seed1.json"
    write_json(path, {**content, DIGEST: content_digest(content)})
    with pytest.raises(RecordError) as error:
        read_record(path)
    assert said in str(error.value)


def test_a_training_that_was_taken_up_again_has_a_longer_window(tmp_path):
    write_record(tmp_path / "a.json", record_of(ended_at="2026-01-03T00:00:00+00:00"))
    assert read_record(tmp_path / "a.json").train_duration_s == 1.25


@pytest.mark.parametrize(
    "text", [b"\xff\xfe", b"[]", b"null", b"[" * 100_000, b'{"n_train": 1' + b"0" * 5000]
)
def test_what_is_no_record_at_all_is_refused_by_name(tmp_path, text):
    path = tmp_path / "seed1.json"
    path.write_bytes(text)
    with pytest.raises(RecordError, match=r"seed1\.json is not a valid run record"):
        read_record(path)


def test_a_folder_in_a_records_place_is_refused_by_name(tmp_path):
    (tmp_path / "seed1.json").mkdir()
    with pytest.raises(RecordError, match=r"seed1\.json cannot be read"):
        read_record(tmp_path / "seed1.json")


@pytest.fixture
def mixed(record, tmp_path):
    """Records of which the first alone counts, by file, and the training that each must be of."""
    paths = [tmp_path / f"seed{seed}.json" for seed in range(1, 6)]
    write_record(paths[0], record)
    paths[1].write_text(paths[0].read_text()[:500])
    write_record(paths[2], record)
    write_record(paths[3], record_of(4, dataset_sha256="ff", identity="ff"))
    write_record(paths[4], record_of(5))
    forge(paths[4], times_ten)
    return {path: (*KEY[:3], seed) for seed, path in enumerate(paths, start=1)}


def test_what_does_not_count_is_found_and_left_where_it_is(mixed, tmp_path):
    missing = {tmp_path / "seed9.json": (*KEY[:3], 9)}
    refused = find_refused(mixed | missing, ASKED)
    assert list(refused) == list(mixed)[1:]
    assert all(path.exists() for path in mixed)
    _, third, fourth, fifth = refused.values()
    assert (
        "seed3.json is the record of digits/mlp/n600/seed1, not of digits/mlp/n600/seed3" in third
    )
    assert 'seed4.json is of another training (identity "ff")' in fourth
    assert "changed by hand" in fifth


def test_truncated_changed_and_foreign_records_are_set_aside(mixed):
    good, *bad = mixed
    with pytest.raises(
        RecordError, match=r"seed2\.json .*; set aside as \*\.refused, as are 3 more"
    ):
        collect(mixed, ASKED)
    assert good.exists()
    for path in bad:
        assert not path.exists()
        assert path.with_name(f"{path.name}.refused").exists()
