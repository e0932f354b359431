"""What a measured training emits and costs in every country and from every energy source.

A training is measured once; everything here is arithmetic on it, whole columns at a time.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ecosobriety.decision import mean_interval
from ecosobriety.decision.intervals import comparable_values
from ecosobriety.electricity.countries import select_countries
from ecosobriety.electricity.sources import load_costs, load_sources, select_sources
from ecosobriety.errors import ConfigError, DataError
from ecosobriety.tables import GRID_SOURCE, SCHEMAS, read_table

_CELL = ["dataset", "model", "n_train"]
_ELECTRICITY = ["country_iso3", "source", "coverage"]
_BOUNDS = {"": "central", "_low": "low", "_high": "high"}
_COST_CURRENCY = "USD"


@dataclass(frozen=True, eq=False)
class Factors:
    """The tables that scenarios are derived from.

    Attributes:
        countries: as `codecarbon_table.load_countries` gives it.
        sources: as `sources.load_sources` gives it.
        costs: as `sources.load_costs` gives it; a source that is not in it has a null cost.
    """

    countries: pd.DataFrame
    sources: pd.DataFrame
    costs: pd.DataFrame

    @classmethod
    def read(cls, paths: Mapping[str, str]) -> Self:
        """Read the files of these three names.

        Raises:
            DataError: one of them is missing or is not what it should be.
        """
        countries, sources, costs = (
            Path(paths[name]) for name in ("countries", "sources", "costs")
        )
        return cls(read_table("countries", countries), load_sources(sources), load_costs(costs))


@dataclass(frozen=True)
class Accounting:
    """How a training's energy becomes emissions and money.

    Attributes:
        coverage: shares in (0, 1] of the electricity under contract with a source.
        confidence: level of the two-sided interval of the energy, such as 0.95.
        pue: power usage effectiveness: energy of the site over IT energy, at least 1.
        currency: the study's currency (ISO-4217).
        usd_per_unit: US dollars for one unit of `currency`.
        grid_price_per_kwh: by country code, the price of grid electricity in `currency` per kWh.
    """

    coverage: Sequence[float]
    confidence: float
    pue: float
    currency: str
    usd_per_unit: float
    grid_price_per_kwh: Mapping[str, float] = field(default_factory=dict)


def derive_tables(
    runs: pd.DataFrame,
    factors: Factors,
    *,
    accounting: Mapping[str, Any],
    country_codes: Iterable[str],
    source_names: Iterable[str],
    reference_n_train: int | Literal["max"],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The tables `scenarios` and `savings`: `derive_scenarios`, and `derive_savings` of it.

    Args:
        runs: the table `runs`.
        factors: of countries and sources.
        accounting: the arguments of `Accounting`.
        country_codes: as of `derive_scenarios`.
        source_names: likewise.
        reference_n_train: as of `derive_savings`.

    Raises:
        ConfigError: as they do.
        DataError: likewise.
    """
    scenarios = derive_scenarios(
        runs,
        factors,
        Accounting(**accounting),
        country_codes=country_codes,
        source_names=source_names,
        reference_n_train=reference_n_train,
    )
    return scenarios, derive_savings(scenarios, reference_n_train)


def derive_scenarios(
    runs: pd.DataFrame,
    factors: Factors,
    accounting: Accounting,
    *,
    country_codes: Iterable[str],
    source_names: Iterable[str],
    reference_n_train: int | Literal["max"] = "max",
) -> pd.DataFrame:
    """Derive the emissions and the cost of every training in every country from every source.

    With a = coverage, the share of the electricity under contract with a source s (GHG Protocol,
    Scope 2 Guidance: a = 0 is the location-based view, a = 1 the market-based one):

        intensity   = a * I_source(s) + (1 - a) * I_grid(country)      g CO2e/kWh
        emissions_g = energy_kwh * PUE * intensity                     g CO2e
        cost        = energy_kwh * PUE * (a * LCOE(s) + (1 - a) * grid price)

    A null factor makes null only what uses it: a country without intensity still has emissions at
    a = 1. LCOE is the cost of production. No table of grid prices comes with the study, so the
    cost of a partial contract and of the grid is null unless `grid_price_per_kwh` has the country.

    Low and high combine the seeds' interval of the energy (Student t; null with one seed) with the
    stated range of the source's factor. A source whose factor has no stated range has no low and
    high at all: the seeds' narrow interval alone, beside the wide one of a source with a range,
    would look like certainty. A country's intensity is published as one number without a range.
    It therefore enters the bounds of emissions as it is, and those of `grid` hold the seeds'
    interval alone, which is why the intensity's own bounds are null for `grid`.

    Args:
        runs: the table `runs`; `energy_kwh` is IT energy, averaged here by `average_energy`.
        factors: of countries and sources.
        accounting: coverage, PUE, prices, and the confidence of bounds.
        country_codes: ISO-3166 alpha-3 codes of the countries to derive.
        source_names: the sources to derive, beside the grid.
        reference_n_train: as of `derive_savings`, for sizes that lack seeds; it need not be there.

    Returns:
        The table `scenarios`, sorted by its key: for each data set, model and size, and for each
        country, one row `grid` at coverage 0 and one for each source and coverage.

    Raises:
        ConfigError: a country or a source is unknown.
        DataError: a cost is neither in US dollars nor in the study's currency.
    """
    countries = select_countries(factors.countries, country_codes)
    sources = select_sources(factors.sources, source_names)
    asked = factors.costs[factors.costs["source"].isin(sources["source"])]
    costs = convert_costs(asked, accounting.currency, accounting.usd_per_unit)
    offers = _list_offers(sources, costs)
    mixes = _list_mixes(countries, accounting.grid_price_per_kwh)
    contracts = _list_contracts(offers, accounting.coverage)
    electricity = _blend_electricity(mixes.merge(contracts, how="cross"))
    table = average_energy(runs, accounting.confidence, reference_n_train).merge(
        electricity, how="cross"
    )
    for bound in _BOUNDS:
        used_kwh = table["energy_kwh" + bound] * accounting.pue
        table["emissions_g" + bound] = used_kwh * table["intensity_g_per_kwh" + bound]
        table["cost" + bound] = used_kwh * table["price_per_kwh" + bound]
    on_grid = table["coverage"] == 0
    for bound in ("_low", "_high"):
        table["intensity_g_per_kwh" + bound] = table["intensity_g_per_kwh" + bound].mask(on_grid)
    table["currency"] = pd.Series(accounting.currency, index=table.index, dtype="str")
    return table[list(SCHEMAS["scenarios"].columns)]


def average_energy(
    runs: pd.DataFrame, confidence: float, reference_n_train: int | Literal["max"] = "max"
) -> pd.DataFrame:
    """Average the energy over the seeds of each data set, model and size.

    Where a size's seeds are not those of the reference, by `comparable_values`.

    Returns:
        dataset, model, n_train, energy_kwh and the ends of its Student t interval, energy_kwh_low
        (not below 0) and energy_kwh_high; both null with one seed.
    """
    rows = []
    for cell, group in runs.groupby(_CELL[:2], sort=True):
        reference = group["n_train"].max() if reference_n_train == "max" else reference_n_train
        energies_kwh = comparable_values(group, "energy_kwh", int(reference), ratio=True)
        rows += [
            (*cell, n_train, *mean_interval(own_kwh, confidence, lowest=0.0))
            for n_train, own_kwh in energies_kwh.items()
        ]
    names = ["energy_kwh", "energy_kwh_low", "energy_kwh_high"]
    return pd.DataFrame(rows, columns=[*_CELL, *names])


def _list_mixes(countries: pd.DataFrame, grid_price_per_kwh: Mapping[str, float]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "country_iso3": countries["country_iso3"],
            "country_low_carbon_share": countries["low_carbon_share"],
            "country_year": countries["year"],
            "grid_g_per_kwh": countries["intensity_g_per_kwh"],
            "grid_price_per_kwh": countries["country_iso3"].map(grid_price_per_kwh).astype(float),
        }
    )


def convert_costs(costs: pd.DataFrame, currency: str, usd_per_unit: float) -> pd.DataFrame:
    """Convert the costs of sources into the study's currency.

    Args:
        costs: as `sources.load_costs` gives it, in US dollars or in `currency`.
        currency: the study's currency (ISO-4217).
        usd_per_unit: US dollars for one unit of `currency`.

    Returns:
        low_per_kwh, central_per_kwh, high_per_kwh in `currency`, indexed by source.

    Raises:
        DataError: a cost is in another currency.
    """
    foreign = costs[~costs["currency"].isin([_COST_CURRENCY, currency])]
    if len(foreign):
        raise DataError(
            f"the cost of {foreign['source'].iloc[0]} is in {foreign['currency'].iloc[0]}; allowed "
            f"are {_COST_CURRENCY} and the study's currency (cost.currency: {currency})"
        )
    rate = np.where(costs["currency"] == currency, 1.0, usd_per_unit)
    bounds = [f"{name}_per_kwh" for name in _BOUNDS.values()]
    return costs.set_index("source")[bounds].div(rate, axis=0)


def _list_offers(sources: pd.DataFrame, costs: pd.DataFrame) -> pd.DataFrame:
    """Intensity and price of each source."""
    offers = pd.DataFrame({"source": sources["source"]})
    prices = costs.reindex(sources["source"])
    for bound, name in _BOUNDS.items():
        offers["source_g_per_kwh" + bound] = sources[f"{name}_g_per_kwh"]
        offers["source_price_per_kwh" + bound] = prices[f"{name}_per_kwh"].to_numpy()
    return offers


def _list_contracts(offers: pd.DataFrame, coverage: Iterable[float]) -> pd.DataFrame:
    """Each source at each coverage, and the grid alone at coverage 0, sorted."""
    shares = pd.DataFrame({"coverage": sorted({float(share) for share in coverage})})
    grid = pd.DataFrame({"source": [GRID_SOURCE], "coverage": [0.0]})
    contracts = pd.concat([offers.merge(shares, how="cross"), grid])
    return contracts.sort_values(["source", "coverage"], ignore_index=True)


def _blend_electricity(pairs: pd.DataFrame) -> pd.DataFrame:
    """Intensity and price of each pair of a country and a contract."""
    kept = [*_ELECTRICITY, "country_low_carbon_share", "country_year"]
    electricity = pairs[kept].copy()
    for bound in _BOUNDS:
        for blended, source, grid in (
            ("intensity_g_per_kwh", "source_g_per_kwh", "grid_g_per_kwh"),
            ("price_per_kwh", "source_price_per_kwh", "grid_price_per_kwh"),
        ):
            electricity[blended + bound] = _blend(
                pairs["coverage"], pairs[source + bound], pairs[grid]
            )
    return electricity


def _blend(share: pd.Series, source: pd.Series, grid: pd.Series) -> NDArray[np.float64]:
    """Weighted mean in which a null counts only where its weight is not 0."""
    from_source = np.where(share > 0, share * source, 0.0)
    from_grid = np.where(share < 1, (1 - share) * grid, 0.0)
    return from_source + from_grid


def derive_savings(
    scenarios: pd.DataFrame, reference_n_train: int | Literal["max"]
) -> pd.DataFrame:
    """Derive what each size saves against the reference size on the same electricity.

    `saved_share` is the saved share of the reference's energy. It is that of the reference's
    emissions and cost too, because the electricity is the same. Energies are IT energies in kWh;
    emissions (g CO2e) and cost include the PUE. A size above the reference saves less than 0. The
    share is null where the reference took no energy: nothing has no shares.

    Args:
        scenarios: the table `scenarios`.
        reference_n_train: the size compared with, in examples, or `max`: the largest of each data
            set and model.

    Returns:
        The table `savings`, in the order of `scenarios`.

    Raises:
        ConfigError: a data set and model have no run of the reference size.
    """
    key = ["dataset", "model", *_ELECTRICITY]
    amounts = ["energy_kwh", "emissions_g", "cost"]
    sizes = scenarios["n_train"]
    compared = (
        scenarios.groupby(["dataset", "model"])["n_train"].transform("max")
        if reference_n_train == "max"
        else reference_n_train
    )
    reference = scenarios.loc[sizes == compared, key + amounts]
    pairs = scenarios[["n_train", *key, *amounts]].merge(
        reference, on=key, how="left", suffixes=("", "_reference"), validate="many_to_one"
    )
    orphans = pairs[pairs["energy_kwh_reference"].isna()]
    if len(orphans):
        dataset, model = orphans[["dataset", "model"]].iloc[0]
        same = (scenarios["dataset"] == dataset) & (scenarios["model"] == model)
        found = sizes[same].unique()
        raise ConfigError(
            f"analysis.reference_n_train: {model} on {dataset} has no run of size "
            f"{reference_n_train}; allowed are {', '.join(map(str, found))}"
        )
    for name, saved in zip(
        amounts, ["energy_saved_kwh", "emissions_saved_g", "cost_saved"], strict=True
    ):
        pairs[saved] = pairs[f"{name}_reference"] - pairs[name]
    whole_kwh = pairs["energy_kwh_reference"].where(pairs["energy_kwh_reference"] > 0)
    pairs["saved_share"] = pairs["energy_saved_kwh"] / whole_kwh
    return pairs[list(SCHEMAS["savings"].columns)]
