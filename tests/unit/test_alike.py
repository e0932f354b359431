"""A seed, a size or an order of runs that has the wrong effect on the scores is named."""

from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
from synthetic import make_record

from ecosobriety import provenance
from ecosobriety.metrics import ACCURACY, RMSE, Metric
from ecosobriety.reasons import reason, recognise

RNG = np.random.default_rng(4)
ORDERS = {key: RNG.random() for key in product((100, 200, 400, 800), (1, 2, 3))}
Score = Callable[[int, int, int], float]


def told(score: Score, metric: Metric = ACCURACY, window: str = "process") -> list[str]:
    """What is odd about runs whose score follows from size, seed and place in time."""
    order = sorted(ORDERS, key=ORDERS.__getitem__)
    runs = [
        make_record(
            model="mine",
            n_train=n,
            seed=seed,
            window=window,
            **{metric.test_column: score(n, seed, place)},
            started_at=f"2025-03-01T08:{place:02}:00+00:00",
        )
        for place, (n, seed) in enumerate(order)
    ]
    found = [recognise(what) for what in provenance._noticed(runs, "mine", metric)]
    return [one[0] for one in found if one]


@pytest.mark.parametrize(
    ("score", "odd"),
    [
        (lambda n, seed, place: 0.5 + n / 2000, ["seed_without_effect"]),
        (lambda n, seed, place: 0.5 + seed / 100, ["size_without_effect"]),
        (lambda n, seed, place: 0.75, ["seed_without_effect", "size_without_effect"]),
        (lambda n, seed, place: 0.5 + n / 2000 + place / 1e4, ["order_decides"]),
        (lambda n, seed, place: 0.5 + n / 2000 + (seed * place % 5) / 1e4, []),
        (lambda n, seed, place: 1.0, []),
    ],
)
def test_what_has_no_effect_or_should_have_none_is_named(score: Score, odd: list[str]) -> None:
    assert told(score) == odd


def test_an_error_that_falls_from_run_to_run_is_named() -> None:
    assert told(lambda n, seed, place: 9 - n / 200 - place / 100, RMSE) == ["order_decides"]
    assert told(lambda n, seed, place: 9 - n / 200 + place / 100, RMSE) == []
    # In the study's own loop, nothing is left for the next one.
    assert told(lambda n, seed, place: 9 - n / 200 - place / 100, RMSE, "fit") == []


@pytest.mark.parametrize("window", ["process", "imported", "fit"])
@pytest.mark.parametrize(
    ("score", "test_examples", "odd"),
    [
        (0.87435, 100, True),
        (0.87, 100, False),
        (float(np.float32(0.8765)), 10_000, False),
        (0.8765, 1797, False),
        (2 / 3, 100, True),
        (2 / 3, None, False),
    ],
)
def test_a_reported_accuracy_that_is_no_count_is_named(
    window: str, score: float, test_examples: int | None, odd: bool
) -> None:
    runs = [make_record(window=window, n_train=5, seed=1, test_accuracy=score)]
    found = provenance._noticed(runs, runs[0].model, ACCURACY, test_examples)
    assert [recognise(what)[0] for what in found] == ["no_count"] * (odd and window != "fit")
    assert not provenance._noticed(runs, runs[0].model, RMSE, test_examples)


def test_few_runs_may_be_alike_by_chance() -> None:
    runs = [make_record(n_train=n, seed=s, test_accuracy=0.8) for n, s in ((5, 1), (5, 2))]
    assert provenance._noticed(runs, runs[0].model, ACCURACY) == []
    assert recognise(reason("order_decides"))


@pytest.mark.parametrize(
    ("scores", "place"),
    [
        # Counts of 1,000 examples; those of 397 rounded or cut to three digits; two digits.
        ([0.948, 0.957, 0.913], 2),
        ([round(right / 397, 3) for right in (376, 380, 362)], None),
        ([int(right / 397 * 1000) / 1000 for right in (376, 380, 362)], None),
        ([0.79, 0.78, 0.8], None),
    ],
)
def test_rounded_accuracies_may_be_no_counts_either(scores: list[float], place: int | None) -> None:
    assert ACCURACY.uncounted(scores, 397) == place


@pytest.mark.parametrize(("gpus", "said"), [(0, []), (1, []), (4, ["gpus_metered"])])
def test_several_gpus_that_were_metered_are_named(gpus: int, said: list[str]) -> None:
    run = make_record(model="mine")
    run = run.model_copy(update={"metering": {**run.metering, "gpus_metered": gpus}})
    found = [recognise(what) for what in provenance._noticed([run], "mine", ACCURACY)]
    assert [one[0] for one in found if one] == said
