"""The poster's claims: what it says, what was measured, and the verdict."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from ecosobriety.tables import CLAIM_VERDICTS
from ecosobriety.texts import Texts, is_known

SYMBOLS = {"supported": "✓", "not_supported": "✗", "inconclusive": "?", "corrected": "✎"}
"""A sign for each verdict beside its word: no verdict is told by its colour alone."""


@dataclass(frozen=True)
class ClaimCard:
    """One claim as the report shows it."""

    id: str
    statement: str
    verdict: str
    symbol: str
    verdict_name: str
    poster: str
    measured: str
    test: str
    explanation: str


def claims_summary(claims: pd.DataFrame, text: Texts) -> str:
    """How many claims have which verdict."""
    counts = claims["verdict"].value_counts()
    told = [
        text("claims.count", verdict=text(f"claim_verdict.{verdict}"), count=text.integer(count))
        for verdict in CLAIM_VERDICTS
        if (count := int(counts.get(verdict, 0)))
    ]
    return text("claims.summary", claims=text.integer(len(claims)), verdicts=", ".join(told))


def claim_cards(claims: pd.DataFrame, text: Texts) -> list[ClaimCard]:
    """Every claim of the table `claims`, in its order."""
    return [_card(row, text) for _, row in claims.iterrows()]


def _card(row: pd.Series, text: Texts) -> ClaimCard:
    verdict = str(row["verdict"])
    unit = row["unit"] if isinstance(row["unit"], str) else ""
    if row["test"] == "non_inferiority":
        unit = "points"
    return ClaimCard(
        id=f"claim-{row['claim_id']}",
        statement=str(row[f"statement_{text.language}"]),
        verdict=verdict,
        symbol=SYMBOLS[verdict],
        verdict_name=text(f"claim_verdict.{verdict}"),
        poster=_value([row["poster_value"]], unit, text),
        measured=_value(
            [row[name] for name in ("measured_value", "ci_low", "ci_high")], unit, text
        ),
        test=text.name("claim_test", row["test"]),
        explanation=str(row[f"explanation_{text.language}"]),
    )


def _value(values: Sequence[float], unit: str, text: Texts) -> str:
    """A value, with its interval where it has one, in the claim's unit and the reader's way."""
    known = [value for value in values if is_known(value)]
    if not known:
        return text("claims.no_value")
    written = [_number(value, unit, text) for value in known]
    told = written[0]
    if len(written) == len(_INTERVAL):
        told = text("unit.interval", **dict(zip(_INTERVAL, written, strict=True)))
    # Percent, points and energies carry their units themselves.
    return told if unit in _OWN_UNITS else f"{told} {text.name('claim_unit', unit)}".strip()


def _number(value: float, unit: str, text: Texts) -> str:
    return _OWN_UNITS[unit](text, value) if unit in _OWN_UNITS else text.number(value)


_INTERVAL = ("mean", "low", "high")
_OWN_UNITS: Mapping[str, Callable[[Texts, float], str]] = {
    "points": Texts.points,
    "share": lambda text, value: text.share(value, 1),
    "kWh": Texts.energy,
}
