"""What figures and report show of a study: one data set and model at a time.

Figure, caption and table speak of the same rows because all of them take them from here.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ecosobriety import datasets
from ecosobriety.electricity.sources import load_costs, load_sources
from ecosobriety.errors import RecordError
from ecosobriety.footprint.equivalents import load_equivalents
from ecosobriety.methods import Inputs, Summary, load_inputs, summarise
from ecosobriety.metrics import ACCURACY, Metric, metric_of
from ecosobriety.tables import GRID_SOURCE, read_table
from ecosobriety.units import readable_batch

OUTLIER_RATIO = 10.0
"""A factor whose high end is more than so many times its central value is told as an outlier."""

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

MARKS = {"from memory": "†", "secondary copies": "‡"}
"""Marks of factors that were not read in their source itself, by how they were verified."""


def mark_of(factors: pd.DataFrame, source: str) -> str:
    """The mark of how a source's factor was verified; empty without one."""
    verified = factors.loc[factors["source"] == source, "verified"]
    return MARKS.get(str(verified.iloc[0]), "") if len(verified) else ""


def pareto_front(
    energy_kwh: pd.Series, scores: pd.Series, metric: Metric = ACCURACY
) -> NDArray[np.bool_]:
    """Which points no other one beats: with no more energy and no worse a score, one of them truly.

    Args:
        energy_kwh: energy of each point, shape (points,).
        scores: its score, same shape.
        metric: what the scores are.
    """
    energy, gain = energy_kwh.to_numpy(), metric.sign * scores.to_numpy()
    as_good = (energy <= energy[:, np.newaxis]) & (gain >= gain[:, np.newaxis])
    better = (energy < energy[:, np.newaxis]) | (gain > gain[:, np.newaxis])
    return np.asarray(~(as_good & better).any(axis=1))


@dataclass(frozen=True)
class Study:
    """A study's configuration, tables and factors, as their modules read them."""

    config: Mapping[str, Any]
    runs: pd.DataFrame
    curve: pd.DataFrame
    scenarios: pd.DataFrame
    savings: pd.DataFrame
    methods: pd.DataFrame
    method_ranks: Mapping[str, float | None]
    countries: pd.DataFrame
    sources: pd.DataFrame
    costs: pd.DataFrame
    method_inputs: Inputs
    recommendation: Mapping[str, Any]
    country_data: Mapping[str, Any]
    everyday: pd.DataFrame
    intake: datasets.intake.Intake

    @cached_property
    def metric(self) -> Metric:
        """What the trainings are scored by."""
        return metric_of(self.curve.columns)

    @cached_property
    def method_summaries(self) -> list[Summary]:
        """Each method of quantification over all trainings."""
        return summarise(self.methods)

    @cached_property
    def countries_in_use(self) -> pd.DataFrame:
        """The rows of `countries` that the scenarios are derived for."""
        used = self.countries["country_iso3"].isin(self.scenarios["country_iso3"].unique())
        return self.countries[used].reset_index(drop=True)

    @cached_property
    def efficiency(self) -> pd.DataFrame:
        """Every model and size: what it reaches beside what it takes.

        Returns:
            Columns of `curve` and emissions_g, those of one training on the metering country's mix;
            `on_front`: nothing else is as good with as little energy. In the order of `curve`.
        """
        key = ["dataset", "model", "n_train"]
        own_mix = (self.scenarios["country_iso3"] == self.config["metering"]["country"]) & (
            self.scenarios["source"] == GRID_SOURCE
        )
        emissions = self.scenarios.loc[own_mix, [*key, "emissions_g"]]
        table = self.curve.merge(emissions, on=key, how="left", validate="one_to_one")
        table["on_front"] = pareto_front(
            table["energy_kwh_mean"], table[f"{self.metric.name}_mean"], self.metric
        )
        return table

    @cached_property
    def emissions_batch(self) -> int:
        """How many trainings emissions are told for, so that 1 g or more is to be read.

        By the study's largest training on the metering country's mix; where that is unknown, by the
        largest emissions of all. One number for the whole study, so that its models compare.
        """
        own_mix = self.efficiency["emissions_g"].dropna()
        known = own_mix if len(own_mix) else self.scenarios["emissions_g"].dropna()
        return readable_batch(float(known.max())) if len(known) else 1

    def cases(self) -> list["Case"]:
        """The data sets and models of the study, in the order of the table `curve`."""
        pairs = self.curve[["dataset", "model"]].drop_duplicates()
        return [Case(self, str(row.dataset), str(row.model)) for row in pairs.itertuples()]

    def case(self, dataset: str, model: str) -> "Case":
        """One data set and model.

        Raises:
            RecordError: the table `curve` does not hold it; names those that it holds.
        """
        cases = self.cases()
        for case in cases:
            if (case.dataset, case.model) == (dataset, model):
                return case
        known = ", ".join(f"{case.model} on {case.dataset}" for case in cases)
        raise RecordError(f"the table `curve` has no {model} on {dataset}; it has {known}")


@dataclass(frozen=True)
class Case:
    """One data set and model of a study: its rows, and the sizes that the report speaks of."""

    study: Study
    dataset: str
    model: str

    def _rows(self, table: pd.DataFrame) -> pd.DataFrame:
        return table[(table["dataset"] == self.dataset) & (table["model"] == self.model)]

    @cached_property
    def runs(self) -> pd.DataFrame:
        """The rows of `runs`."""
        return self._rows(self.study.runs)

    @property
    def energy_quality(self) -> str:
        """`measured`, `estimated` or `mixed`, over all runs."""
        found = set(self.runs["energy_quality"])
        return str(found.pop()) if len(found) == 1 else "mixed"

    @cached_property
    def curve(self) -> pd.DataFrame:
        """The rows of `curve`, from the smallest size up, indexed by n_train."""
        return self._rows(self.study.curve).sort_values("n_train").set_index("n_train", drop=False)

    @property
    def metric(self) -> Metric:
        """What the trainings are scored by."""
        return self.study.metric

    @property
    def scores(self) -> pd.Series:
        """The mean score of each size."""
        return self.curve[f"{self.metric.name}_mean"]

    @property
    def differences(self) -> pd.Series:
        """The mean difference of each size to the reference."""
        return self.curve[f"{self.metric.name}_diff_mean"]

    @property
    def bounds(self) -> pd.Series:
        """The one-sided bound of each size's difference, that of the worse."""
        return self.curve[f"{self.metric.name}_diff_{self.metric.bound}"]

    @cached_property
    def result(self) -> Mapping[str, Any]:
        """The result of `recommendation.add_savings`."""
        return next(
            result
            for result in self.study.recommendation["results"]
            if (result["dataset"], result["model"]) == (self.dataset, self.model)
        )

    @property
    def answers(self) -> list[Mapping[str, Any]]:
        """The answers at every margin, the study's own among them, from the smallest margin up."""
        own = self.result["configured"]
        others = [answer for answer in self.result["ladder"] if answer["margin"] != own["margin"]]
        return sorted([own, *others], key=lambda answer: float(answer["margin"]))

    @cached_property
    def reference(self) -> int:
        """The reference size."""
        return int(self.result["reference_n_train"])

    @cached_property
    def sufficient(self) -> int:
        """The smallest size that is not worse; the reference itself if no smaller one is.

        Also where nothing can be recommended at all.
        """
        size = self.result["configured"]["sufficient_n_train"]
        return self.reference if size is None else int(size)

    @property
    def no_recommendation(self) -> str | None:
        """Why no size can be recommended, as `decision.evidence` names it; None where one can."""
        reason = self.result["configured"]["no_recommendation"]
        return None if reason is None else str(reason)

    @property
    def baseline(self) -> float:
        """The score of always giving the same answer."""
        return float(self.study.recommendation["baseline"])

    @property
    def smaller_suffices(self) -> bool:
        """Whether a size below the reference is enough."""
        return self.sufficient < self.reference

    @cached_property
    def stop(self) -> int | None:
        """The size whose saving is shown: the sufficient one, or else the one nearest to half.

        The poster stopped at half the reference. None where no size lies below the reference.
        """
        return self.sufficient if self.smaller_suffices else self.nearest_to_half

    @property
    def nearest_to_half(self) -> int | None:
        """The size below the reference that is nearest to its half; the smaller one of two."""
        below = [int(size) for size in self.curve.index if size < self.reference]
        return min(below, key=lambda size: abs(size - self.reference / 2), default=None)

    @property
    def first_failing(self) -> int | None:
        """The largest size below the sufficient one: where the sequence of tests stopped."""
        below = [int(size) for size in self.curve.index if size < self.sufficient]
        return max(below, default=None)

    @property
    def most_accurate(self) -> int:
        """The size with the best mean score, the smallest of them where several have it."""
        gain = self.metric.sign * self.scores
        return int(self.curve["n_train"].iloc[int(gain.argmax())])

    @cached_property
    def pace_spread(self) -> float:
        """How many times more energy per optimiser step one size took than another, by medians.

        The same network and batch cost the same at every size; more than 1 is the machine's doing
        (another clock, neighbours on a shared machine), and an error of every ratio of energies.
        """
        per_step = (self.runs["energy_kwh"] / self.runs["steps"]).groupby(self.runs["n_train"])
        medians = per_step.median()
        return float(medians.max() / medians.min())

    def steps_saved_share(self, n_train: int) -> float:
        """Share (0-1) of the reference's optimiser steps that a size does without."""
        steps = self.runs.groupby("n_train")["steps"].mean()
        return float(1 - steps[n_train] / steps[self.reference])

    def pairs(self, n_train: int) -> int:
        """How many seeds ran at a size and at the reference."""
        seeds = [
            set(self.runs.loc[self.runs["n_train"] == size, "seed"])
            for size in (n_train, self.reference)
        ]
        return len(seeds[0] & seeds[1])

    @property
    def margin(self) -> float:
        """The non-inferiority margin, a share of 1 or of the reference's mean."""
        return float(self.study.recommendation["margin"])

    @property
    def allowed_loss(self) -> float:
        """The margin in the metric's own unit."""
        mean = float(self.scores[self.reference])
        return abs(mean - self.metric.threshold(mean, self.margin))

    @property
    def confidence(self) -> float:
        """The confidence of intervals and tests, a share of 1."""
        return float(self.study.recommendation["confidence"])

    @property
    def country(self) -> str:
        """The country where the trainings were metered (ISO-3166 alpha-3)."""
        return str(self.study.config["metering"]["country"])

    @cached_property
    def coverage(self) -> float:
        """The highest share of the electricity under contract in the study; 0 without contracts."""
        return float(self.scenarios["coverage"].max())

    @cached_property
    def currency(self) -> str:
        """The study's currency (ISO 4217)."""
        return str(self.study.config["cost"]["currency"])

    @property
    def grid_price(self) -> float | None:
        """The configuration's price of the metering country's mix, in `currency` per kWh."""
        price = self.study.config["cost"].get("grid_price_per_kwh", {}).get(self.country)
        return None if price is None else float(price)

    @cached_property
    def scenarios(self) -> pd.DataFrame:
        """The rows of `scenarios`."""
        return self._rows(self.study.scenarios)

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
        names = self.study.countries[shown]
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

    @property
    def emissions_batch(self) -> int:
        """How many trainings emissions are told for: `Study.emissions_batch`."""
        return self.study.emissions_batch

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
        chosen = self.study.config["figures"]["heat_map_coverage"]
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
        factors = self.study.sources.set_index("source")["central_g_per_kwh"]
        sources = [source for source in cells if source != GRID_SOURCE]
        # By name first, so that equal intensities stand in the same order everywhere.
        order = factors.reindex(sorted(sources)).sort_values(kind="stable").index
        shown = self.shown_countries["country_iso3"]
        return cells.reindex(index=shown, columns=[GRID_SOURCE, *order])

    def at(self, source: str, n_train: int) -> pd.Series:
        """The row of `source_cells` of one source and size."""
        return self._cells_by_source_and_size.loc[[(source, n_train)]].iloc[0]

    @cached_property
    def _cells_by_source_and_size(self) -> pd.DataFrame:
        return self.source_cells.set_index(["source", "n_train"], drop=False)

    def source_order(self, column: str) -> list[str]:
        """The sources with a known value of a column at the reference size, from high to low."""
        at_reference = self.source_cells[self.source_cells["n_train"] == self.reference]
        known = at_reference.dropna(subset=column).sort_values([column, "source"], ascending=False)
        return [str(source) for source in known["source"]]

    @property
    def cost_batch(self) -> int:
        """How many trainings at the reference size a cost is told for, to be readable."""
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

    def saving(self, n_train: int) -> pd.Series:
        """The row of `savings` of a size on the metering country's mix."""
        table = self._rows(self.study.savings)
        chosen = (
            (table["n_train"] == n_train)
            & (table["country_iso3"] == self.country)
            & (table["source"] == GRID_SOURCE)
        )
        return table[chosen].iloc[0]

    def intensity_mark(self, source: str) -> str:
        """The mark of how the carbon intensity of a source was verified."""
        return mark_of(self.study.sources, source)

    def cost_mark(self, source: str) -> str:
        """The mark of how the cost of a source was verified."""
        return mark_of(self.study.costs, source)

    @property
    def outlying_sources(self) -> list[str]:
        """Sources shown whose intensity's high end is far above its central value."""
        factors = self.study.sources.set_index("source")
        ratio = factors["high_g_per_kwh"] / factors["central_g_per_kwh"]
        shown = self.source_order("emissions_g")
        return [source for source in shown if ratio.get(source, 0.0) > OUTLIER_RATIO]

    @property
    def price_years(self) -> list[int]:
        """The years of the prices of the sources shown, in order."""
        shown = self.study.costs["source"].isin(self.source_order("cost"))
        return sorted({int(year) for year in self.study.costs.loc[shown, "price_year"]})

    @property
    def unpriced_sources(self) -> list[str]:
        """The study's sources without a known cost, in the order of their emissions."""
        priced = self.source_order("cost")
        return [
            source
            for source in self.source_order("emissions_g")
            if source not in priced and source != GRID_SOURCE
        ]


def read_study(
    config: Mapping[str, Any],
    *,
    runs: Path,
    curve: Path,
    scenarios: Path,
    savings: Path,
    methods: Path,
    method_ranks: Path,
    recommendation: Path,
    countries: Path,
    country_data: Path,
    sources: Path,
    costs: Path,
    everyday: Path,
    intake: Path,
    constants: Path,
    hardware: Path,
    green_algorithms: Path,
) -> Study:
    """Read a study from its files."""
    return Study(
        config=config,
        runs=read_table("runs", runs),
        curve=read_table("curve", curve),
        scenarios=read_table("scenarios", scenarios),
        savings=read_table("savings", savings),
        methods=read_table("methods", methods),
        method_ranks=json.loads(method_ranks.read_text(encoding="utf-8")),
        countries=read_table("countries", countries),
        sources=load_sources(sources),
        costs=load_costs(costs),
        method_inputs=load_inputs(constants, hardware, green_algorithms),
        recommendation=json.loads(recommendation.read_text(encoding="utf-8")),
        country_data=json.loads(country_data.read_text(encoding="utf-8")),
        everyday=load_equivalents(everyday),
        intake=datasets.intake.read(intake),
    )
