"""Modules of users: nothing looks at them that they could notice, and all is counted."""

import dataclasses

import irregular_modules
import module_classes
import pytest
from own_training import train_class
from test_training import SETTINGS
from torch.optim import optimizer

from ecosobriety.errors import ConfigError
from ecosobriety.training import flops, operations

pytestmark = pytest.mark.slow

FORWARD = 2 * (64 * 16 + 16 * 10)
BOTH = 2 * FORWARD + 2 * 16 * 10
WHOLE = {"learning_rate": 0.05}
BATCHES = 3 * 10
"""Three epochs of 300 examples in batches of 32, the last of 12."""


@pytest.fixture
def train_own(digits, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def run(name, **options):
        return train_class(digits, tmp_path, f"module_classes.{name}", **options)

    return run


def test_nothing_is_called_but_by_the_training_and_the_test(train_own):
    module_classes.CALLS.update(forward=0, training=0)
    record = train_own("Counting")
    assert module_classes.CALLS["training"] == record.steps == BATCHES
    # One test batch.
    assert module_classes.CALLS["forward"] == BATCHES + 1
    assert record.flop_forward == 2 * 64 * 10


def test_a_compiled_network_stays_compiled(train_own):
    module_classes.Compiled.compiled = 0
    record = train_own("Compiled")
    assert module_classes.Compiled.compiled == BATCHES + 1
    assert record.flop_forward == 2 * 64 * 10
    assert record.flop_train == 900 * 2 * record.flop_forward


def test_what_cannot_be_copied_can_be_counted(train_own):
    record = train_own("Holding")
    assert (record.flop_forward, record.flop_train) == (FORWARD, 900 * BOTH)


@pytest.mark.parametrize(
    ("name", "init_args", "steps", "examples", "flop"),
    [
        ("Predicting", WHOLE, BATCHES, 900, 900 * BOTH),
        ("Manual", {}, BATCHES, 900, 900 * BOTH),
        ("Manual", {"optimisers": 2}, BATCHES, 900, 2 * 900 * BOTH),
        ("Manual", {"every": 2}, BATCHES, 900, 900 * BOTH),
        ("Skipping", WHOLE, BATCHES, 900, None),
        ("Leaving", WHOLE, 12, 12 * 32, 12 * 32 * BOTH),
        ("Stopping", WHOLE, 20, 600, 600 * BOTH),
        ("Unfreezing", WHOLE, BATCHES, 900, None),
        ("Contrasting", WHOLE, BATCHES, 900, None),
        ("OneCycle", WHOLE, BATCHES, 900, 900 * BOTH),
    ],
)
def test_batches_examples_and_operations_are_counted(
    train_own, name, init_args, steps, examples, flop
):
    record = train_own(name, **init_args)
    assert (record.steps, record.epochs) == (steps, examples / 300)
    assert record.flop_train == flop
    assert ("flop_train" not in record.missing) == (flop is not None)


def test_a_module_knows_in_its_test_how_many_steps_it_has_taken_by_hand(digits, tmp_path):
    record = train_class(digits, tmp_path, "irregular_modules.Annealing")
    # The last step begins after all others.
    assert irregular_modules.Annealing.seen == (BATCHES - 1, BATCHES)
    assert record.steps == BATCHES


@pytest.mark.parametrize("where", ["epoch", "batch", "step"])
@pytest.mark.parametrize("budget", [None, 25])
def test_batches_that_a_module_only_looks_at_are_no_training(digits, tmp_path, where, budget):
    settings = dataclasses.replace(SETTINGS, max_steps=budget)
    path, options = "irregular_modules.Looking", {"settings": settings, **WHOLE}
    record = train_class(digits, tmp_path, path, where=where, **options)
    plain = train_class(digits, tmp_path, path, where="nowhere", **options)
    assert (record.steps, record.epochs) == (plain.steps, plain.epochs)
    assert record.steps == (budget or BATCHES)
    assert record.scores == plain.scores


@pytest.mark.parametrize(
    ("where", "from_epoch", "flop", "reason"),
    [
        ("on_train_batch_end", 0, None, flops.OUTSIDE),
        ("on_train_epoch_end", 0, None, flops.OUTSIDE),
        ("on_train_start", 0, None, flops.OUTSIDE),
        ("on_train_epoch_end", 1, None, flops.OUTSIDE),
        ("optimizer_step", 1, None, operations.LATER),
        # Inside of a step it is counted with it.
        ("optimizer_step", 0, 2 * 900 * BOTH, None),
        ("nowhere", 0, 900 * BOTH, None),
    ],
)
def test_steps_that_are_hidden_in_a_hook_are_noticed(train_own, where, from_epoch, flop, reason):
    record = train_own("Hidden", where=where, from_epoch=from_epoch)
    assert (record.steps, record.epochs) == (BATCHES, 3)
    assert record.flop_train == flop
    assert record.missing.get("flop_train") == reason
    # Nothing is left behind for a later training.
    assert not optimizer._global_optimizer_post_hooks


@pytest.mark.parametrize(
    ("name", "init_args"), [("LoggingForward", WHOLE), ("Doubled", {}), ("Halved", {})]
)
def test_what_is_harmless_is_taken(train_own, name, init_args):
    record = train_own(name, **init_args)
    assert record.scores["accuracy"] > 0.5
    assert record.steps == BATCHES


def test_every_pass_of_lbfgs_is_counted(train_own):
    record = train_own("Lbfgs", **WHOLE)
    assert record.steps == BATCHES
    passes = record.flop_train / (900 * BOTH)
    assert 1 < passes <= 4


@pytest.mark.parametrize(
    ("name", "init_args"),
    [
        ("Manual", {}),
        ("Manual", {"optimisers": 2}),
        ("Manual", {"every": 2}),
        ("Skipping", WHOLE),
        ("OneCycle", WHOLE),
    ],
)
def test_a_budget_of_steps_ends_where_it_should(train_own, name, init_args):
    settings = dataclasses.replace(SETTINGS, max_steps=25)
    record = train_own(name, settings=settings, **init_args)
    assert record.steps == 25
    assert record.epochs == pytest.approx((2 * 300 + 5 * 32) / 300)


@pytest.mark.parametrize("name", ["OneCycle", "Skipping"])
def test_a_resumed_module_takes_as_many_steps(train_own, tmp_path, monkeypatch, name):
    settings = dataclasses.replace(SETTINGS, max_steps=45)
    whole = train_own(name, settings=settings, **WHOLE)
    kind = vars(module_classes)[name]
    original = kind.training_step

    def die_in_the_third_epoch(self, *arguments):
        if self.trainer.current_epoch == 2:
            raise KeyboardInterrupt
        return original(self, *arguments)

    kept = {"checkpoints": tmp_path / "kept", "settings": settings}
    # The rehearsal, in a process of its own, has a single epoch.
    monkeypatch.setattr(kind, "training_step", die_in_the_third_epoch)
    with pytest.raises(BaseException):  # noqa: B017, PT011 (Lightning decides how it ends)
        train_own(name, **kept, **WHOLE)
    monkeypatch.setattr(kind, "training_step", original)
    assert [*kept["checkpoints"].rglob("*.ckpt")]
    resumed = train_own(name, **kept, **WHOLE)
    assert (resumed.steps, resumed.epochs) == (whole.steps, whole.epochs)
    assert resumed.scores == whole.scores


def test_a_module_knows_its_epochs_under_a_budget_of_steps_too(train_own):
    settings = dataclasses.replace(SETTINGS, max_steps=25)
    assert train_own("KnowingItsEnd", settings=settings, **WHOLE).steps == 25


@pytest.mark.parametrize(
    ("name", "init_args", "reason"),
    [
        (
            "Normed",
            {},
            r"cannot be trained on a batch of 1 example: .* modulo 32 .* is 1: change either",
        ),
        ("Writing", WHOLE, "brings a ModelCheckpoint, which would write into the study's folder"),
        ("Watching", WHOLE, 'cannot be trained: RuntimeError: "Early stopping conditioned on'),
        ("Logging", WHOLE, "a study gives a module no logger and no trainer.datamodule"),
        ("Asking", WHOLE, "a study gives a module no logger and no trainer.datamodule"),
        ("Idle", WHOLE, "has no optimiser of its parameters, so that nothing would"),
        ("Feeding", WHOLE, "defines train_dataloader, but a study feeds"),
        ("Tested", {}, "cannot be trained"),
        ("Silent", WHOLE, "its training_step gives no loss for any of 32 batches"),
        ("Exiting", WHOLE, "Exiting ended its process with status 7, as os._exit does"),
    ],
)
def test_what_cannot_be_trained_is_told_before_energy_is_spent(
    train_own, tmp_path, name, init_args, reason
):
    with pytest.raises(ConfigError, match=reason) as caught:
        train_own(name, n_train=289, **init_args)
    assert "module_classes." in str(caught.value) or "models: " in str(caught.value)
    assert not (tmp_path / "attempts").exists()
    assert len(str(caught.value)) <= 300


def test_what_fails_later_is_one_sentence_too(train_own):
    with pytest.raises(ConfigError) as caught:
        train_own("Failing", **WHOLE)
    expected = "models: module_classes.Failing cannot be trained: NotImplementedError, without a"
    assert str(caught.value).startswith(expected)


def test_a_training_that_changes_nothing_is_no_result(train_own):
    with pytest.raises(ConfigError, match="changed none of its parameters"):
        train_own("Unlearning")


def test_modes_of_layers_are_left_as_they_are(train_own):
    """Statistics at rest take even a last batch of one."""
    assert train_own("Frozen", n_train=289).steps == BATCHES


def test_a_modules_hooks_see_the_test_as_they_see_the_training(train_own):
    hooked, inside = train_own("Scaling", **WHOLE), train_own("ScalingInside", **WHOLE)
    assert hooked.test_loss == inside.test_loss


def test_a_training_that_cannot_have_seen_each_example_is_none_of_its_size(train_own):
    told = r"ended its training after {} epochs .* each of 300 examples"
    with pytest.raises(ConfigError, match=told.format(r"0\.43")) as caught:
        train_own("EndingWithin", **WHOLE)
    assert len(str(caught.value)) <= 300
    with pytest.raises(ConfigError, match=told.format(r"0\.32")):
        train_own("Leaving", **WHOLE, batches=1)


def test_a_training_that_ends_after_whole_epochs_is_taken_and_named(train_own, caplog):
    assert train_own("Stopping", **WHOLE).epochs == 2
    assert "module_classes.Stopping trained for 2 of 3 epochs" in caplog.text
    caplog.clear()
    train_own("OneCycle", **WHOLE)
    assert "trained for" not in caplog.text


def test_a_module_that_gives_probabilities_is_scored_as_one_that_gives_logits(train_own):
    probable, usual = train_own("Probable", **WHOLE), train_own("OneCycle", **WHOLE)
    plain = train_own("Plain", **WHOLE)
    assert usual.scores != plain.scores
    assert probable.test_loss == pytest.approx(plain.test_loss, rel=1e-4)
    assert probable.scores == pytest.approx(plain.scores, abs=1e-4)


def test_hooks_that_are_not_called_are_named(train_own):
    assert "not_called" not in train_own("Predicting", **WHOLE).training


@pytest.mark.parametrize(
    ("name", "forward"),
    [
        # Eight steps, four gates of 16 units, each of 8 inputs and 16 units before.
        ("Recurrent", 2 * (8 * 4 * 16 * (8 + 16) + 16 * 10)),
        # Eight rows: queries, keys, values and the way out; two products; two layers of 16.
        ("Attentive", 2 * (8 * (4 * 8 * 8) + 2 * 8 * 8 * 8 + 8 * (2 * 8 * 16) + 8 * 10)),
    ],
)
def test_kernels_that_do_several_products_are_counted(train_own, name, forward):
    record = train_own(name)
    assert record.flop_forward == forward
    assert 2.5 < record.flop_train / (900 * forward) < 3


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("Bilinear", "does not know _trilinear"),
        ("ElementWise", "no matrix product and no convolution, and only these are counted"),
    ],
)
def test_products_that_no_counter_knows_have_no_flop(train_own, name, why):
    record = train_own(name)
    assert record.flop_forward is None
    assert record.flop_train is None
    assert record.missing["flop_train"].endswith(why)


@pytest.mark.parametrize(
    ("name", "told"),
    [("Softmaxed", "gives probabilities"), ("Late", "makes parameters in its forward")],
)
def test_what_would_train_badly_without_a_word_is_refused(train_own, name, told):
    with pytest.raises(ConfigError, match=told):
        train_own(name)
