"""What the figures of a study are called; names alone, for whoever draws nothing."""

from collections.abc import Iterable

MODEL_FIGURES = (
    *("accuracy_energy", "growth", "country_emissions", "country_ranking"),
    *("source_emissions", "emissions_map", "source_cost"),
)
"""The figures that each model has, in the report's order."""

STUDY_FIGURES = ("pareto", "levers", "methods")
"""The figures of the study as a whole, in the report's order."""


def figure_id(name: str, model: str) -> str:
    """What a model's figure is called among all of a study's; a study's own is called by its name.

    A name has no hyphen, so that the first one parts it from the model.
    """
    return f"{name}-{model}"


def figure_ids(models: Iterable[str]) -> list[str]:
    """All figures of a study with these models."""
    return [*(figure_id(name, model) for model in models for name in MODEL_FIGURES), *STUDY_FIGURES]
