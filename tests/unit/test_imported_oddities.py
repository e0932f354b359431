"""What is odd about imported runs, and may be meant so, is noted; ordinary tables have no note."""

from typing import Any

import pytest
from imported_cases import reading, table  # noqa: F401

SCORES = [0.85, 0.852, 0.9, 0.901]
TIMES = {"duration_s": [36, 36.5, 72, 73]}


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({}, None),
        ({"accuracy": 0.9}, None),
        ({"accuracy": [0.85, 0.85, 0.9, 0.9], "duration_s": [36, 36, 72, 72]}, "were rows copied?"),
        ({"accuracy": [0.85, 0.85, 0.9, 0.9], **TIMES}, None),
        ({"energy_kwh": [0.001, 1.0, 0.002, 2.0]}, "are all in kWh, and of one machine?"),
        ({"energy_kwh": [0.004, 0.0041, 0.001, 0.0011]}, "are sizes and energies in the right"),
        ({"epochs": [10, 10, 5, 5]}, 'the runs differ in epochs ("10.0", "5.0")'),
        ({"device": ["A100", "T4", "A100", "T4"]}, 'the runs differ in device ("A100", "T4")'),
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
    notes = read("\n".join(rows)).notes
    assert any("does it count from the start" in note for note in notes) == odd
