"""Is the smaller training set as good? The test `non_inferiority`."""

from collections.abc import Mapping
from dataclasses import dataclass

from ecosobriety.claims.finding import Claim, Finding, Verdict, Written
from ecosobriety.claims.sizes import Sizes, compared_sizes, nothing_to_compare, seeds, too_few_pairs
from ecosobriety.decision.intervals import by_size_and_seed, finite_or_none
from ecosobriety.decision.non_inferiority import compare_with_reference
from ecosobriety.metrics import ACCURACY
from ecosobriety.study.study import Case

_VERDICTS: Mapping[str, Verdict] = {
    "non_inferior": "supported",
    "inferior": "not_supported",
    "inconclusive": "inconclusive",
}


@dataclass(frozen=True)
class Comparison:
    """Accuracy at the smaller size minus that at the larger one, a share of 1, paired by seed.

    `lower` and `upper` are one-sided bounds, each at the study's confidence; None with fewer than
    two pairs of runs.
    """

    verdict: Verdict
    sentences: list[str]
    values: Mapping[str, Written]
    difference: float | None
    lower: float | None
    upper: float | None


def check_accuracy(claim: Claim, case: Case) -> Finding:
    """Test whether the claim's smaller size is non-inferior to its larger one.

    The value is the mean accuracy difference, a share of 1. Its bounds are the two one-sided ones
    that the verdict rests on, each at the study's confidence.
    """
    if case.metric != ACCURACY:
        return no_accuracy()
    sizes = compared_sizes(claim, case)
    if sizes is None:
        return nothing_to_compare(case)
    compared = compare_accuracy(case, sizes)
    if compared.lower is None:
        return too_few_pairs(sizes)
    return Finding(
        compared.verdict,
        ["basis", *sizes.sentences, *compared.sentences, "depends"],
        {**sizes.values, **compared.values},
        measured=compared.difference,
        low=compared.lower,
        high=compared.upper,
    )


def no_accuracy() -> Finding:
    """The finding where the study has another metric, of which the poster says nothing."""
    return Finding("inconclusive", ["basis", "no_accuracy"])


def compare_accuracy(case: Case, sizes: Sizes) -> Comparison:
    """Test the smaller size against the larger one by the study's own non-inferiority test.

    It is tested alone, at the study's margin and confidence, and not within the study's sequence of
    sizes: that sequence guards against trying many sizes, and a claim fixes its two in advance
    (see `decision.non_inferiority`).

    Returns:
        `supported` if non-inferior, `not_supported` if inferior, else `inconclusive`.
    """
    accuracy = by_size_and_seed(case.runs, "test_accuracy").loc[[sizes.stop, sizes.full]]
    table = compare_with_reference(
        accuracy,
        sizes.full,
        case.margin,
        case.confidence,
        test_examples=case.study.intake.test_examples,
    )
    row = table.loc[[sizes.stop]].iloc[0]
    means = accuracy.dropna(axis="columns").mean(axis="columns")
    return Comparison(
        verdict=_VERDICTS[row["verdict"]],
        sentences=_sentences(case, sizes, row["verdict"], row["verdict_reason"]),
        values={
            "seeds": seeds(int(row["n_pairs"])),
            "stop_accuracy": lambda t: t.share(means[sizes.stop], 2),
            "full_accuracy": lambda t: t.share(means[sizes.full], 2),
            "difference": lambda t: t.points(row["accuracy_diff_mean"]),
            "lower": lambda t: t.points(row["accuracy_diff_lower"]),
            "upper": lambda t: t.points(row["accuracy_diff_upper"]),
            "margin": lambda t: t.points(case.margin),
            "p_value": lambda t: t.p_value(row["p_value"]),
        },
        difference=finite_or_none(row["accuracy_diff_mean"]),
        lower=finite_or_none(row["accuracy_diff_lower"]),
        upper=finite_or_none(row["accuracy_diff_upper"]),
    )


def _sentences(case: Case, sizes: Sizes, verdict: str, reason: str | None) -> list[str]:
    sentences = ["accuracy", f"accuracy_{verdict}"]
    if reason == "zero_variance":
        sentences.append("zero_variance")
    if case.curve["verdict_reason"][sizes.stop] == "sequence_stopped":
        sentences.append("sequence_stopped")
    return sentences
