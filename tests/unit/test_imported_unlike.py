"""Imported runs that no one comparison can hold, by their names, units or making, are named."""

from typing import Any

import pytest
from imported_cases import reading, refusal, table  # noqa: F401

from ecosobriety.imported import ImportSpec, RunsError, read_imports, require_own_rows
from ecosobriety.metric_names import higher_by_name
from ecosobriety.metrics import ACCURACY, METRICS, Metric

SCORES = [0.8512, 0.8533, 0.9041, 0.9017]
TIMES = [36.0, 36.5, 72, 73]
SIZES, SEEDS = (100, 200), (1, 2)
WINDOWS = {
    "started_at": "2026-01-31T12:00:00Z",
    "ended_at": [f"2026-01-31T12:0{at}Z" for at in ("0:36", "0:37", "1:12", "1:13")],
}
WATTS = [0.0001, 0.00011, 0.0002, 0.00021]
CPU = [0.0009, 0.001, 0.0019, 0.002]


def notes_of(found: Any) -> list[str]:
    return [note for note in found.notes if "cannot be checked against a power" not in note]


def only(notes: list[str], said: str | None) -> None:
    assert len(notes) == (said is not None), notes
    assert said is None or said in notes[0]
    assert all(len(note) < 300 for note in notes)


@pytest.mark.parametrize(
    ("role", "name", "said"),
    [
        *(("energy_kwh", name, "in that unit?") for name in ("energy_wh", "E [J]", "emissions")),
        *(("energy_kwh", name, "in that unit?") for name in ("metrics.energy_mwh", "mean_power")),
        *(("energy_kwh", name, "the whole run?") for name in ("gpu_energy", "gpu0_energy_kwh")),
        *(("energy_kwh", name, "the whole run?") for name in ("kwh_per_epoch", "energy_test_kwh")),
        ("energy_kwh", "energy_with_pue_kwh", "is it without a PUE?"),
        *(("energy_kwh", name, "in that unit?") for name in ("energyWh", "energy_BTU")),
        *(("energy_kwh", name, None) for name in ("energykWh", "consumption(kWh)", "trainEnergy")),
        *(
            ("duration_s", name, "whole run?")
            for name in ("epoch_time_s", "queue_time", "cpu_time")
        ),
        *(("n_train", name, "count training examples?") for name in ("test_size", "train_steps")),
        *(("n_train", name, None) for name in ("train_size", "N", "max_train_samples")),
        *(("accuracy", name, "is it that number?") for name in ("acc5", "acc@5", "hits@10")),
        *(("accuracy", name, "test data?") for name in ("valAccuracy", "oob_score", "cv_accuracy")),
        *(("accuracy", name, None) for name in ("testAccuracy", "precision@1", "acc@1", "test_1")),
        ("energy_kwh", "energy_cpu_gpu_ram", None),
        ("energy_kwh", "emissions.energy_consumed", None),
        *(("energy_kwh", name, None) for name in ("energy", "metrics.energy_kwh", "kwh", "total")),
        *(("duration_s", name, "in that unit?") for name in ("time_ms", "minutes", "_timestamp")),
        *(("duration_s", name, None) for name in ("Runtime", "duration_s_min", "train_time_sec")),
        *(("accuracy", name, "on the test data?") for name in ("train/acc", "best_val_accuracy")),
        *(("accuracy", name, "is a higher one better?") for name in ("test_error", "logloss")),
        *(("accuracy", name, "is it that number?") for name in ("f1", "top5_acc", "accuracy_std")),
        *(("accuracy", name, None) for name in ("test/acc", "eval_accuracy", "top-1 acc", "score")),
        *(("accuracy", name, "the best of") for name in ("best_test_acc", "test/acc__MAX")),
        ("accuracy", "test_acc_at_best_val", None),
    ],
)
def test_a_column_whose_name_is_of_something_else_is_named(
    read: Any, role: str, name: str, said: str | None
) -> None:
    columns: dict[str, Any] = {"accuracy": SCORES, "duration_s": TIMES}
    columns["n_train"] = [100, 100, 200, 200]
    columns |= {role: None, name: columns.get(role, [0.001, 0.00101, 0.002, 0.00201])}
    only(notes_of(read(table(**columns), columns={role: name})), said)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        *(("energy_unit", unit, "is energy_kwh in that unit?") for unit in ("Wh", "MJ", "joules")),
        *(("units", "Wh", "is energy_kwh in"), ("time_unit", "min", "is duration_s in that unit?")),
        *(("metric", "f1", "is it that number?"), ("metric_name", "top5_acc", "is it that number")),
        *(("split", "val", "on the test data?"), ("eval_split", "train", "on the test data?")),
        *(("energy_component", "gpu", "the whole run?"), ("pue", 1.4, "to be without one?")),
        *((f"{of}_unit", unit, None) for of, unit in (("power", "W"), ("power", "kW"))),
        *((f"{of}_unit", unit, None) for of, unit in (("emissions", "kg"), ("carbon", "g"))),
        *(("energy_unit", "kWh", None), ("time_unit", "s", None), ("duration_unit", "sec", None)),
        *(("metric", "accuracy", None), ("metric", "test_acc", None), ("pue", 1.0, None)),
        *(("split", "test", None), ("split", "train", None), ("unit", "images", None)),
        *(("mode", "train", None), ("component", "whole", None), ("energy_unit", "", None)),
    ],
)
def test_a_column_that_says_something_else_of_all_runs_is_named(
    read: Any, name: str, value: Any, said: str | None
) -> None:
    only(notes_of(read(table(accuracy=SCORES, duration_s=TIMES, **{name: value}))), said)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        *((name, "the whole run?") for name in ("gpu_power", "max_power_w", "tdp_w", "idle_w")),
        *((name, None) for name in ("mean_power_w", "avg_power", "power.draw [W]")),
    ],
)
def test_a_power_of_something_else_is_named(read: Any, name: str, said: str | None) -> None:
    columns = {"accuracy": SCORES, "duration_s": TIMES, "energy_kwh": None, name: 100.0}
    only(notes_of(read(table(**columns), columns={"power_w": name})), said)


@pytest.mark.parametrize(("unit", "said"), [("W", None), ("kW", "is power_w in that unit?")])
def test_the_unit_of_powers_is_that_of_their_column(read: Any, unit: str, said: Any) -> None:
    columns = {"energy_kwh": None, "duration_s": TIMES, "power_w": 100, "power_unit": unit}
    only(notes_of(read(table(accuracy=SCORES, **columns))), said)


@pytest.mark.parametrize(
    ("metric", "name", "said"),
    [
        ("rmse", "r2", "is a lower one better?"),
        *(("rmse", name, "is it that number?") for name in ("mape", "rmsle", "rmse_norm")),
        *(("rmse", name, None) for name in ("test_rmse_mg", "root_mean_squared_error")),
        ("rmse", "mean_squared_error", "is it that number?"),
        *(("mae", name, "is it that number?") for name in ("smape", "mae_scaled")),
        *(("mae", name, None) for name in ("mean_absolute_error", "test/mae")),
        *(("r2", name, "is it that number?") for name in ("adj_r2", "r")),
        *(("r2", name, None) for name in ("r2_score", "r_squared", "R2")),
        *(("macro_f1", name, "is it that number?") for name in ("f1_weighted", "micro_f1")),
        *(("macro_f1", name, None) for name in ("f1_macro", "test/f1")),
        *(("roc_auc", name, "is it that number?") for name in ("pr_auc", "aucpr")),
        *(("roc_auc", name, None) for name in ("auc", "test/auroc")),
        *(("balanced_accuracy", name, "is it that number?") for name in ("accuracy", "test_acc")),
        *(("balanced_accuracy", name, None) for name in ("macro_recall", "bal_acc", "bacc")),
    ],
)
def test_a_score_of_another_name_is_named(read: Any, metric: str, name: str, said: Any) -> None:
    of = METRICS[metric]
    scores = [0.52, 0.55, 0.71, 0.73] if of.higher_is_better else [0.52, 0.55, 0.31, 0.33]
    text = table(**{"accuracy": None, "duration_s": TIMES, name: scores})
    only(notes_of(read(text, metric=of, columns={metric: name})), said)


@pytest.mark.parametrize(
    ("name", "higher"),
    [
        *(("test_acc", True), ("dice", True), ("roc-auc", True), ("neg_mse", True)),
        *(("dice_loss", False), ("WER", False), ("neg_accuracy", False), ("score", None)),
        *(("neg_root_mean_squared_error", True), ("negative_log_likelihood_loss", None)),
        *(("recall_negative", None), ("inverted_recall_negative", None), ("top5", None)),
        *(("accuracy_drop", None), ("error_reduction", None)),
    ],
)
def test_which_values_are_better_by_the_name(name: str, higher: bool | None) -> None:
    assert higher_by_name(name) is higher


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({}, None),
        ({"energy_kwh": [0.001, 0.0036, 0.002, 0.0021]}, "the mean power of n_train 100 goes from"),
        ({"duration_s": [36, 0.6, 72, 73]}, "the mean power of n_train 100 goes from"),
        ({"duration_s": [360, 365, 72, 73]}, "W and that of 100, which takes longer"),
        ({"duration_s": [36, 36.5, 720, 730]}, "W and that of 200, which takes longer"),
        # A device that waits for its data at first takes less in short runs.
        ({"energy_kwh": [0.001, 0.0011, 0.008, 0.0081]}, None),
        (
            {"energy_kwh": [0.001, 0.0036, 0.002, 0.0021], "device": ["T4", "A100", "T4", "T4"]},
            'the runs differ in device ("A100", "T4")',
        ),
        (
            {**WINDOWS, "duration_s": [0.6, 0.61, 1.2, 1.22], "energy_kwh": WATTS},
            "is it in minutes?",
        ),
        ({**WINDOWS, "duration_s": [36, 33, 70, 73], "energy_kwh": WATTS}, None),
        ({"energy_kwh": 0.002}, "all runs take 0.002 kWh, whatever their size"),
        ({"energy_kwh": 0.002, "duration_s": 72.3}, "all runs take 0.002 kWh, whatever their size"),
        # As many seconds as were set.
        *(({"energy_kwh": 0.002, "duration_s": set_s}, None) for set_s in (60, 90, 100.0, 1380)),
        ({"params.lr": [0.1, 0.1, 0.2, 0.2]}, 'the runs differ in "params.lr" ("0.1", "0.2")'),
        ({"params.lr": ["0.001", "1e-3", 0.001, "1.0e-3"], "dropout": [0, "0.0", 0, 0]}, None),
        (
            {"optimizer": ["Adam", "adam", "Adam ", "ADAM"], "device": ["T4", "t4", "T4", "T4"]},
            None,
        ),
        ({"power_cap_w": [250, 250, 400, 400]}, 'the runs differ in "power_cap_w" ("250", "400")'),
        ({"torch": [2.3, 2.5, 2.3, 2.5]}, 'the runs differ in "torch" ("2.3", "2.5")'),
        ({"config/gpu_count": [1, 1, 8, 8]}, 'the runs differ in "config/gpu_count"'),
        ({"data": ["a", "a", "b", "b"]}, 'the runs differ in "data"'),
        ({"precision": [0.81, 0.83, 0.9, 0.91], "energy_gpu": [0.1, 0.2, 0.3, 0.4]}, None),
        ({"precision": [16, 16, "bf16", "bf16"]}, 'the runs differ in "precision"'),
        ({"Name": ["a", "b", "c", "d"], "tokens": [1, 2, 3, 4], "lr": 0.1}, None),
        ({"arch": ["r18", "r50", "r18", "r18"]}, 'the runs differ in "arch" ("r18", "r50")'),
        ({"params.img": [192, 192, 192, 224]}, 'the runs differ in "params.img" ("192", "224")'),
        ({"num_train_epochs": [9, 9, 9, 3]}, 'the runs differ in "num_train_epochs" ("3", "9")'),
        # The sizes and the seeds by other names, results, days and remarks.
        ({"group": ["s", "s", "l", "l"], "params.rows": [100, 100, 200, 200]}, None),
        ({"params.fold": [1, 2, 1, 2], "eval": ["x", "y", "x", "y"]}, None),
        ({"best_epoch": [9, 9, 9, 3], "n": [8, 8, 8, 7], "user": ["a", "a", "a", "b"]}, None),
        ({"is_best": [False, False, False, True]}, None),
        ({"Created": ["2026-01-02", "2026-01-03", "2026-01-03", "2026-01-03"]}, None),
        ({"accuracy": [0.1488, 0.1467, 0.0959, 0.0983]}, "which is worse: are all of one metric"),
        ({"accuracy": [0.9041, 0.9017, 0.9012, 0.9033]}, None),
        *(
            ({name: [8, 8, 8, 4]}, f'the runs differ in "{name}"')
            for name in (
                *("world_size", "num_nodes", "gradient_accumulation_steps", "params.accum", "bs"),
                *("config/devices", "n_jobs", "max_seq_length", "hidden_units", "grad_clip"),
                *("label_noise", "lora_rank", "iterations"),
            )
        ),
        # More layers with more data, in proportion or not.
        ({"params.num_layers": [3, 3, 5, 5]}, 'the runs differ in "params.num_layers"'),
        ({"hidden_dim": [64, 64, 96, 96]}, 'the runs differ in "hidden_dim"'),
        ({"depth": [1, 1, 2, 2], "params.width": [64, 64, 130, 130]}, None),
        ({"CUDA_VISIBLE_DEVICES": [0, 1, 1, 2]}, None),
        ({"ms_per_batch": [12, 12, 12, 13], "clip": [0.3, 0.31, 0.3, 0.3]}, None),
        ({"max_steps": [3, 3, 5, 5], "iterations": [40, 40, 63, 63]}, None),
        ({"exit_code": [0, 0, 1, 0]}, 'row 3 (counted from 1, without the header) has "1" as its'),
        ({"error": ["", "", "", "CUDA OOM"]}, 'has "CUDA OOM" as its "error": did the run fail?'),
        ({"exit_code": 0, "error": "", "returncode": "0.0"}, None),
        ({"error": [0.1, 0.2, 0.1, 0.3], "exception": ["None", "NaN", "", "null"]}, None),
    ],
)
def test_runs_that_were_not_made_alike_are_named(
    read: Any, columns: dict[str, Any], said: str | None
) -> None:
    base = {"accuracy": SCORES, "duration_s": TIMES, "energy_kwh": [0.001, 0.0011, 0.002, 0.0021]}
    only(notes_of(read(table(**{**base, **columns}))), said)


def test_scores_that_fall_with_each_size_are_named(tmp_path: Any) -> None:
    rows = ["n_train,seed,accuracy,energy_kwh,duration_s"]
    for size, score in ((100, 0.139), (200, 0.117), (400, 0.112)):
        for seed in SEEDS:
            rows.append(f"{size},{seed},{score + seed / 1000},{size / 1e5},{size / 3 + seed}")
    (tmp_path / "runs.csv").write_text("\n".join(rows))
    spec = ImportSpec("llm", "mine", "runs.csv")
    for metric, said in ((ACCURACY, "which is worse"), (Metric("accuracy", False), None)):
        only(notes_of(read_imports(spec, (100, 200, 400), SEEDS, metric, tmp_path)), said)


@pytest.mark.parametrize(
    ("scores", "margin", "tested", "said"),
    [
        ([0.85, 0.86, 0.9, 0.91], 0.01, None, "no accuracy has more than 2 decimals"),
        ([0.85, 0.86, 0.9, 0.91], 0.02, None, None),
        ([0.85, 0.86, 0.9, 0.91], None, None, None),
        (SCORES, 0.01, None, None),
        ([0.856, 0.86, 0.9, 0.912], 0.01, 500, None),
        (SCORES, 0.01, 500, "is 425.6 of the 500 examples of dataset.test_examples"),
        ([0.8567, 0.8633, 0.9, 0.9133], 0.01, 300, None),
        ([0.8567, 0.8633, 0.9, 0.9133], 0.01, 30000, None),
        ([f"{257 / 300:.6e}", 0.86, 0.9, 0.91], 0.001, 300, None),
    ],
)
def test_scores_in_coarse_steps_or_of_no_count_are_named(
    read: Any, scores: list[Any], margin: float | None, tested: int | None, said: str | None
) -> None:
    text = table(accuracy=scores, duration_s=TIMES)
    only(notes_of(read(text, margin=margin, test_examples=tested)), said)


def consumed(*energies: float) -> dict[str, Any]:
    return {"energy_consumed": [*energies], "cpu_energy": [kwh - 0.0001 for kwh in energies]}


def emissions(**columns: Any) -> str:
    base: dict[str, Any] = {
        "run_id": ["a", "b", "c", "d"],
        "duration": TIMES,
        "energy_consumed": [0.001, 0.0011, 0.002, 0.0021],
        "cpu_energy": CPU,
        "gpu_energy": 0.0,
        "ram_energy": 0.0001,
        **columns,
    }
    rows = [[v[i] if isinstance(v, list) else v for v in base.values()] for i in range(4)]
    return "\n".join([",".join(base), *(",".join(map(str, row)) for row in rows)])


@pytest.mark.parametrize(
    ("written", "columns", "said"),
    [
        ({}, {}, None),
        ({"codecarbon_version": ["3.0.1", "3.0.2", "3.0.1", "3.0.1"]}, {}, None),
        (
            {"codecarbon_version": ["1.2", "3.0", "3.0", "3.0"]},
            {},
            "CodeCarbon's codecarbon_version",
        ),
        ({"tracking_mode": ["process", "machine"] * 2}, {}, "CodeCarbon's tracking_mode"),
        ({"cpu_count": [8, 8, 64, 64]}, {}, "CodeCarbon's cpu_count"),
        (
            {"cpu_energy": [0.0004, *CPU[1:]], "gpu_energy": [0.0005, 0, 0, 0]},
            {},
            "energy_gpu_kwh is 0 or missing in 3 of 4 runs",
        ),
        ({"gpu_model": "1 x T4"}, {}, "energy_gpu_kwh is 0 or missing in 4 of 4 runs"),
        ({"gpu_energy": CPU, "cpu_energy": 0}, {}, "energy_cpu_kwh is 0 or missing in 4 of 4"),
        # Its energies are in its unit, and may be those of other runs or machines.
        (consumed(0.02, 0.021, 0.001, 0.0011), {}, "are sizes and energies in the right rows?"),
        (
            {**consumed(0.01, 0.044, 0.02, 0.021), "duration": [360, 365, 720, 730]},
            {},
            "is each of its own run, and of one machine?",
        ),
        (consumed(0.001, 0.0044, 0.002, 0.0021), {}, None),
        ({}, {"duration_s": [36, 36.5, 72, 73]}, None),
        ({}, {"duration_s": [36, 365, 72, 73]}, "is its row of this run?"),
        ({}, {"duration_s": [36, 60, 72, 73]}, "CodeCarbon says 36.5 s: the latter counts"),
    ],
)
def test_what_codecarbon_says_differs_between_runs_is_named(
    read: Any, written: dict[str, Any], columns: dict[str, Any], said: str | None
) -> None:
    runs = table(accuracy=SCORES, energy_kwh=None, run_id=["a", "b", "c", "d"], **columns)
    only(notes_of(read(runs, emissions=emissions(**written))), said)


def test_one_table_is_not_of_two_models(read: Any, tmp_path: Any) -> None:
    text = table(accuracy=SCORES, other=[0.7, 0.71, 0.72, 0.73])
    one, two = read(text), read(text)
    spec = ImportSpec("other", "mine", "runs.csv")
    with pytest.raises(RunsError, match="are those of llm already"):
        require_own_rows([(ImportSpec("llm", "mine", "runs.csv"), one), (spec, two)], tmp_path)
    two = read(text, columns={"accuracy": "other"})
    require_own_rows([(ImportSpec("llm", "mine", "runs.csv"), one), (spec, two)], tmp_path)
