"""Optimisers and schedulers of the study's own loop: as Lightning does it, or refused."""

import re
from dataclasses import replace

import pytest
import pytorch_lightning as pl
import torch
import yaml
from config_cases import ROOT, SMALLEST, complete, put, refusal
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from ecosobriety.errors import ConfigError
from ecosobriety.study_config.config import epochs_of_sizes, model_parameters
from ecosobriety.study_config.contradictions import own_classes
from ecosobriety.training.batches import Blocks, Slices
from ecosobriety.training.fitting import TrainingSettings, make_trainer
from ecosobriety.training.learner import Learner
from ecosobriety.training.tasks import Classification
from ecosobriety.training.train import _trainers, settings_from
from ecosobriety.user_code import optimisers
from ecosobriety.user_code.classes import ClassSpec, check

EXAMPLES, BATCH, EPOCHS = 100, 16, 3
SETTINGS = TrainingSettings(EPOCHS, BATCH, 0.05, "cpu", "32-true")
SGD = {"class_path": "torch.optim.SGD", "init_args": {"momentum": 0.9}}
COSINE = {
    "class_path": "torch.optim.lr_scheduler.CosineAnnealingLR",
    "init_args": {"T_max": EPOCHS},
}


@pytest.fixture(scope="module")
def data():
    torch.manual_seed(1)
    return torch.randn(EXAMPLES, 6), torch.randint(0, 3, (EXAMPLES,))


def network():
    torch.manual_seed(2)
    return nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 3))


def ours(data, settings):
    learner = Learner(network(), Classification(3), settings)
    batches = Slices(*data, torch.arange(EXAMPLES), BATCH, mean=0, deviation=1, shuffle_seed=None)
    trainer = make_trainer(settings, [], epochs=EPOCHS)
    trainer.fit(learner, Blocks(batches))
    return learner


class Plain(pl.LightningModule):
    """The same training as Lightning's own loop does it."""

    def __init__(self, optimiser, scheduler=None):
        super().__init__()
        self.network, self.made = network(), (optimiser, scheduler)

    def training_step(self, batch, batch_idx):
        return nn.functional.cross_entropy(self.network(batch[0]), batch[1])

    def configure_optimizers(self):
        optimiser = self.made[0](self.parameters())
        return optimiser if self.made[1] is None else ([optimiser], [self.made[1](optimiser)])


def lightnings(data, optimiser, scheduler=None, **trainer):
    module = Plain(optimiser, scheduler)
    quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
    pl.Trainer(
        max_epochs=EPOCHS, accelerator="cpu", enable_model_summary=False, **quiet, **trainer
    ).fit(module, DataLoader(TensorDataset(*data), BATCH))
    return module


def require_equal(one, other):
    for a, b in zip(one.network.parameters(), other.network.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-6)


def test_the_default_is_adamw_to_the_last_digit(data):
    fused = {"class_path": "torch.optim.AdamW", "init_args": {"fused": True}}
    one, other = ours(data, SETTINGS), ours(data, replace(SETTINGS, optimizer=fused))
    for a, b in zip(one.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize(
    ("written", "trainer"),
    [
        ({}, {}),
        ({"gradient_clip_val": 0.1}, {"gradient_clip_val": 0.1}),
        # Of seven batches the last waits alone.
        ({"accumulate_grad_batches": 3}, {"accumulate_grad_batches": 3}),
        (
            {"gradient_clip_val": 0.2, "accumulate_grad_batches": 2},
            {"gradient_clip_val": 0.2, "accumulate_grad_batches": 2},
        ),
    ],
)
def test_what_is_written_trains_as_in_lightning(data, written, trainer):
    settings = replace(SETTINGS, optimizer=SGD, lr_scheduler=COSINE, **written)
    wanted = lightnings(
        data,
        lambda parameters: torch.optim.SGD(parameters, lr=0.05, momentum=0.9),
        lambda optimiser: torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, T_max=EPOCHS),
        **trainer,
    )
    learner = ours(data, settings)
    require_equal(learner, wanted)
    assert learner.steps == EPOCHS * 7


def test_an_lr_of_its_own_comes_before_the_learning_rate(data):
    own = {"class_path": "torch.optim.SGD", "init_args": {"lr": 0.5}}
    learner = ours(data, replace(SETTINGS, optimizer=own))
    require_equal(learner, lightnings(data, lambda p: torch.optim.SGD(p, lr=0.5)))


def test_settings_of_the_model_come_first():
    parameters = {
        **{"training.epochs": 2, "training.batch_size": 8, "training.learning_rate": 0.1},
        **{"training.accelerator": "cpu", "training.precision": "32-true"},
        **{"training.budget": "epochs", "training.optimizer": SGD, "training.lr_scheduler": None},
    }
    settings = settings_from(
        parameters, {"training.optimizer": None, "training.lr_scheduler": COSINE}
    )
    assert (settings.optimizer, settings.lr_scheduler) == (None, COSINE)
    assert settings.accumulate_grad_batches == 1


@pytest.mark.parametrize(
    ("kind", "path", "arguments", "said"),
    [
        ("optimizer", "torch.optim.Sgd", {}, "does not exist: the module torch.optim has no Sgd"),
        ("optimizer", "torch.nn.Linear", {}, "is no torch.optim.Optimizer"),
        (
            "optimizer",
            "torch.optim.SGD",
            {"momentun": 0.9},
            "has no argument momentun; it takes lr",
        ),
        ("optimizer", "torch.optim.SGD", {"lr": "1e-3"}, "cannot be built"),
        ("optimizer", "torch.optim.SGD", {"params": [1]}, "has no argument params"),
        ("optimizer", "torch.optim.LBFGS", {}, "needs a closure for each step"),
        ("lr_scheduler", "torch.optim.SGD", {}, "is no torch.optim.lr_scheduler.LRScheduler"),
        ("lr_scheduler", COSINE["class_path"], {}, "cannot be built"),
        (
            "lr_scheduler",
            "torch.optim.lr_scheduler.ReduceLROnPlateau",
            {},
            "needs a metrics for each step",
        ),
    ],
)
def test_what_cannot_train_is_refused(kind, path, arguments, said):
    with pytest.raises(ConfigError) as error:
        check(ClassSpec(kind, path, arguments))
    assert str(error.value).startswith(path)
    assert said in str(error.value)


def test_what_can_train_passes():
    check(ClassSpec("optimizer", *SGD.values()))
    check(ClassSpec("lr_scheduler", *COSINE.values()))


@pytest.mark.slow
def test_the_page_s_settings_are_taken_and_their_keys_named(tmp_path):
    page = (ROOT / "docs/how-to/own-network.md").read_text(encoding="utf-8")
    written = next(b for b in re.findall(r"^```yaml\n(.*?)^```$", page, re.M | re.S) if "SGD" in b)
    config = complete(put(("training",), yaml.safe_load(written)["training"]))
    used = own_classes(config)
    assert list(used) == ["training.optimizer.class_path", "training.lr_scheduler.class_path"]
    network = model_parameters(config, config["models"][0]["name"], tmp_path)
    assert len(network["classes"]) == 2
    plain = model_parameters(complete(SMALLEST), config["models"][0]["name"], tmp_path)
    assert "classes" not in plain


def test_a_precision_that_the_machine_has_not_is_refused_before_the_training():
    # With the accelerator auto, whether there is a GPU is known here first.
    with pytest.raises(ConfigError, match='precision is "16-mixed", which needs a GPU'):
        trainers(precision="16-mixed")
    for precision in ("32-true", "bf16-mixed"):
        trainer, tester = trainers(precision=precision)
        assert (trainer.precision, tester) == (precision, trainer)


def trainers(**settings):
    settings = replace(SETTINGS, **settings)
    return _trainers(Learner(network(), Classification(3), settings), settings, [], 7, False)


def test_with_a_budget_of_steps_small_sizes_take_more_epochs():
    config = complete(put(("grid", "n_train"), [50, 100, 199, 800]))
    training = {**config["training"], "epochs": 2, "batch_size": 100}
    assert epochs_of_sizes(config, {**training, "budget": "epochs"}) == [2]
    # 16 steps: of 1, 1, 2 and 8 batches.
    assert epochs_of_sizes(config, {**training, "budget": "steps"}) == [2, 8, 16]


def test_a_learning_rate_beside_an_lr_is_refused():
    own = {"class_path": "torch.optim.SGD", "init_args": {"lr": 0.5}}
    models = [{"name": "mlp", "training": {"learning_rate": 0.1}}]
    said = refusal({**put(("models",), models), "training": {"optimizer": own}})
    assert "models[0].training.learning_rate is 0.1, but must be left out: the optimizer" in said


class HandedOn(torch.optim.SGD):
    def __init__(self, params, *args, **kwargs):
        kwargs.setdefault("momentum", 0.9)
        super().__init__(params, *args, **kwargs)


class Mixin(torch.optim.Optimizer):
    def __init__(self, *args, stabilize=None, **kwargs):
        super().__init__(*args, **kwargs)


class Mixed(Mixin, torch.optim.Adam):
    pass


class ReadFromMapping(torch.optim.Optimizer):
    def __init__(self, params, **settings):
        super().__init__(params, settings)


class OwnRate(torch.optim.SGD):
    def __init__(self, params, **kwargs):
        super().__init__(params, lr=0.1, **kwargs)


class Choosy(torch.optim.Optimizer):
    def __init__(self, params, **settings):
        if settings:
            raise ValueError(f"unknown {[*settings]}")
        super().__init__(params, {"lr": 0.1})


class WithoutRate(torch.optim.Optimizer):
    def __init__(self, params, power=1.0):
        super().__init__(params, {"power": power})


RATES = {"HandedOn": 0.3, "Mixed": 0.3, "ReadFromMapping": 0.3, "OwnRate": 0.1, "Choosy": 0.1}


@pytest.mark.parametrize("name", [*RATES, "WithoutRate"])
def test_the_learning_rate_reaches_what_an_optimiser_hands_it_on_to(name, monkeypatch):
    found = globals()[name]
    monkeypatch.setattr(optimisers, "load", lambda spec: found)
    # These are looked at before an optimiser is made; a test's own class takes no step.
    monkeypatch.setattr(found, "step", lambda self, closure=None: None)
    made = optimisers.build_optimiser({"class_path": name}, [nn.Parameter(torch.ones(1))], 0.3)
    assert made.param_groups[0].get("lr") == RATES.get(name)


class Capped(torch.optim.SGD):
    def __init__(self, params, **kwargs):
        if kwargs["lr"] > 0.2:
            raise ValueError("lr must be at most 0.2")
        super().__init__(params, **kwargs)


def test_a_learning_rate_that_an_optimiser_refuses_is_refused(monkeypatch):
    monkeypatch.setattr(optimisers, "load", lambda spec: Capped)
    with pytest.raises(ConfigError, match=r"lr must be at most 0\.2"):
        optimisers.build_optimiser({"class_path": "Capped"}, [nn.Parameter(torch.ones(1))], 0.3)
