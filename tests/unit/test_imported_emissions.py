"""Runs whose energies are in CodeCarbon's own file."""

import csv
import dataclasses
import io
import itertools
import time

import pytest
from codecarbon import OfflineEmissionsTracker
from imported_cases import SEEDS, SIZES, reading, records, refusal, table  # noqa: F401

from ecosobriety.imported import RunsError, require_own_rows

# CodeCarbon writes the file, in half a second of windows.
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def emissions(tmp_path_factory):
    """CodeCarbon's own file of four runs, and their ids."""
    folder = tmp_path_factory.mktemp("codecarbon")
    ids = []
    for i, (n_train, _) in enumerate(itertools.product(SIZES, SEEDS)):
        tracker = OfflineEmissionsTracker(
            country_iso_code="FRA",
            output_dir=str(folder),
            experiment_id=f"experiment-{i}",
            force_cpu_power=100,
            log_level="critical",
            allow_multiple_runs=True,
            tracking_mode="machine",
            pue=1.5,
        )
        tracker.start()
        # In windows of a millisecond the energies of one size differ more than those of runs do, so
        # that a busy machine may turn the sizes round.
        time.sleep(n_train / 1000)
        tracker.stop()
        ids.append(str(tracker.run_id))
    return (folder / "emissions.csv").read_text(), ids


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_codecarbons_own_file_has_the_energies(read, emissions):
    text, ids = emissions
    found = read(table(energy_kwh=None, run_id=ids), text, country="FRA")
    assert found.notes == []
    record, row = records(read, found)[200, 1], rows_of(text)[2]
    assert record.energy_kwh == float(row["energy_consumed"]) / 1.5
    assert record.energy_cpu_kwh == float(row["cpu_energy"]) / 1.5
    assert record.train_duration_s == float(row["duration"])
    version = row["codecarbon_version"]
    assert record.energy_source == f"emissions.csv, row 3 (CodeCarbon {version})"
    assert record.metering["tool"] == "codecarbon"
    assert record.metering["country_iso3"] == "FRA"
    assert record.training["run_id"] == ids[2]
    assert record.training["pue"] == 1.5
    assert record.components["cpu"].quality == "imported"
    if not row["gpu_model"]:
        assert (record.device, record.accelerator) == (row["cpu_model"], "cpu")
    other = read(table(energy_kwh=None, run_id=ids), text, country="DEU")
    assert "metered in FRA, but metering.country is DEU" in other.notes[0]


def test_runs_are_found_by_their_experiment_too(read, emissions):
    text, ids = emissions
    own = [f"experiment-{i}" for i in (3, 2, 1, 0)]
    by = {"columns": {"experiment_id": "own"}}
    found = read(table(energy_kwh=None, own=own, run_id=ids), text, **by)
    assert found.runs[100, 1].metered.place == 3


@pytest.mark.parametrize(
    ("columns", "change", "said"),
    [
        ({}, None, "has no column run_id or experiment_id to find its runs in emissions.csv by"),
        ({"run_id": "x"}, None, '"run_id" is "x": it is no run_id of emissions.csv'),
        ({"run_id": ""}, None, '"run_id" is empty'),
        ({"run_id": 0}, "twice", "rows 1 and 5 have this run_id: keep the last if their durations"),
        ({"run_id": "same"}, None, "rows 1 and 2 both have the run_id"),
        ({"run_id": "one"}, None, "which has those of 3 of the 4 rows: it lacks this run's"),
        ({"run_id": 0, "energy_kwh": 1}, None, 'has the energies "energy_kwh", and emissions has'),
        ({"run_id": 0}, ("energy_consumed", "total"), "has no column energy_consumed"),
        ({"run_id": 0}, ("energy", 0), '"energy_consumed" is "0": it must be above 0'),
        ({"run_id": 0}, ("energy", 1e6), "components add up to"),
    ],
)
def test_what_does_not_fit_codecarbons_file_is_refused(read, emissions, columns, change, said):
    text, ids = emissions
    known = {0: ids, "same": [ids[0], ids[0], *ids[2:]], "one": ["x", *ids[1:]]}
    columns = {name: known.get(value, value) for name, value in columns.items()}
    if change == "twice":
        text += text.splitlines()[1] + "\n"
    elif change is not None and change[0] == "energy":
        text = text.replace(rows_of(text)[0]["energy_consumed"], str(change[1]))
    elif change is not None:
        text = text.replace(*change)
    assert said in refusal(read, table(**{"energy_kwh": None, **columns}), text)


@pytest.mark.parametrize("written", ["0.9", "120"])
def test_a_pue_that_no_data_centre_has_is_refused(read, emissions, written):
    text, ids = emissions
    rows = [row | {"pue": written} for row in rows_of(text)]
    changed = "\n".join([",".join(rows[0]), *(",".join(row.values()) for row in rows)])
    said = refusal(read, table(energy_kwh=None, run_id=ids), changed)
    assert f'"pue" is "{written}": it must be from 1 (what the machines take alone) to 10' in said


def test_rows_of_codecarbons_file_that_no_run_has_are_named(read, emissions):
    text, ids = emissions
    extra = text.splitlines()[1].replace(ids[0], "another")
    found = read(table(energy_kwh=None, run_id=ids), f"{text}{extra}\n")
    assert found.notes == ["emissions.csv: 1 of 5 rows are of no run that is used"]


def test_a_run_of_one_model_is_none_of_another(read, emissions, tmp_path):
    text, ids = emissions
    first = read(table(energy_kwh=None, run_id=ids), text)
    one = (read.spec, first)
    other = (dataclasses.replace(read.spec, model="other"), first)
    require_own_rows([one], tmp_path)
    with pytest.raises(RunsError) as error:
        require_own_rows([one, other], tmp_path)
    assert error.value.key == "emissions"
    assert "its row 1 is a run of llm already" in error.value.text
    assert "count for other too" in error.value.text
