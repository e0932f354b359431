"""What a study with a budget cannot have beside it."""

from collections.abc import Iterator, Mapping
from typing import Any

from ecosobriety.study_config.schema import show


def budget_contradictions(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The key and the fault of each.

    Args:
        config: the completed configuration.
    """
    if config["budget"]["energy_kwh"] is None:
        return
    reference, sizes = config["analysis"]["reference_n_train"], config["grid"]["n_train"]
    if reference not in ("max", max(sizes)):
        yield (
            "analysis.reference_n_train",
            f"is {show(reference)}, but must be max with budget.energy_kwh: the largest size is "
            "trained first, and is what the others are compared with",
        )
    trackers = config["methods"]["tracker_sizes"]
    if trackers:
        yield (
            "methods.tracker_sizes",
            f"is {show(trackers)}, but must be empty with budget.energy_kwh, which does not count "
            "what trackers train",
        )
