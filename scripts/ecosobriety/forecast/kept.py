"""Forecasts that were made, where they lie.

They are looked for wherever rules are read, so nothing that is slow to import is needed here.
"""

import hashlib
import json
import statistics
from collections import defaultdict
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Any

FOLDER = "forecast"
"""Below a study's results, the measured batches of its models; below its attempts, their energy."""


def digest(*parts: str) -> str:
    """The fingerprint of what decides a forecast."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def pilot_path(results: Path, dataset: str, model: str) -> Path:
    """Where the measured batches of a model lie."""
    return results / FOLDER / dataset / f"{model}.json"


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
