"""Single values that are slips, and units or logarithms among others, are named; tails are not."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_datasets_odd import HARMLESS
from test_datasets_slips import found, table

from ecosobriety.checks.far_in_test import find_far_in_test
from ecosobriety.checks.lost_points import find_lost_point
from ecosobriety.checks.mistakes import find_far_targets, find_far_values

N = 300
RNG = np.random.default_rng(4)
KINDS = RNG.integers(0, 2, N)
AGES = RNG.integers(18, 90, N)
YEARS = RNG.integers(1990, 2025, N)
FAR = {"values_far_away", "test_values_far_away"}


def told(folder: Path, name: str, values: Any) -> dict[str, Any]:
    findings = found(table(folder, {"u": KINDS + RNG.random(N), name: values, "kind": KINDS}))
    return {id: findings[id] for id in {*findings} - HARMLESS - {"feature_orders_classes"}}


def with_one(values: Any, row: int, value: float) -> Any:
    return np.where(np.arange(N) == row, value, values)


@pytest.mark.parametrize("row", range(4))
@pytest.mark.parametrize(
    ("values", "value"), [(AGES, 450), (RNG.normal(50, 7, N).round(1), 520), (YEARS, 199)]
)
def test_a_lost_point_is_named_in_whichever_part(
    tmp_path: Path, row: int, values: Any, value: float
) -> None:
    findings = told(tmp_path, "x", with_one(values, row, value))
    (one,) = findings.values()
    assert one.id in FAR
    assert (one.values["value"], one.values["number"]) == (value, 1)


def test_of_thousands_of_columns_with_tails_none_is_named_but_for_a_slip() -> None:
    rng = np.random.default_rng(0)
    for columns in (rng.lognormal(0, 1, (2000, 80)), rng.standard_t(4, (2000, 80))):
        for slips in (0, 1):
            columns[7, 3] = 9999 if slips else columns[7, 3]
            ordered = np.sort(columns, axis=1)
            distinct = 1 + np.count_nonzero(np.diff(ordered, axis=1), axis=1)
            names = [f"g{i}" for i in range(len(columns))]
            far = [one.values["feature"] for one in find_far_values(names, ordered, distinct)]
            assert far == ["g7"] * slips
        # The slip lies in the test part, then in the training part.
        for rows, named in ((slice(40), []), (slice(40, None), ["g7"])):
            test = columns[:, :40] if named else columns[:, 40:]
            told = find_far_in_test(columns[:, rows].T, test.T, names)
            assert [one.values["feature"] for one in told] == named


def test_of_values_outside_of_the_training_part_the_farthest_is_named() -> None:
    rng = np.random.default_rng(1)
    train, test = (rng.normal(50, 7, (rows, 1)).round(1) for rows in (60, 20))
    test[[2, 5]] = [train.max(axis=0) + 0.5, [520]]
    (one,) = find_far_in_test(train, test, ["x"])
    assert one.values["value"] == 520


@pytest.mark.parametrize(
    "draw",
    [
        lambda r, n: r.pareto(0.5, n) + 1,
        lambda r, n: r.pareto(2, n) + 1,
        lambda r, n: np.exp(r.normal(0, 2, n)),
        lambda r, n: r.zipf(1.5, n),
        lambda r, n: np.abs(r.standard_cauchy(n)),
        lambda r, n: r.exponential(5, n),
        lambda r, n: r.gamma(0.2, 3, n) + 1e-12,
        lambda r, n: 10 ** r.uniform(-3, 6, n),
    ],
)
def test_tails_have_no_far_values(draw: Callable[[Any, int], Any]) -> None:
    for seed in range(150):
        random = np.random.default_rng(seed)
        values = draw(random, int(random.choice([60, 200, 1000]))).astype(float)
        assert find_lost_point(np.sort(values)) is None
        assert not find_far_targets(values)


@pytest.mark.parametrize(
    ("name", "values", "value"),
    [
        ("year", YEARS, 2099),
        ("year_built", YEARS, datetime.now(UTC).year + 2),
        ("YearOfBirth", YEARS, 2099),
        ("Année", YEARS, 2099),
        ("age", AGES, 120),
        ("patient_age", AGES, 118),
        ("age", AGES, -3),
        ("month", RNG.integers(1, 13, N), 13),
        ("hour", RNG.integers(0, 24, N), 30),
        ("day_of_week", RNG.integers(0, 7, N), 8),
        ("latitude", RNG.uniform(-60, 70, N).round(3), 93.5),
        ("pH", RNG.normal(7, 1, N).round(1), 17),
        ("probability", RNG.random(N).round(3), 1.3),
    ],
)
@pytest.mark.parametrize("row", [2, 3])
def test_a_value_that_a_name_rules_out_is_named(
    tmp_path: Path, name: str, values: Any, value: float, row: int
) -> None:
    findings = told(tmp_path, name, with_one(values, row, value))
    assert findings.keys() == {"values_beyond_name"}
    assert findings["values_beyond_name"].values["value"] == value
    assert not findings["values_beyond_name"].headline


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("year", RNG.integers(1, 5, N)),
        ("year", np.where(RNG.random(N) < 0.3, 2050, YEARS)),
        ("age", RNG.exponential(30, N).round()),
        ("age", RNG.integers(1, 365, N)),
        ("average", with_one(AGES, 3, 120)),
        ("month", RNG.integers(0, 72, N)),
        # Times since a start.
        ("month", np.arange(N) % 13),
        ("hour", np.arange(N) % 25),
        ("hours", with_one(RNG.integers(0, 24, N), 3, 30)),
        ("lat_score", with_one(RNG.uniform(0, 80, N), 3, 95)),
    ],
)
def test_a_name_may_mean_something_else(tmp_path: Path, name: str, values: Any) -> None:
    assert not told(tmp_path, name, values)


@pytest.mark.parametrize("other", [YEARS % 100, YEARS + 543])
def test_years_of_two_digits_or_of_another_calendar_are_named(tmp_path: Path, other: Any) -> None:
    findings = told(tmp_path, "year", np.where(RNG.random(N) < 0.1, other, YEARS))
    assert findings["values_beyond_name"].headline


HEIGHTS, INCOMES = RNG.normal(1.72, 0.1, N), np.exp(RNG.normal(10, 1, N)).round(2)
CELSIUS = RNG.normal(15, 8, N)


@pytest.mark.parametrize(
    ("values", "others"),
    [
        (HEIGHTS.round(2), (3.28084 * HEIGHTS).round(2)),
        (CELSIUS.round(1), (CELSIUS + 273.15).round(1)),
        (INCOMES, np.log(INCOMES).round(3)),
        (INCOMES, np.log10(INCOMES).round(3)),
    ],
)
def test_other_units_and_logarithms_are_named(tmp_path: Path, values: Any, others: Any) -> None:
    findings = told(tmp_path, "x", np.where(RNG.random(N) < 0.3, others, values))
    assert findings.keys() == {"feature_of_two_units"}


def test_two_kinds_of_one_thing_are_of_one_unit(tmp_path: Path) -> None:
    # As the petals of irises are.
    other = RNG.random(N) < 0.4
    kinds = np.where(other, RNG.normal(4.9, 0.8, N), RNG.normal(1.46, 0.17, N)).round(1)
    assert not told(tmp_path, "petal", kinds)
