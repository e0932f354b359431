"""What is said of rows or images holds of all of them, not only of those that were looked at."""

from pathlib import Path

import numpy as np
import pytest
from test_datasets_slips import DEFAULTS, found, table
from test_marks import archive

from ecosobriety.checks import marks, overlaps
from ecosobriety.checks.far_in_test import find_far_in_test
from ecosobriety.checks.noisy_copies import find_noisy_rows
from ecosobriety.checks.overlaps import find_overlaps
from ecosobriety.datasets import examples
from ecosobriety.datasets.examples import Examples
from ecosobriety.errors import DataError
from ecosobriety.readers import take_in

SIDE = 16
VALUES = SIDE * SIDE * 3
"""Of an image in colours."""


@pytest.mark.parametrize(("least", "share"), [(9.0, 0.503), (0.0, 0.97)])
def test_a_fare_is_a_sum_where_it_is_not_the_least(
    tmp_path: Path, least: float, share: float
) -> None:
    random, n = np.random.default_rng(0), 5000
    km = random.lognormal(1.0, 0.7, n).round(2)
    minutes = (km * 2.2 * random.lognormal(0, 0.25, n) + 1).round(1)
    meter = 2.5 + 1.6 * km + 0.35 * minutes
    fare = np.maximum(meter, least).round(2)
    cheaper = random.random(n) < 0.03
    fare[cheaper] = (fare[cheaper] * random.uniform(0.5, 0.9, cheaper.sum())).round(2)
    by_hand = (np.abs(fare - meter) <= 0.011).mean()
    assert by_hand == pytest.approx(share, abs=0.01)
    rides = {"km": km, "minutes": minutes, "people": random.integers(1, 5, n), "kind": fare}
    told = found(table(tmp_path, rides, task="regression"))["target_is_sum"]
    assert told.values["names"] == ["km", "minutes"]
    assert told.values["share"] == pytest.approx(by_hand, abs=0.02)


@pytest.mark.parametrize(
    ("late", "id"), [(0.3, "target_like_sum"), (0.1, "target_is_sum"), (0.0, "target_is_sum")]
)
def test_payments_are_a_sum_where_no_fee_is_left_out(tmp_path: Path, late: float, id: str) -> None:
    """The fees are next to nothing beside how the payments vary, and no rounding."""
    random, n = np.random.default_rng(0), 3000
    loan = np.round(random.lognormal(9.4, 0.6, n) / 25) * 25
    paid = np.minimum(1, random.beta(5, 1, n))
    parts = {
        "principal": (loan * paid).round(2),
        "interest": (loan * random.uniform(0.05, 0.35, n) * paid).round(2),
        "income": random.uniform(0, 35, n).round(2),
    }
    fees = np.where(random.random(n) < late, random.choice([15, 30, 17.5, 44.9], n), 0)
    total = (parts["principal"] + parts["interest"] + fees).round(2)
    told = found(table(tmp_path, {**parts, "kind": total}, task="regression"))
    assert {"target_is_sum", "target_like_sum"} & {*told} == {id}
    assert told[id].values["names"] == ["principal", "interest"]
    if id == "target_is_sum":
        assert told[id].values["share"] == pytest.approx((fees == 0).mean(), abs=0.02)
    else:
        assert 0.9999 < told[id].values["share"] < 1


@pytest.mark.parametrize("columns", [2, 30])
def test_a_noisy_sum_of_whole_numbers_is_none(tmp_path: Path, columns: int) -> None:
    """Counts and marks are not rounded."""
    random, n = np.random.default_rng(1), 3000
    x = random.integers(0, 50 if columns == 2 else 2, (n, columns))
    y = x @ random.normal(5, 2, columns)
    y = y + 0.2 * y.std() * random.normal(size=n)
    named = {f"c{i}": x[:, i] for i in range(columns)}
    told = found(table(tmp_path, {**named, "kind": y}, task="regression"))
    assert not {"target_is_sum", "target_like_sum"} & {*told}
    # As counts add up.
    told = found(table(tmp_path, {**named, "kind": x.sum(axis=1)}, task="regression"))
    assert columns == 30 or told["target_is_sum"].values["share"] == 1


def test_rare_classes_count_in_what_gives_the_label_away(tmp_path: Path) -> None:
    random, n = np.random.default_rng(3), 6000
    classes = random.choice(6, n, p=[0.4, 0.3, 0.16, 0.11, 0.017, 0.013])
    given = np.where(random.random(n) < 0.02, random.integers(0, 6, n), classes)
    columns = {"a": random.normal(size=n), "given": given, "kind": [f"c{one}" for one in classes]}
    told = found(table(tmp_path, columns, test_share=0.2))["label_nearly"]
    assert told.values["share"] == pytest.approx((given == classes).mean(), abs=0.005)


@pytest.mark.parametrize("sign", [1, -1])
def test_only_what_is_far_in_the_test_part_is_counted(sign: int) -> None:
    random = np.random.default_rng(0)
    train, test = random.normal(74, 9, (800, 1)).round(1), random.normal(74, 9, (200, 1)).round(1)
    # A lost point, and one that is a little beyond.
    test[3], test[7] = 766, train.max() + 0.4
    (told,) = find_far_in_test(sign * train, sign * test, ["weight"])
    assert told.values["number"] == 1


def test_copies_of_what_lies_at_the_ends_are_counted_among_all() -> None:
    """Frauds that were copied with noise until there were as many as of the rest."""
    random, n, few = np.random.default_rng(0), 20_000, 600
    usual = random.normal(size=(n, 8)) * [2, 1.6, 1.5, 1.4, 1.3, 1.3, 1.2, 1.1]
    frauds = random.normal(size=(few, 8)) * [6, 4, 6, 3, 4, 2, 5, 3]
    frauds += [-5, 3.5, -7, 4.5, -3, -1.4, -5.5, 0.6]
    copies = frauds[random.integers(0, few, n - few)] + random.normal(0, 0.002, (n - few, 8))
    rows = random.permutation(np.vstack([usual, frauds, copies]))
    (told,) = find_noisy_rows(rows[:32_000], rows[32_000:])
    # By hand: half of the test rows have a training row within six times the noise.
    assert (told.id, told.headline) == ("rows_noisy_copies", True)
    assert told.values["share"] == pytest.approx(0.5, abs=0.07)
    rows = random.permutation(usual)
    assert not [*find_noisy_rows(rows[:16_000], rows[16_000:])]


@pytest.fixture
def few_at_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """As of large images, of which a sample holds few."""
    monkeypatch.setattr(examples, "SAMPLED_VALUES", 80 * VALUES)
    monkeypatch.setattr(marks, "SAMPLED_VALUES", 90 * VALUES)


@pytest.mark.usefixtures("few_at_first")
@pytest.mark.parametrize("apart", [62, 12])
def test_images_that_a_level_separates_but_for_some_are_not_separated(
    tmp_path: Path, apart: int
) -> None:
    random, labels = np.random.default_rng(2), np.arange(400) % 2
    light = np.where(labels == 1, apart, 140) + random.uniform(-9, 9, 400)
    if apart == 62:
        # Neither is in the sample.
        light[[21, 41]] = 200
    x = random.integers(-9, 10, (400, SIDE, SIDE, 3)) + light[:, None, None, None]
    told = found(archive(tmp_path, x.clip(0, 255).astype(np.uint8), labels))
    assert ("level_orders_classes" in told) == (apart == 12)
    assert "place_orders_classes" not in told


@pytest.mark.usefixtures("few_at_first")
def test_grey_images_are_counted_among_all(tmp_path: Path) -> None:
    random, labels = np.random.default_rng(3), np.arange(400) % 4
    x = random.integers(0, 256, (400, SIDE, SIDE, 3), dtype=np.uint8)
    grey = np.flatnonzero(labels == 1)[:37]
    x[grey] = x[grey, :, :, :1]
    told = found(archive(tmp_path, x, labels))["images_grey_by_class"]
    assert (told.headline, told.values["names"]["1"]) == (True, 37)


def test_large_images_are_not_called_equal_for_being_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sample held one example, which equals itself."""
    monkeypatch.setattr(examples, "SAMPLED_VALUES", 2 * VALUES - 1)
    random, labels = np.random.default_rng(4), np.arange(36) % 2
    x = random.integers(0, 256, (36, SIDE, SIDE, 3), dtype=np.uint8)
    parts = {"x_train": x[:24], "x_test": x[24:], "y_train": labels[:24], "y_test": labels[24:]}
    np.savez(tmp_path / "a.npz", **parts)
    section = {**DEFAULTS, "name": "npz", "path": str(tmp_path / "a.npz"), "label": None}
    assert "parts_differ" not in found(section)
    # One scale is still asked for.
    np.savez(tmp_path / "a.npz", **{**parts, "x_test": x[24:] // 128})
    with pytest.raises(DataError, match="on scales that do not fit together"):
        found(section)


@pytest.mark.parametrize("turned", [False, True])
def test_windows_that_overlap_are_counted_among_all(turned: bool) -> None:
    """The rare class is cut with overlap and comes first, or last; the other one is not."""
    random, n, length = np.random.default_rng(5), 1500, 64
    few, many = random.normal(size=n * length // 2 + length), random.normal(size=n * length)
    halves = np.stack([few[i : i + length] for i in range(0, n * length // 2, length // 2)])
    classes = [halves, many.reshape(n, length)]
    x = np.concatenate(classes[::-1] if turned else classes).astype(np.float32)
    # As the study splits them, in their order.
    tested = np.sort(random.permutation(len(x))[: len(x) // 5])
    trained = np.setdiff1d(np.arange(len(x)), tested)
    (told,) = find_overlaps(Examples(x[trained]), Examples(x[tested]))
    # Half of the windows overlap with two others, of which one in 25 lies in the test part too.
    assert told.values["share"] == pytest.approx(0.48, abs=0.07)


@pytest.mark.parametrize("known", [400, 2000, 100_000])
def test_windows_that_overlap_are_counted_where_they_lie(
    monkeypatch: pytest.MonkeyPatch, known: int
) -> None:
    """Of many training series, those in some places are known; a split moves what overlaps."""
    random, n, length = np.random.default_rng(7), 20_000, 20
    monkeypatch.setattr(overlaps, "MOST_WINDOWED", known * length)
    series = random.normal(size=5 * n + length).astype(np.float32)
    x = np.lib.stride_tricks.sliding_window_view(series, length)[::5][:n].copy()
    x[: n // 2] = random.normal(size=(n // 2, length))
    tested = np.sort(random.permutation(n)[: n // 5])
    parts = [Examples(x[rows]) for rows in (np.setdiff1d(np.arange(n), tested), tested)]
    (told,) = find_overlaps(*parts)
    assert told.values["share"] == pytest.approx(0.5, abs=0.07)


def test_copies_behind_the_others_are_counted_among_all() -> None:
    """Of 553 test rows in their order, the first 300 are of the other class."""
    random, n, few = np.random.default_rng(0), 1382, 217
    usual, rare = random.normal(size=(n, 11)), random.normal(size=(few, 11)) + 0.8
    copies = rare[random.integers(0, few, n - few)] + random.normal(0, 0.001, (n - few, 11))
    rows = np.vstack([usual, rare, copies])
    tested = np.sort(random.permutation(2 * n)[:553])
    trained = np.setdiff1d(np.arange(2 * n), tested)
    (told,) = find_noisy_rows(rows[trained], rows[tested])
    assert told.values["share"] == pytest.approx(0.49, abs=0.06)


def test_every_colour_of_large_images_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fluorescence has no red; of each image, a part of the values is looked at."""
    monkeypatch.setattr(examples, "SAMPLED_VALUES", 50 * VALUES // 3)
    random, labels = np.random.default_rng(8), np.arange(120) % 2
    x = random.integers(0, 256, (120, SIDE, SIDE, 3)).astype(np.float32)
    x[..., 0] = 0
    parts = {"x_train": x[:60], "x_test": x[60:] / 255}
    np.savez(tmp_path / "a.npz", **parts, y_train=labels[:60], y_test=labels[60:])
    section = {**DEFAULTS, "name": "npz", "path": str(tmp_path / "a.npz"), "label": None}
    with pytest.raises(DataError, match="on scales that do not fit together"):
        found(section)


@pytest.mark.parametrize("sampled", [100, 400])
def test_only_the_class_with_a_mark_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sampled: int
) -> None:
    monkeypatch.setattr(examples, "SAMPLED_VALUES", sampled * SIDE * SIDE)
    random, labels = np.random.default_rng(9), np.arange(400) % 2
    x = random.integers(0, 240, (400, SIDE, SIDE), dtype=np.uint8)
    x[labels == 1, 3, 4] = random.integers(250, 254, 200)
    # Of each class, all levels lie in one range.
    x[:, 0, 0] = 255
    told = found(archive(tmp_path, x, labels))["place_orders_classes"]
    assert told.values == {"names": ["1"], "number": 1, "place": 3 * SIDE + 4}


@pytest.mark.parametrize("twice", [False, True])
def test_large_images_that_are_there_twice_are_copies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, twice: bool
) -> None:
    """A sample held one example, in which each value is all that there is."""
    monkeypatch.setattr(examples, "SAMPLED_VALUES", 2 * VALUES - 1)
    random, labels = np.random.default_rng(6), np.arange(120) % 2
    x = random.integers(0, 256, (120, SIDE, SIDE, 3), dtype=np.uint8)
    if twice:
        x[60:] = x[:60]
    np.savez(tmp_path / "a.npz", x=x, y=labels)
    section = {**DEFAULTS, "name": "npz", "path": str(tmp_path / "a.npz"), "label": None}
    told = {finding.id for finding in take_in(section).findings}
    assert ({"train_repeats", "train_test_duplicates"} <= told) == twice
    assert "inputs_shared" not in told


@pytest.mark.parametrize("seed", range(4))
def test_places_that_are_seldom_filled_are_not_stuck(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Heartbeats that are filled up with zeros: of a sample, no value need be another one."""
    random, length = np.random.default_rng(seed), 60
    monkeypatch.setattr(examples, "SAMPLED_VALUES", 200 * length)

    def beats(n: int) -> np.ndarray:
        ends = random.normal(35, 9, n).astype(int).clip(8, length)
        x = random.random((n, length)) * (np.arange(length) < ends[:, None])
        return np.ceil(x * 64).astype(np.float32) / 64

    x_train, x_test = beats(6000), beats(3000)
    labels = random.integers(0, 5, 9000)
    parts = {"x_train": x_train, "y_train": labels[:6000], "x_test": x_test}
    np.savez(tmp_path / "a.npz", **parts, y_test=labels[6000:])
    section = {**DEFAULTS, "name": "npz", "path": str(tmp_path / "a.npz"), "label": None}
    assert "features_shifted" not in found(section)


def test_only_columns_that_were_scaled_by_themselves_are_counted(tmp_path: Path) -> None:
    """45 measurements, each part standardised by itself, beside 35 marks of five categories."""
    random, labels = np.random.default_rng(0), np.arange(1200) % 2
    own = [random.normal(50, 12, (n, 45)) for n in (900, 300)]
    marks = [np.hstack([np.eye(7)[random.integers(0, 7, n)] for _ in range(5)]) for n in (900, 300)]
    x_train, x_test = (
        np.hstack([(x - x.mean(axis=0)) / x.std(axis=0), mark])
        for x, mark in zip(own, marks, strict=True)
    )
    parts = {"x_train": x_train, "x_test": x_test}
    np.savez(tmp_path / "a.npz", **parts, y_train=labels[:900], y_test=labels[900:])
    section = {**DEFAULTS, "name": "npz", "path": str(tmp_path / "a.npz"), "label": None}
    assert found(section)["parts_scaled_apart"].values == {"number": 45}


@pytest.mark.parametrize("seed", range(6))
def test_pictures_of_day_and_night_are_on_one_scale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Their pixels are not by themselves; of large ones, few are looked at."""
    monkeypatch.setattr(examples, "SAMPLED_VALUES", 3 * VALUES)
    random = np.random.default_rng(seed)
    light = np.where(random.random(60) < 0.5, 180, 45) + random.normal(0, 10, 60)
    x = light[:, None, None, None] + random.normal(0, 25, (60, SIDE, SIDE, 3))
    x, labels = x.clip(0, 255).astype(np.uint8), np.arange(60) % 2
    parts = {"x_train": x[:40], "x_test": x[40:], "y_train": labels[:40], "y_test": labels[40:]}
    np.savez(tmp_path / "a.npz", **parts)
    section = {**DEFAULTS, "name": "npz", "path": str(tmp_path / "a.npz"), "label": None}
    assert "parts_differ" not in found(section)
    np.savez(tmp_path / "a.npz", **{**parts, "x_test": x[40:] // 4 + 190})
    told = found(section)["parts_differ"].values
    assert told["train_mean"] == pytest.approx(x[:40].mean(), abs=0.06)
    assert told["test_mean"] == pytest.approx((x[40:] // 4 + 190).mean(), abs=0.06)
