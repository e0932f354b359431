"""A user's own classes: found, checked, built; and refused in one sentence."""

import copy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import user_classes
from torch import nn
from torch.optim.lr_scheduler import ExponentialLR, ReduceLROnPlateau

from ecosobriety import readers
from ecosobriety.errors import ConfigError, DataError
from ecosobriety.user_code.callables import is_meant_itself
from ecosobriety.user_code.classes import ClassSpec, build, check, check_apart, load
from ecosobriety.user_code.fingerprint import PACKAGE, class_fingerprint

pytestmark = pytest.mark.slow

GIVEN = {"input_shape": (8, 8), "num_classes": 10}


def network(class_path, **init_args):
    return ClassSpec("network", class_path, init_args)


def refusal(function, *arguments):
    with pytest.raises(ConfigError) as caught:
        function(*arguments)
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    return message


def test_a_class_gets_its_own_arguments_and_what_it_asks_for_of_the_studys():
    built = build(network("user_classes.Perceptron", width=5), GIVEN)
    assert isinstance(built, user_classes.Perceptron)
    assert built.layers[1].weight.shape == (5, 64)
    assert isinstance(build(network("user_classes.WrongShape"), GIVEN), user_classes.WrongShape)


@pytest.mark.parametrize(
    ("name", "written", "meant"),
    [
        ("bare", None, torch.relu),
        ("bare", "torch.nn.functional.relu", nn.functional.relu),
        ("maker", None, nn.ReLU),
        ("maker", "torch.nn.GELU", nn.GELU),
        ("layer", "torch.nn.GELU", nn.GELU),
        ("function", None, torch.relu),
        ("function", "torch.nn.functional.relu", nn.functional.relu),
        ("optional", None, None),
        ("optional", "torch.tanh", torch.tanh),
        ("optional", "torch.nn.LayerNorm", nn.LayerNorm),
        ("named", "torch.nn.GELU", "torch.nn.GELU"),
        ("optimiser", "torch.optim.AdamW", torch.optim.AdamW),
        ("schedule", "torch.optim.lr_scheduler.ExponentialLR", ExponentialLR),
        ("schedule", "torch.optim.lr_scheduler.ReduceLROnPlateau", ReduceLROnPlateau),
        ("later", "torch.optim.AdamW", torch.optim.AdamW),
    ],
)
def test_what_is_to_be_called_is_what_was_written(name, written, meant):
    spec = network("user_classes.Calling", **({} if written is None else {name: written}))
    check(spec)
    given = build(spec, GIVEN).given[name]
    assert given is meant or given == meant


def test_a_type_that_says_what_a_call_gives_decides_alone():
    assert is_meant_itself(nn.Linear, Callable)
    assert not is_meant_itself(nn.Linear, Callable[[torch.Tensor], torch.Tensor])
    for nothing in (Callable[..., object], Callable[..., Any]):
        assert not is_meant_itself(nn.GELU, nothing)
        assert is_meant_itself(nn.Linear, nothing)
    assert not is_meant_itself(dict, Callable)


@pytest.mark.parametrize("name", ["function", "optional"])
def test_where_a_function_is_meant_a_class_gives_an_instance(name):
    spec = network("user_classes.Calling", **{name: "torch.nn.GELU"})
    assert isinstance(build(spec, GIVEN).given[name], nn.GELU)


def test_a_class_of_an_installed_package_is_found():
    built = build(network("torch.nn.Linear", in_features=3, out_features=2), GIVEN)
    assert isinstance(built, nn.Linear)


WRONG = [
    (network("user_clases.Perceptron"), 'cannot be imported: ModuleNotFoundError: "No module'),
    (network("user_classes.Perceptrons"), "does not exist: the module user_classes has no"),
    (network("user_classes.NoNetwork"), "is no torch.nn.Module"),
    (network("os.system"), "is no torch.nn.Module"),
    (network("user_classes.Data"), "is no torch.nn.Module"),
    (
        ClassSpec("data", "user_classes.Whole", {}),
        "is no LightningDataModule of pytorch_lightning or lightning.pytorch",
    ),
    (network("user_classes.Perceptron", widht=5), "refuses its init_args"),
    (network("user_classes.Perceptron", widht=5), "it takes width"),
    (network("user_classes.Perceptron", width="wide"), "refuses its init_args"),
    (network("user_classes.Whole"), "refuses its init_args"),
    (network("user_classes.Perceptron", num_classes=5), "is given num_classes by the study"),
]


@pytest.mark.parametrize(("spec", "reason"), WRONG)
def test_a_wrong_class_is_refused_before_anything_is_built(spec, reason):
    assert refusal(check, spec).startswith(f"{spec.class_path} ")
    assert reason in refusal(check, spec)
    assert refusal(build, spec, GIVEN) == refusal(check, spec)


def test_a_process_of_its_own_says_the_same(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    specs = [spec for spec, _ in WRONG]
    assert check_apart(specs) == [refusal(check, spec) for spec in specs]


def test_a_file_that_is_named_like_one_of_our_scripts_is_the_users(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    scripts = str(PACKAGE.parent)
    # As Snakemake's job has it, called as a module.
    monkeypatch.setattr(sys, "path", [scripts, str(tmp_path), *sys.path])
    (tmp_path / "prepare_dataset.py").write_text(
        "from torch import nn\nclass Net(nn.Linear):\n    def __init__(self):\n"
        "        super().__init__(2, 2)\n"
    )
    monkeypatch.delitem(sys.modules, "prepare_dataset", raising=False)
    found = load(ClassSpec("network", "prepare_dataset.Net", {}))
    assert sys.modules[found.__module__].__file__ == str(tmp_path / "prepare_dataset.py")
    del sys.modules["prepare_dataset"]


@pytest.mark.parametrize(
    ("name", "init_args", "held"),
    [
        ("Triple", {}, (3, 8, 8)),
        ("Sized", {}, torch.Size([3, 8, 8])),
        ("Handing", {"width": 4}, ((3, 8, 8), 10, 4)),
        ("Taking", {"depth": 2}, ((3, 8, 8), 10, 2, 5)),
        ("Popping", {"width": 2}, ((3, 8, 8), 10, 2)),
        ("Listed", {}, [3, 8, 8]),
        # Nobody can know which names these take.
        ("Keeping", {"width": 2}, ((3, 8, 8), 10, 2)),
        ("Spacious", {"width": 2}, ((3, 8, 8), 10, 2)),
        ("Saving", {"width": 2}, ((3, 8, 8), 10, 2)),
    ],
)
def test_a_class_names_its_arguments_in_any_way(name, init_args, held):
    spec = network(f"odd_classes.{name}", **init_args)
    check(spec)
    built = build(spec, {"input_shape": (3, 8, 8), "num_classes": 10})
    assert (built.held, type(built.held)) == (held, type(held))


@pytest.mark.parametrize("name", ["Handing", "Taking", "Popping"])
def test_a_name_that_no_argument_has_is_refused_behind_kwargs(name):
    assert "it takes" in refusal(check, network(f"odd_classes.{name}", widht=4))


def test_an_argument_that_is_missing_is_named_though_it_has_no_type():
    spec = ClassSpec("data", "odd_classes.Placed", {})
    assert "refuses its init_args: data_dir is missing; it takes data_dir, s" in refusal(
        check, spec
    )
    check(ClassSpec("data", "odd_classes.Placed", {"data_dir": "here"}))


def test_a_shape_that_the_class_does_not_take_is_refused():
    assert "refuses its init_args" in refusal(build, network("odd_classes.Triple"), GIVEN)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Silent", "cannot be built: NotImplementedError, without a message"),
        ("Mute", "cannot be built: MuteError, without a message"),
        ("Wordy", 'cannot be built: ValueError: "x x x'),
    ],
)
def test_foreign_words_are_quoted_cut_and_never_missing(name, reason):
    message = refusal(build, network(f"odd_classes.{name}"), GIVEN)
    assert reason in message
    assert len(message) < 250


OTHER_LIGHTNING = """
from torch import nn
from pytorch_lightning import __version__
class LightningModule(nn.Module):
    def training_step(self, batch, batch_idx): ...
    def train_dataloader(self): ...
class LightningDataModule:
    pass
"""


@pytest.fixture
def other_lightning(folder, monkeypatch):
    """The package `lightning`, which has classes of its own."""
    package = folder / "lightning" / "pytorch"
    package.mkdir(parents=True)
    (folder / "lightning" / "__init__.py").touch()
    (package / "__init__.py").write_text(OTHER_LIGHTNING)
    (folder / "theirs.py").write_text(
        "import lightning.pytorch as pl\n"
        "class Net(pl.LightningModule): ...\n"
        "class Fed(pl.LightningModule):\n    def train_dataloader(self): ...\n"
        "class Data(pl.LightningDataModule): ...\n"
    )
    yield package
    for name in ("theirs", "lightning", "lightning.pytorch"):
        sys.modules.pop(name, None)


@pytest.mark.usefixtures("other_lightning")
@pytest.mark.parametrize("spec", [network("theirs.Net"), ClassSpec("data", "theirs.Data", {})])
def test_classes_of_the_other_lightning_are_taken(spec):
    check(spec)
    assert type(build(spec, GIVEN)).__module__ == "theirs"
    assert check_apart([spec]) == [None]


@pytest.mark.usefixtures("other_lightning")
def test_the_other_lightnings_modules_are_fed_by_the_study_too():
    assert "defines train_dataloader" in refusal(check, network("theirs.Fed"))


def test_another_version_of_the_other_lightning_is_refused(other_lightning):
    source = (other_lightning / "__init__.py").read_text()
    source = source.replace("from pytorch_lightning import __version__", "__version__ = '1.2'")
    (other_lightning / "__init__.py").write_text(source)
    said = refusal(check, network("theirs.Net"))
    assert "is of lightning.pytorch 1.2, but the study's Trainers are of" in said


def test_a_training_of_ones_own_is_never_left_out():
    assert "has a training_step but is no LightningModule of pytorch_lightning" in refusal(
        check, network("odd_classes.Homemade")
    )
    late = network("odd_classes.Late")
    check(late)
    assert "has a training_step but is no" in refusal(build, late, GIVEN)


def test_a_class_that_cannot_be_built_is_named():
    check(network("user_classes.Unbuildable"))
    assert 'cannot be built: ValueError: "never"' in refusal(
        build, network("user_classes.Unbuildable"), GIVEN
    )


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The working directory of a user, whose modules are gone afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    known = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - known:
        del sys.modules[name]


def test_classes_are_checked_apart_from_this_process(folder):
    (folder / "loud_net.py").write_text(
        "import atexit\nfrom torch import nn\nprint('hello')\natexit.register(print, 'bye')\n"
        "class Net(nn.Module):\n    pass\n"
    )
    (folder / "quitting_net.py").write_text("import sys\nsys.exit(3)\n")
    (folder / "dying_net.py").write_text("import os\nos._exit(3)\n")
    (folder / "broken_net.py").write_text("class Net(:\n")
    (folder / "asking_net.py").write_text(
        "import argparse\nfrom torch import nn\nargparse.ArgumentParser().parse_args()\n"
        "class Net(nn.Module):\n    pass\n"
    )
    specs = [network(f"{name}_net.Net") for name in ("loud", "asking", "quitting", "broken")]
    sound, asking, quitting, broken = check_apart(specs)
    assert (sound, asking) == (None, None)
    assert quitting.startswith('quitting_net.Net cannot be imported: SystemExit: "3": does it read')
    assert broken.startswith("broken_net.Net cannot be imported: SyntaxError: ")
    (dying,) = check_apart([network("dying_net.Net")])
    assert dying.startswith("importing dying_net.Net ended the process (3)")
    assert "loud_net" not in sys.modules
    assert check_apart([]) == []


def test_the_fingerprint_follows_what_a_class_imports_of_the_folder(folder):
    package = folder / "nets"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('imported')\n")
    (package / "mine.py").write_text("import numpy\nfrom . import parts\nfrom layers import wide\n")
    (package / "parts.py").write_text("A = 1\n")
    (folder / "layers.py").write_text("def wide(): return 1\n")
    (folder / "other.py").write_text("B = 1\n")

    def changed(path, text):
        before = class_fingerprint("nets.mine.Net", folder)
        path.write_text(text)
        return class_fingerprint("nets.mine.Net", folder) != before

    assert changed(package / "parts.py", "A = 2\n")
    assert changed(folder / "layers.py", "def wide(): return 2\n")
    assert not changed(folder / "layers.py", '"""Layers."""\ndef wide():\n    return 2  # wide\n')
    assert not changed(folder / "other.py", "B = 2\n")
    assert class_fingerprint("torch.nn.Linear", folder) != class_fingerprint("no.Such", folder)
    (package / "mine.py").write_text("class Net(:\n")
    assert class_fingerprint("nets.mine.Net", folder)


def module_spec(name, **init_args):
    return {"name": "mine", "class_path": f"user_classes.{name}", "init_args": init_args}


def test_a_data_module_gives_every_example_once_and_in_order():
    dataset = readers.obtain(module_spec("Data", test=6))
    assert dataset.x_train[:].tolist() == np.arange(42.0).reshape(14, 3).tolist()
    assert dataset.y_test.tolist() == [2, 0, 1, 2, 0, 1]
    assert dataset.name == "mine"
    assert dataset.sha256 == readers.obtain(module_spec("Data", test=6)).sha256
    assert readers.take_in(module_spec("Data")).train_examples is None
    with pytest.raises(DataError, match="mine has 14 training examples, fewer than 15"):
        dataset.require_size(15)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Nameless", r"a batch of train_dataloader is a dict of x, y, not a pair \(x, y\) of"),
        ("Failing", r"gives no data \(OSError: \"no server\"\)"),
        ("Unending", "train_dataloader gives no batch"),
        ("Untested", "test_dataloader gives None, but must give a DataLoader"),
        ("Unreachable", r"test_dataloader gives no data \(OSError: \"no server\"\)"),
    ],
)
def test_a_data_module_that_gives_no_data_is_refused(name, reason):
    with pytest.raises(DataError, match=f"user_classes.{name}: {reason}"):
        readers.obtain(module_spec(name))


def test_what_a_data_module_draws_by_chance_is_always_the_same():
    torch.manual_seed(5)
    first = readers.obtain(module_spec("Data"))
    torch.manual_seed(6)
    assert readers.obtain(module_spec("Data")).sha256 == first.sha256


@pytest.mark.parametrize(
    "init_args",
    [
        {"country": "NO"},
        {"country": "0200"},
        {"country": "1:30"},
        {"country": "null"},
        {"country": "[1, 2]"},
        {"country": "a: b"},
        {"name": "~"},
    ],
)
def test_text_in_quotes_is_not_read_a_second_time(init_args):
    """The parser would make false of NO."""
    before = copy.deepcopy(init_args)
    message = refusal(build, network("user_classes.Sites", **init_args), GIVEN)
    assert "is written: write the value without quotes, or give the argument a type" in message
    assert init_args == before


def test_text_that_is_nothing_else_is_taken():
    spec = network("user_classes.Sites", country="FR", flags=[1, 2.5, "a"], name="NO")
    assert build(spec, GIVEN).given == ("FR", (1, 2.5, "a"), "NO")
