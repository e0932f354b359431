"""The poster's claims, put to the test against the study's measurements.

The claims and their numbers are in `config/claims.yaml`, their texts with the report's; here are
the tests. A claim that the study cannot check is `inconclusive`, with the reason; a figure of
the poster's introduction, which no measurement can check, is `corrected` by its primary source.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ecosobriety.claims.accuracy import check_accuracy
from ecosobriety.claims.context import check_country_intensity, check_primary_source
from ecosobriety.claims.countries import check_countries
from ecosobriety.claims.energy import check_energy
from ecosobriety.claims.finding import Claim, Finding
from ecosobriety.claims.money import check_money
from ecosobriety.claims.sources import check_sources
from ecosobriety.study.study import Case, Study
from ecosobriety.study_config.config import read
from ecosobriety.study_config.schema import complete_value, read_schema
from ecosobriety.tables import SCHEMAS, check_table

__all__ = ["TESTS", "Checked", "Claim", "as_table", "check_claims", "load_claims", "put_to_test"]

TESTS: Mapping[str, Callable[[Claim, Case], Finding]] = {
    "non_inferiority": check_accuracy,
    "energy_difference": check_energy,
    "rank_correlation": check_countries,
    "factor_range": check_sources,
    "saving_and_non_inferiority": check_money,
    "country_intensity": check_country_intensity,
    "primary_source": check_primary_source,
}
"""How a claim can be tested, by the name in `config/claims.yaml` and in the table's `test`."""


@dataclass(frozen=True)
class Checked:
    """A claim, the case that it was checked with, and what its test finds."""

    claim: Claim
    case: Case
    finding: Finding


def load_claims(path: Path, schema_path: Path) -> list[Claim]:
    """Read the poster's claims.

    Args:
        path: the claims, such as `config/claims.yaml`.
        schema_path: their JSON Schema, in YAML.

    Raises:
        ConfigError: one sentence with the file, the key, the value and what is allowed.
    """
    schema = read_schema(schema_path, {"test": list(TESTS)})
    claims: list[Claim] = complete_value(schema, read(path), str(path))["claims"]
    return claims


def put_to_test(study: Study, claims: Iterable[Claim]) -> list[Checked]:
    """Test each claim of the poster with the first model of the study's configuration.

    Where a budget had no training for that one, it is the next.

    Args:
        study: the study; of its configuration `dataset`, `models` and `cost` are used.
        claims: as `load_claims` gives them.

    Raises:
        RecordError: the study's tables do not hold the model.
    """
    # One finding for each claim, so one model.
    names = [model["name"] for model in study.config["models"]]
    model = next(name for name in names if name not in study.untrained)
    case = study.case(study.config["dataset"]["name"], model)
    return [Checked(claim, case, TESTS[claim["test"]](claim, case)) for claim in claims]


def check_claims(study: Study, claims: Iterable[Claim]) -> pd.DataFrame:
    """Test each claim as `put_to_test` does, and write down what was found.

    Returns:
        The table `claims`, in the order of `claims`. `test` is a key of `TESTS`. Where a claim
        cannot be checked, `measured_value`, `ci_low` and `ci_high` are null.
    """
    return as_table(put_to_test(study, claims))


def as_table(checked: Sequence[Checked]) -> pd.DataFrame:
    """The table `claims` of findings, in their order."""
    rows = [_row(one.claim, one.finding) for one in checked]
    return check_table("claims", pd.DataFrame(rows)[list(SCHEMAS["claims"].columns)])


def _row(claim: Claim, finding: Finding) -> dict[str, Any]:
    return {
        "claim_id": claim["id"],
        "poster_value": claim["poster"]["value"],
        "measured_value": finding.measured,
        "unit": claim["poster"]["unit"],
        "ci_low": finding.low,
        "ci_high": finding.high,
        "test": claim["test"],
        "verdict": finding.verdict,
    }
