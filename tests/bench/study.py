"""A whole study: what it takes besides its trainings, and what a second run of it takes."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import yaml

from ecosobriety.electricity import known_countries

ROOT = Path(__file__).parents[2]
PARTS = ("config", "profiles", "scripts", "workflow")
CONFIG = "config/bench.yaml"
STUDY = "the poster's study"
EMPTY = """
rule all:
    input: expand("{i}", i=range(JOBS - 1))
rule touch:
    output: "{i}"
    shell: "touch {output}"
"""


def _configure(folder: Path, countries: list[str]) -> None:
    """The poster's study in some countries; other trackers, where installed, train nothing here."""
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
    config["grid"]["countries"] = countries
    config["methods"] = {"tracker_sizes": []}
    (folder / CONFIG).write_text(yaml.safe_dump(config), encoding="utf-8")


def _run(folder: Path, *arguments: str) -> tuple[float, int]:
    """Duration in s of a run of Snakemake, and how many jobs it did."""
    command = [sys.executable, "-m", "snakemake", "--cores", "all", *arguments]
    started_at = perf_counter()
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    duration_s = perf_counter() - started_at
    return duration_s, max((int(n) for n in re.findall(r"of (\d+) steps", done.stderr)), default=0)


def _windows_s(folder: Path) -> dict[str, float]:
    """The duration in s of the measured window of each attempt that has a record."""
    records = (json.loads(path.read_text()) for path in folder.glob("results/*/runs/**/*.json"))
    return {record["attempt"]: record["train_duration_s"] for record in records}


def measure() -> Iterator[dict[str, Any]]:
    """One run of each: the study takes its minutes."""
    countries = known_countries(None)["country_iso3"].tolist()
    with TemporaryDirectory() as ours_folder, TemporaryDirectory() as empty_folder:
        ours, empty = Path(ours_folder), Path(empty_folder)
        for part in PARTS:
            shutil.copytree(ROOT / part, ours / part)
        for file in ("environment.yml", "CITATION.cff"):
            shutil.copy(ROOT / file, ours / file)
        _configure(ours, countries[:-1])
        cold_s, jobs = _run(ours, "--configfile", CONFIG)
        windows_s = _windows_s(ours)
        nothing_s, nothing_jobs = _run(ours, "--configfile", CONFIG)
        _configure(ours, countries)
        country_s, _ = _run(ours, "--configfile", CONFIG)
        if nothing_jobs or _windows_s(ours) != windows_s:
            raise RuntimeError("a study that was done already was done again")
        (empty / "Snakefile").write_text(f"JOBS = {jobs}\n{EMPTY}", encoding="utf-8")
        empty_s, _ = _run(empty)
        empty_nothing_s, _ = _run(empty)
    trained_s = sum(windows_s.values())
    for benchmark, ours_s, baseline_s, target in (
        (f"{STUDY} from nothing against its measured windows", cold_s, trained_s, "at most 1.4"),
        (
            f"{STUDY} without its measured windows against an empty workflow of as many jobs",
            cold_s - trained_s,
            empty_s,
            "none",
        ),
        (
            f"{STUDY} with nothing to do against an empty workflow of as many jobs",
            nothing_s,
            empty_nothing_s,
            "none",
        ),
        (f"{STUDY} with nothing to do against 6 s", nothing_s, 6.0, "at most 1"),
        (f"{STUDY} with one country more against 15 s", country_s, 15.0, "at most 1"),
    ):
        yield {
            "benchmark": benchmark,
            "ratio": ours_s / baseline_s,
            "unit": "s",
            "ours": ours_s,
            "baseline": baseline_s,
            "repeats": 1,
            "target": target,
        }
