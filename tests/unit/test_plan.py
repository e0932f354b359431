"""The plan of a study that grows: its ladder, where it decides, and what it refuses."""

import pytest
from config_cases import SMALLEST, complete, put, refusal

from ecosobriety.study_config import plan

SOBER = put(("plan",), "sober", SMALLEST)
del SOBER["grid"]["n_train"]
"""A data set of 1,400 training examples: the digits."""


def sober(**keys):
    return put(("plan",), {"mode": "sober", **keys}, SOBER)


@pytest.mark.parametrize(
    ("full", "available", "sizes"),
    [
        (512, 512, [64, 128, 256, 512]),
        (1400, 1400, [64, 128, 256, 512, 1400]),  # 1,024 is less than half a doubling below
        (1500, 1500, [64, 128, 256, 512, 1024, 1500]),
        (8000, 1400, [64, 128, 256, 512, 1400]),  # ends with all the data at hand
        (60, 60, [60]),
    ],
)
def test_the_ladder_doubles_up_to_the_full_size(full, available, sizes):
    assert plan.ladder(full, available) == sizes


def test_a_larger_full_size_goes_on_from_the_sizes_of_the_smaller_one():
    assert set(plan.ladder(30_000, 60_000)[:-1]) <= set(plan.ladder(60_000, 60_000))


def test_a_full_size_beyond_the_data_goes_on_from_all_of_them():
    assert plan.ladder(8000, 1400) == plan.ladder(1400, 1400)


def test_sizes_and_seeds_may_be_left_out():
    config = complete(SOBER)
    assert config["grid"]["n_train"] == [64, 128, 256, 512, 1400]
    assert config["grid"]["seeds"] == [1, 2, 3]
    assert config["plan"]["full_n_train"] == 1400


def test_it_decides_from_an_eighth_and_512_examples_and_enough_sizes_on():
    config = complete(sober(seeds=[1, 2], full_n_train=8000))
    assert plan.decision_sizes(config) == [1400]
    config = complete(sober(seeds=[1, 2]))
    assert plan.decision_sizes(config) == [512, 1400]
    # One seed reads its noise off six sizes.
    assert plan.decision_sizes(complete(sober())) == [1400]


def test_more_seeds_come_at_the_last_two_sizes():
    config = complete(sober())
    runs = plan.growth_runs(config, "mlp", 512, more_seeds=True)
    assert [(size, seed) for _, _, size, seed in runs] == [
        *((64, 1), (128, 1), (256, 1), (512, 1)),
        *((256, 2), (256, 3), (512, 2), (512, 3)),
    ]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (put(("plan",), "sobre", SOBER), 'plan.mode is "sobre", but must be one of'),
        (put(("plan",), "exhaustive", SOBER), "grid.n_train is missing, but must be a list"),
        (sober(full_n_train=200), "plan.full_n_train gives the sizes 64, 128, 200, but must give"),
        (
            put(("grid", "n_train"), [100, 200, 400, 800], sober(full_n_train=500)),
            "plan.full_n_train is 500, but must be at least 800",
        ),
        (
            put(("grid", "n_train"), [100, 200, 400], sober()),
            "grid.n_train gives the sizes 100, 200, 400, but must give at least 4",
        ),
        (put(("grid", "seeds"), [1, 2], sober()), "grid.seeds is [1, 2], but must be at least 3"),
        (
            put(("training", "process"), "size", sober()),
            'training.process is "size", but must be run with plan.seeds adaptive',
        ),
        (put(("training", "budget"), "steps", sober()), 'training.budget is "steps"'),
        (put(("claims",), "poster", sober()), 'claims is "poster", but must be none'),
        (put(("analysis", "margin"), 0.0001, sober()), "analysis.margin is 0.0001"),
        (
            put(("plan",), {"z": 2}, SMALLEST),
            "plan.z is 2.0, but must be left out without plan.mode sober",
        ),
    ],
)
def test_a_plan_that_cannot_be_is_one_sentence(changed, told):
    message = refusal(changed)
    assert told in message
    assert "\n" not in message
    assert len(message) <= 300
