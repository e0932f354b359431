"""What a finished study left in its folder of results; nothing of it is made again."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ecosobriety import datasets
from ecosobriety.errors import ConfigError, EcosobrietyError, RecordError, quote
from ecosobriety.metrics import Metric, metric_from
from ecosobriety.study_config import files
from ecosobriety.tables import read_table

PROVENANCE = "provenance.json"
FILES = (
    *(PROVENANCE, "recommendation.json"),
    *("tables/runs.csv", "tables/curve.csv", "tables/scenarios.parquet"),
)
"""What is read of a study, in its folder of results, besides what is known of its data set."""
_WORDING = ("title", "languages", "claims", "figures")
MOST = 8
"""Studies on one page: more would fit neither a table nor the name of its folder."""


@dataclass(frozen=True)
class Finished:
    """A study's answer, tables and origin, as its folder of results holds them."""

    name: str
    provenance: dict[str, Any]
    recommendation: dict[str, Any]
    runs: pd.DataFrame
    curve: pd.DataFrame
    scenarios: pd.DataFrame
    intake: datasets.intake.Intake

    @property
    def config(self) -> dict[str, Any]:
        """The study's configuration as it was used."""
        config: dict[str, Any] = self.provenance["config"]
        return config

    @property
    def metric(self) -> Metric:
        """What its trainings are scored by."""
        return metric_from(self.recommendation["metric"])

    @property
    def country(self) -> str:
        """The country where the trainings were metered (ISO-3166 alpha-3)."""
        return str(self.config["metering"]["country"])


def names_to_compare(named: Sequence[str], own: str, others: Sequence[str]) -> list[str]:
    """The studies that are put side by side; the first is the one that ratios are to.

    Args:
        named: `studies`, as `--config` gives it; empty: not given.
        own: the name of the configuration's own study.
        others: its `compare_with`.

    Raises:
        ConfigError: fewer than two are named, or more than `MOST`; a study is named twice. The
            sentence has no file, which is the command line or the study's.
    """
    names = list(named or [own, *others])
    key = "studies" if named else "compare_with"
    if len(names) < 2:
        named_one = f"studies names only {quote(names[0])}" if named else "no study is named"
        raise ConfigError(
            f"compare: {named_one}, but two or more are compared: give --config "
            f"studies='[{own}, OTHER]', or compare_with in the study's file"
        )
    if not named and own in others:
        raise ConfigError(f"compare: compare_with names {quote(own)}, which is this study itself")
    if twice := next((name for i, name in enumerate(names) if name in names[:i]), None):
        raise ConfigError(f"compare: {key} names {quote(twice)} twice: name each study once")
    if len(names) > MOST:
        raise ConfigError(f"compare: {key} gives {len(names)} studies, but at most {MOST} fit")
    return names


def require_finished(names: Sequence[str], results: Path, configs: Path) -> list[str]:
    """That each study has its results; the digest of all of them, so that a change is noticed.

    Args:
        names: of the studies.
        results: the folder with a folder for each study.
        configs: where studies' files are looked for, to name the command.

    Raises:
        ConfigError: there is no such study, or it has no results yet; names it and the command.
    """
    return [_digest(name, results, configs) for name in names]


def other_settings(name: str, results: Path, config: Mapping[str, Any]) -> list[str]:
    """Keys of which a finished study's results have another value than its file has now.

    What only words a report does not count.
    """
    with suppress(OSError, ValueError, KeyError):
        used = json.loads((results / name / PROVENANCE).read_bytes())["config"]
        found = _differing(used, json.loads(json.dumps(config)))
        return sorted(key for key in found if key.partition(".")[0] not in _WORDING)
    return []


def _differing(one: Any, other: Any, key: str = "") -> set[str]:
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        places = {*one, *other}
        inside = ((f"{key}.{place}" if key else place, place) for place in places)
        return set().union(*(_differing(one.get(at), other.get(at), name) for name, at in inside))
    return set() if one == other else {key}


def _digest(name: str, results: Path, configs: Path) -> str:
    folder = results / name
    missing = next((file for file in FILES if not (folder / file).is_file()), None)
    if missing is None:
        digest = hashlib.sha256()
        for file in FILES:
            digest.update((folder / file).read_bytes())
        return digest.hexdigest()
    path = _file_of(name, configs)
    if path is None and not folder.is_dir():
        known = [found.parent.name for found in sorted(results.glob(f"*/{PROVENANCE}"))]
        there = ", ".join(known[:MOST]) or "none"
        raise ConfigError(
            f"compare: no study is called {quote(name)}: neither {results} nor a file of {configs} "
            f"has it; finished here: {there}"
        )
    raise ConfigError(
        f"compare: the study {quote(name)} is not finished, as {folder / missing} is missing: run "
        f"snakemake --cores 2 --configfile {path or 'FILE'} first"
    )


def _file_of(name: str, configs: Path) -> Path | None:
    """The file of a study, among those of a folder."""
    for path in sorted(configs.glob("*.y*ml")):
        with suppress(EcosobrietyError):
            if files.read(path).content.get("study") == name:
                return path
    return None


def read_finished(name: str, results: Path) -> Finished:
    """Read a study that `require_finished` has found.

    Raises:
        RecordError: its files do not follow the contract, or are of another study.
    """
    folder = results / name
    provenance, recommendation = (_read_json(folder / file) for file in FILES[:2])
    config = provenance["config"]
    if config["study"] != name:
        raise RecordError(
            f"{folder / PROVENANCE} is of the study {quote(config['study'])}, not of {quote(name)}"
        )
    metric = metric_from(recommendation["metric"])
    runs, curve, scenarios = (
        read_table(Path(file).stem, folder / file, metric) for file in FILES[2:]
    )
    return Finished(
        name=name,
        provenance=provenance,
        recommendation=recommendation,
        runs=runs,
        curve=curve,
        scenarios=scenarios,
        intake=datasets.intake.read(folder / f"data/{config['dataset']['name']}.intake.json"),
    )


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(path.read_bytes())
    except ValueError as error:
        raise RecordError(f"{path} is not JSON, or truncated") from error
    return content
