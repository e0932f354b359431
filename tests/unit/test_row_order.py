"""What only all rows in their order show, and what was made of the label, is named."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dataset_cases import refusal
from test_datasets_odd import HARMLESS, ordinary
from test_datasets_slips import found, generated, table
from test_marks import archive

from ecosobriety.readers import take_in

N = 600
RNG = np.random.default_rng(6)
Y = RNG.integers(0, 2, N)
NOISE = RNG.normal(10, 2, N).round(2)
TARGETS = RNG.uniform(1, 9, N).round(3)


def told(folder: Path, columns: dict[str, Any], target: Any = Y, **keys: Any) -> dict[str, Any]:
    findings = found(table(folder, {**columns, "kind": target}, **keys))
    return {id: findings[id] for id in {*findings} - HARMLESS}


def numbers(folder: Path, columns: dict[str, Any], target: Any = TARGETS) -> dict[str, Any]:
    return told(folder, columns, target, task="regression")


def series(seed: int) -> dict[str, Any]:
    steps = np.random.default_rng(seed).normal(size=(N, 3))
    for i in range(1, N):
        steps[i] += 0.95 * steps[i - 1]
    return {f"x{i}": steps[:, i].round(3) for i in range(3)}


def test_neighbours_of_a_series_are_named(tmp_path: Path) -> None:
    findings = told(tmp_path, series(1))
    assert findings.keys() == {"rows_follow"}
    assert not findings["rows_follow"].headline
    assert numbers(tmp_path, series(1), NOISE).keys() == {"rows_follow"}
    mixed = RNG.permutation(N)
    assert not told(tmp_path, {name: x[mixed] for name, x in series(1).items()})


def test_columns_of_the_calendar_hide_no_series(tmp_path: Path) -> None:
    day = np.arange(N)
    calendar = {
        "weekday": day % 7,
        "month": day // 30 % 12 + 1,
        "hour": day % 24,
        "year": day // 365,
    }
    assert told(tmp_path, {"x": series(1)["x0"], **calendar}).keys() == {"rows_follow"}
    assert "rows_follow" not in told(tmp_path, {"x": NOISE, **calendar})


def test_noise_around_0_is_no_multiple_of_a_time(tmp_path: Path) -> None:
    random = np.random.default_rng(8)
    columns = {"v": 1.64e9 + 86_400 * random.integers(0, 99, N), "u": NOISE}
    assert "target_nearly" not in numbers(tmp_path, columns, random.normal(0, 1, N).round(3))
    twice = np.where(np.arange(N) % 9 == 0, NOISE, columns["v"] / 2e9)
    assert "target_nearly" in numbers(tmp_path, columns, twice)


@pytest.mark.parametrize("rows", [2, 3, 4])
@pytest.mark.parametrize("change", [0.1, 0.4])
def test_persons_with_several_rows_each_are_named(tmp_path: Path, rows: int, change: float) -> None:
    random = np.random.default_rng(3)
    person = np.arange(N) // rows
    columns = {
        f"x{i}": random.normal(0, 1, N)[person] + random.normal(0, change, N) for i in range(4)
    }
    eyes = random.integers(0, 2, N)
    assert told(tmp_path, columns, eyes).keys() - {"rows_have_twins"} == {"rows_follow"}
    assert numbers(tmp_path, columns, TARGETS).keys() - {"rows_have_twins"} == {"rows_follow"}


@pytest.mark.slow
@pytest.mark.parametrize("make", [generated, ordinary])
def test_rows_that_are_sorted_are_no_series(tmp_path: Path, make: Any) -> None:
    columns = make(3)
    for name in ("kind", "age"):
        order = np.argsort(columns[name], kind="stable")
        findings = found(table(tmp_path, {key: x[order] for key, x in columns.items()}))
        assert {*findings} <= HARMLESS


def test_a_sensor_that_stands_still_is_named(tmp_path: Path) -> None:
    stuck = np.where((np.arange(N) > 200) & (np.arange(N) < 260), 10.37, NOISE)
    findings = told(tmp_path, {"x": stuck})
    assert findings["feature_stands_still"].values == {"feature": "x", "number": 59, "value": 10.37}
    for values in (np.sort(stuck), RNG.permutation(stuck), np.where(stuck == 10.37, 0, NOISE)):
        assert "feature_stands_still" not in told(tmp_path, {"x": values})


@pytest.mark.parametrize("lag", [1, 2, 7, 30])
def test_a_target_of_another_row_is_named(tmp_path: Path, lag: int) -> None:
    unknown = np.full(lag, 5.0)
    findings = numbers(tmp_path, {"u": NOISE, "p": np.append(TARGETS[lag:], unknown)})
    assert findings["feature_is_next_target"].headline
    findings = numbers(tmp_path, {"u": NOISE, "p": np.append(unknown, TARGETS[:-lag])})
    assert not findings["feature_is_last_target"].headline


def test_windows_of_one_series_are_named(tmp_path: Path) -> None:
    values = RNG.normal(0, 1, N + 2).round(4)
    windows = {f"lag{i}": values[2 - i : 2 - i + N] for i in range(3)}
    findings = told(tmp_path, windows)
    assert findings["feature_is_lagged"].values == {"feature": "lag1", "other": "lag0"}
    assert not findings["feature_is_lagged"].headline
    assert "feature_is_lagged" in numbers(tmp_path, windows)
    mixed = RNG.permutation(N)
    assert not told(tmp_path, {name: x[mixed] for name, x in windows.items()})
    same = dict.fromkeys(("a", "b"), NOISE)
    few = {f"f{i}": windows[f"lag{i}"] > 0 for i in range(2)}
    for columns in (same, {name: x.astype(int) for name, x in few.items()}):
        assert "feature_is_lagged" not in told(tmp_path, columns)


@pytest.mark.parametrize("columns", [4, 12])
def test_rows_that_were_made_between_two_others_are_named(tmp_path: Path, columns: int) -> None:
    random = np.random.default_rng(2)
    y = np.repeat(["ash", "oak"], [240, 40])
    x = random.normal(10, 2, (280, columns)).round(2)
    first, other = random.choice(np.arange(240, 280), (2, 80))
    made = x[first] + random.random((80, 1)) * (x[other] - x[first])

    def named(rows: Any, kinds: Any) -> dict[str, Any]:
        order = np.random.default_rng(3).permutation(len(rows))
        features = {f"f{i}": column for i, column in enumerate(rows[order].T)}
        return found(table(tmp_path, {**features, "kind": kinds[order]}))

    more = np.append(y, ["oak"] * 80)
    between = named(np.concatenate([x, made]), more)["rows_between"].values["names"]
    assert between.keys() == {"oak"}
    # 80 of the 120 oaks, of which some are not found.
    assert 35 <= between["oak"] <= 67
    scaled = (x - x.mean(axis=0)) / x.std(axis=0)
    for sound in (x, scaled, random.normal(size=x.shape)):
        assert "rows_between" not in named(sound, y)


def test_the_mean_of_a_label_by_group_is_named(tmp_path: Path) -> None:
    groups = RNG.integers(0, 40, N)

    def means(y: Any) -> Any:
        return (np.bincount(groups, y, 40) / np.bincount(groups, minlength=40))[groups].round(4)

    assert told(tmp_path, {"u": NOISE, "m": means(Y)})["feature_is_group_mean"].headline
    assert "feature_is_group_mean" in told(tmp_path, {"u": NOISE, "m": 1 - means(Y)})
    assert "feature_is_group_mean" in numbers(tmp_path, {"u": NOISE, "m": means(TARGETS)})
    assert "feature_is_group_mean" not in told(tmp_path, {"u": NOISE, "m": means(NOISE)})


def test_the_median_of_a_target_by_group_is_named(tmp_path: Path) -> None:
    groups = np.random.default_rng(8).integers(0, 40, N)
    made = np.array([np.median(TARGETS[groups == group]) for group in range(40)])[groups].round(3)
    assert "feature_is_group_mean" in numbers(tmp_path, {"u": NOISE, "m": made})
    assert "feature_is_group_mean" not in numbers(tmp_path, {"u": NOISE, "m": made}, NOISE)
    random = np.random.default_rng(9)
    planned = random.integers(4, 40, N).astype(float)
    late = np.where(random.random(N) < 0.6, 0, random.integers(-3, 8, N))
    for taken in (planned + late, planned + random.integers(-2, 3, N)):
        told = numbers(tmp_path, {"u": NOISE, "planned": planned}, taken)
        assert "feature_is_group_mean" not in told


@pytest.mark.parametrize("digits", [2, 1, 0])
def test_a_target_that_is_a_product_of_a_rounded_factor_is_named(
    tmp_path: Path, digits: int
) -> None:
    area, each = RNG.uniform(30, 200, N).round(), RNG.uniform(2000, 5000, N)
    price = (area * each).round()
    columns = {"area": area, "each": (price / area).round(digits), "u": NOISE}
    assert "target_is_product" in numbers(tmp_path, columns, price)
    noisy = price * RNG.normal(1, 0.02, N)
    assert "target_is_product" not in numbers(tmp_path, columns, noisy)


def test_a_target_that_is_a_product_is_named(tmp_path: Path) -> None:
    mass, height = RNG.normal(75, 12, N).round(1), RNG.normal(1.72, 0.1, N).round(2)
    columns = {"mass": mass, "height": height, "u": NOISE}
    findings = numbers(tmp_path, columns, mass / height**2)
    assert {*findings["target_is_product"].values["names"]} == {"mass", "height"}
    more = columns | {"volume": mass / 1.06, "area": height**2, "both": mass * height}
    several = numbers(tmp_path, more, mass / height**2)["target_is_product"].values["names"]
    assert len(several) == 2
    rounded = numbers(tmp_path, columns, (mass / height**2).round(1))
    assert {*rounded["target_is_product"].values["names"]} == {"mass", "height"}
    # To tens, most ratios are the same.
    coarse = numbers(tmp_path, columns, 10 * (mass / height**2 / 10).round())
    assert "target_is_product" not in coarse


@pytest.mark.parametrize(
    "bins",
    [
        *(np.round, np.floor, np.ceil, lambda y: (y / 5).round()),
        *(lambda y: y > np.median(y), lambda y: y > np.quantile(y, 0.9)),
        # Bins are numbered in the order of their names.
        lambda y: np.array([2, 3, 0, 1])[np.digitize(y, np.quantile(y, [0.2, 0.5, 0.7]))],
    ],
)
def test_a_target_in_bins_is_named(tmp_path: Path, bins: Any) -> None:
    made = bins(TARGETS).astype(float)
    assert numbers(tmp_path, {"u": NOISE, "p": made})["feature_bins_target"].headline
    assert not numbers(tmp_path, {"u": NOISE, "p": RNG.permutation(made)})
    slipped = made.copy()
    slipped[[TARGETS.argmin(), TARGETS.argmax()]] = made[[TARGETS.argmax(), TARGETS.argmin()]]
    assert "feature_bins_target" not in numbers(tmp_path, {"u": NOISE, "p": slipped})
    # Kinds of things whose targets are far apart part them rightly.
    apart = TARGETS + 30 * made
    assert "feature_bins_target" not in numbers(tmp_path, {"u": NOISE, "p": made}, apart)


YEAR, MONTH, DAY = RNG.integers(2015, 2024, N), RNG.integers(1, 13, N), RNG.integers(1, 29, N)


@pytest.mark.parametrize(
    "values",
    [
        YEAR * 10_000 + MONTH * 100 + DAY,
        YEAR * 100 + MONTH,
        DAY * 1_000_000 + MONTH * 10_000 + YEAR,
        MONTH * 1_000_000 + DAY * 10_000 + YEAR,
        YEAR * 1_000_000 + MONTH * 10_000 + DAY * 100 + DAY % 24,
        (YEAR * 10_000 + MONTH * 100 + DAY) * 1_000_000 + DAY % 24 * 10_000 + DAY * 101,
    ],
)
def test_dates_written_as_numbers_are_named(tmp_path: Path, values: Any) -> None:
    assert told(tmp_path, {"u": NOISE, "when": values}).keys() == {"features_like_dates"}


def test_codes_of_as_many_digits_are_no_dates(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    for low, high in (
        (10_000_000, 31_129_999),
        (190_000, 210_000),
        (19_000_000, 21_000_000),
        (1_900_000_000, 2_099_999_999),
    ):
        values = np.repeat(random.integers(low, high, N // 2), 2)
        assert "features_like_dates" not in told(tmp_path, {"u": NOISE, "code": values})


IMAGES = np.sort(RNG.integers(0, 200, (300, 9, 9, 3)), axis=1) // np.array([1, 2, 4])
IMAGES = (IMAGES * (1 + np.arange(9) % 4)[:, None] / 4).astype(np.uint8)
LABELS = RNG.integers(0, 3, 300)


@pytest.mark.parametrize(
    ("change", "id"),
    [
        (lambda x: x, None),
        (lambda x: x[..., ::-1], "test_colours_swapped"),
        (lambda x: x.swapaxes(1, 2), "test_images_turned"),
        (lambda x: x[:, ::-1], "test_images_turned"),
        (lambda x: x[:, :, ::-1], "test_images_turned"),
        (lambda x: 199 - x, "test_images_inverted"),
    ],
)
def test_test_images_that_were_read_otherwise_are_named(
    tmp_path: Path, change: Any, id: str | None
) -> None:
    parts = {"x_train": IMAGES[:200], "x_test": change(IMAGES[200:])}
    np.savez(tmp_path / "a.npz", y_train=LABELS[:200], y_test=LABELS[200:], **parts)
    given = {"name": "npz", "path": str(tmp_path / "a.npz"), "format": None, "test_share": 0.2}
    assert {one for one in found(given) if one.startswith("test_")} == ({id} if id else set())


@pytest.mark.parametrize(
    ("order", "number"), [((0, 1, 2), 0), ((1, 2, 0), 3), ((0, 2, 1), 2), ((0, 0, 0), 0)]
)
def test_classes_that_are_numbered_otherwise_in_the_test_part_are_named(
    tmp_path: Path, order: tuple[int, ...], number: int
) -> None:
    x = RNG.normal(size=(300, 5)) + 4 * np.eye(5)[LABELS]
    y = np.array(order)[LABELS[200:]]
    path = tmp_path / "a.npz"
    np.savez(path, x_train=x[:200], y_train=LABELS[:200], x_test=x[200:], y_test=y)
    told = found({"name": "npz", "path": str(path), "format": None, "test_share": 0.2})
    assert ("test_classes_swapped" in told) == (number > 0)
    assert not number or told["test_classes_swapped"].values["number"] == number


def test_parts_that_are_swapped_hidden_or_empty_are_noticed(tmp_path: Path) -> None:
    x, y = RNG.normal(size=(300, 4)), RNG.normal(size=300)
    path = tmp_path / "a.npz"
    given = {"name": "npz", "path": str(path), "format": None, "test_share": 0.2}
    np.savez(path, x_train=x[:50], y_train=LABELS[:50], x_test=x[50:], y_test=LABELS[50:])
    assert found(given)["parts_swapped"].values == {"train": 50, "test": 250}
    np.savez(path, x_train=x[:200], y_train=y[:200], x_test=x[200:], y_test=np.zeros(100))
    assert "all 100 test targets are 0" in refusal({**given, "task": "regression"})
    assert "all inputs of x and y are 0" in refusal(archive(tmp_path, 0 * x, LABELS))


@pytest.mark.parametrize(
    ("targets", "ids"),
    [
        (np.arange(N), {"target_like_index"}),
        (RNG.permutation(N) + 5, {"target_like_index"}),
        (1.7e9 + 60 * np.arange(N), {"target_like_index"}),
        (YEAR * 10_000 + MONTH * 100 + DAY, {"targets_like_dates"}),
        (RNG.integers(0, 400, N), set()),
    ],
)
def test_targets_that_number_rows_or_are_dates_are_named(
    tmp_path: Path, targets: Any, ids: set[str]
) -> None:
    assert numbers(tmp_path, {"u": NOISE}, targets).keys() == ids


@pytest.mark.parametrize("label", ["ash", "oak"])
def test_marks_of_the_other_classes_are_named(tmp_path: Path, label: str) -> None:
    kinds = RNG.choice(["ash", "oak", "elm", "yew"], N)
    columns = {name: (kinds == name).astype(int) for name in ("ash", "oak", "elm", "yew")}
    findings = found(table(tmp_path, {"u": NOISE, **columns}, label=label))
    assert {*findings["label_one_hot"].values["names"]} == {*columns} - {label}
    # Of those that are left, one more may be neither.
    del columns["yew"]
    assert "label_one_hot" not in found(table(tmp_path, {"u": NOISE, **columns}, label=label))


PRICES = np.exp(RNG.normal(10, 0.4, N)).round()


@pytest.mark.parametrize(
    ("values", "id"),
    [
        (np.where(np.arange(N) == 5, -PRICES, PRICES), "feature_of_two_signs"),
        (np.where(RNG.random(N) < 0.1, 1, PRICES), "values_far_away"),
        (RNG.choice([1, 2, 9], N, p=[0.5, 0.45, 0.05]), "values_far_away"),
        (np.where(np.arange(N) == 5, -273.15, RNG.normal(15, 8, N)), "values_far_away"),
        (RNG.choice([1, 2, 3, 9], N, p=[0.4, 0.3, 0.2, 0.1]), "values_far_away"),
        (np.where(np.arange(N) == 5, 9, RNG.poisson(1.5, N).clip(0, 7)), None),
        (RNG.normal(20, 12, N), None),
        (np.where(RNG.random(N) < 0.3, 1, RNG.poisson(8, N) + 1), None),
    ],
)
def test_few_values_of_another_kind_are_named(tmp_path: Path, values: Any, id: str | None) -> None:
    assert told(tmp_path, {"u": NOISE, "x": values}).keys() == ({id} if id else set())


@pytest.mark.parametrize(("number", "more"), [(6, None), (40, 35)])
def test_what_is_said_of_many_features_is_counted(
    tmp_path: Path, number: int, more: int | None
) -> None:
    random = np.random.default_rng(6)
    marked = np.where(random.random((number, N)) < 0.05, -999, random.normal(20, 3, (number, N)))
    path = table(tmp_path, {f"c{i}": marked[i].round(2) for i in range(number)} | {"kind": Y})
    told = [finding for finding in take_in(path).findings if "feature" in finding.values]
    assert len(told) == (number if more is None else 6)
    counts = [one.values["number"] for one in told if one.id == "more_alike"]
    assert counts == ([] if more is None else [more])
