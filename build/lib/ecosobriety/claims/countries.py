"""Do countries with low-carbon electricity emit less? The test `rank_correlation`."""

import math
from statistics import NormalDist

import numpy as np

from ecosobriety.claims.finding import Claim, Finding, Written, verdict_below
from ecosobriety.study.study import Case

_MIN_COUNTRIES = 4
"""The variance of Fisher's z is divided by n - 3."""


def check_countries(claim: Claim, case: Case) -> Finding:
    """Correlate the low-carbon share of countries with the emissions of one training, by ranks.

    The value is Spearman's rho over the countries with usable data (`Case.country_cells`), at the
    study's reference size; the size does not matter, because the energy is the same in every
    country. The claim is `supported` where the whole interval is below 0.
    """
    cells = case.country_cells
    usable = cells[cells["usable"]]
    values = {
        "reference": lambda t: t.integer(case.reference),
        "countries": _countries(len(usable)),
        "left_out": _countries(len(cells) - len(usable)),
        "needed": lambda t: t.integer(_MIN_COUNTRIES),
    }
    share, emissions_g = usable["country_low_carbon_share"], usable["emissions_g"]
    if len(usable) < _MIN_COUNTRIES:
        return Finding("inconclusive", ["basis", "too_few_countries"], values)
    if share.nunique() == 1 or emissions_g.nunique() == 1:
        return Finding("inconclusive", ["basis", "no_variation"], values)
    rho = float(np.corrcoef(share.rank(), emissions_g.rank())[0, 1])
    low, high = rank_correlation_interval(rho, len(usable), case.confidence)
    verdict = verdict_below(low, high, 0)
    sentences = ["basis", "correlation", verdict, "grids"]
    if len(usable) < len(cells):
        sentences.append("left_out")
    written: dict[str, Written] = {
        "rho": lambda t: t.fixed(rho, 3),
        "low": lambda t: t.fixed(low, 3),
        "high": lambda t: t.fixed(high, 3),
    }
    return Finding(verdict, sentences, {**values, **written}, measured=rho, low=low, high=high)


def rank_correlation_interval(rho: float, n: int, confidence: float) -> tuple[float, float]:
    """The interval of a Spearman correlation by Fisher's z.

    With the variance (1 + rho^2 / 2) / (n - 3) of z = artanh(rho) (Bonett and Wright, 2000,
    Psychometrika 65, 23-28). It takes the pairs as a sample. At |rho| = 1 z is infinite; the
    nearest rho that n ranks without ties can have, two neighbours swapped, then gives the bound on
    the inner side, so that a perfect order of few pairs is not taken for certainty.

    Args:
        rho: the correlation, -1 to 1.
        n: number of pairs, at least 4.
        confidence: of the two-sided interval, 0 to 1.

    Returns:
        (low, high).
    """
    nearest = 1 - 12 / (n * (n**2 - 1))
    inner = max(-nearest, min(nearest, rho))
    z = math.atanh(inner)
    reach = NormalDist().inv_cdf((1 + confidence) / 2) * math.sqrt((1 + inner**2 / 2) / (n - 3))
    return min(rho, math.tanh(z - reach)), max(rho, math.tanh(z + reach))


def _countries(count: int) -> Written:
    return lambda t: t.plural("unit.countries", count, count=t.integer(count))
