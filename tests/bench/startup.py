"""Start-up: what a training job does before it trains, against the import of Lightning alone."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

REPEATS = 7
SCRIPT = Path(__file__).parents[2] / "scripts/train_model.py"
WARM_UP = """
with logs.logged_to("/dev/null"):
    metering.CodeCarbonMeter("FRA").warm_up()
"""


def _ours() -> str:
    """The script of a training job up to its work, of which the warm-up is the beginning."""
    imports, _, work = SCRIPT.read_text(encoding="utf-8").partition("\nwith logs.logged_to")
    assert work, f"{SCRIPT} has another form"
    return imports + WARM_UP


def _run(statement: str) -> float:
    started_at = perf_counter()
    subprocess.run([sys.executable, "-c", statement], check=True, capture_output=True)
    return perf_counter() - started_at


def measure() -> Iterator[dict[str, Any]]:
    """Durations of a fresh Python that imports and warms its meter up as `train_model` does."""
    statement = _ours()
    ours, lightning = [], []
    for _ in range(REPEATS):
        lightning.append(_run("import pytorch_lightning"))
        ours.append(_run(statement))
    yield {
        "benchmark": "a training job's imports and its meter's warm-up against Lightning's import",
        "ratio": median(o / d for o, d in zip(ours, lightning, strict=True)),
        "unit": "s",
        "ours": median(ours),
        "baseline": median(lightning),
        "repeats": REPEATS,
        "target": "at most 1.2",
    }
