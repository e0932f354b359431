"""A module is scored alike whether its outputs are logits, or what a softmax or sigmoid makes."""

import pytest
import pytorch_lightning as pl
import torch
from torch.utils.data import RandomSampler

from ecosobriety.training.batches import OneByOne
from ecosobriety.training.few_batches import FewBatches
from ecosobriety.training.fitting import Counted, run_test
from ecosobriety.training.learner import ModuleScorer, Scorer
from ecosobriety.training.tasks import Classification


class Given(pl.LightningModule):
    """Gives what comes in, through an end."""

    def __init__(self, end: str):
        super().__init__()
        self.end = end

    def forward(self, x):
        return {"none": x, "softmax": x.softmax(1), "sigmoid": x.sigmoid()}[self.end]


def scored(end: str, z: torch.Tensor, y: torch.Tensor) -> tuple[dict[str, float | None], float]:
    scorer = ModuleScorer(Given(end), Classification(z.shape[1]))
    scorer.on_test_epoch_start()
    for i in range(0, len(y), 7):
        scorer.test_step((z[i : i + 7], y[i : i + 7]), 0)
    return scorer.test_scores()[0], scorer.test_loss


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_the_end_of_a_module_changes_no_score(classes: int) -> None:
    draw = torch.Generator().manual_seed(classes)
    y = torch.arange(200) % classes
    z = 2 * torch.randn(200, classes, generator=draw) + 1.5 * torch.eye(classes)[y]
    # One batch of logits between 0 and 1 does not make them probabilities.
    z[:7] = torch.rand(7, classes, generator=draw)
    plain, loss = scored("none", z, y)
    assert plain["roc_auc"] is not None
    for end in ("softmax", "sigmoid"):
        scores, other_loss = scored(end, z, y)
        assert scores == pytest.approx(plain, abs=1e-6)
        assert other_loss == pytest.approx(loss, rel=1e-5)


class Prepared(pl.LightningModule):
    """Answers with what its own eval has made."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.eye(3))

    def eval(self):
        self.made = 2 * self.weight.detach()
        return super().eval()

    def train(self, mode=True):
        if mode:
            self.made = None
        return super().train(mode)

    def forward(self, x):
        return x @ (self.weight if self.training else self.made)


@pytest.mark.parametrize("kind", [Scorer, ModuleScorer])
def test_an_eval_of_its_own_is_called_before_a_test(kind: type[Scorer]) -> None:
    scorer = kind(Prepared(), Classification(3))
    x, y = torch.eye(3), torch.arange(3)
    rows = torch.utils.data.DataLoader([(x, y)], batch_size=None)
    tester = pl.Trainer(logger=False, enable_progress_bar=False, enable_model_summary=False)
    tester.test(scorer, rows, verbose=False)
    assert scorer.test_score == 1.0
    assert scorer.network.training


class Swapping(pl.Callback):
    """Tests another network in the place of the module's, as people do with an average."""

    def on_test_start(self, trainer, pl_module):
        self.seen, self.before = pl_module, pl_module.layer
        assert trainer.lightning_module.scale == 1.0
        trainer.lightning_module.load_state_dict(pl_module.state_dict())
        pl_module.layer, pl_module.scale, pl_module.network = torch.nn.Identity(), -1.0, None

    def on_test_epoch_end(self, trainer, pl_module):
        pl_module.log("own", 1.0)

    def on_test_end(self, trainer, pl_module):
        pl_module.layer, pl_module.scale = self.before, 1.0


class Scaled(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.layer, self.scale = torch.nn.Linear(3, 3), 1.0

    def forward(self, x):
        return self.scale * self.layer(x)


def test_a_modules_callbacks_are_given_the_module_itself() -> None:
    module, callback = Scaled(), Swapping()
    scorer = ModuleScorer(module, Classification(3))
    tester = pl.Trainer(callbacks=[callback], accelerator="cpu", logger=False, barebones=False)
    x, y = torch.randn(20, 3), torch.arange(20) % 3
    run_test(tester, scorer, FewBatches([(x, y)], 1))
    assert callback.seen is module
    assert scorer.test_score == pytest.approx(float(((-x).argmax(1) == y).double().mean()))
    assert "on_test_start" not in vars(callback)
    assert isinstance(module.layer, torch.nn.Linear)


def test_a_module_may_ask_for_what_a_dataloader_has() -> None:
    x, y = torch.randn(20, 3), torch.arange(20) % 3
    counted = Counted([(x, y)], OneByOne(lambda places: (x[places], y[places]), 20), 8)
    assert isinstance(counted.sampler, RandomSampler)
    assert counted.batch_sampler.batch_size == 8
    assert not hasattr(counted.sampler, "set_epoch")
    assert (len(counted.sampler), counted.pin_memory, counted.generator) == (20, False, None)
    for name in ("set_epoch", "state_dict", "__deepcopy__"):
        assert not hasattr(counted, name)
