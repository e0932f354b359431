"""A constant that was computed is one, whatever its last digits are."""

from pathlib import Path

import numpy as np
import pytest

from ecosobriety.datasets.examples import Examples
from ecosobriety.datasets.spread import vary
from ecosobriety.readers import take_in
from ecosobriety.training.batches import fit_normaliser
from fuzz.judging import SPEC

RANDOM = np.random.default_rng(0)
SHARES = RANDOM.dirichlet([4, 3, 2], 500)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_sum_of_shares_is_not_divided_by_its_rounding_errors(dtype: type) -> None:
    shares = (SHARES * 100).astype(dtype)
    total = shares.sum(axis=1)
    assert len(np.unique(total)) > 1
    x = np.column_stack([shares[:, 0], total])
    found = fit_normaliser(Examples(x), "feature", None)
    assert found is not None
    # Six samples of which something else makes up 5 %.
    test = found.apply(np.array([[30.0, 95.0]], dtype))
    assert test[0, 1] == 0
    assert found.deviation.tolist() == pytest.approx([float(shares[:, 0].std()), np.inf], rel=1e-4)


def test_what_differs_by_more_is_measured() -> None:
    seconds = 1_700_000_000.0 + np.array([0.0, 0.001])
    # A quartz of 5 MHz by half a Hz, as an archive of 32 bits has it.
    assert vary(np.array(4_999_989.0, np.float32), np.array(4_999_999.5, np.float32))
    for low, high in (seconds, (50.0, 50.0001), (0.0, 1e-300), (-1e-300, 1e-300)):
        assert vary(np.array(low), np.array(high))
    assert vary(np.array(100, np.float16), np.array(101, np.float16))
    assert vary(np.array(2**53), np.array(2**53 + 1))
    assert not vary(np.array(100 - 2e-14), np.array(100 + 2e-14))
    assert not vary(np.array(0.0), np.array(0.0))


def test_the_check_calls_it_a_feature_of_one_value(tmp_path: Path) -> None:
    rows = [
        f"{a!r},{total!r},{i % 2}\n" for i, (a, total) in enumerate(zip(*columns(), strict=True))
    ]
    (tmp_path / "t.csv").write_text("sand,total,kind\n" + "".join(rows))
    spec = {**SPEC, "name": "csv", "path": str(tmp_path / "t.csv"), "label": "kind"}
    (constant,) = [one for one in take_in(spec).findings if one.id == "features_constant"]
    assert constant.values["names"] == ["total"]


def columns() -> tuple[list[float], list[float]]:
    return (SHARES * 100)[:, 0].tolist(), (SHARES * 100).sum(axis=1).tolist()
