"""Scenarios: a million cells, ten times as many, and the bare arithmetic of them in numpy."""

import multiprocessing
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ecosobriety.electricity.codecarbon_table import load_countries
from ecosobriety.electricity.sources import load_costs, load_sources
from ecosobriety.footprint.derive import (
    Accounting,
    Factors,
    average_energy,
    convert_costs,
    derive_savings,
    derive_scenarios,
)
from ecosobriety.hardware import peak_memory_mb

FACTORS = Path(__file__).parents[2] / "config/factors"
MILLION = 1_000_000
REPEATS = 3
SEEDS = 3
COVERAGE = [0.5, 1.0]
PUE = 1.2
CURRENCY, USD_PER_UNIT = "EUR", 1.142
CONFIDENCE = 0.95


class Measured(NamedTuple):
    """One derivation: rows of `scenarios`, durations in s, and the peak of the memory in MB."""

    cells: int
    scenarios_s: float
    all_s: float
    peak_mb: float
    numpy_s: float


def _derive(cells: int, sender: Any) -> None:
    """Derive `scenarios` and `savings`, then the same numbers in numpy, and send what they took.

    A process of its own each time: what one has taken from the system, it does not give back.
    """
    countries = load_countries()
    sources = load_sources(FACTORS / "poster" / "source_intensity.csv")
    costs = load_costs(FACTORS / "poster" / "source_cost.csv")
    electricity = len(countries) * (len(sources) * len(COVERAGE) + 1)
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
    started_at = perf_counter()
    scenarios = derive_scenarios(
        runs,
        Factors(countries, sources, costs),
        Accounting(COVERAGE, CONFIDENCE, PUE, CURRENCY, USD_PER_UNIT),
        country_codes=countries["country_iso3"],
        source_names=sources["source"],
    )
    scenarios_s = perf_counter() - started_at
    derive_savings(scenarios, sizes[-1])
    all_s = perf_counter() - started_at
    peak_mb = peak_memory_mb()
    energies = average_energy(runs, CONFIDENCE)
    started_at = perf_counter()
    emissions_g = _derive_in_numpy(energies, countries, sources, costs)
    numpy_s = perf_counter() - started_at
    # The same cells in both, grid and partial contracts included.
    ours_g, theirs_g = np.nansum(scenarios["emissions_g"]), np.nansum(emissions_g)
    assert np.isclose(ours_g, theirs_g), (ours_g, theirs_g)
    sender.send(Measured(len(scenarios), scenarios_s, all_s, peak_mb, numpy_s))


def _derive_in_numpy(
    energies: pd.DataFrame, countries: pd.DataFrame, sources: pd.DataFrame, costs: pd.DataFrame
) -> NDArray[np.float64]:
    """Emissions in g of all cells, (sizes, countries, contracts); costs and bounds on the way.

    Nothing but the arithmetic: no keys, no columns that explain a cell, no order.
    """
    share = np.array([0.0, *(s for _ in sources["source"] for s in COVERAGE)])
    names = ["central", "low", "high"]
    prices = convert_costs(costs, CURRENCY, USD_PER_UNIT).reindex(sources["source"])
    no_source = np.zeros((1, len(names)))
    per_source = [sources[[f"{name}_g_per_kwh" for name in names]], prices]
    # (contracts, bounds): the grid first, as a contract on nothing.
    source_g, source_price = (
        np.vstack([no_source, np.repeat(table.to_numpy(), len(COVERAGE), axis=0)])
        for table in per_source
    )
    grid_g = countries["intensity_g_per_kwh"].to_numpy()
    used_kwh = energies[["energy_kwh", "energy_kwh_low", "energy_kwh_high"]].to_numpy() * PUE
    emissions_g, costs_eur = [], []
    for bound in range(len(names)):
        from_grid = np.where(share < 1, (1 - share) * grid_g[:, None], 0.0)
        intensity = from_grid + share * source_g[:, bound]
        # Without prices of the grid, only a whole contract has a cost.
        price = np.where(share < 1, np.nan, share * source_price[:, bound])
        emissions_g.append(used_kwh[:, bound, None, None] * intensity)
        costs_eur.append(used_kwh[:, bound, None, None] * np.broadcast_to(price, intensity.shape))
    return emissions_g[0]


def _measure(cells: int) -> Measured:
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_derive, args=(cells, sender))
    process.start()
    sender.close()
    measured: Measured = receiver.recv()
    process.join()
    return measured


def measure() -> Iterator[dict[str, Any]]:
    """The time of ten million cells over ten times that of one million, each per its own rows."""
    ones, tens = [], []
    for _ in range(REPEATS):
        ones.append(_measure(MILLION))
        tens.append(_measure(10 * MILLION))
    one_s, ten_s = (median(row.all_s for row in rows) for rows in (ones, tens))
    one_mb = max(row.peak_mb for row in ones)
    yield {
        "benchmark": "scenarios: a million cells, as a table, against their arithmetic in numpy",
        "ratio": median(row.scenarios_s / row.numpy_s for row in ones),
        "unit": "s",
        "ours": median(row.scenarios_s for row in ones),
        "baseline": median(row.numpy_s for row in ones),
        "repeats": REPEATS,
        "target": "none: what keys, order and a table cost",
    }
    yield {
        "benchmark": "scenarios and savings: a cell among ten million against one among a million",
        "ratio": median(
            (ten.all_s / ten.cells) / (one.all_s / one.cells)
            for one, ten in zip(ones, tens, strict=True)
        ),
        "unit": "s",
        "ours": ten_s,
        "baseline": one_s,
        "repeats": REPEATS,
        "target": "at most 1.5",
    }
    yield {
        "benchmark": "scenarios and savings: a million cells against 3 s",
        "ratio": one_s / 3.0,
        "unit": "s",
        "ours": one_s,
        "baseline": 3.0,
        "repeats": REPEATS,
        "target": "at most 1",
    }
    yield {
        "benchmark": "scenarios and savings: peak memory of a million cells against 1 GB",
        "ratio": one_mb / 1000.0,
        "unit": "MB",
        "ours": one_mb,
        "baseline": 1000.0,
        "repeats": REPEATS,
        "target": "at most 1",
    }
