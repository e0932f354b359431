"""What a study answers under two editions of the factors: amounts, and verdicts on the claims."""

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from ecosobriety.claims import check_claims
from ecosobriety.claims.finding import Claim
from ecosobriety.footprint import Factors, derive_tables
from ecosobriety.study.study import Case, Study
from ecosobriety.tables import GRID_SOURCE, SCHEMAS, check_table


def compare_editions(
    editions: Sequence[str], studies: Sequence[Study], claims: Iterable[Claim]
) -> pd.DataFrame:
    """Put the answers of a study under several editions side by side.

    Args:
        editions: their names.
        studies: the study under each of them.
        claims: the claims to test under each; none where the study is not about them.

    Returns:
        The table `editions`. Its items are, for each data set and model in the metering country,
        `grid_intensity`; `emissions` of one training at the reference size, `emissions_saved` by
        the sufficient size (both on the country's mix); `cost_lowest` and `cost_highest` of one
        training at the reference size, each with its `source`; and each claim's id, with its
        verdict. A value is null where a factor is not known or no size is enough.
    """
    asked = list(claims)
    rows = [
        {"edition": edition, **row}
        for edition, study in zip(editions, studies, strict=True)
        for row in [*_amounts(study), *_verdicts(study, asked)]
    ]
    columns = list(SCHEMAS["editions"].columns)
    return check_table("editions", pd.DataFrame(rows, columns=columns))


def under(study: Study, factors: Factors) -> Study:
    """The study with its scenarios derived from other factors.

    A source or a country that they lack is left out; the metering country's mix is then unknown.
    """
    config = study.config
    own = study.countries["country_iso3"] == config["metering"]["country"]
    if not factors.countries["country_iso3"].isin(study.countries["country_iso3"][own]).any():
        unknown = study.countries.loc[own, ["country_iso3", "country_name"]]
        countries = pd.concat([factors.countries, unknown], ignore_index=True)
        factors = dataclasses.replace(factors, countries=check_table("countries", countries))
    names = set(study.scenarios["source"]) & set(factors.sources["source"])
    codes = set(study.scenarios["country_iso3"]) & set(factors.countries["country_iso3"])
    accounting = {
        "coverage": config["grid"]["coverage"],
        "confidence": config["analysis"]["confidence"],
        "pue": config["metering"]["pue"],
        **config["cost"],
    }
    scenarios, savings = zip(
        *(
            derive_tables(
                case.runs,
                factors,
                accounting=accounting,
                country_codes=codes,
                source_names=names,
                # What a budget has left out of one model gives it a reference of its own.
                reference_n_train=case.decision.reference,
            )
            for case in study.cases()
        ),
        strict=True,
    )
    return dataclasses.replace(
        study,
        scenarios=pd.concat(scenarios, ignore_index=True),
        savings=pd.concat(savings, ignore_index=True),
        countries=factors.countries,
        sources=factors.sources,
        costs=factors.costs,
    )


def _amounts(study: Study) -> Iterable[dict[str, Any]]:
    for case in study.cases():
        for item, source, value, unit in _case_amounts(case):
            where = {"dataset": case.dataset, "model": case.model}
            yield {"item": item, **where, "source": source, "value": value, "unit": unit}


def _case_amounts(case: Case) -> Iterable[tuple[str, str, float | None, str]]:
    view, reference = case.electricity, case.decision.reference
    grid = view.at(GRID_SOURCE, reference)
    yield "grid_intensity", GRID_SOURCE, grid["intensity_g_per_kwh"], "g/kWh"
    yield "emissions", GRID_SOURCE, grid["emissions_g"], "g"
    saved = None
    if case.decision.no_recommendation is None:
        saved = view.saving(case.decision.sufficient)["emissions_saved_g"]
    yield "emissions_saved", GRID_SOURCE, saved, "g"
    priced = [source for source in view.source_order("cost") if source != GRID_SOURCE]
    if priced:
        for item, name in (("cost_lowest", priced[-1]), ("cost_highest", priced[0])):
            yield item, name, view.at(name, reference)["cost"], view.currency


def _verdicts(study: Study, claims: Sequence[Claim]) -> Iterable[dict[str, Any]]:
    if not claims:
        return
    for row in check_claims(study, claims).itertuples():
        yield {
            "item": row.claim_id,
            "value": row.measured_value,
            "unit": row.unit,
            "verdict": row.verdict,
        }
