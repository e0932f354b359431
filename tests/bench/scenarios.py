"""How long the scenarios take: a million cells, and whether ten times as many take ten times."""

import multiprocessing
import resource
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import pandas as pd

from ecosobriety.grid import load_costs, load_countries, load_sources
from ecosobriety.scenarios import derive_savings, derive_scenarios
from ecosobriety.units import bytes_to_mb

FACTORS = Path(__file__).parents[2] / "config/factors"
MILLION = 1_000_000
REPEATS = 3
SEEDS = 3


def _derive(cells: int, sender: Any) -> None:
    """Derive `scenarios` and `savings` and send rows, duration (s) and peak memory (MB).

    A process of its own each time: what one has taken from the system, it does not give back.
    """
    countries = load_countries()
    sources = load_sources(FACTORS / "source_intensity.csv")
    costs = load_costs(FACTORS / "source_cost.csv")
    coverage = [0.5, 1.0]
    electricity = len(countries) * (len(sources) * len(coverage) + 1)
    sizes = range(1, -(-cells // electricity) + 1)
    runs = pd.DataFrame(
        [
            {
                "dataset": "fashion-mnist",
                "model": "mlp",
                "n_train": size,
                "seed": seed,
                "energy_kwh": 1e-8 * size * (1 + 0.1 * seed),
            }
            for size in sizes
            for seed in range(SEEDS)
        ]
    )
    started = perf_counter()
    scenarios = derive_scenarios(
        runs,
        countries,
        sources,
        costs,
        country_codes=countries["country_iso3"],
        source_names=sources["source"],
        coverage=coverage,
        confidence=0.95,
        pue=1.2,
        currency="EUR",
        usd_per_unit=1.142,
    )
    derive_savings(scenarios, sizes[-1])
    duration_s = perf_counter() - started
    peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024  # Linux tells KiB
    sender.send((len(scenarios), duration_s, bytes_to_mb(peak_bytes)))


def _measure(cells: int) -> tuple[int, float, float]:
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_derive, args=(cells, sender))
    process.start()
    sender.close()
    measured: tuple[int, float, float] = receiver.recv()
    process.join()
    return measured


def measure() -> Iterator[dict[str, Any]]:
    """The time of ten million cells over ten times that of one million, each per its own rows."""
    ones, tens = [], []
    for _ in range(REPEATS):
        ones.append(_measure(MILLION))
        tens.append(_measure(10 * MILLION))
    per_cell = [
        (ten_s / ten_rows) / (one_s / one_rows)
        for (one_rows, one_s, _), (ten_rows, ten_s, _) in zip(ones, tens, strict=True)
    ]
    one_s, ten_s = (median(row[1] for row in rows) for rows in (ones, tens))
    one_mb = max(row[2] for row in ones)
    yield {
        "benchmark": "scenarios and savings: a cell among ten million against one among a million",
        "ratio": median(per_cell),
        "unit": "s",
        "ours": ten_s,
        "opponent": one_s,
        "repeats": REPEATS,
        "target": "at most 1.5",
    }
    yield {
        "benchmark": "scenarios and savings: a million cells against 3 s",
        "ratio": one_s / 3.0,
        "unit": "s",
        "ours": one_s,
        "opponent": 3.0,
        "repeats": REPEATS,
        "target": "at most 1",
    }
    yield {
        "benchmark": "scenarios and savings: peak memory of a million cells against 1 GB",
        "ratio": one_mb / 1000.0,
        "unit": "MB",
        "ours": one_mb,
        "opponent": 1000.0,
        "repeats": REPEATS,
        "target": "at most 1",
    }
