"""What `make` runs, other than tests, can at least begin."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from bench import training
from warm import warm_executable

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.parametrize("package", ["bench", "backtest"])
def test_all_parts_of_a_long_run_can_be_imported_by_its_own_command(package: str) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (paths,) = re.findall(rf"PYTHONPATH=(\S+) \$\(BIN\)/python -m {package}\b", makefile)
    code = (
        "import importlib, pkgutil, sys\n"
        f"import {package}\n"
        f"for module in pkgutil.iter_modules({package}.__path__):\n"
        "    if module.name[0] != '_':\n"
        f"        print(importlib.import_module('{package}.' + module.name).__name__)\n"
    )
    ran = subprocess.run(
        [warm_executable(), "-c", code],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert len(ran.stdout.splitlines()) >= 3


@pytest.mark.slow
def test_the_benchmark_of_training_runs_on_few_images(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, few in (("EXAMPLES", 600), ("TEST_EXAMPLES", 100), ("EPOCHS", 1), ("REPEATS", 1)):
        monkeypatch.setattr(training, name, few)
    rows = list(training.measure())
    assert len(rows) >= 4
    assert all(row["ratio"] > 0 for row in rows)
