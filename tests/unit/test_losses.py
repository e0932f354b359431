"""What the first losses, gradients and hooks of a module give away, before its training is paid."""

from typing import Any

import pytest
import silent_losses
import torch
from test_soundness import CLASSES, SETTINGS

from ecosobriety.errors import ConfigError
from ecosobriety.training.batches import Slices
from ecosobriety.training.play import Play, content_of
from ecosobriety.training.stage import Stage
from ecosobriety.training.tasks import Regression, Task

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


@pytest.fixture
def try_out(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)

    def run(name: str, task: Task = CLASSES, n_train: int = 96, **init_args: Any) -> list[str]:
        chance = torch.Generator().manual_seed(1)
        x = torch.randn(128, 8, 8, generator=chance)
        y = torch.randint(9, (128,), generator=chance)
        if task.outputs == 1:
            y = torch.randn(128, generator=chance)
        module = "silent_losses" if hasattr(silent_losses, name) else "silent_networks"
        play = Play(f"{module}.{name}", init_args, task, SETTINGS, 1, 1, n_train)
        train, test = (Slices(x, y, torch.arange(96) + first, 32) for first in (0, 32))
        stage = Stage(content_of(play, train, test))
        stage.try_out()
        return stage.noticed

    return run


TWICE = {
    "F.cross_entropy(z.softmax(1), y)": "cross_entropy (log_softmax) what a softmax",
    "F.cross_entropy(z.softmax(1).view(-1, 10).double(), soft.double())": "what a softmax gives",
    "F.cross_entropy(z.sigmoid(), y, label_smoothing=0.1)": "what a sigmoid gives",
    "F.cross_entropy(z.relu(), y)": "what a ReLU gives",
    "F.cross_entropy(z.tanh(), y)": "what a tanh gives",
    "F.cross_entropy(z.tanh(), soft)": "what a tanh gives",
    "-(soft * z.relu().log_softmax(1)).sum(1).mean()": "what a ReLU gives",
    "F.kl_div(z.tanh().log_softmax(1), soft)": "what a tanh gives",
    "F.kl_div(z.softmax(1), soft)": "kl_div what a softmax gives, where it takes log-prob",
    "torch.nn.KLDivLoss(reduction='sum')(z, soft)": "kl_div what a linear layer gives",
    "F.nll_loss(z.softmax(1), y)": "nll_loss what a softmax gives, where it takes log-prob",
    "F.nll_loss(z, y)": "nll_loss what a linear layer gives",
    "F.binary_cross_entropy_with_logits(z.sigmoid(), soft)": "with_logits what a sigmoid gives",
    "F.binary_cross_entropy_with_logits(z.log_softmax(1), soft)": "what a log-softmax gives",
    "0.3 * z.square().mean() + F.cross_entropy(z.softmax(1), y)": "what a softmax gives",
}


@pytest.mark.parametrize("loss", TWICE)
@pytest.mark.parametrize("name", ["Losing", "LosingByHand"])
def test_a_loss_with_a_softmax_of_its_own_gets_none(try_out: Any, name: str, loss: str) -> None:
    with pytest.raises(ConfigError) as caught:
        try_out(name, loss=loss)
    assert TWICE[loss] in str(caught.value)
    assert len(str(caught.value)) <= 300


@pytest.mark.parametrize(
    "loss",
    [
        "F.nll_loss(z.log_softmax(1), y)",
        "F.nll_loss((z.softmax(1) + 1e-9).log(), y)",
        # The same again: a log-softmax of a log-softmax is itself.
        "F.cross_entropy(z.log_softmax(1), y)",
        "F.cross_entropy(z * 3, soft, label_smoothing=0.1)",
        "F.cross_entropy(16 * F.normalize(z, dim=1), y)",
        "F.binary_cross_entropy(z.sigmoid(), soft)",
        "F.cross_entropy(z, y) + F.kl_div(torch.full_like(z, 0.1).log(), z.softmax(1))",
        "F.binary_cross_entropy(z.softmax(1), soft)",
        "F.binary_cross_entropy_with_logits(z, soft)",
        "(z.softmax(1) - soft).square().mean()",
        "F.kl_div(z.log_softmax(1), (z.detach() / 2).softmax(1), reduction='batchmean')"
        " + F.cross_entropy(z, y)",
        "F.multi_margin_loss(z, y)",
        # The classes that it is not; a mixture of two batches; and half of the labels wrong.
        "-(1 - (z.softmax(1) * (1 - soft)).sum(1) / 9).log().mean()",
        "F.cross_entropy(self(0.3 * x + 0.7 * x.flip(0)), 0.3 * soft + 0.7 * soft.flip(0))",
        "F.cross_entropy(z, torch.where(torch.rand(len(y)) < 0.5, y, y.flip(0)))",
        "F.cross_entropy(z.relu().log_softmax(1) @ torch.eye(10), soft)",
        "F.cross_entropy(z, y) - 0.1 * torch.distributions.Categorical(logits=z).entropy().mean()",
    ],
)
def test_ordinary_losses_are_taken(try_out: Any, loss: str) -> None:
    assert try_out("Losing", loss=loss) == []


CAUSES = {
    "F.cross_entropy(z, y) + x.log().mean()": "its loss is nan for the first batch, before anyth",
    "F.cross_entropy(z, y) / (y - y).sum()": "its loss is inf for the first batch",
    "F.cross_entropy(z, y) + (z - z).norm() + (z - z).square().sum().sqrt()": "first gradients are",
}


@pytest.mark.parametrize("loss", CAUSES)
def test_what_is_no_number_from_the_start_is_not_blamed_on_the_rate(
    try_out: Any, loss: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        try_out("Losing", loss=loss)
    assert CAUSES[loss] in str(caught.value)
    assert "so the learning rate is not the cause" in str(caught.value)
    assert len(str(caught.value)) <= 300


def test_a_rate_that_a_few_batches_show_to_be_too_large_is_named(try_out: Any) -> None:
    with pytest.raises(ConfigError) as caught:
        try_out("Deep", loss="F.cross_entropy(z, y)", lr=1e9)
    assert "Deep diverges within " in str(caught.value)
    assert "a smaller learning rate (of its configure_optimizers) may help" in str(caught.value)
    try_out("Deep", loss="F.cross_entropy(z, y)", lr=1.0)


def test_what_would_learn_nothing_is_known_before(try_out: Any) -> None:
    for name in ("Losing", "LosingOnSchedule"):
        with pytest.raises(ConfigError, match="change none of its parameters in 32 steps"):
            try_out(name, loss="F.cross_entropy(z.detach(), y) + 0 * z.sum()")
    with pytest.raises(ConfigError, match="the learning rate of its optimisers is 0 in each of 32"):
        try_out("Losing", loss="F.cross_entropy(z, y)", lr=0.0)
    with pytest.raises(ConfigError, match="is the learning rate too small for 32-bit numbers"):
        try_out("Losing", loss="F.cross_entropy(z, y)", lr=1e-15)
    # It may be raised later.
    try_out("RaisedByHook", loss="F.cross_entropy(z, y)", lr=0.0)
    try_out("WarmingUp")
    assert try_out("Alternating") == []


@pytest.mark.parametrize(
    ("undo", "said"),
    [
        ("on_after_backward", "change none of its parameters"),
        ("on_train_end", "change none of its parameters"),
        ("step", "its optimisers take no step"),
    ],
)
def test_what_undoes_each_step_is_known_before(try_out: Any, undo: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        try_out("Undoing", undo=undo)


@pytest.mark.parametrize("n_train", [96, 97])
@pytest.mark.parametrize("where", ["training_step", "on_train_batch_end"])
def test_a_module_that_ends_its_training_in_its_first_batches_is_refused(
    try_out: Any, where: str, n_train: int
) -> None:
    with pytest.raises(ConfigError, match=f"before it saw each of {n_train} examples") as caught:
        try_out("EndingEarly", where=where, n_train=n_train)
    assert len(str(caught.value)) <= 300
    for later in ("on_train_epoch_end", "last_batch"):
        try_out("EndingEarly", where=later, n_train=n_train)


def test_a_softmax_over_the_examples_of_a_batch_is_refused(try_out: Any) -> None:
    for made in ("z.log_softmax(0)", "z.log_softmax(-2)", "z.softmax(0).log()"):
        with pytest.raises(ConfigError, match="nll_loss a softmax over dimension 0"):
            try_out("Losing", loss=f"F.nll_loss({made}, y)")
    turned = "F.nll_loss(z.T.log_softmax(0).T, y)"
    alone = "torch.stack([F.nll_loss(one.log_softmax(0), k) for one, k in zip(z, y)]).mean()"
    for loss in ("F.nll_loss(z.log_softmax(-1), y)", turned, alone):
        assert try_out("Losing", loss=loss) == []


def test_weights_that_no_gradient_reaches_are_named(try_out: Any) -> None:
    (told,) = try_out("Detached")
    assert "86.0% of its weights decide its outputs and are not trained (layers.1.weight" in told
    assert try_out("Unused") == []
    (told,) = try_out("PartlyOptimised", loss="F.cross_entropy(z, y)")
    assert "95.0% of its weights decide its outputs and are not trained" in told


def test_outputs_in_the_targets_own_unit_are_named(try_out: Any) -> None:
    (told,) = try_out("InOwnUnit", Regression(2.0))
    assert "before its training, but its targets are standardised" in told
    assert try_out("InOwnUnit", Regression(2.0), factor=3.0, offset=1.0) == []


@pytest.mark.parametrize("how", [{}, {"every": 3}, {"own": True}])
def test_gradients_that_nobody_clears_are_noticed(try_out: Any, how: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="gradients that earlier steps have used") as caught:
        try_out("NeverClearing", **how)
    assert len(str(caught.value)) <= 300
    for clear in ("first", "between", "last") if how else ():
        assert try_out("NeverClearing", clear=clear, **how) == []


def test_an_automatic_step_may_not_keep_its_gradients(try_out: Any) -> None:
    with pytest.raises(ConfigError, match="gradients that earlier steps have used"):
        try_out("KeepingGradients", loss="F.cross_entropy(z, y)")


AWAY = (
    "-F.cross_entropy(z, y)",
    "F.cross_entropy(z, y).neg() * 0.1",
    "z.softmax(1)[torch.arange(len(y)), y].mean()",
    "-F.nll_loss(z.log_softmax(1), y)",
    "-(z.softmax(1) - soft).square().mean()",
    "z.log_softmax(1)[torch.arange(len(y)), y].mean()",
    "10 - F.cross_entropy(z, y)",
)


@pytest.mark.parametrize("loss", AWAY)
def test_a_loss_of_the_wrong_sign_is_noticed(try_out: Any, loss: str) -> None:
    with pytest.raises(ConfigError, match="learns the opposite of the answers") as caught:
        try_out("LosingByHand" if loss == AWAY[1] else "Losing", loss=loss)
    assert len(str(caught.value)) <= 300
    # What is maximised is a score.
    if loss == AWAY[0]:
        assert try_out("Maximising", loss=loss) == []


@pytest.mark.parametrize(
    "loss", ["-F.mse_loss(z[:, 0], y)", "1 - F.l1_loss(z[:, 0], y)", "9 - F.mse_loss(z[:, 0], y)"]
)
def test_a_regressions_loss_of_the_wrong_sign_is_noticed(try_out: Any, loss: str) -> None:
    with pytest.raises(ConfigError, match="learns the opposite of the answers"):
        try_out("LosingNumbers", Regression(2.0), loss=loss.replace("1 -", "0.5 -"))


def test_what_is_maximised_by_mistake_is_noticed(try_out: Any) -> None:
    with pytest.raises(ConfigError, match="its optimiser maximises it"):
        try_out("Maximising", loss="F.cross_entropy(z, y)")


@pytest.mark.parametrize(
    "loss",
    [
        "F.mse_loss(z[:, 0], y)",
        "F.gaussian_nll_loss(z[:, 0], y, torch.full_like(y, 0.01)) - 9",
        "torch.maximum(0.95 * (y - z[:, 0]), 0.05 * (z[:, 0] - y)).mean()",
        "1 - torch.corrcoef(torch.stack([z[:, 0], y]))[0, 1]",
    ],
)
def test_ordinary_losses_of_numbers_are_taken(try_out: Any, loss: str) -> None:
    assert try_out("LosingNumbers", Regression(2.0), loss=loss) == []


@pytest.mark.parametrize("loss", ["(z[:, 0] - y).mean() ** 2", "(z.mean() - y.mean()).abs()"])
def test_a_mean_of_errors_is_no_mean_of_their_squares(try_out: Any, loss: str) -> None:
    (said,) = try_out("LosingNumbers", Regression(2.0), loss=loss)
    assert "one gradient, whatever their errors" in said


@pytest.mark.parametrize(
    "loss",
    [
        *("F.mse_loss(z[:, 0], y)", "F.l1_loss(z[:, 0], y)", "F.huber_loss(z[:, 0], y, delta=0.1)"),
        "F.mse_loss(z[:, 0], y) ** 2",
        "F.mse_loss(z[:, 0], y) + (z[:, 0] - y).mean() ** 2",
        "torch.maximum(0.9 * (y - z[:, 0]), 0.1 * (z[:, 0] - y)).mean()",
    ],
)
def test_a_gradient_of_each_error_is_not_named(try_out: Any, loss: str) -> None:
    said = try_out("LosingNumbers", Regression(2.0), loss=loss)
    assert "one gradient" not in " ".join(said)
