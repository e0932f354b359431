"""Sizes that a comma has parted are refused; others are taken in any order."""

import pytest

from ecosobriety.study_config.sizes import size_contradictions

REST = {
    "dataset": {"name": "mine"},
    "models": [{"name": "linear"}],
    "methods": {"tracker_sizes": []},
}


def found(sizes):
    return list(size_contradictions({**REST, "grid": {"n_train": sizes}}, sizes[0], None))


@pytest.mark.parametrize(
    ("written", "read", "meant"),
    [
        ("[500, 1,200]", [500, 1, 200], "500, 1200"),
        ("[1,500, 2,250, 10000]", [1, 500, 2, 250, 10000], "1500, 2250, 10000"),
        ("[800, 1,200, 1,601]", [800, 1, 200, 1, 601], "800, 1200, 1601"),
        ("[10,500, 20,250]", [10, 500, 20, 250], "10500, 20250"),
    ],
)
def test_a_comma_within_a_number_is_refused(written, read, meant):
    ((key, said),) = found(read)
    assert key == "grid.n_train"
    assert said.endswith(f"without commas within a number, where it could be {meant}")


@pytest.mark.parametrize(
    "sizes", [[200, 400], [1, 200, 400], [60000, 30000, 200], [400, 200, 800], [5, 100, 50]]
)
def test_others_are_taken_in_any_order(sizes):
    assert not found(sizes)
