"""The ways to install say the same versions."""

import re
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]


def normal(name: str) -> str:
    """A package's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(file: str) -> dict[str, str]:
    found = re.findall(r"^([\w.-]+)==(\S+)$", (ROOT / file).read_text(), flags=re.MULTILINE)
    return {normal(name): version for name, version in found}


def asked_for(file: str) -> set[str]:
    lines = (ROOT / file).read_text().splitlines()
    return {normal(re.split(r"[=<>~]", line)[0]) for line in lines if line and line[0] != "#"}


def test_lock_pins_exactly_one_version_of_everything_asked_for():
    assert asked_for("requirements.in") <= set(pins("requirements.lock"))
    both = set(pins("requirements.lock")) | set(pins("requirements-dev.lock"))
    assert asked_for("requirements-dev.in") <= both
    for file in ("requirements.lock", "requirements-dev.lock"):
        lines = [line for line in (ROOT / file).read_text().splitlines() if line[0] not in "#-"]
        assert len(lines) == len(pins(file))


def test_torch_is_the_agreed_version():
    assert pins("requirements.lock")["torch"] == "2.13.0"


def test_conda_environment_has_the_same_versions_as_the_lock():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    (pip,) = (part["pip"] for part in environment["dependencies"] if isinstance(part, dict))
    conda = dict(line.split("==") for line in pip)
    lock = pins("requirements.lock")
    assert {normal(name): version for name, version in conda.items()} == {
        name: lock[name] for name in asked_for("requirements.in")
    }


def test_library_imports_nothing_that_is_not_asked_for():
    """What the library imports by itself stands in requirements.in, not only behind another."""
    known = {"yaml": "pyyaml", "sklearn": "scikit-learn", "lightning_fabric": "pytorch-lightning"}
    known |= {"markupsafe": "jinja2", "PIL": "pillow", "cpuinfo": "py-cpuinfo"}
    imported = set()
    for path in (ROOT / "scripts").rglob("*.py"):
        text = path.read_text()
        imported |= set(re.findall(r"^\s*(?:import|from) ([A-Za-z]\w*)", text, flags=re.MULTILINE))
    outside = {name for name in imported if name not in sys.stdlib_module_names}
    outside -= {"ecosobriety"}
    assert {normal(known.get(name, name)) for name in outside} <= asked_for("requirements.in")
