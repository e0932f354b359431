"""Values that were filled in or lost their sign or unit, and classes in other words, are named."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_datasets_slips import found, table

N = 500
RNG = np.random.default_rng(8)
AGE = RNG.integers(18, 90, N).astype(float)
HEIGHT = RNG.normal(172, 9, N).round(1)
KINDS = RNG.integers(0, 2, N)
HARMLESS = {"features_used", "features_constant", "train_test_duplicates", "inputs_shared"}


def among(values: Any, other: Any, share: float = 0.1) -> Any:
    """The values, with others in so many rows."""
    return np.where(np.random.default_rng(3).random(len(values)) < share, other, values)


def of_column(folder: Path, values: Any, name: str = "x") -> dict[str, Any]:
    told = found(table(folder, {name: values, "kind": KINDS}))
    return {id: told[id] for id in {*told} - HARMLESS}


@pytest.mark.parametrize("share", [0.1, 0.3])
@pytest.mark.parametrize(
    ("values", "middle"),
    [
        (AGE, AGE.mean()),
        (AGE, AGE.mean().round(1)),
        (AGE, 54.0),
        (HEIGHT, HEIGHT.mean()),
        (HEIGHT, HEIGHT.mean().round(2)),
        (RNG.normal(3, 2, N), None),
        (np.exp(RNG.normal(0, 1, N)), None),
    ],
)
def test_values_that_were_filled_in_are_named(
    tmp_path: Path, values: Any, middle: float | None, share: float
) -> None:
    middle = float(np.median(values)) if middle is None else middle
    told = of_column(tmp_path, among(values, middle, share))
    assert told.keys() == {"feature_filled"}
    assert told["feature_filled"].values["value"] == pytest.approx(middle, rel=1e-5)


@pytest.mark.parametrize("middle", [np.median, np.mean])
@pytest.mark.parametrize(("share", "decimals"), [(0.1, 1), (0.3, 0), (0.05, 2)])
def test_middles_of_classes_that_were_filled_in_give_the_label_away(
    tmp_path: Path, middle: Any, share: float, decimals: int
) -> None:
    random = np.random.default_rng(4)
    kinds = random.integers(0, 3, 2 * N)
    values = (random.normal(40, 6, 2 * N) + 3 * kinds).round(decimals)
    middles = np.array([middle(values[kinds == kind]) for kind in range(3)])
    told = found(table(tmp_path, {"x": among(values, middles[kinds], share), "kind": kinds}))
    assert told["feature_filled_by_class"].headline
    assert told["feature_filled_by_class"].values["feature"] == "x"


@pytest.mark.parametrize("share", [0.15, 0.3])
@pytest.mark.parametrize(
    ("values", "mark"),
    [
        (np.clip(AGE, 18, 98), 99),
        (RNG.uniform(700, 990, N).round(), 999),
        (RNG.integers(1905, 2004, N), 1900),
        (RNG.integers(1975, 2024, N), 1970),
        (np.random.default_rng(1).normal(60, 10, N).clip(20, 92).round(1), 99.9),
    ],
)
def test_marks_at_the_end_of_the_values_are_named(
    tmp_path: Path, values: Any, mark: float, share: float
) -> None:
    told = of_column(tmp_path, among(values, mark, share))
    assert told.keys() == {"mark_at_end"}
    assert told["mark_at_end"].values["value"] == mark


def test_a_sensor_that_ends_at_a_mark_is_no_mark(tmp_path: Path) -> None:
    humidity = np.random.default_rng(1).normal(85, 12, N).round(1)
    assert of_column(tmp_path, humidity.clip(None, 99.9)).keys() == set()


def test_a_few_years_of_birth_far_before_all_others_are_named(tmp_path: Path) -> None:
    years = np.random.default_rng(3).integers(1940, 2005, N)
    assert of_column(tmp_path, among(years, 1900, 0.04)).keys() == {"mark_at_end"}


def test_a_sign_that_was_lost_is_named(tmp_path: Path) -> None:
    told = of_column(tmp_path, among(HEIGHT, -HEIGHT))
    assert told.keys() == {"feature_of_two_signs"}
    assert told["feature_of_two_signs"].headline


def test_middles_of_groups_that_were_filled_in_are_named(tmp_path: Path) -> None:
    middles = np.array([HEIGHT[kind == KINDS].mean() for kind in (0, 1)])
    told = of_column(tmp_path, among(HEIGHT, middles[KINDS], 0.2))
    assert told.keys() == {"feature_filled", "feature_filled_by_class"}
    standardised = (HEIGHT - HEIGHT.mean()) / HEIGHT.std()
    assert of_column(tmp_path, among(standardised, 0.0, 0.2)).keys() == {"feature_filled"}


def test_a_target_that_features_say_without_a_rest_is_named(tmp_path: Path) -> None:
    parts = {"casual": RNG.poisson(30, N), "registered": RNG.poisson(90, N)}
    other = {"x": RNG.normal(size=N), "kind": parts["casual"] + parts["registered"]}
    told = found(table(tmp_path, parts | other, task="regression"))
    assert {*told["target_is_sum"].values["names"]} == {"casual", "registered"}
    rounded = {"a": RNG.normal(30, 9, N), "b": RNG.normal(90, 9, N)}
    kind = (rounded["a"] + rounded["b"]).round(1)
    two = {name: values.round(2) for name, values in rounded.items()}
    assert "target_is_sum" in found(table(tmp_path, {**two, "kind": kind}, task="regression"))
    noisy = {**other, "kind": other["kind"] + RNG.normal(0, 1, N)}
    assert "target_is_sum" not in found(table(tmp_path, parts | noisy, task="regression"))
    y = RNG.normal(10, 3, N)
    near = {"x": RNG.normal(size=N), "taxed": y + RNG.normal(0, 0.1, N), "kind": y}
    told = found(table(tmp_path, near, task="regression"))
    assert told["feature_like_target"].values["feature"] == "taxed"
    near["taxed"] = y + RNG.normal(0, 1, N)
    assert "feature_like_target" not in found(table(tmp_path, near, task="regression"))


@pytest.mark.parametrize("off", [0.01, 0.1])
def test_a_target_that_is_a_formula_but_in_a_few_rows_is_named(tmp_path: Path, off: float) -> None:
    random = np.random.default_rng(5)
    slips = random.random(N) < off
    a, b = random.lognormal(3, 0.5, N).round(2), random.lognormal(2, 0.5, N).round(2)
    number, x = random.integers(1, 9, N), random.normal(size=N)
    for id, columns, y in (
        ("target_is_sum", {"a": a, "b": b}, a - b + 2.5 * slips),
        ("target_is_product", {"number": number, "a": a}, number * a * (1 - 0.1 * slips)),
        ("target_is_product", {"a": a, "b": b}, (a / b * (1 + slips)).round(2)),
    ):
        told = found(table(tmp_path, {"x": x, **columns, "kind": y}, task="regression"))[id]
        assert (told.headline, {*told.values["names"]}) == (True, {*columns})
        assert 1 - 3 * off < told.values["share"] <= 1
        noisy = y * (1 + 0.02 * random.normal(size=N))
        assert id not in found(
            table(tmp_path, {"x": x, **columns, "kind": noisy}, task="regression")
        )
    # Where neither is anything, nothing is their sum.
    none = random.random(N) < 0.9
    parts = {"a": np.where(none, 0, a), "b": np.where(none, 0, b)}
    y = np.where(none, 0, a + b * random.random(N))
    assert "target_is_sum" not in found(table(tmp_path, {**parts, "kind": y}, task="regression"))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_sum_of_trends_is_no_product_of_them(tmp_path: Path, seed: int) -> None:
    random = np.random.default_rng(seed)
    common = random.normal(size=(120, 2)).cumsum(axis=0) @ random.uniform(0.5, 2, (2, 20))
    trends = (500 + common + random.normal(0, 0.3, (120, 20)))[random.permutation(120)].round(1)
    columns = {f"x{i}": trends[:, i] for i in range(20)}
    y = (9 * trends[:, 0] + trends[:, 1]).round(1)
    told = found(table(tmp_path, columns | {"kind": y}, task="regression"))
    assert "target_is_product" not in told


def test_a_ratio_is_1_where_two_numbers_are_equal(tmp_path: Path) -> None:
    for seed in range(5):
        random = np.random.default_rng(seed)
        a = random.integers(200, 801, 300) // 10 * 10
        b = (a * 0.5 + random.integers(100, 401, 300)).clip(200, 800) // 10 * 10
        columns = {"ratio": a / b, "x": random.normal(size=300), "kind": KINDS[:300]}
        assert "feature_filled" not in found(table(tmp_path, columns))


def test_many_copies_of_one_row_are_repeats(tmp_path: Path) -> None:
    columns = {"x": RNG.normal(size=N), "y": HEIGHT, "kind": KINDS}
    again = {name: np.concatenate([v, np.repeat(v[:1], N // 3)]) for name, v in columns.items()}
    assert "train_repeats" in found(table(tmp_path, again))
    twice = {name: np.concatenate([v, v]) for name, v in columns.items()}
    assert "test_repeats" not in found(table(tmp_path, twice))


HOURS = RNG.integers(0, 24, N)


@pytest.mark.parametrize(
    "values",
    [
        among(HEIGHT, (HEIGHT / 2.54).round(1), 0.1),
        among(HEIGHT, (HEIGHT / 2.54).round(1), 0.5),
        among(RNG.normal(75, 9, N).round(1), RNG.normal(165, 20, N).round(), 0.3),
        among(HEIGHT, 10 * HEIGHT, 0.1),
        among(RNG.uniform(1, 40, N).round(2), (1000 * RNG.uniform(1, 40, N)).round(), 0.2),
        among(RNG.integers(30, 480, N) * 1.0, (RNG.integers(30, 480, N) / 60).round(2), 0.3),
        among(HOURS, HOURS * 100 + 30 + RNG.integers(0, 30, N) + 100 * (HOURS == 0), 0.5),
    ],
)
def test_units_that_lie_close_together_are_named(tmp_path: Path, values: Any) -> None:
    assert of_column(tmp_path, values).keys() == {"feature_of_two_units"}


def ordinary(seed: int) -> dict[str, Any]:
    """Columns whose values heap up, or fall into groups, as those of people and of things do."""
    random = np.random.default_rng(seed)
    n = int(random.integers(80, 1500))
    man = random.integers(0, 2, n)
    sea = random.random(n) < random.random()
    rounded = random.random(n) < 0.7
    pressure = random.normal(120, 15, n)
    hours = random.normal(40, 12, n).clip(1, 99).round()
    size = np.where(sea, random.normal(1.5, 0.2, n), random.normal(4.3, 0.5, n))
    return {
        "worked": np.where(random.random(n) < 0.45, 40, hours),
        "months": random.choice([6, 9, 12, 15, 18, 24, 24, 24, 30, 36, 48, 60], n) + 0.0,
        "pressure": np.where(rounded, 10 * (pressure / 10).round(), pressure.round()),
        "born": random.integers(1901, 2005, n),
        "built": np.where(random.random(n) < 0.02, 1900, random.integers(1870, 2020, n)),
        "age": random.integers(18, 100, n),
        "points": random.normal(100, 15, n).round(),
        "mark": random.normal(14, 3, n).clip(0, 20).round(),
        "percent": np.where(random.random(n) < 0.2, 50, random.integers(0, 101, n)),
        "height": np.where(man, random.normal(178, 7, n), random.normal(165, 6, n)).round(),
        "weight": np.exp(random.normal(4.3, 0.2, n)).round(1),
        "size": size.clip(0.5).round(1),
        "warmth": np.where(sea, random.normal(2, 4, n), random.normal(20, 5, n)).round(1),
        "hour": random.integers(0, 24, n),
        "departure": random.integers(0, 24, n) * 100 + random.integers(0, 60, n),
        "lat": random.uniform(42, 51, n).round(5),
        "lon": random.uniform(-4, 8, n).round(5),
        "start_latitude": random.uniform(-60, 70, n),
        "start_longitude": np.where(sea, random.uniform(-120, -70, n), random.uniform(100, 150, n)),
        "change": np.where(random.random(n) < 0.3, 0, random.normal(0, 2, n)).round(2),
        "fever": np.where(random.random(n) < 0.2, 37.0, random.normal(37, 0.7, n).round(1)),
        "children": random.poisson(30, n),
        "score": random.beta(2, 5, n),
        "deviation": random.normal(0, 1, n),
        "dose": random.choice([0.5, 1, 2, 2.5, 5, 10, 20, 25, 50, 100], n),
        "waited": random.exponential(30, n).round(1),
        "rolled": random.integers(1, 7, n) + random.integers(1, 7, n),
        "kind": random.integers(0, 2, n),
        "price": np.exp(random.normal(3, 1, n)).round() - 0.01,
    }


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("target", ["kind", "price"])
def test_ordinary_tables_have_no_findings(tmp_path: Path, seed: int, target: str) -> None:
    task = "classification" if target == "kind" else "regression"
    assert {*found(table(tmp_path, ordinary(seed), label=target, task=task))} <= HARMLESS


PLACES = {"lat": RNG.uniform(42, 51, N).round(5), "lon": RNG.uniform(-4, 8, N).round(5)}


@pytest.mark.parametrize("names", [("lat", "lon"), ("Latitude", "Longitude"), ("p_lat", "p_lng")])
def test_places_whose_numbers_are_swapped_are_named(tmp_path: Path, names: Any) -> None:
    swapped = np.arange(N) % 20 == 0
    one, other = PLACES.values()
    columns = {
        names[0]: np.where(swapped, other, one),
        names[1]: np.where(swapped, one, other),
        "kind": KINDS,
    }
    told = found(table(tmp_path, columns))["coordinates_swapped"]
    assert told.headline
    assert told.values["names"] == [*names]
    assert 15 <= told.values["number"] <= 25


@pytest.mark.parametrize(
    "name",
    [
        *(
            "y_hat",
            "yhat",
            "pred",
            "prediction",
            "y_pred_proba",
            "proba_1",
            "logits",
            "model_score",
        ),
        *("proba_ash", "prob_0", "annotator1", "label_confidence", "target_encoded"),
    ],
)
def test_the_answer_of_another_model_is_named(tmp_path: Path, name: str) -> None:
    told = of_column(tmp_path, RNG.random(N), name)
    assert told["feature_is_prediction"].values == {"feature": name}


@pytest.mark.parametrize(
    "name", ["score", "predator", "output", "hat", "probability", "predisposed"]
)
def test_a_feature_may_be_named_like_a_score(tmp_path: Path, name: str) -> None:
    assert not of_column(tmp_path, RNG.random(N), name)


def test_a_feature_that_nearly_parts_the_classes_is_named(tmp_path: Path) -> None:
    score = np.where(KINDS == 1, RNG.beta(30, 2, N), RNG.beta(2, 30, N)).round(4)
    told = of_column(tmp_path, among(score, 1 - score, 0.01))["feature_nearly_orders"]
    assert 0.98 <= told.values["share"] < 1
    # Right in 99 % of the rows is nothing where 98 % are of one class.
    rare = (np.arange(N) % 20 == 0).astype(int)
    late = np.where(rare == 1, RNG.random(N) + 0.6, RNG.random(N)).round(4)
    told = found(table(tmp_path, {"x": late, "kind": rare}))
    assert "feature_nearly_orders" not in told


@pytest.mark.parametrize("kinds", [2, 3, 5])
@pytest.mark.parametrize("jitter", [20, 60])
def test_a_clock_that_nearly_parts_the_classes_is_named(
    tmp_path: Path, kinds: int, jitter: float
) -> None:
    random = np.random.default_rng(6)
    rows = random.permutation(300 * kinds)
    clock = (10 * rows + random.normal(0, jitter / kinds, len(rows))).round(2)
    told = found(table(tmp_path, {"x": clock, "kind": rows // 300}))
    assert told.keys() & {"feature_nearly_orders", "feature_orders_classes"}


def labelled(folder: Path, names: dict[str, int]) -> dict[str, Any]:
    kinds = [name for name, number in names.items() for _ in range(number)]
    told = found(table(folder, {"x": RNG.normal(size=len(kinds)), "kind": kinds}))
    return {id: told[id] for id in {*told} - HARMLESS}


@pytest.mark.parametrize(
    ("names", "id"),
    [
        ({"cat": 90, "dog": 80, "cat;dog": 20}, "classes_combined"),
        ({"cat": 90, "dog": 80, "cat, dog": 20}, "classes_combined"),
        ({"['cat']": 90, "['dog']": 80, "['cat', 'dog']": 20}, "classes_combined"),
        ({"cat": 90, "dog": 80, "cat and dog": 20}, "classes_combined"),
        ({"drama|war": 90, "war|comedy": 80, "comedy|drama": 20}, "classes_combined"),
        ({"New York": 90, "Boston": 80, "NY": 20}, "classes_abbreviated"),
        ({"New York": 90, "Boston": 80, "N.Y.": 20}, "classes_abbreviated"),
        ({"United States of America": 90, "France": 80, "USA": 20}, "classes_abbreviated"),
        ({"yes": 90, "no": 80, "y": 20, "perhaps": 50}, "classes_abbreviated"),
        ({"January": 90, "Feb": 80, "Jan": 20, "March": 50}, "classes_abbreviated"),
    ],
)
def test_classes_in_other_words_are_named(tmp_path: Path, names: dict[str, int], id: str) -> None:
    told = labelled(tmp_path, names)
    assert told.keys() == {id}
    assert told[id].headline


@pytest.mark.parametrize(
    ("names", "id"),
    [
        ({"ash": 90, "oak": 80, "test": 6}, "classes_like_missing"),
        ({"ash": 90, "oak": 80, "x": 6}, "classes_like_missing"),
        ({"ash": 90, "oak": 80, "skip": 6}, "classes_like_missing"),
        ({"ash": 90, "oak": 80, "#DIV/0!": 20}, "classes_like_missing"),
        ({"ash": 90, "oak": 80, "Err:502": 20}, "classes_like_missing"),
        *(
            ({"ash": 90, "oak": 80, word: 20}, "classes_like_missing")
            for word in (
                *("#NV", "#N/D", "#Н/Д", "#¡VALOR!", "#WERT!", "#GETTING_DATA", "########"),
                *("sin dato", "não informado", "ukjent", "неизвестно", "不明", "Weiß nicht"),
                *("to be defined", "DK/NA", "Sonstige/unbekannt", "Missing or unknown", "s/o"),
            )
        ),
        ({"3-Jan": 90, "6-Apr": 80, "14-Oct": 20}, "classes_like_dates"),
        ({"2024-10-14": 90, "2024-01-03": 80, "low": 20}, "classes_like_dates"),
        ({"2024-10-14 00:00:00": 90, "2024-01-03 00:00:00": 80}, "classes_like_dates"),
        ({"14/10/2024": 90, "03/01/2024": 80}, "classes_like_dates"),
    ],
)
def test_names_that_are_hardly_those_of_classes_are_named(
    tmp_path: Path, names: dict[str, int], id: str
) -> None:
    assert labelled(tmp_path, names).keys() == {id}


@pytest.mark.parametrize(
    "names",
    [
        {"cat": 90, "dog": 80, "cats and dogs": 20},
        {"T-shirt/top": 90, "Trouser": 80},
        {"AC/DC": 90, "DC": 80},
        {"Trinidad and Tobago": 90, "Tobago": 80},
        {"1,2": 90, "3": 80},
        {"A": 90, "B": 80, "C+": 20},
        {"Acute bronchitis": 90, "MI": 80},
        {"NY": 90, "CA": 80, "TX": 20},
        {"low": 90, "low; treated": 80, "high": 20},
        {"may": 90, "june": 80},
        {"v": 90, "w": 80, "x": 70},
        {"ash": 90, "oak": 80, "test": 70},
        {"control": 90, "test": 8},
        {"ash": 90, "oak": 80, "other": 6},
        {"#ff0000": 90, "#00ff00": 80, "#abc": 60},
        {"DK": 90, "NO": 80, "DK/FI": 60},
        {"01-mag": 90, "gen-1": 80, "set-2": 60},
        {"#ash": 90, "#oak": 80},
        {"+": 90, "+/-": 80, "0/+": 60},
    ],
)
def test_classes_may_have_such_names(tmp_path: Path, names: dict[str, int]) -> None:
    assert not labelled(tmp_path, names)
