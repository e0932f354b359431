"""The poster's claims, put to the test against the study's measurements.

What the poster says, and the sentences that tell how it fared, stand in `config/poster.yaml`; here
stand the tests. A claim that the study cannot check is `inconclusive`, with the reason; a figure of
the poster's introduction, which no measurement can check, is `corrected` by its primary source.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from ecosobriety.claims.accuracy import check_accuracy
from ecosobriety.claims.context import check_country_intensity, check_primary_source
from ecosobriety.claims.countries import check_countries
from ecosobriety.claims.energy import check_energy
from ecosobriety.claims.finding import LANGUAGES, Claim, Finding, tell
from ecosobriety.claims.money import check_money
from ecosobriety.claims.sources import check_sources
from ecosobriety.study.study import Case, Study
from ecosobriety.study_config.config import read
from ecosobriety.study_config.schema import complete_value, read_schema
from ecosobriety.tables import SCHEMAS, check_table

__all__ = ["TESTS", "Claim", "check_claims", "load_poster"]

TESTS: Mapping[str, Callable[[Claim, Case], Finding]] = {
    "non_inferiority": check_accuracy,
    "energy_difference": check_energy,
    "rank_correlation": check_countries,
    "factor_range": check_sources,
    "saving_and_non_inferiority": check_money,
    "country_intensity": check_country_intensity,
    "primary_source": check_primary_source,
}
"""How a claim can be tested, by the name in `config/poster.yaml` and in the table's `test`."""


def load_poster(path: Path, schema_path: Path) -> dict[str, Any]:
    """Read the poster's claims.

    Args:
        path: the claims, such as `config/poster.yaml`.
        schema_path: their JSON Schema, in YAML.

    Raises:
        ConfigError: one sentence with the file, the key, the value and what is allowed.
    """
    schema = read_schema(schema_path, {"test": list(TESTS)})
    poster: dict[str, Any] = complete_value(schema, read(path), str(path))
    return poster


def check_claims(study: Study, poster: Mapping[str, Any]) -> pd.DataFrame:
    """Test each claim of the poster with the first model of the study's configuration.

    Args:
        study: the study; of its configuration `dataset`, `models` and `cost` are used.
        poster: as `load_poster` gives it.

    Returns:
        The table `claims`, in the order of `poster`. `test` is a key of `TESTS`. Where a claim
        cannot be checked, `measured_value`, `ci_low` and `ci_high` are null.

    Raises:
        TextError: a text lacks a language, or asks for a number that its test does not give.
        RecordError: the study's tables do not hold the first model.
    """
    # One row for each claim, so one model.
    case = study.case(study.config["dataset"]["name"], study.config["models"][0]["name"])
    rows = [_row(claim, case, poster["shared"]) for claim in poster["claims"]]
    return check_table("claims", pd.DataFrame(rows)[list(SCHEMAS["claims"].columns)])


def _row(claim: Claim, case: Case, shared: Mapping[str, Any]) -> dict[str, Any]:
    finding = TESTS[claim["test"]](claim, case)
    row = {
        "claim_id": claim["id"],
        "poster_value": claim["poster"]["value"],
        "measured_value": finding.measured,
        "unit": claim["poster"]["unit"],
        "ci_low": finding.low,
        "ci_high": finding.high,
        "test": claim["test"],
        "verdict": finding.verdict,
    }
    for language in LANGUAGES:
        statement, explanation = tell(claim, finding, case, shared, language)
        row |= {f"statement_{language}": statement, f"explanation_{language}": explanation}
    return row
