"""What somebody found who had not seen the code: slips that were read, and alarms for nothing."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ecosobriety.checks.file_copies import find_file_copies
from ecosobriety.checks.named_values import find_beyond_names
from ecosobriety.checks.noisy_copies import find_noisy_examples
from ecosobriety.checks.odd_values import find_predictions
from ecosobriety.datasets.examples import Examples
from ecosobriety.errors import DataError
from ecosobriety.readers import take_in
from fuzz.doubt_cases import HARMLESS
from fuzz.judging import SPEC

ROWS = 300


def found(path: Path, columns: dict[str, Any], task: str = "classification") -> set[str]:
    """The findings of a table whose label is its last column."""
    lines = zip(
        *(map(str, np.asarray(column).tolist()) for column in columns.values()), strict=True
    )
    path.write_text("\n".join(map(",".join, [columns.keys(), *lines])) + "\n")
    spec = {**SPEC, "name": "csv", "path": str(path), "label": [*columns][-1], "task": task}
    return {finding.id for finding in take_in(spec).findings} - HARMLESS


def measured(random: np.random.Generator) -> dict[str, Any]:
    return {name: random.normal(20, 4, ROWS).round(2) for name in ("leaf", "stem", "mass")}


def kinds(random: np.random.Generator) -> Any:
    return random.choice(["ash", "beech", "oak"], ROWS)


@pytest.mark.parametrize("doses", [(0, 0.01, 0.1, 1), (0, 1, 10, 100), (0.3, 1, 3, 10, 30)])
@pytest.mark.parametrize("seed", range(5))
def test_doses_are_no_marks_of_missing_values(
    tmp_path: Path, doses: tuple[float, ...], seed: int
) -> None:
    random = np.random.default_rng(seed)
    columns = {**measured(random), "dose": random.choice(doses, ROWS), "kind": kinds(random)}
    assert found(tmp_path / "t.csv", columns) == set()


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_numbers_at_the_end_of_their_type_are_refused_in_one_sentence_alone(tmp_path: Path) -> None:
    random = np.random.default_rng(4)
    prices = random.normal(2e5, 3e4, ROWS) * 1e302
    with pytest.raises(DataError, match="use another unit"):
        found(tmp_path / "t.csv", {**measured(random), "price": prices}, "regression")
    with pytest.raises(DataError, match="finite numbers"):
        found(tmp_path / "t.csv", {**measured(random), "price": prices, "kind": kinds(random)})
    swapped = random.normal(0, 1, (ROWS, 6)).astype(np.float32).view(">f4").astype(np.float32)
    np.savez(tmp_path / "a.npz", x=swapped, y=np.arange(ROWS) % 3)
    with pytest.raises(DataError, match="finite numbers"):
        take_in({**SPEC, "name": "npz", "path": str(tmp_path / "a.npz")})


@pytest.mark.parametrize("mark", [99, 999, -999])
def test_marks_beside_few_values_are_still_named(tmp_path: Path, mark: int) -> None:
    random = np.random.default_rng(1)
    answers = random.choice([1, 2, 3, 4, 5, mark], ROWS)
    columns = {**measured(random), "answer": answers, "kind": kinds(random)}
    assert found(tmp_path / "t.csv", columns) == {"values_far_away"}


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("task", ["classification", "regression"])
def test_numbers_next_to_nothing_are_looked_at_as_others(tmp_path: Path, task: str) -> None:
    random = np.random.default_rng(5)
    columns = {f"p_{i}": random.lognormal(0, 1, ROWS) for i in range(3)}
    columns["p_3"] = random.lognormal(0, 1, ROWS) * 1e-200
    # Their logarithms are the same to the last digit.
    columns |= {f"q_{i}": 1e9 + 1e-7 * random.integers(0, 2, ROWS) for i in range(2)}
    last = (
        {"kind": kinds(random)}
        if task == "classification"
        else {"y": columns["p_0"] * columns["p_1"]}
    )
    assert "feature_values_merge" in found(tmp_path / "t.csv", {**columns, **last}, task)


def test_a_mark_beyond_all_measure_is_named_even_in_few_rows(tmp_path: Path) -> None:
    masses = [1e30, 0.037, 0.074, 0.01, 1e30, 0.084, 0.02, 0.057, 0.03, 0.067, 0.003, 0.09]
    columns = {"mass": masses, "kind": ["ash", "oak"] * 6}
    assert "values_far_away" in found(tmp_path / "t.csv", columns)


def test_a_middle_between_the_steps_is_found_behind_commoner_values(tmp_path: Path) -> None:
    """Four whole numbers are in more rows than what was filled in."""
    times = [*{1: 60, 2: 60, 3: 60, 4: 60, 0: 10, 5: 10, 2.537: 40}.items()]
    visits = np.random.default_rng(1).permutation(np.concatenate([[v] * n for v, n in times]))
    columns = {**measured(np.random.default_rng(2)), "visits": visits}
    assert len(visits) == ROWS
    kinds_of_rows = kinds(np.random.default_rng(3))
    assert found(tmp_path / "t.csv", {**columns, "kind": kinds_of_rows}) == {"feature_filled"}


@pytest.mark.parametrize("other", ["days", "reversed"])
def test_dates_in_two_forms_are_named(tmp_path: Path, other: str) -> None:
    random = np.random.default_rng(1)
    days = np.datetime64("2019-01-01") + random.integers(0, 900, ROWS)
    dates = np.array([int(f"{day}".replace("-", "")) for day in days])
    forms = {
        "days": (days - np.datetime64("1899-12-30")).astype(int),
        "reversed": dates % 100 * 10**6 + dates // 100 % 100 * 10**4 + dates // 10**4,
    }
    columns = {**measured(random), "kind": kinds(random)}
    for mixed, said in ((random.random(ROWS) < 0.2, True), (np.full(ROWS, True), other != "days")):
        at = {"at": np.where(mixed, forms[other], dates)}
        told = found(tmp_path / "t.csv", {**at, **columns})
        assert ("features_like_dates" in told) == said


@pytest.mark.parametrize(
    ("codes", "marks", "share", "named"),
    [
        ((1, 2, 3, 4, 5), (7, 9), 0.15, True),
        ((0, 1), (8, 9), 0.15, True),
        # What is said as often as anything else is an answer.
        ((1, 2, 3, 4, 5), (7, 8, 9), 0.4, False),
        ((1, 2), (9,), 0.33, False),
        (range(1, 8), (8, 9), 0.2, False),
    ],
)
def test_two_marks_among_codes_are_named(
    tmp_path: Path, codes: Any, marks: Any, share: float, named: bool
) -> None:
    random = np.random.default_rng(1)
    answer = random.choice([*codes], ROWS)
    answer = np.where(random.random(ROWS) < share, random.choice([*marks], ROWS), answer)
    columns = {**measured(random), "answer": answer, "kind": kinds(random)}
    assert bool(found(tmp_path / "t.csv", columns)) == named


@pytest.mark.parametrize(
    ("name", "low", "high", "slip"),
    [
        ("humidity_pct", 30, 90, 130),
        ("spo2", 90, 99, 110),
        ("wind_direction", 0, 360, 999),
        ("battery_percent", 10, 99, 255),
        ("temperature_k", 270, 300, -5),
        ("correlation", -1, 1, 1.5),
        ("prob_rain", 0, 1, -0.1),
        ("day", 1, 31, 32),
        ("minute", 0, 59, 75),
        ("hr", 0, 23, 25),
        ("pickup_hour", 0, 23, 25),
        ("birth_month", 1, 12, 13),
        ("quarter", 1, 4, 5),
        ("p_value", 0, 1, 1.2),
        ("share", 0, 1, -0.1),
        ("percent", 0, 100, 120),
        ("n_visits", 0, 9, -2),
        ("distance_km", 1, 60, -3.2),
        ("rainfall", 0, 60, -3),
        ("children", 0, 6, -2),
    ],
)
def test_further_names_say_what_values_can_be(
    name: str, low: float, high: float, slip: float
) -> None:
    values = np.random.default_rng(2).uniform(low, high, (ROWS, 1))
    assert not [*find_beyond_names([name], [values], ())]
    values[5] = slip
    assert [*find_beyond_names([name], [values], ())]


def test_years_of_two_digits_among_others_are_named() -> None:
    years = np.random.default_rng(2).integers(1950, 2010, (ROWS, 1)).astype(float)
    years[::3] %= 100
    assert [*find_beyond_names(["yr_built"], [years], ())]
    assert not [*find_beyond_names(["year_total"], [years * 30], ())]


@pytest.mark.parametrize(
    ("name", "end"), [("month", 12), ("weekday", 7), ("hour", 24), ("minute", 60), ("day", 31)]
)
def test_calendars_that_count_from_0_and_from_1_are_named(name: str, end: int) -> None:
    random = np.random.default_rng(2)
    values = random.integers(1, end, (2 * ROWS, 1)).astype(float)
    values[: ROWS // 6] -= 1
    values[:6] = 0
    values[-9:] = end
    assert [*find_beyond_names([name], [values], ())]
    assert not [*find_beyond_names([name], [values[values > 0][:, None]], ())]
    visits = random.choice([0, 1, 2, 3, end / 4, end / 2, end], (ROWS, 1))
    assert not [*find_beyond_names([name], [visits // 1], ())]


@pytest.mark.parametrize("name", ["weight_change", "log_area", "temperature", "net_weight_gain"])
def test_what_may_be_below_0_is_not_named(name: str) -> None:
    values = np.random.default_rng(2).uniform(0, 60, (ROWS, 1))
    values[5] = -3
    assert not [*find_beyond_names([name], [values], ())]


@pytest.mark.parametrize("name", ["day", "hour", "minute", "month"])
def test_counts_and_durations_may_be_named_like_a_calendar(name: str) -> None:
    random = np.random.default_rng(2)
    middle = {"day": 31, "hour": 24, "minute": 60, "month": 12}[name] / 6
    waited = random.exponential(middle, (ROWS, 1)).round()
    assert not [*find_beyond_names([name], [waited], ())]


@pytest.mark.parametrize("split", [False, True])
def test_a_number_of_the_rows_in_an_archive_is_named(tmp_path: Path, split: bool) -> None:
    random = np.random.default_rng(2)
    x, y = random.normal(size=(ROWS, 3)), random.integers(0, 2, ROWS)
    x[:, 1] = 7 + np.arange(ROWS)
    arrays = {"x": x, "y": y}
    if split:
        arrays = {"x_train": x[50:], "y_train": y[50:], "x_test": x[:50], "y_test": y[:50]}
    np.savez(tmp_path / "a.npz", **arrays)
    told = take_in({**SPEC, "name": "npz", "path": str(tmp_path / "a.npz")}).findings
    assert {"feature": "x[:, 1]"} in [one.values for one in told if one.id == "index_like_feature"]


@pytest.mark.parametrize(
    "name", ["vorhersage", "prédiction", "ground_truth", "ground_truth_id", "label_id", "y_true"]
)
def test_further_names_of_the_label_and_of_predictions(name: str) -> None:
    assert [*find_predictions([name])]
    assert not [*find_predictions([f"no_{name}", "paper_label", "target_speed"])]


@pytest.mark.parametrize("end", ["_mask", "-seg", "_depth", "_thumb", ".gt"])
def test_masks_beside_their_images_are_named(end: str) -> None:
    names = [f"ash/im{i:03d}{part}" for i in range(30) for part in ("", end)]
    assert [finding.id for finding in find_file_copies([names])] == ["files_copies_split"]
    assert not [*find_file_copies([[f"ash/im{i:03d}{end}" for i in range(30)]])]


@pytest.mark.parametrize("side", [16, 20, 28, 30])
def test_mirrored_images_of_fine_detail_are_found_whatever_their_size(side: int) -> None:
    images = np.random.default_rng(3).integers(0, 256, (60, side, side)).astype(np.uint8)
    for turned in (images[:, :, ::-1], images[:, ::-1], np.rot90(images, 1, (1, 2))):
        copies = Examples(np.ascontiguousarray(turned[:30]))
        assert [*find_noisy_examples(Examples(images), copies, None)]
