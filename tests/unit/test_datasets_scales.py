"""Data of one distribution are on one scale, however many zeros or far values they have."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ecosobriety.checks.scaled_apart import find_examples_scaled_apart, find_scaled_apart
from ecosobriety.checks.scales import compare_scales, compare_targets, targets_apart
from ecosobriety.datasets.examples import Examples
from ecosobriety.datasets.inputs import check
from ecosobriety.errors import DataError
from ecosobriety.readers import obtain


def _inflated(rng: np.random.Generator, n: int) -> Any:
    return np.where(rng.random(n) < 0.7, 0.0, np.exp(rng.normal(size=n) + 3))


def _heavy(rng: np.random.Generator, n: int) -> Any:
    return np.exp(4 * rng.normal(size=n))


@pytest.mark.parametrize("draw", [_inflated, _heavy])
def test_targets_of_one_distribution_are_on_one_scale(draw: Any) -> None:
    rng = np.random.default_rng(5)
    for n in [200] * 200 + [2000] * 20:
        for tested in (n // 5, n // 2):
            y = draw(rng, n)
            assert not targets_apart(y[tested:], y[:tested])


@pytest.mark.parametrize("draw", [_inflated, _heavy])
def test_features_of_one_distribution_are_on_one_scale(draw: Any) -> None:
    rng = np.random.default_rng(5)
    for d in [1, 4] * 50:
        x = draw(rng, 200 * d).reshape(200, d)
        parts = [
            check(part, len(part), name, None) for part, name in ((x[40:], "a"), (x[:40], "b"))
        ]
        assert compare_scales(*parts, "auto") == ()
        scaled = check(x[:40] * 1e6, 40, "b", None)
        with pytest.raises(DataError, match="on scales that do not fit together"):
            compare_scales(parts[0], scaled, "auto")


def test_noise_on_the_training_part_alone_is_no_other_scale() -> None:
    rng = np.random.default_rng(5)
    x = rng.beta(0.5, 0.5, (400, 6, 6))
    one, other = x[:300], x[300:]
    noisy = check(one + rng.normal(0, 0.2, one.shape), 300, "a", None)
    assert compare_scales(noisy, check(other, 100, "b", None), "auto") == ()
    centred = check((other - other.mean()) / other.std(), 100, "b", None)
    with pytest.raises(DataError, match="on scales that do not fit together"):
        compare_scales(check(one, 300, "a", None), centred, "auto")


def test_a_split_that_the_study_draws_itself_has_one_scale(tmp_path: Path) -> None:
    # Most targets are small, and which part has more large ones is chance.
    y = np.repeat([1.0, 2.0, 3.0, 1e4, 2e4, 3e4], [22, 22, 22, 11, 11, 12])
    for seed in range(20):
        rng = np.random.default_rng(seed)
        path = tmp_path / f"{seed}.npz"
        np.savez(path, x=rng.normal(size=(100, 3)), y=rng.permutation(y))
        given = {"name": "npz", "path": str(path), "format": None, "features": None}
        obtain(given | {"task": "regression", "label": None, "test_share": 0.2})


def _standardised(x: Any) -> Any:
    return ((x - x.mean(axis=0)) / x.std(axis=0)).astype(np.float32)


def _to_ends(x: Any) -> Any:
    return (x - x.min(axis=0)) / np.ptp(x, axis=0)


@pytest.mark.parametrize("scale", [_standardised, _to_ends])
def test_parts_that_were_scaled_apart_are_named(scale: Any) -> None:
    x = np.random.default_rng(5).normal(3, 2, (400, 5)) * [1, 10, 100, 1, 1]
    one, other = (scale(part).astype(np.float64) for part in (x[:300], x[300:]))
    (found,) = find_scaled_apart(one, other)
    assert (found.id, found.headline, found.values) == ("parts_scaled_apart", True, {"number": 5})
    # As a whole, by the training part, and answers that are 0 or 1.
    whole = scale(x).astype(np.float64)
    assert not find_scaled_apart(whole[:300], whole[300:])
    assert not find_scaled_apart(one, (x[300:] - x[:300].mean(axis=0)) / x[:300].std(axis=0))
    assert not find_scaled_apart((x[:300] > 3) * 1.0, (x[300:] > 3) * 1.0)
    # Most of some counts are 0, and some 1.
    counts = np.random.default_rng(5).poisson(0.5, (400, 5)).astype(float)
    assert not find_scaled_apart(counts[:300], counts[300:])


@pytest.mark.parametrize(
    ("middle", "width"),
    [
        (
            lambda x: np.median(x, axis=0),
            lambda x: np.ptp(np.percentile(x, [25, 75], axis=0), axis=0),
        ),
        (lambda x: 0, lambda x: np.abs(x).max(axis=0)),
    ],
)
def test_parts_that_were_scaled_apart_in_other_ways_are_named(middle: Any, width: Any) -> None:
    x = np.random.default_rng(3).normal(1, 2, (500, 5))
    one, other = x[:300], x[300:]
    told = find_scaled_apart(*((part - middle(part)) / width(part) for part in (one, other)))
    assert [found.values for found in told] == [{"number": 5}]
    assert not find_scaled_apart(*((part - middle(one)) / width(one) for part in (one, other)))


@pytest.mark.parametrize("scale", [_standardised, _to_ends])
def test_targets_that_were_scaled_apart_are_named(scale: Any) -> None:
    y = np.random.default_rng(5).normal(3, 2, 400)
    (found,) = compare_targets(scale(y[:300]), scale(y[300:]))
    assert (found.id, found.headline) == ("targets_scaled_apart", True)
    assert not compare_targets(scale(y)[:300], scale(y)[300:])


@pytest.mark.parametrize("factor", [2.54, 1 / 2.2046, -1])
def test_test_targets_in_another_unit_are_named(factor: float) -> None:
    rng = np.random.default_rng(5)
    y = rng.normal(150, 40, 400).round(1)
    (found,) = compare_targets(y[:300], factor * y[300:])
    assert (found.id, found.headline) == ("targets_shifted", True)
    assert not compare_targets(y[:300], y[300:])
    for draw in (_inflated, _heavy):
        for n in [100] * 100 + [400] * 50:
            drawn = draw(rng, n)
            assert not compare_targets(drawn[n // 4 :], drawn[: n // 4])


@pytest.mark.parametrize("axis", [None, 0])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_images_that_were_scaled_apart_are_named(axis: int | None, dtype: str) -> None:
    x = np.random.default_rng(3).integers(0, 256, (90, 8, 8)).astype(dtype)
    parts = x[:60], x[60:]

    def told(*by: Any) -> int:
        scaled = [
            ((part - of.mean(axis=axis)) / of.std(axis=axis)).astype(dtype)
            for part, of in zip(parts, by, strict=True)
        ]
        return len(find_examples_scaled_apart(*map(Examples.of, scaled)))

    assert told(*parts) == 1
    assert told(parts[0], parts[0]) == told(x, x) == 0
    each = (x - x.mean(axis=(1, 2), keepdims=True)) / x.std(axis=(1, 2), keepdims=True)
    assert not find_examples_scaled_apart(Examples.of(each[:60]), Examples.of(each[60:]))


def test_of_thousands_of_skewed_features_none_is_shifted_by_chance() -> None:
    for seed in range(6):
        x = np.random.default_rng(seed).lognormal(0, 1, (83, 2308))
        parts = [check(part, None, name) for part, name in ((x[:63], "train"), (x[63:], "test"))]
        assert not compare_scales(*parts, "feature")
