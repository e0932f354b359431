"""What may be meant otherwise in a study's file is said in words."""

import pytest

from ecosobriety.study_config.in_words import large_test, odd_hardware

NOTHING = {"parts": {}, "embodied_kg": None, "lifetime_years": None, "utilisation": None}


@pytest.mark.parametrize(
    ("section", "told"),
    [
        ({"embodied_kg": 277_000.0, "lifetime_years": 4}, "277000 g are 277 kg"),
        ({"embodied_kg": 0.277}, "0.277 t are 277 kg"),
        ({"embodied_kg": {"low": 1e5, "central": 2e5, "high": 3e5}}, "200000 g are 200 kg"),
        ({"embodied_kg": 277, "lifetime_years": 24}, "24 months are 2 years"),
        ({"embodied_kg": 277, "lifetime_years": 12}, None),
        ({"embodied_kg": 20_000}, None),
        ({"parts": {"gpu": 1}}, None),
    ],
)
def test_what_may_be_in_another_unit_is_said_in_words(section, told):
    found = odd_hardware(NOTHING | section)
    assert found is None if told is None else found.endswith(f": {told}")


@pytest.mark.parametrize(("share", "left"), [(0.8, "20 %"), (0.75, "25 %"), (0.5, None)])
def test_a_test_part_as_large_as_one_to_train_on_is_said_in_words(share, left):
    found = large_test({"test_share": share})
    assert found is None if left is None else f"and {left} are left to train on" in found
