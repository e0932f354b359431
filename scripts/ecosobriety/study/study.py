"""What figures and report show of a study: one data set and model at a time.

Figure, caption and table speak of the same rows because all of them take them from here.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ecosobriety import datasets
from ecosobriety.electricity import consumer_prices
from ecosobriety.electricity.sources import load_costs, load_sources
from ecosobriety.errors import RecordError
from ecosobriety.footprint.equivalents import load_equivalents
from ecosobriety.methods import Inputs, Summary, load_inputs, summarise
from ecosobriety.metrics import ACCURACY, Metric, metric_from
from ecosobriety.study.decision_view import DecisionView
from ecosobriety.study.electricity_view import ElectricityView
from ecosobriety.tables import GRID_SOURCE, read_table
from ecosobriety.units import readable_batch

_PROCESS = r"^\d{8}T\d{6}Z-(.+-\d+)-[0-9a-f]{6}$"
"""Machine and process in the name of an attempt, as `metering.ledger` makes it."""


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
    equivalents: pd.DataFrame
    intake: datasets.intake.Intake
    prices: pd.DataFrame | None = None
    editions: pd.DataFrame | None = None
    levers: pd.DataFrame | None = None
    epochs: pd.DataFrame | None = None

    @cached_property
    def metric(self) -> Metric:
        """What the trainings are scored by."""
        return metric_from(self.recommendation["metric"])

    @cached_property
    def method_summaries(self) -> list[Summary]:
        """Each method of quantification over all trainings."""
        return summarise(self.methods)

    @cached_property
    def country_names(self) -> dict[str, str]:
        """The English name of each country, by ISO-3166 alpha-3."""
        codes, names = self.countries["country_iso3"], self.countries["country_name"]
        return {str(code): str(name) for code, name in zip(codes, names, strict=True)}

    @cached_property
    def countries_in_use(self) -> pd.DataFrame:
        """The rows of `countries` that the scenarios are derived for."""
        used = self.countries["country_iso3"].isin(self.scenarios["country_iso3"].unique())
        return self.countries[used].reset_index(drop=True)

    @cached_property
    def consumer_prices(self) -> pd.DataFrame | None:
        """The rows of `prices` that count: of countries in use without a price in the study's file.

        None: the study does not ask for them, or they hold none of its countries.
        """
        if self.prices is None:
            return None
        found = consumer_prices.unpriced_by(self._own_prices, self.prices)
        used = found["country_iso3"].isin(self.countries_in_use["country_iso3"])
        return found[used].reset_index(drop=True) if used.any() else None

    @cached_property
    def grid_prices(self) -> Mapping[str, float]:
        """The price of each country's own mix, by ISO-3166 alpha-3, in the study's currency."""
        own = self._own_prices
        return own if self.prices is None else consumer_prices.merged(own, self.prices)

    @property
    def _own_prices(self) -> Mapping[str, float]:
        own: Mapping[str, float] = self.config["cost"].get("grid_price_per_kwh") or {}
        return own

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
        """How many trainings emissions are stated for, so that 1 g or more is to be read.

        By the study's largest training on the metering country's mix; where that is unknown, by the
        largest emissions of all. One number for the whole study, so that its models compare.
        """
        own_mix = self.efficiency["emissions_g"].dropna()
        known = own_mix if len(own_mix) else self.scenarios["emissions_g"].dropna()
        return readable_batch(float(known.max())) if len(known) else 1

    @property
    def untrained(self) -> list[str]:
        """The models that a budget had no training for; they are no cases."""
        return [one["model"] for one in self.recommendation.get("untrained", [])]

    def cases(self) -> list["Case"]:
        """The data sets and models of the study, in the order of its models."""
        return list(self._cases)

    @cached_property
    def _cases(self) -> list["Case"]:
        # Kept, as each keeps its views: every figure and section asks for them.
        pairs = {*zip(self.curve["dataset"], self.curve["model"], strict=True)}
        # A step to which their order does not matter is not given them.
        own = {model["name"]: place for place, model in enumerate(self.config.get("models", ()))}
        found = sorted(pairs, key=lambda pair: (pair[0], own.get(pair[1], len(own)), pair[1]))
        return [Case(self, str(dataset), str(model)) for dataset, model in found]

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
    """One data set and model of a study: its trainings, and views of what they came to."""

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
        """`measured`, `estimated`, `mixed` or `imported`, over all runs."""
        found = set(self.runs["energy_quality"])
        return str(found.pop()) if len(found) == 1 else "mixed"

    @property
    def metric(self) -> Metric:
        """What the trainings are scored by."""
        return self.study.metric

    @cached_property
    def decision(self) -> DecisionView:
        """Which size is enough."""
        curve = self._rows(self.study.curve).sort_values("n_train")
        result = next(
            result
            for result in self.study.recommendation["results"]
            if (result["dataset"], result["model"]) == (self.dataset, self.model)
        )
        return DecisionView(
            runs=self.runs,
            curve=curve.set_index("n_train", drop=False),
            result=result,
            recommendation=self.study.recommendation,
            metric=self.metric,
        )

    @cached_property
    def electricity(self) -> ElectricityView:
        """What its trainings emit and cost."""
        return ElectricityView(
            config=self.study.config,
            scenarios=self._rows(self.study.scenarios),
            savings=self._rows(self.study.savings),
            countries=self.study.countries,
            sources=self.study.sources,
            costs=self.study.costs,
            reference=self.decision.reference,
            grid_prices=self.study.grid_prices,
            consumer_prices=self.study.consumer_prices,
        )

    @property
    def emissions_batch(self) -> int:
        """How many trainings emissions are stated for: `Study.emissions_batch`."""
        return self.study.emissions_batch

    @cached_property
    def shares_processes(self) -> bool:
        """Whether seeds of a size were trained in one process, as `training.process: size` does.

        They then share its pace, and no interval over the seeds holds how processes differ in it.
        """
        process = self.runs["attempt"].astype("string").str.extract(_PROCESS, expand=False)
        known = self.runs[["n_train"]].assign(process=process).dropna()
        return bool(known.duplicated().any())

    @cached_property
    def pace_spread(self) -> float | None:
        """How many times more energy per optimiser step one size took than another, by medians.

        The same network and batch cost the same at every size; more than 1 is the machine's doing
        (another clock, neighbours on a shared machine), and an error of every ratio of energies.
        Of batches that are larger, as where a size fills none, a step may take more, and no more
        than its examples do. None: a command or an imported run reports no steps or no epochs.
        """
        runs = self.runs[["n_train", "energy_kwh", "steps", "epochs"]].astype(float)
        if runs[["steps", "epochs"]].isna().any(axis=None):
            return None
        runs["batch"] = runs["epochs"] * runs["n_train"] / runs["steps"]
        runs["step_kwh"] = runs["energy_kwh"] / runs["steps"]
        medians = runs.groupby("n_train")[["batch", "step_kwh"]].median().to_numpy()
        spread = 1.0
        for (batch, kwh), (other_batch, other_kwh) in permutations(medians, 2):
            if batch <= other_batch:
                spread = max(spread, kwh / other_kwh, other_kwh / kwh / (other_batch / batch))
        return float(spread)


@dataclass(frozen=True)
class StudyFiles:
    """Where a study's tables, answers and factors are."""

    runs: Path
    curve: Path
    scenarios: Path
    savings: Path
    methods: Path
    method_ranks: Path
    recommendation: Path
    countries: Path
    country_data: Path
    sources: Path
    costs: Path
    equivalents: Path
    intake: Path
    constants: Path
    hardware: Path
    green_algorithms: Path
    prices: Path | None = None
    editions: Path | None = None
    levers: Path | None = None
    epochs: Path | None = None


def read_study(config: Mapping[str, Any], files: StudyFiles) -> Study:
    """Read a study from its files."""
    recommendation = json.loads(files.recommendation.read_text(encoding="utf-8"))
    metric = metric_from(recommendation["metric"])
    return Study(
        config=config,
        runs=read_table("runs", files.runs, metric),
        curve=read_table("curve", files.curve, metric),
        scenarios=read_table("scenarios", files.scenarios),
        savings=read_table("savings", files.savings),
        methods=read_table("methods", files.methods),
        method_ranks=json.loads(files.method_ranks.read_text(encoding="utf-8")),
        countries=read_table("countries", files.countries),
        sources=load_sources(files.sources),
        costs=load_costs(files.costs),
        method_inputs=load_inputs(files.constants, files.hardware, files.green_algorithms),
        recommendation=recommendation,
        country_data=json.loads(files.country_data.read_text(encoding="utf-8")),
        equivalents=load_equivalents(files.equivalents),
        intake=datasets.intake.read(files.intake),
        prices=None if files.prices is None else consumer_prices.load_consumer_prices(files.prices),
        editions=None if files.editions is None else read_table("editions", files.editions),
        levers=None if files.levers is None else read_table("levers", files.levers),
        epochs=None if files.epochs is None else read_table("epochs", files.epochs, metric),
    )
