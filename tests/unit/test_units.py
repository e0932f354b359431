"""Conversions, against values worked by hand."""

import pytest

from ecosobriety import units


def test_one_kwh_is_3_6_megajoules():
    assert units.joules_to_kwh(3.6e6) == 1.0
    assert units.kwh_to_joules(0.5) == 1.8e6


def test_100_w_for_36_s_is_one_watt_hour():
    # 100 W x 36 s = 3600 J = 1 Wh
    assert units.watt_seconds_to_kwh(100.0, 36.0) == pytest.approx(0.001)
    assert units.kwh_to_wh(0.001) == 1.0


def test_the_last_batch_of_an_epoch_may_be_smaller():
    # 7 batches of 128 and one of 104, twice.
    assert units.epochs_to_steps(2, n_train=1000, batch_size=128) == 16


def test_mass_time_and_size():
    assert units.grams_to_kg(56.0) == 0.056
    assert units.kg_to_grams(0.056) == pytest.approx(56.0)
    assert units.seconds_to_hours(5400.0) == 1.5
    assert units.bytes_to_mb(47_040_000.0) == 47.04
