"""What the test of a claim finds, and how it is put into words."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from ecosobriety.metrics import ACCURACY
from ecosobriety.study.study import Case
from ecosobriety.texts import TextError, Texts

Claim = Mapping[str, Any]
"""One item of `claims` in `config/claims.yaml`."""

Verdict = Literal["supported", "not_supported", "inconclusive", "corrected"]

Written = Callable[[Texts], str]
"""A number or a name, written in the language of the texts that it is given."""


@dataclass(frozen=True)
class Finding:
    """What a test finds: a verdict, the value with its bounds, and what to say about it.

    The value is in the claim's unit; it and its bounds are None where there are none. `sentences`
    are keys of texts, in their order, and `values` what goes between their braces.
    """

    verdict: Verdict
    sentences: Sequence[str]
    values: Mapping[str, Written] = field(default_factory=dict)
    measured: float | None = None
    low: float | None = None
    high: float | None = None


def verdict_below(low: float | None, high: float | None, limit: float) -> Verdict:
    """Judge a claim that a value is below a limit.

    Args:
        low: lower bound of the value; None without an interval, which shows nothing.
        high: upper bound, likewise.
        limit: in the unit of the bounds.

    Returns:
        `supported` where the whole interval is below the limit, `not_supported` where it is above,
        else `inconclusive`.
    """
    if low is None or high is None:
        return "inconclusive"
    if high < limit:
        return "supported"
    return "not_supported" if low > limit else "inconclusive"


def in_words(claim: Claim, finding: Finding, case: Case, text: Texts) -> tuple[str, str]:
    """Write a claim's statement and its explanation.

    Args:
        claim: the claim.
        finding: what its test finds.
        case: what it was checked with.
        text: the texts of a language; the claim's own are in `claim.{id}`, the others in
            `claim.shared`.

    Raises:
        TextError: a text is missing or asks for a number that the test does not give; names the
            claim.
    """
    # Claims are about accuracy, whatever the study's own metric.
    text = text.of(ACCURACY).within("claim.shared", f"claim.{claim['id']}")
    numbers = {name: text.exact(number) for name, number in _numbers(claim).items()}
    try:
        written = {name: value(text) for name, value in finding.values.items()}
        values = {**numbers, **_setting(case, text), **_source(claim, text), **written}
        explanation = " ".join(text(key, **values) for key in finding.sentences)
        return text("statement", **numbers), explanation
    except TextError as error:
        raise TextError(f"claim {claim['id']}: {error}") from error


def _numbers(claim: Claim) -> dict[str, float]:
    """The numbers of `config/claims.yaml`, by their names in texts."""
    sizes = {f"poster_{name}": size for name, size in claim.get("sizes", {}).items()}
    single = {"poster": claim["poster"]["value"], "corrected": claim.get("corrected")}
    known = {name: number for name, number in single.items() if number is not None}
    return {**claim.get("facts", {}), **sizes, **known}


def _setting(case: Case, text: Texts) -> dict[str, str]:
    """Which model and data set the claim is checked with."""
    models, model = len(case.study.config["models"]), case.model
    if models > 1:
        model = text("model.first", model=model, models=text.integer(models))
    return {
        "model": model,
        "dataset": case.dataset,
        "confidence": text.exact_share(case.decision.confidence),
    }


def _source(claim: Claim, text: Texts) -> dict[str, str]:
    source = claim["source"]
    return {
        "reference": source["reference"],
        # Not a quantity: no separator of thousands.
        "year": str(source["year"]),
        "url": source["url"] or text("missing"),
        "verified": text(f"verified.{source['verified']}"),
    }
