"""Ten thousand runs: planning them against a bare fan-out, and whether ten times cost ten times.

The baselines hold nothing but a fan-out over sizes and seeds: data, trainings, their collection.
A job of the first is what each of ours is to Snakemake, a Python script with a log (its linter asks
for both); finding a script takes Snakemake longer than filling in a shell command, and nothing of
ours can change that. The second has shell commands alone and is told beside it.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
PARTS = ("config", "profiles", "scripts", "workflow")
SEEDS = 50
REPEATS = 3
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
    TRAINING
rule collect:
    input: expand("n{n}/seed{seed}", n=range(SIZES), seed=range(SEEDS))
    output: "collected"
    shell: "touch {output}"
"""

TRAININGS = {
    "scripts": 'log: "logs/n{n}/seed{seed}"\n    script: "train.py"',
    "shell commands": 'shell: "touch {output}"',
}


def _plan(folder: Path, *arguments: str) -> float:
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--quiet", "all", "--cores", "2"]
    started_at = perf_counter()
    subprocess.run([*command, *arguments], cwd=folder, check=True, capture_output=True)
    return perf_counter() - started_at


def _plan_ours(folder: Path, sizes: int) -> float:
    config = yaml.safe_load((ROOT / "config/digits.yaml").read_text(encoding="utf-8"))
    n_train = [20 + 5 * size for size in range(sizes)]
    config["grid"] |= {"n_train": n_train, "seeds": list(range(1, SEEDS + 1))}
    config["training"]["process"] = "run"
    (folder / "config/scale.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    return _plan(folder, "--configfile", "config/scale.yaml")


def _plan_bare(folder: Path, sizes: int, training: str) -> float:
    constants = f"SIZES, SEEDS = {sizes}, {SEEDS}\n"
    rules = BARE.replace("TRAINING", training)
    (folder / "Snakefile").write_text(constants + rules, encoding="utf-8")
    (folder / "train.py").write_text("open(snakemake.output[0], 'w').close()\n", encoding="utf-8")
    return _plan(folder)


def measure() -> Iterator[dict[str, Any]]:
    """Durations of dry runs from nothing, in turns: they take their tens of seconds."""
    ours: dict[int, list[float]] = {runs: [] for runs in SIZES}
    bare: dict[str, list[float]] = {kind: [] for kind in TRAININGS}
    with TemporaryDirectory() as ours_folder, TemporaryDirectory() as bare_folder:
        ours_root, bare_root = Path(ours_folder), Path(bare_folder)
        for part in PARTS:
            shutil.copytree(ROOT / part, ours_root / part)
        shutil.copy(ROOT / "environment.yml", ours_root / "environment.yml")
        for _ in range(REPEATS):
            for runs, sizes in SIZES.items():
                ours[runs].append(_plan_ours(ours_root, sizes))
            for kind, training in TRAININGS.items():
                bare[kind].append(_plan_bare(bare_root, SIZES[10_000], training))
    planned = ours[10_000]
    for benchmark, baselines, scale, target in (
        ("planning 10,000 runs against a bare fan-out of scripts", bare["scripts"], 1, "1.3"),
        (
            "planning 10,000 runs against a bare fan-out of shell commands",
            bare["shell commands"],
            1,
            None,
        ),
        ("planning: a run among 10,000 against one among 1,000", ours[1_000], 10, "1.2"),
    ):
        yield {
            "benchmark": benchmark,
            "ratio": median(a / b / scale for a, b in zip(planned, baselines, strict=True)),
            "unit": "s",
            "ours": median(planned),
            "baseline": median(baselines),
            "repeats": REPEATS,
            "target": f"at most {target}" if target else "for comparison",
        }
