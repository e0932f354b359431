"""What a study may spend: which trainings begin, which are left out, and what becomes of them."""

import json
import threading
import time

import pytest
from config_cases import complete, put, refusal

from ecosobriety.errors import EcosobrietyError, RecordError
from ecosobriety.forecast.budget import HEADROOM, Budget, add_budget, ranked, spent
from ecosobriety.records.bundle import write_bundle
from ecosobriety.records.collecting import Asked, collect, find_refused, stands
from ecosobriety.records.left_out import is_asked_again, leave_out, left_out

# A training takes 2 Wh on 100 examples, 11 Wh on 1,000; the first of a process 0.
PILOT = {
    "sizes": [
        {"n_train": 100, "batches": 1, "epoch_s": 2.0, "fixed_s": 0.0, "power_w": 3600.0},
        {"n_train": 1000, "batches": 10, "epoch_s": 11.0, "fixed_s": 0.0, "power_w": 3600.0},
    ],
    **{"cold_s": 0.0, "cold_kwh": 0.0, "epochs": 1, "max_steps": None, "batch_size": 100},
}
SMALL, LARGE = 0.002, 0.011


def budget(folder, energy_kwh, sizes=(100, 1000), seeds=(1, 2), **changes):
    order = ranked(sizes, ["mlp"], seeds)
    settings = {"dataset": "digits", "order": order, "ranked": True, "pilots": {"mlp": PILOT}}
    settings |= changes
    return Budget(energy_kwh=energy_kwh, results=folder, **settings)


def place(folder, kind, key):
    return folder / kind / "digits" / key[0] / f"n{key[1]}" / f"seed{key[2]}"


def write(path, **content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def end(folder, key, energy_kwh, attempt="a"):
    write(place(folder, "attempts", key) / f"{attempt}.json", energy_kwh=energy_kwh)
    write(place(folder, "runs", key).with_suffix(".json"), energy_kwh=energy_kwh)


def run(given, folder, key, energy_kwh):
    """Train, if there is room."""
    with given.room_for(key, "a") as granted:
        if granted:
            end(folder, key, energy_kwh)
    return granted


def test_the_largest_size_comes_first_and_never_is_more_spent_than_the_budget(tmp_path):
    given = budget(tmp_path, 0.027)
    order = ranked([100, 1000], ["mlp"], [1, 2])
    assert order == [("mlp", 1000, 1), ("mlp", 1000, 2), ("mlp", 100, 1), ("mlp", 100, 2)]
    granted = {key: run(given, tmp_path, key, SMALL if key[1] == 100 else LARGE) for key in order}
    # 22 of 27 Wh, then 2 more need 2.6 of 5; the last needs 2.6 of the 3 that are left.
    assert list(granted.values()) == [True, True, True, True]
    assert spent(tmp_path) == pytest.approx(0.026)
    assert not list((tmp_path / "budget").glob("*.json"))


def test_a_training_leaves_room_for_those_that_come_first(tmp_path):
    given = budget(tmp_path, 0.024)
    # Both large ones take 22 Wh of 24, and a small one may need 2.6.
    assert not run(given, tmp_path, ("mlp", 100, 1), SMALL)
    why = left_out(place(tmp_path, "runs", ("mlp", 100, 1)).with_suffix(".json"))
    assert why["first_kwh"] == pytest.approx(0.022)
    assert (why["budget_kwh"], why["spent_kwh"], why["forecast_kwh"]) == (0.024, 0, SMALL)
    assert run(given, tmp_path, ("mlp", 1000, 1), LARGE)


def test_seeds_of_a_size_do_not_wait_for_each_other(tmp_path):
    """They come in any order: 3 Wh are left, and each small one is forecast to take 1.36 of them.

    That is 2 Wh x 22.5 / 33, by what the large ones took; with the headroom, 1.77 Wh.
    """
    given = budget(tmp_path, 0.0255, seeds=(1, 2, 3))
    for seed in (1, 2, 3):
        end(tmp_path, ("mlp", 1000, seed), 0.0075)
    assert run(given, tmp_path, ("mlp", 100, 3), 0.001)
    assert run(given, tmp_path, ("mlp", 100, 2), 0.001)
    assert not run(given, tmp_path, ("mlp", 100, 1), 0.001)


def test_trainings_of_before_an_edit_say_nothing_of_what_those_of_now_take(tmp_path):
    given = budget(tmp_path, 0.1, pilots={}, identities=lambda key: ("now",))
    for n_train, kwh in ((1000, 0.02), (100, 0.01)):
        end(tmp_path, ("mlp", n_train, 1), kwh)
    assert given._expected(("mlp", 1000, 2)) is None
    path = place(tmp_path, "runs", ("mlp", 1000, 1)).with_suffix(".json")
    write(path, energy_kwh=0.02, identity="now")
    assert given._expected(("mlp", 1000, 2)) == pytest.approx(0.02)


def test_without_a_rank_trainings_begin_as_they_come(tmp_path):
    given = budget(tmp_path, 0.003, ranked=False)
    assert run(given, tmp_path, ("mlp", 100, 1), SMALL)
    assert not run(given, tmp_path, ("mlp", 100, 2), SMALL)


def test_jobs_at_the_same_time_hold_what_they_may_take(tmp_path):
    given = budget(tmp_path, 2.5 * LARGE, sizes=[1000], seeds=range(8))
    started, ended = threading.Barrier(8), threading.Event()
    granted = []

    def job(seed):
        started.wait()
        with given.room_for(("mlp", 1000, seed), "a") as may:
            granted.append(may)
            if may:
                ended.wait(20)

    jobs = [threading.Thread(target=job, args=(seed,)) for seed in range(8)]
    for one in jobs:
        one.start()
    while len(granted) < 8:
        time.sleep(0.01)
    ended.set()
    for one in jobs:
        one.join()
    # 1.3 of the 2.5 are held by one; a second would need 1.3 more.
    assert sum(granted) == 1


def test_what_a_training_has_used_so_far_is_not_held_twice(tmp_path):
    given = budget(tmp_path, 1.0, ranked=False)
    with given.room_for(("mlp", 1000, 1), "one"):
        used = place(tmp_path, "attempts", ("mlp", 1000, 1)) / "one.json"
        write(used, energy_kwh=0.004, status="running")
        _, amounts = given._ask(("mlp", 100, 1))
    assert amounts["spent_kwh"] == pytest.approx(0.004)
    assert amounts["held_kwh"] == pytest.approx(LARGE * HEADROOM - 0.004)


def test_failed_runs_and_the_forecast_count_as_spent(tmp_path):
    write(place(tmp_path, "attempts", ("mlp", 100, 1)) / "failed.json", energy_kwh=0.01)
    write(tmp_path / "attempts/digits/mlp/forecast/a.json", energy_kwh=0.02)
    assert spent(tmp_path) == pytest.approx(0.03)
    for damaged in ("{", "{}", '{"energy_kwh": -1}', '{"energy_kwh": NaN}'):
        (tmp_path / "attempts/digits/mlp/forecast/b.json").write_text(damaged)
        with pytest.raises(RecordError, match=r"b\.json has "):
            spent(tmp_path)


def test_finished_trainings_correct_the_forecast(tmp_path):
    given = budget(tmp_path, 1.0, seeds=range(5))
    for seed in range(3):
        assert given._expected(("mlp", 100, 4)) == pytest.approx(SMALL)
        end(tmp_path, ("mlp", 1000, seed), 2 * LARGE)
    assert given._expected(("mlp", 100, 4)) == pytest.approx(2 * SMALL)


def test_what_a_processs_first_training_takes_besides_is_corrected_once(tmp_path):
    cold = PILOT | {"cold_s": 1.0, "cold_kwh": 0.004}
    given = budget(tmp_path, 1.0, seeds=range(5), pilots={"mlp": cold})
    for seed in range(3):
        end(tmp_path, ("mlp", 1000, seed), LARGE + 0.004)
    # As foreseen: nothing is to be corrected.
    assert given._expected(("mlp", 100, 4)) == pytest.approx(SMALL + 0.004)
    # Five in one process, of which the first took that.
    shared = budget(tmp_path / "b", 1.0, seeds=range(5), pilots={"mlp": cold}, by_size=True)
    for seed in range(5):
        end(tmp_path / "b", ("mlp", 1000, seed), LARGE + 0.004 * (seed == 0))
    assert shared._expected(("mlp", 100, 4)) == pytest.approx(SMALL + 0.004)


def test_a_command_without_a_past_runs_alone_and_then_says_what_others_take(tmp_path):
    given = budget(tmp_path, 0.01, pilots={}, ranked=False)
    with (
        given.room_for(("mlp", 100, 1), "a") as first,
        given.room_for(("mlp", 100, 2), "a") as other,
    ):
        assert (first, other) == (True, False)
    end(tmp_path, ("mlp", 100, 1), 0.003)
    assert given._expected(("mlp", 200, 1)) == pytest.approx(0.006)
    assert run(given, tmp_path, ("mlp", 100, 2), 0.003)
    # 4 Wh are left, and it may need 3.9 of them; then nothing fits any more.
    assert not run(given, tmp_path, ("mlp", 1000, 1), 0.03)


def test_a_failed_training_holds_nothing_any_more(tmp_path):
    given = budget(tmp_path, 1.0)
    with pytest.raises(EcosobrietyError), given.room_for(("mlp", 100, 1), "a"):
        raise EcosobrietyError("it diverged")
    assert not list((tmp_path / "budget").glob("*.json"))


def test_what_was_left_out_is_no_record_and_is_asked_for_again_with_a_larger_budget(tmp_path):
    path, asked = tmp_path / "seed1.json", Asked("x", {}, {}, "y")
    leave_out(path, {"budget_kwh": 2.0})
    key = ("digits", "mlp", 100, 1)
    assert find_refused({path: key}, asked) == {}
    assert not stands(path, key, "id")
    assert path.exists()
    assert [is_asked_again(left_out(path), kwh) for kwh in (1.0, 2.0, 2.1, None)] == [
        *(False, False),
        *(True, True),
    ]
    write_bundle(tmp_path / "all.jsonl", [path])
    assert (tmp_path / "all.jsonl").read_text() == ""
    with pytest.raises(RecordError, match="too small for any training of mlp"):
        collect({path: key}, asked)
    many = {tmp_path / f"{i}.json": ("digits", f"m{i}", 100, 1) for i in range(5)}
    for missing in many:
        leave_out(missing, {"budget_kwh": 2.0})
    with pytest.raises(RecordError, match="any training of m0, m1, m2 and 2 more: with a larger"):
        collect(many, asked)
    assert left_out(tmp_path / "none.json") is None


def test_the_answer_says_what_is_missing(tmp_path):
    settings = {"results": str(tmp_path), "dataset": "digits", "models": ["mlp"], "energy_kwh": 1.0}
    settings |= {"sizes": [1000, 100], "seeds": [1, 2, 3]}
    for seed in (2, 3):
        leave_out(place(tmp_path, "runs", ("mlp", 100, seed)).with_suffix(".json"), {})
    end(tmp_path, ("mlp", 1000, 1), 0.5)
    found = add_budget({"results": []}, settings)["budget"]
    assert found["left_out"] == [{"model": "mlp", "n_train": 100, "seeds": [2, 3], "asked": 3}]
    assert (found["energy_kwh"], found["spent_kwh"]) == (1.0, 0.5)
    untrained = {"dataset": "digits", "model": "cnn", "sufficient_n_train": None}
    answered = {"results": [{"model": "mlp"}]}
    both = add_budget(answered, {**settings, "models": ["mlp", "cnn"]})
    assert both["untrained"] == [{**untrained, "reason": "budget"}]
    assert add_budget({}, None) == {"budget": None, "untrained": []}


def test_a_budget_is_spent_on_the_largest_size_first_and_counts_no_trackers():
    base = put(("budget",), {"energy_kwh": 1.0})
    assert complete(base)["budget"] == {"energy_kwh": 1.0}
    smaller = put(("analysis", "reference_n_train"), 200, base)
    assert refusal(smaller).startswith(
        "config/x.yaml: analysis.reference_n_train is 200, but must be max with budget.energy_kwh"
    )
    assert complete(put(("analysis", "reference_n_train"), 400, base))
    trackers = put(("methods", "tracker_sizes"), [200], base)
    assert "methods.tracker_sizes is [200], but must be empty" in refusal(trackers)
