"""What is odd about imported runs, and may be meant so, is noted; ordinary tables have no note."""

from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from imported_cases import reading, table  # noqa: F401

from ecosobriety.imported import ImportSpec, read_imports
from ecosobriety.metrics import ACCURACY, RMSE, Metric

SCORES = [0.85, 0.852, 0.9, 0.901]
TWICE = [87.84, 87.85]
TIMES = {"duration_s": [36, 36.5, 72, 73]}


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({}, None),
        ({"accuracy": 0.9}, None),
        # What the runs of one size took stands at the next, or at another seed.
        (
            {"energy_kwh": [0.00131, 0.00127] * 2, "duration_s": [46.2, 45.1] * 2},
            "runs have the energy and duration of another one",
        ),
        (
            {"energy_kwh": [0.00131] * 2 + [0.00252] * 2, "duration_s": [46.2] * 2 + [90.2] * 2},
            "runs have the energy and duration of another one",
        ),
        # Of whole seconds or minutes, two of a size are soon the same, with all that follows.
        (
            {"energy_kwh": [0.001312] * 2 + [0.003524] * 2, "duration_s": [46] * 2 + [92] * 2},
            None,
        ),
        (
            {"energy_kwh": [0.1312] * 2 + [0.2524] * 2, "duration_s": [4260] * 2 + [8580] * 2},
            None,
        ),
        (
            {"energy_kwh": [0.1312] * 2 + [0.3524] * 2, "duration_s": [4261] * 2 + [8581] * 2},
            "runs have the energy and duration of another one",
        ),
        # At one power the energies say nothing, and whole seconds may be the same.
        (
            {"energy_kwh": [0.00122] * 2 + [0.00244] * 2, "duration_s": [44] * 2 + [88] * 2},
            None,
        ),
        # However many there are of these.
        (
            {"energy_kwh": [0.0328] * 2 + [0.0656] * 2, "duration_s": [1312] * 2 + [2624] * 2},
            None,
        ),
        (
            {"energy_kwh": [0.00122] * 2 + [0.00244] * 2, "duration_s": [43.92187645] * 2 + TWICE},
            "2 runs have the duration of another one, such as n_train 100 and seed 1 and",
        ),
        (
            {"accuracy": [0.8512] * 2 + SCORES[2:], "energy_kwh": [0.0012234] * 2 + [0.002] * 2},
            "2 runs have the score and energy of another one",
        ),
        ({"accuracy": [0.85, 0.85, 0.9, 0.9], "duration_s": [36, 36, 72, 72]}, "were rows copied?"),
        ({"accuracy": [0.85, 0.85, 0.9, 0.9], **TIMES}, None),
        ({"energy_kwh": [0.001, 1.0, 0.002, 2.0]}, "are all in kWh, and of one machine?"),
        ({"energy_kwh": [0.004, 0.0041, 0.001, 0.0011]}, "are sizes and energies in the right"),
        ({"epochs": [10, 10, 5, 5]}, 'the runs differ in epochs ("10.0", "5.0")'),
        ({"device": ["A100", "T4", "A100", "T4"]}, 'the runs differ in device ("A100", "T4")'),
        ({"accuracy": [0.85, 0.852, 0.9, 1.0]}, "seed 2 is 1, where others of its size are 0.9"),
        ({"accuracy": [0.85, 0.852, 0.0, 0.9]}, "seed 1 is 0, where others of its size are 0.9"),
        (
            {"energy_kwh": [0.001, 0.00201, 0.00401, 0.00604], **TIMES},
            "were they read from one counter?",
        ),
        *(
            ({"energy_kwh": energies, "duration_s": durations}, "were they read from one counter?")
            for energies, durations in (
                ([0.001, 0.00201, 0.00401, 0.00604], [36.1, 72.3, 145.0, 217.0]),
                ([0.001, 0.00201, 0.002, 0.00403], [36.1, 72.3, 71.0, 145.0]),
                ([0.001, 0.00201, 0.00401, 0.00604], None),
            )
        ),
        ({"energy_kwh": [0.001, 0.00101, 0.002, 0.00202], **TIMES}, None),
        ({"energy_kwh": [0.001, 0.0014, 0.002, 0.0029], **TIMES}, None),
        ({"accuracy": [0.99, 0.995, 0.998, 1.0]}, None),
        # Far more is wrong with more data, and no seed's scatter is as large.
        ({"accuracy": [0.985, 0.986, 0.887, 0.889]}, "which is worse: are all of one metric"),
        ({"accuracy": [0.861, 0.863, 0.761, 0.764]}, "which is worse: are all of one metric"),
        ({"accuracy": [0.985, 0.986, 0.971, 0.972]}, None),
        ({"accuracy": [0.86, 0.85, 0.83, 0.825]}, None),
        ({"batch_size": 32, "device": "T4", "epochs": 3}, None),
    ],
)
def test_what_is_odd_about_runs_is_noted(
    read: Any, columns: dict[str, Any], said: str | None
) -> None:
    found = read(table(**{"accuracy": SCORES, **columns})).notes
    odd = [note for note in found if "cannot be checked against a power" not in note]
    assert len(odd) == (said is not None), odd
    assert said is None or said in odd[0]


@pytest.mark.parametrize(
    ("score", "said"),
    [
        (lambda size, seed: 0.8 + size / 1e4, "is the same with every seed"),
        (lambda size, seed: 0.8 + seed / 100, "is the same at every size"),
        (lambda size, seed: 0.8432, "is the same with every seed"),
        (lambda size, seed: 1.0, None),
        (lambda size, seed: 0.8 + size / 1e4 + seed % 2 / 100, None),
    ],
)
def test_one_score_for_all_seeds_or_sizes_is_noted(
    tmp_path: Path, score: Callable[[int, int], float], said: str | None
) -> None:
    sizes, seeds = (100, 200, 400), (1, 2, 3)
    rows = [
        f"{n},{seed},{score(n, seed)},{n / 1e5 + seed / 1e6}" for n, seed in product(sizes, seeds)
    ]
    (tmp_path / "runs.csv").write_text("\n".join(["n_train,seed,accuracy,energy_kwh", *rows]))
    spec = ImportSpec("llm", "mine", "runs.csv")
    notes = read_imports(spec, sizes, seeds, ACCURACY, tmp_path).notes
    assert any("is the same" in note for note in notes) == (said is not None)
    assert said is None or any(said in note for note in notes)


@pytest.mark.parametrize(("each", "odd"), [(1.0, False), (0.01, True)])
def test_an_energy_that_does_not_add_up_over_epochs_is_noted(
    read: Any, each: float, odd: bool
) -> None:
    rows = ["n_train,seed,epoch,accuracy,energy_kwh"]
    for number, n in enumerate((100, 200)):
        for seed in (1, 2):
            rows += [
                f"{n},{seed},{epoch},{0.8 + epoch / 50 + seed / 1000},"
                f"{(1 + number) * (1 + each * (epoch - 1)) * (1 + seed / 1000)}"
                for epoch in (1, 2, 4)
            ]
    notes = read("\n".join(rows), columns={"epoch": "epoch"}).notes
    assert any("does it count from the start" in note for note in notes) == odd


LOSS, TOP5 = Metric("loss", False), Metric("top5", True)


@pytest.mark.parametrize(
    ("metric", "scores", "said"),
    [
        (RMSE, [2.1, 4.3, 1.7, 3.1], "with others, about its square: are they RMSE and MSE?"),
        (RMSE, [0.61, 0.36, 0.16, 0.41], "about its square: are they RMSE and MSE?"),
        (RMSE, [30.0, 900.0, 25.0, 26.0], "are all of one metric and in one unit?"),
        (TOP5, [0.87, 87.5, 0.91, 0.911], "are some of them percents?"),
        (TOP5, [0.87, 0.875, 91.0, 91.1], "of n_train 100 is about 0.872 and that of 200 91"),
        (LOSS, [0.69, 88.3, 0.55, 70.1], "are all of one metric and in one unit?"),
        (LOSS, [0.69, 0.68, 0.11, 0.12], None),
        (LOSS, [0.30, 0.55, 0.21, 0.22], None),
        (LOSS, [-1.2, 0.05, -1.4, 30.0], None),
        (RMSE, [1.0, 1.05, 0.7, 0.75], None),
        (TOP5, [0.3, 0.55, 0.6, 0.36], None),
    ],
)
def test_scores_of_two_metrics_or_units_are_noted(
    read: Any, metric: Metric, scores: list[float], said: str | None
) -> None:
    found = read(table(accuracy=None, **{metric.name: scores}), metric=metric).notes
    odd = [note for note in found if f"the {metric.name} of n_train" in note]
    assert len(odd) == (said is not None), odd
    assert said is None or said in odd[0]
    assert all(len(note) < 300 for note in found)


@pytest.mark.parametrize(
    ("energies", "durations", "said"),
    [
        ([1, 1.01, 0.99, 2, 0.6, 2.02], None, "the energy of n_train 200 and seed 2 is 0.6 kWh"),
        ([1, 1.01, 0.99, 2, 2.01, 1.3], None, "the energy of n_train 200 and seed 3 is 1.3 kWh"),
        # At one power, and at another one.
        ([1, 1.01, 0.3, 2, 2.01, 2.02], [100, 101, 30, 200, 201, 202], "energy of n_train 100"),
        ([1, 1.01, 1.02, 2, 2.01, 2.02], [100, 101, 50, 200, 201, 202], "duration of n_train 100"),
        # They differ anyway, or one takes more, as on a machine that others use too.
        ([1, 1.3, 0.99, 2, 0.6, 2.02], None, None),
        ([1, 1.01, 0.99, 2, 6.0, 2.02], None, None),
        ([1, 1.01, 0.99, 2, 1.6, 2.02], None, None),
    ],
)
def test_a_run_that_took_less_than_its_twins_is_noted(
    tmp_path: Any, energies: list[float], durations: list[float] | None, said: str | None
) -> None:
    head = f"n_train,seed,accuracy,energy_kwh{',duration_s' if durations else ''}"
    rows = [
        ",".join(map(str, [*key, 0.8 + i / 999, energy, *([durations[i]] if durations else [])]))
        for i, (key, energy) in enumerate(
            zip(product((100, 200), (1, 2, 3)), energies, strict=True)
        )
    ]
    (tmp_path / "runs.csv").write_text("\n".join([head, *rows]))
    spec = ImportSpec("llm", "mine", "runs.csv", max_power_w=1e6)
    notes = read_imports(spec, (100, 200), (1, 2, 3), ACCURACY, tmp_path).notes
    odd = [note for note in notes if "as of one that was resumed?" in note]
    assert len(odd) == (said is not None), notes
    assert said is None or said in odd[0]
    assert all(len(note) < 300 for note in odd)
