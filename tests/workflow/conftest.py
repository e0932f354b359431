"""A copy of the workflow in which a study is really run."""

import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from ecosobriety.user_code.own_code import own_code
from warm import warm_executable

ROOT = Path(__file__).parents[2]
PARTS = (
    "Snakefile",
    "CITATION.cff",
    "environment.yml",
    "config",
    "profiles",
    "scripts",
    "workflow",
)


@dataclass
class Workflow:
    """A folder with the workflow, and what a user does with it.

    Attributes:
        folder: where the workflow lies.
        python: runs Snakemake and its steps; has imported their packages, unless a test needs the
            real one.
    """

    folder: Path
    python: str = field(default_factory=warm_executable)

    def snakemake(self, *arguments: str, config: str = "config/digits.yaml", check: bool = True):
        arguments = ("--configfile", config, *arguments)
        command = [self.python, "-m", "snakemake", *arguments]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True)
        if check and done.returncode != 0:
            pytest.fail(f"{' '.join(arguments)} ended with {done.returncode}:\n{done.stderr}")
        return done

    def start(self, *arguments: str, config: str = "config/digits.yaml") -> subprocess.Popen:
        """Start a run, in a process group of its own, and go on."""
        return subprocess.Popen(
            [self.python, "-m", "snakemake", "--configfile", config, *arguments],
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            process_group=0,
        )

    def planned(
        self, config: str = "config/digits.yaml", target: str = "all", *others: str
    ) -> Counter:
        """How many jobs of each rule a run would do for its targets."""
        arguments = ("--dry-run", "--quiet", "rules", "--cores", "2", "--", target, *others)
        plan = self.snakemake(*arguments, config=config)
        listed = re.findall(r"^(\w+) +(\d+)$", plan.stdout + plan.stderr, flags=re.MULTILINE)
        jobs = Counter({rule: int(count) for rule, count in listed})
        del jobs["total"]
        return jobs

    def with_config(self, change) -> str:
        """Write a changed copy of the digits study's configuration and return its path."""
        content = yaml.safe_load((self.folder / "config/digits.yaml").read_text())
        change(content)
        (self.folder / "config/changed.yaml").write_text(yaml.safe_dump(content))
        return "config/changed.yaml"

    def results(self, path: str) -> Path:
        return self.folder / "results/digits" / path


def remember_code(folder: Path) -> None:
    """Keep what a first run in the folder would: a second of the processor, for all tests once.

    A copy of the software has the same fingerprints; of another code, a run takes no notice.
    """
    kept = Path(warm_executable()).with_name("own_code.json")
    own_code(ROOT / "scripts", kept)
    memory = folder / ".snakemake/ecosobriety/own_code.json"
    memory.parent.mkdir(parents=True)
    shutil.copy(kept, memory)


def copy_workflow(folder: Path, untouched: bool = False) -> Workflow:
    """Copy the software to where a study is to be run; `untouched` as from its site."""
    folder.mkdir(exist_ok=True)
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            # Compiled modules too, but for those that another process is writing.
            shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("*.pyc.*"))
        else:
            shutil.copy(source, folder / part)
    if not untouched:
        remember_code(folder)
    return Workflow(folder)


def warm_venv(folder: Path) -> None:
    """What `make` takes for its `.venv`, with a Python that has imported its packages."""
    prefix, venv = Path(sys.prefix), folder / ".venv"
    (venv / "bin").mkdir(parents=True)
    for path in [*prefix.iterdir(), *(prefix / "bin").iterdir()]:
        if path.name not in ("bin", "python", "snakemake"):
            (venv / path.relative_to(prefix)).symlink_to(path)
    command = venv / "bin/snakemake"
    _, code = (prefix / "bin/snakemake").read_text().split("\n", 1)
    command.write_text(f"#!{venv}/bin/python\n{code}")
    command.chmod(0o755)
    (venv / "bin/python").symlink_to(warm_executable())


OUTPUTS = {"results", "reports", "logs", "benchmarks", ".snakemake"}


def changed_outside(folder: Path) -> set[str]:
    """Files beside the outputs that the workflow's own do not hold, or not so; links left out.

    Python's own cache of compiled modules does not count.
    """
    return {
        str(name)
        for path in folder.rglob("*")
        if path.is_file()
        and (name := path.relative_to(folder)).parts[0] not in {*OUTPUTS, ".venv"}
        and "__pycache__" not in name.parts
        and not ((ROOT / name).exists() and (ROOT / name).read_bytes() == path.read_bytes())
    }


@pytest.fixture(scope="session")
def finished(made_once):
    """The digits study, really run: once for all processes that share the tests."""

    def run(folder):
        copy_workflow(folder / "study", untouched=True).snakemake("--cores", "2")

    return Workflow(made_once("digits", run) / "study")


@pytest.fixture
def workflow(finished, tmp_path):
    """A copy of the finished study that a test may change; times of files are kept."""
    shutil.copytree(finished.folder, tmp_path / "study")
    return Workflow(tmp_path / "study")
