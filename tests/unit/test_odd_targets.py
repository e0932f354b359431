"""Targets that lost their sign, or were filled in, are named as features are."""

from pathlib import Path

import numpy as np
from test_datasets_slips import KINDS, N, found, table


def test_targets_whose_sign_was_lost_or_that_are_filled_in_round_numbers_are_named(
    tmp_path: Path,
) -> None:
    random = np.random.default_rng(3)
    prices = random.normal(170_000, 25_000, N).round(-2)
    lost = np.where(random.random(N) < 0.1, -prices, prices)
    x = random.random(N)
    told = found(table(tmp_path, {"x": x, "y": lost}, task="regression", label="y"))
    assert told["targets_of_two_signs"].headline
    east = table(tmp_path, {"x": x, "longitude": lost}, task="regression", label="longitude")
    assert "targets_of_two_signs" not in found(east)
    filled = np.where(random.random(N) < 0.15, np.median(prices), prices)
    told = found(table(tmp_path, {"x": x, "y": filled}, task="regression", label="y"))
    assert "targets_filled" in told
    assert "feature_filled" in found(table(tmp_path, {"x": filled, "kind": KINDS}))
    sound = found(table(tmp_path, {"x": x, "y": prices}, task="regression", label="y"))
    assert sound.keys() == {"features_used"}
