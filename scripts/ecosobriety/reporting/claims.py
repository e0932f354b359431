"""The poster's claims: what it says, what was measured, and the verdict."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ecosobriety.claims import Checked
from ecosobriety.claims.finding import in_words
from ecosobriety.texts import Texts, is_known

SYMBOLS = {"supported": "✓", "not_supported": "✗", "inconclusive": "?", "corrected": "✎"}
"""A sign for each verdict beside its word: no verdict is shown by its colour alone."""


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


def claim_cards(claims: Sequence[Checked], text: Texts) -> list[ClaimCard]:
    """Every claim, in its order."""
    return [_card(one, text) for one in claims]


def _card(checked: Checked, text: Texts) -> ClaimCard:
    claim, finding = checked.claim, checked.finding
    statement, explanation = in_words(claim, finding, checked.case, text)
    unit = "points" if claim["test"] == "non_inferiority" else claim["poster"]["unit"] or ""
    return ClaimCard(
        id=f"claim-{claim['id']}",
        statement=statement,
        verdict=finding.verdict,
        symbol=SYMBOLS[finding.verdict],
        verdict_name=text(f"claim_verdict.{finding.verdict}"),
        poster=_value([claim["poster"]["value"]], unit, text),
        measured=_value([finding.measured, finding.low, finding.high], unit, text),
        test=text.name("claim_test", claim["test"]),
        explanation=explanation,
    )


def _value(values: Sequence[float | None], unit: str, text: Texts) -> str:
    """A value, with its interval where it has one, in the claim's unit and the reader's way."""
    known = [value for value in values if is_known(value)]
    if not known:
        return text("claims.no_value")
    written = [_number(value, unit, text) for value in known]
    parts = written[0]
    if len(written) == len(_INTERVAL):
        parts = text("unit.interval", **dict(zip(_INTERVAL, written, strict=True)))
    # Percent, points and energies carry their units themselves.
    return parts if unit in _OWN_UNITS else f"{parts} {text.name('claim_unit', unit)}".strip()


def _number(value: float, unit: str, text: Texts) -> str:
    return _OWN_UNITS[unit](text, value) if unit in _OWN_UNITS else text.number(value)


_INTERVAL = ("mean", "low", "high")
_OWN_UNITS: Mapping[str, Callable[[Texts, float], str]] = {
    "points": Texts.points,
    "share": lambda text, value: text.share(value, 1),
    "kWh": Texts.energy,
}
