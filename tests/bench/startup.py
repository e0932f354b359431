"""Start-up: what a training job does before it trains, against the import of Lightning alone."""

import subprocess
import sys
from collections.abc import Iterator
from statistics import median
from time import perf_counter
from typing import Any

REPEATS = 7
OURS = """
import gc
gc.disable()
from ecosobriety.hardware import begin_probing
begin_probing()
from ecosobriety import datasets, logs, metering, records, training
gc.enable()
with logs.logged_to("/dev/null"):
    metering.CodeCarbonMeter("FRA").warm_up()
"""


def _run(statement: str) -> float:
    started_at = perf_counter()
    subprocess.run([sys.executable, "-c", statement], check=True, capture_output=True)
    return perf_counter() - started_at


def measure() -> Iterator[dict[str, Any]]:
    """Durations of a fresh Python that imports and warms its meter up as `train_model` does."""
    ours, lightning = [], []
    for _ in range(REPEATS):
        lightning.append(_run("import pytorch_lightning"))
        ours.append(_run(OURS))
    yield {
        "benchmark": "a training job's imports and its meter's warm-up against Lightning's import",
        "ratio": median(o / d for o, d in zip(ours, lightning, strict=True)),
        "unit": "s",
        "ours": median(ours),
        "opponent": median(lightning),
        "repeats": REPEATS,
        "target": "at most 1.2",
    }
