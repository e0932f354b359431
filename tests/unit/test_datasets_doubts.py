"""What may be meant and most likely is not, in labels and in columns, is named; never mended."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_datasets_slips import KINDS, N, X, found, generated, table

RNG = np.random.default_rng(11)
START = RNG.bit_generator.state


@pytest.fixture(autouse=True)
def same_chance() -> None:
    """Each test draws the same, whatever ran before it."""
    RNG.bit_generator.state = START


def kinds(counts: dict[str, int]) -> list[str]:
    return list(RNG.permutation([name for name, n in counts.items() for _ in range(n)]))


def labelled(folder: Path, names: dict[str, int]) -> dict[str, Any]:
    y = kinds(names)
    return found(table(folder, {"x": RNG.normal(size=len(y)), "kind": y}))


@pytest.mark.parametrize(
    ("names", "id", "headline"),
    [
        ({"0": 90, "1": 80, "-100": 9}, "class_outside_count", True),
        ({"0": 90, "1": 80, "-1": 9}, "class_outside_count", False),
        ({"cat": 90, "dog": 80, "unknown": 9}, "classes_like_missing", False),
        ({"cat": 90, "dog": 80, "N/A": 9}, "classes_like_missing", False),
        ({"chat": 90, "chien": 80, "Inconnu": 9}, "classes_like_missing", False),
        *(
            ({"cat": 90, "dog": 80, name: 9}, "classes_like_missing", False)
            for name in (
                "EMPTY",
                "unlabelled",
                "none of these",
                "None_of_the_above",
                "None",
                "<todo>",
                "??",
            )
        ),
        ({"cat": 90, "dog": 80, "-1": 9}, "classes_like_missing", False),
        ({"cat": 90, "dog": 80, "999": 9}, "classes_like_missing", False),
        *(
            ({"cat": 90, "dog": 80, name: 9}, "classes_like_missing", False)
            for name in ("0", "0.0", "*", "''")
        ),
        ({"setosa": 90, "virginica": 80, "virginca": 4}, "classes_misspelt", True),
        ({"setosa": 90, "virginica": 80, "setossa": 4}, "classes_misspelt", True),
        ({"setosa": 90, "versicolor": 80, "vesricolor": 4}, "classes_misspelt", True),
        ({"New York": 90, "Boston": 80, "New Yirk": 4}, "classes_misspelt", True),
        ({"normal": 90, "benign": 80, "bening": 4}, "classes_misspelt", True),
        *(
            ({"setosa": 90, "virginica": 80, slip: 3}, "classes_misspelt", True)
            for slip in ("setos", "etosa", "estosa", "zetosa", "setosq", "setosaa", "qsetosa")
        ),
    ],
)
def test_labels_that_are_hardly_meant_are_named(
    tmp_path: Path, names: dict[str, int], id: str, headline: bool
) -> None:
    assert labelled(tmp_path, names)[id].headline == headline


@pytest.mark.parametrize(
    "names",
    [
        {"0": 90, "1": 80, "-1": 60},
        {"empty": 90, "occupied": 80},
        # A blood group, an emoji, grades.
        {"A": 90, "B": 80, "AB": 20, "0": 9},
        {"laugh": 90, "cry": 80, "😀": 60},
        {"low": 40, "mid": 80, "high": 70, "0": 60},
        {"none": 40, "acute": 80, "truncate": 70},
        {"NONE": 40, "AGAINST": 80, "FAVOR": 70},
        {":)": 90, ":(": 80, "emptiness": 70},
        {"typical": 90, "atypical": 8},
        {"typical": 40, "atypical": 3},
        {"groupA": 90, "groupB": 3},
        {"house": 90, "mouse": 3},
        {"Tops": 170, "Shirts": 320, "Skirts": 13},
        {"alkane": 300, "alkene": 27, "alkyne": 13},
        {"+/+": 60, "+/-": 60, "-/-": 60},
        {"0": 60, "1": 60, "9": 60},
        {"Aaa": 60, "Baa1": 60, "Baa2": 60, "B1": 60, "B2": 60},
        {"type I": 90, "type II": 8, "type IV": 4},
        {"grade a": 90, "grade b": 8},
        {"class_1": 90, "class_2": 4},
        {"running": 90, "cunning": 80},
        {"walking": 90, "talking": 8},
        {"setosa": 90, "setossa": 80},
        {"female": 90, "male": 8},
        {"hypotension": 90, "hypertension": 4},
        {"sitting": 50, "fitting": 4, "hitting": 3},
        {"stage_i_b": 90, "stage_ii_b": 8},
        dict.fromkeys("0123456789abcdefghij", 9),
        {"ND": 90, "NR": 30, "CA": 70},
    ],
)
def test_labels_that_may_well_be_meant_are_not(tmp_path: Path, names: dict[str, int]) -> None:
    assert {*labelled(tmp_path, names)} <= {"features_used", "classes_untested"}


def zeros_in(values: Any, share: float) -> Any:
    return np.where(RNG.random(len(values)) < share, 0, values)


@pytest.mark.parametrize(
    "values",
    [RNG.normal(75, 12, 400).round(), RNG.normal(120, 30, 400).clip(44, 199).round(),
     RNG.normal(32, 6, 400).clip(18, 67).round(1), RNG.integers(18, 90, 400)],
)  # fmt: skip
@pytest.mark.parametrize("share", [0.02, 0.3])
def test_zeros_far_below_all_other_values_are_named(
    tmp_path: Path, values: Any, share: float
) -> None:
    columns = {"x": zeros_in(values, share), "kind": kinds({"a": 200, "b": 200})}
    told = found(table(tmp_path, columns))["zeros_apart"]
    assert not told.headline
    assert told.values["feature"] == "x"


@pytest.mark.parametrize(
    "values",
    [RNG.poisson(3, 400), RNG.poisson(9, 400), np.exp(RNG.normal(10, 1, 400)).round(),
     RNG.exponential(5, 400).round(1), RNG.integers(0, 60, 400), RNG.random(400).round(2),
     RNG.normal(0, 1, 400).round(1), RNG.integers(1, 30, 400), RNG.gamma(4, 10, 400).round()],
)  # fmt: skip
def test_zeros_that_others_thin_out_towards_are_not(tmp_path: Path, values: Any) -> None:
    columns = {"x": zeros_in(values, 0.1), "kind": kinds({"a": 200, "b": 200})}
    assert [*found(table(tmp_path, columns))] == ["features_used"]


def test_a_tables_last_row_is_no_example(tmp_path: Path) -> None:
    for names in ({"a": 90, "b": 80, "Total": 1}, {"a": 90, "b": 80, "Moyenne": 1, "Sum:": 1}):
        assert labelled(tmp_path, names)["classes_like_totals"].headline
    for names in ({"min": 90, "max": 80}, {"total": 30, "partial": 90}):
        assert "classes_like_totals" not in labelled(tmp_path, names)


def test_degrees_of_two_kinds_are_named(tmp_path: Path) -> None:
    celsius = RNG.normal(37.2, 0.6, 400).round(1)
    other = RNG.random(400) < 0.1
    mixed = np.where(other, (celsius * 1.8 + 32).round(1), celsius)
    y = kinds({"a": 200, "b": 200})
    told = found(table(tmp_path, {"x": mixed, "kind": y}))["feature_of_two_units"]
    assert told.headline
    assert found(table(tmp_path, {"x": celsius, "kind": y})).keys() == {"features_used"}
    # Two kinds of things, measured alike.
    groups = np.where(other, RNG.normal(80, 1, 400), RNG.normal(37.2, 0.6, 400)).round(1)
    assert found(table(tmp_path, {"x": groups, "kind": y})).keys() == {"features_used"}


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
def test_shares_among_percents_are_named(tmp_path: Path, part: float) -> None:
    share = RNG.beta(2, 2, 500).round(3)
    mixed = np.where(RNG.random(500) < part, share, (100 * share).round(1))
    y = kinds({"a": 250, "b": 250})
    assert found(table(tmp_path, {"x": mixed, "kind": y}))["feature_of_two_units"].headline
    columns = {"x": RNG.normal(size=500), "y": mixed}
    told = found(table(tmp_path, columns, label="y", task="regression"))
    assert told["targets_of_two_units"].headline
    # Hours, amounts and counts begin near 0 as well.
    for values in (
        100 * share,
        share,
        np.exp(RNG.normal(0, 1.5, 500)).clip(0, 99),
        10 ** RNG.uniform(-2, 2, 500),
        RNG.exponential(3, 500).clip(0, 99),
        np.where(RNG.random(500) < 0.3, RNG.integers(0, 2, 500), RNG.integers(0, 99, 500)),
    ):
        values = np.round(values, 3)
        assert found(table(tmp_path, {"x": values, "kind": y})).keys() == {"features_used"}


def test_features_that_mark_the_classes_together_are_named(tmp_path: Path) -> None:
    y = RNG.integers(0, 4, 900)
    nearly = np.where(RNG.random(900) < 0.03, RNG.integers(0, 4, 900), y)
    x = {"x": RNG.normal(size=900), "smoker": RNG.integers(0, 2, 900)}
    for said in (y, nearly):
        marks = {f"is {i}": (said == i) * (3 - 2 * i) + i for i in range(4)}
        names = [[*marks], [*marks][1:]]
        for chosen in names:
            told = found(table(tmp_path, {**x, **{n: marks[n] for n in chosen}, "kind": y}))
            assert told["label_one_hot"].headline
            assert {*told["label_one_hot"].values["names"]} == {*chosen}
    # Of four classes, two are marked; and other things are marked.
    told = found(table(tmp_path, {**x, "a": 1 * (y == 0), "b": 1 * (y == 1), "kind": y}))
    assert "label_one_hot" not in told
    marks = {f"is {i}": (y == i).astype(int) for i in range(4)}
    told = found(table(tmp_path, {**x, **marks, "kind": RNG.permutation(y)}))
    assert told.keys() == {"features_used"}


@pytest.mark.parametrize("factor", [100, 1000, -1000])
@pytest.mark.parametrize("row", range(3))
def test_a_slip_in_a_single_row_is_named_in_whichever_part_it_falls(
    tmp_path: Path, row: int, factor: float
) -> None:
    x = X.copy()
    x[row] *= factor
    told = found(table(tmp_path, {"x": x, "kind": KINDS}, test_share=0.5))
    assert {"values_far_away", "test_values_far_away"} & {*told}


def test_a_feature_that_nearly_is_the_label_is_named(tmp_path: Path) -> None:
    y = RNG.integers(0, 3, 600)
    flipped = np.where(RNG.random(600) < 0.04, RNG.integers(0, 3, 600), y)
    codes = np.array([7, 3, 5])[flipped]
    told = found(table(tmp_path, {"x": RNG.normal(size=600), "code": codes, "kind": y}))
    assert told["label_nearly"].values["feature"] == "code"
    assert 0.95 < told["label_nearly"].values["share"] < 1
    # Right in 97 % of the rows is nothing where 96 % are of one class.
    rare = (RNG.random(600) < 0.04).astype(int)
    late = np.where(RNG.random(600) < 0.03, 1, rare)
    told = found(table(tmp_path, {"x": RNG.normal(size=600), "late": late, "kind": rare}))
    assert "label_nearly" not in told


def test_a_feature_that_nearly_is_the_target_is_named(tmp_path: Path) -> None:
    y = RNG.normal(20, 4, 600).round(2)
    cents = np.where(RNG.random(600) < 0.05, RNG.normal(2000, 400, 600).round(), 100 * y)
    columns = {"x": RNG.normal(size=600), "cents": cents, "kind": y}
    told = found(table(tmp_path, columns, task="regression"))
    assert told["target_nearly"].values["feature"] == "cents"
    # Most rows may have a target of 0, which is no multiple.
    zero = RNG.random(600) < 0.6
    none = {"x": columns["x"], "cents": cents, "kind": np.where(zero, 0, y)}
    share = found(table(tmp_path, none, task="regression"))["target_nearly"].values["share"]
    assert share == pytest.approx(((cents == 100 * y) & ~zero).mean(), abs=0.05)
    columns["cents"] = 100 * y + RNG.normal(0, 5, 600)
    assert "target_nearly" not in found(table(tmp_path, columns, task="regression"))


def test_a_regression_of_two_numbers_is_named(tmp_path: Path) -> None:
    y = RNG.integers(0, 2, N)
    told = found(table(tmp_path, {"x": X, "kind": y}, task="regression"))
    assert told["targets_of_two_values"].values == {"low": 0, "high": 1}
    told = found(table(tmp_path, {"x": X, "kind": RNG.integers(0, 3, N)}, task="regression"))
    assert "targets_of_two_values" not in told


@pytest.mark.parametrize("name", ["sample_weight", "Sample Weight", "fnlwgt", "case_weights"])
def test_a_weight_of_the_rows_is_named(tmp_path: Path, name: str) -> None:
    told = found(table(tmp_path, {"x": X, name: RNG.random(N), "kind": KINDS}))
    assert told["feature_is_weight"].values == {"feature": name}
    told = found(table(tmp_path, {"x": X, "weight": RNG.random(N), "kind": KINDS}))
    assert "feature_is_weight" not in told


def test_a_column_named_set_is_named_where_it_has_few_values(tmp_path: Path) -> None:
    for name in ("set", "train"):
        told = found(table(tmp_path, {"x": X, name: RNG.integers(0, 2, N), "kind": KINDS}))
        assert not told["feature_is_split"].headline


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 104))
def test_ordinary_tables_raise_no_doubt(tmp_path: Path, seed: int) -> None:
    for target, task in (("kind", "classification"), ("hours", "regression")):
        told = {*found(table(tmp_path, generated(seed), label=target, task=task))}
        assert told <= {"features_used", "features_constant"}


def test_rows_that_are_copies_but_for_one_value_are_named(tmp_path: Path) -> None:
    base = {f"x{i}": RNG.normal(size=300).round(3) for i in range(3)}
    base |= {"flag": RNG.integers(0, 2, 300), "kind": RNG.integers(0, 2, 300)}
    twice = {name: np.tile(values, 2) for name, values in base.items()}
    time = 1.7e9 + RNG.random(600) * 1e7
    told = found(table(tmp_path, {"time": time, **twice}, test_share=0.3))
    assert told["rows_nearly_equal"].headline
    assert told["rows_nearly_equal"].values["feature"] == "time"
    other = {name: RNG.permutation(values) for name, values in twice.items()}
    assert "rows_nearly_equal" not in found(table(tmp_path, {"time": time, **other}))
    # Of few values, rows are equal by chance, but for a time.
    few = {f"x{i}": RNG.integers(0, 3, 600) for i in range(4)}
    kind = {"kind": twice["kind"]}
    assert "rows_nearly_equal" not in found(table(tmp_path, {"time": time, **few, **kind}))


OWN = np.random.default_rng(4)


def test_two_people_of_one_age_and_schooling_are_no_copies(tmp_path: Path) -> None:
    # The third follows from the others, so that far more rows are equal than columns would be by
    # themselves; half of the rows have no earnings yet.
    school, age = OWN.choice([8, 10, 12, 12, 12, 14, 16, 18], 534), OWN.integers(18, 64, 534)
    wage = OWN.lognormal(2.1, 0.5, 534).round(2)
    before = np.where(OWN.random(534) < 0.5, 0, OWN.lognormal(2, 0.5, 534).round(2))
    columns = {"wage": wage, "school": school, "work": age - school - 6, "age": age, "was": before}
    kind = np.arange(534) % 2
    assert "rows_nearly_equal" not in found(table(tmp_path, {**columns, "kind": kind}))
    assert "rows_noisy_copies" not in found(table(tmp_path, {**columns, "kind": kind}))


@pytest.mark.parametrize(
    ("name", "values"),
    [
        (
            "age",
            np.where(OWN.random(240) < 0.5, OWN.uniform(18, 28, 240), OWN.uniform(65, 85, 240)),
        ),
        (
            "age_years",
            np.where(OWN.random(240) < 0.5, OWN.integers(18, 29, 240), OWN.integers(65, 86, 240)),
        ),
        ("year", OWN.choice([95, 96, 97], 240)),
        ("year", OWN.choice([92, 95, 99], 240)),
        ("dose", OWN.choice([0, 0.1, 0.25, 0.5, 0.75, 5], 240)),
    ],
)
def test_what_people_study_is_no_slip(tmp_path: Path, name: str, values: Any) -> None:
    columns = {name: np.round(values, 2), "x": OWN.normal(size=240), "kind": np.arange(240) % 2}
    assert found(table(tmp_path, columns)).keys() == {"features_used"}


def test_plus_and_minus_are_two_classes(tmp_path: Path) -> None:
    told = labelled(tmp_path, {"+": 60, "-": 66})
    assert "classes_like_missing" not in told
    assert "classes_like_missing" in labelled(tmp_path, {"good": 60, "bad": 60, "-": 6})


def test_equal_examples_of_two_labels_are_named(tmp_path: Path) -> None:
    base = {f"x{i}": np.tile(RNG.normal(size=300), 2) for i in range(4)}
    kind = np.repeat(["a", "b"], 300)
    told = found(table(tmp_path, {**base, "kind": kind}))
    assert told["labels_contradict"].headline
    same = np.tile(RNG.choice(["a", "b"], 300), 2)
    assert "labels_contradict" not in found(table(tmp_path, {**base, "kind": same}))
    few = {f"x{i}": RNG.integers(0, 2, 600) for i in range(4)}
    assert "labels_contradict" not in found(table(tmp_path, {**few, "kind": kind}))


CODES = np.repeat(np.arange(4), 60)


@pytest.mark.parametrize(
    ("name", "y", "id"),
    [
        ("species", RNG.choice([0, 1, 2], 240, p=[0.6, 0.3, 0.1]), "targets_named_classes"),
        ("kind", RNG.permutation(CODES + 1), "targets_named_classes"),
        ("wine_class_id", RNG.choice([3, 7, 12], 240), "targets_named_classes"),
        ("species_id", np.append(0, RNG.integers(0, 40, 239)), "targets_named_classes"),
        ("y", RNG.permutation(CODES), "targets_like_classes"),
        ("rating", RNG.permutation(CODES + 1), "targets_like_classes"),
    ],
)
def test_classes_as_the_target_of_a_regression_are_named(
    tmp_path: Path, name: str, y: Any, id: str
) -> None:
    given = {"x": RNG.normal(size=len(y)), name: y}
    told = found(table(tmp_path, given, task="regression", label=name))
    assert told[id].headline == (id == "targets_named_classes")
    assert (told[id].values["low"], told[id].values["high"]) == (y.min(), y.max())


@pytest.mark.parametrize(
    ("name", "y"),
    [
        ("rating", RNG.choice([1, 2, 3, 4, 5], 240, p=[0.1, 0.1, 0.2, 0.3, 0.3])),
        ("children", RNG.poisson(2, 240)),
        ("rings", RNG.integers(1, 30, 240)),
        ("class", RNG.normal(size=240)),
        ("classification_time", RNG.integers(1, 9, 240)),
        ("quality", RNG.binomial(10, 0.5, 240)),
    ],
)
def test_ordinary_targets_are_not(tmp_path: Path, name: str, y: Any) -> None:
    given = {"x": RNG.normal(size=len(y)), name: y}
    told = found(table(tmp_path, given, task="regression", label=name))
    assert not {"targets_named_classes", "targets_like_classes"} & {*told}


@pytest.mark.parametrize(
    ("counts", "marks"),
    [
        ([9, 41, 54, 38, 47, 26, 14, 0, 3, 2], 0),
        ([0, 20, 30, 40, 30, 20, 0, 0, 3, 4], 7),
        ([0, 50, 30, 15, 4, 1, 0, 0, 0, 9], 9),
    ],
)
def test_the_thin_end_of_a_count_is_no_mark(tmp_path: Path, counts: list[int], marks: int) -> None:
    x = RNG.permutation(np.repeat(np.arange(len(counts)), counts))
    told = found(table(tmp_path, {"x": x, "y": RNG.normal(size=len(x)), "kind": x % 2}))
    assert ("values_far_away" in told) == (marks > 0)
