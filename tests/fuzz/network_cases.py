"""Networks and modules as source code, which count for themselves what they are trained on."""

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from fuzz.judging import EITHER, READ, REFUSED, sometimes

SOURCE = '''
import threading
from pathlib import Path

import pytorch_lightning as pl
import torch
from torch import nn
from torch.nn.functional import cross_entropy

BATCHES, PASSES = {{}}, [0]
HIDDEN = [nn.Parameter(torch.ones(1))]
LAYERS = dict(
    plain=lambda d, k: nn.Sequential(nn.Flatten(), nn.Linear(d, 8), nn.ReLU(), nn.Linear(8, k)),
    normed=lambda d, k: nn.Sequential(
        nn.Flatten(), nn.Linear(d, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, k)
    ),
    dropping=lambda d, k: nn.Sequential(
        nn.Flatten(), nn.Linear(d, 8), nn.Dropout(0.3), nn.ReLU(), nn.Linear(8, k)
    ),
    lazy=lambda d, k: nn.Sequential(nn.Flatten(), nn.LazyLinear(8), nn.ReLU(), nn.LazyLinear(k)),
)


def saw(key, count):
    assert BATCHES.setdefault(key, count) == count


class Held:
    """What most networks do not have, and some do."""

    def hold(self):
        {holding}

    def watch(self):
        {watching}


class Network(nn.Module, Held):
    def __init__(self, input_shape, num_classes: int):
        super().__init__()
        self.layers = LAYERS["{layers}"](torch.Size(input_shape).numel(), num_classes)
        self.hold()

    def forward(self, x):
        self.watch()
        if self.training:
            saw(len(BATCHES), len(x))
            PASSES[0] += len(x)
        {failing_forward}
        return self.layers(x)


class Module(pl.LightningModule, Held):
    def __init__(self, input_shape, num_classes: int):
        super().__init__()
        self.layers = LAYERS["{layers}"](torch.Size(input_shape).numel(), num_classes)
        self.automatic_optimization = {automatic}
        self.hold()

    def forward(self, x):
        self.watch()
        return self.layers(x)

    def configure_optimizers(self):
        {optimisers}

    def loss(self, batch):
        x, y = batch
        PASSES[0] += len(y)
        {failing_step}
        return cross_entropy(self.layers(x), y)

    def training_step(self, batch, batch_idx):
        saw((self.current_epoch, batch_idx), len(batch[1]))
        {step}
    {hooks}
'''
HOLDING = {
    "nothing": "pass",
    "a lock": "self.lock = threading.Lock()",
    "a file": "self.file = open(__file__)",
    "a generator": "self.numbers = (i for i in range(3))",
    "a hook": "self.layers.register_forward_hook(lambda module, x, y: y * 1.0)",
    "weights of a norm": "nn.utils.parametrizations.weight_norm(self.layers[-1])",
    "a method": "self.chosen = self.watch",
}
WATCHING = {
    "nothing": "pass",
    "its calls": "self.calls = getattr(self, 'calls', 0) + 1",
    "chance": "torch.rand(3)",
    "a print": "print('forward')",
}
SGD = "torch.optim.SGD(self.parameters(), lr=0.05)"
OPTIMISERS = {
    "one": f"return {SGD}",
    "scheduled": f"o = {SGD}; return [o], [torch.optim.lr_scheduler.StepLR(o, 1)]",
    "two": f"return {SGD}, torch.optim.SGD(self.layers[-1].parameters(), lr=0.01)",
    "LBFGS": "return torch.optim.LBFGS(self.parameters(), lr=0.05, max_iter=3)",
}
STEPS = {
    # Automatic?, optimiser, code.
    "automatic": (True, "one", "return self.loss(batch)"),
    "automatic, scheduled": (True, "scheduled", "return self.loss(batch)"),
    "automatic, as a mapping": (True, "one", "return dict(loss=self.loss(batch), more=1)"),
    "automatic LBFGS": (True, "LBFGS", "return self.loss(batch)"),
    "automatic, logged": (
        True,
        "one",
        "loss = self.loss(batch); self.log('my_loss', loss, prog_bar=True); return loss",
    ),
    "manual": (
        False,
        "one",
        "o = self.optimizers(); o.zero_grad(); self.manual_backward(self.loss(batch)); o.step()",
    ),
    "manual, plain backward": (
        False,
        "one",
        "o = self.optimizers(); o.zero_grad(); self.loss(batch).backward(); o.step()",
    ),
    "manual, accumulating": (
        False,
        "one",
        "o = self.optimizers(); self.manual_backward(self.loss(batch)); "
        "_ = (o.step(), o.zero_grad()) if batch_idx % 2 else None",
    ),
    "manual, never cleared": (
        False,
        "one",
        "o = self.optimizers(); self.manual_backward(self.loss(batch)); o.step()",
    ),
    "manual, two": (
        False,
        "two",
        "_ = [(o.zero_grad(), self.manual_backward(self.loss(batch)), o.step()) "
        "for o in self.optimizers()]",
    ),
    "manual, twice": (
        False,
        "one",
        "o = self.optimizers(); _ = [(o.zero_grad(), self.manual_backward(self.loss(batch)), "
        "o.step()) for i in range(2)]",
    ),
    "manual LBFGS": (
        False,
        "LBFGS",
        "o = self.optimizers()\n"
        "        def closure():\n"
        "            o.zero_grad()\n"
        "            loss = self.loss(batch)\n"
        "            self.manual_backward(loss)\n"
        "            return loss\n"
        "        o.step(closure)",
    ),
}
NEVER_CLEARED = frozenset({"manual, never cleared"})
HOOKS = {
    "none": "",
    "leaving": "def on_train_batch_start(self, batch, batch_idx):\n"
    "        return -1 if batch_idx == 2 else None",
    "stopping": "def on_train_epoch_end(self):\n        self.trainer.should_stop = True",
    "validating": "def validation_step(self, batch, batch_idx):\n        return None",
}
# Each makes every training fail.
FAILURES = {
    "an error": "raise ValueError('no such thing')",
    "a long error": "raise RuntimeError('long ' * 2000)",
    "an error without words": "raise NotImplementedError",
    "an end": "raise SystemExit(2)",
    "another shape": "x = x[..., :2]",
    "no loss": "return None",
    "another type": "x = x.long()",
}
# Each lets the study's own training run, and makes its scores worth nothing.
MISTAKES = {
    "a ReLU at the end": "return torch.relu(self.layers(x))",
    "a softmax over the batch": "return self.layers(x).log_softmax(0)",
    "a mean of the batch": "x = x - x.mean(0)",
    "a weight in a list": "x = x * HIDDEN[0]",
    "no number": "return self.layers(x) * float('nan')",
    "probabilities": "return self.layers(x).softmax(1)",
    "a sigmoid at the end": "return self.layers(x).sigmoid()",
}
# The same of a module that trains itself.
OWN_MISTAKES = {
    "a wrong sign": "return -cross_entropy(self.layers(x), y)",
    "a softmax twice": "return cross_entropy(self.layers(x).softmax(1), y)",
    "a tanh before soft labels": "return cross_entropy(self.layers(x).tanh(), "
    "nn.functional.one_hot(y, 3).float())",
    "no number from the start": "return cross_entropy(self.layers(x), y) / (y - y).sum()",
    "outputs that are cut off": "return cross_entropy(self.layers(x).detach(), y) + "
    "0 * self.layers(x).sum()",
}
# Each is trained, and named: in place of a module's own optimisers, hooks or loss.
DOUBTS = {
    "a decay of 100": (
        "optimisers",
        "return torch.optim.SGD(self.parameters(), lr=0.01, weight_decay=100)",
        "decay_large",
    ),
    "a momentum of 1": (
        "optimisers",
        "return torch.optim.SGD(self.parameters(), lr=1e-4, momentum=1.0)",
        "momentum_whole",
    ),
    "a schedule that is lost": (
        "optimisers",
        f"o = {SGD}; s = torch.optim.lr_scheduler.StepLR(o, 2); return o",
        "schedule_lost",
    ),
    "a stop the wrong way": (
        "hooks",
        "def on_train_epoch_end(self):\n        self.log('acc', 0.5)\n\n"
        "    def configure_callbacks(self):\n"
        "        return [pl.callbacks.EarlyStopping('acc', mode='min')]",
        "monitor_wrong_way",
    ),
    "one output": (
        "failing_step",
        "return (self(x)[:, 0] - y.float()).square().mean()",
        "outputs_unused",
    ),
    "two examples of a batch": (
        "failing_step",
        "return cross_entropy(self(x)[:2], y[:2])",
        "examples_unused",
    ),
}


@dataclass
class Written:
    """A class's source, its name, what must become of it, and what is odd about its training."""

    source: str
    name: str
    meant: str
    story: list[str]
    noticed: str | None = None

    def __repr__(self) -> str:
        return f"<{self.meant}: {', '.join(self.story)}>"


def write(kind: str, **choices: str) -> Written:
    """The source of a class that makes these choices, by the names above."""
    step = choices.get("step", "automatic")
    automatic, optimiser, code = STEPS[step]
    failure = choices.get("failure")
    failing = {**FAILURES, **MISTAKES, **OWN_MISTAKES}[failure] if failure else "pass"
    network = kind == "Network"
    places = {
        "layers": choices.get("layers", "plain"),
        "holding": HOLDING[choices.get("holding", "nothing")],
        "watching": WATCHING[choices.get("watching", "nothing")],
        "automatic": automatic,
        "optimisers": OPTIMISERS[optimiser],
        "step": code,
        "hooks": HOOKS[choices.get("hooks", "none")],
        "failing_forward": failing if network else "pass",
        "failing_step": "pass" if network else failing,
    }
    noticed = None
    if doubt := choices.get("doubt"):
        place, line, noticed = DOUBTS[doubt]
        places[place] = line
    source = SOURCE.format(**places)
    meant = REFUSED if failure or step in NEVER_CLEARED else READ
    # Listed as not found: LBFGS may stay finite with it.
    if failure == "a wrong sign" and "LBFGS" in step:
        meant = EITHER
    return Written(source, kind, meant, [kind, *map(str, choices.values())], noticed)


@st.composite
def network_cases(draw: Any) -> Written:
    """A network for the study's own training, or a module that trains itself."""
    choices = {
        "layers": draw(st.sampled_from(["plain", "normed", "dropping", "lazy"])),
        "holding": draw(st.sampled_from([*HOLDING])),
        "watching": draw(st.sampled_from([*WATCHING])),
    }
    if choices["holding"] == "weights of a norm" and choices["layers"] == "lazy":
        choices["holding"] = "nothing"
    if sometimes(draw, 4):
        choices["failure"] = draw(st.sampled_from([*FAILURES]))
    if sometimes(draw, 3):
        if "failure" not in choices and sometimes(draw, 3):
            choices["failure"] = draw(st.sampled_from([*MISTAKES]))
        return write("Network", **choices)
    choices["step"] = draw(st.sampled_from([*STEPS]))
    if "failure" not in choices and sometimes(draw, 4):
        choices["failure"] = draw(st.sampled_from([*OWN_MISTAKES]))
    choices["hooks"] = draw(st.sampled_from([*HOOKS]))
    plain = "failure" not in choices and choices["step"] in ("automatic", "manual")
    if plain and sometimes(draw):
        choices["doubt"] = draw(st.sampled_from([*DOUBTS]))
    return write("Module", **choices)
