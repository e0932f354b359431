"""Runs that exist already: their tables, CodeCarbon's file, and what of them is refused."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from imported_cases import SEEDS, SIZES, reading, records, refusal, table  # noqa: F401

from ecosobriety.imported import (
    ImportSpec,
    RunsError,
    content_digest,
    read_imports,
)
from ecosobriety.metrics import ACCURACY, metric_from
from ecosobriety.records.collecting import runs_of
from ecosobriety.records.record import read_record, write_record
from ecosobriety.tables import check_table

MLFLOW = (
    "run_id,experiment_id,status,artifact_uri,start_time,end_time,metrics.acc,metrics.kwh,"
    "metrics.seconds,params.n_train,params.seed,tags.mlflow.user"
)
"""The columns that `mlflow experiments csv` writes."""
WANDB = '"Name","State","Notes","User","Tags","Created","Runtime","n","random_seed","acc","kwh"'
"""The columns that the runs' table of Weights & Biases exports."""


def test_a_table_is_taken_as_it_is(read, tmp_path):
    found = read(table(device="GH200", epochs=3, batch_size="32.0"))
    assert found.notes == [
        "runs.csv: the energies of 4 of 4 runs cannot be checked against a power, as the table "
        "does not say how long they took (duration_s, or started_at and ended_at): make sure that "
        "they are in kWh"
    ]
    record = records(read, found)[200, 2]
    assert (record.n_train, record.seed, record.scores) == (200, 2, {"accuracy": 0.9})
    assert (record.energy_kwh, record.energy_quality) == (0.002, "imported")
    assert record.energy_source == "runs.csv, row 4"
    assert record.training == {"runs": "runs.csv", "row": 4, "energy": "stated", "tool": None}
    assert (record.device, record.epochs, record.batch_size) == ("GH200", 3.0, 32)
    assert record.window == "imported"
    for name in ("train_duration_s", "threads", "started_at", "attempt", "flop_train"):
        assert getattr(record, name) is None
        assert record.missing[name] == "the imported table does not say it"
    write_record(tmp_path / "r.json", record)
    assert read_record(tmp_path / "r.json") == record


def test_operations_of_any_training_and_losses_of_any_sign_are_taken(read, tmp_path):
    """Hugging Face's Trainer writes total_flos; a density's logarithm can be above 0."""
    text = table(total_flos=["3.3e+17", "150000000000000001", "4e25", 7], test_loss=-0.4)
    found = read(text, columns={"flop_train": "total_flos"})
    taken = records(read, found)
    operations = [taken[key].flop_train for key in ((100, 1), (100, 2), (200, 1), (200, 2))]
    assert operations == [330_000_000_000_000_000, 150_000_000_000_000_001, 4 * 10**25, 7]
    assert taken[100, 1].test_loss == -0.4
    runs = check_table("runs", runs_of([*taken.values()]))
    assert runs["flop_train"].tolist() == [float(one) for one in operations]
    assert set(runs["test_loss"]) == {-0.4}
    said = refusal(read, table(total_flos=1e31), columns={"flop_train": "total_flos"})
    assert '"1e+31": it must be a whole number from 0 to 1e+30 (columns.flop_train: null' in said


def test_power_and_time_give_the_energy(read):
    found = read(table(energy_kwh=None, duration_s=3600, power_w=250))
    run = found.runs[100, 1]
    assert (run.energy.kwh, run.energy.how, run.energy.duration_s) == (0.25, "power", 3600)


def test_the_table_runs_of_a_study_is_one_of_runs(read):
    text = table(accuracy=None, test_accuracy=0.9, test_macro_f1=0.8, train_duration_s=60)
    record = records(read, read(text))[100, 1]
    assert record.scores == {"accuracy": 0.9, "macro_f1": 0.8}
    assert record.train_duration_s == 60
    assert record.short_window is False


def test_what_mlflow_exports_is_read_with_a_mapping(read):
    rows = [
        f"r{n}{s},0,FINISHED,file:///x,2026-01-01 10:00:00.123000+00:00,"
        f"2026-01-01 11:00:00+00:00,0.9,{n / 1e4},3000.0,{n},{s},me"
        for n in SIZES
        for s in SEEDS
    ]
    rows += ["bad,0,FAILED,file:///x,2026-01-01 09:00:00+00:00,,,0.5,,100,1,me"]
    rows += ["other,0,FINISHED,file:///x,,,0.1,1,1000,700,1,me"]
    columns = {"n_train": "params.n_train", "seed": "params.seed", "accuracy": "metrics.acc"}
    columns |= {"energy_kwh": "metrics.kwh", "duration_s": "metrics.seconds"}
    columns |= {"started_at": "start_time", "ended_at": "end_time"}
    found = read("\n".join([MLFLOW, *rows]), columns=columns)
    assert found.notes == [
        "runs.csv: 2 of 6 rows are not used: 1 that grid does not ask for, as n_train 700 and "
        "seed 1, 1 not finished (FAILED)"
    ]
    record = records(read, found)[100, 1]
    assert record.started_at == "2026-01-01T10:00:00.123000+00:00"
    assert record.lost_energy_kwh == 0.5


def test_what_weights_and_biases_exports_is_read_with_a_mapping(read):
    rows = [
        f'"run-{n}-{s}","finished","-","me","","2026-01-01T10:00:00.000Z","3600","{n}","{s}",'
        f'"0.9{s}","{n / 1e4}"'
        for n in SIZES
        for s in SEEDS
    ]
    columns = {"n_train": "n", "seed": "random_seed", "accuracy": "acc", "energy_kwh": "kwh"}
    columns["duration_s"] = "Runtime"
    crashed = rows[0].replace("finished", "crashed").replace('"0.91","0.01"', '"",""')
    found = read("\n".join([WANDB, crashed, *rows]), columns=columns)
    assert found.runs[100, 1].place == 1
    assert found.notes == ["runs.csv: 1 of 5 rows are not used: 1 not finished (crashed)"]
    said = refusal(read, "\n".join([WANDB, crashed, *rows[1:]]), columns=columns)
    assert "has no finished run with n_train 100 and seed 1, which grid asks for: row 1" in said
    assert said.endswith('is "crashed"')


def test_rows_of_other_models_are_left_out(read):
    models = ["llm", "llm", "llm", "llm"]
    assert len(read(table(model=models)).runs) == len(SIZES) * len(SEEDS)
    assert 'has no row whose "model" is "llm": it holds "gpt"' in refusal(read, table(model="gpt"))
    read(table(model="gpt"), columns={"model": None})
    found = read(table(dataset="mine", duration_s=600) + "\n100,1,0.7,0.1,other,600")
    assert found.notes == ["runs.csv: 1 of 5 rows are not used: 1 of another model or data set"]


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"n_train": None}, 'has no column "n_train": name one with columns.n_train'),
        ({"seed": None, "params.seed": 1}, 'columns.seed (did you mean "params.seed"?)'),
        ({"accuracy": None}, 'has no column "accuracy"'),
        ({"energy_kwh": None}, "has no column energy_kwh, nor duration_s and power_w"),
        ({"energy_kwh": None, "power_w": 200}, "has no column energy_kwh"),
        ({"test_accuracy": 0.5}, 'has the columns "accuracy", "test_accuracy": say with columns.'),
        ({"n_train": [100, 100, 100.5, 200]}, '"n_train" is "100.5": it must be a whole number'),
        ({"n_train": ["10k", 100, 200, 200]}, '"n_train" is "10k": it must be a finite number'),
        ({"seed": [1, "", 1, 2]}, "has no run with n_train 100 and seed 2, which grid asks for"),
        ({"seed": [1, -2, 1, 2]}, '"seed" is "-2": it must be a whole number of at least 0'),
        ({"seed": [1, 1, 1, 2]}, "rows 1 and 2 are both of n_train 100 and seed 1"),
        (
            {"seed": [1, 1, 1, 2], "notes": ["a", "b", "c", "d"], "fold": [1, 2, 1, 1]},
            'keep the one that counts (they differ in "fold": "1" and "2")',
        ),
        ({"seed": [1, 2, 1, 3]}, "has no run with n_train 200 and seed 2, which grid asks for"),
        (
            {"model": ["LLM", "llm", "llm", "llm"]},
            'for: in row 1 (counted from 1, without the header) "model" is "LLM", not "llm"',
        ),
        (
            {"model": ["llm", "llm", "llm", ""]},
            'for: in row 4 (counted from 1, without the header) "model" is "", not "llm"',
        ),
        ({"seed": [1, 5, 1, 3]}, "n_train 100 and seed 2, which grid asks for, and lacks 1 more"),
        ({"energy_kwh": [1, 0, 1, 1]}, '"energy_kwh" is "0": it must be above 0'),
        ({"energy_kwh": [1, -1, 1, 1]}, '"energy_kwh" is "-1": it must be above 0'),
        ({"energy_kwh": [1, "nan", 1, 1]}, 'there is no energy: "energy_kwh" must be above 0'),
        ({"accuracy": [0.5, "NaN", 0.5, 0.5]}, '"accuracy" is "NaN": it must be a number'),
        ({"energy_kwh": [1, "1e999", 1, 1]}, 'is "1e999": it must be a finite number'),
        ({"energy_kwh": [1, "3 kWh", 1, 1]}, 'is "3 kWh": it must be a finite number'),
        ({"energy_kwh": [1, "", 1, 1]}, 'there is no energy: "energy_kwh" must be above 0'),
        ({"energy_kwh": [1, '"0,5"', 1, 1]}, "(decimals are written with a point)"),
        ({"n_train": ['"10,000"', 100, 200, 200]}, "(write thousands without a separator, and"),
        ({"n_train": ["10 000", 100, 200, 200]}, "(write thousands without a separator, and"),
        ({"energy_kwh": [1, '"1.234,5"', 1, 1]}, "(decimals are written with a point)"),
        ({"accuracy": [0.5, 87, 0.5, 0.5]}, "must be from 0 to 1 (did you mean 0.87?)"),
        ({"accuracy": [0.5, "", 0.5, 0.5]}, '"accuracy" is empty: it must be a number'),
        ({"macro_f1": 3}, '"macro_f1" is "3": it must be from 0 to 1'),
        ({"epochs": 0}, '"epochs" is "0": it must be above 0'),
        ({"threads": 1.5}, '"threads" is "1.5": it must be a whole number'),
        ({"threads": -1}, "of at least 1 (columns.threads: null leaves it out)"),
        ({"test_note": ["1", "ok", 1, 1]}, "number (columns.test_note: null leaves it out)"),
        (
            {"state": "zombie"},
            '"state" is "zombie": it must be a word that docs/how-to/own-runs.md lists, such as ',
        ),
        ({"started_at": "2026-01-01T10:00:00"}, "with its zone"),
        ({"started_at": "2126-01-01T10:00:00Z"}, "must not be in the future"),
        ({"ended_at": "yesterday"}, "must be a time in ISO 8601"),
        (
            {"started_at": "2026-01-01T10:00:00Z", "ended_at": "2026-01-01T09:00:00Z"},
            "is -3600 s after its start",
        ),
        ({"energy_cpu_kwh": 3}, "the components add up to 3 kWh, but the energy is 0.001"),
        ({"energy_cpu_kwh": -1}, '"energy_cpu_kwh" is "-1": it must be 0 or more'),
        ({"accelerator": "auto"}, '"accelerator" is "auto": it must be cpu or cuda (columns.acc'),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(read, columns, said):
    assert said in refusal(read, table(**columns))


@pytest.mark.parametrize(
    ("written", "kind"), [("cpu", "cpu"), ("CPU", "cpu"), ("gpu", "cuda"), ("cuda", "cuda")]
)
def test_a_gpu_is_cuda(read, written, kind):
    runs = read(table(accelerator=written)).runs
    assert {run.further["accelerator"] for run in runs.values()} == {kind}


@pytest.mark.parametrize(
    ("kwh", "duration_s", "power_w", "said"),
    [
        (100, 36, None, "means 1e+07 W over 36 s, but must be within 1 to 20000 W"),
        (720_000, 3600, None, "is the energy in J?"),
        (200, 3600, None, "is the energy in Wh or the duration in hours?"),
        (0.2, 3_600_000, None, "is the energy in MWh or the duration in milliseconds?"),
        (1e-8, 3600, None, "means 1e-05 W"),
        (3e-4, 3600, None, "means 0.3 W over 3600 s, but must be within 1 to"),
        (200, 3600, 200, "power_w x duration_s is 0.2: is it in Wh?"),
        (720_000, 3600, 200, "is it in J?"),
        (5, 3600, 200, "must be in kWh, and power_w x duration_s is 0.2"),
        (None, 3600, 200_000, '"power_w" is "200000": it means 2e+05 W'),
        (None, 0, 200, '"duration_s" is "0": it must be above 0'),
        (None, "", 200, 'there is no energy: "duration_s" must be above 0'),
    ],
)
def test_a_unit_that_cannot_be_is_refused(read, kwh, duration_s, power_w, said):
    assert said in refusal(read, table(energy_kwh=kwh, duration_s=duration_s, power_w=power_w))


def timed(seconds, **columns):
    ended = f"2026-01-01T10:{seconds // 60:02}:{seconds % 60:02}Z"
    return table(started_at="2026-01-01T10:00:00Z", ended_at=ended, **columns)


def test_start_and_end_say_how_long_a_run_took(read):
    found = read(timed(600, energy_kwh=0.05))
    assert found.notes == []
    assert found.runs[100, 1].energy.duration_s == 600
    assert records(read, found)[100, 1].train_duration_s == 600
    assert "is the energy in Wh?" in refusal(read, timed(600, energy_kwh=50))
    said = refusal(read, timed(600, energy_kwh=50, power_w=300))
    assert "power_w x (ended_at - started_at) is 0.05: is it in Wh?" in said
    assert read(timed(600, energy_kwh=None, power_w=300)).runs[100, 1].energy.kwh == 0.05
    assert "must be after its start" in refusal(read, timed(0, energy_kwh=None, power_w=300))
    assert read(timed(0)).runs[100, 1].energy.duration_s is None


def test_a_run_that_failed_counts_its_time_too(read):
    text = timed(600, energy_kwh=None, power_w=300, state="finished")
    failed = text.splitlines()[1].replace("finished", "timeout")
    assert read(f"{text}\n{failed}").runs[100, 1].lost_kwh == 0.05


@pytest.mark.parametrize(
    ("lost", "said"),
    [(3e4, "must be within 1 to 20000 W"), (-1, "must be above 0"), (0, None), ("", None)],
)
def test_an_energy_that_cannot_be_is_refused_of_a_failed_run_too(read, lost, said):
    text = table(duration_s=600, energy_kwh=0.05, state="finished")
    failed = f"100,1,0.5,{lost},600,failed"
    if said is None:
        assert read(f"{text}\n{failed}").runs[100, 1].lost_kwh == 0
    else:
        assert said in refusal(read, f"{text}\n{failed}")


def test_a_cluster_may_draw_more(read):
    text = table(energy_kwh=None, duration_s=3600, power_w=200_000)
    assert read(text, max_power_w=1e6).runs[100, 1].energy.kwh == 200


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"seed": "params.seed"}, 'columns.seed is "params.seed", but runs.csv has no such column'),
        ({"seed": "sed"}, '(did you mean "seed"?)'),
        ({"sed": "seed"}, 'columns.sed is no column that is read (did you mean "seed"?)'),
        (
            {"accuracy": "accuracy", "test_accuracy": "accuracy"},
            "columns.test_accuracy means what columns.accuracy means: leave one out",
        ),
    ],
)
def test_a_wrong_mapping_is_refused(read, columns, said):
    assert said in refusal(read, table(), columns=columns)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "holds no row"),
        ("n_train;seed\n1;2", "has semicolons between the names"),
        ("n_train,seed,seed\n1,2,3", 'has 2 columns with the name "seed"'),
        ('{"a": 1}\n', "is JSON, but must be a table in CSV"),
        ("PAR1xxx", "a Parquet file, but must be a table in CSV"),
        (
            "n_train,seed,a\n1,2,3\nseed,n_train,b\n",
            "row 2 (counted from 1, without the header) is a",
        ),
        ("n_train,seed,a\n1,2,3\nseed,n_train,a,b\n", "is a second header, with other columns"),
        ("n_train,seed\n1,2,3\n", "it has 3 field(s), but the header 2"),
    ],
)
def test_what_is_no_table_is_refused(read, content, said):
    assert said in refusal(read, content)


def test_a_file_that_is_missing_is_refused(tmp_path):
    spec = ImportSpec("llm", "mine", "gone.csv")
    with pytest.raises(RunsError, match=r'runs is "gone\.csv", but cannot be read: No such file'):
        content_digest(spec, tmp_path)


@pytest.mark.parametrize("word", ["NaN", "None", "null", "N/A", "NA", "NaT", "<NA>"])
def test_a_word_for_nothing_is_a_missing_value(read, word):
    names = ("energy_gpu_kwh", "power_w", "batch_size", "test_loss", "macro_f1", "device")
    found = read(table(**dict.fromkeys((*names, "started_at"), word)))
    run = found.runs[100, 1]
    assert not run.further
    assert run.energy.parts["energy_gpu_kwh"] is None
    assert run.scores["macro_f1"] is None


def test_states_of_slurm_are_known(read):
    ended = ["OUT_OF_MEMORY", "CANCELLED by 1000", "COMPLETED", "ok", "COMPLETED", "Finished"]
    rows = table().splitlines()
    lines = [rows[0], rows[1], rows[1], *rows[1:]]
    text = "\n".join(
        f"{line},{state}" for line, state in zip(lines, ["state", *ended], strict=True)
    )
    found = read(text)
    assert found.runs[100, 1].lost_kwh == pytest.approx(0.002)


def test_one_column_has_one_meaning(read):
    said = refusal(read, table(), columns={"energy_kwh": "accuracy"})
    assert '"accuracy" is its column of both energy_kwh and accuracy' in said
    # A run may be called by its seed.
    read(table(), columns={"run_id": "seed"})


def test_a_column_of_text_is_no_further_score(read):
    found = read(table(test_set="v1", test_top5="0.95"))
    assert found.runs[200, 1].scores == {"accuracy": 0.9, "top5": 0.95}
    assert '"test_top5" is "a"' in refusal(read, table(test_top5=["a", 0.9, 0.9, 0.9]))


def test_a_metric_of_the_user_has_no_limits(read):
    metric = metric_from({"name": "bleu", "better": "higher"})
    found = read(table(bleu=31.5), metric=metric)
    assert records(read, found)[100, 1].scores["bleu"] == 31.5


CELLS = st.one_of(
    st.sampled_from(["", "0", "1", "100", "200", "0.5", "nan", "-1", "1e400", '"a,b"', "finished"]),
    st.text(st.characters(exclude_characters='",\r\n\0', exclude_categories=["Cs"]), max_size=5),
)
NAMES = st.sampled_from(
    ["n_train", "seed", "accuracy", "energy_kwh", "duration_s", "power_w", "state", "model", "x"]
)


@given(st.data())
@settings(max_examples=80, deadline=None)
def test_any_table_is_read_or_refused_in_one_line(tmp_path_factory, data):
    names = data.draw(st.lists(NAMES, min_size=1, max_size=7))
    rows = data.draw(st.lists(st.lists(CELLS, min_size=len(names), max_size=len(names))))
    folder = tmp_path_factory.getbasetemp()
    (folder / "any.csv").write_text("\n".join(",".join(row) for row in [names, *rows]))
    spec = ImportSpec("llm", "mine", "any.csv")
    message = None
    try:
        found = read_imports(spec, [100], [1], ACCURACY, folder)
    except RunsError as error:
        message = str(error)
    assert message is None or (message.isprintable() and len(message) <= 300)
    assert message is not None or found.runs[100, 1].energy.kwh > 0
