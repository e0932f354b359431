"""Green AI: Schwartz, Dodge, Smith and Etzioni 2020, https://arxiv.org/abs/1907.10597."""

from dataclasses import dataclass

from ecosobriety.methods.kinds import Kind
from ecosobriety.methods.method import NOBODY_COUNTS, Estimate, NotApplicableError
from ecosobriety.records.record import RunRecord


@dataclass(frozen=True)
class GreenAi:
    """FPO: the floating-point operations of the training, forward and backward as counted.

    Cost is proportional to E x D x H: operations for an example, examples seen, and trainings done
    to find the result. One training has H = 1; the report shows the study's.
    """

    id: str = "green_ai"
    unit: str = "FLOP"
    ignores: tuple[str, ...] = ("hardware", "memory_traffic", "grid", "pue", *NOBODY_COUNTS)

    def estimate(self, run: RunRecord) -> Estimate:
        """FPO = E x D."""
        if run.flop_train is None:
            reason = run.missing.get("flop_train")
            why = f" ({reason})" if reason else ""
            raise NotApplicableError(f"the network's operations were not counted{why}")
        reason = "operations alone are not an energy: that depends on what executes them"
        return Estimate(None, None, float(run.flop_train), reason=reason)


KINDS = (Kind("green_ai", 9, lambda _: GreenAi(), harmonised=False),)
