"""What is likely a slip in a table or in its labels is named; sound data have no such finding."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sklearn.datasets
from dataset_cases import refusal

from ecosobriety.datasets import Finding
from ecosobriety.readers import obtain, take_in

N = 200
RNG = np.random.default_rng(5)
X = RNG.normal(50, 12, N)
KINDS = ["ab"[i] for i in RNG.integers(0, 2, N)]
DEFAULTS = {"name": "csv", "label": "kind", "features": None, "test_share": 0.2, "format": None}


def table(folder: Path, columns: Mapping[str, Any], **keys: Any) -> dict[str, Any]:
    path = folder / "t.csv"
    pd.DataFrame(columns).to_csv(path, index=False)
    return {**DEFAULTS, "path": str(path), **keys}


def found(given: dict[str, Any]) -> dict[str, Finding]:
    described = {finding.id: finding for finding in take_in(given).findings}
    assert {finding.id for finding in obtain(given).findings} <= {*described}
    for id in ("train_test_duplicates", "inputs_shared"):
        described.pop(id, None)
    return described


def with_marks(values: Any, mark: float, share: float = 0.1) -> Any:
    """The values with a mark in some rows."""
    chosen = np.random.default_rng(1).random(len(values)) < share
    return np.where(chosen, mark, values)


COUNTS = RNG.poisson(15, N)
SHARES = RNG.random(N)
SCORES = RNG.integers(1, 6, N)


@pytest.mark.parametrize(
    ("values", "mark"),
    [
        *((values, mark) for values in (X.round(1), COUNTS, SHARES, SCORES) for mark in (-999, -9)),
        *((values, mark) for values in (COUNTS, SHARES, SCORES) for mark in (999, 9999, 99999)),
        *((X.round(1), mark) for mark in (-1, 9999, -9999, 1e30, 65535, 99999)),
        (COUNTS, -1),
        (SHARES, 99),
        (SCORES, 99),
        (RNG.integers(0, 2, N), 99),
        (RNG.normal(0, 1, N), -999),
        (1e6 * SHARES, -99999999),
        (np.where(np.arange(N) % 6, RNG.poisson(2, N), -1), -1),
        (RNG.normal(20, 4, N).round(1), -200),
        (RNG.integers(18, 60, N), 99),
        (RNG.integers(2010, 2024, N), 1900),
        (1.7e9 + RNG.integers(0, 10**7, N), 0),
        (with_marks(SCORES, 88, 0.2), 99),
        (with_marks(SCORES, -8, 0.2), -9),
        (RNG.normal(26, 4, N).clip(15, 39).round(1), 99.9),
        (RNG.normal(26, 4, N).round(1), -2),
        (with_marks(RNG.normal(26, 4, N).round(1), -1, 0.2), -2),
        (with_marks(RNG.integers(1, 6, N), -1, 0.2), -2),
        (with_marks(RNG.lognormal(10, 0.5, N).round(), 9_999_998, 0.2), 9_999_999),
    ],
)
def test_marks_of_missing_values_are_named(tmp_path: Path, values: Any, mark: float) -> None:
    told = found(table(tmp_path, {"x": with_marks(values, mark), "kind": KINDS}))
    values_of = told["values_far_away"].values
    assert (values_of["feature"], values_of["value"]) == ("x", mark)
    assert told["values_far_away"].headline


@pytest.mark.parametrize("factor", [1e6, -1e6, 1e4])
def test_a_slip_of_the_unit_in_one_row_is_named(tmp_path: Path, factor: float) -> None:
    x, y = X.copy(), RNG.normal(170, 10, N)
    x[7] *= factor
    told = found(table(tmp_path, {"x": x, "kind": KINDS}, test_share=0.005))
    assert told["values_far_away"].values["number"] == 1
    assert not told["values_far_away"].headline
    y[11] *= factor
    given = table(tmp_path, {"x": X, "kind": y}, task="regression")
    assert found(given)["targets_far_away"].headline


@pytest.mark.parametrize(("factor", "share"), [(1000, 0.05), (0.01, 0.3), (10, 0.5)])
def test_values_of_two_units_are_named(tmp_path: Path, factor: float, share: float) -> None:
    heights = RNG.normal(170, 8, N)
    mixed = np.where(RNG.random(N) < share, heights * factor, heights)
    told = found(table(tmp_path, {"x": mixed, "kind": KINDS}))
    assert told["feature_of_two_units"].headline
    assert "values_far_away" not in told
    if share < 0.1:
        given = table(tmp_path, {"x": X, "kind": mixed}, task="regression")
        assert found(given)["targets_of_two_units"].headline


def test_marks_among_the_targets_are_named(tmp_path: Path) -> None:
    given = table(tmp_path, {"x": X, "kind": with_marks(X[::-1], -999, 0.02)}, task="regression")
    assert found(given)["targets_far_away"].values["value"] == -999


@pytest.mark.parametrize(
    ("value", "id"),
    [(0, "targets_zero_apart"), ("mean", "targets_filled"), ("median", "targets_filled")],
)
def test_values_that_stand_for_missing_targets_are_named(
    tmp_path: Path, value: str | float, id: str
) -> None:
    random = np.random.default_rng(3)
    y = random.normal(100, 10, N).round(2)
    rows = random.choice(N, N // 6, replace=False)
    y[rows] = value if value == 0 else getattr(np, str(value))(y)
    told = found(table(tmp_path, {"x": random.random(N), "y": y}, task="regression", label="y"))
    assert told.keys() == {id, "features_used"}
    assert told[id].values["share"] == pytest.approx(1 / 6, abs=0.01)


def test_what_most_people_answer_is_no_missing_target(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    years = np.where(random.random(N) < 0.4, 12, random.normal(12, 4, N).round().clip(0, 25))
    ratings = np.where(random.random(N) < 0.4, 3.5, random.integers(1, 6, N))
    for answers in (years, ratings):
        given = table(tmp_path, {"x": random.random(N), "y": answers}, task="regression", label="y")
        assert found(given).keys() == {"features_used"}


@pytest.mark.parametrize("sizes", [(100, 100), (120, 80), (50, 50, 50, 50)])
def test_row_numbers_that_begin_again_are_named(tmp_path: Path, sizes: tuple[int, ...]) -> None:
    index = np.concatenate([np.arange(size) for size in sizes])
    columns = {"x": np.random.default_rng(3).random(N), "kind": KINDS}
    told = found(table(tmp_path, {"index": index, **columns}))
    assert told["index_like_feature"].values == {"feature": "index"}
    assert "index_like_feature" not in found(table(tmp_path, {"id": index % 10, **columns}))
    assert "index_like_feature" not in found(table(tmp_path, {"day": index, **columns}))


def test_equal_columns_are_named(tmp_path: Path) -> None:
    columns = {"cm": X, "width": RNG.random(N), "length": X, "flat": [1] * N, "low": [1] * N}
    told = found(table(tmp_path, {**columns, "kind": KINDS}))
    assert told["features_identical"].values == {"number": 2, "names": ["cm", "length"]}
    # Of few rows, two columns of bits are equal by chance.
    few = {f"b{i}": np.random.default_rng(i).integers(0, 2, 8) for i in range(60)}
    told = found(table(tmp_path, {**few, "kind": ["a", "b"] * 4}))
    assert "features_identical" not in told


@pytest.mark.parametrize(
    "name",
    ["is_test", "IsTrain", "split", "Split", "fold", "kfold", "cv_fold", "in_train", "train_test",
     "subset", "partition", "data_split", "is_val", "test_flag", "fold_id", "is_training"],
)  # fmt: skip
def test_a_column_that_says_which_part_a_row_is_from_is_named(tmp_path: Path, name: str) -> None:
    columns = {"x": X, name: RNG.integers(0, 4, N), "kind": KINDS}
    assert found(table(tmp_path, columns))["feature_is_split"].values == {"feature": name}


@pytest.mark.parametrize(
    "name",
    ["test", "training_hours", "folder", "splits_won", "test_score", "set", "trainer", "is_valid"],
)
def test_a_feature_may_be_named_alike(tmp_path: Path, name: str) -> None:
    columns = {"x": X, name: RNG.integers(0, 4, N), "kind": KINDS}
    assert [*found(table(tmp_path, columns))] == ["features_used"]


def gaps(start: int, share: float) -> Any:
    kept = np.flatnonzero(np.random.default_rng(2).random(int(1.5 * N / share) + 60) < share)[:N]
    return start + kept


@pytest.mark.parametrize(
    "ids",
    [gaps(1000, 0.9), gaps(1, 0.5), gaps(7, 0.1), RNG.permutation(gaps(1, 0.7)),
     gaps(1, 0.5)[::-1], np.arange(N) + 2, np.arange(N)[::-1] + 2, RNG.permutation(N),
     np.arange(N) / 2, 3 - np.arange(N) / 12, 1_640_995_200 + np.arange(N) * 0.25,
     1_640_995_200 + 86_400 * RNG.permutation(N), 3600 * RNG.permutation(N)],
)  # fmt: skip
def test_ids_are_named_whatever_their_order_and_gaps(tmp_path: Path, ids: Any) -> None:
    told = found(table(tmp_path, {"x": X, "id": ids, "kind": KINDS}))
    assert told["index_like_feature"].values == {"feature": "id"}
    assert told["index_like_feature"].headline


WIDE = RNG.choice(10**8, N, replace=False)


@pytest.mark.parametrize(
    "name",
    ["id", "customer_id", "CustomerId", "patient_nbr", "ID number", "uid", "Sample code number",
     "order_no", "Subject", "no", "key", "record", "Nr", "barcode", "row_number", "mrn", "line_no"],
)  # fmt: skip
def test_a_column_that_is_named_as_an_identifier_is_named(tmp_path: Path, name: str) -> None:
    told = found(table(tmp_path, {"x": X, name: WIDE, "kind": KINDS}))
    assert told["index_like_feature"].values == {"feature": name}


def test_what_measures_or_sorts_is_no_identifier(tmp_path: Path) -> None:
    columns = {"order": WIDE, "samples": WIDE[::-1], "id": WIDE / 8, "genre_id": RNG.choice(99, N)}
    columns |= {"NO": WIDE // 2, "keys": WIDE // 3, "x": np.repeat(np.arange(N / 2) / 2, 2)}
    columns |= {"no": np.random.default_rng(5).integers(0, N, N)}
    told = found(table(tmp_path, {**columns, "kind": KINDS}))
    assert "index_like_feature" not in told
    chosen = found(table(tmp_path, {"x": np.linspace(0, 1, N), "kind": KINDS}))
    assert "index_like_feature" not in chosen
    visits = {
        name: np.random.default_rng(6).integers(300, 4000, N) for name in ("mobile", "vin", "ean")
    }
    assert "index_like_feature" not in found(table(tmp_path, {**visits, "kind": KINDS}))
    phones = {
        "mobile": np.random.default_rng(6).integers(600_000_000, 699_999_999, N),
        "kind": KINDS,
    }
    assert "index_like_feature" in found(table(tmp_path, phones))


@pytest.mark.parametrize(
    "values",
    [np.repeat(np.arange(-1, 12), 20)[:N],
     np.r_[[-1] * 18, [0] * 18, [1] * 23, RNG.permutation(N - 59) % 10 + 2],
     RNG.integers(-3, 9, N), RNG.choice([-3, -2, -1, 1, 2, 3], N), RNG.normal(0, 1, N).round(1),
     RNG.normal(97, 1, N).clip(0, 99.9).round(1)],
)  # fmt: skip
def test_small_numbers_below_0_and_ends_are_no_marks(tmp_path: Path, values: Any) -> None:
    assert "values_far_away" not in found(table(tmp_path, {"x": values, "kind": KINDS}))


def test_what_computing_rounds_differently_is_one_value(tmp_path: Path) -> None:
    tenths = RNG.integers(0, 50, (N, 5)) / 10
    assert "feature_values_merge" not in found(
        table(tmp_path, {"x": tenths.mean(axis=1), "u": tenths[:, 0] - tenths[:, 1], "kind": KINDS})
    )
    near = 1e9 + RNG.integers(0, 999, N) * 0.01
    lost = found(table(tmp_path, {"x": np.append(near[1:], 0.5), "kind": KINDS}, test_share=0.01))
    assert "feature_values_merge" in lost


@pytest.mark.parametrize("rare", ["unknown", "yew"])
def test_a_rare_class_hides_no_leak(tmp_path: Path, rare: str) -> None:
    random = np.random.default_rng(3)
    y = random.integers(0, 3, N)
    kinds = np.array(["ash", "oak", "elm"], dtype=object)[y]
    kinds[np.flatnonzero(y == 0)[: N // 40]] = rare
    wrong = np.where(random.random(N) < 0.01, (y + 1) % 3, y)
    noisy = (y + random.normal(0, 0.1, N)).round(3)
    for column, id in ((wrong, "label_nearly"), (noisy, "feature_nearly_orders")):
        told = found(table(tmp_path, {"u": X, "near": column, "kind": kinds}))
        assert told[id].values["feature"] == "near"
        # Of all rows, those of the rare class among them.
        assert 0.9 < told[id].values["share"] < 1 - 1 / 41
    assert not found(
        table(tmp_path, {"u": X, "near": RNG.permutation(y), "kind": kinds})
    ).keys() & {
        "label_nearly",
        "feature_nearly_orders",
    }


def test_ranks_are_no_row_numbers(tmp_path: Path) -> None:
    ranks = {name: RNG.permutation(N) + 1 for name in ("rank", "world_ranking", "incomeRank")}
    assert found(table(tmp_path, {**ranks, "kind": KINDS})).keys() == {"features_used"}
    told = found(table(tmp_path, {"drank": ranks["rank"], "kind": KINDS}))
    assert "index_like_feature" in told


@pytest.mark.parametrize(
    "ids", [np.arange(N), np.arange(N) + 1, np.arange(N)[::-1], N - np.arange(N)]
)
def test_a_number_of_the_rows_is_refused_up_and_down(tmp_path: Path, ids: Any) -> None:
    given = table(tmp_path, {"x": X, "nr": ids, "kind": KINDS})
    assert 'the column "nr" numbers the rows' in refusal(given)
    asked_for = table(tmp_path, {"x": X, "nr": ids, "kind": KINDS}, features=["x", "nr"])
    assert "index_like_feature" in found(asked_for)


@pytest.mark.parametrize(
    ("names", "id"),
    [
        (["yes", "Y", "no", "N"], "classes_same_word"),
        (["yes", "y", "no"], "classes_same_word"),
        (["True", "False", "1", "0"], "classes_same_word"),
        (["pos", "positive", "neg"], "classes_same_word"),
        (["+", "positive", "-"], "classes_same_word"),
        (["iris-setosa", "iris setosa", "iris_virginica"], "classes_look_alike"),
        (["T-shirt", "T shirt", "Bag"], "classes_look_alike"),
        (["-1", "0", "1", "2"], "class_outside_count"),
        (["1", "2", "3", "4", "5", "9"], "class_outside_count"),
        (["0", "1", "2", "99"], "class_outside_count"),
        (["1", "2", "9"], "class_outside_count"),
        (["10", "20", "30", "999"], "class_outside_count"),
        (["M", "F", "male"], "classes_same_word"),
        (["dog", "dogs", "cat"], "classes_look_alike"),
        (["<=50K", "<=50K.", ">50K"], "classes_look_alike"),
        (["class_1", "class1", "class 2"], "classes_look_alike"),
    ],
)
def test_classes_that_are_one_or_none_are_named(tmp_path: Path, names: list[str], id: str) -> None:
    kinds = [names[i % len(names)] for i in range(N)]
    assert found(table(tmp_path, {"x": X, "kind": kinds}))[id].headline


@pytest.mark.parametrize(
    "names",
    [
        ["-1", "1"], ["-1", "0", "1"], ["0", "1", "2", "3"], ["1", "2", "3", "4"], ["yes", "no"],
        ["n", "f", "t", "y", "s"], ["0", "1"], ["t", "f"], ["-2", "-1", "0", "1", "2"],
        ["3", "4", "5", "6", "7", "8", "9"], ["on", "off"], ["positive", "negative", "neutral"],
        ["1-2", "12"], ["1.5", "15"], ["glass", "glas"], ["m", "f"], ["8", "9"], ["97", "98", "99"],
        ["5", "6", "7", "9"], ["class", "clas"], ["us", "u"], ["-99", "-98", "-97"],
        ["a1", "a2", "a11"], ["+", "-"], ["+", "0", "-"], ["grade 1", "grade 2"],
    ],
)  # fmt: skip
def test_ordinary_classes_are_not(tmp_path: Path, names: list[str]) -> None:
    kinds = [names[i % len(names)] for i in range(N)]
    told = {*found(table(tmp_path, {"x": X, "kind": kinds}))}
    assert told <= {"features_used", "classes_like_missing"}


def test_a_value_beyond_what_networks_take_is_named_with_its_column(tmp_path: Path) -> None:
    x = X.copy()
    x[3] = 1e300
    said = refusal(table(tmp_path, {"a": X, "far": x, "kind": KINDS}))
    assert 'the column "far" holds 1e+300 in row 4 (counted from 1, without the header)' in said


@pytest.mark.parametrize("sign", [1, -1])
def test_a_feature_that_orders_the_targets_is_named_up_and_down(tmp_path: Path, sign: int) -> None:
    columns = {"x": X, "copy": sign * np.exp(X / 20), "kind": X}
    told = found(table(tmp_path, columns, task="regression"))
    assert told["feature_orders_target"].values["feature"] in ("x", "copy")
    columns = {
        "x": X,
        "back": sign * X.round(2),
        "kind": ["abc"[int(v > 45) + (v > 55)] for v in X],
    }
    told = found(table(tmp_path, columns))
    assert told["feature_orders_classes"].headline


def of_sklearn(name: str) -> tuple[Mapping[str, Any], Sequence[Any], str]:
    bunch = getattr(sklearn.datasets, f"load_{name}")(as_frame=True)
    task = "regression" if name == "diabetes" else "classification"
    return dict(bunch.data), bunch.target, task


def generated(seed: int) -> dict[str, Any]:
    """Columns as people measure and count them."""
    random = np.random.default_rng(seed)
    n = int(random.integers(60, 900))
    return {
        "age": random.integers(18, 91, n),
        "income": np.round(np.exp(random.normal(10, 1, n)), 2),
        "hours": np.clip(random.normal(40, 12, n).round(), 1, 99),
        "gain": np.where(random.random(n) < 0.9, 0, random.pareto(1.5, n).round(2)),
        "children": random.poisson(1.5, n),
        "smoker": random.integers(0, 2, n),
        "change": random.normal(0, 3, n).round(),
        "sentiment": random.integers(-1, 2, n),
        "year": random.integers(1990, 2025, n),
        "latitude": random.uniform(-60, 70, n).round(4),
        "temperature": random.normal(12, 8, n).round(1),
        "rating": random.integers(1, 11, n) / 2,
        "clicks": random.zipf(2.0, n).astype(float),
        "price": np.round(np.exp(random.normal(3, 1, n))) + 0.99,
        "seconds": 1_700_000_000 + np.sort(random.integers(0, 10**7, n)),
        "test_result": random.integers(0, 3, n),
        "population": np.exp(random.normal(8, 2.5, n)).round(),
        "rain": np.where(random.random(n) < 0.6, 0.0, random.exponential(5, n).round(1)),
        "goals": random.poisson(1.3, n) - random.poisson(1.1, n),
        "paid": random.integers(10_000, 99_999, n),
        "rare": (random.random(n) < 0.01).astype(int),
        "uniform": random.random(n),
        "kind": random.integers(0, 3, n),
    }


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer", "digits", "diabetes"])
def test_sound_data_of_others_have_no_findings(tmp_path: Path, name: str) -> None:
    columns, target, task = of_sklearn(name)
    told = {*found(table(tmp_path, {**columns, "kind": target}, task=task))}
    # Three of the digits' pixels are always white.
    assert told <= {"features_used", "features_constant"}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("target", ["kind", "income", "temperature"])
def test_sound_tables_have_no_findings(tmp_path: Path, seed: int, target: str) -> None:
    columns = generated(seed)
    task = "classification" if target == "kind" else "regression"
    told = {*found(table(tmp_path, columns, label=target, task=task))}
    assert told <= {"features_used", "features_constant"}
