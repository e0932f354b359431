"""The two training-set sizes that a claim compares."""

from dataclasses import dataclass

from ecosobriety.claims.finding import Claim, Finding, Written
from ecosobriety.study.study import Case


@dataclass(frozen=True)
class Sizes:
    """Two training-set sizes, in images; `substituted` where they are not the poster's."""

    stop: int
    full: int
    substituted: bool

    @property
    def sentences(self) -> list[str]:
        """What is to be said about the choice."""
        return ["sizes_substituted"] if self.substituted else []

    @property
    def values(self) -> dict[str, Written]:
        """The sizes as texts name them."""
        return {"stop": lambda t: t.integer(self.stop), "full": lambda t: t.integer(self.full)}


def compared_sizes(claim: Claim, case: Case) -> Sizes | None:
    """The claim's sizes if both were run; else the study's reference and the size nearest its half.

    The substitutes are chosen by that rule alone, whatever the results. None where no size is below
    the reference.
    """
    stop, full = claim["sizes"]["stop"], claim["sizes"]["full"]
    if {stop, full} <= set(case.curve.index):
        return Sizes(stop, full, substituted=False)
    if case.nearest_to_half is None:
        return None
    return Sizes(case.nearest_to_half, case.reference, substituted=True)


def nothing_to_compare(case: Case) -> Finding:
    """The finding where `compared_sizes` has none."""
    full: dict[str, Written] = {"full": lambda t: t.integer(case.reference)}
    return Finding("inconclusive", ["basis", "no_smaller_size"], full)


def too_few_pairs(sizes: Sizes) -> Finding:
    """The finding where fewer than two seeds ran at both sizes."""
    sentences = ["basis", *sizes.sentences, "too_few_pairs"]
    return Finding("inconclusive", sentences, sizes.values)


def seeds(count: int) -> Written:
    """So many seeds, in words."""
    return lambda t: t.plural("unit.seeds", count, count=t.integer(count))
