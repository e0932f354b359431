"""What is odd about a network's training, and may be meant so, is named wherever it counts."""

import sys
from dataclasses import replace
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import averaging_networks
import doubtful_networks
import pytest
import silent_losses
import torch
from test_epoch_scores import train_digits  # noqa: F401
from test_soundness import CLASSES, SETTINGS
from test_texts import LOCALE

from ecosobriety import provenance
from ecosobriety.errors import ConfigError
from ecosobriety.metrics import ACCURACY
from ecosobriety.reasons import reason, recognise
from ecosobriety.reasons.trained import TRAINING
from ecosobriety.reporting.cautions import noticed as noticed_in_report
from ecosobriety.texts import Texts
from ecosobriety.training.batches import Slices
from ecosobriety.training.play import Play, content_of
from ecosobriety.training.rehearsal import Rehearsed
from ecosobriety.training.squashed import takes_logits
from ecosobriety.training.stage import Stage
from ecosobriety.user_code import optimisers
from ecosobriety.user_code.optimisers import find_odd

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


@pytest.fixture
def noticed(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)

    def run(name: str, epochs: int = 8, **init_args: Any) -> dict[str, dict[str, str]]:
        chance = torch.Generator().manual_seed(1)
        x = torch.randn(128, 8, 8, generator=chance)
        y = torch.randint(9, (128,), generator=chance)
        known = (averaging_networks, doubtful_networks, silent_losses)
        module = next(vars(place)[name].__module__ for place in known if name in vars(place))
        how = replace(SETTINGS, epochs=epochs), 1, 1, 96, init_args.pop("classes", ())
        play = Play(f"{module}.{name}", init_args, CLASSES, *how)
        train, test = (Slices(x, y, torch.arange(96) + first, 32) for first in (0, 32))
        stage = Stage(content_of(play, train, test))
        stage.try_out()
        found = [recognise(sentence) for sentence in stage.noticed]
        assert {one[0] for one in found if one} <= {*TRAINING}
        return {one[0]: one[1] for one in found if one}

    return run


@pytest.mark.slow
def test_weights_whose_gradients_are_0_are_not_trained(noticed: Any) -> None:
    told = noticed("ZeroTwice")
    assert told.keys() == {"weights_untrained", "one_answer"}
    assert "layers.1.weight" in told["weights_untrained"]["names"]
    told = noticed("Dropped", share=1.0)
    assert "layers.1.weight" in told["weights_untrained"]["names"]
    assert not noticed("Dropped", share=0.5)
    assert not noticed("Residual")
    assert not noticed("Base")


def test_a_network_that_does_not_look_at_its_input_is_named(noticed: Any) -> None:
    assert "one_answer" in noticed("Deaf")


def test_layers_in_the_mode_of_the_test_are_named(noticed: Any) -> None:
    assert noticed("Evaluating") == {"test_mode": {"names": "layers.2, layers.3"}}
    # A frozen part of the network keeps its statistics.
    assert "test_mode" not in noticed("Evaluating", frozen=True)


def test_outputs_that_no_loss_is_made_of_are_named(noticed: Any) -> None:
    told = noticed("FirstAlone", loss="")
    assert told == {"outputs_unused": {"used": "1", "number": "10"}}
    assert not noticed("Losing", loss="F.mse_loss(z, soft)")


def test_a_network_whose_every_gradient_is_0_is_named(noticed: Any) -> None:
    assert noticed("Rounded")["weights_untrained"]["share"] == "100.0%"


def test_one_layer_in_several_places_is_named(noticed: Any) -> None:
    many = {"layer_repeated": {"name": "middle", "number": "4"}}
    assert noticed("Stacked", made="[block] * 4") == many
    assert noticed("Stacked", made="[nn.Linear(16, 16), nn.ReLU()] * 4") == many
    assert not noticed("Stacked", made="[nn.Linear(16, 16), act, nn.Linear(16, 16), act]")
    assert not noticed("Stacked", made="[nn.Linear(16, 16) for _ in range(4)]")


def test_what_is_tested_and_not_trained_is_named(noticed: Any) -> None:
    assert noticed("Averaged").keys() == {"test_unchanged"}
    assert noticed("Averaged", begun=True).keys() == {"average_lags"}


@pytest.mark.parametrize(
    ("loss", "ids"),
    [
        ("F.cross_entropy(z, y[torch.randperm(len(y))])", {"labels_not_learnt"}),
        ("F.cross_entropy(z, y.roll(1))", {"labels_not_learnt"}),
        ("F.cross_entropy(z, (y + 1) % 9)", {"labels_not_learnt"}),
        ("F.cross_entropy(z, 0 * y)", {"labels_not_learnt"}),
        ("F.cross_entropy(z, y, ignore_index=0)", {"class_unused"}),
        ("F.cross_entropy(z[:1], y[:1])", {"examples_unused"}),
        ("F.cross_entropy(self(x[:16]), y[:16])", {"examples_unused"}),
        ("F.cross_entropy(z, y, weight=torch.arange(10) / 10)", {"class_unused"}),
        (
            "None if self.trainer.fit_loop.batch_idx % 2 else F.cross_entropy(z, y)",
            {"examples_unused"},
        ),
        ("F.cross_entropy(z, y, label_smoothing=0.2)", set()),
        ("F.multi_margin_loss(z, y)", set()),
        ("F.binary_cross_entropy_with_logits(z, soft)", set()),
        ("0.3 * F.cross_entropy(z, y) + 0.7 * F.cross_entropy(z, y.roll(1))", set()),
        ("0.7 * F.cross_entropy(z, y) + 0.3 * F.cross_entropy(z, y.roll(1))", set()),
        ("F.kl_div(z.log_softmax(1), soft * 0.9 + 0.01)", set()),
    ],
)
def test_a_loss_that_leaves_out_examples_or_labels_is_named(
    noticed: Any, loss: str, ids: set[str]
) -> None:
    assert noticed("Losing", loss=loss).keys() == ids


BY_HAND = "-(soft * (z - z.logsumexp(1, keepdim=True))).sum(1).mean()"
LOG_OF_SOFTMAX = "-(soft * z.softmax(1).log()).sum(1).mean()"
OF_EACH = "((1 + z.exp()).log() - z * soft).mean()"


@pytest.mark.parametrize(
    ("loss", "end", "odd"),
    [
        *(
            (loss, end, True)
            for loss in (BY_HAND, LOG_OF_SOFTMAX)
            for end in ("softmax", "sigmoid")
        ),
        (OF_EACH, "sigmoid", True),
        (BY_HAND.replace("soft ", "(0.9 * soft + 0.01) "), "softmax", True),
        ("-(soft * z.log()).sum(1).mean()", "softmax", False),
        ("F.nll_loss(z.log(), y)", "softmax", False),
        ("F.mse_loss(z, soft)", "softmax", False),
        ("(z - soft).pow(2).sum()", "sigmoid", False),
        ("F.binary_cross_entropy(z, soft)", "sigmoid", False),
        ("-(soft * z.log() + (1 - soft) * (1 - z).log()).sum(1).mean()", "sigmoid", False),
        ("(soft - z).abs().mean()", "softmax", False),
    ],
)
def test_shares_under_a_loss_of_ones_own_that_takes_logits_are_named(
    noticed: Any, loss: str, end: str, odd: bool
) -> None:
    assert ("probabilities_as_logits" in noticed("Squashing", loss=loss, end=end)) == odd


@pytest.mark.parametrize("classes", [2, 10, 3000])
def test_gradients_of_any_number_of_classes_tell_shares_from_logits(classes: int) -> None:
    chance = torch.Generator().manual_seed(2)
    shares = torch.randn(200, classes, generator=chance).softmax(1)
    labels = torch.randint(classes, (200,), generator=chance)
    wanted = torch.nn.functional.one_hot(labels, classes)
    of_logits = (shares.softmax(1) - wanted) / 200
    # Of thousands, each share is so small that its softmax is one like all others.
    assert takes_logits(shares, of_logits, labels) == (classes < 1000)
    for gradient in (0 * of_logits, shares - wanted, -wanted / shares, of_logits / 0):
        assert not takes_logits(shares, gradient, labels)
    assert not takes_logits(shares.log(), of_logits, labels)


@pytest.mark.parametrize("loss", [BY_HAND, LOG_OF_SOFTMAX, OF_EACH])
def test_logits_under_such_a_loss_are_not(noticed: Any, loss: str) -> None:
    assert not noticed("Losing", loss=loss)


SGD = "torch.optim.SGD"


@pytest.mark.parametrize(
    ("schedule", "odd"),
    [
        ("S.StepLR(o, 1)", ["rate_vanishes"]),
        ("S.LinearLR(o, 1.0, 0.0, 4)", ["rate_vanishes"]),
        ("S.LinearLR(o, 1.0, 0.0, 8)", []),
        # 1,000 steps, which Lightning takes once an epoch.
        ("S.LambdaLR(o, lambda step: min(1.0, step / 1000))", ["rate_stays_low"]),
        ("S.LambdaLR(o, lambda step: min(1.0, step / 5))", []),
        ("S.CosineAnnealingLR(o, 1)", ["rate_rises_again"]),
        ("S.StepLR(o, 30)", ["rate_unchanged"]),
        ("S.MultiStepLR(o, [0.5, 0.75])", ["rate_at_share"]),
        ("S.LambdaLR(o, lambda step: 1.0)", []),
        ("S.OneCycleLR(o, 0.1, total_steps=25, pct_start=0.5)", ["rate_unfinished"]),
        # Each with each batch: 30 in all.
        ("{'scheduler': S.OneCycleLR(o, 0.1, total_steps=30), 'interval': 'step'}", []),
        ("{'scheduler': S.CosineAnnealingLR(o, 30), 'interval': 'step'}", []),
        (
            "{'scheduler': S.CosineAnnealingLR(o, 10), 'interval': 'step'}",
            ["rate_rises_again"],
        ),
        (
            "{'scheduler': S.OneCycleLR(o, 0.1, total_steps=990), 'interval': 'step'}",
            ["rate_unfinished"],
        ),
    ],
)
def test_a_schedule_that_the_training_does_not_fit_is_named(
    noticed: Any, schedule: str, odd: list[str]
) -> None:
    assert [*noticed("Optimised", epochs=10, schedule=schedule)] == odd


@pytest.mark.parametrize(
    "schedule", ["S.OneCycleLR(o, 0.1, total_steps=30)", "S.LinearLR(o, 0.01, total_iters=25)"]
)
def test_a_module_may_take_the_steps_of_its_schedule_with_each_batch(
    noticed: Any, schedule: str
) -> None:
    assert not noticed("ByHand", epochs=10, schedule=schedule)


@pytest.mark.parametrize(
    ("arguments", "id"),
    [
        ({"weight_decay": 100.0}, "decay_large"),
        ({"momentum": 1.0}, "momentum_whole"),
        ({"weight_decay": 0.01, "momentum": 0.99}, None),
    ],
)
def test_settings_under_which_nothing_is_learnt_are_named(
    noticed: Any, arguments: dict[str, float], id: str | None
) -> None:
    assert [*noticed("Optimised", **arguments)] == ([id] if id else [])
    written = {"class_path": SGD, "init_args": arguments}
    found = [recognise(sentence) for sentence in find_odd(written, None, 0.01, 10)]
    assert [one[0] for one in found if one] == ([id] if id else [])


def test_the_studys_own_optimiser_and_schedule_are_looked_at() -> None:
    def odd(name: str, epochs: int = 10, rate: float = 0.001, **init_args: Any) -> list[str]:
        kind = "optim" if hasattr(torch.optim, name) else "optim.lr_scheduler"
        written = {"class_path": f"torch.{kind}.{name}", "init_args": init_args}
        pair = (written, None) if kind == "optim" else (None, written)
        found = [recognise(sentence) for sentence in find_odd(*pair, rate, epochs)]
        return [one[0] for one in found if one]

    assert odd("AdamW", weight_decay=100.0) == odd("Adam", weight_decay=100.0) == ["decay_large"]
    assert odd("AdamW", weight_decay=0.1) == odd("Adam", weight_decay=0.5) == []
    assert odd("RMSprop", momentum=1.0) == ["momentum_whole"]
    assert odd("StepLR", step_size=1) == ["rate_vanishes"]
    assert odd("LinearLR", start_factor=1e-4, total_iters=2000) == ["rate_stays_low"]
    assert odd("LinearLR", start_factor=1e-4, total_iters=20) == []
    # They count batches, where a step is an epoch.
    assert odd("OneCycleLR", max_lr=0.1, total_steps=300) == ["rate_stays_low"]
    cycle = {"base_lr": 1e-5, "max_lr": 0.01, "cycle_momentum": False}
    assert odd("CyclicLR", **cycle, step_size_up=2000) == ["rate_stays_low"]
    assert odd("CyclicLR", **cycle, step_size_up=5) == []
    assert odd("OneCycleLR", max_lr=0.1, total_steps=11) == []
    assert odd("OneCycleLR", epochs=3, max_lr=0.1, total_steps=4) == []
    assert odd("CosineAnnealingLR", T_max=10) == odd("ExponentialLR", gamma=0.9) == []
    assert odd("OneCycleLR", max_lr=0.01, total_steps=30) == ["rate_unfinished"]
    assert odd("PolynomialLR", total_iters=1000) == ["rate_unfinished"]
    assert odd("LinearLR", start_factor=1, end_factor=0, total_iters=90) == ["rate_unfinished"]
    assert odd("StepLR", step_size=30) == odd("StepLR", step_size=4000) == ["rate_unchanged"]
    assert odd("MultiStepLR", milestones=[30, 60, 90]) == ["rate_unchanged"]
    # Shares of the training, where steps are counted.
    assert odd("MultiStepLR", milestones=[0.5, 0.75]) == ["rate_at_share"]
    for name, length in (("LinearLR", 0.1), ("PolynomialLR", 0.5), ("ConstantLR", 2.5)):
        assert odd(name, total_iters=length) == ["rate_at_share"]
    # These come, at other steps.
    assert odd("StepLR", step_size=0.3) == odd("StepLR", step_size=2.5) == ["rate_by_share"]
    assert odd("StepLR", step_size=0.5, gamma=0.9) == ["rate_by_share"]
    assert odd("MultiStepLR", milestones=[5.0, 7.0]) == odd("StepLR", step_size=3.0) == []
    for length, told in ((1, "rises_again"), (2, "rises_again"), (6, "rises_again"), (21, "unfin")):
        (found,) = odd("CosineAnnealingLR", T_max=length)
        assert found.startswith(f"rate_{told}")
    # A millionth is reached after the sixth step, in the last epoch of seven.
    assert odd("StepLR", epochs=7, step_size=1) == []


@pytest.mark.parametrize(
    ("name", "arguments", "epochs"),
    [
        # Off by one, or by a few, either way.
        *(("CosineAnnealingLR", {"T_max": length}, 10) for length in (8, 9, 11, 12, 15, 20)),
        *(("CosineAnnealingLR", {"T_max": length}, 1) for length in (1, 2)),
        ("CosineAnnealingLR", {"T_max": 5, "eta_min": 8e-4}, 10),
        ("CosineAnnealingWarmRestarts", {"T_0": 2}, 10),
        ("CosineAnnealingWarmRestarts", {"T_0": 5, "T_mult": 2}, 15),
        ("CyclicLR", {"base_lr": 1e-4, "max_lr": 1e-3, "step_size_up": 2}, 10),
        *(("OneCycleLR", {"max_lr": 0.1, "total_steps": steps}, 10) for steps in (10, 12, 15)),
        ("OneCycleLR", {"max_lr": 0.1, "epochs": 10, "steps_per_epoch": 1}, 10),
        ("OneCycleLR", {"max_lr": 0.1, "total_steps": 2}, 1),
        ("LinearLR", {"start_factor": 0.1, "total_iters": 5}, 10),
        ("LinearLR", {"start_factor": 0.1, "total_iters": 2.5}, 10),
        ("LinearLR", {"start_factor": 1.0, "end_factor": 0.8, "total_iters": 100}, 10),
        ("PolynomialLR", {"total_iters": 10, "power": 2}, 10),
        ("StepLR", {"step_size": 30}, 1),
        ("StepLR", {"step_size": 30, "gamma": 1.0}, 10),
        ("ConstantLR", {"factor": 1.0}, 10),
        ("CosineAnnealingWarmRestarts", {"T_0": 1}, 10),
        ("StepLR", {"step_size": 9}, 10),
        ("MultiStepLR", {"milestones": [6, 8]}, 10),
        ("ConstantLR", {"factor": 0.5, "total_iters": 3}, 10),
    ],
)
def test_schedules_that_are_meant_so_are_not_named(
    name: str, arguments: dict[str, Any], epochs: int
) -> None:
    momentum = {"class_path": SGD, "init_args": {"momentum": 0.9}}
    written = {"class_path": f"torch.optim.lr_scheduler.{name}", "init_args": arguments}
    assert find_odd(momentum, written, 1e-3, epochs) == []


def test_of_schedules_that_follow_each_other_the_last_one_counts() -> None:
    known = torch.optim.lr_scheduler

    def odd(length: int, steps: int, begins: float = 5) -> list[str]:
        optimiser = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=0.1)
        parts = [
            known.LinearLR(optimiser, 0.1, total_iters=5),
            known.CosineAnnealingLR(optimiser, length),
        ]
        schedule = known.SequentialLR(optimiser, parts, milestones=[begins])
        found = [recognise(sentence) for sentence in optimisers.odd_length(schedule, steps)]
        return [one[0] for one in found if one]

    assert odd(5, 10) == odd(10, 10) == odd(6, 10) == []
    assert odd(2, 10) == ["rate_rises_again"]
    assert odd(100, 10) == ["rate_unfinished"]
    assert odd(5, 10, begins=0.5) == ["rate_by_share"]


@pytest.mark.parametrize(
    "schedule",
    [
        "S.OneCycleLR(o, 0.1, total_steps=9)",
        "{'scheduler': S.OneCycleLR(o, 0.1, epochs=10, steps_per_epoch=2), 'interval': 'step'}",
    ],
)
def test_a_cycle_that_ends_before_the_training_is_refused(noticed: Any, schedule: str) -> None:
    with pytest.raises(ConfigError, match=r"OneCycleLR ends with an error after (9|20) steps"):
        noticed("Optimised", epochs=10, schedule=schedule)


def test_optimisers_are_looked_at_before_the_training(monkeypatch: pytest.MonkeyPatch) -> None:
    def here(module: str, *arguments: str) -> None:
        assert module == "user_code.optimisers"
        monkeypatch.setattr(sys, "argv", [module, *arguments])
        optimisers._main()

    monkeypatch.setattr(optimisers, "run_apart", here)
    momentum = {"class_path": SGD, "init_args": {"momentum": 1.0}}
    unknown = {"class_path": "torch.optim.Nothing"}
    found = optimisers.find_odd_apart(
        [[momentum, None, 0.01, 3], [unknown, None, 0.01, 3], [None, None, 0.01, 3]]
    )
    assert found == [(None, [reason("momentum_whole", value="1")]), (None, []), (None, [])]
    name = "torch.optim.lr_scheduler.OneCycleLR"
    short = {"class_path": name, "init_args": {"max_lr": 0.1, "total_steps": 3}}
    told = optimisers.find_odd_apart([[None, short, 0.01, 2], [None, short, 0.01, 9]])
    assert told[0] == (None, [])
    ended, odd = told[1]
    assert ended is not None
    assert ended.startswith(f"{name} takes no step after epoch 4 of 9: ")
    assert not odd
    with pytest.raises(ConfigError, match="takes no step after epoch 4 of 9"):
        find_odd(None, short, 0.01, 9)
    # What ends by itself has said nothing.
    monkeypatch.setattr(optimisers, "run_apart", lambda *_: None)
    assert optimisers.find_odd_apart([[momentum, None, 0.01, 3]]) == [(None, [])]
    assert not optimisers.find_odd_apart([])


def test_what_is_odd_stands_in_the_record_the_provenance_and_the_report(
    train_digits: Any,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    odd = reason("outputs_unused", used=1, number=10)
    # The package has a function of the module's name.
    module = import_module("ecosobriety.training.train")
    monkeypatch.setattr(module, "rehearse", lambda *_: Rehearsed("not counted", (odd,)))
    momentum = {"class_path": SGD, "init_args": {"momentum": 1.0, "lr": 1e-6}}
    network = {"class_path": "epoch_networks.Restless", "init_args": {}}
    record = train_digits(replace(SETTINGS, optimizer=momentum), network=network)
    found = provenance._noticed([record, record], record.model, ACCURACY)
    assert found == [odd, reason("momentum_whole", value="1")]

    case: Any = SimpleNamespace(model=record.model)
    given = {"trainings": {"noticed": {record.model: found}}}
    for language, words in (("en", "its loss is made of 1 of"), ("fr", "que de 1 de ses 10")):
        told = noticed_in_report(case, given, Texts.load(language, LOCALE))
        assert len(told) == 2
        assert words in told[0]
    assert noticed_in_report(case, {"trainings": {}}, Texts.load("en", LOCALE)) == []
