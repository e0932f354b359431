"""Whatever a file holds, it is a data set or is refused by name."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from ecosobriety.errors import DataError
from ecosobriety.readers import obtain, take_in

SPEC = {"label": None, "features": None, "test_share": 0.2, "format": None}
ARRAY = arrays.arrays(
    arrays.scalar_dtypes() | arrays.array_dtypes(max_size=2),
    arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=6),
)
LABELS = arrays.arrays(np.int64, st.integers(0, 6), elements=st.integers(0, 3))
TASKS = st.sampled_from(["classification", "regression"])
# Each example writes its own file anew.
FUZZ = settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def taken_or_refused(spec: dict[str, Any]) -> None:
    dataset, message = None, ""
    try:
        dataset = obtain(SPEC | spec)
    except DataError as error:
        message = str(error)
    if dataset is None:
        assert spec["path"] in message
        assert len(message.splitlines()) == 1
    else:
        assert np.isfinite(dataset.x_train).all()
        assert take_in(SPEC | spec).train_examples == len(dataset.y_train)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@FUZZ
@given(x=ARRAY, y=ARRAY | LABELS, task=TASKS)
def test_any_arrays(tmp_path: Path, x: np.ndarray, y: np.ndarray, task: str) -> None:
    np.savez(tmp_path / "a.npz", x=x, y=y)
    taken_or_refused({"name": "npz", "path": str(tmp_path / "a.npz"), "task": task})


@FUZZ
@given(content=st.binary() | st.text().map(str.encode), task=TASKS)
@pytest.mark.parametrize("name", ["npz", "csv", "parquet"])
def test_any_bytes(tmp_path: Path, name: str, content: bytes, task: str) -> None:
    (tmp_path / "a").write_bytes(content)
    taken_or_refused({"name": name, "path": str(tmp_path / "a"), "label": "a", "task": task})


@FUZZ
@given(
    cells=st.lists(
        st.lists(st.text("0123456789.-+eaNn, \"'\n\u20ac", max_size=4), min_size=2, max_size=3),
        max_size=6,
    ),
    task=TASKS,
)
def test_any_cells(tmp_path: Path, cells: list[list[str]], task: str) -> None:
    rows = ["size,kind", *(",".join(row) for row in cells)]
    (tmp_path / "a.csv").write_text("\n".join(rows), encoding="utf-8")
    spec = {"name": "csv", "path": str(tmp_path / "a.csv"), "label": "kind", "task": task}
    taken_or_refused(spec)
