"""Forecasts that were made, where they lie.

They are looked for wherever rules are read, so nothing that is slow to import is needed here.
"""

import hashlib
import json
import statistics
from collections import defaultdict
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ecosobriety.records.collecting import identity_of

FOLDER = "forecast"
"""Below a study's results, the measured batches of its models; below its attempts, their energy."""


def digest(*parts: str) -> str:
    """The fingerprint of what decides a forecast."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def pilot_path(results: Path, dataset: str, model: str) -> Path:
    """Where the measured batches of a model lie."""
    return results / FOLDER / dataset / f"{model}.json"


def ends_of(settings: Mapping[str, Any]) -> tuple[int, int]:
    """The sizes of a study whose batches a budget measures: the smallest and the largest."""
    return min(settings["sizes"]), max(settings["sizes"])


def read_batches(settings: Mapping[str, Any], sha256: str, model: str) -> dict[str, Any] | None:
    """The batches of a model that lie there; None: there are none, or they are of other trainings.

    Args:
        settings: of a budget, as of `gate.Gate`.
        sha256: the digest of the data set.
        model: one of `networks` in the settings.
    """
    of = (sha256, model, settings["networks"][model])
    seed, code = settings["seeds"][0], settings["code"]
    parameters = json.loads(settings["parameters"])
    identities = [identity_of(*of, n, seed, parameters, code) for n in ends_of(settings)]
    path = pilot_path(Path(settings["results"]), settings["dataset"], model)
    with suppress(OSError, ValueError, TypeError):
        found = json.loads(path.read_bytes())
        if found.get("identities") == identities:
            return dict(found)
    return None


def attempts_path(results: Path, dataset: str, model: str) -> Path:
    """Where the ledger has what measuring them took."""
    return results / "attempts" / dataset / model / FOLDER


def spent_kwh(results: Path, dataset: str) -> dict[str, float]:
    """The energy of all batches that were measured for forecasts, in kWh, by model.

    Args:
        results: the study's folder.
        dataset: the data set's name.
    """
    spent: dict[str, float] = defaultdict(float)
    for path in sorted(Path(results, "attempts", dataset).glob(f"*/{FOLDER}/*.json")):
        with suppress(OSError, ValueError, KeyError, TypeError):
            spent[path.parents[1].name] += float(json.loads(path.read_bytes())["energy_kwh"])
    return dict(spent)


def kept_forecast(path: Path, asked: str) -> dict[str, Any] | None:
    """A forecast that was made for just what is asked now; None: there is none.

    Args:
        path: its file.
        asked: the `digest` of what decides it.
    """
    with suppress(OSError, ValueError):
        found = json.loads(path.read_bytes())
        if isinstance(found, dict) and found.get("asked") == asked:
            return found
    return None


def past_forecasts(results: Path, besides: Collection[str] = ()) -> dict[str, Any] | None:
    """How good forecasts were in the studies of a folder.

    Args:
        results: the folder with the results of all studies.
        besides: names of studies to leave out.

    Returns:
        `studies`, how many, and the lowest, median and highest energy that was measured over that
        forecast: `low`, `median`, `high`; None: no study has had a forecast and its outcome.
    """
    ratios = []
    for path in sorted(results.glob("*/recommendation.json")):
        if path.parent.name in besides:
            continue
        with suppress(OSError, ValueError, KeyError, TypeError):
            ratios.append(
                float(json.loads(path.read_bytes())["forecast"]["outcome"]["energy_ratio"])
            )
    if not ratios:
        return None
    return {
        "studies": len(ratios),
        "low": min(ratios),
        "median": statistics.median(ratios),
        "high": max(ratios),
    }
