"""Where a study's numbers come from: configuration, versions, hardware, code, data, factors."""

import hashlib
import json
import platform
import subprocess
from collections.abc import Mapping, Sequence
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from ecosobriety import datasets
from ecosobriety.electricity import consumer_prices
from ecosobriety.metrics import Metric, metric_from
from ecosobriety.reasons import reason
from ecosobriety.records.alike import find_alike, find_uncounted
from ecosobriety.records.record import RunRecord

COMMIT_FILE = ".git_commit"
"""In the folder of software that was fetched without its history (`workflow/rules/place.smk`)."""
_OF_THE_INTAKE = (
    *("task", "test_examples", "test_duplicates", "input_shape", "features", "normalise"),
    *("baselines", "findings", "declared", "unit"),
)
DISTURBED_FROM = 0.10
"""From this share of the CPU time taken by others, a training's energy is reported as disturbed."""


def describe(
    *,
    config: Mapping[str, Any],
    runs: Sequence[RunRecord],
    data_path: Path,
    intake_path: Path,
    factor_paths: Sequence[Path],
    countries_path: Path,
    country_data_path: Path,
    repository: Path,
) -> dict[str, Any]:
    """Gather the provenance of a study, ready for JSON.

    Args:
        config: The configuration as used, with its defaults.
        runs: The records of the study's trainings.
        data_path: The prepared data set.
        intake_path: Its description.
        factor_paths: The tables of factors; that of what consumers pay where the study asks for it.
        countries_path: The table of countries.
        country_data_path: Where that comes from, as `electricity.prepare` gives it.
        repository: Folder of the workflow, for its git commit.

    Returns:
        `config`, `dataset`, `trainings` (number, first start, last end in UTC where known, what
        each model's energy covers, what is odd about its training, how many were disturbed by other
        work on the machine, null where none was measured here), `hardware` (each distinct machine
        once), `versions`, `packages` (every installed one), `meters`, `code` (git commit, null
        outside a repository, and the trainings' fingerprints), `factors` (sha256 of each table),
        `country_data` (the countries' provenance, and `table_sha256` of their table) and
        `consumer_prices` (those that the study has no price of its own for, with their references;
        null where it does not ask for them).
    """
    metric = metric_from(config["metric"])
    data = _data(data_path, intake_path)
    return {
        "config": dict(config),
        "dataset": data,
        "trainings": {
            "number": len(runs),
            "first_started_at": min(filter(None, (run.started_at for run in runs)), default=None),
            "last_ended_at": max(filter(None, (run.ended_at for run in runs)), default=None),
            "windows": {run.model: run.window for run in runs},
            "noticed": {
                model: sentences
                for model in sorted({run.model for run in runs})
                if (sentences := _noticed(runs, model, metric, data["test_examples"]))
            },
            "disturbed": None
            if all(run.window == "imported" for run in runs)
            else sum((run.other_cpu_share or 0.0) > DISTURBED_FROM for run in runs),
        },
        "hardware": _distinct([_machine(run) for run in runs if run.hardware]),
        "versions": {"python": platform.python_version(), **_distinct_versions(runs)},
        "packages": installed_packages(),
        "meters": _distinct([run.metering for run in runs]),
        "components": _distinct(
            [{name: part.model_dump() for name, part in run.components.items()} for run in runs]
        ),
        "code": {
            "git_commit": git_commit(repository),
            "training_fingerprints": sorted({run.code_fingerprint for run in runs}),
        },
        "factors": {path.name: _sha256(path) for path in factor_paths},
        "country_data": {
            **json.loads(country_data_path.read_text(encoding="utf-8")),
            "table_sha256": _sha256(countries_path),
        },
        "consumer_prices": _consumer_prices(config["cost"], factor_paths),
    }


def _consumer_prices(
    cost: Mapping[str, Any], factor_paths: Sequence[Path]
) -> list[dict[str, Any]] | None:
    """The prices of countries' mixes that are not of the study's file."""
    paths = [path for path in factor_paths if path.stem == consumer_prices.TABLE]
    if not paths:
        return None
    table = consumer_prices.load_consumer_prices(paths[0])
    found = consumer_prices.unpriced_by(cost["grid_price_per_kwh"], table)
    rows: list[dict[str, Any]] = json.loads(found.to_json(orient="records"))
    return rows


def _data(data_path: Path, intake_path: Path) -> dict[str, Any]:
    """What is known of the data; of declared ones, what their user said.

    `sha256` is the digest of the content. Nobody has read declared data: `identity`, in its place,
    tells one declaration from another, and says nothing of the data.
    """
    intake = datasets.intake.read(intake_path)
    declared = datasets.declared.load(data_path)
    known = declared or datasets.load(data_path)
    facts = intake.as_json()
    return {
        "name": known.name,
        "sha256" if declared is None else "identity": known.sha256,
        "origin": known.origin,
        "training_examples": intake.train_examples,
        **({"classes": list(known.classes)} if known.classes else {}),
        **({"channels": known.channels} if isinstance(known, datasets.Dataset) else {}),
        **{name: facts[name] for name in _OF_THE_INTAKE},
    }


def installed_packages() -> dict[str, str]:
    """The versions of the installed packages, by name and in the names' order."""
    # Each look at a package's metadata reads its file: there are hundreds of them.
    described = [item.metadata for item in distributions()]
    described.sort(key=lambda item: str(item["Name"]).lower())
    return {item["Name"]: item["Version"] for item in described}


def git_commit(repository: Path) -> str | None:
    """The commit of a checkout, with `-dirty` where files were changed; None outside of one.

    Where Snakemake fetched the software from a hosting site, a file of this name holds it.
    """
    fetched = repository / COMMIT_FILE
    if fetched.exists():
        return fetched.read_text(encoding="utf-8").strip()
    if not (repository / ".git").exists():
        # Else git names the commit of a repository that this folder happens to lie in.
        return None
    try:
        answer = subprocess.run(
            ["git", "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*"],
            cwd=repository,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        # No git, or a repository of another account: the report says that it is not known.
        return None
    return answer.stdout.strip()


def _machine(run: RunRecord) -> dict[str, Any]:
    return {
        **run.hardware,
        "device": run.device,
        "accelerator": run.accelerator,
        "threads": run.threads,
    }


def _distinct(items: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each distinct item once, in the order of appearance."""
    distinct: list[dict[str, Any]] = []
    for item in items:
        if item not in distinct:
            distinct.append(item)
    return distinct


def _distinct_versions(runs: Sequence[RunRecord]) -> dict[str, str]:
    """Versions used by the trainings; several where a study was measured with several."""
    names = sorted({name for run in runs for name in run.versions})
    return {
        name: ", ".join(sorted({run.versions[name] for run in runs if name in run.versions}))
        for name in names
    }


def _noticed(
    runs: Sequence[RunRecord], model: str, metric: Metric, test_examples: int | None = None
) -> list[str]:
    """What is odd about the trainings of a model, and may be meant so."""
    of_model = [run for run in runs if run.model == model]
    each = dict.fromkeys(what for run in of_model for what in run.training.get("noticed", ()))
    imported = any(run.window == "imported" for run in of_model)
    reported = [run for run in of_model if run.window != "fit"]
    counted = find_uncounted(reported, metric, test_examples)
    # Whatever works on them: a training of ours uses one, and a command those that it likes.
    gpus = max((run.metering.get("gpus_metered", 0) for run in of_model), default=0)
    several = [reason("gpus_metered", count=str(gpus))] if gpus > 1 else []
    return [*each, *several, *counted, *(() if imported else find_alike(of_model, metric))]


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
