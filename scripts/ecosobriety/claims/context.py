"""The figures of the poster's introduction, which no training can check.

A figure that differs from its primary source is `corrected`, however little; one that agrees with
it is `supported`.
"""

from collections.abc import Mapping

from ecosobriety.claims.finding import Claim, Finding, Verdict, Written
from ecosobriety.study.study import Case
from ecosobriety.texts import is_known
from ecosobriety.units import grams_to_kg


def check_primary_source(claim: Claim, case: Case) -> Finding:
    """Put the primary source's value, `corrected` in `config/claims.yaml`, beside the poster's."""
    return _correction(claim, claim["corrected"], {})


def check_country_intensity(claim: Claim, case: Case) -> Finding:
    """Put the carbon intensity of the study's own table of countries beside the poster's.

    The value is a country's life-cycle intensity in kg CO2e/kWh.
    """
    countries = case.study.countries.set_index("country_iso3")
    code = claim["country"]
    intensity_g = countries["intensity_g_per_kwh"].get(code)
    if not is_known(intensity_g):
        return Finding(
            "inconclusive", ["no_intensity"], {"country": lambda t: t.country(code, code)}
        )
    measured = grams_to_kg(float(intensity_g))
    return _correction(
        claim,
        measured,
        {
            "measured": lambda t: t.number(measured, 2),
            "times": lambda t: t.number(claim["poster"]["value"] / measured, 2),
            "country_year": lambda t: str(countries["year"][code]),
        },
    )


def _correction(claim: Claim, value: float, values: Mapping[str, Written]) -> Finding:
    verdict: Verdict = "supported" if value == claim["poster"]["value"] else "corrected"
    return Finding(verdict, ["correction", "source"], values, measured=value)
