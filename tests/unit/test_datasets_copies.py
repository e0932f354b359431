"""Test examples that are training examples but for noise, brightness or a turn are named."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sklearn.datasets
from test_datasets_odd import ordinary
from test_datasets_slips import DEFAULTS, found, generated, table
from test_marks import archive

from ecosobriety.readers import take_in

N = 300
RNG = np.random.default_rng(21)
KINDS = RNG.integers(0, 2, N)
COPIED = RNG.permutation(N) < N // 3
COPIES = ("rows_noisy_copies", "examples_noisy_copies")


def named(told: dict[str, Any]) -> list[str]:
    return [id for id in COPIES if id in told]


def columns(random: np.random.Generator) -> dict[str, Any]:
    return {
        "a": random.normal(size=N),
        "b": np.exp(random.normal(size=N)),
        "c": random.normal(50, 9, N).round(1),
        "d": random.integers(0, 3, N),
        "e": np.where(random.random(N) < 0.8, 0, random.random(N)),
        "kind": random.integers(0, 2, N),
    }


@pytest.mark.parametrize("noise", [1e-9, 1e-6, 1e-3])
def test_rows_that_are_copies_with_noise_are_named(tmp_path: Path, noise: float) -> None:
    base = columns(RNG)
    twice = {
        name: np.concatenate([x, x[COPIED] + noise * (name not in ("d", "kind"))
                              * x.std() * RNG.normal(size=COPIED.sum())])
        for name, x in base.items()
    }  # fmt: skip
    told = found(table(tmp_path, twice, test_share=0.3))
    assert named(told) == ["rows_noisy_copies"]
    assert told["rows_noisy_copies"].headline
    assert 0.15 < told["rows_noisy_copies"].values["share"] < 0.6


def test_things_that_were_measured_at_several_ages_are_no_noisy_copies(tmp_path: Path) -> None:
    """Mixes of concrete after 3, 7, 28 and 90 days, each with another strength."""
    ranges = {"cement": (100, 540), "water": (120, 250), "sand": (600, 990)}
    ranges |= {"gravel": (800, 1150), "ash": (0, 200), "slag": (0, 360)}
    mixes = {name: RNG.uniform(*ends, 120).round(1).repeat(4) for name, ends in ranges.items()}
    age = np.tile([3, 7, 28, 90], 120)
    strength = mixes["cement"] * np.log(age) / mixes["water"] + RNG.normal(0, 1, 480)
    rows = pd.DataFrame({**mixes, "age": age, "kind": strength.round(2)}).sample(frac=1)
    given = table(tmp_path, rows, test_share=0.2) | {"task": "regression"}
    assert not named(found(given))


@pytest.mark.parametrize("make", [ordinary, generated])
@pytest.mark.parametrize("seed", [1])
def test_ordinary_rows_are_no_copies(tmp_path: Path, make: Any, seed: int) -> None:
    assert not named(found(table(tmp_path, make(seed + 50))))


def test_rows_of_few_values_are_no_copies(tmp_path: Path) -> None:
    """As persons of a class, a sex and an age group; each is another one."""
    columns = {name: RNG.integers(0, most, N) for name, most in (("a", 4), ("b", 2), ("c", 2))}
    assert shared(table(tmp_path, {**columns, "kind": KINDS})) == {"inputs_shared": False}
    measured = {**columns, "d": RNG.normal(size=N), "kind": KINDS}
    assert shared(table(tmp_path, measured)) == {}
    twice = {name: np.tile(x, 2) for name, x in measured.items()}
    assert shared(table(tmp_path, twice)) == {"train_test_duplicates": True}


def test_things_that_several_judged_are_no_copies(tmp_path: Path) -> None:
    """Three answers for each of 300 things, which often differ; and the same of a regression."""
    random = np.random.default_rng(4)
    things = {f"x{i}": random.normal(size=300).repeat(3) for i in range(4)}
    judged = random.random(900) < 1 / (1 + np.exp(-0.5 * things["x0"]))
    given = table(tmp_path, {**things, "kind": judged.astype(int)}, test_share=0.2)
    assert shared(given) == {"inputs_shared": False}
    measured = 0.5 * things["x0"] + random.normal(0, 2, 900)
    given = table(tmp_path, {**things, "kind": measured}, test_share=0.2) | {"task": "regression"}
    assert shared(given) == {"inputs_shared": False}
    steady = things["x0"] + random.normal(0, 0.01, 900)
    given = table(tmp_path, {**things, "kind": steady}, test_share=0.2) | {"task": "regression"}
    assert shared(given) == {"train_test_duplicates": True}


def test_a_table_of_few_values_that_is_there_twice_is_named(tmp_path: Path) -> None:
    random = np.random.default_rng(6)
    most = {"sex": 2, "age": 6, "region": 8, "school": 5, "smoker": 2, "weight": 4}
    once = pd.DataFrame({name: random.integers(0, n, 800) for name, n in most.items()})
    once["kind"] = (random.random(800) < 0.35 + 0.2 * once["smoker"]).astype(int)
    assert shared(table(tmp_path, once)) == {"inputs_shared": False}
    twice = pd.concat([once, once]).sample(frac=1, random_state=0)
    assert shared(table(tmp_path, twice)) == {"train_test_duplicates": True}


def test_columns_of_one_question_are_not_independent(tmp_path: Path) -> None:
    random = np.random.default_rng(6)
    said = {f"q{i}": random.choice(3, 1500, p=[0.7, 0.2, 0.1]) for i in range(8)}
    columns = {f"{q}_{k}": (x == k).astype(int) for q, x in said.items() for k in range(3)}
    kind = (random.random(1500) < 0.4 + 0.1 * said["q0"]).astype(int)
    assert shared(table(tmp_path, {**columns, "kind": kind})) == {"inputs_shared": False}


def shared(given: dict[str, Any]) -> dict[str, bool]:
    """What is said of inputs that are in both parts, and whether beside the answer."""
    ids = ("train_test_duplicates", "inputs_shared")
    return {one.id: one.headline for one in take_in(given).findings if one.id in ids}


def test_the_dark_border_of_images_makes_no_copies_chance(tmp_path: Path) -> None:
    x = np.zeros((N, 16, 16), np.uint8)
    x[:, 6:10, 6:10] = RNG.integers(0, 255, (N, 4, 4))
    x[N // 2 :] = x[: N // 2]
    given = archive(tmp_path, x, np.tile(KINDS[: N // 2], 2))
    assert shared(given) == {"train_test_duplicates": True}
    assert "train_repeats" in found(given)


def curves(random: np.random.Generator, n: int, dimensions: int) -> Any:
    """Columns that few numbers decide, as those of one movement or spectrum."""
    hidden = random.random((n, dimensions))
    return np.sin(hidden @ random.normal(0, 3, (dimensions, 6)) + random.random(6))


@pytest.mark.slow
@pytest.mark.parametrize("dimensions", [1, 2, 3])
@pytest.mark.parametrize("digits", [2, 12])
def test_rows_that_lie_close_by_nature_are_no_copies(
    tmp_path: Path, dimensions: int, digits: int
) -> None:
    x = curves(np.random.default_rng(dimensions), 2000, dimensions).round(digits)
    kind = {"kind": np.arange(2000) % 2}
    told = found(table(tmp_path, {**{f"x{i}": v for i, v in enumerate(x.T)}, **kind}))
    assert not named(told)


def pictures(n: int) -> Any:
    """(n, 16, 16) images of patches of light."""
    at = RNG.random((n, 5, 2)) * 16
    y, x = np.mgrid[:16, :16]
    light = np.exp(-((at[..., 0, None, None] - y) ** 2 + (at[..., 1, None, None] - x) ** 2) / 8)
    return (200 * light.sum(axis=1) / light.sum(axis=1).max()).astype(np.uint8)


CHANGES = {
    "mirrored": lambda x: x[:, :, ::-1],
    "turned": lambda x: np.rot90(x, axes=(1, 2)),
    "brightened": lambda x: x + 30,
    "contrasted": lambda x: (0.8 * x).astype(np.uint8),
    "compressed": lambda x: np.clip(x + RNG.normal(0, 2, x.shape), 0, 255).astype(np.uint8),
}


@pytest.mark.parametrize(
    ("change", "colours"), [*((change, False) for change in CHANGES), ("mirrored", True)]
)
def test_images_that_are_copies_are_named(tmp_path: Path, change: str, colours: bool) -> None:
    x = pictures(N)
    x = np.concatenate([x, CHANGES[change](x[COPIED])])
    if colours:
        x = np.stack([x, x // 2, 255 - x], axis=3)
    told = found(archive(tmp_path, x, np.arange(len(x)) % 2))
    assert named(told) == ["examples_noisy_copies"]
    assert told["examples_noisy_copies"].headline


def test_signals_that_are_copies_are_named(tmp_path: Path) -> None:
    x = RNG.normal(size=(N, 3, 90)).cumsum(axis=2)
    noisy = np.concatenate([x, x[COPIED] * (1 + 1e-6 * RNG.normal(size=(COPIED.sum(), 3, 90)))])
    labels = np.arange(len(noisy)) % 2
    assert named(found(archive(tmp_path, noisy, labels) | {"normalise": "global"}))
    assert not named(found(archive(tmp_path, x, labels[:N]) | {"normalise": "global"}))


@pytest.mark.slow
@pytest.mark.parametrize("noise", [0.5, 2, 3])
def test_copies_are_named_whatever_the_noise_far_below_other_distances(
    tmp_path: Path, noise: float
) -> None:
    random = np.random.default_rng(8)
    # The nearest other one is some 20 away.
    x = random.normal(128, 6, (500, 20)) @ random.normal(size=(20, 64))
    noisy = x + random.normal(0, noise, x.shape)
    both = np.concatenate([x, noisy]).reshape(-1, 8, 8)
    told = found(archive(tmp_path, both, np.arange(1000) % 2) | {"normalise": "global"})
    assert named(told)
    told = found(archive(tmp_path, both[:500], np.arange(500) % 2) | {"normalise": "global"})
    assert not named(told)


@pytest.mark.parametrize("noise", [0.002, 0.004, 0.008])
def test_signals_of_a_few_shapes_are_no_copies(tmp_path: Path, noise: float) -> None:
    kinds = RNG.integers(0, 4, 400)
    x = RNG.normal(size=(4, 100))[kinds] + 10 * noise * RNG.normal(size=(400, 100))
    assert not named(found(archive(tmp_path, x, kinds) | {"normalise": "global"}))


@pytest.mark.slow
def test_images_of_others_are_no_copies(tmp_path: Path) -> None:
    bunch = sklearn.datasets.load_digits()
    assert not named(found(archive(tmp_path, bunch.images.astype(np.uint8), bunch.target)))
    for x in (pictures(600), RNG.integers(0, 256, (400, 12, 12)).astype(np.uint8)):
        assert not named(found(archive(tmp_path, x, np.arange(len(x)) % 2)))
    # Squares of one size, at a few places, are mirror images of each other.
    at = RNG.integers(0, 12, (500, 2))
    x = np.zeros((500, 16, 16), np.uint8)
    for image, (i, j) in zip(x, at, strict=True):
        image[i : i + 4, j : j + 4] = 255
    assert not named(found(archive(tmp_path, x, np.arange(500) % 2)))


@pytest.mark.parametrize("channels", [None, 1, 2])
@pytest.mark.parametrize("step", [1, 10, 25])
def test_windows_that_overlap_are_named(tmp_path: Path, channels: int | None, step: int) -> None:
    series = RNG.normal(size=(10_000, 3)).cumsum(axis=0)
    x = np.stack([series[i : i + 40] for i in range(0, 100 * step, step)] * 2)[:100]
    x = x[..., 0] if channels is None else np.moveaxis(x, 2, channels)
    labels = np.arange(100) % 2
    told = found(archive(tmp_path, x, labels) | {"normalise": "global"})
    assert told["windows_overlap"].headline
    apart = np.stack([series[i : i + 40] for i in range(0, 4000, 40)])
    told = found(archive(tmp_path, apart[..., 0], labels) | {"normalise": "global"})
    assert "windows_overlap" not in told


@pytest.mark.parametrize("length", [5, 8, 10, 12])
@pytest.mark.parametrize("shape", [(), (1,), (3,)])
def test_short_windows_that_overlap_are_named(
    tmp_path: Path, length: int, shape: tuple[int, ...]
) -> None:
    series = RNG.normal(size=(400, *shape)).cumsum(axis=0)
    x = np.stack([series[i : i + length] for i in range(300)])
    told = found(archive(tmp_path, x, np.arange(300) % 2) | {"normalise": "global"})
    assert told["windows_overlap"].headline
    for apart in (RNG.normal(size=(300, length)).round(1), RNG.integers(0, 9, (300, length)) / 4):
        told = found(archive(tmp_path, apart, np.arange(300) % 2) | {"normalise": "global"})
        assert "windows_overlap" not in told


def test_answers_of_few_grades_are_no_windows(tmp_path: Path) -> None:
    random = np.random.default_rng(4)
    age, income = random.integers(18, 90, 1000), np.exp(random.normal(9, 1, 1000)).round()
    x = np.column_stack([age, income, random.integers(1, 6, (1000, 8))]).astype(float)
    told = found(archive(tmp_path, x, np.arange(1000) % 2) | {"normalise": "feature"})
    assert "windows_overlap" not in told


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["f4", "u1", "i8"])
@pytest.mark.parametrize(("axis", "channels"), [(1, "first"), (3, None)])
def test_an_axis_of_one_channel_or_a_wider_type_hides_nothing(
    tmp_path: Path, dtype: str, axis: int, channels: str | None
) -> None:
    spec = {"channels": channels, "normalise": "global"}
    bunch = sklearn.datasets.load_digits()
    order = np.random.default_rng(0).permutation(len(bunch.target))
    x, y = np.expand_dims(15 * bunch.images[order], axis).astype(dtype), bunch.target[order]
    sides = tuple(place for place in (1, 2, 3) if place != axis)
    copies = np.concatenate([np.flip(x[:150], sides[1]), x[900:]])[: len(x) - 900]
    for tested, id in (
        (x[900:], None),
        (x[900:].swapaxes(*sides), "test_images_turned"),
        (copies, "examples_noisy_copies"),
    ):
        path = tmp_path / "a.npz"
        np.savez(path, x_train=x[:900], y_train=y[:900], x_test=tested, y_test=y[900:])
        told = found({**DEFAULTS, "name": "npz", "path": str(path), "label": None} | spec)
        assert {*told} & {"test_images_turned", *COPIES} == ({id} if id else set())


def test_series_of_few_values_do_not_overlap(tmp_path: Path) -> None:
    labels = np.arange(120) % 2
    still = np.where(RNG.random((120, 50)) < 0.95, 0.0, RNG.random((120, 50)))
    square = np.tile([0.0, 1.0], (120, 25)) * RNG.random((120, 1))
    for x in (still, square, RNG.random((120, 50))):
        told = found(archive(tmp_path, x, labels) | {"normalise": "global"})
        assert "windows_overlap" not in told


@pytest.mark.parametrize("kind", ["<f2", "<f4", ">f4", "<f8"])
@pytest.mark.parametrize("columns", [4, 5])
def test_vectors_of_any_floats_are_compared(tmp_path: Path, kind: str, columns: int) -> None:
    x = np.random.default_rng(1).normal(size=(60, columns)).astype(kind)
    x[-20:, 1:] = x[:20, 1:]
    y = np.arange(60) % 2
    path = tmp_path / "a.npz"
    np.savez(path, x_train=x[:40], y_train=y[:40], x_test=x[40:], y_test=y[40:])
    given = {"name": "npz", "path": str(path), "format": None, "test_share": 0.2}
    assert "rows_nearly_equal" in {finding.id for finding in take_in(given).findings}


@pytest.mark.parametrize(("values", "length"), [((0, 1, 2), 80), ((0, 1, 2, 3), 60)])
def test_rows_of_few_values_share_runs_by_chance(
    tmp_path: Path, values: tuple[int, ...], length: int
) -> None:
    """As of genotypes and letters, each drawn by itself."""
    random = np.random.default_rng(5)
    x = random.choice(values, (1000, length)).astype(np.float32)
    assert "windows_overlap" not in found(archive(tmp_path, x, random.integers(0, 2, 1000)))


@pytest.mark.parametrize("kinds", [10, 26])
def test_scans_of_one_letter_are_no_copies(tmp_path: Path, kinds: int) -> None:
    """All are as near to each other as two scans must be."""
    random = np.random.default_rng(3)
    letters = random.integers(0, 2, (kinds, 7, 7)).repeat(4, 1).repeat(4, 2) * 200.0 + 20
    y = np.arange(kinds * 30) % kinds
    x = (letters[y] + random.normal(0, 3, (len(y), 28, 28))).clip(0, 255).astype(np.uint8)
    assert not named(found(archive(tmp_path, x, y)))
