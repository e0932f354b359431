"""Group leakage: a feature that says whose row it is, and through that the class."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from test_datasets_slips import found as of_table
from test_datasets_slips import table as csv

from ecosobriety.checks import gate, shared_groups
from ecosobriety.datasets import Finding
from ecosobriety.readers import table

SUBJECTS, ROWS = 24, 20


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def found(
    feature: NDArray[np.float64], y: NDArray[np.int64], *, classes: bool = True, others: int = 3
) -> list[tuple[str, bool]]:
    """What the gate says of the feature beside some that are noise."""
    noise = np.random.default_rng(1).normal(size=(len(y), others))
    x = np.column_stack([feature, noise])
    names = ["x", *(f"noise{i}" for i in range(others))]
    told: Iterator[Finding] = iter(gate.examine(x, y, names, classes=classes))
    return [(finding.id, finding.headline) for finding in told]


@pytest.mark.parametrize("subjects", [6, SUBJECTS, 200])
@pytest.mark.parametrize("scattered", [1, 7919])
def test_the_number_of_a_subject_who_has_one_class_is_named(subjects: int, scattered: int) -> None:
    subject = np.repeat(np.arange(subjects), ROWS)
    # Ids may be anything, such as hospital numbers.
    ids = np.arange(subjects)[subject] * scattered
    healthy = np.arange(subjects) % 2
    assert found(ids.astype(float), healthy[subject]) == [("values_of_one_class", True)]


def test_both_eyes_of_a_patient_are_a_group() -> None:
    patient = rng().permutation(np.repeat(np.arange(150), 2))
    sick = rng().integers(0, 3, 150)
    assert found(patient.astype(float), sick[patient]) == [("values_of_one_class", True)]


def test_a_house_that_was_sold_for_one_price_is_a_group() -> None:
    house = rng().permutation(np.repeat(np.arange(40), 5))
    price = rng().normal(size=40)
    assert found(house.astype(float), price[house], classes=False) == [
        ("values_of_one_class", True)
    ]


def test_what_is_measured_is_no_id() -> None:
    # Rounded, so that values repeat: two classes that overlap, and two that hardly do.
    y = np.repeat([0, 1], 200)
    for distance in (1.0, 3.0, 6.0):
        measured = np.round(rng().normal(size=400) + distance * y, 1)
        assert all(id == "feature_orders_classes" for id, _ in found(measured, y))
    # Sick are the too cold and the too warm: thresholds, and values that lie next to each other.
    temperature = np.round(rng().uniform(34, 40, 400), 2)
    assert ("values_of_one_class", True) not in found(
        temperature, ((temperature < 36) | (temperature > 38)).astype(int)
    )


def test_a_few_ties_that_agree_are_chance() -> None:
    values = rng().permutation(1000)[:200].astype(float)
    values[:4] = values[4:8]
    y = rng().integers(0, 2, 200)
    y[:4] = y[4:8]
    assert found(values, y) == []


def test_rows_that_are_there_twice_are_no_group() -> None:
    x = np.repeat(np.random.default_rng(2).normal(size=(100, 4)), 3, axis=0)
    y = np.repeat(rng().integers(0, 2, 100), 3)
    assert gate.examine(x, y, list("abcd"), classes=True) == ()


def test_a_subject_with_several_classes_is_none() -> None:
    subject = np.repeat(np.arange(SUBJECTS), ROWS)
    assert found(subject.astype(float), rng().integers(0, 2, len(subject))) == []


def split(
    group: NDArray[np.int64], noise: float, *, classes: bool = True
) -> list[tuple[str, bool]]:
    """What is said of a group's number, where most rows of a group have one label."""
    mood = rng().integers(0, 2, group.max() + 1)[group]
    y = np.where(rng().random(len(group)) < noise, rng().integers(0, 2, len(group)), mood)
    targets = y if classes else 9 * y + rng().normal(size=len(group))
    return found(group.astype(float) * 17, targets, classes=classes)


@pytest.mark.parametrize("size", [2, 5, 20])
def test_rows_of_a_person_that_mostly_agree_are_a_group(size: int) -> None:
    group = rng().permutation(np.repeat(np.arange(400), size))
    assert split(group, 0.3) == [("groups_split", False)]
    assert split(group, 0.3, classes=False) == [("groups_split_targets", False)]
    assert split(group, 1.0) == []


def test_what_is_said_of_groups_is_so_of_any_two_rows() -> None:
    # Numbered as they were enrolled, the sicker ones first; of unequal sizes.
    sizes = rng().integers(2, 9, 200)
    group = np.repeat(np.arange(200), sizes)
    mood = rng().random(200) < np.linspace(0.95, 0.05, 200)
    y = np.where(rng().random(len(group)) < 0.06, ~mood[group], mood[group]).astype(np.int64)
    said = shared_groups.shares(group.astype(float), y, ordered=True)
    first, other = np.triu_indices(len(y), 1)
    alike, together = y[first] == y[other], group[first] == group[other]
    assert said == pytest.approx((alike[together].mean(), alike[~together].mean()))


def test_one_large_group_is_no_sign_of_others() -> None:
    group = np.repeat(np.arange(601), [3] * 600 + [900])
    y = np.repeat(np.append(rng().random(600) < 0.1, [False]), [3] * 600 + [900]).astype(np.int64)
    y[1800:] = np.arange(900) % 2
    assert shared_groups.shares(group.astype(float), y, ordered=False) is None


@pytest.mark.parametrize("by", ["class", "group", "chance"])
def test_the_order_of_rows_says_nothing_of_groups(by: str) -> None:
    group, y = np.repeat(np.arange(200), 5), rng().integers(0, 2, 1000)
    order = {"class": np.argsort(y, kind="stable"), "group": np.arange(1000)}.get(by)
    order = rng().permutation(1000) if order is None else order
    assert found(group[order].astype(float) * 17, y[order]) == []
    mood = rng().integers(0, 2, 200)[group]
    y = np.where(rng().random(1000) < 0.1, 1 - mood, mood)
    order = np.argsort(y, kind="stable") if by == "class" else order
    assert found(group[order].astype(float) * 17, y[order]) == [("groups_split", False)]


def test_what_is_measured_in_whole_numbers_is_no_group() -> None:
    random = rng()
    for _ in range(50):
        age = random.integers(18, 90, 900).astype(float)
        for y in (
            age + random.normal(0, 20, 900) > 55,
            abs(age - 50) + random.normal(0, 9, 900) > 20,
        ):
            assert found(age, y.astype(np.int64)) == []


@pytest.mark.parametrize("persons", [100, 200])
def test_persons_who_kept_only_a_measured_height_are_groups(persons: int) -> None:
    person = rng().permutation(np.repeat(np.arange(persons), 4))
    # Some share theirs with another one.
    heights = rng().normal(171, 9, persons).round(1)
    healthy = rng().integers(0, 2, persons)
    assert len(np.unique(heights)) < persons
    assert found(heights[person], healthy[person]) == [("groups_split", False)]


@pytest.mark.parametrize("step", [1, 0.1])
def test_what_is_measured_is_no_group(step: float) -> None:
    random = rng()
    for _ in range(20):
        measured = (random.normal(40, 12, 900) / step).round() * step
        rained = np.where(random.random(900) < 0.3, 0, measured.clip(0.1))
        for x in (measured, rained):
            y = abs(x - 35) + random.normal(0, 9, 900) > 15
            assert not [id for id, _ in found(x, y.astype(np.int64)) if id == "groups_split"]


def test_groups_are_found_in_columns_that_are_not_learnt_from(tmp_path: Path) -> None:
    group = rng().permutation(np.repeat(np.arange(60), 5))
    kind = np.where(rng().random(300) < 0.2, 0, group % 2)
    note = [f"note {i}" for i in range(300)]
    site = rng().integers(0, 4, 300)
    columns = {"x": rng().normal(size=300), "note": note, "site": site, "kind": kind}
    path = tmp_path / "t.csv"
    for name, told in (("patient", True), ("shuffled", False)):
        person = group if told else rng().permutation(group)
        frame = pd.DataFrame({name: [f"P{i}" for i in person], **columns})
        frame.to_csv(path, index=False)
        frame.to_parquet(tmp_path / "t.parquet")
        for format in ("csv", "parquet"):
            file = path.with_suffix(f".{format}")
            part = table.read(file, format, "kind", ["x"], "classification")
            ids = [(f.id, f.values["feature"]) for f in part.findings if f.id == "groups_split"]
            assert ids == [("groups_split", name)] * told


@pytest.mark.parametrize("value", [77, 30, 0.5])
@pytest.mark.parametrize("share", [1, 0.95])
@pytest.mark.parametrize("classes", [2, 3])
def test_a_value_that_stands_for_one_class_is_named(
    tmp_path: Path, value: float, share: float, classes: int
) -> None:
    random = np.random.default_rng(4)
    kinds, x = random.integers(0, classes, 400), random.integers(0, 60, 400).astype(float)
    filled = (kinds == 1) & (random.random(400) < share)
    columns = {"a": np.where(filled, value, x), "b": random.normal(size=400)}
    names = np.array(["ash", "oak", "elm"])[kinds]
    assert of_table(csv(tmp_path, {**columns, "kind": names}))["value_of_one_class"].headline


def test_a_value_that_others_have_too_stands_for_none(tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    kinds = random.integers(0, 2, 400)
    births = np.where((kinds == 1) | (random.random(400) < 0.2), 0, random.poisson(9, 400))
    legs = np.where(kinds == 1, 8, random.integers(1, 3, 400) * 2)
    columns = {"births": births, "legs": legs, "b": random.normal(size=400)}
    told = of_table(csv(tmp_path, {**columns, "kind": np.array(["man", "woman"])[kinds]}))
    assert "value_of_one_class" not in told
