"""A study that grows with fewer epochs: how many the next size gets, and what that may lose."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from config_cases import SMALLEST, complete, put, refusal
from synthetic import (
    REPORT_DIR,
    decisions_at,
    make_intake,
    make_provenance,
    make_runs,
    make_study,
)
from test_plan import sober
from test_sober import UNTRAINED, study

from ecosobriety.decision import GrowthRule, decide
from ecosobriety.decision.evidence import TestPart, more_data
from ecosobriety.decision.fewer_epochs import MARGIN_SHARE, EpochScores
from ecosobriety.decision.sober import _at_equal_epochs
from ecosobriety.metrics import ACCURACY, RMSE
from ecosobriety.reasons import reason
from ecosobriety.reporting.efficiency import efficiency
from ecosobriety.reporting.growth import growth_answer, growth_table
from ecosobriety.reporting.measurement import measurement
from ecosobriety.reporting.poster import poster
from ecosobriety.study_config import plan
from ecosobriety.texts import Texts, load_catalogue

EPOCHS = 8
DATA = TestPart(0.1, 10_000, 60_000)


def table(sizes, seeds=(1,)):
    """Rows of the table `epochs`: for each size the score after each epoch that was tested."""
    return pd.DataFrame(
        [
            {"dataset": "d", "model": "m", "n_train": n, "seed": seed, "epoch": float(epoch)}
            | {"test_accuracy": score, "only_last_reason": None}
            for n, scores in sizes.items()
            for seed in seeds
            for epoch, score in scores.items()
        ]
    )


def fewer(sizes):
    return [n for n, scores in sizes.items() if max(scores) < EPOCHS]


def by_epoch(sizes):
    return EpochScores.of(table(sizes), "test_accuracy", 1, EPOCHS, fewer(sizes))


def test_what_fewer_epochs_lost_is_the_most_that_any_later_one_has_above_them():
    found = by_epoch({1000: {2: 0.80, 4: 0.85, 6: 0.86, 8: 0.855}})
    assert found.seen_loss(1000, 4.0) == pytest.approx(0.01)  # to 6 epochs
    assert found.seen_loss(1000, 6.0) == 0
    assert found.seen_loss(1000, 8.0) == 0
    assert found.seen_loss(1000, 5.0) is None


def test_a_size_checks_what_its_epochs_still_to_come_could_bring():
    found = by_epoch({1000: {2: 0.80, 4: 0.85, 8: 0.85}, 2000: {1: 0.80, 2: 0.86, 4: 0.88}})
    # From 2 to 4 epochs, one doubling, 0.02; to 8 one more.
    assert found.still_to_come(2000) == pytest.approx(0.02)
    assert found.losses == {1000: 0.0, 2000: pytest.approx(0.02)}
    # More than was lost where four were chosen, which was nothing.
    assert found.seen_loss(1000, 4.0) == 0


def test_a_loss_that_was_seen_is_carried_on():
    found = by_epoch({500: {2: 0.7, 4: 0.79, 8: 0.8}, 1000: {2: 0.8, 4: 0.8}, 2000: {2: 0.9}})
    assert found.losses[1000] == pytest.approx(0.01)
    # Two epochs alone cannot be checked.
    assert found.losses[2000] is None
    assert found.next_epochs(1.0) == EPOCHS
    checked = by_epoch(
        {500: {2: 0.7, 4: 0.79, 8: 0.8}, 1000: {2: 0.795, 4: 0.8}, 2000: {1: 0.9, 2: 0.9}}
    )
    # 0.01 from 8 to 4, then 0.005 from 4 to 2; 1,000 itself: 0.005 once more.
    assert checked.losses[2000] == pytest.approx(0.015)


def test_the_next_size_gets_the_fewest_epochs_that_lose_a_tenth_of_the_margin():
    found = by_epoch({1000: {1: 0.86, 2: 0.858, 4: 0.8595, 8: 0.86}})
    assert MARGIN_SHARE == 0.1
    assert found.next_epochs(0.03) == 2  # one epoch alone could not be checked
    assert found.next_epochs(0.01) == 4
    assert found.next_epochs(0.001) == EPOCHS


def test_a_size_that_lost_more_than_that_sends_the_next_one_back_to_all_epochs():
    found = by_epoch({1000: {2: 0.80, 4: 0.85, 8: 0.85}, 2000: {1: 0.80, 2: 0.86, 4: 0.88}})
    assert found.next_epochs(0.1) == EPOCHS
    assert found.next_epochs(0.3) == 4


def test_a_size_gets_only_epochs_that_it_can_check():
    # Its own tests would have no epoch half a doubling before four, and so say nothing of it.
    found = by_epoch({1000: {4: 0.86, 8: 0.86}})
    assert found.next_epochs(0.03) == EPOCHS
    assert by_epoch({1000: {2: 0.86, 4: 0.86, 8: 0.86}}).next_epochs(0.03) == 4


def test_scores_that_fall_after_some_epochs_are_no_reason_to_stop_there():
    # More data may let them fall less: what fewer epochs lose would then grow with the size.
    found = by_epoch({1000: {1: 0.80, 2: 0.86, 4: 0.855, 8: 0.853}})
    assert found.next_epochs(0.03) == 4
    assert found.next_epochs(0.01) == EPOCHS
    assert found.next_epochs(0.08) == 2


def test_the_gain_of_data_is_that_at_equal_epochs():
    found = by_epoch({500: {4: 0.7, 8: 0.72}, 1000: {4: 0.8, 8: 0.85}, 2000: {2: 0.7, 4: 0.82}})
    scores = pd.DataFrame({1: {500: 0.72, 1000: 0.85, 2000: 0.82}})
    moved = found.at_equal_epochs(scores)[1]
    # With four epochs, 1,000 had 0.80: 0.02 from there on. Below, the step is that of before.
    assert moved[2000] - moved[1000] == pytest.approx(0.02)
    assert moved[1000] - moved[500] == pytest.approx(0.13)
    assert scores.loc[1000, 1] == 0.85


SIZES = [256, 512, 1024, 2048, 4096, 8192]
RULE = {
    **{"full_n_train": 16_384, "margin": 0.05, "z": 1.0, "tame": True, "adaptive": False},
    **{"may_add_seeds": False, "all_epochs": EPOCHS},
}


def surface(last):
    """Sizes that gain 0.01 each with all epochs, and the last one as it is given."""
    sizes = {
        n: {2: 0.79 + 0.01 * i, 4: 0.8 + 0.01 * i, 8: 0.801 + 0.01 * i}
        for i, n in enumerate(SIZES[:-1])
    }
    return {**sizes, SIZES[-1]: last}


def decided(sizes, **rule):
    epochs = table(sizes)
    runs = epochs.drop_duplicates("n_train", keep="last")
    asked, given = GrowthRule(**{**RULE, **rule}), fewer(sizes)
    return decide(runs, asked, epochs=epochs, shortened=given, test_examples=10_000)


def test_a_decision_has_the_loss_in_its_bound_and_the_next_size_s_epochs():
    found = decided(surface({2: 0.846, 4: 0.85}))
    # One doubling left at 0.01; the steps have no bend; 0.001 was lost at 4,096, and here, from two
    # to four epochs, 0.004 were gained, as much as the doubling to eight would bring.
    assert found["gain_per_doubling"] == pytest.approx(0.01)
    assert found["epochs"] == {
        "all": EPOCHS,
        "trained": 4.0,
        "loss": pytest.approx(0.004),
        "next": 4,
        "reason": None,
    }
    assert found["bound"] == pytest.approx(0.01 + 0.004)
    assert found["decision"] == "stop"
    assert found["rule"]["all_epochs"] == EPOCHS
    assert decided(surface({2: 0.846, 4: 0.85}), margin=0.0139)["decision"] == "grow"


def test_a_size_that_cannot_check_its_epochs_stops_nothing():
    found = decided(surface({4: 0.85}))
    assert (found["decision"], found["reason"]) == ("grow", "epochs_unknown")
    assert found["bound"] is None
    assert found["epochs"]["next"] == EPOCHS


def test_a_module_that_ends_by_itself_was_given_all_epochs():
    """Its seeds end at different ones."""
    epochs = table({n: {2: 0.8 + 0.01 * i, 4: 0.81 + 0.01 * i} for i, n in enumerate(SIZES)})
    later = epochs[epochs["epoch"] == 4].assign(seed=2, epoch=5.0)
    epochs = pd.concat([epochs, epochs.assign(seed=2), later], ignore_index=True)
    runs = epochs.drop_duplicates(["n_train", "seed"], keep="last")
    found = decide(runs, GrowthRule(**RULE), epochs=epochs, test_examples=10_000)
    assert found["bound"] == pytest.approx(0.01)
    assert found["epochs"]["loss"] == 0
    assert found["epochs"]["trained"] == EPOCHS


def test_more_seeds_are_asked_for_only_where_the_loss_leaves_room():
    sizes = surface({2: 0.846, 4: 0.85})
    sizes[512] = {k: score + 0.03 for k, score in sizes[512].items()}  # noise
    rule = {"adaptive": True, "may_add_seeds": True, "z": 5.0}
    assert decided(sizes, margin=0.0141, **rule)["decision"] == "more_seeds"
    assert decided(sizes, margin=0.0139, **rule)["decision"] == "grow"


def test_a_lower_score_may_be_the_better_one():
    sizes = surface({2: 0.846, 4: 0.85})
    epochs = table(sizes).rename(columns={"test_accuracy": "test_rmse"})
    epochs["test_rmse"] = 2 - epochs["test_rmse"]
    runs = epochs.drop_duplicates("n_train", keep="last")
    metric, rule = replace(RMSE, relative_margin=False), GrowthRule(**RULE)
    given = fewer(sizes)
    found = decide(runs, rule, epochs=epochs, shortened=given, metric=metric, test_examples=None)
    assert found["epochs"]["loss"] == pytest.approx(0.004)


def test_what_more_data_bring_is_seen_at_equal_epochs():
    sizes = {256: {4: 0.8, 8: 0.82}, 512: {4: 0.85, 8: 0.86}, 1024: {4: 0.88}}
    epochs = table(sizes, seeds=(1, 2))
    runs = epochs.groupby(["n_train", "seed"], as_index=False).last()
    decisions = [
        {"n_train": n, "epochs": {"all": EPOCHS, "trained": float(max(scores))}}
        for n, scores in sizes.items()
    ]
    asked = runs, epochs, decisions, GrowthRule(**{**RULE, "all_epochs": EPOCHS}), ACCURACY
    moved = _at_equal_epochs(*asked)
    # With four epochs, 512 examples had 0.01 less, and so had those below.
    assert moved.mean(axis=1).to_dict() == pytest.approx({256: 0.81, 512: 0.85, 1024: 0.88})
    assert more_data(moved, DATA, ACCURACY, 2.0, 0.0)["gain_at_most"] == pytest.approx(0.03)
    decisions[-1]["epochs"]["trained"] = float(EPOCHS)
    assert _at_equal_epochs(*asked) is None


# How often it errs.


def made(random):
    """A learning surface of sizes and epochs; more data lose no more by fewer epochs."""
    top, less, falls = (
        random.uniform(0.8, 0.98),
        random.uniform(0.05, 0.4),
        random.uniform(0.2, 0.6),
    )
    by_epochs, bends, helped = (
        random.uniform(0.02, 0.3),
        random.uniform(0.5, 1.5),
        random.uniform(0, 0.5),
    )

    def score(n, k):
        return top - less * (n / 64) ** -falls - by_epochs * k**-bends * (n / 64) ** -helped

    return score


def grow(score, random, all_epochs=20, full=8192, margin=0.01):
    """A study of three seeds: whether its answer is worse than allowed, and what it took."""
    of_run, of_test = random.uniform(0.001, 0.006), random.uniform(0.0005, 0.003)
    rule = replace(GrowthRule(**RULE), full_n_train=full, margin=margin, z=1.25)
    rule = replace(rule, all_epochs=all_epochs)
    given, rows, spent, short = all_epochs, [], 0.0, []
    for n in [64 * 2**i for i in range(int(math.log2(full / 64)) + 1)]:
        trained = given if full / 8 < n < full else all_epochs
        short += [n] if trained < all_epochs else []
        spent += n * trained / (full * all_epochs)
        for seed in range(3):
            luck = random.normal(0, of_run)
            for k in range(2, trained + 1, 2):
                seen = score(n, k) + luck + random.normal(0, of_test)
                place = {"dataset": "d", "model": "m", "n_train": n, "seed": seed}
                rows.append({**place, "epoch": float(k), "test_accuracy": seen})
        if n < full / 8:
            continue
        epochs = pd.DataFrame(rows).assign(only_last_reason=None)
        runs = epochs.drop_duplicates(["n_train", "seed"], keep="last")
        found = decide(runs, rule, epochs=epochs, shortened=short, test_examples=None)
        if found["decision"] == "stop":
            return score(full, all_epochs) - score(n, trained) > margin and n < full, spent
        given = found["epochs"]["next"]
    raise AssertionError("the full size is a stop")


@pytest.mark.slow
def test_simulated_studies_stop_falsely_as_seldom_as_with_all_epochs():
    random, studies = np.random.default_rng(22), 60
    false = sum(grow(made(random), random)[0] for _ in range(studies))
    error = math.sqrt(0.05 * 0.95 / studies)
    assert false / studies <= 0.05 + 2.5 * error


# The study's file.


def test_sizes_after_the_first_decision_and_below_the_full_one_may_have_fewer_epochs():
    config = complete(sober(seeds=[1, 2, 3], epochs="adaptive", full_n_train=2800))
    assert plan.decision_sizes(config) == [512, 1400]
    assert plan.epochs_decided_at(config) == {1400: 512}
    assert plan.growth_rule(config, "mlp", first_look=False)["all_epochs"] == 10
    whole = complete(sober(seeds=[1, 2, 3], epochs="adaptive"))
    assert plan.epochs_decided_at(whole) == {}  # 1,400 is the full size
    assert plan.epochs_decided_at(complete(sober(seeds=[1, 2, 3], full_n_train=2800))) == {}


def test_without_scores_by_epoch_there_is_nothing_to_decide_by():
    changed = put(("training", "score_epochs"), False, sober(epochs="adaptive"))
    assert refusal(changed).endswith(
        "training.score_epochs is false, but must be auto, true or a number with plan.epochs "
        "adaptive, which decides by the scores after fewer epochs"
    )
    alone = put(("plan",), {"epochs": "adaptive"}, SMALLEST)
    assert "plan.epochs is" in refusal(alone)


# What a reader sees.


def test_an_untrained_full_size_is_estimated_with_all_its_epochs():
    found = decided(surface({2: 0.846, 4: 0.85}))
    scores = {n: {1: after[max(after)]} for n, after in surface({4: 0.85}).items()}
    cost = study(scores, UNTRAINED, [found])["study_cost"]
    # 1e-6 kWh an example at 8,192 examples with 4 of 8 epochs; twice the examples in the full size.
    assert cost["full_training_kwh"] == pytest.approx(8192e-6 * 2 * 2)


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_report_names_the_sizes_with_fewer_epochs_and_their_loss(language):
    runs = make_runs()
    decisions = []
    for made in decisions_at((30_000, 40_000), runs, margin=0.015):
        trained, lost = (10.0, 0.0) if made["n_train"] == 30_000 else (6.0, 0.001)
        epochs = {"all": 10, "trained": trained, "loss": lost, "next": 6, "reason": None}
        decisions.append({**made, "epochs": epochs})
    ladder = [5_000, 10_000, 20_000, 30_000, 40_000, 50_000, 60_000]
    runs = runs[runs["n_train"] <= 40_000].reset_index(drop=True)
    found = make_study(runs, decisions=decisions, ladder=ladder, margin=0.015)
    (case,) = found.cases()
    text = Texts(language, load_catalogue(REPORT_DIR.glob(f"locale/{language}/*.yaml")))
    answer = " ".join(map(str, growth_answer(case, text)))
    size = text("growth.epochs.size", n_train=text.integer(40_000), epochs=text.exact(6.0))
    assert size in answer
    assert 'value="0.001"' in answer
    enough, spared, *_ = poster(found, None, make_provenance(found), text)["numbers"]
    assert spared["value"] != "–"
    case.decision.result["growth"]["unspent"]["trainings"] = 0
    for at_hand, words in ((60_000, "sizes_end"), (40_000, "all_tried")):
        shown = replace(found, intake=make_intake(runs, train_examples=at_hand))
        spared = poster(shown, None, make_provenance(shown), text)["numbers"][1]
        assert (spared["value"], spared["words"]) == ("–", text(f"poster.spared.{words}"))
    assert enough["words"].endswith(text("poster.enough.epochs", trained="6", all="10"))
    shown = growth_table(case, text)
    names = [column.title for column in shown.columns]
    assert names.count(text("growth.column.epochs")) == 1
    place = names.index(text("growth.column.epochs"))
    assert [row[place].text for row in shown.rows][-2:] == ["10", "6"]


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_report_says_why_no_size_had_fewer_epochs(language):
    runs = make_runs()
    why = {"all": 10, "trained": 10.0, "loss": 0.0, "next": 10, "reason": reason("epochs_schedule")}
    made = decisions_at((30_000, 40_000), runs, margin=0.015)
    runs = runs[runs["n_train"] <= 40_000].reset_index(drop=True)
    ladder = [5_000, 10_000, 20_000, 30_000, 40_000, 50_000, 60_000]
    decisions = [{**one, "epochs": why} for one in made]
    (case,) = make_study(runs, decisions=decisions, ladder=ladder, margin=0.015).cases()
    text = Texts(language, load_catalogue(REPORT_DIR.glob(f"locale/{language}/*.yaml")))
    said = [str(sentence) for sentence in growth_answer(case, text)]
    assert text("growth.epochs.none", reason=text("reason.epochs_schedule")) in said


@pytest.mark.slow
def test_the_report_says_that_sizes_had_different_epochs():
    found = make_study(make_runs())
    text = Texts("en", load_catalogue(REPORT_DIR.glob("locale/en/*.yaml")))
    found.config["plan"] = {"mode": "sober", "epochs": "adaptive"}
    said = [
        *efficiency(found, text)["budget"],
        *map(str, measurement(found, make_provenance(found), text).values()),
    ]
    said = " ".join(said)
    assert "same number of epochs" not in said
    assert "as many epochs as were enough one size below, 10 at most" in said
