"""Run every benchmark, print a table and keep it in benchmarks/results.csv."""

import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import pandas as pd

from bench import metering, scale, scenarios, startup, training
from ecosobriety.hardware import describe_hardware
from ecosobriety.provenance import git_commit

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks/results.csv"


def main() -> None:
    """Benchmarks keep the machine to themselves: run nothing beside them."""
    hardware = describe_hardware()
    rows = pd.DataFrame(
        [
            row
            for module in (training, startup, scenarios, metering, scale)
            for row in module.measure()
        ]
    )
    rows = rows.assign(
        measured_at=datetime.now(UTC).isoformat(timespec="seconds"),
        machine=f"{hardware['cpu']}, {hardware['cpus_affinity']} CPUs",
        python=platform.python_version(),
        torch=version("torch"),
        commit=git_commit(ROOT),
    )
    RESULTS.parent.mkdir(exist_ok=True)
    rows.to_csv(RESULTS, mode="a", header=not RESULTS.exists(), index=False)
    print(rows.to_string(index=False))


main()
