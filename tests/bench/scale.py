"""Ten thousand runs: planning them against a bare fan-out, and whether ten times cost ten times."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
PARTS = ("config", "profiles", "scripts", "workflow")
SEEDS = 50
SIZES = {1_000: 20, 10_000: 200}
BARE = """
rule all:
    input: "collected"
rule data:
    output: "data"
    shell: "touch {output}"
rule train:
    input: "data"
    output: "n{n}/seed{seed}"
    shell: "touch {output}"
rule collect:
    input: expand("n{n}/seed{seed}", n=range(SIZES), seed=range(SEEDS))
    output: "collected"
    shell: "touch {output}"
"""


def _plan(folder: Path, *arguments: str) -> float:
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--quiet", "all", "--cores", "2"]
    started_at = perf_counter()
    subprocess.run([*command, *arguments], cwd=folder, check=True, capture_output=True)
    return perf_counter() - started_at


def _plan_ours(folder: Path, sizes: int) -> float:
    config = yaml.safe_load((ROOT / "config/digits.yaml").read_text(encoding="utf-8"))
    n_train = [20 + 5 * size for size in range(sizes)]
    config["grid"] |= {"n_train": n_train, "seeds": list(range(1, SEEDS + 1))}
    config["training"]["runs_per_job"] = 1
    (folder / "config/scale.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    return _plan(folder, "--configfile", "config/scale.yaml")


def _plan_bare(folder: Path, sizes: int) -> float:
    constants = f"SIZES, SEEDS = {sizes}, {SEEDS}\n"
    (folder / "Snakefile").write_text(constants + BARE, encoding="utf-8")
    return _plan(folder)


def measure() -> Iterator[dict[str, Any]]:
    """Durations of dry runs from nothing, one of each: they take their tens of seconds."""
    with TemporaryDirectory() as ours_folder, TemporaryDirectory() as bare_folder:
        ours_root, bare_root = Path(ours_folder), Path(bare_folder)
        for part in PARTS:
            shutil.copytree(ROOT / part, ours_root / part)
        for file in ("Snakefile", "environment.yml"):
            shutil.copy(ROOT / file, ours_root / file)
        ours = {runs: _plan_ours(ours_root, sizes) for runs, sizes in SIZES.items()}
        bare_s = _plan_bare(bare_root, SIZES[10_000])
    for benchmark, ratio, opponent_s, target in (
        ("planning 10,000 runs against a bare fan-out", ours[10_000] / bare_s, bare_s, 1.3),
        (
            "planning: a run among 10,000 against one among 1,000",
            ours[10_000] / ours[1_000] / 10,
            ours[1_000],
            1.2,
        ),
    ):
        yield {
            "benchmark": benchmark,
            "ratio": ratio,
            "unit": "s",
            "ours": ours[10_000],
            "opponent": opponent_s,
            "repeats": 1,
            "target": f"at most {target}",
        }
