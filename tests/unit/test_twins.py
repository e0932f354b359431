"""Rows of things that were measured several times are named; what only lies in clusters is not."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sklearn.datasets
from test_datasets_slips import found, table


def told(folder: Path, x: Any, seed: int) -> dict[str, Any]:
    random = np.random.default_rng(seed)
    rows = random.permutation(len(x))
    columns = {f"x{i}": x[rows, i].round(3) for i in range(x.shape[1])}
    return found(table(folder, {**columns, "kind": random.integers(0, 2, len(x))}))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("columns", "noise"), [(8, 0.1), (8, 0.2), (30, 0.2), (30, 0.4)])
def test_replicates_are_named(tmp_path: Path, columns: int, noise: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    x = np.repeat(random.normal(size=(120, columns)), 3, axis=0)
    found = told(tmp_path, x + noise * random.normal(size=x.shape), seed)
    assert {"rows_have_twins", "rows_noisy_copies"} & {*found}


@pytest.mark.parametrize("seed", range(3))
def test_copies_with_much_noise_are_named(tmp_path: Path, seed: int) -> None:
    random = np.random.default_rng(seed)
    x = sklearn.datasets.load_breast_cancer().data
    noisy = x + 0.1 * x.std(axis=0) * random.normal(size=x.shape)
    twins = told(tmp_path, np.concatenate([x, noisy]), seed)["rows_have_twins"]
    assert twins.headline
    assert 0.7 < twins.values["share"] < 0.95


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_rows_that_lie_in_clusters_have_no_twins(tmp_path: Path, seed: int) -> None:
    random = np.random.default_rng(seed)
    kinds = random.normal(0, 5, (30, 6))[random.integers(0, 30, 600)]
    for x in (
        *(load().data for load in (sklearn.datasets.load_wine, sklearn.datasets.load_diabetes)),
        sklearn.datasets.load_breast_cancer().data,
        random.normal(size=(600, 5)),
        np.exp(random.normal(size=(600, 4))),
        kinds + random.normal(size=kinds.shape),
        np.column_stack([random.normal(size=(600, 3)), random.integers(0, 2, (600, 6))]),
        np.column_stack([random.normal(size=(150, 4)), np.eye(20)[random.integers(0, 20, 150)]]),
        np.column_stack([random.normal(size=(300, 3)), np.eye(9)[random.integers(0, 9, 300)]]),
        random.normal(size=(600, 2)) @ random.normal(size=(2, 9)),
    ):
        assert "rows_have_twins" not in told(tmp_path, x, seed)


@pytest.mark.parametrize("rows", [150, 300, 2000])
def test_settings_that_were_tried_again_are_no_copies(tmp_path: Path, rows: int) -> None:
    random = np.random.default_rng(5)
    settings = random.choice([0.0, 5, 10, 20], (rows, 4)) + random.normal(0, 0.1, (rows, 4))
    found = told(tmp_path, settings, 1)
    assert not {"rows_have_twins", "rows_noisy_copies"} & {*found}
    copied = np.concatenate([settings, settings + random.normal(0, 1e-3, settings.shape)])
    assert "rows_nearly_equal" in told(tmp_path, copied, 1)
