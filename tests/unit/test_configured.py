"""What a module's `configure_optimizers` returns is used, or named."""

import warnings
from typing import Any

import hand_schedules
import pytest
import torch
from pytorch_lightning.core import optimizer as lightnings_own
from test_doubts import noticed  # noqa: F401

from ecosobriety.errors import ConfigError
from ecosobriety.reasons import recognise
from ecosobriety.training.configured import listening, never_stepped, unused_keys
from ecosobriety.training.doubts import Watch, _lacking
from ecosobriety.training.learnt import Learnt
from ecosobriety.training.losses import Losses

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


def told(sentences: Any) -> list[tuple[str, dict[str, str]]]:
    return [found for sentence in sentences if (found := recognise(sentence))]


def test_keys_that_lightning_does_not_know_are_named() -> None:
    optimiser = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=0.1)
    schedule = torch.optim.lr_scheduler.StepLR(optimiser, 3)
    with warnings.catch_warnings(record=True) as passed, listening() as heard:
        warnings.simplefilter("always")
        lightnings_own._validate_optim_conf({"optimizer": optimiser, "lr_schedulers": schedule})
        lightnings_own._configure_schedulers_automatic_opt(
            [{"scheduler": schedule, "intervall": "step"}], None
        )
        warnings.warn("Found unsupported things", stacklevel=1)
    found = told(unused_keys(heard))
    assert found == [
        ("config_keys_unused", {"keys": "'lr_schedulers'"}),
        ("config_keys_unused", {"keys": "'intervall'"}),
    ]
    assert len(passed) == len(heard) == 3
    with listening() as heard:
        lightnings_own._validate_optim_conf({"optimizer": optimiser, "monitor": "loss"})
    assert not heard


@pytest.mark.parametrize(
    ("name", "odd"),
    [("Never", True), ("Sometimes", False), ("Keeping", False), ("CalledBack", False)],
)
def test_a_schedule_that_a_module_never_comes_to_is_named(name: str, odd: bool) -> None:
    module = getattr(hand_schedules, name)()
    found = told(never_stepped(module, [module.schedule()]))
    assert found == ([("schedule_never_stepped", {"name": "StepLR"})] if odd else [])
    assert not [*never_stepped(module, [])]


def test_what_is_configured_and_not_used_is_named_in_the_rehearsal(noticed: Any) -> None:  # noqa: F811
    by_key = "{'scheduler': S.StepLR(o, 3), 'intervall': 'step'}"
    assert [*noticed("Optimised", schedule=by_key)] == ["config_keys_unused"]
    assert [*noticed("NeverStepping", schedule="S.LinearLR(o, 0.001)")] == [
        "schedule_never_stepped"
    ]


def test_a_mode_that_a_loop_of_ones_own_would_set_is_set(noticed: Any) -> None:  # noqa: F811
    assert noticed("OwnMode") == {"test_mode": {"names": "layers.4"}}
    # From the second batch on.
    assert noticed("EvaluatingAfterwards")["test_mode"] == {"names": "layers.2"}
    assert not noticed("EvaluatingAfterwards", back=True)


def test_the_second_of_two_outputs_may_be_all_that_is_learnt(noticed: Any) -> None:  # noqa: F811
    assert not noticed("SecondAlone")
    assert "outputs_unused" in noticed("SecondAlone", constant=False)


def test_mixtures_of_examples_are_no_shuffled_labels(noticed: Any) -> None:  # noqa: F811
    assert not noticed("MixedUp", alpha=0.1)
    assert not noticed("MixedUp", alpha=0.2)
    assert [*noticed("MixedUp", alpha=0.2, labels_alone=True)] == ["labels_not_learnt"]


def test_a_hook_of_the_test_that_decides_the_answers_is_named(noticed: Any) -> None:  # noqa: F811
    assert noticed("Swapped") == {"test_hook_unused": {"name": "on_test_start"}}
    assert not noticed("Swapped", swaps=False)


def test_a_schedule_that_is_stepped_twice_or_lost_is_named(noticed: Any) -> None:  # noqa: F811
    told = noticed("SteppingToo", schedule="S.StepLR(o, 2)")
    assert told == {"schedule_stepped_twice": {"name": "StepLR", "steps": "2", "wanted": "1"}}
    assert not noticed("SteppingToo", schedule="S.LinearLR(o, 0.01)", alone=True)
    lost = "(S.LinearLR(o, 0.01), None)[1]"
    assert noticed("Optimised", schedule=lost) == {
        "schedule_not_returned": {"rate": "0.0001", "given": "0.01"}
    }
    assert not noticed("Optimised", schedule="S.CosineAnnealingWarmRestarts(o, 3)")
    assert noticed("Optimised", schedule="(S.StepLR(o, 2), None)[1]") == {"schedule_lost": {}}
    lost = "(S.ReduceLROnPlateau(o), None)[1]"
    assert noticed("Optimised", schedule=lost) == {"schedule_lost": {}}
    assert noticed("KeepingSchedule", schedule="S.StepLR(o, 2)") == {"schedule_lost": {}}
    for stepping in ("AsAttribute", "InObject", "Later"):
        assert not noticed(f"KeepingSchedule{stepping}", schedule="S.LinearLR(o, 0.01)")
    assert not noticed("KeepingScheduleOnPlateau", schedule="S.ReduceLROnPlateau(o)")


def test_what_waits_for_a_value_to_become_worse_is_named(noticed: Any) -> None:  # noqa: F811
    said = {"monitor": '"acc_epoch"', "mode": "min", "wanted": "max"}
    stopping = {"name": "EarlyStopping", **said}
    assert noticed("Waiting", monitor="acc_epoch", mode="min") == {"monitor_wrong_way": stopping}
    assert noticed("Waiting", monitor="loss", mode="max").keys() == {"monitor_wrong_way"}
    for monitor, mode in (("acc_epoch", "max"), ("loss", "min"), ("gap", "max"), ("gap", "min")):
        assert not noticed("Waiting", monitor=monitor, mode=mode)
    plateau = noticed("WaitingPlateau", monitor="acc_epoch", mode="min")
    assert plateau == {"monitor_wrong_way": {**stopping, "name": "ReduceLROnPlateau"}}
    assert not noticed("WaitingPlateau", monitor="loss", mode="min")


@pytest.mark.parametrize("name", ["Waiting", "WaitingPlateau"])
def test_a_value_of_a_validation_that_there_is_not_is_named(
    noticed: Any,  # noqa: F811
    name: str,
) -> None:
    with pytest.raises(ConfigError, match="only on what a module's own val_dataloader") as caught:
        noticed(name, monitor="val_loss", mode="min")
    assert len(str(caught.value)) <= 300


@pytest.mark.parametrize(
    ("callback", "apart", "told"),
    [
        ("LearningRateFinder(num_training_steps=10)", False, "rate_searched"),
        ("Timer(duration={'minutes': 1})", False, "ended_by_clock"),
        # It gives the optimiser the rest later.
        ("BackboneFinetuning(unfreeze_backbone_at_epoch=2)", True, None),
        ("ModelSummary()", True, "weights_untrained"),
        ("ModelSummary()", False, None),
        # It puts a schedule of its own in place of others.
        ("StochasticWeightAveraging(swa_lrs=0.01, swa_epoch_start=1)", False, None),
    ],
)
def test_callbacks_that_make_each_training_another_one_are_named(
    noticed: Any,  # noqa: F811
    callback: str,
    apart: bool,
    told: str | None,
) -> None:
    found = noticed("Called", callback=callback, apart=apart)
    assert [*found] == [told] * (told is not None)


def watched(used: list[bool], labels: list[int] | None) -> Watch:
    watch = Watch(torch.nn.Linear(1, 1))
    watch.used = torch.tensor(used)
    watch.learnt.begin(None if labels is None else torch.tensor(labels))
    return watch


@pytest.mark.parametrize(
    ("given", "enough"),
    [
        (lambda z: torch.cat([-z, z], 1), True),
        (lambda z: torch.cat([1 - z.sigmoid(), z.sigmoid()], 1), True),
        (lambda z: torch.cat([z.sin(), z], 1), False),
    ],
)
def test_of_two_outputs_one_may_follow_from_the_other(given: Any, enough: bool) -> None:
    watch = watched([False, True], [0, 1])
    watch._on_output(torch.nn.Identity(), (), given(torch.randn(8, 1, requires_grad=True)))
    assert (_lacking(watch, 2) is None) == enough


@pytest.mark.parametrize(
    ("used", "labels", "lacking"),
    [
        # A loss of each example's own class alone: class 2 is in no batch.
        ([True, True, False], [0, 1, 1, 0], None),
        ([True, True, False], [0, 1, 2, 0], [False, False, True]),
        ([True, False, False], [0, 1, 1, 0], [False, True, True]),
        ([True, True, False], None, [False, False, True]),
        ([True, True, True], [0], None),
        ([False, False, False], [0], None),
    ],
)
def test_outputs_of_classes_that_are_in_no_batch_may_be_unused(
    used: list[bool], labels: list[int] | None, lacking: list[bool] | None
) -> None:
    found = _lacking(watched(used, labels), 3)
    assert (found if found is None else found.tolist()) == lacking


def test_a_batch_of_one_is_blamed_for_its_own_loss() -> None:
    losses, network = Losses("my.Net", "32-true", trains_itself=True), torch.nn.Linear(1, 1)
    network.weight.data.fill_(float("nan"))
    losses.values = [0.8, float("nan")]
    with pytest.raises(ConfigError, match="nan for a batch of 1 example, as the last of an epoch"):
        losses.require_finite(network, "", [32, 1])
    for sizes in ([32, 32], [1, 1], [1]):
        with pytest.raises(ConfigError, match="diverges within 2 batches"):
            losses.require_finite(network, "", sizes)


@pytest.mark.parametrize(
    ("rows", "odd"),
    [
        # Beyond a margin, what is learnt has no loss any more.
        ([(32, 32), (30, 32), *[(9, 32), (2, 32)] * 4], False),
        ([(32, 32), (2, 32)], True),
        ([(32, 32), (0, 32)] * 8, True),
        ([(16, 32), (32, 32), (16, 32)] * 4, True),
        ([(16, 32), (32, 32), *[(32, 32)] * 20], False),
        ([(0, 32), (0, 32)], False),
    ],
)
def test_examples_that_have_no_loss_from_the_first_batch_on_are_named(
    rows: list[tuple[int, int]], odd: bool
) -> None:
    learnt = Learnt()
    learnt.rows = rows
    assert [id for id, _ in told(learnt.doubts())] == ["examples_unused"] * odd
