"""Does the source decide more than the training-set size? The test `factor_range`."""

import pandas as pd

from ecosobriety.claims.finding import Claim, Finding, Written, verdict_below
from ecosobriety.decision.savings import FULL_COVERAGE
from ecosobriety.study.electricity_view import OUTLIER_RATIO
from ecosobriety.study.study import Case
from ecosobriety.units import readable_batch

_LIMIT = 1.0
"""A ratio below this says that the clean source emits less."""


def full_contracts(case: Case) -> pd.DataFrame:
    """The rows of `scenarios` whose electricity comes from one source alone (a coverage of 1).

    There the country does not matter: one of them stands for all.
    """
    full = case.electricity.scenarios[case.electricity.scenarios["coverage"] == FULL_COVERAGE]
    return full.drop_duplicates(["source", "n_train"])


def check_sources(claim: Claim, case: Case) -> Finding:
    """Set the clean source at the study's largest size against the dirty one at its smallest.

    The value is the ratio of their emissions by the factors' central values. Its bounds are those
    of the extremes: low over high and high over low, where low and high join the factor's range
    with the seeds' interval. The claim is `supported` where the ratio is below 1 over the whole
    range; an outlier of the literature is part of the range.
    """
    clean, dirty = claim["sources"]["clean"], claim["sources"]["dirty"]
    contracts = full_contracts(case)
    if contracts.empty:
        return Finding("inconclusive", ["basis", "no_full_contract"])
    lacking = [source for source in (clean, dirty) if source not in set(contracts["source"])]
    if lacking:
        names: dict[str, Written] = {"lacking": lambda t: ", ".join(lacking)}
        return Finding("inconclusive", ["basis", "no_source"], names)
    smallest, largest = int(contracts["n_train"].min()), int(contracts["n_train"].max())
    if smallest == largest:
        return Finding("inconclusive", ["basis", "one_size"])
    rows = contracts.set_index(["source", "n_train"], drop=False)
    return _compare(rows.loc[(clean, largest)], rows.loc[(dirty, smallest)])


def _compare(clean: pd.Series, dirty: pd.Series) -> Finding:
    """Compare two rows of `scenarios`."""
    ratio = float(clean["emissions_g"] / dirty["emissions_g"])
    low, high = _bounds(clean, dirty)
    verdict = verdict_below(low, high, _LIMIT)
    factor, factor_high = clean["intensity_g_per_kwh"], clean["intensity_g_per_kwh_high"]
    dirty_factor = dirty["intensity_g_per_kwh"]
    growth = clean["energy_kwh"] / dirty["energy_kwh"]
    # Both masses are read in grams.
    batch = readable_batch(float(min(clean["emissions_g"], dirty["emissions_g"])))
    values: dict[str, Written] = {
        "full": lambda t: t.integer(clean["n_train"]),
        "stop": lambda t: t.integer(dirty["n_train"]),
        "trainings": lambda t: t.plural("unit.trainings", batch, count=t.integer(batch)),
        "clean": lambda t: t.mass(clean["emissions_g"] * batch),
        "dirty": lambda t: t.mass(dirty["emissions_g"] * batch),
        "ratio": lambda t: t.number(ratio, 2),
        "times": lambda t: t.number(dirty_factor / factor, 2),
        "low": lambda t: t.number(low, 2),
        "high": lambda t: t.number(high, 2),
        "clean_factor": lambda t: t.number(factor, 2),
        "clean_high": lambda t: t.number(factor_high, 2),
        "dirty_factor": lambda t: t.number(dirty_factor, 2),
        "break_even": lambda t: t.number(dirty_factor / growth, 2),
    }
    sentences = ["basis", "central", "break_even", "no_range" if high is None else verdict]
    if factor_high > OUTLIER_RATIO * factor:
        sentences.append("outlier")
    return Finding(verdict, sentences, values, measured=ratio, low=low, high=high)


def _bounds(clean: pd.Series, dirty: pd.Series) -> tuple[float | None, float | None]:
    """The lowest and the highest ratio of emissions; None where an end of a range is not known."""
    low_g, high_g = dirty["emissions_g_low"], dirty["emissions_g_high"]
    # Emissions of 0 at the low end (a wide interval over seeds) leave the ratio without a bound.
    if pd.isna([low_g, high_g, clean["emissions_g_low"]]).any() or low_g == 0:
        return None, None
    return float(clean["emissions_g_low"] / high_g), float(clean["emissions_g_high"] / low_g)
