"""What an answer is judged by: the study's own choices."""

from dataclasses import dataclass

from ecosobriety.decision.non_inferiority import ReferenceSize


@dataclass(frozen=True)
class Criteria:
    """The study's margin, its reference, and how far it may be from it.

    Attributes:
        reference_n_train: the size to compare with, in examples, or `max`.
        margin: the non-inferiority margin, in the metric's unit, or a share of the reference's mean
            where the metric's margin is relative.
        confidence: of every interval and bound, 0 to 1; of the levers together, one minus the
            chance that any is called non-inferior that is worse by more than the margin.
        target: a score to reach, in the metric's unit; None asks for none.
        full_n_train: the full size of a study that may end below it, as it grows or has a budget;
            None: it may not. Where it was not trained, no size is compared with it.
    """

    reference_n_train: ReferenceSize
    margin: float
    confidence: float
    target: float | None = None
    full_n_train: int | None = None
