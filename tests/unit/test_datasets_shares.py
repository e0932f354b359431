"""What is said of rows or images holds of all of them, not only of those that were looked at."""

from pathlib import Path

import numpy as np
import pytest
from test_datasets_slips import found, table
from test_marks import archive

from ecosobriety.checks.noisy_copies import find_noisy_rows


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


@pytest.mark.parametrize("apart", [62, 12])
def test_images_that_a_level_separates_but_for_some_are_not_separated(
    tmp_path: Path, apart: int
) -> None:
    """Of images this large, some 80 are looked at first, of which none is an exception."""
    random, labels = np.random.default_rng(2), np.arange(400) % 2
    light = np.where(labels == 1, apart, 140) + random.uniform(-9, 9, 400)
    if apart == 62:
        light[[21, 41]] = 200
    x = random.integers(-9, 10, (400, 224, 224)) + light[:, None, None]
    told = found(archive(tmp_path, x.clip(0, 255).astype(np.uint8), labels))
    assert ("level_orders_classes" in told) == (apart == 12)
    assert "place_orders_classes" not in told
