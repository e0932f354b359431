"""How often the levers' recommendations are wrong, in simulated studies whose truth is known."""

import math

import numpy as np
import pytest

from ecosobriety.decision.levers import Grid, Rule, Setting, run_tests, way_between
from ecosobriety.metrics import ACCURACY

LEVERS = {"wide": "reference", "narrow": "model"}
MARGIN, CONFIDENCE = 0.01, 0.95
KEYS = [Setting(m, n, stop) for m in ("wide", "narrow") for n in (50, 100) for stop in (1, 0)]
REFERENCE = Setting("wide", 100, 0)


def simulate(rng, seeds, losses):
    """A study whose settings lose so much; noise that is partly shared by a seed's trainings."""
    shared = rng.normal(0, 0.002, seeds)
    noise = rng.normal(0, 0.003, (len(KEYS), seeds))
    scores = 0.9 - np.array([losses[key] for key in KEYS])[:, np.newaxis] + shared + noise
    cost = [n * (stop or 2) * (1 if m == "wide" else 0.5) for m, n, stop in KEYS]
    energy_kwh = np.repeat(np.array(cost)[:, np.newaxis], seeds, axis=1)
    return Grid(KEYS, scores, energy_kwh, REFERENCE, LEVERS)


def at_margin(bad):
    """Losses: just the margin where a setting is bad, none elsewhere."""
    return {key: MARGIN if key != REFERENCE and bad(*key) else 0.0 for key in KEYS}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("seeds", "bad"),
    [
        (6, lambda model, n_train, stop: True),
        (4, lambda model, n_train, stop: n_train == 50),
        (8, lambda model, n_train, stop: sum((model != "wide", n_train != 100, stop != 0)) > 1),
    ],
    ids=["all at the margin", "fewer examples at the margin", "combined at the margin"],
)
def test_false_recommendations_are_as_rare_as_promised(seeds, bad):
    """At most 5 % of simulated studies recommend what is worse by the margin (2.5 errors more)."""
    losses, studies = at_margin(bad), 1_000
    rule, rng = Rule(MARGIN, CONFIDENCE, ACCURACY, None), np.random.default_rng(20261126)
    false = 0
    for _ in range(studies):
        found = run_tests(simulate(rng, seeds, losses), rule)
        passed = [setting for setting, one in found.items() if one.verdict == "non_inferior"]
        false += any(losses[key] >= MARGIN for key in passed)
    allowed = 1 - CONFIDENCE
    assert false / studies <= allowed + 2.5 * math.sqrt(allowed * (1 - allowed) / studies)


def test_good_settings_are_found():
    """Where nothing is lost, nine seeds nearly always show it: the promise is not an empty one."""
    rng, rule = np.random.default_rng(5), Rule(MARGIN, CONFIDENCE, ACCURACY, None)
    found = [run_tests(simulate(rng, 9, at_margin(lambda *_: False)), rule) for _ in range(20)]
    cheapest = [("narrow", 50, 1) in one for one in found]
    passed = [all(t.verdict == "non_inferior" for t in one.values()) for one in found]
    assert sum(cheapest) >= 12
    assert sum(passed) >= 18


def test_the_way_changes_first_what_costs_least_score():
    scores = dict.fromkeys(KEYS, 0.9)
    scores |= {Setting("wide", 50, 0): 0.88, Setting("narrow", 100, 0): 0.89}
    way = way_between(REFERENCE, Setting("narrow", 50, 0), scores, ACCURACY)
    assert way == [Setting("narrow", 100, 0), Setting("narrow", 50, 0)]
    # A setting that was not trained is no step.
    del scores[Setting("narrow", 100, 0)], scores[Setting("wide", 50, 0)]
    way = way_between(REFERENCE, Setting("narrow", 50, 0), scores, ACCURACY)
    assert way == [Setting("narrow", 50, 0)]
