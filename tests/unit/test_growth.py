"""The rule that says whether growing further is worth it, and the backtest that replays it."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backtest.curves import from_table, ladder
from backtest.replay import replay, replay_adaptive
from backtest.rules import RULES, power_law, sober
from ecosobriety.decision import GrowthRule, decide
from ecosobriety.decision.growth import decide_growth, may_decide
from ecosobriety.reporting.growth import payback

pytestmark = pytest.mark.slow

SIZES = [1024, 2048, 4096, 8192]


def scores_of(gains, wobble=0.0):
    """Means that rise by these gains; two seeds that differ by `wobble` in every other gain."""
    means = 0.5 + np.concatenate([[0.0], np.cumsum(gains)])
    sign = np.array([0, 1, 0, 1, 0, 1, 0, 1])[: len(means)]
    return np.stack([means + sign * wobble / 2, means - sign * wobble / 2], axis=1)


class TestByHand:
    def test_a_flat_ladder_without_noise_stops(self):
        found = decide_growth(SIZES, scores_of([0.02, 0.01, 0.002]), 16_384, 0.01, z=1.25)
        # One doubling is left, at 0.002 each, and no noise: 1 * 0.002 + 1.25 * 0 <= 0.01.
        assert found["doublings_left"] == 1.0
        assert found["gain_per_doubling"] == pytest.approx(0.002)
        assert found["standard_error"] == pytest.approx(0.0, abs=1e-12)
        assert found["bound"] == pytest.approx(0.002)
        assert (found["decision"], found["reason"]) == ("stop", "bound_within_margin")

    def test_noise_alone_can_forbid_it(self):
        found = decide_growth(SIZES, scores_of([0.02, 0.01, 0.002], 0.02), 16_384, 0.01, z=1.25)
        # Each gain is +-0.01 around its mean: sd 0.01 * sqrt(2), over sqrt(2) seeds 0.01.
        assert found["standard_error"] == pytest.approx(0.01)
        assert found["bound"] == pytest.approx(0.002 + 1.25 * 0.01)
        assert found["decision"] == "grow"

    def test_the_worked_example_of_data_set_179(self):
        """Gradient boosting, N = 39,561, three seeds: go on at 5,793, stop at 11,585."""
        for n, gain, error, bound, decision in (
            (5793, 0.0037, 0.0015, 0.0121, "grow"),
            (11_585, 0.0021, 0.0012, 0.0052, "stop"),
        ):
            sizes = [n // 8, n // 4, n // 2, n]
            steps = np.log2(np.array(sizes[1:]) / sizes[:-1])[:, None]
            # Three seeds around the mean by d, 0, -d: sd d, standard error d / sqrt(3).
            spread = np.array([1.0, 0.0, -1.0]) * error * np.sqrt(3)
            gains = (np.array([0.01, 0.006, gain])[:, None] + spread) * steps
            scores = 0.6 + np.vstack([np.zeros(3), np.cumsum(gains, axis=0)])
            found = decide_growth(sizes, scores, 39_561, 0.01, z=1.25)
            assert found["bound"] == pytest.approx(bound, abs=1.5e-4)
            assert found["decision"] == decision

    def test_one_seed_reads_its_noise_off_the_bends(self):
        sizes = [512, 1024, 2048, 4096, 8192, 16_384]
        scores = np.array([[0.70], [0.73], [0.74], [0.77], [0.78], [0.81]])
        found = decide_growth(sizes, scores, 32_768, 0.01, z=1.25)
        # The bends are -0.02, 0.02, -0.02, 0.02: each 0.0004 / 6; a gain has twice their mean.
        assert found["standard_error"] == pytest.approx(np.sqrt(2 * 0.0004 / 6))

    def test_an_irregular_ladder_counts_by_the_doubling(self):
        sizes = [1000, 2000, 4000, 16_000]
        found = decide_growth(sizes, scores_of([0.02, 0.01, 0.01]), 32_000, 0.01, z=1.25)
        assert found["gain_per_doubling"] == pytest.approx(0.005)


class TestNoDecision:
    @pytest.mark.parametrize(
        ("sizes", "full", "reason"),
        [
            ([1024, 2048, 4096], 8192, "too_few_sizes"),
            ([64, 128, 256, 500], 1000, "too_few_examples"),
            (SIZES, 100_000, "below_an_eighth"),
        ],
    )
    def test_is_undecided_with_its_reason(self, sizes, full, reason):
        scores = scores_of([0.0] * (len(sizes) - 1))
        found = decide_growth(sizes, scores, full, 0.01, z=1.25)
        assert (found["decision"], found["reason"]) == ("undecided", reason)

    def test_of_a_size_that_one_seed_alone_has_reached_too_few_seeds_are_the_reason(self):
        scores = scores_of([0.0, 0.0, 0.0])
        scores[-1, 1:] = np.nan
        found = decide_growth(SIZES, scores, 16_384, 0.01, z=1.25)
        assert (found["decision"], found["reason"]) == ("undecided", "too_few_seeds")

    def test_at_the_full_size_nothing_is_left(self):
        found = decide_growth(SIZES, scores_of([0.1, 0.1, 0.1]), 8192, 0.01, z=1.25)
        assert (found["decision"], found["reason"]) == ("stop", "full_size")


@given(
    gains=st.lists(st.floats(-0.1, 0.1), min_size=3, max_size=6),
    wobble=st.floats(0, 0.1),
    margin=st.floats(0.001, 0.1),
    factor=st.integers(1, 8),
)
def test_more_left_more_noise_or_a_smaller_margin_never_turn_grow_into_stop(
    gains, wobble, margin, factor
):
    sizes = [1024 * 2**k for k in range(len(gains) + 1)]
    full = sizes[-1] * factor

    def stops(wobble, margin, full, z):
        found = decide_growth(sizes, scores_of(gains, wobble), full, margin, z)
        return found["decision"] == "stop"

    if not stops(wobble, margin, full, 1.25):
        assert not stops(wobble, margin / 2, full, 1.25)
        assert not stops(wobble, margin, full, 2.5)
        assert not stops(wobble, margin, min(full * 2, sizes[-1] * 8), 1.25)


def database(rise, noise=1e-4):
    """Two data sets and learners with twelve seeds; `rise` gives a size's mean score."""
    generator = np.random.default_rng(0)
    sizes = [round(64 * 2 ** (k / 2)) for k in range(14)]
    return pd.DataFrame(
        [
            (data, learner, n, seed, 0, n * 1e-3, rise(n) + generator.normal(0, noise))
            for data in (3, 4)
            for learner in ("a.Tree", "Line")
            for n in sizes
            for seed in range(12)
        ],
        columns=[
            *("openmlid", "learner", "size_train", "outer_seed", "inner_seed"),
            *("traintime", "score_test"),
        ],
    )


class TestBacktest:
    def test_a_ladder_doubles_down_from_the_size_nearest_to_half(self):
        sizes = np.array([64, 91, 128, 181, 256, 362, 512, 724, 1024, 1448, 1600])
        assert ladder(sizes) == [91, 181, 362, 724, 1600]

    def test_curves_that_stay_flat_are_stopped_at_an_eighth_and_rightly(self):
        curves = from_table(database(lambda n: 0.8))
        found = replay(curves, curves.draw(3, 2, np.random.default_rng(0)), sober(1.25), 0.01)
        assert found.stopped.all()
        assert not found.false.any()
        assert (found.price < 0.3).all()

    def test_a_curve_that_jumps_at_its_end_is_counted_as_a_false_stop(self):
        curves = from_table(database(lambda n: 0.9 if n > 4000 else 0.8))
        found = replay(curves, curves.draw(3, 2, np.random.default_rng(0)), sober(1.25), 0.01)
        assert found.false.all()

    def test_a_steep_curve_is_never_stopped(self):
        curves = from_table(database(lambda n: 0.05 * np.log2(n)))
        found = replay(curves, curves.draw(3, 2, np.random.default_rng(0)), sober(1.25), 0.01)
        assert not found.stopped.any()
        assert (found.price == 1).all()
        assert found.full_trainings == pytest.approx(3 * 1.98, rel=0.05)

    def test_a_power_law_is_found_again(self):
        curves = from_table(database(lambda n: 0.9 - n**-0.5))
        scores = curves.draw(10, 1, np.random.default_rng(0))
        n = curves.sizes[0]
        # What is left is n^-0.5 - N^-0.5; the fit decides on either side of it.
        left = n**-0.5 - n[-1] ** -0.5
        for margin in (0.008, 0.02):
            stops = power_law(curves.sizes, scores, margin)[0, 0]
            wanted = left <= margin
            near = np.abs(left - margin) < 0.002
            assert (stops == wanted)[4:][~near[4:]].all()

    def test_every_rule_but_the_knee_gives_a_truth_value_for_each_size(self):
        curves = from_table(database(lambda n: 0.9 - n**-0.5))
        scores = curves.draw(3, 2, np.random.default_rng(0))
        for name, rule in RULES.items():
            if "knee" not in name:
                with np.errstate(invalid="ignore"):
                    stops = rule(curves.sizes, scores, 0.01)
                assert stops.shape == scores.shape[:3], name

    def test_added_seeds_are_replayed_as_the_study_adds_them(self):
        """Against the study's own decisions, curve by curve."""
        curves = from_table(database(lambda n: 0.9 - n**-0.5, noise=0.01))
        scores = curves.draw(3, 20, np.random.default_rng(1))
        found = replay_adaptive(curves, scores, 1.5, 0.02)
        asked = 0
        for draw, curve in np.ndindex(found.stopped.shape):
            sizes, seconds = curves.sizes[curve], curves.seconds[curve]
            at, seeds = by_the_study(sizes, scores[draw, curve], z=1.5, margin=0.02)
            asked += (seeds > 1).any()
            assert found.stopped[draw, curve] == (at < len(sizes) - 1)
            spent = (seeds * seconds)[: at + 1].sum() / seconds[-1]
            assert found.full_trainings[draw, curve] == pytest.approx(spent)
            assert found.saved[draw, curve] == pytest.approx(1 - seconds[at] / seconds[-1])
        assert 0 < asked < found.stopped.size
        assert 0 < found.stopped.sum() < found.stopped.size


def by_the_study(sizes, scores, z, margin):
    """Where `decision.decide` stops with added seeds, and how many seeds ran at each size."""
    full, seeds = int(sizes[-1]), np.ones(len(sizes), int)
    rule = partial(GrowthRule, full, margin, z, tame=True, adaptive=True)
    for at in range(5, len(sizes)):
        if not may_decide(sizes, np.array(full))[at]:
            continue
        for more in (False, True):
            runs = pd.DataFrame(
                [
                    {"dataset": "d", "model": "m", "n_train": int(sizes[k]), "seed": seed}
                    | {"test_accuracy": scores[k, seed]}
                    for k in range(at + 1)
                    for seed in (range(3) if more and k >= at - 1 else range(1))
                ]
            )
            decided = decide(runs, rule(may_add_seeds=not more), test_examples=10**6)
            if decided["decision"] != "more_seeds":
                break
            seeds[at - 1 : at + 1] = 3
        if decided["decision"] == "stop":
            return at, seeds
    return len(sizes) - 1, seeds


@pytest.mark.parametrize(("exact", "shown"), [(16.2, 17), (17.0, 17), (99.1, 100), (1234.0, 1300)])
def test_the_retraining_that_pays_the_rest_back_counts_whole(exact, shown):
    assert payback(exact) == shown
