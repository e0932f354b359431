"""Columns of two numbers around a point are named; decimal numbers of any kind are not."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from test_datasets_slips import DEFAULTS, found

N = 300
RNG = np.random.default_rng(12)
INCHES = RNG.normal(68, 4, N).round().astype(int)
MINUTES = RNG.integers(6 * 60, 22 * 60, N)
TABLE = {**DEFAULTS, "label": "kind"}


def table(folder: Path, texts: Any, target: bool = False) -> dict[str, Any]:
    columns: dict[str, Any] = {
        "x": RNG.normal(size=len(texts)),
        "kind": RNG.integers(0, 2, len(texts)),
    }
    columns |= {"kind" if target else "z": texts}
    pd.DataFrame(columns).to_csv(folder / "t.csv", index=False)
    more = {"task": "regression"} if target else {}
    return {**TABLE, **more, "path": str(folder / "t.csv")}


def pairs(one: Any, other: Any, width: int = 1) -> list[str]:
    return [f"{a}.{b:0{width}}" for a, b in zip(one, other, strict=True)]


TWO = {
    "feet and inches": pairs(INCHES // 12, INCHES % 12),
    "the same without 5.10": [float(text) for text in pairs(INCHES // 12, INCHES % 12)],
    "versions": pairs(RNG.integers(1, 5, N), RNG.integers(0, 15, N)),
    "chapters": pairs(RNG.integers(1, 9, N), RNG.integers(1, 11, N)),
    "times": pairs(MINUTES // 60, MINUTES % 60, 2),
    "times as numbers": [float(text) for text in pairs(MINUTES // 60, MINUTES % 60, 2)],
    "quarters of hours": pairs(MINUTES // 60, MINUTES % 60 // 15 * 15, 2),
    "days and months": pairs(RNG.integers(1, 29, N), RNG.integers(1, 13, N), 2),
    "halves of hours": pairs(MINUTES // 60, MINUTES % 60 // 30 * 30, 2),
    "innings": pairs(RNG.integers(0, 9, N), RNG.integers(0, 3, N)),
    "hours of a run": pairs(RNG.integers(2, 6, N), RNG.integers(0, 60, N), 2),
    "degrees west and minutes": [f"-{text}" for text in pairs(MINUTES // 60, MINUTES % 60, 2)],
    "degrees, minutes and seconds": [
        f"{text}{second:02}"
        for text, second in zip(pairs(INCHES, MINUTES % 60, 2), RNG.integers(0, 60, N), strict=True)
    ],
    "overs": pairs(RNG.integers(0, 50, N), RNG.integers(0, 6, N)),
}


@pytest.mark.parametrize("name", TWO)
def test_two_numbers_around_a_point_are_named(tmp_path: Path, name: str) -> None:
    told = found(table(tmp_path, TWO[name]))
    assert told["feature_of_two_numbers"].values == {"feature": "z"}


def test_so_are_targets(tmp_path: Path) -> None:
    assert found(table(tmp_path, TWO["feet and inches"], True))["targets_of_two_numbers"].headline


def test_numbers_of_a_parquet_file_are_looked_at_too(tmp_path: Path) -> None:
    columns: dict[str, Any] = {"x": RNG.normal(size=N), "kind": RNG.integers(0, 2, N)}
    columns["z"] = TWO["times as numbers"]
    pd.DataFrame(columns).to_parquet(tmp_path / "t.parquet")
    given = {**TABLE, "name": "parquet", "path": str(tmp_path / "t.parquet")}
    assert "feature_of_two_numbers" in found(given)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_decimal_numbers_are_not(tmp_path: Path, seed: int) -> None:
    random = np.random.default_rng(seed)
    n = int(random.integers(50, 2000))
    columns = {
        "height": random.normal(1.75, 0.1, n).round(2),
        "grade": random.integers(4, 21, n) / 4,
        "price": random.integers(1, 40, n) + random.choice([0.0, 0.49, 0.5, 0.95, 0.99], n),
        "cheap": random.integers(1, 9, n) + random.choice([0.0, 0.25, 0.5], n),
        "waited": random.exponential(0.7, n).round(2),
        "longer": random.exponential(5, n).round(2),
        "heavy": np.exp(random.normal(1, 1, n)).round(1),
        "mixed": [f"{v:.1f}" if v > 5 else f"{v:.2f}" for v in random.uniform(0, 12, n)],
        "typed": [f"{v:.{random.integers(1, 3)}f}" for v in random.uniform(0, 9, n)],
        "tenths": random.uniform(0, 20, n).round(1),
        "cents": random.uniform(1, 99, n).round(4),
        "places": random.uniform(-60, 60, n).round(4),
        "thirds": (random.integers(0, 30, n) / 3).round(1),
        "steep": random.exponential(0.4, n).round(2),
        "half": random.integers(0, 20, n) / 2,
        "share": random.beta(1, 5, n).round(2),
        "kind": random.integers(0, 2, n),
    }
    pd.DataFrame(columns).to_csv(tmp_path / "t.csv", index=False)
    told = found({**TABLE, "path": str(tmp_path / "t.csv")})
    assert "feature_of_two_numbers" not in told
