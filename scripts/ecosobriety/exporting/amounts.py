"""What a study's trainings took, for the forms that ask for it; what is not known is None.

Three kinds of amounts stand side by side: one training at the reference size, one at the sufficient
size, and the whole study with its failed attempts.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from ecosobriety.decision.intervals import comparable_values, finite_or_none
from ecosobriety.footprint.embodied import embodied_in
from ecosobriety.records.epochs import earlier_tests_kwh
from ecosobriety.records.record import RunRecord
from ecosobriety.study.study import Case, Study
from ecosobriety.study_config.contradictions import NETWORK_NAMES
from ecosobriety.tables import GRID_SOURCE
from ecosobriety.texts import is_known


def contract_g_per_kwh(case: Case) -> float | None:
    """Carbon intensity of the electricity that was bought (market-based), in g CO2e/kWh.

    None: a study compares contracts (`grid.sources`) and does not know which one is in force.
    """
    return None


@dataclass(frozen=True)
class Training:
    """One training at a size, the mean over its seeds.

    Attributes:
        n_train: its examples.
        seeds: how many trainings the mean is of.
        energy_kwh: IT energy of the training alone.
        evaluation_kwh: of its evaluation on the test part.
        duration_s: of the training alone.
        flop: floating-point operations of the training.
    """

    n_train: int
    seeds: int
    energy_kwh: float
    evaluation_kwh: float | None
    duration_s: float | None
    flop: float | None


@dataclass(frozen=True)
class Whole:
    """All trainings of one model in the study.

    Attributes:
        trainings: those that ended, of the plan and beside it.
        trained_kwh: IT energy of those of the plan.
        failed_kwh: of failed attempts; None: a table of imported runs holds none, and need not.
        beside_plan_kwh: of trainings that the plan no longer asks for and that ended.
        forecast_kwh: of batches that were measured to forecast the study.
        trackers_kwh: of trainings that were done once more, for other trackers.
        evaluation_kwh: of the evaluations on the test part.
        duration_s: of the trainings of the plan.
        flop: of the trainings of the plan; those of failed attempts are not counted.
    """

    trainings: int
    trained_kwh: float
    failed_kwh: float | None
    beside_plan_kwh: float
    forecast_kwh: float
    trackers_kwh: float
    evaluation_kwh: float | None
    duration_s: float | None
    flop: float | None

    @property
    def energy_kwh(self) -> float:
        """All that is known to have been used to train, failed attempts among it."""
        planned_kwh = self.trained_kwh + (self.failed_kwh or 0.0)
        return planned_kwh + self.beside_plan_kwh + self.forecast_kwh + self.trackers_kwh


@dataclass(frozen=True)
class Electricity:
    """The electricity of a study's country.

    Attributes:
        country: where the trainings were metered (ISO-3166 alpha-3).
        g_per_kwh: its mix, location-based; None: not known.
        year: of the mix.
        pue: power usage effectiveness.
        contract: carbon intensity of the electricity that was bought; None: not known.
    """

    country: str
    g_per_kwh: float | None
    year: int | None
    pue: float
    contract: float | None

    def emissions_g(self, energy_kwh: float | None) -> float | None:
        """Location-based emissions of an IT energy, in g CO2e."""
        return self._emissions_g(energy_kwh, self.g_per_kwh)

    def market_g(self, energy_kwh: float | None) -> float | None:
        """Market-based emissions of an IT energy, in g CO2e."""
        return self._emissions_g(energy_kwh, self.contract)

    def _emissions_g(self, energy_kwh: float | None, g_per_kwh: float | None) -> float | None:
        if energy_kwh is None or g_per_kwh is None:
            return None
        return energy_kwh * self.pue * g_per_kwh


@dataclass(frozen=True)
class ModelAmounts:
    """What the trainings of one model took.

    Attributes:
        case: the model and its data set.
        records: its records.
    """

    case: Case
    records: Sequence[RunRecord]

    @cached_property
    def reference(self) -> Training:
        """One training at the reference size, the largest that was trained."""
        return self._at(self.case.decision.reference)

    @cached_property
    def sufficient(self) -> Training | None:
        """One training at the sufficient size; None where none below the reference is shown."""
        decision = self.case.decision
        known = decision.no_recommendation is None and decision.smaller_suffices
        return self._at(decision.sufficient) if known else None

    @property
    def no_sufficient(self) -> str | None:
        """Why there is no sufficient size, by the name of its text; None where there is one."""
        if self.sufficient is not None:
            return None
        decision = self.case.decision
        one_size = "one_size" if decision.stop is None else "no_smaller"
        return decision.no_recommendation or one_size

    @property
    def cost(self) -> Mapping[str, Any]:
        """`study_cost` of the recommendation."""
        cost: Mapping[str, Any] = self.case.decision.result["study_cost"]
        return cost

    @cached_property
    def whole(self) -> Whole:
        """All trainings of the model."""
        runs = self.case.runs
        evaluated_kwh = _sum(runs["eval_energy_kwh"])
        earlier_kwh = earlier_tests_kwh(self.case.study.epochs, self.case.model)
        failed_kwh = float(self.cost["lost_energy_kwh"])
        return Whole(
            trainings=int(self.cost["trainings"]),
            trained_kwh=float(runs["energy_kwh"].sum()),
            failed_kwh=None if self.imported and not failed_kwh else failed_kwh,
            beside_plan_kwh=float(self.cost["beside_plan_kwh"]),
            forecast_kwh=float(self.cost["forecast_kwh"]),
            trackers_kwh=float(self.cost["trackers_kwh"]),
            evaluation_kwh=None if evaluated_kwh is None else evaluated_kwh + earlier_kwh,
            duration_s=_sum(runs["train_duration_s"]),
            flop=_sum(runs["flop_train"]),
        )

    @cached_property
    def electricity(self) -> Electricity:
        """The electricity that its trainings used."""
        cell = self.case.electricity.at(GRID_SOURCE, self.case.decision.reference)
        intensity, year = cell["intensity_g_per_kwh"], cell["country_year"]
        return Electricity(
            country=self.case.electricity.country,
            g_per_kwh=float(intensity) if is_known(intensity) else None,
            year=int(year) if is_known(year) else None,
            pue=float(self.case.study.config["metering"]["pue"]),
            contract=contract_g_per_kwh(self.case),
        )

    def embodied_g(self, trained_s: float | None) -> float | None:
        """The share of making the hardware in so many seconds of training, in g CO2e.

        None: the study's file does not say what trains, or the seconds are not known.
        """
        found = self.case.decision.result["embodied"]
        return found and embodied_in(found["g_per_hour"]["central"], trained_s)

    @property
    def imported(self) -> bool:
        """Whether its runs existed before the study."""
        return any(record.window == "imported" for record in self.records)

    @property
    def from_random_weights(self) -> bool:
        """Whether it is one of our own networks; another one may start from learnt weights."""
        return all(
            record.window == "fit" and record.training.get("class_path") in NETWORK_NAMES
            for record in self.records
        )

    @property
    def hardware(self) -> list[str]:
        """What it was trained on, by name."""
        return sorted({record.device for record in self.records if record.device is not None})

    @property
    def meters(self) -> list[str]:
        """Which tools metered it, with their versions."""
        tools = {
            " ".join(filter(None, (record.metering["tool"], record.metering["version"])))
            for record in self.records
            if record.metering["tool"] is not None
        }
        return sorted(tools)

    def why_missing(self, column: str) -> str | None:
        """The record's own reason for a value that is missing; None: it gives none."""
        found = (record.missing[column] for record in self.records if column in record.missing)
        return next(found, None)

    def _at(self, n_train: int) -> Training:
        runs, reference = self.case.runs, self.case.decision.reference

        def mean(column: str) -> float | None:
            return finite_or_none(
                comparable_values(runs, column, reference, ratio=True)[n_train].mean()
            )

        return Training(
            n_train=n_train,
            seeds=int((runs["n_train"] == n_train).sum()),
            energy_kwh=float(self.case.decision.curve["energy_kwh_mean"][n_train]),
            evaluation_kwh=mean("eval_energy_kwh"),
            duration_s=mean("train_duration_s"),
            flop=mean("flop_train"),
        )


def model_amounts(study: Study, records: Sequence[RunRecord]) -> list[ModelAmounts]:
    """The amounts of each model of a study, in the order of the table `curve`."""
    return [
        ModelAmounts(
            case,
            [r for r in records if (r.dataset, r.model) == (case.dataset, case.model)],
        )
        for case in study.cases()
    ]


def added(*amounts: float | None) -> float | None:
    """A sum; None where a part of it is not known."""
    known = [amount for amount in amounts if amount is not None]
    return math.fsum(known) if len(known) == len(amounts) else None


def per(amount: float | None, units: float | None) -> float | None:
    """An amount per unit; None where one of them is not known, or there are none."""
    return None if amount is None or not units else amount / units


def _sum(values: pd.Series) -> float | None:
    """A sum in which nothing is missing."""
    return None if values.isna().any() else float(values.sum())
