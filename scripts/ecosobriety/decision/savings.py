"""What the recommended sizes save: energy, emissions and money beside the statistical decision.

`decision.recommend` knows the runs alone. Here its answers meet the tables `scenarios` and
`savings`, so that one document holds the whole answer.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ecosobriety.decision.intervals import finite_or_none
from ecosobriety.errors import RecordError
from ecosobriety.tables import GRID_SOURCE

FULL_COVERAGE = 1.0


def add_savings(
    recommendation: Mapping[str, Any],
    scenarios: pd.DataFrame,
    savings: pd.DataFrame,
    country_iso3: str,
) -> dict[str, Any]:
    """Add to every answer of a recommendation what its size saves against the reference.

    Args:
        recommendation: as `decision.recommend` gives it.
        scenarios: the table `scenarios`; it ranks the sources by their cost at the reference size.
        savings: the table `savings`, against the same reference sizes.
        country_iso3: the country where the trainings were metered.

    Returns:
        A copy, plain JSON without NaN, in which every ANSWER, and a target that was reached, has a
        `saving` for one training::

            {country_iso3, share, energy_kwh, emissions_g,
             cost: {currency, cheapest, dearest, grid, reason}}

        `share` (of 1) is that of the mean energies, and so of emissions and cost too; null where
        the reference took no energy. `emissions_g`
        (g CO2e) is that on the country's own mix, null where its intensity is unknown.

        `cheapest` and `dearest` are {source, amount}: among the sources with a known price at
        coverage 1, those whose electricity costs least and most, and what is saved with them, in
        `currency`. Both are null with a `reason`: `no_full_contract` (the study has no coverage of
        1) or `no_known_price`. `grid` is what is saved on the country's mix, null where the study
        has no price for it. Amounts are below 0 where the size costs more than the reference.

        The `saving` of a target that was not reached is null, and that of an answer without a
        recommendation.

    Raises:
        RecordError: the tables do not hold a size of the recommendation in that country.
    """
    results = []
    for result in recommendation["results"]:
        offers = _Offers(result, scenarios, savings, country_iso3)
        target = result["target"]
        results.append(
            {
                **result,
                "configured": offers.add(result["configured"], "sufficient_n_train"),
                "ladder": [offers.add(answer, "sufficient_n_train") for answer in result["ladder"]],
                "target": None if target is None else offers.add(target, "n_train"),
            }
        )
    return {**recommendation, "results": results}


def full_contracts(scenarios: pd.DataFrame) -> pd.DataFrame:
    """Those with a source at coverage 1, the cheapest first, without a price last."""
    rows = scenarios[
        (scenarios["source"] != GRID_SOURCE) & (scenarios["coverage"] == FULL_COVERAGE)
    ]
    return rows.sort_values(["cost", "source"])


class _Offers:
    """The electricity of one country for one data set and model: what each size saves with it."""

    def __init__(
        self,
        result: Mapping[str, Any],
        scenarios: pd.DataFrame,
        savings: pd.DataFrame,
        country_iso3: str,
    ) -> None:
        self.country_iso3 = country_iso3
        self._currency = str(scenarios["currency"].iloc[0])
        self._case = f"{result['model']} on {result['dataset']}"
        self._savings, cells = (
            table[
                (table["dataset"] == result["dataset"])
                & (table["model"] == result["model"])
                & (table["country_iso3"] == country_iso3)
            ]
            for table in (savings, scenarios)
        )
        reference = cells[cells["n_train"] == result["reference_n_train"]]
        contracts = full_contracts(reference)
        priced = contracts.dropna(subset="cost")["source"]
        self._cheapest, self._dearest, self._reason = None, None, None
        if len(priced):
            self._cheapest, self._dearest = str(priced.iloc[0]), str(priced.iloc[-1])
        else:
            self._reason = "no_known_price" if len(contracts) else "no_full_contract"

    def add(self, answer: Mapping[str, Any], size_key: str) -> dict[str, Any]:
        size = answer[size_key]
        return {**answer, "saving": None if size is None else self._saving(int(size))}

    def _saving(self, n_train: int) -> dict[str, Any]:
        grid = self._row(n_train, GRID_SOURCE, 0.0)
        return {
            "country_iso3": self.country_iso3,
            "share": finite_or_none(grid["saved_share"]),
            "energy_kwh": float(grid["energy_saved_kwh"]),
            "emissions_g": finite_or_none(grid["emissions_saved_g"]),
            "cost": {
                "currency": self._currency,
                "cheapest": self._offer(n_train, self._cheapest),
                "dearest": self._offer(n_train, self._dearest),
                "grid": finite_or_none(grid["cost_saved"]),
                "reason": self._reason,
            },
        }

    def _offer(self, n_train: int, source: str | None) -> dict[str, Any] | None:
        if source is None:
            return None
        saved = self._row(n_train, source, FULL_COVERAGE)["cost_saved"]
        return {"source": source, "amount": float(saved)}

    def _row(self, n_train: int, source: str, coverage: float) -> pd.Series:
        table = self._savings
        rows = table[
            (table["n_train"] == n_train)
            & (table["source"] == source)
            & (table["coverage"] == coverage)
        ]
        if rows.empty:
            raise RecordError(
                f"the table `savings` has no row of {self._case}, {n_train} examples, for "
                f"{source} in {self.country_iso3} (metering.country)"
            )
        row: pd.Series = rows.iloc[0]
        return row
