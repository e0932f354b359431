"""`pip install .` brings what `ecosobriety.metering` needs, for a Trainer of either Lightning."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from functools import cache
from importlib.metadata import PackageNotFoundError, packages_distributions, requires, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
README = """
import sys
sys.path[:0] = {paths}
BLOCKED = {blocked}
KNOWN = {{}}

from importlib.machinery import PathFinder

class Declared(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        blocked = name.partition(".")[0] in BLOCKED
        return None if blocked else PathFinder.find_spec(name, path, target)

    @classmethod
    def find_distributions(cls, *context):
        # Some packages are used where their metadata are found. All are asked for several times.
        asked = tuple((one.name, *one.path) for one in context)
        if asked not in KNOWN:
            KNOWN[asked] = [found for found in PathFinder.find_distributions(*context)
                if not any(module in BLOCKED for module in modules_of(found))]
        return KNOWN[asked]

def modules_of(distribution):
    named = distribution.read_text("top_level.txt") or ""
    files = distribution.files or ()
    return named.split() or {{path.parts[0].removesuffix(".py") for path in files}}

sys.meta_path[sys.meta_path.index(PathFinder)] = Declared

from ecosobriety.metering import CodeCarbonMeter, EnergyCallback
print("loaded:", *sorted({{"snakemake", "pandas"}} & sys.modules.keys()))

# Other measurements on this machine go on.
from ecosobriety.metering import lock
lock.METER = {meter!r}

import torch
import {lightning} as lightning

class Module(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(2, 1)

    def training_step(self, batch, batch_idx):
        return self.layer(batch[0]).square().mean()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.01)

data = torch.utils.data.TensorDataset(torch.ones(40, 2))
energy = EnergyCallback(CodeCarbonMeter("FRA"))
trainer = lightning.Trainer(callbacks=[energy], max_epochs=2, accelerator="cpu", logger=False,
    enable_checkpointing=False, enable_progress_bar=False)
trainer.fit(Module(), torch.utils.data.DataLoader(data, batch_size=4))
print("works:", energy.result().energy_kwh > 0, isinstance(energy, lightning.Callback))
"""


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def closure(names):
    """Distributions that come with the given ones, of those that are installed."""
    found, waiting = set(), [*names]
    while waiting:
        requirement = Requirement(waiting.pop())
        name = normal(requirement.name)
        if name in found or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
            continue
        found.add(name)
        try:
            waiting += requires(name) or []
        except PackageNotFoundError:
            found.discard(name)
    return found


@cache
def undeclared():
    """Modules that are installed here and would not be after `pip install .`."""
    declared = closure(PROJECT["dependencies"])
    return {
        module
        for module, distributions in packages_distributions().items()
        if not declared & {normal(name) for name in distributions} and module.isidentifier()
    }


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The folder into which the package alone was installed, from a copy of its source."""
    folder = tmp_path_factory.mktemp("installed")
    source = folder / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    shutil.copytree(
        ROOT / "scripts", source / "scripts", ignore=shutil.ignore_patterns("__pycache__")
    )
    options = ("--no-deps", "--no-build-isolation", "--no-index", "--target", str(folder / "there"))
    command = [sys.executable, "-m", "pip", "install", "--quiet", *options, str(source)]
    subprocess.run(command, check=True, capture_output=True)
    return folder / "there"


def run_readme(folder, lightning, paths, blocked):
    names = {"lightning": lightning, "meter": f"ecosobriety-test-{os.getpid()}"}
    code = README.format(paths=list(map(str, paths)), blocked=blocked, **names)
    # -I: neither the checkout nor PYTHONPATH helps out.
    done = subprocess.run(
        [sys.executable, "-I", "-W", "ignore", "-c", code],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    # Lightning prints a summary of the model between them.
    return [line.strip() for line in done.stdout.splitlines() if line[:7] in ("loaded:", "works: ")]


def test_the_readmes_lines_need_nothing_that_is_not_declared(installed, tmp_path):
    blocked = undeclared()
    assert {"snakemake", "pandera", "pyarrow", "matplotlib"} <= blocked
    loaded, works = run_readme(tmp_path, "pytorch_lightning", [installed], blocked)
    assert loaded == "loaded:"
    assert works == "works: True True"


def test_the_readmes_lines_work_with_the_package_lightning_alone(
    installed, tmp_path, lightning_folder
):
    blocked = undeclared() - {"lightning"} | {"pytorch_lightning"}
    loaded, works = run_readme(
        tmp_path, "lightning.pytorch", [installed, lightning_folder], blocked
    )
    assert loaded == "loaded:"
    assert works == "works: True True"


def test_without_any_lightning_one_sentence_says_what_to_install(installed, tmp_path):
    code = README.format(
        paths=[str(installed)],
        blocked={"pytorch_lightning", "lightning"},
        lightning="none",
        meter="none",
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert "needs pytorch-lightning, or lightning: install one of them" in done.stderr


def test_the_package_declares_what_the_requirements_ask_for():
    study = PROJECT["optional-dependencies"]["study"]
    declared = [Requirement(text) for text in [*PROJECT["dependencies"], *study]]
    lines = (ROOT / "requirements.in").read_text().splitlines()
    asked = [Requirement(line) for line in lines if line and line[0] != "#"]
    assert {normal(r.name) for r in declared} == {normal(r.name) for r in asked}
    for requirement in declared:
        assert requirement.specifier.contains(version(requirement.name)), requirement
