"""What trains without an error and is worth nothing is refused in the rehearsal."""

import re
from pathlib import Path
from typing import Any

import pytest
import random_networks
import silent_networks
import sound_networks
import torch

from ecosobriety.errors import ConfigError
from ecosobriety.training.batches import Blocks, Slices
from ecosobriety.training.fitting import TrainingSettings, make_trainer
from ecosobriety.training.learner import Learner
from ecosobriety.training.networks import build_network
from ecosobriety.training.play import Play, content_of
from ecosobriety.training.ranges import Ranges
from ecosobriety.training.stage import Stage
from ecosobriety.training.tasks import Classification, Regression, Task

pytestmark = pytest.mark.slow

SETTINGS = TrainingSettings(
    epochs=2, batch_size=32, learning_rate=0.01, accelerator="cpu", precision="32-true"
)
CLASSES = Classification(10)
MODULES = (sound_networks, random_networks, silent_networks)


@pytest.fixture
def try_out(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)

    def run(name: str, task: Task = CLASSES, n_train: int = 96, **init_args: Any) -> list[str]:
        chance = torch.Generator().manual_seed(1)
        x = torch.randn(128, 8, 8, generator=chance)
        y = torch.randint(9, (128,), generator=chance)
        if task.outputs == 1:
            y = torch.randn(128, generator=chance)
        (module, *_) = (module.__name__ for module in MODULES if hasattr(module, name))
        play = Play(f"{module}.{name}", init_args, task, SETTINGS, 1, 1, n_train)
        train, test = (Slices(x, y, torch.arange(96) + first, 32) for first in (0, 32))
        stage = Stage(content_of(play, train, test))
        stage.try_out()
        return stage.noticed

    return run


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("SharedLayer", "begins with other weights when it is built again with the same seed"),
        ("KeptState", "begins with other weights"),
        ("SharedBatchNorm", "begins with other weights"),
        ("OwnChance", "begins with other weights"),
        ("Seeding", "sets the seed of PyTorch itself"),
        ("SeedingEverything", "sets the seed of PyTorch itself"),
        ("Listed", r"uses weights \(10, 10\) that are none of its parameters"),
        ("InADict", r"uses weights \(10, 10\) that are none of its parameters"),
        ("OfTheClass", r"uses weights \(10,\) that are none"),
        ("PlainTensor", r"uses weights \(10,\) that are none"),
        ("Fresh", "that are none of its parameters"),
        ("ListedWhole", r"uses weights \(10, 10\) that are none"),
        ("Clamped", "ends in a clamp, but must give logits of any sign"),
        ("Missing", "gives NaN or infinity for examples of finite numbers"),
        ("MissingWhole", "gives NaN or infinity for examples of finite numbers"),
        ("OverTheBatch", "gives an example another output when others are in its batch"),
        ("Centred", "gives an example another output when others are in its batch"),
        ("Untracked", "gives an example another output when others are in its batch"),
        ("MaskedOverTheBatch", "gives an example another output when others are in its batch"),
        ("CentredByHook", "gives an example another output when others are in its batch"),
        ("BatchAsTime", "gives an example another output when others are in its batch"),
        ("BatchAttention", "gives an example another output when others are in its batch"),
        ("AlwaysDropping", r"random in the test's mode: .* training=self.training"),
        ("KeptDropping", "random in the test's mode"),
        ("Noisy", "random in the test's mode"),
        ("Branching", "random in the test's mode"),
        ("RandomHook", "random in the test's mode"),
        ("OwnNoise", "gives the same examples other outputs when they are tested again"),
        ("Remembering", "gives the same examples other outputs when they are tested again"),
        ("RememberingLast", "gives the same examples other outputs when they are tested again"),
        ("RunningMean", "gives the same examples other outputs when they are tested again"),
    ],
)
def test_what_would_be_worth_nothing_is_refused(try_out: Any, name: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        try_out(name)
    assert re.search(rf"models: (silent|random)_networks\.{name} ", str(caught.value))
    assert len(str(caught.value)) <= 300


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "end",
    ["ReLU", "ReLU6", "Sigmoid", "Softplus", "Tanh", "Hardsigmoid", "ELU", "SELU", "GELU", "SiLU"],
)
def test_ends_that_bound_the_logits_are_refused(try_out: Any, end: str) -> None:
    with pytest.raises(ConfigError, match="Ending ends in a"):
        try_out("Ending", end=end)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("end", ["relu", "exp", "abs", "sigmoid"])
def test_a_regression_needs_numbers_of_any_sign(try_out: Any, end: str) -> None:
    with pytest.raises(ConfigError, match=r"ends in an? .*, but its targets are standardised"):
        try_out("Positive", Regression(2.0), end=end)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "name",
    [
        *("Base", "Normed", "Pretrained", "HiddenTeacher", "NetworkInNetwork"),
        *("Residual", "Recurrent", "Transforming", "Squared", "LogSoftmaxed", "Unset", "Whole"),
        *("FixedBeginning", "ScaledByHook", "Masked", "Diverging", "Dimmed", "InPlace"),
        "SeededMasks",
    ],
)
def test_ordinary_networks_are_taken(try_out: Any, name: str) -> None:
    try_out(name)
    try_out(name)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "name",
    [
        *("OwnSlope", "Fourier", "ComplexAlone", "LayersDropped", "UnfrozenLater", "Finetuned"),
        *("MovingAverage", "Counting", "Routed", "FeaturesFirst"),
    ],
)
def test_unusual_networks_are_taken_without_a_word(try_out: Any, name: str) -> None:
    assert try_out(name) == []


@pytest.mark.filterwarnings("ignore")
def test_a_scripted_network_is_tested_after_its_training() -> None:
    network, data = sound_networks.Scripted((8, 8), 10), torch.randn(64, 8, 8)
    y, order = torch.arange(64) % 10, torch.arange(64)
    learner = Learner(network, CLASSES, SETTINGS)
    trainer = make_trainer(SETTINGS, [], epochs=2)
    trainer.fit(learner, Blocks(Slices(data, y, order, 8)))
    trainer.test(learner, Slices(data, y, order, 8), verbose=False)
    assert learner.test_loss > 0


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("end", ["Identity", "LeakyReLU", "PReLU", "LogSigmoid"])
def test_ends_that_bound_no_logit_are_taken(try_out: Any, end: str) -> None:
    try_out("Ending", end=end)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("name", "warned"), [("FixedBeginning", True), ("Base", False)])
def test_weights_that_no_seed_changes_are_named(try_out: Any, name: str, warned: bool) -> None:
    told = "; ".join(try_out(name))
    assert ("begins with the same weights for every seed" in told) == warned


def test_a_seed_at_a_modules_top_changes_no_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It would count where the module is imported first, and in no later training of the process.
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    source = "import torch\nfrom silent_networks import Base\ntorch.manual_seed(0)\n"
    (tmp_path / "seeded_at_the_top.py").write_text(f"{source}class Net(Base):\n    pass\n")

    def build(seed: int) -> torch.Tensor:
        torch.manual_seed(seed)
        network = build_network("seeded_at_the_top.Net", {}, (8, 8), 10)
        return next(network.parameters()).detach()

    first, second, other = build(1), build(1), build(2)
    assert torch.equal(first, second)
    assert not torch.equal(first, other)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "loss", ["mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "own", "reversed"]
)
def test_a_loss_that_pairs_each_output_with_each_target_is_refused(try_out: Any, loss: str) -> None:
    with pytest.raises(ConfigError, match=r"\(n, 1\) .* targets \(n,\)") as caught:
        try_out("Predicting", Regression(2.0), loss=loss)
    assert len(str(caught.value)) <= 300
    try_out("PredictingFlat", Regression(2.0), loss=loss)


@pytest.mark.filterwarnings("ignore")
def test_regressions_that_give_a_number_for_each_example_are_taken(try_out: Any) -> None:
    try_out("Flat", Regression(2.0))
    try_out("Ranking", Regression(2.0), loss="own")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "where",
    [
        *("setup", "configure_model", "configure_optimizers", "on_fit_start", "on_train_start"),
        "training_step",
    ],
)
def test_a_seed_set_anywhere_in_the_training_is_refused(try_out: Any, where: str) -> None:
    with pytest.raises(ConfigError, match="sets the seed of PyTorch itself"):
        try_out("SeedingLate", where=where)
    try_out("SeedingLate", where="nowhere")


@pytest.mark.filterwarnings("ignore")
def test_a_small_last_batch_is_blamed_for_its_own_failures_alone(try_out: Any) -> None:
    with pytest.raises(ConfigError, match="no second step") as caught:
        try_out("FailingLater", n_train=97)
    assert "1 example" not in str(caught.value)
    assert "is 1: change either" not in str(caught.value)


BOUNDED = {
    "z.tanh()": "a tanh",
    "3 * z.softmax(1)": "a softmax",
    "z.softmax(1) + 1e-3": "a softmax",
    "1 - z.sigmoid() / 2": "a sigmoid",
    "torch.stack([z.sigmoid(), z.tanh()]).sum(0) * 0": "a constant",
    "z.clamp(-1, 1)": "a clamp",
    "z.clamp(min=-1)": "a clamp",
    "z.clamp_min(0).unsqueeze(1).flatten(1)": "a clamp",
    "F.normalize(z, dim=1)": "a normalisation",
    "z / z.norm(dim=1, keepdim=True)": "a normalisation",
    "2 * (z / (z.norm(dim=1, keepdim=True) + 1e-6))": "a normalisation",
    "torch.maximum(z, torch.zeros_like(z))": "a maximum",
    "torch.maximum(z, torch.tensor(0.0))": "a maximum",
    "torch.maximum(z, torch.zeros(()))": "a maximum",
    "torch.maximum(torch.full((10,), -2.0), z)": "a maximum",
    "z**2": "an even power",
    "z.square()": "an even power",
    "z * 0": "a constant",
    "(z.tanh() + z.sigmoid()) / 2": "a tanh",
    "torch.cat([z[:, :5].sigmoid(), z[:, 5:].tanh()], 1)": "a sigmoid",
    "z.relu_().mul_(2)": "a ReLU",
    "torch.tensor(2.0) * z.tanh()": "a tanh",
    "torch.where(z > 0, z, 0.0)": "a ReLU",
    "torch.where(z > 0, z, torch.zeros_like(z))": "a ReLU",
    "torch.where(z <= 0, torch.zeros(()), z)": "a ReLU",
    "torch.where(z > -1, z, torch.tensor(-1.0))": "a clamp",
    "z * (z > 0)": "a ReLU",
    "(z > 0).float() * z": "a ReLU",
    "z * ~(z < 0)": "a ReLU",
    "2 * (z * z.gt(0).type_as(z)) + 1": "a ReLU",
    "z.masked_fill(z < 0, 0)": "a ReLU",
    "z.masked_fill_(z < 0, 0.5)": "a ReLU",
    "put(z, z < 0, 0)": "a ReLU",
    "(z + z.abs()) / 2": "a ReLU",
    "z * z": "an even power",
    "(z > 0).float()": "a comparison",
    "z.sign()": "a sign",
    "1 / (1 + torch.exp(-z))": "an exponential",
    "(1 + torch.exp(-z)).reciprocal()": "an exponential",
    "torch.log(1 + torch.exp(z))": "an exponential",
    "torch.log1p(z.exp())": "an exponential",
    "z / (1 + z.abs())": "a normalisation",
}
FREE = [
    *("z * 2", "z / 0.07", "z - 3", "-z", "z.clamp(-50, 50)", "30 * torch.tanh(z / 30)"),
    *("F.logsigmoid(z)", "z.log_softmax(1)", "-(z**2)", "z.clamp(max=5)"),
    "16 * F.normalize(z, dim=1)",
    "scale * F.normalize(z, dim=1)",
    "scale.exp() * z.tanh()",
    "5 * F.normalize(x[:, :16], dim=1) @ torch.ones(16, 10) + z",
    "z.relu() @ torch.eye(10)",
    "z.relu() - (-z).relu()",
    "z.tanh() + x[:, :10]",
    "z.sigmoid() * x[:, :10]",
    "torch.where(z > 0, z, 0.1 * z)",
    "torch.where(z > x[:, :10], z, -z)",
    "torch.where(z < 0, z, 0.0)",
    "z * (z < 0)",
    "z * (x[:, :10] > 0)",
    "z.masked_fill(x[:, :10] > 9, 0)",
    "put(z, z < -30, -30)",
    "z.sigmoid().log()",
    "z / (1 + z.exp())",
    "z + x[:, :10].abs()",
    "z * z.sigmoid() - z",
    "z / z.detach().exp()",
    "z.tanh().sigmoid().logit()",
    "torch.zeros_like(z).add_(z)",
    "torch.zeros(len(z), 10).index_copy_(1, torch.arange(10), z)",
    "z.tanh().add(torch.ones(10), alpha=9)",
    "torch.rsub(z.tanh(), 1, alpha=50)",
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("end", BOUNDED)
def test_bounds_are_seen_through_what_scales_and_shifts_them(try_out: Any, end: str) -> None:
    with pytest.raises(ConfigError, match=f"Formula ends in {BOUNDED[end]}"):
        try_out("Formula", end=end)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("end", FREE)
def test_logits_that_are_free_are_taken(try_out: Any, end: str) -> None:
    try_out("Formula", end=end)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "end", ["350 * z.sigmoid()", "4 * z.sigmoid() - 2", "F.logsigmoid(z)", "-z.relu()", "z.tanh()"]
)
def test_predictions_need_room_on_both_sides(try_out: Any, end: str) -> None:
    with pytest.raises(ConfigError, match=r"ends in .*, but its targets are standardised"):
        try_out("Formula", Regression(2.0), end=end)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("end", ["z * 350", "20 * z.tanh()", "z.tanh() + x[:, :1]", "z[:, 0]"])
def test_predictions_that_are_free_are_taken(try_out: Any, end: str) -> None:
    try_out("Formula", Regression(2.0), end=end)


def test_memory_that_is_written_in_part_has_no_range_any_more() -> None:
    z = torch.randn(4, 3)
    with Ranges() as ranges:
        whole = z.sigmoid()
        view = whole[:, 1]
        assert ranges.of(whole).high == ranges.of(view).high == 1
        view.add_(100)
        assert not ranges.of(whole).known
