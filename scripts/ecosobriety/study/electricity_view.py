"""What is shown of electricity: countries and sources, their emissions and costs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from ecosobriety.errors import RecordError
from ecosobriety.tables import GRID_SOURCE
from ecosobriety.units import readable_batch

OUTLIER_RATIO = 10.0
"""A factor whose high end is more than so many times its central value is called an outlier."""

LISTED_COUNTRIES = (
    *("NOR", "POL", "CHN", "USA", "DEU", "IND", "SWE", "ZAF"),
    *("GBR", "BRA", "JPN", "AUS", "CAN", "SAU", "ESP"),
)
"""Countries that figures pick out among all. The poster compares some and does not name them: these
are both ends of the scale and large users of electricity, those first that are named first."""

EXTREME_COUNTRIES = 3
"""How many countries at either end of the ranking stand beside `LISTED_COUNTRIES`."""

CONTRADICTION = 2.0
"""A country whose intensity is more than so many times off that of its own mix is no extreme."""

MARKS = {"from memory": "†", "secondary copies": "‡", "second-hand": "§"}
"""Marks of factors that were not read in their source itself, by how they were verified."""


def marks_of(factors: pd.DataFrame) -> dict[str, str]:
    """The mark of how each source's factor was verified, by source; empty without one."""
    rows = zip(factors["source"], factors["verified"], strict=True)
    return {str(source): MARKS.get(str(verified), "") for source, verified in rows}


@dataclass(frozen=True)
class ElectricityView:
    """What trainings of one data set and model emit and cost, by country and source.

    Args:
        config: the study's configuration.
        scenarios: its rows of the table `scenarios`.
        savings: its rows of the table `savings`.
        countries: the table `countries`.
        sources: as `sources.load_sources` gives it.
        costs: as `sources.load_costs` gives it.
        reference: the reference size.
        grid_prices: of each country's mix, in the study's currency per kWh.
        consumer_prices: those of them that are consumers', as `Study.consumer_prices` gives them.
    """

    config: Mapping[str, Any]
    scenarios: pd.DataFrame
    savings: pd.DataFrame
    countries: pd.DataFrame
    sources: pd.DataFrame
    costs: pd.DataFrame
    reference: int
    grid_prices: Mapping[str, float]
    consumer_prices: pd.DataFrame | None

    @property
    def country(self) -> str:
        """The country where the trainings were metered (ISO-3166 alpha-3)."""
        return str(self.config["metering"]["country"])

    @cached_property
    def coverage(self) -> float:
        """The highest share of the electricity under contract in the study; 0 without contracts."""
        return float(self.scenarios["coverage"].max())

    @cached_property
    def currency(self) -> str:
        """The study's currency (ISO 4217)."""
        return str(self.config["cost"]["currency"])

    @property
    def grid_price(self) -> float | None:
        """The price of the metering country's mix, in `currency` per kWh."""
        price = self.grid_prices.get(self.country)
        return None if price is None else float(price)

    @cached_property
    def consumer_price(self) -> Mapping[Any, Any] | None:
        """The factor that this price is, with its period and mark; None: the study's own, or none.

        It is a retail price, with taxes, and no cost of production as those of the sources are.
        """
        if self.consumer_prices is None:
            return None
        own = self.consumer_prices[self.consumer_prices["country_iso3"] == self.country]
        return own.to_dict("records")[0] if len(own) else None

    @cached_property
    def country_cells(self) -> pd.DataFrame:
        """One training at the reference size on each country's mix.

        Returns:
            Columns of `scenarios` and country_name, flag, mix_intensity_g_per_kwh; `usable`:
            intensity and share are known and the country's data carry no flag; `contradicts`: its
            intensity is more than `CONTRADICTION` times off what its own mix would have. Sorted by
            country_iso3.
        """
        table = self.scenarios
        cells = table[(table["n_train"] == self.reference) & (table["source"] == GRID_SOURCE)]
        shown = ["country_iso3", "country_name", "flag", "mix_intensity_g_per_kwh", "mix_ratio"]
        names = self.countries[shown]
        cells = cells.merge(names, on="country_iso3", how="left", validate="one_to_one")
        known = cells["emissions_g"].notna() & cells["country_low_carbon_share"].notna()
        cells["usable"] = known & cells["flag"].isna()
        ratio = cells["mix_ratio"]
        cells["contradicts"] = (ratio > CONTRADICTION) | (ratio < 1 / CONTRADICTION)
        return cells.sort_values("country_iso3", ignore_index=True)

    @cached_property
    def source_cells(self) -> pd.DataFrame:
        """Every size on every source at the highest coverage, in the metering country.

        Returns:
            Rows of `scenarios` sorted by n_train, the country's own mix (`grid`) among them.

        Raises:
            RecordError: the table `scenarios` does not hold the metering country.
        """
        table = self.scenarios[self.scenarios["country_iso3"] == self.country]
        if table.empty:
            raise RecordError(
                f"the table `scenarios` has no row for {self.country}, the metering country "
                "(metering.country)"
            )
        chosen = (table["coverage"] == self.coverage) | (table["source"] == GRID_SOURCE)
        return table[chosen].sort_values("n_train", ignore_index=True)

    @cached_property
    def ranked_countries(self) -> pd.DataFrame:
        """`country_cells` with known emissions, from the lowest up, with `rank` from 1.

        Countries whose data carry a flag or contradict their own mix have no rank, unless all do or
        it is the metering country: the ends of a ranking would be theirs, by rounding or by error.
        """
        known = self.country_cells[self.country_cells["emissions_g"].notna()]
        sound = known["flag"].isna() & ~known["contradicts"]
        ranked = known[sound | (known["country_iso3"] == self.country)] if sound.any() else known
        ranked = ranked.sort_values(["emissions_g", "country_iso3"], ignore_index=True)
        return ranked.assign(rank=ranked.index + 1)

    @cached_property
    def shown_countries(self) -> pd.DataFrame:
        """The rows of `ranked_countries` that are shown by name, from the highest down.

        The metering country, `LISTED_COUNTRIES` and `EXTREME_COUNTRIES` at either end.
        """
        ranked = self.ranked_countries
        named = ranked["country_iso3"].isin([self.country, *LISTED_COUNTRIES])
        low = ranked["rank"] <= EXTREME_COUNTRIES
        high = ranked["rank"] > len(ranked) - EXTREME_COUNTRIES
        return ranked[named | low | high].iloc[::-1].reset_index(drop=True)

    @cached_property
    def heat_map_coverage(self) -> float:
        """The coverage of the map of countries and sources; 0 without contracts.

        The configuration's, or else the highest at which the country's mix still counts.
        """
        chosen = self.config["figures"]["heat_map_coverage"]
        if chosen is not None:
            return float(chosen)
        shares = sorted(set(self.scenarios["coverage"]))
        return float(max((share for share in shares if 0 < share < 1), default=shares[-1]))

    @cached_property
    def heat_map(self) -> pd.DataFrame:
        """Emissions (g CO2e) of a training at the reference size by country and electricity.

        Returns:
            A row for each of `shown_countries`, in their order; a column `grid` for the country's
            own mix, and one for each source at `heat_map_coverage`, from the source with the lowest
            intensity up. Null where an intensity is unknown.
        """
        table = self.scenarios[self.scenarios["n_train"] == self.reference]
        at_coverage = table["coverage"] == self.heat_map_coverage
        table = table[at_coverage | (table["source"] == GRID_SOURCE)]
        cells = table.pivot(index="country_iso3", columns="source", values="emissions_g")
        factors = self.sources.set_index("source")["central_g_per_kwh"]
        sources = [source for source in cells if source != GRID_SOURCE]
        # By name first, so that equal intensities stand in the same order everywhere.
        order = factors.reindex(sorted(sources)).sort_values(kind="stable").index
        shown = self.shown_countries["country_iso3"]
        return cells.reindex(index=shown, columns=[GRID_SOURCE, *order])

    def at(self, source: str, n_train: int) -> Mapping[Any, Any]:
        """The row of `source_cells` of one source and size."""
        return self._rows[source, n_train]

    @cached_property
    def _rows(self) -> dict[tuple[str, int], Mapping[Any, Any]]:
        rows = self.source_cells.to_dict("records")
        return {(row["source"], row["n_train"]): row for row in rows}

    def source_order(self, column: str) -> list[str]:
        """The sources with a known value of a column at the reference size, from high to low."""
        if column not in self._orders:
            cells = self.source_cells[self.source_cells["n_train"] == self.reference]
            known = cells.dropna(subset=column).sort_values([column, "source"], ascending=False)
            self._orders[column] = [str(source) for source in known["source"]]
        return list(self._orders[column])

    def headline_order(self, column: str) -> list[str]:
        """As `source_order`, without sources whose factor nobody has looked up.

        Args:
            column: `emissions_g` or `cost`.
        """
        mark = self.cost_mark if column == "cost" else self.intensity_mark
        return [name for name in self.source_order(column) if mark(name) != MARKS["from memory"]]

    @cached_property
    def _orders(self) -> dict[str, list[str]]:
        return {}

    @property
    def cost_batch(self) -> int:
        """How many trainings at the reference size a cost is stated for, to be readable."""
        dearest = self.source_order("cost")[:1]
        costs = [float(self.at(source, self.reference)["cost"]) for source in dearest]
        return readable_batch(costs[0]) if costs else 1

    def source_curve(self, source: str) -> pd.DataFrame:
        """The rows of `source_cells` of one source, indexed by n_train."""
        cells = self.source_cells
        return cells[cells["source"] == source].set_index("n_train", drop=False)

    @cached_property
    def grid_curve(self) -> pd.DataFrame:
        """Every size on the metering country's mix, indexed by n_train."""
        return self.source_curve(GRID_SOURCE)

    def saving(self, n_train: int) -> Mapping[Any, Any]:
        """The row of `savings` of a size on the metering country's mix."""
        return self._savings[n_train]

    @cached_property
    def _savings(self) -> dict[int, Mapping[Any, Any]]:
        table = self.savings[self.savings["country_iso3"] == self.country]
        rows = table[table["source"] == GRID_SOURCE].to_dict("records")
        return {row["n_train"]: row for row in rows}

    def saved_by_contract(self, n_train: int) -> pd.Series:
        """Emissions that a size saves with a contract for each low-carbon source, in g CO2e.

        At the highest coverage in the metering country, from the lowest amount up, by source; of
        all sources where none is low-carbon. Empty without contracts.
        """
        table = self._contracts(self.savings, n_train)
        return self._low_carbon(table["emissions_saved_g"])

    def g_per_kwh_by_contract(self) -> pd.Series:
        """Emissions of a kWh of IT energy with a contract, in g CO2e, PUE included.

        Of the same sources, coverage and country, in the same order.
        """
        table = self._contracts(self.scenarios, self.reference)
        return self._low_carbon(table["emissions_g"] / table["energy_kwh"])

    def _contracts(self, table: pd.DataFrame, n_train: int) -> pd.DataFrame:
        """A size's rows with the highest coverage in the metering country, by source."""
        chosen = (
            (table["n_train"] == n_train)
            & (table["country_iso3"] == self.country)
            & (table["source"] != GRID_SOURCE)
            & (table["coverage"] == self.coverage)
        )
        return table[chosen].set_index("source")

    def are_low_carbon(self, sources: Iterable[str]) -> bool:
        """Whether all of some sources are."""
        return set(sources) <= {*self.sources.loc[self.sources["low_carbon"], "source"]}

    def _low_carbon(self, amounts: pd.Series) -> pd.Series:
        """The known amounts of low-carbon sources, or of all where there are none, rising."""
        known = amounts.dropna()
        low_carbon = self.sources.loc[self.sources["low_carbon"], "source"]
        clean = known[known.index.isin(low_carbon)]
        return (clean if len(clean) else known).sort_index().sort_values(key=abs, kind="stable")

    def intensity_mark(self, source: str) -> str:
        """The mark of how the carbon intensity of a source was verified."""
        return self._intensity_marks.get(source, "")

    def cost_mark(self, source: str) -> str:
        """The mark of how the cost of a source, or the price of the mix, was verified."""
        return self._cost_marks.get(source, "")

    @cached_property
    def _intensity_marks(self) -> dict[str, str]:
        return marks_of(self.sources)

    @cached_property
    def _cost_marks(self) -> dict[str, str]:
        price = self.consumer_price
        mix = {} if price is None else {GRID_SOURCE: MARKS.get(str(price["verified"]), "")}
        return {**marks_of(self.costs), **mix}

    @property
    def outlying_sources(self) -> list[str]:
        """Sources shown whose intensity's high end is far above its central value."""
        factors = self.sources.set_index("source")
        ratio = factors["high_g_per_kwh"] / factors["central_g_per_kwh"]
        shown = self.source_order("emissions_g")
        return [source for source in shown if ratio.get(source, 0.0) > OUTLIER_RATIO]

    @property
    def price_years(self) -> list[int]:
        """The years of the prices of the sources shown, in order."""
        shown = self.costs["source"].isin(self.source_order("cost"))
        return sorted({int(year) for year in self.costs.loc[shown, "price_year"]})

    @property
    def unpriced_sources(self) -> list[str]:
        """The study's sources without a known cost, in the order of their emissions."""
        priced = self.source_order("cost")
        return [
            source
            for source in self.source_order("emissions_g")
            if source not in priced and source != GRID_SOURCE
        ]
